# SPDX-License-Identifier: BSD-3-Clause
"""Statistics against numpy and scipy."""
import ctypes as ct
import time
import unittest

import numpy as np
from scipy import optimize, special, stats

from borderline_core import Stream, check, lib, pointer, rng, structure

Fit, PaperFit = structure("bl_fit"), structure("bl_paper_fit")

lib.bl_stats_quantile.restype = ct.c_double
lib.bl_stats_quantile.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_double]
lib.bl_stats_cluster_quantiles.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_size_t, ct.c_void_p, ct.c_size_t,
                                           ct.c_size_t, ct.c_double, Stream, ct.c_void_p, ct.c_void_p, ct.c_void_p]
lib.bl_stats_line.restype = Fit
lib.bl_stats_line.argtypes = [ct.c_void_p, ct.c_void_p, ct.c_void_p, ct.c_size_t]
lib.bl_stats_paper_fit.restype = PaperFit
lib.bl_stats_paper_fit.argtypes = [ct.c_void_p, ct.c_void_p, ct.c_size_t, ct.c_double]
lib.bl_stats_slope_at_zero.restype = ct.c_double
lib.bl_stats_slope_at_zero.argtypes = [ct.c_void_p, ct.c_size_t]
lib.bl_stats_moments.restype = None
lib.bl_stats_moments.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_size_t, ct.c_void_p, ct.c_void_p]
lib.bl_stats_cluster_moments.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_size_t, ct.c_size_t, Stream] + [ct.c_void_p] * 4
lib.bl_stats_normality.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_size_t, ct.c_size_t, Stream, ct.c_void_p, ct.c_void_p]
for name in ("normal_cdf", "normal_quantile"):
    getattr(lib, "bl_stats_" + name).restype = ct.c_double
    getattr(lib, "bl_stats_" + name).argtypes = [ct.c_double]

LEVELS = np.array([.05, .25, .40, .45, .50, .55, .60, .75, .95])


def quantile(x, level):
    return lib.bl_stats_quantile(pointer(x), len(x), level)


def cluster_quantiles(x, level, resamples, confidence, stream):
    out = np.empty((3, len(level)))
    check(lib.bl_stats_cluster_quantiles(pointer(x), *x.shape, pointer(level), len(level), resamples, confidence,
                                         stream, pointer(out[0]), pointer(out[1]), pointer(out[2])))
    return out


class Quantiles(unittest.TestCase):
    def test_against_numpy(self):
        generator = np.random.default_rng(1)
        for count in (1, 2, 3, 10, 101):
            x = generator.lognormal(size=count)
            for level in (0.0, 0.3, 0.5, 0.951, 1.0):
                np.testing.assert_allclose(quantile(x.copy(), level), np.quantile(x, level), rtol=1e-14)
            with_gaps = np.concatenate([x, np.full(7, np.nan)])
            generator.shuffle(with_gaps)
            self.assertEqual(quantile(with_gaps, 0.5), np.median(x))
            np.testing.assert_array_equal(with_gaps[:count], np.sort(x))
            self.assertTrue(np.isnan(with_gaps[count:]).all())

    def test_special_values(self):
        self.assertTrue(np.isnan(quantile(np.full(3, np.nan), 0.5)))
        self.assertTrue(np.isnan(quantile(np.empty(0), 0.5)))
        self.assertEqual(quantile(np.array([np.inf, 1.0, np.inf, np.inf]), 0.5), np.inf)
        self.assertEqual(quantile(np.array([np.inf, 1.0, 2.0]), 0.5), 2.0)


class Bootstrap(unittest.TestCase):
    def test_against_plain_resampling(self):
        """The same clusters drawn, quantiles of the whole multiset by numpy."""
        generator = np.random.default_rng(2)
        clusters, size, resamples = 23, 4, 50
        x = generator.lognormal(size=(clusters, 1)) * generator.lognormal(0, .2, size=(clusters, size))
        x[generator.random(x.shape) < 0.2] = np.nan
        x[5] = np.nan
        x[6, :2] = x[7, :2]  # equal values of two clusters
        stream = rng.stream(seed=3, purpose="bootstrap")
        estimate, low, high = cluster_quantiles(x, LEVELS, resamples, 0.9, stream)
        np.testing.assert_allclose(estimate, np.nanquantile(x, LEVELS), rtol=1e-14)
        found = []
        for r in range(resamples):
            words = rng.words(stream, clusters, r * 24)
            found.append(np.nanquantile(x[(words.astype(np.uint64) * clusters) >> np.uint64(32)], LEVELS))
        np.testing.assert_allclose(low, np.quantile(found, 0.05, axis=0), rtol=1e-13)
        np.testing.assert_allclose(high, np.quantile(found, 0.95, axis=0), rtol=1e-13)

    def test_missing(self):
        stream = rng.stream(purpose="bootstrap")
        out = cluster_quantiles(np.full((4, 3), np.nan), LEVELS, 10, 0.9, stream)
        self.assertTrue(np.isnan(out).all())
        x = np.full((2, 3), np.nan)
        x[0] = [1, 2, 3]
        out = cluster_quantiles(x, np.array([0.5]), 200, 0.9, stream)  # a quarter of the resamples has no value
        np.testing.assert_array_equal(out[:, 0], [2, 2, 2])

    def test_coverage(self):
        """The interval of the median holds the true median about as often as it says, also where all inputs of a
        cluster agree: there a bootstrap over single values would claim an interval three times too short."""
        generator = np.random.default_rng(4)
        inside, trials = 0, 300
        for k in range(trials):
            x = np.repeat(generator.normal(size=(60, 1)), 10, axis=1)
            _, low, high = cluster_quantiles(x, np.array([0.5]), 300, 0.9, rng.stream(seed=k, purpose="bootstrap"))
            inside += low[0] <= 0 <= high[0]
        self.assertLess(abs(inside / trials - 0.9), 0.06)

    def test_speed(self):
        x = np.random.default_rng(5).lognormal(size=(300, 10))
        best = np.inf
        for _ in range(5):
            start = time.perf_counter()
            cluster_quantiles(x, LEVELS, 1000, 0.9, rng.stream(purpose="bootstrap"))
            best = min(best, time.perf_counter() - start)
        print(f"bootstrap, 300 x 10 values, 1000 resamples, 9 levels: {1e3 * best:.1f} ms")
        self.assertLess(best, 0.5)  # a hundred times the usual: a shared machine, sanitizers


class Fits(unittest.TestCase):
    def test_line(self):
        generator = np.random.default_rng(6)
        x, w = generator.normal(5, 1, 20), generator.uniform(0.5, 2, 20)
        y = 3 - 2 * x + generator.normal(0, .1, 20)
        fit, expected = lib.bl_stats_line(pointer(x), pointer(y), None, 20), stats.linregress(x, y)
        np.testing.assert_allclose(
            [fit.slope, fit.intercept, fit.slope_error, fit.intercept_error],
            [expected.slope, expected.intercept, expected.stderr, expected.intercept_stderr], rtol=1e-11)
        y[3] = np.nan
        keep = ~np.isnan(y)
        fit = lib.bl_stats_line(pointer(x), pointer(y), pointer(w), 20)
        expected, covariance = np.polyfit(x[keep], y[keep], 1, w=np.sqrt(w[keep]), cov=True)
        np.testing.assert_allclose([fit.slope, fit.intercept], expected, rtol=1e-11)
        np.testing.assert_allclose([fit.slope_error, fit.intercept_error], np.sqrt(np.diag(covariance)), rtol=1e-10)
        self.assertEqual(fit.points, 19)

    def test_line_with_few_points(self):
        x, y = np.array([1.0, 2.0]), np.array([5.0, 7.0])
        fit = lib.bl_stats_line(pointer(x), pointer(y), None, 2)
        self.assertEqual((fit.slope, fit.intercept, fit.points), (2, 3, 2))
        self.assertTrue(np.isnan(fit.slope_error))
        x = np.full(5, 0.1)
        self.assertTrue(np.isnan(lib.bl_stats_line(pointer(x), pointer(np.arange(5.0)), None, 5).slope))
        self.assertTrue(np.isnan(lib.bl_stats_line(pointer(x), pointer(x), None, 0).slope))

    def paper_fit(self, n, y, power):
        return lib.bl_stats_paper_fit(pointer(n), pointer(y), len(n), power)

    def test_paper_fit_exact(self):
        n = 3 * np.arange(16.0, 57, 8) ** 2
        for power in (0.5, -0.5):
            for offset in (-3000.0, 0.0, 700.0):
                y = 0.7 * (n - offset) ** power
                y[2] = np.nan
                fit = self.paper_fit(n, y, power)
                np.testing.assert_allclose([fit.scale, fit.offset], [0.7, offset], rtol=1e-5, atol=1e-2)
                self.assertLess(fit.residual, 1e-8 * np.nanmax(y))
                self.assertEqual(fit.points, 5)

    def test_paper_fit_against_scipy(self):
        generator = np.random.default_rng(7)
        n = 3 * np.arange(16.0, 57, 8) ** 2
        for power in (0.5, -0.5):
            y = (n - 200) ** power * generator.normal(1, .03, len(n))
            fit = self.paper_fit(n, y, power)
            expected, _ = optimize.curve_fit(lambda m, c, m0, k=power: c * np.abs(m - m0) ** k, n, y, p0=[1, 200],
                                             ftol=1e-14, xtol=1e-14)
            np.testing.assert_allclose([fit.scale, fit.offset], expected, rtol=1e-4)
            residual = y - expected[0] * (n - expected[1]) ** power
            np.testing.assert_allclose(fit.residual, np.sqrt(np.mean(residual ** 2)), rtol=1e-8)

    def test_paper_fit_without_minimum(self):
        n = np.array([100.0, 200, 300, 400])
        fit = self.paper_fit(n, np.array([4.0, 4, 4, 4]), 0.0)
        self.assertEqual((fit.scale, fit.residual), (4.0, 0.0))
        self.assertTrue(np.isnan(self.paper_fit(n, np.array([4.0, 3, 2, 1]), 0.5).scale))
        self.assertTrue(np.isnan(self.paper_fit(n[:1], np.array([4.0]), 0.5).scale))

    def test_slope_at_zero(self):
        generator = np.random.default_rng(8)
        estimate = [lib.bl_stats_slope_at_zero(pointer(generator.uniform(0, 2, 400)), 400) for _ in range(200)]
        self.assertLess(abs(np.mean(estimate) / 0.5 - 1), 0.03)
        m = 399  # order statistics at their means: the exact slope
        x = np.append(3.0 * np.arange(1, m + 1) / (m + 1), [np.nan, np.nan])
        self.assertAlmostEqual(lib.bl_stats_slope_at_zero(pointer(x), len(x)), 1 / 3, 14)
        self.assertTrue(np.isnan(lib.bl_stats_slope_at_zero(pointer(np.array([1.0, 2, 3])), 3)))


class Moments(unittest.TestCase):
    def moments(self, x, count, stride, weight=None):
        out = np.empty(3)
        lib.bl_stats_moments(pointer(x), count, stride, None if weight is None else pointer(weight), pointer(out))
        return out

    def expected(self, x):
        """Of one sample, by scipy: its three moments without bias, and its distance to N(0, 1)."""
        return [np.var(x, ddof=1), stats.skew(x, bias=False), stats.kurtosis(x, bias=False), stats.kstest(x, "norm").statistic]

    def normality(self, x, resamples, stream):
        moment, error = np.empty(4), np.empty(4)
        check(lib.bl_stats_normality(pointer(x), *x.shape, resamples, stream, pointer(moment), pointer(error)))
        return moment, error

    def test_moments(self):
        generator = np.random.default_rng(9)
        x = generator.exponential(size=(1000, 3))
        x[7] = np.nan
        given = np.delete(x[:, 1], 7)
        np.testing.assert_allclose(self.moments(x.ravel()[1:], 1000, 3), self.expected(given)[:3], rtol=1e-11)
        weight = generator.integers(0, 3, 1000).astype(np.uint32)
        np.testing.assert_allclose(self.moments(x.ravel()[1:], 1000, 3, weight),
                                   self.expected(np.repeat(x[:, 1], weight)[~np.isnan(np.repeat(x[:, 1], weight))])[:3], rtol=1e-11)
        self.assertTrue(np.isnan(self.moments(np.arange(3.0), 3, 1)).all())
        self.assertTrue(np.isnan(self.moments(np.ones(9), 9, 1)).all())

    def test_normality(self):
        """Estimates are scipy's of each column; errors are those of the same resamples of rows."""
        generator = np.random.default_rng(10)
        rows, resamples = 31, 40
        x = generator.laplace(size=(rows, 1)) + 0.3 * generator.normal(size=(rows, 3))
        x[4, 0] = x[5, 2] = np.nan
        stream = rng.stream(seed=3, purpose="bootstrap")
        moment, error = self.normality(x, resamples, stream)

        def mean(y):
            return np.mean([self.expected(column[~np.isnan(column)]) for column in y.T], axis=0)

        np.testing.assert_allclose(moment, mean(x), rtol=1e-11)
        found = []
        for r in range(resamples):
            words = rng.words(stream, rows, r * 32)
            found.append(mean(x[(words.astype(np.uint64) * rows) >> np.uint64(32)]))
        np.testing.assert_allclose(error, np.std(found, axis=0, ddof=1), rtol=1e-10)
        moment, error = self.normality(np.full((9, 2), np.nan), 20, stream)
        self.assertTrue(np.isnan(moment).all() and np.isnan(error).all())

    def cluster_moments(self, x, resamples, stream):
        out = [ct.c_double() for _ in range(4)]
        check(lib.bl_stats_cluster_moments(pointer(x), *x.shape, resamples, stream, *map(ct.byref, out)))
        return [value.value for value in out]

    def test_cluster_moments(self):
        """Mean and variance by their formulas, errors from the same resamples; no bias where clusters differ."""
        generator = np.random.default_rng(12)
        clusters, resamples = 23, 50
        x = 5 + generator.normal(size=(clusters, 1)) + 0.5 * generator.normal(size=(clusters, 4))
        x[3, 1] = x[4] = np.nan
        stream = rng.stream(seed=4, purpose="bootstrap")

        def expected(y):
            given = y[~np.isnan(y)]
            y = y[~np.isnan(y).all(axis=1)]
            spread = sum(np.nansum(row - given.mean()) ** 2 for row in y) * len(y) / (len(y) - 1) / len(given) ** 2
            return given.mean(), given.var() + spread

        mean, mean_error, variance, variance_error = self.cluster_moments(x, resamples, stream)
        np.testing.assert_allclose((mean, variance), expected(x), rtol=1e-12)
        found = [expected(x[(rng.words(stream, clusters, r * 24).astype(np.uint64) * clusters) >> np.uint64(32)])
                 for r in range(resamples)]
        np.testing.assert_allclose((mean_error, variance_error), np.std(found, axis=0, ddof=1), rtol=1e-9)
        of_many = [self.cluster_moments(np.repeat(generator.normal(size=(6, 1)), 3, axis=1), 4, stream)[2] for _ in range(2000)]
        self.assertLess(abs(np.mean(of_many) - 1), 4 * np.std(of_many) / np.sqrt(2000))
        self.assertTrue(np.isnan(self.cluster_moments(np.full((5, 2), np.nan), 9, stream)).all())
        alike = self.cluster_moments(np.ones((5, 2)), 9, stream)
        self.assertEqual(alike[:3], [1, 0, 0])

    def test_normality_of_normal_numbers(self):
        """1, 0, 0 and 0.87/sqrt(rows), also where all inputs of a row agree; errors as large as the deviations."""
        generator, rows = np.random.default_rng(11), 100
        found = [self.normality(np.repeat(generator.normal(size=(rows, 1)), 4, axis=1), 100,
                                rng.stream(seed=k, purpose="bootstrap")) for k in range(400)]
        moment, error = np.array(found).transpose(1, 0, 2)
        spread = moment.std(axis=0)
        away = moment.mean(axis=0) - [1, 0, 0, 0.8687 / np.sqrt(rows)]
        self.assertTrue((np.abs(away[:3]) < 4 * spread[:3] / 20).all(), away)
        self.assertLess(abs(away[3]), 0.05 * 0.087)
        np.testing.assert_allclose(error.mean(axis=0)[:2] / spread[:2], 1, atol=0.15)


class Normal(unittest.TestCase):
    def test_cdf(self):
        for x in np.linspace(-37, 8, 400):
            np.testing.assert_allclose(lib.bl_stats_normal_cdf(x), special.ndtr(x), rtol=2e-13)

    def test_quantile(self):
        u = np.concatenate([10.0 ** np.linspace(-307, -1, 500), np.linspace(0.01, 0.5, 500), [0.075, 0.425]])
        for value in u:
            self.assertLess(abs(lib.bl_stats_normal_quantile(value) / special.ndtri(value) - 1) if value != 0.5
                            else abs(lib.bl_stats_normal_quantile(value)), 4e-15)
        for value in (0.75, 0.9, 1 - 2.0 ** -40, 1 - 2.0 ** -53):
            self.assertEqual(lib.bl_stats_normal_quantile(value), -lib.bl_stats_normal_quantile(1 - value))
        self.assertEqual(lib.bl_stats_normal_quantile(0.0), -np.inf)
        self.assertEqual(lib.bl_stats_normal_quantile(1.0), np.inf)
        self.assertTrue(np.isnan(lib.bl_stats_normal_quantile(1.5)))


if __name__ == "__main__":
    unittest.main()
