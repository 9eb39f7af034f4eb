/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The linear layers of a network in float64: forward on one vector, with and without absolute values, and transposed on
 * many rows. Private to src/certify.
 */
#ifndef BORDERLINE_CERTIFY_LINEAR_H
#define BORDERLINE_CERTIFY_LINEAR_H

#include "borderline/network.h"

/* A layer as x -> W x + b. An activation, flatten or residual_begin, and a residual_end without a convolution: W = 1. */
typedef struct bl_linear {
    const bl_layer *layer;
    bl_image in;   /* what W works on; a residual_end: the saved numbers */
    size_t inputs; /* of W */
    size_t before[2];
    double *weight; /* the layer's, in float64; NULL: none */
    double *bias;   /* [outputs]; NULL: none */
    size_t terms;   /* most terms in one sum of W x or W^T a */
    double work;    /* multiply-adds of W x */
} bl_linear;

bl_err bl_linear_create(const bl_layer *layer, bl_linear *linear) BL_NODISCARD;
void bl_linear_clear(bl_linear *linear);

/* Multiply-adds of W x of such a layer; its weight may be absent. */
double bl_linear_work(const bl_layer *layer);

/* y[outputs] = W x, or |W| x; the bias is not added. y may not be x. */
void bl_linear_forward(const bl_linear *linear, bool absolute, const double *x, double *y);

/* y[rows] = |W| x of W[rows][columns]. */
void bl_absolute_product(size_t rows, size_t columns, const double *w, const double *x, double *y);

/* B[rows][inputs] = A[rows][outputs] W. B may not be A. */
void bl_linear_transposed(const bl_linear *linear, size_t rows, const double *a, double *b);

#endif
