/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The quadratic Lagrangian: where it is expanded, and its value.
 */
#include "quadratic.h"
#include "base/blas.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { KRYLOV = 44, DESCENT_STEPS = 6 };

static bl_err allocate(bl_quadratic *q) {
    bl_err err = BL_OK;
    const bl_relu_chain *c = q->chain;
    const size_t n = c->n, first = c->width[1];
    size_t widest = first;
    double **const of_neurons[] = {&q->range_lo, &q->range_hi, &q->z,     &q->base,    &q->lo,        &q->hi,
                                   &q->slope,    &q->lambda,   &q->kappa, &q->c,       &q->v,         &q->psi,
                                   &q->loss,     &q->v_square, &q->start, &q->k_slope, &q->psi_square};
    double **const of_inputs[] = {&q->centre, &q->t, &q->gradient, &q->h, &q->d_square};
    for (size_t l = 1; l <= c->depth; l++)
        widest = c->width[l] > widest ? c->width[l] : widest;
    for (size_t i = 0; i < sizeof of_neurons / sizeof *of_neurons; i++)
        BL_ALLOC(*of_neurons[i], c->neurons);
    for (size_t i = 0; i < sizeof of_inputs / sizeof *of_inputs; i++)
        BL_ALLOC(*of_inputs[i], n);
    BL_ALLOC(q->objective, c->width[c->depth]);
    BL_ALLOC(q->bend, c->neurons);
    BL_ALLOC(q->first, c->depth + 1);
    BL_ALLOC(q->gram, first * first);
    BL_ALLOC(q->scaled, first * n);
    for (size_t k = 0; k < 2; k++)
        BL_ALLOC(q->path[k], widest * widest);
    BL_ALLOC(q->to_first, (c->neurons - first) * first);
    BL_ALLOC(q->rows, (c->neurons - first) * first);
    BL_ALLOC(q->image, (c->neurons - first) * first);
    BL_ALLOC(q->form, c->neurons * c->neurons);
    BL_ALLOC(q->factor, (c->neurons - first) * (c->neurons - first));
    BL_ALLOC(q->columns, (c->neurons - first) * c->neurons);
    BL_ALLOC(q->krylov, (c->neurons > KRYLOV ? c->neurons : KRYLOV) * c->neurons);
    BL_ALLOC(q->work, 4 * (n + c->neurons));
cleanup:
    return err;
}

bl_err bl_quadratic_create(const bl_relu_chain *chain, size_t class, size_t other, bl_quadratic **out) {
    bl_err err = BL_OK;
    bl_quadratic *q = NULL;
    const size_t last = chain->width[chain->depth];
    const double *weight = chain->weight[chain->depth], *bias = chain->bias[chain->depth];
    BL_ALLOC(q, 1);
    q->chain = chain;
    BL_TRY(allocate(q));
    for (size_t i = 0; i < last; i++)
        q->objective[i] = weight[class * last + i] - weight[other * last + i];
    q->offset = bias[class] - bias[other];
    for (size_t i = 0; i < chain->n; i++)
        q->t[i] = 1.0;
    *out = q;
    q = NULL;
cleanup:
    bl_quadratic_destroy(&q);
    return err;
}

void bl_quadratic_destroy(bl_quadratic **quadratic) {
    bl_quadratic *q = *quadratic;
    if (!q)
        return;
    double *const all[] = {q->range_lo, q->range_hi, q->z,       q->base,     q->lo,         q->hi,
                           q->slope,    q->lambda,   q->kappa,   q->c,        q->v,          q->psi,
                           q->loss,     q->v_square, q->start,   q->k_slope,  q->psi_square, q->centre,
                           q->t,        q->gradient, q->h,       q->d_square, q->objective,  q->gram,
                           q->scaled,   q->path[0],  q->path[1], q->to_first, q->rows,       q->image,
                           q->form,     q->factor,   q->columns, q->krylov,   q->work};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        bl_mem_free(all[i]);
    bl_mem_free(q->bend);
    bl_mem_free(q->first);
    bl_mem_free(q);
    *quadratic = NULL;
}

void bl_quadratic_place(bl_quadratic *q, const bl_ball *ball, const bl_relaxation *ranges,
                        const int8_t *side) {
    const bl_relu_chain *c = q->chain;
    q->ball = ball;
    q->side = side;
    q->empty = false;
    q->bends = 0;
    for (size_t l = 0; l < c->depth; l++) {
        double *lo, *hi;
        bl_relaxation_range(ranges, c->activation[l], &lo, &hi);
        q->first[l] = q->bends;
        for (size_t i = 0; i < c->width[l + 1]; i++) {
            const size_t k = c->offset[l] + i;
            const int8_t only = side ? side[k] : 0;
            q->range_lo[k] = only > 0 ? fmax(lo[i], 0.0) : lo[i];
            q->range_hi[k] = only < 0 ? fmin(hi[i], 0.0) : hi[i];
            q->empty = q->empty || q->range_lo[k] > q->range_hi[k];
            if (only != 0 || (lo[i] < 0.0 && hi[i] > 0.0))
                q->bend[q->bends++] = k;
        }
    }
    q->first[c->depth] = q->bends;
}

/* The slope of a neuron that cannot bend; of one that can, that of the piece where z is. */
static double natural_slope(const bl_quadratic *q, size_t k, double z) {
    const bool up = q->side && q->side[k] != 0 ? q->side[k] > 0
                    : q->range_lo[k] >= 0.0    ? true
                    : q->range_hi[k] <= 0.0    ? false
                                               : z > 0.0;
    return up ? 1.0 : q->chain->slope;
}

/* z, base and f at h, slopes of the pieces there into `piece`. */
static double forward(const bl_quadratic *q, const double *h, double *z, double *base, double *piece) {
    const bl_relu_chain *c = q->chain;
    double *x = q->work;
    for (size_t i = 0; i < c->n; i++)
        x[i] = q->ball->x0[i] + h[i];
    const double *from = x;
    for (size_t l = 0; l < c->depth; l++) {
        const size_t width = c->width[l + 1], at = c->offset[l];
        memcpy(z + at, c->bias[l], width * sizeof *z);
        bl_blas_gemv(false, width, c->width[l], 1.0, c->weight[l], c->width[l], from, 1.0, z + at);
        for (size_t k = at; k < at + width; k++) {
            piece[k] = natural_slope(q, k, z[k]);
            base[k] = piece[k] * z[k];
        }
        from = base + at;
    }
    return bl_blas_dot(c->width[c->depth], q->objective, from) + q->offset;
}

/* c and g of slopes a. */
static void backward(const bl_quadratic *q, const double *a, double *coefficient, double *g, double *work) {
    const bl_relu_chain *c = q->chain;
    memcpy(coefficient + c->offset[c->depth - 1], q->objective, c->width[c->depth] * sizeof *g);
    for (size_t l = c->depth; l-- > 0;) {
        const size_t width = c->width[l + 1], at = c->offset[l];
        for (size_t i = 0; i < width; i++)
            work[i] = coefficient[at + i] * a[at + i];
        bl_blas_gemv(true, width, c->width[l], 1.0, c->weight[l], c->width[l], work, 0.0,
                     l > 0 ? coefficient + c->offset[l - 1] : g);
    }
}

void bl_quadratic_coefficients(bl_quadratic *q) {
    backward(q, q->slope, q->c, q->gradient, q->work);
}

void bl_quadratic_expand(bl_quadratic *q, const double *h, bool fresh) {
    double *piece = q->v_square; /* rewritten by the next form */
    if (h != q->centre)
        memcpy(q->centre, h, q->chain->n * sizeof *h);
    q->at_centre = forward(q, q->centre, q->z, q->base, piece);
    size_t next = 0;
    for (size_t k = 0; k < q->chain->neurons; k++) {
        const bool bends = next < q->bends && q->bend[next] == k;
        next += bends;
        q->lo[k] = q->range_lo[k] - q->z[k];
        q->hi[k] = q->range_hi[k] - q->z[k];
        if (fresh || !bends)
            q->slope[k] = piece[k];
    }
}

void bl_quadratic_descend(bl_quadratic *q, const double *h) {
    const size_t n = q->chain->n;
    double *at = q->h, *best = q->centre, lowest = INFINITY;
    double *z = q->z, *base = q->base, *piece = q->v_square, *step = q->d_square;
    memcpy(at, h, n * sizeof *at);
    for (int s = 0; s < DESCENT_STEPS; s++) {
        const double f = forward(q, at, z, base, piece);
        if (f < lowest) {
            lowest = f;
            memcpy(best, at, n * sizeof *at);
            backward(q, piece, q->c, q->gradient, q->work);
        }
        const double length = s < 3 ? 0.5 : 0.25;
        (void)bl_ball_least(q->ball, q->gradient, step);
        for (size_t i = 0; i < n; i++)
            at[i] = best[i] + length * (step[i] - best[i]);
        if (q->ball->p == 2.0 && !q->ball->boxed) { /* least values are on the sphere */
            const double scale = q->ball->radius / fmax(sqrt(bl_blas_dot(n, at, at)), 1e-300);
            for (size_t i = 0; i < n; i++)
                at[i] *= scale;
        }
    }
    bl_quadratic_expand(q, best, true);
}

/* The least of 1/2 lambda v^2 + c psi - 1/2 kappa psi^2 on one piece of psi = s v + p, from <= v <= to. */
static void least_on_piece(double lambda, double kappa, double c, double s, double p, double from, double to,
                           double *least, double *where) {
    const double curve = lambda - kappa * s * s, line = c * s - kappa * s * p,
                 level = c * p - 0.5 * kappa * p * p;
    const double still = curve > 0.0 ? fmin(fmax(-line / curve, from), to) : from, at[3] = {from, to, still};
    for (int k = 0; k < 3; k++) {
        const double value = (0.5 * curve * at[k] + line) * at[k] + level;
        if (value < *least) {
            *least = value;
            *where = at[k];
        }
    }
}

static void evaluate_neuron(bl_quadratic *q, size_t k) {
    const double z = q->z[k], a = q->slope[k], knee = fmin(fmax(-z, q->lo[k]), q->hi[k]);
    double least = INFINITY, where = 0.0;
    if (q->hi[k] >= -z)
        least_on_piece(q->lambda[k], q->kappa[k], q->c[k], 1.0 - a, z - q->base[k], knee, q->hi[k], &least,
                       &where);
    if (q->lo[k] <= -z) {
        const double s = q->chain->slope;
        least_on_piece(q->lambda[k], q->kappa[k], q->c[k], s - a, s * z - q->base[k], q->lo[k], knee, &least,
                       &where);
    }
    q->loss[k] = least;
    q->v[k] = where;
    q->psi[k] = (where >= -z ? z + where : q->chain->slope * (z + where)) - q->base[k] - a * where;
}

/* min over S of g (h - h_c) - k/2 sum t (h - h_c)^2; p = inf: each coordinate at its worse end; else with |h|_2 <= R. */
static double evaluate_input(bl_quadratic *q) {
    const size_t n = q->chain->n;
    const bl_ball *s = q->ball;
    double sum = 0.0;
    q->rho = 0.0;
    if (isinf(s->p)) {
        for (size_t i = 0; i < n; i++) {
            const double lo = (s->boxed ? fmax(s->lo[i], -s->radius) : -s->radius) - q->centre[i];
            const double hi = (s->boxed ? fmin(s->hi[i], s->radius) : s->radius) - q->centre[i];
            const double curve = 0.5 * q->k * q->t[i];
            const double at_lo = (q->gradient[i] - curve * lo) * lo,
                         at_hi = (q->gradient[i] - curve * hi) * hi;
            const double d = at_lo < at_hi ? lo : hi;
            sum += fmin(at_lo, at_hi);
            q->h[i] = q->centre[i] + d;
            q->rho += q->t[i] * d * d;
        }
        return sum;
    }
    double *w = q->work + n, square = 0.0;
    for (size_t i = 0; i < n; i++) {
        w[i] = q->gradient[i] + q->k * q->centre[i];
        sum += q->gradient[i] * q->centre[i];
        square += q->centre[i] * q->centre[i];
    }
    const double length = bl_ball_length2(s), least = bl_ball_least(s, w, q->h);
    q->rho = fmax(length * length + square - 2.0 * bl_blas_dot(n, q->centre, q->h), 0.0);
    return least - 0.5 * q->k * (length * length + square) - sum;
}

double bl_quadratic_evaluate(bl_quadratic *q) {
    q->value = q->at_centre + evaluate_input(q);
    for (size_t b = 0; b < q->bends; b++) {
        evaluate_neuron(q, q->bend[b]);
        q->value += q->loss[q->bend[b]];
    }
    return q->value;
}
