/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a value of a sweep file may be besides a number or a word: an axis of the grid, and the box.
 */
#ifndef BORDERLINE_AXIS_H
#define BORDERLINE_AXIS_H

#include "borderline/err.h"
#include <stddef.h>

enum { BL_AXIS_LENGTH_MAX = 4096 };

/* One axis of the grid (at most BL_AXIS_LENGTH_MAX values), as given; widths and p may be infinite. */
typedef struct bl_axis {
    size_t count;
    double *value; /* [count] */
} bl_axis;

/* The box that boundary points must lie in; lo = -inf and hi = inf: no box. */
typedef struct bl_box {
    double lo, hi;
} bl_box;

static inline bool bl_box_is_bounded(bl_box box) {
    return box.lo > -__builtin_inf() || box.hi < __builtin_inf();
}

/** The largest box of float32 numbers within the box: its ends rounded inwards, so that float32 inputs drawn between them lie
 * in it.
 *
 * Collective:  no.
 * @param[out] lo, hi  -inf and inf stay as they are
 * @return whether float32 resolves the box: its width is at least 4,096 spacings of float32 at its larger end, and 2^24 times
 *         the smallest normal number. Distances in a narrower one would be those of rounding.
 */
BL_API bool bl_box_float32(bl_box box, float *lo, float *hi);

#endif
