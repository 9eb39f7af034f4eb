# SPDX-License-Identifier: BSD-3-Clause
"""Certified over thorough distance and processor seconds per input and p, on fresh He networks without biases, no box, beside the
bars that the project set itself. One JSON object a line.

Usage: bench_certify.py SOURCE [word [inputs]]      (BORDERLINE: the program; word: rows whose name has it)
"""
import ctypes as ct
import json
import math
import os
import sys
import time

SOURCE = os.path.abspath(sys.argv[1])
WORD = sys.argv[2] if len(sys.argv) > 2 else ""
INPUTS = int(sys.argv[3]) if len(sys.argv) > 3 else 20
BUILD = os.path.dirname(os.path.abspath(os.environ.get("BORDERLINE", os.path.join(SOURCE, "build", "borderline"))))
os.environ.setdefault("BORDERLINE_CORE", os.path.join(BUILD, "tests", "libborderline_core_test.so"))
sys.path.insert(0, os.path.join(SOURCE, "tests"))
import numpy as np  # noqa: E402

import boundary_core  # noqa: E402
import borderline_core as core  # noqa: E402
import certify_core  # noqa: E402
from boundary_core import KIND, Layer, Network, NetworkStruct  # noqa: E402

inf = math.inf
core.lib.bl_network_fit_layer.argtypes = [ct.c_void_p, ct.c_size_t]


class SmallImages(Network):
    """3 x 8 x 8, two 3x3 convolutions of 8 channels."""

    def __init__(self, rng):
        self.classes, self.n, relu = 2, 192, boundary_core.ACTIVATION["relu"]
        self.kept = []
        layers = []
        for inputs in (3, 8):
            layers += [Layer(kind=KIND["conv2d"], kernel=(3, 3), stride=1, padding=0), Layer(kind=KIND["activation"], activation=relu)]
            layers[-2].out.channels = 8
            self.weigh(layers[-2], (8, inputs, 3, 3), rng)
        layers += [Layer(kind=KIND["flatten"]), Layer(kind=KIND["dense"], outputs=2)]
        self.weigh(layers[-1], (2, 512), rng)
        self._layers = (Layer * len(layers))(*layers)
        self.struct = NetworkStruct(layer_count=0, layer=self._layers, dimension=192, classes=2, shape_rank=3, shape=(3, 8, 8))
        for l in range(len(layers)):
            core.check(core.lib.bl_network_fit_layer(ct.byref(self.struct), l))
            self.struct.layer_count = l + 1

    def weigh(self, layer, shape, rng):
        weight = (rng.standard_normal(shape) * math.sqrt(2 / np.prod(shape[1:]))).astype(np.float32)
        self.kept.append(weight)
        layer.weight = core.pointer(weight)

    def logits(self, x):
        engine, out = ct.c_void_p(), np.zeros((len(x), 2))
        core.check(core.lib.bl_pass_create(ct.byref(self.struct), 4, ct.byref(engine)))
        core.check(core.lib.bl_pass_forward64(engine, len(x), core.pointer(np.ascontiguousarray(x, float)), core.pointer(out)))
        core.lib.bl_pass_destroy(ct.byref(engine))
        return out


def dense(*shape):
    return lambda rng: Network([rng.standard_normal((b, a)) * math.sqrt(2 / a) for a, b in zip(shape, [*shape[1:], 2])])


# name, network, level, {p: (bar, seconds)}, inputs from this l2 distance on
ROWS = [
    ("192:100", dense(192, 100), "standard", {2: (.99, .2), inf: (.92, .2), 1: (.90, .2)}, 0),
    ("3072:100", dense(3072, 100), "standard", {2: (.99, .2), inf: (.92, .2), 1: (.90, .2)}, 0),
    ("192:100", dense(192, 100), "thorough", {2: (.999, 1), inf: (.95, 1), 1: (.9999, 1)}, 0),
    ("3072:100", dense(3072, 100), "thorough", {2: (.999, 1), inf: (.95, 1), 1: (.9999, 1)}, 0),
    ("3072:100,100", dense(3072, 100, 100), "fast", {2: (.9, .05), inf: (.7, .05), 1: (.75, .05)}, 0),
    ("3072:100,100", dense(3072, 100, 100), "standard", {2: (.97, 2), inf: (.88, 2), 1: (.88, 2)}, 0),
    ("784:256,256", dense(784, 256, 256), "standard", {2: (.95, 5), inf: (.85, 5), 1: (.70, 5)}, 0),
    ("192:100,100", dense(192, 100, 100), "standard", {2: (.97, .5), inf: (.88, .5), 1: (.88, .5)}, 0),
    ("768:100,100 far", dense(768, 100, 100), "standard", {2: (.75, 2), 1: (.70, 2)}, 1),
    ("192:1000,1000", dense(192, 1000, 1000), "thorough", {2: (.80, 10)}, 0),
    ("cnn 3x8x8", SmallImages, "standard", {2: (.80, 1), inf: (.6, 1), 1: (.6, 1)}, 0),
    ("192:50x5", dense(192, 50, 50, 50, 50, 50), "standard", {2: (.54, 1), inf: (.54, 1), 1: (.75, 1)}, 0),
]


def measure(make, level, norms, far):
    """Ratios and seconds [input, p]."""
    rng, ratio, seconds = np.random.default_rng(20261201), [], []
    while len(ratio) < INPUTS:
        network = make(rng)
        x0 = rng.random((2, network.n))
        found, points = boundary_core.search(network, x0, [*norms, 2], None, "thorough", points=True)
        z = network.logits(x0)
        for i in range(2):
            if found["distance"][i, -1] < far or np.isnan(found["distance"][i]).any() or len(ratio) == INPUTS:
                continue
            row = []
            for k, p in enumerate(norms):
                begin = time.process_time()
                one = certify_core.certify(network, x0[[i]], z[[i]], [p], found["distance"][i:i + 1, k:k + 1], points[i:i + 1, k:k + 1], None, level)
                row.append((one["radius"][0, 0] / found["distance"][i, k], time.process_time() - begin))
            ratio.append([r for r, _ in row])
            seconds.append([s for _, s in row])
    return np.array(ratio), np.array(seconds)


for name, make, level, bars, far in ROWS:
    if WORD not in f"{name} {level}":
        continue
    ratio, seconds = measure(make, level, list(bars), far)
    for k, (p, (bar, limit)) in enumerate(bars.items()):
        print(json.dumps({"benchmark": "certify", "network": name, "level": level, "p": str(p), "median": float(np.median(ratio[:, k])),
                          "least": float(ratio[:, k].min()), "bar": bar, "seconds": float(np.median(seconds[:, k])), "limit": limit,
                          "inputs": len(ratio)}), flush=True)
