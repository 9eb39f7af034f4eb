# SPDX-License-Identifier: BSD-3-Clause
"""Structs in Python tests come from the library: a list that leaves out, renames or reorders a member is refused."""
import ctypes as ct
import glob
import os
import re
import unittest

import borderline_core as core


class Layouts(unittest.TestCase):
    def setUp(self):
        self.text = core.layouts_text(core.lib)

    def test_every_struct(self):
        """Each can be made, with the compiler's offsets and size; numpy's type of one of them likewise."""
        for name, members in core.layouts.members.items():
            kind = core.structure(name)
            self.assertEqual(ct.sizeof(kind), core.layouts.bytes[name])
            self.assertEqual([getattr(kind, m[0]).offset for m in members], [m[2] for m in members])
        result, members = core.dtype("bl_search_result"), core.layouts.members["bl_search_result"]
        self.assertEqual([result.fields[m[0]][1] for m in members], [m[2] for m in members])
        self.assertEqual(result.itemsize, core.layouts.bytes["bl_search_result"])

    def test_written_and_read(self):
        """The straight line through three points of a line."""
        core.lib.bl_stats_line.restype = core.structure("bl_fit")
        x = (ct.c_double * 3)(0.0, 1.0, 2.0)
        y = (ct.c_double * 3)(5.0, 7.0, 9.0)
        fit = core.lib.bl_stats_line(x, y, None, ct.c_size_t(3))
        self.assertEqual((fit.slope, fit.intercept, fit.slope_error, fit.points), (2.0, 5.0, 0.0, 3))

    def test_faults_are_refused(self):
        lines = self.text.splitlines()
        for name, members in core.layouts.members.items():
            for k, member in enumerate(members):
                prefix = f"member {name} {member[0]} "
                without = [line for line in lines if not line.startswith(prefix)]
                fits = without != lines and member[3] * max(member[5], 1) * max(member[4], 1)
                if fits < 8:  # a small member may have the room that alignment leaves
                    continue
                with self.assertRaises(TypeError, msg=f"{name} without {member[0]}"):
                    core.Layouts("\n".join(without)).structure(name)
        with self.assertRaisesRegex(TypeError, "bl_box.lo"):
            core.Layouts(self.text.replace("bl_box lo double", "bl_box lo unknown")).structure("bl_box")
        with self.assertRaisesRegex(TypeError, "bl_box.lo"):
            core.Layouts(self.text.replace("bl_box lo double", "bl_box lo float")).structure("bl_box")
        with self.assertRaisesRegex(TypeError, "bl_box"):
            core.Layouts(self.text.replace("member bl_box lo double 0", "member bl_box lo double 8")).structure("bl_box")

    def test_members_by_name_alone(self):
        with self.assertRaises(TypeError):
            core.Box(0.0, 1.0)
        with self.assertRaisesRegex(TypeError, "no member low"):
            core.Box(low=0.0)
        self.assertEqual(core.Box(hi=2.0).hi, 2.0)

    def test_no_struct_by_hand(self):
        tests = os.path.join(os.environ["BORDERLINE_SOURCE"], "tests")
        for path in glob.glob(os.path.join(tests, "**", "*.py"), recursive=True):
            with open(path, encoding="utf-8") as file:
                mirrored = re.findall(r"^class .*\bStructure\)|^ +_fields_ =", file.read(), re.MULTILINE)
            self.assertLessEqual(len(mirrored), path.endswith("borderline_core.py"), f"{path}: {mirrored}")


if __name__ == "__main__":
    unittest.main()
