/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011).
 *
 * A stream is named by words that never overlap: the key is the 64-bit seed; of the 128-bit counter one word
 * is the case, one the network, one the purpose (8 bits) and its index (24 bits), one the block inside the
 * stream. So two streams with different names cannot meet, and any number is found without drawing those
 * before it. The same bits come out at every vector width and optimisation level (fused multiply-adds are
 * explicit; the file is compiled with -ffp-contract=off).
 */
#ifndef BORDERLINE_RNG_H
#define BORDERLINE_RNG_H

#include "borderline/err.h"
#include <stddef.h>
#include <stdint.h>

/* What a stream is drawn for. New purposes go at the end: the numbers are part of every result. */
typedef enum bl_purpose {
    BL_PURPOSE_WEIGHT,       /* index = layer */
    BL_PURPOSE_BIAS,         /* index = layer */
    BL_PURPOSE_INPUT,        /* index = input */
    BL_PURPOSE_KERNEL_INPUT, /* case = dimension's index, network = 0, index = input */
    BL_PURPOSE_SEARCH,       /* seed, case, network = 0: a search depends on network and input alone; index =
                                restart */
    BL_PURPOSE_BOOTSTRAP,    /* network = 0, index = statistic; resamples follow each other in the stream */
    BL_PURPOSE_PREDICTION,   /* network = draw */
    BL_PURPOSE_TEST,
    BL_PURPOSE_FORECAST,       /* simulated times of units: no result depends on them */
    BL_PURPOSE_TRAINING_IMAGE, /* which images are measured; index = part of the set */
    BL_PURPOSE_TRAINING_ORDER, /* index = epoch + 65,536 start */
    BL_PURPOSE_DRAW,           /* index = input: key of an infinitely wide network's own streams (gp_draw) */
    BL_PURPOSE_KERNEL_DRAW,    /* index = logit: an infinitely wide network at the kernel inputs */
    BL_PURPOSE_COUNT
} bl_purpose;

typedef struct bl_stream {
    uint32_t key[2];
    uint32_t counter[3]; /* case, network, purpose and index; the fourth word counts blocks */
} bl_stream;

enum { BL_STREAM_INDEX_MAX = (1 << 24) - 1 };
#define BL_STREAM_NUMBERS_MAX ((uint64_t)1 << 34) /* words of a stream, and at most as many numbers */

/** The stream of that name. index <= BL_STREAM_INDEX_MAX (asserted).
 *
 * Collective:  no.
 */
BL_API bl_stream bl_rng_stream(uint64_t seed, uint32_t case_number, uint32_t network, bl_purpose purpose,
                               uint32_t index);

/** count random 32-bit words of the stream, from its word number `first` on (first a multiple of 4).
 *
 * Math:        word 4 b + i = component i of philox4x32-10(counter = (b, stream), key) (Salmon et al. 2011).
 * Shapes:      out[count].  A stream has 2^34 words.
 * Collective:  no.
 */
BL_API void bl_rng_words(bl_stream stream, uint64_t first, size_t count, uint32_t *out);

/** Uniform numbers in [lo, hi), lo < hi.
 *
 * Math:        float32 lo + (hi - lo) k 2^-24, k = the upper 24 bits of word i, rounded once; where that
 *              gives hi, the next number below.
 * Shapes:      out[count].
 * Collective:  no.
 */
BL_API void bl_rng_uniform(bl_stream stream, float lo, float hi, size_t count, float *out);

/** Uniform float64 numbers in (0, 1).
 *
 * Math:        (2 k + 1) 2^-53, k = the upper 52 bits of words 2 i and 2 i + 1: neither 0 nor 1, symmetric
 *              about 1/2.
 * Shapes:      out[count].
 * Collective:  no.
 */
BL_API void bl_rng_uniform64(bl_stream stream, size_t count, double *out);

/** Normal numbers with mean 0 and the given standard deviation.
 *
 * Math:        Box and Muller 1958, in float32: sqrt(-2 ln u) (cos, sin)(2 pi v), u of 31 bits, v of 32;
 *              |x| <= 6.67 deviations. Numbers come in chunks of 256 from 64 consecutive counters: number
 *              64 j + i of a chunk belongs to counter i; j = 0, 1 are cos and sin of its words 0 (u) and
 *              1 (v), j = 2, 3 of its words 2 and 3.
 * Shapes:      out[count]; the first numbers do not depend on count.
 * Collective:  no.
 */
BL_API void bl_rng_normal(bl_stream stream, float deviation, size_t count, float *out);

/** Truncated normal numbers: a normal cut at two of its own standard deviations and rescaled so that the
 * standard deviation after the cut is the given one (THEORY.md, section 1.2).
 *
 * Math:        by inversion, one word a number: x = deviation / 0.87962566103423978 sqrt(2) erfinv(t),
 *              t uniform on +-erf(sqrt 2) with 31 bits, relative error under 1e-6. Number 64 j + i of a chunk
 *              of 256 comes from word j of counter i.
 * Shapes:      out[count]; the first numbers do not depend on count.
 * Collective:  no.
 */
BL_API void bl_rng_truncated_normal(bl_stream stream, float deviation, size_t count, float *out);

#endif
