/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Layers on images: float64 against loops written from the definitions, float32 against float64, gradients against
 * central differences, batches of every size, memory, refusals.
 */
#include "base/mem.h"
#include "borderline/pass.h"
#include "model.h"

#include <string.h>

/* --- the definitions, one number at a time --- */

/* zeros before the image, TensorFlow's rule */
static long zeros_before(bl_padding padding, size_t size, size_t kernel, size_t stride) {
    if (padding == BL_PADDING_VALID)
        return 0;
    const long last = (long)size % (long)stride == 0 ? (long)kernel - (long)stride
                                                     : (long)kernel - (long)size % (long)stride;
    return last > 0 ? last / 2 : 0;
}

static double pixel(bl_image image, const double *x, size_t c, long h, long w) {
    if (h < 0 || w < 0 || h >= (long)image.height || w >= (long)image.width)
        return 0.0;
    return x[(c * image.height + (size_t)h) * image.width + (size_t)w];
}

static double convolved(const bl_layer *layer, bl_image in, bl_padding padding, const double *x, size_t o,
                        size_t h, size_t w) {
    double sum = layer->bias ? (double)layer->bias[o] : 0.0;
    const long top = zeros_before(padding, in.height, layer->kernel[0], layer->stride);
    const long left = zeros_before(padding, in.width, layer->kernel[1], layer->stride);
    const float *weight = layer->weight + o * in.channels * layer->kernel[0] * layer->kernel[1];
    for (size_t c = 0; c < in.channels; c++)
        for (size_t i = 0; i < layer->kernel[0]; i++)
            for (size_t j = 0; j < layer->kernel[1]; j++)
                sum += (double)*weight++ * pixel(in, x, c, (long)(h * layer->stride + i) - top,
                                                 (long)(w * layer->stride + j) - left);
    return sum;
}

static double pooled(const bl_layer *layer, const double *x, size_t c, size_t h, size_t w) {
    const size_t size = layer->kernel[0];
    double sum = 0.0;
    for (size_t i = 0; i < size * size; i++)
        sum += pixel(layer->in, x, c, (long)(h * size + i / size), (long)(w * size + i % size));
    return sum / (double)(size * size);
}

static double defined(const bl_layer *layer, const double *x, const double *saved, size_t number) {
    const bl_image out = layer->out;
    const size_t pixels = out.channels > 0 ? out.height * out.width : 1;
    const size_t c = number / pixels, h = out.width ? number % pixels / out.width : 0,
                 w = out.width ? number % out.width : 0;
    double sum = 0.0;
    switch (layer->kind) {
    case BL_LAYER_CONV2D:
        return convolved(layer, layer->in, layer->padding, x, c, h, w);
    case BL_LAYER_AVGPOOL2D:
        return pooled(layer, x, c, h, w);
    case BL_LAYER_RESIDUAL_END:
        return x[number] + (layer->weight ? convolved(layer, layer->side, BL_PADDING_SAME, saved, c, h, w)
                                          : saved[number]);
    case BL_LAYER_ACTIVATION:
        return bl_activation_value(layer->activation, layer->negative_slope, x[number]);
    case BL_LAYER_DENSE:
        for (size_t k = 0; k < layer->inputs; k++)
            sum += (double)layer->weight[number * layer->inputs + k] * x[k];
        return sum + (double)layer->bias[number];
    case BL_LAYER_FLATTEN:
    case BL_LAYER_RESIDUAL_BEGIN:
        break;
    }
    return x[number];
}

static void evaluate(const model *m, const double *x, double *logits) {
    double *y[LAYERS_MAX];
    for (size_t l = 0; l < m->network.layer_count; l++) {
        const bl_layer *layer = &m->layer[l];
        const double *from = l == 0 ? x : y[l - 1];
        const double *saved = layer->kind == BL_LAYER_RESIDUAL_END ? y[layer->begin] : NULL;
        y[l] = bl_mem_alloc(layer->outputs, sizeof(double));
        BL_ASSERT(y[l]);
        for (size_t i = 0; i < layer->outputs; i++)
            y[l][i] = defined(layer, from, saved, i);
    }
    memcpy(logits, y[m->network.layer_count - 1], CLASSES * sizeof *logits);
    for (size_t l = 0; l < m->network.layer_count; l++)
        bl_mem_free(y[l]);
}

/* --- one network through every check --- */

static double relative(const float *a, const double *b, size_t count) {
    double difference = 0.0, norm = 0.0;
    for (size_t i = 0; i < count; i++) {
        difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        norm += b[i] * b[i];
    }
    return sqrt(difference / norm);
}

static void finite_differences(bl_pass *pass, size_t n, const double *x, const float *seed,
                               double *gradient) {
    const double step = 1e-6;
    double *point = bl_mem_alloc(n, sizeof *point);
    BL_ASSERT(point);
    memcpy(point, x, n * sizeof *point);
    for (size_t i = 0; i < n; i++) {
        double logits[2][CLASSES], value[2] = {0.0, 0.0};
        for (int side = 0; side < 2; side++) {
            point[i] = x[i] + (side ? step : -step);
            CHECK_OK(bl_pass_forward64(pass, 1, point, logits[side]));
            for (size_t j = 0; j < CLASSES; j++)
                value[side] += (double)seed[j] * logits[side][j];
        }
        point[i] = x[i];
        gradient[i] = (value[1] - value[0]) / (2.0 * step);
    }
    bl_mem_free(point);
}

static void check_model(model *m, const char *name) {
    enum { BATCH = 6 };
    const size_t n = m->network.dimension;
    bl_pass *pass = NULL;
    float *x = bl_mem_alloc(BATCH * n, sizeof *x), *gradient = bl_mem_alloc(BATCH * n, sizeof *gradient);
    double *x64 = bl_mem_alloc(BATCH * n, sizeof *x64), *expected = bl_mem_alloc(BATCH * n, sizeof *expected);
    float seed[BATCH * CLASSES], logits[BATCH * CLASSES];
    double logits64[BATCH * CLASSES], direct[CLASSES];
    BL_ASSERT(x && gradient && x64 && expected);
    random_floats(1, BATCH * n, 1.0F, x);
    random_floats(2, BATCH * (size_t)CLASSES, 1.0F, seed);
    for (size_t i = 0; i < BATCH * n; i++)
        x64[i] = (double)x[i];
    CHECK_OK(bl_pass_create(&m->network, BATCH, &pass));
    CHECK_OK(bl_pass_forward64(pass, BATCH, x64, logits64));
    for (size_t i = 0; i < BATCH; i++) {
        evaluate(m, x64 + i * n, direct);
        for (size_t j = 0; j < CLASSES; j++)
            CHECK_CLOSE(logits64[i * CLASSES + j], direct[j], 1e-12);
    }
    CHECK_OK(bl_pass_forward(pass, BATCH, x, logits));
    CHECK_OK(bl_pass_gradient(pass, BATCH, NULL, seed, gradient));
    for (size_t i = 0; i < BATCH; i++)
        finite_differences(pass, n, x64 + i * n, seed + i * CLASSES, expected + i * n);
    const double forward = relative(logits, logits64, BATCH * (size_t)CLASSES);
    const double backward = relative(gradient, expected, BATCH * n);
    (void)printf("%s: relative error of logits %.2g, of gradients %.2g\n", name, forward, backward);
    CHECK(forward < 3e-6 && backward < 2e-5);
    bl_pass_destroy(&pass);
    bl_mem_free(x);
    bl_mem_free(gradient);
    bl_mem_free(x64);
    bl_mem_free(expected);
    model_free(m);
}

/* 'same' and 'valid', strides 1 to 3, kernels 1 to 5, even and odd sizes that differ, with and without bias */
static void test_convolutions(void) {
    const size_t sizes[][2] = {{7, 8}, {6, 5}, {9, 9}};
    for (size_t s = 0; s < 3; s++)
        for (size_t kernel = 1; kernel <= 5; kernel++)
            for (size_t stride = 1; stride <= 3; stride++)
                for (int valid = 0; valid < 2; valid++) {
                    model m;
                    char name[64];
                    model_start(&m, 3, sizes[s][0], sizes[s][1]);
                    conv(&m, 5, kernel, stride, valid ? BL_PADDING_VALID : BL_PADDING_SAME, stride == 2);
                    finish(&m);
                    (void)snprintf(name, sizeof name, "%zu x %zu, kernel %zu, stride %zu, %s", sizes[s][0],
                                   sizes[s][1], kernel, stride, valid ? "valid" : "same");
                    check_model(&m, name);
                }
}

/* channels that fill vectors, and one that does not */
static void test_channels(void) {
    const size_t channels[] = {1, 16, 32, 33};
    for (size_t i = 0; i < 4; i++) {
        model m;
        model_start(&m, i == 1 ? 1 : 3, 6, 6);
        conv(&m, channels[i], 3, 1, BL_PADDING_SAME, false);
        activation(&m, BL_RELU);
        conv(&m, channels[3 - i], 3, 2, BL_PADDING_SAME, true);
        activation(&m, BL_TANH);
        finish(&m);
        check_model(&m, "two convolutions");
    }
}

static void test_kinds(void) {
    for (int a = 0; a < BL_ACTIVATION_COUNT; a++) {
        model m;
        model_start(&m, 3, 7, 6);
        activation(&m, BL_TANH); /* before any convolution */
        conv(&m, 8, 3, 1, BL_PADDING_SAME, true);
        activation(&m, (bl_activation)a);
        pool(&m, 2);
        conv(&m, 4, 2, 1, BL_PADDING_VALID, false);
        activation(&m, (bl_activation)a);
        finish(&m);
        check_model(&m, bl_activation_name[a]);
    }
    model m;
    model_start(&m, 2, 8, 11); /* pooling alone, pixels left over */
    pool(&m, 3);
    finish(&m);
    check_model(&m, "pooling");
}

/* plain and convolved shortcuts, with stride on odd sizes, nested, at the very input, on rows of numbers */
static void residual_model(model *m, bl_activation which) {
    model_start(m, 3, 7, 5);
    plain(m, BL_LAYER_RESIDUAL_BEGIN);
    conv(m, 6, 3, 1, BL_PADDING_SAME, true);
    activation(m, which);
    plain(m, BL_LAYER_RESIDUAL_BEGIN);
    activation(m, which);
    conv(m, 6, 3, 1, BL_PADDING_SAME, false);
    plain(m, BL_LAYER_RESIDUAL_END);
    activation(m, which);
    conv(m, 8, 3, 2, BL_PADDING_SAME, false);
    shortcut(m, 8, 2, true);
    activation(m, which);
    plain(m, BL_LAYER_RESIDUAL_BEGIN);
    conv(m, 8, 3, 1, BL_PADDING_SAME, false);
    plain(m, BL_LAYER_RESIDUAL_END);
    plain(m, BL_LAYER_FLATTEN);
    plain(m, BL_LAYER_RESIDUAL_BEGIN);
    append(m, (bl_layer){.kind = BL_LAYER_DENSE, .outputs = 96}, true);
    activation(m, which);
    plain(m, BL_LAYER_RESIDUAL_END);
    append(m, (bl_layer){.kind = BL_LAYER_DENSE, .outputs = CLASSES}, true);
    CHECK_OK(bl_network_check(&m->network));
}

static void test_residuals(void) {
    for (int a = 0; a < BL_ACTIVATION_COUNT; a++) {
        model m;
        residual_model(&m, (bl_activation)a);
        check_model(&m, "residual");
    }
}

/* Every count of points gives what the full batch gives; so do gradients at chosen rows; the same call, the same
 * bits. */
static void test_counts(void) {
    enum { BATCH = 38 };
    model m;
    bl_pass *pass = NULL;
    residual_model(&m, BL_TANH);
    const size_t n = m.network.dimension;
    static float x[BATCH * 105], seed[BATCH * CLASSES], gradient[BATCH * 105], logits[BATCH * CLASSES];
    static float some[BATCH * 105 + 1], few[BATCH * CLASSES + 1], picked[BATCH * CLASSES];
    static double logits64[BATCH * CLASSES], gradient64[BATCH * 105];
    BL_ASSERT(n == 105);
    CHECK_OK(bl_pass_create(&m.network, BATCH, &pass));
    random_floats(1, BATCH * n, 1.0F, x);
    random_floats(2, BATCH * (size_t)CLASSES, 1.0F, seed);
    CHECK_OK(bl_pass_forward(pass, BATCH, x, logits));
    CHECK_OK(bl_pass_gradient(pass, BATCH, NULL, seed, gradient));
    for (size_t i = 0; i < BATCH * n; i++)
        gradient64[i] = (double)gradient[i];
    for (size_t i = 0; i < BATCH * (size_t)CLASSES; i++)
        logits64[i] = (double)logits[i];
    for (size_t count = 1; count <= BATCH; count++) {
        size_t row[BATCH];
        few[count * CLASSES] = some[count * n] = 12345.0F;
        CHECK_OK(bl_pass_forward(pass, count, x, few));
        CHECK(relative(few, logits64, count * CLASSES) < 2e-6);
        for (size_t i = 0; i < count; i++) {
            row[i] = count - 1 - i;
            memcpy(picked + i * CLASSES, seed + row[i] * CLASSES, CLASSES * sizeof *picked);
        }
        CHECK_OK(bl_pass_gradient(pass, count, row, picked, some));
        for (size_t i = 0; i < count; i++)
            CHECK(relative(some + i * n, gradient64 + row[i] * n, n) < 2e-6);
        CHECK(few[count * CLASSES] == 12345.0F && some[count * n] == 12345.0F);
    }
    CHECK_OK(bl_pass_forward(pass, BATCH, x, few));
    CHECK_OK(bl_pass_gradient(pass, BATCH, NULL, seed, some));
    CHECK(memcmp(few, logits, sizeof logits) == 0 && memcmp(some, gradient, sizeof gradient) == 0);
    bl_pass_destroy(&pass);
    model_free(&m);
}

/* Features are in the order of files, [channels][height][width]. */
static void test_features(void) {
    model m;
    bl_pass *pass = NULL;
    float x[2 * 3 * 4 * 5], logits[2 * CLASSES];
    size_t width = 0;
    model_start(&m, 3, 4, 5);
    conv(&m, 6, 3, 1, BL_PADDING_SAME, false);
    activation(&m, BL_RELU);
    finish(&m);
    random_floats(1, 120, 1.0F, x);
    CHECK_OK(bl_pass_create(&m.network, 4, &pass));
    CHECK_OK(bl_pass_forward(pass, 2, x, logits));
    const float *features = bl_pass_features(pass, &width);
    CHECK(width == 120);
    for (size_t i = 0; i < 2; i++) {
        double x64[60];
        for (size_t k = 0; k < 60; k++)
            x64[k] = (double)x[i * 60 + k];
        for (size_t k = 0; k < 120; k++)
            CHECK_CLOSE(features[i * 120 + k], fmax(defined(&m.layer[0], x64, NULL, k), 0.0), 1e-5);
    }
    bl_pass_destroy(&pass);
    model_free(&m);
}

/* Another network of the same shape; one with another stride of the same sizes is refused. */
static void test_load(void) {
    model first, second;
    bl_pass *pass = NULL;
    float x[16], logits[CLASSES];
    double x64[16], direct[CLASSES];
    for (int i = 0; i < 2; i++) {
        model *m = i ? &second : &first;
        model_start(m, 1, 4, 4);
        conv(m, 2, 1, 3, BL_PADDING_SAME, false);
        finish(m);
    }
    for (size_t i = 0; i < bl_layer_weights(&second.layer[0]); i++)
        second.layer[0].weight[i] *= -0.5F;
    random_floats(1, 16, 1.0F, x);
    for (size_t i = 0; i < 16; i++)
        x64[i] = (double)x[i];
    CHECK_OK(bl_pass_create(&first.network, 1, &pass));
    CHECK_OK(bl_pass_load(pass, &second.network));
    CHECK_OK(bl_pass_forward(pass, 1, x, logits));
    evaluate(&second, x64, direct);
    CHECK(relative(logits, direct, CLASSES) < 1e-6);
    second.layer[0].stride = 2;
    CHECK_OK(bl_network_fit_layer(&second.network, 0));
    CHECK(bl_pass_load(pass, &second.network) == BL_ERR_INPUT);
    CHECK(strstr(bl_err_message(), "layer_000"));
    bl_pass_destroy(&pass);
    model_free(&first);
    model_free(&second);
}

/* Hand counts: 3x3 convolutions of 3 -> 32 -> 64 (stride 2), 1x1 shortcut, dense 64 x 16 x 16 -> 3. */
static void test_numbers(void) {
    model m;
    bl_pass *pass = NULL;
    const size_t batch = 30;
    model_start(&m, 3, 32, 32);
    conv(&m, 32, 3, 1, BL_PADDING_SAME, false);
    activation(&m, BL_RELU);
    plain(&m, BL_LAYER_RESIDUAL_BEGIN);
    conv(&m, 64, 3, 2, BL_PADDING_SAME, true);
    activation(&m, BL_RELU);
    conv(&m, 64, 3, 1, BL_PADDING_SAME, true);
    shortcut(&m, 64, 2, false);
    activation(&m, BL_RELU);
    finish(&m);
    CHECK(bl_network_parameters(&m.network) == 864 + (18432 + 64) + (36864 + 64) + 2048 + (49152 + 3));
    CHECK_CLOSE(bl_pass_multiply_adds(&m.network),
                864.0 * 1024 + 18432.0 * 256 + 36864.0 * 256 + 2048.0 * 256 + 49152, 0.5);
    float *x = bl_mem_alloc(batch * 3072, sizeof *x),
          *gradient = bl_mem_alloc(batch * 3072, sizeof *gradient);
    float logits[30 * CLASSES];
    BL_ASSERT(x && gradient);
    random_floats(1, batch * 3072, 1.0F, x);
    random_floats(2, batch * 3072, 1.0F, gradient);
    const size_t before = bl_mem_resident(), forecast = bl_pass_memory(&m.network, batch);
    CHECK_OK(bl_pass_create(&m.network, batch, &pass));
    CHECK_OK(bl_pass_forward(pass, batch, x, logits));
    CHECK_OK(bl_pass_gradient(pass, batch, NULL, x, gradient));
    const size_t grown = bl_mem_resident() - before;
    (void)printf("memory: forecast %.1f MiB, grown by %.1f MiB\n", (double)forecast / 1048576.0,
                 (double)grown / 1048576.0);
#ifndef __SANITIZE_ADDRESS__
    if (before > 0)
        CHECK_CLOSE((double)forecast / (double)grown, 1.0, 0.25);
#endif
    bl_pass_destroy(&pass);
    bl_mem_free(x);
    bl_mem_free(gradient);
    model_free(&m);
}

/* --- refusals --- */

static void refused(model *m, bl_layer settings, const char *words) {
    const size_t l = m->network.layer_count++;
    m->layer[l] = settings;
    CHECK(bl_network_fit_layer(&m->network, l) == BL_ERR_INPUT);
    if (!strstr(bl_err_message(), words))
        (void)fprintf(stderr, "'%s' lacks '%s'\n", bl_err_message(), words);
    CHECK(strstr(bl_err_message(), words) && !strchr(bl_err_message(), '\n'));
    m->network.layer_count--;
}

static void test_refusals(void) {
    model m;
    bl_layer five = {.kind = BL_LAYER_CONV2D,
                     .out = {.channels = 2},
                     .kernel = {5, 5},
                     .stride = 1,
                     .padding = BL_PADDING_VALID};
    model_start(&m, 3, 6, 4);
    refused(&m, five, "image of 6 x 4 pixels is too small for a kernel of 5 x 5");
    five.stride = 0;
    refused(&m, five, "stride 0");
    refused(&m, (bl_layer){.kind = BL_LAYER_AVGPOOL2D, .kernel = {5, 5}}, "too small for a window of 5 x 5");
    refused(&m, (bl_layer){.kind = BL_LAYER_RESIDUAL_END}, "no residual_begin");
    plain(&m, BL_LAYER_RESIDUAL_BEGIN);
    conv(&m, 8, 3, 2, BL_PADDING_SAME, false);
    refused(&m, (bl_layer){.kind = BL_LAYER_RESIDUAL_END}, "[3, 6, 4] to one of [8, 3, 2]");
    refused(&m, (bl_layer){.kind = BL_LAYER_DENSE, .outputs = CLASSES}, "a flatten layer is needed");
    plain(&m, BL_LAYER_FLATTEN);
    append(&m, (bl_layer){.kind = BL_LAYER_DENSE, .outputs = CLASSES}, false);
    refused(&m, five, "needs an image");
    CHECK(bl_network_check(&m.network) == BL_ERR_INPUT);
    CHECK(strstr(bl_err_message(), "1 residual_begin without residual_end"));
    model_free(&m);
}

int main(void) {
    test_numbers();
    test_convolutions();
    test_channels();
    test_kinds();
    test_residuals();
    test_counts();
    test_features();
    test_load();
    test_refusals();
    return check_result();
}
