/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The regression: data, kernel, factor, weights, predictions on the test images.
 */
#include "borderline/posterior.h"

#include "borderline/blockmatrix.h"
#include "borderline/clock.h"
#include "borderline/dataset_share.h"
#include "borderline/gp.h"
#include "borderline/log.h"
#include "borderline/mem.h"
#include "borderline/posterior_mean.h"
#include "posterior_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ONE_BLOCK = 1024 }; /* up to this size the matrix is one block: the same bits on any number of ranks */
enum { TEST_PANEL = 1024 }; /* test images whose kernels are held at once, over all ranks */

const char *const bl_posterior_kind_name[BL_POSTERIOR_KINDS] = {"training", "test", "random"};

typedef struct regression {
    const bl_comm *comm;
    bl_posterior *p;
    bl_gp_limit limit;
    bl_blockmatrix *matrix;
    size_t first;    /* test image that the panel at hand begins with */
    double *product; /* [panel][columns]: this rank's share of k^T alpha */
} regression;

static size_t block_of(const bl_posterior *p) {
    return p->train <= ONE_BLOCK ? ONE_BLOCK : p->config->block;
}

/* --- data --- */

static int32_t label_of(const bl_posterior *p, const bl_dataset *data, size_t i) {
    return (int32_t)(p->config->labels == BL_LABELS_PARITY ? bl_dataset_parity(data, i)
                                                           : bl_dataset_class(data, i));
}

/* One part of the data set as inputs and labels; the bytes are not kept. */
static bl_err read_part(const bl_comm *comm, bl_posterior *p, bl_dataset_part part, size_t limit, float **x,
                        int32_t **label, size_t *count) {
    bl_err err = BL_OK;
    bl_dataset *data = NULL;
    bl_dataset_source source = {p->config->folder, part, p->config->data_classes, limit};
    BL_TRY(bl_dataset_share(comm, &source, &data));
    if (part == BL_DATASET_TEST)
        BL_REQUIRE(data->numbers == p->n, BL_ERR_INPUT,
                   "%s: test images have %zu numbers, training images %zu", p->config->folder, data->numbers,
                   p->n);
    p->image = data->image;
    p->n = data->numbers;
    *count = data->count;
    *x = bl_mem_alloc(data->count * data->numbers, sizeof **x);
    *label = bl_mem_alloc(data->count, sizeof **label);
    BL_TRY(bl_agree(comm, *x && *label ? BL_OK : BL_ERR_MEMORY));
    BL_ASSERT(*x && *label);
    bl_dataset_inputs(data, data->count, NULL, *x);
    for (size_t i = 0; i < data->count; i++)
        (*label)[i] = label_of(p, data, i);
cleanup:
    bl_dataset_destroy(&data);
    return err;
}

static bl_err set_targets(bl_posterior *p) {
    bl_err err = BL_OK;
    const double off = p->columns == 1 ? -1.0 : -1.0 / (double)p->columns;
    const double on = p->columns == 1 ? 1.0 : 1.0 + off;
    BL_ALLOC(p->target, p->columns * p->train);
    for (size_t c = 0; c < p->columns; c++)
        for (size_t i = 0; i < p->train; i++)
            p->target[c * p->train + i] = p->label[i] == (int32_t)(p->columns == 1 ? 1 : c) ? on : off;
cleanup:
    return err;
}

/* --- memory --- */

/* Its part of the matrix and of one panel of right sides, and what every rank holds besides. */
static bl_err need(const void *context, size_t ranks, double *bytes) {
    const regression *r = context;
    const bl_posterior *p = r->p;
    size_t block = block_of(p), panel = p->test < TEST_PANEL ? p->test : TEST_PANEL;
    double matrix = (double)bl_blockmatrix_bytes(p->train, block, ranks);
    *bytes = matrix * (1.0 + (double)panel / (double)p->train) + 8.0 * (double)block * (double)block +
             512.0 * (double)block + 8.0 * (double)p->columns * 2.0 * (double)(p->train + p->test);
    if (p->config->base.inputs > 0) {
        const bl_search_options options = bl_posterior_search_options(p->config);
        *bytes +=
            (double)bl_posterior_mean_memory(&r->limit, p->train, p->columns, bl_search_batch(&options, 1)) +
            (double)bl_search_memory(&options, p->n, p->config->base.classes, 1);
    }
    return BL_OK;
}

static bl_err check_memory(const bl_comm *comm, const regression *r) {
    char what[64];
    (void)snprintf(what, sizeof what, "the kernel of %zu training images is", r->p->train);
    return bl_comm_require_memory(comm, need, r, what);
}

/* --- kernel and factor --- */

static bl_err kernel_block(void *context, size_t i, size_t rows, size_t j, size_t columns, double *block) {
    const regression *r = context;
    const float *x = r->p->x;
    return bl_gp_limit_kernel(&r->limit, rows, x + i * r->p->n, columns, x + j * r->p->n, block);
}

/* K + noise I and its factor. */
static bl_err factorise(regression *r, double noise) {
    bl_err err = BL_OK;
    bl_blockmatrix_destroy(&r->matrix);
    BL_TRY(bl_blockmatrix_create(r->comm->world, r->p->train, block_of(r->p), &r->matrix));
    double begin = bl_clock();
    BL_TRY(bl_blockmatrix_add(r->matrix, kernel_block, r));
    r->p->seconds_kernel = bl_clock() - begin;
    bl_blockmatrix_shift(r->matrix, noise);
    BL_TRY(bl_blockmatrix_cholesky(r->matrix));
cleanup:
    return err;
}

/* Not positive definite: try larger noises, tenfold each, so that the message names one that does. */
static bl_err suggest_noise(regression *r) {
    enum { TRIALS = 16 };
    char failure[512];
    double noise = fmax(10 * r->p->config->noise, 1e-14 * r->p->config->base.weight_variance);
    (void)snprintf(failure, sizeof failure, "%s", bl_err_message());
    noise = pow(10, ceil(log10(noise)));
    for (int trial = 0; trial < TRIALS; trial++, noise *= 10) {
        bl_err code = factorise(r, noise);
        if (code == BL_OK)
            return bl_err_set(BL_ERR_NUMERIC, "%s with noise: %g; with noise: %g it is (tried)", failure,
                              r->p->config->noise, noise);
        if (code != BL_ERR_NUMERIC)
            return code;
    }
    return bl_err_set(BL_ERR_NUMERIC, "%s with noise: %g, nor with noise: %g", failure, r->p->config->noise,
                      noise / 10);
}

static bl_err solve(regression *r) {
    bl_err err = BL_OK;
    bl_posterior *p = r->p;
    double begin = bl_clock();
    err = factorise(r, p->config->noise);
    if (err == BL_ERR_NUMERIC)
        err = suggest_noise(r);
    BL_TRY(err);
    BL_TRY(bl_blockmatrix_log_determinant(r->matrix, &p->log_determinant));
    memcpy(p->alpha, p->target, p->columns * p->train * sizeof *p->alpha);
    BL_TRY(bl_blockmatrix_solve(r->matrix, p->columns, p->alpha));
    const double log_two_pi = 1.8378770664093454836;
    double square = 0;
    for (size_t i = 0; i < p->columns * p->train; i++)
        square += p->target[i] * p->alpha[i];
    p->log_marginal =
        -0.5 * (square + (double)p->columns * (p->log_determinant + (double)p->train * log_two_pi));
    p->seconds_solve = bl_clock() - begin - p->seconds_kernel;
cleanup:
    return err;
}

/* --- predictions --- */

/* Kernels of training rows i.. and test images j.. of the panel; their share of the mean on the way. */
static bl_err test_block(void *context, size_t i, size_t rows, size_t j, size_t columns, double *block) {
    regression *r = context;
    bl_posterior *p = r->p;
    const float *x = p->x + i * p->n, *y = p->x_test + (r->first + j) * p->n;
    bl_err err = bl_gp_limit_kernel(&r->limit, rows, x, columns, y, block);
    for (size_t t = 0; t < columns && err == BL_OK; t++)
        for (size_t c = 0; c < p->columns; c++) {
            double sum = 0;
            for (size_t k = 0; k < rows; k++)
                sum += block[k * columns + t] * p->alpha[c * p->train + i + k];
            r->product[(j + t) * p->columns + c] += sum;
        }
    return err;
}

/* k(x, x) of test images, each a kernel of one input with itself. */
static bl_err own_variances(const regression *r, size_t count, double *variance) {
    bl_err err = BL_OK;
    for (size_t t = 0; t < count; t++) {
        const float *x = r->p->x_test + (r->first + t) * r->p->n;
        BL_TRY(bl_gp_limit_kernel(&r->limit, 1, x, 1, x, variance + t));
    }
cleanup:
    return err;
}

static bl_err predict(regression *r) {
    bl_err err = BL_OK;
    bl_posterior *p = r->p;
    double *explained = NULL, begin = bl_clock();
    BL_ALLOC(r->product, TEST_PANEL * p->columns);
    BL_ALLOC(explained, TEST_PANEL);
    for (r->first = 0; r->first < p->test; r->first += TEST_PANEL) {
        size_t count = p->test - r->first < TEST_PANEL ? p->test - r->first : TEST_PANEL;
        memset(r->product, 0, count * p->columns * sizeof *r->product);
        BL_TRY(bl_blockmatrix_quadratic(r->matrix, count, test_block, r, explained));
        MPI_Allreduce(r->product, p->mean + r->first * p->columns, (int)(count * p->columns), MPI_DOUBLE,
                      MPI_SUM, r->comm->world);
        BL_TRY(own_variances(r, count, p->variance + r->first));
        for (size_t t = 0; t < count; t++)
            p->variance[r->first + t] = fmax(p->variance[r->first + t] - explained[t], 0.0);
    }
    p->seconds_test = bl_clock() - begin;
cleanup:
    bl_mem_free(r->product);
    bl_mem_free(explained);
    return err;
}

/* --- all --- */

static bl_err allocate(bl_posterior *p) {
    bl_err err = BL_OK;
    BL_TRY(set_targets(p));
    BL_ALLOC(p->alpha, p->columns * p->train);
    BL_ALLOC(p->mean, p->test * p->columns);
    BL_ALLOC(p->variance, p->test);
    BL_ALLOC(p->predicted, p->test);
    BL_ALLOC(p->confidence, p->test);
cleanup:
    return err;
}

static bl_err ask(const bl_comm *comm, bl_err (*pause)(const bl_comm *comm)) {
    return pause ? pause(comm) : BL_OK;
}

bl_config bl_posterior_base(const bl_posterior *p) {
    bl_config base = p->config->base;
    base.channels = p->image.channels;
    return base;
}

bl_err bl_posterior_create(const bl_comm *comm, const bl_posterior_config *config,
                           bl_err (*pause)(const bl_comm *comm), bl_posterior **out) {
    bl_err err = BL_OK;
    bl_posterior *p = bl_mem_alloc(1, sizeof *p);
    regression r = {.comm = comm, .p = p};
    BL_TRY(bl_agree(comm, p ? BL_OK : BL_ERR_MEMORY));
    BL_ASSERT(p != NULL);
    *p = (bl_posterior){.config = config,
                        .columns = config->labels == BL_LABELS_PARITY ? 1 : config->data_classes,
                        .inputs = config->base.inputs,
                        .p_count = config->base.p.count};
    BL_TRY(read_part(comm, p, BL_DATASET_TRAIN, config->train, &p->x, &p->label, &p->train));
    BL_TRY(read_part(comm, p, BL_DATASET_TEST, config->test, &p->x_test, &p->label_test, &p->test));
    bl_config base = bl_posterior_base(p);
    BL_TRY(bl_agree(comm, bl_gp_limit_create(&base, config->depth, p->n, &r.limit)));
    BL_TRY(bl_agree(comm, check_memory(comm, &r)));
    BL_TRY(bl_agree(comm, allocate(p)));
    bl_log(BL_LOG_INFO, "kernel: %zu training images of %zu numbers", p->train, p->n);
    BL_TRY(solve(&r));
    BL_TRY(ask(comm, pause));
    bl_log(BL_LOG_INFO, "predictions: %zu test images", p->test);
    BL_TRY(bl_agree(comm, predict(&r)));
    BL_TRY(bl_agree(comm, bl_posterior_calibrate(p)));
    BL_TRY(ask(comm, pause));
    bl_blockmatrix_destroy(&r.matrix);
    if (p->inputs > 0)
        BL_TRY(bl_posterior_distances(comm, p, &r.limit));
    *out = p;
    p = NULL;
cleanup:
    bl_blockmatrix_destroy(&r.matrix);
    bl_gp_limit_clear(&r.limit);
    bl_posterior_destroy(&p);
    return err;
}

void bl_posterior_destroy(bl_posterior **posterior) {
    bl_posterior *p = *posterior;
    if (!p)
        return;
    void *const owned[] = {p->x,          p->x_test,   p->label, p->label_test, p->target, p->alpha,
                           p->mean,       p->variance, p->start, p->predicted,  p->result, p->output,
                           p->confidence, p->norm,     p->law,   p->law_error};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        bl_mem_free(owned[i]);
    bl_mem_free(p);
    *posterior = NULL;
}
