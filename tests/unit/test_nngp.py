# SPDX-License-Identifier: BSD-3-Clause
"""Kernels of infinitely wide networks against quadrature, finite differences, closed statements and sampling."""
import ctypes as ct
import unittest

import numpy as np
from scipy import integrate, special, stats

from borderline_core import ACTIVATION, ACTIVATIONS, Local, Model, check, lib, pointer

SLOPE = 0.2  # of leaky_relu

lib.bl_nngp_layer.restype = None
lib.bl_nngp_layer.argtypes = [ct.POINTER(Model)] + [ct.c_double] * 3 + [ct.POINTER(ct.c_double)] * 2
lib.bl_nngp_kernel.argtypes = [ct.POINTER(Model)] + [ct.c_size_t] * 2 + [ct.c_void_p, ct.c_size_t] + [ct.c_void_p] * 2
lib.bl_nngp_local.restype = Local
lib.bl_nngp_local.argtypes = [ct.POINTER(Model), ct.c_size_t, ct.c_double]
lib.bl_gram_product.argtypes = [ct.c_size_t, ct.c_size_t, ct.c_void_p, ct.c_size_t, ct.c_void_p, ct.c_double,
                                ct.c_double, ct.c_void_p]
lib.bl_empirical_add_features.argtypes = [ct.POINTER(Model), ct.c_size_t, ct.c_size_t, ct.c_void_p, ct.c_void_p]
lib.bl_empirical_add_outputs.restype = None
lib.bl_empirical_add_outputs.argtypes = [ct.c_size_t, ct.c_size_t, ct.c_void_p, ct.c_void_p]
lib.bl_empirical_deviation.restype = ct.c_double
lib.bl_empirical_deviation.argtypes = [ct.c_size_t, ct.c_double, ct.c_void_p, ct.c_void_p]
lib.bl_empirical_kurtosis.argtypes = [ct.c_size_t, ct.c_size_t, ct.c_void_p]
lib.bl_empirical_kurtosis.restype = ct.c_double


def model(activation, weight=2.0, bias=0.0, depth=2):
    return Model(activation=ACTIVATION[activation], negative_slope=SLOPE, weight_variance=weight, bias_variance=bias, depth=depth)


def layer(m, k1, k2, k):
    v, dv = ct.c_double(), ct.c_double()
    lib.bl_nngp_layer(m, k1, k2, k, v, dv)
    return v.value, dv.value


def kernel(m, x, y):
    out = np.empty((len(x), len(y)))
    check(lib.bl_nngp_kernel(m, x.shape[1], len(x), pointer(x), len(y), pointer(y), pointer(out)))
    return out


def phi(activation, x):
    return {"relu": lambda: np.maximum(x, 0), "leaky_relu": lambda: np.where(x > 0, x, SLOPE * x),
            "tanh": lambda: np.tanh(x), "erf": lambda: special.erf(x), "gelu": lambda: x * special.ndtr(x)}[activation]()


def dphi(activation, x):
    return {"relu": lambda: np.heaviside(x, 0), "leaky_relu": lambda: np.where(x > 0, 1.0, SLOPE),
            "tanh": lambda: 1 - np.tanh(x) ** 2, "erf": lambda: 2 / np.sqrt(np.pi) * np.exp(-x * x),
            "gelu": lambda: special.ndtr(x) + x * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)}[activation]()


def double_exponential(a, b, step=0.08, end=3.4):
    """Nodes measured from the nearer end, and weights, on [a, b]: dense towards both ends."""
    t = np.arange(-end, end + step / 2, step)
    s = np.pi / 2 * np.sinh(t)
    weight = step * np.pi / 2 * np.cosh(t) / np.cosh(s) ** 2 * (b - a) / 2
    return a + (b - a) / (1 + np.exp(-2 * s)), weight


def plane_quadrature(activation, k1, k2, rho):
    """E phi phi and E phi' phi' in polar coordinates of the whitened plane, split where u or v changes sign: there
    kinks, jumps and the steep parts lie."""
    alpha = np.arccos(rho)
    cuts = np.sort(np.mod([np.pi / 2, 3 * np.pi / 2, alpha + np.pi / 2, alpha - np.pi / 2], 2 * np.pi))
    ends = np.append(cuts, cuts[0] + 2 * np.pi)
    theta, theta_weight = (np.concatenate(c) for c in zip(
        *(double_exponential(a, b) for a, b in zip(ends[:-1], ends[1:]))))
    node, node_weight = np.polynomial.legendre.leggauss(10)
    panels = np.concatenate([np.linspace(0, 1, 12), np.linspace(1.4, 9.4, 20)])
    r = ((panels[:-1] + panels[1:])[:, None] / 2 + np.diff(panels)[:, None] / 2 * node).ravel()
    r_weight = (np.diff(panels)[:, None] / 2 * node_weight).ravel() * r * np.exp(-r * r / 2) / (2 * np.pi)
    u = np.sqrt(k1) * r[:, None] * np.cos(theta)
    v = np.sqrt(k2) * r[:, None] * np.cos(theta - alpha)
    return [float(r_weight @ (f(activation, u) * f(activation, v)) @ theta_weight) for f in (phi, dphi)]


class Layer(unittest.TestCase):
    RHO = [-1.0, -0.999999, -0.7, 0.0, 0.4, 0.99, 1 - 1e-9, 1.0]

    def compare(self, activation, k1, k2, rho):
        v, dv = layer(model(activation), k1, k2, rho * np.sqrt(k1 * k2))
        expected_v, expected_dv = plane_quadrature(activation, k1, k2, rho)
        scale = np.sqrt(layer(model(activation), k1, k1, k1)[0] * layer(model(activation), k2, k2, k2)[0])
        with self.subTest(activation=activation, k1=k1, k2=k2, rho=rho):
            self.assertLess(abs(v - expected_v) / scale, 1e-10)
            # a jump of phi' seen through rounding of rho: sqrt(1 - rho) is known to 1e-8 at best
            self.assertLess(abs(dv - expected_dv), 1e-10 if "relu" not in activation or abs(rho) < 0.9999 else 2e-8)

    def test_against_quadrature(self):
        for activation in ACTIVATIONS:
            for k1, k2 in ((1e-3, 1e-3), (1.0, 1.0), (0.3, 2.0), (100.0, 1e-3), (100.0, 100.0), (10.0, 3.0)):
                for rho in self.RHO:
                    self.compare(activation, k1, k2, rho)

    def test_derivative_is_the_derivative(self):
        for activation in ACTIVATIONS:
            for k1, k2, k in ((1.0, 1.5, 0.3), (5.0, 0.1, -0.4), (30.0, 40.0, 20.0)):
                m, h = model(activation), 1e-4 * np.sqrt(k1 * k2)
                f = [layer(m, k1, k2, k + s * h)[0] for s in (-2, -1, 1, 2)]
                difference = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h)
                self.assertLess(abs(difference / layer(m, k1, k2, k)[1] - 1), 1e-8)

    def test_edges(self):
        for activation in ACTIVATIONS:
            m = model(activation)
            for k1, k2 in ((0.0, 0.0), (0.0, 2.0), (2.0, 0.0)):
                v, dv = layer(m, k1, k2, 0.0)
                self.assertTrue(np.isfinite(dv))
                self.assertEqual(v, 0.0)
            inside, beyond = layer(m, 2.0, 2.0, 2.0), layer(m, 2.0, 2.0, 2.0 * (1 + 1e-15))
            np.testing.assert_allclose(beyond, inside, rtol=1e-7)
            self.assertGreater(inside[0], 0)
        self.assertEqual(layer(model("relu"), 2.0, 2.0, 2.0), (1.0, 0.5))
        self.assertEqual(layer(model("relu"), 2.0, 2.0, -2.0), (0.0, 0.0))

    def test_tanh_limits(self):
        """Steep: the sign function's arc sine law. Flat: the identity, and its first correction 1 - k1 - k2."""
        for rho in (-0.9, 0.0, 0.5, 1.0):
            self.assertAlmostEqual(layer(model("tanh"), 1e16, 1e16, rho * 1e16)[0], 2 / np.pi * np.arcsin(rho), 7)
            k = 1e-5
            v, dv = layer(model("tanh"), k, 2 * k, rho * np.sqrt(2) * k)
            self.assertLess(abs(v - rho * np.sqrt(2) * k * (1 - 3 * k)), 20 * k ** 3)
            self.assertLess(abs(dv - (1 - 3 * k)), 20 * k ** 2)

    def test_monte_carlo(self):
        generator = np.random.default_rng(1)
        a, b = generator.normal(size=(2, 1 << 20))
        k1, k2, rho = 1.7, 0.6, -0.35
        u, v = np.sqrt(k1) * a, np.sqrt(k2) * (rho * a + np.sqrt(1 - rho ** 2) * b)
        for activation in ACTIVATIONS:
            for value, f in zip(layer(model(activation), k1, k2, rho * np.sqrt(k1 * k2)), (phi, dphi)):
                sample = f(activation, u) * f(activation, v)
                self.assertLess(abs(sample.mean() - value), 5 * sample.std() / np.sqrt(len(u)))


def numpy_kernel(activation, weight, bias, depth, x, y):
    """The recursion once more, with other formulas: angles for relu, asin for erf, quadrature of the plane else."""
    n = x.shape[1]
    k = bias + weight * x @ y.T / n
    kx, ky = bias + weight * (x * x).sum(1) / n, bias + weight * (y * y).sum(1) / n

    def v(k1, k2, k):
        rho = np.clip(k / np.sqrt(k1 * k2), -1, 1)
        if activation == "relu":
            return np.sqrt(k1 * k2) / 2 * (np.sqrt(1 - rho ** 2) + rho * (np.pi - np.arccos(rho))) / np.pi
        if activation == "erf":
            return 2 / np.pi * np.arcsin(2 * k / np.sqrt((1 + 2 * k1) * (1 + 2 * k2)))
        return np.vectorize(lambda a, b, c: plane_quadrature(activation, a, b, c)[0])(k1, k2, rho)
    for _ in range(depth):
        k = bias + weight * v(kx[:, None], ky[None, :], k)
        kx, ky = bias + weight * v(kx, kx, kx), bias + weight * v(ky, ky, ky)
    return k


class Kernel(unittest.TestCase):
    def test_against_numpy(self):
        generator = np.random.default_rng(2)
        for activation, rows, columns, n, depth in (("relu", 20, 30, 700, 4), ("erf", 20, 30, 700, 4),
                                                     ("tanh", 2, 3, 40, 2), ("gelu", 2, 3, 40, 2)):
            x = generator.uniform(size=(rows, n)).astype(np.float32)
            y = np.concatenate([x[:1], generator.normal(size=(columns - 1, n)).astype(np.float32)])
            for bias in (0.0, 0.3):
                m = model(activation, 1.8, bias, depth)
                expected = numpy_kernel(activation, 1.8, bias, depth, x.astype(float), y.astype(float))
                np.testing.assert_allclose(kernel(m, x, y), expected, rtol=1e-9, atol=1e-12)

    def test_symmetric(self):
        x = np.random.default_rng(3).uniform(size=(70, 600)).astype(np.float32)
        for activation in ACTIVATIONS:
            m = model(activation, 1.5, 0.1, 3)
            k = kernel(m, x, x)
            np.testing.assert_array_equal(k, k.T)
            np.testing.assert_allclose(k, kernel(m, x, x.copy()), rtol=1e-9)
            self.assertGreater(np.linalg.eigvalsh(k)[0], -1e-12 * np.trace(k))

    def test_he_relu_keeps_the_variance(self):
        x = np.random.default_rng(4).uniform(size=(5, 300)).astype(np.float32)
        for depth in (0, 1, 7):
            k = kernel(model("relu", 2.0, 0.0, depth), x, x)
            np.testing.assert_allclose(np.diag(k), 2 * (x.astype(float) ** 2).mean(1), rtol=1e-13)


def process_kernel(m, n, x, y):
    """K between two points given as (radius, height across), by the layer function."""
    k1, k2, k = (m.bias_variance + m.weight_variance * (a[0] * b[0] + a[1] * b[1]) / n
                 for a, b in ((x, x), (y, y), (x, y)))
    for _ in range(m.depth):
        k1, k2, k = (m.bias_variance + m.weight_variance * layer(m, *arguments)[0]
                     for arguments in ((k1, k1, k1), (k2, k2, k2), (k1, k2, k)))
    return k


def derivative(f, h):
    """Central difference with Richardson's extrapolation; error O(h^6)."""
    d = [(f(s * h) - f(-s * h)) / (2 * s * h) for s in (1, 2, 3)]
    return (15 * d[0] - 6 * d[1] + d[2]) / 10


class LocalLaw(unittest.TestCase):
    def test_against_finite_differences(self):
        n, q = 30, 0.8
        r = np.sqrt(n * q)
        for activation in ("tanh", "erf", "gelu"):
            for weight, bias, depth in ((1.5, 0.0, 1), (2.25, 0.4, 3)):
                m = model(activation, weight, bias, depth)
                law = lib.bl_nngp_local(m, n, q)
                h = 0.03 * r

                def k(s, t, up_s=0.0, up_t=0.0, m=m):
                    return process_kernel(m, n, (r + s, up_s), (r + t, up_t))
                self.assertLess(abs(law.value / k(0, 0) - 1), 1e-11)
                for value, expected in (
                        (law.value_radial, derivative(lambda t: k(0, t), h)),
                        (law.radial, derivative(lambda s: derivative(lambda t: k(s, t), h), h)),
                        (law.across, derivative(lambda s: derivative(lambda t: k(0, 0, s, t), h), h))):
                    with self.subTest(activation=activation, depth=depth):
                        self.assertLess(abs(value / expected - 1), 2e-6)

    def test_he_relu(self):
        """Isotropic gradient at every depth, and f = r df/dr without bias (THEORY.md, section 4.1)."""
        n = 50
        for activation, weight in (("relu", 2.0), ("leaky_relu", 2 / (1 + SLOPE ** 2))):
            for depth in (1, 2, 10):
                for q in (0.33, 7.0):
                    law, r = lib.bl_nngp_local(model(activation, weight, 0.0, depth), n, q), np.sqrt(n * q)
                    np.testing.assert_allclose(
                        [law.value, law.value_radial, law.radial, law.across],
                        [weight * q, weight * r / n, weight / n, weight / n], rtol=1e-13)
                    np.testing.assert_allclose([law.value, law.value_radial], [r * r * law.radial, r * law.radial],
                                               rtol=1e-13)

    def expectations(self, activation, variance):
        def mean(f):
            s = np.sqrt(variance)
            cuts = np.concatenate([[0], 1 / s * np.array([0.3, 1, 3, 10]), [0.5, 1, 2, 4, 9.5]])
            cuts = np.unique(cuts[cuts <= 9.5])
            pieces = [integrate.quad(lambda t, a=a: (f(a * s * t)) * np.exp(-t * t / 2) / np.sqrt(2 * np.pi), lo, hi,
                                     epsabs=1e-16, epsrel=2e-12)[0]
                      for lo, hi in zip(cuts[:-1], cuts[1:]) for a in (1, -1)]
            return sum(pieces)
        p, d = (lambda z: phi(activation, z)), (lambda z: dphi(activation, z))
        return [mean(f) for f in (lambda z: p(z) ** 2, lambda z: p(z) * d(z) * z, lambda z: d(z) ** 2,
                                  lambda z: d(z) ** 2 * z * z)]

    def test_against_numpy(self):
        """The recursion with expectations by adaptive quadrature, from small to large variance."""
        n = 20
        for activation in ACTIVATIONS:
            for q in (1e-3, 1.0, 100.0, 3000.0):
                weight, bias, depth = 1.7, 0.2, 2
                w = weight / n
                z = [bias + weight * q, w * np.sqrt(n * q), w, w]
                for _ in range(depth):
                    value, mixed, slope, stretched = self.expectations(activation, z[0])
                    ratio = z[1] / z[0]
                    z = [bias + weight * value, weight * ratio * mixed,
                         weight * (ratio ** 2 * stretched + (z[2] - ratio * z[1]) * slope), weight * slope * z[3]]
                law = lib.bl_nngp_local(model(activation, weight, bias, depth), n, q)
                with self.subTest(activation=activation, q=q):
                    np.testing.assert_allclose([law.value, law.value_radial, law.radial, law.across], z, rtol=1e-10)

    def test_monte_carlo_rate(self):
        """One layer of the process sampled: the error falls as one over the root of the sample."""
        generator = np.random.default_rng(5)
        n, q, weight, bias = 10, 1.3, 1.9, 0.3
        for activation in ACTIVATIONS:
            law = lib.bl_nngp_local(model(activation, weight, bias, 1), n, q)
            exact = np.array([law.value, law.value_radial, law.radial, law.across])
            x = np.zeros(n)
            x[0] = np.sqrt(n * q)
            for size in (1000, 30000, 900000):
                w = generator.normal(0, np.sqrt(weight / n), size=(2, size))  # weights of coordinates 0 and 1
                z = w[0] * x[0] + generator.normal(0, np.sqrt(bias), size=size)
                h, slope = phi(activation, z), dphi(activation, z)
                sample = weight * np.stack([h * h, h * slope * w[0], (slope * w[0]) ** 2, (slope * w[1]) ** 2])
                sample[0] += bias
                error = (sample.mean(1) - exact) / (sample.std(1) / np.sqrt(size))
                self.assertLess(np.abs(error).max(), 5, (activation, size))

    def test_zero(self):
        for activation in ACTIVATIONS:
            law = lib.bl_nngp_local(model(activation, 1.5, 0.0, 3), 10, 0.0)
            self.assertEqual((law.value, law.value_radial), (0.0, 0.0))
            self.assertGreater(law.across, 0.0)
            self.assertAlmostEqual(law.across, law.radial, 14)


class Empirical(unittest.TestCase):
    def test_gram_product(self):
        generator = np.random.default_rng(6)
        x, y = (generator.normal(size=(rows, 777)).astype(np.float32) for rows in (13, 9))
        out = np.full((13, 9), np.nan)
        check(lib.bl_gram_product(777, 13, pointer(x), 9, pointer(y), 0.5, 0.0, pointer(out)))
        np.testing.assert_allclose(out, 0.5 * x.astype(float) @ y.T.astype(float), rtol=1e-12, atol=1e-12)
        square = np.ones((13, 13))
        check(lib.bl_gram_product(777, 13, pointer(x), 13, pointer(x), 2.0, 1.0, pointer(square)))
        np.testing.assert_allclose(square, 1 + 2 * x.astype(float) @ x.T.astype(float), rtol=1e-12, atol=1e-11)
        np.testing.assert_array_equal(square, square.T)

    def sampled(self, m, x, width, networks, classes, seed):
        """Mean kernels from features and outputs of sampled relu networks, and the outputs' margins."""
        generator = np.random.default_rng(seed)
        features, outputs = np.zeros((len(x),) * 2), np.zeros((len(x),) * 2)
        margin = np.empty((networks, len(x)))
        for s in range(networks):
            h = x.astype(float)
            for _ in range(m.depth + 1):
                last = h
                fan_in = h.shape[1]
                rows = width if _ < m.depth else classes
                z = h @ generator.normal(0, np.sqrt(m.weight_variance / fan_in), (fan_in, rows))
                z += generator.normal(0, np.sqrt(m.bias_variance), rows)
                h = phi("relu", z)
            check(lib.bl_empirical_add_features(m, len(x), width, pointer(last.astype(np.float32)), pointer(features)))
            lib.bl_empirical_add_outputs(len(x), classes, pointer(z.astype(np.float32)), pointer(outputs))
            margin[s] = z[:, 1] - z[:, 0]
        return features / networks, outputs / networks, margin

    def test_expectations_are_the_kernel(self):
        x = np.random.default_rng(7).uniform(size=(6, 20)).astype(np.float32)
        m = model("relu", 2.0, 0.5, 1)
        exact = kernel(m, x, x)
        for classes in (2, 5):
            # one hidden layer: exact in expectation at every width
            features, outputs, margin = self.sampled(m, x, 40, 4000, classes, 8)
            self.assertLess(lib.bl_empirical_deviation(6, 1.0, pointer(features), pointer(exact)), 0.01)
            self.assertLess(lib.bl_empirical_deviation(6, 1.0, pointer(outputs), pointer(exact)), 0.08)
            if classes == 2:
                np.testing.assert_allclose(outputs, margin.T @ margin / 2 / len(margin), rtol=1e-5)
        total = 3 * exact
        self.assertLess(lib.bl_empirical_deviation(6, 1 / 3, pointer(total), pointer(exact)), 1e-15)
        total[2, 3] += 0.3
        self.assertAlmostEqual(lib.bl_empirical_deviation(6, 1 / 3, pointer(total), pointer(exact)),
                               0.1 / np.linalg.norm(exact), 12)

    def test_deviation_falls_with_width(self):
        x = np.random.default_rng(9).uniform(size=(6, 20)).astype(np.float32)
        m = model("relu", 2.0, 0.0, 2)
        exact = kernel(m, x, x)
        deviation = [np.mean([lib.bl_empirical_deviation(
            6, 1.0, pointer(self.sampled(m, x, width, 1, 2, seed)[0]), pointer(exact)) for seed in range(40)])
            for width in (16, 256)]
        self.assertLess(abs(deviation[0] / deviation[1] / 4 - 1), 0.3)  # one over the root of the width

    def test_kurtosis(self):
        generator = np.random.default_rng(10)
        f = generator.laplace(size=(200, 7))
        self.assertAlmostEqual(lib.bl_empirical_kurtosis(200, 7, pointer(f)), stats.kurtosis(f, axis=0, bias=False).mean(), 11)
        f = generator.normal(size=(8, 40000))  # few samples: plain kurtosis would be -0.67
        self.assertLess(abs(lib.bl_empirical_kurtosis(8, 40000, pointer(f))), 0.05)
        f[0, :], f[3, 1] = np.nan, np.nan
        self.assertTrue(np.isnan(lib.bl_empirical_kurtosis(4, 40000, pointer(f))))


if __name__ == "__main__":
    unittest.main()
