# SPDX-License-Identifier: BSD-3-Clause
"""Networks files written by h5py: what the program reads, and its one line for each thing that is wrong."""

import os
import subprocess
import tempfile
import unittest

import h5py
import numpy as np

PROGRAM = os.path.join(os.environ["BORDERLINE_BUILD"], "tests", "test_networks_file")


def weighted(x):
    x = np.asarray(x, np.float64).ravel()
    return float(np.sum(x * (1 + np.arange(x.size) % 7)))


class NetworksFile(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "networks.h5")
        self.rng = np.random.default_rng(3)

    def read(self):
        done = subprocess.run([PROGRAM, self.path], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout.splitlines()

    def write(self, change=None, fixed=False):
        """Two dense layers with everything that is optional; `change` spoils the file."""
        text = (lambda s: np.bytes_(s)) if fixed else (lambda s: s)
        with h5py.File(self.path, "w") as file:
            file.attrs["format"] = text("borderline-networks-1")
            net = file.create_group("net")
            net.attrs["input_shape"] = np.array([3, 2, 2], np.int32)
            net["inputs"] = self.rng.uniform(size=(5, 12))
            for i, kind in enumerate(["flatten", "dense", "leaky_relu", "dense"]):
                net.create_group(f"layer_{i:03d}").attrs["kind"] = text(kind)
            net["layer_001/weight"] = self.rng.normal(size=(8, 12)).astype(np.float32)
            net["layer_001/bias"] = self.rng.normal(size=8)
            net["layer_002"].attrs["slope"] = np.float32(0.25)
            net["layer_003/weight"] = self.rng.normal(size=(3, 8)).astype(np.float32)
            if change:
                change(file)

    def test_reads_variable_and_fixed_length_strings(self):
        for fixed in (False, True):
            self.write(fixed=fixed)
            box, line = self.read()
            self.assertEqual(box, "box -inf inf")
            parts = [p.strip().split() for p in line.split("|")]
            with h5py.File(self.path) as file:
                net = file["net"]
                self.assertEqual(parts[0][:4], ["net", "inputs", "5", "12"])
                self.assertAlmostEqual(float(parts[0][4]), weighted(net["inputs"]), places=10)
                self.assertEqual(parts[0][5:], ["shape", "3", "2", "2"])
                self.assertEqual(parts[1], ["flatten"])
                self.assertEqual(parts[2][:2], ["dense", "8"])
                self.assertAlmostEqual(float(parts[2][2]), weighted(net["layer_001/weight"]), places=10)
                bias = net["layer_001/bias"][...].astype(np.float32)
                self.assertAlmostEqual(float(parts[2][3]), weighted(bias), places=10)
                self.assertEqual(parts[3], ["leaky_relu", "0.25"])
                self.assertEqual(parts[4][:2], ["dense", "3"])

    def test_defaults(self):
        def change(file):
            file.attrs["box"] = [-1.0, 2.0]
            file["logs"] = np.zeros(3)  # other arrays at the root are no networks
            del file["net"].attrs["input_shape"]
            del file["net/layer_002"].attrs["slope"]

        self.write(change)
        box, line = self.read()
        self.assertEqual(box, "box -1 2")
        self.assertIn("shape 12 |", line)
        self.assertIn("| leaky_relu 0.01 |", line)

    def refused(self, change, *words, shapes="refused"):
        """One line that names file and place; what shapes alone tell is refused without reading numbers."""
        self.write(change)
        lines = self.read()
        if any(line.startswith("shapes") for line in lines):
            self.assertIn("shapes " + shapes, lines, words)
        last = lines[-1]
        self.assertTrue(last.startswith("error 1 " + self.path), last)
        for word in words:
            self.assertIn(word, last)

    def test_refusals(self):
        def array(name, value):
            def change(file):
                del file[name]
                file[name] = value
            return change

        def added(name, value):
            def change(file):
                file[name] = value
            return change

        def attribute(group, name, value):
            def change(file):
                file[group].attrs[name] = value
            return change

        def without(name):
            def change(file):
                del file[name]
            return change

        nan = np.zeros((8, 12))
        nan[3, 4] = np.nan
        self.refused(attribute("net/layer_002", "kind", "conv5d"), "network net", "layer_002", "conv5d")
        self.refused(attribute("net/layer_002", "kind", 7), "layer_002", "kind")
        self.refused(attribute("/", "format", "another-format-2"), "another-format-2")
        self.refused(attribute("/", "box", [1.0, 0.0]), "box")
        self.refused(attribute("/", "box", [1.0]), "box")
        self.refused(attribute("net", "input_shape", [3, 3, 2]), "input_shape", "18", "12")
        self.refused(attribute("net", "input_shape", [4, 3]), "input_shape")
        self.refused(attribute("net/layer_002", "slope", np.nan), "layer_002", "slope")
        self.refused(attribute("net", "input_shape", [6.5, 1.0, 2.0]), "input_shape", "6.5 is not a whole number")
        for name in ("dilation", "groups", "Bias", "slop", "slope"):
            self.refused(attribute("net/layer_001", name, 2), "layer_001", f'"{name}" is not known (known: kind)')
        self.refused(attribute("net/layer_002", "slop", 0.1), "layer_002", '"slop" is not known (known: kind, slope)')
        self.refused(added("net/layer_001/Bias", np.zeros(8)), "layer_001", '"Bias" is not known (known: weight, bias)')
        self.refused(added("net/layer_002/weight", np.zeros(8)), "layer_002", '"weight" is not known (known: none)')
        self.refused(array("net/layer_001/weight", np.full((8, 12), 1e39)), "layer_001", "beyond the range of float32", shapes="accepted")
        self.refused(array("net/layer_001/weight", np.full((8, 12), 1e-46)), "layer_001", "below the range of float32", shapes="accepted")
        self.refused(array("net/inputs", np.full((5, 12), 1e39)), "number 0 of input 0 is 1e+39", shapes="accepted")
        self.refused(without("net/layer_001/weight"), "layer_001", "weight is missing")
        self.refused(without("net/layer_001"), "layer_001 is missing", "without a gap")
        self.refused(without("net/inputs"), "inputs is missing")
        self.refused(without("net"), "no network")
        self.refused(array("net/layer_001/weight", np.zeros((8, 11))), "layer_001", "11", "12")
        self.refused(array("net/layer_001/weight", nan), "layer_001", "not finite", shapes="accepted")
        self.refused(array("net/layer_001/bias", np.zeros(9)), "layer_001", "bias")
        self.refused(array("net/layer_003/weight", np.zeros((1, 8))), "two classes")
        self.refused(array("net/inputs", np.zeros((5, 12), np.int32)), "float32 or float64")
        self.refused(array("net/inputs", np.zeros(12)), "inputs has 1 axes")
        self.refused(array("net/inputs", np.zeros((0, 12))), "inputs is empty")
        self.refused(array("net/inputs", np.full((5, 12), np.inf)), "not finite",
                     shapes="accepted")

    def test_files_that_are_none(self):
        for content, word in ((None, "No such file"), (b"text", "not an HDF5 file")):
            if content is not None:
                with open(self.path, "wb") as file:
                    file.write(content)
            line = self.read()[-1]
            self.assertIn("error 1 " + self.path, line)
            self.assertIn(word, line)
        self.write()
        size = os.path.getsize(self.path)
        for cut in range(0, size, max(1, size // 20)):
            with self.subTest(cut=cut):
                self.write()
                os.truncate(self.path, cut)
                self.assertIn("error 1 " + self.path, self.read()[-1])


if __name__ == "__main__":
    unittest.main()
