/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Nearest point of several half-spaces in l^p within a box: the search's model of the far side.
 */
#ifndef BORDERLINE_BOUNDARY_NEAREST_H
#define BORDERLINE_BOUNDARY_NEAREST_H

#include "borderline/err.h"
#include <stddef.h>

enum { BL_NEAREST_PLANES = 16 };

/* Scratch for one solution at a time. */
typedef struct bl_nearest_work {
    float *v, *w, *slope; /* [n] each */
    float *compact;       /* [BL_NEAREST_PLANES][n] */
} bl_nearest_work;

typedef struct bl_nearest_problem {
    double p;             /* >= 1 or inf */
    size_t n, count;      /* planes, 1 .. BL_NEAREST_PLANES */
    const float *lo, *hi; /* [n]: box for h, lo <= 0 <= hi */
    const float **normal; /* [count][n] */
    const double *offset; /* [count]: <normal, h> <= offset */
    double scale;         /* typical size of the largest |h_i|, > 0 */
} bl_nearest_problem;

/** min |h|_p subject to <g_j, h> <= c_j and lo <= h <= hi, by Newton's method on the dual.
 *
 * Math:        with v = sum mu_j g_j the minimiser is separable: h_i = -sign(v_i) min(t(|v_i|), u_i), t =
 * |v|^(1/(p-1)) for 1 < p < inf. p = 1 and inf get a small quadratic term, which leaves the solution of a
 * linear program where it is (exact regularisation, Friedlander and Tseng 2007): t = (|v| - 1)/eps and t =
 * min(|v|/eps, r) with sum (|v_i| - eps r)+ = 1. The dual is concave and piecewise smooth in the count
 * multipliers; Newton with an active set for mu >= 0 and a line search ends in a few sweeps over n.
 * @param[in,out] multiplier  [count] the start (zeros will do) and the solution
 * @param[out] h              [n]
 * @return true; false when no such point was found (empty, or out of iterations)
 */
BL_API bool bl_nearest_point(const bl_nearest_problem *problem, bl_nearest_work *work, double *multiplier,
                             float *h);

#endif
