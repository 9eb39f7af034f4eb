/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The kinds of layers, in the order of bl_layer_kind.
 */
#include "layer.h"

static const bl_layer_ops *const kinds[] = {
    [BL_LAYER_DENSE] = &bl_layer_dense_ops,
    [BL_LAYER_ACTIVATION] = &bl_layer_activation_ops,
    [BL_LAYER_FLATTEN] = &bl_layer_flatten_ops,
};

const bl_layer_ops *bl_layer_ops_of(bl_layer_kind kind) {
    size_t index = (size_t)kind;
    return index < sizeof kinds / sizeof kinds[0] ? kinds[index] : NULL;
}
