/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Linear layers in float64.
 */
#include "linear.h"
#include "base/blas.h"
#include "base/mem.h"
#include "network/image.h"

#include <math.h>
#include <string.h>

static bool is_convolution(const bl_layer *layer) {
    return layer->kind == BL_LAYER_CONV2D || (layer->kind == BL_LAYER_RESIDUAL_END && layer->weight);
}

double bl_linear_work(const bl_layer *layer) {
    const double pixels = (double)(layer->out.height * layer->out.width);
    return (double)bl_layer_weights(layer) * (layer->kind == BL_LAYER_DENSE ? 1.0 : pixels);
}

bl_err bl_linear_create(const bl_layer *layer, bl_linear *linear) {
    bl_err err = BL_OK;
    const size_t weights = layer->weight ? bl_layer_weights(layer) : 0;
    *linear = (bl_linear){.layer = layer, .in = layer->in, .inputs = layer->inputs, .terms = 1};
    if (is_convolution(layer)) {
        const bool shortcut = layer->kind == BL_LAYER_RESIDUAL_END;
        linear->in = shortcut ? layer->side : layer->in;
        linear->inputs = bl_image_numbers(linear->in);
        const size_t window = layer->kernel[0] * layer->kernel[1];
        linear->terms =
            window * (linear->in.channels > layer->out.channels ? linear->in.channels : layer->out.channels);
        const bl_padding padding = shortcut ? BL_PADDING_SAME : layer->padding;
        const size_t size[2] = {linear->in.height, linear->in.width};
        size_t after;
        for (size_t k = 0; k < 2; k++)
            (void)bl_image_windows(size[k], layer->kernel[k], layer->stride, padding, &linear->before[k],
                                   &after);
    } else if (layer->kind == BL_LAYER_DENSE)
        linear->terms = layer->inputs > layer->outputs ? layer->inputs : layer->outputs;
    else if (layer->kind == BL_LAYER_AVGPOOL2D)
        linear->terms = layer->kernel[0] * layer->kernel[1];
    if (weights > 0) {
        BL_ALLOC(linear->weight, weights);
        for (size_t i = 0; i < weights; i++)
            linear->weight[i] = (double)layer->weight[i];
    }
    if (layer->bias) {
        BL_ALLOC(linear->bias, layer->outputs);
        const size_t pixels = layer->outputs / bl_layer_biases(layer);
        for (size_t i = 0; i < layer->outputs; i++)
            linear->bias[i] = (double)layer->bias[i / pixels];
    }
    linear->work = bl_linear_work(layer);
cleanup:
    if (err != BL_OK)
        bl_linear_clear(linear);
    return err;
}

void bl_linear_clear(bl_linear *linear) {
    bl_mem_free(linear->weight);
    bl_mem_free(linear->bias);
    *linear = (bl_linear){0};
}

/* One kernel number of a convolution: the output pixels it serves, first to last, and the input pixel of the first. */
typedef struct span {
    size_t first, last, from; /* last: one beyond */
} span;

static span span_of(size_t size, size_t windows, size_t before, size_t stride, size_t offset) {
    span s = {0, windows, 0};
    if (offset < before)
        s.first = (before - offset + stride - 1) / stride;
    while (s.last > s.first && (s.last - 1) * stride + offset >= size + before)
        s.last--;
    s.from = s.first * stride + offset - before;
    return s;
}

/* For every number of the kernel between channels `in` and `out`: y += w x (transposed: x += w y) on the pixels it joins. */
static void convolve_channels(const bl_linear *c, size_t in, size_t out, bool absolute, bool transposed,
                              double *x, double *y) {
    const bl_layer *layer = c->layer;
    const size_t stride = layer->stride, width = layer->out.width;
    const double *w = c->weight + (out * c->in.channels + in) * layer->kernel[0] * layer->kernel[1];
    for (size_t i = 0; i < layer->kernel[0]; i++) {
        const span rows = span_of(c->in.height, layer->out.height, c->before[0], stride, i);
        for (size_t j = 0; j < layer->kernel[1]; j++) {
            const span columns = span_of(c->in.width, width, c->before[1], stride, j);
            const double factor = absolute ? fabs(w[i * layer->kernel[1] + j]) : w[i * layer->kernel[1] + j];
            const size_t count = columns.last - columns.first;
            for (size_t r = rows.first; r < rows.last; r++) {
                double *to = y + r * width + columns.first;
                double *from = x + (rows.from + (r - rows.first) * stride) * c->in.width + columns.from;
                if (transposed)
                    for (size_t k = 0; k < count; k++)
                        from[k * stride] += factor * to[k];
                else
                    for (size_t k = 0; k < count; k++)
                        to[k] += factor * from[k * stride];
            }
        }
    }
}

static void convolve(const bl_linear *c, bool absolute, bool transposed, double *x, double *y) {
    const size_t from = c->in.height * c->in.width, to = c->layer->out.height * c->layer->out.width;
    for (size_t out = 0; out < c->layer->out.channels; out++)
        for (size_t in = 0; in < c->in.channels; in++)
            convolve_channels(c, in, out, absolute, transposed, x + in * from, y + out * to);
}

/* Means over windows; transposed, each number goes to all of its window. */
static void pool(const bl_layer *layer, bool transposed, double *x, double *y) {
    const bl_image in = layer->in, out = layer->out;
    const double window = (double)(layer->kernel[0] * layer->kernel[1]);
    for (size_t c = 0; c < in.channels; c++)
        for (size_t h = 0; h < out.height * layer->kernel[0]; h++)
            for (size_t w = 0; w < out.width * layer->kernel[1]; w++) {
                double *pixel = x + (c * in.height + h) * in.width + w;
                double *mean = y + (c * out.height + h / layer->kernel[0]) * out.width + w / layer->kernel[1];
                if (transposed)
                    *pixel = *mean / window;
                else
                    *mean += *pixel / window;
            }
}

/* sum |w_k| x_k */
static double absolute_dot(size_t n, const double *w, const double *x) {
    enum { LANES = 8 };
    double lane[LANES] = {0}, sum = 0.0;
    size_t k = 0;
    for (; k + LANES <= n; k += LANES)
        for (size_t j = 0; j < LANES; j++)
            lane[j] += fabs(w[k + j]) * x[k + j];
    for (; k < n; k++)
        sum += fabs(w[k]) * x[k];
    for (size_t j = 0; j < LANES; j++)
        sum += lane[j];
    return sum;
}

void bl_absolute_product(size_t rows, size_t columns, const double *w, const double *x, double *y) {
    for (size_t i = 0; i < rows; i++)
        y[i] = absolute_dot(columns, w + i * columns, x);
}

void bl_linear_forward(const bl_linear *linear, bool absolute, const double *x, double *y) {
    const bl_layer *layer = linear->layer;
    double *from = (double *)x; /* only read */
    if (layer->kind == BL_LAYER_DENSE && absolute)
        bl_absolute_product(layer->outputs, layer->inputs, linear->weight, x, y);
    else if (layer->kind == BL_LAYER_DENSE)
        bl_blas_gemv(false, layer->outputs, layer->inputs, 1.0, linear->weight, layer->inputs, x, 0.0, y);
    else if (is_convolution(layer) || layer->kind == BL_LAYER_AVGPOOL2D) {
        memset(y, 0, layer->outputs * sizeof *y);
        if (layer->kind == BL_LAYER_AVGPOOL2D)
            pool(layer, false, from, y);
        else
            convolve(linear, absolute, false, from, y);
    } else
        memcpy(y, x, layer->outputs * sizeof *y);
}

void bl_linear_transposed(const bl_linear *linear, size_t rows, const double *a, double *b) {
    const bl_layer *layer = linear->layer;
    double *from = (double *)a; /* only read */
    if (layer->kind == BL_LAYER_DENSE)
        bl_blas_gemm(false, false, rows, layer->inputs, layer->outputs, 1.0, a, layer->outputs,
                     linear->weight, layer->inputs, 0.0, b, layer->inputs);
    else if (is_convolution(layer) || layer->kind == BL_LAYER_AVGPOOL2D) {
        memset(b, 0, rows * linear->inputs * sizeof *b);
        for (size_t r = 0; r < rows; r++)
            if (layer->kind == BL_LAYER_AVGPOOL2D)
                pool(layer, true, b + r * linear->inputs, from + r * layer->outputs);
            else
                convolve(linear, false, true, b + r * linear->inputs, from + r * layer->outputs);
    } else
        memcpy(b, a, rows * layer->outputs * sizeof *b);
}
