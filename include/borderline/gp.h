/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The Gaussian-process limit of wide networks: kernels (THEORY.md, section 3) and predictions (section 4).
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

/** The law of one logit that the dense networks of a configuration tend to at this depth. Collective: no. */
BL_API bl_gp_model bl_gp_model_of(const bl_config *config, size_t depth);

/** A model of the same distances whose kernel neither over- nor underflows at any depth, where there is one.
 *
 * Math:        relu and leaky_relu without biases: f is homogeneous in the weights, so with the variance 2/(1 + slope^2), which
 *              keeps K(x, x) = that times |x|^2/n at every depth, f is divided by a constant. Other models: themselves, 1.
 * Collective:  no.
 * @param[out] factor  the configuration's f over that of the model (may be infinite or 0 in float64); NULL allowed
 */
BL_API bl_gp_model bl_gp_model_balanced(const bl_config *config, size_t depth, double *factor);

/* --- kernels --- */

/** One layer of the recursion and its derivative.
 *
 * Math:        V = E[phi(u) phi(v)], dV = E[phi'(u) phi'(v)] = dV/dk for (u, v) centred Gaussian with
 *              variances k1, k2 and covariance k. Closed forms for relu, leaky_relu (Cho and Saul 2009,
 *              Tsuchida et al. 2018), erf (Williams 1997) and gelu (Tsuchida et al. 2021; THEORY.md, section 3.2). tanh is a
 *              mixture of erf, tanh x = E erf(x /
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
 * Math:        THEORY.md, section 4.1, by a recursion over layers on the covariances of the pre-activations z and
 *              their derivatives z' = (Kzd/Kzz) z + residual: E phi^2, E phi phi' z, E phi'^2 z^2, E phi'^2
 *              of one Gaussian, closed for relu and leaky_relu, else by the trapezoidal rule, halved until it
 *              stands to 1e-12. f is independent of the derivatives across x. At q = 0 without bias the limit
 *              q -> 0 for relu.
 * Collective:  no.
 */
BL_API bl_gp_local bl_nngp_local(const bl_gp_model *model, size_t n, double q);

/* --- networks of layers: convolutional, pooling, residual --- */

typedef enum bl_gp_layer_kind {
    BL_GP_DENSE,          /* from all numbers of all pixels to one pixel */
    BL_GP_CONV2D,         /* size x size, stride, same or valid */
    BL_GP_ACTIVATION,     /* activation, negative_slope */
    BL_GP_AVGPOOL2D,      /* size x size windows that do not overlap */
    BL_GP_FLATTEN,        /* no effect: a dense layer takes the pixels as they are */
    BL_GP_RESIDUAL_BEGIN, /* keep the value here ... */
    BL_GP_RESIDUAL_END /* ... and add it; weight_variance > 0: through a 1x1 convolution with this stride */
} bl_gp_layer_kind;

/* One layer of infinitely many channels; members that its kind does not use are 0. */
typedef struct bl_gp_layer {
    bl_gp_layer_kind kind;
    size_t size, stride;
    bool same;              /* padding as TensorFlow's: ceil(in/stride) outputs, the odd zero after */
    double weight_variance; /* times 1/fan_in, fan_in = size x size x channels, or all numbers */
    double bias_variance;
    bl_activation activation;
    double negative_slope;
} bl_gp_layer;

/* A list of layers made ready for an image size. */
typedef struct bl_gp_network bl_gp_network;

/** Make a list of layers ready for images of one size; a plain vector is n channels of one pixel.
 *
 * Math:        the law of one number of the last layer, which must give one pixel (dense), as the channels
 *              of all other layers grow. Covariances between two inputs are kept for the pixel pairs that
 *              the output depends on and no others: equal pixels; with average pooling those whose distance
 *              is at most `band` in each direction, the band following from the layers behind.
 * Collective:  no.
 * Ownership:   layer[count] is copied; *out is the caller's, freed with bl_gp_network_destroy.
 * @return BL_OK; BL_ERR_INPUT (a window larger than its image, an activation of the raw input or of an
 *         activation, residual ends without begin, a sum whose law this recursion does not know, ...) naming
 *         the layer's number; BL_ERR_MEMORY.
 */
BL_API bl_err bl_gp_network_create(size_t channels, size_t height, size_t width, size_t count,
                                   const bl_gp_layer *layer, bl_gp_network **out) BL_NODISCARD;
BL_API void bl_gp_network_destroy(bl_gp_network **network);

/** NNGP kernel of one logit between two lists of images.
 *
 * Math:        convolutional NNGP (Novak et al. 2019, Garriga-Alonso et al. 2019), by pixel pairs (s, t) of the
 *              two inputs: input K = <x_s, y_t>/channels; weights K' = sigma_b^2 + sigma_w^2 mean over the
 *              window of the features' second moments, zero outside the image; activation: bl_nngp_layer;
 *              pooling the mean over both windows. A shortcut that carries Gaussian numbers, or has weights
 *              of its own, adds its covariance. One that carries activations h (the usual residual block,
 *              phi(h + G) with G Gaussian) makes a sum that is NOT Gaussian channel by channel: there the
 *              features are phi(... phi(phi(G_0) + G_1) ... + G_m) with independent Gaussian pairs G_j, and
 *              their second moment is an integral over 2 (m + 1) normals by a fixed lattice rule of 1,024
 *              points (with a control variate for relu and leaky_relu): relative error of a moment under 1e-2,
 *              for correlations above 0.7 under 5e-3.
 * Shapes:      x[rows][channels][height][width], y likewise, float32; kernel[rows][columns] float64. Where
 *              x == y and rows == columns half the work is done and the result is exactly symmetric.
 * Collective:  no.
 * Cost:        per pair and layer pixels x (2 band + 1)^2 closed forms (20 to 40 ns each for relu); about 1 us
 *              per Gaussian pair of a residual chain.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_gp_kernel(const bl_gp_network *network, size_t rows, const float *x, size_t columns,
                           const float *y, double *kernel) BL_NODISCARD;

/** Largest distance, in either direction, of the pixel pairs that bl_gp_slopes gives: 0 without average pooling. Collective: no. */
BL_API size_t bl_gp_band(const bl_gp_network *network);

/** Variance of one logit at x, and how it depends on products of pixels: the gradient's covariance.
 *
 * Math:        the kernel is a function of the products X_st = <x_s, y_t>/channels and of those of x and y
 *              with themselves; slope_st = dK/dX_st/channels at x = y, by the recursion backwards. Then
 *              Cov(df/dx_cs, df/dx_dt) = slope_st delta_cd + (a part spanned by vectors that are multiples of
 *              x at one pixel and zero at the others). For relu and leaky_relu with equal pixels only and no
 *              shortcut that carries activations the second part is zero: E phi'(u)^2 v v' = E v v' (1 + a^2)/2
 *              for centred jointly Gaussian (u, v, v'), by the symmetry of signs, so the gradient's
 *              covariance is exactly diagonal, slope_ss does not depend on x, and Cov(f, df/dx_cs) = slope_ss
 *              x_cs.
 * Shapes:      x[channels][height][width]; slope[height][width][2 band + 1][2 band + 1], the last two: t - s
 *              in each direction plus band; 0 where t is outside the image.
 * Collective:  no.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_gp_slopes(const bl_gp_network *network, const float *x, double *variance,
                           double *slope) BL_NODISCARD;

/** The layers of a family by name (dense, cnn, lenet, resnet) in the limit of many channels.
 *
 * Math:        the list of bl_network_create_family with its variances (THEORY.md, section 1.3); Glorot's uniform
 *              law, variance 2/(fan_in + classes), tends to 2/fan_in.
 * Collective:  no.
 * Ownership:   *out is the caller's, freed with bl_gp_network_destroy.
 * @return BL_OK; BL_ERR_INPUT as bl_network_create_family and bl_gp_network_create; BL_ERR_MEMORY.
 */
BL_API bl_err bl_gp_network_family(const char *family, const bl_config *config, size_t depth,
                                   size_t dimension, bl_gp_network **out) BL_NODISCARD;

/** The layers of a configuration's family at a depth.
 *
 * Collective:  no.
 * Ownership:   *out as above; NULL for dense, whose law is bl_gp_model_of's.
 * @return as bl_gp_network_family.
 */
BL_API bl_err bl_gp_network_of(const bl_config *config, size_t depth, size_t dimension,
                               bl_gp_network **out) BL_NODISCARD;

/* The law of one logit of a configuration's family at a depth, dense or not. */
typedef struct bl_gp_law {
    bl_gp_model model;
    size_t n;
    bl_gp_network *network; /* NULL for dense, whose law is `model` */
} bl_gp_law;

/** Set it up for a configuration; it is freed with bl_gp_law_clear. Not collective. @return as bl_gp_network_of. */
BL_API bl_err bl_gp_law_create(const bl_config *config, size_t depth, size_t dimension,
                               bl_gp_law *law) BL_NODISCARD;
BL_API void bl_gp_law_clear(bl_gp_law *law);

/** The kernel between two lists of inputs, by bl_nngp_kernel or bl_gp_kernel and with their shapes. Not collective. @return
 * BL_OK; BL_ERR_MEMORY. */
BL_API bl_err bl_gp_law_kernel(const bl_gp_law *law, size_t rows, const float *x, size_t columns,
                               const float *y, double *kernel) BL_NODISCARD;

/** Length of the gradient at x, of the difference f of two logits.
 *
 * Math:        grad f(x) ~ N(0, 2 A) in the limit, so |grad f|_2^2 = sum_i lambda_i xi_i^2 with the eigenvalues lambda of 2 A
 *              and standard normals xi; mean and variance of its logarithm, halved and quartered for the norm's. For equal
 *              lambda they are (log 2 lambda + psi(n/2))/2 and psi'(n/2)/4. Dense: A = across I + (radial - across) x x'/|x|^2
 *              of bl_nngp_local. Image families: A = slope (x) I of bl_gp_slopes (exact for relu and leaky_relu without
 *              pooling, the law of bl_predict_first_order else); with pooling the sum is taken as a multiple of a chi-square
 *              of equal mean and variance (Welch 1938, Satterthwaite 1946).
 *              With an exponential E and L = log |grad f|^2, P(log E - L > u) = E exp(-e^(u + L)) = prod_i (1 + 2 lambda_i
 *              e^u)^(-1/2); log E has mean -0.5772... and variance pi^2/6 and is independent of L, so both follow from
 *              integrals of that function, by the trapezoidal rule to 1e-12.
 * Shapes:      x[n] float32.
 * Collective:  no.
 * @param[out] mean, variance  of log |grad f(x)|_2
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_gp_law_gradient(const bl_gp_law *law, const float *x, double *mean,
                                 double *variance) BL_NODISCARD;

/* --- kernels of sampled networks --- */

/** Products of rows in float64.
 *
 * Math:        out = keep out + scale X Y^T; float32 entries, products and sums in float64.
 * Shapes:      x[rows][n], y[columns][n], out[rows][columns]. Where x == y and rows == columns the result is
 *              exactly symmetric (if out was).
 * Collective:  no.
 * Ownership:   all borrowed; out is written. Workspace: 2 KiB per row.
 * @param[in] keep  0 (out need not be initialised) or 1
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_gram_product(size_t n, size_t rows, const float *x, size_t columns, const float *y,
                              double scale, double keep, double *out) BL_NODISCARD;

/** Add one network's kernel from the features of its last hidden layer.
 *
 * Math:        gram += sigma_b^2 + sigma_w^2/N H H^T (THEORY.md, section 3.6). Over networks its expectation is the
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

/** The same for two lists of inputs: left[rows][classes], right[columns][classes], block[rows][columns]. Collective: no. */
BL_API void bl_empirical_add_output_block(size_t rows, const float *left, size_t columns, const float *right,
                                          size_t classes, double *block);

/** Relative deviation of two kernels.
 *
 * Math:        |scale A - B|_F / |B|_F; scale = 1/networks turns a sum over networks into their mean.
 * Shapes:      a, b [inputs][inputs].
 * Collective:  no.
 */
BL_API double bl_empirical_deviation(size_t inputs, double scale, const double *a, const double *b);

/** How far the outputs over networks are from Gaussian ones.
 *
 * Math:        mean over inputs of the excess kurtosis over samples, in the form that is unbiased for
 *              Gaussian samples: (S - 1)((S + 1) g + 6) / ((S - 2)(S - 3)), g = m4/m2^2 - 3, S = number of
 *              samples (plain g would be -6/(S + 1)). 0 in the infinite-width limit, O(1/N) at width N.
 * Shapes:      output[samples][inputs]: f or a logit of each network at each kernel input; NaN left out.
 * Collective:  no.
 * @return the mean; NaN with fewer than four samples
 */
BL_API double bl_empirical_kurtosis(size_t samples, size_t inputs, const double *output);

/* --- predictions --- */

/** First-order law: quantiles of the distance that the linearised GP predicts.
 *
 * Math:        for inputs x0 of the configuration's law, logits and gradients drawn from bl_nngp_local, the
 *              smallest linear step to another class (THEORY.md, sections 2.2 and 4.3). For two classes the margin is
 *              drawn from `draws` strata of equal probability. The error is the square root of the sum of the
 *              strata's variances p (1 - p), from successive draws, over the density at the median.
 * Shapes:      box[boxes], all on the same draws: each gives what it would alone; level[levels];
 *              quantile[boxes][p_count][levels] and error[boxes][p_count] (standard error of the median), p of
 *              the configuration. Steps that no point of the box can make are infinite: so is a quantile that falls
 *              among them, and the error of such a median is NaN.
 * Collective:  no; the result is a function of the arguments alone (streams of bl_predict_stream).
 * Cost:        linear in draws x dimension x p_count: 4,096 draws, dimension 3,072, three p take 0.3 s.
 * @param[in] box    boxes of the step: the configuration's, an unbounded one
 * @param[in] draws  at least 2
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_predict_first_order(const bl_config *config, size_t depth, size_t dimension, size_t boxes,
                                     const bl_box *box, size_t draws, size_t levels, const double *level,
                                     double *quantile, double *error) BL_NODISCARD;

/** First-order law of a network of layers; bl_predict_first_order is this of bl_gp_network_of.
 *
 * Math:        as above, with the law of value and gradient that bl_gp_slopes gives. Exact where that is
 *              exact. Behind average pooling, shortcuts that carry activations, or smooth activations, a part of
 *              the gradient's covariance in a few directions made of multiples of x at single pixels is left
 *              out or closed by homogeneity; its trace is right to 1 to 4 per cent in sampled wide networks.
 *              Inputs: 32, each shared by every 32nd draw (a new one for each draw of a dense network); the
 *              error does not cover their choice.
 * Shapes:      as above; NULL for the dense network of the configuration.
 * Collective:  no.
 * Ownership:   network is borrowed.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_predict_network_first_order(const bl_config *config, const bl_gp_network *network,
                                             size_t depth, size_t dimension, size_t boxes, const bl_box *box,
                                             size_t draws, size_t levels, const double *level,
                                             double *quantile, double *error) BL_NODISCARD;

/** First-order law at given inputs, draw d at input d mod inputs; within the configuration's box.
 *
 * Shapes:      x[inputs][dimension]; else as bl_predict_first_order.
 * Collective:  no.
 * @return BL_OK; BL_ERR_INPUT as bl_gp_network_of; BL_ERR_MEMORY.
 */
BL_API bl_err bl_predict_first_order_at(const bl_config *config, size_t depth, size_t dimension,
                                        size_t inputs, const float *x, size_t draws, size_t levels,
                                        const double *level, double *quantile, double *error) BL_NODISCARD;

/** Guaranteed median: the largest eps for which a rigorous lower tail keeps P(d_p <= eps) <= 1/2, in the GP
 * limit.
 *
 * Math:        THEORY.md, section 4.4, averaged over 64 inputs of the configuration's law:
 *              P(d_p <= eps) <= min over m >= m0 of P(gap <= m) + C (C - 1) exp(-(m - m0)^2 / (2 s^2)), m0 =
 *              L eps E|G|_q, s = L eps n^max(0, 1/2 - 1/p), gap = the largest minus the second largest of the
 *              C logits, L^2 = the largest eigenvalue of a logit difference's gradient covariance over the
 *              radii that the ball reaches. (A union over ordered pairs of classes.) The box is not used: it can only make distances longer.
 *              Error, of the inputs drawn: the standard error of the mean bound at eps over its slope there.
 * Shapes:      p[count], eps[count], error[count]: one number for the case and p >= 1; NaN for p = 0.
 * Collective:  no; a function of the arguments alone.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_predict_guaranteed_median(const bl_config *config, size_t depth, size_t dimension,
                                           size_t count, const double *p, double *eps,
                                           double *error) BL_NODISCARD;

/** Guaranteed median of a network of layers; bl_predict_guaranteed_median is this of bl_gp_network_of.
 *
 * Math:        as above; rigorous for every family, in the GP limit. The gradient's covariance at every x lies
 *              below diag(sigma_i^2), by inequalities that hold at all x (for relu without pools and sums it is
 *              equal); so with D = diag(sqrt 2 sigma), m0 = eps E|D G|_q and s = eps sup_{|h|_p <= 1} |D h|_2,
 *              bounded by Jensen's and Hoelder's inequalities. Average pools (a mean of squares for the square
 *              of a mean) and shortcuts that carry activations (slope 1 for the sum's activation) make it
 *              loose.
 * Shapes:      as above; NULL for the dense network of the configuration.
 * Collective:  no.
 * Ownership:   network is borrowed.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_predict_network_guaranteed_median(const bl_config *config, const bl_gp_network *network,
                                                   size_t depth, size_t dimension, size_t count,
                                                   const double *p, double *eps, double *error) BL_NODISCARD;

/** Mean l^q length of n independent standard normals, or a rigorous upper bound of it.
 *
 * Math:        exact for q = 1, 2 and inf (quadrature of the largest of n); else the least of Jensen's
 *              (n E|g|^q)^(1/q) and, for 1 <= r < q, (E|G|_inf)^(1-r/q) (E|G|_r)^(r/q) (Hoelder).
 * Collective:  no.
 * @param[in] q  in [1, inf]
 */
BL_API double bl_predict_mean_norm(size_t n, double q);

#endif
