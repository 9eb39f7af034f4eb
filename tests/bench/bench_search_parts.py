# SPDX-License-Identifier: BSD-3-Clause
"""What each part of the boundary search gains: the search without it, on the reference networks. Builds a copy of the
source in which that part is taken out; one JSON object a line, passes and ratios to the best distance known: means over
seeds of the restarts (the first is the program's own), the worst of all, and the standard error of the geometric mean.

Usage: bench_search_parts.py SOURCE [efforts [seeds]]
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np

SOURCE = os.path.abspath(sys.argv[1])
EFFORTS = (sys.argv[2] if len(sys.argv) > 2 else "fast,standard").split(",")
SEEDS = int(sys.argv[3]) if len(sys.argv) > 3 else 4
os.environ.update({"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "BORDERLINE_SOURCE": SOURCE})
sys.path[:0] = [os.path.join(SOURCE, "tests", "reference"), os.path.join(SOURCE, "tests")]
import bars  # noqa: E402

SEARCH, COLUMN, RESTART, NEAREST = (f"src/boundary/{name}" for name in ("search.c", "column.c", "search_restart.c", "nearest.h"))
PLANES = "BL_NEAREST_PLANES = 32"
STREAM = "bl_rng_stream({}, 0, (uint32_t)c->input"
PARTS = {
    "whole": [],
    "no restarts": [(SEARCH, "if (is_worthwhile(s, c, left))", "if (isinf(c->best.length) && is_worthwhile(s, c, left))")],
    "as many restarts where the bend is large": [(SEARCH, " * bend * bend", " * 0.0")],
    "one plane at a time": [(NEAREST, PLANES, "BL_NEAREST_PLANES = 1")],
    "no crossings counted early": [(SEARCH, f".nearly = {value}", ".nearly = 0.0") for value in ("0.03", "0.01")],
    "nothing beyond planes after a crossing": [(COLUMN, "c->run.stalls > 1 && c->run.inc", "false && c->run.inc")],
    "later runs at any promise": [(COLUMN, "WORTHWHILE = 5e-3", "WORTHWHILE = 1e-4")],
    "nothing adopted from other p": [(RESTART, "other = next_news(s, c)", "other = NULL")],
    "other p adopted without planes": [(RESTART, "c->p != 0.0 && bl_column_adopt", "false && bl_column_adopt")],
    "no runs held to a class": [(SEARCH, "|| bl_search_hold_to_class(s, c)", "|| false")],
    "no starts from other inputs": [(RESTART, "!started && is_visit(c)", "false")],
    "no starts along planes": [(RESTART, "c->runs % KINDS == 2 && !count", "false")],
    "noise of the best length only": [(RESTART, "NOISE_LEAST = 0.05", "NOISE_LEAST = 0.5")],
}


def build(folder):
    done = subprocess.run([os.path.join(folder, "jobs", "build")], text=True, capture_output=True,
                          env={**os.environ, "BORDERLINE_BUILD_DIR": os.path.join(folder, "build")}, check=True)
    return done.stdout.split()[-1]


def take_out(folder, changes):
    """The copy's source with these changes; gives what to write back."""
    before = {}
    for name, old, new in changes:
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if old not in text:
            sys.exit(f"bench_search_parts: {name} has no '{old}'")
        before.setdefault(path, text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))
    return before


def put_back(before):
    for path, text in before.items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def main():
    reference = bars.reference_file()
    if reference is None:
        sys.exit("bench_search_parts: the shared reference is missing: skipped")
    with tempfile.TemporaryDirectory() as folder:
        folder = os.path.join(folder, "source")
        shutil.copytree(SOURCE, folder, ignore=lambda place, names: [
            name for name in names if place == SOURCE and (name.startswith("build") or name == ".git")])
        for part, changes in PARTS.items():
            found = {effort: [] for effort in EFFORTS}
            for seed in range(SEEDS):
                before = take_out(folder, [*changes, (RESTART, STREAM.format(0), STREAM.format(seed))])
                bars.PROGRAM = build(folder)
                for effort in EFFORTS:
                    ratio, passes = bars.together(bars.ratios(reference, "abcdef", effort))
                    found[effort].append((*bars.numbers(ratio, passes), np.exp(np.log(ratio).mean())))
                put_back(before)
            for effort, values in found.items():
                values = np.array(values)
                means = dict(zip((*bars.COLUMNS, "mean"), values.mean(axis=0)))
                means["worst of all"] = values[:, bars.COLUMNS.index("worst")].max()
                means["error"] = values[:, -1].std(ddof=1) / SEEDS**0.5 if SEEDS > 1 else np.nan
                print(json.dumps({"benchmark": f"search, {effort}: {part}",
                                  **{name: round(float(v), 5) for name, v in means.items()}}), flush=True)


main()
