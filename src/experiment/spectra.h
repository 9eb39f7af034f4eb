/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Spectra of two kernels and the KL divergence of their Gaussians, through block-cyclic matrices.
 * Private to src/experiment.
 */
#ifndef BORDERLINE_SPECTRA_H
#define BORDERLINE_SPECTRA_H

#include "parallel/blockmatrix.h"

/** Eigenvalues of a symmetric matrix in ascending order.
 *
 * Math:        A v = lambda v.
 * Shapes:      matrix[size][size] float64, the same on every rank of comm; eigenvalue[size] on every rank.
 * Collective:  on comm. The bits depend on the process grid. A sweep gives each matrix to one rank, so its numbers do not
 *              depend on the number of ranks.
 * @return BL_OK; BL_ERR_LIBRARY; BL_ERR_MEMORY.
 */
BL_API bl_err bl_spectra_eigenvalues(MPI_Comm comm, size_t size, const double *matrix,
                                     double *eigenvalue) BL_NODISCARD;

/** Kullback-Leibler divergence of two centred Gaussians, and the log determinants of their covariances.
 *
 * Math:        KL( N(0, A) || N(0, B) ) = ( tr(B^-1 A) - M + log det B - log det A ) / 2.
 * Shapes:      a[size][size], b[size][size] float64, the same on every rank of comm.
 * Collective:  on comm.
 * @param[out] divergence  NaN where A or B is not positive definite to rounding (fewer features than inputs, say)
 * @return BL_OK; BL_ERR_LIBRARY; BL_ERR_MEMORY.
 */
BL_API bl_err bl_spectra_divergence(MPI_Comm comm, size_t size, const double *a, const double *b,
                                    bl_divergence *divergence) BL_NODISCARD;

/** Effective dimension of a spectrum: how many equal eigenvalues would be as concentrated.
 *
 * Math:        (sum lambda)^2 / sum lambda^2, the participation ratio; 1 for one direction, M for the identity.
 * Collective:  no.
 */
BL_API double bl_spectra_dimension(size_t size, const double *eigenvalue);

#endif
