/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tanh, erf, gelu and their derivatives in float32, as straight-line code that compilers vectorise: no
 * branch, no call. Minimax polynomials (relative error under 1e-8 before rounding), results within a few
 * units in the last place. Private to src/network.
 */
#ifndef BORDERLINE_NETWORK_ACTIVATION_FLOAT_H
#define BORDERLINE_NETWORK_ACTIVATION_FLOAT_H

#include "borderline/config.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* y[i] = activation(x[i]); dx[i] = dy[i] times the derivative at input x[i], where the output was y[i]. */
void bl_activation_float_forward(bl_activation activation, float slope, size_t count, const float *x,
                                 float *y);
void bl_activation_float_backward(bl_activation activation, float slope, size_t count, const float *x,
                                  const float *y, const float *dy, float *dx);

/* exp(x) for x <= 0 (0 below the smallest normal number's logarithm): 2^n exp(r), |r| <= log(2)/2. */
static inline float exp_negative(float x) {
    const float shift = 12582912.0F; /* 1.5 x 2^23: adding it rounds to a whole number */
    const float clamped = x < -87.0F ? -87.0F : x;
    const float shifted = fmaf(clamped, 1.44269504F, shift);
    const float n = shifted - shift;
    float r = fmaf(n, -0.693359375F, clamped);
    r = fmaf(n, 2.12194440e-4F, r);
    float p = 1.3951703440e-3F;
    p = fmaf(p, r, 8.3695901558e-3F);
    p = fmaf(p, r, 4.1666187346e-2F);
    p = fmaf(p, r, 0.16666513681F);
    p = fmaf(p, r, 0.5F);
    p = fmaf(p * r, r, r) + 1.0F;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127U) << 23; /* n is in the low bits of `shifted` */
    float power;
    memcpy(&power, &bits, sizeof power);
    return x < -87.0F ? 0.0F : p * power;
}

/* exp(-u^2), with the rounding of u^2 corrected. It is 0 in float32 beyond |u| = 14, where the bound keeps the square of a large
 * u from overflowing: infinity minus infinity would be no number. */
static inline float exp_minus_square(float u) {
    const float bounded = fabsf(u) > 14.0F ? 14.0F : u;
    const float square = bounded * bounded;
    const float missing = fmaf(bounded, bounded, -square);
    const float e = exp_negative(-square);
    return fmaf(-missing, e, e);
}

/* erfc(u) exp(u^2) for u >= 0: a polynomial in (u - 3)/(u + 3) over 1 + 2u (Shepherd & Laframboise 1981) */
static inline float erfc_scaled(float u) {
    const float bounded = u > 10.5F ? 10.5F : u;
    const float t = (bounded - 3.0F) / (bounded + 3.0F);
    float p = -2.6435847394e-4F;
    p = fmaf(p, t, -7.6787039870e-4F);
    p = fmaf(p, t, 2.0076976989e-3F);
    p = fmaf(p, t, 2.5639492087e-3F);
    p = fmaf(p, t, -2.3801516742e-2F);
    p = fmaf(p, t, 6.8295776844e-2F);
    p = fmaf(p, t, -0.11927024275F);
    p = fmaf(p, t, 0.12964648008F);
    p = fmaf(p, t, -4.7562442720e-2F);
    p = fmaf(p, t, -0.13562114537F);
    p = fmaf(p, t, 1.2530080080F);
    return p / fmaf(2.0F, bounded, 1.0F);
}

static inline float tanh_float(float x) {
    const float a = fabsf(x), s = x * x;
    float p = 2.0977184176e-3F;
    p = fmaf(p, s, -8.1289969385e-3F);
    p = fmaf(p, s, 2.1681642160e-2F);
    p = fmaf(p, s, -5.3943399340e-2F);
    p = fmaf(p, s, 0.13333180547F);
    p = fmaf(p, s, -0.33333331347F);
    const float small = fmaf(p * s, x, x);
    const float e = exp_negative(-2.0F * a);
    const float large = copysignf((1.0F - e) / (1.0F + e), x);
    return a < 0.625F ? small : large;
}

static inline float erf_float(float x) {
    const float a = fabsf(x), s = x * x;
    float p = -9.9289136415e-6F;
    p = fmaf(p, s, 1.1350767454e-4F);
    p = fmaf(p, s, -8.4948778385e-4F);
    p = fmaf(p, s, 5.2217156626e-3F);
    p = fmaf(p, s, -2.6865655556e-2F);
    p = fmaf(p, s, 0.11283785850F);
    p = fmaf(p, s, -0.37612637877F);
    p = fmaf(p, s, 0.128379167F); /* 2/sqrt(pi) - 1 */
    const float small = fmaf(p, x, x);
    const float large = copysignf(1.0F - exp_minus_square(a) * erfc_scaled(a), x);
    return a < 0.925F ? small : large;
}

static inline float erf_derivative(float x) {
    return 1.12837917F * exp_minus_square(x);
}

/* Phi(x), and exp(-x^2/2), which it needs on its way */
static inline float normal_cdf(float x, float *gauss) {
    const float u = fabsf(x) * 0.707106781F;
    /* exp(-x^2/2): the halved square is exact up to its own rounding, u^2 would carry that of u too. It is 0 in float32 beyond
     * |x| = 16, where the bound keeps the square from overflowing. */
    const float bounded = fabsf(x) > 16.0F ? 16.0F : x;
    const float half = 0.5F * bounded, square = half * bounded;
    const float missing = fmaf(half, bounded, -square);
    float e = exp_negative(-square);
    e = fmaf(-missing, e, e);
    *gauss = e;
    const float tail = 0.5F * e * erfc_scaled(u);
    return x < 0.0F ? tail : 1.0F - tail;
}

static inline float gelu_float(float x) {
    float gauss;
    return x * normal_cdf(x, &gauss);
}

static inline float gelu_derivative(float x) {
    float gauss;
    const float cdf = normal_cdf(x, &gauss);
    return fmaf(x * 0.398942280F, gauss, cdf);
}

#endif
