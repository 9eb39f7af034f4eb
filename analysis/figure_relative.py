#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Relative distance d_p / |x0|_p against the input dimension, all p on one axis: expected to fall as n^(-1/2) for every p
(figure 2 of De Palma, Kiani, Lloyd 2021)."""

import numpy as np

from borderline import style
from borderline.statistics import exponent
from borderline.style import plt


def draw_norm(axis, sweep, d, w, p):
    colour, marker = style.COLOURS[p % len(style.COLOURS)], style.MARKERS[p % len(style.MARKERS)]
    median = sweep.quantile("relative", 0.5).values[d, w, :, p]
    low, high = (end.values[d, w, :, p] for end in sweep.interval("relative", 0.5))
    known = ~np.isnan(median) & (median > 0)
    label = style.norm_label(sweep.p[p])
    if known.sum() > 1 and np.isfinite(median[known]).all():  # no curve goes through a median that was not found
        slope, spread = exponent(sweep.dimension[known], median[known], sweep.log_error("relative", 0.5)[d, w, known, p])
        label += rf"  $\propto n^a$, $a = {slope:.2f}" + (rf"\pm{spread:.2f}$" if np.isfinite(spread) else "$")
    # side by side, so that intervals of different p do not hide each other
    shift = 1.0 + 0.02 * (p - (len(sweep.p) - 1) / 2)
    style.estimates(axis, sweep.dimension * shift, median, low, high, sweep.looked("relative").values[d, w, :, p], color=colour,
                    marker=marker, capsize=1.5, elinewidth=0.7, label=label)


def draw_guide(axis, sweep, d, w):
    """n^(-1/2) through the geometric middle of what was measured."""
    median = sweep.quantile("relative", 0.5).values[d, w]
    scaled = np.where(np.isfinite(median), median, np.nan) * np.sqrt(sweep.dimension)[:, None]
    if np.isfinite(scaled).any() and len(sweep.dimension) > 1:
        n = np.array([sweep.dimension.min(), sweep.dimension.max()], float)
        axis.plot(n, np.exp(np.nanmean(np.log(scaled))) / np.sqrt(n), color=style.GUIDE, linestyle="--", zorder=0,
                  label=r"guide $n^{-1/2}$")


def draw(sweep, folder):
    if np.isnan(sweep.quantile("relative", 0.5).values).all():
        raise style.NothingToDraw("no distance is in the file yet")
    rows, columns = len(sweep.depth), len(sweep.width)
    size = (style.COLUMN * 1.15, 3.3) if rows * columns == 1 else (min(style.PAGE, 2.5 * columns + 0.4), 3.1 * rows + 0.4)
    figure, axes = plt.subplots(rows, columns, figsize=size, sharex=True, sharey=True, squeeze=False)
    for d in range(rows):
        for w in range(columns):
            axis = axes[d, w]
            for p in range(len(sweep.p)):
                draw_norm(axis, sweep, d, w, p)
            draw_guide(axis, sweep, d, w)
            axis.set_yscale("log")
            style.log_axis(axis.xaxis, sweep.dimension)
            axis.set_title(style.case_label(sweep, d, w))
            if not np.isnan(sweep.quantile("relative", 0.5).values[d, w]).all():
                # below, where it hides nothing
                axis.legend(handlelength=1.8, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncol=2 if rows * columns == 1 else 1)
    for axis in axes[-1]:
        axis.set_xlabel("input dimension $n$")
    for axis in axes[:, 0]:
        axis.set_ylabel(r"median of $d_p(x_0)\,/\,\|x_0\|_p$")
        style.plain_log_ticks(axis.yaxis)
    style.footnote(figure, sweep)
    return style.save(figure, folder, "relative_distance")


if __name__ == "__main__":
    style.main(draw, __doc__)
