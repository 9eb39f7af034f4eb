/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How far training, test and random inputs are from the boundary of the posterior mean, beside what the prior says of the
 * same inputs. An input is searched for by itself, so its result does not depend on who searches.
 */
#include "posterior_internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "borderline/gp.h"
#include "borderline/log.h"
#include "borderline/network.h"
#include "gp/posterior_mean.h"
#include "unit.h"

#include <math.h>
#include <string.h>

enum { LAW_DRAWS = 2048 };

static bl_err allocate(bl_posterior *p) {
    bl_err err = BL_OK;
    size_t rows = BL_POSTERIOR_KINDS * p->inputs;
    BL_ALLOC(p->start, rows * p->n);
    BL_ALLOC(p->result, rows * p->p_count);
    BL_ALLOC(p->output, rows);
    BL_ALLOC(p->norm, rows * p->p_count);
    BL_ALLOC(p->law, (size_t)BL_POSTERIOR_KINDS * p->p_count * BL_QUANTILES);
    BL_ALLOC(p->law_error, (size_t)BL_POSTERIOR_KINDS * p->p_count);
    memcpy(p->start, p->x, p->inputs * p->n * sizeof *p->start);
    memcpy(p->start + p->inputs * p->n, p->x_test, p->inputs * p->n * sizeof *p->start);
    bl_network_sample_inputs(&p->config->base, 0, 0, BL_PURPOSE_INPUT, p->n, p->inputs,
                             p->start + 2 * p->inputs * p->n);
cleanup:
    return err;
}

/* The largest logit minus the next; of two, the second minus the first. */
static double margin(size_t classes, const double *logits) {
    if (classes == 2)
        return logits[1] - logits[0];
    double first = -INFINITY, second = -INFINITY;
    for (size_t c = 0; c < classes; c++) {
        second = fmax(second, fmin(first, logits[c]));
        first = fmax(first, logits[c]);
    }
    return first - second;
}

static bl_err search_input(bl_posterior *p, bl_search *search, const bl_oracle *oracle, size_t row, double *x,
                           double *logits) {
    bl_err err = BL_OK;
    for (size_t i = 0; i < p->n; i++)
        x[i] = (double)p->start[row * p->n + i];
    BL_TRY(bl_search_run(search, oracle, x, logits, p->result + row * p->p_count, NULL));
    p->output[row] = margin(oracle->classes, logits);
    for (size_t k = 0; k < p->p_count; k++)
        p->norm[row * p->p_count + k] = bl_norm(p->config->base.p.value[k], p->n, x);
cleanup:
    return err;
}

bl_search_options bl_posterior_search_options(const bl_posterior_config *config) {
    static const size_t queries[] = {
        [BL_EFFORT_FAST] = 6, [BL_EFFORT_STANDARD] = 12, [BL_EFFORT_THOROUGH] = 40};
    bl_search_options options = bl_search_options_of(&config->base);
    options.queries = config->base.family == BL_FAMILY_DENSE ? 0 : queries[options.effort];
    return options;
}

/* This rank's inputs, every size-th. */
static bl_err search_inputs(const bl_comm *comm, bl_posterior *p, const bl_gp_law *limit) {
    bl_err err = BL_OK;
    bl_search_options options = bl_posterior_search_options(p->config);
    bl_posterior_mean *mean = NULL;
    bl_search *search = NULL;
    double *x = NULL, *logits = NULL;
    size_t classes = p->columns == 1 ? 2 : p->columns;
    BL_TRY(bl_posterior_mean_create(limit, p->train, p->x, p->columns, p->alpha, bl_search_batch(&options, 1),
                                    &mean));
    BL_TRY(bl_search_create(&options, p->n, classes, 1, &search));
    BL_ALLOC(x, p->n);
    BL_ALLOC(logits, classes);
    bl_oracle oracle = bl_posterior_mean_oracle(mean);
    for (size_t row = (size_t)comm->rank; row < BL_POSTERIOR_KINDS * p->inputs; row += (size_t)comm->size)
        BL_TRY(search_input(p, search, &oracle, row, x, logits));
cleanup:
    bl_search_destroy(&search);
    bl_posterior_mean_destroy(&mean);
    bl_mem_free(x);
    bl_mem_free(logits);
    return err;
}

/* The prior's law at each kind of input: kinds are dealt to ranks. */
static bl_err predict_prior(const bl_comm *comm, bl_posterior *p) {
    bl_err err = BL_OK;
    const bl_config base = bl_posterior_base(p);
    for (size_t kind = (size_t)comm->rank; kind < BL_POSTERIOR_KINDS; kind += (size_t)comm->size)
        BL_TRY(bl_predict_first_order_at(&base, p->config->depth, p->n, p->inputs,
                                         p->start + kind * p->inputs * p->n, LAW_DRAWS, BL_QUANTILES,
                                         bl_quantile_level, p->law + kind * p->p_count * BL_QUANTILES,
                                         p->law_error + kind * p->p_count));
cleanup:
    return err;
}

/* Every byte has one owner and is zero elsewhere. */
static void merge(const bl_comm *comm, void *bytes, size_t length) {
    MPI_Allreduce(MPI_IN_PLACE, bytes, (int)length, MPI_BYTE, MPI_BOR, comm->world);
}

bl_err bl_posterior_distances(const bl_comm *comm, bl_posterior *p, const bl_gp_law *limit) {
    bl_err err = BL_OK;
    size_t rows = BL_POSTERIOR_KINDS * p->inputs;
    double begin = bl_clock();
    bl_log(BL_LOG_INFO, "distances: %zu training, test and random inputs each", p->inputs);
    BL_TRY(bl_agree(comm, allocate(p)));
    BL_TRY(bl_agree(comm, search_inputs(comm, p, limit)));
    BL_TRY(bl_agree(comm, predict_prior(comm, p)));
    merge(comm, p->result, rows * p->p_count * sizeof *p->result);
    merge(comm, p->output, rows * sizeof *p->output);
    merge(comm, p->norm, rows * p->p_count * sizeof *p->norm);
    merge(comm, p->law, BL_POSTERIOR_KINDS * p->p_count * BL_QUANTILES * sizeof *p->law);
    merge(comm, p->law_error, BL_POSTERIOR_KINDS * p->p_count * sizeof *p->law_error);
    p->seconds_distances = bl_clock() - begin;
cleanup:
    return err;
}
