/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Block-cyclic distributed symmetric matrices, float64: the only module that names ScaLAPACK.
 */
#ifndef BORDERLINE_BLOCKMATRIX_H
#define BORDERLINE_BLOCKMATRIX_H

#include "borderline/err.h"
#include <mpi.h>
#include <stddef.h>

typedef struct bl_blockmatrix bl_blockmatrix;

/** A zero n x n matrix over the ranks of comm, in blocks of `block` rows and columns.
 *
 * The process grid has no more rows or columns than the matrix has blocks, and is at most four times as long as
 * wide; ranks outside it hold nothing but take part in every call. So a matrix of one block has one owner, and
 * its results are the same to the bit on any number of ranks.
 *
 * Math:        two-dimensional block-cyclic distribution (ScaLAPACK Users' Guide, section 4.3).
 * Collective:  on comm (MPI_COMM_SELF gives a 1 x 1 grid of this rank).
 * Ownership:   comm is borrowed and must outlive the matrix; *out is the caller's.
 * @param[in] block  64 serves well; at least 1
 * @return BL_OK; BL_ERR_INPUT when a rank's part has more than 2^31 - 1 entries (ScaLAPACK counts in 32 bits);
 * BL_ERR_MEMORY. The same on every rank.
 */
BL_API bl_err bl_blockmatrix_create(MPI_Comm comm, size_t n, size_t block, bl_blockmatrix **out) BL_NODISCARD;

/** Free it. Collective on its communicator. */
BL_API void bl_blockmatrix_destroy(bl_blockmatrix **matrix);

/** Fill the locally owned entries: value(context, i, j) for 0 <= i, j < n, which must be symmetric. Not
 * collective. */
BL_API void bl_blockmatrix_fill(bl_blockmatrix *matrix, double (*value)(void *context, size_t i, size_t j),
                                void *context);

/** All eigenvalues, by Householder tridiagonalisation and the root-free QR iteration (PDSYEV).
 *
 * Shapes:      eigenvalue[n] in ascending order, the same bits on every rank.
 * Collective:  on the matrix's communicator.
 * Ownership:   the matrix is left unchanged (a copy of the local part is made).
 * @return BL_OK; BL_ERR_NUMERIC when an entry is not finite or the iteration does not converge; BL_ERR_MEMORY.
 */
BL_API bl_err bl_blockmatrix_eigenvalues(const bl_blockmatrix *matrix, double *eigenvalue) BL_NODISCARD;

/** Cholesky factor A = L L^T in place (lower triangle; the upper one keeps A's entries).
 *
 * Collective:  on the matrix's communicator.
 * @return BL_OK; BL_ERR_NUMERIC naming the first pivot (counted from 1) that is not positive, or when an entry
 * is not finite; on failure the contents are lost.
 */
BL_API bl_err bl_blockmatrix_cholesky(bl_blockmatrix *matrix) BL_NODISCARD;

/** log det A = 2 sum_i log L_ii from the factor, on every rank. Collective on the matrix's communicator. */
BL_API bl_err bl_blockmatrix_log_determinant(const bl_blockmatrix *factor, double *value) BL_NODISCARD;

/** trace(A^-1 B) from A's factor; B, of the same communicator, size and block, is overwritten by A^-1 B.
 *
 * Collective:  on their communicator.
 * @return BL_OK; BL_ERR_LIBRARY.
 */
BL_API bl_err bl_blockmatrix_solve_trace(const bl_blockmatrix *factor, bl_blockmatrix *b,
                                         double *value) BL_NODISCARD;

/** Kullback-Leibler divergence of two centred Gaussians with covariances A and B.
 *
 * Math:        KL(N(0, A) || N(0, B)) = 1/2 [ trace(B^-1 A) - n + log det B - log det A ].
 * Collective:  on their communicator; A and B have the same communicator, size and block.
 * Ownership:   both matrices are overwritten.
 * @return BL_OK; BL_ERR_NUMERIC saying which of the two is not positive definite; BL_ERR_MEMORY.
 */
BL_API bl_err bl_blockmatrix_divergence(bl_blockmatrix *a, bl_blockmatrix *b, double *value) BL_NODISCARD;

#endif
