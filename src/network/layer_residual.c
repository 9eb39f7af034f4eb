/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Residual sums: the numbers at residual_begin, as they are or through a 1 x 1 convolution, are added at the matching
 * residual_end.
 */
#include "image.h"
#include "layer_conv2d.h"

#include <string.h>

static bool has_convolution(const bl_layer *layer) {
    return layer->kernel[0] > 0;
}

static bl_convolution_shape shape_of(const bl_layer *layer) {
    return bl_layer_conv2d_shape(layer, layer->side, BL_PADDING_SAME);
}

static bl_err fit_begin(bl_layer *layer) {
    layer->out = layer->in;
    layer->outputs = layer->inputs;
    return BL_OK;
}

static bl_err fit_end(bl_layer *layer) {
    bl_err err = BL_OK;
    bl_image shortcut = layer->side;
    if (has_convolution(layer)) {
        BL_REQUIRE(layer->kernel[0] == 1 && layer->kernel[1] == 1, BL_ERR_INPUT,
                   "the shortcut's kernel is %zu x %zu, not 1 x 1", layer->kernel[0], layer->kernel[1]);
        BL_TRY(bl_layer_conv2d_fit(layer, layer->side, BL_PADDING_SAME, &shortcut));
    }
    BL_REQUIRE(bl_image_same(shortcut, layer->in), BL_ERR_INPUT,
               "adds an image of [%zu, %zu, %zu] to one of [%zu, %zu, %zu]", shortcut.channels,
               shortcut.height, shortcut.width, layer->in.channels, layer->in.height, layer->in.width);
    layer->out = layer->in;
    layer->outputs = layer->inputs;
cleanup:
    return err;
}

static size_t weights(const bl_layer *layer) {
    return has_convolution(layer) ? layer->out.channels * layer->side.channels : 0;
}

static size_t biases(const bl_layer *layer) {
    return has_convolution(layer) ? layer->out.channels : 0;
}

static double multiply_adds(const bl_layer *layer) {
    return (double)weights(layer) * (double)(layer->out.height * layer->out.width);
}

static void destroy(void **state) {
    bl_convolution *convolution = *state;
    bl_convolution_destroy(&convolution);
    *state = NULL;
}

static bl_err create(bl_product_context *context, const bl_layer *layer, size_t batch, void **state) {
    bl_err err = BL_OK;
    bl_convolution *convolution = NULL;
    if (has_convolution(layer)) {
        const bl_convolution_shape shape = shape_of(layer);
        BL_TRY(bl_convolution_create(context, &shape, batch, &convolution));
    }
    *state = convolution;
cleanup:
    return err;
}

static size_t memory(const bl_layer *layer, size_t batch) {
    if (!has_convolution(layer))
        return 0;
    const bl_convolution_shape shape = shape_of(layer);
    return bl_convolution_memory(&shape, batch);
}

static bl_err load(void *state, const bl_layer *layer) {
    return state ? bl_convolution_load(state, layer->weight, layer->bias) : BL_OK;
}

/* `shortcut` may be y. */
static void add(size_t count, const float *x, const float *shortcut, float *y) {
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] + shortcut[i];
}

static bl_err join(const bl_layer *layer, void *state, size_t rows, const float *x, const float *side,
                   float *y) {
    bl_err err = BL_OK;
    if (state)
        BL_TRY(bl_convolution_forward(state, rows, side, y));
    add(rows * layer->outputs, x, state ? y : side, y);
cleanup:
    return err;
}

static bl_err split(const bl_layer *layer, void *state, size_t rows, const float *dy, float *dside) {
    if (state)
        return bl_convolution_backward(state, rows, dy, dside);
    memcpy(dside, dy, rows * layer->outputs * sizeof *dside);
    return BL_OK;
}

static bl_err backward_weights(const bl_layer *layer, void *state, size_t rows, const float *x,
                               const float *dy, float *dweight, float *dbias) {
    (void)layer, (void)rows;
    return bl_convolution_backward_weights(state, x, dy, dweight, dbias);
}

static size_t work64(const bl_layer *layer) {
    if (!has_convolution(layer))
        return 0;
    const bl_convolution_shape shape = shape_of(layer);
    return bl_layer_conv2d_work64(&shape);
}

static void join64(const bl_layer *layer, size_t rows, const double *x, const double *side, double *y,
                   double *work) {
    const size_t count = rows * layer->outputs;
    if (has_convolution(layer)) {
        const bl_convolution_shape shape = shape_of(layer);
        bl_layer_conv2d_forward64(layer, &shape, rows, side, y, work);
    } else
        memcpy(y, side, count * sizeof *y);
    for (size_t i = 0; i < count; i++)
        y[i] += x[i];
}

const bl_layer_ops bl_layer_residual_begin_ops = {.name = "residual_begin", .fit = fit_begin};

const bl_layer_ops bl_layer_residual_end_ops = {.name = "residual_end",
                                                .spatial = true,
                                                .fit = fit_end,
                                                .weights = weights,
                                                .biases = biases,
                                                .multiply_adds = multiply_adds,
                                                .create = create,
                                                .destroy = destroy,
                                                .memory = memory,
                                                .load = load,
                                                .join = join,
                                                .split = split,
                                                .backward_weights = backward_weights,
                                                .work64 = work64,
                                                .join64 = join64};
