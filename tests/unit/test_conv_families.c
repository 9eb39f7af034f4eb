/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Families of networks of images: hand counts, laws of weights, passes, refusals.
 */
#include "base/mem.h"
#include "borderline/pass.h"
#include "check.h"

#include <string.h>

static bl_config paper_config(void) {
    return (bl_config){.seed = 7,
                       .activation = BL_RELU,
                       .weights = BL_WEIGHTS_TRUNCATED_NORMAL,
                       .weight_variance = 2.0,
                       .classes = 2,
                       .channels = 3,
                       .box = {0.0, 1.0}};
}

static bl_network *made(const char *family, const bl_config *config, size_t depth, size_t width,
                        size_t dimension, bool with_weights) {
    const bl_case c = {.number = 1, .depth = depth, .width = (double)width, .dimension = dimension};
    bl_network *network = NULL;
    CHECK_OK(bl_network_create_family(family, config, &c, with_weights, &network));
    BL_ASSERT(network);
    if (with_weights) {
        bl_network_sample(config, &c, 3, network);
        CHECK_OK(bl_network_check(network));
    } else
        CHECK_OK(bl_network_check_shape(network));
    return network;
}

static void expect_parameters(const char *family, size_t depth, size_t width, size_t dimension,
                              size_t weights, size_t biases) {
    bl_config config = paper_config();
    for (int with_bias = 0; with_bias < 2; with_bias++) {
        config.bias_variance = with_bias ? 0.1 : 0.0;
        bl_network *network = made(family, &config, depth, width, dimension, false);
        CHECK(bl_network_parameters(network) == weights + (with_bias ? biases : 0));
        bl_network_destroy(&network);
    }
}

/* The paper's networks, counted by hand. */
static void test_parameters(void) {
    /* 3x3: 3 -> 32, 6 x (32 -> 32); 32 -> 64, 5 x (64 -> 64), 1x1 32 -> 64; 64 -> 128, 5 x (128 -> 128), 1x1; 8 x 8 x 128 */
    expect_parameters("resnet", 20, 32, 3072,
                      864 + 6 * 9216 + (18432 + 5 * 36864 + 2048) + (73728 + 5 * 147456 + 8192) + 16384,
                      7 * 32 + 7 * 64 + 7 * 128 + 2);
    expect_parameters("resnet", 20, 32, 3072, 1096544, 1570);
    /* 3 -> 128, 3 x (128 -> 128); 8 x 8 x 128 -> 512 -> 512 -> 2 */
    expect_parameters("lenet", 2, 128, 3072, 3456 + 3 * 147456 + 8192 * 512 + 512 * 512 + 2 * 512,
                      4 * 128 + 2 * 512 + 2);
    /* odd sizes: 13 -> 6 -> 3 */
    expect_parameters("lenet", 2, 5, 507, 135 + 3 * 225 + 45 * 20 + 20 * 20 + 40, 20 + 40 + 2);
    expect_parameters("cnn", 4, 128, 768, 3456 + 3 * 147456 + 2 * 32768, 4 * 128 + 2);
    /* 'same' with stride 2 on an odd size: 9 -> 5 -> 3 */
    expect_parameters("resnet", 8, 4, 243,
                      108 + 2 * 144 + (288 + 576 + 32) + (1152 + 2304 + 128) + 2 * 16 * 9,
                      3 * 4 + 3 * 8 + 3 * 16 + 2);
}

static void test_multiply_adds(void) {
    const bl_config config = paper_config();
    bl_network *network = made("resnet", &config, 20, 32, 3072, false);
    CHECK_CLOSE(bl_pass_multiply_adds(network),
                1024.0 * (864 + 6 * 9216) + 256.0 * (18432 + 5 * 36864 + 2048) +
                    64.0 * (73728 + 5 * 147456 + 8192) + 16384,
                0.5);
    bl_network_destroy(&network);
}

/* Mean, variance over its claim, and largest number over the claimed deviation, of a layer's weight. */
static void expect_law(const bl_layer *layer, double variance, double largest) {
    const size_t count = bl_layer_weights(layer);
    double sum = 0.0, squares = 0.0, most = 0.0;
    for (size_t i = 0; i < count; i++) {
        const double w = (double)layer->weight[i];
        sum += w;
        squares += w * w;
        most = fmax(most, fabs(w));
    }
    CHECK_CLOSE(sum / (double)count, 0.0, 5.0 * sqrt(variance / (double)count));
    CHECK_CLOSE(squares / (double)count / variance, 1.0, 5.0 * sqrt(2.0 / (double)count));
    CHECK(most <= largest * sqrt(variance) * (1.0 + 1e-6) && most > 0.97 * largest * sqrt(variance));
}

static void test_laws(void) {
    const double cut = 2.0 / 0.87962566103423978;
    const bl_config config = paper_config();
    bl_network *cnn = made("cnn", &config, 2, 64, 768, true),
               *lenet = made("lenet", &config, 1, 64, 768, true),
               *resnet = made("resnet", &config, 8, 32, 768, true);
    expect_law(&cnn->layer[0], 0.02 / 27.0, cut);
    expect_law(&cnn->layer[2], 0.02 / 576.0, cut);
    const size_t last = cnn->layer_count - 1;
    expect_law(&cnn->layer[last], 2.0 / (64.0 * 256.0 + 2.0), sqrt(3.0)); /* uniform: Glorot */
    expect_law(&lenet->layer[0], 2.0 / 27.0, cut);
    expect_law(&lenet->layer[6], 2.0 / 4096.0, cut);
    expect_law(&lenet->layer[lenet->layer_count - 1], 2.0 / 258.0, sqrt(3.0));
    expect_law(&resnet->layer[resnet->layer_count - 1], 2.0 / 2048.0, cut);
    size_t shortcuts = 0;
    for (size_t l = 0; l < resnet->layer_count; l++)
        if (resnet->layer[l].kind == BL_LAYER_RESIDUAL_END && resnet->layer[l].weight) {
            expect_law(&resnet->layer[l], 2.0 / (double)resnet->layer[l].side.channels, cut);
            CHECK(resnet->layer[l].stride == 2);
            shortcuts++;
        }
    CHECK(shortcuts == 2);
    bl_network_destroy(&cnn);
    bl_network_destroy(&lenet);
    bl_network_destroy(&resnet);
}

/* scheme he: the stated variance in every layer, the last one's law that of all */
static void test_laws_of_scheme_he(void) {
    const double cut = 2.0 / 0.87962566103423978;
    bl_config config = paper_config();
    config.scheme = BL_SCHEME_HE;
    bl_network *cnn = made("cnn", &config, 2, 64, 768, true),
               *lenet = made("lenet", &config, 1, 64, 768, true);
    expect_law(&cnn->layer[0], 2.0 / 27.0, cut);
    expect_law(&cnn->layer[2], 2.0 / 576.0, cut);
    expect_law(&cnn->layer[cnn->layer_count - 1], 2.0 / (64.0 * 256.0), cut);
    expect_law(&lenet->layer[lenet->layer_count - 1], 2.0 / 256.0, cut);
    bl_network_destroy(&cnn);
    bl_network_destroy(&lenet);
}

static double relative(const float *a, const double *b, size_t count) {
    double difference = 0.0, norm = 0.0;
    for (size_t i = 0; i < count; i++) {
        difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        norm += b[i] * b[i];
    }
    return sqrt(difference / norm);
}

/* float32 logits, and gradients against central differences of the float64 ones */
static void test_passes(void) {
    enum { BATCH = 3 };
    const struct {
        const char *family;
        size_t depth, width, dimension;
    } cases[] = {{"cnn", 3, 8, 75}, {"lenet", 2, 6, 108}, {"resnet", 8, 6, 147}, {"resnet", 14, 4, 48}};
    for (size_t k = 0; k < 4; k++)
        for (int a = 0; a < BL_ACTIVATION_COUNT; a++) {
            bl_config config = paper_config();
            config.activation = (bl_activation)a;
            config.negative_slope = 0.1;
            config.bias_variance = 0.1;
            const size_t n = cases[k].dimension;
            bl_network *network = made(cases[k].family, &config, cases[k].depth, cases[k].width, n, true);
            bl_pass *pass = NULL;
            float x[BATCH * 147], gradient[BATCH * 147], logits[BATCH * 2];
            const float seed[BATCH * 2] = {-1.0F, 1.0F, -1.0F, 1.0F, -1.0F, 1.0F};
            double x64[BATCH * 147], expected[BATCH * 147], logits64[BATCH * 2];
            bl_network_sample_inputs(&config, 0, 0, BL_PURPOSE_INPUT, n, BATCH, x);
            for (size_t i = 0; i < BATCH * n; i++)
                x64[i] = (double)x[i];
            CHECK_OK(bl_pass_create(network, BATCH, &pass));
            CHECK_OK(bl_pass_forward(pass, BATCH, x, logits));
            CHECK_OK(bl_pass_forward64(pass, BATCH, x64, logits64));
            CHECK(relative(logits, logits64, BATCH * (size_t)2) < 3e-6);
            CHECK_OK(bl_pass_gradient(pass, BATCH, NULL, seed, gradient));
            for (size_t i = 0; i < BATCH * n; i++) {
                const double step = 1e-6, at = x64[i];
                double f[2], z[2];
                for (int side = 0; side < 2; side++) {
                    x64[i] = side ? at + step : at - step;
                    CHECK_OK(bl_pass_forward64(pass, 1, x64 + i / n * n, z));
                    f[side] = z[1] - z[0];
                }
                x64[i] = at;
                expected[i] = (f[1] - f[0]) / (2.0 * step);
            }
            const double error = relative(gradient, expected, BATCH * n);
            if (!(error < 3e-5))
                (void)fprintf(stderr, "%s, %s: gradients are off by %g\n", cases[k].family,
                              bl_activation_name[a], error);
            CHECK(error < 3e-5);
            bl_pass_destroy(&pass);
            bl_network_destroy(&network);
        }
}

static void expect_refusal(const char *family, size_t depth, double width, size_t dimension,
                           const char *words) {
    const bl_config config = paper_config();
    const bl_case c = {.depth = depth, .width = width, .dimension = dimension};
    bl_network *network = NULL;
    CHECK(bl_network_create_family(family, &config, &c, false, &network) == BL_ERR_INPUT && !network);
    if (!strstr(bl_err_message(), words))
        (void)fprintf(stderr, "'%s' lacks '%s'\n", bl_err_message(), words);
    CHECK(strstr(bl_err_message(), words) && !strchr(bl_err_message(), '\n'));
}

static void test_refusals(void) {
    expect_refusal("cnn", 4, 16.0, 769,
                   "on 769 numbers: an image of 3 channels has 3 x side^2 numbers, such as 768");
    expect_refusal("cnn", 4, 16.0, 1, "3 x side^2 numbers, such as 3");
    expect_refusal("resnet", 21, 16.0, 768, "depth 21 is not 6k + 2");
    expect_refusal("resnet", 2, 16.0, 768, "depth 2 is not 6k + 2");
    expect_refusal("lenet", 5, 16.0, 768, "an image of 1 x 1 pixels is too small for a window of 2 x 2");
    expect_refusal("lenet", 2, 1e9, 768, "at most 2^34 random weights");
    expect_refusal("resnet", 20, INFINITY, 768, "infinite width");
    expect_refusal("vgg", 4, 16.0, 768, "\"vgg\" is not known");
}

int main(void) {
    test_parameters();
    test_multiply_adds();
    test_laws();
    test_laws_of_scheme_he();
    test_passes();
    test_refusals();
    return check_result();
}
