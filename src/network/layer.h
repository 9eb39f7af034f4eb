/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the pass engine and the checks need of a kind of layer: one file a kind fills one table.
 */
#ifndef BORDERLINE_NETWORK_LAYER_H
#define BORDERLINE_NETWORK_LAYER_H

#include "borderline/network.h"
#include "product.h"

/* Every function but `name` may be NULL where the comment says so. Activations are rows: x[rows][inputs],
 * y[rows][outputs]. `rows` is the padded batch: the rows after the caller's points are numbers without
 * meaning, finite, and cost only their arithmetic. */
typedef struct bl_layer_ops {
    const char *name;

    /* What does not fit in the layer alone, message without the layer's number (sizes against the layer
     * before are the caller's). */
    bl_err (*check)(const bl_layer *layer);

    /* Weights and biases; multiply-adds of one point forward. NULL: none. */
    size_t (*parameters)(const bl_layer *layer);
    double (*multiply_adds)(const bl_layer *layer);

    /* The float32 engine's state of a layer of this shape for at most `batch` rows (NULL: it needs none), and
     * the bytes it holds. */
    bl_err (*create)(bl_product_context *context, const bl_layer *layer, size_t batch, void **state);
    void (*destroy)(void **state);
    size_t (*memory)(const bl_layer *layer, size_t batch);
    bl_err (*load)(void *state, const bl_layer *layer);

    /* y from x. NULL: y is x (the numbers are only seen in another shape). */
    bl_err (*forward)(const bl_layer *layer, void *state, size_t rows, const float *x, float *y);

    /* dx[i] = (dy/dx at row[i] of the last forward batch)^T dy[i]; x and y are that batch's. dx may not be
     * dy.
     */
    bl_err (*backward)(const bl_layer *layer, void *state, size_t rows, const size_t *row, const float *x,
                       const float *y, const float *dy, float *dx);

    /* y from x in float64, by a path that shares nothing with the float32 one but the weights. NULL: y is x. */
    void (*forward64)(const bl_layer *layer, size_t rows, const double *x, double *y);
} bl_layer_ops;

extern const bl_layer_ops bl_layer_dense_ops, bl_layer_activation_ops, bl_layer_flatten_ops;

/* The table of a kind; NULL for a number that is no kind. */
const bl_layer_ops *bl_layer_ops_of(bl_layer_kind kind);

#endif
