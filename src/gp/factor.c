/* SPDX-License-Identifier: BSD-3-Clause */
#include "factor.h"

#include "base/mem.h"
#include <string.h>

void bl_factor_clear(bl_factor *f) {
    bl_mem_free(f->entry);
    *f = (bl_factor){0};
}

bl_err bl_factor_reserve(bl_factor *f, size_t rows) {
    bl_err err = BL_OK;
    double *entry = NULL;
    if (rows <= f->capacity)
        goto cleanup;
    size_t capacity = f->capacity + f->capacity / 2;
    capacity = capacity < rows ? rows : capacity;
    BL_ALLOC(entry, capacity * (capacity + 1) / 2);
    if (f->rows > 0)
        memcpy(entry, f->entry, f->rows * (f->rows + 1) / 2 * sizeof *entry);
    bl_mem_free(f->entry);
    f->entry = entry;
    f->capacity = capacity;
cleanup:
    return err;
}

double bl_factor_dot(size_t n, const double *a, const double *b) {
    double sum[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            sum[k] += a[i + k] * b[i + k];
    for (size_t k = 0; i + k < n; k++)
        sum[k] += a[i + k] * b[i + k];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

void bl_factor_solve(const bl_factor *f, size_t from, size_t count, size_t stride, double *covariance) {
    for (size_t i = from; i < f->rows; i++) {
        const double *row = f->entry + i * (i + 1) / 2;
        for (size_t c = 0; c < count; c++) {
            double *x = covariance + c * stride;
            x[i] = (x[i] - bl_factor_dot(i, row, x)) / row[i];
        }
    }
}

void bl_factor_append(bl_factor *f, const double *solved, double root) {
    BL_ASSERT(f->rows < f->capacity);
    double *row = f->entry + f->rows * (f->rows + 1) / 2;
    memcpy(row, solved, f->rows * sizeof *row);
    row[f->rows++] = root;
}
