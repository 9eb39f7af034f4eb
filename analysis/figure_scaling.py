#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Scaling study of jobs/scaling.sh: FOLDER/R.h5 of R ranks -> scaling.csv, scaling.png, scaling.pdf.

The time is that of the phase of units, provenance/launch/seconds_units. Where ranks went without a core (others had it, more ranks
than cores, all bound to one) the figure also has the speed-up of the time that they had one. Of that time the serial part s is fitted by
least squares of the logarithms: strong, T(R)/T(1) = s + (1-s)/R (Amdahl 1967); weak, T(R)/T(1) = (1-s) + s R (Gustafson 1988).
"""

import argparse
import csv
import os
import re
import sys

import numpy as np
from scipy.optimize import minimize_scalar

from borderline import FileError, Sweep, style

COLUMNS = ("ranks", "units", "seconds", "speed_up", "efficiency", "speed_up_with_core", "computing", "without_core", "writing", "waiting")


def measure(folder, ranks):
    """One run: its time, and the shares of it that all ranks together spent computing, in a unit without a core (which others had), writing, waiting."""
    path = os.path.join(folder, f"{ranks}.h5")
    launches = [launch for launch in Sweep(path).launches() if launch.get("units") != 0]
    if any("seconds_busy" not in launch for launch in launches):
        raise style.NothingToDraw(f"{path} is of an earlier version, which did not keep what became of its time")
    if len(launches) != 1:
        raise style.NothingToDraw(f"{ranks} ranks: the run was stopped and resumed {len(launches) - 1} times: its time says nothing; "
                                  f"remove {folder}/{ranks}.* and give it more time")
    launch = launches[0]
    span = launch["seconds_units"]
    writing, without, waiting = (launch[f"seconds_{name}"] / (ranks * span) for name in ("writing", "without_core", "waiting"))
    return {"ranks": ranks, "units": launch["units"], "seconds": span, "without_core": without, "writing": writing, "waiting": waiting,
            "computing": max(0.0, launch["seconds_busy"] / (ranks * span) - writing - without)}


def complete(rows, kind):
    """Speed-up and efficiency against the smallest number of ranks; speed-up of the time that ranks had a core."""
    first = rows[0]
    for row in rows:
        row["seconds_with_core"] = row["seconds"] * (1 - row["without_core"])
        scale = row["ranks"] / first["ranks"]
        faster = first["seconds"] / row["seconds"]
        work = first["ranks"] * (1 if kind == "strong" else scale)
        row["speed_up"] = faster * work
        row["efficiency"] = faster / scale if kind == "strong" else faster
        row["speed_up_with_core"] = first["seconds_with_core"] / row["seconds_with_core"] * work


def law(kind, serial, scale):
    return serial + (1 - serial) / scale if kind == "strong" else (1 - serial) + serial * scale


def serial_part(rows, kind):
    """The fitted serial part, of the time that ranks had a core; nothing when there is one number of ranks only."""
    scale = np.array([row["ranks"] / rows[0]["ranks"] for row in rows])
    ratio = np.array([row["seconds_with_core"] / rows[0]["seconds_with_core"] for row in rows])
    if len(rows) < 2:
        return None
    fit = minimize_scalar(lambda s: np.sum(np.log(ratio / law(kind, s, scale)) ** 2), bounds=(0.0, 1.0), method="bounded",
                          options={"xatol": 1e-7})
    return float(fit.x)


def shared(rows):
    """Whether ranks went without a core for a time that counts."""
    return max(row["without_core"] for row in rows) > 0.05


def draw(rows, kind, serial, folder):
    figure, axes, below = style.panels(3)
    ranks = np.array([row["ranks"] for row in rows], float)
    scale = ranks / ranks[0]
    speed_up, efficiency, share = axes
    look = {"color": style.COLOURS[0], "marker": "o"}
    speed_up.plot(ranks, [row["speed_up"] for row in rows], **look)
    speed_up.plot(ranks, ranks, color=style.GUIDE, linestyle=":")
    efficiency.plot(ranks, [row["efficiency"] for row in rows], **look)
    efficiency.axhline(1.0, color=style.GUIDE, linestyle=":")
    keys = [style.key("measured", linestyle="-", **look), style.key("ideal", color=style.GUIDE, linestyle=":")]
    if shared(rows):
        look = {"color": style.COLOURS[6], "marker": "^", "linestyle": "none"}
        faster = np.array([row["speed_up_with_core"] for row in rows])
        speed_up.plot(ranks, faster, **look)
        efficiency.plot(ranks, faster / ranks, **look)
        keys.append(style.key("of the time with a core", **look))
    if serial is not None:
        time = law(kind, serial, scale)
        speed_up.plot(ranks, ranks / time if kind == "weak" else ranks[0] / time, color=style.COLOURS[1], linestyle="--")
        efficiency.plot(ranks, 1 / time if kind == "weak" else 1 / (time * scale), color=style.COLOURS[1], linestyle="--")
        keys.append(style.key(f"serial part {100 * serial:.2g} %", color=style.COLOURS[1], linestyle="--"))
    bottom = np.zeros(len(rows))
    for name, colour in zip(("computing", "without_core", "writing", "waiting"), style.COLOURS[2:]):
        height = np.array([row[name] for row in rows])
        share.bar(range(len(rows)), height, bottom=bottom, color=colour, width=0.7)
        keys.append(style.key(name.replace("_", " a "), color=colour, marker="s"))
        bottom += height
    share.set_xticks(range(len(rows)), [f"{r:g}" for r in ranks])
    for axis, title in zip(axes, ("speed-up", "efficiency", "share of the ranks' time")):
        axis.set_title(title)
        axis.set_xlabel("ranks")
    for axis in (speed_up, efficiency):
        style.log_axis(axis.xaxis, ranks)
    speed_up.set_yscale("log")
    style.plain_log_ticks(speed_up.yaxis)
    efficiency.set_ylim(0.0, 1.15)
    style.legend_below(below, keys)
    return style.save(figure, folder, "scaling")


def main():
    parser = argparse.ArgumentParser(description="CSV and figure of a scaling study (jobs/scaling.sh)")
    parser.add_argument("kind", choices=("strong", "weak"))
    parser.add_argument("folder", help="holds R.h5 for each number R of ranks")
    arguments = parser.parse_args()
    found = sorted(int(name[:-3]) for name in os.listdir(arguments.folder) if re.fullmatch(r"\d+\.h5", name))
    if not found:
        sys.exit(f"figure_scaling: no R.h5 in {arguments.folder}")
    try:
        rows = [measure(arguments.folder, ranks) for ranks in found]
    except (OSError, FileError, style.NothingToDraw) as error:
        sys.exit(f"figure_scaling: {error}")
    complete(rows, arguments.kind)
    serial = serial_part(rows, arguments.kind)
    path = os.path.join(arguments.folder, "scaling.csv")
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for row in rows:
            table.writerow([row[name] if isinstance(row[name], int) else f"{row[name]:.6g}" for name in COLUMNS])
    print(f"{'ranks':>6} {'seconds':>9} {'speed-up':>9} {'efficiency':>10} {'computing':>9} {'no core':>8} {'writing':>8} {'waiting':>8}")
    for row in rows:
        print(f"{row['ranks']:6d} {row['seconds']:9.3g} {row['speed_up']:9.3g} {row['efficiency']:10.3f} "
              f"{100 * row['computing']:7.1f} % {100 * row['without_core']:6.1f} % {100 * row['writing']:6.2f} % {100 * row['waiting']:6.1f} %")
    if serial is not None:
        print(f"serial part fitted: {100 * serial:.3g} %")
    if shared(rows):
        print("ranks did not always have a core; speed-up of the time with one:",
              ", ".join(f"{row['speed_up_with_core']:.3g} ({row['ranks']})" for row in rows))
    print("\n".join([path, *draw(rows, arguments.kind, serial, arguments.folder)]))


if __name__ == "__main__":
    main()
