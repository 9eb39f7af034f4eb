/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Kernels of many inputs. A rank holds the inputs, features and logits of the blocks of inputs that its own blocks of the
 * matrices need, block after block; of matrices of size M x M it holds only its parts.
 */
#include "kernels.h"

#include "base/clock.h"
#include "base/mem.h"
#include "borderline/log.h"
#include "borderline/network.h"
#include "borderline/pass.h"
#include "gp/gp_draw.h"
#include "kernels_scale.h"
#include "parallel/blockmatrix.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NOT_HERE = -1 };

typedef struct spread {
    const bl_comm *comm;
    const bl_config *config;
    bl_case c;
    size_t inputs, block, blocks, held; /* M; inputs per block; blocks; blocks held here */
    ptrdiff_t *slot;                    /* [blocks]: place among the held, or NOT_HERE */
    float *x;                           /* [held][block][n] */
    size_t width;                       /* features per input */
    float *features;                    /* [held][block][width], of the network at hand */
    float *logits;                      /* [held][networks][block][classes], divided by 2^exponent */
    int exponent;
    double weight_variance; /* of the last layer */
    bl_gp_law limit;
    bl_gp_model readout; /* variances of the last layer */
    bl_blockmatrix *nngp, *empirical, *output;
    bl_err (*rows)(void *context, bl_field_id field, size_t first, size_t count, const double *row);
    void *context;
    bl_kernels_stop stop;
    bl_field_id field; /* whose rows are handed out */
    char parts[160];   /* seconds of each part, for the log */
} spread;

static size_t count_of(const spread *s, size_t b) {
    return s->inputs - b * s->block < s->block ? s->inputs - b * s->block : s->block;
}

static size_t slot_of(const spread *s, size_t input) {
    ptrdiff_t slot = s->slot[input / s->block];
    BL_ASSERT(slot != NOT_HERE);
    return (size_t)slot;
}

/* The blocks that this rank's part of a matrix needs, and their inputs. */
static bl_err hold_blocks(spread *s) {
    bl_err err = BL_OK;
    float *all = NULL;
    size_t n = s->c.dimension;
    BL_ALLOC(s->slot, s->blocks);
    for (size_t b = 0; b < s->blocks; b++)
        s->slot[b] = bl_blockmatrix_touches(s->nngp, b) ? (ptrdiff_t)s->held++ : NOT_HERE;
    BL_ALLOC(s->x, s->held * s->block * n);
    BL_ALLOC(all, s->inputs * n);
    bl_network_sample_inputs(s->config, s->c.dimension_index, 0, BL_PURPOSE_KERNEL_INPUT, n, s->inputs, all);
    for (size_t b = 0; b < s->blocks; b++)
        if (s->slot[b] != NOT_HERE)
            memcpy(s->x + (size_t)s->slot[b] * s->block * n, all + b * s->block * n,
                   count_of(s, b) * n * sizeof *all);
cleanup:
    bl_mem_free(all);
    return err;
}

/* Not collective: the caller agrees on the answer with the other ranks. */
static bl_err go_on(const spread *s) {
    return s->stop.asked && s->stop.asked(s->stop.context)
               ? bl_err_set(BL_ERR_STOPPED, "stopped among the kernels of a case")
               : BL_OK;
}

/* --- the contents of blocks --- */

static bl_err nngp_block(void *context, size_t i, size_t rows, size_t j, size_t columns, double *block) {
    bl_err err = BL_OK;
    const spread *s = context;
    size_t stride = s->block * s->c.dimension;
    BL_TRY(go_on(s));
    BL_TRY(bl_gp_law_kernel(&s->limit, rows, s->x + slot_of(s, i) * stride, columns,
                            s->x + slot_of(s, j) * stride, block));
cleanup:
    return err;
}

static bl_err feature_block(void *context, size_t i, size_t rows, size_t j, size_t columns, double *block) {
    const spread *s = context;
    size_t stride = s->block * s->width;
    for (size_t k = 0; k < rows * columns; k++)
        block[k] = s->readout.bias_variance;
    return bl_gram_product(s->width, rows, s->features + slot_of(s, i) * stride, columns,
                           s->features + slot_of(s, j) * stride,
                           s->readout.weight_variance / (double)s->width, 1.0, block);
}

/* The covariance of logits over classes, as bl_empirical_add_outputs, networks in their order. */
static bl_err output_block(void *context, size_t i, size_t rows, size_t j, size_t columns, double *block) {
    bl_err err = BL_OK;
    const spread *s = context;
    size_t classes = s->config->classes, stride = s->block * classes;
    BL_TRY(go_on(s));
    for (size_t network = 0; network < s->config->networks; network++) {
        const float *left = s->logits + (slot_of(s, i) * s->config->networks + network) * stride;
        const float *right = s->logits + (slot_of(s, j) * s->config->networks + network) * stride;
        bl_empirical_add_output_block(rows, left, columns, right, classes, block);
    }
    for (size_t k = 0; k < rows * columns; k++)
        block[k] = ldexp(block[k] / (double)s->config->networks, 2 * s->exponent);
cleanup:
    return err;
}

/* --- sampled networks --- */

static bl_err pass_network(spread *s, bl_pass *pass, bl_network *network, size_t number) {
    bl_err err = BL_OK;
    size_t classes = s->config->classes;
    bl_rescaling own;
    BL_TRY(go_on(s));
    bl_network_sample(s->config, &s->c, number, network);
    BL_TRY(bl_network_rescale(network, &own));
    s->readout.weight_variance = ldexp(s->weight_variance, 2 * own.features);
    BL_TRY(bl_pass_load(pass, network));
    for (size_t b = 0; b < s->blocks; b++) {
        if (s->slot[b] == NOT_HERE)
            continue;
        size_t slot = (size_t)s->slot[b], count = count_of(s, b), width = 0;
        float *logits = s->logits + (slot * s->config->networks + number) * s->block * classes;
        BL_TRY(bl_pass_forward(pass, count, s->x + slot * s->block * s->c.dimension, logits));
        bl_network_rescale_numbers(count * classes, logits, own.outputs - s->exponent);
        const float *features = bl_pass_features(pass, &width);
        BL_ASSERT(width == s->width);
        memcpy(s->features + slot * s->block * width, features, count * width * sizeof *features);
    }
cleanup:
    return err;
}

static bl_err prepare(spread *s, bl_network **network, bl_pass **pass) {
    bl_err err = BL_OK;
    BL_TRY(bl_network_create(s->config, &s->c, network));
    s->width = (*network)->layer[(*network)->layer_count - 1].inputs;
    s->readout = bl_gp_model_of(s->config, s->c.depth);
    s->weight_variance = (*network)->layer[(*network)->layer_count - 1].weight_variance;
    BL_TRY(bl_kernels_exponent(s->config, &s->c, *network, &s->exponent));
    BL_TRY(bl_pass_create(*network, s->block, pass));
    BL_ALLOC(s->features, s->held * s->block * s->width);
    BL_ALLOC(s->logits, s->held * s->config->networks * s->block * s->config->classes);
cleanup:
    return err;
}

static bl_err sum_networks(spread *s) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    bl_pass *pass = NULL;
    BL_TRY(bl_agree(s->comm, prepare(s, &network, &pass)));
    for (size_t i = 0; i < s->config->networks; i++) {
        err = pass_network(s, pass, network, i);
        BL_TRY(bl_agree(s->comm, err));
        BL_TRY(bl_blockmatrix_add(s->empirical, feature_block, s));
    }
    bl_blockmatrix_scale(s->empirical, 1.0 / (double)s->config->networks);
cleanup:
    bl_pass_destroy(&pass);
    bl_network_destroy(&network);
    return err;
}

/* Mean over the inputs of one block of the kurtosis over networks. */
static bl_err block_kurtosis(const spread *s, size_t b, double *kurtosis) {
    bl_err err = BL_OK;
    double *z = NULL;
    size_t classes = s->config->classes, values = count_of(s, b) * classes, networks = s->config->networks;
    BL_ALLOC(z, networks * values);
    for (size_t i = 0; i < networks; i++)
        for (size_t k = 0; k < values; k++)
            z[i * values + k] =
                (double)s->logits[((size_t)s->slot[b] * networks + i) * s->block * classes + k];
    *kurtosis = bl_empirical_kurtosis(networks, values, z);
    *kurtosis *= (double)values;
cleanup:
    bl_mem_free(z);
    return err;
}

/* Every block is counted by the first rank that holds it. */
static bl_err mean_kurtosis(const spread *s, double *kurtosis) {
    bl_err err = BL_OK;
    int *owner = NULL;
    double *sum = NULL;
    BL_ALLOC(owner, s->blocks);
    BL_ALLOC(sum, s->blocks);
    for (size_t b = 0; b < s->blocks; b++)
        owner[b] = s->slot[b] == NOT_HERE ? s->comm->size : s->comm->rank;
    MPI_Allreduce(MPI_IN_PLACE, owner, (int)s->blocks, MPI_INT, MPI_MIN, s->comm->world);
    for (size_t b = 0; b < s->blocks && err == BL_OK; b++)
        if (owner[b] == s->comm->rank)
            err = block_kurtosis(s, b, sum + b);
    BL_TRY(bl_agree(s->comm, err));
    MPI_Allreduce(MPI_IN_PLACE, sum, (int)s->blocks, MPI_DOUBLE, MPI_SUM, s->comm->world);
    *kurtosis = 0;
    for (size_t b = 0; b < s->blocks; b++)
        *kurtosis += sum[b] / (double)(s->inputs * s->config->classes);
cleanup:
    bl_mem_free(owner);
    bl_mem_free(sum);
    return err;
}

/* --- results --- */

static bl_err hand_rows(void *context, size_t first, size_t count, const double *rows) {
    spread *s = context;
    return s->rows(s->context, s->field, first, count, rows);
}

static bl_err write(spread *s, bl_blockmatrix *matrix, bl_field_id field) {
    bl_err err = BL_OK;
    s->field = field;
    BL_TRY(bl_blockmatrix_complete(matrix));
    BL_TRY(bl_blockmatrix_visit_rows(matrix, hand_rows, s));
cleanup:
    return err;
}

static bl_err deviation(const bl_blockmatrix *a, const bl_blockmatrix *b, double *value) {
    double difference = 0, norm = 0;
    bl_err err = bl_blockmatrix_distance(a, 1.0, b, &difference, &norm);
    *value = sqrt(difference / norm);
    return err;
}

static bl_err create(const spread *s, bl_blockmatrix **matrix) {
    return bl_blockmatrix_create(s->comm->world, s->inputs, s->block, matrix);
}

static bl_err compute_nngp(spread *s, bl_kernels *k) {
    bl_err err = BL_OK;
    (void)k;
    BL_TRY(create(s, &s->nngp));
    BL_TRY(bl_agree(s->comm, hold_blocks(s)));
    BL_TRY(bl_agree(s->comm, bl_gp_law_create(s->config, s->c.depth, s->c.dimension, &s->limit)));
    BL_TRY(bl_blockmatrix_add(s->nngp, nngp_block, s));
    BL_TRY(write(s, s->nngp, BL_FIELD_GRAM_NNGP));
cleanup:
    return err;
}

/* Features of all networks, and their kernel. */
static bl_err measure_networks(spread *s, bl_kernels *k) {
    bl_err err = BL_OK;
    BL_TRY(create(s, &s->empirical));
    BL_TRY(sum_networks(s));
    BL_TRY(write(s, s->empirical, BL_FIELD_GRAM_EMPIRICAL));
    BL_TRY(deviation(s->empirical, s->nngp, &k->deviation));
cleanup:
    return err;
}

/* --- infinite width: draws in place of networks --- */

/* The analytic kernel's factor in `empirical`. Where rounding makes it indefinite, the diagonal is increased by the least power
 * of ten times its mean that makes it definite; the log determinant is then not known. */
static bl_err factor_nngp(spread *s, bl_divergence *d) {
    static const double least = 1e-15, most = 2e-8;
    bl_err err = BL_OK;
    const double mean = bl_blockmatrix_trace(s->nngp) / (double)s->inputs;
    double share = 0;
    int pivot = 0, first = 0;
    do {
        bl_blockmatrix_copy(s->nngp, s->empirical);
        bl_blockmatrix_shift(s->empirical, share * mean);
        BL_TRY(bl_blockmatrix_try_cholesky(s->empirical, &pivot));
        first = share > 0 ? first : pivot;
        share = share > 0 ? 10 * share : least;
    } while (pivot > 0 && share < most);
    BL_REQUIRE(pivot == 0, BL_ERR_NUMERIC, "gram_nngp is not positive definite: its pivot %d is not positive",
               pivot);
    *d = (bl_divergence){NAN, NAN, NAN, first, first};
    if (first > 0)
        goto cleanup;
    BL_TRY(bl_blockmatrix_log_determinant(s->empirical, &d->log_det_a));
    d->log_det_b = d->log_det_a;
    d->value = 0;
cleanup:
    return err;
}

/* Logits of networks first .. first + count - 1, in z[network][class][input], to where they are held. */
static void keep_logits(spread *s, size_t first, size_t count, const double *z) {
    const size_t classes = s->config->classes;
    for (size_t b = 0; b < s->blocks; b++)
        for (size_t k = 0; s->slot[b] != NOT_HERE && k < count * classes; k++) {
            size_t network = (size_t)s->slot[b] * s->config->networks + first + k / classes;
            float *logits = s->logits + network * s->block * classes + k % classes;
            for (size_t i = 0; i < count_of(s, b); i++)
                logits[i * classes] = (float)ldexp(z[k * s->inputs + b * s->block + i], -s->exponent);
        }
}

enum { AT_ONCE = 32 }; /* networks drawn together */

static bl_err allocate_draws(spread *s, float **normal, double **z) {
    bl_err err = BL_OK;
    const size_t classes = s->config->classes;
    BL_ALLOC(*normal, s->inputs);
    BL_ALLOC(*z, AT_ONCE * classes * s->inputs);
    BL_ALLOC(s->logits, s->held * s->config->networks * s->block * classes);
cleanup:
    return err;
}

/* The exponent of the first input's deviation, which every rank computes. */
static bl_err exponent_of_draws(spread *s) {
    bl_err err = BL_OK;
    double variance = 0;
    float *x = NULL;
    BL_ALLOC(x, s->c.dimension);
    bl_network_sample_inputs(s->config, s->c.dimension_index, 0, BL_PURPOSE_KERNEL_INPUT, s->c.dimension, 1,
                             x);
    BL_TRY(bl_gp_law_kernel(&s->limit, 1, x, 1, x, &variance));
    s->exponent = variance > 0.0 ? ilogb(sqrt(variance)) : 0;
cleanup:
    bl_mem_free(x);
    return err;
}

/* As bl_gp_draw_logits, whose normals these are, by the factor in `empirical`. */
static bl_err draw_logits(spread *s) {
    bl_err err = BL_OK;
    double *z = NULL;
    float *normal = NULL;
    const size_t classes = s->config->classes, networks = s->config->networks;
    BL_TRY(bl_agree(s->comm, allocate_draws(s, &normal, &z)));
    BL_TRY(bl_agree(s->comm, exponent_of_draws(s)));
    for (size_t first = 0; first < networks; first += AT_ONCE) {
        const size_t count = networks - first < AT_ONCE ? networks - first : AT_ONCE;
        BL_TRY(bl_agree(s->comm, go_on(s)));
        for (size_t k = 0; k < count * classes; k++) {
            bl_rng_normal(bl_rng_stream(s->config->seed, (uint32_t)s->c.number,
                                        (uint32_t)(first + k / classes), BL_PURPOSE_KERNEL_DRAW,
                                        (uint32_t)(k % classes)),
                          1.0F, s->inputs, normal);
            for (size_t i = 0; i < s->inputs; i++)
                z[k * s->inputs + i] = (double)normal[i];
        }
        BL_TRY(bl_blockmatrix_multiply(s->empirical, count * classes, z));
        keep_logits(s, first, count, z);
    }
cleanup:
    bl_mem_free(normal);
    bl_mem_free(z);
    return err;
}

/* The features' kernel is the analytic one in every network, and outputs are drawn from it. */
static bl_err draw_networks(spread *s, bl_kernels *k) {
    bl_err err = BL_OK;
    BL_TRY(write(s, s->nngp, BL_FIELD_GRAM_EMPIRICAL));
    BL_TRY(create(s, &s->empirical));
    BL_TRY(factor_nngp(s, &k->divergence));
    BL_TRY(draw_logits(s));
cleanup:
    bl_blockmatrix_destroy(&s->empirical);
    return err;
}

/* --- parts --- */

static bl_err measure_outputs(spread *s, bl_kernels *k) {
    bl_err err = BL_OK;
    BL_TRY(mean_kurtosis(s, &k->kurtosis));
    BL_TRY(create(s, &s->output));
    BL_TRY(bl_blockmatrix_add(s->output, output_block, s));
    BL_TRY(write(s, s->output, BL_FIELD_GRAM_OUTPUT));
    BL_TRY(deviation(s->output, s->nngp, &k->deviation_output));
cleanup:
    bl_blockmatrix_destroy(&s->output);
    return err;
}

/* Spectra and divergence. They overwrite the matrices. */
static bl_err decompose(spread *s, bl_kernels *k) {
    bl_err err = BL_OK;
    BL_TRY(bl_blockmatrix_eigenvalues(s->nngp, k->spectrum_nngp));
    BL_TRY(bl_agree(s->comm, go_on(s)));
    if (s->empirical)
        BL_TRY(bl_blockmatrix_eigenvalues(s->empirical, k->spectrum_empirical));
    else
        memcpy(k->spectrum_empirical, k->spectrum_nngp, s->inputs * sizeof *k->spectrum_nngp);
    k->dimension_nngp = bl_spectra_dimension(s->inputs, k->spectrum_nngp);
    k->dimension_empirical = bl_spectra_dimension(s->inputs, k->spectrum_empirical);
    if (s->empirical)
        BL_TRY(bl_blockmatrix_divergence(s->empirical, s->nngp, &k->divergence));
cleanup:
    return err;
}

/* Do one part and add its seconds to the line for the log. */
static bl_err part(spread *s, const char *name, bl_err (*act)(spread *s, bl_kernels *k), bl_kernels *k) {
    const double begin = bl_clock();
    bl_err err = bl_agree(s->comm, go_on(s));
    err = err != BL_OK ? err : act(s, k);
    size_t used = strlen(s->parts);
    (void)snprintf(s->parts + used, sizeof s->parts - used, "%s%s %.1f s", used ? ", " : "", name,
                   bl_clock() - begin);
    return err;
}

static bl_err compute(spread *s, bl_kernels *k) {
    bl_err err = BL_OK;
    BL_TRY(part(s, "analytic", compute_nngp, k));
    if (isinf(s->c.width))
        BL_TRY(part(s, "draws", draw_networks, k));
    else
        BL_TRY(part(s, "networks", measure_networks, k));
    BL_TRY(part(s, "outputs", measure_outputs, k));
    BL_TRY(part(s, "spectra and divergence", decompose, k));
    bl_log(BL_LOG_INFO, "kernels of depth %zu, width %g, dimension %zu: %s", s->c.depth, s->c.width,
           s->c.dimension, s->parts);
cleanup:
    return err;
}

static bl_err allocate(size_t inputs, bl_kernels **out) {
    bl_err err = BL_OK;
    BL_ALLOC(*out, 1);
    BL_ALLOC((*out)->spectrum_empirical, inputs);
    BL_ALLOC((*out)->spectrum_nngp, inputs);
cleanup:
    return err;
}

bl_err bl_kernels_spread(const bl_comm *comm, const bl_grid *grid, size_t case_number,
                         bl_err (*rows)(void *context, bl_field_id field, size_t first, size_t count,
                                        const double *row),
                         void *context, bl_kernels_stop stop, bl_kernels **out) {
    bl_err err = BL_OK;
    bl_kernels *kernels = NULL;
    spread s = {.comm = comm,
                .config = grid->config,
                .c = bl_grid_case(grid, case_number),
                .inputs = grid->config->kernel_inputs,
                .block = BL_KERNELS_BLOCK,
                .rows = rows,
                .context = context,
                .stop = stop};
    s.blocks = (s.inputs - 1) / s.block + 1;
    BL_TRY(bl_agree(comm, allocate(s.inputs, &kernels)));
    BL_TRY(compute(&s, kernels));
    *out = kernels;
    kernels = NULL;
cleanup:
    bl_kernels_destroy(&kernels);
    bl_blockmatrix_destroy(&s.nngp);
    bl_blockmatrix_destroy(&s.empirical);
    bl_blockmatrix_destroy(&s.output);
    bl_gp_law_clear(&s.limit);
    bl_mem_free(s.slot);
    bl_mem_free(s.x);
    bl_mem_free(s.features);
    bl_mem_free(s.logits);
    return err;
}
