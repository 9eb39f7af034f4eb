# SPDX-License-Identifier: BSD-3-Clause
"""Sweeps of the families of images: the same bits on any number of ranks and after a resume; sampled networks against a
numpy forward pass; the limit's kernel against sampled networks; one line for what cannot be built."""

import h5py
import numpy as np

import borderline_program as program
from test_conv_measure import forward

SWEEP = """
name: {family}
seed: 5
network: {{family: {family}, weights: {{distribution: truncated_normal}}, biases: {{variance: {bias}}}}}
grid: {{depth: [{depth}], width: [{width}], dimension: [{dimension}], p: [1, 2, .inf, 0]}}
image: {{channels: 3}}
samples: {{networks: {networks}, inputs: 3, block: 4}}
kernel: {{inputs: 6}}
boundary: {{effort: fast}}
summary: {{bootstrap: 20}}
"""

# family, depth, width, dimension
FAMILIES = (("cnn", 2, 24, 192), ("lenet", 2, 16, 243), ("resnet", 8, 8, 147))


class Families(program.TestCase):
    def sweep(self, family, depth, width, dimension, networks=12, bias=0.0):
        return self.write(family + ".yaml", SWEEP.format(family=family, depth=depth, width=width, dimension=dimension,
                                                         networks=networks, bias=bias))

    def test_ranks_and_resume(self):
        for case in FAMILIES:
            with self.subTest(family=case[0]):
                sweep = self.sweep(*case, bias=0.1)
                first, again = self.path("first.h5"), self.path("again.h5")
                self.check_done(program.run(["run", sweep, "-o", first, "--force"]))
                self.check_done(program.run(["run", sweep, "-o", again, "--force"], ranks=3))
                self.assertEqual(program.differing(first, again), [])
                status, _, err = program.run(["run", sweep, "-o", again, "--force", "--time-limit", "0.001"])
                self.assertIn(status, (0, 75), err)
                self.check_done(program.run(["run", sweep, "-o", again, "--resume"], ranks=2))
                self.assertEqual(program.differing(first, again), [])

    def test_sampled_networks_and_kernels(self):
        for case in FAMILIES:
            with self.subTest(family=case[0]):
                sweep = self.sweep(*case, networks=120)
                networks, out = self.path("networks.h5"), self.path("out.h5")
                self.check_done(program.run(["sample", sweep, "-o", networks, "--force", "--networks", "3"]))
                self.check_done(program.run(["run", sweep, "-o", out, "--force"], ranks=2))
                with h5py.File(networks) as sampled, h5py.File(out) as result:
                    for number, name in enumerate(sorted(sampled)):
                        logits = forward(sampled[name], sampled[name]["inputs"][...].astype(float))
                        np.testing.assert_allclose(result["output"][0, 0, 0, number], logits[:, 1] - logits[:, 0],
                                                   rtol=0, atol=1e-12 * np.abs(logits).max())
                    found = result["status"][...] == 1
                    self.assertGreater(found.mean(), 0.9)
                    limit, mean = result["gram_nngp"][0, 0, 0], result["gram_output"][0, 0, 0]
                    # outputs of 120 networks, two logits each; narrow networks have heavy tails: five of the
                    # Gaussian's standard errors
                    self.assertLess(np.abs(np.diag(mean) / np.diag(limit) - 1).max(), 5 * np.sqrt(2 / 240))
                    features = result["gram_empirical"][0, 0, 0]
                    self.assertLess(np.abs(np.diag(features) / np.diag(limit) - 1).max(), 0.4)

    def test_refusals(self):
        sweep = self.sweep(*FAMILIES[2])
        for change, words in (("grid.depth=[8,9]", "depth 9 is not 6k + 2"),
                              ("grid.dimension=148", "3 x side^2, such as 147"),
                              ("image.channels=0", "image.channels"),
                              ("network.family=vgg", "one of: dense, cnn, lenet, resnet")):
            for command in (["plan", sweep], ["run", sweep, "-o", self.path("refused.h5")]):
                status, _, err = program.run(command + ["--set", change])
                self.assertEqual(status, 1, err)
                self.assertEqual(len(program.complaint(err)), 1, err)
                self.assertIn(words, err)
        status, _, err = program.run(["plan", sweep, "--set", "network.family=lenet", "--set", "grid.depth=4"])
        self.assertEqual(status, 1)
        self.assertIn("too small for a window of 2 x 2", err)


if __name__ == "__main__":
    program.main()
