/* SPDX-License-Identifier: BSD-3-Clause
 *
 * X Y^T in float64.
 */
#include "borderline/gp.h"

#include "base/blas.h"
#include "base/mem.h"

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
    BL_ALLOC(left, rows * PANEL);
    if (!symmetric)
        BL_ALLOC(right, columns * PANEL);
    for (size_t first = 0; first < n; first += PANEL) {
        const size_t count = n - first < PANEL ? n - first : PANEL;
        const double beta = first == 0 ? keep : 1.0;
        widen(n, first, count, rows, x, left);
        if (symmetric) {
            bl_blas_syrk(rows, count, scale, left, count, beta, out, rows);
            continue;
        }
        widen(n, first, count, columns, y, right);
        bl_blas_gemm(false, true, rows, columns, count, scale, left, count, right, count, beta, out, columns);
    }
    if (symmetric)
        mirror(rows, out);
cleanup:
    bl_mem_free(left);
    bl_mem_free(right);
    return err;
}
