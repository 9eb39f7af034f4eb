# SPDX-License-Identifier: BSD-3-Clause
"""Quantiles and slopes of clustered data by the core library, samples whose quantiles are known, and how often intervals hold them."""
import ctypes as ct

import numpy as np
from scipy import optimize, stats

from borderline_core import check, lib, pointer, structure

Slope = structure("bl_slope")
lib.bl_stats_cluster_quantiles.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_size_t, ct.c_void_p, ct.c_size_t, ct.c_double] + [
    ct.c_void_p] * 3
lib.bl_stats_slope_at_zero.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_size_t, ct.c_double, ct.POINTER(Slope)]


def cluster_quantiles(x, level, confidence=0.9):
    """estimate, low, high [3][levels] of x[clusters][size]."""
    x, level, out = np.ascontiguousarray(x, float), np.atleast_1d(np.array(level, float)), np.empty((3, np.size(level)))
    check(lib.bl_stats_cluster_quantiles(pointer(x), *x.shape, pointer(level), len(level), confidence, *map(pointer, out)))
    return out


def slope_at_zero(x, confidence=0.9):
    """value, low, high."""
    x, slope = np.ascontiguousarray(x, float), Slope()
    check(lib.bl_stats_slope_at_zero(pointer(x), *x.shape, confidence, slope))
    return np.array([slope.value, slope.low, slope.high])


class Law:
    """Numbers of clusters, u of the cluster and v of each number standard normal: a function of both; quantiles of all numbers."""

    def __init__(self, function, distribution):
        self.function, self.distribution = function, distribution

    def sample(self, generator, clusters, size):
        return self.function(generator.normal(size=(clusters, 1)), generator.normal(size=(clusters, size)))

    def quantile(self, level):
        return optimize.brentq(lambda x: self.distribution(x) - level, -40, 40, xtol=1e-12)


def correlated(share):
    """Normal numbers, this share of their variance common to the cluster: 0 independent, 1 all alike."""
    return Law(lambda u, v: np.sqrt(share) * u + np.sqrt(1 - share) * v, stats.norm.cdf)


def _scaled(x):
    """P(exp(u/2) |v| <= x) by quadrature over u."""
    u, weight = np.polynomial.hermite_e.hermegauss(80)
    return np.sum(weight * (2 * stats.norm.cdf(max(x, 0) * np.exp(-u / 2)) - 1)) / np.sqrt(2 * np.pi)


LAWS = {
    "independent": correlated(0.0), "correlation 0.3": correlated(0.3), "correlation 0.7": correlated(0.7), "all alike": correlated(1.0),
    # like distances: outputs that are common to the cluster in part, or the length of the cluster's gradients
    "half-normal, 0.5": Law(lambda u, v: np.abs(np.sqrt(0.5) * u + np.sqrt(0.5) * v), lambda x: 2 * stats.norm.cdf(max(x, 0)) - 1),
    "half-normal, 0.9": Law(lambda u, v: np.abs(np.sqrt(0.9) * u + np.sqrt(0.1) * v), lambda x: 2 * stats.norm.cdf(max(x, 0)) - 1),
    "scales": Law(lambda u, v: np.exp(u / 2) * np.abs(v), _scaled),
}


def misses(law, clusters, size, level, trials, generator):
    """Shares of intervals that lie above and below the quantile [2][levels]; NaN where an end is not there."""
    right = np.array([law.quantile(p) for p in level])
    found = np.array([cluster_quantiles(law.sample(generator, clusters, size), level)[1:] for _ in range(trials)])
    there = ~np.isnan(found)
    assert (there.all(axis=0) | ~there.any(axis=0)).all()  # by clusters and level alone
    beyond = np.stack([found[:, 0] > right, found[:, 1] < right], 1)
    return np.where(there[0], beyond.mean(axis=0), np.nan)
