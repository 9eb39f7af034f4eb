/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The project's only interface to BLAS and LAPACK: float64, matrices row-major with rows of `ld` numbers.
 */
#ifndef BORDERLINE_BLAS_H
#define BORDERLINE_BLAS_H

#include "borderline/err.h"
#include <stddef.h>

/** Products C = alpha op(A) op(B) + beta C.
 *
 * Math:        op(X) is X, or its transpose where the flag says so.
 * Shapes:      op(A)[rows][inner], op(B)[inner][columns], C[rows][columns]; every size at most INT_MAX.
 * Collective:  no.
 */
BL_API void bl_blas_gemm(bool transpose_a, bool transpose_b, size_t rows, size_t columns, size_t inner,
                         double alpha, const double *a, size_t lda, const double *b, size_t ldb, double beta,
                         double *c, size_t ldc);

/** C = alpha A A^T + beta C, lower triangle only; A[rows][inner], C[rows][rows]. Collective: no. */
BL_API void bl_blas_syrk(size_t rows, size_t inner, double alpha, const double *a, size_t lda, double beta,
                         double *c, size_t ldc);

/** y = alpha op(A) x + beta y; A[rows][columns]. Collective: no. */
BL_API void bl_blas_gemv(bool transpose, size_t rows, size_t columns, double alpha, const double *a,
                         size_t lda, const double *x, double beta, double *y);

/** y = A x of a symmetric A[size][size] whose lower triangle is read. Collective: no. */
BL_API void bl_blas_symv(size_t size, const double *a, size_t lda, const double *x, double *y);

/** <x, y>. Collective: no. */
BL_API double bl_blas_dot(size_t size, const double *x, const double *y);

/** A = L L^T in place: the lower triangle of A[size][size] becomes L, the upper one is not touched. Collective: no.
 * @return true; false when A is not positive definite to rounding. */
BL_API bool bl_blas_cholesky(size_t size, double *a, size_t lda);

/** x = L^-1 x, or L^-T x, with L the lower triangle of a[size][size]. Collective: no. */
BL_API void bl_blas_solve_lower(bool transpose, size_t size, const double *l, size_t ldl, double *x);

/** Eigenvalues (ascending, into `diagonal`) and eigenvectors of a symmetric tridiagonal matrix; vector k is row k of
 * vectors[size][size]; below[size - 1] is destroyed; work[2 size]. Collective: no.
 * @return true; false when the iteration does not converge. */
BL_API bool bl_blas_tridiagonal(size_t size, double *diagonal, double *below, double *vectors, double *work);

#endif
