#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Distances of trained against untrained networks by kind of image (figures 3 and 4 of De Palma, Kiani, Lloyd 2021), from
two files of `borderline run` on one sweep with `training` (the second with training.epochs=0), or of `borderline measure` on
networks that `borderline sample` made from it.

    analysis/figure_trained.py TRAINED.h5 UNTRAINED.h5 [-o FOLDER]
"""

import argparse
import os

import numpy as np

from borderline import FileError, Measurement, Sweep, style
from borderline.statistics import median_with_interval, ratio_with_interval

KINDS = ("train", "test", "random")


def of_measurement(path):
    """Norms, distances [kind, network, input, p]: a network's inputs are as many of each kind, one kind after the other."""
    file = Measurement(path)
    values = np.stack([file.lengths(name).over("input", "p")[0] for name in file.networks])
    if values.shape[1] % len(KINDS):
        raise FileError(f"{path}: {values.shape[1]} inputs per network are not equally many of each of three kinds of image")
    networks, inputs, norms = values.shape
    return file.p, values.reshape(networks, len(KINDS), inputs // len(KINDS), norms).transpose(1, 0, 2, 3)


def of_sweep(sweep, d=0, w=0, n=0):
    """The same of one case of a sweep; networks not done yet are left out."""
    values = sweep.lengths().take(depth=d, width=w, dimension=n).over("image_kind", "network", "input", "p")[0]
    return sweep.p, values[:, ~np.isnan(values).all(axis=(0, 2, 3))]


def distances(path):
    """Of a file of either command."""
    try:
        sweep = Sweep(path)
    except FileError as error:
        if "measure" not in str(error):
            raise
        return of_measurement(path)
    if not sweep.kinds:
        raise FileError(f"{path}: this sweep has no section training, so no kinds of image")
    if sweep.depth.size * sweep.width.size * sweep.dimension.size > 1:
        raise FileError(f"{path}: the sweep has several cases; give one of a single depth, width and dimension, or draw it by "
                        "analysis/figures")
    return of_sweep(sweep)


def print_ratios(p, sets):
    """Images over random inputs within each set; trained over untrained of each kind."""
    for k, norm in enumerate(p):
        pairs = [(f"{name}: {KINDS[kind]} over random", values[kind, ..., k], values[2, ..., k], True)
                 for name, values in sets.items() for kind in range(2)]
        if len(sets) == 2:
            one, other = sets.values()
            pairs += [(f"{KINDS[kind]}: {' over '.join(sets)}", one[kind, ..., k], other[kind, ..., k], False) for kind in range(3)]
        for what, *given in pairs:
            ratio, low, high = ratio_with_interval(*given)
            print(f"p = {norm:<4g} {what:31s} {ratio:.2f} [{low:.2f}, {high:.2f}]")


def draw_medians(p, sets, folder, suffix=""):
    figure, axes, below = style.panels(len(p), sharex=True)
    for k, axis in enumerate(axes):
        for s, (name, values) in enumerate(sets.items()):
            for kind in range(len(KINDS)):
                middle, low, high = median_with_interval(values[kind, ..., k])
                print(f"p = {p[k]:<4g} {name:9s} {KINDS[kind]:8s} median {middle:.4g} [{low:.4g}, {high:.4g}]")
                found = values[kind, ..., k]
                style.estimates(axis, [kind + 0.12 * (2 * s - 1)], [middle], low, high, np.max(found, where=np.isfinite(found), initial=0),
                                capsize=2, color=style.COLOURS[s], marker=style.MARKERS[s], markersize=4)
        axis.set_xticks(range(len(KINDS)), KINDS)
        axis.set_xlim(-0.5, len(KINDS) - 0.5)
        axis.set_ylim(bottom=0)
        axis.set_title(style.norm_label(p[k]))
    axes[0].set_ylabel("median distance")
    style.legend_below(below, [style.key(name, color=style.COLOURS[s], marker=style.MARKERS[s], linestyle="")
                               for s, name in enumerate(sets)])
    return style.save(figure, folder, "trained_median_distance" + suffix)


def straight_start(values):
    """Distance against order by a line through the origin, least squares over the lowest quarter: slope and R^2."""
    values = values[: max(2, len(values) // 4)]
    level = np.arange(1, len(values) + 1) - 0.5
    slope = np.sum(values * level) / np.sum(level**2)
    return slope, 1 - np.sum((values - slope * level) ** 2) / np.sum((values - values.mean()) ** 2)


def draw_percentiles(p, sets, name, folder, suffix=""):
    figure, axes, below = style.panels(len(p))
    for k, axis in enumerate(axes):
        for kind in range(len(KINDS)):
            values = sets[name][kind, ..., k].ravel()
            values = np.sort(values[~np.isnan(values)])  # those not found at the end: their curve leaves the figure
            found = values[np.isfinite(values)]
            axis.plot(100 * (np.arange(found.size) + 0.5) / values.size, found, color=style.COLOURS[kind])
            slope, fit = straight_start(values)
            print(f"p = {p[k]:<4g} {name:9s} {KINDS[kind]:8s} lowest quarter against a line through 0: R^2 {fit:.3f}")
            if KINDS[kind] == "random":
                axis.plot([0, 50], [0, 50 * slope * values.size / 100], color=style.GUIDE, linestyle="--", linewidth=1)
        axis.set_xlim(0, 100)
        axis.set_ylim(bottom=0)
        axis.set_title(style.norm_label(p[k]))
        axis.set_xlabel("percentile")
    axes[0].set_ylabel("distance")
    style.legend_below(below, [style.key(kind, color=style.COLOURS[i], linestyle="-") for i, kind in enumerate(KINDS)] +
                       [style.key("line through 0, lowest quarter of random", color=style.GUIDE, linestyle="--")])
    figure.suptitle(f"Sorted distances, {name} networks", fontsize=9)
    return style.save(figure, folder, f"{name}_percentiles{suffix}")


def draw_sweep(sweep, folder):
    """Both figures of one file of `run`, of every case."""
    written, name = [], "untrained" if sweep.config["training.epochs"] == "0" else "trained"
    for d, w, suffix in style.cases(sweep):
        for n, dimension in enumerate(sweep.dimension):
            p, values = of_sweep(sweep, d, w, n)
            if values.size == 0:
                continue
            suffix_n = suffix + (f"_dimension{dimension}" if sweep.dimension.size > 1 else "")
            written += draw_medians(p, {name: values}, folder, suffix_n)
            written += draw_percentiles(p, {name: values}, name, folder, suffix_n)
    return written


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained")
    parser.add_argument("untrained")
    parser.add_argument("-o", default="figures", metavar="FOLDER")
    given = parser.parse_args()
    try:
        p, trained = distances(given.trained)
        other, untrained = distances(given.untrained)
        if not np.array_equal(p, other):
            raise FileError(f"{given.untrained} has other norms than {given.trained}")
    except FileError as error:
        raise SystemExit(f"figure_trained: {error}") from None
    os.makedirs(given.o, exist_ok=True)
    sets = {"trained": trained, "untrained": untrained}
    written = draw_medians(p, sets, given.o)
    print_ratios(p, sets)
    for name in sets:
        written += draw_percentiles(p, sets, name, given.o)
    print(*written, sep="\n")


if __name__ == "__main__":
    main()
