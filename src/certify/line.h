/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lines below and above an activation on an interval. Private to src/certify.
 */
#ifndef BORDERLINE_CERTIFY_LINE_H
#define BORDERLINE_CERTIFY_LINE_H

#include "borderline/config.h"

typedef struct bl_line {
    double slope, offset;
} bl_line;

/** below(x) <= phi(x) <= above(x) on [lo, hi], rounding charged for.
 *
 * Math:        the lines touch the convex and the concave envelope at the middle of the interval; relu and leaky_relu: the
 *              secant above, and below the piece on the longer side (Zhang et al. 2018). Any slope is sound: the
 *              offset is the extremum of phi(x) - slope x, at an end of the interval or where phi'(x) = slope.
 * Collective:  no.
 */
BL_API void bl_line_pair(bl_activation activation, double negative_slope, double lo, double hi,
                         bl_line *below, bl_line *above);

#endif
