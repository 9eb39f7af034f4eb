/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The loops over a factor's rows.
 */
#include "factor.h"

#include "base/isa.h"

static inline double dot(size_t n, const double *a, const double *b) {
    double sum[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            sum[k] += a[i + k] * b[i + k];
    for (size_t k = 0; i + k < n; k++)
        sum[k] += a[i + k] * b[i + k];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

BL_EACH_ISA(double, bl_factor_dot, (size_t n, const double *a, const double *b), (n, a, b)) {
    return dot(n, a, b);
}

BL_EACH_ISA_VOID(bl_factor_solve,
                 (const bl_factor *f, size_t from, size_t count, size_t stride, double *covariance),
                 (f, from, count, stride, covariance)) {
    for (size_t i = from; i < f->rows; i++) {
        const double *row = f->entry + i * (i + 1) / 2;
        for (size_t c = 0; c < count; c++) {
            double *x = covariance + c * stride;
            x[i] = (x[i] - dot(i, row, x)) / row[i];
        }
    }
}
