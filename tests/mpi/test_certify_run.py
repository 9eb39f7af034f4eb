# SPDX-License-Identifier: BSD-3-Clause
"""Certificates in sweeps and measurements: the same bits on any number of ranks and after an interruption, at most the distance,
none where none were asked for, and a radius around every input in which no sampled point changes the class."""
import h5py
import numpy as np

import borderline_program as program
from test_measure import forward

SWEEP = """
name: certified
seed: 3
network: {{biases: {{variance: 0.1}}, classes: {classes}, activation: {activation}, negative_slope: 0.2}}
grid: {{depth: [1, 2], width: {width}, dimension: [12], p: [1, 2, .inf]}}
samples: {{networks: 4, inputs: 3, block: 1}}
inputs: {{box: {box}}}
boundary: {{certify: {level}}}
kernel: {{inputs: 0}}
summary: {{bootstrap: 10}}
"""
FIELDS = ("distance_certified", "certify_status", "certify_nodes")


class Certify(program.TestCase):
    def sweep(self, level="standard", classes=2, activation="relu", box="[0, 1]", width="[20]"):
        return self.write("sweep.yaml", SWEEP.format(level=level, classes=classes, activation=activation, box=box, width=width))

    def test_ranks_and_resume_change_nothing(self):
        sweep, one, two, parts = self.sweep("thorough", width="[6, inf]"), self.path("one.h5"), self.path("two.h5"), self.path("parts.h5")
        self.check_done(program.run(["run", sweep, "-o", one]))
        self.check_done(program.run(["run", sweep, "-o", two], ranks=3))
        self.assertEqual(program.differing(one, two), [])
        with h5py.File(one) as file: # of infinite width nothing is proven
            for name in FIELDS:
                self.assertTrue(np.all(file[name][:, 1] == 0))
                self.assertTrue(np.any(file[name][:, 0] > 0) or name == "certify_nodes")
        status, _, _ = program.run(["run", sweep, "-o", parts, "--time-limit", "1"])
        self.assertIn(status, (0, 75))
        self.check_done(program.run(["run", sweep, "-o", parts, "--resume"], ranks=2))
        self.assertEqual(program.differing(one, parts), [])
        status, _, err = program.run(["run", sweep, "-o", one, "--resume", "--set", "boundary.certify=fast"])
        self.assertEqual(status, 1)
        self.assertIn("boundary.certify", err)

    def test_certificates_hold(self):
        rng = np.random.default_rng(1)
        for classes, activation, box in ((2, "relu", "[0, 1]"), (4, "relu", "none"), (3, "tanh", "[0, 1]"), (2, "leaky_relu", "none")):
            with self.subTest(classes=classes, activation=activation, box=box):
                sweep = self.sweep("standard", classes, activation, box)
                networks, measured, swept = self.path("n.h5"), self.path("m.h5"), self.path("s.h5")
                self.check_done(program.run(["run", sweep, "-o", swept, "--force"]))
                self.check_done(program.run(["sample", sweep, "-o", networks, "--force"]))
                given = ["--box", "0,1"] if box != "none" else ["--no-box"]
                self.check_done(program.run(["measure", networks, "-o", measured, "--force", "--certify", "standard", *given], ranks=2))
                with h5py.File(networks) as source, h5py.File(measured) as file, h5py.File(swept) as sweep_file:
                    proven, distance = sweep_file["distance_certified"][()], sweep_file["distance"][()]
                    self.assertTrue(np.all(proven <= np.where(np.isnan(distance), np.inf, distance)))
                    self.assertTrue(np.all(proven > 0))
                    seen = 0
                    for name in source:
                        group = file[name]
                        depth, network = int(name.split("_")[1]), int(name.split("_")[-1])
                        np.testing.assert_array_equal(group["distance_certified"][()], proven[depth - 1, 0, 0, network])
                        for i, x0 in enumerate(source[name]["inputs"][()].astype(float)):
                            own = forward(source[name], x0).argmax()
                            for k, p in enumerate((1, 2, np.inf)):
                                h = rng.standard_normal((300, x0.size))
                                h *= group["distance_certified"][i, k] * 0.999999 / np.linalg.norm(h, p, axis=1, keepdims=True)
                                x = np.clip(x0 + h, 0, 1) if box != "none" else x0 + h
                                self.assertTrue(np.all(forward(source[name], x).argmax(-1) == own))
                                seen += 1
                    self.assertGreater(seen, 50)

    def test_none_is_none(self):
        sweep, out = self.sweep("none"), self.path("none.h5")
        self.check_done(program.run(["run", sweep, "-o", out]))
        with h5py.File(out) as file:
            for name in FIELDS:
                self.assertNotIn(name, file)
        status, _, err = program.run(["measure", out, "-o", self.path("m.h5"), "--certify", "fats"])
        self.assertEqual(status, 1)
        self.assertIn("--certify: unknown value 'fats'", err)


if __name__ == "__main__":
    program.main()
