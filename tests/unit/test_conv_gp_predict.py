# SPDX-License-Identifier: BSD-3-Clause
"""Gradients, first-order law and guaranteed median of infinitely wide convolutional networks."""
import ctypes as ct
import unittest

import numpy as np
from scipy import stats

from borderline_core import Box, Error, check, lib, pointer
from test_conv_gp import Network, cnn, features, images, layer, lenet, resnet, sampled
from test_predict import UNBOUNDED, UNIT, Config, boxed_length, dual

lib.bl_predict_network_first_order.argtypes = [ct.c_void_p] * 2 + [ct.c_size_t] * 3 + [ct.POINTER(Box)] + [ct.c_size_t] * 2 + [
    ct.c_void_p] * 3
lib.bl_predict_network_guaranteed_median.argtypes = [ct.c_void_p] * 2 + [ct.c_size_t] * 3 + [
    ct.POINTER(ct.c_double)] * 3
lib.bl_gp_network_family.argtypes = [ct.c_char_p, ct.c_void_p, ct.c_size_t, ct.c_size_t, ct.POINTER(ct.c_void_p)]

LEVEL = np.array([0.25, 0.5, 0.75])


def law(network, config, box=UNBOUNDED, draws=4096):
    quantile, error = np.empty((config.count, 3)), np.empty(config.count)
    check(lib.bl_predict_network_first_order(config.handle, network.handle, 2, config.dimension, 1, box, draws, 3,
                                             pointer(LEVEL), pointer(quantile), pointer(error)))
    return quantile, error


def guaranteed(network, config, p):
    eps, error = ct.c_double(), ct.c_double()
    check(lib.bl_predict_network_guaranteed_median(config.handle, network.handle, 2, config.dimension, 1, ct.c_double(p), eps, error))
    return eps.value


def family(name, depth, side, channels=3):
    """A family as the library makes it."""
    config, network = Config(channels * side * side, channels=channels), Network.__new__(Network)
    network.shape, network.handle = (channels, side, side), ct.c_void_p()
    check(lib.bl_gp_network_family(name.encode(), config.handle, depth, config.dimension, network.handle))
    return network


def gradient_covariance(network, x):
    """Covariance of the gradient as far as slopes give it, [n][n], and the variance of f."""
    variance, slope = network.slopes(x)
    return np.kron(np.eye(network.shape[0]), slope), variance


class Families(unittest.TestCase):
    def test_layers(self):
        """The library's lists against lists written here, with the paper's variances."""
        x = images(3, (3, 8, 8))
        small = [layer("conv", weight=0.02), layer("activation")]
        act = layer("activation")
        convs = [layer("conv"), act, layer("conv"), act, layer("pool", size=2)]
        for name, depth, layers in (("cnn", 4, 4 * small + [layer("dense")]),
                                    ("lenet", 2, 2 * convs + [layer("dense"), act, layer("dense"), act, layer("dense")]),
                                    ("resnet", 8, resnet(1)), ("resnet", 20, resnet(3))):
            np.testing.assert_array_equal(family(name, depth, 8).kernel(x, x), Network((3, 8, 8), layers).kernel(x, x))

    def test_refused(self):
        for name, depth, dimension, text in (
                ("resnet", 19, 192, "depth 19 is not 6k . 2"), ("resnet", 2, 192, "depth 2 is not"),
                ("cnn", 4, 193, "3 x side.2 numbers"), ("cnn", 4, 3 * 8, "3 x side.2 numbers"),
                ("lenet", 4, 3 * 64, "1 x 1|too small|larger")):
            config, handle = Config(192, channels=3), ct.c_void_p()
            with self.assertRaisesRegex(Error, text):
                check(lib.bl_gp_network_family(name.encode(), config.handle, depth, dimension, handle))


class Slopes(unittest.TestCase):
    def test_against_finite_differences(self):
        """Across all pixels of x, where the rest of the covariance vanishes, for a smooth activation."""
        shape = (24, 3, 4)
        generator = np.random.default_rng(1)
        for layers in (cnn(2, "erf", 0.1), lenet(1, "erf", 0.1)):
            x = images(1, shape)
            network = Network(shape, layers)
            _, slope = network.slopes(x[0])
            basis = np.linalg.svd(x[0].reshape(24, 12).astype(float))[0][:, 12:]
            for s, t in ((0, 0), (5, 5), (11, 11), (0, 1), (5, 6), (1, 8), (5, 0)):
                u = basis @ generator.normal(size=12)
                u /= np.linalg.norm(u)

                def shifted(pixel, steps, u=u, x=x):
                    moved = np.repeat(x.reshape(1, 24, 12), len(steps), 0)
                    moved[:, :, pixel] += (np.array(steps)[:, None] * u).astype(np.float32)
                    return moved.reshape(-1, *shape)

                def difference(h, s=s, t=t, network=network, shifted=shifted):
                    k = network.kernel(shifted(s, (h, -h)), shifted(t, (h, -h)))
                    return (k[0, 0] - k[0, 1] - k[1, 0] + k[1, 1]) / (4 * h * h)
                expected = (4 * difference(0.3) - difference(0.6)) / 3
                with self.subTest(s=s, t=t):
                    self.assertLess(abs(slope[s, t] - expected), 2e-3 * abs(slope[s, s]))

    def test_relu_with_equal_pixels_is_exact(self):
        """Sampled networks: the whole covariance of (f, gradient), its error falling as their number's root."""
        shape = (2, 4, 4)
        x, eye = images(1, shape, 3), np.eye(32).reshape(32, *shape)
        for layers in (cnn(2), cnn(2, bias=0.3), cnn(1, "leaky_relu"),
                       [layer("conv", stride=2), layer("activation"), layer("dense")]):
            a, variance = gradient_covariance(Network(shape, layers), x[0])
            along = a @ x[0].ravel().astype(float)
            exact = np.block([[np.array([[variance]]), along[None]], [along[:, None], a]])
            k = sampled(layers, x, 64, 200, 4, eye)
            error = k.std(0, ddof=1)
            for networks in (20, 200):
                z = (k[:networks].mean(0) - exact) / (error + 1e-9) * np.sqrt(networks)
                self.assertLess(abs(z).max(), 6.0)
                self.assertLess(abs(np.sqrt((z ** 2).mean()) - 1), 0.25)

    def test_isotropic_inside(self):
        """He relu: every pixel far from the border has the dense network's slope."""
        _, slope = family("resnet", 8, 12).slopes(images(1, (3, 12, 12))[0])
        _, plain = Network((3, 12, 12), cnn(2)).slopes(images(1, (3, 12, 12))[0])
        inner = plain.diagonal().reshape(12, 12)[2:-2, 2:-2]
        np.testing.assert_allclose(inner, 2.0 * (1.7 / 2) ** 2 / 432, rtol=1e-12)
        self.assertLess(plain.diagonal().reshape(12, 12)[0, 0], 0.6 * inner[0, 0])
        self.assertEqual(np.count_nonzero(slope - np.diag(slope.diagonal())), 0)

    def test_trace_behind_pools_and_sums(self):
        """The part that slopes leave out is small in the trace; with homogeneity the law along x is exact."""
        shape = (3, 6, 6)
        x, eye = images(1, shape, 3), np.eye(108).reshape(108, *shape)
        for name, layers in (("lenet", lenet(1)), ("resnet", resnet(1))):
            a, variance = gradient_covariance(Network(shape, layers), x[0])
            k = sampled(layers, x, 48, 30, 8, eye)
            trace, value = np.trace(k[:, 1:, 1:], axis1=1, axis2=2), k[:, 0, 0]
            error = np.std(trace / trace.mean() - value / value.mean()) / np.sqrt(len(k))
            ratio = trace.mean() / np.trace(a) / (value.mean() / variance)
            print(f"{name}: sampled trace over slopes' trace {ratio:.3f} +- {error:.3f}")
            self.assertLess(abs(ratio - 1), 0.05 + 3 * error)


class FirstOrder(unittest.TestCase):
    def wide_networks(self, layers, shape, config_seed, width, networks, readouts):
        """First-order distances |f|/|grad f|_q of sampled networks, [p][draws]."""
        generator, n = np.random.default_rng(config_seed), int(np.prod(shape))
        eye, out = np.eye(n).reshape(n, *shape), []
        for _ in range(networks):
            h = features(layers, generator.uniform(size=(1, *shape)), width, generator, eye)
            f = h @ generator.normal(size=(h.shape[1], readouts))
            out.append([abs(f[0]) / np.linalg.norm(f[1:], dual(p), axis=0) for p in (1, 2, np.inf)])
        return np.concatenate(out, axis=1)

    def test_against_wide_networks(self):
        shape = (3, 6, 6)
        for name, layers, width in (("cnn", cnn(2), 64), ("lenet", lenet(1), 64), ("resnet", resnet(1), 48)):
            sample = self.wide_networks(layers, shape, 5, width, 30, 200)
            quantile, _ = law(Network(shape, layers), Config(108, channels=3))
            for row, distances, p in zip(quantile, sample, (1, 2, np.inf)):
                # networks share their features: their medians tell the error
                medians = np.median(distances.reshape(30, 200), axis=1)
                error = np.std(medians) / np.sqrt(30) + np.median(distances) * 0.02
                ratio = row[1] / np.median(distances)
                print(f"{name} p={p}: law over wide networks {ratio:.3f} +- {error / np.median(distances):.3f}")
                self.assertLess(abs(row[1] - np.median(distances)), 3 * error)

    def test_against_numpy(self):
        """Own draws of the exact law, with and without box, relu and equal pixels, with bias."""
        shape, draws, generator = (3, 4, 4), 8000, np.random.default_rng(6)
        for bias in (0.0, 0.4):
            layers = cnn(2, bias=bias)
            network, config = Network(shape, layers), Config(48, channels=3)
            x = generator.uniform(size=(draws, 48)).astype(np.float32)
            a = gradient_covariance(network, x[0].reshape(shape))[0].diagonal()
            variance = np.array([network.kernel(i, i)[0, 0] for i in x.reshape(-1, 1, *shape)])
            g = np.sqrt(a) * generator.normal(size=(draws, 48))
            rest = np.maximum(variance - (x * x) @ a, 0)
            f = (g * x).sum(1) + np.sqrt(rest) * generator.normal(size=draws)
            for box in (UNBOUNDED, UNIT):
                quantile, _ = law(network, config, box)
                for row, p in zip(quantile, (1, 2, np.inf)):
                    sample = abs(f) / np.linalg.norm(g, dual(p), axis=1) if box is UNBOUNDED else boxed_length(
                        p, x.astype(float), g, -f)
                    for q, l in zip(row, LEVEL):
                        width = np.quantile(sample, l + .05) - np.quantile(sample, l - .05)
                        error = np.sqrt(l * (1 - l) * (1 / 4096 + 1 / draws)) * width / 0.1
                        self.assertLess(abs(q - np.quantile(sample, l)), 5 * error + 0.01 * q)

    def test_dense_is_a_special_case(self):
        """A dense network as a list of layers has the dense family's law."""
        n = 60
        network = Network((n, 1, 1), [layer("dense"), layer("activation"), layer("dense"), layer("activation"),
                                      layer("dense")])
        config = Config(n)
        for box in (UNBOUNDED, UNIT):
            np.testing.assert_allclose(law(network, config, box)[0], config.law(box)[0], rtol=0.05)
        for p in (1.0, 1.5, 2.0, 5.0, np.inf):
            self.assertLess(abs(guaranteed(network, config, p) / config.guaranteed(p) - 1), 0.001 if p in (
                1.0, np.inf) else 0.03)

    def test_classes(self):
        """More classes: no closer than the nearest of two, no further than it by much."""
        network = family("cnn", 2, 4)
        two, ten = (law(network, Config(48, channels=3, classes=c), draws=1024)[0][:, 1] for c in (2, 10))
        self.assertTrue((ten < two).all() and (ten > 0.1 * two).all())


class Guaranteed(unittest.TestCase):
    def test_below_the_law(self):
        for name, depth, least in (("cnn", 4, 0.25), ("lenet", 2, 0.02), ("resnet", 8, 0.05)):
            config = Config(3 * 64, "[1, 2, inf]", channels=3)
            network = family(name, depth, 8)
            median = law(network, config)[0][:, 1]
            for p, m in zip((1.0, 2.0, np.inf), median):
                eps = guaranteed(network, config, p)
                print(f"{name} p={p}: guaranteed over law {eps / m:.3f}")
                self.assertLess(eps, m)
                self.assertGreater(eps, least * m)
        self.assertTrue(np.isnan(guaranteed(network, Config(192, channels=3), 0.0)))

    def test_against_formula(self):
        """cnn, p = 2: all constants from slopes."""
        config, network = Config(3 * 64, channels=3), family("cnn", 2, 8)
        x = np.random.default_rng(3).uniform(size=(300, 3, 8, 8)).astype(np.float32)
        a, _ = gradient_covariance(network, x[0])
        k = np.array([network.kernel(i, i)[0, 0] for i in x[:, None]])
        mean, reach = np.sqrt(np.trace(a)) * np.sqrt(2), np.sqrt(a.max()) * np.sqrt(2)

        def bound(eps):
            m = eps * (mean + np.linspace(0, 8, 2001)[:, None] * reach)
            return np.minimum(1, np.min(2 * stats.norm.cdf(m / np.sqrt(2 * k)) - 1 + 2 * np.exp(
                -np.linspace(0, 8, 2001)[:, None] ** 2 / 2), axis=0)).mean()
        low, high = 0.0, 10.0
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if bound(middle) < 0.5 else (low, middle)
        # the mean length of the library is exact, here it is bounded: sqrt(tr A)
        self.assertLess(abs(guaranteed(network, config, 2.0) / low - 1), 0.02)

    def test_growing_images(self):
        """The guarantee meets the law of cnn up to the border as the image grows (p = 2)."""
        ratio = []
        for side in (8, 16, 32):
            config, network = Config(3 * side * side, "[2]", channels=3), family("cnn", 2, side)
            ratio.append(guaranteed(network, config, 2.0) / law(network, config, draws=1024)[0][0, 1])
        print("guaranteed over law, cnn, p = 2:", np.round(ratio, 3))
        self.assertTrue(ratio[0] < ratio[1] < ratio[2] < 1)
        self.assertGreater(ratio[2], 0.85)


if __name__ == "__main__":
    unittest.main()
