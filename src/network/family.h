/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Families: functions from (depth, width, shape) to a list of layers.
 */
#ifndef BORDERLINE_NETWORK_FAMILY_H
#define BORDERLINE_NETWORK_FAMILY_H

#include "borderline/network.h"

/* A list of layers under construction. */
typedef struct bl_layer_list {
    bl_network *network;
    size_t capacity;
    bool with_weights; /* false: only shapes, weights stay NULL */
} bl_layer_list;

/* A family appends its layers; the first sees network->dimension numbers. */
typedef bl_err bl_family_build(const bl_config *config, const bl_case *c, bl_layer_list *list);

bl_family_build bl_family_dense;

/* Append one layer to the numbers that the list gives so far. */
bl_err bl_layer_list_dense(bl_layer_list *list, size_t outputs, bool with_bias) BL_NODISCARD;
bl_err bl_layer_list_activation(bl_layer_list *list, bl_activation activation,
                                double negative_slope) BL_NODISCARD;

#endif
