#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Measured median over the first-order law's, against width: convergence to the Gaussian-process limit, whose law has no
free parameter. With one width only: against the input dimension."""

import numpy as np

from borderline import style


def place_of(width):
    """Positions of widths on the axis; infinity stands one step to the right of the largest finite one."""
    place = np.array(width, float)
    finite = place[np.isfinite(place)]
    place[np.isinf(place)] = 4 * finite.max() if finite.size else 1.0
    return place


def draw_line(axis, x, index, sweep, p, shift, **options):
    ratio, low, high = (sweep["summary/over_law" + end].values[index + (p,)] for end in ("", "_low", "_high"))
    middle = int(np.argmin(np.abs(sweep.level - 0.5)))
    law = np.expand_dims(sweep["summary/law"].take(quantile=middle).values, 1)  # [depth, 1, dimension, p]: of every width
    with np.errstate(invalid="ignore"):
        looked = np.broadcast_to(sweep.looked().values / law, sweep["summary/over_law"].values.shape)[index + (p,)]
    style.estimates(axis, np.asarray(x, float) * shift, ratio, low, high, looked, capsize=1.5, elinewidth=0.7, **options)


def depth_look(d):
    return {"marker": style.MARKERS[d % len(style.MARKERS)], "linestyle": ["-", "--", "-.", ":"][d % 4]}


def norm_look(p):
    return {"marker": style.MARKERS[p % len(style.MARKERS)], "color": style.COLOURS[p % len(style.COLOURS)],
            "linestyle": "-"}


def against_width(sweep):
    figure, axes, below = style.panels(len(sweep.p), sharey=True)
    x, colours = place_of(sweep.width), style.shades(len(sweep.dimension))
    lines = len(sweep.depth) * len(sweep.dimension)
    for p, axis in enumerate(axes):
        for d in range(len(sweep.depth)):
            for n in range(len(sweep.dimension)):
                shift = 1.0 + 0.04 * (d * len(sweep.dimension) + n - (lines - 1) / 2)
                draw_line(axis, x, (d, slice(None), n), sweep, p, shift, color=colours[n],
                          **depth_look(d))
        style.log_axis(axis.xaxis, x)
        axis.set_xticks(x, [style.width_label(v).replace("N=", "") for v in sweep.width])
        axis.set_title(style.norm_label(sweep.p[p]))
        axis.set_xlabel("width $N$")
    style.legend_below(below, [style.key(f"$n={n}$", color=c, linestyle="-") for n, c in zip(sweep.dimension, colours)]
                       + [style.key(f"$L={depth}$", **depth_look(d)) for d, depth in enumerate(sweep.depth)])
    return figure, axes


def against_dimension(sweep):
    figure, axes, below = style.panels(len(sweep.depth), sharey=True)
    for d, axis in enumerate(axes):
        for p in range(len(sweep.p)):
            shift = 1.0 + 0.02 * (p - (len(sweep.p) - 1) / 2)
            draw_line(axis, sweep.dimension, (d, 0, slice(None)), sweep, p, shift, **norm_look(p))
        style.log_axis(axis.xaxis, sweep.dimension)
        axis.set_title(style.case_label(sweep, d, 0))
        axis.set_xlabel("input dimension $n$")
    style.legend_below(below, [style.key(style.norm_label(value), **norm_look(p)) for p, value in enumerate(sweep.p)])
    return figure, axes


def draw(sweep, folder):
    if np.isnan(sweep["summary/over_law"].values).all():
        raise style.NothingToDraw("the file has no predictions yet (the summary is written at the end of a run)")
    figure, axes = against_width(sweep) if len(sweep.width) > 1 else against_dimension(sweep)
    for axis in axes:
        axis.axhline(1.0, color=style.GUIDE, linestyle="--", linewidth=0.8, zorder=0)
    low, high = axes[0].get_ylim()
    axes[0].set_ylim(min(low, 0.5), max(high, 1.3))
    axes[0].set_ylabel("measured median /\nfirst-order law")
    style.footnote(figure, sweep, "Bars: intervals of the measured medians.")
    return style.save(figure, folder, "over_law")


if __name__ == "__main__":
    style.main(draw, __doc__)
