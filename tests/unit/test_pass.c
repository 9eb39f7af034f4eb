/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The pass engine: float32 against float64, gradients against central differences, batches of every size, rows,
 * memory.
 */
#include "base/mem.h"
#include "borderline/pass.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

typedef struct setting {
    bl_activation activation;
    size_t depth, width, dimension, classes;
    double bias_variance;
} setting;

static bl_network *sampled(const setting *s, size_t number) {
    const bl_config config = {.seed = 11,
                              .activation = s->activation,
                              .negative_slope = 0.1,
                              .weight_variance = 2.0,
                              .bias_variance = s->bias_variance,
                              .classes = s->classes};
    const bl_case c = {.depth = s->depth, .width = (double)s->width, .dimension = s->dimension};
    bl_network *network = NULL;
    CHECK_OK(bl_network_create(&config, &c, &network));
    bl_network_sample(&config, &c, number, network);
    return network;
}

static float *uniform(uint32_t index, size_t count) {
    float *x = bl_mem_alloc(count, sizeof *x);
    BL_ASSERT(x);
    bl_rng_uniform(bl_rng_stream(5, 0, 0, BL_PURPOSE_TEST, index), -1.0F, 1.0F, count, x);
    return x;
}

static double *wider(const float *x, size_t count) {
    double *y = bl_mem_alloc(count, sizeof *y);
    BL_ASSERT(y);
    for (size_t i = 0; i < count; i++)
        y[i] = (double)x[i];
    return y;
}

static bool same_bits(const void *a, const void *b, size_t bytes) {
    return memcmp(a, b, bytes) == 0;
}

/* |a - b| / |b| */
static double relative(const float *a, const double *b, size_t count) {
    double difference = 0.0, norm = 0.0;
    for (size_t i = 0; i < count; i++) {
        difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        norm += b[i] * b[i];
    }
    return sqrt(difference / norm);
}

/* the float64 gradient of <seed, logits> at x by central differences */
static void finite_differences(bl_pass *pass, const setting *s, const float *x, const float *seed,
                               double *gradient) {
    const double step = 1e-5;
    double *point = wider(x, s->dimension);
    for (size_t i = 0; i < s->dimension; i++) {
        double logits[2][8], value[2] = {0.0, 0.0};
        for (int side = 0; side < 2; side++) {
            point[i] = (double)x[i] + (side ? step : -step);
            CHECK_OK(bl_pass_forward64(pass, 1, point, logits[side]));
            for (size_t j = 0; j < s->classes; j++)
                value[side] += (double)seed[j] * logits[side][j];
        }
        point[i] = (double)x[i];
        gradient[i] = (value[1] - value[0]) / (2.0 * step);
    }
    bl_mem_free(point);
}

static void test_setting(const setting *s) {
    enum { BATCH = 6 };
    bl_network *network = sampled(s, 0);
    bl_pass *pass = NULL;
    CHECK_OK(bl_pass_create(network, BATCH, &pass));
    float *x = uniform(1, BATCH * s->dimension), *seed = uniform(2, BATCH * s->classes);
    double *x64 = wider(x, BATCH * s->dimension);
    float logits[BATCH * 8], *gradient = bl_mem_alloc(BATCH * s->dimension, sizeof *gradient);
    double logits64[BATCH * 8], *expected = bl_mem_alloc(BATCH * s->dimension, sizeof *expected);
    CHECK_OK(bl_pass_forward(pass, BATCH, x, logits));
    CHECK_OK(bl_pass_forward64(pass, BATCH, x64, logits64));
    CHECK(relative(logits, logits64, BATCH * s->classes) < 2e-6);
    CHECK_OK(bl_pass_gradient(pass, BATCH, NULL, seed, gradient));
    for (size_t i = 0; i < BATCH; i++)
        finite_differences(pass, s, x + i * s->dimension, seed + i * s->classes, expected + i * s->dimension);
    CHECK(relative(gradient, expected, BATCH * s->dimension) < 2e-5);
    bl_mem_free(x);
    bl_mem_free(x64);
    bl_mem_free(seed);
    bl_mem_free(gradient);
    bl_mem_free(expected);
    bl_pass_destroy(&pass);
    CHECK(!pass);
    bl_network_destroy(&network);
}

static void test_settings(void) {
    for (int a = 0; a < BL_ACTIVATION_COUNT; a++)
        for (size_t depth = 0; depth <= 3; depth++)
            for (int bias = 0; bias < 2; bias++)
                for (size_t classes = 2; classes <= 5; classes += 3) {
                    const setting s = {(bl_activation)a, depth, 37, 29, classes, bias ? 0.3 : 0.0};
                    test_setting(&s);
                }
}

/* Every count of points up to the batch gives what the full batch gives; so do gradients at chosen rows. */
static void test_counts(void) {
    enum { BATCH = 70, CLASSES = 3 };
    const setting s = {BL_TANH, 2, 40, 50, CLASSES, 0.1};
    bl_network *network = sampled(&s, 0);
    bl_pass *pass = NULL;
    CHECK_OK(bl_pass_create(network, BATCH, &pass));
    const size_t n = s.dimension;
    float *x = uniform(1, BATCH * n), *seed = uniform(2, BATCH * (size_t)CLASSES);
    float *gradient = bl_mem_alloc((BATCH + 1) * n, sizeof *gradient);
    float *gathered = bl_mem_alloc((BATCH + 1) * n, sizeof *gathered);
    float logits[(BATCH + 1) * CLASSES];
    CHECK_OK(bl_pass_forward(pass, BATCH, x, logits));
    CHECK_OK(bl_pass_gradient(pass, BATCH, NULL, seed, gradient));
    double *logits64 = wider(logits, BATCH * (size_t)CLASSES), *gradient64 = wider(gradient, BATCH * n);
    for (size_t count = 1; count <= BATCH; count++) {
        const float mark = 12345.0F;
        size_t row[BATCH];
        logits[count * CLASSES] = gradient[count * n] = gathered[count * n] = mark;
        CHECK_OK(bl_pass_forward(pass, count, x, logits));
        CHECK(relative(logits, logits64, count * CLASSES) < 1e-6);
        CHECK_OK(bl_pass_gradient(pass, count, NULL, seed, gradient));
        CHECK(relative(gradient, gradient64, count * n) < 1e-6);
        /* the rows backwards, the last one twice */
        for (size_t i = 0; i < count; i++)
            row[i] = i == 0 ? count - 1 : count - i;
        float *picked = bl_mem_alloc(count * CLASSES, sizeof *picked);
        for (size_t i = 0; i < count; i++)
            memcpy(picked + i * CLASSES, seed + row[i] * CLASSES, CLASSES * sizeof *picked);
        CHECK_OK(bl_pass_gradient(pass, count, row, picked, gathered));
        for (size_t i = 0; i < count; i++)
            CHECK(relative(gathered + i * n, gradient64 + row[i] * n, n) < 1e-6);
        CHECK(logits[count * CLASSES] == mark && gradient[count * n] == mark && gathered[count * n] == mark);
        bl_mem_free(picked);
    }
    bl_mem_free(x);
    bl_mem_free(seed);
    bl_mem_free(gradient);
    bl_mem_free(gathered);
    bl_mem_free(logits64);
    bl_mem_free(gradient64);
    bl_pass_destroy(&pass);
    bl_network_destroy(&network);
}

/* Fewer gradient rows than points, the same call twice: the same bits. */
static void test_repeat(void) {
    const setting s = {BL_RELU, 2, 64, 100, 2, 0.0};
    bl_network *network = sampled(&s, 0);
    bl_pass *pass = NULL;
    CHECK_OK(bl_pass_create(network, 30, &pass));
    float *x = uniform(1, 30 * s.dimension), *seed = uniform(2, 60), logits[2][60];
    float *gradient[2];
    const size_t row[] = {29, 3, 17};
    for (size_t i = 0; i < 2; i++) {
        gradient[i] = bl_mem_alloc(3 * s.dimension, sizeof(float));
        CHECK_OK(bl_pass_forward(pass, 30, x, logits[i]));
        CHECK_OK(bl_pass_gradient(pass, 3, row, seed, gradient[i]));
    }
    CHECK(same_bits(logits[0], logits[1], sizeof logits[0]));
    CHECK(same_bits(gradient[0], gradient[1], 3 * s.dimension * sizeof(float)));
    for (size_t i = 0; i < 2; i++)
        bl_mem_free(gradient[i]);
    bl_mem_free(x);
    bl_mem_free(seed);
    bl_pass_destroy(&pass);
    bl_network_destroy(&network);
}

/* Float64 logits are a function of the point alone: the same bits in any batch, and those of a plain sum to
 * rounding. */
static void test_float64(void) {
    enum { COUNT = 67, CLASSES = 3 };
    const setting s = {BL_RELU, 1, 23, 45, CLASSES, 0.2};
    bl_network *network = sampled(&s, 0);
    bl_pass *pass = NULL;
    float *x = uniform(1, COUNT * s.dimension);
    double *x64 = wider(x, COUNT * s.dimension), logits[COUNT * CLASSES], again[COUNT * CLASSES];
    CHECK_OK(bl_pass_create(network, 4, &pass));
    CHECK_OK(bl_pass_forward64(pass, COUNT, x64, logits));
    for (size_t count = 1; count <= 12; count++)
        for (size_t first = 0; first + count <= COUNT; first += 9) {
            CHECK_OK(bl_pass_forward64(pass, count, x64 + first * s.dimension, again));
            CHECK(same_bits(again, logits + first * CLASSES, count * CLASSES * sizeof(double)));
        }
    const bl_layer *one = &network->layer[0], *two = &network->layer[2];
    for (size_t i = 0; i < COUNT; i++) {
        double hidden[23];
        for (size_t o = 0; o < one->outputs; o++) {
            hidden[o] = (double)one->bias[o];
            for (size_t k = 0; k < one->inputs; k++)
                hidden[o] += (double)one->weight[o * one->inputs + k] * x64[i * one->inputs + k];
            hidden[o] = fmax(hidden[o], 0.0);
        }
        for (size_t o = 0; o < CLASSES; o++) {
            double sum = (double)two->bias[o];
            for (size_t k = 0; k < two->inputs; k++)
                sum += (double)two->weight[o * two->inputs + k] * hidden[k];
            CHECK_CLOSE(logits[i * CLASSES + o], sum, 1e-13);
        }
    }
    bl_mem_free(x);
    bl_mem_free(x64);
    bl_pass_destroy(&pass);
    bl_network_destroy(&network);
}

/* A second network in the same engine, and engines for other shapes refused. */
static void test_load(void) {
    const setting s = {BL_GELU, 1, 33, 20, 2, 0.5};
    setting wider_setting = s;
    wider_setting.width = 34;
    bl_network *first = sampled(&s, 0), *second = sampled(&s, 1), *other = sampled(&wider_setting, 0);
    bl_pass *pass = NULL;
    float *x = uniform(1, 5 * s.dimension), logits[2][10];
    double *x64 = wider(x, 5 * s.dimension), logits64[10];
    CHECK_OK(bl_pass_create(first, 8, &pass));
    CHECK_OK(bl_pass_forward(pass, 5, x, logits[0]));
    CHECK_OK(bl_pass_load(pass, second));
    CHECK_OK(bl_pass_forward(pass, 5, x, logits[1]));
    CHECK_OK(bl_pass_forward64(pass, 5, x64, logits64));
    CHECK(relative(logits[1], logits64, 10) < 1e-6);
    CHECK(relative(logits[0], logits64, 10) > 1e-2);
    CHECK(bl_pass_load(pass, other) == BL_ERR_INPUT);
    CHECK(strstr(bl_err_message(), "layer_000") && !strchr(bl_err_message(), '\n'));
    bl_mem_free(x);
    bl_mem_free(x64);
    bl_pass_destroy(&pass);
    bl_network_destroy(&first);
    bl_network_destroy(&second);
    bl_network_destroy(&other);
}

static void test_refusals(void) {
    const setting s = {BL_RELU, 1, 5, 4, 2, 0.0};
    bl_network *network = sampled(&s, 0);
    bl_pass *pass = NULL;
    CHECK(bl_pass_create(network, 0, &pass) == BL_ERR_INPUT && !pass);
    network->layer[1].kind = (bl_layer_kind)77;
    CHECK(bl_pass_create(network, 3, &pass) == BL_ERR_INPUT && !pass);
    CHECK(strstr(bl_err_message(), "layer_001") && !strchr(bl_err_message(), '\n'));
    bl_network_destroy(&network);
}

/* Flatten passes numbers through, first or between; an activation may come first. Features are the last
 * activation's output. */
static void test_layer_lists(void) {
    enum { N = 6, COUNT = 3 };
    const setting s = {BL_RELU, 1, 9, N, 2, 0.0};
    bl_network *dense = sampled(&s, 0);
    bl_layer list[5] = {{.kind = BL_LAYER_FLATTEN, .inputs = N, .outputs = N},
                        {.kind = BL_LAYER_ACTIVATION, .inputs = N, .outputs = N, .activation = BL_ERF},
                        dense->layer[0],
                        {.kind = BL_LAYER_FLATTEN, .inputs = 9, .outputs = 9},
                        dense->layer[2]};
    bl_network network = {
        .layer_count = 5, .layer = list, .dimension = N, .classes = 2, .shape_rank = 3, .shape = {1, 2, 3}};
    bl_pass *pass = NULL;
    float *x = uniform(1, (size_t)COUNT * N), *seed = uniform(2, (size_t)COUNT * 2), logits[COUNT * 2],
          gradient[COUNT * N];
    double *x64 = wider(x, COUNT * (size_t)N), logits64[COUNT * 2], expected[COUNT * N];
    size_t width = 0;
    for (size_t l = 0; l < network.layer_count; l++)
        CHECK_OK(bl_network_fit_layer(&network, l));
    CHECK_OK(bl_network_check(&network));
    CHECK_OK(bl_pass_create(&network, 4, &pass));
    CHECK_OK(bl_pass_forward(pass, COUNT, x, logits));
    const float *features = bl_pass_features(pass, &width);
    CHECK(width == N);
    for (size_t i = 0; i < (size_t)COUNT * N; i++)
        CHECK_CLOSE(features[i], erf((double)x[i]), 3e-7);
    CHECK_OK(bl_pass_forward64(pass, COUNT, x64, logits64));
    CHECK(relative(logits, logits64, (size_t)COUNT * 2) < 1e-6);
    CHECK_OK(bl_pass_gradient(pass, COUNT, NULL, seed, gradient));
    for (size_t i = 0; i < COUNT; i++)
        finite_differences(pass, &s, x + i * N, seed + i * 2, expected + i * N);
    CHECK(relative(gradient, expected, (size_t)COUNT * N) < 1e-5);
    bl_mem_free(x);
    bl_mem_free(x64);
    bl_mem_free(seed);
    bl_pass_destroy(&pass);
    bl_network_destroy(&dense);
}

/* float32 activations over their whole range, seen through an activation between identity layers */
static void test_activation_accuracy(void) {
    enum { N = 4001 };
    for (int a = 0; a < BL_ACTIVATION_COUNT; a++) {
        const bl_activation activation = (bl_activation)a;
        bl_layer list[2] = {{.kind = BL_LAYER_ACTIVATION,
                             .inputs = N,
                             .outputs = N,
                             .activation = activation,
                             .negative_slope = 0.1},
                            {.kind = BL_LAYER_DENSE, .inputs = N, .outputs = 2}};
        list[1].weight = bl_mem_alloc((size_t)2 * N, sizeof(float));
        for (size_t i = 0; i < N; i++)
            list[1].weight[i] = 1.0F;
        bl_network network = {
            .layer_count = 2, .layer = list, .dimension = N, .classes = 2, .shape_rank = 1, .shape = {N}};
        static float x[N], gradient[N];
        float logits[2];
        const float seed[2] = {1.0F, 0.0F};
        size_t width = 0;
        bl_pass *pass = NULL;
        for (size_t i = 0; i < N; i++)
            x[i] = ((float)i - 2000.0F) * 0.01F;
        CHECK_OK(bl_pass_create(&network, 1, &pass));
        CHECK_OK(bl_pass_forward(pass, 1, x, logits));
        CHECK_OK(bl_pass_gradient(pass, 1, NULL, seed, gradient));
        const float *features = bl_pass_features(pass, &width);
        double worst_value = 0.0, worst_derivative = 0.0;
        for (size_t i = 0; i < N; i++) {
            const double z = (double)x[i], value = bl_activation_value(activation, (double)0.1F, z);
            const double derivative = bl_activation_derivative(activation, (double)0.1F, z);
            /* units of the last place; below 1e-30 only the absolute size matters */
            worst_value = fmax(worst_value, fabs((double)features[i] - value) / fmax(fabs(value), 1e-30));
            worst_derivative = fmax(worst_derivative, fabs((double)gradient[i] - derivative));
        }
        (void)printf("%s: relative error %.2g, of the derivative (absolute) %.2g\n",
                     bl_activation_name[activation], worst_value, worst_derivative);
        CHECK(worst_value < 6e-7);
        CHECK(worst_derivative < 6e-7);
        bl_pass_destroy(&pass);
        bl_mem_free(list[1].weight);
    }
}

static void test_memory(void) {
    const setting s = {BL_RELU, 2, 1500, 3000, 2, 0.0};
    bl_network *network = sampled(&s, 0);
    bl_pass *pass = NULL;
    float *x = uniform(1, 60 * s.dimension), *gradient = uniform(2, 60 * s.dimension), logits[120];
    const float *seed = x;
    CHECK_CLOSE(bl_pass_multiply_adds(network), 3000.0 * 1500 + 1500.0 * 1500 + 1500.0 * 2, 0.5);
    const size_t before = bl_mem_resident(), forecast = bl_pass_memory(network, 60);
    CHECK_OK(bl_pass_create(network, 60, &pass));
    CHECK_OK(bl_pass_forward(pass, 60, x, logits));
    CHECK_OK(bl_pass_gradient(pass, 60, NULL, seed, gradient));
    const size_t grown = bl_mem_resident() - before;
    (void)printf("memory: forecast %.1f MiB, grown by %.1f MiB\n", (double)forecast / 1048576.0,
                 (double)grown / 1048576.0);
#ifndef __SANITIZE_ADDRESS__
    if (before > 0)
        CHECK_CLOSE((double)forecast / (double)grown, 1.0, 0.12);
#endif
    bl_mem_free(x);
    bl_mem_free(gradient);
    bl_pass_destroy(&pass);
    bl_network_destroy(&network);
}

int main(void) {
    test_memory();
    test_settings();
    test_counts();
    test_repeat();
    test_load();
    test_float64();
    test_refusals();
    test_layer_lists();
    test_activation_accuracy();
    return check_result();
}
