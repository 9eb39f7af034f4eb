/* SPDX-License-Identifier: BSD-3-Clause */
#include "relu_chain.h"
#include "base/blas.h"
#include "base/mem.h"
#include "linear.h"

#include <string.h>

/* Halves, quarters, ...: then weight / window is exact. */
static bool is_power_of_two(size_t k) {
    return k > 0 && (k & (k - 1)) == 0;
}

/* The layers between two activations: pools and flattens, then one layer with weights. */
static bool is_one_matrix(const bl_network *network, size_t first, size_t last) {
    for (size_t l = first; l < last; l++) {
        const bl_layer *layer = &network->layer[l];
        const bool weights = layer->kind == BL_LAYER_DENSE || layer->kind == BL_LAYER_CONV2D;
        const bool pool =
            layer->kind == BL_LAYER_AVGPOOL2D && is_power_of_two(layer->kernel[0] * layer->kernel[1]);
        if (l + 1 == last ? !weights : !(pool || layer->kind == BL_LAYER_FLATTEN))
            return false;
    }
    return last > first;
}

static bool is_piecewise_linear(const bl_layer *layer) {
    return layer->activation == BL_RELU || layer->activation == BL_LEAKY_RELU;
}

static double slope_of(const bl_layer *layer) {
    return layer->activation == BL_RELU ? 0.0 : layer->negative_slope;
}

/* The end of the layers from `first` that make one matrix: an activation, or the end of the network. */
static size_t end_of_matrix(const bl_network *network, size_t first) {
    size_t l = first;
    while (l < network->layer_count && network->layer[l].kind != BL_LAYER_ACTIVATION)
        l++;
    return l;
}

static bool is_chain(const bl_network *network, size_t *depth, double *slope) {
    size_t neurons = 0, first = 0;
    for (*depth = 0;; ++*depth) {
        const size_t last = end_of_matrix(network, first);
        if (!is_one_matrix(network, first, last))
            return false;
        const double numbers =
            (double)network->layer[first].inputs * (double)network->layer[last - 1].outputs;
        if (numbers > BL_RELU_CHAIN_NUMBERS)
            return false;
        if (last == network->layer_count)
            return *depth > 0 && neurons <= BL_RELU_CHAIN_NEURONS;
        const bl_layer *layer = &network->layer[last];
        if (!is_piecewise_linear(layer) || (*depth > 0 && slope_of(layer) != *slope))
            return false;
        *slope = slope_of(layer);
        if (!(*slope >= 0.0 && *slope < 1.0))
            return false;
        neurons += layer->outputs;
        first = last + 1;
    }
}

/* Layers first to last - 1 as one matrix: rows of the last one's weights, put backwards through those before. */
static bl_err make_matrix(const bl_network *network, size_t first, size_t last, double **weight,
                          double **bias) {
    bl_err err = BL_OK;
    bl_linear linear = {0};
    const size_t rows = network->layer[last - 1].outputs;
    double *matrix = NULL, *next = NULL;
    BL_ALLOC(*bias, rows);
    BL_ALLOC(matrix, rows * rows);
    for (size_t i = 0; i < rows; i++)
        matrix[i * rows + i] = 1.0;
    for (size_t l = last; l-- > first;) {
        BL_TRY(bl_linear_create(&network->layer[l], &linear));
        if (linear.bias)
            memcpy(*bias, linear.bias, rows * sizeof **bias);
        BL_ALLOC(next, rows * linear.inputs);
        bl_linear_transposed(&linear, rows, matrix, next);
        bl_linear_clear(&linear);
        bl_mem_free(matrix);
        matrix = next;
        next = NULL;
    }
    *weight = matrix;
    matrix = NULL;
cleanup:
    bl_linear_clear(&linear);
    bl_mem_free(matrix);
    bl_mem_free(next);
    return err;
}

static bl_err fill_chain(bl_relu_chain *c) {
    bl_err err = BL_OK;
    size_t first = 0;
    BL_ALLOC(c->width, c->depth + 2);
    BL_ALLOC(c->offset, c->depth + 1);
    BL_ALLOC(c->activation, c->depth);
    BL_ALLOC(c->weight, c->depth + 1);
    BL_ALLOC(c->bias, c->depth + 1);
    c->width[0] = c->n;
    for (size_t l = 0; l <= c->depth; l++) {
        const size_t last = end_of_matrix(c->network, first);
        BL_TRY(make_matrix(c->network, first, last, &c->weight[l], &c->bias[l]));
        c->width[l + 1] = c->network->layer[last - 1].outputs;
        if (l < c->depth) {
            c->activation[l] = last;
            c->offset[l + 1] = c->offset[l] + c->width[l + 1];
        }
        first = last + 1;
    }
    c->neurons = c->offset[c->depth];
    const size_t rows = c->width[1];
    BL_ALLOC(c->gram, rows * rows);
    bl_blas_syrk(rows, c->n, 1.0, c->weight[0], c->n, 0.0, c->gram, rows);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < i; j++)
            c->gram[j * rows + i] = c->gram[i * rows + j];
cleanup:
    return err;
}

bl_err bl_relu_chain_create(const bl_network *network, bl_relu_chain **out) {
    bl_err err = BL_OK;
    bl_relu_chain *c = NULL;
    size_t depth;
    double slope = 0.0;
    *out = NULL;
    if (!is_chain(network, &depth, &slope))
        return BL_OK;
    BL_ALLOC(c, 1);
    *c = (bl_relu_chain){.network = network,
                         .depth = depth,
                         .n = network->dimension,
                         .classes = network->classes,
                         .slope = slope};
    BL_TRY(fill_chain(c));
    *out = c;
    c = NULL;
cleanup:
    bl_relu_chain_destroy(&c);
    return err;
}

void bl_relu_chain_destroy(bl_relu_chain **chain) {
    bl_relu_chain *c = *chain;
    if (!c)
        return;
    for (size_t l = 0; l <= c->depth; l++) {
        if (c->weight)
            bl_mem_free(c->weight[l]);
        if (c->bias)
            bl_mem_free(c->bias[l]);
    }
    bl_mem_free(c->width);
    bl_mem_free(c->offset);
    bl_mem_free(c->activation);
    bl_mem_free(c->weight);
    bl_mem_free(c->bias);
    bl_mem_free(c->gram);
    bl_mem_free(c);
    *chain = NULL;
}

double bl_relu_chain_margin(const bl_relu_chain *c, size_t class, size_t other, const double *x,
                            double *work) {
    size_t widest = 0;
    const double *from = x;
    for (size_t l = 1; l <= c->depth; l++)
        widest = c->width[l] > widest ? c->width[l] : widest;
    for (size_t l = 0; l < c->depth; l++) {
        double *to = work + (l % 2) * widest;
        memcpy(to, c->bias[l], c->width[l + 1] * sizeof *to);
        bl_blas_gemv(false, c->width[l + 1], c->width[l], 1.0, c->weight[l], c->width[l], from, 1.0, to);
        for (size_t i = 0; i < c->width[l + 1]; i++)
            to[i] = to[i] > 0.0 ? to[i] : c->slope * to[i];
        from = to;
    }
    const size_t last = c->width[c->depth];
    const double *weight = c->weight[c->depth], *bias = c->bias[c->depth];
    return bl_blas_dot(last, weight + class * last, from) - bl_blas_dot(last, weight + other * last, from) +
           bias[class] - bias[other];
}
