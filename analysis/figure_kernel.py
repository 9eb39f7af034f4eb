#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Empirical kernels of the random networks against the analytic kernel of infinite width: relative deviation against
width, with the orders of its noise and bias, and the entries themselves."""

import numpy as np

from borderline import style
from borderline.style import plt


ENTRIES_MAX = 256  # kernel inputs whose entries are drawn


def finite_widths(sweep):
    return np.flatnonzero(np.isfinite(sweep.width))


def entries(sweep, colours):
    return ([style.key(f"$n={n}$", color=c, linestyle="-") for n, c in zip(sweep.dimension, colours)]
            + [style.key(f"$L={depth}$", marker=style.MARKERS[d % len(style.MARKERS)]) for d, depth in
               enumerate(sweep.depth)]
            + [style.key("from features", marker="o", linestyle="-", linewidth=0.8),
               style.key("from outputs", marker="o", markerfacecolor="none", linestyle=":", linewidth=0.8),
               style.key(r"fit: $a/\sqrt{SN}$ and $b/N$", color=style.GUIDE, linestyle="--")])


def draw_deviation(axis, sweep):
    widths, colours = finite_widths(sweep), style.shades(len(sweep.dimension))
    x = sweep.width[widths]
    for name, fill in (("kernel_deviation", None), ("kernel_deviation_output", "none")):
        deviation = sweep["summary/" + name].values
        for d in range(len(sweep.depth)):
            for n in range(len(sweep.dimension)):
                if np.isfinite(deviation[d, widths, n]).any():
                    axis.plot(x, deviation[d, widths, n], color=colours[n], marker=style.MARKERS[d % len(style.MARKERS)],
                              markerfacecolor=fill, linestyle="-" if fill is None else ":", linewidth=0.8)
    guide = np.geomspace(x.min() / 1.3, x.max() * 1.3, 50)
    if "summary/kernel_fit_noise" in sweep:
        noise, bias = sweep["summary/kernel_fit_noise"].values, sweep["summary/kernel_fit_bias"].values
        for d, n in np.argwhere(np.isfinite(noise)):
            fit = np.sqrt(noise[d, n] ** 2 / (sweep.networks * guide) + bias[d, n] ** 2 / guide ** 2)
            axis.plot(guide, fit, color=style.GUIDE, linestyle="--", zorder=0)
    axis.set_yscale("log")
    style.log_axis(axis.xaxis, x)
    axis.set_xlabel("width $N$")
    axis.set_ylabel(r"$\|\hat K - K\|_F\,/\,\|K\|_F$")
    axis.legend(handles=entries(sweep, colours), loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=2.2,
                borderaxespad=0.2)


def draw_entries(axis, sweep, d, n):
    widths = finite_widths(sweep)
    analytic = sweep["gram_nngp"].take(depth=d, dimension=n).values
    empirical = sweep["gram_empirical"].take(depth=d, dimension=n).values
    upper = np.triu_indices(min(analytic.shape[-1], ENTRIES_MAX))
    for i, w in enumerate(widths):
        axis.plot(analytic[w][upper], empirical[w][upper], linestyle="none", markersize=2.2, alpha=0.6,
                  marker=style.MARKERS[i % len(style.MARKERS)], markeredgewidth=0,
                  color=style.COLOURS[i % len(style.COLOURS)], label=style.width_label(sweep.width[w]))
    known = analytic[np.isfinite(analytic)]
    if known.size:
        ends = np.array([known.min(), known.max()])
        axis.plot(ends, ends, color=style.GUIDE, linestyle="--", linewidth=0.8, zorder=0)
    axis.xaxis.set_major_locator(plt.MaxNLocator(5))
    axis.set_xlabel("analytic kernel $K(x_i, x_j)$")
    axis.set_ylabel(r"empirical kernel $\hat K(x_i, x_j)$")
    axis.set_title(f"entries, $L={sweep.depth[d]}$, $n={sweep.dimension[n]}$")
    axis.legend(loc="upper left", markerscale=2)


def draw(sweep, folder):
    if "gram_nngp" not in sweep:
        raise style.NothingToDraw("the sweep has no kernels (kernel.inputs is 0)")
    deviation = sweep["summary/kernel_deviation"].values
    if not np.isfinite(deviation).any() or finite_widths(sweep).size == 0:
        raise style.NothingToDraw("the file has no kernels yet (they are written at the end of a run)")
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.PAGE, 2.8), width_ratios=(1.0, 1.0))
    draw_deviation(left, sweep)
    d, _, n = np.argwhere(np.isfinite(deviation))[-1]
    draw_entries(right, sweep, d, n)
    style.footnote(figure, sweep, f"Kernel inputs: {sweep['gram_nngp'].values.shape[-1]}.")
    return style.save(figure, folder, "kernel")


if __name__ == "__main__":
    style.main(draw, __doc__)
