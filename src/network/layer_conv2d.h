/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Convolutions as conv2d layers and shortcuts of residual sums need them. Private to src/network.
 */
#ifndef BORDERLINE_NETWORK_LAYER_CONV2D_H
#define BORDERLINE_NETWORK_LAYER_CONV2D_H

#include "convolution.h"
#include "layer.h"

/* The image that a convolution of `in` with the layer's kernel, stride and out.channels gives. */
bl_err bl_layer_conv2d_fit(const bl_layer *layer, bl_image in, bl_padding padding,
                           bl_image *out) BL_NODISCARD;

/* The convolution from `in` to the fitted layer's output. */
bl_convolution_shape bl_layer_conv2d_shape(const bl_layer *layer, bl_image in, bl_padding padding);

/* In float64 on [channels][height][width] images; work holds bl_layer_conv2d_work64 numbers. */
size_t bl_layer_conv2d_work64(const bl_convolution_shape *shape);
void bl_layer_conv2d_forward64(const bl_layer *layer, const bl_convolution_shape *shape, size_t rows,
                               const double *x, double *y, double *work);

#endif
