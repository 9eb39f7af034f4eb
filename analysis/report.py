#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Table of several sweeps: how distances grow with the dimension, measured over predicted, against the paper's medians, and
which law the medians for l^1 prefer. Writes report.md, medians.csv and l1_fits.png.

    analysis/report dense.h5 cnn.h5 lenet.h5 resnet.h5 -o FOLDER
"""

import argparse
import csv
import os
import sys

import numpy as np
from scipy.stats import norm

import published
from borderline import FileError, Sweep, style
from borderline.statistics import exponent, fixed_shape, log_factor, log_medians, offset_fit, weighted_line


def factor(logarithm, error):
    return f"C = {np.exp(logarithm):.3f} +- {np.exp(logarithm) * error:.3f}"


def mean_factor(logarithm, error):
    """Weighted mean of factors given by their logarithms: its text, chi squared."""
    mean, mean_error, chi = fixed_shape(np.zeros_like(logarithm), logarithm, error)
    return f"{np.exp(mean):.3f} +- {np.exp(mean) * mean_error:.3f}", chi


def l1_fits(n, median, error):
    """The laws for l^1 medians, errors being of the logarithm: rows (name, parameters, what was found, chi squared, curve)."""
    y = np.log(median)
    a, b, b_error, chi = weighted_line(np.log(n), y, error)
    rows = [("$C n^a$", 2, f"a = {b:.3f} +- {b_error:.3f}", chi, lambda m: np.exp(a) * m**b)]
    n0, (low, high), shift, chi = offset_fit(n, y, error)
    rows.append(("$C (n - n_0)^{1/2}$", 2, f"n0 = {n0:.0f} [{low:.0f}, {high:.0f}]", chi, lambda m: np.exp(shift) * np.sqrt(m - n0)))
    plain, plain_error, chi = fixed_shape(0.5 * np.log(n), y, error)
    rows.append(("$C n^{1/2}$", 1, factor(plain, plain_error), chi, lambda m: np.exp(plain) * np.sqrt(m)))
    scale, scale_error, chi = fixed_shape(log_factor(n), y, error)
    rows.append((r"$C\,(n/2\ln n)^{1/2}$", 1, factor(scale, scale_error), chi, lambda m: np.exp(scale + log_factor(m))))
    c, e, e_error, chi = weighted_line(np.log(n), y + 0.5 * np.log(2 * np.log(n)), error)
    rows.append((r"$C n^a/(2\ln n)^{1/2}$", 2, f"a = {e:.3f} +- {e_error:.3f}", chi,
                 lambda m: np.exp(c) * m**e / np.sqrt(2 * np.log(m))))
    return rows


def case_medians(sweep, p):
    """n, medians, errors of their logarithms (from the intervals) and over the law, of the first depth and width."""
    median = sweep.quantile("distance", 0.5).values[0, 0, :, p]
    error = sweep.log_error("distance", 0.5)[0, 0, :, p]
    if sweep.p[p] == 0:  # whole numbers: an interval may be empty, the rounding is not
        error = np.hypot(error, 12**-0.5 / median)
    return sweep.dimension.astype(float), median, error, sweep["summary/over_law"].values[0, 0, :, p]


def expected(p):
    return "-" if p == 0 else f"{(0.0 if np.isinf(p) else 1 / p) - 0.5:+.1f}"


def exponents(sweeps):
    yield "| sweep | p | exponent of n | paper's claim | exponent of the law | median over law: mean, smallest .. largest |"
    yield "|---|---|---|---|---|---|"
    for sweep in sweeps:
        for p, value in enumerate(sweep.p):
            n, median, error, over = case_medians(sweep, p)
            if np.isinf(median).any():
                where = ", ".join(f"{m:g}" for m in n[np.isinf(median)])
                yield f"| {sweep.title} | {style.norm_name(value)} | not found: medians of n = {where} | {expected(value)} | - | - |"
                continue
            b, b_error = exponent(n, median, error)
            if not (np.isfinite(over) & (over > 0)).all():
                yield f"| {sweep.title} | {style.norm_name(value)} | {b:+.3f} +- {b_error:.3f} | {expected(value)} | - | no step in the box |"
                continue
            law = np.polyfit(np.log(n), np.log(median / over), 1)[0]
            mean, chi = mean_factor(np.log(over), error)
            yield (f"| {sweep.title} | {style.norm_name(value)} | {b:+.3f} +- {b_error:.3f} | {expected(value)} | {law:+.3f} | "
                   f"{mean}, {over.min():.2f} .. {over.max():.2f} "
                   f"(chi2 {chi:.1f} of {n.size - 1}) |")


def parts_of_case(sweep, k):
    """The factors of measured over predicted of dimension number k, (logarithm, error) each: the median of |f| over a normal's of
    the kernel's variance; for each p the first step per |f| over the law's; and the distance over the first step."""
    output = sweep["output"].values[0, 0, k]
    variance = np.mean(np.nanvar(output, axis=0, ddof=1)) / sweep["summary/output_variance"].values[0, 0, k]
    normal = norm.ppf(0.75) * np.sqrt(variance)
    first, distance = sweep["first_order"].values[0, 0, k], sweep.lengths().values[0, 0, k]
    law = sweep["summary/law"].values[0, k][:, int(np.argmin(np.abs(sweep.level - 0.5)))]
    return [found for found in log_medians(np.abs(output) / normal)], [
        tuple(log_medians(first[..., p] / np.abs(output) / (law[p] / normal), distance[..., p] / first[..., p]))
        for p in range(len(sweep.p))]


def factors(sweeps):
    yield "| sweep | n | variance of f | excess kurtosis | KS distance | median of \\|f\\| | p: first step per \\|f\\|, distance over first step |"
    yield "|---|---|---|---|---|---|---|"
    for sweep in sweeps:
        if "summary/output_variance" not in sweep or not np.isfinite(sweep["summary/output_variance"].values).all():
            continue
        parts = [parts_of_case(sweep, k) for k in range(len(sweep.dimension))]
        norms = [(p, style.norm_name(value)) for p, value in enumerate(sweep.p) if value > 0]
        for k, (((size, size_error),), steps) in enumerate(parts):
            moments = [" +- ".join(f"{sweep[f'summary/output_{name}{end}'].values[0, 0, k]:.2f}" for end in ("", "_error"))
                       for name in ("variance", "kurtosis", "ks")]
            pairs = "; ".join(f"{name}: {np.exp(steps[p][0][0]):.2f}, {np.exp(steps[p][1][0]):.3f}" for p, name in norms)
            yield (f"| {sweep.title} | {sweep.dimension[k]:g} | {' | '.join(moments)} | "
                   f"{np.exp(size):.2f} +- {np.exp(size) * size_error:.2f} | {pairs} |")
        size, *means = (mean_factor(*np.array(rows).T)[0] for rows in (
            [part[0][0] for part in parts], *([part[1][p][i] for part in parts] for p, _ in norms for i in (0, 1))))
        pairs = "; ".join(f"{name}: {means[2 * i]}, {means[2 * i + 1]}" for i, (_, name) in enumerate(norms))
        yield f"| {sweep.title} | all | | | | {size} | {pairs} |"


def against_published(sweeps):
    yield "| p | n | ours | s.e. % | published | s.e. % | ours / published | deviations |"
    yield "|---|---|---|---|---|---|---|---|"
    for sweep in sweeps:
        known = published.medians(sweep, 0, 0)
        for p, value in enumerate(sweep.p):
            if float(value) not in known:
                continue
            n, median, error, _ = case_medians(sweep, p)
            ratios = []
            for m, theirs, their_error in zip(*known[float(value)]):
                for i in np.flatnonzero((n == m) & np.isfinite(median)):
                    both = np.hypot(error[i], their_error)
                    ratios.append((np.log(median[i] / theirs), both))
                    yield (f"| {style.norm_name(value)} | {m:g} | {median[i]:.4g} | {100 * error[i]:.0f} | {theirs:.4g} | "
                           f"{100 * their_error:.0f} | {median[i] / theirs:.2f} | {ratios[-1][0] / both:+.1f} |")
            if ratios:
                ratio, both = np.array(ratios).T
                mean, chi = mean_factor(ratio, both)
                yield f"| {style.norm_name(value)} | all | | | | | {mean} | chi2 {chi:.1f} of {ratio.size - 1} |"


def fits_of(name, n, median, error):
    rows = l1_fits(n, median, error)
    best = min(chi + 2 * free for _, free, _, chi, _ in rows)
    for law, free, found, chi, _ in rows:
        plain = law.replace("$", "").replace("\\", "").replace(",", " ").replace("{", "").replace("}", "")
        yield f"| {name} | {plain} | {found} | {chi:.1f} of {n.size - free} | {chi + 2 * free - best:.1f} |"


def l1_series(sweeps):
    """(name, n, median, error) of every series for l^1: the sweeps', and the paper's."""
    for sweep in sweeps:
        for p in np.flatnonzero(sweep.p == 1):
            if np.isfinite(case_medians(sweep, p)[1]).all():
                yield (sweep.title, *case_medians(sweep, p)[:3])
    if 1.0 in published.table():
        yield ("published resnet", *published.table()[1.0])


def draw_fits(sweeps, folder):
    series = list(l1_series(sweeps))
    if not series:
        return []
    figure, axes, below = style.panels(len(series), columns=3)
    for axis, (name, n, median, error) in zip(axes, series):
        scale = np.sqrt(n)
        axis.errorbar(n, median / scale, yerr=error * median / scale, color=style.COLOURS[6], marker="o", linestyle="none",
                      capsize=1.5, elinewidth=0.6, zorder=5)
        m = np.geomspace(n.min(), n.max(), 100)
        for i, (_, _, _, _, curve) in enumerate(l1_fits(n, median, error)[:4]):
            axis.plot(m, curve(m) / np.sqrt(m), color=style.COLOURS[i], linestyle=("-", "--", ":", "-.")[i])
        style.log_axis(axis.xaxis, n)
        axis.set_title(name)
        axis.set_xlabel("input dimension $n$")
    axes[0].set_ylabel(r"median $\ell^1$ distance $/\,\sqrt{n}$")
    rows = l1_fits(*series[0][1:])[:4]
    style.legend_below(below, [style.key(law, color=style.COLOURS[i], linestyle=("-", "--", ":", "-.")[i])
                               for i, (law, *_) in enumerate(rows)])
    return style.save(figure, folder, "l1_fits")[:1]


def provenance(sweeps):
    yield "| sweep | program (commit) | compiler, oneDNN, BLAS | processor | networks x inputs | effort | core seconds | begun |"
    yield "|---|---|---|---|---|---|---|---|"
    for sweep in sweeps:
        launches = sweep.launches()
        last = launches[-1]
        seconds = np.nansum(sweep["unit/seconds"].values)
        yield (f"| {sweep.title} | {last['program']} ({last['git_describe']}) | {last['compiler']}, {last['onednn']}, "
               f"{' '.join(last['blas'].split()[:2])} | {last['cpu_model']} | {sweep.networks} x {sweep.inputs} | "
               f"{sweep.config['boundary.effort']} | {seconds:.0f} | {last['started']} |")


def write_medians(sweeps, path):
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(("sweep", "p", "dimension", "median", "log_error", "over_law"))
        for sweep in sweeps:
            for p, value in enumerate(sweep.p):
                for row in zip(*case_medians(sweep, p)):
                    out.writerow((sweep.title, style.norm_name(value), f"{row[0]:g}", *(f"{x:.5g}" for x in row[1:])))


def report(sweeps):
    yield "### Exponents of n, and measured over predicted\n"
    yield from exponents(sweeps)
    yield "\n### Measured over predicted, factor by factor\n"
    yield from factors(sweeps)
    yield "\n### Against the paper's own medians\n"
    yield from against_published(sweeps)
    yield "\n### Laws for the medians in l^1\n"
    yield "| medians | law | found | chi squared | AIC above the best |\n|---|---|---|---|---|"
    for series in l1_series(sweeps):
        yield from fits_of(*series)
    yield "\n### Runs\n"
    yield from provenance(sweeps)


def main():
    parser = argparse.ArgumentParser(prog="report", description="Table and fits of several sweeps.")
    parser.add_argument("file", nargs="+", help="result file of `borderline run`, with its summary")
    parser.add_argument("-o", "--output", required=True, help="folder")
    arguments = parser.parse_args()
    try:
        sweeps = [Sweep(path) for path in arguments.file]
        for sweep in sweeps:
            if not sweep.complete:
                raise FileError(f"{sweep.path}: the sweep is not complete; its summary is written at the end of a run")
            if len(sweep.depth) * len(sweep.width) > 1 or len(sweep.dimension) < 3:
                raise FileError(f"{sweep.path}: a report takes sweeps of one depth, one width and at least 3 dimensions")
    except FileError as error:
        sys.exit(f"report: {error}")
    os.makedirs(arguments.output, exist_ok=True)
    text = "\n".join(report(sweeps)) + "\n"
    with open(os.path.join(arguments.output, "report.md"), "w", encoding="utf-8") as file:
        file.write(text)
    write_medians(sweeps, os.path.join(arguments.output, "medians.csv"))
    print("\n".join([os.path.join(arguments.output, name) for name in ("report.md", "medians.csv")] + draw_fits(sweeps, arguments.output)))


if __name__ == "__main__":
    main()
