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

/* One loop per activation: `value` of the element z. */
#define FOR_EACH(value)                                                                                      \
    for (size_t i = 0; i < count; i++) {                                                                     \
        const float z = x[i];                                                                                \
        y[i] = (value);                                                                                      \
    }                                                                                                        \
    break

static bl_err forward(const bl_layer *layer, void *state, size_t rows, const float *restrict x,
                      float *restrict y) {
    (void)state;
    const size_t count = rows * layer->outputs;
    const float slope = (float)layer->negative_slope;
    switch (layer->activation) {
    case BL_RELU:
        FOR_EACH(z > 0.0F ? z : 0.0F);
    case BL_LEAKY_RELU:
        FOR_EACH(z > 0.0F ? z : slope * z);
    case BL_TANH:
        FOR_EACH(tanh_float(z));
    case BL_ERF:
        FOR_EACH(erf_float(z));
    case BL_GELU:
        FOR_EACH(gelu_float(z));
    case BL_ACTIVATION_COUNT:
        BL_ASSERT(layer->activation < BL_ACTIVATION_COUNT);
    }
    return BL_OK;
}

/* One loop per activation: dx = dy times `derivative`, from input z or output h. */
#define FOR_EACH_BACK(derivative)                                                                            \
    for (size_t i = 0; i < count; i++) {                                                                     \
        const float z = x[i], h = y[i];                                                                      \
        (void)z;                                                                                             \
        (void)h;                                                                                             \
        dx[i] = dy[i] * (derivative);                                                                        \
    }                                                                                                        \
    break

static void backward_row(const bl_layer *layer, const float *restrict x, const float *restrict y,
                         const float *restrict dy, float *restrict dx) {
    const size_t count = layer->outputs;
    const float slope = (float)layer->negative_slope;
    switch (layer->activation) {
    case BL_RELU:
        FOR_EACH_BACK(z > 0.0F ? 1.0F : 0.0F);
    case BL_LEAKY_RELU:
        FOR_EACH_BACK(z > 0.0F ? 1.0F : slope);
    case BL_TANH:
        FOR_EACH_BACK((1.0F - h) * (1.0F + h));
    case BL_ERF:
        FOR_EACH_BACK(erf_derivative(z));
    case BL_GELU:
        FOR_EACH_BACK(gelu_derivative(z));
    case BL_ACTIVATION_COUNT:
        BL_ASSERT(layer->activation < BL_ACTIVATION_COUNT);
    }
}

static bl_err backward(const bl_layer *layer, void *state, size_t rows, const size_t *row, const float *x,
                       const float *y, const float *dy, float *dx) {
    (void)state;
    const size_t width = layer->outputs;
    for (size_t i = 0; i < rows; i++)
        backward_row(layer, x + row[i] * width, y + row[i] * width, dy + i * width, dx + i * width);
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
