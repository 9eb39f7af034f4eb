# SPDX-License-Identifier: BSD-3-Clause
"""Sweeps with width inf: the same bits on any number of ranks, resumed or not; every field; laws; refusals; and, in full, medians
against networks of width 4,096."""
import os
import unittest

import h5py
import numpy as np
from scipy import stats

import borderline_program as program

SWEEP = """
name: limit
seed: 9
network: {{activation: {activation}, classes: {classes}, biases: {{variance: {bias}}}}}
grid: {{depth: [2], width: [{width}], dimension: [{dimension}], p: [{p}]}}
samples: {{networks: {networks}, inputs: 2{block}}}
kernel: {{inputs: {kernel}}}
boundary: {{effort: {effort}}}
summary: {{bootstrap: 200}}
"""


def text(activation="relu", classes=2, bias=0.0, width="inf", dimension="27", p="1, 2, .inf, 0", networks=10,
         block=", block: 3", kernel=5, effort="fast"):
    return SWEEP.format(**locals())


class Limit(program.TestCase):
    def run_sweep(self, name, ranks=2, **keys):
        out = self.path(name + ".h5")
        self.check_done(program.run(["run", self.write(name + ".yaml", text(**keys)), "-o", out], ranks=ranks))
        return out

    def test_ranks_and_resume(self):
        one = self.run_sweep("one", ranks=1, width="16, .inf", bias=0.1)
        two = self.run_sweep("two", ranks=3, width="16, .inf", bias=0.1)
        self.assertEqual(program.differing(one, two), [])
        status, _, err = program.run(["run", self.path("two.yaml"), "-o", two, "--force", "--time-limit", "0.001"])
        self.assertIn(status, (0, 75), err)
        self.check_done(program.run(["run", self.path("two.yaml"), "-o", two, "--resume"], ranks=2))
        self.assertEqual(program.differing(one, two), [])

    def test_every_activation_and_classes(self):
        for activation, classes in (("relu", 3), ("leaky_relu", 2), ("erf", 2), ("gelu", 2), ("tanh", 2)):
            with self.subTest(activation=activation):
                out = self.run_sweep(activation, activation=activation, classes=classes, bias=0.05, networks=4)
                with h5py.File(out) as f:
                    self.assertTrue((f["status"][...] == 1).all())
                    for name in ("distance", "distance_inside", "first_order", "input_norm", "output", "gram_empirical",
                                 "gram_output", "gram_nngp"):
                        self.assertTrue(np.isfinite(f[name][...]).all(), name)
                    self.assertTrue((f["passes"][...] > 0).all())
                    width = 1 - f["distance_inside"][..., :3] / f["distance"][..., :3]
                    # a point that p = 0 found may serve other p: its segment is confirmed at its outer end alone
                    closed = f["distance_inside"][..., :3] > 0
                    self.assertGreater(closed.mean(), 0.8)
                    self.assertLess(width[closed].max(), 1.01e-6)
                    self.assertGreater(width.min(), 0)
                    np.testing.assert_array_equal(f["gram_empirical"][...], f["gram_nngp"][...])
                    distance = f["distance"][...]
                    self.assertTrue((distance[..., 0] >= distance[..., 1] * (1 - 1e-12)).all())
                    self.assertTrue((distance[..., 1] >= distance[..., 2] * (1 - 1e-12)).all())

    def test_outputs_and_kernels_have_their_law(self):
        out = self.run_sweep("law", networks=300, p="2", dimension="192", kernel=12, block="")
        with h5py.File(out) as f:
            f0 = f["output"][0, 0, 0]
            square = (f["input_norm"][0, 0, 0, :, :, 0] ** 2) / 192
            # depth 2, weights 2/fan_in: K = 2 |x|^2/n, and f = z_1 - z_0 has twice that
            z = f0 / np.sqrt(4 * square)
            self.assertGreater(stats.kstest(z.ravel(), "norm").pvalue, 1e-3)
            self.assertLess(abs(np.mean(z[:, 0] * z[:, 1])), 4 / np.sqrt(300))  # each input its own draw
            of_scipy = {"variance": lambda y: np.var(y, ddof=1), "skewness": lambda y: stats.skew(y, bias=False),
                        "kurtosis": lambda y: stats.kurtosis(y, bias=False), "ks": lambda y: stats.kstest(y, "norm").statistic}
            limit = {"variance": 1, "skewness": 0, "kurtosis": 0, "ks": 0.8687 / np.sqrt(300)}
            for name, statistic in of_scipy.items():
                found, error = (f["summary/output_" + name + end][0, 0, 0] for end in ("", "_error"))
                self.assertAlmostEqual(found, np.mean([statistic(column) for column in z.T]), 6, name)
                self.assertLess(abs(found - limit[name]), 4 * error, name)
                self.assertTrue(0 < error < 0.4, name)
            k, mean = f["gram_nngp"][0, 0, 0], f["gram_output"][0, 0, 0]
            d = np.sqrt(np.diag(k))
            self.assertLess(abs((mean - k) / np.outer(d, d)).max(), 5 * np.sqrt(2 / 300))
            ratio = f["distance"][...] / f["first_order"][...]
            self.assertLess(abs(np.median(ratio) - 1), 0.01)
            np.testing.assert_allclose(f["summary/linearity_quantile"][0, 0, 0, 0], np.quantile(ratio, f["quantile"][...]), rtol=1e-12)
            self.assertEqual(f["summary/linearity"][0, 0, 0, 0], np.median(ratio))

    def test_refusals(self):
        path = self.write("limit.yaml", text())
        for arguments, words in ((["sample", path, "-o", self.path("n.h5")], "cannot be written"),
                                 (["run", path, "-o", self.path("n.h5"), "--set", "network.family=cnn", "--set",
                                   "image.channels=3"], "dense only")):
            status, _, err = program.run(arguments)
            self.assertEqual(status, 1)
            self.assertIn(words, err)
            self.assertEqual(len(err.strip().splitlines()), 1, err)
            self.assertFalse(os.path.exists(self.path("n.h5")))

    def compare_with_4096(self, networks, norms):
        """Medians of width 4,096 and of the limit: the interval of their ratio (99 %, a bootstrap over networks of either) has 1;
        distance over |output|, free of the output's own scatter, agrees to its small errors."""
        out = self.run_sweep("wide", width="4096, .inf", dimension="48", networks=networks, p=norms, block="", kernel=0)
        with h5py.File(out) as f:
            distance, output = f["distance"][0, :, 0], f["output"][0, :, 0]
        self.assertTrue(np.isfinite(distance).all())
        r = np.random.default_rng(0)
        for k in range(distance.shape[-1]):
            wide, limit = (np.median(d[r.integers(networks, size=(400, networks)), :, k], axis=(1, 2)) for d in distance)
            low, high = np.quantile(np.log(wide / limit), [0.005, 0.995])
            self.assertTrue(low < 0 < high, (k, low, high))
            logs = np.log(distance[..., k] / abs(output)).mean(axis=2)  # a number a network
            error = np.sqrt((logs.var(axis=1, ddof=1) / networks).sum())
            self.assertLess(error, 0.02)
            self.assertLess(abs(logs[0].mean() - logs[1].mean()), 4 * error, k)

    def test_medians_of_width_4096(self):
        self.compare_with_4096(100, "2")

    @unittest.skipUnless(os.environ.get("BORDERLINE_FULL"), "tests/run --full")
    def test_more_medians_of_width_4096(self):
        self.compare_with_4096(300, "1, 2, .inf")


if __name__ == "__main__":
    program.main()
