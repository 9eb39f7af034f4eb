/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Dense layers: y = x W^T + b. The gradient is a forward product with W^T, which has a packing of its own: oneDNN's
 * backward primitive is slower at the batch sizes of a search.
 */
#include "layer.h"
#include "pass_float64.h"

#include "base/mem.h"

typedef struct dense_state {
    bl_product *forward, *backward;
} dense_state;

static bl_err fit(bl_layer *layer) {
    bl_err err = BL_OK;
    layer->in = layer->out = (bl_image){0};
    BL_REQUIRE(layer->outputs > 0, BL_ERR_INPUT, "the weight has no rows");
    BL_REQUIRE(layer->inputs <= SIZE_MAX / sizeof(float) / layer->outputs, BL_ERR_INPUT,
               "%zu x %zu weights are more than this machine can address", layer->outputs, layer->inputs);
cleanup:
    return err;
}

static size_t weights(const bl_layer *layer) {
    return layer->outputs * layer->inputs;
}

static size_t biases(const bl_layer *layer) {
    return layer->outputs;
}

static double multiply_adds(const bl_layer *layer) {
    return (double)layer->outputs * (double)layer->inputs;
}

static void destroy(void **state) {
    dense_state *dense = *state;
    if (!dense)
        return;
    bl_product_destroy(&dense->forward);
    bl_product_destroy(&dense->backward);
    bl_mem_free(dense);
    *state = NULL;
}

static bl_err create(bl_product_context *context, const bl_layer *layer, size_t batch, void **state) {
    bl_err err = BL_OK;
    dense_state *dense = NULL;
    BL_ALLOC(dense, 1);
    *state = dense;
    BL_TRY(bl_product_create(context, layer->outputs, layer->inputs, layer->bias != NULL, batch,
                             &dense->forward));
    BL_TRY(bl_product_create(context, layer->inputs, layer->outputs, false, batch, &dense->backward));
cleanup:
    if (err != BL_OK)
        destroy(state);
    return err;
}

static size_t memory(const bl_layer *layer, size_t batch) {
    return bl_product_memory(layer->outputs, layer->inputs, batch) +
           bl_product_memory(layer->inputs, layer->outputs, batch);
}

static bl_err load(void *state, const bl_layer *layer) {
    bl_err err = BL_OK;
    dense_state *dense = state;
    BL_TRY(bl_product_load(dense->forward, layer->weight, false, layer->bias));
    BL_TRY(bl_product_load(dense->backward, layer->weight, true, NULL));
cleanup:
    return err;
}

static bl_err forward(const bl_layer *layer, void *state, size_t rows, const float *x, float *y) {
    (void)layer;
    return bl_product_run(((dense_state *)state)->forward, rows, x, y);
}

static bl_err backward(const bl_layer *layer, void *state, size_t rows, const size_t *row, const float *x,
                       const float *y, const float *dy, float *dx) {
    (void)layer, (void)row, (void)x, (void)y;
    return bl_product_run(((dense_state *)state)->backward, rows, dy, dx);
}

static bl_err backward_weights(const bl_layer *layer, void *state, size_t rows, const float *x,
                               const float *dy, float *dweight, float *dbias) {
    (void)state;
    for (size_t o = 0; dbias && o < layer->outputs; o++) {
        dbias[o] = 0.0F;
        for (size_t i = 0; i < rows; i++)
            dbias[o] += dy[i * layer->outputs + o];
    }
    return bl_product_outer(rows, layer->outputs, layer->inputs, dy, x, dweight);
}

static void forward64(const bl_layer *layer, size_t rows, const double *x, double *y, double *work) {
    (void)work;
    bl_pass_float64_dense(layer, rows, x, y);
}

const bl_layer_ops bl_layer_dense_ops = {.name = "dense",
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
                                         .forward64 = forward64};
