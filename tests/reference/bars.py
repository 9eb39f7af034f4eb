# SPDX-License-Identifier: BSD-3-Clause
"""Distances of `borderline measure` over the best that published attacks and polishing reach: a table per group, norm,
box and effort. Run as a program: bars.py [groups [efforts]]; BORDERLINE names the program to measure with."""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

NORMS = {"l1": 1.0, "l2": 2.0, "linf": np.inf}
BARS = {"fast": (22, 1.01, 1.06, 1.30), "standard": (100, 1.0005, 1.01, 1.05), "thorough": (2000, 1.0000, 1.001, 1.01)}
# of networks whose boundary is far from a plane: narrow or deep ones
HARD_BARS = {"fast": (100, 1.03, 1.3, 3.0), "standard": (1000, 1.001, 1.02, 1.15), "thorough": (10000, 1.0000, 1.003, 1.03)}
COLUMNS = ("passes", "median", "95 %", "worst")
SOURCE = os.environ.get("BORDERLINE_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))
PROGRAM = os.environ.get("BORDERLINE", os.path.join(SOURCE, "build", "borderline"))
ROUNDING = 1e-5  # the reference's own accuracy


def reference_file():
    for path in (os.environ.get("BORDERLINE_REFERENCE", ""),
                 os.path.join(SOURCE, "..", "shared", "reference", "networks.h5")):
        if os.path.exists(path):
            return path
    return None


def text(value):
    return value if isinstance(value, str) else value.decode()


def dense_network(group):
    """A dense network of a networks file, for numpy."""
    from boundary_core import Network
    weights, activation = [], "relu"
    for layer in sorted(k for k in group if k.startswith("layer")):
        kind = text(group[layer].attrs["kind"])
        if kind == "dense":
            weights.append(group[layer]["weight"][()])
        elif kind != "flatten":
            activation = kind
    return Network(weights, activation)


def measure(path, effort, box, norms="1,2,inf"):
    """{network: (distance, passes, status)}, each [input, p]."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.h5")
        subprocess.run([PROGRAM, "measure", path, "-o", out, "--p", norms, "--effort", effort]
                       + (["--box", "0,1"] if box == "box" else ["--no-box"]), check=True, capture_output=True)
        with h5py.File(out) as file:
            return {name: tuple(file[name][v][()] for v in ("distance", "passes", "status"))
                    for name in file if isinstance(file[name], h5py.Group) and "distance" in file[name]}


def ratios(path, groups, effort):
    """{(group, box, norm): (ratio [k], passes [k])}; a ratio is infinite where there is no distance."""
    table = {}
    for box in ("box", "nobox"):
        measured = measure(path, effort, box)
        with h5py.File(path) as file:
            for name, (distance, passes, status) in measured.items():
                if name[0] not in groups or box not in file[name]["reference"]:
                    continue
                for k, norm in enumerate(NORMS):
                    best = file[name]["reference"][box]["best"][norm][()]
                    old = table.get((name[0], box, norm), (np.empty(0), np.empty(0)))
                    ratio = np.where(status[:, k] == 1, distance[:, k], np.inf) / best
                    table[name[0], box, norm] = np.r_[old[0], ratio], np.r_[old[1], passes[:, k]]
    return table


def together(table, chosen=lambda key: True):
    rows = [value for key, value in table.items() if chosen(key)]
    return [np.concatenate(c) for c in zip(*rows)]


def numbers(ratio, passes):
    """What the bars hold: mean passes; median, 95th percentile and largest ratio."""
    return passes.mean(), np.quantile(ratio, 0.5), np.quantile(ratio, 0.95), ratio.max()


def row(label, values, bars):
    over = " ".join(c for c, value, bar in zip(COLUMNS, values, bars) if value > bar * (1 + ROUNDING))
    return f"{label:24s} {values[0]:7.1f}  " + " ".join(f"{v:8.5f}" for v in values[1:]) + (f"   over: {over}" if over else "")


def report(table, effort):
    bars = BARS[effort]
    lines = [f"{effort:24s}  passes    median     95 %    worst", row("bar", bars, bars)]
    lines += [row(" ".join(key), numbers(*table[key]), bars) for key in sorted(table)]
    for place, names in ((0, sorted({key[0] for key in table})), (2, NORMS)):
        lines += [row(f"all {name}", numbers(*together(table, lambda key, n=name, i=place: key[i] == n)), bars)
                  for name in names]
    return "\n".join(lines + [row("all", numbers(*together(table)), bars)])


if __name__ == "__main__":
    os.environ.update({"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"})
    for chosen in (sys.argv[2] if len(sys.argv) > 2 else "fast,standard,thorough").split(","):
        print(report(ratios(reference_file(), sys.argv[1] if len(sys.argv) > 1 else "abcdef", chosen), chosen), flush=True)
