/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Minima of linear functions over a ball cut by a box.
 */
#include "ball.h"
#include "base/mem.h"
#include "rounding.h"

#include <math.h>
#include <string.h>

enum { HALVINGS = 40, SWEEPS = 30 };

bl_err bl_ball_create(size_t n, const double *x0, bl_box box, bl_ball *ball) {
    bl_err err = BL_OK;
    *ball = (bl_ball){.n = n, .x0 = x0, .boxed = bl_box_is_bounded(box)};
    BL_ALLOC(ball->work, 4 * n);
    if (ball->boxed) {
        BL_ALLOC(ball->lo, n);
        BL_ALLOC(ball->hi, n);
        for (size_t i = 0; i < n; i++) {
            ball->lo[i] = fmin((box.lo - x0[i]) * (1.0 + BL_ROUNDING), 0.0);
            ball->hi[i] = fmax((box.hi - x0[i]) * (1.0 + BL_ROUNDING), 0.0);
        }
    }
cleanup:
    if (err != BL_OK)
        bl_ball_clear(ball);
    return err;
}

void bl_ball_clear(bl_ball *ball) {
    bl_mem_free(ball->lo);
    bl_mem_free(ball->hi);
    bl_mem_free(ball->work);
    *ball = (bl_ball){0};
}

/* Room of coordinate i in the direction that makes a h smaller. */
static inline double room(const bl_ball *s, const double *a, size_t i) {
    return !s->boxed ? INFINITY : a[i] > 0.0 ? -s->lo[i] : s->hi[i];
}

/* |a|_q with 1/p + 1/q = 1. */
static double dual_norm(double p, size_t n, const double *a) {
    double largest = 0.0, sum = 0.0;
    for (size_t i = 0; i < n; i++)
        largest = fabs(a[i]) > largest ? fabs(a[i]) : largest;
    if (p <= 1.0 || largest == 0.0)
        return largest;
    const double q = isinf(p) ? 1.0 : p / (p - 1.0);
    for (size_t i = 0; i < n; i++) {
        const double ratio = fabs(a[i]) / largest;
        sum += q == 1.0 ? ratio : q == 2.0 ? ratio * ratio : pow(ratio, q);
    }
    return largest * (q == 1.0 ? sum : q == 2.0 ? sqrt(sum) : pow(sum, 1.0 / q));
}

/* Largest <|a|, h> of p = inf. */
static double most_of_cube(const bl_ball *s, const double *a, double *h) {
    double sum = 0.0;
    for (size_t i = 0; i < s->n; i++) {
        const double t = fmin(room(s, a, i), s->radius);
        sum += fabs(a[i]) * t;
        if (h)
            h[i] = a[i] > 0.0 ? -t : t;
    }
    return sum;
}

/* Largest sum of key_i t_i with 0 <= t_i <= size_i and sum t_i <= budget, by its dual: the bound
 * sum size_i (key_i - m)_+ + m budget of every m >= 0, which is smallest where the sizes of larger keys use the budget up. */
static double fill(size_t n, const double *key, const double *size, double budget, double *multiplier) {
    double high = 0.0, low = 0.0, value = 0.0;
    for (size_t i = 0; i < n; i++)
        high = fmax(high, key[i]);
    for (int k = 0; k < HALVINGS; k++) {
        const double middle = 0.5 * (low + high);
        double used = 0.0;
        for (size_t i = 0; i < n; i++)
            used += key[i] > middle ? size[i] : 0.0;
        *(used > budget ? &low : &high) = middle;
    }
    for (size_t i = 0; i < n; i++)
        value += key[i] > high ? size[i] * (key[i] - high) : 0.0;
    *multiplier = high;
    return value + high * budget;
}

/* A maximiser of fill's problem: those over the multiplier, then those at it. */
static void fill_in(size_t n, const double *key, const double *size, double budget, double multiplier,
                    double *t) {
    memset(t, 0, n * sizeof *t);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < n && budget > 0.0; i++) {
            const bool over = key[i] > multiplier * (1.0 + 1e-9);
            const bool at = !over && key[i] > 0.0 && key[i] >= multiplier * (1.0 - 1e-9);
            if (pass == 0 ? !over : !at)
                continue;
            t[i] = fmin(size[i], budget);
            budget -= t[i];
        }
}

/* p = 1 with a box: the largest |a_i| first, each to its end. */
static double most_of_octahedron(const bl_ball *s, const double *a, double *h) {
    double *key = s->work, *size = s->work + s->n, multiplier;
    for (size_t i = 0; i < s->n; i++) {
        key[i] = fabs(a[i]);
        size[i] = fmin(room(s, a, i), s->radius);
    }
    const double most = fill(s->n, key, size, s->radius, &multiplier);
    if (h)
        fill_in(s->n, key, size, s->radius, multiplier, h);
    for (size_t i = 0; h && i < s->n; i++)
        h[i] = a[i] > 0.0 ? -h[i] : h[i];
    return most;
}

double bl_ball_least_mixture(const bl_ball *s, const double *value, double *theta) {
    double *key = s->work, *size = s->work + 2 * s->n, multiplier;
    for (size_t j = 0; j < s->n; j++) {
        key[j] = fmax(-value[j], 0.0);
        key[s->n + j] = fmax(-value[s->n + j], 0.0);
        size[j] = fmin(s->hi[j] / s->radius * (1.0 + 2.0 * BL_ROUNDING), 1.0);
        size[s->n + j] = fmin(-s->lo[j] / s->radius * (1.0 + 2.0 * BL_ROUNDING), 1.0);
    }
    const double most = fill(2 * s->n, key, size, 1.0, &multiplier);
    fill_in(2 * s->n, key, size, 1.0, multiplier, theta);
    return -most * (1.0 + bl_rounding_of_sum(8 * s->n + 64));
}

/* p = 0: as many coordinates as the radius says, each to its end. */
static double most_of_count(const bl_ball *s, const double *a) {
    double *key = s->work, *size = s->work + s->n, multiplier;
    for (size_t i = 0; i < s->n; i++) {
        const double r = room(s, a, i);
        key[i] = a[i] == 0.0 ? 0.0 : fabs(a[i]) * r;
        size[i] = 1.0;
        if (isinf(key[i]))
            return floor(s->radius) >= 1.0 ? INFINITY : 0.0;
    }
    return fill(s->n, key, size, floor(s->radius), &multiplier);
}

/* 1 < p < inf with a box, in units of the radius: with b = (|a| / max |a|)^(1/(p - 1)) the maximiser is t = min(R, s b), R the
 * room, where s makes |t|_p = 1 (Newton's iteration from below, each sweep taking more coordinates to their ends). Its
 * multiplier m gives the dual bound m + sum max over t of (|a| t - m t^p). */
static double most_of_power(const bl_ball *ball, const double *a, double *h) {
    const size_t n = ball->n;
    const double p = ball->p, largest = dual_norm(1.0, n, a);
    double *b = ball->work, *r = ball->work + n, *power = ball->work + 2 * n, s = 0.0, value = 0.0;
    bool inside = false; /* the whole box lies in the ball */
    if (largest == 0.0 || ball->radius == 0.0) {
        if (h)
            memset(h, 0, n * sizeof *h);
        return 0.0;
    }
    for (size_t i = 0; i < n; i++) {
        const double ratio = fabs(a[i]) / largest;
        b[i] = p == 2.0 ? ratio : pow(ratio, 1.0 / (p - 1.0));
        power[i] = p == 2.0 ? ratio * ratio : pow(b[i], p);
        r[i] = room(ball, a, i) / ball->radius;
    }
    for (int k = 0; k < SWEEPS; k++) {
        double full = 0.0, open = 0.0;
        for (size_t i = 0; i < n; i++) {
            const bool reached = s * b[i] >= r[i];
            full += !reached ? 0.0 : p == 2.0 ? r[i] * r[i] : pow(r[i], p);
            open += reached ? 0.0 : power[i];
        }
        inside = !(open > 0.0);
        const double next = inside ? s : pow(fmax(1.0 - full, 0.0) / open, 1.0 / p);
        if (!(next > s * (1.0 + 1e-12)))
            break;
        s = next;
    }
    const double m = inside ? 0.0 : largest / (p * pow(s, p - 1.0));
    for (size_t i = 0; i < n; i++) {
        const double t = inside && b[i] > 0.0 ? r[i] : fmin(s * b[i], r[i]);
        value += fabs(a[i]) * t - (m == 0.0 ? 0.0 : m * (p == 2.0 ? t * t : pow(t, p)));
        if (h)
            h[i] = (a[i] > 0.0 ? -t : t) * ball->radius;
    }
    return ball->radius * (value + m);
}

/* The minimiser without a box, for 1 < p < inf: h = -radius b / |b|_p; p = 1: the first of the largest. */
static void vertex(const bl_ball *s, const double *a, double norm, double *h) {
    memset(h, 0, s->n * sizeof *h);
    if (norm == 0.0)
        return;
    for (size_t i = 0; i < s->n; i++) {
        const double sign = a[i] > 0.0 ? -1.0 : 1.0, ratio = fabs(a[i]) / norm;
        if (s->p == 1.0 && fabs(a[i]) >= norm) {
            h[i] = sign * s->radius;
            return;
        }
        if (s->p > 1.0)
            h[i] = sign * s->radius * (s->p == 2.0 ? ratio : pow(ratio, 1.0 / (s->p - 1.0)));
    }
}

double bl_ball_least(const bl_ball *s, const double *a, double *h) {
    double most;
    if (s->p == 0.0)
        most = most_of_count(s, a);
    else if (isinf(s->p))
        most = most_of_cube(s, a, h);
    else if (s->boxed)
        most = s->p == 1.0 ? most_of_octahedron(s, a, h) : most_of_power(s, a, h);
    else {
        const double norm = dual_norm(s->p, s->n, a);
        most = s->radius * norm;
        if (h)
            vertex(s, a, norm, h);
    }
    return -most * (1.0 + bl_rounding_of_sum(8 * s->n + 64));
}

void bl_ball_point(const bl_ball *s, const double *h, double *x) {
    for (size_t i = 0; i < s->n; i++)
        x[i] = s->x0[i] + (s->boxed ? fmin(fmax(h[i], s->lo[i]), s->hi[i]) : h[i]);
}

void bl_ball_reach(const bl_ball *s, double *most) {
    for (size_t i = 0; i < s->n; i++) {
        const double within = s->p == 0.0 ? INFINITY : s->radius;
        most[i] = s->boxed ? fmin(fmax(-s->lo[i], s->hi[i]), within) : within;
    }
}

double bl_ball_length2(const bl_ball *s) {
    const double exponent = s->p > 2.0 ? 0.5 - (isinf(s->p) ? 0.0 : 1.0 / s->p) : 0.0;
    double length = s->radius * pow((double)s->n, exponent), box = 0.0;
    for (size_t i = 0; s->boxed && i < s->n; i++) {
        const double most = fmin(fmax(-s->lo[i], s->hi[i]), s->radius);
        box += most * most;
    }
    if (s->boxed)
        length = fmin(length, sqrt(box));
    return length * (1.0 + bl_rounding_of_sum(s->n + 64));
}
