# SPDX-License-Identifier: BSD-3-Clause
"""The bars of the reference: `borderline measure` against the best of all published attacks, polished, for l1, l2 and
linf, with box and without, over all groups."""
import math
import os
import unittest

import h5py
import numpy as np

import bars
from boundary_core import search
from region import Margin, distances, greedy_count

FULL = bool(os.environ.get("BORDERLINE_FULL"))
NORMS = [1.5, 3, 10]


class Reference(unittest.TestCase):
    tables = {}

    def table(self, effort):
        if effort not in self.tables:
            self.tables[effort] = bars.ratios(bars.reference_file(), "abcdef", effort)
            print("\n" + bars.report(self.tables[effort], effort), flush=True)
        return self.tables[effort]

    def check(self, effort, column):
        ratio, passes = bars.together(self.table(effort))
        value = bars.numbers(ratio, passes)[bars.COLUMNS.index(column)]
        self.assertLessEqual(value, bars.BARS[effort][bars.COLUMNS.index(column)] * (1 + bars.ROUNDING))

    def test_no_input_without_a_distance(self):
        for effort in bars.BARS:
            for key, (ratio, _) in self.table(effort).items():
                self.assertTrue(np.all(np.isfinite(ratio)), f"{effort} {key}")

    def test_a_cheaper_effort_is_never_nearer(self):
        for cheaper, effort in (("fast", "standard"), ("standard", "thorough")):
            for key, (ratio, _) in self.table(effort).items():
                self.assertTrue(np.all(ratio <= self.table(cheaper)[key][0]), f"{effort} {key}")

    def test_other_norms(self):
        """p = 1.5, 3, 10 against scipy inside the activation region."""
        ratio = {effort: [] for effort in bars.BARS}
        with h5py.File(bars.reference_file()) as file:
            for name in ("a0", "a1", "a2", "d0", "d1") if FULL else ("a0", "d0"):
                network, x0 = bars.dense_network(file[name]), file[name]["inputs"][()].astype(float)[:10 if FULL else 2]
                best = distances(network, x0, NORMS, (0.0, 1.0), starts=3, flips=30 if FULL else 25)
                self.assertTrue(np.all(np.isfinite(best)))
                for effort in ratio:
                    result = search(network, x0, [1, *NORMS, math.inf], (0.0, 1.0), effort)
                    self.assertTrue(np.all(np.diff(result["distance"], axis=1) <= 0), "distances fall as p grows")
                    ratio[effort].append(result["distance"][:, 1:-1] / best)
        for effort, values in ratio.items():
            values = np.concatenate(values).ravel()
            found = np.quantile(values, 0.5), np.quantile(values, 0.95), values.max()
            print(f"p = 1.5, 3, 10 over scipy, {effort}: median, 95 %, worst:", *(f"{v:.5f}" for v in found), flush=True)
            for value, bar, column in zip(found, bars.BARS[effort][1:], bars.COLUMNS[1:]):
                self.assertLessEqual(value, bar * (1 + bars.ROUNDING), f"{effort} {column}")

    def test_count(self):
        """p = 0: at most what greedy search and pruning find, and fewer in the mean."""
        ours, greedy = [], []
        with h5py.File(bars.reference_file()) as file:
            for name in [name for name in file if name[0] in ("abcd" if FULL else "abd")]:
                network, x0 = bars.dense_network(file[name]), file[name]["inputs"][()].astype(float)
                result = search(network, x0, [0], (0.0, 1.0))
                ours += list(np.where(result["status"][:, 0] == 1, result["distance"][:, 0], np.inf))
                greedy += [greedy_count(Margin(network, x), -x, 1 - x) for x in x0]
        print(f"p = 0: {np.mean(ours):.3f} coordinates in the mean, greedy {np.mean(greedy):.3f}", flush=True)
        self.assertTrue(np.all(np.array(ours) <= np.array(greedy)))
        self.assertLess(np.mean(ours), np.mean(greedy))


# Bars that the search does not reach yet, unchanged: each is expected to fail, and turns red once it is reached.
NOT_REACHED = {("fast", "passes"), ("fast", "95 %"), ("standard", "worst"), ("thorough", "worst")}


def add_bar(effort, column):
    def test(self):
        self.check(effort, column)
    if (effort, column) in NOT_REACHED:
        test = unittest.expectedFailure(test)
    setattr(Reference, f"test_{effort}_{column.replace(' %', '_percent')}", test)


for chosen in bars.BARS:
    for named in bars.COLUMNS:
        add_bar(chosen, named)

if __name__ == "__main__":
    if bars.reference_file() is None:
        print("the shared reference is missing (BORDERLINE_REFERENCE may name networks.h5): skipped")
        raise SystemExit(77)
    unittest.main(verbosity=2)
