/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Families: functions from (depth, width, shape) to a list of layers. Private to src/network.
 */
#ifndef BORDERLINE_NETWORK_FAMILY_H
#define BORDERLINE_NETWORK_FAMILY_H

#include "layer_list.h"

/* A family appends its layers; the first sees network->dimension numbers. */
typedef bl_err bl_family_build(const bl_config *config, const bl_case *c, bl_layer_list *list);

bl_family_build bl_family_dense, bl_family_cnn, bl_family_lenet, bl_family_resnet;

#endif
