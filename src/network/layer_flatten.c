/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Flatten: the numbers of a sample, seen as a row. Nothing moves.
 */
#include "layer.h"

static bl_err check(const bl_layer *layer) {
    if (layer->inputs != layer->outputs)
        return bl_err_set(BL_ERR_INPUT, "%zu inputs but %zu outputs", layer->inputs, layer->outputs);
    return BL_OK;
}

const bl_layer_ops bl_layer_flatten_ops = {.name = "flatten", .check = check};
