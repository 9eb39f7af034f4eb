/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Two-dimensional convolutions (cross-correlations, as networks use the word) in float32, forward, back to the
 * input and back to the weights; weights packed once and used for many images. Private to src/network.
 */
#ifndef BORDERLINE_NETWORK_CONVOLUTION_H
#define BORDERLINE_NETWORK_CONVOLUTION_H

#include "product.h"

#include "borderline/network.h"

typedef struct bl_convolution bl_convolution;

typedef struct bl_convolution_shape {
    bl_image in, out;
    size_t kernel[2], stride;
    size_t before[2], after[2]; /* zeros above and left, below and right */
    bool with_bias;
} bl_convolution_shape;

/* Convolutions of at most `batch` images; the context must outlive them. */
bl_err bl_convolution_create(bl_product_context *context, const bl_convolution_shape *shape, size_t batch,
                             bl_convolution **out) BL_NODISCARD;
void bl_convolution_destroy(bl_convolution **convolution);

/* Pack weight[out channels][in channels][kernel height][kernel width]; bias (NULL without) is borrowed. */
bl_err bl_convolution_load(bl_convolution *convolution, const float *weight, const float *bias) BL_NODISCARD;

/* y from x, and dx = (dy/dx)^T dy; images in the order [height][width][channels]. `rows` is a number that
 * bl_product_rows gives. Bits of an image's result do not depend on the others. */
bl_err bl_convolution_forward(bl_convolution *convolution, size_t rows, const float *x,
                              float *y) BL_NODISCARD;
bl_err bl_convolution_backward(bl_convolution *convolution, size_t rows, const float *dy,
                               float *dx) BL_NODISCARD;

/* dweight = sum over a full batch of images of (dy/dweight)^T dy, in the order of the weight; dbias (NULL without) the
 * same. The first use makes what it needs. */
bl_err bl_convolution_backward_weights(bl_convolution *convolution, const float *x, const float *dy,
                                       float *dweight, float *dbias) BL_NODISCARD;

/* Bytes a convolution holds, gradients with respect to weights left out. */
size_t bl_convolution_memory(const bl_convolution_shape *shape, size_t batch);

#endif
