/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Block-cyclic distributed symmetric matrices, float64: the only module that calls ScaLAPACK.
 */
#ifndef BORDERLINE_BLOCKMATRIX_H
#define BORDERLINE_BLOCKMATRIX_H

#include "borderline/err.h"
#include <mpi.h>
#include <stdbool.h>
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
 * @param[in] block  64 to 256 are equally fast (tests/bench/bench_blockmatrix.c); at least 1
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

/* One block: entries of rows i .. i + rows - 1 and columns j .. j + columns - 1, as block[rows][columns]. */
typedef bl_err (*bl_blockmatrix_block)(void *context, size_t i, size_t rows, size_t j, size_t columns,
                                       double *block);

/** Add block after block to the lower triangle: those on and below the diagonal that this rank holds.
 *
 * What a block adds is asked for with the same arguments on any number of ranks, so the sums have the same bits.
 *
 * Collective:  on the matrix's communicator.
 * Ownership:   add(context, ...) writes all of block[rows][columns], which is zero on entry; on the diagonal it must be
 *              symmetric. Blocks above the diagonal are not touched: see bl_blockmatrix_complete.
 * @return BL_OK; what add returned, agreed; BL_ERR_MEMORY.
 */
BL_API bl_err bl_blockmatrix_add(bl_blockmatrix *matrix, bl_blockmatrix_block add,
                                 void *context) BL_NODISCARD;

/** Whether this rank holds a block of block row or block column number b: the rows b block .. of the inputs that
 * bl_blockmatrix_add will ask it about. Not collective. */
BL_API bool bl_blockmatrix_touches(const bl_blockmatrix *matrix, size_t b);

/** Copy all entries; both have one communicator, size and block. Not collective. */
BL_API void bl_blockmatrix_copy(const bl_blockmatrix *from, bl_blockmatrix *to);

/** The sum of the diagonal, on every rank. Collective. */
BL_API double bl_blockmatrix_trace(const bl_blockmatrix *matrix);

/** Multiply every entry; add to every entry of the diagonal. Not collective. */
BL_API void bl_blockmatrix_scale(bl_blockmatrix *matrix, double factor);
BL_API void bl_blockmatrix_shift(bl_blockmatrix *matrix, double value);

/** Copy the lower triangle into the upper one, exactly. Collective. @return BL_OK; BL_ERR_MEMORY. */
BL_API bl_err bl_blockmatrix_complete(bl_blockmatrix *matrix) BL_NODISCARD;

/** Hand every row of a complete symmetric matrix to one rank, a block of rows at a time.
 *
 * Shapes:      visit(context, first, count, rows): rows[count][n], rows first .. first + count - 1. Each is visited on
 *              one rank, which holds them whole for the call: count n numbers, one after the other as in a file.
 * Collective:  on the matrix's communicator; visit itself is not.
 * @return BL_OK; what visit returned, agreed; BL_ERR_MEMORY.
 */
BL_API bl_err bl_blockmatrix_visit_rows(const bl_blockmatrix *matrix,
                                        bl_err (*visit)(void *context, size_t first, size_t count,
                                                        const double *rows),
                                        void *context) BL_NODISCARD;

/** |scale A - B|_F^2 and |B|_F^2 from the lower triangles of two symmetric matrices of one shape. Collective. */
BL_API bl_err bl_blockmatrix_distance(const bl_blockmatrix *a, double scale, const bl_blockmatrix *b,
                                      double *difference, double *norm) BL_NODISCARD;

/** Solve A x = b for a few right sides, from A's factor.
 *
 * Shapes:      b[columns][n], the same on every rank; overwritten by x[columns][n], the same on every rank.
 * Collective:  on the factor's communicator.
 * @return BL_OK; BL_ERR_LIBRARY; BL_ERR_MEMORY.
 */
BL_API bl_err bl_blockmatrix_solve(const bl_blockmatrix *factor, size_t columns, double *b) BL_NODISCARD;

/** L b for a few columns, L the factor: of independent standard normals it makes draws of covariance A. Shapes, collective and
 * errors as bl_blockmatrix_solve. */
BL_API bl_err bl_blockmatrix_multiply(const bl_blockmatrix *factor, size_t columns, double *b) BL_NODISCARD;

/** Quadratic forms b^T A^-1 b of many right sides, from A's factor.
 *
 * Math:        |L^-1 b|^2, one triangular solve for all.
 * Shapes:      right(context, i, rows, j, count, block): block[rows][count], rows i .. of right sides j .. ;
 *              value[columns], the same on every rank. `columns` right sides are held at once, over all ranks.
 * Collective:  on the factor's communicator.
 * @return BL_OK; what right returned, agreed; BL_ERR_LIBRARY; BL_ERR_MEMORY.
 */
BL_API bl_err bl_blockmatrix_quadratic(const bl_blockmatrix *factor, size_t columns,
                                       bl_blockmatrix_block right, void *context, double *value) BL_NODISCARD;

/** The most bytes that a rank holds of an n x n matrix on this many ranks. Not collective. */
BL_API size_t bl_blockmatrix_bytes(size_t n, size_t block, size_t ranks);

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
 * of the lower triangle is not finite; on failure the contents are lost.
 */
BL_API bl_err bl_blockmatrix_cholesky(bl_blockmatrix *matrix) BL_NODISCARD;

/** The same, where a pivot that is not positive is no error: *pivot is its number counted from 1, else 0. Collective: no. */
BL_API bl_err bl_blockmatrix_try_cholesky(bl_blockmatrix *matrix, int *pivot) BL_NODISCARD;

/** log det A = 2 sum_i log L_ii from the factor, on every rank. Collective on the matrix's communicator. */
BL_API bl_err bl_blockmatrix_log_determinant(const bl_blockmatrix *factor, double *value) BL_NODISCARD;

/** trace(A^-1 B) from A's factor; B, of the same communicator, size and block, is overwritten by A^-1 B.
 *
 * Collective:  on their communicator.
 * @return BL_OK; BL_ERR_LIBRARY.
 */
BL_API bl_err bl_blockmatrix_solve_trace(const bl_blockmatrix *factor, bl_blockmatrix *b,
                                         double *value) BL_NODISCARD;

/* What bl_blockmatrix_divergence gives. */
typedef struct bl_divergence {
    double value;                /* NaN where A or B is not positive definite to rounding */
    double log_det_a, log_det_b; /* NaN where A, or B, is not positive definite */
    int pivot_a, pivot_b;        /* the first that is not positive, counted from 1; 0: none */
} bl_divergence;

/** Kullback-Leibler divergence of two centred Gaussians with covariances A and B, complete matrices.
 *
 * Math:        KL(N(0, A) || N(0, B)) = 1/2 [ trace(B^-1 A) - n + log det B - log det A ].
 * Collective:  on their communicator; A and B have the same communicator, size and block.
 * Ownership:   both matrices are overwritten.
 * @return BL_OK, also when one is not positive definite (NaN); BL_ERR_NUMERIC for entries that are not finite;
 *         BL_ERR_LIBRARY; BL_ERR_MEMORY.
 */
BL_API bl_err bl_blockmatrix_divergence(bl_blockmatrix *a, bl_blockmatrix *b,
                                        bl_divergence *divergence) BL_NODISCARD;

#endif
