/* SPDX-License-Identifier: BSD-3-Clause */
#include "unit.h"

bl_search_options bl_unit_search_options(const bl_config *config) {
    return (bl_search_options){
        .p = config->p.value, .p_count = config->p.count, .box = config->box, .effort = config->effort};
}

void bl_unit_sample(const bl_config *config, const bl_case *c, size_t number, bl_network *network, float *x) {
    if (network)
        bl_network_sample(config, c, number, network);
    bl_network_sample_inputs(config, c->number, number, BL_PURPOSE_INPUT, c->dimension, config->inputs, x);
}
