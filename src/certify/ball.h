/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The set that a proof speaks of: the l^p ball around an input, cut by the box. Private to src/certify.
 */
#ifndef BORDERLINE_CERTIFY_BALL_H
#define BORDERLINE_CERTIFY_BALL_H

#include "borderline/config.h"

/* S = {h : |h|_p <= radius, lo <= h <= hi}; p = 0: at most `radius` numbers of h differ from 0. */
typedef struct bl_ball {
    size_t n;
    double p, radius;
    const double *x0; /* [n] the centre */
    bool boxed;
    double *lo, *hi; /* [n] with a box: the room of each coordinate, rounded outwards */
    double *work;    /* [4 n] */
} bl_ball;

/** Room of the box around x0[n], and workspace; p and radius are the caller's to set.
 *
 * Collective:  no.
 * Ownership:   x0 is borrowed while the ball is in use; freed with bl_ball_clear.
 */
BL_API bl_err bl_ball_create(size_t n, const double *x0, bl_box box, bl_ball *ball) BL_NODISCARD;
BL_API void bl_ball_clear(bl_ball *ball);

/** A lower bound of min over S of <a, h>, rounding charged for.
 *
 * Math:        without a box -radius |a|_q. With one: p = inf by coordinate; else the Lagrange dual in the one multiplier
 *              of |h|_p <= radius, a bound at any multiplier, taken where it is nearly largest.
 * Shapes:      a[n]; h[n] or NULL: a point of S, up to rounding, where <a, h> is near the minimum (p >= 1).
 * Collective:  no.
 */
BL_API double bl_ball_least(const bl_ball *ball, const double *a, double *h);

/** p = 1 with a box: a lower bound of min sum theta_k value_k over the vertices radius e_j (k = j) and -radius e_j (k = n + j)
 * with 0 <= theta_k <= room / radius and sum theta <= 1.
 *
 * Shapes:      value[2 n]; theta[2 n]: a mixture where it is near the minimum.
 * Collective:  no.
 */
double bl_ball_least_mixture(const bl_ball *ball, const double *value, double *theta);

/** x[n] = x0 + h, held in the box. Collective: no. */
void bl_ball_point(const bl_ball *ball, const double *h, double *x);

/** Upper bounds of |h_i| over S, into most[n], and of |h|_2. Collective: no. */
void bl_ball_reach(const bl_ball *ball, double *most);
double bl_ball_length2(const bl_ball *ball);

#endif
