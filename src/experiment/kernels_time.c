/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Times of the parts of spread kernels on this machine: blocks as kernels_spread.c computes them, factors and spectra of a small
 * matrix.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "borderline/network.h"
#include "borderline/pass.h"
#include "kernels.h"
#include "parallel/blockmatrix.h"

#include <math.h>
#include <string.h>

enum { BLOCK = BL_KERNELS_BLOCK, BLOCKS_MAX = 24, ROWS_MAX = BLOCKS_MAX * BLOCK, SIDE_OF_IMAGES = 5 };

/* A timing takes at most so many multiply-adds of passes and so many numbers of features. */
static const double passes_most = 1e10, features_most = 1 << 24;

/* The most expensive case, of those with networks or of all; the number of cases where there is none. */
static size_t most_expensive(const bl_grid *grid, bool with_networks) {
    size_t found = grid->cases;
    double most = 0;
    for (size_t i = 0; i < grid->cases; i++) {
        const bl_case c = bl_grid_case(grid, i);
        const double cost = bl_cost_kernel_spread(grid->config, &c, 1, NULL);
        if ((!with_networks || !isinf(c.width)) && cost > most) {
            most = cost;
            found = i;
        }
    }
    return found;
}

/* Seconds per entry of the analytic kernel, divided by its cost. An image family's kernel takes one recursion per input besides
 * those per pair; in large blocks these are few. */
static bl_err time_entry(const bl_config *config, const bl_case *c, bl_kernel_weights *w) {
    bl_err err = BL_OK;
    const bool dense = config->family == BL_FAMILY_DENSE;
    const size_t side = dense ? BLOCK : SIDE_OF_IMAGES, n = c->dimension;
    const double entries = (double)(dense ? side * side : side * side + 2 * side);
    bl_gp_law limit = {0};
    float *x = NULL;
    double *block = NULL;
    BL_ALLOC(x, 2 * side * n);
    BL_ALLOC(block, side * side);
    bl_network_sample_inputs(config, c->dimension_index, 0, BL_PURPOSE_KERNEL_INPUT, n, 2 * side, x);
    BL_TRY(bl_gp_law_create(config, c->depth, n, &limit));
    w->entry = INFINITY;
    for (double spent = 0; spent < 0.1;) { /* the first short one warms up */
        const double begin = bl_clock_processor();
        BL_TRY(bl_gp_law_kernel(&limit, side, x, side, x + side * n, block));
        const double took = bl_clock_processor() - begin;
        w->entry = fmin(w->entry, took / entries / bl_cost_kernel_entry(config, c));
        spent += took;
    }
cleanup:
    bl_gp_law_clear(&limit);
    bl_mem_free(x);
    bl_mem_free(block);
    return err;
}

/* Numbers that blocks of products are made of: features, or logits. */
typedef struct rows_of {
    size_t rows, width;
    float *x; /* [rows][width] */
} rows_of;

static bl_err feature_block(void *context, size_t i, size_t rows, size_t j, size_t columns, double *block) {
    const rows_of *f = context;
    return bl_gram_product(f->width, rows, f->x + i * f->width, columns, f->x + j * f->width, 1.0, 1.0,
                           block);
}

static bl_err output_block(void *context, size_t i, size_t rows, size_t j, size_t columns, double *block) {
    const rows_of *z = context;
    bl_empirical_add_output_block(rows, z->x + i * z->width, columns, z->x + j * z->width, z->width, block);
    return BL_OK;
}

/* Seconds per number that enters an entry. Timed twice, because the matrix is not in memory the first time. */
static bl_err time_products(bl_blockmatrix_block add, rows_of *f, double *seconds) {
    bl_err err = BL_OK;
    bl_blockmatrix *matrix = NULL;
    BL_TRY(bl_blockmatrix_create(MPI_COMM_SELF, f->rows, BLOCK, &matrix));
    for (int turn = 0; turn < 2; turn++) {
        const double begin = bl_clock_processor();
        BL_TRY(bl_blockmatrix_add(matrix, add, f));
        *seconds = (bl_clock_processor() - begin) / (0.5 * (double)(f->rows * f->rows) * (double)f->width);
    }
cleanup:
    bl_blockmatrix_destroy(&matrix);
    return err;
}

static bl_err time_term(const bl_config *config, bl_kernel_weights *w) {
    bl_err err = BL_OK;
    rows_of logits = {.rows = ROWS_MAX, .width = config->classes};
    BL_ALLOC(logits.x, logits.rows * logits.width);
    BL_TRY(time_products(output_block, &logits, &w->term));
cleanup:
    bl_mem_free(logits.x);
    return err;
}

/* Time of a network, sampled and evaluated at some blocks of inputs, and of the products of its features. */
static bl_err time_network(const bl_config *given, const bl_case *c, bl_kernel_weights *w) {
    bl_err err = BL_OK;
    bl_config config = *given;
    bl_network *network = NULL;
    bl_pass *pass = NULL;
    float *x = NULL, *logits = NULL;
    rows_of all = {0};
    config.kernel_inputs = BLOCK;
    BL_ALLOC(x, BLOCK * c->dimension);
    BL_ALLOC(logits, BLOCK * config.classes);
    bl_network_sample_inputs(&config, c->dimension_index, 0, BL_PURPOSE_KERNEL_INPUT, c->dimension, BLOCK, x);
    BL_TRY(bl_network_create(&config, c, &network));
    BL_TRY(bl_pass_create(network, BLOCK, &pass));
    all.width = network->layer[network->layer_count - 1].inputs;
    const double blocks =
        fmin(passes_most / bl_cost_kernel_network(&config, c), features_most / (double)(BLOCK * all.width));
    all.rows = BLOCK * (size_t)fmin(fmax(1, blocks), BLOCKS_MAX);
    config.kernel_inputs = all.rows;
    BL_ALLOC(all.x, all.rows * all.width);
    const double begin = bl_clock_processor();
    bl_network_sample(&config, c, 0, network);
    BL_TRY(bl_pass_load(pass, network));
    for (size_t i = 0; i < all.rows; i += BLOCK) {
        size_t width = 0;
        BL_TRY(bl_pass_forward(pass, BLOCK, x, logits));
        memcpy(all.x + i * all.width, bl_pass_features(pass, &width), BLOCK * all.width * sizeof *all.x);
    }
    w->network = (bl_clock_processor() - begin) / bl_cost_kernel_network(&config, c);
    BL_TRY(time_products(feature_block, &all, &w->product));
cleanup:
    bl_pass_destroy(&pass);
    bl_network_destroy(&network);
    bl_mem_free(x);
    bl_mem_free(logits);
    bl_mem_free(all.x);
    return err;
}

static double decaying(void *context, size_t i, size_t j) {
    (void)context;
    return exp(-0.1 * fabs((double)i - (double)j));
}

/* Seconds of a symmetric matrix's completion, divided by the square of its rows; and of two spectra and a divergence, or of a
 * spectrum and a factor, divided by the cube. */
static bl_err time_matrices(bl_kernel_weights *w) {
    /* Spectra of matrices larger than the caches take so much longer than the cube says (4,000 rows against 2,000). */
    static const double far = 1.25;
    bl_err err = BL_OK;
    bl_blockmatrix *a = NULL, *b = NULL;
    bl_divergence divergence;
    double *spectrum = NULL, at[5];
    const double rows = ROWS_MAX, cube = rows * rows * rows;
    BL_ALLOC(spectrum, ROWS_MAX);
    BL_TRY(bl_blockmatrix_create(MPI_COMM_SELF, ROWS_MAX, BLOCK, &a));
    BL_TRY(bl_blockmatrix_create(MPI_COMM_SELF, ROWS_MAX, BLOCK, &b));
    bl_blockmatrix_fill(b, decaying, NULL);
    bl_blockmatrix_copy(b, a);
    at[0] = bl_clock_processor();
    BL_TRY(bl_blockmatrix_complete(a));
    at[1] = bl_clock_processor();
    BL_TRY(bl_blockmatrix_eigenvalues(b, spectrum));
    at[2] = bl_clock_processor();
    BL_TRY(bl_blockmatrix_cholesky(a));
    at[3] = bl_clock_processor();
    bl_blockmatrix_copy(b, a);
    BL_TRY(bl_blockmatrix_divergence(a, b, &divergence));
    at[4] = bl_clock_processor();
    const double eigenvalues = far * (at[2] - at[1]);
    w->whole = (at[1] - at[0]) / (rows * rows);
    w->cube = (2 * eigenvalues + at[4] - at[3]) / cube;
    w->cube_limit = (eigenvalues + at[3] - at[2]) / cube;
cleanup:
    bl_blockmatrix_destroy(&a);
    bl_blockmatrix_destroy(&b);
    bl_mem_free(spectrum);
    return err;
}

/* Those parts whose timing is disturbed most by other work on the machine. */
static bl_err time_once(const bl_grid *grid, size_t network, bl_kernel_weights *w) {
    bl_err err = BL_OK;
    if (network < grid->cases) {
        const bl_case c = bl_grid_case(grid, network);
        BL_TRY(time_network(grid->config, &c, w));
    }
    BL_TRY(time_term(grid->config, w));
    BL_TRY(time_matrices(w));
cleanup:
    return err;
}

bl_err bl_kernels_time(const bl_grid *grid, bl_kernel_weights *seconds) {
    bl_err err = BL_OK;
    const size_t network = most_expensive(grid, true);
    const bl_case c = bl_grid_case(grid, most_expensive(grid, false));
    bl_kernel_weights w = {0};
    *seconds = (bl_kernel_weights){0};
    BL_TRY(time_entry(grid->config, &c, seconds));
    BL_TRY(time_once(grid, network, seconds));
    BL_TRY(time_once(grid, network, &w));
    seconds->network = fmin(seconds->network, w.network);
    seconds->product = fmin(seconds->product, w.product);
    seconds->term = fmin(seconds->term, w.term);
    seconds->whole = fmin(seconds->whole, w.whole);
    seconds->cube = fmin(seconds->cube, w.cube);
    seconds->cube_limit = fmin(seconds->cube_limit, w.cube_limit);
cleanup:
    return err;
}
