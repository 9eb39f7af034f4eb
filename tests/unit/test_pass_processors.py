# SPDX-License-Identifier: BSD-3-Clause
"""The pass engine on processors with fewer instructions: oneDNN then takes other kernels and other packed forms."""
import os
import subprocess
import unittest


class OtherProcessors(unittest.TestCase):
    def test_narrower_instructions(self):
        program = os.path.join(os.environ["BORDERLINE_BUILD"], "tests", "test_pass")
        for instructions in ("SSE41", "AVX", "AVX2"):
            with self.subTest(instructions=instructions):
                done = subprocess.run([program], env={**os.environ, "DNNL_MAX_CPU_ISA": instructions},
                                      capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(" 0 failed", done.stdout)


if __name__ == "__main__":
    unittest.main()
