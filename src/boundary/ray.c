/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A crossing on a ray, bracketed in float64. The search leaves a point near the boundary and the slope there. Each evaluation is
 * put just beyond the crossing that slope or secant promise, by what they may be off, so that it closes the bracket from the
 * other side: three evaluations as a rule.
 */
#include "ray.h"

#include <math.h>

enum { EVALUATIONS = 60 };
static const double WIDTH = 1e-6;    /* of the closed bracket, relative */
static const double FARTHEST = 16.0; /* t */

bl_ray bl_ray_start(const float *h, double slope) {
    return (bl_ray){.h = h,
                    .outside = INFINITY,
                    .f_inside = 1.0,
                    .next = 1.0,
                    .slope = slope < 0.0 ? slope : -1.0,
                    .doubt = WIDTH,
                    .open = true};
}

/* Where the margin should vanish, seen from the last point t. */
static double expected_crossing(const bl_ray *r, double t, double margin) {
    if (isfinite(r->outside) && r->inside > 0.0)
        return r->inside + (r->outside - r->inside) * r->f_inside / (r->f_inside - r->f_outside);
    return t - margin / r->slope;
}

void bl_ray_receive(bl_ray *r, double margin) {
    double t = r->next;
    bool crossed = margin <= 0.0;
    /* the last point was meant for the other side: the doubt was too small */
    bool missed = r->evaluations > 0 && crossed == r->crossed;
    r->crossed = crossed;
    r->evaluations++;
    *(crossed ? &r->outside : &r->inside) = t;
    *(crossed ? &r->f_outside : &r->f_inside) = margin;
    bool closed = isfinite(r->outside) && r->outside - r->inside <= WIDTH * r->outside;
    if (closed || r->evaluations >= EVALUATIONS || isnan(margin) || (isinf(r->outside) && t >= FARTHEST)) {
        r->open = false;
        return;
    }
    double expected = expected_crossing(r, t, margin), step = fabs(expected - t) / t;
    double least = isfinite(r->outside) && r->inside > 0.0 ? 0.4 * WIDTH : 0.2 * WIDTH;
    r->doubt = missed ? 8.0 * r->doubt : fmax(fmin(step * step, 0.1 * step), least);
    r->next = crossed ? fmin(expected, t) * (1.0 - r->doubt) : fmax(expected, t) * (1.0 + r->doubt);
    if (isinf(r->outside))
        r->next = fmin(r->next, FARTHEST);
    else if (!(r->next > r->inside && r->next < r->outside) || r->evaluations % 8 == 0)
        r->next = (r->inside + r->outside) / 2.0;
}
