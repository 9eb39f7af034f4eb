"""What differs between result files of two systems: elsewhere_compare.py same|near A.h5 B.h5 [A.h5 B.h5 ...]

Prints each variable that differs, with how many of its numbers and by how much; `same`: fails when there is any; `near`: fails when
the files have other variables, or other shapes.
"""
import sys

import h5py
import numpy as np

import borderline_program as program


def difference(a, b):
    """In words."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return f"{a.dtype}{a.shape} here, {b.dtype}{b.shape} there"
    if a.dtype.kind not in "fiu":
        return "other text"
    other = ~((a == b) | ((a != a) & (b != b)))
    with np.errstate(all="ignore"):
        x, y = a[other].astype(float), b[other].astype(float)
        far = np.abs(x - y) / np.maximum(np.abs(x), np.abs(y))
    return f"{other.sum()} of {other.size} numbers, relatively by {np.nanmedian(far):.1e} (median), {np.nanmax(far):.1e} (most)"


def main():
    kind, paths = sys.argv[1], sys.argv[2:]
    failed = False
    for first, second in zip(paths[::2], paths[1::2]):
        names = program.differing(first, second)
        print(f"  {first} and {second}: {len(program.variables(first))} variables, {len(names)} differ")
        with h5py.File(first) as a, h5py.File(second) as b:
            for name in names:
                if name in a and name in b:
                    print(f"    {name}: {difference(a[name][()], b[name][()])}")
                    failed |= kind == "same" or a[name].shape != b[name].shape
                else:
                    print(f"    {name}: in one of them only")
                    failed = True
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
