/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One layer maps covariances (k1, k2, k) to V = E phi(u) phi(v), and derivatives follow by the chain rule. With e = grad_x
 * k1, d = grad_y k2, g = grad_x k, h = grad_y k, the mixed second derivative of V is
 *
 *     V_3 grad_x grad_y k + V_33 g h + V_13 e h + V_23 g d + V_12 e d,        V_12 = V_33 / 4 (heat equation, twice)
 *
 * For relu V_33 = 1/(2 pi sqrt D), D = k1 k2 - k^2, diverges where x and y meet; there the sum is
 * V_33 (g - k e/2k1)(h - k d/2k2) + V_33 D/(4 k1 k2) e d, each bracket of the order of sqrt D. D itself is carried
 * through the layers, since k1 k2 - k^2 would lose it to rounding.
 */
#include "gp_pair.h"

#include "borderline/network.h"
#include "tanh_nodes.h"
#include <math.h>

static const double pi = 3.14159265358979323846;

/* Derivatives of V; the second ones as coefficients of (g - a1 e)(h - a2 d), e h, g d and e d. */
typedef struct layer {
    double v, v1, v2, v3;
    double v33, a1, a2, v13, v23, v12;
} layer;

static bool two_slopes(const bl_gp_model *m) {
    return m->activation == BL_RELU || m->activation == BL_LEAKY_RELU;
}

static double slope_below(const bl_gp_model *m) {
    return m->activation == BL_RELU ? 0.0 : m->negative_slope;
}

static layer two_slope_layer(double a, double k1, double k2, double k, double determinant) {
    const double part = (1.0 - a) * (1.0 - a) / (2.0 * pi), root = sqrt(determinant), angle = atan2(root, k);
    layer l = {.v3 = 0.5 * (1.0 + a * a) - part * angle};
    l.v = part * root + l.v3 * k;
    if (!(k1 > 0.0 && k2 > 0.0))
        return l;
    l.v1 = part * root / (2.0 * k1);
    l.v2 = part * root / (2.0 * k2);
    /* At smaller angles the sum is below rounding errors, which 1/root would enlarge. */
    l.v33 = root > 1e-15 * sqrt(k1) * sqrt(k2) ? part / root : 0.0;
    l.a1 = k / (2.0 * k1);
    l.a2 = k / (2.0 * k2);
    l.v12 = part * root / (4.0 * k1 * k2);
    return l;
}

static layer erf_layer(double k1, double k2, double k, double determinant) {
    const double p1 = 1.0 + 2.0 * k1, p2 = 1.0 + 2.0 * k2;
    const double root = sqrt(1.0 + 2.0 * (k1 + k2) + 4.0 * determinant), v3 = 4.0 / (pi * root);
    const double cube = v3 / (root * root);
    return (layer){.v = 2.0 / pi * atan2(2.0 * k, root),
                   .v1 = -k * v3 / p1,
                   .v2 = -k * v3 / p2,
                   .v3 = v3,
                   .v33 = 4.0 * k * cube,
                   .v13 = -p2 * cube,
                   .v23 = -p1 * cube,
                   .v12 = k * cube};
}

static layer tanh_layer(double k1, double k2, double k, double determinant) {
    layer sum = {0};
    for (int i = 0; i < TANH_NODES; i++)
        for (int j = 0; j < TANH_NODES; j++) {
            const double s1 = tanh_node[i].scale, s2 = tanh_node[j].scale, s12 = s1 * s2;
            const double w = tanh_node[i].weight * tanh_node[j].weight;
            const layer t = erf_layer(s1 * s1 * k1, s2 * s2 * k2, s12 * k, s12 * s12 * determinant);
            sum.v += w * t.v;
            sum.v1 += w * s1 * s1 * t.v1;
            sum.v2 += w * s2 * s2 * t.v2;
            sum.v3 += w * s12 * t.v3;
            sum.v33 += w * s12 * s12 * t.v33;
            sum.v13 += w * s1 * s1 * s12 * t.v13;
            sum.v23 += w * s2 * s2 * s12 * t.v23;
        }
    sum.v12 = 0.25 * sum.v33;
    return sum;
}

/* E phi''(u) phi(v) / 2 and its derivative in k. phi'' = (2 - u^2) n(u), n the normal density: u and v are tilted by n(u), and
 * E v Phi(v), E (2 - v^2) n(v) are known. */
static void gelu_first(double k1, double k2, double k, double ends, double *v1, double *v13) {
    const double t1 = k1 / (1.0 + k1), t = k / (1.0 + k1), t2 = k2 - k * t, curved = 2.0 - t2 / (1.0 + t2);
    const double front = 1.0 / (4.0 * pi * sqrt(ends)), sum = (2.0 - t1) * t2 - t * t * curved;
    *v1 = front * sum;
    *v13 = front * (k / ends * sum - 2.0 * t * (2.0 - t1) - 2.0 * t / (1.0 + k1) * curved -
                    2.0 * t * t * t / ((1.0 + t2) * (1.0 + t2)));
}

static layer gelu_layer(const bl_gp_model *m, double k1, double k2, double k, double determinant) {
    layer l = {0};
    const double ends = 1.0 + k1 + k2 + determinant; /* (1 + k1)(1 + k2) - k^2 */
    /* covariance of (u, v) tilted by n(u) n(v) */
    const double s1 = 1.0 - (1.0 + k2) / ends, s2 = 1.0 - (1.0 + k1) / ends, s12 = k / ends;
    bl_nngp_layer(m, k1, k2, k, &l.v, &l.v3);
    gelu_first(k1, k2, k, ends, &l.v1, &l.v13);
    gelu_first(k2, k1, k, ends, &l.v2, &l.v23);
    l.v33 = (4.0 - 2.0 * (s1 + s2) + s1 * s2 + 2.0 * s12 * s12) / (2.0 * pi * sqrt(ends));
    l.v12 = 0.25 * l.v33;
    return l;
}

static layer layer_at(const bl_gp_model *m, double k1, double k2, double k, double determinant) {
    switch (m->activation) {
    case BL_ERF:
        return erf_layer(k1, k2, k, determinant);
    case BL_TANH:
        return tanh_layer(k1, k2, k, determinant);
    case BL_GELU:
        return gelu_layer(m, k1, k2, k, determinant);
    case BL_RELU:
    case BL_LEAKY_RELU:
        return two_slope_layer(slope_below(m), k1, k2, k, determinant);
    case BL_ACTIVATION_COUNT:
        break;
    }
    bl_err_bug(__FILE__, __LINE__, "the activation is known");
}

/* Covariances before a layer, and their gradients. */
typedef struct state {
    double k1, k2, k;
    double gap, determinant; /* k2 - k1; k1 k2 - k^2 */
    double e1, e2;           /* grad k1 = e1 x, grad k2 = e2 y */
    bl_gp_pair k_of;         /* k and its derivatives */
} state;

/* k1 k2 - k^2 behind a layer. */
static double next_determinant(const bl_gp_model *m, const state *s, double k1, double k2, double k) {
    if (!two_slopes(m)) {
        const double mean = sqrt(k1 * k2);
        return fmax((mean - k) * (mean + k), 0.0);
    }
    const double a = slope_below(m), half = 0.5 * (1.0 + a * a), mean = sqrt(s->k1 * s->k2);
    const double angle = atan2(sqrt(s->determinant), s->k), sine = sin(0.5 * angle), t2 = angle * angle;
    const double versed = 2.0 * sine * sine; /* 1 - cos */
    const double third = angle < 0.02 ? angle * t2 * (1.0 / 3.0 - t2 * (1.0 / 30.0 - t2 / 840.0))
                                      : sin(angle) - angle * cos(angle);
    const double lost = mean * ((1.0 - a) * (1.0 - a) * 0.5 * (versed - third / pi) + a * versed);
    const double roots = sqrt(s->k1) + sqrt(s->k2), apart = roots > 0.0 ? s->gap / roots : 0.0;
    const double w = m->weight_variance;
    return m->bias_variance * w * (half * apart * apart + 2.0 * lost) +
           w * w * lost * (2.0 * half * mean - lost);
}

static double own_slope(const bl_gp_model *m, double k, double *value) {
    if (two_slopes(m)) {
        const double a = slope_below(m), half = 0.5 * (1.0 + a * a);
        *value = half * k;
        return half;
    }
    const layer l = layer_at(m, k, k, k, 0.0);
    *value = l.v;
    return l.v1 + l.v2 + l.v3;
}

static void pass_layer(const bl_gp_model *m, state *s) {
    const double w = m->weight_variance, b = m->bias_variance, e1 = s->e1, e2 = s->e2;
    const layer l = layer_at(m, s->k1, s->k2, s->k, s->determinant);
    const bl_gp_pair *k = &s->k_of;
    const double r[2] = {k->x[0] - l.a1 * e1, k->x[1]}, t[2] = {k->y[0] - l.a2 * e2, k->y[1]};
    bl_gp_pair next = {.along = {k->along[0], k->along[1]},
                       .value = b + w * l.v,
                       .x = {w * (l.v1 * e1 + l.v3 * k->x[0]), w * l.v3 * k->x[1]},
                       .y = {w * (l.v2 * e2 + l.v3 * k->y[0]), w * l.v3 * k->y[1]},
                       .across = w * l.v3 * k->across};
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++) {
            double sum = l.v3 * k->mixed[i][j] + l.v33 * (r[i] * t[j]);
            sum += i == 0 ? l.v13 * e1 * k->y[j] : 0.0;
            sum += j == 0 ? l.v23 * e2 * k->x[i] : 0.0;
            sum += i == 0 && j == 0 ? l.v12 * e1 * e2 : 0.0;
            next.mixed[i][j] = w * sum;
        }
    double v1, v2;
    s->e1 *= w * own_slope(m, s->k1, &v1);
    s->e2 *= w * own_slope(m, s->k2, &v2);
    const double k1 = b + w * v1, k2 = b + w * v2;
    s->determinant = next_determinant(m, s, k1, k2, next.value);
    s->gap = two_slopes(m) ? s->gap * w * 0.5 * (1.0 + slope_below(m) * slope_below(m)) : k2 - k1;
    s->k1 = k1;
    s->k2 = k2;
    s->k = next.value;
    s->k_of = next;
}

bl_gp_pair bl_gp_pair_at(const bl_gp_model *m, size_t n, const bl_gp_geometry *at) {
    const double first = m->weight_variance / (double)n, b = m->bias_variance;
    const double along_x = at->x2 > 0.0 ? at->xd / at->x2 : 0.0;
    const double along_y = at->y2 > 0.0 ? (at->xd + at->d2) / at->y2 : 0.0;
    state s = {.k1 = b + first * at->x2,
               .k2 = b + first * at->y2,
               .k = b + first * (at->x2 + at->xd),
               .gap = first * (2.0 * at->xd + at->d2),
               .determinant = b * first * at->d2 + first * first * at->determinant,
               .e1 = 2.0 * first,
               .e2 = 2.0 * first,
               .k_of = {.along = {along_x, along_y},
                        .x = {first * (1.0 + along_x), first},
                        .y = {first * (1.0 - along_y), first},
                        .across = first}};
    s.k_of.value = s.k;
    for (size_t l = 0; l < m->depth; l++)
        pass_layer(m, &s);
    return s.k_of;
}
