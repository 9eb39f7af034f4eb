/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Block-cyclic distributed symmetric matrices: the only module that names ScaLAPACK.
 */
#ifndef BORDERLINE_BLOCKMATRIX_H
#define BORDERLINE_BLOCKMATRIX_H

#include "borderline/err.h"
#include <mpi.h>
#include <stddef.h>

typedef struct bl_blockmatrix bl_blockmatrix;

/** A zero n x n matrix over all ranks of comm, on the squarest process grid, blocks of `block` rows and
 * columns.
 *
 * Collective:  on comm (MPI_COMM_SELF gives a 1 x 1 grid of this rank).
 */
BL_API bl_err bl_blockmatrix_create(MPI_Comm comm, size_t n, size_t block, bl_blockmatrix **out) BL_NODISCARD;
BL_API void bl_blockmatrix_destroy(bl_blockmatrix **matrix);

/** Fill the locally owned entries: value(context, i, j) for 0 <= i, j < n. Not collective. */
BL_API void bl_blockmatrix_fill(bl_blockmatrix *matrix, double (*value)(void *context, size_t i, size_t j),
                                void *context);

/** Eigenvalues in ascending order, on every rank; the matrix is left unchanged. Collective. */
BL_API bl_err bl_blockmatrix_eigenvalues(const bl_blockmatrix *matrix, double *eigenvalue) BL_NODISCARD;

/** Cholesky factor in place (lower triangle). @return BL_OK; BL_ERR_NUMERIC naming the first pivot that is
 * not positive. */
BL_API bl_err bl_blockmatrix_cholesky(bl_blockmatrix *matrix) BL_NODISCARD;

/** log det of the factored matrix, on every rank. Collective. */
BL_API bl_err bl_blockmatrix_log_determinant(const bl_blockmatrix *factor, double *value) BL_NODISCARD;

/** trace(A^-1 B) from A's factor; B is overwritten by A^-1 B. Collective. */
BL_API bl_err bl_blockmatrix_solve_trace(const bl_blockmatrix *factor, bl_blockmatrix *b,
                                         double *value) BL_NODISCARD;

#endif
