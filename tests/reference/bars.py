# SPDX-License-Identifier: BSD-3-Clause
"""Distances of the search over the best that published attacks and polishing reach: a table per group, norm, box and
effort. Run as a program: bars.py [groups [efforts]]."""
import os
import sys
import time

import numpy as np

NORMS = {"l1": 1.0, "l2": 2.0, "linf": np.inf}
BARS = {"fast": (20, 1.02, 1.10, 1.30), "standard": (100, 1.002, 1.02, 1.06), "thorough": (2000, 1.0000, 1.002, 1.01)}


def reference_file():
    source = os.environ.get("BORDERLINE_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))
    for path in (os.path.join(source, "..", "shared", "reference", "networks.h5"),
                 os.environ.get("BORDERLINE_REFERENCE", "")):
        if os.path.exists(path):
            return path
    return None


def text(value):
    return value if isinstance(value, str) else value.decode()


def load(path, groups):
    """(name, network, inputs, {(box, norm): best distances [inputs]}) of every dense network of these groups."""
    import h5py

    from boundary_core import Network
    with h5py.File(path) as file:
        for name in sorted(file):
            if name[0] not in groups:
                continue
            group = file[name]
            weights, activation = [], "relu"
            for layer in sorted(k for k in group if k.startswith("layer")):
                kind = text(group[layer].attrs["kind"])
                if kind == "dense":
                    weights.append(group[layer]["weight"][()])
                elif kind != "flatten":
                    activation = kind
            best = {(box, norm): group["reference"][box]["best"][norm][()]
                    for box in group["reference"] for norm in group["reference"][box]["best"]}
            yield name, Network(weights, activation), group["inputs"][()].astype(float), best


def ratios(path, groups, effort):
    """{(group, box, norm): (ratio [k], passes [k])}, and the seconds spent in the search."""
    from boundary_core import search
    table, seconds = {}, 0.0
    for name, network, inputs, best in load(path, groups):
        for box in sorted({b for b, _ in best}):
            start = time.process_time()
            result = search(network, inputs, list(NORMS.values()), (0.0, 1.0) if box == "box" else None, effort)
            seconds += time.process_time() - start
            for k, norm in enumerate(NORMS):
                if (box, norm) in best:
                    old = table.get((name[0], box, norm), (np.empty(0), np.empty(0)))
                    table[name[0], box, norm] = (
                        np.r_[old[0], np.where(result["status"][:, k] == 1, result["distance"][:, k], np.inf)
                              / best[box, norm]], np.r_[old[1], result["passes"][:, k]])
    return table, seconds


def row(label, ratio, passes, bars):
    numbers = (passes.mean(), np.quantile(ratio, 0.5), np.quantile(ratio, 0.95, method="lower"), ratio.max())
    met = all(number <= bar * (1 + 1e-5) for number, bar in zip(numbers, bars))
    return met, f"{label:24s} {numbers[0]:7.1f}  {numbers[1]:8.5f} {numbers[2]:8.5f} {numbers[3]:8.5f}  {'' if met else 'over'}"


def report(path, groups, effort):
    """Print the table; True when the bars are met over all rows."""
    table, seconds = ratios(path, groups, effort)
    print(f"{effort:24s}  passes    median      95 %    worst   ({seconds:.1f} s)")
    print(f"{'bar':24s} {BARS[effort][0]:7.1f}  " + " ".join(f"{bar:8.5f}" for bar in BARS[effort][1:]))
    for key in sorted(table):
        print(row(" ".join(key), *table[key], BARS[effort])[1])
    for norm in NORMS:
        chosen = [value for key, value in table.items() if key[2] == norm]
        if chosen:
            print(row(f"all {norm}", *[np.concatenate(c) for c in zip(*chosen)], BARS[effort])[1])
    met, line = row("all", *[np.concatenate(c) for c in zip(*table.values())], BARS[effort])
    print(line, flush=True)
    return met


if __name__ == "__main__":
    for chosen in (sys.argv[2] if len(sys.argv) > 2 else "fast,standard").split(","):
        report(reference_file(), sys.argv[1] if len(sys.argv) > 1 else "abcde", chosen)
