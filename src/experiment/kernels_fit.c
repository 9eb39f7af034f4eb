/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels.h"

#include <math.h>

/* One step: least squares of D^2 = A/(S N) + B/N^2, each width weighed by the model of the step before; neither A nor B
 * negative. Returns false with fewer than two widths. */
static bool improve(size_t count, const double *width, double networks, const double *deviation, double *a,
                    double *b) {
    double uu = 0, uv = 0, vv = 0, u1 = 0, v1 = 0;
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        double square = deviation[i] * deviation[i];
        if (!isfinite(square) || !isfinite(width[i]))
            continue;
        double noise = 1 / (networks * width[i]), bias = 1 / (width[i] * width[i]);
        double model = *a * noise + *b * bias, u = noise / model, v = bias / model;
        uu += u * u;
        uv += u * v;
        vv += v * v;
        u1 += u * square / model;
        v1 += v * square / model;
        used++;
    }
    double determinant = uu * vv - uv * uv;
    if (used < 2 || !(determinant > 1e-12 * uu * vv))
        return false;
    *a = (u1 * vv - v1 * uv) / determinant;
    *b = (v1 * uu - u1 * uv) / determinant;
    if (*a < 0) {
        *a = 0;
        *b = v1 / vv;
    } else if (*b < 0) {
        *a = u1 / uu;
        *b = 0;
    }
    return true;
}

bl_kernels_fit bl_kernels_fit_widths(size_t count, const double *width, double networks,
                                     const double *deviation) {
    enum { STEPS = 50 };
    double a = 1, b = 1;
    for (int step = 0; step < STEPS; step++)
        if (!improve(count, width, networks, deviation, &a, &b) || !(a + b > 0))
            return (bl_kernels_fit){NAN, NAN};
    return (bl_kernels_fit){sqrt(a), sqrt(b)};
}
