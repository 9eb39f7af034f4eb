/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Convolution layers, and what the shortcut of a residual sum shares with them.
 */
#include "layer_conv2d.h"

#include "image.h"
#include "pass_float64.h"

bl_err bl_layer_conv2d_fit(const bl_layer *layer, bl_image in, bl_padding padding, bl_image *out) {
    bl_err err = BL_OK;
    size_t before, after;
    BL_REQUIRE(
        in.channels > 0, BL_ERR_INPUT,
        "a convolution needs an image: the input's shape as [C, H, W], and no dense or flatten before it");
    BL_REQUIRE(layer->out.channels > 0, BL_ERR_INPUT, "the weight has no rows");
    BL_REQUIRE(layer->kernel[0] > 0 && layer->kernel[1] > 0, BL_ERR_INPUT, "the kernel is empty");
    BL_REQUIRE(layer->stride > 0, BL_ERR_INPUT, "stride 0: at least 1 is needed");
    BL_REQUIRE(in.channels <=
                   SIZE_MAX / sizeof(float) / layer->out.channels / layer->kernel[0] / layer->kernel[1],
               BL_ERR_INPUT, "%zu x %zu x %zu x %zu weights are more than this machine can address",
               layer->out.channels, in.channels, layer->kernel[0], layer->kernel[1]);
    *out = (bl_image){.channels = layer->out.channels};
    out->height = bl_image_windows(in.height, layer->kernel[0], layer->stride, padding, &before, &after);
    out->width = bl_image_windows(in.width, layer->kernel[1], layer->stride, padding, &before, &after);
    BL_REQUIRE(out->height > 0 && out->width > 0, BL_ERR_INPUT,
               "an image of %zu x %zu pixels is too small for a kernel of %zu x %zu", in.height, in.width,
               layer->kernel[0], layer->kernel[1]);
    BL_REQUIRE(out->channels <= SIZE_MAX / sizeof(double) / 64 / (out->height * out->width), BL_ERR_INPUT,
               "%zu channels of %zu x %zu pixels are more than this machine can address", out->channels,
               out->height, out->width);
cleanup:
    return err;
}

bl_convolution_shape bl_layer_conv2d_shape(const bl_layer *layer, bl_image in, bl_padding padding) {
    bl_convolution_shape shape = {.in = in,
                                  .out = layer->out,
                                  .kernel = {layer->kernel[0], layer->kernel[1]},
                                  .stride = layer->stride,
                                  .with_bias = layer->bias != NULL};
    (void)bl_image_windows(in.height, layer->kernel[0], layer->stride, padding, &shape.before[0],
                           &shape.after[0]);
    (void)bl_image_windows(in.width, layer->kernel[1], layer->stride, padding, &shape.before[1],
                           &shape.after[1]);
    return shape;
}

/* patch[k] of one output pixel: the numbers under its window in the weight's order, zeros outside the image */
static void gather_patch(const bl_convolution_shape *s, const double *x, size_t row, size_t column,
                         double *patch) {
    const size_t top = row * s->stride, left = column * s->stride;
    for (size_t c = 0; c < s->in.channels; c++)
        for (size_t i = 0; i < s->kernel[0]; i++)
            for (size_t j = 0; j < s->kernel[1]; j++) {
                const size_t h = top + i, w = left + j;
                const bool inside = h >= s->before[0] && h - s->before[0] < s->in.height &&
                                    w >= s->before[1] && w - s->before[1] < s->in.width;
                *patch++ =
                    inside ? x[(c * s->in.height + h - s->before[0]) * s->in.width + w - s->before[1]] : 0.0;
            }
}

size_t bl_layer_conv2d_work64(const bl_convolution_shape *s) {
    const size_t patch = s->in.channels * s->kernel[0] * s->kernel[1];
    return s->out.height * s->out.width * s->out.channels + s->out.width * patch;
}

/* A row of output pixels at a time as a dense product: patches times the weight, [out.channels][patch]. */
static void forward64_image(const bl_layer *layer, const bl_convolution_shape *s, const double *x, double *y,
                            double *work) {
    const size_t pixels = s->out.height * s->out.width, channels = s->out.channels;
    bl_layer dense = {
        .kind = BL_LAYER_DENSE, .outputs = channels, .weight = layer->weight, .bias = layer->bias};
    dense.inputs = s->in.channels * s->kernel[0] * s->kernel[1];
    double *patches = work + pixels * channels;
    for (size_t row = 0; row < s->out.height; row++) {
        for (size_t column = 0; column < s->out.width; column++)
            gather_patch(s, x, row, column, patches + column * dense.inputs);
        bl_pass_float64_dense(&dense, s->out.width, patches, work + row * s->out.width * channels);
    }
    for (size_t c = 0; c < channels; c++)
        for (size_t p = 0; p < pixels; p++)
            y[c * pixels + p] = work[p * channels + c];
}

void bl_layer_conv2d_forward64(const bl_layer *layer, const bl_convolution_shape *s, size_t rows,
                               const double *x, double *y, double *work) {
    for (size_t i = 0; i < rows; i++)
        forward64_image(layer, s, x + i * bl_image_numbers(s->in), y + i * bl_image_numbers(s->out), work);
}

static bl_convolution_shape shape_of(const bl_layer *layer) {
    return bl_layer_conv2d_shape(layer, layer->in, layer->padding);
}

static bl_err fit(bl_layer *layer) {
    bl_err err = BL_OK;
    BL_REQUIRE(layer->padding == BL_PADDING_SAME || layer->padding == BL_PADDING_VALID, BL_ERR_INPUT,
               "padding %d is not known", (int)layer->padding);
    BL_TRY(bl_layer_conv2d_fit(layer, layer->in, layer->padding, &layer->out));
cleanup:
    return err;
}

static size_t weights(const bl_layer *layer) {
    return layer->out.channels * layer->in.channels * layer->kernel[0] * layer->kernel[1];
}

static size_t biases(const bl_layer *layer) {
    return layer->out.channels;
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
    const bl_convolution_shape shape = shape_of(layer);
    bl_convolution *convolution = NULL;
    const bl_err err = bl_convolution_create(context, &shape, batch, &convolution);
    *state = convolution;
    return err;
}

static size_t memory(const bl_layer *layer, size_t batch) {
    const bl_convolution_shape shape = shape_of(layer);
    return bl_convolution_memory(&shape, batch);
}

static bl_err load(void *state, const bl_layer *layer) {
    return bl_convolution_load(state, layer->weight, layer->bias);
}

static bl_err forward(const bl_layer *layer, void *state, size_t rows, const float *x, float *y) {
    (void)layer;
    return bl_convolution_forward(state, rows, x, y);
}

static bl_err backward(const bl_layer *layer, void *state, size_t rows, const size_t *row, const float *x,
                       const float *y, const float *dy, float *dx) {
    (void)layer, (void)row, (void)x, (void)y;
    return bl_convolution_backward(state, rows, dy, dx);
}

static bl_err backward_weights(const bl_layer *layer, void *state, size_t rows, const float *x,
                               const float *dy, float *dweight, float *dbias) {
    (void)layer, (void)rows;
    return bl_convolution_backward_weights(state, x, dy, dweight, dbias);
}

static size_t work64(const bl_layer *layer) {
    const bl_convolution_shape shape = shape_of(layer);
    return bl_layer_conv2d_work64(&shape);
}

static void forward64(const bl_layer *layer, size_t rows, const double *x, double *y, double *work) {
    const bl_convolution_shape shape = shape_of(layer);
    bl_layer_conv2d_forward64(layer, &shape, rows, x, y, work);
}

const bl_layer_ops bl_layer_conv2d_ops = {.name = "conv2d",
                                          .spatial = true,
                                          .fit = fit,
                                          .weights = weights,
                                          .biases = biases,
                                          .multiply_adds = multiply_adds,
                                          .create = create,
                                          .destroy = destroy,
                                          .memory = memory,
                                          .load = load,
                                          .forward = forward,
                                          .backward = backward,
                                          .backward_weights = backward_weights,
                                          .work64 = work64,
                                          .forward64 = forward64};
