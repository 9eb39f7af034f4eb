# SPDX-License-Identifier: BSD-3-Clause
"""Scales that float32 cannot hold: a ReLU network's boundary does not depend on the variance of its weights.

Variances that differ by powers of four make networks that differ by powers of two: every number is the same to the bit, or the same
times that power. Other variances make networks that differ by rounding.
"""
import os

import h5py
import numpy as np

from borderline_program import TestCase, main, run

SWEEP = """
network: {{weights: {{variance: {variance}}}, activation: {activation}, negative_slope: 0.2}}
grid: {{depth: [{depth}], width: [{width}], dimension: [12], p: [1, 2, inf]}}
samples: {{networks: 6, inputs: 2}}
inputs: {{box: none}}
boundary: {{effort: fast}}
kernel: {{inputs: {kernel}}}
summary: {{bootstrap: 10}}
"""
EXACT = ["distance", "distance_inside", "first_order", "status", "passes", "first_step_crosses", "input_norm"]
SUMMARY = ["summary/law", "summary/guaranteed", "summary/distance"]
OUTPUTS = ["output", "gradient_norm"]
GRAMS = ["gram_output", "gram_empirical", "gram_nngp"]


class Scale(TestCase):
    def sweep(self, variance, depth=12, width=60, activation="relu", kernel=4):
        path = os.path.join(self.folder, f"{activation}-{variance}-{depth}-{width}.h5")
        config = self.write("sweep.yaml", SWEEP.format(variance=variance, depth=depth, width=width, activation=activation, kernel=kernel))
        self.check_done(run(["run", config, "-o", path, "--force"]))
        with h5py.File(path) as file:
            names = EXACT + SUMMARY + OUTPUTS + GRAMS
            return {name: file[name][()] for name in names if name in file}

    def test_powers_of_four(self):
        for activation, depth, width in (("relu", 12, 60), ("leaky_relu", 12, 20), ("relu", 12, "inf")):
            one = self.sweep(2.0, depth, width, activation)
            self.assertGreater(np.isfinite(one["distance"]).mean(), 0.3)
            for exponent in (-3, 1) if width == "inf" else (-19, -1, 18):
                with self.subTest(activation=activation, width=width, exponent=exponent):
                    other = self.sweep(2.0 * 4.0 ** exponent, depth, width, activation)
                    for name in EXACT + SUMMARY:
                        np.testing.assert_array_equal(other[name], one[name], name)
                    shift = exponent * (depth + 1)
                    if abs(2 * shift) < 900:
                        for name in OUTPUTS:
                            np.testing.assert_allclose(other[name], np.ldexp(one[name], shift), rtol=1e-12, err_msg=name)
                        for name in GRAMS:
                            np.testing.assert_allclose(other[name], np.ldexp(one[name], 2 * shift), rtol=1e-12, err_msg=name)

    def test_any_variance(self):
        one = self.sweep(2.0)
        for variance in (1e-6, 0.1, 40, 1e6):
            with self.subTest(variance=variance):
                other = self.sweep(variance)
                np.testing.assert_array_equal(other["summary/law"], one["summary/law"])
                np.testing.assert_allclose(other["first_order"], one["first_order"], rtol=1e-3)
                found = np.isfinite(one["distance"])
                self.assertLessEqual(np.abs(found.mean() - np.isfinite(other["distance"]).mean()), 0.1)
                both = found & np.isfinite(other["distance"])
                self.assertLess(np.abs(np.median(other["distance"][both] / one["distance"][both]) - 1), 0.02)

    def test_law_at_depth(self):
        """Beyond what float64 holds, too."""
        one = self.sweep(2.0, depth=200, width=4, kernel=0)
        for variance in (0.5, 1e-9, 1e9):
            other = self.sweep(variance, depth=200, width=4, kernel=0)
            self.assertTrue(np.isfinite(other["summary/law"]).all())
            np.testing.assert_array_equal(other["summary/law"], one["summary/law"])

    def test_a_case_that_float64_does_not_hold(self):
        """Its kernels are NaN and said to have failed; the other case is as it is alone; nothing is left for --resume."""
        sweep = ("network: {{weights: {{variance: 1e9}}}}\ngrid: {{depth: {depth}, width: [20], dimension: [12], p: [2]}}\n"
                 "samples: {{networks: 2, inputs: 2}}\nboundary: {{effort: fast}}\nkernel: {{inputs: {inputs}}}\n"
                 "summary: {{bootstrap: 10}}\n")
        for inputs, ranks in ((8, 2), (1030, 2)):
            with self.subTest(inputs=inputs):
                both, alone = self.path(f"both-{inputs}.h5"), self.path(f"alone-{inputs}.h5")
                config = self.write("both.yaml", sweep.format(depth="[2, 200]", inputs=inputs))
                status, out, err = run(["run", config, "-o", both], ranks)
                self.assertEqual(status, 0, err)
                self.assertIn("kernels of 1 of 2 cases leave the range of float64, first at depth 200, width 20, dimension 12", err)
                self.check_done(run(["run", self.write("alone.yaml", sweep.format(depth="[2]", inputs=inputs)), "-o", alone], ranks))
                with h5py.File(both) as file, h5py.File(alone) as one:
                    self.assertEqual(file["kernel/status"][:].ravel().tolist(), [1, 2])
                    for name in GRAMS + ["summary/kernel_deviation", "summary/kl_divergence"]:
                        self.assertEqual(file[name][:1].tobytes(), one[name][:].tobytes(), name)
                        self.assertTrue(np.isnan(file[name][1:]).all(), name)
                    self.assertTrue(np.isfinite(file["summary/law"][:]).all())
                self.assertIn("is complete", run(["run", config, "-o", both, "--resume"], ranks)[2])

    def sweep_status(self, text):
        path = self.path("status.h5")
        self.check_done(run(["run", self.write("status.yaml", text), "-o", path, "--force"]))
        with h5py.File(path) as file:
            words = file["status"].attrs["flag_meanings"].decode().split()
            return np.array(words)[file["status"][:]], {name: file[name][:] for name in ("distance", "output", "gradient_norm", "first_order")}

    def test_dead_networks_have_no_distance(self):
        """At width 1 half of all networks are 0 around an input: no class, no distance."""
        status, data = self.sweep_status("grid: {depth: [1], width: [1], dimension: [12], p: [1, 2, inf]}\nsamples: {networks: 40, inputs: 2}\n"
                                         "boundary: {effort: fast}\nkernel: {inputs: 0}\nsummary: {bootstrap: 10}\n")
        dead = (data["output"] == 0) & (data["gradient_norm"] == 0)
        self.assertGreater(dead.mean(), 0.25)
        self.assertLess(dead.mean(), 0.75)
        np.testing.assert_array_equal(status == "constant", np.broadcast_to(dead[..., None], status.shape))
        self.assertTrue(np.isnan(data["distance"][dead]).all())

    def test_chaos_below_resolution(self):
        """Where the law is at 1e-19 of the input, float64 does not know the class; at 1e-5 it does."""
        sweep = ("network: {{activation: erf, weights: {{variance: 4}}}}\ngrid: {{depth: [{depth}], width: [50], dimension: [48], p: [1, 2, inf]}}\n"
                 "samples: {{networks: 4, inputs: 4}}\nboundary: {{effort: fast}}\nkernel: {{inputs: 0}}\nsummary: {{bootstrap: 10}}\n")
        status, data = self.sweep_status(sweep.format(depth=200))
        self.assertGreater((status == "below_resolution").mean(), 0.9)
        self.assertTrue(np.isnan(data["distance"][status == "below_resolution"]).all())
        status, data = self.sweep_status(sweep.format(depth=50))
        self.assertEqual((status == "below_resolution").sum(), 0)
        self.assertGreater((status == "found").mean(), 0.9)


if __name__ == "__main__":
    main()
