/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The proof of a quadratic bound. README.md, 'Rounding', derives every charge; in short, numbers that the computation
 * rounded (z, base, c, g, k) are taken as they are, and what they then miss in exact arithmetic is bounded.
 */
#include "base/blas.h"
#include "linear.h"
#include "quadratic.h"
#include "quadratic_form.h"
#include "rounding.h"

#include <math.h>
#include <string.h>

enum { GROWTHS = 9, HALVINGS = 4 };

static double frobenius(size_t count, const double *x) {
    return sqrt(bl_blas_dot(count, x, x)) * (1.0 + bl_rounding_of_sum(count));
}

/* How far the largest singular value of the scaled rows [E T^-1/2 / sqrt(k), B] can lie from that of the matrices as computed:
 * products of l matrices are off by l gamma times the product of their norms. */
static double error_of_rows(const bl_quadratic *q, double k, double trace) {
    const bl_relu_chain *c = q->chain;
    double error = 0.0, gamma = 0.0, to_first = 1.0;
    double most_kappa = 0.0; /* of 1 / kappa */
    for (size_t b = 0; b < q->first[c->depth - 1]; b++)
        most_kappa = fmax(most_kappa, 1.0 / q->kappa[q->bend[b]]);
    for (size_t l = 0; l < c->depth; l++) {
        double slope = 1.0, lambda = 0.0;
        for (size_t b = q->first[l]; b < q->first[l + 1]; b++)
            lambda = fmax(lambda, q->lambda[q->bend[b]]);
        if (l > 0) {
            for (size_t i = c->offset[l - 1]; i < c->offset[l]; i++)
                slope = fmax(slope, fabs(q->slope[i]));
            to_first *= slope * fmax(frobenius(c->width[l + 1] * c->width[l], c->weight[l]), 1.0);
        }
        gamma += bl_rounding_of_sum(c->width[l] + 8);
        /* the first layer's own row is sqrt(lambda) alone */
        error += sqrt(lambda) * (l == 0 ? 8.0 * BL_ROUNDING * sqrt((double)c->width[1]) : gamma * to_first) *
                 (sqrt(trace / k) + (l == 0 ? 0.0 : (double)c->depth * sqrt(most_kappa)));
    }
    return error;
}

/* Whether the condition holds with multipliers k t and kappa: 1 - E T^-1 E^T / k - B B^T >= 0 on the rows. q->form and q->columns
 * are those of the multipliers; q->factor is overwritten. */
static bool condition_holds(bl_quadratic *q, double *matrix, double k, double trace, double rows_norm,
                            double columns_norm) {
    const size_t m = q->bends, one = q->first[1], rest = m - one, ld = q->first[q->chain->depth - 1];
    const double gamma = 4.0 * bl_rounding_of_sum(q->chain->n + 2 * q->chain->width[1] + 16);
    const double slack = 2.0 * error_of_rows(q, k, trace) + gamma * rows_norm * rows_norm * trace / k +
                         bl_rounding_of_sum(ld + 8) * columns_norm * columns_norm +
                         4.0 * bl_rounding_of_sum(m) * (double)m;
    if (!(slack < 0.1))
        return false;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j <= i; j++)
            matrix[i * m + j] = -q->form[i * m + j] / k;
        matrix[i * m + i] += 1.0 - slack;
    }
    if (rest > 0 && ld > 0)
        bl_blas_syrk(rest, ld, -1.0, q->columns, ld, 1.0, matrix + one * m + one, m);
    return bl_blas_cholesky(m, matrix, m);
}

/* The least k, nearly, for which the condition is confirmed; infinite where none is. */
static double confirmed_k(bl_quadratic *q, double k) {
    const size_t m = q->bends, rest = m - q->first[1], first = q->chain->width[1];
    const double *gram = bl_quadratic_gram(q);
    double *matrix = q->krylov, trace = 0.0, rows_norm = 0.0, columns_norm = 0.0;
    if (m == 0)
        return 0.0;
    if (rest > 0) {
        const size_t ld = bl_quadratic_columns(q);
        columns_norm = frobenius(rest * ld, q->columns);
    }
    bl_quadratic_gram_of_rows(q, gram);
    for (size_t i = 0; i < first; i++)
        trace += gram[i * first + i];
    for (size_t b = 0; b < q->first[1]; b++)
        rows_norm += q->lambda[q->bend[b]];
    if (rest > 0)
        rows_norm += bl_blas_dot(rest * first, q->rows, q->rows);
    rows_norm = sqrt(rows_norm) * (1.0 + bl_rounding_of_sum(rest * first + m));
    trace *= 1.0 + bl_rounding_of_sum(q->chain->n + first);
    double below = 0.0, growth = 1e-9;
    for (int e = 0; e < GROWTHS; e++, growth *= 10.0) {
        if (condition_holds(q, matrix, k * (1.0 + growth), trace, rows_norm, columns_norm)) {
            for (int h = 0; h < HALVINGS && below > 1e-7; h++) {
                const double middle = sqrt(below * growth);
                *(condition_holds(q, matrix, k * (1.0 + middle), trace, rows_norm, columns_norm) ? &growth
                                                                                                 : &below) =
                    middle;
            }
            return k * (1.0 + growth);
        }
        below = growth;
    }
    return INFINITY;
}

/* What the remainders of z, base, c and f can add up to. Per layer: `most` of |y - base|, then size = |W| (most + |base|) + |b|, what the
 * sums that make z and c ran over; `drift` of v from its linear recursion. */
static double charge_of_layers(const bl_quadratic *q) {
    const bl_relu_chain *c = q->chain;
    const size_t widest = c->n > c->neurons ? c->n : c->neurons;
    double *input = q->work, *size = input + widest, *drift = size + c->neurons, *moved = drift + c->neurons;
    double charge = 0.0;
    size_t next = 0;
    bl_ball_reach(q->ball, input);
    for (size_t j = 0; j < c->n; j++)
        input[j] += 3.0 * fabs(q->centre[j]) + fabs(q->ball->x0[j]);
    memset(drift, 0, c->neurons * sizeof *drift);
    for (size_t l = 0; l < c->depth; l++) {
        const size_t width = c->width[l + 1], at = c->offset[l];
        const double gamma = bl_rounding_of_sum(c->width[l] + c->width[l + 1] + 8);
        bl_absolute_product(width, c->width[l], c->weight[l], input, size);
        if (l > 0)
            bl_absolute_product(width, c->width[l], c->weight[l], moved, drift);
        for (size_t i = 0; i < width; i++) {
            const size_t k = at + i;
            const bool bends = next < q->bends && q->bend[next] == k;
            const double a = fabs(q->slope[k]),
                         farthest = fmax(fabs(q->lo[k]), fabs(q->hi[k])) + fabs(q->z[k]);
            size[i] = gamma * (size[i] + fabs(c->bias[l][i]));
            drift[i] = (drift[i] + size[i]) * (1.0 + gamma);
            next += bends;
            charge += fabs(q->c[k]) * (a * size[i] + BL_ROUNDING * fabs(q->base[k]));
            charge += bends ? q->lambda[k] * farthest * drift[i] : 0.0;
            input[i] = farthest + 2.0 * fabs(q->base[k]);
            moved[i] = a * drift[i];
        }
    }
    const size_t last = c->width[c->depth];
    double sum = fabs(q->offset);
    for (size_t i = 0; i < last; i++)
        sum += fabs(q->objective[i]) * input[i];
    return charge + bl_rounding_of_sum(last + 8) * sum;
}

static double charge_of_input(const bl_quadratic *q) {
    const size_t n = q->chain->n;
    double *reach = q->work, sum = 0.0;
    bl_ball_reach(q->ball, reach);
    for (size_t j = 0; j < n; j++) {
        const double d = reach[j] + fabs(q->centre[j]), kt = q->k * q->t[j];
        sum += fabs(q->gradient[j]) * d + kt * d * d;
    }
    const double length = bl_ball_length2(q->ball);
    if (!isinf(q->ball->p))
        sum += q->k * length * length;
    return bl_rounding_of_sum(n + 32) * sum;
}

static double charge_of_neurons(const bl_quadratic *q) {
    double sum = 0.0, losses = fabs(q->at_centre);
    for (size_t b = 0; b < q->bends; b++) {
        const size_t k = q->bend[b];
        const double steep = 1.0 + fabs(q->slope[k]), shift = fabs(q->z[k]) + fabs(q->base[k]),
                     c = fabs(q->c[k]);
        const double v = fmax(fabs(q->lo[k]), fabs(q->hi[k])) + fabs(q->z[k]);
        sum += (q->lambda[k] + q->kappa[k] * steep * steep) * v * v + (c + q->kappa[k] * shift) * steep * v +
               c * shift + q->kappa[k] * shift * shift;
        losses += fabs(q->loss[k]);
    }
    return 32.0 * BL_ROUNDING * sum + bl_rounding_of_sum(q->bends + 8) * losses;
}

double bl_quadratic_proof(bl_quadratic *q) {
    if (q->empty)
        return INFINITY;
    bl_quadratic_coefficients(q);
    if (!bl_quadratic_form(q))
        return -INFINITY;
    q->k = confirmed_k(q, q->k);
    if (!isfinite(q->k))
        return -INFINITY;
    const double value = bl_quadratic_evaluate(q);
    const double charge = charge_of_layers(q) + charge_of_input(q) + charge_of_neurons(q);
    const double proven = value - charge * (1.0 + 1e-9) - 4.0 * BL_ROUNDING * fabs(value);
    return isnan(proven) ? -INFINITY : proven;
}
