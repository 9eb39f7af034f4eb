/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks as lists of layers: building, checking, counting.
 */
#include "borderline/network.h"

#include "borderline/mem.h"
#include "family.h"
#include "layer.h"
#include <math.h>

/* in the order of bl_family */
static bl_family_build *const families[] = {[BL_FAMILY_DENSE] = bl_family_dense};

/* widths above this are a slip of the pen: a single weight matrix would not fit any machine */
static const double width_max = 1e9;

static size_t list_outputs(const bl_layer_list *list) {
    const bl_network *network = list->network;
    return network->layer_count > 0 ? network->layer[network->layer_count - 1].outputs : network->dimension;
}

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

bl_err bl_layer_list_dense(bl_layer_list *list, size_t outputs, bool with_bias) {
    bl_err err = BL_OK;
    const size_t inputs = list_outputs(list);
    bl_layer *layer = NULL;
    BL_TRY(list_grow(list, &layer));
    layer->kind = BL_LAYER_DENSE;
    layer->inputs = inputs;
    layer->outputs = outputs;
    BL_REQUIRE(inputs <= SIZE_MAX / sizeof(float) / outputs, BL_ERR_INPUT,
               "a dense layer of %zu x %zu weights is more than this machine can address", outputs, inputs);
    if (list->with_weights)
        BL_ALLOC(layer->weight, outputs * inputs);
    if (with_bias)
        BL_ALLOC(layer->bias, outputs);
cleanup:
    return err;
}

bl_err bl_layer_list_activation(bl_layer_list *list, bl_activation activation, double negative_slope) {
    bl_err err = BL_OK;
    const size_t width = list_outputs(list);
    bl_layer *layer = NULL;
    BL_TRY(list_grow(list, &layer));
    layer->kind = BL_LAYER_ACTIVATION;
    layer->inputs = layer->outputs = width;
    layer->activation = activation;
    layer->negative_slope = negative_slope;
cleanup:
    return err;
}

static bl_err build(const bl_config *config, const bl_case *c, bool with_weights, bl_network **out) {
    bl_err err = BL_OK;
    bl_layer_list list = {.with_weights = with_weights};
    bl_network *network = NULL;
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
    BL_TRY(families[config->family](config, c, &list));
    *out = network;
    network = NULL;
cleanup:
    bl_network_destroy(&network);
    return err;
}

bl_err bl_network_create(const bl_config *config, const bl_case *c, bl_network **out) {
    return build(config, c, true, out);
}

bl_err bl_network_create_shape(const bl_config *config, const bl_case *c, bl_network **out) {
    return build(config, c, false, out);
}

void bl_network_destroy(bl_network **network) {
    if (!*network)
        return;
    for (size_t l = 0; l < (*network)->layer_count; l++) {
        bl_mem_free((*network)->layer[l].weight);
        bl_mem_free((*network)->layer[l].bias);
    }
    bl_mem_free((*network)->layer);
    bl_mem_free(*network);
    *network = NULL;
}

size_t bl_network_parameters(const bl_network *network) {
    size_t sum = 0;
    for (size_t l = 0; l < network->layer_count; l++) {
        const bl_layer_ops *ops = bl_layer_ops_of(network->layer[l].kind);
        if (ops->parameters)
            sum += ops->parameters(&network->layer[l]);
    }
    return sum;
}

static bl_err check_shape(const bl_network *network) {
    bl_err err = BL_OK;
    size_t product = 1;
    BL_REQUIRE(network->shape_rank == 1 || network->shape_rank == 3, BL_ERR_INPUT,
               "the input shape has %zu numbers, 1 (n) or 3 (channels, height, width) are known",
               network->shape_rank);
    for (size_t i = 0; i < network->shape_rank; i++) {
        BL_REQUIRE(network->shape[i] > 0 && network->shape[i] <= SIZE_MAX / product, BL_ERR_INPUT,
                   "the input shape's number %zu is %zu", i, network->shape[i]);
        product *= network->shape[i];
    }
    BL_REQUIRE(product == network->dimension, BL_ERR_INPUT, "the input shape has %zu numbers, the input %zu",
               product, network->dimension);
    BL_REQUIRE(network->layer_count > 0, BL_ERR_INPUT, "the network has no layers");
    BL_REQUIRE(network->classes >= 2, BL_ERR_INPUT, "a classifier needs at least two classes, not %zu",
               network->classes);
cleanup:
    return err;
}

bl_err bl_network_check(const bl_network *network) {
    bl_err err = BL_OK;
    size_t numbers = network->dimension;
    BL_TRY(check_shape(network));
    for (size_t l = 0; l < network->layer_count; l++) {
        const bl_layer *layer = &network->layer[l];
        const bl_layer_ops *ops = bl_layer_ops_of(layer->kind);
        BL_REQUIRE(ops, BL_ERR_INPUT, "layer_%03zu: kind %d is not known", l, (int)layer->kind);
        BL_REQUIRE(layer->inputs == numbers, BL_ERR_INPUT, "layer_%03zu (%s): takes %zu numbers, %s %zu", l,
                   ops->name, layer->inputs, l == 0 ? "the input has" : "the layer before gives", numbers);
        err = ops->check(layer);
        if (err != BL_OK) {
            bl_err_prefix("layer_%03zu (%s): ", l, ops->name);
            goto cleanup;
        }
        numbers = layer->outputs;
    }
    BL_REQUIRE(network->layer[network->layer_count - 1].kind == BL_LAYER_DENSE && numbers == network->classes,
               BL_ERR_INPUT, "the last layer must be dense with one row for each of the %zu classes",
               network->classes);
cleanup:
    return err;
}
