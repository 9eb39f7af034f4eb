/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One column of a search.
 *
 * A run collects the tangent planes of the margin f where it goes, and goes to the nearest point of all of them
 * (nearest.c). Until something crosses (SEEK) every plane counts, so that two faces that hide the boundary from each
 * other are met together. From a crossing (DESCEND) only those planes count that admit the shortest crossing: their
 * nearest point is tried, then points beyond it or part of the way to it, then points nearer and nearer to the crossing,
 * and what is met there is a shorter crossing or a new plane. Where f is convex this is Kelley's cutting-plane method,
 * which ends on the exact minimum; where it is concave the run chooses a side. A run ends when its planes leave little to
 * gain over the shortest crossing of all runs; those of the run that found this one are kept, and at the end the search
 * goes on from there.
 */
#include "column.h"
#include "lanes.h"
#include "linear_step.h"

#include <math.h>

enum {
    SEEK_MAX = 14,  /* evaluations without a crossing */
    STALL_MAX = 24, /* evaluations in a row that shorten nothing by 1e-4 */
    RAY_STEPS = 4,  /* to meet a plane along a ray that the box bends */
    DRAWN_AFTER = 8 /* evaluations of a run; then only part of the way to the model's nearest point */
};
static const double OVERSTEP = 0.008;  /* in units of the margin; doubles with each further evaluation */
static const double SLACK = 4e-6;      /* a margin too small for a new plane to move the nearest point */
static const double SAME = 1e-3;       /* lengths of one point, relative */
static const double WORTHWHILE = 5e-3; /* what a later run must promise to gain, falling with their number */
static const double RESTRAINT = 1.1;   /* times the best length: where later runs look at most */
static const double TRIED_FRACTION = 0.4; /* of the way from a crossing that the plane does not admit */
static const double FAR_ABOVE = 1.03;     /* times the model's length: a crossing worth going round it for */
static const double NOT_FAR = 1.1;        /* the same: one worth coming nearer to by parts */
static const double DRAWN_FRACTION = 0.6; /* of the way from it, after DRAWN_AFTER */

static void begin_run(bl_column *c) {
    c->evaluations = c->stalls = 0;
    c->length_before_run = c->best_length;
    c->runs++;
}

void bl_column_start(bl_column *c) {
    begin_run(c);
    c->phase = BL_PHASE_SEEK;
    c->plane.count = 0;
    c->incumbent_length = INFINITY;
}

static void exchange_planes(bl_column *c) {
    bl_planes last = c->plane;
    c->plane = c->kept;
    c->kept = last;
}

const bl_planes *bl_column_best_planes(const bl_column *c) {
    bool running = c->phase != BL_PHASE_DONE && c->best_run == c->runs;
    return c->keeps && !running ? &c->kept : &c->plane;
}

/* A run in vain counts one failure, two if it came back to the best point, which is then likely the nearest there is. */
void bl_column_end_run(bl_column *c) {
    bool won = c->best_length < c->length_before_run * (1.0 - 1e-6);
    bool back = c->phase == BL_PHASE_DESCEND && c->model_length < c->best_length * (1.0 + SAME);
    if (c->keeps && won && c->phase == BL_PHASE_DESCEND) {
        exchange_planes(c);
        c->plane.count = 0;
        c->bound = c->model_length;
    }
    c->phase = BL_PHASE_DONE;
    if (c->finishing)
        return;
    c->failures = won ? c->failures / 2 : c->failures + (back ? 2 : 1);
    c->won += won && c->runs > 1;
}

void bl_column_offer(bl_column *c, size_t n, const float *h, double slope) {
    double length = bl_float_norm(c->p, n, h);
    if (!(length < c->best_length))
        return;
    c->best_length = length;
    c->best_slope = slope;
    c->best_run = c->runs;
    memcpy(c->best, h, n * sizeof *h);
}

/* On from h, the shortest crossing of this run. */
static void set_incumbent(bl_column *c, size_t n, const float *h, double length) {
    c->phase = BL_PHASE_DESCEND;
    c->incumbent_length = length;
    memcpy(c->incumbent, h, n * sizeof *h);
}

/* Forget the planes whose number is not kept, in order. */
static void keep_planes(bl_column *c, const bool *keep) {
    size_t m = 0;
    for (size_t a = 0; a < c->plane.count; a++)
        if (keep[a]) {
            float *swap = c->plane.normal[m];
            c->plane.normal[m] = c->plane.normal[a];
            c->plane.normal[a] = swap;
            c->plane.offset[m] = c->plane.offset[a];
            c->plane.multiplier[m] = c->plane.multiplier[a];
            m++;
        }
    c->plane.count = m;
}

static void drop_older_half(bl_column *c) {
    bool keep[BL_NEAREST_PLANES];
    for (size_t a = 0; a < c->plane.count; a++)
        keep[a] = a >= (c->plane.count + 1) / 2;
    keep_planes(c, keep);
}

/* Make room for a plane: the oldest that did not hold the last nearest point, else the oldest, goes. */
static void drop_one(bl_column *c) {
    bool keep[BL_NEAREST_PLANES];
    size_t out = 0;
    for (size_t a = c->plane.count; a-- > 0;) {
        keep[a] = true;
        if (!(c->plane.multiplier[a] > 0.0))
            out = a;
    }
    keep[out] = false;
    keep_planes(c, keep);
}

static void append_plane(bl_column *c, size_t n, const float *normal, double offset) {
    memcpy(c->plane.normal[c->plane.count], normal, n * sizeof *normal);
    c->plane.offset[c->plane.count] = offset;
    c->plane.multiplier[c->plane.count] = 0.0;
    c->plane.count++;
}

static void add_plane(bl_column *c, size_t n, double f, const float *gradient) {
    if (c->plane.count == c->capacity)
        drop_one(c);
    append_plane(c, n, gradient, lane_dot(n, gradient, c->query) - f);
}

static bool admits(const bl_planes *planes, size_t a, const bl_search_input *in, size_t n, const float *h) {
    return lane_dot(n, planes->normal[a], h) - planes->offset[a] <= 1e-5 + in->noise;
}

/* Only planes that admit the incumbent. */
static void keep_admitting(bl_column *c, const bl_search_input *in, size_t n) {
    bool keep[BL_NEAREST_PLANES];
    for (size_t a = 0; a < c->plane.count; a++)
        keep[a] = admits(&c->plane, a, in, n, c->incumbent);
    keep_planes(c, keep);
}

/* Nearest point of all planes, moved by `beyond` across them, into query. */
static bool solve_model(bl_column *c, const bl_search_input *in, size_t n, double beyond,
                        bl_nearest_work *work, double *length) {
    double offset[BL_NEAREST_PLANES];
    for (size_t a = 0; a < c->plane.count; a++)
        offset[a] = c->plane.offset[a] - beyond;
    bl_nearest_problem problem = {.p = c->p,
                                  .n = n,
                                  .count = c->plane.count,
                                  .lo = in->lo,
                                  .hi = in->hi,
                                  .normal = (const float **)c->plane.normal,
                                  .offset = offset,
                                  .scale = c->scale};
    bool found = bl_nearest_point(&problem, work, c->plane.multiplier, c->query);
    *length = bl_float_norm(c->p, n, c->query);
    return found;
}

static void scale_query(bl_column *c, const bl_search_input *in, size_t n, double factor) {
    for (size_t i = 0; i < n; i++)
        c->query[i] = fminf(fmaxf((float)factor * c->query[i], in->lo[i]), in->hi[i]);
}

/* No crossing yet: on to the nearest point of all planes. */
static void seek(bl_column *c, const bl_search_input *in, size_t n, bl_nearest_work *work) {
    double before = c->query_length, length = 0.0;
    bool later = isfinite(c->best_length), found = false;
    double beyond = c->evaluations > c->patience ? OVERSTEP * exp2(c->evaluations - c->patience) : 0.0;
    if (c->evaluations >= SEEK_MAX) {
        bl_column_end_run(c);
        return;
    }
    while (c->plane.count > 0 && !found) {
        found = solve_model(c, in, n, beyond, work, &length) && length <= 3.0 * before;
        if (!found)
            drop_older_half(c);
    }
    if (!found)
        scale_query(c, in, n, 1.5);
    else if (later && length >= c->best_length && c->evaluations >= c->held)
        bl_column_end_run(c);
    else if (later && length >= c->best_length)
        scale_query(c, in, n, RESTRAINT * c->best_length / length);
}

/* Move query to a fraction of the way from the incumbent to it. @return the largest move of a coordinate */
static double draw_in(bl_column *c, size_t n, double fraction) {
    double moved = 0.0;
    for (size_t i = 0; i < n; i++) {
        float step = (float)fraction * (c->query[i] - c->incumbent[i]);
        moved = fmax(moved, fabs((double)step));
        c->query[i] = c->incumbent[i] + step;
    }
    return moved;
}

/* The incumbent stalls far above the model, which creeps up to a boundary of many faces without crossing it: beyond its
 * planes, twice as far each time; half way to the incumbent where that is nearer. */
static void reach_beyond(bl_column *c, const bl_search_input *in, size_t n, bl_nearest_work *work) {
    double multiplier[BL_NEAREST_PLANES], length;
    memcpy(multiplier, c->plane.multiplier, sizeof multiplier);
    if (solve_model(c, in, n, OVERSTEP * exp2(c->stalls - 1), work, &length) && length < c->incumbent_length)
        return;
    memcpy(c->plane.multiplier, multiplier, sizeof multiplier);
    (void)solve_model(c, in, n, 0.0, work, &length);
    draw_in(c, n, 0.5);
}

/* Length that a run must promise to beat: what the best point's planes promise, but no less than a run can tell. */
static double length_to_beat(const bl_column *c) {
    return c->kept.count > 0 ? fmax(c->bound, c->best_length * (1.0 - c->gap)) : c->best_length;
}

/* On from the incumbent, or the end. */
static void descend(bl_column *c, const bl_search_input *in, size_t n, bl_nearest_work *work) {
    double length = 0.0;
    keep_admitting(c, in, n);
    while (c->plane.count > 0 && !solve_model(c, in, n, 0.0, work, &length))
        drop_older_half(c);
    double worthwhile = fmax(WORTHWHILE / (1.0 + 0.1 * c->runs), 1e-4);
    c->model_length = length;
    bool behind = c->incumbent_length > c->best_length;
    if (c->plane.count == 0 || c->stalls > STALL_MAX || length >= c->incumbent_length * (1.0 - c->gap) ||
        (behind && length >= length_to_beat(c) * (1.0 - worthwhile)))
        bl_column_end_run(c);
    else if (c->stalls > 1 && c->incumbent_length > FAR_ABOVE * length)
        reach_beyond(c, in, n, work);
    else if (c->evaluations > DRAWN_AFTER && c->incumbent_length < NOT_FAR * length)
        draw_in(c, n, DRAWN_FRACTION);
}

bool bl_column_adopt(bl_column *c, const bl_search_input *in, size_t n, const bl_column *other,
                     bl_nearest_work *work) {
    const bl_planes *planes = bl_column_best_planes(other);
    c->plane.count = 0;
    for (size_t a = 0; a < planes->count; a++)
        if (admits(planes, a, in, n, other->best))
            append_plane(c, n, planes->normal[a], planes->offset[a]);
    if (c->plane.count == 0)
        return false;
    begin_run(c);
    c->plane.target = planes->target;
    set_incumbent(c, n, other->best, bl_float_norm(c->p, n, other->best));
    bl_column_offer(c, n, other->best, other->best_slope);
    descend(c, in, n, work);
    return c->phase != BL_PHASE_DONE;
}

bool bl_column_unfinished(const bl_column *c, double gap) {
    return c->kept.count > 0 && c->bound < c->best_length * (1.0 - gap);
}

void bl_column_finish(bl_column *c, const bl_search_input *in, size_t n, double gap, bl_nearest_work *work) {
    exchange_planes(c);
    c->kept.count = 0;
    c->evaluations = c->stalls = 0;
    c->best_run = c->runs;
    c->gap = gap;
    c->finishing = true;
    set_incumbent(c, n, c->best, c->best_length);
    descend(c, in, n, work);
}

/* query crosses, or nearly so: the new incumbent. */
static void cross(bl_column *c, size_t n, const float *gradient) {
    double length = bl_float_norm(c->p, n, c->query);
    bool first = c->phase == BL_PHASE_SEEK;
    c->stalls = first || length < c->incumbent_length * (1.0 - 1e-4) ? 0 : c->stalls + 1;
    set_incumbent(c, n, c->query, length);
    bl_column_offer(c, n, c->query, lane_dot(n, gradient, c->query));
}

/* A point near its plane counts as a crossing a little beyond where its ray, held in the box, meets the plane.
 * Confirmation in float64 looks along this ray. */
static bool nearly_cross(bl_column *c, const bl_search_input *in, size_t n, double f, const float *gradient,
                         bl_nearest_work *work) {
    double slope = lane_dot(n, gradient, c->query), fall = -slope, left = f, factor = 1.0;
    if (!(slope < 0.0) || f > c->nearly * -slope)
        return false;
    memcpy(work->v, c->query, n * sizeof *c->query);
    for (int step = 0; left > 0.0 && fall > 0.0 && step < RAY_STEPS; step++) {
        double before = left, move = (left + 0.01 * f) / fall;
        factor += move;
        memcpy(c->query, work->v, n * sizeof *c->query);
        scale_query(c, in, n, factor);
        left = f + lane_dot(n, gradient, c->query) - slope;
        fall = (before - left) / move;
    }
    bool shorter = c->phase == BL_PHASE_SEEK || bl_float_norm(c->p, n, c->query) < c->incumbent_length;
    if (left <= 0.0 && shorter &&
        bl_float_norm(c->p, n, c->query) <= (1.0 + 3.0 * c->nearly) * c->query_length) {
        cross(c, n, gradient);
        return true;
    }
    memcpy(c->query, work->v, n * sizeof *c->query);
    return false;
}

/* SEEK: remember where the ray through query should cross, in case nothing better comes. */
static void guess(bl_column *c, size_t n, double f, double slope) {
    double ratio = slope < 0.0 ? 1.0 - f / slope : INFINITY;
    double length = c->query_length * ratio;
    if (!(ratio < 2.0) || !(length < c->incumbent_length))
        return;
    c->incumbent_length = length;
    c->incumbent_slope = slope * ratio;
    for (size_t i = 0; i < n; i++)
        c->incumbent[i] = (float)ratio * c->query[i];
}

/* The plane at query does not admit the incumbent, there is a concave edge between: try nearer to it. */
static void approach_incumbent(bl_column *c, size_t n) {
    double moved = draw_in(c, n, TRIED_FRACTION);
    c->stalls++;
    if (moved < 1e-5 * c->scale || c->stalls > STALL_MAX)
        bl_column_end_run(c);
}

void bl_column_receive(bl_column *c, const bl_search_input *in, size_t n, double f, const float *gradient,
                       bl_nearest_work *work) {
    double slope = lane_dot(n, gradient, c->query);
    c->evaluations++;
    c->query_length = bl_float_norm(c->p, n, c->query);
    if (f <= in->noise) {
        c->claimed = true;
        if (c->query_length < c->crossed_length) {
            c->crossed_length = c->query_length;
            memcpy(c->crossed, c->query, n * sizeof *c->query);
        }
        cross(c, n, gradient);
        add_plane(c, n, f, gradient);
        descend(c, in, n, work);
        return;
    }
    if (c->phase == BL_PHASE_DESCEND && f + lane_dot(n, gradient, c->incumbent) - slope > 1e-6 + in->noise) {
        approach_incumbent(c, n);
        return;
    }
    if (c->phase == BL_PHASE_SEEK)
        guess(c, n, f, slope);
    add_plane(c, n, f, gradient);
    if (!nearly_cross(c, in, n, f, gradient, work)) {
        c->stalls++;
        if (f <= SLACK)
            cross(c, n, gradient);
    }
    if (c->phase == BL_PHASE_SEEK)
        seek(c, in, n, work);
    else
        descend(c, in, n, work);
}
