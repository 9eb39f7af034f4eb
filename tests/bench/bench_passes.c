/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Speed of the pass engine as a share of the measured multiply-add peak. One JSON object a line.
 *
 *     OMP_NUM_THREADS=1 bench_passes [family depth n width batch]...
 *     (default: three shapes of a dense sweep, and resnet 20 on images of 32 x 32 x 3)
 */
#include "peak.h"

#include "base/mem.h"
#include "borderline/pass.h"
#include <stdio.h>

typedef struct shape {
    const char *family;
    size_t depth, dimension, width, batch;
} shape;

enum { REPEATS_MAX = 2000 };

typedef struct bench {
    const char *family;
    bl_config config;
    bl_case c;
    bl_network *network;
    bl_pass *pass;
    float *x, *logits, *gradient;
    double *x64, *logits64;
    size_t batch;
} bench;

static bl_err sample(bench *b) {
    bl_network_sample(&b->config, &b->c, 1, b->network);
    return BL_OK;
}

static bl_err load(bench *b) {
    return bl_pass_load(b->pass, b->network);
}

static bl_err forward(bench *b) {
    return bl_pass_forward(b->pass, b->batch, b->x, b->logits);
}

static bl_err forward_short(bench *b) {
    return bl_pass_forward(b->pass, b->batch - 1, b->x, b->logits);
}

static bl_err forward_backward(bench *b) {
    bl_err err = BL_OK;
    BL_TRY(bl_pass_forward(b->pass, b->batch, b->x, b->logits));
    BL_TRY(bl_pass_gradient(b->pass, b->batch, NULL, b->logits, b->gradient));
cleanup:
    return err;
}

static bl_err forward64(bench *b) {
    return bl_pass_forward64(b->pass, b->batch, b->x64, b->logits64);
}

/* Median seconds of a call, over about a third of a second. */
static bl_err measure(bench *b, bl_err (*call)(bench *), double *median) {
    static double seconds[REPEATS_MAX];
    bl_err err = BL_OK;
    size_t count = 0;
    double total = 0.0;
    BL_TRY(call(b));
    while (count < 3 || (total < 0.3 && count < REPEATS_MAX)) {
        const double begin = bench_seconds();
        BL_TRY(call(b));
        seconds[count] = bench_seconds() - begin;
        total += seconds[count++];
    }
    *median = bench_median(seconds, count);
cleanup:
    return err;
}

/* float32: flops of one call over the peak; without flops only seconds and nanoseconds a weight */
static void print_line(const bench *b, const char *what, double seconds, double multiply_adds, double peak) {
    const double rate = 2e-9 * multiply_adds / seconds;
    (void)printf("{\"bench\": \"passes\", \"what\": \"%s\", \"family\": \"%s\", \"depth\": %zu, "
                 "\"dimension\": %zu, \"width\": %g, \"batch\": %zu, "
                 "\"seconds\": %.4g, ",
                 what, b->family, b->c.depth, b->c.dimension, b->c.width, b->batch, seconds);
    if (multiply_adds > 0.0)
        (void)printf("\"gflops\": %.4g, \"peak_gflops\": %.4g, \"share_of_peak\": %.3f}\n", rate, peak,
                     rate / peak);
    else
        (void)printf("\"ns_per_weight\": %.4g}\n", 1e9 * seconds / (double)bl_network_parameters(b->network));
}

static void bench_free(bench *b) {
    bl_pass_destroy(&b->pass);
    bl_network_destroy(&b->network);
    bl_mem_free(b->x);
    bl_mem_free(b->logits);
    bl_mem_free(b->gradient);
    bl_mem_free(b->x64);
    bl_mem_free(b->logits64);
}

static bl_err bench_create(shape s, bench *b) {
    bl_err err = BL_OK;
    *b = (bench){.family = s.family,
                 .config = {.seed = 1,
                            .activation = BL_RELU,
                            .weight_variance = 2.0,
                            .classes = 2,
                            .channels = 3,
                            .box = {0.0, 1.0}},
                 .c = {.depth = s.depth, .width = (double)s.width, .dimension = s.dimension},
                 .batch = s.batch};
    BL_ALLOC(b->x, s.batch * s.dimension);
    BL_ALLOC(b->x64, s.batch * s.dimension);
    BL_ALLOC(b->gradient, s.batch * s.dimension);
    BL_ALLOC(b->logits, s.batch * 2);
    BL_ALLOC(b->logits64, s.batch * 2);
    bl_network_sample_inputs(&b->config, 0, 0, BL_PURPOSE_INPUT, s.dimension, s.batch, b->x);
    for (size_t i = 0; i < s.batch * s.dimension; i++)
        b->x64[i] = (double)b->x[i];
    BL_TRY(bl_network_create_family(s.family, &b->config, &b->c, true, &b->network));
    BL_TRY(sample(b));
    BL_TRY(bl_pass_create(b->network, s.batch, &b->pass));
cleanup:
    return err;
}

static bl_err run(shape s) {
    bl_err err = BL_OK;
    bench b;
    double seconds;
    BL_TRY(bench_create(s, &b));
    const double pass = bl_pass_multiply_adds(b.network) * (double)s.batch;
    const double peak = bench_peak_float32();
    BL_TRY(measure(&b, sample, &seconds));
    print_line(&b, "sample", seconds, 0.0, peak);
    BL_TRY(measure(&b, load, &seconds));
    print_line(&b, "pack", seconds, 0.0, peak);
    BL_TRY(measure(&b, forward, &seconds));
    print_line(&b, "forward", seconds, pass, peak);
    BL_TRY(measure(&b, forward_backward, &seconds));
    print_line(&b, "forward_backward", seconds, 2.0 * pass, peak);
    if (s.batch > 1) {
        BL_TRY(measure(&b, forward_short, &seconds));
        print_line(&b, "forward_one_point_less", seconds, pass * (1.0 - 1.0 / (double)s.batch), peak);
    }
    BL_TRY(measure(&b, forward64, &seconds));
    print_line(&b, "forward64", seconds, pass, bench_peak_float64());
cleanup:
    bench_free(&b);
    return err;
}

static shape shape_of(char **argument) {
    return (shape){argument[0], strtoul(argument[1], NULL, 10), strtoul(argument[2], NULL, 10),
                   strtoul(argument[3], NULL, 10), strtoul(argument[4], NULL, 10)};
}

int main(int argc, char **argv) {
    const shape defaults[] = {{"dense", 2, 768, 100, 30},
                              {"dense", 2, 3072, 1000, 30},
                              {"dense", 2, 3072, 4096, 30},
                              {"resnet", 20, 3072, 32, 30}};
    const bool given = argc > 5;
    const size_t count = given ? (size_t)(argc - 1) / 5 : sizeof defaults / sizeof defaults[0];
    for (size_t i = 0; i < count; i++)
        if (run(given ? shape_of(argv + 1 + 5 * i) : defaults[i]) != BL_OK) {
            (void)fprintf(stderr, "bench_passes: %s\n", bl_err_message());
            return 1;
        }
    return 0;
}
