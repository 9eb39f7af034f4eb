/* SPDX-License-Identifier: BSD-3-Clause */
#include "network_rescale.h"

#include "base/mem.h"
#include "layer.h"
#include "outline.h"

#include <math.h>
#include <string.h>

typedef struct walk {
    bl_network *network;
    double *at, *to, *work; /* [widest] numbers before and after a layer; what the layer needs for itself */
    double **side;          /* [nested] what each open residual_begin saw */
    int exponent;           /* of the numbers so far */
} walk;

static bool is_homogeneous(const bl_network *network) {
    for (size_t l = 0; l < network->layer_count; l++) {
        const bl_layer *layer = &network->layer[l];
        if (layer->kind == BL_LAYER_ACTIVATION && layer->activation != BL_RELU &&
            layer->activation != BL_LEAKY_RELU)
            return false;
    }
    return true;
}

void bl_network_rescale_numbers(size_t count, float *x, int exponent) {
    if (exponent != 0)
        for (size_t i = 0; i < count; i++)
            x[i] = (float)ldexp((double)x[i], exponent);
}

/* The power of two of the largest number; 0 where all are zero. */
static int exponent_of(const double *x, size_t count) {
    double largest = 0.0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(x[i]));
    return largest > 0.0 ? ilogb(largest) : 0;
}

/* The numbers after layer l from those before it, with the layer rescaled where no residual sum is open. */
static void step(walk *w, size_t l) {
    bl_layer *layer = &w->network->layer[l];
    const bl_layer_ops *ops = bl_layer_ops_of(layer->kind);
    const size_t open = bl_outline_open_sums(w->network, l);
    if (layer->bias)
        bl_network_rescale_numbers(bl_layer_biases(layer), layer->bias, -w->exponent);
    if (layer->kind == BL_LAYER_RESIDUAL_BEGIN)
        memcpy(w->side[open], w->at, layer->inputs * sizeof *w->at);
    if (ops->join64)
        ops->join64(layer, 1, w->at, w->side[open - 1], w->to, w->work);
    else if (ops->forward64)
        ops->forward64(layer, 1, w->at, w->to, w->work);
    else
        return;
    if (layer->weight && open == 0) {
        const int d = exponent_of(w->to, layer->outputs);
        bl_network_rescale_numbers(bl_layer_weights(layer), layer->weight, -d);
        if (layer->bias)
            bl_network_rescale_numbers(bl_layer_biases(layer), layer->bias, -d);
        for (size_t i = 0; i < layer->outputs; i++)
            w->to[i] = ldexp(w->to[i], -d);
        w->exponent += d;
    }
    double *free = w->at;
    w->at = w->to;
    w->to = free;
}

bl_err bl_network_rescale(bl_network *network, bl_rescaling *rescaling) {
    bl_err err = BL_OK;
    walk w = {.network = network};
    const size_t nested = bl_outline_nested_sums(network);
    size_t widest = bl_outline_widest(network);
    widest = widest > network->dimension ? widest : network->dimension;
    *rescaling = (bl_rescaling){0, 0};
    if (!is_homogeneous(network))
        return BL_OK;
    BL_ALLOC(w.at, widest);
    BL_ALLOC(w.to, widest);
    BL_ALLOC(w.work, bl_outline_work64(network));
    BL_ALLOC(w.side, nested);
    for (size_t i = 0; i < nested; i++)
        BL_ALLOC(w.side[i], widest);
    for (size_t i = 0; i < network->dimension; i++)
        w.at[i] = 1.0;
    for (size_t l = 0; l < network->layer_count; l++) {
        rescaling->features = w.exponent;
        step(&w, l);
    }
    rescaling->outputs = w.exponent;
cleanup:
    for (size_t i = 0; w.side && i < nested; i++)
        bl_mem_free(w.side[i]);
    bl_mem_free(w.side);
    bl_mem_free(w.work);
    bl_mem_free(w.to);
    bl_mem_free(w.at);
    return err;
}

size_t bl_network_rescale_memory(const bl_network *network) {
    const size_t widest = bl_outline_widest(network);
    return ((2 + bl_outline_nested_sums(network)) *
                (widest > network->dimension ? widest : network->dimension) +
            bl_outline_work64(network)) *
           sizeof(double);
}
