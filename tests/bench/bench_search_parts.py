# SPDX-License-Identifier: BSD-3-Clause
"""What each part of the boundary search gains: the search without it, on the reference networks. Builds a copy of the
source in which that part is taken out; one JSON object a line, passes and ratios to the best distance known.

Usage: bench_search_parts.py SOURCE [efforts]
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
os.environ.update({"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "BORDERLINE_SOURCE": SOURCE})
sys.path[:0] = [os.path.join(SOURCE, "tests", "reference"), os.path.join(SOURCE, "tests")]
import bars  # noqa: E402

SEARCH, COLUMN, RESTART = (f"src/boundary/{name}.c" for name in ("search", "column", "restart"))
OTHER_P = (RESTART, "other = next_news(s, c)", "other = NULL")
PLANES_OF_P = (RESTART, "if (!count && bl_column_adopt", "if (false && bl_column_adopt")
OTHER_INPUT = (RESTART, "turn % KINDS == 0)", "false)")
MIXED = (RESTART, "turn % KINDS == 2 && !count", "false")
PARTS = {
    "whole": [],
    "no restarts": [(SEARCH, "(another && c->failures <= purse->patience && !purse->beginners)", "false"),
                    (SEARCH, "s->purse[e].passes > 0 && s->purse[e].patience / 2", "false && s->purse[e].patience / 2")],
    "one plane at a time": [("src/boundary/nearest.h", "BL_NEAREST_PLANES = 16", "BL_NEAREST_PLANES = 1")],
    "no crossings counted early": [(SEARCH, f".nearly = {value}", ".nearly = 0.0") for value in ("0.03", "0.01")],
    "oversteps from the start": [(SEARCH, f"{value}, .nearly", "0, .nearly") for value in (4, 3)],
    "nothing beyond planes after a crossing": [(COLUMN, "c->stalls > 1 && c->inc", "false && c->inc")],
    "looks at the first step itself": [(SEARCH, ".look = 0.9", ".look = 1.0")],
    "looks short of the first step": [(SEARCH, ".look = 1.0", ".look = 0.9")],
    "later runs at any promise": [(COLUMN, "WORTHWHILE = 5e-3", "WORTHWHILE = 1e-4")],
    "no starts from other p": [OTHER_P],
    "starts from other p without its planes": [PLANES_OF_P],
    "no starts from other inputs": [OTHER_INPUT],
    "no starts along planes": [MIXED],
    "starts by noise alone": [OTHER_P, OTHER_INPUT, MIXED],
    "passes shared evenly": [(SEARCH, "c->failures <= purse->patience", "true")],
    "second runs before first ones end": [(SEARCH, " && !purse->beginners", "")],
    "more runs than the purse can end": [(SEARCH, "RUN_PASSES = 24", "RUN_PASSES = 0")],
    "runs not of the farthest first": [(SEARCH, "c->best_length > farthest->best_length", "false")],
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


def main():
    reference = bars.reference_file()
    if reference is None:
        sys.exit("bench_search_parts: the shared reference is missing: skipped")
    with tempfile.TemporaryDirectory() as folder:
        folder = os.path.join(folder, "source")
        shutil.copytree(SOURCE, folder, ignore=lambda place, names: [
            name for name in names if place == SOURCE and (name.startswith("build") or name == ".git")])
        for part, changes in PARTS.items():
            before = take_out(folder, changes)
            bars.PROGRAM = build(folder)
            for effort in EFFORTS:
                ratio, passes = bars.together(bars.ratios(reference, "abcdef", effort))
                values = (*bars.numbers(ratio, passes), np.exp(np.log(ratio).mean()))
                print(json.dumps({"benchmark": f"search, {effort}: {part}",
                                  **{name: round(float(v), 5) for name, v in zip((*bars.COLUMNS, "mean"), values)}}), flush=True)
            for path, text in before.items():
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)


main()
