"""plan --times: times of units from a result file, against an independent simulation of ranks that take the most expensive unit left."""
import csv
import heapq
import os
import re
import subprocess
import sys

import h5py
import numpy as np

import borderline_program as program

SWEEP = """
name: planned
grid: {depth: [1], width: [16], dimension: [12, 192], p: [1, 2]}
samples: {networks: 40, inputs: 3, block: 2}
kernel: {inputs: 0}
summary: {bootstrap: 10}
"""
SECONDS = (3.0, 7.0)  # a unit of either case


def makespan(times, ranks):
    """The most expensive unit first, each to the rank that is free first."""
    free = [0.0] * ranks
    for time in sorted(times, reverse=True):
        heapq.heapreplace(free, free[0] + time)
    return max(free)


class Plan(program.TestCase):
    def setUp(self):
        super().setUp()
        self.sweep, self.result = self.write("sweep.yaml", SWEEP), self.path("out.h5")
        self.check_done(program.run(["run", self.sweep, "-o", self.result, "--set", "samples.networks=20"]))

    def set_seconds(self, ratios):
        """Units of the file take SECONDS times these ratios in turn (their mean is 1)."""
        with h5py.File(self.result, "r+") as file:
            case = file["unit/case"][()]
            seconds = np.empty(len(case))
            for c in (0, 1):
                at = np.flatnonzero(case == c)
                seconds[at] = SECONDS[c] * np.resize(ratios, len(at))
            file["unit/seconds"][...] = seconds

    def plan(self, *options):
        return self.check_done(program.run(["plan", self.sweep, "--times", self.result, *options]))

    def test_times(self):
        self.set_seconds([1.0])
        out = self.plan("--ranks", "6")
        cases = [line.split() for line in out.splitlines() if re.match(r" +1 +16 ", line)]
        self.assertEqual([(int(row[3]), float(row[-1])) for row in cases], [(20, SECONDS[0]), (20, SECONDS[1])])
        self.assertIn("work: 3 min 20 s on one core", out)
        self.assertIn("longest unit: 7 s; more than 29 ranks do not shorten the run", out)
        self.assertIn("units scatter by 0 % around the estimate, as measured", out)
        times = [t for t in SECONDS for _ in range(20)]
        rows = {int(row[0]): row for row in (line.split() for line in out.splitlines()) if row and row[-1] == "%"}
        self.assertEqual(sorted(rows), [6, 64, 1024, 16384, 65536])
        for ranks in (6, 64):
            expected = makespan(times, ranks)
            self.assertAlmostEqual(float(rows[ranks][1]), expected, delta=1e-3 * expected)
            self.assertAlmostEqual(float(rows[ranks][2]), 100 * sum(times) / (ranks * expected), delta=0.06)

    def test_between(self):
        """A case that was not measured: seconds a multiply-add are a power of the cost between its neighbours, and theirs beyond."""
        self.set_seconds([1.0])
        out = self.plan("--set", "grid.dimension=[6, 12, 48, 192, 768]")
        rows = {int(row[2]): row for row in (line.split() for line in out.splitlines() if re.match(r" +1 +16 ", line))}
        cost = {n: float(row[6]) for n, row in rows.items()}
        rate = {n: float(row[7]) / cost[n] for n, row in rows.items()}
        part = np.log(cost[48] / cost[12]) / np.log(cost[192] / cost[12])
        self.assertAlmostEqual(rate[48] / (rate[12] * (rate[192] / rate[12])**part), 1, delta=0.03)
        self.assertAlmostEqual(rate[6] / rate[12], 1, delta=0.02)
        self.assertAlmostEqual(rate[768] / rate[192], 1, delta=0.02)

    def test_scatter(self):
        """Ratios are those of the file, widened for the mean that was taken of few units; the mean time stays."""
        self.set_seconds([0.5, 1.5])
        out = self.plan()
        found = float(re.search(r"units scatter by (\d+) %", out).group(1))
        self.assertEqual(found, round(100 * 0.5 * np.sqrt(10 / 9)))
        one = next(line.split() for line in out.splitlines() if line.split()[:1] == ["1"] and line.endswith("%"))
        self.assertAlmostEqual(float(one[1]) / (20 * sum(SECONDS)), 1, delta=4 * 0.53 / np.sqrt(40))
        self.assertNotAlmostEqual(float(one[1]), 20 * sum(SECONDS), delta=0.01)

    def test_figure(self):
        folder = self.path("figures")
        script = os.path.join(os.environ["BORDERLINE_SOURCE"], "analysis", "figure_schedule.py")
        done = subprocess.run([sys.executable, script, program.PROGRAM, self.sweep, self.result, "-o", folder, "--ranks", "4", "64"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(folder, "schedule.csv"), encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([(row["sweep"], row["ranks"]) for row in rows], [("planned", "4"), ("planned", "64")])
        for row in rows:
            self.assertAlmostEqual(float(row["units_s"]) + float(row["kernels_s"]) + float(row["summary_s"]), float(row["seconds"]),
                                   delta=0.01 * float(row["seconds"]))
        self.assertGreater(os.path.getsize(os.path.join(folder, "schedule.png")), 5000)

    def test_refusals(self):
        for path, message in (("none.h5", "none.h5"), ("empty.h5", "no unit is done in it yet")):
            with self.subTest(path=path):
                if path == "empty.h5":
                    with h5py.File(self.result, "r+") as file:
                        file["unit/status"][...] = 0
                        file["complete"][...] = 0
                    path = self.result
                status, _, err = program.run(["plan", self.sweep, "--times", self.path(path)])
                self.assertEqual(status, 1, err)
                self.assertRegex("".join(program.complaint(err)), message)


if __name__ == "__main__":
    program.main()
