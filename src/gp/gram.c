/* SPDX-License-Identifier: BSD-3-Clause
 *
 * X Y^T in float64: the only file of this folder that calls BLAS.
 */
#include "borderline/gp.h"

#include "base/mem.h"
#include <limits.h>
#ifdef BORDERLINE_MKL
#include <mkl_cblas.h>
#else
#include <cblas.h>
#endif

enum { PANEL = 256 }; /* coordinates converted to float64 at a time */

static void widen(size_t n, size_t first, size_t count, size_t rows, const float *x, double *panel) {
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < count; k++)
            panel[i * count + k] = (double)x[i * n + first + k];
}

static void mirror(size_t count, double *matrix) {
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            matrix[j * count + i] = matrix[i * count + j];
}

bl_err bl_gram_product(size_t n, size_t rows, const float *x, size_t columns, const float *y, double scale,
                       double keep, double *out) {
    bl_err err = BL_OK;
    const bool symmetric = x == y && rows == columns;
    double *left = NULL, *right = NULL;
    BL_ASSERT(rows <= INT_MAX && columns <= INT_MAX);
    BL_ALLOC(left, rows * PANEL);
    if (!symmetric)
        BL_ALLOC(right, columns * PANEL);
    for (size_t first = 0; first < n; first += PANEL) {
        const size_t count = n - first < PANEL ? n - first : PANEL;
        const double beta = first == 0 ? keep : 1.0;
        widen(n, first, count, rows, x, left);
        if (symmetric) {
            cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, (int)rows, (int)count, scale, left,
                        (int)count, beta, out, (int)rows);
            continue;
        }
        widen(n, first, count, columns, y, right);
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)columns, (int)count, scale, left,
                    (int)count, right, (int)count, beta, out, (int)columns);
    }
    if (symmetric)
        mirror(rows, out);
cleanup:
    bl_mem_free(left);
    bl_mem_free(right);
    return err;
}
