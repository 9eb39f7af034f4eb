# SPDX-License-Identifier: BSD-3-Clause
"""Quantiles, intervals and fits that several figures share. Errors are standard errors; medians come with errors of their logarithms.

Distances that were not found are infinite here (lengths() of the readers), those not done yet NaN. Needs numpy; scipy where it says so.
"""

import numpy as np

CONFIDENCE = 0.9  # of intervals that are computed here


def quantile(x, level, axis=0):
    """Quantile over an axis by linear interpolation of order statistics, as the program's: NaN is left out, infinite numbers count;
    NaN where nothing is left."""
    x = np.sort(np.moveaxis(np.asarray(x, float), axis, 0), axis=0)  # NaN last
    count = np.sum(~np.isnan(x), axis=0)
    position = np.maximum(count - 1, 0) * level
    place = position.astype(int)
    below, above = (np.take_along_axis(x, np.minimum(at, np.maximum(count - 1, 0))[None], 0)[0] for at in (place, place + 1))
    with np.errstate(invalid="ignore"):
        between = below + (position - place) * (above - below)
    return np.where((position == place) | (below == above), below, between)[()]


def median(x):
    """Of all numbers of an array."""
    return float(quantile(np.ravel(x), 0.5))


def interval(x, level, confidence=CONFIDENCE):
    """Both ends of an interval of the quantile of x[network, input], by the program's formulas (src/THEORY.md, section 5.1)."""
    from scipy.optimize import brentq
    from scipy.stats import beta, norm, t

    rows = [row[~np.isnan(row)] for row in x]
    rows = [row for row in rows if row.size]
    pooled, tail = np.sort(np.concatenate(rows or [[]])), (1 - confidence) / 2
    total, networks = pooled.size, len(rows)
    if networks < 2:
        return np.nan, np.nan
    at = pooled[min(int(level * total), total - 1)]
    below, equal = np.sum(pooled < at), np.sum(pooled == at)
    share = (level * total - below) / equal
    counted = np.array([np.sum(row < at) + share * np.sum(row == at) - level * row.size for row in rows])
    single = ((below + equal * share**2) / total - level**2) / (total - 1)
    effect = 1.0
    if networks < total and single > 0:
        between = networks / (networks - 1) * np.sum(counted**2) / total**2
        effect = max(1.0, between / single * (t.ppf(1 - tail, networks - 1) / norm.ppf(1 - tail)) ** 2)
    size = total / effect

    def end(chance):
        rank = (size + 1) * brentq(lambda u: beta.cdf(level, (size + 1) * u, (size + 1) * (1 - u)) - chance, 1e-12, 1 - 1e-12)
        position = np.clip((rank - 0.5) * effect - 0.5, 0, total - 1)
        lower, upper = pooled[int(position)], pooled[min(int(position) + 1, total - 1)]
        if np.isinf(upper) and (chance > 0.5 or position == int(position)):
            return lower
        return upper if np.isinf(upper) else lower + (position - int(position)) * (upper - lower)

    return (end(1 - tail) if (1 - level) ** networks <= tail else np.nan, end(tail) if level**networks <= tail else np.nan)


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
    from scipy.optimize import brentq, minimize_scalar

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
    drawn = resampled(lambda *x: [np.log(median(one)) for one in x], samples, resamples)
    return list(zip([np.log(median(x)) for x in samples], drawn.std(axis=0, ddof=1)))


def median_with_interval(values):
    """Median of [network, input] and its interval."""
    return median(values), *interval(values, 0.5)


def ratio_with_interval(first, second, paired, resamples=2000):
    """Ratio of medians of [network, input] and its interval by a bootstrap over networks; `paired`: of the same networks."""
    drawn = resampled(lambda a, b: median(a) / median(b), (first, second), resamples, paired)
    ends = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
    return median(first) / median(second), *(quantile(drawn, end) for end in ends)
