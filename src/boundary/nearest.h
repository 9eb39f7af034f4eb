/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Nearest point of several half-spaces in l^p within a box: the search's model of the far side.
 * Private to src/boundary.
 */
#ifndef BORDERLINE_BOUNDARY_NEAREST_H
#define BORDERLINE_BOUNDARY_NEAREST_H

#include "borderline/err.h"
#include <stddef.h>

enum { BL_NEAREST_PLANES = 32 };

/* Scratch for one solution at a time. */
typedef struct bl_nearest_work {
    float *v, *w, *slope, *weighted; /* [n] each */
} bl_nearest_work;

typedef struct bl_nearest_problem {
    double p;             /* >= 1 or inf */
    size_t n, count;      /* planes, 1 .. BL_NEAREST_PLANES */
    const float *lo, *hi; /* [n]: box for h, lo <= 0 <= hi */
    const float **normal; /* [count][n] */
    const double *offset; /* [count]: <normal, h> <= offset */
    double scale;         /* typical size of the largest |h_i|, > 0 */
} bl_nearest_problem;

/** min |h|_p subject to <g_j, h> <= c_j and lo <= h <= hi.
 *
 * Math:        p = 1 and inf: a linear program (simplex.h). Else by duality: with v = sum mu_j g_j, mu >= 0, the minimiser
 * is separable, h_i = -sign(v_i) min(|v_i|^(1/(p-1)), u_i), and the dual is concave and smooth in as many multipliers as there
 * are planes: Newton's method with an active set and a line search, a few sweeps over n per iteration.
 * Collective:  no
 * @param[in,out] multiplier  [count] of the last solution (0: none), where the search for this one begins; zero for planes that do not
 *                           hold the point
 * @param[out] h              [n]
 * @return true; false when no such point was found (empty, or out of iterations)
 */
BL_API bool bl_nearest_point(const bl_nearest_problem *problem, bl_nearest_work *work, double *multiplier,
                             float *h);

#endif
