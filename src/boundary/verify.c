/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Confirmation in float64. The float32 search leaves a point within about 1e-6 of the boundary, and its slope along the ray:
 * one Newton step and one point on each side close the bracket, three evaluations as a rule.
 */
#include "verify.h"

#include <math.h>

enum { EVALUATIONS = 60 };
static const double WIDTH = 1e-6;  /* of the closed bracket, relative */
static const double OFFSET = 2e-7; /* of a point placed on one side of the expected crossing */
static const double FARTHEST = 4.0;

bl_ray bl_ray_start(const float *h, double slope) {
    return (bl_ray){.h = h,
                    .inside = 0.0,
                    .outside = INFINITY,
                    .f_inside = NAN,
                    .next = 1.0,
                    .slope = slope < 0.0 ? slope : -1.0,
                    .open = true};
}

/* Where to look next, given a crossing expected at t: beyond the side that is not yet close. */
static double next_point(const bl_ray *r, double expected) {
    double offset = OFFSET * exp2(2.0 * (double)(r->evaluations > 2 ? r->evaluations - 2 : 0)) * expected;
    bool outside_close = r->outside - expected <= WIDTH / 2.0 * expected && isfinite(r->outside);
    double t = outside_close ? expected - offset : expected + offset;
    if (isinf(r->outside))
        return fmin(fmax(t, r->inside * (1.0 + OFFSET)), FARTHEST);
    if (!(t > r->inside && t < r->outside))
        t = (fmax(r->inside, 0.0) + r->outside) / 2.0;
    return t;
}

void bl_ray_receive(bl_ray *r, double margin) {
    double t = r->next;
    r->evaluations++;
    if (margin <= 0.0) {
        r->outside = t;
        r->f_outside = margin;
    } else {
        r->inside = t;
        r->f_inside = margin;
    }
    bool closed = isfinite(r->outside) && r->outside - r->inside <= WIDTH * r->outside;
    if (closed || r->evaluations >= EVALUATIONS || isnan(margin) || (isinf(r->outside) && t >= FARTHEST)) {
        r->open = false;
        return;
    }
    if (isfinite(r->outside) && r->evaluations > 8 && r->evaluations % 2 == 0) {
        r->next = (r->inside + r->outside) / 2.0;
        return;
    }
    bool both = isfinite(r->outside) && r->inside > 0.0;
    double expected = t - margin / r->slope;
    if (both)
        expected = r->inside + (r->outside - r->inside) * r->f_inside / (r->f_inside - r->f_outside);
    if (!(expected > 0.0))
        expected = t / 2.0;
    r->next = next_point(r, expected);
}

void bl_ray_point(const bl_ray *r, double t, size_t n, const double *x0, bl_box box, double *x) {
    for (size_t i = 0; i < n; i++)
        x[i] = fmin(fmax(x0[i] + t * (double)r->h[i], box.lo), box.hi);
}
