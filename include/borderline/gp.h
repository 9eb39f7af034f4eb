/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The Gaussian-process limit of wide networks: kernels (THEORY section 3) and predictions (section 4).
 */
#ifndef BORDERLINE_GP_H
#define BORDERLINE_GP_H

#include "borderline/config.h"
#include <stddef.h>

/* One logit of an infinitely wide dense network. */
typedef struct bl_gp_model {
    bl_activation activation;
    double negative_slope;
    double weight_variance, bias_variance;
    size_t depth; /* hidden layers */
} bl_gp_model;

BL_API bl_gp_model bl_gp_model_of(const bl_config *config, size_t depth);

/** One layer of the recursion, and its derivative: V = E[phi(u) phi(v)], dV = E[phi'(u) phi'(v)] for (u, v)
 * centred Gaussian with variances k1, k2 and covariance k.
 *
 * Math:        closed forms for relu, leaky_relu (NOTES: two-slope), erf (Williams 1997), gelu; Gauss-Hermite
 * quadrature for tanh, to 1e-10.
 */
BL_API void bl_nngp_layer(const bl_gp_model *model, double k1, double k2, double k, double *v, double *dv);

/** NNGP kernel of one logit between two lists of inputs.
 *
 * Math:        K^1 = sigma_b^2 + sigma_w^2 <x, y>/n; K^{l+1} = sigma_b^2 + sigma_w^2 V(K^l) (Lee et al.
 * 2018). Shapes:      x[rows][n], y[columns][n] float32; kernel[rows][columns] float64.
 */
BL_API bl_err bl_nngp_kernel(const bl_gp_model *model, size_t n, size_t rows, const float *x, size_t columns,
                             const float *y, double *kernel) BL_NODISCARD;

/* The GP and its gradient at one point x, |x|^2/n = q: f, the derivative along x/|x|, and one derivative
 * across. */
typedef struct bl_gp_local {
    double value;        /* Var f */
    double value_radial; /* Cov(f, df/dr) */
    double radial;       /* Var df/dr */
    double across;       /* Var of a derivative across; A = across I + (radial - across) x x^T/|x|^2 */
} bl_gp_local;

/** Joint law of f and its gradient at a point of squared length n q, by a recursion of one-dimensional
 * expectations. */
BL_API bl_gp_local bl_nngp_local(const bl_gp_model *model, size_t n, double q);

/** First-order law: quantiles of the distance that the linearised GP predicts.
 *
 * Math:        for inputs x0 of the configuration's law, logits and gradients drawn from bl_nngp_local, the
 * smallest linear step (box included) to another class; THEORY section 4. Shapes:      level[levels];
 * quantile[p_count][levels] and error[p_count] = standard error of the median from the Monte Carlo.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_predict_first_order(const bl_config *config, size_t depth, size_t dimension, bl_box box,
                                     size_t draws, size_t levels, const double *level, double *quantile,
                                     double *error) BL_NODISCARD;

/** Guaranteed median: the largest eps for which the rigorous lower tail of THEORY section 4 keeps P(d_p <=
 * eps) <= 1/2.
 *
 * Shapes:      one number for the case and p >= 1; NaN for p = 0.
 */
BL_API bl_err bl_predict_guaranteed_median(const bl_config *config, size_t depth, size_t dimension, double p,
                                           double *eps) BL_NODISCARD;

#endif
