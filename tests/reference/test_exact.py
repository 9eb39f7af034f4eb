# SPDX-License-Identifier: BSD-3-Clause
"""Certificates against small networks with proven distances (exact.h5 of the shared reference): never above the best distance
known, of the reference or of the search; and asked about balls beyond it they stop there."""
import os
import unittest

import h5py
import numpy as np

from boundary_core import Network, search
from certify_core import certify

SOURCE = os.environ["BORDERLINE_SOURCE"]
PATHS = [os.environ.get("BORDERLINE_EXACT", ""), os.path.join(SOURCE, "..", "shared", "certify", "exact.h5")]
NORMS = [1, 2, np.inf]
MARGIN = 1 + 1e-9


def networks(path):
    """(name, network, inputs, {box or None: best distance known [input, p]})."""
    with h5py.File(path) as file:
        for group in file.values():
            layers, activation, slope = [], "relu", 0.01
            for name in sorted(key for key in group if key.startswith("layer")):
                layer = group[name]
                if layer.attrs["kind"] == "dense":
                    layers.append((layer["weight"][()], layer["bias"][()]) if "bias" in layer else layer["weight"][()])
                elif layer.attrs["kind"] == "leaky_relu":
                    activation, slope = "leaky_relu", float(layer.attrs["slope"])
            best = {None: group["nobox/distance"][()], (0.0, 1.0): group["box/distance"][()]}
            yield group.attrs["group"], Network(layers, activation, slope), group["inputs"][()].astype(float), best


class Exact(unittest.TestCase):
    def test_never_above(self):
        shares = []
        for name, network, x0, best in networks(next(path for path in PATHS if os.path.exists(path))):
            for box, known in best.items():
                with self.subTest(name=name, box=box):
                    found, points = search(network, x0, NORMS, box, "thorough", points=True)
                    shortest = np.fmin(known, found["distance"])
                    there = np.isfinite(shortest)
                    z = network.logits(x0)
                    for asked in (1.0, 1.2):
                        result = certify(network, x0, z, NORMS, asked * found["distance"], points, box, "standard")
                        self.assertTrue(np.all(result["radius"][there] <= shortest[there] * MARGIN))
                        self.assertTrue(np.all(result["status"][there] != 3))
                    shares.append((result["radius"] / shortest)[there])
        self.assertGreater(np.median(np.concatenate(shares)), 0.85)


if __name__ == "__main__":
    if not any(os.path.exists(path) for path in PATHS):
        print("the shared reference is missing (BORDERLINE_EXACT may name exact.h5): skipped")
        raise SystemExit(77)
    unittest.main()
