/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lists of layers under construction.
 */
#include "layer_list.h"

#include "base/mem.h"
#include <math.h>

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
               "a layer of %zu weights: a layer can have at most 2^34 random weights", weights);
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
