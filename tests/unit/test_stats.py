# SPDX-License-Identifier: BSD-3-Clause
"""Statistics against numpy and scipy."""
import ctypes as ct
import os
import time
import unittest

import numpy as np
from scipy import optimize, special, stats

from borderline_core import Stream, check, lib, pointer, rng, structure
from stats_core import LAWS, cluster_quantiles, misses, slope_at_zero
from stats_formulas import expected_interval, expected_slope

Fit, PaperFit = structure("bl_fit"), structure("bl_paper_fit")

lib.bl_stats_quantile.restype = ct.c_double
lib.bl_stats_quantile.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_double]
lib.bl_stats_line.restype = Fit
lib.bl_stats_line.argtypes = [ct.c_void_p, ct.c_void_p, ct.c_void_p, ct.c_size_t]
lib.bl_stats_paper_fit.restype = PaperFit
lib.bl_stats_paper_fit.argtypes = [ct.c_void_p, ct.c_void_p, ct.c_size_t, ct.c_double]
lib.bl_stats_moments.restype = None
lib.bl_stats_moments.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_size_t, ct.c_void_p, ct.c_void_p]
lib.bl_stats_cluster_moments.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_size_t, ct.c_size_t, Stream] + [ct.c_void_p] * 4
lib.bl_stats_normality.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_size_t, ct.c_size_t, Stream, ct.c_void_p, ct.c_void_p]
for name, count in (("normal_cdf", 1), ("normal_quantile", 1), ("beta_cdf", 3), ("beta_quantile", 3), ("student_quantile", 2)):
    getattr(lib, "bl_stats_" + name).restype = ct.c_double
    getattr(lib, "bl_stats_" + name).argtypes = [ct.c_double] * count

LEVELS = np.array([.05, .25, .40, .45, .50, .55, .60, .75, .95])


def quantile(x, level):
    return lib.bl_stats_quantile(pointer(x), len(x), level)


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


class Intervals(unittest.TestCase):
    def test_against_formulas(self):
        generator = np.random.default_rng(2)
        for clusters, size, confidence in ((23, 4, 0.9), (80, 10, 0.9), (200, 1, 0.9), (12, 7, 0.5), (70, 3, 0.95)):
            x = generator.lognormal(size=(clusters, 1)) * generator.lognormal(0, .2, size=(clusters, size))
            x[generator.random(x.shape) < 0.2] = np.nan
            x[5] = np.nan
            x[6] = x[7]  # equal values of two clusters
            for kind in ("as drawn", "many not found", "whole numbers"):
                y = np.where(x > np.nanquantile(x, 0.6), np.inf, x) if kind == "many not found" else \
                    np.ceil(4 * x) if kind == "whole numbers" else x
                estimate, low, high = cluster_quantiles(y, LEVELS, confidence)
                given = np.sort(y[~np.isnan(y)])
                np.testing.assert_allclose(estimate, [quantile(given.copy(), p) for p in LEVELS], rtol=1e-14)
                for k, p in enumerate(LEVELS):
                    with self.subTest(clusters=clusters, size=size, kind=kind, level=p):
                        np.testing.assert_allclose((low[k], high[k]), expected_interval(y, p, confidence), rtol=1e-7)
                self.assertTrue(((low <= estimate) | np.isnan(low)).all() and ((estimate <= high) | np.isnan(high)).all())

    def test_not_found_is_infinitely_far(self):
        """149 of 200 not found: the median is beyond what was looked at, and so is the upper end; a quantile of 0.05 is not."""
        x = np.where(np.arange(200) < 51, 1.0 + np.arange(200) / 100, np.inf)
        np.random.default_rng(3).shuffle(x)
        estimate, low, high = cluster_quantiles(x.reshape(100, 2), [0.05, 0.25, 0.5, 0.95])
        np.testing.assert_allclose(estimate[:2], np.quantile(np.sort(x)[:51], [9.95 / 50, 49.75 / 50]), rtol=1e-14)
        self.assertTrue(np.isinf(estimate[2:]).all() and np.isinf(low[2:]).all() and np.isinf(high[1:]).all())
        self.assertTrue(np.isfinite(low[1]) and np.isfinite(high[0]))
        all_lost = cluster_quantiles(np.full((100, 2), np.inf), LEVELS)
        self.assertTrue(np.isinf(all_lost).all())

    def test_too_few_clusters(self):
        """An end is there from the number of clusters on at which it covers even where all values of a cluster are equal."""
        generator = np.random.default_rng(5)
        for level, end, least in ((0.05, 0, 59), (0.25, 0, 11), (0.5, 0, 5), (0.5, 1, 5), (0.95, 1, 59), (0.05, 1, 2), (0.95, 0, 2)):
            for clusters in (least - 1, least):
                found = cluster_quantiles(generator.normal(size=(clusters, 3)), [level])[1 + end, 0]
                self.assertEqual(np.isnan(found), clusters < least, (level, end, clusters))
        self.assertTrue(np.isnan(cluster_quantiles(np.full((4, 3), np.nan), LEVELS)).all())
        alone = np.full((70, 3), np.nan)
        alone[0] = [1, 2, 3]
        np.testing.assert_array_equal(cluster_quantiles(alone, [0.5])[:, 0], [2, np.nan, np.nan])

    def check_coverage(self, clusters, size, trials, law):
        levels = (0.05, 0.5, 0.95)
        above, below = misses(LAWS[law], clusters, size, levels, trials, np.random.default_rng([clusters, size, trials]))
        noise = 3.5 * np.sqrt(0.07 * 0.93 / trials)
        for rate in (*above, *below):
            self.assertFalse(rate > 0.085 + noise, (law, clusters, size, above, below))  # nominally 0.05; false where there is no end
        for k, level in enumerate(levels):
            if not np.isnan(above[k] + below[k]):
                # nominally 0.1; of ten clusters that are all alike whole ranks leave 0.034
                self.assertLess(above[k] + below[k], 0.14 + noise, (law, clusters, size, level))
                self.assertGreater(above[k] + below[k], (0.02 if clusters < 30 else 0.05) - noise, (law, clusters, size, level))

    def test_coverage(self):
        """Of 90 % intervals at the 5, 50 and 95 % quantiles, for 10 to 300 networks; analysis/results/intervals has the table."""
        full = bool(os.environ.get("BORDERLINE_FULL"))
        for law in LAWS if full else ("independent", "correlation 0.7", "all alike", "half-normal, 0.5"):
            for clusters, size in ((10, 10), (15, 10), (30, 4), (60, 10), (100, 4), (300, 10)):
                self.check_coverage(clusters, size, 4000 if full else 200, law)

    def test_speed(self):
        x = np.random.default_rng(5).lognormal(size=(300, 10))
        best = np.inf
        for _ in range(5):
            start = time.perf_counter()
            cluster_quantiles(x, LEVELS)
            best = min(best, time.perf_counter() - start)
        print(f"quantiles and intervals, 300 x 10 values, 9 levels: {1e3 * best:.2f} ms")
        self.assertLess(best, 0.2)  # a hundred times the usual: a shared machine, sanitizers


class SlopeAtZero(unittest.TestCase):
    def test_against_its_definition(self):
        generator = np.random.default_rng(8)
        x = np.abs(generator.normal(size=(30, 1)) + generator.normal(size=(30, 5)))
        x[generator.random(x.shape) < 0.1] = np.nan
        x[generator.random(x.shape) < 0.1] = np.inf
        np.testing.assert_allclose(slope_at_zero(x), expected_slope(x, 0.9), rtol=1e-8)

    def test_no_bias(self):
        """Uniform distances: the mean of many estimates is the slope, for 8 and 20 independent values and for clusters whose values
        are alike or have a common part."""
        generator = np.random.default_rng(9)
        for clusters, size, kind in ((8, 1, "independent"), (20, 1, "independent"), (8, 10, "alike"), (15, 4, "part"), (300, 10, "part")):
            found = []
            for _ in range(4000 if clusters < 300 else 400):
                u = generator.random((clusters, 1))
                v = generator.random((clusters, size))
                x = {"independent": v, "alike": u + 0 * v, "part": (u + 0.3 * v) % 1.0}[kind] * 2.0
                found.append(slope_at_zero(x)[0])
            error = np.std(found) / np.sqrt(len(found))
            self.assertLess(abs(np.mean(found) - 0.5), 4 * error, (clusters, size, kind, np.mean(found)))
            self.assertLess(error, 0.02)

    def test_interval(self):
        """Holds the slope as often as it says: exactly for independent values, nearly for clusters."""
        generator = np.random.default_rng(10)
        for clusters, size, kind, most in ((12, 1, 1.0, 0.0), (60, 1, 1.0, 0.0), (15, 10, 0.3, 0.05), (60, 10, 0.3, 0.03), (300, 4, 0.0, 0.03)):
            inside, trials = 0, 1000
            for _ in range(trials):
                x = (generator.random((clusters, 1)) + kind * generator.random((clusters, size))) % 1.0
                _, low, high = slope_at_zero(x)
                inside += low <= 1.0 <= high
            self.assertLess(abs(inside / trials - 0.9), most + 0.034, (clusters, size, inside / trials))

    def test_half_normal(self):
        """The first-order law's shape: 1.7 % short of sqrt(2/pi), as the text says."""
        generator = np.random.default_rng(11)
        found = np.mean([slope_at_zero(np.abs(generator.normal(size=(4000, 1))))[0] for _ in range(200)])
        self.assertAlmostEqual(found / np.sqrt(2 / np.pi), 0.25 / stats.norm.ppf(0.625) / np.sqrt(2 / np.pi), delta=0.006)
        self.assertAlmostEqual(0.25 / stats.norm.ppf(0.625) / np.sqrt(2 / np.pi), 0.983, 3)

    def test_not_there(self):
        for x in (np.ones((1, 9)), np.array([[1.0], [2], [3], [4]]), np.zeros((20, 2)), np.full((20, 2), np.inf), np.full((9, 2), np.nan)):
            self.assertTrue(np.isnan(slope_at_zero(x)).all(), x)
        self.assertTrue(np.isfinite(slope_at_zero(np.arange(1.0, 6)[:, None])[0]))


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


class Distributions(unittest.TestCase):
    def test_beta(self):
        generator = np.random.default_rng(13)
        for a, b, x in zip(np.exp(generator.uniform(-3, 10, 400)), np.exp(generator.uniform(-3, 10, 400)), generator.random(400)):
            near = stats.beta.ppf(x, a, b)
            for at in (x, near):
                np.testing.assert_allclose(lib.bl_stats_beta_cdf(a, b, at), special.betainc(a, b, at), rtol=1e-9, atol=1e-12)
            if 1e-12 < near < 1 - 1e-9:
                np.testing.assert_allclose(lib.bl_stats_beta_quantile(a, b, x), near, rtol=1e-8)
        self.assertEqual((lib.bl_stats_beta_cdf(2, 3, 0.0), lib.bl_stats_beta_cdf(2, 3, 1.0)), (0.0, 1.0))

    def test_student(self):
        for u in (0.01, 0.3, 0.75, 0.95, 0.995):
            np.testing.assert_allclose(lib.bl_stats_student_quantile(1, u), np.tan(np.pi * (u - 0.5)), rtol=1e-11)
            np.testing.assert_allclose(lib.bl_stats_student_quantile(2, u), (2 * u - 1) / np.sqrt(2 * u * (1 - u)), rtol=1e-11)
            for freedom in (9, 59.5, 3000):
                np.testing.assert_allclose(lib.bl_stats_student_quantile(freedom, u), stats.t.ppf(u, freedom), rtol=1e-7)


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
