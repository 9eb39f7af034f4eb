# SPDX-License-Identifier: BSD-3-Clause
"""Distributions of the random numbers, independence of streams, and equal bits from every build of rng.c."""
import ctypes as ct
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np
from scipy import stats
from scipy.integrate import quad
from scipy.special import erf, erfinv

import borderline_core as core
from borderline_core import rng

COUNT = 1 << 19
DEVIATION_AFTER_CUT = 0.87962566103423978


class Distributions(unittest.TestCase):
    def check_law(self, x, law, variance):
        """Kolmogorov-Smirnov and moments, each within five standard errors."""
        self.assertGreater(stats.kstest(x, law.cdf).pvalue, 1e-5)
        self.assertAlmostEqual(law.var(), variance, 12)
        ends = np.clip(law.support(), -10, 10)
        moment = [quad(lambda y, k=k: y ** k * law.pdf(y), *ends, epsabs=1e-11)[0] for k in range(9)]
        for power in (1, 2, 3, 4):
            spread = np.sqrt((moment[2 * power] - moment[power] ** 2) / len(x))
            self.assertLess(abs(np.mean(x ** power) - moment[power]), 5 * spread)

    def test_normal(self):
        for index in range(2):
            x = rng.normal(rng.stream(seed=2, index=index), COUNT).astype(float)
            self.check_law(x, stats.norm(), 1.0)
            self.assertLess(np.abs(x).max(), 6.67)
            pairs = x.reshape(-1, 2, 2, 64)  # cos and sin of one angle: independent, so are their squares
            a, b = pairs[:, :, 0].ravel(), pairs[:, :, 1].ravel()
            for u, v in ((a, b), (a ** 2, b ** 2)):
                self.assertLess(abs(np.corrcoef(u, v)[0, 1]), 5 / np.sqrt(len(a)))

    def test_normal_is_box_muller_of_its_words(self):
        stream = rng.stream(seed=3)
        x = rng.normal(stream, 1024, 0.5).reshape(-1, 2, 2, 64)
        words = rng.words(stream, 1024).reshape(-1, 64, 2, 2).astype(float)
        radius = 0.5 * np.sqrt(-2 * np.log(((words[..., 0] // 2) + 0.5) / 2 ** 31))
        angle = 2 * np.pi * words[..., 1] / 2 ** 32
        expected = np.stack([radius * np.cos(angle), radius * np.sin(angle)])  # [2, chunk, 64, pair]
        self.assertLess(np.abs(x - expected.transpose(1, 3, 0, 2)).max(), 1e-6)

    def test_normal_tail(self):
        """Words near the ends: radius exact to float32, zero for the largest word."""
        x = np.concatenate([rng.normal(rng.stream(seed=5, network=k), COUNT) for k in range(8)]).astype(float)
        for cut in (3.0, 4.0, 4.5):
            expected = 2 * stats.norm.sf(cut) * len(x)
            self.assertLess(abs(np.sum(np.abs(x) > cut) - expected), 5 * np.sqrt(expected))

    def test_truncated_normal(self):
        for deviation in (1.0, 0.037):
            x = rng.truncated_normal(rng.stream(seed=4), COUNT, deviation).astype(float) / deviation
            law = stats.truncnorm(-2, 2, scale=1 / DEVIATION_AFTER_CUT)
            self.check_law(x, law, 1.0)
            self.assertLessEqual(np.abs(x).max(), 2 / DEVIATION_AFTER_CUT * (1 + 1e-6))

    def test_truncated_normal_is_the_inverse(self):
        stream = rng.stream(seed=6)
        x = rng.truncated_normal(stream, 1 << 18).reshape(-1, 4, 64).astype(float)
        words = rng.words(stream, 1 << 18).reshape(-1, 64, 4).transpose(0, 2, 1)
        t = (words | 1).astype(np.int32) / 2.0 ** 31 * erf(np.sqrt(2))
        expected = np.sqrt(2) * erfinv(t) / DEVIATION_AFTER_CUT
        self.assertLess(np.abs(x / expected - 1).max(), 1.5e-6)

    def test_uniform(self):
        x = rng.uniform(rng.stream(seed=7), COUNT).astype(float)
        self.assertTrue(0 <= x.min() and x.max() < 1)
        self.assertGreater(stats.kstest(x, "uniform").pvalue, 1e-5)
        words = rng.words(rng.stream(seed=7), COUNT)
        np.testing.assert_array_equal(x, (words >> 8) / 2.0 ** 24)
        for lo, hi in ((-1.5, 2.25), (100.0, 100.001), (-1e-3, 0.0)):
            y = rng.uniform(rng.stream(seed=7), COUNT, lo, hi)
            self.assertTrue(np.float32(lo) <= y.min() and y.max() < np.float32(hi))

    def test_uniform64(self):
        x = rng.uniform64(rng.stream(seed=8), COUNT)
        self.assertTrue(0 < x.min() and x.max() < 1)
        self.assertGreater(stats.kstest(x, "uniform").pvalue, 1e-5)
        words = rng.words(rng.stream(seed=8), 2 * COUNT).reshape(-1, 2).astype(float)
        self.assertLess(np.abs(x - (words[:, 0] + words[:, 1] / 2 ** 32) / 2 ** 32).max(), 2.0 ** -51)


class Streams(unittest.TestCase):
    def test_prefix(self):
        """The first numbers do not depend on how many are asked for, and words are found at any place."""
        stream = rng.stream(seed=9, case=5, network=6, purpose="weight", index=7)
        for draw in (rng.words, rng.normal, rng.truncated_normal, rng.uniform, rng.uniform64):
            whole = draw(stream, 2000)
            for count in (0, 1, 3, 255, 256, 257, 1999):
                np.testing.assert_array_equal(draw(stream, count), whole[:count])
        whole = rng.words(stream, 2000)
        for first in (4, 256, 260, 1996):
            np.testing.assert_array_equal(rng.words(stream, 2000 - first, first), whole[first:])

    def test_independence(self):
        """Streams whose names differ in one field, or swap two: no correlation, at equal places or shifted."""
        names = [dict(), dict(seed=2), dict(seed=1 << 32), dict(case=1), dict(network=1), dict(index=1),
                 dict(purpose="weight"), dict(case=2, network=1), dict(case=1, network=2),
                 dict(network=2, index=1), dict(network=1, index=2), dict(case=1, index=2)]
        n = 1 << 16
        x = np.stack([rng.normal(rng.stream(**name), n) for name in names]).astype(float)
        worst = 0.0
        for shift in (0, 1, 64, 128, 256):
            correlation = x @ np.roll(x, shift, axis=1).T / n
            if shift == 0:
                np.fill_diagonal(correlation, 0.0)
            worst = max(worst, np.abs(correlation).max())
        self.assertLess(worst, 5.5 / np.sqrt(n))
        seen = {rng.words(rng.stream(**name), 4).tobytes() for name in names}
        self.assertEqual(len(seen), len(names))


class Builds(unittest.TestCase):
    """rng.c compiled here in many ways gives the bits of the library under test."""

    FLAGS = ["-O0", "-O2 -march=x86-64", "-O3 -march=x86-64-v3", "-O3 -march=native",
             "-O3 -march=native -mprefer-vector-width=512 -ffp-contract=fast"]

    @staticmethod
    def digest(numbers):
        stream = numbers.stream(seed=20210717, case=1, network=2, purpose="weight", index=3)
        n = (1 << 14) + 77
        return [a.tobytes() for a in (
            numbers.words(stream, n), numbers.normal(stream, n, 0.7), numbers.truncated_normal(stream, n, 0.7),
            numbers.uniform(stream, n, -1.0, 2.0), numbers.uniform64(stream, n))]

    def test_equal_bits(self):
        source = os.environ["BORDERLINE_SOURCE"]
        files = [os.path.join(source, "src/base", name) for name in ("rng.c", "err.c")]
        expected, built = self.digest(rng), 0
        with tempfile.TemporaryDirectory() as folder:
            for number, (compiler, flags) in enumerate(itertools.product(("gcc", "clang"), self.FLAGS)):
                if not shutil.which(compiler):
                    print(f"NOT CHECKED: {compiler} is not installed ({flags})", file=sys.stderr)
                    continue
                out = os.path.join(folder, f"{number}.so")
                command = [compiler, "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-fno-math-errno", "-shared", "-fPIC",
                           f"-I{source}/include", *flags.split(), *files, "-lm", "-o", out]
                result = subprocess.run(command, capture_output=True, text=True, check=False)
                if result.returncode != 0:
                    print(f"NOT CHECKED: {compiler} {flags}: {result.stderr.strip()}", file=sys.stderr)
                    continue
                with self.subTest(compiler=compiler, flags=flags):
                    self.assertEqual(self.digest(core.RandomNumbers(ct.CDLL(out))), expected)
                built += 1
        self.assertGreater(built, 0)


if __name__ == "__main__":
    unittest.main()
