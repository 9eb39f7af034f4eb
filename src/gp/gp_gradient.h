/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Value and gradient of one logit of an infinitely wide network of layers at an input, drawn; and a bound of
 * the gradient's covariance at all inputs. Private to src/gp.
 */
#ifndef BORDERLINE_GP_GRADIENT_H
#define BORDERLINE_GP_GRADIENT_H

#include "borderline/gp.h"

typedef struct bl_gp_gradient {
    const bl_gp_network *network;                /* borrowed */
    const float *x;                              /* the input at hand, borrowed */
    size_t channels, height, width, band, reach; /* reach: below the diagonal of `factor` */
    bool correlated;                             /* relu or leaky_relu throughout */
    bool homogeneous;                            /* and no biases: f(x) = <x, grad f(x)> */
    double variance;                             /* of f */
    double *slope;                               /* as bl_gp_slopes gives them */
    double *factor;                              /* [pixels][reach + 1]: L[s][s - reach .. s] */
    double *along;                               /* [n]: slope x */
    double product;                              /* x slope x */
} bl_gp_gradient;

bl_err bl_gp_gradient_create(const bl_gp_network *network, bl_gp_gradient *g) BL_NODISCARD;
void bl_gp_gradient_clear(bl_gp_gradient *g);

/* The law at x, which must stay while it is drawn from: of value and gradient over the power of two of f's deviation, so that
 * float32 holds them. */
bl_err bl_gp_gradient_at(bl_gp_gradient *g, const float *x) BL_NODISCARD;

/* Standard normals z[n] become a gradient, given the value f; `residual` is one more standard normal. */
void bl_gp_gradient_draw(const bl_gp_gradient *g, double f, double residual, float *z);

/* Variance of a derivative of one logit at any input, bounded: Cov grad f(x) <= diag(bound), equal over
 * channels, for all x. bound[pixels]. */
bl_err bl_gp_gradient_bound(const bl_gp_network *network, double *bound) BL_NODISCARD;

#endif
