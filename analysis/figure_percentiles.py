#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sorted distances against their percentile, with the straight line at 0: P(d <= eps) is linear in eps for small eps
(figure 4 of De Palma, Kiani, Lloyd 2021). Distances are divided by their median, so that all dimensions share an axis (by the largest
length looked at, where most were not found); percentiles count those that were not found."""

import numpy as np

from borderline import style
from borderline.statistics import median


def half_normal(level):
    """Quantiles of |Z| over their median: what the first-order law says for every p and n."""
    from scipy.stats import norm

    return norm.ppf((1 + level) / 2) / norm.ppf(0.75)


def draw_panel(axis, sweep, d, w, p, colours):
    slopes = sweep["summary/slope_at_zero"].values[d, w, :, p]
    distance = sweep.lengths().take(depth=d, width=w, p=p)
    reach = []  # 1 / (slope x median): where the straight line would be at percentile 100
    for n in range(len(sweep.dimension)):
        values = distance.take(dimension=n).values
        values = np.sort(values[~np.isnan(values)])  # those not found at the end: their curve leaves the figure
        if values.size == 0:
            continue
        unit = median(values) if np.isfinite(median(values)) else sweep.looked().values[d, w, n, p]
        finite = np.isfinite(values)
        axis.plot(100 * (np.arange(values.size)[finite] + 0.5) / values.size, values[finite] / unit, color=colours[n])
        reach.append(1 / (slopes[n] * unit))
    level = np.linspace(0, 0.999, 400)
    axis.plot(100 * level, half_normal(level), color=style.GUIDE, linestyle="--", linewidth=0.9, zorder=0)
    if np.isfinite(reach).any():
        end = 45.0
        axis.plot([0, end], [0, end / 100 * np.nanmean(reach)], color=style.COLOURS[1], linestyle=":", linewidth=1.6,
                  zorder=6)
    axis.set_xlim(0, 100)
    axis.set_ylim(0, 4)
    axis.set_xticks([0, 25, 50, 75, 100])
    axis.set_title(style.norm_label(sweep.p[p]))
    axis.set_xlabel("percentile")


def entries(sweep, colours):
    lines = [style.key(f"$n={n}$", color=colour, linestyle="-") for n, colour in zip(sweep.dimension, colours)]
    return lines + [style.key("slope at 0 (mean over $n$)", color=style.COLOURS[1], linestyle=":", linewidth=1.6),
                    style.key("$|Z|$ / median: first-order law", color=style.GUIDE, linestyle="--", linewidth=0.9)]


def draw(sweep, folder):
    written = []
    for d, w, suffix in style.cases(sweep):
        if not np.isfinite(sweep["distance"].take(depth=d, width=w).values).any():
            continue
        figure, axes, below = style.panels(len(sweep.p), sharey=True)
        colours = style.shades(len(sweep.dimension))
        for p, axis in enumerate(axes):
            draw_panel(axis, sweep, d, w, p, colours)
        axes[0].set_ylabel("distance / median")
        style.legend_below(below, entries(sweep, colours))
        figure.suptitle(f"Sorted distances, {style.case_label(sweep, d, w)}", fontsize=9)
        style.footnote(figure, sweep)
        written += style.save(figure, folder, "percentiles" + suffix)
    if not written:
        raise style.NothingToDraw("no distance is in the file yet")
    return written


if __name__ == "__main__":
    style.main(draw, __doc__)
