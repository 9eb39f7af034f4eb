/* SPDX-License-Identifier: BSD-3-Clause */
#include "outline.h"

#include "layer.h"

size_t bl_outline_widest(const bl_network *network) {
    size_t widest = 1;
    for (size_t l = 0; l < network->layer_count; l++)
        widest = network->layer[l].outputs > widest ? network->layer[l].outputs : widest;
    return widest;
}

size_t bl_outline_work64(const bl_network *network) {
    size_t largest = 0;
    for (size_t l = 0; l < network->layer_count; l++) {
        const bl_layer_ops *ops = bl_layer_ops_of(network->layer[l].kind);
        const size_t work = ops && ops->work64 ? ops->work64(&network->layer[l]) : 0;
        largest = work > largest ? work : largest;
    }
    return largest;
}

size_t bl_outline_open_sums(const bl_network *network, size_t l) {
    size_t open = 0;
    for (size_t k = 0; k < l; k++) {
        open += network->layer[k].kind == BL_LAYER_RESIDUAL_BEGIN;
        open -= network->layer[k].kind == BL_LAYER_RESIDUAL_END;
    }
    return open;
}

size_t bl_outline_nested_sums(const bl_network *network) {
    size_t most = 0;
    for (size_t l = 0; l < network->layer_count; l++) {
        const size_t open = bl_outline_open_sums(network, l + 1);
        most = open > most ? open : most;
    }
    return most;
}
