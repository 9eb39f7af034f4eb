/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Speed of the random numbers. One JSON object a line: nanoseconds a number, the same in float32 multiply-adds
 * that the core could have done meanwhile (independent of its clock), and how much faster than one number after
 * the other by Random123 and the C library.
 *
 *     bench_sampling [count]...      (default: in the level-1 cache, in level 2, in memory)
 */
#include "peak.h"

#include "base/mem.h"
#include "borderline/rng.h"
#include <Random123/philox.h>
#include <math.h>
#include <stdio.h>

enum { REPEATS_MAX = 2000 };

typedef void draw_function(bl_stream stream, size_t count, float *out);

static void draw_words(bl_stream stream, size_t count, float *out) {
    bl_rng_words(stream, 0, count, (uint32_t *)(void *)out);
}

static void draw_uniform(bl_stream stream, size_t count, float *out) {
    bl_rng_uniform(stream, 0.0F, 1.0F, count, out);
}

static void draw_normal(bl_stream stream, size_t count, float *out) {
    bl_rng_normal(stream, 0.05F, count, out);
}

static void draw_truncated_normal(bl_stream stream, size_t count, float *out) {
    bl_rng_truncated_normal(stream, 0.05F, count, out);
}

/* The plain way: a counter at a time, logf, cosf and sinf. */
static void draw_normal_plainly(bl_stream stream, size_t count, float *out) {
    const philox4x32_key_t key = {{stream.key[0], stream.key[1]}};
    for (size_t k = 0; k + 4 <= count; k += 4) {
        philox4x32_ctr_t counter = {
            {(uint32_t)(k / 4), stream.counter[0], stream.counter[1], stream.counter[2]}};
        counter = philox4x32_R(10, counter, key);
        for (size_t j = 0; j < 4; j += 2) {
            float u = ((float)(counter.v[j] >> 8) + 0.5F) * 0x1p-24F;
            float angle = 6.28318531F * (float)counter.v[j + 1] * 0x1p-32F;
            float radius = 0.05F * sqrtf(-2.0F * logf(u));
            out[k + j] = radius * cosf(angle);
            out[k + j + 1] = radius * sinf(angle);
        }
    }
}

/* Median seconds of a draw, over about a third of a second. */
static double measure(draw_function *draw, size_t count, float *out) {
    static double seconds[REPEATS_MAX];
    double total = 0.0;
    size_t repeats = 0;
    while (repeats < 3 || (total < 0.3 && repeats < REPEATS_MAX)) {
        const bl_stream stream = bl_rng_stream(1, 0, (uint32_t)repeats, BL_PURPOSE_TEST, 0);
        const double begin = bench_seconds();
        draw(stream, count, out);
        seconds[repeats] = bench_seconds() - begin;
        total += seconds[repeats++];
    }
    return bench_median(seconds, repeats);
}

static bl_err run(size_t count, double peak) {
    static const struct {
        const char *name;
        draw_function *draw;
    } kinds[] = {{"words", draw_words},
                 {"uniform", draw_uniform},
                 {"normal", draw_normal},
                 {"truncated_normal", draw_truncated_normal},
                 {"normal_plainly", draw_normal_plainly}};
    bl_err err = BL_OK;
    float *out = NULL;
    BL_ALLOC(out, count);
    const double plain = measure(draw_normal_plainly, count, out);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const double seconds = measure(kinds[k].draw, count, out);
        const double nanoseconds = 1e9 * seconds / (double)count;
        (void)printf(
            "{\"bench\": \"sampling\", \"what\": \"%s\", \"count\": %zu, \"ns_per_number\": %.4g, "
            "\"multiply_adds_per_number\": %.4g, \"peak_gflops\": %.4g, \"speedup_over_plain\": %.3g}\n",
            kinds[k].name, count, nanoseconds, nanoseconds * peak / 2.0, peak, plain / seconds);
    }
cleanup:
    bl_mem_free(out);
    return err;
}

int main(int argc, char **argv) {
    static const size_t defaults[] = {8192, 1 << 18, 1 << 22};
    const size_t count = argc > 1 ? (size_t)(argc - 1) : sizeof defaults / sizeof *defaults;
    const double peak = fmax(bench_peak_float32(), bench_peak_float32());
    for (size_t i = 0; i < count; i++)
        if (run(argc > 1 ? strtoul(argv[i + 1], NULL, 10) : defaults[i], peak) != BL_OK) {
            (void)fprintf(stderr, "bench_sampling: %s\n", bl_err_message());
            return 1;
        }
    return 0;
}
