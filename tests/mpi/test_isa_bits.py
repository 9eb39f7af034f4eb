# SPDX-License-Identifier: BSD-3-Clause
"""A sweep's file has the same bits on every instruction set that this machine has."""
import re
import sys

import borderline_program as program

ISAS = ("x86-64-v2", "x86-64-v3", "x86-64-v4")
# between them all loops that are compiled for each: draws, passes of both kinds, steps of every p, kernels, exact draws
SWEEPS = {
    "dense": """
network: {family: dense, weights: {distribution: truncated_normal, variance: 2.0}}
grid: {depth: [2], width: [25], dimension: [100, 192], p: [0, 1, 1.5, 2, inf]}
samples: {networks: 6, inputs: 2}
kernel: {inputs: 12}
""",
    "gelu": """
network: {family: dense, activation: gelu, biases: {variance: 0.1}, classes: 3}
grid: {depth: [1, 2], width: [60], dimension: [77], p: [1, 2]}
samples: {networks: 4, inputs: 2}
inputs: {distribution: normal, box: none}
kernel: {inputs: 12}
""",
    "tanh": """
network: {family: dense, activation: tanh}
grid: {depth: [2], width: [50], dimension: [64], p: [2, inf]}
samples: {networks: 4, inputs: 2}
kernel: {inputs: 0}
""",
    "images": """
network: {family: resnet, weights: {distribution: truncated_normal, variance: 2.0}}
grid: {depth: [8], width: [8], dimension: [192], p: [0, 1, 2]}
image: {channels: 3}
samples: {networks: 2, inputs: 2}
kernel: {inputs: 0}
""",
    "process": """
network: {family: dense}
grid: {depth: [1], width: [inf], dimension: [96], p: [1, 2]}
samples: {networks: 3, inputs: 2}
kernel: {inputs: 8}
""",
}


class Bits(program.TestCase):
    def version(self, isa):
        return self.check_done(program.run(["--version"], environment={"BORDERLINE_MAX_ISA": isa}))

    def here(self):
        """The instruction sets that the program has and this machine can run."""
        words = re.search(r"^instruction sets +(.*); here (\S+)$", self.version(""), re.M)
        built = words.group(1).split(", ")
        return built[:built.index(words.group(2)) + 1]

    def test_version(self):
        text = self.version("")
        for fact in ("compiler", "flags", "MPI", "HDF5", "BLAS", "ScaLAPACK", "oneDNN", "instruction sets"):
            self.assertRegex(text, rf"(?m)^{fact} +\S")
        self.assertRegex(text, r"(?m)^HDF5 +\d+\.\d+\.\d+$")
        for isa in self.here():
            self.assertIn(f"; here {isa}\n", self.version(isa) if isa in ISAS else text)

    def test_unknown_isa(self):
        status, _, err = program.run(["--version"], environment={"BORDERLINE_MAX_ISA": "avx9"})
        self.assertEqual(status, 1)
        self.assertIn("BORDERLINE_MAX_ISA=avx9 is no instruction set", err)

    def test_sweeps(self):
        isas = self.here()
        if len(isas) == 1:
            self.skipTest(f"one instruction set here: {isas[0]}")
        print(f"compared: {', '.join(isas)}", file=sys.stderr)
        for name, text in SWEEPS.items():
            sweep = self.write(f"{name}.yaml", f"name: {name}\nseed: 3\n{text}")
            files = []
            for isa in isas:
                files.append(self.path(f"{name}-{isa}.h5"))
                self.check_done(program.run(["run", sweep, "-o", files[-1], "--set", "summary.bootstrap=20"],
                                            environment={"BORDERLINE_MAX_ISA": isa}))
            for isa, file in zip(isas[1:], files[1:]):
                with self.subTest(sweep=name, isa=isa):
                    self.assertEqual(program.differing(files[0], file), [])


if __name__ == "__main__":
    program.main()
