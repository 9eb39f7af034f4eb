/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Cholesky factor of a covariance that grows row by row; numbers that the rows before determine are left out.
 * Private to src/gp.
 */
#ifndef BORDERLINE_GP_FACTOR_H
#define BORDERLINE_GP_FACTOR_H

#include "borderline/err.h"
#include <stddef.h>

typedef struct bl_factor {
    size_t rows, capacity;
    double *entry; /* row i at i (i + 1) / 2 */
} bl_factor;

void bl_factor_clear(bl_factor *factor);

/** Reserve room for this many rows. */
bl_err bl_factor_reserve(bl_factor *factor, size_t rows) BL_NODISCARD;

/** covariance[count][stride] of new numbers with the rows from `from` on becomes L^-1 of it, in place, for the columns from ..
 * rows - 1. Columns before `from` are done. */
void bl_factor_solve(const bl_factor *factor, size_t from, size_t count, size_t stride, double *covariance);

/** Sum of the products of two rows, in eight partial sums: the same bits on any vector width. */
double bl_factor_dot(size_t n, const double *a, const double *b);

/** Append the row (solved[rows], root); its room must be reserved. */
void bl_factor_append(bl_factor *factor, const double *solved, double root);

#endif
