/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Flatten: the numbers of an image as a row in the order [channels][height][width]. Numbers move only where the image
 * is in another order; the engine leaves the layer out otherwise.
 */
#include "image.h"
#include "layer.h"

static bl_err fit(bl_layer *layer) {
    layer->out = (bl_image){0};
    layer->outputs = layer->inputs;
    return BL_OK;
}

static bl_err forward(const bl_layer *layer, void *state, size_t rows, const float *x, float *y) {
    (void)state;
    bl_image_channels_first(layer->in, rows, x, y);
    return BL_OK;
}

static bl_err backward(const bl_layer *layer, void *state, size_t rows, const size_t *row, const float *x,
                       const float *y, const float *dy, float *dx) {
    (void)state, (void)row, (void)x, (void)y;
    bl_image_channels_last(layer->in, rows, dy, dx);
    return BL_OK;
}

const bl_layer_ops bl_layer_flatten_ops = {
    .name = "flatten", .fit = fit, .forward = forward, .backward = backward};
