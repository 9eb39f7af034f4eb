# SPDX-License-Identifier: BSD-3-Clause
"""Every statistic of a sweep's summary against numpy and scipy on the file's own distances, of a sweep many of whose distances are not
found (large biases, inputs in a box); what `show` says of them."""
import json
import os
import tempfile
import unittest

import h5py
import numpy as np
from scipy import optimize, stats

import borderline_program as program
from stats_formulas import expected_interval, expected_slope, quantile

SWEEP = """
name: lost
seed: 5
network: {activation: erf, weights: {variance: 1.0}, biases: {variance: 1.0}}
grid: {depth: [1, 3], width: [16], dimension: [12, 48, 108], p: [1, 2, inf]}
image: {channels: 3}
samples: {networks: 70, inputs: 3}
boundary: {effort: fast}
kernel: {inputs: 0}
summary: {bootstrap: 400}
"""
MIDDLE = 4


class Summary(program.TestCase):
    made = None  # the sweep's folder, for all tests

    def setUp(self):
        super().setUp()
        if Summary.made is None:
            Summary.made = tempfile.TemporaryDirectory(prefix="borderline-test-")
            unittest.addModuleCleanup(Summary.made.cleanup)
            self.check_done(program.run(["run", self.write("lost.yaml", SWEEP), "-o", os.path.join(Summary.made.name, "lost.h5")], ranks=2))
        self.out = os.path.join(Summary.made.name, "lost.h5")
        self.file = h5py.File(self.out, "r")
        self.addCleanup(self.file.close)

    def of(self, name):
        return self.file["summary/" + name][()]

    def cases(self):
        """(index [depth, width, dimension, p], lengths, norms, first steps, crosses), each [network, input]."""
        status, distance = self.file["status"][()], self.file["distance"][()]
        lengths = np.where(status == 1, distance, np.inf)
        self.assertTrue(np.isin(status, (1, 2, 3)).all())
        norm, first, crosses = (self.file[name][()] for name in ("input_norm", "first_order", "first_step_crosses"))
        for index in np.ndindex(2, 1, 3, 3):
            at = (*index[:3], slice(None), slice(None), index[3])
            yield index, lengths[at], norm[at], first[at], crosses[at]

    def test_quantiles_and_intervals(self):
        levels, lost = self.file["quantile"][()], 0
        for index, length, norm, first, _ in self.cases():
            given = {"distance": length, "relative": length / norm, "linearity_quantile": length / first}
            for name, x in given.items():
                found, low, high = (self.of(name + end)[index] for end in ("", "_low", "_high"))
                for k, level in enumerate(levels):
                    with self.subTest(variable=name, case=index, level=level):
                        np.testing.assert_allclose(found[k], quantile(x[~np.isnan(x)], level), rtol=1e-12)
                        np.testing.assert_allclose((low[k], high[k]), expected_interval(x, level, 0.9), rtol=1e-7)
            self.assertEqual(self.of("linearity")[index], self.of("linearity_quantile")[index][MIDDLE])
            self.assertEqual(self.of("failures")[index], np.isinf(length).sum())
            at = (*index[:3], slice(None), slice(None), index[3])
            steps = np.where(np.isinf(length), np.fmax(first, self.file["searched_radius"][at]), length)
            self.assertEqual(self.of("looked")[index], np.nanmax(steps))
            lost += np.isinf(self.of("distance")[index][MIDDLE])
        self.assertGreater(lost, 3)
        self.assertLess(lost, 15)

    def test_slopes_and_shares(self):
        generator = np.random.default_rng(1)
        for index, length, _, _, crosses in self.cases():
            with self.subTest(case=index):
                names = ("slope_at_zero", "slope_at_zero_low", "slope_at_zero_high")
                np.testing.assert_allclose([self.of(name)[index] for name in names], expected_slope(length, 0.9), rtol=1e-7)
                there = np.where(crosses >= 0, crosses.astype(float), np.nan)
                self.assertAlmostEqual(self.of("first_step_crosses")[index], np.nanmean(there), 12)
                there = there[~np.isnan(there).all(axis=1)]
                drawn = [np.nanmean(there[generator.integers(0, len(there), len(there))]) for _ in range(2000)]
                np.testing.assert_allclose(self.of("first_step_crosses_error")[index], np.std(drawn), rtol=0.2)

    def test_predictions(self):
        """Ratios to the law and to the guaranteed median; inf where the median is, NaN where neither is finite."""
        law, guaranteed = self.of("law")[:, None, :, :, MIDDLE], self.of("guaranteed")[:, None]
        for end, statistic in (("", ""), ("_low", "_low"), ("_high", "_high")):
            median = self.of("distance" + statistic)[..., MIDDLE]
            with np.errstate(invalid="ignore"):
                np.testing.assert_allclose(self.of("over_law" + end), median / law, rtol=1e-14)
        over = self.of("over_guaranteed")
        np.testing.assert_allclose(over, self.of("distance")[..., MIDDLE] / guaranteed, rtol=1e-14)
        self.assertGreater(over.min(), 1)  # a proven bound, although most distances are not found in some cases
        self.assertTrue(np.isinf(law).any() and np.isfinite(law).any())
        error = self.of("guaranteed_error")
        self.assertTrue(((error > 0) & (error < 0.2 * self.of("guaranteed"))).all())

    def test_fits(self):
        n, median = self.file["dimension"][()].astype(float), self.of("distance")[..., MIDDLE]
        low, high = self.of("distance_low")[..., MIDDLE], self.of("distance_high")[..., MIDDLE]
        seen = set()
        for depth in range(2):
            for p, power in enumerate((0.5, 0.0, -0.5)):
                y, at = median[depth, 0, :, p], (depth, 0, p)
                seen.add(bool(np.isinf(y).any()))
                if np.isinf(y).any():
                    for name in ("exponent", "exponent_error", "prefactor", "paper_scale", "paper_offset"):
                        self.assertTrue(np.isnan(self.of(name)[at]), name)
                    continue
                slope, intercept = np.polyfit(np.log(n), np.log(y), 1)
                np.testing.assert_allclose((self.of("exponent")[at], self.of("prefactor")[at]), (slope, np.exp(intercept)), rtol=1e-10)
                x = np.log(n) - np.log(n).mean()
                error = np.log(high[depth, 0, :, p] / low[depth, 0, :, p]) / (2 * stats.norm.ppf(0.95))
                expected = np.sqrt(np.sum((x * error) ** 2)) / np.sum(x**2)
                np.testing.assert_allclose(self.of("exponent_error")[at], expected if np.isfinite(expected) else np.nan, rtol=1e-10)
                scale, offset = self.of("paper_scale")[at], self.of("paper_offset")[at]
                if power == 0:
                    self.assertAlmostEqual(scale, y.mean(), 12)
                elif np.isfinite(scale):
                    squares = lambda q, y=y, power=power: np.sum((y - q[0] * np.abs(n - q[1]) ** power) ** 2)  # noqa: E731
                    best = optimize.minimize(squares, (scale, offset), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-16})
                    self.assertLess(squares((scale, offset)), best.fun * (1 + 1e-6) + 1e-14)
        self.assertEqual(seen, {True, False})

    def test_show(self):
        """"> x" with x the largest length looked at where the median is infinite; the same numbers in JSON."""
        status, out, err = program.run(["show", self.out])
        self.assertEqual(status, 0, err)
        rows = [line for line in out.splitlines() if "[" in line]
        median, looked = self.of("distance")[..., MIDDLE].ravel(), self.of("looked").ravel()
        self.assertEqual(len(rows), median.size)
        for row, value, far in zip(rows, median, looked):
            text = row.split("[")[0].split(maxsplit=4)[4].strip()
            self.assertEqual(text, f"> {far:.4g}" if np.isinf(value) else f"{value:.4g}")
        status, out, err = program.run(["show", self.out, "--json"])
        self.assertEqual(status, 0, err)
        for row, value, far in zip(json.loads(out)["cases"], median, looked):
            self.assertEqual((float(row["median"]), row["looked"]), (value, far))


if __name__ == "__main__":
    program.main()
