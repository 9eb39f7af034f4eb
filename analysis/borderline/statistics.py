# SPDX-License-Identifier: BSD-3-Clause
"""Fits and intervals that several figures share. Errors are standard errors; medians come with errors of their logarithms."""

import numpy as np
from scipy.optimize import brentq, minimize_scalar

CONFIDENCE = 0.9  # of intervals that are computed here


def exponent(n, median, error):
    """Exponent of n as in summary/exponent: least squares with equal weights, and its error from those of log medians. Weights from
    these errors, which a bootstrap knows to a quarter, would claim too much."""
    x = np.log(n) - np.mean(np.log(n))
    spread = np.sum(x**2)
    return np.sum(x * np.log(median)) / spread, np.sqrt(np.sum((x * error) ** 2)) / spread


def weighted_line(x, y, error):
    """y = a + b x by weighted least squares: a, b, the error of b (by the given errors), chi squared."""
    weight = 1.0 / error**2
    mean = np.sum(weight * x) / np.sum(weight)
    spread = np.sum(weight * (x - mean) ** 2)
    b = np.sum(weight * (x - mean) * y) / spread
    a = np.sum(weight * (y - b * (x - mean))) / np.sum(weight) - b * mean
    return a, b, spread**-0.5, float(np.sum(weight * (y - a - b * x) ** 2))


def fixed_shape(shape, y, error):
    """y = a + shape: a, its error, chi squared."""
    weight = 1.0 / error**2
    a = np.sum(weight * (y - shape)) / np.sum(weight)
    return a, np.sum(weight) ** -0.5, float(np.sum(weight * (y - a - shape) ** 2))


def log_factor(n):
    """Logarithm of sqrt(n / (2 ln n)): how the first-order law for l^1 grows (src/THEORY.md)."""
    return 0.5 * np.log(n / (2 * np.log(n)))


def offset_fit(n, y, error):
    """y = a + log(n - n0)/2 over n0 below the smallest n: n0, the interval of n0 where chi squared is within 1 of its least (an end
    out of the bounds is infinite), a, chi squared."""
    def fit(log_gap):
        return fixed_shape(0.5 * np.log(n - n.min() + np.exp(log_gap)), y, error)

    bounds = np.log(1e-3 * n.min()), np.log(100 * n.max())
    gap = minimize_scalar(lambda g: fit(g)[2], bounds=bounds, method="bounded").x
    a, _, chi = fit(gap)
    ends = []
    for bound, beyond in zip(bounds, (n.min(), -np.inf)):
        found = fit(bound)[2] - chi > 1
        ends.append(n.min() - np.exp(brentq(lambda g: fit(g)[2] - chi - 1, gap, bound)) if found else beyond)
    return n.min() - np.exp(gap), ends[::-1], a, chi


def wilson(share, count, z=1.96):
    """95 % interval of a share (Wilson 1927)."""
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return middle - half, middle + half


def resampled(statistic, samples, resamples, paired=True):
    """statistic(*samples) over bootstrap resamples of networks, the first axis of each sample. `paired`: samples of the same
    networks, which are drawn together."""
    random = np.random.default_rng(0)
    found = []
    for _ in range(resamples):
        rows = [random.integers(0, len(x), len(x)) for x in (samples[:1] if paired else samples)]
        found.append(statistic(*(x[r] for x, r in zip(samples, rows * len(samples) if paired else rows))))
    return np.array(found)


def log_medians(*samples, resamples=400):
    """Logarithms of medians over networks (first axis) and inputs, and their errors from a bootstrap over networks."""
    drawn = resampled(lambda *x: [np.log(np.nanmedian(one)) for one in x], samples, resamples)
    return list(zip([np.log(np.nanmedian(x)) for x in samples], drawn.std(axis=0, ddof=1)))


def ratio_with_interval(first, second, paired, resamples=2000):
    """Ratio of medians of [network, input] and its interval; `paired`: of the same networks."""
    drawn = resampled(lambda a, b: np.nanmedian(a) / np.nanmedian(b), (first, second), resamples, paired)
    return np.nanmedian(first) / np.nanmedian(second), *np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])


def median_with_interval(values, resamples=2000):
    """Median of [network, input] and its interval."""
    drawn = resampled(np.nanmedian, (values,), resamples)
    return np.nanmedian(values), *np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
