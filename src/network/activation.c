/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Activations in float64, by the C library.
 */
#include "borderline/network.h"

#include <math.h>

static const double sqrt_half = 0.70710678118654752440;        /* 1 / sqrt(2) */
static const double two_over_sqrt_pi = 1.12837916709551257390; /* 2 / sqrt(pi) */
static const double one_over_sqrt_2pi = 0.39894228040143267794;

double bl_activation_value(bl_activation activation, double negative_slope, double x) {
    switch (activation) {
    case BL_RELU:
        return x > 0.0 ? x : 0.0;
    case BL_LEAKY_RELU:
        return x > 0.0 ? x : negative_slope * x;
    case BL_TANH:
        return tanh(x);
    case BL_ERF:
        return erf(x);
    case BL_GELU:
        return 0.5 * x * erfc(-x * sqrt_half);
    case BL_ACTIVATION_COUNT:
        break;
    }
    bl_err_bug(__FILE__, __LINE__, "the activation is known");
}

double bl_activation_derivative(bl_activation activation, double negative_slope, double x) {
    switch (activation) {
    case BL_RELU:
        return x > 0.0 ? 1.0 : 0.0;
    case BL_LEAKY_RELU:
        return x > 0.0 ? 1.0 : negative_slope;
    case BL_TANH:
        return 1.0 / (cosh(x) * cosh(x));
    case BL_ERF:
        return two_over_sqrt_pi * exp(-x * x);
    case BL_GELU:
        return 0.5 * erfc(-x * sqrt_half) + x * one_over_sqrt_2pi * exp(-0.5 * x * x);
    case BL_ACTIVATION_COUNT:
        break;
    }
    bl_err_bug(__FILE__, __LINE__, "the activation is known");
}
