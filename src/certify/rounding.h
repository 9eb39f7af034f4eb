/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What float64 arithmetic is charged with. Private to src/certify.
 */
#ifndef BORDERLINE_CERTIFY_ROUNDING_H
#define BORDERLINE_CERTIFY_ROUNDING_H

#include <float.h>
#include <stddef.h>

/* Twice the unit roundoff: one operation and the rounding of the charge itself. */
#define BL_ROUNDING DBL_EPSILON

/* A sum of `terms` products in any order, relative to the sum of their absolute values: k u / (1 - k u) with k = terms (Higham,
 * Accuracy and Stability of Numerical Algorithms, section 3.1), twice, for the rounding of the charge itself. */
static inline double bl_rounding_of_sum(size_t terms) {
    return (double)(terms + 4) * BL_ROUNDING;
}

#endif
