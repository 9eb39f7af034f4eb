/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Families by name, and the lists of layers that they append to.
 */
#include "family.h"

#include "base/mem.h"
#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    bl_family_build *build;
} families[] = {{"dense", bl_family_dense},
                {"cnn", bl_family_cnn},
                {"lenet", bl_family_lenet},
                {"resnet", bl_family_resnet}};

/* widths above this are a slip of the pen: a single weight matrix would not fit any machine */
static const double width_max = 1e9;

/* A new last layer, all zero. */
static bl_err list_grow(bl_layer_list *list, bl_layer **out) {
    bl_err err = BL_OK;
    bl_network *network = list->network;
    bl_layer *longer = NULL;
    if (network->layer_count == list->capacity) {
        const size_t capacity = 2 * list->capacity + 8;
        BL_ALLOC(longer, capacity);
        for (size_t l = 0; l < network->layer_count; l++)
            longer[l] = network->layer[l];
        bl_mem_free(network->layer);
        network->layer = longer;
        list->capacity = capacity;
    }
    *out = &network->layer[network->layer_count++];
cleanup:
    return err;
}

/* A new last layer with these settings, fitted, weights and biases zero. */
static bl_err append(bl_layer_list *list, const bl_layer *settings) {
    bl_err err = BL_OK;
    bl_layer *layer = NULL;
    BL_TRY(list_grow(list, &layer));
    *layer = *settings;
    BL_TRY(bl_network_fit_layer(list->network, list->network->layer_count - 1));
    const size_t weights = bl_layer_weights(layer);
    BL_REQUIRE(weights <= BL_STREAM_NUMBERS_MAX, BL_ERR_INPUT,
               "a layer of %zu weights: random numbers are there for at most 2^34 per layer", weights);
    if (weights > 0 && list->with_weights)
        BL_ALLOC(layer->weight, weights);
    if (weights > 0 && list->config->bias_variance > 0.0)
        BL_ALLOC(layer->bias, bl_layer_biases(layer));
cleanup:
    return err;
}

bl_err bl_layer_list_image(bl_layer_list *list) {
    bl_err err = BL_OK;
    bl_network *network = list->network;
    const size_t channels = list->config->channels;
    BL_REQUIRE(channels > 0, BL_ERR_INPUT, "images need image.channels of at least 1");
    const size_t pixels = network->dimension / channels, side = (size_t)(sqrt((double)pixels) + 0.5);
    BL_REQUIRE(channels * side * side == network->dimension, BL_ERR_INPUT,
               "an image of %zu channels has %zu x side^2 numbers, such as %zu", channels, channels,
               channels * (side > 0 ? side * side : 1));
    network->shape_rank = 3;
    network->shape[0] = channels;
    network->shape[1] = network->shape[2] = side;
cleanup:
    return err;
}

bl_err bl_layer_list_dense(bl_layer_list *list, size_t outputs, double variance) {
    return append(list, &(bl_layer){.kind = BL_LAYER_DENSE, .outputs = outputs, .weight_variance = variance});
}

bl_err bl_layer_list_activation(bl_layer_list *list) {
    return append(list, &(bl_layer){.kind = BL_LAYER_ACTIVATION,
                                    .activation = list->config->activation,
                                    .negative_slope = list->config->negative_slope});
}

bl_err bl_layer_list_conv3x3(bl_layer_list *list, size_t channels, size_t stride, double variance) {
    return append(list, &(bl_layer){.kind = BL_LAYER_CONV2D,
                                    .out = {.channels = channels},
                                    .kernel = {3, 3},
                                    .stride = stride,
                                    .padding = BL_PADDING_SAME,
                                    .weight_variance = variance});
}

bl_err bl_layer_list_avgpool2d(bl_layer_list *list, size_t size) {
    return append(list, &(bl_layer){.kind = BL_LAYER_AVGPOOL2D, .kernel = {size, size}});
}

bl_err bl_layer_list_flatten(bl_layer_list *list) {
    return append(list, &(bl_layer){.kind = BL_LAYER_FLATTEN});
}

bl_err bl_layer_list_residual_begin(bl_layer_list *list) {
    return append(list, &(bl_layer){.kind = BL_LAYER_RESIDUAL_BEGIN});
}

bl_err bl_layer_list_residual_end(bl_layer_list *list, size_t stride, double variance) {
    bl_layer settings = {.kind = BL_LAYER_RESIDUAL_END};
    if (stride > 1) {
        settings.out.channels = list->network->layer[list->network->layer_count - 1].out.channels;
        settings.kernel[0] = settings.kernel[1] = 1;
        settings.stride = stride;
        settings.weight_variance = variance;
    }
    return append(list, &settings);
}

bl_err bl_layer_list_dense_last(bl_layer_list *list, size_t outputs) {
    if (list->config->scheme == BL_SCHEME_HE)
        return bl_layer_list_dense(list, outputs, list->config->weight_variance);
    const bl_network *network = list->network;
    const size_t inputs = network->layer[network->layer_count - 1].outputs;
    const double variance = 2.0 * (double)inputs / (double)(inputs + outputs);
    return append(
        list, &(bl_layer){
                  .kind = BL_LAYER_DENSE, .outputs = outputs, .weight_variance = variance, .uniform = true});
}

static bl_err find_family(const char *name, bl_family_build **build) {
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strcmp(name, families[i].name) == 0) {
            *build = families[i].build;
            return BL_OK;
        }
    return bl_err_set(BL_ERR_INPUT, "the family \"%.64s\" is not known", name);
}

bl_err bl_network_create_family(const char *family, const bl_config *config, const bl_case *c,
                                bool with_weights, bl_network **out) {
    bl_err err = BL_OK;
    bl_layer_list list = {.config = config, .with_weights = with_weights};
    bl_network *network = NULL;
    bl_family_build *build = NULL;
    BL_TRY(find_family(family, &build));
    BL_REQUIRE(isfinite(c->width), BL_ERR_INPUT,
               "a network of infinite width has no weights: the case is the Gaussian process itself");
    BL_REQUIRE(c->width >= 1.0 && c->width <= width_max && c->width == floor(c->width), BL_ERR_INPUT,
               "width %g: a whole number from 1 to %g is needed", c->width, width_max);
    BL_REQUIRE(c->dimension > 0, BL_ERR_INPUT, "a network needs at least one input");
    BL_REQUIRE(config->classes >= 2, BL_ERR_INPUT, "a classifier needs at least two classes");
    BL_ALLOC(network, 1);
    network->dimension = c->dimension;
    network->classes = config->classes;
    network->shape_rank = 1;
    network->shape[0] = c->dimension;
    list.network = network;
    err = build(config, c, &list);
    if (err == BL_ERR_INPUT)
        bl_err_prefix("%s of depth %zu and width %g on %zu numbers: ", family, c->depth, c->width,
                      c->dimension);
    if (err != BL_OK)
        goto cleanup;
    *out = network;
    network = NULL;
cleanup:
    bl_network_destroy(&network);
    return err;
}

bl_err bl_network_create(const bl_config *config, const bl_case *c, bl_network **out) {
    return bl_network_create_family(bl_family_name[config->family], config, c, true, out);
}

bl_err bl_network_create_shape(const bl_config *config, const bl_case *c, bl_network **out) {
    return bl_network_create_family(bl_family_name[config->family], config, c, false, out);
}
