/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sweeps over 16 fixed lanes: they vectorise, and their sums have the same bits at every vector width.
 * Private to src/boundary.
 */
#ifndef BORDERLINE_BOUNDARY_LANES_H
#define BORDERLINE_BOUNDARY_LANES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 16 };

/* Run a statement for i = 0 .. n - 1, with j = i mod LANES known to the compiler. */
#define LANE_SWEEP(n, ...)                                                                                   \
    do {                                                                                                     \
        size_t first = 0;                                                                                    \
        for (; first + LANES <= (n); first += LANES)                                                         \
            for (size_t j = 0; j < LANES; j++) {                                                             \
                const size_t i = first + j;                                                                  \
                __VA_ARGS__                                                                                  \
            }                                                                                                \
        for (size_t j = 0; first + j < (n); j++) {                                                           \
            const size_t i = first + j;                                                                      \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    } while (0)

static inline double lane_sum(const float *lane) {
    double sum = 0.0;
    for (size_t j = 0; j < LANES; j++)
        sum += (double)lane[j];
    return sum;
}

static inline float lane_largest(const float *lane) {
    float largest = lane[0];
    for (size_t j = 1; j < LANES; j++)
        largest = lane[j] > largest ? lane[j] : largest;
    return largest;
}

/* <a, b> */
static inline double lane_dot(size_t n, const float *a, const float *b) {
    float lane[LANES] = {0};
    LANE_SWEEP(n, lane[j] += a[i] * b[i];);
    return lane_sum(lane);
}

/* log2 of a normal number, to 3e-7 absolute. */
static inline float lane_log2(float a) {
    uint32_t bits;
    memcpy(&bits, &a, sizeof bits);
    /* less the bits of sqrt(1/2): the mantissa comes out in [sqrt 1/2, sqrt 2) */
    int32_t exponent = (int32_t)(bits - 0x3f3504f3U) >> 23;
    bits -= (uint32_t)exponent << 23;
    float m;
    memcpy(&m, &bits, sizeof m);
    float z = (m - 1.0F) / (m + 1.0F), y = z * z;
    return (float)exponent + z * (2.885390082F + y * (0.961796694F + y * (0.577078016F + y * 0.412198583F)));
}

/* 2^e, held to [2^-126, 2^126]; to 3e-7 relative. */
static inline float lane_exp2(float e) {
    float held = e > -126.0F ? e : -126.0F;
    held = held < 126.0F ? held : 126.0F;
    int32_t whole = (int32_t)(held + 256.5F) - 256;
    float f = (held - (float)whole) * 0.693147181F; /* in [-0.35, 0.35] */
    float y = 8.33333333e-3F + f * 1.38888889e-3F;
    y = 1.0F + f * (1.0F + f * (0.5F + f * (0.166666667F + f * (0.0416666667F + f * y))));
    uint32_t bits;
    memcpy(&bits, &y, sizeof bits);
    bits += (uint32_t)whole << 23;
    memcpy(&y, &bits, sizeof y);
    return y;
}

#endif
