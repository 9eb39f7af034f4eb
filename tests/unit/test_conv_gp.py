# SPDX-License-Identifier: BSD-3-Clause
"""Kernels and gradients of infinitely wide convolutional networks against direct numpy, differences and sampling."""
import ctypes as ct
import unittest

import numpy as np
from scipy import special

from borderline_core import ACTIVATION, ACTIVATIONS, Error, check, lib, pointer, structure, values

KIND = dict(zip(("dense", "conv", "activation", "pool", "flatten", "begin", "end"), (values("gp_layer")[name] for name in (
    "dense", "conv2d", "activation", "avgpool2d", "flatten", "residual_begin", "residual_end"))))
KINDS = {number: name for name, number in KIND.items()}
SLOPE = 0.2  # of leaky_relu

Layer = structure("bl_gp_layer")

lib.bl_gp_network_create.argtypes = [ct.c_size_t] * 4 + [ct.POINTER(Layer), ct.POINTER(ct.c_void_p)]
lib.bl_gp_network_destroy.argtypes = [ct.POINTER(ct.c_void_p)]
lib.bl_gp_network_destroy.restype = None
lib.bl_gp_kernel.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_void_p, ct.c_size_t, ct.c_void_p, ct.c_void_p]
lib.bl_gp_band.argtypes = [ct.c_void_p]
lib.bl_gp_band.restype = ct.c_size_t
lib.bl_gp_slopes.argtypes = [ct.c_void_p, ct.c_void_p, ct.POINTER(ct.c_double), ct.c_void_p]


def layer(kind, size=3, stride=1, same=True, weight=None, bias=0.0, activation="relu"):
    """A layer; a residual end has weights only where `weight` is given."""
    if weight is None:
        weight = 2.0 if kind in ("conv", "dense") else 0.0
    return Layer(kind=KIND[kind], size=size, stride=stride, same=same, weight_variance=weight, bias_variance=bias,
                 activation=ACTIVATION[activation], negative_slope=SLOPE)


def cnn(depth, activation="relu", bias=0.0):
    return [l for _ in range(depth) for l in (layer("conv", bias=bias, weight=1.7),
                                              layer("activation", activation=activation))] + [layer("dense")]


def lenet(stages, activation="relu", bias=0.0):
    act = layer("activation", activation=activation)
    layers = []
    for _ in range(stages):
        layers += [layer("conv", bias=bias), act, layer("conv", bias=bias), act, layer("pool", size=2)]
    return layers + [layer("flatten"), layer("dense", bias=bias), act, layer("dense", bias=bias)]


def block(stride, activation="relu", weight=2.0):
    act = layer("activation", activation=activation)
    return [layer("begin"), layer("conv", stride=stride, weight=weight), act, layer("conv", weight=weight),
            layer("end", stride=stride, weight=weight if stride > 1 else 0.0), act]


def resnet(blocks, activation="relu", weight=2.0):
    layers = [layer("conv", weight=weight), layer("activation", activation=activation)]
    for stage in range(3):
        for k in range(blocks):
            layers += block(2 if stage and not k else 1, activation, weight)
    return layers + [layer("dense")]


class Network:
    def __init__(self, shape, layers):
        self.shape, self.layers, self.handle = shape, layers, ct.c_void_p()
        check(lib.bl_gp_network_create(*shape, len(layers), (Layer * len(layers))(*layers), self.handle))

    def __del__(self):
        lib.bl_gp_network_destroy(self.handle)

    def kernel(self, x, y):
        out = np.empty((len(x), len(y)))
        check(lib.bl_gp_kernel(self.handle, len(x), pointer(x), len(y), pointer(y), pointer(out)))
        return out

    def slopes(self, x):
        """Variance, and slopes as a matrix [pixels][pixels]."""
        band, (_, height, width) = lib.bl_gp_band(self.handle), self.shape
        out, variance = np.empty((height, width, 2 * band + 1, 2 * band + 1)), ct.c_double()
        check(lib.bl_gp_slopes(self.handle, pointer(x), variance, pointer(out)))
        full = np.zeros((height, width, height + 2 * band, width + 2 * band))
        for y in range(height):
            for z in range(width):
                full[y, z, y:y + 2 * band + 1, z:z + 2 * band + 1] = out[y, z]
        inner = full[:, :, band:band + height, band:band + width]
        assert np.count_nonzero(full) == np.count_nonzero(inner)
        return variance.value, inner.reshape(height * width, height * width)


def images(count, shape, seed=1):
    return np.random.default_rng(seed).uniform(size=(count, *shape)).astype(np.float32)


# --- the recursion again: all pixel pairs, all inputs at once, k[i, j, y, x, v, u] ---

def moment(activation, k):
    q = np.einsum("iiyxyx->iyx", k)
    a, b = q[:, None, :, :, None, None], q[None, :, None, None, :, :]
    if activation == "erf":
        return 2 / np.pi * np.arcsin(2 * k / np.sqrt((1 + 2 * a) * (1 + 2 * b)))
    slope = {"relu": 0.0, "leaky_relu": SLOPE}[activation]
    rho = np.clip(k / np.sqrt(a * b), -1, 1)
    angle = np.arccos(rho)
    return np.sqrt(a * b) * ((1 - slope) ** 2 * (np.sqrt(1 - rho ** 2) - rho * angle) / (2 * np.pi)
                             + (1 + slope ** 2) / 2 * rho)


def pad(size, kernel, stride, same):
    out = -(-size // stride) if same else (size - kernel) // stride + 1
    total = max((out - 1) * stride + kernel - size, 0) if same else 0
    return out, total // 2, total - total // 2


def convolve(k, size, stride, same, weight, bias):
    (h, top, bottom), (w, left, right) = (pad(s, size, stride, same) for s in k.shape[2:4])
    k = np.pad(k, [(0, 0)] * 2 + [(top, bottom), (left, right)] * 2)
    rows, columns = slice(0, (h - 1) * stride + 1, stride), slice(0, (w - 1) * stride + 1, stride)
    out = 0
    for i in range(size):
        for j in range(size):
            r, c = slice(i, i + rows.stop, stride), slice(j, j + columns.stop, stride)
            out = out + k[:, :, r, c, r, c]
    return bias + weight * out / size ** 2


def numpy_kernel(layers, x):
    """Gaussian sums only: shortcuts have weights or carry Gaussian numbers."""
    x = x.astype(float)
    k, kept = np.einsum("icyx,jcvu->ijyxvu", x, x) / x.shape[1], []
    for l in layers:
        kind = KINDS[l.kind]
        if kind == "conv":
            k = convolve(k, l.size, l.stride, l.same, l.weight_variance, l.bias_variance)
        elif kind == "activation":
            k = moment(ACTIVATIONS[l.activation], k)
        elif kind == "pool":
            m, h, w = l.size, k.shape[2] // l.size, k.shape[3] // l.size
            k = k[:, :, :h * m, :w * m, :h * m, :w * m]
            k = k.reshape(*k.shape[:2], h, m, w, m, h, m, w, m).mean((3, 5, 7, 9))
        elif kind == "dense":
            k = l.bias_variance + l.weight_variance * np.einsum("ijyxyx->ij", k)[..., None, None, None, None] / (
                k.shape[2] * k.shape[3])
        elif kind == "begin":
            kept.append(k)
        elif kind == "end":
            side = kept.pop()
            k = k + (convolve(side, 1, l.stride, l.same, l.weight_variance, l.bias_variance)
                     if l.weight_variance else side)
    return k[:, :, 0, 0, 0, 0]


# --- networks of finite width ---

def act(name, z):
    return {"relu": lambda: np.maximum(z, 0), "leaky_relu": lambda: np.where(z > 0, z, SLOPE * z),
            "tanh": lambda: np.tanh(z), "erf": lambda: special.erf(z),
            "gelu": lambda: z * special.ndtr(z)}[name]()


def slope(name, z):
    return {"relu": lambda: (z > 0) * 1.0, "leaky_relu": lambda: np.where(z > 0, 1.0, SLOPE),
            "tanh": lambda: 1 - np.tanh(z) ** 2}[name]()


def patches(h, size, stride, same):
    """[i, y, x, channels x size x size] of h[i, channels, y, x]."""
    (rows, top, bottom), (columns, left, right) = (pad(s, size, stride, same) for s in h.shape[2:])
    h = np.pad(h, [(0, 0)] * 2 + [(top, bottom), (left, right)])
    windows = np.lib.stride_tricks.sliding_window_view(h, (size, size), (2, 3))[:, :, ::stride, ::stride]
    return windows[:, :, :rows, :columns].transpose(0, 2, 3, 1, 4, 5).reshape(len(h), rows, columns, -1)


def weights(fan_in, outputs, l, generator):
    return generator.normal(0, np.sqrt(l.weight_variance / fan_in), size=(fan_in, outputs))


def apply_conv(h, size, l, width, generator, tangent):
    """All samples of h through one convolution; tangents (the second half of h) take no bias."""
    p = patches(h, size, l.stride, l.same)
    z = p @ weights(p.shape[-1], width, l, generator)
    b = generator.normal(0, np.sqrt(l.bias_variance), size=width)
    z[:len(z) - tangent] += b
    return z.transpose(0, 3, 1, 2)


def features(layers, x, width, generator, tangent=None):
    """Numbers before the last dense layer of one random network, [inputs][features]; with tangent[directions] of a
    single input, also their derivatives."""
    h = x.astype(float) if tangent is None else np.concatenate([x, tangent]).astype(float)
    count, kept = 0 if tangent is None else len(tangent), []
    for l in layers[:-1]:
        kind = KINDS[l.kind]
        if kind == "conv":
            h = apply_conv(h, l.size, l, width, generator, count)
        elif kind == "activation":
            name = ACTIVATIONS[l.activation]
            base = h[:len(h) - count]
            h = np.concatenate([act(name, base), slope(name, base) * h[len(h) - count:]]) if count else act(name, h)
        elif kind == "pool":
            m, (a, b) = l.size, (s // l.size for s in h.shape[2:])
            h = h[:, :, :a * m, :b * m].reshape(*h.shape[:2], a, m, b, m).mean((3, 5))
        elif kind == "dense":
            z = h.reshape(len(h), -1)
            z = z @ weights(z.shape[1], width, l, generator)
            z[:len(z) - count] += generator.normal(0, np.sqrt(l.bias_variance), size=width)
            h = z[:, :, None, None]
        elif kind == "begin":
            kept.append(h)
        elif kind == "end":
            side = kept.pop()
            h = h + (apply_conv(side, 1, l, width, generator, count) if l.weight_variance else side)
    return h.reshape(len(h), -1)


def sampled(layers, x, width, networks, seed, tangent=None):
    """Kernels of the readout of each network, [networks][inputs][inputs]."""
    generator, out = np.random.default_rng(seed), []
    for _ in range(networks):
        h = features(layers, x, width, generator, tangent)
        out.append(layers[-1].weight_variance * h @ h.T / h.shape[1])
    return np.array(out)


PREACTIVATION = [layer("conv", bias=0.1), layer("begin"), layer("activation"), layer("conv", weight=1.3), layer("end"),
                 layer("activation"), layer("dense")]
PROJECTED = [layer("conv"), layer("activation"), *block(2), layer("dense")]
ODD = [layer("conv", size=2, same=False), layer("activation"), layer("conv", stride=2), layer("activation"),
       layer("pool", size=3), layer("conv", size=1), layer("activation"), layer("dense", bias=0.2)]


class Kernel(unittest.TestCase):
    def compare(self, shape, layers, band):
        x = images(4, shape)
        network = Network(shape, layers)
        self.assertEqual(lib.bl_gp_band(network.handle), band)
        expected = numpy_kernel(layers, x)
        k = network.kernel(x, x)
        np.testing.assert_allclose(k, expected, rtol=1e-9)
        np.testing.assert_array_equal(k, k.T)
        np.testing.assert_allclose(network.kernel(x[:2], x[1:].copy()), expected[:2, 1:], rtol=1e-9)

    def test_against_numpy(self):
        for activation in ("relu", "leaky_relu", "erf"):
            self.compare((3, 5, 6), cnn(3, activation, 0.1), 0)
            self.compare((2, 9, 8), lenet(2, activation, 0.05), 3)
        for shape, layers, band in (((3, 7, 6), PREACTIVATION, 0), ((3, 7, 6), PROJECTED, 0),
                                    ((1, 12, 15), ODD, 4)):
            self.compare(shape, layers, band)

    def test_dense_is_a_special_case(self):
        """One pixel of n channels, or n pixels of one channel behind a flatten."""
        from test_nngp import kernel, model
        x = images(5, (12,))
        for activation in ACTIVATIONS:
            layers = [layer("dense", bias=0.3, weight=1.6), layer("activation", activation=activation),
                      layer("dense", bias=0.3, weight=1.6), layer("activation", activation=activation),
                      layer("dense", bias=0.3, weight=1.6)]
            expected = kernel(model(activation, 1.6, 0.3, 2), x, x)
            np.testing.assert_allclose(Network((12, 1, 1), layers).kernel(x, x), expected, rtol=1e-12)
            np.testing.assert_allclose(Network((3, 2, 2), [layer("flatten"), *layers]).kernel(x, x), expected,
                                       rtol=1e-12)

    def test_sampled_networks(self):
        """Wide networks: the error falls as one over the root of their number, down to the O(1/width) bias."""
        x, width = images(3, (3, 4, 4)), 96
        for name, layers in (("cnn", cnn(2)), ("lenet", lenet(1)), ("projected", PROJECTED),
                             ("preactivation", PREACTIVATION), ("resnet", resnet(2))):
            exact = Network((3, 4, 4), layers).kernel(x, x)
            k = sampled(layers, x, width, 256, 5)
            error = k.std(0, ddof=1)
            for networks in (16, 64, 256):
                deviation = abs(k[:networks].mean(0) - exact)
                with self.subTest(name=name, networks=networks):
                    self.assertTrue((deviation < 4.5 * error / np.sqrt(networks) + 0.012 * exact).all(),
                                    (deviation / exact, error / exact))


class Residual(unittest.TestCase):
    """Shortcuts that carry activations: sums that are not Gaussian."""

    @staticmethod
    def walk(length, activation, rho, generator, draws=1 << 19):
        """Moments E h h, E h g, E g g of two walks h <- phi(h + G), G with the moments of the last h as its law, and
        E dh/dG_j dg/dG_j."""
        h = g = np.zeros(draws)
        law, slopes = np.array([[1, rho], [rho, 1]]), []
        for _ in range(length):
            a, b = np.linalg.cholesky(law) @ generator.normal(size=(2, draws))
            a, b = np.concatenate([a[:draws // 2], -a[:draws // 2]]), np.concatenate([b[:draws // 2], -b[:draws // 2]])
            slopes.append(slope(activation, h + a) * slope(activation, g + b))
            h, g = act(activation, h + a), act(activation, g + b)
            law = np.array([[h @ h, h @ g], [h @ g, g @ g]]) / draws
        derivative, along = [], 1.0
        for s in reversed(slopes):
            along = along * s
            derivative.append(along.mean())
        return law, derivative[::-1]

    @staticmethod
    def one_pixel(length, activation):
        """A walk of that many steps on one pixel, its Gaussians with the features' own moments."""
        step = [layer("conv", size=1, weight=1.0), layer("activation", activation=activation)]
        return step + (length - 1) * [layer("begin"), step[0], layer("end"), step[1]] + [layer("dense", weight=1.0)]

    def test_walk_against_sampling(self):
        generator = np.random.default_rng(6)
        for activation in ("relu", "leaky_relu", "tanh"):
            for rho in (0.7, 0.95):
                x = np.sqrt(2) * np.array([[1, 0], [rho, np.sqrt(1 - rho ** 2)]]).reshape(2, 2, 1, 1)
                for length in (1, 2, 3, 4):
                    network = Network((2, 1, 1), self.one_pixel(length, activation))
                    expected, _ = self.walk(length, activation, rho, generator)
                    with self.subTest(activation=activation, rho=rho, length=length):
                        np.testing.assert_allclose(network.kernel(x.astype(np.float32), x.astype(np.float32)),
                                                   expected, rtol=0.015)

    def test_sum_is_not_gaussian(self):
        """What the walk corrects: half the second moment of the sum, as if it were centred and Gaussian, is far off."""
        x = np.full((1, 2, 1, 1), 1.0, np.float32)
        k = Network((2, 1, 1), self.one_pixel(2, "relu")).kernel(x, x)[0, 0]
        # q = 1/2 after the first activation; the sum's second moment is 1, relu of it gives over a half
        exact, _ = self.walk(2, "relu", 0.0, np.random.default_rng(7), 1 << 20)
        self.assertLess(abs(k / exact[0, 0] - 1), 0.005)
        self.assertGreater(k, 1.3 * 0.5)


class Lists(unittest.TestCase):
    def refuse(self, text, layers, shape=(3, 4, 4)):
        with self.assertRaisesRegex(Error, text):
            Network(shape, layers)

    def test_refused(self):
        dense, conv, act = layer("dense"), layer("conv"), layer("activation")
        self.refuse("layer 0: an activation must follow", [act, dense])
        self.refuse("layer 1: a window of 5 is larger than the image of 2 x 2",
                    [layer("conv", stride=2), layer("conv", size=5, same=False), dense])
        self.refuse("layer 2: the image of 4 x 4 is too small for a pool of 5", [conv, act, layer("pool", size=5), dense])
        self.refuse("layer 0: a residual ends", [layer("end"), dense])
        self.refuse("begun and not ended", [conv, act, layer("begin"), conv, dense])
        self.refuse("the last layer must be dense", [conv, act])
        self.refuse("layer 4: a residual sum of 4 x 4 and 2 x 2", [conv, act, layer("begin"), layer("conv", stride=2),
                                                                 layer("end"), act, dense])
        self.refuse("layer 4: the branch of a residual sum must end", [conv, layer("begin"), conv, act, layer("end"),
                                                                     dense])
        self.refuse("layer 5: a residual sum must be followed", [conv, act, layer("begin"), conv, layer("end"), conv,
                                                               dense])
        self.refuse("layer 2: a shortcut without weights carries the input", [layer("begin"), conv, layer("end"), act,
                                                                            dense])
        self.refuse("two different activations", [conv, act, layer("begin"), conv, layer("end"),
                                                  layer("activation", activation="tanh"), dense])
        self.refuse("without pixels", [dense], (3, 0, 4))


if __name__ == "__main__":
    unittest.main()
