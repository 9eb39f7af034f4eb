/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every network of a case is one row of work: its logits go to their own place, its features into the sum of its chunk.
 * A chunk is summed by one rank in the order of its networks, and each place is written by one rank only, so adding the ranks'
 * arrays (zero elsewhere) is exact, and adding the chunks in order gives the same bits on any number of ranks.
 */
#include "borderline/kernels.h"

#include "borderline/gp_draw.h"
#include "borderline/mem.h"
#include "borderline/network.h"
#include "borderline/pass.h"
#include "borderline/spectra.h"

#include <math.h>
#include <string.h>

enum { CHUNKS_MAX = 16, CHUNKED_ENTRIES = 1 << 20 };

/* Sums over the networks of a case: partial[chunk][M][M], logits[network][M][classes]. */
typedef struct sums {
    size_t inputs, chunks, classes, networks;
    double *partial;
    float *logits;
} sums;

/* Chunks of networks: enough to share a case between ranks, few enough to hold their matrices. */
static size_t chunks_of(const bl_config *config) {
    size_t entries = config->kernel_inputs * config->kernel_inputs;
    size_t chunks = CHUNKED_ENTRIES / (entries + 1);
    chunks = chunks < 1 ? 1 : chunks > CHUNKS_MAX ? CHUNKS_MAX : chunks;
    return chunks < config->networks ? chunks : config->networks;
}

static bl_err allocate_sums(const bl_config *config, sums *s) {
    bl_err err = BL_OK;
    *s = (sums){config->kernel_inputs, chunks_of(config), config->classes, config->networks, NULL, NULL};
    BL_ALLOC(s->partial, s->chunks * s->inputs * s->inputs);
    BL_ALLOC(s->logits, s->networks * s->inputs * s->classes);
cleanup:
    return err;
}

static void free_sums(sums *s) {
    bl_mem_free(s->partial);
    bl_mem_free(s->logits);
}

static void sample_kernel_inputs(const bl_config *config, const bl_case *c, float *x) {
    bl_network_sample_inputs(config, c->dimension_index, 0, BL_PURPOSE_KERNEL_INPUT, c->dimension,
                             config->kernel_inputs, x);
}

/* Networks first .. last - 1 of one chunk. */
static bl_err sum_chunk(const bl_config *config, const bl_case *c, const bl_gp_model *model, const float *x,
                        bl_pass *pass, bl_network *network, size_t chunk, sums *s) {
    bl_err err = BL_OK;
    size_t first = s->networks * chunk / s->chunks, last = s->networks * (chunk + 1) / s->chunks;
    for (size_t i = first; i < last; i++) {
        size_t width = 0, values = s->inputs * s->classes;
        bl_network_sample(config, c, i, network);
        BL_TRY(bl_pass_load(pass, network));
        BL_TRY(bl_pass_forward(pass, s->inputs, x, s->logits + i * values));
        const float *features = bl_pass_features(pass, &width);
        BL_TRY(bl_empirical_add_features(model, s->inputs, width, features,
                                         s->partial + chunk * s->inputs * s->inputs));
    }
cleanup:
    return err;
}

/* This rank's chunks: every size-th, from a rank that moves with the case. */
static bl_err sum_networks(const bl_comm *comm, const bl_config *config, const bl_case *c, sums *s) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    bl_pass *pass = NULL;
    float *x = NULL;
    bl_gp_model model = bl_gp_model_of(config, c->depth);
    size_t size = (size_t)comm->size;
    BL_TRY(bl_network_create(config, c, &network));
    model.weight_variance = network->layer[network->layer_count - 1].weight_variance;
    BL_TRY(bl_pass_create(network, s->inputs, &pass));
    BL_ALLOC(x, s->inputs * c->dimension);
    sample_kernel_inputs(config, c, x);
    for (size_t chunk = ((size_t)comm->rank + size - c->number % size) % size; chunk < s->chunks;
         chunk += size)
        BL_TRY(sum_chunk(config, c, &model, x, pass, network, chunk, s));
cleanup:
    bl_mem_free(x);
    bl_pass_destroy(&pass);
    bl_network_destroy(&network);
    return err;
}

/* Add the ranks' arrays onto the owner, in pieces that an int can count. */
static void reduce(const bl_comm *comm, int owner, MPI_Datatype type, size_t size, void *x, size_t count) {
    const size_t most = 1 << 28;
    for (size_t done = 0; done < count; done += most) {
        int piece = (int)(count - done < most ? count - done : most);
        char *at = (char *)x + done * size;
        if (comm->rank == owner)
            MPI_Reduce(MPI_IN_PLACE, at, piece, type, MPI_SUM, owner, comm->world);
        else
            MPI_Reduce(at, NULL, piece, type, MPI_SUM, owner, comm->world);
    }
}

/* Mean over chunks in order; x + 0 makes a negative zero positive, whether ranks were added or not. */
static void average_features(const sums *s, double *gram) {
    size_t entries = s->inputs * s->inputs;
    for (size_t i = 0; i < entries; i++) {
        double sum = 0;
        for (size_t chunk = 0; chunk < s->chunks; chunk++)
            sum += s->partial[chunk * entries + i];
        gram[i] = sum / (double)s->networks;
    }
}

/* Mean over networks, in their order. */
static void average_outputs(const sums *s, double *gram) {
    for (size_t n = 0; n < s->networks; n++)
        bl_empirical_add_outputs(s->inputs, s->classes, s->logits + n * s->inputs * s->classes, gram);
    for (size_t i = 0; i < s->inputs * s->inputs; i++)
        gram[i] /= (double)s->networks;
}

/* Excess kurtosis of each logit at each input over networks, averaged. */
static bl_err average_kurtosis(const sums *s, double *kurtosis) {
    bl_err err = BL_OK;
    double *z = NULL;
    size_t values = s->inputs * s->classes;
    BL_ALLOC(z, s->networks * values);
    for (size_t i = 0; i < s->networks * values; i++)
        z[i] = (double)s->logits[i];
    *kurtosis = bl_empirical_kurtosis(s->networks, values, z);
cleanup:
    bl_mem_free(z);
    return err;
}

static bl_err allocate_kernels(size_t inputs, bl_kernels **out) {
    bl_err err = BL_OK;
    bl_kernels *kernels = NULL;
    BL_ALLOC(kernels, 1);
    BL_ALLOC(kernels->empirical, inputs * inputs);
    BL_ALLOC(kernels->output, inputs * inputs);
    BL_ALLOC(kernels->nngp, inputs * inputs);
    BL_ALLOC(kernels->spectrum_empirical, inputs);
    BL_ALLOC(kernels->spectrum_nngp, inputs);
    *out = kernels;
    kernels = NULL;
cleanup:
    bl_kernels_destroy(&kernels);
    return err;
}

/* Infinite width: the features' kernel is the analytic one in every network, and outputs are drawn from it. */
static bl_err finish(const bl_config *config, const bl_case *c, sums *s, bl_kernels *kernels) {
    bl_err err = BL_OK;
    float *x = NULL;
    size_t inputs = s->inputs;
    bl_gp_limit limit = {.network = NULL};
    BL_ALLOC(x, inputs * c->dimension);
    sample_kernel_inputs(config, c, x);
    BL_TRY(bl_gp_limit_create(config, c->depth, c->dimension, &limit));
    BL_TRY(bl_gp_limit_kernel(&limit, inputs, x, inputs, x, kernels->nngp));
    if (isinf(c->width)) {
        memcpy(kernels->empirical, kernels->nngp, inputs * inputs * sizeof *kernels->nngp);
        BL_TRY(bl_gp_draw_logits(config->seed, (uint32_t)c->number, inputs, kernels->nngp, s->networks,
                                 s->classes, s->logits));
    } else {
        average_features(s, kernels->empirical);
    }
    average_outputs(s, kernels->output);
    BL_TRY(average_kurtosis(s, &kernels->kurtosis));
    kernels->deviation = bl_empirical_deviation(inputs, 1, kernels->empirical, kernels->nngp);
    kernels->deviation_output = bl_empirical_deviation(inputs, 1, kernels->output, kernels->nngp);
    BL_TRY(bl_spectra_eigenvalues(MPI_COMM_SELF, inputs, kernels->empirical, kernels->spectrum_empirical));
    BL_TRY(bl_spectra_eigenvalues(MPI_COMM_SELF, inputs, kernels->nngp, kernels->spectrum_nngp));
    BL_TRY(bl_spectra_divergence(MPI_COMM_SELF, inputs, kernels->empirical, kernels->nngp,
                                 &kernels->divergence));
    kernels->dimension_empirical = bl_spectra_dimension(inputs, kernels->spectrum_empirical);
    kernels->dimension_nngp = bl_spectra_dimension(inputs, kernels->spectrum_nngp);
cleanup:
    bl_gp_limit_clear(&limit);
    bl_mem_free(x);
    return err;
}

bl_err bl_kernels_create(const bl_comm *comm, const bl_grid *grid, size_t case_number, int owner,
                         bl_kernels **out) {
    bl_err err = BL_OK;
    const bl_config *config = grid->config;
    bl_case c = bl_grid_case(grid, case_number);
    bl_kernels *kernels = NULL;
    sums s = {0};
    err = allocate_sums(config, &s);
    if (err == BL_OK && isfinite(c.width))
        err = sum_networks(comm, config, &c, &s);
    BL_TRY(bl_agree(comm, err)); /* before the ranks' arrays meet */
    reduce(comm, owner, MPI_DOUBLE, sizeof(double), s.partial, s.chunks * s.inputs * s.inputs);
    reduce(comm, owner, MPI_FLOAT, sizeof(float), s.logits, s.networks * s.inputs * s.classes);
    if (comm->rank == owner) {
        BL_TRY(allocate_kernels(s.inputs, &kernels));
        BL_TRY(finish(config, &c, &s, kernels));
    }
    *out = kernels;
    kernels = NULL;
cleanup:
    bl_kernels_destroy(&kernels);
    free_sums(&s);
    return err;
}

void bl_kernels_destroy(bl_kernels **kernels) {
    if (!*kernels)
        return;
    bl_mem_free((*kernels)->empirical);
    bl_mem_free((*kernels)->output);
    bl_mem_free((*kernels)->nngp);
    bl_mem_free((*kernels)->spectrum_empirical);
    bl_mem_free((*kernels)->spectrum_nngp);
    bl_mem_free(*kernels);
    *kernels = NULL;
}

bl_err bl_kernels_memory(const bl_grid *grid, size_t ranks, size_t *bytes) {
    bl_err err = BL_OK;
    bl_network *network = NULL;
    const bl_config *config = grid->config;
    size_t inputs = config->kernel_inputs;
    *bytes = 0;
    for (size_t i = 0; i < grid->cases && inputs > 0; i++) {
        bl_case c = bl_grid_case(grid, i);
        if (isinf(c.width))
            continue;
        BL_TRY(bl_network_create_shape(config, &c, &network));
        size_t batch = inputs <= BL_KERNELS_ONE_RANK ? inputs : BL_KERNELS_BLOCK;
        size_t engine = bl_network_parameters(network) * sizeof(float) + bl_pass_memory(network, batch) +
                        inputs * c.dimension * sizeof(float);
        if (inputs > BL_KERNELS_ONE_RANK) /* features; dense: `width` numbers an input */
            engine += inputs * network->layer[network->layer_count - 1].inputs * sizeof(float);
        bl_network_destroy(&network);
        *bytes = engine > *bytes ? engine : *bytes;
    }
    if (inputs > BL_KERNELS_ONE_RANK) { /* logits; three kernels and a copy, a panel of rows twice */
        *bytes += config->networks * inputs * config->classes * sizeof(float) +
                  4 * bl_blockmatrix_bytes(inputs, BL_KERNELS_BLOCK, ranks) +
                  (size_t)2 * BL_KERNELS_BLOCK * inputs * sizeof(double);
        goto cleanup;
    }
    /* the sums, the kernels with their block-cyclic copies and workspace */
    *bytes += sizeof(double) * (chunks_of(config) * inputs * inputs +
                                config->networks * inputs * config->classes + 8 * inputs * inputs);
cleanup:
    bl_network_destroy(&network);
    return err;
}
