# SPDX-License-Identifier: BSD-3-Clause
"""Convolutional and residual networks written by h5py, measured: outputs and boundary points against a numpy forward
pass; what a file may not hold, by its one line."""

import os

import h5py
import numpy as np

import borderline_program as program


def convolve(x, weight, bias, stride, padding):
    """x [batch, channels, height, width] by TensorFlow's rule, a window at a time."""
    out, _, kh, kw = weight.shape
    size = np.array(x.shape[2:])
    kernel = np.array([kh, kw])
    if padding == "same":
        windows = -(-size // stride)
        zeros = np.maximum((windows - 1) * stride + kernel - size, 0)
        before = zeros // 2
        x = np.pad(x, ((0, 0), (0, 0), (before[0], zeros[0] - before[0]), (before[1], zeros[1] - before[1])))
    else:
        windows = (size - kernel) // stride + 1
    y = np.empty((len(x), out, *windows))
    for h in range(windows[0]):
        for w in range(windows[1]):
            patch = x[:, :, h * stride:h * stride + kh, w * stride:w * stride + kw]
            y[:, :, h, w] = np.tensordot(patch, weight, ((1, 2, 3), (1, 2, 3)))
    return y if bias is None else y + bias[:, None, None]


def text(value):
    """A text attribute, as h5py gives those of fixed or variable length."""
    return value.decode() if isinstance(value, bytes) else value


def forward(net, x):
    """Logits of a network's group at rows x, layer by layer as the format's description reads."""
    shape = net.attrs["input_shape"]
    x = x.reshape(len(x), *shape)
    saved = []
    for name in sorted(key for key in net if key.startswith("layer_")):
        layer = net[name]
        kind = text(layer.attrs["kind"])
        weight = layer["weight"][...].astype(float) if "weight" in layer else None
        bias = layer["bias"][...].astype(float) if "bias" in layer else None
        if kind == "conv2d":
            x = convolve(x, weight, bias, layer.attrs["stride"], text(layer.attrs["padding"]))
        elif kind == "relu":
            x = np.maximum(x, 0)
        elif kind == "tanh":
            x = np.tanh(x)
        elif kind == "avgpool2d":
            size = layer.attrs["size"]
            height, width = x.shape[2] // size, x.shape[3] // size
            x = x[:, :, :height * size, :width * size].reshape(*x.shape[:2], height, size, width, size).mean((3, 5))
        elif kind == "flatten":
            x = x.reshape(len(x), -1)
        elif kind == "dense":
            x = x @ weight.T + (0 if bias is None else bias)
        elif kind == "residual_begin":
            saved.append(x)
        elif kind == "residual_end":
            shortcut = saved.pop()
            x = x + (shortcut if weight is None else convolve(shortcut, weight, bias, layer.attrs["stride"], "same"))
        else:
            raise AssertionError(kind)
    return x


class Writer:
    """A network of a file under construction."""

    def __init__(self, file, name, shape, seed, inputs=4):
        self.random = np.random.default_rng(seed)
        self.net = file.create_group(name)
        self.net.attrs["input_shape"] = shape
        self.net["inputs"] = self.random.uniform(size=(inputs, np.prod(shape)))
        self.count = 0

    def add(self, kind, weight=None, bias=0, **attributes):
        layer = self.net.create_group(f"layer_{self.count:03d}")
        self.count += 1
        layer.attrs["kind"] = kind
        for key, value in attributes.items():
            layer.attrs[key] = value
        if weight:
            scale = np.sqrt(2 / np.prod(weight[1:]))
            layer["weight"] = self.random.normal(scale=scale, size=weight).astype(np.float32)
        if bias:
            layer["bias"] = self.random.normal(scale=0.3, size=bias).astype(np.float32)
        return layer


def write_lenet(file):
    net = Writer(file, "lenet", [3, 13, 12], 1)
    for channels in ((3, 8), (8, 6)):
        net.add("conv2d", (channels[1], channels[0], 3, 3), channels[1], stride=1, padding="same")
        net.add("relu")
        net.add("conv2d", (channels[1], channels[1], 3, 2), stride=1, padding="valid")
        net.add("tanh")
        net.add("avgpool2d", size=2)
    net.add("flatten")
    net.add("dense", (16, 6 * 1 * 2), 16)
    net.add("relu")
    net.add("dense", (2, 16))


def write_resnet(file):
    net = Writer(file, "resnet", [3, 9, 10], 2)
    net.add("conv2d", (8, 3, 3, 3), 8, stride=1, padding="same")
    net.add("relu")
    for before, after in ((8, 8), (8, 12), (12, 20)):
        stride = 1 if before == after else 2
        net.add("residual_begin")
        net.add("conv2d", (after, before, 3, 3), stride=stride, padding="same")
        net.add("relu")
        net.add("conv2d", (after, after, 3, 3), after, stride=1, padding="same")
        if stride == 1:
            net.add("residual_end")
        else:
            net.add("residual_end", (after, before, 1, 1), after, stride=2)
        net.add("relu")
    net.add("flatten")
    net.add("dense", (2, 20 * 3 * 3), 2)


class Measured(program.TestCase):
    def setUp(self):
        super().setUp()
        self.networks, self.out = self.path("networks.h5"), self.path("out.h5")

    def write(self, change=None):
        with h5py.File(self.networks, "w") as file:
            file.attrs["format"] = "borderline-networks-1"
            file.attrs["box"] = [0.0, 1.0]
            write_lenet(file)
            write_resnet(file)
            if change:
                change(file)

    def test_outputs_and_points(self):
        self.write()
        self.check_done(program.run(["measure", self.networks, "-o", self.out, "--effort", "fast", "--save-points"], ranks=2))
        with h5py.File(self.networks) as networks, h5py.File(self.out) as out:
            for name in ("lenet", "resnet"):
                net, result = networks[name], out[name]
                x0 = net["inputs"][...]
                logits = forward(net, x0)
                np.testing.assert_allclose(result["output"], logits[:, 1] - logits[:, 0], rtol=0, atol=1e-12)
                self.assertTrue(np.all(result["status"][...] == 1), name)
                points = result["points"][...]
                for k, p in enumerate((1, 2, np.inf)):
                    at = forward(net, points[:, k])
                    self.assertTrue(np.all((at[:, 1] - at[:, 0]) * (logits[:, 1] - logits[:, 0]) <= 0), (name, p))
                    length = np.linalg.norm(points[:, k] - x0, p, axis=1)
                    np.testing.assert_allclose(result["distance"][:, k], length, rtol=1e-12)

    def refused(self, change, *words):
        self.write(change)
        status, _, err = program.run(["measure", self.networks, "-o", self.out])
        self.assertEqual(status, 1, err)
        self.assertEqual(len(program.complaint(err)), 1, err)
        for word in words:
            self.assertIn(word, err)
        self.assertFalse(os.path.exists(self.out))

    def test_refusals(self):
        def attribute(group, name, value):
            def change(file):
                file[group].attrs[name] = value
            return change

        def without(group, name):
            def change(file):
                del file[group].attrs[name]
            return change

        def weight(group, *shape):
            def change(file):
                del file[group + "/weight"]
                file[group + "/weight"] = np.zeros(shape, np.float32)
            return change

        self.refused(attribute("lenet/layer_000", "padding", "full"), "network lenet", "layer_000", '"full"', "same, valid")
        self.refused(without("lenet/layer_000", "padding"), "layer_000", "conv2d", "padding")
        self.refused(attribute("lenet/layer_000", "stride", 0), "layer_000", "stride is 0")
        self.refused(attribute("lenet/layer_004", "size", 40), "layer_004", "too small for a window of 40 x 40")
        self.refused(without("lenet/layer_004", "size"), "layer_004", "size")
        self.refused(weight("lenet/layer_002", 8, 7, 3, 2), "layer_002", "takes 7 channels, but 8 come in")
        self.refused(weight("lenet/layer_002", 8, 8, 30, 2), "layer_002", "too small for a kernel of 30 x 2")
        self.refused(weight("lenet/layer_002", 8, 72), "layer_002", "weight has 2 axes, not 4")
        self.refused(attribute("lenet", "input_shape", [468]), "layer_000", "needs an image")
        self.refused(attribute("lenet/layer_010", "kind", "relu"), "layer_011", "a flatten layer is needed")
        self.refused(attribute("resnet/layer_006", "kind", "relu"), "residual_begin without residual_end")
        self.refused(attribute("resnet/layer_002", "kind", "relu"), "layer_006", "no residual_begin")
        self.refused(attribute("resnet/layer_012", "stride", 1), "layer_012", "[12, 9, 10] to one of [12, 5, 5]")


if __name__ == "__main__":
    program.main()
