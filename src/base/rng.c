/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Philox4x32-10 (Salmon et al. 2011), and normals from it.
 *
 * Numbers are made in chunks of LANES counters, component by component (structure of arrays), so that every
 * loop vectorises. The bits must not depend on how: every fused multiply-add is written as fmaf, no other
 * expression could be contracted into one, and conversion, division and square root are correctly rounded by
 * IEEE 754.
 */
#include "borderline/rng.h"

#include "isa.h"

#include <math.h>
#include <string.h>

enum { LANES = 64, WORDS = 4, CHUNK = LANES * WORDS, ROUNDS = 10, PURPOSE_SHIFT = 24 };

/* Words of the counters (block + i, stream), i < LANES, component by component. */
static void philox_chunk(const bl_stream *stream, uint32_t block, uint32_t word[WORDS][LANES]) {
    const uint64_t low = UINT32_MAX;
    for (uint32_t i = 0; i < LANES; i++) {
        /* 64-bit lanes: the products need no widening, and this form vectorises twice as fast as 32-bit ones
         */
        uint64_t c0 = block + i, c1 = stream->counter[0], c2 = stream->counter[1], c3 = stream->counter[2];
        uint32_t key0 = stream->key[0], key1 = stream->key[1];
        for (int round = 0; round < ROUNDS; round++) {
            uint64_t product0 = (c0 & low) * UINT64_C(0xD2511F53);
            uint64_t product1 = (c2 & low) * UINT64_C(0xCD9E8D57);
            c0 = (product1 >> 32) ^ c1 ^ key0;
            c1 = product1 & low;
            c2 = (product0 >> 32) ^ c3 ^ key1;
            c3 = product0 & low;
            key0 += UINT32_C(0x9E3779B9);
            key1 += UINT32_C(0xBB67AE85);
        }
        word[0][i] = (uint32_t)c0;
        word[1][i] = (uint32_t)c1;
        word[2][i] = (uint32_t)c2;
        word[3][i] = (uint32_t)c3;
    }
}

static inline uint32_t float_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float bits_float(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* ln u for 0 < u <= 1, normal numbers only; relative error 1e-7. u = m 2^e with m in [sqrt(1/2), sqrt 2), and
 * a minimax polynomial for (ln(1 + f) - f) / f^2. */
static inline float log_unit(float u) {
    const uint32_t root_half = UINT32_C(0x3F3504F3);
    uint32_t shifted = float_bits(u) - root_half;
    int32_t exponent = (int32_t)shifted >> 23;
    float f = bits_float((shifted & UINT32_C(0x007FFFFF)) + root_half) - 1.0F;
    float q = 0.08734843F;
    q = fmaf(q, f, -0.14307521F);
    q = fmaf(q, f, 0.14917974F);
    q = fmaf(q, f, -0.16570508F);
    q = fmaf(q, f, 0.19962072F);
    q = fmaf(q, f, -0.25001755F);
    q = fmaf(q, f, 0.3333395F);
    q = fmaf(q, f, -0.4999999F);
    return fmaf((float)exponent, 0.69314718F, fmaf(f * f, q, f));
}

/* sin and cos of 2 pi word / 2^32: the two top bits, rounded, are the quadrant; minimax polynomials on the
 * quarter turn x in [-1/2, 1/2) around it. */
static inline void sine_cosine(uint32_t word, float *sine, float *cosine) {
    uint32_t quadrant = (word + (UINT32_C(1) << 29)) >> 30;
    float x = (float)(int32_t)(word << 2) * 0x1p-32F;
    float square = x * x;
    float s = -0.0046016593F;
    s = fmaf(s, square, 0.07968003F);
    s = fmaf(s, square, -0.6459635F);
    s = fmaf(s, square, 1.5707964F) * x;
    float c = 0.00090376654F;
    c = fmaf(c, square, -0.020860165F);
    c = fmaf(c, square, 0.25366923F);
    c = fmaf(c, square, -1.2337005F);
    c = fmaf(c, square, 1.0F);
    uint32_t odd = 0U - (quadrant & 1);
    uint32_t s_bits = float_bits(s), c_bits = float_bits(c);
    *sine = bits_float(((c_bits & odd) | (s_bits & ~odd)) ^ ((quadrant & 2) << 30));
    *cosine = bits_float(((s_bits & odd) | (c_bits & ~odd)) ^ (((quadrant + 1) & 2) << 30));
}

/* Box and Muller 1958: two words give two normals. */
static void box_muller(const uint32_t radius_word[LANES], const uint32_t angle_word[LANES], float deviation,
                       float first[LANES], float second[LANES]) {
    for (int i = 0; i < LANES; i++) {
        float u = fmaf((float)(int32_t)(radius_word[i] >> 1), 0x1p-31F, 0x1p-32F); /* in (0, 1] */
        float radius = sqrtf(-2.0F * log_unit(u)) * deviation;
        float sine, cosine;
        sine_cosine(angle_word[i], &sine, &cosine);
        first[i] = radius * cosine;
        second[i] = radius * sine;
    }
}

static void normal_chunk(const bl_stream *stream, uint32_t block, float deviation, float out[CHUNK]) {
    uint32_t word[WORDS][LANES];
    philox_chunk(stream, block, word);
    box_muller(word[0], word[1], deviation, out, out + LANES);
    box_muller(word[2], word[3], deviation, out + (size_t)2 * LANES, out + (size_t)3 * LANES);
}

/* Inversion: z = sqrt(2) erfinv(t), t uniform on +-erf(sqrt 2). The ratio z / t is an even function of t;
 * rational minimax approximation in y = 1 - t^2, where all coefficients are positive (no cancellation);
 * relative error of z under 4e-7. */
static inline float truncated_from_word(uint32_t word, float scale) {
    const float erf_root_2 = 0.95449974F;
    float t = (float)(int32_t)(word | 1) * 0x1p-31F * erf_root_2; /* odd numbers: symmetric, never zero */
    float y = fmaf(-t, t, 1.0F);
    float above = 0.09871704F;
    above = fmaf(above, y, 1.0775437F);
    above = fmaf(above, y, 1.0999777F);
    above = fmaf(above, y, 0.1915225F);
    above = fmaf(above, y, 0.00452981F);
    float below = 0.2300781F;
    below = fmaf(below, y, 1.0F);
    below = fmaf(below, y, 0.65748554F);
    below = fmaf(below, y, 0.08358258F);
    below = fmaf(below, y, 0.00145629F);
    return t * scale * (above / below);
}

static void truncated_chunk(const bl_stream *stream, uint32_t block, float scale, float out[CHUNK]) {
    uint32_t word[WORDS][LANES];
    philox_chunk(stream, block, word);
    for (int j = 0; j < WORDS; j++)
        for (int i = 0; i < LANES; i++)
            out[j * LANES + i] = truncated_from_word(word[j][i], scale);
}

typedef void chunk_function(const bl_stream *stream, uint32_t block, float scale, float out[CHUNK]);

static void fill(const bl_stream *stream, float scale, size_t count, float *out, chunk_function *chunk) {
    BL_ASSERT(count <= BL_STREAM_NUMBERS_MAX);
    uint32_t block = 0;
    size_t done = 0;
    for (; count - done >= CHUNK; done += CHUNK, block += LANES)
        chunk(stream, block, scale, out + done);
    if (done < count) {
        float rest[CHUNK];
        chunk(stream, block, scale, rest);
        memcpy(out + done, rest, (count - done) * sizeof *out);
    }
}

BL_EACH_ISA(bl_stream, bl_rng_stream,
            (uint64_t seed, uint32_t case_number, uint32_t network, bl_purpose purpose, uint32_t index),
            (seed, case_number, network, purpose, index)) {
    BL_ASSERT(index <= BL_STREAM_INDEX_MAX);
    BL_ASSERT((unsigned)purpose < BL_PURPOSE_COUNT);
    return (bl_stream){{(uint32_t)seed, (uint32_t)(seed >> 32)},
                       {case_number, network, (uint32_t)purpose << PURPOSE_SHIFT | index}};
}

/* CHUNK words in the order of the stream: component i of block b at 4 b + i */
static void word_chunk(const bl_stream *stream, uint32_t block, uint32_t out[CHUNK]) {
    uint32_t word[WORDS][LANES];
    philox_chunk(stream, block, word);
    for (size_t i = 0; i < LANES; i++)
        for (size_t j = 0; j < WORDS; j++)
            out[WORDS * i + j] = word[j][i];
}

BL_EACH_ISA_VOID(bl_rng_words, (bl_stream stream, uint64_t first, size_t count, uint32_t *out),
                 (stream, first, count, out)) {
    BL_ASSERT(first % WORDS == 0 && first <= BL_STREAM_NUMBERS_MAX && count <= BL_STREAM_NUMBERS_MAX - first);
    uint32_t block = (uint32_t)(first / WORDS);
    size_t done = 0;
    for (; count - done >= CHUNK; done += CHUNK, block += LANES)
        word_chunk(&stream, block, out + done);
    if (done < count) {
        uint32_t rest[CHUNK];
        word_chunk(&stream, block, rest);
        memcpy(out + done, rest, (count - done) * sizeof *out);
    }
}

BL_EACH_ISA_VOID(bl_rng_uniform, (bl_stream stream, float lo, float hi, size_t count, float *out),
                 (stream, lo, hi, count, out)) {
    BL_ASSERT(count <= BL_STREAM_NUMBERS_MAX);
    const float width = hi - lo, below_hi = nextafterf(hi, lo);
    uint32_t word[CHUNK], block = 0;
    for (size_t done = 0; done < count; done += CHUNK, block += LANES) {
        const size_t here = count - done < CHUNK ? count - done : CHUNK;
        float x[CHUNK];
        word_chunk(&stream, block, word);
        for (size_t k = 0; k < CHUNK; k++) {
            x[k] = fmaf(width, (float)(int32_t)(word[k] >> 8) * 0x1p-24F, lo);
            x[k] = x[k] < hi ? x[k] : below_hi; /* rounding may reach hi */
        }
        memcpy(out + done, x, here * sizeof *out);
    }
}

BL_EACH_ISA_VOID(bl_rng_uniform64, (bl_stream stream, size_t count, double *out), (stream, count, out)) {
    uint32_t word[CHUNK] = {0};
    for (size_t done = 0; done < count; done += CHUNK / 2) {
        size_t here = count - done < CHUNK / 2 ? count - done : CHUNK / 2;
        bl_rng_words(stream, 2 * done, 2 * here, word);
        for (size_t k = 0; k < here; k++) {
            uint64_t bits = (uint64_t)word[2 * k] << 20 | word[2 * k + 1] >> 12;
            out[done + k] = (double)(2 * bits + 1) * 0x1p-53;
        }
    }
}

BL_EACH_ISA_VOID(bl_rng_normal, (bl_stream stream, float deviation, size_t count, float *out),
                 (stream, deviation, count, out)) {
    fill(&stream, deviation, count, out, normal_chunk);
}

BL_EACH_ISA_VOID(bl_rng_truncated_normal, (bl_stream stream, float deviation, size_t count, float *out),
                 (stream, deviation, count, out)) {
    const double deviation_after_cut = 0.87962566103423978; /* of a standard normal cut at two */
    fill(&stream, (float)((double)deviation / deviation_after_cut), count, out, truncated_chunk);
}
