/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Average pooling: means over windows that do not overlap; pixels past the last whole window are left out.
 */
#include "image.h"
#include "layer.h"

#include <string.h>

static bl_err fit(bl_layer *layer) {
    bl_err err = BL_OK;
    const bl_image in = layer->in;
    BL_REQUIRE(in.channels > 0, BL_ERR_INPUT,
               "pooling needs an image: the input's shape as [C, H, W], and no dense or flatten before it");
    BL_REQUIRE(layer->kernel[0] > 0 && layer->kernel[1] > 0, BL_ERR_INPUT, "the window is empty");
    BL_REQUIRE(in.height >= layer->kernel[0] && in.width >= layer->kernel[1], BL_ERR_INPUT,
               "an image of %zu x %zu pixels is too small for a window of %zu x %zu", in.height, in.width,
               layer->kernel[0], layer->kernel[1]);
    layer->out = (bl_image){in.channels, in.height / layer->kernel[0], in.width / layer->kernel[1]};
cleanup:
    return err;
}

static void pool_image(const bl_layer *layer, const float *restrict x, float *restrict y) {
    const bl_image in = layer->in, out = layer->out;
    const size_t channels = in.channels;
    const float share = 1.0F / (float)(layer->kernel[0] * layer->kernel[1]);
    for (size_t h = 0; h < out.height; h++)
        for (size_t w = 0; w < out.width; w++) {
            float *mean = y + (h * out.width + w) * channels;
            memset(mean, 0, channels * sizeof *mean);
            for (size_t i = 0; i < layer->kernel[0]; i++)
                for (size_t j = 0; j < layer->kernel[1]; j++) {
                    const float *pixel =
                        x + ((h * layer->kernel[0] + i) * in.width + w * layer->kernel[1] + j) * channels;
                    for (size_t c = 0; c < channels; c++)
                        mean[c] += share * pixel[c];
                }
        }
}

static bl_err forward(const bl_layer *layer, void *state, size_t rows, const float *x, float *y) {
    (void)state;
    for (size_t i = 0; i < rows; i++)
        pool_image(layer, x + i * layer->inputs, y + i * layer->outputs);
    return BL_OK;
}

static void spread_image(const bl_layer *layer, const float *restrict dy, float *restrict dx) {
    const bl_image in = layer->in, out = layer->out;
    const size_t channels = in.channels;
    const float share = 1.0F / (float)(layer->kernel[0] * layer->kernel[1]);
    for (size_t h = 0; h < in.height; h++)
        for (size_t w = 0; w < in.width; w++) {
            const size_t row = h / layer->kernel[0], column = w / layer->kernel[1];
            float *pixel = dx + (h * in.width + w) * channels;
            if (row >= out.height || column >= out.width) {
                memset(pixel, 0, channels * sizeof *pixel);
                continue;
            }
            const float *mean = dy + (row * out.width + column) * channels;
            for (size_t c = 0; c < channels; c++)
                pixel[c] = share * mean[c];
        }
}

static bl_err backward(const bl_layer *layer, void *state, size_t rows, const size_t *row, const float *x,
                       const float *y, const float *dy, float *dx) {
    (void)state, (void)row, (void)x, (void)y;
    for (size_t i = 0; i < rows; i++)
        spread_image(layer, dy + i * layer->outputs, dx + i * layer->inputs);
    return BL_OK;
}

/* of one channel of one image */
static void pool64(const bl_layer *layer, const double *x, double *y) {
    for (size_t h = 0; h < layer->out.height; h++)
        for (size_t w = 0; w < layer->out.width; w++) {
            double sum = 0.0;
            for (size_t i = 0; i < layer->kernel[0]; i++)
                for (size_t j = 0; j < layer->kernel[1]; j++)
                    sum += x[(h * layer->kernel[0] + i) * layer->in.width + w * layer->kernel[1] + j];
            y[h * layer->out.width + w] = sum / (double)(layer->kernel[0] * layer->kernel[1]);
        }
}

static void forward64(const bl_layer *layer, size_t rows, const double *x, double *y, double *work) {
    (void)work;
    const size_t from = layer->in.height * layer->in.width, to = layer->out.height * layer->out.width;
    for (size_t i = 0; i < rows * layer->in.channels; i++)
        pool64(layer, x + i * from, y + i * to);
}

const bl_layer_ops bl_layer_avgpool2d_ops = {.name = "avgpool2d",
                                             .spatial = true,
                                             .fit = fit,
                                             .forward = forward,
                                             .backward = backward,
                                             .forward64 = forward64};
