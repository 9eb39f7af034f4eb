# SPDX-License-Identifier: BSD-3-Clause
"""Networks of a sweep with `training`: what sample writes, the same bits on other numbers of ranks, untrained partners on the same images,
refusals, distances and figures of them."""
import gzip
import os
import subprocess
import sys
import unittest

import h5py
import numpy as np
from borderline_program import SOURCE, TestCase, complaint, run

SIDE, IMAGES = 8, 200
SWEEP = """
seed: 5
network: {family: resnet}
grid: {depth: [8], width: [4], dimension: [64], p: [1, 2, inf]}
image: {channels: 1}
samples: {networks: 4, inputs: 4}
training: {dataset: mnist, path: PATH, labels: parity, epochs: 8, rate: 3e-3, images: null}
"""


def write_idx(path, values):
    header = bytes([0, 0, 8, values.ndim]) + b"".join(int(n).to_bytes(4, "big") for n in values.shape)
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "wb") as file:
        file.write(header + values.astype(np.uint8).tobytes())


def write_images(folder, part, packed):
    """The class is the bright quarter of an image."""
    random = np.random.default_rng(len(part))
    label = random.integers(0, 4, IMAGES)
    pixel = random.integers(0, 128, (IMAGES, SIDE, SIDE))
    for i, c in enumerate(label):
        pixel[i, 4 * (c // 2):4 * (c // 2) + 4, 4 * (c % 2):4 * (c % 2) + 4] += 127
    write_idx(os.path.join(folder, part + "-images-idx3-ubyte" + packed), pixel)
    write_idx(os.path.join(folder, part + "-labels-idx1-ubyte" + packed), label)
    return pixel.reshape(IMAGES, -1) / 255


class Trained(TestCase):
    def sample(self, name, *settings, ranks=0):
        path = os.path.join(self.folder, name)
        given = [x for s in settings for x in ("--set", s)]
        return path, run(["sample", self.sweep, "-o", path, *given], ranks)

    def setUp(self):
        super().setUp()
        self.train = write_images(self.folder, "train", ".gz")
        self.test = write_images(self.folder, "t10k", "")
        self.sweep = os.path.join(self.folder, "sweep.yaml")
        with open(self.sweep, "w", encoding="utf-8") as file:
            file.write(SWEEP.replace("PATH", str(self.folder)))

    def test_networks(self):
        trained, (status, _, err) = self.sample("trained.h5")
        self.assertEqual(status, 0, err)
        accuracy = [float(line.rsplit(" ", 1)[1]) for line in err.splitlines() if "on test images" in line]
        self.assertEqual(len(accuracy), 4)
        self.assertGreater(min(accuracy), 0.8)
        again, (status, _, err) = self.sample("again.h5", ranks=3)
        self.assertEqual(status, 0, err)
        untrained, (status, _, err) = self.sample("untrained.h5", "training.epochs=0")
        self.assertEqual(status, 0, err)
        with h5py.File(trained) as a, h5py.File(again) as b, h5py.File(untrained) as u:
            self.assertEqual(len(a), 4)
            for name in a:
                x = a[name]["inputs"][...]
                self.assertEqual(x.shape, (12, 64))
                for part, images in enumerate([self.train, self.test]):
                    near = np.abs(x[4 * part:4 * part + 4, None] - images[None]).max(axis=2).min(axis=1)
                    self.assertLess(near.max(), 1e-7)
                np.testing.assert_array_equal(x, u[name]["inputs"][...])
                for layer in a[name]:
                    if layer != "inputs" and "weight" in a[name][layer]:
                        w = a[name][layer]["weight"][...]
                        np.testing.assert_array_equal(w, b[name][layer]["weight"][...])
                        self.assertTrue(np.any(w != u[name][layer]["weight"][...]))
        measured = {}
        for path in trained, untrained:
            measured[path] = path + ".distances.h5"
            status, _, err = run(["measure", path, "-o", measured[path], "--p", "1,2,inf", "--box", "0,1", "--effort", "fast"])
            self.assertEqual(status, 0, err)
        script = os.path.join(SOURCE, "analysis", "figure_trained.py")
        figures = subprocess.run([sys.executable, script, measured[trained], measured[untrained], "-o", self.folder],
                                 capture_output=True, text=True, check=False)
        self.assertEqual(figures.returncode, 0, figures.stderr)
        for name in "trained_median_distance", "trained_percentiles", "untrained_percentiles":
            self.assertGreater(os.path.getsize(os.path.join(self.folder, name + ".png")), 5000)

    def test_more_classes(self):
        _, (status, _, err) = self.sample("classes.h5", "training.labels=classes", "network.classes=10", "training.images=150")
        self.assertEqual(status, 0, err)

    def test_refusals(self):
        for settings, words in [(["training.labels=classes"], "needs network.classes: 10, not 2"),
                                (["training.path=''"], "give training.path"),
                                (["inputs.box=[0.1, 1]"], "must lie in inputs.box"),
                                (["training.path=/nowhere"], "/nowhere"),
                                (["training.images=1000"], "1000")]:
            _, (status, _, err) = self.sample("refused.h5", *settings)
            self.assertNotEqual(status, 0, words)
            self.assertIn(words, "\n".join(complaint(err)))
        for command in ["run", self.sweep, "-o", os.path.join(self.folder, "run.h5")], ["plan", self.sweep]:
            status, _, err = run(command)
            self.assertEqual(status, 1)
            self.assertIn("`borderline sample` trains", err)


if __name__ == "__main__":
    unittest.main()
