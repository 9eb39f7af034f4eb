/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The regression: kernel, factor, weights, predictions on the test images.
 */
#include "posterior.h"

#include "base/clock.h"
#include "base/mem.h"
#include "borderline/gp.h"
#include "borderline/log.h"
#include "parallel/blockmatrix.h"
#include "posterior_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct regression {
    const bl_comm *comm;
    bl_posterior *p;
    bl_gp_law limit;
    bl_blockmatrix *matrix;
    size_t first;    /* test image that the panel at hand begins with */
    double *product; /* [panel][columns]: this rank's share of k^T alpha */
} regression;

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

/* --- kernel and factor --- */

static bl_err kernel_block(void *context, size_t i, size_t rows, size_t j, size_t columns, double *block) {
    const regression *r = context;
    const float *x = r->p->x;
    return bl_gp_law_kernel(&r->limit, rows, x + i * r->p->n, columns, x + j * r->p->n, block);
}

/* K + noise I and its factor. */
static bl_err factorise(regression *r, double noise) {
    bl_err err = BL_OK;
    bl_blockmatrix_destroy(&r->matrix);
    BL_TRY(bl_blockmatrix_create(r->comm->world, r->p->train, bl_posterior_block(r->p), &r->matrix));
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
            return bl_err_set(BL_ERR_NUMERIC,
                              "%s with noise: %g; with noise: %g it is positive definite (tried)", failure,
                              r->p->config->noise, noise);
        if (code != BL_ERR_NUMERIC)
            return code;
    }
    return bl_err_set(BL_ERR_NUMERIC, "%s with noise: %g, and with larger ones up to noise: %g", failure,
                      r->p->config->noise, noise / 10);
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

/* Kernels of training rows i.. and test images j.. of the panel; their share of the mean is added up at the same time. */
static bl_err test_block(void *context, size_t i, size_t rows, size_t j, size_t columns, double *block) {
    regression *r = context;
    bl_posterior *p = r->p;
    const float *x = p->x + i * p->n, *y = p->x_test + (r->first + j) * p->n;
    bl_err err = bl_gp_law_kernel(&r->limit, rows, x, columns, y, block);
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
        BL_TRY(bl_gp_law_kernel(&r->limit, 1, x, 1, x, variance + t));
    }
cleanup:
    return err;
}

static bl_err predict(regression *r) {
    bl_err err = BL_OK;
    bl_posterior *p = r->p;
    double *explained = NULL, begin = bl_clock();
    BL_ALLOC(r->product, BL_POSTERIOR_PANEL * p->columns);
    BL_ALLOC(explained, BL_POSTERIOR_PANEL);
    for (r->first = 0; r->first < p->test; r->first += BL_POSTERIOR_PANEL) {
        size_t count = p->test - r->first < BL_POSTERIOR_PANEL ? p->test - r->first : BL_POSTERIOR_PANEL;
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

bl_err bl_posterior_create(const bl_comm *comm, const bl_posterior_config *config,
                           bl_err (*pause)(void *context, const bl_comm *comm), void *context,
                           bl_posterior **out) {
    bl_err err = BL_OK;
    bl_posterior *p = NULL;
    regression r = {.comm = comm};
    BL_TRY(bl_posterior_read(comm, config, &p, &r.limit));
    r.p = p;
    BL_TRY(bl_agree(comm, bl_posterior_check_memory(comm, p, &r.limit)));
    BL_TRY(bl_agree(comm, allocate(p)));
    bl_log(BL_LOG_INFO, "kernel: %zu training images of %zu numbers", p->train, p->n);
    BL_TRY(solve(&r));
    if (pause)
        BL_TRY(pause(context, comm));
    bl_log(BL_LOG_INFO, "predictions: %zu test images", p->test);
    BL_TRY(bl_agree(comm, predict(&r)));
    BL_TRY(bl_agree(comm, bl_posterior_calibrate(p)));
    if (pause)
        BL_TRY(pause(context, comm));
    bl_blockmatrix_destroy(&r.matrix);
    if (p->inputs > 0)
        BL_TRY(bl_posterior_distances(comm, p, &r.limit));
    *out = p;
    p = NULL;
cleanup:
    bl_blockmatrix_destroy(&r.matrix);
    bl_gp_law_clear(&r.limit);
    bl_posterior_destroy(&p);
    return err;
}
