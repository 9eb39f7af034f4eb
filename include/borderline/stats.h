/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Order statistics, bootstrap over clusters, least squares.
 */
#ifndef BORDERLINE_STATS_H
#define BORDERLINE_STATS_H

#include "borderline/err.h"
#include "borderline/rng.h"
#include <stddef.h>

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
 * Math:        resample the clusters (networks) with replacement, take the quantiles of all their values; the
 * interval holds the middle `confidence` of them (THEORY section 5). Shapes:      x[clusters][size], NaN =
 * missing; level[levels]; estimate, low, high[levels]. Collective:  no; the result is a function of the
 * arguments alone (random numbers from `stream`'s seed words).
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
 * Shapes:      x[count], y[count], weight[count] or NULL (equal weights).
 * Standard errors from the residuals. All NaN with fewer than two distinct x.
 */
BL_API bl_fit bl_stats_line(const double *x, const double *y, const double *weight, size_t count);

/** Excess kurtosis m4 / m2^2 - 3 of x[count] (central moments), NaN left out and NaN when fewer than 4
 * numbers. */
BL_API double bl_stats_excess_kurtosis(const double *x, size_t count);

/** Standard normal distribution function, and its inverse to full double precision (0 < u < 1). */
BL_API double bl_stats_normal_cdf(double x);
BL_API double bl_stats_normal_quantile(double u);

#endif
