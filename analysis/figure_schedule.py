#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sweeps on many ranks, simulated: figure_schedule.py PROGRAM SWEEP.yaml RESULT.h5 [SWEEP.yaml RESULT.h5 ...] -o FOLDER

`PROGRAM plan SWEEP.yaml --times RESULT.h5 --ranks R` for R = 64, 128, ..., 65,536: the schedule's own rules with the unit times
measured in RESULT.h5. Writes schedule.csv, schedule.png, schedule.pdf.
"""

import argparse
import csv
import json
import os
import subprocess
import sys

from borderline import style

COLUMNS = ("sweep", "ranks", "units_s", "units_efficiency", "kernels_s", "summary_s", "seconds", "efficiency")


def plan(program, sweep, result, ranks):
    """One row, and what all rows share: the sweep's name, the ranks that its longest unit leaves with work."""
    done = subprocess.run([program, "plan", sweep, "--times", result, "--ranks", str(ranks), "--json"], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"figure_schedule: {done.stderr.strip()}")
    found = json.loads(done.stdout)
    row = found["forecast"][0]
    return found["name"], found["ranks_with_work"], {
        "sweep": found["name"], "ranks": ranks, "units_s": row["seconds_units"], "units_efficiency": round(row["efficiency_units"], 4),
        "kernels_s": row["seconds_kernels"], "summary_s": row["seconds_summary"], "seconds": row["seconds"],
        "efficiency": round(row["efficiency"], 4)}


def draw(sweeps, folder):
    sizes = [row["ranks"] for row in sweeps[0][2]]
    figure, axes, below = style.panels(2)
    keys = []
    for (name, most, rows), colour in zip(sweeps, style.COLOURS):
        for axis, column in zip(axes, ("units_efficiency", "efficiency")):
            axis.plot(sizes, [100 * row[column] for row in rows], color=colour, marker="o")
        axes[0].plot(sizes, [100 * min(1.0, most / ranks) for ranks in sizes], color=colour, linestyle=":")
        keys.append(style.key(name, color=colour, marker="o", linestyle="-"))
    keys.append(style.key("no more than the longest unit allows", color=style.GUIDE, linestyle=":"))
    for axis, title in zip(axes, ("units", "units, kernels and summary")):
        axis.axhline(95, color=style.GUIDE, linewidth=0.8)
        axis.set_title(title)
        axis.set_xlabel("ranks")
        axis.set_ylim(0, 104)
        style.log_axis(axis.xaxis, sizes)
    axes[0].set_ylabel("efficiency, %  (line: 95 %)")
    style.legend_below(below, keys)
    return style.save(figure, folder, "schedule")


def main():
    parser = argparse.ArgumentParser(description="efficiency of sweeps on 64 to 65,536 ranks, simulated with measured unit times")
    parser.add_argument("program", help="build/borderline")
    parser.add_argument("files", nargs="+", metavar="SWEEP.yaml RESULT.h5", help="a sweep, and measured units to take times from")
    parser.add_argument("--ranks", type=int, nargs="+", default=[2**k for k in range(6, 17)], help="64, 128, ..., 65536")
    parser.add_argument("-o", "--output", default="figures", metavar="FOLDER")
    arguments = parser.parse_args()
    if len(arguments.files) % 2:
        parser.error("each sweep needs its result file")
    os.makedirs(arguments.output, exist_ok=True)
    sweeps = []
    for sweep, result in zip(arguments.files[::2], arguments.files[1::2]):
        found = [plan(arguments.program, sweep, result, ranks) for ranks in arguments.ranks]
        sweeps.append((found[0][0], found[0][1], [row for _, _, row in found]))
    path = os.path.join(arguments.output, "schedule.csv")
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for _, _, rows in sweeps:
            table.writerows(rows)
    print("\n".join([path, *draw(sweeps, arguments.output)]))


if __name__ == "__main__":
    main()
