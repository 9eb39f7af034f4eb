/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Confirmation in float64: the crossings on the rays through the columns' best points, and the results.
 */
#include "base/mem.h"
#include "search_state.h"

#include <math.h>
#include <string.h>

static const double STRETCH = 1.1; /* of a first step that should cross by itself */

/* x[n] = x0 + t h, held in the box. */
static void ray_point(const bl_search *s, size_t k, double t, const double *x0, double *x) {
    const double *from = x0 + s->column[k].input * s->n;
    for (size_t i = 0; i < s->n; i++)
        x[i] = fmin(fmax(from[i] + t * (double)s->ray[k].h[i], s->options.box.lo), s->options.box.hi);
}

/* The rays to look along: the best point; or, of a run that the end of the budget broke off, a much shorter guess. */
static void start_rays(bl_search *s) {
    for (size_t k = 0; k < s->columns; k++) {
        bl_column *c = &s->column[k];
        bool guessed =
            c->run.phase == BL_PHASE_SEEK && c->runs > 0 && c->run.incumbent_length < 0.99 * c->best.length;
        s->ray[k] = guessed ? bl_ray_start(c->run.incumbent, c->run.incumbent_slope)
                            : bl_ray_start(c->best.point, c->best.slope);
        s->ray[k].open = guessed || (c->best.length > 0.0 && isfinite(c->best.length));
    }
}

/* A guess that float64 does not confirm is replaced by the best point, and a best point that only a plane promised, and that is
 * not confirmed either, by the shortest confirmed crossing. */
static void close_ray(bl_search *s, size_t k) {
    const bl_column *c = &s->column[k];
    bl_ray *ray = &s->ray[k];
    bool guessed = ray->h == c->run.incumbent, in_vain = isinf(ray->outside);
    if (guessed && isfinite(c->best.length) && !(ray->outside * c->run.incumbent_length < c->best.length))
        *ray = bl_ray_start(c->best.point, c->best.slope);
    else if (in_vain && ray->h != c->best.crossed && isfinite(c->best.crossed_length))
        *ray = bl_ray_start(c->best.crossed, c->best.slope);
}

/* Source class's logit less the largest other, of the row of the last float64 batch. */
static double margin_of(const bl_search *s, size_t row) {
    const size_t source = s->input[s->column[s->batch_column[row]].input].source;
    const double *z = s->logits64 + row * s->classes;
    double largest = -INFINITY;
    for (size_t j = 0; j < s->classes; j++)
        largest = j != source ? fmax(largest, z[j]) : largest;
    return z[source] - largest;
}

static bl_err follow_rays(bl_search *s, const bl_oracle *o, const double *x0) {
    bl_err err = BL_OK;
    for (;;) {
        size_t count = 0;
        for (size_t k = 0; k < s->columns; k++)
            if (s->ray[k].open) {
                ray_point(s, k, s->ray[k].next, x0, s->rows + count * s->n);
                s->batch_input[count] = s->column[k].input;
                s->batch_column[count++] = k;
            }
        if (count == 0)
            break;
        BL_TRY(o->forward64(o->context, count, s->batch_input, s->rows, s->logits64));
        for (size_t r = 0; r < count; r++) {
            size_t k = s->batch_column[r];
            s->column[k].passes += 1;
            bl_ray_receive(&s->ray[k], margin_of(s, r) / s->input[s->column[k].input].margin);
            if (s->column[k].p == 0.0 && isfinite(s->ray[k].outside))
                s->ray[k].open = false; /* the count is the same all along */
            if (!s->ray[k].open)
                close_ray(s, k);
        }
    }
cleanup:
    return err;
}

/* l^p length of the ray's point at t. */
static double ray_length(bl_search *s, size_t k, double t, double p, const double *x0) {
    const double *from = x0 + s->column[k].input * s->n;
    double *x = s->rows;
    ray_point(s, k, t, x0, x);
    for (size_t i = 0; i < s->n; i++)
        x[i] -= from[i];
    return bl_norm(p, s->n, x);
}

/* The ray of this input whose confirmed point is shortest in column k's own norm: so distances fall as p grows. */
static size_t shortest_ray(bl_search *s, size_t k, const double *x0, double *length) {
    size_t m = s->options.p_count, shortest = k;
    *length = INFINITY;
    for (size_t e = 0; e < m; e++) {
        size_t other = k / m * m + (k + e) % m;
        if (isinf(s->ray[other].outside))
            continue;
        double there = ray_length(s, other, s->ray[other].outside, s->column[k].p, x0);
        if (there < *length) {
            *length = there;
            shortest = other;
        }
    }
    return shortest;
}

/* A stage's result: what is nearer replaces the stage's before. */
static void report(bl_search *s, size_t k, const double *x0, bl_search_result *r, double *point) {
    const bl_column *c = &s->column[k];
    double distance;
    size_t ray = shortest_ray(s, k, x0, &distance);
    r->first_order = c->first_order;
    r->gradient_norm = s->input[c->input].slope;
    r->passes = c->passes;
    r->restarts_won = c->won;
    r->searched_radius = c->searched;
    r->confidence = c->best.length == 0.0 ? 1.0 : bl_column_confidence(c);
    if (r->status != BL_STATUS_FOUND)
        r->status = c->claimed ? BL_STATUS_NOT_VERIFIED : BL_STATUS_NOT_FOUND;
    if (isinf(distance) || (r->status == BL_STATUS_FOUND && r->distance <= distance))
        return;
    r->status = BL_STATUS_FOUND;
    r->distance = distance;
    r->inside = ray_length(s, ray, s->ray[ray].inside, c->p, x0);
    if (point)
        ray_point(s, ray, s->ray[ray].outside, x0, point);
}

bl_err bl_search_confirm(bl_search *s, const bl_oracle *o, const double *x0, bl_search_result *result,
                         double *points) {
    bl_err err = BL_OK;
    start_rays(s);
    BL_TRY(follow_rays(s, o, x0));
    for (size_t k = 0; k < s->columns; k++)
        if (s->column[k].best.length == 0.0) /* x0 is on the boundary */
            s->ray[k].outside = 0.0;
    for (size_t k = 0; k < s->columns; k++)
        report(s, k, x0, &result[k], points ? points + k * s->n : NULL);
cleanup:
    return err;
}

/* Stretched first steps; the passes are not counted, as no distance depends on them. */
bl_err bl_search_try_first_steps(bl_search *s, const bl_oracle *o, const double *x0,
                                 bl_search_result *result) {
    bl_err err = BL_OK;
    size_t count = 0;
    for (size_t k = 0; k < s->columns; k++) {
        const bl_column *c = &s->column[k];
        result[k].first_step_crosses = -1;
        if (!(c->first_order > 0.0))
            continue;
        s->ray[k].h = c->first;
        ray_point(s, k, STRETCH, x0, s->rows + count * s->n);
        s->batch_input[count] = c->input;
        s->batch_column[count++] = k;
    }
    if (count > 0)
        BL_TRY(o->forward64(o->context, count, s->batch_input, s->rows, s->logits64));
    for (size_t r = 0; r < count; r++)
        result[s->batch_column[r]].first_step_crosses = margin_of(s, r) <= 0.0;
cleanup:
    return err;
}
