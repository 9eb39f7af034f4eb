/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels_scale.h"

bl_err bl_kernels_exponent(const bl_config *config, const bl_case *c, bl_network *network, int *exponent) {
    bl_rescaling first;
    bl_network_sample(config, c, 0, network);
    bl_err err = bl_network_rescale(network, &first);
    *exponent = first.outputs;
    return err;
}
