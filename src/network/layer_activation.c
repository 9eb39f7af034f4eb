/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Activation layers. The derivative is taken from the stored input or output, only for the rows asked for.
 */
#include "activation_float.h"
#include "layer.h"

#include <math.h>

static bl_err fit(bl_layer *layer) {
    bl_err err = BL_OK;
    layer->out = layer->in;
    layer->outputs = layer->inputs;
    BL_REQUIRE((unsigned)layer->activation < BL_ACTIVATION_COUNT, BL_ERR_INPUT, "activation %d is not known",
               (int)layer->activation);
    BL_REQUIRE(isfinite(layer->negative_slope), BL_ERR_INPUT, "the negative slope is not a number");
cleanup:
    return err;
}

static bl_err forward(const bl_layer *layer, void *state, size_t rows, const float *x, float *y) {
    (void)state;
    bl_activation_float_forward(layer->activation, (float)layer->negative_slope, rows * layer->outputs, x, y);
    return BL_OK;
}

static bl_err backward(const bl_layer *layer, void *state, size_t rows, const size_t *row, const float *x,
                       const float *y, const float *dy, float *dx) {
    (void)state;
    const size_t width = layer->outputs;
    for (size_t i = 0; i < rows; i++)
        bl_activation_float_backward(layer->activation, (float)layer->negative_slope, width,
                                     x + row[i] * width, y + row[i] * width, dy + i * width, dx + i * width);
    return BL_OK;
}

static void forward64(const bl_layer *layer, size_t rows, const double *x, double *y, double *work) {
    (void)work;
    const size_t count = rows * layer->outputs;
    if (layer->activation == BL_RELU)
        for (size_t i = 0; i < count; i++)
            y[i] = x[i] > 0.0 ? x[i] : 0.0;
    else
        for (size_t i = 0; i < count; i++)
            y[i] = bl_activation_value(layer->activation, layer->negative_slope, x[i]);
}

const bl_layer_ops bl_layer_activation_ops = {
    .name = "activation", .fit = fit, .forward = forward, .backward = backward, .forward64 = forward64};
