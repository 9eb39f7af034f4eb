/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Order statistics, bootstrap over clusters, least squares.
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

/** Quantiles of clustered data with percentile intervals from a bootstrap over clusters.
 *
 * Math:        resample the clusters (networks) with replacement, take the quantiles (type 7) of all their
 *              values; the interval holds the middle `confidence` of them (THEORY.md, section 5.1). Resamples
 *              without any value are left out.
 * Shapes:      x[clusters][size], NaN = missing; level[levels]; estimate, low, high[levels]. NaN where all is
 *              missing.
 * Collective:  no; the result is a function of the arguments alone. Resample r takes `clusters` words of the
 *              stream.
 * Ownership:   all borrowed; estimate, low, high are written.
 * Cost:        one sort, then about 1 ns per value and resample: 300 x 10 values, 1,000 resamples, 9 levels in
 *              5 ms.
 * @param[in] resamples  number of bootstrap resamples, at least 1
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_stats_cluster_quantiles(const double *x, size_t clusters, size_t size, const double *level,
                                         size_t levels, size_t resamples, double confidence, bl_stream stream,
                                         double *estimate, double *low, double *high) BL_NODISCARD;

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

/** Slope at zero of the distribution of distances.
 *
 * Math:        P(d <= eps) = slope eps for small eps (THEORY.md, section 5.3; the paper's figure 4): the
 *              line d_(i) = F_i / slope through the origin, fitted by least squares to the lowest quarter of
 *              the sorted distances, at F_i = i / (m + 1), the mean of P(d <= d_(i)).
 * Shapes:      x[count] >= 0, NaN left out; in one over the unit of x.
 * Collective:  no.
 * Ownership:   x is borrowed and left in sorted order, NaN last.
 * @return the slope; NaN with fewer than four numbers or when the lowest quarter is all zero.
 */
BL_API double bl_stats_slope_at_zero(double *x, size_t count);

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

/** Inverse of the standard normal distribution function.
 *
 * Math:        Wichura 1988 (AS 241, PPND16), then one Newton step: relative error about 1e-15.
 * Collective:  no.
 * @return x with Phi(x) = u; -inf at 0, inf at 1, NaN outside.
 */
BL_API double bl_stats_normal_quantile(double u);

#endif
