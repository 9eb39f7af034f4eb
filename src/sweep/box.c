/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The box in float32.
 */
#include "borderline/axis.h"

#include <float.h>
#include <math.h>

bool bl_box_float32(bl_box box, float *lo, float *hi) {
    enum { SPACINGS_MIN = 4096 };
    *lo = (float)box.lo;
    *hi = (float)box.hi;
    if ((double)*lo < box.lo)
        *lo = nextafterf(*lo, INFINITY);
    if ((double)*hi > box.hi)
        *hi = nextafterf(*hi, -INFINITY);
    const double width = box.hi - box.lo, largest = fmax(fabs(box.lo), fabs(box.hi));
    return isinf(width) ||
           width >= fmax(SPACINGS_MIN * (double)FLT_EPSILON * largest, 0x1p24 * (double)FLT_MIN);
}
