/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The float32 activations and their derivatives against float64, over the whole range of float32: every exponent, normal and
 * subnormal, up to the largest number. Every value is finite.
 */
#include "check.h"

#include "borderline/network.h"
#include "network/activation_float.h"
#include <float.h>

enum { MANTISSAS = 97 };

static float relu_float(float x) {
    return x > 0.0F ? x : 0.0F;
}

static float tanh_derivative(float x) {
    const float h = tanh_float(x); /* as the layer's backward pass does, from its output */
    return (1.0F - h) * (1.0F + h);
}

typedef struct activation_case {
    const char *name;
    bl_activation activation;
    float (*value)(float x), (*derivative)(float x);
    /* absolute, beside the relative one: 1 - h^2 loses digits where h is near 1 */
    double derivative_tolerance;
} activation_case;

static const activation_case cases[] = {
    {"relu", BL_RELU, relu_float, NULL, 0.0},
    {"tanh", BL_TANH, tanh_float, tanh_derivative, 2.5e-7},
    {"erf", BL_ERF, erf_float, erf_derivative, 0.0},
    {"gelu", BL_GELU, gelu_float, gelu_derivative, 2.5e-7},
};

/* Relative error, where the value is a normal number of float32; below, it may be 0. */
static double excess(double value, double exact, double absolute) {
    const double tolerance = 1e-6 * fabs(exact) + absolute + 4.0 * (double)FLT_MIN;
    return isfinite(value) ? fabs(value - exact) / tolerance : INFINITY;
}

static void check_case(const activation_case *c) {
    double worst_value = 0.0, worst_derivative = 0.0;
    for (int exponent = -149; exponent < 128; exponent++)
        for (int k = 0; k < MANTISSAS; k++)
            for (int sign = -1; sign <= 1; sign += 2) {
                const float x = (float)sign * ldexpf(1.0F + (float)k / (float)MANTISSAS, exponent);
                const double exact = bl_activation_value(c->activation, 0.0, (double)x);
                /* gelu's tail is a product x Phi(x) whose small factor may be flushed to 0 */
                const double flushed =
                    c->activation == BL_GELU ? fabs((double)x) * 4.0 * (double)FLT_MIN : 0.0;
                worst_value = fmax(worst_value, excess((double)c->value(x), exact, fmin(flushed, 1e-36)));
                if (c->derivative)
                    worst_derivative =
                        fmax(worst_derivative, excess((double)c->derivative(x),
                                                      bl_activation_derivative(c->activation, 0.0, (double)x),
                                                      c->derivative_tolerance));
            }
    (void)printf("%s: worst error over its bound %.3g, of the derivative %.3g\n", c->name, worst_value,
                 worst_derivative);
    CHECK(worst_value <= 1.0);
    CHECK(worst_derivative <= 1.0);
}

/* What is not a number stays so: an error upstream is not hidden. */
static void check_not_a_number(void) {
    for (size_t i = 1; i < sizeof cases / sizeof *cases; i++) {
        CHECK(isnan(cases[i].value(NAN)));
        CHECK(isnan(cases[i].derivative(NAN)));
    }
}

/* In float64 too, up to its own largest number. */
static void check_float64(void) {
    static const double large[] = {20.0, 39.0, 400.0, 1e8, 1e154, 1.4e154, 1e200, DBL_MAX};
    for (int a = 0; a < BL_ACTIVATION_COUNT; a++)
        for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
            const double x = large[i];
            const bool bounded = a == BL_TANH || a == BL_ERF, leaky = a == BL_LEAKY_RELU;
            CHECK(bl_activation_value((bl_activation)a, 0.25, x) == (bounded ? 1.0 : x));
            CHECK_CLOSE(bl_activation_value((bl_activation)a, 0.25, -x),
                        bounded ? -1.0
                        : leaky ? -0.25 * x
                                : 0.0,
                        1e-80);
            CHECK_CLOSE(bl_activation_derivative((bl_activation)a, 0.25, x), bounded ? 0.0 : 1.0, 1e-15);
            CHECK_CLOSE(bl_activation_derivative((bl_activation)a, 0.25, -x), leaky ? 0.25 : 0.0, 1e-15);
        }
}

int main(void) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case(&cases[i]);
    check_not_a_number();
    check_float64();
    return check_result();
}
