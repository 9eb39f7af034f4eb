/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The vertex bound, p = 1.
 */
#include "vertex.h"
#include "base/blas.h"
#include "base/mem.h"
#include "linear.h"
#include "rounding.h"

#include <math.h>
#include <string.h>

enum { VERTICES_OF_STEP = 48 };

static bl_err allocate(bl_vertex *v) {
    bl_err err = BL_OK;
    const bl_relu_chain *c = v->chain;
    const size_t n = c->n, first = c->width[1], longest = n > c->neurons ? n : c->neurons;
    size_t widest = first;
    double **const of_neurons[] = {&v->z,    &v->base,  &v->a,    &v->helpful, &v->c,
                                   &v->most, &v->drift, &v->best, &v->push,    &v->best_push};
    for (size_t l = 1; l <= c->depth; l++)
        widest = c->width[l] > widest ? c->width[l] : widest;
    for (size_t i = 0; i < sizeof of_neurons / sizeof *of_neurons; i++)
        BL_ALLOC(*of_neurons[i], c->neurons);
    BL_ALLOC(v->objective, c->width[c->depth]);
    BL_ALLOC(v->gradient, n);
    BL_ALLOC(v->to_input, (c->neurons - first) * n);
    BL_ALLOC(v->bent, c->neurons * 2 * n);
    BL_ALLOC(v->rise, widest * 2 * n);
    for (size_t k = 0; k < 2; k++)
        BL_ALLOC(v->path[k], widest * widest);
    BL_ALLOC(v->value, 2 * n);
    BL_ALLOC(v->share, 2 * n);
    BL_ALLOC(v->work, 4 * longest);
cleanup:
    return err;
}

/* Slope of the piece that z is on, or that the branch says. */
static double piece(const bl_vertex *v, size_t k, double z) {
    const bool up = v->side && v->side[k] != 0 ? v->side[k] > 0 : z > 0.0;
    return up ? 1.0 : v->chain->slope;
}

/* z, base and f of the chain at x, neurons of the branch on the pieces that it says. */
static double forward(const bl_vertex *v, const double *x, double *z, double *base) {
    const bl_relu_chain *c = v->chain;
    const double *from = x;
    for (size_t l = 0; l < c->depth; l++) {
        const size_t width = c->width[l + 1], at = c->offset[l];
        memcpy(z + at, c->bias[l], width * sizeof *z);
        bl_blas_gemv(false, width, c->width[l], 1.0, c->weight[l], c->width[l], from, 1.0, z + at);
        for (size_t k = at; k < at + width; k++)
            base[k] = piece(v, k, z[k]) * z[k];
        from = base + at;
    }
    return bl_blas_dot(c->width[c->depth], v->objective, from) + v->offset;
}

/* to[rows][inner] = W_l diag(a). */
static void scaled_weight(const bl_vertex *v, size_t l, double *to) {
    const bl_relu_chain *c = v->chain;
    const size_t inner = c->width[l];
    const double *weight = c->weight[l], *a = v->a + c->offset[l - 1];
    for (size_t i = 0; i < c->width[l + 1]; i++)
        for (size_t j = 0; j < inner; j++)
            to[i * inner + j] = weight[i * inner + j] * a[j];
}

void bl_vertex_expand(bl_vertex *v, const int8_t *side) {
    const bl_relu_chain *c = v->chain;
    const size_t first = c->width[1], n = c->n;
    v->side = side;
    v->at_input = forward(v, v->x0, v->z, v->base);
    for (size_t k = 0; k < c->neurons; k++)
        v->a[k] = piece(v, k, v->z[k]);
    for (size_t l = 1; l < c->depth; l++) {
        scaled_weight(v, l, v->path[0]);
        bl_blas_gemm(false, false, c->width[l + 1], n, c->width[l], 1.0, v->path[0], c->width[l],
                     l == 1 ? c->weight[0] : v->to_input + (c->offset[l - 1] - first) * n, n, 0.0,
                     v->to_input + (c->offset[l] - first) * n, n);
    }
}

bl_err bl_vertex_create(const bl_relu_chain *chain, size_t class, size_t other, const double *x0,
                        const double *towards, bl_vertex **out) {
    bl_err err = BL_OK;
    bl_vertex *v = NULL;
    const size_t last = chain->width[chain->depth], n = chain->n;
    const double *weight = chain->weight[chain->depth], *bias = chain->bias[chain->depth];
    *out = NULL;
    if ((double)chain->neurons * 2.0 * (double)n > BL_RELU_CHAIN_NUMBERS)
        return BL_OK;
    BL_ALLOC(v, 1);
    v->chain = chain;
    BL_TRY(allocate(v));
    for (size_t i = 0; i < last; i++)
        v->objective[i] = weight[class * last + i] - weight[other * last + i];
    v->offset = bias[class] - bias[other];
    if (towards)
        (void)forward(v, towards, v->helpful, v->base);
    v->x0 = x0;
    bl_vertex_expand(v, NULL);
    for (size_t k = 0; k < chain->neurons; k++) {
        const bool flips = towards && (v->helpful[k] > 0.0) != (v->z[k] > 0.0);
        v->helpful[k] = flips ? 0.5 * (1.0 + chain->slope) : v->a[k];
    }
    *out = v;
    v = NULL;
cleanup:
    bl_vertex_destroy(&v);
    return err;
}

void bl_vertex_destroy(bl_vertex **vertex) {
    bl_vertex *v = *vertex;
    if (!v)
        return;
    double *const all[] = {v->objective, v->z,     v->base,  v->a,       v->helpful,
                           v->c,         v->most,  v->drift, v->best,    v->gradient,
                           v->to_input,  v->bent,  v->rise,  v->path[0], v->path[1],
                           v->value,     v->share, v->work,  v->push,    v->best_push};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        bl_mem_free(all[i]);
    bl_mem_free(v);
    *vertex = NULL;
}

/* rise += [-s P]_+ bent of layer m, in layer l: the most that psi there adds to -s v here; `path` is P_{lm}. */
static void add_bent(bl_vertex *v, size_t l, size_t m, const double *path) {
    const bl_relu_chain *c = v->chain;
    const size_t rows = c->width[l + 1], inner = c->width[m + 1], columns = 2 * c->n;
    double *positive = v->path[1];
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < inner; j++) {
            const double p = v->z[c->offset[l] + i] > 0.0 ? -path[i * inner + j] : path[i * inner + j];
            positive[i * inner + j] = p > 0.0 ? p : 0.0;
        }
    bl_blas_gemm(false, false, rows, columns, inner, 1.0, positive, inner, v->bent + c->offset[m] * columns,
                 columns, 1.0, v->rise, columns);
}

/* Upper bounds of psi of layer l at all vertices: (1 - slope) (-s (z + G h) + ...)_+. */
static bl_err bend_layer(bl_vertex *v, size_t l) {
    bl_err err = BL_OK;
    const bl_relu_chain *c = v->chain;
    const size_t n = c->n, rows = c->width[l + 1], columns = 2 * n;
    const double *g = l == 0 ? c->weight[0] : v->to_input + (c->offset[l] - c->width[1]) * n;
    double *path = NULL, *next = NULL;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++) {
            const double step =
                (v->z[c->offset[l] + i] > 0.0 ? -v->ball->radius : v->ball->radius) * g[i * n + j];
            v->rise[i * columns + j] = step;
            v->rise[i * columns + n + j] = -step;
        }
    for (size_t m = l; m-- > 0;) { /* P_{l, l-1} = W_l, P_{l, m} = P_{l, m+1} diag(a_{m+1}) W_{m+1} */
        const size_t inner = c->width[m + 1];
        if (m + 1 == l) {
            add_bent(v, l, m, c->weight[l]);
            continue;
        }
        BL_ALLOC(next, rows * inner);
        const double *left = m + 2 == l ? c->weight[l] : path;
        double *scaled = v->path[0];
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < c->width[m + 2]; j++)
                scaled[i * c->width[m + 2] + j] = left[i * c->width[m + 2] + j] * v->a[c->offset[m + 1] + j];
        bl_blas_gemm(false, false, rows, inner, c->width[m + 2], 1.0, scaled, c->width[m + 2],
                     c->weight[m + 1], inner, 0.0, next, inner);
        add_bent(v, l, m, next);
        bl_mem_free(path);
        path = next;
        next = NULL;
    }
    for (size_t i = 0; i < rows; i++) {
        const double bend = 1.0 - c->slope, depth = fabs(v->z[c->offset[l] + i]);
        const bool divided = v->side && v->side[c->offset[l] + i] != 0; /* psi = 0 */
        double *to = v->bent + (c->offset[l] + i) * columns;
        for (size_t j = 0; j < columns; j++)
            to[j] = divided ? 0.0 : bend * fmax(v->rise[i * columns + j] - depth, 0.0);
    }
cleanup:
    bl_mem_free(path);
    bl_mem_free(next);
    return err;
}

/* most: |v| <= |W| (|v| + psi) of the layer before, psi <= |v|; drift: what z and the bounds of v miss by rounding. */
static void reach_of_layers(bl_vertex *v) {
    const bl_relu_chain *c = v->chain;
    const size_t n = c->n, longest = n > c->neurons ? n : c->neurons;
    double *twice = v->work, *moved = twice + longest, *size = moved + longest, *input = size + longest;
    const double gamma = 4.0 * bl_rounding_of_sum(n + c->neurons);
    for (size_t j = 0; j < n; j++)
        input[j] = fabs(v->ball->x0[j]);
    for (size_t l = 0; l < c->depth; l++) {
        const size_t rows = c->width[l + 1], at = c->offset[l];
        bl_absolute_product(rows, c->width[l], c->weight[l], input, size);
        if (l > 0) {
            bl_absolute_product(rows, c->width[l], c->weight[l], twice, v->most + at);
            bl_absolute_product(rows, c->width[l], c->weight[l], moved, v->drift + at);
        }
        for (size_t i = 0; i < rows; i++) {
            if (l == 0) {
                v->most[at + i] = v->drift[at + i] = 0.0;
                for (size_t j = 0; j < n; j++)
                    v->most[at + i] = fmax(v->most[at + i], v->ball->radius * fabs(c->weight[0][i * n + j]));
            }
            v->drift[at + i] += gamma * (size[i] + fabs(c->bias[l][i]) + v->most[at + i]);
        }
        for (size_t i = 0; i < rows; i++) { /* the next layer's; work is used up to here */
            twice[i] = 2.0 * v->most[at + i];
            moved[i] = 2.0 * v->drift[at + i];
            input[i] = fabs(v->base[at + i]);
        }
    }
}

/* The coefficient of v of a neuron, and what its line adds to the constant: c > 0: a supporting line; a neuron of the branch: its piece
 * and push, the multiplier of the sign that it has. */
static double of_line(const bl_vertex *v, size_t k, double *constant) {
    const double c = v->c[k];
    if (v->side && v->side[k] != 0) {
        const double push = -(double)v->side[k] * v->push[k];
        *constant += push * v->z[k];
        return c * v->a[k] + push;
    }
    if (!(c > 0.0))
        return c * v->a[k];
    *constant += c * (v->helpful[k] * v->z[k] - v->base[k]);
    return c * v->helpful[k];
}

/* c, g, constants of the helpful slopes, and F at all vertices. */
static void evaluate_vertices(bl_vertex *v) {
    const bl_relu_chain *c = v->chain;
    const size_t n = c->n, columns = 2 * n;
    double *weighted = v->work;
    v->constant = 0.0;
    memcpy(v->c + c->offset[c->depth - 1], v->objective, c->width[c->depth] * sizeof *v->c);
    memset(v->value, 0, columns * sizeof *v->value);
    for (size_t l = c->depth; l-- > 0;) {
        const size_t rows = c->width[l + 1], at = c->offset[l];
        for (size_t k = at; k < at + rows; k++) {
            weighted[k - at] = of_line(v, k, &v->constant);
        }
        bl_blas_gemv(true, rows, c->width[l], 1.0, c->weight[l], c->width[l], weighted, 0.0,
                     l > 0 ? v->c + c->offset[l - 1] : v->gradient);
        for (size_t k = at; k < at + rows; k++)
            weighted[k - at] = fmin(v->c[k], 0.0);
        bl_blas_gemv(true, rows, columns, 1.0, v->bent + at * columns, columns, weighted, 1.0, v->value);
    }
    for (size_t j = 0; j < n; j++) {
        v->value[j] += v->ball->radius * v->gradient[j];
        v->value[n + j] -= v->ball->radius * v->gradient[j];
    }
}

/* The least mixture of the vertices, and its shares. Without a box the least vertex (shares: a softmin, which gradients prefer); with one
 * sum theta F over theta <= room / radius, sum theta <= 1. */
static double least_mixture(bl_vertex *v) {
    const size_t n = v->chain->n, columns = 2 * n;
    const bl_ball *s = v->ball;
    double least = INFINITY, sum = 0.0;
    if (s->boxed)
        return bl_ball_least_mixture(s, v->value, v->share);
    for (size_t j = 0; j < columns; j++)
        least = fmin(least, v->value[j]);
    /* the temperature: a twentieth of the distance to the value that VERTICES_OF_STEP / 6 vertices are under */
    double width = fmax(1e-4 * fabs(v->at_input), 1e-300);
    for (int k = 0; k < 40; k++, width *= 1.5) {
        size_t under = 0;
        for (size_t j = 0; j < columns; j++)
            under += v->value[j] < least + width;
        if (under >= VERTICES_OF_STEP / 6)
            break;
    }
    for (size_t j = 0; j < columns; j++) {
        const double gap = (v->value[j] - least) / (0.1 * width);
        v->share[j] = gap < 30.0 ? exp(-gap) : 0.0;
        sum += v->share[j];
    }
    for (size_t j = 0; j < columns; j++)
        v->share[j] /= sum;
    return least;
}

static double charge(const bl_vertex *v) {
    const bl_relu_chain *c = v->chain;
    double sum = fabs(v->at_input) + fabs(v->offset) + fabs(v->constant), largest = 0.0, drifts = 0.0;
    for (size_t j = 0; j < c->n; j++)
        largest = fmax(largest, fabs(v->gradient[j]));
    sum += v->ball->radius * largest;
    for (size_t k = 0; k < c->neurons; k++) {
        const double of_c = fabs(v->c[k]) + (v->side && v->side[k] != 0 ? v->push[k] : 0.0);
        sum += of_c * (v->most[k] + 2.0 * fabs(v->z[k]) + 2.0 * fabs(v->base[k]));
        drifts += of_c * v->drift[k];
    }
    return 3.0 * drifts + 4.0 * bl_rounding_of_sum(c->n + c->neurons) * sum;
}

static double bound_of_slopes(bl_vertex *v) {
    evaluate_vertices(v);
    const double bound = v->at_input + v->constant + least_mixture(v) - charge(v);
    if (bound > v->bound) {
        v->bound = bound;
        memcpy(v->best, v->helpful, v->chain->neurons * sizeof *v->best);
        memcpy(v->best_push, v->push, v->chain->neurons * sizeof *v->best_push);
    }
    return bound;
}

/* At the mixture where the bound is least: u, v as the bound propagates it, and bent, the mean of the bounds of psi. */
static void propagate(bl_vertex *v, double *u, double *bent) {
    const bl_relu_chain *c = v->chain;
    const size_t n = c->n, columns = 2 * n;
    double *from = v->work;
    for (size_t j = 0; j < n; j++)
        from[j] = v->ball->radius * (v->share[j] - v->share[n + j]);
    for (size_t l = 0; l < c->depth; l++) {
        const size_t rows = c->width[l + 1], at = c->offset[l];
        bl_blas_gemv(false, rows, c->width[l], 1.0, c->weight[l], c->width[l], from, 0.0, u + at);
        bl_blas_gemv(false, rows, columns, 1.0, v->bent + at * columns, columns, v->share, 0.0, bent + at);
        for (size_t k = at; k < at + rows; k++) {
            const bool helps = v->c[k] > 0.0 && !(v->side && v->side[k] != 0);
            from[k - at] = helps ? v->helpful[k] * (v->z[k] + u[k]) - v->base[k] : v->a[k] * u[k] + bent[k];
        }
    }
}

/* One step up the derivatives at the mixture: of helpful slopes c (z + u), of pushes -side (z + u). */
static void step_slopes(bl_vertex *v, double rate) {
    const bl_relu_chain *c = v->chain;
    const size_t longest = c->n > c->neurons ? c->n : c->neurons;
    double *u = v->work + longest, *bent = u + longest, *rise = bent + longest, largest = 0.0, scale = 0.0;
    propagate(v, u, bent);
    for (size_t k = 0; k < c->neurons; k++)
        scale = fmax(scale, fabs(v->c[k]));
    for (size_t k = 0; k < c->neurons; k++) {
        const int side = v->side ? v->side[k] : 0;
        rise[k] = side != 0       ? -side * scale * (v->z[k] + u[k])
                  : v->c[k] > 0.0 ? v->c[k] * (v->z[k] + u[k])
                                  : 0.0;
        largest = fmax(largest, fabs(rise[k]));
    }
    const double lo = c->slope, width = 1.0 - lo;
    for (size_t k = 0; k < c->neurons; k++) {
        const double direction = fmin(fmax(rise[k] / (0.05 * largest + 1e-300), -1.0), 1.0);
        if (v->side && v->side[k] != 0)
            v->push[k] = fmax(v->push[k] + rate * scale * direction, 0.0);
        else
            v->helpful[k] = fmin(fmax(v->helpful[k] + rate * width * direction, lo), 1.0);
    }
}

size_t bl_vertex_most_expensive(bl_vertex *v) {
    const bl_relu_chain *c = v->chain;
    const size_t longest = c->n > c->neurons ? c->n : c->neurons;
    double *u = v->work + longest, *bent = u + longest, most = 0.0;
    size_t found = c->neurons;
    propagate(v, u, bent);
    for (size_t k = 0; k < c->neurons; k++) {
        const double z = v->z[k] + u[k], phi = z > 0.0 ? z : c->slope * z,
                     psi = phi - v->base[k] - v->a[k] * u[k];
        const double loss = v->c[k] > 0.0 ? v->c[k] * (phi - v->helpful[k] * z) : -v->c[k] * (bent[k] - psi);
        if (!(v->side && v->side[k] != 0) && loss > most) {
            most = loss;
            found = k;
        }
    }
    return found;
}

double bl_vertex_bound(bl_vertex *v, const bl_ball *ball, int steps, double rate) {
    const bl_relu_chain *c = v->chain;
    v->ball = ball;
    v->bound = -INFINITY;
    for (size_t l = 0; l < c->depth; l++)
        if (bend_layer(v, l) != BL_OK)
            return -INFINITY;
    reach_of_layers(v);
    (void)bound_of_slopes(v);
    for (int step = 0; step < steps && !(v->bound > 0.0); step++) {
        step_slopes(v, rate / (1.0 + step / 8.0));
        (void)bound_of_slopes(v);
    }
    if (isfinite(v->bound)) {
        memcpy(v->helpful, v->best, c->neurons * sizeof *v->best);
        memcpy(v->push, v->best_push, c->neurons * sizeof *v->push);
    }
    return isnan(v->bound) ? -INFINITY : v->bound;
}
