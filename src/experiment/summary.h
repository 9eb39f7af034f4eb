/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Statistics of one case from its distances (THEORY.md, section 5), and fits over the cases.
 */
#ifndef BORDERLINE_SUMMARY_H
#define BORDERLINE_SUMMARY_H

#include "base/stats.h"
#include "record.h"

/** Memory for what the statistics of one case need, at one kind of input: config->networks x config->inputs rows.
 * Collective:  no.
 * Ownership:   as bl_record_create.
 */
BL_API bl_err bl_summary_record_create(const bl_config *config, bl_record *record) BL_NODISCARD;

/** A distance as statistics take it.
 *
 * Math:        found: the distance. A search that ended without one (not_found, not_verified): inf, as the boundary is at least as
 *              far as was looked. below_resolution: 0, as it is nearer than float64 tells. constant: NaN, as there is no class
 *              that could change; pending: NaN. NaN is left out.
 * Collective:  no.
 */
BL_API double bl_summary_length(int8_t status, double distance);

/* Estimate and interval of a list of quantiles; infinite where they fall among distances that were not found. */
typedef struct bl_quantiles {
    double estimate[BL_QUANTILES], low[BL_QUANTILES], high[BL_QUANTILES];
    /* the largest finite length looked at, beyond which an infinite quantile lies: of distances found, and of searched_radius where none
     * was; NaN without any. Of linearity the largest ratio found, at least 1 */
    double looked;
} bl_quantiles;

/* Summary of one case and one p. */
typedef struct bl_summary {
    bl_quantiles distance;
    bl_quantiles relative;                               /* distance / |x0|_p */
    bl_quantiles linearity;                              /* distance / first_order */
    int64_t failures;                                    /* searches that ended without a distance */
    int64_t pending;                                     /* not done yet */
    double passes;                                       /* mean */
    bl_slope slope_at_zero;                              /* of P(distance <= eps) */
    double first_step_crosses, first_step_crosses_error; /* share */
} bl_summary;

/** Statistics of a case for one p; entries that are not done are left out, distances that were not found count as infinite.
 *
 * Math:        quantiles at bl_quantile_level with intervals of bl_stats_cluster_quantiles over networks (config->confidence); the
 *              slope at zero by bl_stats_slope_at_zero; shares with errors of a bootstrap over networks (config->bootstrap).
 *              THEORY.md, section 5.1.
 * Shapes:      data of bl_summary_record_create; p_index one of the p.
 * Collective:  no. A function of the arguments alone (stream: seed, case, bootstrap).
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_summary_case(const bl_config *config, const bl_case *c, const bl_record *data,
                              size_t p_index, bl_summary *summary) BL_NODISCARD;

/* What certificates say of one case and one p. */
typedef struct bl_summary_certificates {
    bl_quantiles ratio;             /* distance_certified / distance */
    double exact;                   /* share of exact and no_boundary */
    double median;                  /* of distance_certified */
    double median_low, median_high; /* of an interval that holds the median of the true distances */
} bl_summary_certificates;

/** The same of the certificates of a case: every true distance lies between its certificate and its distance (infinite where
 * none was found), so the median of the true ones lies between the medians of the two ends, of any resample.
 *
 * Shapes:      data with the variables of certificates.
 * Collective:  no. A function of the arguments alone.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_summary_certified(const bl_config *config, const bl_record *data, size_t p_index,
                                   bl_summary_certificates *summary) BL_NODISCARD;

/* What infinite width predicts at one input. */
typedef struct bl_summary_limit {
    double kernel;                           /* K(x0, x0) of one logit, K the analytic kernel */
    double gradient_mean, gradient_variance; /* of log |grad f|, f the difference of two logits */
} bl_summary_limit;

/** At how many inputs of a case the summary needs bl_summary_limit_at: at none for dense families, whose limit costs next to
 * nothing and is computed where it is used. Collective: no. */
BL_API size_t bl_summary_limits(const bl_config *config);

/** What infinite width says of one input of the case; inputs are counted over all its networks. Gradients are computed at the
 * first 8 inputs only and are 0 at the others.
 *
 * Collective:  no. A function of the arguments alone.
 * @return BL_OK; BL_ERR_INPUT as bl_gp_law_create; BL_ERR_MEMORY.
 */
BL_API bl_err bl_summary_limit_at(const bl_config *config, const bl_case *c, size_t number,
                                  bl_summary_limit *limit) BL_NODISCARD;

/** Outputs of a case over its networks, compared with the Gaussian process that they tend to.
 *
 * Math:        z = f(x0) / sqrt(2 K(x0, x0)), K the analytic kernel of one logit, is standard normal in the limit of
 *              infinite width whatever x0; bl_stats_normality of z[networks][inputs].
 *              Image families: K is its mean over the first 32 inputs, as K(x0, x0) is expensive there and varies by about
 *              1/sqrt(n) between inputs.
 * Shapes:      limit[bl_summary_limits]; output[networks][inputs], NaN where not done; moment, error [BL_MOMENTS]. NaN with more
 *              than two classes, whose margin is positive by definition.
 * Collective:  no. A function of the arguments alone.
 * @return BL_OK; BL_ERR_INPUT as bl_gp_law_create; BL_ERR_MEMORY.
 */
BL_API bl_err bl_summary_outputs(const bl_config *config, const bl_case *c, const bl_summary_limit *limit,
                                 const double *output, double *moment, double *error) BL_NODISCARD;

/* Mean and variance of the logarithm of gradient norms. */
typedef struct bl_summary_gradient {
    double mean, mean_error, variance, variance_error;
    double mean_limit, variance_limit; /* of infinite width */
} bl_summary_gradient;

/** Lengths of gradients of a case, and those of infinite width.
 *
 * Math:        bl_stats_cluster_moments of log gradient_norm; the limit from bl_gp_law_gradient at the case's first 256 inputs
 *              (image families: 8), mean of means, and mean of variances plus variance of means.
 * Shapes:      limit[bl_summary_limits]; gradient_norm[networks][inputs], NaN where not done. Limits are NaN with more than two
 *              classes, whose margin's two logits are chosen by their values.
 * Collective:  no. A function of the arguments alone.
 * @return as bl_summary_outputs.
 */
BL_API bl_err bl_summary_gradients(const bl_config *config, const bl_case *c, const bl_summary_limit *limit,
                                   const double *gradient_norm, bl_summary_gradient *summary) BL_NODISCARD;

/* A median with its interval at config->confidence. */
typedef struct bl_median {
    double value, low, high;
} bl_median;

/* How the median distance grows with the dimension. */
typedef struct bl_scaling {
    bl_fit power;       /* log median against log n: slope = exponent, with the error of the medians,
                           intercept = log of the factor */
    bl_paper_fit paper; /* c (n - n0)^(1/2), c, or c (n - n0)^(-1/2) for p = 1, 2, inf; NaN for other p */
} bl_scaling;

/** Fits of median[dimensions] against config->dimension, NaN left out (config->dimension.count entries).
 *
 * Math:        least squares with equal weights. The exponent's error is that of the medians: sizes have their own networks, so
 *              it is the root of sum c_i^2 e_i^2, c_i the fit's coefficients, e_i the errors of log median from its interval,
 *              log(high / low) / (2 z), z the normal quantile of config->confidence. Residuals would not be reliable: three sizes
 *              leave one degree of freedom. NaN where an interval is empty or not there (too few networks) or with fewer than two
 *              sizes. All is NaN where a median is infinite: most of its distances were not found.
 * Collective:  no.
 */
BL_API bl_scaling bl_summary_scaling(const bl_config *config, size_t p_index, const bl_median *median);

#endif
