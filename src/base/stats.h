/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Order statistics, of clusters too; moments and their errors over clusters; least squares; distributions.
 */
#ifndef BORDERLINE_STATS_H
#define BORDERLINE_STATS_H

#include "borderline/err.h"
#include "borderline/rng.h"
#include <stddef.h>
#include <stdint.h>

/** Quantile by linear interpolation of order statistics (numpy's default, Hyndman and Fan's type 7), NaN left
 * out.
 *
 * Math:        sorted x, position h = (m - 1) level, x[floor h] + (h - floor h)(x[floor h + 1] - x[floor h]).
 * Shapes:      x[count]; level in [0, 1].
 * Collective:  no.
 * Ownership:   x is borrowed and left in sorted order, NaN last.
 * @return the quantile, NaN where no number is left.
 */
BL_API double bl_stats_quantile(double *x, size_t count, double level);

/** Quantiles of clustered data with confidence intervals that cover in the tails too.
 *
 * Math:        THEORY.md, section 5.1. Estimate: the quantile (type 7) of all values, +inf among them. Interval: order statistics. With n independent
 *              values, [x_(l), x_(u)] holds the quantile q of level p with probability P(l <= B < u), B ~ Binomial(n, p),
 *              whatever the distribution; l and u not whole by P(Beta((n+1)v, (n+1)(1-v)) <= p) = 1 - tail and tail at
 *              v = l/(n+1), u/(n+1) (Hutson 1999). Values of one cluster depend on each other: n is then the effective size
 *              N/deff of Korn and Graubard (1998), deff = (variance between clusters of the share of values below q) / (its
 *              variance were they independent) x (t/z)^2, at least 1, with t and z Student's (clusters - 1) and the normal
 *              quantiles of the confidence (Woodruff 1952). deff values stand for one: order statistic k is number
 *              (k - 1/2) deff + 1/2 of all.
 *              An end is NaN where there are too few clusters for it: where, were all values of a cluster equal, even the
 *              first (last) of them would lie beyond q with a probability above tail = (1 - confidence)/2. Lower end:
 *              (1 - p)^clusters > tail; upper: p^clusters > tail. At 90 % and p = 0.5, 0.25, 0.05 it takes 5, 11, 59 clusters.
 * Shapes:      x[clusters][size], NaN = missing, +inf = beyond all others; level[levels]; estimate, low, high[levels]. NaN where
 *              all is missing.
 * Collective:  no; the result is a function of the arguments alone.
 * Ownership:   all borrowed; estimate, low, high are written.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_stats_cluster_quantiles(const double *x, size_t clusters, size_t size, const double *level,
                                         size_t levels, double confidence, double *estimate, double *low,
                                         double *high) BL_NODISCARD;

typedef struct bl_fit {
    double slope, intercept;
    double slope_error; /* standard error; NaN with fewer than three points */
    double intercept_error;
    size_t points;
} bl_fit;

/** Straight line y = intercept + slope x by weighted least squares, points with NaN left out.
 *
 * Math:        minimises sum w (y - intercept - slope x)^2; standard errors from the residuals with
 *              points - 2 degrees of freedom.
 * Shapes:      x[count], y[count], weight[count] (>= 0) or NULL (equal weights).
 * Collective:  no.
 * @return the line; all NaN with fewer than two distinct x.
 */
BL_API bl_fit bl_stats_line(const double *x, const double *y, const double *weight, size_t count);

typedef struct bl_paper_fit {
    double scale;    /* c */
    double offset;   /* n0 < smallest n; NaN for power 0 */
    double residual; /* root mean square of y - c (n - n0)^power */
    size_t points;
} bl_paper_fit;

/** The paper's fit of a median distance against the input dimension.
 *
 * Math:        y = c (n - n0)^power by nonlinear least squares in y: c is linear, n0 is searched for below
 *              the smallest n (De Palma et al. 2021, figures 1 and 2: power 1/2 for l^1, 0 for l^2, -1/2 for
 *              l^inf; THEORY.md, section 5.4).
 * Shapes:      n[count], y[count]; points with NaN are left out.
 * Collective:  no.
 * @return the fit; all NaN with fewer than two distinct n (one for power 0), or where the least squares have
 *         no minimum (data that fall where the law rises, or the reverse: the best n0 is at minus infinity).
 */
BL_API bl_paper_fit bl_stats_paper_fit(const double *n, const double *y, size_t count, double power);

/* An estimate and its interval. */
typedef struct bl_slope {
    double value, low, high;
} bl_slope;

/** Slope at zero of the distribution of clustered distances.
 *
 * Math:        P(d <= eps) = slope eps for small eps (THEORY.md, section 5.3; the paper's figure 4). Of each cluster, the share of its values up to the
 *              lower quartile e of all other clusters, over e; the mean of these. It has no bias where the slope is constant up
 *              to e, however values of one cluster depend on each other, as e is independent of them; with clusters of one value
 *              it is (k - 1)/(m x_(k)) of m values, k = m/4. (Of half-normal distances it falls 1.7 % short, as their
 *              distribution bends below e.) Interval: slope x_(k) is distributed as Beta(k, n - k + 1), n the effective size of
 *              bl_stats_cluster_quantiles.
 * Shapes:      x[clusters][size] >= 0, NaN = missing, +inf = not found; in one over the unit of x. NaN with fewer than four values
 *              beside the largest cluster, or where the lower quartile is 0 or infinite.
 * Collective:  no.
 * Ownership:   x is borrowed.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_stats_slope_at_zero(const double *x, size_t clusters, size_t size, double confidence,
                                     bl_slope *slope) BL_NODISCARD;

/* How a sample differs from the standard normal. */
typedef enum bl_moment {
    BL_MOMENT_VARIANCE,
    BL_MOMENT_SKEWNESS,
    BL_MOMENT_KURTOSIS, /* excess */
    BL_MOMENT_KS,       /* Kolmogorov-Smirnov distance to N(0, 1) */
    BL_MOMENTS
} bl_moment;

/** Variance, skewness and excess kurtosis of a sample, without bias where it is Gaussian.
 *
 * Math:        of m numbers, central moments m_k = mean (x - mean x)^k, g = m4/m2^2 - 3: m/(m - 1) m2,
 *              sqrt(m (m - 1))/(m - 2) m3/m2^(3/2), (m - 1) ((m + 1) g + 6)/((m - 2)(m - 3)).
 * Shapes:      x[0], x[stride], ... x[(count - 1) stride], NaN left out; moment[BL_MOMENT_KS].
 * Collective:  no.
 * @param[in] weight  [count] how often each number is counted, or NULL: once each
 * @param[out] moment  all NaN with fewer than four numbers or no spread
 */
BL_API void bl_stats_moments(const double *x, size_t count, size_t stride, const uint32_t *weight,
                             double *moment);

/** Standard deviation, the square root of bl_stats_moments' variance: of bootstrap estimates x[count] their standard error.
 * Collective: no. */
BL_API double bl_stats_deviation(const double *x, size_t count);

/** Distance of independent rows of numbers to standard normal ones, with standard errors.
 *
 * Math:        for each column, bl_stats_moments and sup |F - Phi| of its distribution function F; their mean
 *              over columns, as numbers of one row may depend on each other. Standard error: the deviation
 *              over a bootstrap of rows (the resamples of bl_stats_cluster_quantiles). Columns of `rows`
 *              normal numbers have 1, 0, 0 and about 0.87/sqrt(rows) in the mean.
 * Shapes:      x[rows][columns], NaN = missing; moment, error [BL_MOMENTS], NaN with fewer than four rows.
 * Collective:  no; a function of the arguments alone.
 * Ownership:   all borrowed; moment, error are written.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_stats_normality(const double *x, size_t rows, size_t columns, size_t resamples,
                                 bl_stream stream, double *moment, double *error) BL_NODISCARD;

/** Mean and variance of clustered numbers, with standard errors.
 *
 * Math:        m = mean of all numbers; variance = mean x^2 - m^2 + v, v = C/(C - 1) sum_c (s_c - n_c m)^2 / N^2 the variance
 *              of m by the sums s_c of C clusters of n_c numbers, N in all: without bias where clusters are independent and
 *              of one size. Standard errors: the deviation over a bootstrap of clusters (bl_stats_resample).
 * Shapes:      x[clusters][size], NaN = missing. Mean and errors are NaN without numbers, the variance with one cluster.
 * Collective:  no; a function of the arguments alone.
 * Ownership:   all borrowed; the results are written.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_stats_cluster_moments(const double *x, size_t clusters, size_t size, size_t resamples,
                                       bl_stream stream, double *mean, double *mean_error, double *variance,
                                       double *variance_error) BL_NODISCARD;

/** How often each cluster occurs in a resample: as many clusters as there are, drawn with replacement.
 *
 * Math:        resample r takes words r ceil4(clusters), ... of the stream; word w is cluster floor(w clusters / 2^32).
 * Shapes:      word[clusters] scratch, multiplicity[clusters].
 * Collective:  no.
 */
BL_API void bl_stats_resample(bl_stream stream, size_t number, size_t clusters, uint32_t *word,
                              uint32_t *multiplicity);

/** Standard normal distribution function Phi(x), relative accuracy kept in the lower tail. Collective: no. */
BL_API double bl_stats_normal_cdf(double x);

/** Distribution function of Beta(a, b): the regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF
 * 8.17.22). a, b > 0. Collective: no. */
BL_API double bl_stats_beta_cdf(double a, double b, double x);

/** Inverse in x of bl_stats_beta_cdf, by bisection. Collective: no. */
BL_API double bl_stats_beta_quantile(double a, double b, double u);

/** Quantile of Student's distribution with `freedom` degrees of freedom, 0 < u < 1. Collective: no. */
BL_API double bl_stats_student_quantile(double freedom, double u);

/** Inverse of the standard normal distribution function.
 *
 * Math:        Wichura 1988 (AS 241, PPND16), then one Newton step: relative error about 1e-15.
 * Collective:  no.
 * @return x with Phi(x) = u; -inf at 0, inf at 1, NaN outside.
 */
BL_API double bl_stats_normal_quantile(double u);

#endif
