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
    SEEK_MAX = 14,     /* evaluations without a crossing */
    HELD_TO_CLASS = 8, /* evaluations that a run held to a class may take while its planes promise no gain */
    STALL_MAX = 24,    /* evaluations in a row that shorten nothing by 1e-4 */
    RAY_STEPS = 4,     /* to meet a plane along a ray that the box bends */
    DRAWN_AFTER = 8    /* evaluations of a run; then only part of the way to the model's nearest point */
};
static const double OVERSTEP = 0.008; /* in units of the margin; doubles with each further evaluation */
static const double SLACK = 4e-6;     /* a margin too small for a new plane to move the nearest point */
static const double OTHER_BASIN =
    0.01 * BL_CONFIDENCE_PERCENT; /* what a run gains that ends in another basin */
static const double SAME = 1e-3;  /* lengths of one point, relative */
static const double WORTHWHILE =
    5e-3; /* relative gain that the planes of a later run must promise; it falls with the number of runs */
static const double RESTRAINT = 1.1;      /* times the best length: where later runs look at most */
static const double TRIED_FRACTION = 0.4; /* of the way from a crossing that the plane does not admit */
static const double FAR_ABOVE = 1.03;     /* times the model's length: a crossing worth going round it for */
static const double NOT_FAR = 1.1;        /* the same: one worth coming nearer to by parts */
static const double DRAWN_FRACTION = 0.6; /* of the way from it, after DRAWN_AFTER */

double bl_column_bend(const bl_column *c) {
    double bend = fabs(log(c->best.length / c->first_order));
    if (isfinite(c->first_found))
        bend += log(c->first_found / c->best.length);
    return bend < 1.0 ? bend : 1.0;
}

double bl_column_confidence(const bl_column *c) {
    if (isinf(c->best.length) || c->p == 0.0)
        return NAN;
    double odds = 0.3 * (1.0 + c->returned) / pow(bl_column_bend(c) + 0.02, 0.62);
    return odds / (1.0 + odds);
}

static void begin_run(bl_column *c) {
    c->run.evaluations = c->run.stalls = 0;
    c->run.finishing = c->run.adopted = c->run.held_to_class = false;
    c->run.gap = c->run.coarse;
    c->run.length_before_run = c->best.length;
    c->runs++;
}

void bl_column_start(bl_column *c) {
    begin_run(c);
    c->run.phase = BL_PHASE_SEEK;
    c->run.planes.count = 0;
    c->run.incumbent_length = INFINITY;
}

static void exchange_planes(bl_column *c) {
    bl_planes last = c->run.planes;
    c->run.planes = c->best.planes;
    c->best.planes = last;
}

const bl_planes *bl_column_best_planes(const bl_column *c) {
    bool running = c->run.phase != BL_PHASE_DONE && c->best.found_by == c->runs;
    return c->keeps_planes && !running ? &c->best.planes : &c->run.planes;
}

/* What a run tells of the best point: a new basin, or the same one again. */
static void count_run(bl_column *c, bool back) {
    if (c->best.length < c->run.length_before_run * (1.0 - OTHER_BASIN))
        c->returned = 0;
    else if (back || c->best.length < c->run.length_before_run)
        c->returned += !c->run.adopted && !c->run.held_to_class;
}

/* A run that gains nothing counts as one failure, and as two if it came back to the best point: that point is then likely the
 * nearest there is. */
void bl_column_end_run(bl_column *c) {
    bool won = c->best.length < c->run.length_before_run * (1.0 - 1e-6);
    if (isinf(c->first_found))
        c->first_found = c->best.length;
    bool back = c->run.phase == BL_PHASE_DESCEND && c->run.model_length < c->best.length * (1.0 + SAME);
    if (c->keeps_planes && won && c->run.phase == BL_PHASE_DESCEND) {
        exchange_planes(c);
        c->run.planes.count = 0;
        c->best.bound = c->run.model_length;
    }
    c->run.phase = BL_PHASE_DONE;
    if (c->run.finishing)
        return;
    c->best.finished = c->best.finished && !won;
    count_run(c, back);
    if (won)
        c->failures /= 2;
    else if (!c->run.adopted && !c->run.held_to_class)
        c->failures += back ? 2 : 1;
    c->won += won && c->runs > 1;
}

void bl_column_offer(bl_column *c, size_t n, const float *h, double slope) {
    double length = bl_float_norm(c->p, n, h);
    if (!(length < c->best.length))
        return;
    c->best.length = length;
    c->best.slope = slope;
    c->best.found_by = c->runs;
    memcpy(c->best.point, h, n * sizeof *h);
}

/* Continue from h, the shortest crossing of this run. */
static void set_incumbent(bl_column *c, size_t n, const float *h, double length) {
    c->run.phase = BL_PHASE_DESCEND;
    c->run.incumbent_length = length;
    memcpy(c->run.incumbent, h, n * sizeof *h);
}

/* Forget the planes whose number is not kept, in order. */
static void keep_planes(bl_column *c, const bool *keep) {
    size_t m = 0;
    for (size_t a = 0; a < c->run.planes.count; a++)
        if (keep[a]) {
            float *swap = c->run.planes.normal[m];
            c->run.planes.normal[m] = c->run.planes.normal[a];
            c->run.planes.normal[a] = swap;
            c->run.planes.offset[m] = c->run.planes.offset[a];
            c->run.planes.multiplier[m] = c->run.planes.multiplier[a];
            m++;
        }
    c->run.planes.count = m;
}

static void drop_older_half(bl_column *c) {
    bool keep[BL_NEAREST_PLANES];
    for (size_t a = 0; a < c->run.planes.count; a++)
        keep[a] = a >= (c->run.planes.count + 1) / 2;
    keep_planes(c, keep);
}

/* Make room for a plane: the oldest that did not hold the last nearest point, else the oldest, goes. */
static void drop_one(bl_column *c) {
    bool keep[BL_NEAREST_PLANES];
    size_t out = 0;
    for (size_t a = c->run.planes.count; a-- > 0;) {
        keep[a] = true;
        if (!(c->run.planes.multiplier[a] > 0.0))
            out = a;
    }
    keep[out] = false;
    keep_planes(c, keep);
}

static void append_plane(bl_column *c, size_t n, const float *normal, double offset) {
    memcpy(c->run.planes.normal[c->run.planes.count], normal, n * sizeof *normal);
    c->run.planes.offset[c->run.planes.count] = offset;
    c->run.planes.multiplier[c->run.planes.count] = 0.0;
    c->run.planes.count++;
}

static void add_plane(bl_column *c, size_t n, double f, const float *gradient) {
    if (c->run.planes.count == c->run.capacity)
        drop_one(c);
    append_plane(c, n, gradient, lane_dot(n, gradient, c->run.query) - f);
}

static bool admits(const bl_planes *planes, size_t a, const bl_search_input *in, size_t n, const float *h) {
    return lane_dot(n, planes->normal[a], h) - planes->offset[a] <= 1e-5 + in->noise;
}

/* Only planes that admit the incumbent. */
static void keep_admitting(bl_column *c, const bl_search_input *in, size_t n) {
    bool keep[BL_NEAREST_PLANES];
    for (size_t a = 0; a < c->run.planes.count; a++)
        keep[a] = admits(&c->run.planes, a, in, n, c->run.incumbent);
    keep_planes(c, keep);
}

/* Nearest point of all planes, moved by `beyond` across them, into query. */
static bool solve_model(bl_column *c, const bl_search_input *in, size_t n, double beyond,
                        bl_nearest_work *work, double *length) {
    double offset[BL_NEAREST_PLANES];
    for (size_t a = 0; a < c->run.planes.count; a++)
        offset[a] = c->run.planes.offset[a] - beyond;
    bl_nearest_problem problem = {.p = c->p,
                                  .n = n,
                                  .count = c->run.planes.count,
                                  .lo = in->lo,
                                  .hi = in->hi,
                                  .normal = (const float **)c->run.planes.normal,
                                  .offset = offset,
                                  .scale = c->scale};
    bool found = bl_nearest_point(&problem, work, c->run.planes.multiplier, c->run.query);
    *length = bl_float_norm(c->p, n, c->run.query);
    return found;
}

static void scale_query(bl_column *c, const bl_search_input *in, size_t n, double factor) {
    for (size_t i = 0; i < n; i++)
        c->run.query[i] = fminf(fmaxf((float)factor * c->run.query[i], in->lo[i]), in->hi[i]);
}

/* No crossing yet: on to the nearest point of all planes. */
static void seek(bl_column *c, const bl_search_input *in, size_t n, bl_nearest_work *work) {
    double before = c->run.query_length, length = 0.0;
    bool later = isfinite(c->best.length), found = false;
    double beyond =
        c->run.evaluations > c->run.patience ? OVERSTEP * exp2(c->run.evaluations - c->run.patience) : 0.0;
    if (c->run.evaluations >= SEEK_MAX) {
        bl_column_end_run(c);
        return;
    }
    while (c->run.planes.count > 0 && !found) {
        found = solve_model(c, in, n, beyond, work, &length) && length <= 3.0 * before;
        if (!found)
            drop_older_half(c);
    }
    if (!found)
        scale_query(c, in, n, 1.5);
    else if (later && length >= c->best.length &&
             c->run.evaluations >= (c->run.held_to_class ? HELD_TO_CLASS : c->run.held))
        bl_column_end_run(c);
    else if (later && length >= c->best.length)
        scale_query(c, in, n, RESTRAINT * c->best.length / length);
}

/* Move query to a fraction of the way from the incumbent to it. @return the largest move of a coordinate */
static double draw_in(bl_column *c, size_t n, double fraction) {
    double moved = 0.0;
    for (size_t i = 0; i < n; i++) {
        float step = (float)fraction * (c->run.query[i] - c->run.incumbent[i]);
        moved = fmax(moved, fabs((double)step));
        c->run.query[i] = c->run.incumbent[i] + step;
    }
    return moved;
}

/* The incumbent stalls far above the model, which creeps up to a boundary of many faces without crossing it: beyond its
 * planes, twice as far each time; half way to the incumbent where that is nearer. */
static void reach_beyond(bl_column *c, const bl_search_input *in, size_t n, bl_nearest_work *work) {
    double multiplier[BL_NEAREST_PLANES], length;
    memcpy(multiplier, c->run.planes.multiplier, sizeof multiplier);
    if (solve_model(c, in, n, OVERSTEP * exp2(c->run.stalls - 1), work, &length) &&
        length < c->run.incumbent_length)
        return;
    memcpy(c->run.planes.multiplier, multiplier, sizeof multiplier);
    (void)solve_model(c, in, n, 0.0, work, &length);
    draw_in(c, n, 0.5);
}

/* Length below which a run's planes must promise a crossing: what the best point's planes promise, but no shorter than a run
 * can resolve. */
static double length_to_beat(const bl_column *c) {
    return c->best.planes.count > 0 ? fmax(c->best.bound, c->best.length * (1.0 - c->run.gap))
                                    : c->best.length;
}

static double most_evaluations(const bl_column *c) {
    return c->run.most + c->run.most_bent * bl_column_bend(c);
}

/* Continue from the incumbent, or end the run. */
static void descend(bl_column *c, const bl_search_input *in, size_t n, bl_nearest_work *work) {
    double length = 0.0;
    keep_admitting(c, in, n);
    while (c->run.planes.count > 0 && !solve_model(c, in, n, 0.0, work, &length))
        drop_older_half(c);
    double worthwhile = fmax(WORTHWHILE / (1.0 + 0.1 * c->runs), 1e-4);
    c->run.model_length = length;
    bool behind = c->run.incumbent_length > c->best.length;
    if (c->run.planes.count == 0 || c->run.stalls > STALL_MAX || c->run.evaluations >= most_evaluations(c) ||
        length >= c->run.incumbent_length * (1.0 - c->run.gap) ||
        (behind && length >= length_to_beat(c) * (1.0 - worthwhile)))
        bl_column_end_run(c);
    else if (c->run.stalls > 1 && c->run.incumbent_length > FAR_ABOVE * length)
        reach_beyond(c, in, n, work);
    else if (c->run.evaluations > DRAWN_AFTER && c->run.incumbent_length < NOT_FAR * length)
        draw_in(c, n, DRAWN_FRACTION);
}

bool bl_column_adopt(bl_column *c, const bl_search_input *in, size_t n, const bl_column *other,
                     bl_nearest_work *work) {
    const bl_planes *planes = bl_column_best_planes(other);
    c->run.planes.count = 0;
    for (size_t a = 0; a < planes->count; a++)
        if (admits(planes, a, in, n, other->best.point))
            append_plane(c, n, planes->normal[a], planes->offset[a]);
    if (c->run.planes.count == 0)
        return false;
    begin_run(c);
    c->run.adopted = true;
    c->run.planes.target = planes->target;
    set_incumbent(c, n, other->best.point, bl_float_norm(c->p, n, other->best.point));
    bl_column_offer(c, n, other->best.point, other->best.slope);
    descend(c, in, n, work);
    return c->run.phase != BL_PHASE_DONE;
}

bool bl_column_unfinished(const bl_column *c, double gap) {
    return !c->best.finished && c->best.planes.count > 0 && c->best.bound < c->best.length * (1.0 - gap);
}

void bl_column_finish(bl_column *c, const bl_search_input *in, size_t n, double gap, bl_nearest_work *work) {
    exchange_planes(c);
    c->best.planes.count = 0;
    c->run.evaluations = c->run.stalls = 0;
    c->best.found_by = c->runs;
    c->run.gap = gap;
    c->run.finishing = c->best.finished = true;
    set_incumbent(c, n, c->best.point, c->best.length);
    descend(c, in, n, work);
}

/* query crosses, or nearly so: the new incumbent. */
static void cross(bl_column *c, size_t n, const float *gradient) {
    double length = bl_float_norm(c->p, n, c->run.query);
    bool first = c->run.phase == BL_PHASE_SEEK;
    c->run.stalls = first || length < c->run.incumbent_length * (1.0 - 1e-4) ? 0 : c->run.stalls + 1;
    set_incumbent(c, n, c->run.query, length);
    bl_column_offer(c, n, c->run.query, lane_dot(n, gradient, c->run.query));
}

/* A point near its plane counts as a crossing a little beyond where its ray, held in the box, meets the plane.
 * Confirmation in float64 looks along this ray. */
static bool nearly_cross(bl_column *c, const bl_search_input *in, size_t n, double f, const float *gradient,
                         bl_nearest_work *work) {
    double slope = lane_dot(n, gradient, c->run.query), fall = -slope, left = f, factor = 1.0;
    if (!(slope < 0.0) || f > c->run.nearly * -slope)
        return false;
    memcpy(work->v, c->run.query, n * sizeof *c->run.query);
    for (int step = 0; left > 0.0 && fall > 0.0 && step < RAY_STEPS; step++) {
        double before = left, move = (left + 0.01 * f) / fall;
        factor += move;
        memcpy(c->run.query, work->v, n * sizeof *c->run.query);
        scale_query(c, in, n, factor);
        left = f + lane_dot(n, gradient, c->run.query) - slope;
        fall = (before - left) / move;
    }
    bool shorter =
        c->run.phase == BL_PHASE_SEEK || bl_float_norm(c->p, n, c->run.query) < c->run.incumbent_length;
    if (left <= 0.0 && shorter &&
        bl_float_norm(c->p, n, c->run.query) <= (1.0 + 3.0 * c->run.nearly) * c->run.query_length) {
        cross(c, n, gradient);
        return true;
    }
    memcpy(c->run.query, work->v, n * sizeof *c->run.query);
    return false;
}

/* SEEK: remember where the ray through query should cross, in case nothing better comes. */
static void guess(bl_column *c, size_t n, double f, double slope) {
    double ratio = slope < 0.0 ? 1.0 - f / slope : INFINITY;
    double length = c->run.query_length * ratio;
    if (!(ratio < 2.0) || !(length < c->run.incumbent_length))
        return;
    c->run.incumbent_length = length;
    c->run.incumbent_slope = slope * ratio;
    for (size_t i = 0; i < n; i++)
        c->run.incumbent[i] = (float)ratio * c->run.query[i];
}

/* The plane at query does not admit the incumbent, there is a concave edge between: try nearer to it. */
static void approach_incumbent(bl_column *c, size_t n) {
    double moved = draw_in(c, n, TRIED_FRACTION);
    c->run.stalls++;
    if (moved < 1e-5 * c->scale || c->run.stalls > STALL_MAX)
        bl_column_end_run(c);
}

void bl_column_receive(bl_column *c, const bl_search_input *in, size_t n, double f, const float *gradient,
                       bl_nearest_work *work) {
    double slope = lane_dot(n, gradient, c->run.query);
    c->run.evaluations++;
    c->run.query_length = bl_float_norm(c->p, n, c->run.query);
    c->searched = fmax(c->searched, c->run.query_length);
    if (f <= in->noise) {
        c->claimed = true;
        if (c->run.query_length < c->best.crossed_length) {
            c->best.crossed_length = c->run.query_length;
            memcpy(c->best.crossed, c->run.query, n * sizeof *c->run.query);
        }
        cross(c, n, gradient);
        add_plane(c, n, f, gradient);
        descend(c, in, n, work);
        return;
    }
    if (c->run.phase == BL_PHASE_DESCEND &&
        f + lane_dot(n, gradient, c->run.incumbent) - slope > 1e-6 + in->noise) {
        approach_incumbent(c, n);
        return;
    }
    if (c->run.phase == BL_PHASE_SEEK)
        guess(c, n, f, slope);
    add_plane(c, n, f, gradient);
    if (!nearly_cross(c, in, n, f, gradient, work)) {
        c->run.stalls++;
        if (f <= SLACK)
            cross(c, n, gradient);
    }
    if (c->run.phase == BL_PHASE_SEEK)
        seek(c, in, n, work);
    else
        descend(c, in, n, work);
}
