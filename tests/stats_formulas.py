# SPDX-License-Identifier: BSD-3-Clause
"""The statistics of src/THEORY.md, section 5, by numpy and scipy: what the program is compared with."""
import numpy as np
from scipy import optimize, stats


def quantile(x, level):
    """Type 7 of numbers that may be infinite."""
    x = np.sort(np.ravel(x))
    position = (x.size - 1) * level
    below, above = x[int(position)], x[min(int(position) + 1, x.size - 1)]
    return below if position == int(position) or below == above else below + (position - int(position)) * (above - below)


def effective_size(rows, level, confidence):
    """How many independent values know the share below a quantile as well, from its variance between clusters (rows, without NaN)."""
    pooled = np.sort(np.concatenate(rows))
    total, clusters, tail = len(pooled), len(rows), (1 - confidence) / 2
    at = pooled[min(int(level * total + 1e-9), total - 1)]
    below, equal = (pooled < at).sum(), (pooled == at).sum()
    share = (level * total - below) / equal
    counted = [(row < at).sum() + share * (row == at).sum() for row in rows]
    away = np.array([k - level * len(row) for k, row in zip(counted, rows)])
    between = clusters / (clusters - 1) * np.sum(away ** 2) / total ** 2
    single = np.var(np.where(pooled < at, 1.0, np.where(pooled == at, share, 0.0))) / (total - 1)
    widening = stats.t.ppf(1 - tail, clusters - 1) / stats.norm.ppf(1 - tail)
    return total if clusters == total or single <= 0 else total / max(1.0, between / single * widening ** 2)


def expected_interval(x, level, confidence):
    """Both ends: ranks from beta distributions of the effective number of values."""
    rows = [row[~np.isnan(row)] for row in x if not np.isnan(row).all()]
    pooled = np.sort(np.concatenate(rows))
    total, clusters, tail = len(pooled), len(rows), (1 - confidence) / 2
    effect = total / effective_size(rows, level, confidence)
    size, ends = total / effect, []
    for chance, missing in ((1 - tail, (1 - level) ** clusters > tail), (tail, level ** clusters > tail)):
        rank = optimize.brentq(lambda u, c=chance: stats.beta.cdf(level, (size + 1) * u, (size + 1) * (1 - u)) - c, 1e-12, 1 - 1e-12,
                               xtol=1e-15) * (size + 1)
        position = np.clip((rank - 0.5) * effect - 0.5, 0, total - 1)
        lower, upper = pooled[int(position)], pooled[min(int(position) + 1, total - 1)]
        if np.isinf(upper):
            value = lower if chance > 0.5 or position == int(position) else upper
        else:
            value = lower + (position - int(position)) * (upper - lower)
        ends.append(np.nan if missing else value)
    return ends


def expected_slope(x, confidence):
    """Slope at zero and both ends of its interval."""
    rows = [row[~np.isnan(row)] for row in x if not np.isnan(row).all()]
    total, rank = sum(map(len, rows)), (sum(map(len, rows)) - max(map(len, rows))) // 4
    reach = np.sort(np.concatenate(rows))[rank - 1] if rank else np.nan
    if not 0 < reach < np.inf:
        return np.full(3, np.nan)
    shares = []
    for c, row in enumerate(rows):
        end = np.sort(np.concatenate(rows[:c] + rows[c + 1:]))[rank - 1]
        shares.append(np.sum(row <= end) / end)
    size = effective_size(rows, rank / total, confidence)
    k = rank / total * size
    ends = stats.beta.ppf([(1 - confidence) / 2, (1 + confidence) / 2], k, size - k + 1) / reach
    return np.array([sum(shares) / total, *ends])
