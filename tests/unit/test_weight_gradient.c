/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Gradients to weights and biases, for every kind of layer and every family, against central differences of the
 * float64 path.
 */
#include "borderline/pass.h"
#include "model.h"

#include <string.h>

enum { BATCH = 6 };

/* sum_ij seed[i][j] logits_j(x[i]) in float64 */
static double value(bl_pass *pass, size_t classes, const double *x, const float *seed) {
    double logits[BATCH * 8], sum = 0.0;
    CHECK_OK(bl_pass_forward64(pass, BATCH, x, logits));
    for (size_t i = 0; i < BATCH * classes; i++)
        sum += (double)seed[i] * logits[i];
    return sum;
}

/* d value / d parameter; the step is what float32 makes of 1e-3 */
static double difference(bl_pass *pass, size_t classes, const double *x, const float *seed,
                         float *parameter) {
    const float kept = *parameter, up = kept + 1e-3F, down = kept - 1e-3F;
    *parameter = up;
    const double high = value(pass, classes, x, seed);
    *parameter = down;
    const double low = value(pass, classes, x, seed);
    *parameter = kept;
    return (high - low) / ((double)up - (double)down);
}

typedef struct error {
    double difference, norm; /* squares */
} error;

/* Of `count` parameters, at most 200 of them: every so many. */
static error compare(bl_pass *pass, size_t classes, const double *x, const float *seed, float *parameter,
                     size_t count, const float *gradient) {
    error e = {0.0, 0.0};
    const size_t step = count / 200 + 1;
    for (size_t i = 0; i < count; i += step) {
        const double expected = difference(pass, classes, x, seed, &parameter[i]);
        e.difference += pow((double)gradient[i] - expected, 2);
        e.norm += expected * expected;
    }
    return e;
}

static void check_layer(const char *name, size_t l, const char *what, error e) {
    if (!(sqrt(e.difference / e.norm) < 2e-5))
        (void)fprintf(stderr, "%s, layer %zu, %s: relative error %.3g\n", name, l, what,
                      sqrt(e.difference / e.norm));
    CHECK(sqrt(e.difference / e.norm) < 2e-5);
}

static void check_network(const char *name, bl_network *network) {
    const size_t n = network->dimension, classes = network->classes;
    bl_pass *pass = NULL;
    float seed[BATCH * 8], logits[BATCH * 8];
    float *x = bl_mem_alloc(BATCH * n, sizeof *x);
    double *x64 = bl_mem_alloc(BATCH * n, sizeof *x64);
    float *gradient = bl_mem_alloc(bl_network_parameters(network), sizeof *gradient);
    float *again = bl_mem_alloc(bl_network_parameters(network), sizeof *again);
    BL_ASSERT(x && x64 && gradient && again);
    random_floats(1, BATCH * n, 1.0F, x);
    random_floats(2, BATCH * classes, 1.0F, seed);
    for (size_t i = 0; i < BATCH * n; i++)
        x64[i] = (double)x[i];
    CHECK_OK(bl_pass_create(network, BATCH, &pass));
    CHECK_OK(bl_pass_forward(pass, BATCH, x, logits));
    CHECK_OK(bl_pass_weight_gradient(pass, seed, gradient));
    CHECK_OK(bl_pass_weight_gradient(pass, seed, again));
    CHECK(memcmp(gradient, again, bl_network_parameters(network) * sizeof *again) == 0);
    const float *at = gradient;
    for (size_t l = 0; l < network->layer_count; l++) {
        bl_layer *layer = &network->layer[l];
        const size_t weights = bl_layer_weights(layer), biases = layer->bias ? bl_layer_biases(layer) : 0;
        if (weights > 0)
            check_layer(name, l, "weight", compare(pass, classes, x64, seed, layer->weight, weights, at));
        if (biases > 0)
            check_layer(name, l, "bias",
                        compare(pass, classes, x64, seed, layer->bias, biases, at + weights));
        at += weights + biases;
    }
    CHECK(at == gradient + bl_network_parameters(network));
    bl_pass_destroy(&pass);
    bl_mem_free(x);
    bl_mem_free(x64);
    bl_mem_free(gradient);
    bl_mem_free(again);
}

/* Kernels, strides and paddings, odd and even sizes, channels that fill no vector and ones that do. */
static void test_convolutions(void) {
    const struct {
        size_t in, out, kernel, stride;
        bl_padding padding;
    } settings[] = {{1, 5, 3, 1, BL_PADDING_SAME},   {3, 32, 3, 1, BL_PADDING_SAME},
                    {2, 7, 3, 2, BL_PADDING_SAME},   {16, 16, 3, 2, BL_PADDING_SAME},
                    {4, 6, 5, 1, BL_PADDING_VALID},  {3, 4, 2, 3, BL_PADDING_VALID},
                    {16, 32, 1, 2, BL_PADDING_SAME}, {32, 16, 3, 1, BL_PADDING_SAME}};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        for (int bias = 0; bias < 2; bias++) {
            model m;
            model_start(&m, settings[i].in, 8, 7);
            conv(&m, settings[i].out, settings[i].kernel, settings[i].stride, settings[i].padding, bias);
            activation(&m, BL_TANH);
            conv(&m, 5, 3, 1, BL_PADDING_SAME, bias);
            activation(&m, BL_GELU);
            finish(&m);
            check_network("convolution", &m.network);
            model_free(&m);
        }
}

/* Nested sums, with and without a convolution, one that begins before any weight; a pool. */
static void test_residuals(void) {
    for (int bias = 0; bias < 2; bias++) {
        model m;
        model_start(&m, 3, 8, 8);
        plain(&m, BL_LAYER_RESIDUAL_BEGIN);
        conv(&m, 6, 3, 2, BL_PADDING_SAME, bias);
        activation(&m, BL_TANH);
        plain(&m, BL_LAYER_RESIDUAL_BEGIN);
        conv(&m, 6, 3, 1, BL_PADDING_SAME, bias);
        plain(&m, BL_LAYER_RESIDUAL_END);
        shortcut(&m, 6, 2, bias);
        activation(&m, BL_ERF);
        pool(&m, 2);
        finish(&m);
        check_network("residual", &m.network);
        model_free(&m);
    }
}

static void test_families(void) {
    const struct {
        const char *name;
        size_t depth, width, dimension;
    } families[] = {{"dense", 2, 20, 75}, {"cnn", 3, 6, 75}, {"lenet", 2, 5, 192}, {"resnet", 8, 4, 192}};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        for (int bias = 0; bias < 2; bias++) {
            const bl_config config = {.seed = 3,
                                      .activation = BL_TANH,
                                      .weight_variance = 2.0,
                                      .bias_variance = bias ? 0.1 : 0.0,
                                      .classes = 4,
                                      .channels = 3};
            const bl_case c = {.depth = families[i].depth,
                               .width = (double)families[i].width,
                               .dimension = families[i].dimension};
            bl_network *network = NULL;
            CHECK_OK(bl_network_create_family(families[i].name, &config, &c, true, &network));
            bl_network_sample(&config, &c, 0, network);
            check_network(families[i].name, network);
            bl_network_destroy(&network);
        }
}

int main(void) {
    test_convolutions();
    test_residuals();
    test_families();
    return check_result();
}
