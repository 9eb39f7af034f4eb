/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One draw of the infinitely wide network.
 *
 * Everything seen lies in the span V of the points asked so far, with coordinates in an orthonormal basis e_j, or across
 * it. In V the numbers seen - values, derivatives along basis vectors - have a Cholesky factor. Across V, the gradient at the
 * a-th point with one is sum_b l_ab noise_b, l the factor of the matrix dK/d<x_a, x_b>, noise_b normal in R^n. When a point
 * leaves V, its new direction e is added: the derivatives along e of all earlier gradients are known already,
 * sum_b l_ab <noise_b, e>, and by reflection at V independent of all numbers in V: their rows are l itself.
 */
#include "gp_draw.h"

#include "base/mem.h"
#include "base/stats.h"
#include "factor.h"
#include "gp_pair.h"

#include <math.h>
#include <string.h>

static const double NUGGET =
    1e-14; /* of the prior variance; a conditional variance under it counts as zero */
static const double IN_SPAN = 1e-13;    /* distance from the span over |x|, under which it counts as zero */
static const double SAME_POINT = 1e-15; /* distance over |x| */

enum { VALUE = -1 }; /* direction of a number that is a value */

/* A number in the factor: the value at a point, or a derivative there along a basis vector. */
typedef struct number {
    size_t point;
    ptrdiff_t direction;
} number;

typedef struct tangent {
    size_t point;
    size_t span; /* directions when it was drawn */
    bool fresh;  /* has noise that no earlier gradient has */
} tangent;

struct bl_gp_draw {
    bl_gp_model model;
    size_t n, classes, fields, most; /* fields: independent GPs; most: points */
    uint64_t key;
    uint32_t innovations; /* drawn so far, each field */

    size_t points, span, gradients;
    double **basis;      /* [most] rows [n], allocated when first used, kept between draws */
    double *coordinate;  /* [points][most] */
    double *value;       /* [fields][points] */
    size_t *gradient_of; /* [points]: number of its gradient; `most`: none */
    tangent *gradient;   /* [gradients] */
    double *along;       /* [fields][gradients][most]: derivatives in V */
    double *noise;       /* [fields][gradients][most]: <noise_b, e_j> */
    double *mixing;      /* [gradients][most]: l */

    bl_factor factor;
    size_t numbers_capacity;
    number *number;
    double *innovation; /* [fields][numbers_capacity] */

    bl_gp_pair *pair; /* [points]: the point in work with each other */
    double *row;      /* [rows_capacity]: covariances being solved */
    size_t row_capacity;
    double *point, *sum; /* [n] */
    float *normal;       /* [n] */
    size_t *batch;       /* [most]: points of the last batch */
};

size_t bl_gp_draw_memory(size_t n, size_t classes, size_t points, size_t gradients) {
    size_t fields = classes == 2 ? 1 : classes, span = gradients + 1;
    size_t numbers = gradients * (span + 1) + points;
    return sizeof(bl_gp_draw) + n * (span * sizeof(double) + 2 * sizeof(double) + sizeof(float)) +
           points * (points * (2 + 2 * fields) + 40) * sizeof(double) +
           numbers * (numbers / 2 + fields + span + 2) * sizeof(double);
}

bl_err bl_gp_draw_create(const bl_gp_model *model, size_t n, size_t classes, size_t points,
                         bl_gp_draw **out) {
    bl_err err = BL_OK;
    bl_gp_draw *d = NULL;
    BL_ASSERT(n > 0 && classes > 1 && points > 0);
    BL_ALLOC(d, 1);
    d->model = *model;
    d->n = n;
    d->classes = classes;
    d->fields = classes == 2 ? 1 : classes;
    d->most = points;
    BL_ALLOC(d->basis, points);
    BL_ALLOC(d->coordinate, points * points);
    BL_ALLOC(d->value, d->fields * points);
    BL_ALLOC(d->gradient_of, points);
    BL_ALLOC(d->gradient, points);
    BL_ALLOC(d->along, d->fields * points * points);
    BL_ALLOC(d->noise, d->fields * points * points);
    BL_ALLOC(d->mixing, points * points);
    BL_ALLOC(d->pair, points);
    BL_ALLOC(d->point, n);
    BL_ALLOC(d->sum, n);
    BL_ALLOC(d->normal, n);
    BL_ALLOC(d->batch, points);
    *out = d;
    d = NULL;
cleanup:
    bl_gp_draw_destroy(&d);
    return err;
}

void bl_gp_draw_destroy(bl_gp_draw **draw) {
    bl_gp_draw *d = *draw;
    if (!d)
        return;
    for (size_t j = 0; d->basis && j < d->most; j++)
        bl_mem_free(d->basis[j]);
    bl_factor_clear(&d->factor);
    void *owned[] = {d->basis, d->coordinate, d->value,  d->gradient_of, d->gradient, d->along,
                     d->noise, d->mixing,     d->number, d->innovation,  d->pair,     d->row,
                     d->point, d->sum,        d->normal, d->batch};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++)
        bl_mem_free(owned[k]);
    bl_mem_free(d);
    *draw = NULL;
}

void bl_gp_draw_begin(bl_gp_draw *d, bl_stream stream) {
    uint32_t word[4];
    bl_rng_words(stream, 0, 4, word);
    d->key = (uint64_t)word[0] << 32 | word[1];
    d->innovations = 0;
    d->points = d->span = d->gradients = d->factor.rows = 0;
}

/* --- random numbers --- */

static double next_innovation(const bl_gp_draw *d, size_t field) {
    double u;
    bl_rng_uniform64(bl_rng_stream(d->key, (uint32_t)field, d->innovations, BL_PURPOSE_DRAW, 0), 1, &u);
    return bl_stats_normal_quantile(u);
}

static void fill_noise(bl_gp_draw *d, size_t field, size_t gradient) {
    bl_rng_normal(bl_rng_stream(d->key, (uint32_t)field, (uint32_t)gradient, BL_PURPOSE_DRAW, 1), 1.0F, d->n,
                  d->normal);
}

static double *table(const bl_gp_draw *d, double *of, size_t field, size_t gradient) {
    return of + (field * d->most + gradient) * d->most;
}

static double noise_along(const bl_gp_draw *d, const double *e) {
    double sum[8] = {0};
    size_t i = 0;
    for (; i + 8 <= d->n; i += 8)
        for (size_t k = 0; k < 8; k++)
            sum[k] += (double)d->normal[i + k] * e[i + k];
    for (size_t k = 0; i + k < d->n; k++)
        sum[k] += (double)d->normal[i + k] * e[i + k];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

/* --- numbers in V --- */

static bl_err reserve_numbers(bl_gp_draw *d, size_t more) {
    bl_err err = BL_OK;
    number *grown = NULL;
    double *innovation = NULL;
    size_t need = d->factor.rows + more;
    BL_TRY(bl_factor_reserve(&d->factor, need));
    if (need <= d->numbers_capacity)
        goto cleanup;
    size_t capacity = d->factor.capacity;
    BL_ALLOC(grown, capacity);
    BL_ALLOC(innovation, d->fields * capacity);
    if (d->factor.rows > 0)
        memcpy(grown, d->number, d->factor.rows * sizeof *grown);
    for (size_t c = 0; c < d->fields && d->factor.rows > 0; c++)
        memcpy(innovation + c * capacity, d->innovation + c * d->numbers_capacity,
               d->factor.rows * sizeof *innovation);
    bl_mem_free(d->number);
    bl_mem_free(d->innovation);
    d->number = grown;
    d->innovation = innovation;
    d->numbers_capacity = capacity;
    grown = NULL;
    innovation = NULL;
cleanup:
    bl_mem_free(grown);
    bl_mem_free(innovation);
    return err;
}

static bl_err reserve_rows(bl_gp_draw *d, size_t count) {
    bl_err err = BL_OK;
    if (count > d->row_capacity) {
        bl_mem_free(d->row);
        d->row_capacity = 0;
        BL_ALLOC(d->row, 2 * count);
        d->row_capacity = 2 * count;
    }
cleanup:
    return err;
}

/* The kernel between point a and all points. */
static void fill_pairs(bl_gp_draw *d, size_t a) {
    const double *x = d->coordinate + a * d->most;
    const double x2 = bl_factor_dot(d->span, x, x);
    for (size_t b = 0; b < d->points; b++) {
        const double *y = d->coordinate + b * d->most;
        bl_gp_geometry at = {.x2 = x2, .y2 = bl_factor_dot(d->span, y, y)};
        double across2 = 0.0;
        for (size_t j = 0; j < d->span; j++) {
            at.xd += x[j] * (y[j] - x[j]);
            at.d2 += (y[j] - x[j]) * (y[j] - x[j]);
        }
        const double ratio = x2 > 0.0 ? at.xd / x2 : 0.0;
        for (size_t j = 0; j < d->span; j++) {
            const double across = y[j] - x[j] - ratio * x[j];
            across2 += across * across;
        }
        at.determinant = x2 * across2;
        d->pair[b] = bl_gp_pair_at(&d->model, d->n, &at);
    }
}

/* Covariance of the number (a, direction) with (b, other), from the pair (a, b). */
static double covariance(const bl_gp_draw *d, size_t a, ptrdiff_t direction, size_t b, ptrdiff_t other) {
    const bl_gp_pair *p = &d->pair[b];
    const double *x = d->coordinate + a * d->most, *y = d->coordinate + b * d->most;
    double u[2] = {0}, v[2] = {0};
    if (direction != VALUE) {
        u[0] = x[direction];
        u[1] = y[direction] - x[direction] - p->along[0] * x[direction];
    }
    if (other != VALUE) {
        v[0] = y[other];
        v[1] = x[other] - y[other] + p->along[1] * y[other];
    }
    if (direction == VALUE)
        return other == VALUE ? p->value : p->y[0] * v[0] + p->y[1] * v[1];
    if (other == VALUE)
        return p->x[0] * u[0] + p->x[1] * u[1];
    return (direction == other ? p->across : 0.0) + u[0] * (p->mixed[0][0] * v[0] + p->mixed[0][1] * v[1]) +
           u[1] * (p->mixed[1][0] * v[0] + p->mixed[1][1] * v[1]);
}

/* Of a number at point a: what is added to its conditional variance, which counts as zero where it is less. It stands above the
 * rounding of covariances, so that the factor is that of a positive definite matrix however near the points are. Rounding grows
 * with the first layer's variance where the activation is not homogeneous. */
static double nugget_of(const bl_gp_draw *d, size_t a, double variance) {
    const double *x = d->coordinate + a * d->most;
    const double first =
        d->model.bias_variance + d->model.weight_variance / (double)d->n * bl_factor_dot(d->span, x, x);
    const bool homogeneous = d->model.activation == BL_RELU || d->model.activation == BL_LEAKY_RELU;
    return NUGGET * variance * (homogeneous ? 1.0 : fmax(1.0, first));
}

/* Draw the numbers (a, directions first .. first + count - 1), one after another; number k of field c goes to out[c][k] of
 * rows `stride` apart. The pairs of a are filled. */
static bl_err draw_numbers(bl_gp_draw *d, size_t a, ptrdiff_t first, size_t count, size_t stride,
                           double *out) {
    bl_err err = BL_OK;
    const size_t old = d->factor.rows, width = old + count;
    BL_TRY(reserve_numbers(d, count));
    BL_TRY(reserve_rows(d, count * width));
    for (size_t k = 0; k < count; k++)
        for (size_t r = 0; r < old; r++)
            d->row[k * width + r] =
                covariance(d, a, first + (ptrdiff_t)k, d->number[r].point, d->number[r].direction);
    bl_factor_solve(&d->factor, 0, count, width, d->row);
    for (size_t k = 0; k < count; k++) {
        const ptrdiff_t direction = first + (ptrdiff_t)k;
        double *row = d->row + k * width;
        const double prior = covariance(d, a, direction, a, direction);
        for (size_t r = old; r < d->factor.rows; r++)
            row[r] = covariance(d, a, direction, a, d->number[r].direction);
        bl_factor_solve(&d->factor, old, 1, width, row);
        const size_t rows = d->factor.rows;
        const double left = prior - bl_factor_dot(rows, row, row);
        /* a derivative's rounding is of the size of the gradient, though its own variance may be less */
        const double nugget = nugget_of(d, a, direction == VALUE ? prior : fmax(prior, d->pair[a].across));
        const bool fresh = left > nugget;
        const double root = fresh ? sqrt(left + nugget) : 0.0;
        for (size_t c = 0; c < d->fields; c++) {
            double *seen = d->innovation + c * d->numbers_capacity;
            out[c * stride + k] = bl_factor_dot(rows, row, seen);
            if (fresh) {
                seen[rows] = next_innovation(d, c);
                out[c * stride + k] += root * seen[rows];
            }
        }
        if (!fresh)
            continue;
        d->innovations++;
        d->number[rows] = (number){a, direction};
        bl_factor_append(&d->factor, row, root);
    }
cleanup:
    return err;
}

/* --- points --- */

static void subtract(size_t n, double factor, const double *e, double *x) {
    for (size_t i = 0; i < n; i++)
        x[i] -= factor * e[i];
}

/* A new basis vector along what is left of the point in `point`, of that length; what is known along it joins the
 * factor. */
static bl_err add_direction(bl_gp_draw *d, double length) {
    bl_err err = BL_OK;
    const size_t j = d->span;
    if (!d->basis[j])
        BL_ALLOC(d->basis[j], d->n);
    double *e = d->basis[j];
    for (size_t i = 0; i < d->n; i++)
        e[i] = d->point[i] / length;
    for (size_t k = 0; k < j; k++) /* remove what rounding left in the earlier directions */
        subtract(d->n, bl_factor_dot(d->n, d->basis[k], e), d->basis[k], e);
    const double norm = sqrt(bl_factor_dot(d->n, e, e));
    for (size_t i = 0; i < d->n; i++)
        e[i] /= norm;
    BL_TRY(reserve_numbers(d, d->gradients));
    BL_TRY(reserve_rows(d, d->factor.rows + d->gradients));
    const size_t old = d->factor.rows;
    memset(d->row, 0, (old + d->gradients) * sizeof *d->row);
    for (size_t b = 0; b < d->gradients; b++) {
        const size_t rows = d->factor.rows;
        if (!d->gradient[b].fresh)
            continue;
        size_t column = old;
        for (size_t k = 0; k < b; k++)
            if (d->gradient[k].fresh)
                d->row[column++] = d->mixing[b * d->most + k];
        for (size_t c = 0; c < d->fields; c++) {
            fill_noise(d, c, b);
            const double seen = noise_along(d, e);
            table(d, d->noise, c, b)[j] = seen;
            d->innovation[c * d->numbers_capacity + rows] = seen;
        }
        d->number[rows] = (number){d->gradient[b].point, (ptrdiff_t)j};
        bl_factor_append(&d->factor, d->row, d->mixing[b * d->most + b]);
    }
    for (size_t p = 0; p < d->points; p++)
        d->coordinate[p * d->most + j] = 0.0;
    d->span++;
cleanup:
    return err;
}

/* Coordinates of the point in `point`, as a new point's; a direction that it adds. */
static bl_err locate(bl_gp_draw *d) {
    bl_err err = BL_OK;
    double *x = d->coordinate + d->points * d->most;
    const double length = sqrt(bl_factor_dot(d->n, d->point, d->point));
    memset(x, 0, d->most * sizeof *x);
    for (int turn = 0; turn < 2; turn++)
        for (size_t j = 0; j < d->span; j++) {
            const double along = bl_factor_dot(d->n, d->basis[j], d->point);
            x[j] += along;
            subtract(d->n, along, d->basis[j], d->point);
        }
    const double rest = sqrt(bl_factor_dot(d->n, d->point, d->point));
    if (rest > IN_SPAN * length && d->span < d->n) {
        BL_TRY(add_direction(d, rest));
        x[d->span - 1] = rest;
    }
cleanup:
    return err;
}

/* The number of the new point; that of an earlier point where both are the same. */
static size_t same_point(const bl_gp_draw *d) {
    const double *x = d->coordinate + d->points * d->most;
    const double allowed = SAME_POINT * SAME_POINT * bl_factor_dot(d->span, x, x);
    for (size_t b = 0; b < d->points; b++) {
        const double *y = d->coordinate + b * d->most;
        double square = 0.0;
        for (size_t j = 0; j < d->span; j++)
            square += (x[j] - y[j]) * (x[j] - y[j]);
        if (square <= allowed)
            return b;
    }
    return d->points;
}

/* The values at the point in `point`. */
static bl_err ask(bl_gp_draw *d, size_t *number_of) {
    bl_err err = BL_OK;
    BL_REQUIRE(d->points < d->most, BL_ERR_INPUT, "a draw of the infinitely wide network holds %zu points",
               d->most);
    BL_TRY(locate(d));
    const size_t a = same_point(d);
    *number_of = a;
    if (a < d->points)
        goto cleanup;
    d->points++;
    d->gradient_of[a] = d->most;
    fill_pairs(d, a);
    BL_TRY(draw_numbers(d, a, VALUE, 1, d->most, d->value + a));
cleanup:
    return err;
}

/* --- gradients --- */

/* Row g of the factor of dK/d<x, y> between gradient points; the pairs of its point are filled. */
static void mix(bl_gp_draw *d, size_t g) {
    double *row = d->mixing + g * d->most;
    const double prior = d->pair[d->gradient[g].point].across;
    for (size_t b = 0; b < g; b++) {
        const double *other = d->mixing + b * d->most;
        row[b] = d->gradient[b].fresh
                     ? (d->pair[d->gradient[b].point].across - bl_factor_dot(b, row, other)) / other[b]
                     : 0.0;
    }
    const double left = prior - bl_factor_dot(g, row, row),
                 nugget = nugget_of(d, d->gradient[g].point, prior);
    d->gradient[g].fresh = left > nugget;
    row[g] = d->gradient[g].fresh ? sqrt(left + nugget) : 0.0;
}

static bl_err draw_gradient(bl_gp_draw *d, size_t a) {
    bl_err err = BL_OK;
    const size_t g = d->gradients;
    d->gradient[g] = (tangent){.point = a, .span = d->span};
    fill_pairs(d, a);
    if (d->span > 0)
        BL_TRY(draw_numbers(d, a, 0, d->span, d->most * d->most, d->along + g * d->most));
    mix(d, g);
    for (size_t c = 0; c < d->fields && d->gradient[g].fresh; c++) {
        fill_noise(d, c, g);
        for (size_t j = 0; j < d->span; j++)
            table(d, d->noise, c, g)[j] = noise_along(d, d->basis[j]);
    }
    d->gradient_of[a] = g;
    d->gradients++;
cleanup:
    return err;
}

/* sum += weight times gradient g of field c. */
static void add_gradient(bl_gp_draw *d, size_t c, size_t g, double weight) {
    const double *mixing = d->mixing + g * d->most, *along = table(d, d->along, c, g);
    for (size_t j = 0; j < d->gradient[g].span; j++) {
        double rest = along[j];
        for (size_t b = 0; b <= g; b++)
            if (d->gradient[b].fresh)
                rest -= mixing[b] * table(d, d->noise, c, b)[j];
        subtract(d->n, -weight * rest, d->basis[j], d->sum);
    }
    for (size_t b = 0; b <= g; b++) {
        if (!d->gradient[b].fresh)
            continue;
        fill_noise(d, c, b);
        for (size_t i = 0; i < d->n; i++)
            d->sum[i] += weight * mixing[b] * (double)d->normal[i];
    }
}

/* --- the oracle --- */

static bl_err answer(bl_gp_draw *d, size_t row, double *logits) {
    bl_err err = BL_OK;
    size_t a = 0;
    BL_TRY(ask(d, &a));
    d->batch[row] = a;
    if (d->fields == 1) {
        logits[1] = d->value[a] / sqrt(2.0);
        logits[0] = -logits[1];
    } else {
        for (size_t c = 0; c < d->fields; c++)
            logits[c] = d->value[c * d->most + a];
    }
cleanup:
    return err;
}

static bl_err forward64(void *context, size_t count, const size_t *input, const double *x, double *logits) {
    bl_err err = BL_OK;
    bl_gp_draw *d = context;
    (void)input;
    for (size_t r = 0; r < count; r++) {
        memcpy(d->point, x + r * d->n, d->n * sizeof *d->point);
        BL_TRY(answer(d, r, logits + r * d->classes));
    }
cleanup:
    return err;
}

static bl_err forward(void *context, size_t count, const size_t *input, const float *x, float *logits) {
    bl_err err = BL_OK;
    bl_gp_draw *d = context;
    double *z = NULL;
    (void)input;
    BL_ALLOC(z, d->classes);
    for (size_t r = 0; r < count; r++) {
        for (size_t i = 0; i < d->n; i++)
            d->point[i] = (double)x[r * d->n + i];
        BL_TRY(answer(d, r, z));
        for (size_t c = 0; c < d->classes; c++)
            logits[r * d->classes + c] = (float)z[c];
    }
cleanup:
    bl_mem_free(z);
    return err;
}

static bl_err gradient_of(void *context, size_t count, const size_t *row, const float *seed, float *out) {
    bl_err err = BL_OK;
    bl_gp_draw *d = context;
    for (size_t r = 0; r < count; r++) {
        const size_t a = d->batch[row ? row[r] : r];
        const float *s = seed + r * d->classes;
        if (d->gradient_of[a] == d->most)
            BL_TRY(draw_gradient(d, a));
        memset(d->sum, 0, d->n * sizeof *d->sum);
        for (size_t c = 0; c < d->fields; c++) {
            double weight = d->fields == 1 ? ((double)s[1] - (double)s[0]) / sqrt(2.0) : (double)s[c];
            if (weight != 0.0)
                add_gradient(d, c, d->gradient_of[a], weight);
        }
        for (size_t i = 0; i < d->n; i++)
            out[r * d->n + i] = (float)d->sum[i];
    }
cleanup:
    return err;
}

bl_oracle bl_gp_draw_oracle(bl_gp_draw *d) {
    return (bl_oracle){d->n, d->classes, d->most, d, forward, gradient_of, forward64};
}
