# SPDX-License-Identifier: BSD-3-Clause
"""Fresh random networks whose boundary is far from a plane (hard.py): every distance is found at every effort, and no effort is
beaten by a cheaper one. How near the distances are is measured by hard.py against searches of permuted copies."""
import os
import tempfile
import unittest

import numpy as np

import hard

SEED = 20261201


class Hard(unittest.TestCase):
    def test_found_and_ordered(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "networks.h5")
            hard.make(path, SEED, copies=0, count=1)
            for box in ("box", "nobox"):
                fast, standard = (hard.measure(path, box, effort) for effort in ("fast", "standard"))
                for name, (distance, _) in standard.items():
                    self.assertTrue(np.all(np.isfinite(fast[name][0])), f"{name} {box}: not found by fast")
                    self.assertTrue(np.all(distance <= fast[name][0]), f"{name} {box}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
