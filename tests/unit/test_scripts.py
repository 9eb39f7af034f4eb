# SPDX-License-Identifier: BSD-3-Clause
"""What is meant to be run can be: files with a first line #! are executable, and no others are; nothing is a link."""
import os
import unittest

SOURCE = os.environ["BORDERLINE_SOURCE"]
SKIPPED = {".git", "build", "__pycache__"}


def files():
    for folder, folders, names in os.walk(SOURCE):
        folders[:] = [f for f in folders if f not in SKIPPED and not os.path.exists(os.path.join(folder, f, "CMakeCache.txt"))]
        for name in names:
            yield os.path.join(folder, name)


class Scripts(unittest.TestCase):
    def test_executable(self):
        found = 0
        for path in files():
            with open(path, "rb") as file:
                script = file.read(2) == b"#!"
            found += script
            self.assertEqual(os.access(path, os.X_OK) if script else bool(os.stat(path).st_mode & 0o111), script, path)
        self.assertGreater(found, 20)

    def test_no_links(self):
        """A script that acts by its own name breaks where links are not kept (archives, some file systems, installs)."""
        for path in files():
            self.assertFalse(os.path.islink(path), path)


if __name__ == "__main__":
    unittest.main()
