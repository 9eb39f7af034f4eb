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

/** The model that the networks of a configuration tend to at this depth. Collective: no. */
BL_API bl_gp_model bl_gp_model_of(const bl_config *config, size_t depth);

/* --- kernels --- */

/** One layer of the recursion and its derivative.
 *
 * Math:        V = E[phi(u) phi(v)], dV = E[phi'(u) phi'(v)] = dV/dk for (u, v) centred Gaussian with
 *              variances k1, k2 and covariance k. Closed forms for relu, leaky_relu (Cho and Saul 2009;
 *              NOTES: two-slope), erf (Williams 1997) and gelu. tanh is a mixture of erf, tanh x = E erf(x /
 *              (sqrt(2) X)) with X of Kolmogorov's distribution (Andrews and Mallows 1974, Stefanski 1991): a
 *              double sum of closed forms over 25 nodes, error under 1e-14 for all variances and
 *              correlations.
 * Collective:  no.
 * @param[in] k1, k2  >= 0
 * @param[in] k       |k| <= sqrt(k1 k2); rounding beyond it is harmless
 * @param[out] v, dv  dv may be NULL
 */
BL_API void bl_nngp_layer(const bl_gp_model *model, double k1, double k2, double k, double *v, double *dv);

/** NNGP kernel of one logit between two lists of inputs.
 *
 * Math:        K^1 = sigma_b^2 + sigma_w^2 <x, y>/n; K^{l+1} = sigma_b^2 + sigma_w^2 V(K^l), `depth` times
 *              (Lee et al. 2018). The kernel of the difference of two logits is twice that.
 * Shapes:      x[rows][n], y[columns][n] float32; kernel[rows][columns] float64. Where x == y and rows ==
 *              columns half the work is done and the result is exactly symmetric.
 * Collective:  no.
 * Ownership:   all borrowed; kernel is written.
 * @return BL_OK; BL_ERR_MEMORY.
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

/** Joint law of f and its gradient at a point of squared length n q.
 *
 * Math:        THEORY section 4, by a recursion over layers on the covariances of the pre-activations z and
 *              their derivatives z' = (Kzd/Kzz) z + residual: E phi^2, E phi phi' z, E phi'^2 z^2, E phi'^2
 *              of one Gaussian, closed for relu and leaky_relu, else by the trapezoidal rule, halved until it
 *              stands to 1e-12. f is independent of the derivatives across x. At q = 0 without bias the limit
 *              q -> 0 for relu.
 * Collective:  no.
 */
BL_API bl_gp_local bl_nngp_local(const bl_gp_model *model, size_t n, double q);

/* --- kernels of sampled networks --- */

/** Products of rows in float64.
 *
 * Math:        out = keep out + scale X Y^T; float32 entries, products and sums in float64.
 * Shapes:      x[rows][n], y[columns][n], out[rows][columns]. Where x == y and rows == columns the result is
 *              exactly symmetric (if out was).
 * Collective:  no.
 * Ownership:   all borrowed; out is written. Work space 2 KiB a row.
 * @param[in] keep  0 (out need not be initialised) or 1
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_gram_product(size_t n, size_t rows, const float *x, size_t columns, const float *y,
                              double scale, double keep, double *out) BL_NODISCARD;

/** Add one network's kernel from the features of its last hidden layer.
 *
 * Math:        gram += sigma_b^2 + sigma_w^2/N H H^T (THEORY section 3). Over networks its expectation is the
 *              kernel of one logit, bl_nngp_kernel, up to O(1/N).
 * Shapes:      features[inputs][width] float32; gram[inputs][inputs].
 * Collective:  no.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_empirical_add_features(const bl_gp_model *model, size_t inputs, size_t width,
                                        const float *features, double *gram) BL_NODISCARD;

/** Add one network's kernel from its outputs.
 *
 * Math:        gram_ij += sum_c (z_c(x_i) - mean_c z(x_i)) (z_c(x_j) - mean_c z(x_j)) / (C - 1): the
 *              covariance of the C independent logits, so its expectation is again the kernel of one logit.
 *              For two classes it is f(x_i) f(x_j) / 2 with f = z_1 - z_0.
 * Shapes:      logits[inputs][classes] float32, classes >= 2; gram[inputs][inputs].
 * Collective:  no.
 */
BL_API void bl_empirical_add_outputs(size_t inputs, size_t classes, const float *logits, double *gram);

/** Relative deviation of two kernels.
 *
 * Math:        |scale A - B|_F / |B|_F; scale = 1/networks turns a sum over networks into their mean.
 * Shapes:      a, b [inputs][inputs].
 * Collective:  no.
 */
BL_API double bl_empirical_deviation(size_t inputs, double scale, const double *a, const double *b);

/** How far outputs over networks are from Gaussian.
 *
 * Math:        mean over inputs of the excess kurtosis over samples, in the form that is unbiased for
 *              Gaussian samples: (S - 1)((S + 1) g + 6) / ((S - 2)(S - 3)), g = m4/m2^2 - 3, S = number of
 *              samples (plain g would be -6/(S + 1)). 0 in the infinite-width limit, O(1/N) at width N.
 * Shapes:      output[samples][inputs]: f or a logit of each network at each kernel input; NaN left out.
 * Collective:  no.
 * @param[out] kurtosis  NaN with fewer than four samples
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_empirical_kurtosis(size_t samples, size_t inputs, const double *output,
                                    double *kurtosis) BL_NODISCARD;

/* --- predictions --- */

/** First-order law: quantiles of the distance that the linearised GP predicts.
 *
 * Math:        for inputs x0 of the configuration's law, logits and gradients drawn from bl_nngp_local, the
 *              smallest linear step to another class (THEORY sections 2 and 4). For two classes the margin is
 *              drawn from `draws` strata of equal probability. The error is the square root of the sum of the
 *              strata's variances p (1 - p), from successive draws, over the density at the median.
 * Shapes:      level[levels]; quantile[p_count][levels] and error[p_count] (standard error of the median), p
 *              of the configuration; NaN where no point of the box reaches the plane.
 * Collective:  no; the result is a function of the arguments alone (BL_PURPOSE_PREDICTION, case = dimension +
 *              2^24 depth, network = draw).
 * Cost:        linear in draws x dimension x p_count: 4,096 draws, dimension 3,072, three p take 0.3 s.
 * @param[in] box    the box of the step: the configuration's, or an unbounded one
 * @param[in] draws  at least 2
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_predict_first_order(const bl_config *config, size_t depth, size_t dimension, bl_box box,
                                     size_t draws, size_t levels, const double *level, double *quantile,
                                     double *error) BL_NODISCARD;

/** Guaranteed median: the largest eps for which a rigorous lower tail keeps P(d_p <= eps) <= 1/2, in the GP
 * limit.
 *
 * Math:        THEORY section 4, 'A rigorous lower tail', averaged over 64 inputs of the configuration's law:
 *              P(d_p <= eps) <= min over m >= m0 of P(gap <= m) + C (C - 1) exp(-(m - m0)^2 / (2 s^2)), m0 =
 *              L eps E|G|_q, s = L eps n^max(0, 1/2 - 1/p), gap = the largest minus the second largest of the
 *              C logits, L^2 = the largest eigenvalue of a logit difference's gradient covariance over the
 *              radii that the ball reaches. (With C = 2 this is THEORY's formula; with more, a union over
 *              ordered pairs of classes.) The box is not used: it can only make distances longer.
 * Shapes:      one number for the case and p >= 1; NaN for p = 0.
 * Collective:  no; a function of the arguments alone.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_predict_guaranteed_median(const bl_config *config, size_t depth, size_t dimension, double p,
                                           double *eps) BL_NODISCARD;

/** Mean l^q length of n independent standard normals, or a rigorous upper bound of it.
 *
 * Math:        exact for q = 1, 2 and inf (quadrature of the largest of n); else the least of Jensen's
 *              (n E|g|^q)^(1/q) and, for 1 <= r < q, (E|G|_inf)^(1-r/q) (E|G|_r)^(r/q) (Hoelder).
 * Collective:  no.
 * @param[in] q  in [1, inf]
 */
BL_API double bl_predict_mean_norm(size_t n, double q);

#endif
