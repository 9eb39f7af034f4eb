/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Random weights and inputs (THEORY.md, section 1.2). Every number is a function of (seed, case, network, layer or
 * input) alone.
 */
#include "borderline/network.h"

#include <math.h>

enum { START_SHIFT = 16 }; /* a stream's index: layer, and above it the start */

static void sample_weights(const bl_config *config, bl_stream stream, bl_layer *layer) {
    const size_t count = bl_layer_weights(layer);
    const size_t fan_in = count / bl_layer_biases(layer);
    const float deviation = (float)sqrt(layer->weight_variance / (double)fan_in);
    if (layer->uniform)
        bl_rng_uniform(stream, -sqrtf(3.0F) * deviation, sqrtf(3.0F) * deviation, count, layer->weight);
    else if (config->weights == BL_WEIGHTS_TRUNCATED_NORMAL)
        bl_rng_truncated_normal(stream, deviation, count, layer->weight);
    else
        bl_rng_normal(stream, deviation, count, layer->weight);
}

void bl_network_sample(const bl_config *config, const bl_case *c, size_t number, bl_network *network) {
    bl_network_sample_again(config, c, number, 0, network);
}

void bl_network_sample_again(const bl_config *config, const bl_case *c, size_t number, size_t start,
                             bl_network *network) {
    const uint32_t case_number = (uint32_t)c->number, network_number = (uint32_t)number;
    uint32_t weighted = (uint32_t)start << START_SHIFT;
    for (size_t l = 0; l < network->layer_count; l++) {
        bl_layer *layer = &network->layer[l];
        if (!layer->weight)
            continue;
        sample_weights(config,
                       bl_rng_stream(config->seed, case_number, network_number, BL_PURPOSE_WEIGHT, weighted),
                       layer);
        if (layer->bias)
            bl_rng_normal(bl_rng_stream(config->seed, case_number, network_number, BL_PURPOSE_BIAS, weighted),
                          (float)sqrt(config->bias_variance), bl_layer_biases(layer), layer->bias);
        weighted++;
    }
}

void bl_network_sample_inputs(const bl_config *config, size_t case_number, size_t network, bl_purpose purpose,
                              size_t dimension, size_t count, float *x) {
    for (size_t i = 0; i < count; i++)
        bl_network_sample_input(
            config,
            bl_rng_stream(config->seed, (uint32_t)case_number, (uint32_t)network, purpose, (uint32_t)i),
            dimension, x + i * dimension);
}

void bl_network_sample_input(const bl_config *config, bl_stream stream, size_t dimension, float *x) {
    float lo, hi;
    (void)bl_box_float32(bl_config_input_range(config), &lo, &hi);
    if (config->input_kind == BL_INPUT_NORMAL)
        bl_rng_normal(stream, 1.0F, dimension, x);
    else
        bl_rng_uniform(stream, lo, hi, dimension, x);
}
