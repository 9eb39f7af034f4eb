/* SPDX-License-Identifier: BSD-3-Clause */
#include "spectra.h"

#include <math.h>

enum { BLOCK = 64 };

typedef struct dense {
    size_t size;
    const double *entry;
} dense;

static double entry_of(void *context, size_t i, size_t j) {
    const dense *matrix = context;
    return matrix->entry[i * matrix->size + j];
}

static bl_err distribute(MPI_Comm comm, size_t size, const double *matrix, bl_blockmatrix **out) {
    dense source = {size, matrix};
    bl_err err = bl_blockmatrix_create(comm, size, BLOCK, out);
    if (err == BL_OK)
        bl_blockmatrix_fill(*out, entry_of, &source);
    return err;
}

bl_err bl_spectra_eigenvalues(MPI_Comm comm, size_t size, const double *matrix, double *eigenvalue) {
    bl_err err = BL_OK;
    bl_blockmatrix *blocks = NULL;
    BL_TRY(distribute(comm, size, matrix, &blocks));
    BL_TRY(bl_blockmatrix_eigenvalues(blocks, eigenvalue));
cleanup:
    bl_blockmatrix_destroy(&blocks);
    return err;
}

bl_err bl_spectra_divergence(MPI_Comm comm, size_t size, const double *a, const double *b,
                             bl_divergence *divergence) {
    bl_err err = BL_OK;
    bl_blockmatrix *blocks_a = NULL, *blocks_b = NULL;
    BL_TRY(distribute(comm, size, a, &blocks_a));
    BL_TRY(distribute(comm, size, b, &blocks_b));
    err = bl_blockmatrix_divergence(blocks_a, blocks_b, divergence);
    if (err == BL_ERR_NUMERIC) {
        *divergence = (bl_divergence){NAN, NAN, NAN, 0, 0};
        err = BL_OK;
    }
cleanup:
    bl_blockmatrix_destroy(&blocks_a);
    bl_blockmatrix_destroy(&blocks_b);
    return err;
}

double bl_spectra_dimension(size_t size, const double *eigenvalue) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < size; i++) {
        sum += eigenvalue[i];
        squares += eigenvalue[i] * eigenvalue[i];
    }
    return sum * sum / squares;
}
