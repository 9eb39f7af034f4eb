/* SPDX-License-Identifier: BSD-3-Clause
 *
 * BLAS and LAPACK: the only file that calls them.
 */
#include "blas.h"

#include <limits.h>
#ifdef BORDERLINE_MKL
#include <mkl_cblas.h>
#else
#include <cblas.h>
#endif

/* LAPACK's own names, which every implementation exports; matrices are column-major there, so the lower triangle of
 * a row-major matrix is its upper one. */
extern void dpotrf_(const char *triangle, const int *size, double *a, const int *lda, int *info);
extern void dstev_(const char *job, const int *size, double *diagonal, double *below, double *vectors,
                   const int *ld, double *work, int *info);

static int as_int(size_t size) {
    BL_ASSERT(size <= INT_MAX);
    return (int)size;
}

void bl_blas_gemm(bool transpose_a, bool transpose_b, size_t rows, size_t columns, size_t inner, double alpha,
                  const double *a, size_t lda, const double *b, size_t ldb, double beta, double *c,
                  size_t ldc) {
    cblas_dgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, as_int(rows), as_int(columns), as_int(inner), alpha,
                a, as_int(lda), b, as_int(ldb), beta, c, as_int(ldc));
}

void bl_blas_syrk(size_t rows, size_t inner, double alpha, const double *a, size_t lda, double beta,
                  double *c, size_t ldc) {
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, as_int(rows), as_int(inner), alpha, a, as_int(lda),
                beta, c, as_int(ldc));
}

void bl_blas_gemv(bool transpose, size_t rows, size_t columns, double alpha, const double *a, size_t lda,
                  const double *x, double beta, double *y) {
    cblas_dgemv(CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, as_int(rows), as_int(columns), alpha, a,
                as_int(lda), x, 1, beta, y, 1);
}

void bl_blas_symv(size_t size, const double *a, size_t lda, const double *x, double *y) {
    cblas_dsymv(CblasRowMajor, CblasLower, as_int(size), 1.0, a, as_int(lda), x, 1, 0.0, y, 1);
}

double bl_blas_dot(size_t size, const double *x, const double *y) {
    return cblas_ddot(as_int(size), x, 1, y, 1);
}

bool bl_blas_cholesky(size_t size, double *a, size_t lda) {
    const int n = as_int(size), ld = as_int(lda);
    int info = 0;
    dpotrf_("U", &n, a, &ld, &info);
    return info == 0;
}

void bl_blas_solve_lower(bool transpose, size_t size, const double *l, size_t ldl, double *x) {
    cblas_dtrsv(CblasRowMajor, CblasLower, transpose ? CblasTrans : CblasNoTrans, CblasNonUnit, as_int(size),
                l, as_int(ldl), x, 1);
}

bool bl_blas_tridiagonal(size_t size, double *diagonal, double *below, double *vectors, double *work) {
    const int n = as_int(size);
    int info = 0;
    dstev_("V", &n, diagonal, below, vectors, &n, work, &info);
    return info == 0;
}
