/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sampled networks of every family against their limit: kernels of features and outputs, lengths of gradients.
 */
#include "base/mem.h"
#include "borderline/gp.h"
#include "borderline/pass.h"
#include "check.h"

#include <string.h>

enum {
    NETWORKS = 400,
    INPUTS = 3,
    SIDE = 8,
    PIXELS = SIDE * SIDE,
    DIMENSION = 3 * PIXELS,
    PAIRS = INPUTS * INPUTS
};

/* Mean and standard error of a statistic over networks. */
typedef struct statistic {
    double sum, square;
} statistic;

static void add(statistic *s, double value) {
    s->sum += value;
    s->square += value * value;
}

/* Within errors, and the O(1/width) bias of finite networks. */
static void expect(const char *family, const char *what, const statistic *s, double limit, double bias) {
    const double mean = s->sum / NETWORKS;
    const double error = sqrt((s->square / NETWORKS - mean * mean) / NETWORKS);
    (void)printf("%s %s: %.4g +- %.2g, limit %.4g\n", family, what, mean, error, limit);
    CHECK_CLOSE(mean, limit, 4.5 * error + bias * limit);
    CHECK(error < 0.6 * limit);
}

static void sample(const bl_config *config, const bl_case *c, bl_network *network, bl_pass *pass,
                   const float *x, statistic *features, statistic *outputs, statistic *length) {
    const size_t row[INPUTS] = {0, 1, 2};
    const float seed[2 * INPUTS] = {-1, 1, -1, 1, -1, 1};
    float logits[2 * INPUTS], gradient[INPUTS * DIMENSION];
    for (size_t k = 0; k < NETWORKS; k++) {
        double gram[PAIRS] = {0}, product[PAIRS] = {0};
        size_t width = 0;
        bl_network_sample(config, c, k, network);
        CHECK_OK(bl_pass_load(pass, network));
        CHECK_OK(bl_pass_forward(pass, INPUTS, x, logits));
        CHECK_OK(bl_pass_gradient(pass, INPUTS, row, seed, gradient));
        const float *h = bl_pass_features(pass, &width);
        bl_gp_model readout = {.weight_variance = network->layer[network->layer_count - 1].weight_variance};
        CHECK_OK(bl_empirical_add_features(&readout, INPUTS, width, h, gram));
        bl_empirical_add_outputs(INPUTS, 2, logits, product);
        for (size_t i = 0; i < PAIRS; i++) {
            add(features + i, gram[i]);
            add(outputs + i, product[i]);
        }
        double square = 0.0;
        for (size_t i = 0; i < DIMENSION; i++)
            square += (double)gradient[i] * (double)gradient[i];
        add(length, square);
    }
}

static void test_family(const char *family, size_t depth, size_t width, double trace_bias) {
    const bl_config config = {.seed = 11,
                              .activation = BL_RELU,
                              .weights = BL_WEIGHTS_TRUNCATED_NORMAL,
                              .weight_variance = 2.0,
                              .classes = 2,
                              .channels = 3,
                              .box = {0.0, 1.0}};
    const bl_case c = {.number = 1, .depth = depth, .width = (double)width, .dimension = DIMENSION};
    bl_network *network = NULL;
    bl_gp_network *limit = NULL;
    bl_pass *pass = NULL;
    float x[INPUTS * DIMENSION];
    double kernel[PAIRS], variance, trace = 0.0;
    statistic features[PAIRS] = {{0, 0}}, outputs[PAIRS] = {{0, 0}}, length = {0, 0};
    CHECK_OK(bl_network_create_family(family, &config, &c, true, &network));
    CHECK_OK(bl_gp_network_family(family, &config, depth, DIMENSION, &limit));
    BL_ASSERT(network && limit);
    CHECK_OK(bl_pass_create(network, INPUTS, &pass));
    bl_network_sample_inputs(&config, 1, 0, BL_PURPOSE_INPUT, DIMENSION, INPUTS, x);
    sample(&config, &c, network, pass, x, features, outputs, &length);
    CHECK_OK(bl_gp_kernel(limit, INPUTS, x, INPUTS, x, kernel));
    for (size_t i = 0; i < PAIRS; i += INPUTS - 1) { /* a few of the nine */
        expect(family, "kernel of features", features + i, kernel[i], 0.04);
        expect(family, "kernel of outputs", outputs + i, kernel[i], 0.04);
    }
    const size_t band = bl_gp_band(limit), offsets = (2 * band + 1) * (2 * band + 1);
    double *slope = bl_mem_alloc(PIXELS * offsets, sizeof *slope);
    BL_ASSERT(slope);
    CHECK_OK(bl_gp_slopes(limit, x, &variance, slope));
    const size_t pixels = network->shape_rank == 3 ? PIXELS : 1, channels = DIMENSION / pixels;
    for (size_t s = 0; s < pixels; s++) /* of the difference of two logits */
        trace += 2.0 * (double)channels * slope[s * offsets + offsets / 2];
    CHECK_CLOSE(variance, kernel[0], 1e-12 * kernel[0]);
    expect(family, "squared length of the gradient", &length, trace, trace_bias);
    bl_mem_free(slope);
    bl_pass_destroy(&pass);
    bl_gp_network_destroy(&limit);
    bl_network_destroy(&network);
}

int main(void) {
    test_family("dense", 2, 100, 0.04);
    test_family("cnn", 4, 48, 0.04);
    test_family("lenet", 2, 48, 0.08);
    test_family("resnet", 8, 24, 0.08);
    return check_result();
}
