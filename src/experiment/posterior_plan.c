/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Forecasts of a regression: its memory, checked before it begins; its time, for `plan`.
 */
#include "base/clock.h"
#include "gp/posterior_mean.h"
#include "parallel/blockmatrix.h"
#include "posterior_internal.h"
#include "probe.h"

#include <stdio.h>

/* --- memory --- */

typedef struct shape {
    const bl_posterior *p;
    const bl_gp_law *limit;
} shape;

/* Its part of the matrix and of one panel of right sides, and what every rank holds besides. */
static bl_err need(const void *context, size_t ranks, double *bytes) {
    const shape *s = context;
    const bl_posterior *p = s->p;
    size_t block = bl_posterior_block(p), panel = p->test < BL_POSTERIOR_PANEL ? p->test : BL_POSTERIOR_PANEL;
    double matrix = (double)bl_blockmatrix_bytes(p->train, block, ranks);
    *bytes = matrix * (1.0 + (double)panel / (double)p->train) + 8.0 * (double)block * (double)block +
             512.0 * (double)block + 8.0 * (double)p->columns * 2.0 * (double)(p->train + p->test);
    if (p->config->base.inputs > 0) {
        const bl_search_options options = bl_posterior_search_options(p->config);
        *bytes +=
            (double)bl_posterior_mean_memory(s->limit, p->train, p->columns, bl_search_batch(&options, 1)) +
            (double)bl_probe_memory(&options, p->n, p->config->base.classes, 1);
    }
    return BL_OK;
}

bl_err bl_posterior_check_memory(const bl_comm *comm, const bl_posterior *p, const bl_gp_law *limit) {
    char what[64];
    (void)snprintf(what, sizeof what, "the kernel of %zu training images is", p->train);
    return bl_comm_require_memory(comm, need, &(shape){p, limit}, what);
}

/* --- forecast --- */

/* Seconds of a kernel of two images, by the first images. */
static bl_err time_kernel(const bl_posterior *p, const bl_gp_law *limit, double *seconds) {
    enum { SIDE = 24 };
    bl_err err = BL_OK;
    double kernel[SIDE * SIDE];
    size_t rows = p->train / 2 < SIDE ? p->train / 2 : SIDE;
    for (int turn = 0; turn < 2; turn++) { /* the first warms up */
        double begin = bl_clock();
        BL_TRY(bl_gp_law_kernel(limit, rows, p->x, rows, p->x + rows * p->n, kernel));
        *seconds = (bl_clock() - begin) / (double)(rows * rows);
    }
cleanup:
    return err;
}

static double diagonal(void *context, size_t i, size_t j) {
    (void)context;
    return i == j ? 1.0 : 1e-6;
}

/* Multiply-adds per second of the distributed Cholesky factor, on one rank. */
static bl_err time_factor(size_t block, double *rate) {
    enum { ROWS = 2048 };
    bl_err err = BL_OK;
    bl_blockmatrix *matrix = NULL;
    for (int turn = 0; turn < 2; turn++) {
        bl_blockmatrix_destroy(&matrix);
        BL_TRY(bl_blockmatrix_create(MPI_COMM_SELF, ROWS, block, &matrix));
        bl_blockmatrix_fill(matrix, diagonal, NULL);
        double begin = bl_clock();
        BL_TRY(bl_blockmatrix_cholesky(matrix));
        *rate = (double)ROWS * ROWS * ROWS / 6.0 / (bl_clock() - begin);
    }
cleanup:
    bl_blockmatrix_destroy(&matrix);
    return err;
}

/* Kernels per training image that a distance takes: one per evaluation; every second evaluation comes with a gradient and costs
 * twice as much. */
static double evaluations(const bl_search_options *options) {
    static const double passes[] = {
        [BL_EFFORT_FAST] = 20, [BL_EFFORT_STANDARD] = 100, [BL_EFFORT_THOROUGH] = 1950};
    const double asked =
        options->queries > 0 ? 2.0 * (double)options->queries + 4.0 : passes[options->effort];
    return 1.5 * asked;
}

bl_err bl_posterior_plan(const bl_comm *comm, const bl_posterior_config *config, size_t count,
                         const size_t *ranks, double *bytes, bl_posterior_forecast *f) {
    bl_err err = BL_OK;
    bl_gp_law limit = {0};
    bl_posterior *p = NULL;
    double kernel = 0, rate = 0;
    *f = (bl_posterior_forecast){0};
    BL_TRY(bl_posterior_read(comm, config, &p, &limit));
    BL_ASSERT(p != NULL);
    BL_TRY(time_kernel(p, &limit, &kernel));
    BL_TRY(time_factor(config->block, &rate));
    const double m = (double)p->train, tests = (double)p->test;
    const bl_search_options options = bl_posterior_search_options(config);
    f->train = p->train;
    f->test = p->test;
    f->numbers = p->n;
    f->seconds_kernel = m * m / 2.0 * kernel;
    f->seconds_factor = m * m * m / 6.0 / rate;
    f->seconds_test = tests * m * (kernel + m / 2.0 / rate);
    f->seconds_distances =
        (double)(BL_POSTERIOR_KINDS * p->inputs * p->p_count) * evaluations(&options) * m * kernel;
    for (size_t i = 0; i < count; i++) {
        BL_TRY(need(&(shape){p, &limit}, ranks[i], &bytes[i]));
        bytes[i] += (double)(p->train + p->test) * (double)p->n * sizeof(float);
    }
cleanup:
    bl_gp_law_clear(&limit);
    bl_posterior_destroy(&p);
    return err;
}
