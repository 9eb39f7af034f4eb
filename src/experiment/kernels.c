/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Items of work, each done by one rank: a chunk of a case's networks, a block of its analytic kernel. A network's logits go to
 * their own place, its features into the sum of its chunk, in the order of the chunk's networks. Each place is written by one rank
 * only, so adding the ranks' arrays (zero elsewhere) is exact, and adding the chunks in order gives the same bits on any number of
 * ranks.
 */
#include "kernels.h"

#include "base/mem.h"
#include "borderline/network.h"
#include "borderline/pass.h"
#include "gp/gp_draw.h"
#include "kernels_scale.h"
#include "parallel/schedule.h"
#include "spectra.h"
#include "sweep/cost.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { CHUNKS_MAX = 256, CHUNKED_ENTRIES = 1 << 20 };

/* Each rank is to have so many items, so that all ranks end at about the same time. A block of the analytic kernel has at least so
 * many inputs per side, because an image family's kernel takes one recursion per input besides those per pair. */
enum { ITEMS_PER_RANK = 4, BLOCK_LEAST = 4 };

/* The sums of the cases that are done together take at most so many bytes. */
static const double sums_most = 96.0 * 1024 * 1024;

/* Sums of one case: partial[chunk][M][M], nngp[M][M], and logits[network][M][classes], which are held divided by 2^exponent. */
typedef struct sums {
    size_t inputs, chunks, classes, networks;
    double *partial, *nngp;
    float *logits;
    int exponent; /* INT_MIN on ranks that did no chunk */
} sums;

/* Number of chunks that a case's networks are cut into, with two networks or more in each: enough chunks to share a case between
 * ranks, few enough that their matrices fit into memory. */
static size_t chunks_of(const bl_config *config) {
    const size_t entries = config->kernel_inputs * config->kernel_inputs, pairs = (config->networks + 1) / 2;
    size_t chunks = CHUNKED_ENTRIES / (entries + 1);
    chunks = chunks < 1 ? 1 : chunks > CHUNKS_MAX ? CHUNKS_MAX : chunks;
    return chunks < pairs ? chunks : pairs;
}

static double sums_bytes(const bl_config *config) {
    const double inputs = (double)config->kernel_inputs, chunks = (double)chunks_of(config);
    return sizeof(double) * (chunks + 1) * inputs * inputs +
           sizeof(float) * (double)config->networks * inputs * (double)config->classes;
}

size_t bl_kernels_together(const bl_grid *grid, size_t ranks) {
    double cases = ceil((double)(ITEMS_PER_RANK * ranks) / (double)chunks_of(grid->config));
    cases = fmin(cases, floor(sums_most / sums_bytes(grid->config)));
    cases = fmin(fmin(cases, (double)ranks), (double)grid->cases);
    return cases > 1 ? (size_t)cases : 1;
}

static bl_err allocate_sums(const bl_config *config, sums *s) {
    bl_err err = BL_OK;
    *s = (sums){config->kernel_inputs,
                chunks_of(config),
                config->classes,
                config->networks,
                NULL,
                NULL,
                NULL,
                INT_MIN};
    BL_ALLOC(s->partial, s->chunks * s->inputs * s->inputs);
    BL_ALLOC(s->nngp, s->inputs * s->inputs);
    BL_ALLOC(s->logits, s->networks * s->inputs * s->classes);
cleanup:
    return err;
}

static void free_sums(sums *s) {
    bl_mem_free(s->partial);
    bl_mem_free(s->nngp);
    bl_mem_free(s->logits);
}

/* Cases that are done together, and what this rank has ready for one of them. */
typedef struct together {
    const bl_grid *grid;
    bl_kernels_stop stop;
    size_t first, cases, blocks; /* blocks: of the analytic kernel, per side */
    sums *sums;                  /* [cases] */
    size_t ready;                /* the place whose engines these are, `cases` for none */
    float *x;                    /* its kernel inputs */
    bl_gp_law limit;
    bl_network *network;
    bl_pass *pass;
    int exponent; /* of the case's logits */
} together;

static size_t items_of(const together *t) {
    return chunks_of(t->grid->config) + t->blocks * (t->blocks + 1) / 2;
}

/* Blocks per side: as many as give every rank its items. The kernel of a dense family costs next to nothing and is one block. */
static size_t blocks_of(const together *t, size_t ranks) {
    const bl_config *config = t->grid->config;
    size_t blocks = 1;
    if (config->family == BL_FAMILY_DENSE || ranks == 1)
        return blocks;
    while (t->cases * blocks * (blocks + 1) / 2 < ITEMS_PER_RANK * ranks &&
           (blocks + 1) * BLOCK_LEAST <= config->kernel_inputs)
        blocks++;
    return blocks;
}

static void leave_case(together *t) {
    bl_mem_free(t->x);
    t->x = NULL;
    bl_gp_law_clear(&t->limit);
    bl_pass_destroy(&t->pass);
    bl_network_destroy(&t->network);
    t->ready = t->cases;
}

static bl_err enter_case(together *t, size_t place) {
    bl_err err = BL_OK;
    const bl_config *config = t->grid->config;
    bl_case c = bl_grid_case(t->grid, t->first + place);
    if (t->ready == place)
        return BL_OK;
    leave_case(t);
    BL_ALLOC(t->x, config->kernel_inputs * c.dimension);
    bl_network_sample_inputs(config, c.dimension_index, 0, BL_PURPOSE_KERNEL_INPUT, c.dimension,
                             config->kernel_inputs, t->x);
    BL_TRY(bl_gp_law_create(config, c.depth, c.dimension, &t->limit));
    t->ready = place;
cleanup:
    return err;
}

static bl_err ready_pass(together *t, const bl_case *c) {
    bl_err err = BL_OK;
    if (t->pass)
        return BL_OK;
    BL_TRY(bl_network_create(t->grid->config, c, &t->network));
    BL_TRY(bl_pass_create(t->network, t->grid->config->kernel_inputs, &t->pass));
    BL_TRY(bl_kernels_exponent(t->grid->config, c, t->network, &t->exponent));
cleanup:
    return err;
}

/* Networks first .. last - 1 of one chunk. */
static bl_err sum_chunk(together *t, size_t place, size_t chunk) {
    bl_err err = BL_OK;
    const bl_config *config = t->grid->config;
    const bl_case c = bl_grid_case(t->grid, t->first + place);
    sums *s = &t->sums[place];
    size_t first = s->networks * chunk / s->chunks, last = s->networks * (chunk + 1) / s->chunks;
    bl_gp_model model = bl_gp_model_of(config, c.depth);
    if (isinf(c.width)) /* has no networks */
        return BL_OK;
    BL_TRY(ready_pass(t, &c));
    const double variance = t->network->layer[t->network->layer_count - 1].weight_variance;
    s->exponent = t->exponent;
    for (size_t i = first; i < last; i++) {
        size_t width = 0, values = s->inputs * s->classes;
        bl_rescaling own;
        bl_network_sample(config, &c, i, t->network);
        BL_TRY(bl_network_rescale(t->network, &own));
        BL_TRY(bl_pass_load(t->pass, t->network));
        BL_TRY(bl_pass_forward(t->pass, s->inputs, t->x, s->logits + i * values));
        bl_network_rescale_numbers(values, s->logits + i * values, own.outputs - s->exponent);
        model.weight_variance = ldexp(variance, 2 * own.features);
        const float *features = bl_pass_features(t->pass, &width);
        BL_TRY(bl_empirical_add_features(&model, s->inputs, width, features,
                                         s->partial + chunk * s->inputs * s->inputs));
    }
cleanup:
    return err;
}

/* Block number b of the lower triangle, row by row, and its mirror image. x + 0 makes a negative zero positive, as adding the
 * ranks' arrays does. */
static bl_err analytic_block(together *t, size_t place, size_t b) {
    bl_err err = BL_OK;
    sums *s = &t->sums[place];
    size_t row = 0, n = t->limit.n;
    double *block = NULL;
    while ((row + 1) * (row + 2) / 2 <= b)
        row++;
    size_t column = b - row * (row + 1) / 2;
    size_t i0 = s->inputs * row / t->blocks, i1 = s->inputs * (row + 1) / t->blocks;
    size_t j0 = s->inputs * column / t->blocks, j1 = s->inputs * (column + 1) / t->blocks;
    BL_ALLOC(block, (i1 - i0) * (j1 - j0));
    BL_TRY(bl_gp_law_kernel(&t->limit, i1 - i0, t->x + i0 * n, j1 - j0, t->x + j0 * n, block));
    for (size_t i = i0; i < i1; i++)
        for (size_t j = j0; j < j1; j++)
            s->nngp[i * s->inputs + j] = s->nngp[j * s->inputs + i] =
                *(block + (i - i0) * (j1 - j0) + j - j0) + 0.0;
cleanup:
    bl_mem_free(block);
    return err;
}

static bl_err do_item(void *context, int64_t item) {
    bl_err err = BL_OK;
    together *t = context;
    size_t place = (size_t)item / items_of(t), part = (size_t)item % items_of(t);
    BL_REQUIRE(!t->stop.asked || !t->stop.asked(t->stop.context), BL_ERR_STOPPED,
               "stopped among the kernels of a case");
    BL_TRY(enter_case(t, place));
    if (part < t->sums[place].chunks)
        BL_TRY(sum_chunk(t, place, part));
    else
        BL_TRY(analytic_block(t, place, part - t->sums[place].chunks));
cleanup:
    return err;
}

bl_err bl_kernels_costs(const bl_grid *grid, size_t first, size_t cases, size_t ranks, size_t *items,
                        double **cost) {
    bl_err err = BL_OK;
    const bl_config *config = grid->config;
    together t = {.grid = grid, .first = first, .cases = cases};
    t.blocks = blocks_of(&t, ranks);
    const size_t a_case = items_of(&t), chunks = chunks_of(config);
    const double inputs = (double)config->kernel_inputs / (double)t.blocks;
    const double networks = (double)config->networks / (double)chunks;
    *items = cases * a_case;
    BL_ALLOC(*cost, *items);
    for (size_t i = 0; i < *items; i++) {
        const bl_case c = bl_grid_case(grid, first + i / a_case);
        if (i % a_case >= chunks)
            (*cost)[i] = bl_cost_kernel_entry(config, &c) * inputs * inputs;
        else
            (*cost)[i] = isinf(c.width) ? 1.0 : bl_cost_kernel_network(config, &c) * networks;
    }
cleanup:
    return err;
}

/* Do all items, shared between all ranks; each rank then has a part of the sums. */
static bl_err do_items(const bl_comm *comm, together *t) {
    bl_err err = BL_OK;
    double *cost = NULL;
    size_t items = 0;
    BL_TRY(bl_agree(comm, bl_kernels_costs(t->grid, t->first, t->cases, (size_t)comm->size, &items, &cost)));
    BL_TRY(bl_schedule_each(comm, (int64_t)items, cost, do_item, t));
cleanup:
    leave_case(t);
    bl_mem_free(cost);
    return err;
}

/* Add the arrays of all ranks on the case's owner, piece by piece. The owner sends a copy, since MPICH 4.0 crashes when a root
 * other than rank 0 reduces in place. */
static void reduce(const bl_comm *comm, int owner, MPI_Datatype type, size_t size, void *x, size_t count) {
    double copy[1 << 15];
    const size_t most = sizeof copy / size;
    for (size_t done = 0; done < count && comm->size > 1; done += most) {
        size_t piece = count - done < most ? count - done : most;
        char *at = (char *)x + done * size;
        const bool owns = comm->rank == owner;
        if (owns)
            memcpy(copy, at, piece * size);
        MPI_Reduce(owns ? (void *)copy : at, owns ? at : NULL, (int)piece, type, MPI_SUM, owner, comm->world);
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
        gram[i] = ldexp(gram[i] / (double)s->networks, 2 * s->exponent);
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
    BL_ALLOC(kernels->spectrum_empirical, inputs);
    BL_ALLOC(kernels->spectrum_nngp, inputs);
    *out = kernels;
    kernels = NULL;
cleanup:
    bl_kernels_destroy(&kernels);
    return err;
}

static void scale_kernel(size_t inputs, double *kernel, int exponent) {
    for (size_t i = 0; i < inputs * inputs; i++)
        kernel[i] = ldexp(kernel[i], exponent);
}

/* Infinite width: the features' kernel is the analytic one in every network, and outputs are drawn from it. */
static bl_err finish(const bl_config *config, const bl_case *c, sums *s, bl_kernels *kernels) {
    bl_err err = BL_OK;
    size_t inputs = s->inputs;
    kernels->nngp = s->nngp;
    s->nngp = NULL;
    if (isinf(c->width)) {
        memcpy(kernels->empirical, kernels->nngp, inputs * inputs * sizeof *kernels->nngp);
        s->exponent = kernels->nngp[0] > 0.0 ? ilogb(sqrt(kernels->nngp[0])) : 0;
        scale_kernel(inputs, kernels->nngp, -2 * s->exponent);
        err = bl_gp_draw_logits(config->seed, (uint32_t)c->number, inputs, kernels->nngp, s->networks,
                                s->classes, s->logits);
        scale_kernel(inputs, kernels->nngp, 2 * s->exponent);
        BL_TRY(err);
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
    return err;
}

/* Add the ranks' parts of one case on its owner, which computes the kernels from them. */
static bl_err gather_case(const bl_comm *comm, const bl_grid *grid, size_t case_number, sums *s,
                          bl_kernels **out) {
    bl_err err = BL_OK;
    const bl_case c = bl_grid_case(grid, case_number);
    const int owner = (int)(case_number % (size_t)comm->size);
    reduce(comm, owner, MPI_DOUBLE, sizeof(double), s->partial, s->chunks * s->inputs * s->inputs);
    reduce(comm, owner, MPI_DOUBLE, sizeof(double), s->nngp, s->inputs * s->inputs);
    const int exponent = s->exponent;
    MPI_Reduce(&exponent, &s->exponent, 1, MPI_INT, MPI_MAX, owner, comm->world);
    reduce(comm, owner, MPI_FLOAT, sizeof(float), s->logits, s->networks * s->inputs * s->classes);
    if (comm->rank == owner) {
        BL_TRY(allocate_kernels(s->inputs, out));
        err = finish(grid->config, &c, s, *out);
        (*out)->failed = err == BL_ERR_NUMERIC;
        err = (*out)->failed ? BL_OK : err;
    }
cleanup:
    return err;
}

bl_err bl_kernels_create(const bl_comm *comm, const bl_grid *grid, size_t first, size_t cases,
                         bl_kernels_stop stop, bl_kernels **out) {
    bl_err err = BL_OK;
    together t = {.grid = grid, .stop = stop, .first = first, .cases = cases, .ready = cases};
    t.blocks = blocks_of(&t, (size_t)comm->size);
    t.sums = bl_mem_alloc(cases, sizeof *t.sums);
    err = t.sums ? BL_OK : BL_ERR_MEMORY;
    for (size_t i = 0; err == BL_OK && i < cases; i++) {
        out[i] = NULL;
        err = allocate_sums(grid->config, &t.sums[i]);
    }
    BL_TRY(bl_agree(comm, err));
    BL_TRY(do_items(comm, &t)); /* before the ranks' arrays meet */
    for (size_t i = 0; i < cases; i++) {
        bl_err gathered = gather_case(comm, grid, first + i, &t.sums[i], &out[i]);
        err = err != BL_OK ? err : gathered;
    }
cleanup:
    for (size_t i = 0; t.sums && i < cases; i++)
        free_sums(&t.sums[i]);
    bl_mem_free(t.sums);
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
        /* inputs; of a spread kernel also those of the blocks in work */
        const size_t x = (inputs > BL_KERNELS_ONE_RANK ? 2 : 1) * inputs * c.dimension * sizeof(float);
        *bytes = x > *bytes ? x : *bytes;
        if (isinf(c.width))
            continue;
        BL_TRY(bl_network_create_shape(config, &c, &network));
        size_t batch = inputs <= BL_KERNELS_ONE_RANK ? inputs : BL_KERNELS_BLOCK;
        size_t engine = bl_network_parameters(network) * sizeof(float) + bl_pass_memory(network, batch) + x;
        if (inputs > BL_KERNELS_ONE_RANK) /* features; dense: `width` numbers per input */
            engine += inputs * network->layer[network->layer_count - 1].inputs * sizeof(float);
        bl_network_destroy(&network);
        *bytes = engine > *bytes ? engine : *bytes;
    }
    if (inputs > BL_KERNELS_ONE_RANK) { /* logits; three kernels and a copy; a panel of rows, twice */
        *bytes += config->networks * inputs * config->classes * sizeof(float) +
                  4 * bl_blockmatrix_bytes(inputs, BL_KERNELS_BLOCK, ranks) +
                  (size_t)2 * BL_KERNELS_BLOCK * inputs * sizeof(double);
        goto cleanup;
    }
    /* the sums, the kernels with their block-cyclic copies and workspace */
    *bytes += (size_t)(sums_bytes(config) * (double)bl_kernels_together(grid, ranks)) +
              sizeof(double) * (config->networks * inputs * config->classes + 8 * inputs * inputs);
cleanup:
    bl_network_destroy(&network);
    return err;
}
