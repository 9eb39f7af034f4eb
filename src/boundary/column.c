/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One column of a search. A run collects the tangent planes of the margin f at the points it visits and asks for the nearest
 * point of all of them (nearest.c). Until something crosses (SEEK) every plane counts, so that two faces that hide the boundary
 * from each other are met together. From a crossing (DESCEND) only planes that admit the shortest crossing count: the next point
 * is their nearest, tried in full, then nearer and nearer to the crossing, and whatever is met there is a shorter crossing or a
 * new plane. Inside a region where f is convex this is Kelley's cutting-plane method and ends on the exact minimum.
 */
#include "column.h"
#include "lanes.h"
#include "linear_step.h"

#include <math.h>

enum { SEEKS = 14, STALLS = 6 };
static const double TRIED_FRACTION = 0.4;

void bl_column_start(bl_column *c, size_t n) {
    (void)n;
    c->phase = BL_PHASE_SEEK;
    c->planes = 0;
    c->seeks = c->stalls = 0;
    c->incumbent_length = INFINITY;
    c->runs++;
}

void bl_column_offer(bl_column *c, size_t n, const float *h, double f, double slope, size_t target) {
    double length = bl_float_norm(c->p, n, h);
    if (!(length < c->best_length))
        return;
    if (c->runs > 1 && length < c->best_length * (1.0 - 1e-6))
        c->won++;
    c->best_length = length;
    c->best_f = f;
    c->best_slope = slope;
    c->best_target = target;
    memcpy(c->best, h, n * sizeof *h);
}

/* Keep the planes whose numbers say so, in order. */
static void keep_planes(bl_column *c, const bool *keep) {
    size_t m = 0;
    for (size_t a = 0; a < c->planes; a++)
        if (keep[a]) {
            float *swap = c->normal[m];
            c->normal[m] = c->normal[a];
            c->normal[a] = swap;
            c->offset[m] = c->offset[a];
            c->multiplier[m] = c->multiplier[a];
            m++;
        }
    c->planes = m;
}

static void drop_oldest(bl_column *c, size_t number) {
    bool keep[BL_NEAREST_PLANES];
    for (size_t a = 0; a < c->planes; a++)
        keep[a] = a >= number;
    keep_planes(c, keep);
}

static double plane_value(const bl_column *c, size_t n, size_t a, const float *h) {
    return lane_dot(n, c->normal[a], h) - c->offset[a];
}

static void add_plane(bl_column *c, size_t n, double f, const float *gradient) {
    if (c->planes == c->planes_max) {
        /* the one without a multiplier, else the oldest */
        bool keep[BL_NEAREST_PLANES];
        size_t out = 0;
        for (size_t a = c->planes; a-- > 0;) {
            keep[a] = true;
            if (!(c->multiplier[a] > 0.0))
                out = a;
        }
        keep[out] = false;
        keep_planes(c, keep);
    }
    memcpy(c->normal[c->planes], gradient, n * sizeof *gradient);
    c->offset[c->planes] = lane_dot(n, gradient, c->query) - f;
    c->multiplier[c->planes] = 0.0;
    c->planes++;
}

/* Nearest point of all planes, moved by `beyond` across them, into query. */
static bool solve_model(bl_column *c, const bl_search_input *in, size_t n, double beyond,
                        bl_nearest_work *work, double *length) {
    double offset[BL_NEAREST_PLANES];
    if (c->p == 0.0)
        return bl_linear_step_within(0.0, n, in->lo, in->hi, c->normal[c->planes - 1],
                                     c->offset[c->planes - 1] - beyond, work->v, c->query, length);
    for (size_t a = 0; a < c->planes; a++)
        offset[a] = c->offset[a] - beyond;
    bl_nearest_problem problem = {.p = c->p,
                                  .n = n,
                                  .count = c->planes,
                                  .lo = in->lo,
                                  .hi = in->hi,
                                  .normal = (const float **)c->normal,
                                  .offset = offset,
                                  .scale = c->scale};
    bool found = bl_nearest_point(&problem, work, c->multiplier, c->query);
    *length = bl_float_norm(c->p, n, c->query);
    return found;
}

static void end_run(bl_column *c) {
    c->phase = BL_PHASE_DONE;
}

static void seek(bl_column *c, const bl_search_input *in, size_t n, double f, const float *gradient,
                 bl_nearest_work *work) {
    double before = bl_float_norm(c->p, n, c->query), length = 0.0;
    add_plane(c, n, f, gradient);
    if (++c->seeks > SEEKS) {
        end_run(c);
        return;
    }
    double beyond = c->seeks > 3 ? 0.002 * exp2((double)c->seeks) : 0.0;
    bool found = false;
    while (c->planes > 0 && !found) {
        found = solve_model(c, in, n, beyond, work, &length) && length <= 3.0 * before;
        if (!found)
            drop_oldest(c, (c->planes + 1) / 2);
    }
    if (!found)
        for (size_t i = 0; i < n; i++)
            c->query[i] = fminf(fmaxf(1.5F * c->query[i], in->lo[i]), in->hi[i]);
    else if (length >= c->best_length)
        end_run(c);
}

/* The next point from the incumbent, or the end. */
static void descend(bl_column *c, const bl_search_input *in, size_t n, bl_nearest_work *work) {
    bool keep[BL_NEAREST_PLANES];
    for (size_t a = 0; a < c->planes; a++)
        keep[a] = plane_value(c, n, a, c->incumbent) <= 1e-5 + in->noise;
    keep_planes(c, keep);
    double length = 0.0;
    while (c->planes > 0 && !solve_model(c, in, n, 0.0, work, &length))
        drop_oldest(c, (c->planes + 1) / 2);
    if (c->planes == 0 || length >= c->incumbent_length * (1.0 - 2e-6) ||
        length >= c->best_length * (1.0 - 1e-4 * (c->incumbent_length > c->best_length)))
        end_run(c);
}

static void accept_incumbent(bl_column *c, size_t n, double f, const float *gradient) {
    double length = bl_float_norm(c->p, n, c->query);
    c->stalls = length < c->incumbent_length * (1.0 - 1e-4) ? 0 : c->stalls + 1;
    c->incumbent_length = length;
    c->incumbent_f = f;
    c->incumbent_slope = lane_dot(n, gradient, c->query);
    memcpy(c->incumbent, c->query, n * sizeof *c->query);
    bl_column_offer(c, n, c->query, f, c->incumbent_slope, c->target);
}

void bl_column_receive(bl_column *c, const bl_search_input *in, size_t n, double f, const float *gradient,
                       bl_nearest_work *work) {
    bool crossed = f <= in->noise;
    if (crossed) {
        accept_incumbent(c, n, f, gradient);
        add_plane(c, n, f, gradient);
        c->phase = BL_PHASE_DESCEND;
        if (c->stalls > STALLS)
            end_run(c);
        else
            descend(c, in, n, work);
        return;
    }
    if (c->phase == BL_PHASE_SEEK) {
        seek(c, in, n, f, gradient, work);
        return;
    }
    double at_incumbent = lane_dot(n, gradient, c->incumbent) - lane_dot(n, gradient, c->query) + f;
    if (at_incumbent <= 1e-6 + in->noise) {
        add_plane(c, n, f, gradient);
        if (++c->stalls > 4 * STALLS)
            end_run(c);
        else
            descend(c, in, n, work);
        return;
    }
    double moved = 0.0; /* the plane does not admit the incumbent: a concave edge between; try nearer */
    for (size_t i = 0; i < n; i++) {
        float step = (float)TRIED_FRACTION * (c->query[i] - c->incumbent[i]);
        moved = fmax(moved, fabs((double)step));
        c->query[i] = c->incumbent[i] + step;
    }
    if (moved < 1e-5 * c->scale)
        end_run(c);
}
