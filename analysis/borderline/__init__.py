# SPDX-License-Identifier: BSD-3-Clause
"""Result files of borderline in Python: `reader` (numpy and h5py), `statistics` (numpy, in parts scipy), `style` (matplotlib) of the figures.

    from borderline import Sweep
    sweep = Sweep("my.h5")

reader.py says what a Sweep gives; the other modules are imported by those who draw.
"""

from .reader import Array, FileError, Measurement, MissingVariable, Posterior, Sweep, is_posterior

__all__ = ["Array", "FileError", "Measurement", "MissingVariable", "Posterior", "Sweep", "is_posterior"]
