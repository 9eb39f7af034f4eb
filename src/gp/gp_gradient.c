/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Drawing (f, grad f) at one input from the slopes of bl_gp_slopes, S (x) I over the channels.
 *
 * Exact for relu and leaky_relu where only equal pixels matter and no shortcut carries activations: grad f
 * ~ N(0, S (x) I), Cov(f, grad f) = S x. Otherwise the covariance has a further part, a few large and many
 * small directions made of multiples of x at single pixels; of it the one direction is kept that homogeneity
 * fixes: without biases f = <x, grad f>, and the gradient is drawn given f with
 *     Cov grad f = S - S x x' S/(x' S x) + S x x' S K/(x' S x)^2,    Cov(f, grad f) = S x K/(x' S x),
 * so that Cov(grad f) x = Cov(f, grad f) and x' Cov(grad f) x = K hold as they must. Its trace is that of S to
 * 1 or 2 per cent in sampled wide networks. For smooth activations f and grad f are drawn as if independent.
 *
 * The bound follows the variance of a derivative D_v f backwards with inequalities that hold at every x:
 * E phi'(u)^2 (D_v u)^2 = (1 + a^2)/2 E (D_v u)^2 for slopes a and 1 and centred jointly Gaussian (u, D_v u); at
 * most sup phi'^2 E (D_v u)^2 for others and for sums that are not Gaussian; the square of a mean over a pool is
 * at most the mean of the squares.
 */
#include "gp_gradient.h"

#include "gp_network.h"

#include "base/mem.h"
#include <math.h>
#include <string.h>

static bool two_slopes(const bl_gp_model *rule) {
    return rule->activation == BL_RELU || rule->activation == BL_LEAKY_RELU;
}

bl_err bl_gp_gradient_create(const bl_gp_network *network, bl_gp_gradient *g) {
    bl_err err = BL_OK;
    const bl_gp_field *f = &network->field[0];
    const size_t pixels = f->height * f->width;
    *g = (bl_gp_gradient){.network = network,
                          .channels = network->channels,
                          .height = f->height,
                          .width = f->width,
                          .band = f->band,
                          .reach = f->band * f->width + f->band,
                          .correlated = true};
    g->reach = g->reach < pixels ? g->reach : pixels - 1;
    bool bias = false;
    for (size_t k = 0; k < network->operations; k++) {
        const bl_gp_operation *o = &network->operation[k];
        bias = bias || o->bias > 0.0;
        if (o->in.activated && !two_slopes(&o->in.rule))
            g->correlated = false;
    }
    g->homogeneous = g->correlated && !bias;
    BL_ALLOC(g->slope, pixels * bl_gp_offsets(g->band));
    BL_ALLOC(g->factor, pixels * (g->reach + 1));
    BL_ALLOC(g->along, pixels * g->channels);
cleanup:
    return err;
}

void bl_gp_gradient_clear(bl_gp_gradient *g) {
    bl_mem_free(g->slope);
    bl_mem_free(g->factor);
    bl_mem_free(g->along);
    *g = (bl_gp_gradient){0};
}

/* The lower half of the slopes as a matrix of that reach. */
static void fill_matrix(bl_gp_gradient *g) {
    const ptrdiff_t band = (ptrdiff_t)g->band, side = 2 * band + 1, width = (ptrdiff_t)g->width;
    memset(g->factor, 0, g->height * g->width * (g->reach + 1) * sizeof *g->factor);
    for (ptrdiff_t s = 0; s < (ptrdiff_t)g->height * width; s++)
        for (ptrdiff_t dy = -band; dy <= 0; dy++)
            for (ptrdiff_t dx = -band; dx <= band; dx++) {
                const ptrdiff_t back = -(dy * width + dx), x = s % width + dx;
                if (back >= 0 && s / width + dy >= 0 && x >= 0 && x < width)
                    g->factor[(size_t)s * (g->reach + 1) + g->reach - (size_t)back] =
                        g->slope[(s * side + dy + band) * side + dx + band];
            }
}

/* Cholesky factor in place, row by row. A pivot that rounding has made nothing is kept tiny. */
static void factorise(bl_gp_gradient *g) {
    const size_t reach = g->reach, row = reach + 1;
    for (size_t s = 0; s < g->height * g->width; s++) {
        double *left = g->factor + s * row; /* left[reach - (s - t)] = L[s][t] */
        const double least = 1e-12 * left[reach];
        for (size_t t = s > reach ? s - reach : 0; t <= s; t++) {
            const double *above = g->factor + t * row;
            const size_t first = s > reach ? s - reach : 0, terms = t - first;
            const double *a = left + (reach - (s - first)), *b = above + (reach - (t - first));
            double sum = left[reach - (s - t)];
            for (size_t k = 0; k < terms; k++)
                sum -= a[k] * b[k];
            left[reach - (s - t)] = s == t ? sqrt(fmax(sum, least)) : sum / above[reach];
        }
    }
}

/* slope x and x slope x */
static void multiply_input(bl_gp_gradient *g) {
    const ptrdiff_t band = (ptrdiff_t)g->band, side = 2 * band + 1, width = (ptrdiff_t)g->width;
    const ptrdiff_t pixels = (ptrdiff_t)g->height * width;
    g->product = 0.0;
    for (size_t c = 0; c < g->channels; c++) {
        const float *x = g->x + c * (size_t)pixels;
        double *along = g->along + c * (size_t)pixels;
        for (ptrdiff_t s = 0; s < pixels; s++) {
            along[s] = 0.0;
            for (ptrdiff_t dy = -band; dy <= band; dy++)
                for (ptrdiff_t dx = -band; dx <= band; dx++) {
                    const ptrdiff_t y = s / width + dy, u = s % width + dx;
                    if (y >= 0 && y < (ptrdiff_t)g->height && u >= 0 && u < width)
                        along[s] +=
                            g->slope[(s * side + dy + band) * side + dx + band] * (double)x[y * width + u];
                }
            g->product += along[s] * (double)x[s];
        }
    }
}

/* Divide value and gradient by the power of two of the value's deviation. */
static void take_scale_out(bl_gp_gradient *g) {
    const size_t pixels = g->height * g->width;
    if (!(g->variance > 0.0) || !isfinite(g->variance))
        return;
    const double once = ldexp(1.0, -ilogb(sqrt(g->variance))), twice = once * once;
    for (size_t i = 0; i < pixels * (g->reach + 1); i++)
        g->factor[i] *= once;
    for (size_t i = 0; i < pixels * g->channels; i++)
        g->along[i] *= twice;
    g->product *= twice;
    g->variance *= twice;
}

bl_err bl_gp_gradient_at(bl_gp_gradient *g, const float *x) {
    bl_err err = BL_OK;
    g->x = x;
    BL_TRY(bl_gp_slopes(g->network, x, &g->variance, g->slope));
    fill_matrix(g);
    factorise(g);
    multiply_input(g);
    take_scale_out(g);
cleanup:
    return err;
}

void bl_gp_gradient_draw(const bl_gp_gradient *g, double f, double residual, float *z) {
    const size_t pixels = g->height * g->width, n = pixels * g->channels;
    double value = 0.0; /* f as drawn with the gradient */
    for (size_t c = 0; c < g->channels; c++) {
        float *out = z + c * pixels;
        for (size_t s = pixels; s-- > 0;) {
            const size_t terms = s < g->reach ? s : g->reach;
            const double *row = g->factor + s * (g->reach + 1) + (g->reach - terms);
            double sum = 0.0;
            for (size_t k = 0; k <= terms; k++)
                sum += row[k] * (double)out[s - terms + k];
            out[s] = (float)sum;
            value += sum * (double)g->x[c * pixels + s];
        }
    }
    if (!g->correlated || !(g->product > 0.0))
        return;
    double spread = g->product;
    if (!g->homogeneous) {
        value += residual * sqrt(fmax(g->variance - g->product, 0.0));
        spread = fmax(g->variance, g->product);
    }
    for (size_t i = 0; i < n; i++)
        z[i] += (float)(g->along[i] * ((f - value) / spread));
}

/* --- bound --- */

/* sup phi'^2; of gelu at x = sqrt 2, where phi' = Phi(sqrt 2) + sqrt 2 times the density at sqrt 2 */
static double steepest(const bl_gp_model *rule) {
    switch (rule->activation) {
    case BL_LEAKY_RELU:
        return fmax(1.0, rule->negative_slope * rule->negative_slope);
    case BL_ERF:
        return 1.2732395447351628;
    case BL_GELU:
        return 1.2744245690162255;
    case BL_RELU:
    case BL_TANH:
        return 1.0;
    case BL_ACTIVATION_COUNT:
        break;
    }
    bl_err_bug(__FILE__, __LINE__, "the activation is known");
}

/* What an activation lets through of the variance of a derivative of Gaussian number j of the chain. */
static double passes(const bl_gp_features *f, size_t j) {
    if (!f->activated)
        return 1.0;
    double gain = pow(steepest(&f->rule), (double)(f->length - j));
    if (j == 0 && two_slopes(&f->rule)) {
        const double a = f->rule.activation == BL_RELU ? 0.0 : f->rule.negative_slope;
        gain *= 0.5 * (1.0 + a * a) / steepest(&f->rule);
    }
    return gain;
}

/* Pixels whose mean an output pixel is: every operation as a window of one stride. */
static void spread_bound(const bl_gp_network *network, const bl_gp_operation *o, double *bound,
                         double *moment) {
    const bl_gp_field *out = &network->field[o->out];
    const bl_gp_field *in = &network->field[o->in.length ? o->in.link[0] : o->in.moment];
    const size_t stride = o->kind == BL_GP_POOL ? o->size : o->stride, pixels = in->height * in->width;
    const double area = (double)(o->size * o->size), weight = o->kind == BL_GP_POOL ? 1.0 : o->weight;
    memset(moment, 0, pixels * sizeof *moment);
    for (size_t t = 0; t < out->height * out->width; t++) {
        const double above = bound[out->pixel + t];
        for (size_t s = 0; o->kind == BL_GP_MEAN && s < pixels; s++)
            moment[s] += above * weight / (double)pixels;
        for (size_t k = 0; k < o->size * o->size; k++) {
            const size_t y = t / out->width * stride + k / o->size, x = t % out->width * stride + k % o->size;
            if (y >= o->pad_y && x >= o->pad_x && y - o->pad_y < in->height && x - o->pad_x < in->width)
                moment[(y - o->pad_y) * in->width + x - o->pad_x] += above * weight / area;
        }
    }
    for (size_t j = 0; j < (o->in.length ? o->in.length : 1); j++) {
        const bl_gp_field *f = &network->field[o->in.length ? o->in.link[j] : o->in.moment];
        for (size_t s = 0; s < pixels; s++)
            bound[f->pixel + s] += passes(&o->in, j) * moment[s];
    }
}

bl_err bl_gp_gradient_bound(const bl_gp_network *network, double *bound) {
    bl_err err = BL_OK;
    const bl_gp_field *image = &network->field[0];
    double *all = NULL, *moment = NULL;
    BL_ALLOC(all, network->pixels);
    BL_ALLOC(moment, network->pixels);
    all[network->field[network->operation[network->operations - 1].out].pixel] = 1.0;
    for (size_t k = network->operations; k-- > 0;) {
        const bl_gp_operation *o = &network->operation[k];
        if (o->kind != BL_GP_SUM) {
            spread_bound(network, o, all, moment);
            continue;
        }
        const bl_gp_field *out = &network->field[o->out];
        for (size_t s = 0; s < out->height * out->width; s++) {
            all[network->field[o->left].pixel + s] += all[out->pixel + s];
            all[network->field[o->right].pixel + s] += all[out->pixel + s];
        }
    }
    for (size_t s = 0; s < image->height * image->width; s++)
        bound[s] = all[image->pixel + s] / (double)network->channels;
cleanup:
    bl_mem_free(all);
    bl_mem_free(moment);
    return err;
}
