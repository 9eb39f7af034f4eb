/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A list of layers under construction, to which families append. Private to src/network.
 */
#ifndef BORDERLINE_NETWORK_LAYER_LIST_H
#define BORDERLINE_NETWORK_LAYER_LIST_H

#include "borderline/network.h"

/* A list of layers under construction, of the configuration's activation and biases. */
typedef struct bl_layer_list {
    const bl_config *config;
    bl_network *network;
    size_t capacity;
    bool with_weights; /* false: only shapes, weights stay NULL */
} bl_layer_list;

/* The input is a square image of the configuration's channels; before any layer. */
bl_err bl_layer_list_image(bl_layer_list *list) BL_NODISCARD;

/* Append one layer to what the list gives so far. Weights have variance / fan_in. */
bl_err bl_layer_list_dense(bl_layer_list *list, size_t outputs, double variance) BL_NODISCARD;
bl_err bl_layer_list_activation(bl_layer_list *list) BL_NODISCARD;
bl_err bl_layer_list_conv3x3(bl_layer_list *list, size_t channels, size_t stride,
                             double variance) BL_NODISCARD;
bl_err bl_layer_list_avgpool2d(bl_layer_list *list, size_t size) BL_NODISCARD;
bl_err bl_layer_list_flatten(bl_layer_list *list) BL_NODISCARD;
bl_err bl_layer_list_residual_begin(bl_layer_list *list) BL_NODISCARD;

/* stride 1: adds what the matching begin saw; else a 1x1 convolution of it to as many channels as there are. */
bl_err bl_layer_list_residual_end(bl_layer_list *list, size_t stride, double variance) BL_NODISCARD;

/* The last layer. Scheme paper: Glorot's uniform law, variance 2 / (fan_in + fan_out) (Glorot & Bengio 2010); he: as any other. */
bl_err bl_layer_list_dense_last(bl_layer_list *list, size_t outputs) BL_NODISCARD;

#endif
