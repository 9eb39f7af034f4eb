/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The search for multipliers. Nothing here has to be right for the bound to be sound: any multipliers serve that satisfy the
 * condition, which the proof confirms.
 */
#include "base/blas.h"
#include "base/mem.h"
#include "quadratic.h"

#include <math.h>
#include <string.h>

enum { CAPS_MAX = 64, SHRINKS = 60 };
static const double KAPPA_LEAST = 1e-6; /* of the largest of its layer */

/* Shape of the multipliers of D^2 for p = inf: coordinates that the gradient pushes harder may have more. */
static void shape_of_gradient(bl_quadratic *q, double share) {
    const size_t n = q->chain->n;
    double mean = 0.0;
    if (!isinf(q->ball->p))
        return;
    for (size_t j = 0; j < n; j++)
        mean += fabs(q->gradient[j]) / (double)n;
    for (size_t j = 0; j < n; j++)
        q->t[j] = fabs(q->gradient[j]) + share * mean + 1e-300;
}

/* kappa > 0 of every neuron that is a column, none tiny. */
static void hold_kappa(bl_quadratic *q) {
    const size_t columns = q->first[q->chain->depth - 1];
    double largest = 0.0;
    for (size_t b = 0; b < columns; b++)
        largest = fmax(largest, q->kappa[q->bend[b]]);
    largest = largest > 0.0 ? largest : 1.0;
    for (size_t b = 0; b < columns; b++)
        q->kappa[q->bend[b]] = fmax(q->kappa[q->bend[b]], KAPPA_LEAST * largest);
}

/* The least lambda with which bending costs nothing, no more than the cap: 1/2 lambda v^2 must pay for -c psi + 1/2 kappa psi^2 where
 * |v| passes |z|; looked at where that weighs most without kappa, |v| = 2 |z|, and at the end of the range. */
static double paid_lambda(const bl_quadratic *q, size_t k, double cap) {
    const double bend = 1.0 - q->chain->slope, m = fabs(q->z[k]), end = q->z[k] > 0.0 ? -q->lo[k] : q->hi[k];
    const double near = fmax(fmin(2.0 * m, end), m);
    const double at[2] = {near, end};
    double needed = 0.0;
    for (int e = 0; e < 2; e++) {
        const double psi = bend * fmax(at[e] - m, 0.0), cost = -q->c[k] * psi + 0.5 * q->kappa[k] * psi * psi;
        if (cost > 0.0)
            needed = fmax(needed, 2.0 * cost / (at[e] * at[e]));
    }
    return isfinite(needed) ? fmin(needed, cap) : cap;
}

/* --- caps --- */

/* Logarithms: of the cap on lambda, one a layer; of kappa over that cap, one a layer but the last; of the shape's share. */
typedef struct caps {
    double log[CAPS_MAX], unit, value;
    size_t count;
} caps;

static double value_of_caps(bl_quadratic *q, const caps *s) {
    const size_t depth = q->chain->depth;
    shape_of_gradient(q, exp(s->log[2 * depth - 1]));
    for (size_t l = 0; l < depth; l++) {
        const double most = exp(s->log[l]) * s->unit;
        for (size_t b = q->first[l]; b < q->first[l + 1]; b++) {
            const size_t k = q->bend[b];
            q->kappa[k] = l + 1 < depth ? exp(s->log[depth + l]) * most : 0.0;
            q->lambda[k] = q->side && q->side[k] != 0 ? 0.0 : paid_lambda(q, k, most);
        }
    }
    return bl_quadratic_form(q) ? bl_quadratic_evaluate(q) : -INFINITY;
}

static void start_caps(const bl_quadratic *q, caps *s) {
    const size_t depth = q->chain->depth;
    for (size_t l = 0; l < depth; l++)
        s->log[l] = depth > 2 ? -1.5 - 2.2 * (double)l : -1.5;
    for (size_t l = depth; l < 2 * depth - 1; l++)
        s->log[l] = depth > 2 ? -0.5 : -1.0;
    s->log[2 * depth - 1] = 0.0;
    s->count = isinf(q->ball->p) ? 2 * depth : 2 * depth - 1;
    s->unit = 0.5 * sqrt(bl_blas_dot(q->chain->n, q->gradient, q->gradient)) / bl_ball_length2(q->ball);
}

/* Coordinate i up by `step`, or else down, for as long as that gains. */
static bool move_cap(bl_quadratic *q, caps *s, size_t i, double step, double enough) {
    for (int sign = 1; sign >= -1; sign -= 2) {
        bool gained = false;
        while (s->value <= enough) {
            caps next = *s;
            next.log[i] += sign * step;
            next.value = value_of_caps(q, &next);
            if (!(next.value > s->value + 1e-9 * fabs(s->value)))
                break;
            *s = next;
            gained = true;
        }
        if (gained)
            return true;
    }
    return false;
}

double bl_quadratic_caps(bl_quadratic *q, int rounds, double enough) {
    caps s = {.count = 0};
    double step[CAPS_MAX] = {0.0};
    const size_t depth = q->chain->depth;
    if (2 * depth > CAPS_MAX)
        return -INFINITY;
    bl_quadratic_coefficients(q);
    start_caps(q, &s);
    s.value = value_of_caps(q, &s);
    for (int k = 0; k < 12 && isinf(s.value); k++) { /* until the condition can be met */
        for (size_t l = 1; l < depth; l++)
            s.log[l] -= 1.0;
        s.value = value_of_caps(q, &s);
    }
    for (size_t i = 0; i < s.count; i++)
        step[i] = 0.8;
    for (int k = 0; k < rounds && isfinite(s.value); k++)
        for (size_t i = 0; i < s.count && s.value <= enough; i++)
            if (!move_cap(q, &s, i, step[i], enough))
                step[i] *= 0.5;
    (void)value_of_caps(q, &s);
    hold_kappa(q);
    return s.value;
}

/* --- multipliers --- */

/* Running means of one kind of variable's gradients and of their squares (as Adam's). */
typedef struct moments {
    double *mean, *square;
} moments;

static const double MEAN_DECAY = 0.8, SQUARE_DECAY = 0.95, STEP_MOST = 0.3;

typedef struct ascent {
    moments lambda, kappa, slope, t;
    bl_quadratic_gradient gradient;
    double *kept[4]; /* lambda, kappa, slope, t of the best value */
    double best;
} ascent;

static void ascent_clear(ascent *s) {
    moments *const all[] = {&s->lambda, &s->kappa, &s->slope, &s->t};
    for (size_t i = 0; i < 4; i++) {
        bl_mem_free(all[i]->mean);
        bl_mem_free(all[i]->square);
        bl_mem_free(s->kept[i]);
    }
    bl_mem_free(s->gradient.lambda);
    bl_mem_free(s->gradient.kappa);
    bl_mem_free(s->gradient.slope);
    bl_mem_free(s->gradient.t);
}

static bl_err ascent_create(const bl_quadratic *q, ascent *s) {
    bl_err err = BL_OK;
    *s = (ascent){.best = -INFINITY};
    moments *const all[] = {&s->lambda, &s->kappa, &s->slope, &s->t};
    for (size_t i = 0; i < 4; i++) {
        const size_t count = i == 3 ? q->chain->n : q->chain->neurons;
        BL_ALLOC(all[i]->mean, count);
        BL_ALLOC(all[i]->square, count);
        BL_ALLOC(s->kept[i], count);
    }
    BL_ALLOC(s->gradient.lambda, q->chain->neurons);
    BL_ALLOC(s->gradient.kappa, q->chain->neurons);
    BL_ALLOC(s->gradient.slope, q->chain->neurons);
    BL_ALLOC(s->gradient.t, q->chain->n);
cleanup:
    if (err != BL_OK)
        ascent_clear(s);
    return err;
}

static void keep(const bl_quadratic *q, ascent *s) {
    const size_t n = q->chain->n, neurons = q->chain->neurons;
    s->best = q->value;
    memcpy(s->kept[0], q->lambda, neurons * sizeof(double));
    memcpy(s->kept[1], q->kappa, neurons * sizeof(double));
    memcpy(s->kept[2], q->slope, neurons * sizeof(double));
    memcpy(s->kept[3], q->t, n * sizeof(double));
}

static void restore(bl_quadratic *q, const ascent *s) {
    const size_t n = q->chain->n, neurons = q->chain->neurons;
    memcpy(q->lambda, s->kept[0], neurons * sizeof(double));
    memcpy(q->kappa, s->kept[1], neurons * sizeof(double));
    memcpy(q->slope, s->kept[2], neurons * sizeof(double));
    memcpy(q->t, s->kept[3], n * sizeof(double));
    (void)bl_quadratic_value(q);
}

/* Take gradient `g` of variable i in. */
static void take_in(moments *m, size_t i, double g) {
    m->mean[i] = MEAN_DECAY * m->mean[i] + (1.0 - MEAN_DECAY) * g;
    m->square[i] = SQUARE_DECAY * m->square[i] + (1.0 - SQUARE_DECAY) * g * g;
}

/* The step of variable i in units of the rate; `floor` is added to the size of its gradients. */
static double step_of(const moments *m, size_t i, int step, double floor) {
    const double mean = m->mean[i] / (1.0 - pow(MEAN_DECAY, step));
    return mean / (sqrt(m->square[i] / (1.0 - pow(SQUARE_DECAY, step))) + floor);
}

void bl_quadratic_gradients(bl_quadratic *q, bl_quadratic_gradient *g) {
    const bl_relu_chain *c = q->chain;
    double *rise = q->work, *from = rise + c->neurons,
           *d = from + c->neurons; /* v propagated from D*, psi* */
    for (size_t j = 0; j < c->n; j++)
        d[j] = q->h[j] - q->centre[j];
    bl_blas_gemv(false, c->width[1], c->n, 1.0, c->weight[0], c->n, d, 0.0, rise);
    size_t next = 0;
    for (size_t l = 0; l < c->depth; l++) {
        for (size_t k = c->offset[l]; k < c->offset[l + 1]; k++) {
            const bool bends = next < q->bends && q->bend[next] == k;
            const double psi = bends ? q->psi[k] : 0.0;
            from[k] = q->slope[k] * rise[k] + psi;
            if (!bends)
                continue;
            next++;
            g->lambda[k] = q->lambda[k] * 0.5 * (q->v[k] * q->v[k] - q->rho * q->v_square[k]);
            g->kappa[k] = q->kappa[k] * 0.5 * (q->rho * q->psi_square[k] - psi * psi);
            g->slope[k] =
                q->c[k] * (rise[k] - q->v[k]) - 0.5 * q->rho * q->k_slope[k] + q->kappa[k] * psi * q->v[k];
        }
        if (l + 1 < c->depth)
            bl_blas_gemv(false, c->width[l + 2], c->width[l + 1], 1.0, c->weight[l + 1], c->width[l + 1],
                         from + c->offset[l], 0.0, rise + c->offset[l + 1]);
    }
    for (size_t j = 0; isinf(q->ball->p) && j < c->n; j++)
        g->t[j] = 0.5 * q->k * (q->d_square[j] * q->rho - q->t[j] * d[j] * d[j]);
}

static void take_gradients(bl_quadratic *q, ascent *s) {
    bl_quadratic_gradients(q, &s->gradient);
    for (size_t b = 0; b < q->bends; b++) {
        const size_t k = q->bend[b];
        take_in(&s->lambda, k, s->gradient.lambda[k]);
        take_in(&s->kappa, k, s->gradient.kappa[k]);
        take_in(&s->slope, k, s->gradient.slope[k]);
    }
    for (size_t j = 0; isinf(q->ball->p) && j < q->chain->n; j++)
        take_in(&s->t, j, s->gradient.t[j]);
}

/* x *= exp(rate step) of all variables listed; sizes of gradients are held over a thousandth of the largest. */
static void move_logarithms(const moments *m, size_t count, const size_t *which, int step, double rate,
                            double *x) {
    double largest = 0.0;
    for (size_t b = 0; b < count; b++)
        largest = fmax(largest, m->square[which ? which[b] : b]);
    const double floor = 1e-3 * sqrt(largest / (1.0 - pow(SQUARE_DECAY, step))) + 1e-300;
    for (size_t b = 0; b < count; b++) {
        const size_t i = which ? which[b] : b;
        x[i] *= exp(fmin(fmax(rate * step_of(m, i, step, floor), -STEP_MOST), STEP_MOST));
    }
}

static void move(bl_quadratic *q, ascent *s, int step, double rate, double slope_rate) {
    const size_t columns = q->first[q->chain->depth - 1];
    move_logarithms(&s->lambda, q->bends, q->bend, step, rate, q->lambda);
    move_logarithms(&s->kappa, columns, q->bend, step, rate, q->kappa);
    if (isinf(q->ball->p)) {
        double largest = 0.0;
        move_logarithms(&s->t, q->chain->n, NULL, step, rate, q->t);
        for (size_t j = 0; j < q->chain->n; j++)
            largest = fmax(largest, q->t[j]);
        for (size_t j = 0; j < q->chain->n; j++)
            q->t[j] = fmax(q->t[j] / largest, 1e-4);
    }
    for (size_t b = 0; b < q->bends; b++) {
        const size_t k = q->bend[b];
        const bool split = q->side && q->side[k] != 0;
        q->slope[k] += slope_rate * step_of(&s->slope, k, step, 1e-300);
        q->slope[k] =
            split ? fmin(fmax(q->slope[k], -8.0), 9.0) : fmin(fmax(q->slope[k], q->chain->slope), 1.0);
    }
    hold_kappa(q);
}

/* lambda of neurons that have none yet: multiplicative steps need a start. */
static void lift_lambda(bl_quadratic *q) {
    double largest = 0.0;
    for (size_t b = 0; b < q->bends; b++)
        largest = fmax(largest, q->lambda[q->bend[b]]);
    largest = largest > 0.0
                  ? largest
                  : sqrt(bl_blas_dot(q->chain->n, q->gradient, q->gradient)) / bl_ball_length2(q->ball);
    for (size_t b = 0; b < q->bends; b++)
        q->lambda[q->bend[b]] = fmax(q->lambda[q->bend[b]], 1e-4 * largest);
    hold_kappa(q);
}

double bl_quadratic_value(bl_quadratic *q) {
    bl_quadratic_coefficients(q);
    hold_kappa(q);
    for (int shrinks = 0; !bl_quadratic_form(q); shrinks++) {
        if (shrinks == SHRINKS)
            return -INFINITY;
        for (size_t b = q->first[1]; b < q->bends; b++)
            q->lambda[q->bend[b]] *= 0.85;
    }
    return bl_quadratic_evaluate(q);
}

/* p = inf: of each coordinate, where g - kappa (h - middle) vanishes or else its end; other p: between centre and minimiser. */
static void next_centre(const bl_quadratic *q, double *to) {
    const bl_ball *s = q->ball;
    for (size_t i = 0; i < q->chain->n; i++) {
        to[i] = 0.4 * q->centre[i] + 0.6 * q->h[i];
        if (!isinf(s->p))
            continue;
        const double lo = s->boxed ? fmax(s->lo[i], -s->radius) : -s->radius;
        const double hi = s->boxed ? fmin(s->hi[i], s->radius) : s->radius, half = 0.5 * (hi - lo);
        const double pull = q->gradient[i] / fmax(q->k * q->t[i] * half, 1e-300);
        to[i] = 0.5 * (lo + hi) - half * fmin(fmax(pull, -1.0), 1.0);
    }
}

bool bl_quadratic_recentre(bl_quadratic *q) {
    const size_t n = q->chain->n;
    const double before = q->value;
    double *to = q->work + 2 * (n + q->chain->neurons), *kept = to + n;
    next_centre(q, to);
    memcpy(kept, q->centre, n * sizeof *kept);
    bl_quadratic_expand(q, to, false);
    if (bl_quadratic_value(q) > before)
        return true;
    bl_quadratic_expand(q, kept, false);
    (void)bl_quadratic_value(q);
    return false;
}

double bl_quadratic_ascend(bl_quadratic *q, int steps, double enough) {
    ascent s;
    if (ascent_create(q, &s) != BL_OK)
        return -INFINITY;
    bl_quadratic_coefficients(q);
    lift_lambda(q);
    for (int step = 1; step <= steps; step++) {
        const double value = bl_quadratic_value(q);
        if (isinf(value))
            break;
        if (value > s.best)
            keep(q, &s);
        if (s.best > enough || step == steps)
            break;
        take_gradients(q, &s);
        const double slow = 1.0 + 2.0 * step / steps;
        move(q, &s, step, 0.12 / slow, 0.05 / slow);
    }
    if (isfinite(s.best))
        restore(q, &s);
    const double best = s.best;
    ascent_clear(&s);
    return best;
}
