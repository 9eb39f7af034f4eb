/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Kernels of one case: empirical (features, outputs), analytic (NNGP), and how they differ.
 */
#ifndef BORDERLINE_KERNELS_H
#define BORDERLINE_KERNELS_H

#include "borderline/comm.h"
#include "borderline/gp.h"
#include "borderline/grid.h"
#include "fields.h"
#include "spectra.h"
#include "sweep/cost.h"

/* All of one case, M = config->kernel_inputs; matrices [M][M], spectra [M] ascending. */
typedef struct bl_kernels {
    double *empirical, *output, *nngp;
    double *spectrum_empirical, *spectrum_nngp;
    double deviation;        /* |empirical - nngp|_F / |nngp|_F */
    double deviation_output; /* |output - nngp|_F / |nngp|_F */
    bool failed;             /* numbers left the range of float64: the other members mean nothing */
    /* excess kurtosis of a logit over networks, mean over kernel inputs and logits */
    double kurtosis;
    bl_divergence divergence;                   /* of N(0, empirical) from N(0, nngp) */
    double dimension_empirical, dimension_nngp; /* effective, bl_spectra_dimension */
} bl_kernels;

/* Called between items of work, by each rank for itself: true leaves all work with BL_ERR_STOPPED. asked == NULL: it never
 * stops. */
typedef struct bl_kernels_stop {
    bool (*asked)(void *context);
    void *context;
} bl_kernels_stop;

/** Kernels of several cases together, each from all its networks.
 *
 * Math:        THEORY.md, section 3.6. Networks are cut into chunks that depend on the configuration alone, and the
 *              analytic kernel into blocks; a rank that is free does the next of them. A rank sums a chunk in the order of
 *              its networks, and the chunks are added in order: the same bits on any number of ranks.
 * Shapes:      cases first ... first + cases - 1; out[cases].
 * Collective:  on comm->world, every rank the same cases.
 * Ownership:   out[i] is complete on rank (first + i) % comm->size, freed with bl_kernels_destroy; NULL on the others.
 * @return BL_OK; BL_ERR_STOPPED; an error of this rank (not agreed).
 */
BL_API bl_err bl_kernels_create(const bl_comm *comm, const bl_grid *grid, size_t first, size_t cases,
                                bl_kernels_stop stop, bl_kernels **out) BL_NODISCARD;
/** The costs of the items of work that ranks share, equally many per case; *cost is the caller's. Not collective.
 * @return BL_OK; BL_ERR_MEMORY. */
BL_API bl_err bl_kernels_costs(const bl_grid *grid, size_t first, size_t cases, size_t ranks, size_t *items,
                               double **cost) BL_NODISCARD;
/* How many cases must be done together to keep so many ranks busy. */
BL_API size_t bl_kernels_together(const bl_grid *grid, size_t ranks);
BL_API void bl_kernels_destroy(bl_kernels **kernels);

/* Kernels of more inputs than this are spread over all ranks by bl_kernels_spread, and their spectra, divergences and
 * deviations have a rounding that depends on the grid of ranks; so has gram_output of width inf, whose draws use a factor. Other
 * entries, and everything of smaller kernels, have the same bits on any number of ranks.
 * Blocks of 64: a kernel phase at 3,000 inputs on two idle cores takes 5.7 s, with blocks of 128 6.3 s; eigenvalues of 4,000
 * rows take 2.5 s, as with 32 (128: 3.0 s, 256: 3.6 s), and Cholesky factors are equally fast with all of them. */
enum { BL_KERNELS_ONE_RANK = 1024, BL_KERNELS_BLOCK = 64 };

/** The same for many inputs: matrices are spread over all ranks (block-cyclic), and each rank computes its own blocks.
 *
 * Math:        as above. Every rank draws every network itself and passes the blocks of inputs that its own blocks need;
 *              an entry is summed over networks in their order.
 * Shapes:      no matrix is held by any rank: rows(context, field, first, count, row) gets whole rows row[count][M] of
 *              gram_nngp, gram_empirical and gram_output, each on one rank, to be written.
 * Collective:  on comm->world; rows is not.
 * Ownership:   *out is complete on every rank but for its three matrices, which are NULL; freed with bl_kernels_destroy.
 * @return BL_OK; what rows returned; BL_ERR_STOPPED; BL_ERR_MEMORY, BL_ERR_LIBRARY, BL_ERR_NUMERIC; the same on every rank.
 */
BL_API bl_err bl_kernels_spread(const bl_comm *comm, const bl_grid *grid, size_t case_number,
                                bl_err (*rows)(void *context, bl_field_id field, size_t first, size_t count,
                                               const double *row),
                                void *context, bl_kernels_stop stop, bl_kernels **out) BL_NODISCARD;

/** What the parts of spread kernels take on this machine, timed at the most expensive cases in a few seconds of one core:
 * weights for bl_cost_kernel_spread, in seconds.
 *
 * Math:        blocks as they are computed; factors and spectra of a matrix of some 1,000 rows,
 *              whose time is taken to grow with the cube of the rows; the shorter of two timings.
 * Collective:  no.
 * @return BL_OK; BL_ERR_MEMORY, BL_ERR_LIBRARY, BL_ERR_NUMERIC.
 */
BL_API bl_err bl_kernels_time(const bl_grid *grid, bl_kernel_weights *seconds) BL_NODISCARD;

/* How the deviation of an empirical kernel falls with the width. */
typedef struct bl_kernels_fit {
    double noise, noise_error, bias, bias_error;
} bl_kernels_fit;

/** Fit of deviations over widths N, S networks each.
 *
 * Math:        D^2 = noise^2/(S N) + bias^2/N^2: a mean over S networks has a variance of order 1/(S N) and a bias of
 *              order 1/N, and mean squares add. Quasi-likelihood for a D^2 that scatters in proportion to its mean: least
 *              squares with weights 1/mean^2 (McCullagh and Nelder 1989, chapter 8), 50 steps, neither term negative.
 *              Errors of noise^2 and bias^2: the inverse of the weighted normal matrix times the dispersion, the sum of
 *              (D^2/mean - 1)^2 over widths - 2; of noise: sqrt(noise^2 + error of noise^2) - noise, which at noise = 0 is what
 *              it could be at one error.
 * Shapes:      width[count], deviation[count]; infinite widths and NaN are left out.
 * Collective:  no.
 * @return NaN with fewer than two widths; NaN errors with two.
 */
BL_API bl_kernels_fit bl_kernels_fit_widths(size_t count, const double *width, double networks,
                                            const double *deviation);

/** The most bytes that a rank needs for the kernels of any case, on this many ranks. Not collective. */
BL_API bl_err bl_kernels_memory(const bl_grid *grid, size_t ranks, size_t *bytes) BL_NODISCARD;

#endif
