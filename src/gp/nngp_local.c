/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Joint law of value and gradient of the infinitely wide network at one point.
 */
#include "borderline/gp.h"
#include "borderline/network.h"

#include <math.h>

/* Expectations over z ~ N(0, variance). */
typedef struct moments {
    double value;      /* E phi(z)^2 */
    double mixed;      /* E phi(z) phi'(z) z */
    double derivative; /* E phi'(z)^2 */
    double stretched;  /* E phi'(z)^2 z^2 */
} moments;

static void add_point(const bl_gp_model *model, double z, double weight, moments *sum) {
    double value = bl_activation_value(model->activation, model->negative_slope, z);
    double slope = bl_activation_derivative(model->activation, model->negative_slope, z);
    sum->value += weight * value * value;
    sum->mixed += weight * value * slope * z;
    sum->derivative += weight * slope * slope;
    sum->stretched += weight * slope * slope * z * z;
}

/* sum of density times integrand at z = scale sinh u, u = +-(k + offset) step, k = 0, 1, ... */
static void add_points(const bl_gp_model *model, double deviation, double step, double offset, moments *sum) {
    const double end = 9.5, one_over_sqrt_2pi = 0.39894228040143267794;
    const double scale = fmin(deviation, 1.0);
    const int points = (int)(asinh(end * deviation / scale) / step);
    for (int k = 0; k <= points; k++) {
        double u = (k + offset) * step, z = scale * sinh(u), t = z / deviation;
        double weight = one_over_sqrt_2pi * exp(-0.5 * t * t) * (scale / deviation) * cosh(u);
        add_point(model, z, weight, sum);
        if (u > 0.0)
            add_point(model, -z, weight, sum);
    }
}

static bool close(double a, double b) {
    return fabs(a - b) <= 1e-12 * fabs(b);
}

/* Trapezoidal rule in u, z = scale sinh u: fine where the activation bends (width 1), coarse far out, so
 * that it converges geometrically and at the same rate for every variance. The step is halved until the result no longer
 * changes. */
static moments quadrature(const bl_gp_model *model, double variance) {
    const double deviation = sqrt(variance);
    double step = 0.25;
    moments sum = {0, 0, 0, 0};
    add_points(model, deviation, step, 0.0, &sum);
    for (int halvings = 0; halvings < 6; halvings++) {
        const moments last = sum;
        add_points(model, deviation, step, 0.5, &sum);
        step *= 0.5;
        if (close(2 * last.value, sum.value) && close(2 * last.mixed, sum.mixed) &&
            close(2 * last.derivative, sum.derivative) && close(2 * last.stretched, sum.stretched))
            break;
    }
    return (moments){step * sum.value, step * sum.mixed, step * sum.derivative, step * sum.stretched};
}

static moments expectations(const bl_gp_model *model, double variance) {
    if (model->activation == BL_RELU || model->activation == BL_LEAKY_RELU) {
        double a = model->activation == BL_RELU ? 0.0 : model->negative_slope;
        double half = 0.5 * (1.0 + a * a);
        return (moments){half * variance, half * variance, half, half * variance};
    }
    if (!(variance > 0.0)) {
        moments at_zero = {0, 0, 0, 0};
        add_point(model, 0.0, 1.0, &at_zero);
        return at_zero;
    }
    return quadrature(model, variance);
}

bl_gp_local bl_nngp_local(const bl_gp_model *model, size_t n, double q) {
    const double b = model->bias_variance, w = model->weight_variance, first = w / (double)n;
    bl_gp_local z = {b + w * q, first * sqrt((double)n * q), first, first};
    for (size_t l = 0; l < model->depth; l++) {
        const moments e = expectations(model, z.value);
        /* derivative along the ray = slope z + a residual independent of z */
        const double slope = z.value > 0.0 ? z.value_radial / z.value : 0.0;
        const double residual = fmax(z.radial - slope * z.value_radial, 0.0);
        z = (bl_gp_local){.value = b + w * e.value,
                          .value_radial = w * slope * e.mixed,
                          .radial = w * (slope * slope * e.stretched + residual * e.derivative),
                          .across = w * e.derivative * z.across};
    }
    return z;
}
