# SPDX-License-Identifier: BSD-3-Clause
"""The library's pages: Doxygen makes them from the headers' comments without a warning, with the house's named paragraphs."""
import html
import os
import re
import shutil
import subprocess
import sys
import unittest

BUILD = os.environ["BORDERLINE_BUILD"]


def text_of(name):
    with open(os.path.join(BUILD, "doc", "html", name), encoding="utf-8") as file:
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", file.read())))


class Pages(unittest.TestCase):
    def test_doc(self):
        done = subprocess.run(["cmake", "--build", BUILD, "--target", "doc"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)  # Doxygen fails on warnings
        with open(os.path.join(BUILD, "doc", "html", "boundary_8h.html"), encoding="utf-8") as file:
            names = set(re.findall(r'<dl class="section user"><dt>(\w+)</dt>', file.read()))
        self.assertLessEqual({"Math", "Shapes", "Collective", "Ownership"}, names)
        # comments of members, before and behind them
        self.assertIn("l^p length of a confirmed point", text_of("structbl__search__result.html"))


if __name__ == "__main__":
    if not shutil.which("doxygen"):
        print("doxygen is not installed: skipped")
        sys.exit(77)
    unittest.main()
