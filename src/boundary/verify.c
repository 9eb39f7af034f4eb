/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Confirmation in float64. The search leaves a point near the boundary and the slope there; each evaluation is put just
 * beyond the crossing that slope or secant promise, by what they may be off, so that it closes the bracket from the other
 * side: three evaluations as a rule.
 */
#include "base/mem.h"
#include "state.h"

#include <math.h>
#include <string.h>

enum { EVALUATIONS = 60 };
static const double WIDTH = 1e-6;    /* of the closed bracket, relative */
static const double FARTHEST = 16.0; /* t */
static const double STRETCH = 1.1;   /* of a first step that should cross by itself */

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

/* x[n] = x0 + t h, held in the box. */
static void ray_point(const bl_search *s, size_t k, double t, const double *x0, double *x) {
    const double *from = x0 + s->column[k].input * s->n;
    for (size_t i = 0; i < s->n; i++)
        x[i] = fmin(fmax(from[i] + t * (double)s->ray[k].h[i], s->options.box.lo), s->options.box.hi);
}

/* The rays to look along: the best point; or, of a run that the end of the purse broke off, a much shorter guess. */
static void start_rays(bl_search *s) {
    for (size_t k = 0; k < s->columns; k++) {
        bl_column *c = &s->column[k];
        bool guessed =
            c->phase == BL_PHASE_SEEK && c->runs > 0 && c->incumbent_length < 0.99 * c->best_length;
        s->ray[k] =
            guessed ? bl_ray_start(c->incumbent, c->incumbent_slope) : bl_ray_start(c->best, c->best_slope);
        s->ray[k].open = guessed || (c->best_length > 0.0 && isfinite(c->best_length));
    }
}

/* A guess that came to nothing gives way to the best point, and that, where it was promised in vain, to the best known. */
static void close_ray(bl_search *s, size_t k) {
    const bl_column *c = &s->column[k];
    bl_ray *ray = &s->ray[k];
    bool guessed = ray->h == c->incumbent, in_vain = isinf(ray->outside);
    if (guessed && isfinite(c->best_length) && !(ray->outside * c->incumbent_length < c->best_length))
        *ray = bl_ray_start(c->best, c->best_slope);
    else if (in_vain && ray->h != c->crossed && isfinite(c->crossed_length))
        *ray = bl_ray_start(c->crossed, c->best_slope);
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

/* Which first steps change the class by themselves, stretched; others, and columns without a first step, are told apart. The
 * passes are not counted, as no distance depends on them. */
static bl_err try_first_steps(bl_search *s, const bl_oracle *o, const double *x0, bl_search_result *result) {
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

static void report(bl_search *s, size_t k, const double *x0, bl_search_result *r, double *point) {
    const bl_column *c = &s->column[k];
    double distance;
    size_t ray = shortest_ray(s, k, x0, &distance);
    *r = (bl_search_result){.distance = NAN,
                            .inside = NAN,
                            .first_order = c->first_order,
                            .gradient_norm = s->input[c->input].slope,
                            .passes = c->passes,
                            .restarts_won = c->won,
                            .status = c->claimed ? BL_STATUS_NOT_VERIFIED : BL_STATUS_NOT_FOUND};
    for (size_t i = 0; point && i < s->n; i++)
        point[i] = NAN;
    if (isinf(distance))
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
        if (s->column[k].best_length == 0.0) /* x0 is on the boundary */
            s->ray[k].outside = 0.0;
    for (size_t k = 0; k < s->columns; k++)
        report(s, k, x0, &result[k], points ? points + k * s->n : NULL);
    BL_TRY(try_first_steps(s, o, x0, result));
cleanup:
    return err;
}
