/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels.h"

#include <math.h>

/* D^2 = A u + B v over the widths, u = 1/(S N), v = 1/N^2, each width weighed by the model of the step before. */
typedef struct normal_equations {
    double uu, uv, vv, u1, v1;
    double scatter; /* sum of (D^2/model - 1)^2 */
    size_t used;
} normal_equations;

static normal_equations weigh(size_t count, const double *width, double networks, const double *deviation,
                              double a, double b) {
    normal_equations e = {0};
    for (size_t i = 0; i < count; i++) {
        const double square = deviation[i] * deviation[i];
        if (!isfinite(square) || !isfinite(width[i]))
            continue;
        const double noise = 1 / (networks * width[i]), bias = 1 / (width[i] * width[i]);
        const double model = a * noise + b * bias, u = noise / model, v = bias / model;
        e.uu += u * u;
        e.uv += u * v;
        e.vv += v * v;
        e.u1 += u * square / model;
        e.v1 += v * square / model;
        e.scatter += (square / model - 1) * (square / model - 1);
        e.used++;
    }
    return e;
}

static double determinant(const normal_equations *e) {
    return e->uu * e->vv - e->uv * e->uv;
}

/* One step, neither A nor B negative. Returns false with fewer than two widths. */
static bool improve(const normal_equations *e, double *a, double *b) {
    if (e->used < 2 || !(determinant(e) > 1e-12 * e->uu * e->vv))
        return false;
    *a = (e->u1 * e->vv - e->v1 * e->uv) / determinant(e);
    *b = (e->v1 * e->uu - e->u1 * e->uv) / determinant(e);
    if (*a < 0) {
        *a = 0;
        *b = e->v1 / e->vv;
    } else if (*b < 0) {
        *a = e->u1 / e->uu;
        *b = 0;
    }
    return *a + *b > 0;
}

/* Error of sqrt(value) from the variance of value. */
static double root_error(double value, double variance) {
    return sqrt(value + sqrt(variance)) - sqrt(value);
}

bl_kernels_fit bl_kernels_fit_widths(size_t count, const double *width, double networks,
                                     const double *deviation) {
    enum { STEPS = 50 };
    double a = 1, b = 1;
    normal_equations e = weigh(count, width, networks, deviation, a, b);
    for (int step = 0; step < STEPS; step++) {
        if (!improve(&e, &a, &b))
            return (bl_kernels_fit){NAN, NAN, NAN, NAN};
        e = weigh(count, width, networks, deviation, a, b);
    }
    const double dispersion = e.used > 2 ? e.scatter / (double)(e.used - 2) : (double)NAN;
    return (bl_kernels_fit){.noise = sqrt(a),
                            .noise_error = root_error(a, dispersion * e.vv / determinant(&e)),
                            .bias = sqrt(b),
                            .bias_error = root_error(b, dispersion * e.uu / determinant(&e))};
}
