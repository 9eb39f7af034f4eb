/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A regression before any number is computed: images, labels, the prior; and what it will take.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "dataset_share.h"
#include "gp/posterior_mean.h"
#include "parallel/blockmatrix.h"
#include "posterior_internal.h"

#include <stdio.h>

enum { ONE_BLOCK = 1024 }; /* up to this size the matrix is one block: the same bits on any number of ranks */

const char *const bl_posterior_kind_name[BL_POSTERIOR_KINDS] = {"training", "test", "random"};

size_t bl_posterior_block(const bl_posterior *p) {
    return p->train <= ONE_BLOCK ? ONE_BLOCK : p->config->block;
}

/* The network's configuration as the data make it. */
bl_config bl_posterior_base(const bl_posterior *p) {
    bl_config base = p->config->base;
    base.channels = p->image.channels;
    return base;
}

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

bl_err bl_posterior_read(const bl_comm *comm, const bl_posterior_config *config, bl_posterior **out,
                         bl_gp_law *limit) {
    bl_err err = BL_OK;
    bl_posterior *p = bl_mem_alloc(1, sizeof *p);
    BL_TRY(bl_agree(comm, p ? BL_OK : BL_ERR_MEMORY));
    BL_ASSERT(p != NULL);
    *p = (bl_posterior){.config = config,
                        .columns = config->labels == BL_LABELS_PARITY ? 1 : config->data_classes,
                        .inputs = config->base.inputs,
                        .p_count = config->base.p.count};
    BL_TRY(read_part(comm, p, BL_DATASET_TRAIN, config->train, &p->x, &p->label, &p->train));
    BL_TRY(read_part(comm, p, BL_DATASET_TEST, config->test, &p->x_test, &p->label_test, &p->test));
    BL_REQUIRE(p->inputs <= p->train && p->inputs <= p->test, BL_ERR_INPUT,
               "boundary.inputs: %zu inputs are wanted, there are %zu training and %zu test images",
               p->inputs, p->train, p->test);
    bl_config base = bl_posterior_base(p);
    BL_TRY(bl_agree(comm, bl_gp_law_create(&base, config->depth, p->n, limit)));
    *out = p;
    p = NULL;
cleanup:
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
            (double)bl_search_memory(&options, p->n, p->config->base.classes, 1);
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

/* Multiply-adds a second of the distributed Cholesky factor, on one rank. */
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

/* Kernels that a distance takes, per training image: evaluations, each second one with a gradient of twice its work. */
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
