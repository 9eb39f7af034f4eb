#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What finite width leaves of the Gaussian-process limit, against width, one colour a depth: the outputs' variance, excess
kurtosis and Kolmogorov-Smirnov distance to the normal over networks, and how far beyond its first linear step a distance is."""

import numpy as np

import style
from figure_width import place_of

MOMENTS = (("output_variance", "variance of outputs /\nits limit"), ("output_kurtosis", "excess kurtosis\nof outputs"),
           ("output_ks", "Kolmogorov-Smirnov\ndistance to normal"))


def look(d, colours):
    return {"color": colours[d], "marker": style.MARKERS[d % len(style.MARKERS)], "linestyle": "-"}


def shift(d, count):
    """Depths side by side, so that their bars stand apart."""
    return 1.0 + 0.07 * (d - (count - 1) / 2)


def draw_moment(axis, x, sweep, n, name, colours):
    value, error = (sweep["summary/" + name + end].values[:, :, n] for end in ("", "_error"))
    for d in range(len(sweep.depth)):
        axis.errorbar(x * shift(d, len(sweep.depth)), value[d], yerr=np.nan_to_num(error[d]), capsize=1.5, elinewidth=0.7,
                      **look(d, colours))


def draw_linearity(axis, x, sweep, n, p, colours):
    """Median, and bars from the lower to the upper quartile of networks and inputs."""
    values = sweep["summary/linearity_quantile"].values[:, :, n, p]
    lower, median, upper = (values[..., int(np.argmin(np.abs(sweep.level - q)))] for q in (0.25, 0.5, 0.75))
    for d in range(len(sweep.depth)):
        bars = np.nan_to_num([median[d] - lower[d], upper[d] - median[d]])
        axis.errorbar(x * shift(d, len(sweep.depth)), median[d], yerr=bars, capsize=1.5, elinewidth=0.7, **look(d, colours))
    axis.axhline(1.0, color=style.GUIDE, linestyle="--", linewidth=0.8, zorder=0)
    axis.set_ylabel("distance / first\nlinear step, " + style.norm_label(sweep.p[p]))


def draw(sweep, folder):
    if not np.isfinite(sweep["summary/linearity_quantile"].values).any():
        raise style.NothingToDraw("the file has no statistics of finite width yet (the summary is written at the end of a run)")
    n = len(sweep.dimension) - 1
    moments = [m for m in MOMENTS if np.isfinite(sweep["summary/" + m[0]].values).any()]  # two classes only
    limits = {"output_variance": 1.0, "output_kurtosis": 0.0, "output_ks": 0.8687 / np.sqrt(sweep.networks)}
    x, colours = place_of(sweep.width), style.shades(len(sweep.depth))
    figure, axes, below = style.panels(len(moments) + len(sweep.p))
    for axis, (name, label) in zip(axes, moments):
        draw_moment(axis, x, sweep, n, name, colours)
        axis.axhline(limits[name], color=style.GUIDE, linestyle="--", linewidth=0.8, zorder=0)
        axis.set_ylabel(label)
    for p, axis in enumerate(axes[len(moments):]):
        draw_linearity(axis, x, sweep, n, p, colours)
    for axis in axes:
        style.log_axis(axis.xaxis, x)
        axis.set_xticks(x, [style.width_label(v).replace("N=", "") for v in sweep.width])
        axis.set_xlabel("width $N$")
    style.legend_below(below, [style.key(f"$L={depth}$", **look(d, colours)) for d, depth in enumerate(sweep.depth)]
                       + [style.key("Gaussian process", color=style.GUIDE, linestyle="--")])
    style.footnote(figure, sweep, f"$n={sweep.dimension[n]}$. Bars: standard errors over networks; of the steps, quartiles.")
    return style.save(figure, folder, "finite_width")


if __name__ == "__main__":
    style.main(draw, __doc__)
