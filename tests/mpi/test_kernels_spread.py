# SPDX-License-Identifier: BSD-3-Clause
"""Kernels spread over ranks: against numpy, the small kernels' own path, and themselves on 1 x 1, 1 x 2 and 2 x 2 grids."""
import re
import resource
import unittest

import h5py
import numpy as np
from scipy.optimize import nnls

from borderline_core import rng
from borderline_program import TestCase, main, run

SWEEP = """
name: large kernels
seed: 3
network: {{family: {family}, activation: {activation}, classes: {classes}}}
grid: {{depth: [2], width: [{width}], dimension: [{dimension}], p: [2]}}
image: {{channels: {channels}}}
samples: {{networks: {networks}, inputs: 1}}
boundary: {{effort: fast}}
kernel: {{inputs: {inputs}}}
summary: {{bootstrap: 10}}
"""
GRAMS = ("gram_nngp", "gram_empirical", "gram_output")


def arccos_kernel(x, depth):
    """ReLU, sigma_w^2 = 2, no bias (Cho and Saul 2009)."""
    k = 2 * x @ x.T / x.shape[1]
    scale = np.sqrt(np.outer(k.diagonal(), k.diagonal()))
    for _ in range(depth):
        rho = np.clip(k / scale, -1, 1)
        k = scale * (np.sqrt(1 - rho * rho) + rho * (np.pi - np.arccos(rho))) / np.pi
    return k


class Spread(TestCase):
    def compute(self, ranks, inputs, family="dense", dimension=48, channels=0, width=96, activation="relu", classes=2, networks=5):
        keys = {name: value for name, value in locals().items() if name not in ("self", "ranks")}
        sweep = self.write("sweep.yaml", SWEEP.format(**keys))
        result = run(["run", sweep, "-o", self.path("out.h5"), "--force"], ranks)
        self.check_done(result)
        self.said = result[2]
        with h5py.File(self.path("out.h5"), "r") as file:
            found = {name: file[name][0, 0, 0] for name in GRAMS}
            found.update({name: file["summary/" + name][0, 0, 0] for name in file["summary"]
                          if name.startswith(("spectrum", "kernel_", "kurt", "kl_", "log_det", "effective"))
                          and file["summary/" + name].ndim >= 3 and file["summary/" + name].shape[0] == 1})
        return found

    def test_dense(self):
        inputs = 1100
        x = np.stack([rng.uniform(rng.stream(3, 0, 0, "kernel_input", i), 48) for i in range(inputs)]).astype(float)
        expected = arccos_kernel(x, 2)
        runs = [self.compute(ranks, inputs) for ranks in (1, 2, 4)]
        for k in runs:
            np.testing.assert_allclose(k["gram_nngp"], expected, rtol=1e-10)
            for name in GRAMS:
                np.testing.assert_array_equal(k[name], k[name].T)
                np.testing.assert_array_equal(k[name], runs[0][name])  # entries: the same bits
            for kind in ("nngp", "empirical"):
                values = np.linalg.eigvalsh(k["gram_" + kind])
                np.testing.assert_allclose(k["spectrum_" + kind], values, rtol=0, atol=1e-12 * values[-1])
                np.testing.assert_allclose(k["effective_dimension_" + kind], values.sum() ** 2 / (values ** 2).sum(), rtol=1e-10)
            np.testing.assert_allclose(k["log_determinant_nngp"], np.linalg.slogdet(expected)[1], rtol=1e-10)
            self.assertTrue(np.isnan(k["kl_divergence"]))  # 480 features for 1,100 inputs
        said = re.search(r"warning: gram_empirical is not positive definite in 1 of 1 cases, .* pivot (\d+) of 1100.*; (\S+) on the diagonal", self.said)
        self.assertLess(int(said[1]), 700)
        e = runs[-1]["gram_empirical"]
        self.assertLess(np.linalg.eigvalsh(e)[0], 1e-3 * float(said[2]) * e.shape[0])
        np.linalg.cholesky(e + float(said[2]) * np.eye(1100))
        for k in runs:
            for kind, name in (("empirical", "kernel_deviation"), ("output", "kernel_deviation_output")):
                right = np.linalg.norm(k["gram_" + kind] - expected) / np.linalg.norm(expected)
                np.testing.assert_allclose(k[name], right, rtol=1e-10)
            self.assertEqual(k["kurtosis"], runs[0]["kurtosis"])

    def test_divergence(self):
        """Enough features that both kernels are regular: KL by numpy."""
        k = self.compute(2, 1030, dimension=768, width=512)
        e, n = k["gram_empirical"], k["gram_nngp"]
        right = 0.5 * (np.trace(np.linalg.solve(n, e)) - 1030 + np.linalg.slogdet(n)[1] - np.linalg.slogdet(e)[1])
        np.testing.assert_allclose(k["kl_divergence"], right, rtol=1e-8)

    def test_as_small_kernels(self):
        """The first inputs of a large kernel are those of a small one, whose path is another."""
        for family, more in (("dense", {}), ("cnn", {"dimension": 48, "channels": 3, "width": 16})):
            with self.subTest(family=family):
                small, large = self.compute(1, 40, family, **more), self.compute(2, 1030, family, **more)
                np.testing.assert_allclose(large["gram_nngp"][:40, :40], small["gram_nngp"], rtol=1e-12)
                for name in ("gram_empirical", "gram_output"):
                    np.testing.assert_allclose(large[name][:40, :40], small[name], rtol=0,
                                               atol=1e-5 * np.abs(small[name]).max())

    def test_infinite_width(self):
        """Draws of the limit: those of a small kernel's path at its inputs, of the same law whatever the grid of ranks, and of a
        kernel that rounding leaves indefinite."""
        small = self.compute(1, 40, width="inf", classes=3, networks=300)
        runs = [self.compute(ranks, 1030, width="inf", classes=3, networks=300) for ranks in (1, 2, 4)]
        for k in runs:
            np.testing.assert_array_equal(k["gram_nngp"], runs[0]["gram_nngp"])
            np.testing.assert_array_equal(k["gram_empirical"], k["gram_nngp"])
            scale = np.sqrt(np.outer(k["gram_nngp"].diagonal(), k["gram_nngp"].diagonal()))
            np.testing.assert_allclose(k["gram_output"][:40, :40] / scale[:40, :40], small["gram_output"] / scale[:40, :40], rtol=0, atol=1e-5)
            np.testing.assert_allclose(k["gram_output"] / scale, runs[0]["gram_output"] / scale, rtol=0, atol=1e-5)
            self.assertEqual((k["kernel_deviation"], k["kl_divergence"]), (0, 0))
            for kind in ("nngp", "empirical"):
                np.testing.assert_allclose(k["log_determinant_" + kind], np.linalg.slogdet(k["gram_nngp"])[1], rtol=1e-10)
            np.testing.assert_array_equal(k["spectrum_empirical"], k["spectrum_nngp"])
            # Wishart of 300 networks times 2 degrees of freedom: E |W - K|^2 = (|K|^2 + tr(K)^2)/600
            expected = np.sqrt((1 + (k["gram_nngp"].trace() / np.linalg.norm(k["gram_nngp"])) ** 2) / 600)
            self.assertLess(abs(np.log(k["kernel_deviation_output"] / expected)), np.log(2))
            whitened = np.linalg.solve(np.linalg.cholesky(k["gram_nngp"]), k["gram_output"])
            whitened = np.linalg.solve(np.linalg.cholesky(k["gram_nngp"]), whitened.T)
            # its law: every direction's variance is chi squared of 600 degrees over 600, and their mean 1
            self.assertLess(abs(whitened.trace() / 1030 - 1), 5 * np.sqrt(2 / 600 / 1030))
            self.assertLess(abs(whitened.diagonal() - 1).max(), 6 * np.sqrt(2 / 600))
        flat = self.compute(2, 1030, width="inf", activation="erf", dimension=2, networks=300)
        self.assertLess(np.linalg.eigvalsh(flat["gram_nngp"])[0], 1e-9)  # of entries of order 1
        self.assertIn("gram_nngp is not positive definite", self.said)
        self.assertNotIn("gram_empirical is", self.said)
        self.assertTrue(np.isnan(flat["log_determinant_nngp"]) and np.isnan(flat["kl_divergence"]))
        self.assertLess(abs(np.log(flat["kernel_deviation_output"] * np.sqrt(300 / 2))), np.log(3))

    def test_plan(self):
        """The forecast of the kernels: finite at width inf too, as M^3 where eigenvalues rule, less on more ranks."""
        def seconds(inputs, width, ranks):
            sweep = self.write("plan.yaml", SWEEP.format(inputs=inputs, family="dense", dimension=48, channels=0, width=width, activation="relu",
                                                         classes=2, networks=5))
            out = self.check_done(run(["plan", sweep, "--ranks", str(ranks)]))
            row = [line.split() for line in out.splitlines() if line.startswith(f"{ranks:8d} ")][0]
            return float(row[4])  # ranks, units, efficiency with its sign, kernels
        for width in (16, "inf"):
            one, two, four = seconds(20000, width, 1), seconds(40000, width, 1), seconds(20000, width, 4)
            self.assertLess(abs(np.log2(two / one) - 3), 0.7)  # each plan times a network again
            self.assertLess(abs(np.log2(one / four) - 2), 0.7)
        # what it takes: processor time of a run of one rank, within a factor of 2.5 on a machine that others load
        for family, more in (("dense", {"width": "256, inf", "dimension": 784, "channels": 0}), ("cnn", {"width": 8, "dimension": 75, "channels": 3})):
            keys = {"inputs": 1400, "family": family, "activation": "relu", "classes": 2, "networks": 8, **more}
            sweep = self.write("plan.yaml", SWEEP.format(**keys))
            row = [line.split() for line in self.check_done(run(["plan", sweep, "--ranks", "1"])).splitlines() if line.startswith("       1 ")][0]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.check_done(run(["run", sweep, "-o", self.path("out.h5"), "--force"]))
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"{family}: plan {row[4]} s, taken {taken:.2f} s")
            self.assertLess(abs(np.log(float(row[8]) / taken)), np.log(2.5))

    def test_fit_over_widths(self):
        """Deviations over widths and networks: the summary's fit is scipy's, and the noise alone is 1/sqrt(S N) for features of
        one hidden layer, whose mean kernel is the analytic one."""
        sweep = """
grid: {depth: [1, 3], width: [16, 32, 64, 128, 256], dimension: [48], p: [2]}
samples: {networks: %d, inputs: 1}
boundary: {effort: fast}
kernel: {inputs: 48}
summary: {bootstrap: 10}
"""
        noise = []
        for networks in (20, 320):
            path = self.write("fit.yaml", sweep % networks)
            self.check_done(run(["run", path, "-o", self.path("fit.h5"), "--force"], 2))
            with h5py.File(self.path("fit.h5"), "r") as file:
                width, deviation = file["width"][()], file["summary/kernel_deviation"][()][:, :, 0]
                found = np.stack([file["summary/kernel_fit_noise"][()][:, 0], file["summary/kernel_fit_bias"][()][:, 0]], 1)
            for d in range(2):
                terms = np.stack([1 / (networks * width), 1 / width ** 2], 1)
                fit = np.ones(2)
                for _ in range(50):
                    mean = terms @ fit
                    fit = nnls(terms / mean[:, None], deviation[d] ** 2 / mean)[0]
                np.testing.assert_allclose(found[d], np.sqrt(fit), rtol=1e-6, atol=1e-9)
            noise.append(found)
        noise = np.array(noise)
        # one hidden layer: the mean kernel is the analytic one, so 16 times the networks leave the noise constant as it is
        # (five deviations, each of them the length of few normals: a factor of 2.5)
        self.assertLess(abs(np.log(noise[0, 0, 0] / noise[1, 0, 0])), np.log(2.5))
        self.assertTrue((noise[:, :, 0] + noise[:, :, 1] > 0.3).all() and (noise < 20).all())


if __name__ == "__main__":
    main()
