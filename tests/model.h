/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks on images made layer by layer, for C tests.
 */
#ifndef BORDERLINE_TESTS_MODEL_H
#define BORDERLINE_TESTS_MODEL_H

#include "base/mem.h"
#include "borderline/network.h"
#include "check.h"

enum { LAYERS_MAX = 24, CLASSES = 3 };

typedef struct model {
    bl_network network;
    bl_layer layer[LAYERS_MAX];
} model;

static inline void random_floats(uint32_t index, size_t count, float scale, float *x) {
    bl_rng_uniform(bl_rng_stream(5, 0, 0, BL_PURPOSE_TEST, index), -scale, scale, count, x);
}

static inline void model_start(model *m, size_t channels, size_t height, size_t width) {
    *m = (model){.network = {.dimension = channels * height * width,
                             .classes = CLASSES,
                             .shape_rank = 3,
                             .shape = {channels, height, width}}};
    m->network.layer = m->layer;
}

/* Append a layer with random weights of the variance that keeps numbers of order 1. */
static inline void append(model *m, bl_layer settings, bool with_bias) {
    const size_t l = m->network.layer_count++;
    bl_layer *layer = &m->layer[l];
    BL_ASSERT(l < LAYERS_MAX);
    *layer = settings;
    CHECK_OK(bl_network_fit_layer(&m->network, l));
    const size_t weights = bl_layer_weights(layer), biases = bl_layer_biases(layer);
    if (weights == 0)
        return;
    layer->weight = bl_mem_alloc(weights, sizeof(float));
    BL_ASSERT(layer->weight);
    random_floats((uint32_t)(100 + 2 * l), weights, sqrtf(4.0F * (float)biases / (float)weights),
                  layer->weight);
    if (with_bias) {
        layer->bias = bl_mem_alloc(biases, sizeof(float));
        BL_ASSERT(layer->bias);
        random_floats((uint32_t)(101 + 2 * l), biases, 0.5F, layer->bias);
    }
}

static inline void conv(model *m, size_t channels, size_t kernel, size_t stride, bl_padding padding,
                        bool with_bias) {
    append(m,
           (bl_layer){.kind = BL_LAYER_CONV2D,
                      .out = {.channels = channels},
                      .kernel = {kernel, kernel},
                      .stride = stride,
                      .padding = padding},
           with_bias);
}

static inline void activation(model *m, bl_activation which) {
    append(m, (bl_layer){.kind = BL_LAYER_ACTIVATION, .activation = which, .negative_slope = 0.125}, false);
}

static inline void plain(model *m, bl_layer_kind kind) {
    append(m, (bl_layer){.kind = kind}, false);
}

static inline void pool(model *m, size_t size) {
    append(m, (bl_layer){.kind = BL_LAYER_AVGPOOL2D, .kernel = {size, size}}, false);
}

static inline void shortcut(model *m, size_t channels, size_t stride, bool with_bias) {
    append(
        m,
        (bl_layer){
            .kind = BL_LAYER_RESIDUAL_END, .out = {.channels = channels}, .kernel = {1, 1}, .stride = stride},
        with_bias);
}

static inline void finish(model *m) {
    plain(m, BL_LAYER_FLATTEN);
    append(m, (bl_layer){.kind = BL_LAYER_DENSE, .outputs = CLASSES}, true);
    CHECK_OK(bl_network_check(&m->network));
}

static inline void model_free(model *m) {
    for (size_t l = 0; l < m->network.layer_count; l++) {
        bl_mem_free(m->layer[l].weight);
        bl_mem_free(m->layer[l].bias);
    }
}

#endif
