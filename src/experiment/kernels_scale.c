/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels_scale.h"

#include <math.h>

bl_err bl_kernels_exponent(const bl_config *config, const bl_case *c, bl_network *network, int *exponent) {
    bl_rescaling first;
    bl_network_sample(config, c, 0, network);
    bl_err err = bl_network_rescale(network, &first);
    *exponent = first.outputs;
    return err;
}

void bl_kernels_scale(size_t count, float *logits, int exponent) {
    if (exponent != 0)
        for (size_t i = 0; i < count; i++)
            logits[i] = (float)ldexp((double)logits[i], exponent);
}
