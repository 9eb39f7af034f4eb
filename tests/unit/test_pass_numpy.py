# SPDX-License-Identifier: BSD-3-Clause
"""Sampled networks against numpy: weights from the streams by name, logits, features and gradients from the weights."""
import ctypes as ct
import unittest

import numpy as np
from scipy.special import erf

import borderline_core as core

lib = core.lib

Case = core.structure("bl_case")
FLOATS = ct.POINTER(ct.c_float)
Layer = core.structure("bl_layer", weight=FLOATS, bias=FLOATS)
Network = core.structure("bl_network", layer=ct.POINTER(Layer))

lib.bl_grid_case.restype = Case
lib.bl_grid_case.argtypes = [ct.c_void_p, ct.c_size_t]
lib.bl_network_sample.argtypes = [ct.c_void_p, ct.POINTER(Case), ct.c_size_t, ct.POINTER(Network)]
lib.bl_network_sample.restype = None
lib.bl_network_sample_inputs.argtypes = [ct.c_void_p] + [ct.c_size_t] * 2 + [ct.c_int] + [ct.c_size_t] * 2 + [ct.c_void_p]
lib.bl_network_sample_inputs.restype = None
lib.bl_pass_features.restype = ct.POINTER(ct.c_float)
lib.bl_pass_create.argtypes = [ct.POINTER(Network), ct.c_size_t, ct.c_void_p]
for name in ("forward", "forward64"):
    getattr(lib, f"bl_pass_{name}").argtypes = [ct.c_void_p, ct.c_size_t, ct.c_void_p, ct.c_void_p]
lib.bl_pass_gradient.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_void_p, ct.c_void_p, ct.c_void_p]

SWEEP = """
name: numpy
seed: 12345678901234567890
network:
  activation: {activation}
  weights: {{distribution: truncated_normal, variance: 1.5}}
  biases: {{variance: {bias}}}
  classes: 3
grid: {{depth: [1, 2], width: [50, 64], dimension: [33, 100], p: [2]}}
inputs: {{distribution: uniform, box: [-0.5, 1]}}
"""

ACTIVATIONS = {
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "erf": (erf, lambda z: 2 / np.sqrt(np.pi) * np.exp(-z * z)),
    "gelu": (lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
             lambda z: (1 + erf(z / np.sqrt(2))) / 2 + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)),
}


class Sampled:
    """A network of a sweep, in an engine."""

    def __init__(self, activation, bias, case_number, number, batch):
        text = SWEEP.format(activation=activation, bias=bias).encode()
        self.config, self.grid, self.engine = ct.c_void_p(), ct.c_void_p(), ct.c_void_p()
        self.network = ct.POINTER(Network)()
        core.check(lib.bl_config_parse(b"numpy.yaml", text, ct.c_size_t(len(text)), None, ct.c_size_t(0), ct.byref(self.config)))
        core.check(lib.bl_grid_create(self.config, ct.byref(self.grid)))
        self.case = lib.bl_grid_case(self.grid, case_number)
        core.check(lib.bl_network_create(self.config, ct.byref(self.case), ct.byref(self.network)))
        lib.bl_network_sample(self.config, ct.byref(self.case), number, self.network)
        core.check(lib.bl_network_check(self.network))
        core.check(lib.bl_pass_create(self.network, batch, ct.byref(self.engine)))
        self.inputs = np.empty((batch, self.case.dimension), np.float32)
        lib.bl_network_sample_inputs(self.config, self.case.number, number, core.PURPOSE["input"], self.case.dimension,
                                     batch, core.pointer(self.inputs))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        lib.bl_pass_destroy(ct.byref(self.engine))
        lib.bl_network_destroy(ct.byref(self.network))
        lib.bl_grid_destroy(ct.byref(self.grid))
        lib.bl_config_destroy(ct.byref(self.config))

    def dense(self):
        """[(W, b or None)] of the dense layers, float64."""
        layers = [self.network.contents.layer[i] for i in range(self.network.contents.layer_count)]
        return [(np.ctypeslib.as_array(a.weight, (a.outputs, a.inputs)).astype(float),
                 np.ctypeslib.as_array(a.bias, (a.outputs,)).astype(float) if a.bias else None)
                for a in layers if a.weight]


def numpy_pass(dense, activation, x, seed):
    """Logits, last features, and the gradient of sum_j seed_j logit_j."""
    value, derivative = ACTIVATIONS[activation]
    h, slopes = x, []
    for weight, bias in dense[:-1]:
        z = h @ weight.T + (0 if bias is None else bias)
        h = value(z)
        slopes.append(derivative(z))
    logits = h @ dense[-1][0].T + (0 if dense[-1][1] is None else dense[-1][1])
    gradient = seed @ dense[-1][0]
    for (weight, _), slope in zip(reversed(dense[:-1]), reversed(slopes)):
        gradient = (gradient * slope) @ weight
    return logits, h, gradient


def distance(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


class AgainstNumpy(unittest.TestCase):
    def test_passes(self):
        random = np.random.default_rng(1)
        for activation in ACTIVATIONS:
            for bias in (0.0, 0.3):
                for case_number in (0, 7):
                    with self.subTest(activation=activation, bias=bias, case=case_number), \
                            Sampled(activation, bias, case_number, 5, 21) as net:
                        seed = random.standard_normal((21, 3)).astype(np.float32)
                        logits, gradient = np.empty((21, 3), np.float32), np.empty_like(net.inputs)
                        logits64, width = np.empty((21, 3)), ct.c_size_t()
                        x64 = net.inputs.astype(float)
                        core.check(lib.bl_pass_forward(net.engine, 21, core.pointer(net.inputs), core.pointer(logits)))
                        core.check(lib.bl_pass_gradient(net.engine, 21, None, core.pointer(seed), core.pointer(gradient)))
                        features = lib.bl_pass_features(net.engine, ct.byref(width))
                        features = np.ctypeslib.as_array(features, (21, width.value))
                        core.check(lib.bl_pass_forward64(net.engine, 21, core.pointer(x64), core.pointer(logits64)))
                        expected = numpy_pass(net.dense(), activation, x64, seed.astype(float))
                        self.assertEqual(width.value, int(net.case.width))
                        self.assertLess(distance(logits64, expected[0]), 1e-13)
                        self.assertLess(distance(logits, expected[0]), 1e-6)
                        self.assertLess(distance(features, expected[1]), 1e-6)
                        self.assertLess(distance(gradient, expected[2]), 2e-6)

    def test_streams_by_name(self):
        seed = 12345678901234567890
        with Sampled("relu", 0.3, 7, 5, 4) as net:
            for number, (weight, bias) in enumerate(net.dense()):
                deviation = np.float32(np.sqrt(1.5 / weight.shape[1]))
                stream = core.rng.stream(seed, 7, 5, "weight", number)
                expected = core.rng.truncated_normal(stream, weight.size, deviation).reshape(weight.shape)
                np.testing.assert_array_equal(weight, expected)
                stream = core.rng.stream(seed, 7, 5, "bias", number)
                np.testing.assert_array_equal(bias, core.rng.normal(stream, bias.size, np.float32(np.sqrt(0.3))))
            for i, x in enumerate(net.inputs):
                stream = core.rng.stream(seed, 7, 5, "input", i)
                np.testing.assert_array_equal(x, core.rng.uniform(stream, x.size, -0.5, 1.0))


if __name__ == "__main__":
    unittest.main()
