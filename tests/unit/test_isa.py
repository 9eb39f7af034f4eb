# SPDX-License-Identifier: BSD-3-Clause
"""Processors with fewer instructions: the tests of hot loops on each instruction set that this machine has, and on those of
oneDNN, which then takes other kernels and other packed forms."""
import os
import subprocess
import sys
import unittest

BUILD = os.environ["BORDERLINE_BUILD"]
HERE = os.path.dirname(os.path.abspath(__file__))
ISAS = ("x86-64-v2", "x86-64-v3", "x86-64-v4")
PROGRAMS = ("test_rng", "test_activations", "test_pass_float64", "test_pass", "test_conv")
SCRIPTS = ("test_linear_step.py", "test_search.py")
# the widest ISA that the core library takes under this environment
USED = """
import borderline_core as core, ctypes
core.lib.bl_isa_name.restype = ctypes.c_char_p
print(core.lib.bl_isa_name(core.lib.bl_isa_used()).decode())
"""


def run(*words, **environment):
    return subprocess.run(words, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


def used(isa):
    done = run(sys.executable, "-c", USED, BORDERLINE_MAX_ISA=isa)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Processors(unittest.TestCase):
    def test_pass_with_narrower_onednn(self):
        for instructions in ("SSE41", "AVX", "AVX2"):
            with self.subTest(instructions=instructions):
                done = run(os.path.join(BUILD, "tests", "test_pass"), DNNL_MAX_CPU_ISA=instructions)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(" 0 failed", done.stdout)

    def test_each_isa(self):
        if used("x86-64-v2") != "x86-64-v2":
            self.skipTest("this build has no loops for further instruction sets: BORDERLINE_NATIVE, or no x86-64")
        widest = used("")
        for isa in ISAS[:ISAS.index(widest) + 1]:
            self.assertEqual(used(isa), isa)
            for program in PROGRAMS:
                with self.subTest(isa=isa, program=program):
                    done = run(os.path.join(BUILD, "tests", program), BORDERLINE_MAX_ISA=isa)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            for script in SCRIPTS if isa != widest else ():  # the widest is what those tests take by themselves
                with self.subTest(isa=isa, script=script):
                    done = run(sys.executable, os.path.join(HERE, script), BORDERLINE_MAX_ISA=isa)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        print(f"instruction sets up to {widest} were run", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
