/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A network as a chain of dense matrices with relu or leaky_relu between them. Private to src/certify.
 */
#ifndef BORDERLINE_CERTIFY_RELU_CHAIN_H
#define BORDERLINE_CERTIFY_RELU_CHAIN_H

#include "borderline/network.h"

/* z_1 = W_0 x + b_0, z_{l+1} = W_l phi(z_l) + b_l, logits = z_{depth+1}. Neurons of all hidden layers are numbered through:
 * layer l (1 to depth) has offset[l - 1] to offset[l] - 1. Every number is exactly the network's. */
typedef struct bl_relu_chain {
    const bl_network *network;
    size_t depth;
    size_t n, classes, neurons;
    size_t *width;           /* [depth + 2]: n, hidden widths, classes */
    size_t *offset;          /* [depth + 1] */
    size_t *activation;      /* [depth] numbers of the network's activation layers */
    double **weight, **bias; /* [depth + 1]: [width[l + 1]][width[l]], [width[l + 1]] */
    double slope;            /* phi(x) = x for x > 0, else slope x */
    double *gram;            /* [width[1]][width[1]] W_0 W_0^T, both triangles */
} bl_relu_chain;

/** *out = the network as a chain; NULL where it is none: another activation, a residual sum, two layers with weights between
 * activations, or matrices of more than BL_RELU_CHAIN_NUMBERS numbers. A convolution, with what pools before it, becomes one
 * matrix.
 * Collective:  no. */
BL_API bl_err bl_relu_chain_create(const bl_network *network, bl_relu_chain **out) BL_NODISCARD;
BL_API void bl_relu_chain_destroy(bl_relu_chain **chain);

/** logit[class] - logit[other] at x[n], in float64; work[2 max of widths]. Collective: no. */
double bl_relu_chain_margin(const bl_relu_chain *chain, size_t class, size_t other, const double *x,
                            double *work);

enum { BL_RELU_CHAIN_NUMBERS = 1 << 23, BL_RELU_CHAIN_NEURONS = 4096 };

#endif
