/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the pass engine and the checks need of a kind of layer: one file per kind fills one table. Private to src/network.
 */
#ifndef BORDERLINE_NETWORK_LAYER_H
#define BORDERLINE_NETWORK_LAYER_H

#include "borderline/network.h"
#include "product.h"

/* Every function but `fit` may be NULL where the comment says so. Activations are rows: x[rows][inputs],
 * y[rows][outputs]. `rows` is the padded batch: the rows after the caller's points are numbers without
 * meaning, finite, and cost only their arithmetic.
 *
 * A network with a layer that works on images has them in the order [height][width][channels] from its input to its
 * flatten layer, in float32; in float64, and in all other networks, numbers keep the order of the input. */
typedef struct bl_layer_ops {
    const char *name;
    bool spatial; /* works on images (a residual sum: only with a convolution) */

    /* Outputs from what comes in: inputs, in (and side) are set. Message without the layer's number. */
    bl_err (*fit)(bl_layer *layer);

    /* Numbers in the weight and the bias; multiply-adds of one point forward. NULL: none. */
    size_t (*weights)(const bl_layer *layer);
    size_t (*biases)(const bl_layer *layer);
    double (*multiply_adds)(const bl_layer *layer);

    /* The state that the float32 engine keeps for a layer of this shape and at most `batch` rows (NULL: none is needed), and
     * its bytes. */
    bl_err (*create)(bl_product_context *context, const bl_layer *layer, size_t batch, void **state);
    void (*destroy)(void **state);
    size_t (*memory)(const bl_layer *layer, size_t batch);
    bl_err (*load)(void *state, const bl_layer *layer);

    /* y from x. NULL: y is x, or `join` makes it. */
    bl_err (*forward)(const bl_layer *layer, void *state, size_t rows, const float *x, float *y);

    /* dx[i] = (dy/dx at row[i] of the last forward batch)^T dy[i]; x and y are that batch's. dx may not be
     * dy.
     */
    bl_err (*backward)(const bl_layer *layer, void *state, size_t rows, const size_t *row, const float *x,
                       const float *y, const float *dy, float *dx);

    /* The gradients with respect to weight and bias (NULL without) summed over the rows of a full batch; x is what
     * the weights were applied to (of a residual sum: side). */
    bl_err (*backward_weights)(const bl_layer *layer, void *state, size_t rows, const float *x,
                               const float *dy, float *dweight, float *dbias);

    /* y = x + shortcut(side), where side is what the matching residual_begin saw, and dside = shortcut^T dy. */
    bl_err (*join)(const bl_layer *layer, void *state, size_t rows, const float *x, const float *side,
                   float *y);
    bl_err (*split)(const bl_layer *layer, void *state, size_t rows, const float *dy, float *dside);

    /* The same in float64, by a path that shares nothing with the float32 one but the weights; `work` holds
     * work64 numbers (NULL: none). */
    size_t (*work64)(const bl_layer *layer);
    void (*forward64)(const bl_layer *layer, size_t rows, const double *x, double *y, double *work);
    void (*join64)(const bl_layer *layer, size_t rows, const double *x, const double *side, double *y,
                   double *work);
} bl_layer_ops;

extern const bl_layer_ops bl_layer_dense_ops, bl_layer_activation_ops, bl_layer_flatten_ops,
    bl_layer_conv2d_ops, bl_layer_avgpool2d_ops, bl_layer_residual_begin_ops, bl_layer_residual_end_ops;

/* The table of a kind; NULL for a number that is no kind. */
const bl_layer_ops *bl_layer_ops_of(bl_layer_kind kind);

/* Whether a fitted layer works on images. */
bool bl_layer_is_spatial(const bl_layer *layer);

#endif
