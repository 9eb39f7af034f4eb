/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Guaranteed median: a rigorous lower tail of the distance in the Gaussian-process limit (THEORY.md, section 4.4).
 */
#include "predict.h"

#include "gp_gradient.h"

#include "base/mem.h"
#include "base/stats.h"
#include "borderline/gp.h"
#include <math.h>

static const double pi = 3.14159265358979323846;

/* --- E|G|_q --- */

/* E max |G_i| = integral over t > 0 of 1 - (1 - 2 Phi(-t))^n; Simpson's rule. */
static double mean_largest(size_t n) {
    enum { INTERVALS = 4000 };
    const double end = sqrt(2.0 * log((double)n)) + 10.0, step = end / INTERVALS;
    double sum = 0.0;
    for (int k = 0; k <= INTERVALS; k++) {
        double t = k * step;
        double exceeds = t > 0.0 ? -expm1((double)n * log1p(-2.0 * bl_stats_normal_cdf(-t))) : 1.0;
        sum += exceeds * (k == 0 || k == INTERVALS ? 1.0 : k % 2 ? 4.0 : 2.0);
    }
    return sum * step / 3.0;
}

/* (n E|g|^r)^(1/r), E|g|^r = 2^(r/2) Gamma((r+1)/2) / sqrt(pi) */
static double jensen(size_t n, double r) {
    double log_moment = 0.5 * r * log(2.0) + lgamma(0.5 * (r + 1.0)) - 0.5 * log(pi);
    return exp((log((double)n) + log_moment) / r);
}

double bl_predict_mean_norm(size_t n, double q) {
    if (q == 1.0)
        return (double)n * sqrt(2.0 / pi);
    if (q == 2.0)
        return sqrt(2.0) * exp(lgamma(0.5 * ((double)n + 1.0)) - lgamma(0.5 * (double)n));
    const double largest = mean_largest(n);
    if (isinf(q))
        return largest;
    double best = jensen(n, q);
    for (double log_r = 0.0; exp(log_r) < q && log_r < 10.0; log_r += 0.02) {
        double r = exp(log_r);
        best = fmin(best, pow(largest, 1.0 - r / q) * pow(jensen(n, r), r / q));
    }
    return best;
}

/* --- slopes --- */

/* Largest eigenvalue of the gradient covariance of one logit at radii exp(first + k step), k < RADII, number
 * 0 also standing for radius 0. */
enum { RADII = 2401 };
typedef struct slopes {
    double first, step;
    double *square; /* [RADII] */
} slopes;

static void slopes_fill(slopes *s, const bl_gp_model *model, size_t n, double typical_radius) {
    s->step = 0.01;
    s->first = log(typical_radius) - 0.5 * (RADII - 1) * s->step;
    for (size_t k = 0; k < RADII; k++) {
        double radius = k == 0 ? 0.0 : exp(s->first + (double)k * s->step);
        bl_gp_local local = bl_nngp_local(model, n, radius * radius / (double)n);
        s->square[k] = fmax(local.radial, local.across);
    }
}

/* Supremum over radii from lo to hi: the grid points between, and the next one on either side. */
static double slopes_supremum(const slopes *s, double lo, double hi) {
    double first = lo > 0.0 ? floor((log(lo) - s->first) / s->step) : 0.0;
    double last = ceil((log(hi) - s->first) / s->step);
    if (!(last < RADII))
        return INFINITY;
    double largest = 0.0;
    for (size_t k = first > 0.0 ? (size_t)first : 0; k <= (size_t)fmax(last, 0.0); k++)
        largest = fmax(largest, s->square[k]);
    return largest;
}

/* --- the bound --- */

typedef struct guarantee {
    size_t n, classes;
    double p, mean_norm; /* E|G|_q */
    slopes slopes;       /* dense */
    double mean, reach;  /* network of layers: E|D G|_q and sup |D h|_2, D of one logit */
    size_t inputs;
    double *radius;   /* [inputs] |x0|_2 */
    double *variance; /* [inputs] of one logit at x0 */
} guarantee;

/* P(largest - second largest <= y) of C independent standard normals: 1 - C int phi(t) Phi(t - y)^(C-1) dt.
 * The trapezoidal rule is exact to rounding for this entire integrand. */
static double gap_distribution(size_t classes, double y) {
    if (classes == 2)
        return erf(0.5 * y);
    const double step = 0.2, end = 9.0;
    double sum = 0.0;
    for (int k = 0; k <= (int)(2.0 * end / step); k++) {
        double t = -end + k * step;
        sum += exp(-0.5 * t * t) * pow(bl_stats_normal_cdf(t - y), (double)(classes - 1));
    }
    return 1.0 - (double)classes * sum * step / sqrt(2.0 * pi);
}

/* Bound of P(d <= eps) at m = m0 + t s, in units of the logit's deviation. */
static double bound_at(const guarantee *g, double m0, double s, double t) {
    double pairs = (double)(g->classes * (g->classes - 1));
    return gap_distribution(g->classes, m0 + t * s) + pairs * exp(-0.5 * t * t);
}

/* Least over t >= 0. Every t gives a valid bound; the search need not be exact. */
static double bound(const guarantee *g, size_t input, double eps) {
    double mean = g->mean, reach = g->reach;
    if (g->slopes.square) {
        const double widening = pow((double)g->n, fmax(0.0, 0.5 - 1.0 / g->p));
        const double radius = g->radius[input], ball = eps * widening;
        const double slope = sqrt(slopes_supremum(&g->slopes, radius - ball, radius + ball));
        mean = slope * g->mean_norm;
        reach = slope * widening;
    }
    /* a difference of two logits has twice the covariance of one */
    const double unit = sqrt(2.0 / g->variance[input]);
    const double m0 = mean * eps * unit, s = reach * eps * unit;
    if (!isfinite(m0))
        return 1.0;
    const double golden = 0.61803398874989485;
    double from = 0.0, to = 12.0;
    double a = to - golden * (to - from), b = from + golden * (to - from);
    double at_a = bound_at(g, m0, s, a), at_b = bound_at(g, m0, s, b), least = fmin(at_a, at_b);
    for (int k = 0; k < 30; k++) {
        if (at_a < at_b) {
            to = b;
            b = a;
            at_b = at_a;
            a = to - golden * (to - from);
            at_a = bound_at(g, m0, s, a);
        } else {
            from = a;
            a = b;
            at_a = at_b;
            b = from + golden * (to - from);
            at_b = bound_at(g, m0, s, b);
        }
        least = fmin(least, fmin(at_a, at_b));
    }
    return fmin(least, 1.0);
}

static double mean_bound(const guarantee *g, double eps) {
    double sum = 0.0;
    for (size_t i = 0; i < g->inputs; i++)
        sum += bound(g, i, eps);
    return sum / (double)g->inputs;
}

/* eps with mean bound 1/2, from below */
static double solve(const guarantee *g) {
    double low = 0.0, high = g->radius[0];
    while (mean_bound(g, high) <= 0.5 && high < 1e300) {
        low = high;
        high *= 2.0;
    }
    while (low == 0.0 && high > 0.0) {
        double half = 0.5 * high;
        if (mean_bound(g, half) <= 0.5)
            low = half;
        else
            high = half;
    }
    while (high - low > 1e-9 * high) {
        double middle = 0.5 * (low + high);
        if (mean_bound(g, middle) <= 0.5)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Error of that eps, of the inputs drawn: the deviation of the mean bound over its slope. */
static double solution_error(const guarantee *g, double eps) {
    const double width = 0.02, count = (double)g->inputs;
    const double slope =
        (mean_bound(g, (1.0 + width) * eps) - mean_bound(g, (1.0 - width) * eps)) / (2.0 * width * eps);
    const double mean = mean_bound(g, eps);
    double squares = 0.0;
    for (size_t i = 0; i < g->inputs; i++) {
        const double away = bound(g, i, eps) - mean;
        squares += away * away;
    }
    return sqrt(squares / (count - 1.0) / count) / slope;
}

/* The inputs of the first draws of the first-order law. */
static bl_err sample_points(guarantee *g, const bl_config *config, const bl_gp_network *network,
                            const bl_gp_model *model) {
    bl_err err = BL_OK;
    float *x = NULL;
    BL_ALLOC(x, g->n);
    for (size_t k = 0; k < g->inputs; k++) {
        double square = 0.0;
        bl_predict_input(config, model->depth, g->n, k, x);
        for (size_t i = 0; i < g->n; i++)
            square += (double)x[i] * (double)x[i];
        g->radius[k] = sqrt(square);
        if (network)
            BL_TRY(bl_gp_kernel(network, 1, x, 1, x, &g->variance[k]));
        else
            g->variance[k] = bl_nngp_local(model, g->n, square / (double)g->n).value;
    }
cleanup:
    bl_mem_free(x);
    return err;
}

static double weighted_norm(double r, size_t pixels, size_t channels, const double *square) {
    double sum = 0.0;
    for (size_t s = 0; s < pixels; s++)
        sum += pow(square[s], 0.5 * r);
    return pow((double)channels * sum, 1.0 / r);
}

/* E|D G|_q and the largest |D h|_2 of the l^p ball, D^2 the bound of one logit's gradient covariance. */
static bl_err bound_network(guarantee *g, const bl_gp_network *network, double q) {
    bl_err err = BL_OK;
    bl_gp_gradient law = {0};
    double *square = NULL;
    BL_TRY(bl_gp_gradient_create(network, &law));
    const size_t pixels = law.height * law.width;
    BL_ALLOC(square, pixels);
    BL_TRY(bl_gp_gradient_bound(network, square));
    double largest = 0.0;
    for (size_t s = 0; s < pixels; s++)
        largest = fmax(largest, sqrt(square[s]));
    g->mean = largest * g->mean_norm;
    if (isfinite(q))
        g->mean = fmin(g->mean, weighted_norm(q, pixels, law.channels, square) * jensen(1, q));
    const double r = isinf(g->p) ? 2.0 : 2.0 * g->p / (g->p - 2.0);
    g->reach = g->p <= 2.0 ? largest
                           : fmin(weighted_norm(r, pixels, law.channels, square),
                                  largest * pow((double)g->n, 0.5 - 1.0 / g->p));
cleanup:
    bl_mem_free(square);
    bl_gp_gradient_clear(&law);
    return err;
}

static bl_err median_of(guarantee *g, const bl_gp_network *network, double p, double *eps, double *error) {
    bl_err err = BL_OK;
    const double q = p == 1.0 ? INFINITY : isinf(p) ? 1.0 : p / (p - 1.0);
    *eps = *error = NAN;
    if (p < 1.0)
        return BL_OK;
    g->p = p;
    g->mean_norm = bl_predict_mean_norm(g->n, q);
    if (network)
        BL_TRY(bound_network(g, network, q));
    *eps = solve(g);
    *error = solution_error(g, *eps);
cleanup:
    return err;
}

bl_err bl_predict_network_guaranteed_median(const bl_config *config, const bl_gp_network *network,
                                            size_t depth, size_t dimension, size_t count, const double *p,
                                            double *eps, double *error) {
    bl_err err = BL_OK;
    const bl_gp_model model = bl_gp_model_balanced(config, depth, NULL);
    guarantee g = {.n = dimension, .classes = config->classes, .inputs = 64};
    BL_ALLOC(g.radius, g.inputs);
    BL_ALLOC(g.variance, g.inputs);
    BL_TRY(sample_points(&g, config, network, &model));
    if (!network) {
        BL_ALLOC(g.slopes.square, RADII);
        slopes_fill(&g.slopes, &model, dimension, g.radius[0]);
    }
    for (size_t k = 0; k < count; k++)
        BL_TRY(median_of(&g, network, p[k], &eps[k], &error[k]));
cleanup:
    bl_mem_free(g.radius);
    bl_mem_free(g.variance);
    bl_mem_free(g.slopes.square);
    return err;
}

bl_err bl_predict_guaranteed_median(const bl_config *config, size_t depth, size_t dimension, size_t count,
                                    const double *p, double *eps, double *error) {
    bl_err err = BL_OK;
    bl_gp_network *network = NULL;
    BL_TRY(bl_gp_network_of(config, depth, dimension, &network));
    BL_TRY(bl_predict_network_guaranteed_median(config, network, depth, dimension, count, p, eps, error));
cleanup:
    bl_gp_network_destroy(&network);
    return err;
}
