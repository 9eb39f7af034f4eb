# SPDX-License-Identifier: BSD-3-Clause
"""The posterior mean as an oracle: values against the kernel's own recursion, gradients against finite differences."""
import ctypes as ct
import unittest

import numpy as np

from borderline_core import ACTIVATION, ACTIVATIONS, Error, Model, check, lib, pointer, structure
from boundary_core import Oracle
from test_conv_gp import Network, cnn, layer, lenet, resnet

Limit = structure("bl_gp_law")  # one logit's law: of the model, or of a network of layers

lib.bl_posterior_mean_oracle.restype = Oracle


def kernel(model, x, y):
    out = np.empty((len(x), len(y)))
    n = ct.c_size_t(x.shape[1])
    check(lib.bl_nngp_kernel(ct.byref(model), n, ct.c_size_t(len(x)), pointer(x), ct.c_size_t(len(y)), pointer(y), pointer(out)))
    return out


def strided(activation):
    """A window of one stride and no padding, then one of another."""
    return [layer("conv", size=2, same=False), layer("activation", activation=activation), layer("conv", stride=2, bias=0.1),
            layer("activation", activation=activation), layer("dense")]


QUESTION = ct.CFUNCTYPE(ct.c_int, *[ct.c_void_p, ct.c_size_t] + [ct.c_void_p] * 3)


def ask(oracle, name, *arguments):
    check(QUESTION(getattr(oracle, name))(oracle.context, *arguments))


class PosteriorMean(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(3)
        self.x = rng.random((15, 12), np.float32)
        self.points = rng.random((4, 12), np.float32)
        self.points[3] = self.x[2]  # at a training input
        self.rng = rng

    def oracle(self, model, alpha, network=None):
        mean, n = ct.c_void_p(), self.x.shape[1]
        limit = Limit(model=model, n=n, network=network)
        self.addCleanup(lambda: limit)  # kept
        check(lib.bl_posterior_mean_create(ct.byref(limit), ct.c_size_t(len(self.x)), pointer(self.x),
                                           ct.c_size_t(len(alpha)), pointer(alpha), ct.c_size_t(4), ct.byref(mean)))
        self.addCleanup(lib.bl_posterior_mean_destroy, ct.byref(mean))
        return lib.bl_posterior_mean_oracle(mean)

    def check_gradients(self, oracle, rows=3):
        """Of random sums of logits at rows of the last question, against central differences."""
        n = self.x.shape[1]
        seed = self.rng.standard_normal((rows, oracle.classes)).astype(np.float32)
        row = np.roll(np.arange(rows), 1).astype(np.uintp)
        logits, gradient = np.empty((4, oracle.classes), np.float32), np.empty((rows, n), np.float32)
        ask(oracle, "forward", 4, None, pointer(self.points), pointer(logits))
        ask(oracle, "gradient", rows, pointer(row), pointer(seed), pointer(gradient))
        h = 1e-5
        for k, r in enumerate(row.astype(int)):
            moves = self.points[r].astype(float) + h * np.vstack([np.eye(n), -np.eye(n)])
            value = np.vstack([self.values(oracle, moves[i:i + 4]) for i in range(0, 2 * n, 4)])
            expected = (value[:n] - value[n:]) @ seed[k].astype(float) / (2 * h)
            np.testing.assert_allclose(gradient[k], expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())

    def models(self):
        for name, i in ACTIVATION.items():
            for depth, bias in ((1, 0.0), (3, 0.3)):
                yield f"{name} {depth}", Model(activation=i, negative_slope=0.1, weight_variance=1.8, bias_variance=bias, depth=depth)

    def values(self, oracle, x):
        out = np.empty((len(x), oracle.classes))
        ask(oracle, "forward64", len(x), None, pointer(x), pointer(out))
        return out

    def test_values(self):
        for name, model in self.models():
            for columns in (1, 3):
                with self.subTest(model=name, columns=columns):
                    alpha = self.rng.standard_normal((columns, 15))
                    oracle = self.oracle(model, alpha)
                    expected = kernel(model, self.points, self.x) @ alpha.T
                    if columns == 1:
                        expected = np.hstack([-expected, expected])
                    value = self.values(oracle, self.points.astype(float))
                    np.testing.assert_allclose(value, expected, rtol=0, atol=1e-12 * np.abs(alpha).sum())

    def test_gradients(self):
        for name, model in self.models():
            for columns in (1, 3):
                with self.subTest(model=name, columns=columns):
                    alpha = self.rng.standard_normal((columns, 15))
                    oracle = self.oracle(model, alpha)
                    self.check_gradients(oracle)

    def test_images(self):
        """Convolutional kernels without pooling: values by the kernel itself, gradients by differences."""
        shape = (2, 3, 4)
        self.x = self.rng.random((15, 24), np.float32)
        self.points = self.rng.random((4, 24), np.float32)
        for activation in ACTIVATIONS:
            for layers in (cnn(2, activation, 0.2), cnn(3, activation), strided(activation)):
                for columns in (1, 3):
                    with self.subTest(activation=activation, layers=len(layers), columns=columns):
                        network, alpha = Network(shape, layers), self.rng.standard_normal((columns, 15))
                        oracle = self.oracle(Model(), alpha, network.handle)
                        expected = network.kernel(self.points, self.x) @ alpha.T
                        expected = np.hstack([-expected, expected]) if columns == 1 else expected
                        value = self.values(oracle, self.points.astype(float))
                        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-12 * np.abs(alpha).sum())
                        self.check_gradients(oracle)

    def test_images_refused(self):
        self.x = self.rng.random((2, 192), np.float32)
        for layers in (lenet(1), resnet(1)):
            network = Network((3, 8, 8), layers)
            with self.assertRaisesRegex(Error, "without pooling and without shortcuts"):
                self.oracle(Model(), np.ones((1, 2)), network.handle)

    def test_all_rows(self):
        """row = NULL means rows 0, 1, ... of the last question."""
        model = Model(activation=ACTIVATION["relu"], weight_variance=2.0, depth=2)
        oracle = self.oracle(model, self.rng.standard_normal((1, 15)))
        seed = np.tile(np.array([0, 1], np.float32), (4, 1))
        logits, a, b = np.empty((4, 2), np.float32), np.empty((4, 12), np.float32), np.empty((4, 12), np.float32)
        ask(oracle, "forward", 4, None, pointer(self.points), pointer(logits))
        ask(oracle, "gradient", 4, None, pointer(seed), pointer(a))
        ask(oracle, "gradient", 4, pointer(np.arange(4, dtype=np.uintp)), pointer(seed), pointer(b))
        np.testing.assert_array_equal(a, b)
        self.assertTrue(np.isfinite(a).all())


if __name__ == "__main__":
    unittest.main(verbosity=2)
