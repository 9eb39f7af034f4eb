/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Kernels of one case: empirical (features, outputs), analytic (NNGP), and how they differ.
 */
#ifndef BORDERLINE_KERNELS_H
#define BORDERLINE_KERNELS_H

#include "borderline/comm.h"
#include "borderline/gp.h"
#include "borderline/grid.h"
#include "borderline/spectra.h"

/* All of one case, M = config->kernel_inputs; matrices [M][M], spectra [M] ascending. */
typedef struct bl_kernels {
    double *empirical, *output, *nngp;
    double *spectrum_empirical, *spectrum_nngp;
    double deviation;        /* |empirical - nngp|_F / |nngp|_F */
    double deviation_output; /* |output - nngp|_F / |nngp|_F */
    double kurtosis; /* excess kurtosis of a logit over networks, mean over kernel inputs and logits */
    bl_divergence divergence; /* of N(0, empirical) from N(0, nngp) */
} bl_kernels;

/** Kernels of a case from all its networks.
 *
 * Math:        THEORY section 3, 'Empirical kernel'. Networks are cut into chunks that depend on the configuration alone; a
 *              rank sums its chunks, the chunks are added in order: the same bits on any number of ranks.
 * Collective:  on comm->world, every rank the same case and owner.
 * Ownership:   *out is complete on rank `owner`, freed with bl_kernels_destroy; NULL on the others.
 * @return BL_OK; an error of this rank (not agreed).
 */
BL_API bl_err bl_kernels_create(const bl_comm *comm, const bl_grid *grid, size_t case_number, int owner,
                                bl_kernels **out) BL_NODISCARD;
BL_API void bl_kernels_destroy(bl_kernels **kernels);

/** Bytes a rank needs at the most for the kernels of any case. Not collective. */
BL_API bl_err bl_kernels_memory(const bl_grid *grid, size_t *bytes) BL_NODISCARD;

#endif
