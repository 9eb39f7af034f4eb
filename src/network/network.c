/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks as lists of layers: fitting, checking, counting.
 */
#include "borderline/network.h"

#include "base/mem.h"
#include "image.h"
#include "layer.h"
#include <math.h>

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
        const bl_layer *layer = &network->layer[l];
        sum += bl_layer_weights(layer) + (layer->bias ? bl_layer_biases(layer) : 0);
    }
    return sum;
}

/* The residual_begin that layer l ends: the last one that no end before l has matched. */
static bl_err matching_begin(const bl_network *network, size_t l, size_t *begin) {
    size_t closed = 0;
    for (size_t k = l; k-- > 0;) {
        if (network->layer[k].kind == BL_LAYER_RESIDUAL_END)
            closed++;
        else if (network->layer[k].kind == BL_LAYER_RESIDUAL_BEGIN && closed-- == 0) {
            *begin = k;
            return BL_OK;
        }
    }
    return bl_err_set(BL_ERR_INPUT, "no residual_begin before it is open");
}

/* Whether the numbers before layer l are those of the input, in its order. */
static bool numbers_are_in_order(const bl_network *network, size_t l) {
    while (l > 0 && !bl_layer_is_spatial(&network->layer[l - 1]))
        l--;
    return l == 0;
}

/* `layer` as number l of the network. */
static bl_err fit_as(const bl_network *network, size_t l, bl_layer *layer) {
    bl_err err = BL_OK;
    const bl_layer *before = l > 0 ? &network->layer[l - 1] : NULL;
    const bl_layer_ops *ops = bl_layer_ops_of(layer->kind);
    const bl_image input = {network->shape[0], network->shape[1], network->shape[2]};
    BL_REQUIRE(ops, BL_ERR_INPUT, "kind %d is not known", (int)layer->kind);
    layer->inputs = before ? before->outputs : network->dimension;
    layer->in = before ? before->out : network->shape_rank == 3 ? input : (bl_image){0};
    BL_REQUIRE(layer->kind != BL_LAYER_DENSE || layer->in.channels == 0 || numbers_are_in_order(network, l),
               BL_ERR_INPUT, "an image comes in: a flatten layer is needed before it");
    if (layer->kind == BL_LAYER_RESIDUAL_END) {
        BL_TRY(matching_begin(network, l, &layer->begin));
        const bl_layer *begin = &network->layer[layer->begin];
        layer->side = begin->out;
        BL_REQUIRE(layer->side.channels > 0 || layer->in.channels > 0 || begin->outputs == layer->inputs,
                   BL_ERR_INPUT, "adds %zu numbers to %zu", begin->outputs, layer->inputs);
    }
    BL_TRY(ops->fit(layer));
    if (layer->out.channels > 0)
        layer->outputs = bl_image_numbers(layer->out);
cleanup:
    return err;
}

bl_err bl_network_fit_layer(bl_network *network, size_t l) {
    return fit_as(network, l, &network->layer[l]);
}

static bl_err check_input(const bl_network *network) {
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

static bl_err check_numbers(const char *what, const float *x, size_t count) {
    bl_err err = BL_OK;
    BL_REQUIRE(x, BL_ERR_INPUT, "the %s is missing", what);
    for (size_t i = 0; i < count; i++)
        BL_REQUIRE(isfinite(x[i]), BL_ERR_INPUT, "%s number %zu is not finite", what, i);
cleanup:
    return err;
}

/* That the layer is as bl_network_fit_layer makes it. */
static bl_err check_fit(const bl_network *network, size_t l) {
    bl_err err = BL_OK;
    const bl_layer *layer = &network->layer[l];
    bl_layer fitted = *layer;
    const size_t numbers = l == 0 ? network->dimension : network->layer[l - 1].outputs;
    BL_REQUIRE(layer->inputs == numbers, BL_ERR_INPUT, "takes %zu numbers, %s %zu", layer->inputs,
               l == 0 ? "the input has" : "the layer before gives", numbers);
    BL_TRY(fit_as(network, l, &fitted));
    BL_REQUIRE(layer->outputs == fitted.outputs, BL_ERR_INPUT, "%zu inputs but %zu outputs, not %zu",
               layer->inputs, layer->outputs, fitted.outputs);
    BL_REQUIRE(bl_image_same(layer->in, fitted.in) && bl_image_same(layer->out, fitted.out) &&
                   bl_image_same(layer->side, fitted.side) && layer->begin == fitted.begin,
               BL_ERR_INPUT, "its images do not fit the layers before it");
cleanup:
    return err;
}

static bl_err check_finite(const bl_layer *layer) {
    bl_err err = BL_OK;
    if (bl_layer_weights(layer) > 0)
        BL_TRY(check_numbers("weight", layer->weight, bl_layer_weights(layer)));
    if (layer->bias)
        BL_TRY(check_numbers("bias", layer->bias, bl_layer_biases(layer)));
cleanup:
    return err;
}

static bl_err name_layer(bl_err err, const bl_network *network, size_t l) {
    if (err != BL_OK)
        bl_err_prefix("layer_%03zu (%s): ", l, bl_layer_ops_of(network->layer[l].kind)->name);
    return err;
}

bl_err bl_network_check_shape(const bl_network *network) {
    bl_err err = BL_OK;
    size_t open = 0;
    BL_TRY(check_input(network));
    for (size_t l = 0; l < network->layer_count; l++) {
        const bl_layer_kind kind = network->layer[l].kind;
        BL_REQUIRE(bl_layer_ops_of(kind), BL_ERR_INPUT, "layer_%03zu: kind %d is not known", l, (int)kind);
        BL_TRY(name_layer(check_fit(network, l), network, l));
        open += kind == BL_LAYER_RESIDUAL_BEGIN;
        open -= kind == BL_LAYER_RESIDUAL_END;
    }
    BL_REQUIRE(open == 0, BL_ERR_INPUT, "%zu residual_begin without residual_end", open);
    const bl_layer *last = &network->layer[network->layer_count - 1];
    BL_REQUIRE(last->kind == BL_LAYER_DENSE && last->outputs == network->classes, BL_ERR_INPUT,
               "the last layer must be dense with one row for each of the %zu classes", network->classes);
cleanup:
    return err;
}

bl_err bl_network_check(const bl_network *network) {
    bl_err err = BL_OK;
    BL_TRY(bl_network_check_shape(network));
    for (size_t l = 0; l < network->layer_count; l++)
        BL_TRY(name_layer(check_finite(&network->layer[l]), network, l));
cleanup:
    return err;
}
