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

void bl_factor_append(bl_factor *f, const double *solved, double root) {
    BL_ASSERT(f->rows < f->capacity);
    double *row = f->entry + f->rows * (f->rows + 1) / 2;
    memcpy(row, solved, f->rows * sizeof *row);
    row[f->rows++] = root;
}
