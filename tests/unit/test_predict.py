# SPDX-License-Identifier: BSD-3-Clause
"""Predictions against their own formulas by numpy and scipy, closed forms, and large-dimension limits."""
import ctypes as ct
import time
import unittest

import numpy as np
from scipy import integrate, optimize, special, stats

import test_nngp  # noqa: F401  declares the kernels
from borderline_core import ACTIVATION, Box, Model, check, lib, pointer, structure

lib.bl_config_parse.argtypes = [ct.c_char_p, ct.c_char_p, ct.c_size_t, ct.c_void_p, ct.c_size_t,
                                ct.POINTER(ct.c_void_p)]
lib.bl_config_destroy.argtypes = [ct.POINTER(ct.c_void_p)]
lib.bl_predict_first_order.argtypes = [ct.c_void_p] + [ct.c_size_t] * 3 + [ct.POINTER(Box), ct.c_size_t, ct.c_size_t,
                                       ct.c_void_p, ct.c_void_p, ct.c_void_p]
lib.bl_predict_guaranteed_median.argtypes = [ct.c_void_p] + [ct.c_size_t] * 3 + [ct.POINTER(ct.c_double)] * 3
lib.bl_predict_mean_norm.restype = ct.c_double
lib.bl_predict_mean_norm.argtypes = [ct.c_size_t, ct.c_double]

UNBOUNDED, UNIT = Box(lo=-np.inf, hi=np.inf), Box(lo=0, hi=1)
MEDIAN_OF_NORMAL = stats.norm.ppf(0.75)


class Config:
    def __init__(self, dimension=192, p="[1, 2, inf]", seed=1, activation="relu", weight=2.0, bias=0.0, classes=2,
                 kind="uniform", channels=None):
        text = f"""
name: predictions
seed: {seed}
network:
  family: dense
  activation: {activation}
  weights: {{distribution: normal, variance: {weight}}}
  biases: {{variance: {bias}}}
  classes: {classes}
grid:
  depth: [2]
  width: [100]
  dimension: [{dimension}]
  p: {p}
image: {{channels: {channels or (dimension if dimension <= 10000 else dimension // 10000)}}}
samples: {{networks: 2, inputs: 2}}
inputs: {{distribution: {kind}, box: {"[0, 1]" if kind == "uniform" else "none"}}}
""".encode()
        self.dimension, self.count = dimension, len(p.split(","))
        self.handle = ct.c_void_p()
        check(lib.bl_config_parse(b"test", text, len(text), None, 0, self.handle))

    def __del__(self):
        lib.bl_config_destroy(self.handle)

    def laws(self, boxes, draws=4096, depth=2, level=(0.25, 0.5, 0.75)):
        """Quantiles [box][p][level] and errors [box][p]."""
        level, count = np.array(level), len(boxes)
        quantile, error = np.empty((count, self.count, len(level))), np.empty((count, self.count))
        check(lib.bl_predict_first_order(self.handle, depth, self.dimension, count, (Box * count)(*boxes), draws,
                                         len(level), pointer(level), pointer(quantile), pointer(error)))
        return quantile, error

    def law(self, box, *arguments, **settings):
        quantile, error = self.laws([box], *arguments, **settings)
        return quantile[0], error[0]

    def guaranteed_with_error(self, p, depth=2):
        eps, error = ct.c_double(), ct.c_double()
        check(lib.bl_predict_guaranteed_median(self.handle, depth, self.dimension, 1, ct.c_double(p), eps, error))
        return eps.value, error.value

    def guaranteed(self, p, depth=2):
        return self.guaranteed_with_error(p, depth)[0]


def dual(p):
    return np.inf if p == 1 else 1.0 if np.isinf(p) else p / (p - 1)


def boxed_length(p, x, g, c):
    """Linear step in [0, 1]^n for each row, by bisection on the multiplier (p = 1: by sorting)."""
    d = np.sign(c)[:, None] * g
    a, c = np.abs(d), np.abs(c)
    u = np.where(d > 0, 1 - x, x)
    if p in (0, 1):
        order = np.argsort(-(a if p == 1 else a * u), axis=1)
        a, u = np.take_along_axis(a, order, 1), np.take_along_axis(u, order, 1)
        before = np.cumsum(a * u, axis=1) - a * u
        t = np.clip((c[:, None] - before) / a, 0, u)
        return t.sum(1) if p == 1 else (t > 0).sum(1)
    power = 0.0 if np.isinf(p) else 1 / (p - 1)
    lo, hi = np.zeros(len(c)), np.full(len(c), 1e12)
    for _ in range(70):
        middle = np.where(lo > 0, np.sqrt(lo * hi), np.minimum(hi / 2, 1e-6))
        t = np.minimum(middle[:, None] * a ** power, u)
        short = (a * t).sum(1) < c
        lo, hi = np.where(short, middle, lo), np.where(short, hi, middle)
    t = np.minimum(hi[:, None] * a ** power, u)
    return t.max(1) if np.isinf(p) else (t ** p).sum(1) ** (1 / p)


def sampled_law(n, draws, fields, normal_law, generator):
    """x0, values and gradients of `fields` logits for the relu or other law given as (K, Cov(f, f_r), Var f_r, across)."""
    x = generator.uniform(size=(draws, n))
    radius = np.linalg.norm(x, axis=1)
    e = x / radius[:, None]
    values, gradients = [], []
    law = np.array([normal_law(r * r / n) for r in radius])
    for _ in range(fields):
        pair = np.array([np.linalg.cholesky([[k, c], [c, v + 1e-12 * v]]) @ generator.normal(size=2)
                         for k, c, v, _ in law])
        g = np.sqrt(law[:, 3])[:, None] * generator.normal(size=(draws, n))
        g += e * (pair[:, 1] - (g * e).sum(1))[:, None]
        values.append(pair[:, 0])
        gradients.append(g)
    return x, np.array(values), np.array(gradients)


def relu_law(n, weight, bias, depth):
    """Closed recursion for relu: half of everything passes."""
    def at(q):
        z = np.array([bias + weight * q, weight / n * np.sqrt(n * q), weight / n, weight / n])
        for _ in range(depth):
            ratio = z[1] / z[0]
            z = np.array([bias + weight * z[0] / 2, weight * ratio * z[0] / 2,
                          weight / 2 * (ratio ** 2 * z[0] + z[2] - ratio * z[1]), weight / 2 * z[3]])
        return z
    return at


class FirstOrder(unittest.TestCase):
    def assert_quantiles(self, quantile, sample, level=(0.25, 0.5, 0.75), draws=4096):
        """Both are samples: quantiles agree within their common errors."""
        for q, l in zip(quantile, level):
            width = np.quantile(sample, l + .05) - np.quantile(sample, l - .05)
            error = np.sqrt(l * (1 - l) * (1 / draws + 1 / len(sample))) * width / 0.1
            self.assertLessEqual(abs(q - np.quantile(sample, l)), 5 * error)

    def test_closed_forms_at_large_dimension(self):
        n = 3072
        quantile, error = Config(n).law(UNBOUNDED)
        median = quantile[:, 1]
        norm = np.sqrt(n / 3)
        np.testing.assert_array_less(np.abs(median[1] - MEDIAN_OF_NORMAL / np.sqrt(3)), 5 * error[1])
        np.testing.assert_array_less(np.abs(median[2] - MEDIAN_OF_NORMAL * norm * np.sqrt(np.pi / 2) / n), 5 * error[2])
        # p = 1: |Z| times the mean of one over the largest of n, which is close to one over its mean
        expected = MEDIAN_OF_NORMAL * norm / lib.bl_predict_mean_norm(n, np.inf)
        self.assertLess(abs(median[0] / expected - 1), 0.01)
        np.testing.assert_array_less(error / median, [0.006, 0.004, 0.004])

    def test_two_classes_with_box(self):
        generator = np.random.default_rng(1)
        n, draws = 60, 6000
        p = [0, 1, 1.5, 2, 4, np.inf]
        for weight, bias, depth in ((2.0, 0.0, 2), (1.5, 0.2, 3)):
            quantile, _ = Config(n, "[0, 1, 1.5, 2, 4, inf]", weight=weight, bias=bias).law(UNIT, depth=depth)
            x, f, g = sampled_law(n, draws, 1, relu_law(n, weight, bias, depth), generator)
            for row, order in zip(quantile, p):
                with self.subTest(p=order, bias=bias):
                    self.assert_quantiles(row, boxed_length(order, x, g[0], -f[0]))

    def test_many_classes(self):
        generator = np.random.default_rng(2)
        n, draws, classes = 40, 8000, 5
        config = Config(n, "[1, 2, inf]", classes=classes)
        without, boxed = config.law(UNBOUNDED)[0], config.law(UNIT)[0]
        x, f, g = sampled_law(n, draws, classes, relu_law(n, 2.0, 0.0, 2), generator)
        top, rows = f.argmax(0), np.arange(draws)
        for row, row_boxed, p in zip(without, boxed, (1, 2, np.inf)):
            best, best_boxed = np.full(draws, np.inf), np.full(draws, np.inf)
            for j in range(classes):
                level, slope = f[top, rows] - f[j], g[j] - g[top, rows]
                other = top != j
                length = level[other] / np.linalg.norm(slope[other], dual(p), axis=1)
                best[other] = np.minimum(best[other], length)
                length = boxed_length(p, x[other], slope[other], level[other])
                best_boxed[other] = np.minimum(best_boxed[other], length)
            self.assert_quantiles(row, best)
            self.assert_quantiles(row_boxed, best_boxed)

    def test_smooth_activation(self):
        """The law of value and gradient is taken at each input's own radius."""
        from test_nngp import model
        generator = np.random.default_rng(3)
        n, draws = 30, 20000
        m = model("tanh", 2.5, 0.3, 2)

        def law(q):
            z = lib.bl_nngp_local(m, n, q)
            return z.value, z.value_radial, z.radial, z.across
        quantile, _ = Config(n, "[2]", activation="tanh", weight=2.5, bias=0.3).law(UNBOUNDED)
        _, f, g = sampled_law(n, draws, 1, law, generator)
        self.assert_quantiles(quantile[0], np.abs(f[0]) / np.linalg.norm(g[0], axis=1))

    def test_error_is_the_spread(self):
        for classes in (2, 3):
            runs = [Config(48, "[2]", seed=s, classes=classes).law(UNBOUNDED, 512) for s in range(60)]
            spread = np.std([q[0, 1] for q, _ in runs])
            self.assertLess(abs(np.mean([e[0] for _, e in runs]) / spread - 1), 0.35)
        # strata of the margin cut the error well below that of independent draws
        median, error = runs[0][0][0, 1], runs[0][1][0]
        quantile, stratified = Config(48, "[2]").law(UNBOUNDED, 512)
        independent = 0.5 / np.sqrt(512) / (2 * stats.norm.pdf(MEDIAN_OF_NORMAL) / (quantile[0, 1] / MEDIAN_OF_NORMAL))
        self.assertLess(stratified[0], 0.5 * independent)
        self.assertGreater(error / median, 0)

    def test_out_of_reach_and_p_zero(self):
        """In a box with very little room no plane is reached; without a box one coordinate is enough."""
        quantile, error = Config(20, "[2, inf]", bias=4.0, weight=0.001).law(UNIT, 256)
        self.assertTrue(np.isinf(quantile[:, 1]).all() and np.isnan(error).all())
        quantile, error = Config(20, "[0]").law(UNBOUNDED, 256)
        self.assertEqual((quantile[0, 1], error[0]), (1.0, 0.0))

    def test_same_twice(self):
        first, second = (Config(48).law(UNIT, 128) for _ in range(2))
        np.testing.assert_array_equal(first[0], second[0])
        self.assertFalse(np.array_equal(first[0], Config(48, seed=2).law(UNIT, 128)[0]))

    def test_boxes_share_draws(self):
        """Every box of a list gives what it gives alone, two classes and more."""
        for classes in (2, 4):
            config = Config(48, "[0, 1, 2, inf]", classes=classes)
            together = config.laws([UNIT, UNBOUNDED], 256)
            for k, box in enumerate((UNIT, UNBOUNDED)):
                for one, alone in zip(together, config.law(box, 256)):
                    np.testing.assert_array_equal(one[k], alone)
            self.assertTrue((together[0][0] >= together[0][1]).all() and (together[0][0] > together[0][1]).any())

    def test_cost(self):
        config = Config(3072)
        start = time.perf_counter()
        config.law(UNIT)
        seconds = time.perf_counter() - start
        print(f"first-order law, 4096 draws, n = 3072, p = 1, 2, inf: {seconds:.2f} s")
        self.assertLess(seconds, 30)


class MeanNorm(unittest.TestCase):
    def test_exact(self):
        for n in (1, 2, 17, 3000, 10 ** 6):
            self.assertAlmostEqual(lib.bl_predict_mean_norm(n, 1.0) / (n * np.sqrt(2 / np.pi)), 1, 14)
            self.assertLess(abs(lib.bl_predict_mean_norm(n, 2.0) / stats.chi(n).mean() - 1), 1e-8)
            expected = integrate.quad(lambda t, n=n: -np.expm1(n * np.log1p(-2 * stats.norm.sf(t))), 0, 15,
                                      points=[np.sqrt(2 * np.log(n + 1))], epsabs=1e-12)[0]
            self.assertLess(abs(lib.bl_predict_mean_norm(n, np.inf) / expected - 1), 1e-9)

    def test_bound(self):
        generator = np.random.default_rng(4)
        for n in (5, 300):
            g = np.abs(generator.normal(size=(20000, n)))
            for q in (1.2, 1.5, 3.0, 6.0, 20.0, 200.0):
                sample = (g ** q).sum(1) ** (1 / q)
                error = 5 * sample.std() / np.sqrt(len(sample))
                value = lib.bl_predict_mean_norm(n, q)
                self.assertGreater(value, sample.mean() - error)
                self.assertLess(value, sample.mean() * 1.25)
        # and it joins the exact values
        self.assertLess(lib.bl_predict_mean_norm(1000, 1e4) / lib.bl_predict_mean_norm(1000, np.inf), 1.002)
        self.assertLess(lib.bl_predict_mean_norm(1000, 1.0001) / lib.bl_predict_mean_norm(1000, 1.0), 1.001)


class Guaranteed(unittest.TestCase):
    def test_against_formula(self):
        """He relu without bias: slope and variance are 2/n and 2 q for one logit; inputs by numpy."""
        generator = np.random.default_rng(5)
        for n in (48, 768):
            q = (generator.uniform(size=(4000, n)) ** 2).mean(1)
            config = Config(n)
            for p in (1.0, 1.7, 2.0, 5.0, np.inf):
                mean_norm = lib.bl_predict_mean_norm(n, dual(p))

                def bound(eps, value, p=p, n=n, mean_norm=mean_norm):
                    slope, deviation = np.sqrt(4 / n), np.sqrt(4 * value)
                    m0, s = slope * eps * mean_norm, slope * eps * n ** max(0, 0.5 - 1 / p)
                    m = m0 + np.linspace(0, 8, 2001) * s
                    return min(1, np.min(2 * stats.norm.cdf(m / deviation) - 1
                                         + 2 * np.exp(-(m - m0) ** 2 / (2 * s * s))))
                # the bound depends on eps / sqrt(q) only
                typical = optimize.brentq(lambda e: bound(e, 1.0) - 0.5, 1e-9, 1e3)
                curve_eps = typical * np.linspace(0.3, 3, 400)
                curve = np.array([bound(e, 1.0) for e in curve_eps])
                expected = optimize.brentq(
                    lambda e: np.interp(e / np.sqrt(q), curve_eps, curve).mean() - 0.5, 0.1 * typical, 2 * typical)
                self.assertLess(abs(config.guaranteed(p) / expected - 1), 0.02, (n, p))  # 64 inputs

    def test_below_the_law_and_sharp(self):
        """p = 2: below the first-order median always, and as n grows equal to it."""
        last = 0.0
        for n in (100, 1000, 10000, 100000, 1000000):
            law = MEDIAN_OF_NORMAL / np.sqrt(3)
            ratio = Config(n).guaranteed(2.0) / law
            self.assertLess(ratio, 1.0)
            self.assertGreater(ratio, last)
            self.assertGreater(ratio, 1 - 6.0 / np.sqrt(n))
            last = ratio
        self.assertGreater(last, 0.99)

    def test_below_the_law(self):
        for options in (dict(), dict(bias=0.5, weight=1.5), dict(activation="tanh", weight=2.5, bias=0.1),
                        dict(activation="gelu", weight=2.0, bias=0.1), dict(classes=10), dict(kind="normal")):
            config = Config(192, "[1, 1.5, 2, 5, inf]", **options)
            quantile, _ = config.law(UNBOUNDED, 1000)
            for p, law in zip((1.0, 1.5, 2.0, 5.0, np.inf), quantile[:, 1]):
                eps = config.guaranteed(p)
                with self.subTest(p=p, **options):
                    self.assertGreater(eps, 0.03 * law)
                    self.assertLess(eps, law)
        self.assertTrue(np.isnan(Config(48).guaranteed_with_error(0.0)).all())

    def test_error_of_the_inputs(self):
        """As large as the scatter over other inputs of the same law."""
        for p in (1.0, np.inf):
            found = np.array([Config(12, "[2]", seed=seed).guaranteed_with_error(p) for seed in range(60)])
            self.assertGreater(found[:, 1].min(), 0)
            np.testing.assert_allclose(found[:, 1].mean() / found[:, 0].std(ddof=1), 1, atol=0.3)

    def test_gap_of_many_classes(self):
        """At large n and p = 2 the guaranteed median meets the median gap of C independent logits."""
        generator = np.random.default_rng(6)
        n, classes = 1000000, 10
        top = np.sort(generator.normal(size=(100000, classes)), axis=1)
        expected = np.median(top[:, -1] - top[:, -2]) / np.sqrt(2) / np.sqrt(3)
        self.assertLess(abs(Config(n, classes=classes).guaranteed(2.0) / expected - 1), 0.02)


class GradientNorm(unittest.TestCase):
    """bl_gp_law_gradient: the law of log |grad f| at one input."""

    def law(self, depth, x, **options):
        config, law = Config(len(x), **options), structure("bl_gp_law")()
        mean, variance = ct.c_double(), ct.c_double()
        check(lib.bl_gp_law_create(config.handle, ct.c_size_t(depth), ct.c_size_t(len(x)), ct.byref(law)))
        check(lib.bl_gp_law_gradient(ct.byref(law), pointer(x), ct.byref(mean), ct.byref(variance)))
        return mean.value, variance.value

    def test_equal_directions(self):
        """ReLU without bias: the logarithm of a chi-square in n dimensions, by digamma and trigamma."""
        for n in (1, 2, 3, 30, 3072, 10 ** 6):
            for depth in (1, 4):
                x = np.full(n, 0.7, np.float32)
                mean, variance = self.law(depth, x, kind="normal")
                self.assertAlmostEqual(mean, 0.5 * (np.log(4 / n * 2) + special.digamma(n / 2)), 11)
                self.assertAlmostEqual(variance, special.polygamma(1, n / 2) / 4, 11)

    def test_direction_of_the_input(self):
        """Where the derivative along x has another variance: against a two-dimensional integral over both parts."""
        for activation, weight, bias in (("erf", 3.0, 0.2), ("tanh", 6.0, 0.0), ("gelu", 2.0, 0.1)):
            x = np.linspace(-1, 2, 5).astype(np.float32)
            mean, variance = self.law(2, x, activation=activation, weight=weight, bias=bias, kind="normal")
            model = Model(activation=ACTIVATION[activation], weight_variance=weight, bias_variance=bias, depth=2)
            local = lib.bl_nngp_local(model, 5, float((x.astype(float) ** 2).mean()))
            self.assertGreater(abs(local.radial / local.across - 1), 0.02)
            u = (np.arange(2000) + 0.5) / 2000
            along = 2 * local.radial * stats.chi2.ppf(u, 1)[:, None]
            length = 0.5 * np.log(along + 2 * local.across * stats.chi2.ppf(u, 4))
            self.assertAlmostEqual(mean, length.mean(), 4)
            self.assertAlmostEqual(variance, length.var(), delta=3e-4)  # of the integral


if __name__ == "__main__":
    unittest.main()
