/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The kinds of layers, in the order of bl_layer_kind.
 */
#include "layer.h"

static const bl_layer_ops *const kinds[] = {
    [BL_LAYER_DENSE] = &bl_layer_dense_ops,
    [BL_LAYER_ACTIVATION] = &bl_layer_activation_ops,
    [BL_LAYER_FLATTEN] = &bl_layer_flatten_ops,
    [BL_LAYER_CONV2D] = &bl_layer_conv2d_ops,
    [BL_LAYER_AVGPOOL2D] = &bl_layer_avgpool2d_ops,
    [BL_LAYER_RESIDUAL_BEGIN] = &bl_layer_residual_begin_ops,
    [BL_LAYER_RESIDUAL_END] = &bl_layer_residual_end_ops,
};

const bl_layer_ops *bl_layer_ops_of(bl_layer_kind kind) {
    size_t index = (size_t)kind;
    return index < sizeof kinds / sizeof kinds[0] ? kinds[index] : NULL;
}

bool bl_layer_is_spatial(const bl_layer *layer) {
    return bl_layer_ops_of(layer->kind)->spatial && layer->kernel[0] > 0;
}

size_t bl_layer_weights(const bl_layer *layer) {
    const bl_layer_ops *ops = bl_layer_ops_of(layer->kind);
    return ops && ops->weights ? ops->weights(layer) : 0;
}

size_t bl_layer_biases(const bl_layer *layer) {
    const bl_layer_ops *ops = bl_layer_ops_of(layer->kind);
    return ops && ops->biases ? ops->biases(layer) : 0;
}
