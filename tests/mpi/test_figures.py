# SPDX-License-Identifier: BSD-3-Clause
"""The loader of analysis/ and its figures, on a file half full and on one with a summary."""

import os
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

SOURCE = os.environ["BORDERLINE_SOURCE"]
PROGRAM = os.path.join(os.environ["BORDERLINE_BUILD"], "tests", "test_results")
FIGURES = os.path.join(SOURCE, "analysis", "figures")
sys.path.insert(0, os.path.join(SOURCE, "analysis"))
from borderline import Array, FileError, Measurement, Sweep  # noqa: E402


class Analysis(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "sweep.h5")
        self.measured = os.path.join(self.folder.name, "measured.h5")
        subprocess.run([PROGRAM, self.path, self.measured, "grid.depth=[2]", "grid.width=[20, 50]", "grid.p=[1, inf]"],
                       check=True, stdout=subprocess.DEVNULL, timeout=60)

    def fill(self):
        """Numbers that make every figure possible: distance x, norm 10, a summary."""
        rng = np.random.default_rng(2)
        with h5py.File(self.path, "r+") as file:
            for name in ("distance", "first_order"):
                file[name][...] = rng.uniform(0.1, 2.0, file[name].shape)
            file["input_norm"][...] = 10.0
            values = np.moveaxis(file["distance"][...], 5, 3).reshape(1, 2, 2, 2, -1)
            quantile = np.moveaxis(np.quantile(values, file["quantile"][...], axis=-1), 0, -1)
            for name, scale in (("distance", 1.0), ("relative", 0.1)):
                file["summary/" + name][...] = scale * quantile
                file[f"summary/{name}_low"][...] = 0.9 * scale * quantile
                file[f"summary/{name}_high"][...] = 1.2 * scale * quantile
            file["summary/law"][...] = 1.0
            for end, scale in (("", 1.0), ("_low", 0.9), ("_high", 1.2)):
                file["summary/linearity_quantile" + end][...] = scale
            for name in ("guaranteed", "over_law", "slope_at_zero", "exponent", "prefactor", "kernel_deviation",
                         "kernel_deviation_output"):
                file["summary/" + name][...] = 0.5
            for name in ("gradient_log_mean", "gradient_log_variance", "first_step_crosses"):
                for end in ("", "_error") + (("_limit",) if name.startswith("gradient") else ()):
                    file[f"summary/{name}{end}"][...] = 0.5
            file["gram_nngp"][...] = file["gram_empirical"][...] = 1.0
            file["unit/status"][...] = 1
            file["complete"][...] = 1

    def test_loader(self):
        sweep = Sweep(self.path)
        self.assertEqual(sweep["distance"].axes, ("depth", "width", "dimension", "network", "input", "p"))
        self.assertEqual((sweep.networks, sweep.inputs, sweep.title), (7, 3, "test of the result file"))
        self.assertEqual(sweep.units_done, sweep.units - 1)
        self.assertFalse(sweep.complete)
        self.assertEqual(sweep.config["network.activation"], "erf")
        self.assertEqual(sweep.config["samples.block"], "2")
        self.assertEqual([launch["command"] for launch in sweep.launches()], ["borderline run example.yaml"])
        one = sweep.at("distance", depth=2, width=50, dimension=12, p=np.inf)
        self.assertEqual(one.axes, ("network", "input"))
        with h5py.File(self.path) as file:
            np.testing.assert_array_equal(one.values, file["distance"][0, 1, 0, :, :, 1])
            # no summary yet: quantiles come from the distances there are
            distance, status = file["distance"][0, 1, 1, :, :, 0], file["status"][0, 1, 1, :, :, 0]
            expected = np.quantile(np.where(status == 1, distance, np.inf)[status > 0], 0.25)
        self.assertEqual(sweep.quantile("distance", 0.25).values[0, 1, 1, 0], expected)
        with self.assertRaisesRegex(KeyError, "width has no coordinate 51"):
            sweep.at("distance", width=51)
        self.assertNotIn("summary/nothing", sweep)

    def test_not_found_is_infinitely_far(self):
        """Three of four distances of a case are not found: its median is infinite, with and without the summary; figures say so."""
        self.fill()
        with h5py.File(self.path, "r+") as file:
            file["status"][...] = 1
            file["status"][0, 0, 0, ..., 1] = np.where(np.arange(21).reshape(7, 3) % 4 == 0, 1, 2)
            file["status"][0, 1, 1, 0, 0, 0] = 0
            distance, status = file["distance"][()], file["status"][()]
            distance[status != 1] = np.nan
            file["distance"][...] = distance
            for name in ("distance", "relative"):
                for end in ("", "_low", "_high"):
                    file[f"summary/{name}{end}"][...] = np.nan
        sweep = Sweep(self.path)
        lengths = sweep.lengths().values
        self.assertTrue(np.isinf(lengths[status == 2]).all() and np.isnan(lengths[status == 0]).all())
        np.testing.assert_array_equal(lengths[status == 1], distance[status == 1])
        median = sweep.quantile("distance", 0.5).values
        self.assertEqual(np.argwhere(np.isinf(median)).tolist(), [[0, 0, 0, 1]])
        np.testing.assert_allclose(median[0, 1, 1, 0], np.nanmedian(distance[0, 1, 1, ..., 0]), rtol=1e-14)
        found, first = distance[0, 0, 0, ..., 1], sweep["first_order"].values[0, 0, 0, ..., 1]
        first = np.fmax(first, sweep["searched_radius"].values[0, 0, 0, ..., 1])
        looked = np.where(status[0, 0, 0, ..., 1] == 1, found, first).max()
        self.assertEqual(sweep.looked().values[0, 0, 0, 1], looked)
        self.assertEqual(sweep.looked("relative").values[0, 0, 0, 1], looked / 10)
        sweep._file.close()
        with h5py.File(self.path, "r+") as file:
            for name, values in (("distance", lengths), ("relative", lengths / 10)):
                values = np.moveaxis(values, 5, 3).reshape(1, 2, 2, 2, -1)
                for k, level in enumerate(file["quantile"][()]):
                    for end in ("", "_low", "_high"):
                        file[f"summary/{name}{end}"][..., k] = np.nanquantile(np.where(np.isinf(values), 1e99, values), level, axis=-1)
                    of_level = file[f"summary/{name}"][..., k]
                    file[f"summary/{name}"][..., k] = np.where(of_level > 1e50, np.inf, of_level)
            file["summary/over_law"][0, 0, 0, 1] = np.inf
            file["summary/linearity_quantile"][0, 0, 0, 1, 4:] = np.inf
        done = self.draw(self.path, "-o", os.path.join(self.folder.name, "lost"))
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn("median_distance_depth2_width20.png", done.stdout)

    def test_statistics(self):
        """Quantiles of infinite and missing numbers; intervals are those of the C library."""
        import stats_core
        from borderline import statistics

        r = np.random.default_rng(3)
        x = np.exp(r.normal(size=(80, 1)) + 0.3 * r.normal(size=(80, 4)))
        x[r.random(x.shape) < 0.1] = np.nan
        for y in (x, np.where(x > 1.2, np.inf, x), np.ceil(3 * x)):
            for level in (0.05, 0.5, 0.95):
                value, low, high = stats_core.cluster_quantiles(y, level)[:, 0]
                self.assertEqual(statistics.quantile(y.ravel(), level), value)
                np.testing.assert_allclose(statistics.interval(y, level), (low, high), rtol=1e-8)
        columns = np.stack([x[:, 0], x[:, 0], np.full(80, np.nan)], 1)
        columns[:, 1] = np.where(columns[:, 1] > 0.2, np.inf, columns[:, 1])
        found = statistics.quantile(columns, 0.5)
        self.assertEqual((found[0], found[1], np.isnan(found[2])), (np.nanmedian(x[:, 0]), np.inf, True))
        self.assertTrue(np.isnan(statistics.interval(x[:4], 0.5)).all() and np.isnan(statistics.interval(x[:1], 0.5)).all())
        self.assertEqual(statistics.median_with_interval(np.where(x > 0.1, np.inf, x))[0], np.inf)
        ratio, low, high = statistics.ratio_with_interval(2 * x, x, True)
        np.testing.assert_allclose((ratio, low, high), 2, rtol=1e-12)

    def test_loader_of_measurements(self):
        measured = Measurement(self.measured)
        self.assertEqual(measured.networks, ["first", "second"])
        np.testing.assert_array_equal(measured.p, [1, 2, np.inf])
        network = measured["second"]
        self.assertEqual(network["points"].axes, ("input", "p", "coordinate"))
        np.testing.assert_array_equal(network["distance"].values.ravel(), 100.5 + np.arange(15))
        with self.assertRaisesRegex(FileError, "a sweep"):
            Measurement(self.path)

    def test_loader_refuses(self):
        text = os.path.join(self.folder.name, "text.h5")
        with open(text, "w") as file:
            file.write("text")
        for path, words in ((self.measured, "measure"), (text, "not an HDF5 file"), ("missing.h5", "No such file")):
            with self.assertRaisesRegex(FileError, words):
                Sweep(path)

    def draw(self, *arguments):
        done = subprocess.run([FIGURES, *arguments], capture_output=True, text=True, timeout=300)
        if done.returncode == 2 and "lacks" in done.stderr:
            self.skipTest(done.stderr.strip())
        return done

    def test_all_figures(self):
        self.fill()
        folder = os.path.join(self.folder.name, "figures")
        done = self.draw(self.path, "-o", folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        made = sorted(os.listdir(folder))
        cases = [f"_depth2_width{w}" for w in (20, 50)]
        names = ["median_distance" + c for c in cases] + ["percentiles" + c for c in cases] + ["kernel", "over_law", "finite_width",
                                                                                        "relative_distance"]
        self.assertEqual(made, sorted(f"{n}.{kind}" for n in names for kind in ("png", "pdf")))
        for name in made:
            with open(os.path.join(folder, name), "rb") as file:
                self.assertIn(file.read(4), (b"\x89PNG", b"%PDF"))
        self.assertEqual(done.stdout.splitlines(), [os.path.join(folder, n) for n in
                                                    sorted(made, key=lambda n: done.stdout.index(n))])

    def test_file_of_an_earlier_version(self):
        """Whatever variable a file lacks, figures that need it are skipped with a line each, the others drawn; a file without any says
        so, exit 1."""
        self.fill()
        with h5py.File(self.path, "r+") as file:
            for name in [n for n in file["summary"] if n.startswith(("linearity", "gradient", "output", "first_step", "kernel_"))]:
                del file["summary"][name]
        done = self.draw(self.path, "-o", self.path + "-1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        said = [line for line in done.stdout.splitlines() if "the file has no variable" in line]
        self.assertEqual(len(said), 2, done.stdout)
        self.assertIn(f"{self.path}: figure_finite_width: the file has no variable summary/linearity_quantile: an earlier version", said[0])
        self.assertIn("figure_kernel: the file has no variable summary/kernel_deviation", said[1])
        self.assertEqual({name.split("_depth")[0].removesuffix(".png") for name in os.listdir(self.path + "-1") if name.endswith("png")},
                         {"median_distance", "percentiles", "over_law", "relative_distance"})
        with h5py.File(self.path, "r+") as file:
            del file["summary"], file["distance"]
        done = self.draw(self.path, "-o", self.path + "-2")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertEqual(len([line for line in done.stdout.splitlines() if "the file has no variable" in line]), len(done.stdout.splitlines()))
        self.assertFalse(os.path.exists(self.path + "-2"))

    def test_unfinished_file(self):
        done = self.draw(self.path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("15 of 16 units are done; figures are preliminary", done.stdout)
        self.assertIn("no predictions yet", done.stdout)
        self.assertTrue(os.path.exists(os.path.join(self.folder.name, "sweep-figures", "median_distance_depth2_width20.png")))

    def test_report_refuses(self):
        self.fill()
        report = os.path.join(SOURCE, "analysis", "report")
        done = subprocess.run([report, self.path, "-o", self.folder.name], capture_output=True, text=True, timeout=300)
        if done.returncode == 2 and "lacks" in done.stderr:
            self.skipTest(done.stderr.strip())
        self.assertEqual((done.returncode, done.stderr), (1, f"report: {self.path}: a report takes sweeps of one depth, one width and "
                                                          "at least 3 dimensions\n"))

    def test_laws_of_report(self):
        """Each law is recovered from medians that follow it, and then is the best."""
        try:
            import report
        except ImportError as error:
            self.skipTest(str(error))
        n, error = np.geomspace(400, 12000, 9), np.full(9, 0.01)
        cases = ((0, 0.7 * n**0.3, "a = 0.300"), (1, 0.4 * np.sqrt(n - 150.0), "n0 = 150"), (2, 0.25 * np.sqrt(n), "C = 0.250"),
                 (3, 0.8 * np.sqrt(n / (2 * np.log(n))), "C = 0.800"), (4, n**0.6 / np.sqrt(2 * np.log(n)), "a = 0.600"))
        for place, median, found in cases:
            rows = report.l1_fits(n, median, error)
            self.assertTrue(rows[place][2].startswith(found), rows[place][2])
            self.assertLess(rows[place][3], 1e-3)
            np.testing.assert_allclose(rows[place][4](n), median, rtol=1e-3)
        self.assertGreater(report.l1_fits(n, cases[3][1], error)[2][3], 100)  # a plain root does not fit the law's logarithm

    def test_convergence_to_the_limit(self):
        """Distances that are (1 + 4/N) times the limit's: the fit of each statistic finds 4/N; the figure is drawn."""
        try:
            import figure_limit
        except ImportError as error:
            self.skipTest(str(error))
        r = np.random.default_rng(6)
        width, axes = np.array([20, 40, 80, 160, np.inf]), ("depth", "width", "dimension", "network", "input", "p")
        scale = (1 + 4 / width)[:, None, None, None, None]
        distance = scale * np.exp(0.2 * r.normal(size=(1, 5, 1, 6000, 1, 1)))
        distance[0, 0, 0, 5] = np.inf  # one not found

        class Given(dict):
            def lengths(self):
                return self["distance"]

            depth, dimension, p, networks, inputs, title, complete = [2], [48], np.array([2.0]), 6000, 1, "given", True
        sweep = Given(distance=Array(distance, axes, "1", ""), output=Array(r.uniform(1, 1.2, size=distance.shape[:5]), axes[:5], "1", ""))
        sweep.width = width
        value, error = figure_limit.deviations(sweep, 0, 0, 0)
        for k in range(3):
            found, c_error, chi2, a, a_error = figure_limit.fit(width[:4], value[k], error[k])
            self.assertLess(abs(found[0] - 4), 4 * c_error, figure_limit.QUANTITIES[k])
            self.assertLess(c_error, 1)
            self.assertLess(chi2, 8)
            self.assertLess(abs(a - 0.95), 4 * a_error)
        figure_limit.draw(sweep, self.folder.name)
        self.assertTrue(os.path.exists(os.path.join(self.folder.name, "limit.png")))

    def test_factors_of_report(self):
        """Normal outputs of the kernel's variance, steps of the law's length for them, distances 10 % beyond: the factors by name."""
        try:
            import report
        except ImportError as error:
            self.skipTest(str(error))
        rng, law = np.random.default_rng(0), np.array([3.0, 0.5])
        output = rng.standard_normal((20000, 1)) * 2
        first = np.abs(output)[..., None] / (2 * 0.6744898) * law
        values = {"output": output, "summary/output_variance": np.array(np.var(output, ddof=1) / 4), "first_order": first,
                  "distance": 1.1 * first, "summary/law": law[:, None]}

        class Stub:
            p, level = np.array([1.0, 2.0]), np.array([0.5])

            def __getitem__(self, name):
                lead = 2 if name == "summary/law" else 3
                return Array(values[name][(None,) * lead], ())

            def lengths(self):
                return self["distance"]

        ((size, size_error),), steps = report.parts_of_case(Stub(), 0)
        self.assertLess(abs(size), 4 * 0.0083)  # 1.166/sqrt(20000)
        self.assertLess(abs(size_error / 0.0083 - 1), 0.25)
        for (step, _), (beyond, beyond_error) in steps:
            self.assertLess(abs(step), 1e-6)
            self.assertLess(abs(beyond - np.log(1.1)) + beyond_error, 1e-9)

    def test_published_medians(self):
        try:
            import published
        except ImportError as error:
            self.skipTest(str(error))
        table = published.table()
        self.assertEqual({p: len(rows[0]) for p, rows in table.items()}, {0.0: 7, 1.0: 13, 2.0: 13, np.inf: 13})
        self.assertTrue(np.all((table[2.0][1] > 0.49) & (table[2.0][1] < 0.63)))
        self.assertAlmostEqual(np.polyfit(np.log(table[1.0][0]), np.log(table[1.0][1]), 1)[0], 0.424, places=3)
        sweep = Sweep(self.path)  # a dense one: nothing published
        self.assertEqual(published.medians(sweep, 0, 0), {})

    def test_wrong_file(self):
        done = self.draw("missing.h5")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "figures: missing.h5: No such file or directory\n")


if __name__ == "__main__":
    unittest.main()
