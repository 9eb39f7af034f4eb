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
#include "probe.h"

#include <string.h>

enum { LAW_DRAWS = 2048 };

static bl_err allocate(bl_posterior *p) {
    bl_err err = BL_OK;
    size_t rows = BL_POSTERIOR_KINDS * p->inputs;
    BL_ALLOC(p->start, rows * p->n);
    BL_TRY(bl_record_create(&(bl_record_shape){.rows = rows, .norms = p->p_count}, NULL, 0, &p->record));
    BL_ALLOC(p->law, (size_t)BL_POSTERIOR_KINDS * p->p_count * BL_QUANTILES);
    BL_ALLOC(p->law_error, (size_t)BL_POSTERIOR_KINDS * p->p_count);
    memcpy(p->start, p->x, p->inputs * p->n * sizeof *p->start);
    memcpy(p->start + p->inputs * p->n, p->x_test, p->inputs * p->n * sizeof *p->start);
    bl_network_sample_inputs(&p->config->base, 0, 0, BL_PURPOSE_INPUT, p->n, p->inputs,
                             p->start + 2 * p->inputs * p->n);
cleanup:
    return err;
}

/* Inputs are searched one by one. */
static bl_err search_input(bl_posterior *p, bl_probe *probe, size_t row, double *x, bl_finding *finding) {
    bl_err err = BL_OK;
    for (size_t i = 0; i < p->n; i++)
        x[i] = (double)p->start[row * p->n + i];
    BL_TRY(bl_probe_run(probe, x, 1.0, finding, NULL));
    bl_record_enter(&p->record, row, 1, finding);
cleanup:
    return err;
}

/* This rank's inputs: those whose number is its own modulo the number of ranks. */
static bl_err search_inputs(const bl_comm *comm, bl_posterior *p, const bl_gp_law *limit) {
    bl_err err = BL_OK;
    bl_search_options options = bl_posterior_search_options(p->config);
    bl_posterior_mean *mean = NULL;
    bl_probe *probe = NULL;
    double *x = NULL;
    bl_finding *finding = NULL;
    BL_TRY(bl_posterior_mean_create(limit, p->train, p->x, p->columns, p->alpha, bl_search_batch(&options, 1),
                                    &mean));
    const bl_oracle oracle = bl_posterior_mean_oracle(mean);
    BL_TRY(bl_probe_create(&options, &oracle, 1, &probe));
    BL_ALLOC(x, p->n);
    BL_ALLOC(finding, p->p_count);
    for (size_t row = (size_t)comm->rank; row < BL_POSTERIOR_KINDS * p->inputs; row += (size_t)comm->size)
        BL_TRY(search_input(p, probe, row, x, finding));
cleanup:
    bl_probe_destroy(&probe);
    bl_posterior_mean_destroy(&mean);
    bl_mem_free(x);
    bl_mem_free(finding);
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

/* Combine arrays of which every byte is set on one rank and zero on the others. */
static void merge(const bl_comm *comm, void *bytes, size_t length) {
    MPI_Allreduce(MPI_IN_PLACE, bytes, (int)length, MPI_BYTE, MPI_BOR, comm->world);
}

bl_err bl_posterior_distances(const bl_comm *comm, bl_posterior *p, const bl_gp_law *limit) {
    bl_err err = BL_OK;
    double begin = bl_clock();
    bl_log(BL_LOG_INFO, "distances: %zu training, test and random inputs each", p->inputs);
    BL_TRY(bl_agree(comm, allocate(p)));
    BL_TRY(bl_agree(comm, search_inputs(comm, p, limit)));
    BL_TRY(bl_agree(comm, predict_prior(comm, p)));
    for (size_t f = 0; f < BL_FIELD_COUNT; f++)
        if (p->record.data[f])
            merge(comm, p->record.data[f],
                  bl_record_elements(&p->record.shape, (bl_field_id)f) * bl_type_size(bl_fields[f].type));
    merge(comm, p->law, BL_POSTERIOR_KINDS * p->p_count * BL_QUANTILES * sizeof *p->law);
    merge(comm, p->law_error, BL_POSTERIOR_KINDS * p->p_count * sizeof *p->law_error);
    p->seconds_distances = bl_clock() - begin;
cleanup:
    return err;
}
