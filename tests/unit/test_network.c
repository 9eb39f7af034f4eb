/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks: layers of a family, laws of weights and inputs, checks of networks from outside.
 */
#include "base/mem.h"
#include "borderline/network.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

static bl_config dense_config(void) {
    return (bl_config){.seed = 7,
                       .family = BL_FAMILY_DENSE,
                       .activation = BL_RELU,
                       .weights = BL_WEIGHTS_NORMAL,
                       .weight_variance = 2.0,
                       .classes = 2,
                       .box = {0.0, 1.0}};
}

static bl_case dense_case(size_t depth, double width, size_t dimension) {
    return (bl_case){.number = 3, .depth = depth, .width = width, .dimension = dimension};
}

static void test_layers(void) {
    bl_config config = dense_config();
    bl_case c = dense_case(2, 100.0, 192);
    bl_network *network = NULL;
    CHECK_OK(bl_network_create(&config, &c, &network));
    CHECK(network->layer_count == 5);
    CHECK(bl_network_parameters(network) == 19200 + 10000 + 200);
    CHECK(network->layer[0].outputs == 100 && network->layer[4].inputs == 100);
    CHECK(network->layer[1].kind == BL_LAYER_ACTIVATION && network->layer[1].activation == BL_RELU);
    CHECK(!network->layer[0].bias);
    bl_network_destroy(&network);

    config.bias_variance = 0.25;
    config.classes = 5;
    CHECK_OK(bl_network_create(&config, &c, &network));
    CHECK(bl_network_parameters(network) == 19300 + 10100 + 505);
    CHECK(network->layer[4].bias != NULL && network->classes == 5);
    bl_network_sample(&config, &c, 0, network);
    CHECK_OK(bl_network_check(network));
    bl_network_destroy(&network);

    c = dense_case(0, 100.0, 192);
    CHECK_OK(bl_network_create_shape(&config, &c, &network));
    CHECK(network->layer_count == 1 && !network->layer[0].weight);
    CHECK(bl_network_parameters(network) == 965);
    bl_network_destroy(&network);
    CHECK(!network);
}

static void test_refusals(void) {
    const bl_config config = dense_config();
    const double widths[] = {INFINITY, 0.0, 2.5, 1e12};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        bl_network *network = NULL;
        const bl_case c = dense_case(2, widths[i], 10);
        CHECK(bl_network_create(&config, &c, &network) == BL_ERR_INPUT);
        CHECK(!network);
        CHECK(strstr(bl_err_message(), "width") && !strchr(bl_err_message(), '\n'));
    }
}

static bool same_bits(const void *a, const void *b, size_t bytes) {
    return memcmp(a, b, bytes) == 0;
}

/* mean and variance of the weights of `networks` networks, layer l */
static void moments(const bl_config *config, const bl_case *c, size_t networks, size_t l, double *mean,
                    double *variance, double *largest) {
    bl_network *network = NULL;
    CHECK_OK(bl_network_create(config, c, &network));
    double sum = 0.0, squares = 0.0, count = 0.0;
    *largest = 0.0;
    for (size_t s = 0; s < networks; s++) {
        bl_network_sample(config, c, s, network);
        const bl_layer *layer = &network->layer[l];
        for (size_t i = 0; i < layer->inputs * layer->outputs; i++) {
            const double w = (double)layer->weight[i];
            sum += w;
            squares += w * w;
            *largest = fmax(*largest, fabs(w));
            count += 1.0;
        }
    }
    *mean = sum / count;
    *variance = squares / count;
    bl_network_destroy(&network);
}

static void test_moments(void) {
    bl_config config = dense_config();
    const bl_case c = dense_case(2, 100.0, 400);
    for (int law = BL_WEIGHTS_NORMAL; law <= BL_WEIGHTS_TRUNCATED_NORMAL; law++) {
        config.weights = (bl_weights)law;
        for (size_t l = 0; l < 4; l += 2) {
            double mean, variance, largest;
            const double fan_in = l == 0 ? 400.0 : 100.0, numbers = 10.0 * fan_in * 100.0;
            moments(&config, &c, 10, l, &mean, &variance, &largest);
            CHECK_CLOSE(mean, 0.0, 5.0 * sqrt(2.0 / fan_in / numbers));
            CHECK_CLOSE(variance * fan_in / 2.0, 1.0, 5.0 * sqrt(2.0 / numbers));
            /* the cut is at two deviations before rescaling */
            const double cut = 2.0 / 0.87962566103423978 * sqrt(2.0 / fan_in);
            CHECK(law == BL_WEIGHTS_NORMAL ? largest > 1.2 * cut : largest <= cut * (1.0 + 1e-6));
            CHECK(largest > 0.99 * cut);
        }
    }
}

/* A network is the same whatever was drawn before it; layers, networks, cases and seeds differ. */
static void test_streams(void) {
    bl_config config = dense_config();
    config.bias_variance = 1.0;
    const bl_case c = dense_case(1, 50.0, 50);
    bl_case other_case = c;
    other_case.number = 4;
    bl_network *a = NULL, *b = NULL;
    CHECK_OK(bl_network_create(&config, &c, &a));
    CHECK_OK(bl_network_create(&config, &c, &b));
    for (size_t s = 0; s < 5; s++)
        bl_network_sample(&config, &c, s, a);
    bl_network_sample(&config, &c, 4, b);
    for (size_t l = 0; l < 3; l += 2) {
        const bl_layer *x = &a->layer[l], *y = &b->layer[l];
        CHECK(same_bits(x->weight, y->weight, x->inputs * x->outputs * sizeof(float)));
        CHECK(same_bits(x->bias, y->bias, x->outputs * sizeof(float)));
    }
    CHECK(a->layer[0].weight[0] != a->layer[2].weight[0]);
    CHECK(a->layer[0].weight[0] != a->layer[0].bias[0]);
    bl_network_sample(&config, &c, 5, b);
    CHECK(a->layer[0].weight[0] != b->layer[0].weight[0]);
    bl_network_sample(&config, &other_case, 4, b);
    CHECK(a->layer[0].weight[0] != b->layer[0].weight[0]);
    config.seed++;
    bl_network_sample(&config, &c, 4, b);
    CHECK(a->layer[0].weight[0] != b->layer[0].weight[0]);
    bl_network_destroy(&a);
    bl_network_destroy(&b);
}

static void test_inputs(void) {
    enum { DIMENSION = 1000, COUNT = 20 };
    static float x[COUNT * DIMENSION], one[DIMENSION];
    bl_config config = dense_config();
    config.box = (bl_box){-1.0, 3.0};
    bl_network_sample_inputs(&config, 0, 0, BL_PURPOSE_INPUT, DIMENSION, COUNT, x);
    double sum = 0.0, lo = INFINITY, hi = -INFINITY;
    for (size_t i = 0; i < (size_t)COUNT * DIMENSION; i++) {
        sum += (double)x[i];
        lo = fmin(lo, (double)x[i]);
        hi = fmax(hi, (double)x[i]);
    }
    CHECK_CLOSE(sum / (COUNT * DIMENSION), 1.0, 5.0 * sqrt(16.0 / 12.0 / (COUNT * DIMENSION)));
    CHECK(lo >= -1.0 && lo < -0.99 && hi > 2.99 && hi < 3.0);
    bl_network_sample_inputs(&config, 0, 0, BL_PURPOSE_INPUT, DIMENSION, 1, one);
    CHECK(same_bits(one, x, sizeof one));
    bl_network_sample_inputs(&config, 0, 0, BL_PURPOSE_KERNEL_INPUT, DIMENSION, 1, one);
    CHECK(one[0] != x[0]);

    config.box = (bl_box){-INFINITY, INFINITY};
    bl_network_sample_inputs(&config, 0, 1, BL_PURPOSE_INPUT, DIMENSION, 1, one);
    for (size_t i = 0; i < DIMENSION; i++)
        CHECK(one[i] >= 0.0F && one[i] < 1.0F);
    config.input_kind = BL_INPUT_NORMAL;
    bl_network_sample_inputs(&config, 0, 1, BL_PURPOSE_INPUT, DIMENSION, COUNT, x);
    double squares = 0.0;
    for (size_t i = 0; i < (size_t)COUNT * DIMENSION; i++)
        squares += (double)x[i] * (double)x[i];
    CHECK_CLOSE(squares / (COUNT * DIMENSION), 1.0, 5.0 * sqrt(2.0 / (COUNT * DIMENSION)));
}

/* what `check` says of a network spoiled by `spoil` */
static void expect_refusal(void (*spoil)(bl_network *), const char *words) {
    bl_config config = dense_config();
    config.bias_variance = 1.0;
    const bl_case c = dense_case(1, 6.0, 4);
    bl_network *network = NULL;
    CHECK_OK(bl_network_create(&config, &c, &network));
    bl_network_sample(&config, &c, 0, network);
    CHECK_OK(bl_network_check(network));
    spoil(network);
    CHECK(bl_network_check(network) == BL_ERR_INPUT);
    if (!strstr(bl_err_message(), words))
        (void)fprintf(stderr, "'%s' lacks '%s'\n", bl_err_message(), words);
    CHECK(strstr(bl_err_message(), words) && !strchr(bl_err_message(), '\n'));
    bl_network_destroy(&network);
}

static void spoil_inputs(bl_network *network) {
    network->layer[2].inputs = 5;
}
static void spoil_first(bl_network *network) {
    network->dimension = 8;
    network->shape[0] = 8;
}
static void spoil_weight(bl_network *network) {
    network->layer[0].weight[7] = NAN;
}
static void spoil_bias(bl_network *network) {
    network->layer[2].bias[1] = INFINITY;
}
static void spoil_activation(bl_network *network) {
    network->layer[1].activation = BL_ACTIVATION_COUNT;
}
static void spoil_kind(bl_network *network) {
    network->layer[1].kind = (bl_layer_kind)99;
}
static void spoil_classes(bl_network *network) {
    network->classes = 3;
}
static void spoil_last(bl_network *network) {
    network->layer[2].kind = BL_LAYER_FLATTEN;
    network->layer[2].outputs = network->classes = 6;
}
static void spoil_shape(bl_network *network) {
    network->shape_rank = 3;
    network->shape[1] = network->shape[2] = 2;
}
static void spoil_flatten(bl_network *network) {
    network->layer[1].kind = BL_LAYER_FLATTEN;
    network->layer[1].outputs = 7;
}
static void spoil_missing(bl_network *network) {
    bl_mem_free(network->layer[0].weight);
    network->layer[0].weight = NULL;
}

static void test_check(void) {
    expect_refusal(spoil_inputs, "layer_002 (dense): takes 5 numbers, the layer before gives 6");
    expect_refusal(spoil_first, "layer_000 (dense): takes 4 numbers, the input has 8");
    expect_refusal(spoil_weight, "layer_000 (dense): weight number 7 is not finite");
    expect_refusal(spoil_bias, "layer_002 (dense): bias number 1 is not finite");
    expect_refusal(spoil_activation, "layer_001 (activation)");
    expect_refusal(spoil_kind, "layer_001: kind 99 is not known");
    expect_refusal(spoil_classes, "one row for each of the 3 classes");
    expect_refusal(spoil_last, "last layer must be dense");
    expect_refusal(spoil_shape, "input shape has 16 numbers, the input 4");
    expect_refusal(spoil_flatten, "layer_001 (flatten): 6 inputs but 7 outputs");
    expect_refusal(spoil_missing, "layer_000 (dense): the weight is missing");
}

static void test_activations(void) {
    const double step = 1e-5;
    for (int a = 0; a < BL_ACTIVATION_COUNT; a++)
        for (int i = -50; i <= 50; i++) {
            const double x = 0.1 * i + 0.05;
            const bl_activation activation = (bl_activation)a;
            const double slope = (bl_activation_value(activation, 0.1, x + step) -
                                  bl_activation_value(activation, 0.1, x - step)) /
                                 (2.0 * step);
            CHECK_CLOSE(bl_activation_derivative(activation, 0.1, x), slope, 1e-9);
        }
    CHECK(bl_activation_derivative(BL_RELU, 0.0, 0.0) == 0.0);
    CHECK_CLOSE(bl_activation_value(BL_GELU, 0.0, 1.0), 0.84134474606854293, 1e-15);
    CHECK_CLOSE(bl_activation_value(BL_LEAKY_RELU, 0.1, -2.0), -0.2, 1e-15);
}

int main(void) {
    test_layers();
    test_refusals();
    test_moments();
    test_streams();
    test_inputs();
    test_check();
    test_activations();
    return check_result();
}
