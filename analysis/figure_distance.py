#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Median distance to the boundary against the input dimension, a panel each p, with quantile bands, fit and the
first-order law (figure 1 of De Palma, Kiani, Lloyd 2021)."""

import numpy as np

import published
from borderline import style


def band(axis, sweep, d, w, p, low, high, alpha):
    looked = sweep.looked().values[d, w, :, p]
    edges = [sweep.quantile("distance", level).values[d, w, :, p] for level in (low, high)]
    edges = [np.where(np.isinf(edge), looked, edge) for edge in edges]  # an infinite one lies beyond: see the medians
    label = f"quantiles {100 * low:g} to {100 * high:g} %"
    if len(sweep.dimension) == 1:  # a band of no width: draw it as a bar
        axis.vlines(sweep.dimension, *edges, color=style.COLOURS[0], alpha=alpha, linewidth=8, label=label)
    else:
        axis.fill_between(sweep.dimension, *edges, color=style.COLOURS[0], alpha=alpha, linewidth=0, label=label)


def measured(axis, sweep, d, w, p):
    median = sweep.quantile("distance", 0.5).values[d, w, :, p]
    low, high = (end.values[d, w, :, p] for end in sweep.interval("distance", 0.5))
    style.estimates(axis, sweep.dimension, median, low, high, sweep.looked().values[d, w, :, p], color=style.COLOURS[0], marker="o",
                    linestyle="none", capsize=2, elinewidth=0.8, label="measured median, with interval", zorder=5)


def fitted(axis, sweep, d, w, p):
    """Draws the power law; its exponent as text for the panel's title."""
    exponent, error, prefactor = (sweep["summary/" + k].values[d, w, p] for k in
                                  ("exponent", "exponent_error", "prefactor"))
    if not (np.isfinite(exponent) and np.isfinite(prefactor)):
        return ""
    n = np.geomspace(sweep.dimension.min(), sweep.dimension.max(), 50)
    spread = rf"\pm{error:.2f}" if np.isfinite(error) else ""
    axis.plot(n, prefactor * n**exponent, color=style.COLOURS[0], label=r"fit $C\,n^a$")
    return rf":  $a = {exponent:.2f}{spread}$"


def predicted(axis, sweep, d, p):
    median = int(np.argmin(np.abs(sweep.level - 0.5)))
    for name, label, colour, line in (("law", "first-order law", style.COLOURS[1], "--"),
                                      ("guaranteed", "guaranteed median", style.COLOURS[2], ":")):
        law = sweep["summary/" + name]
        law = (law.take(quantile=median) if "quantile" in law.axes else law).values[d, :, p]
        if np.isfinite(law).any():
            axis.plot(sweep.dimension, law, color=colour, linestyle=line, marker="_" if law.size == 1 else None,
                      markersize=9, label=label)


def overlaid(axis, sweep, d, w, p):
    """The paper's own medians, where the sweep has its networks."""
    found = published.medians(sweep, d, w).get(float(sweep.p[p]))
    if found:
        n, median, error = found
        axis.errorbar(n, median, yerr=[median * -np.expm1(-error), median * np.expm1(error)], color=style.COLOURS[6],
                      marker="x", linestyle="none", capsize=1.5, elinewidth=0.6, label="published median (paper), one s.e.")


def named(axes):
    """The legend's entries, each once: a panel may lack some (p = 0 has no guaranteed median)."""
    found = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels()):
            found.setdefault(label, handle)
    for label, handle in found.items():
        handle.set_label(label)
    return list(found.values())


def draw(sweep, folder):
    written = []
    for d, w, suffix in style.cases(sweep):
        if np.isnan(sweep.quantile("distance", 0.5).values[d, w]).all():
            continue
        figure, axes, below = style.panels(len(sweep.p))
        for p, axis in enumerate(axes):
            band(axis, sweep, d, w, p, 0.25, 0.75, 0.15)
            band(axis, sweep, d, w, p, 0.40, 0.60, 0.3)
            measured(axis, sweep, d, w, p)
            fit = fitted(axis, sweep, d, w, p)
            predicted(axis, sweep, d, p)
            overlaid(axis, sweep, d, w, p)
            style.log_axis(axis.xaxis, sweep.dimension)
            axis.set_yscale("log")
            style.plain_log_ticks(axis.yaxis)
            axis.set_title(style.norm_label(sweep.p[p]) + fit)
            axis.set_xlabel("input dimension $n$")
        axes[0].set_ylabel("distance to the boundary" if 0 not in sweep.p else
                           "distance to the boundary\n(" + style.norm_label(0) + ": coordinates changed)")
        style.legend_below(below, named(axes))
        figure.suptitle(f"Median distance, {style.case_label(sweep, d, w)}", fontsize=9)
        lost = np.isinf(sweep.quantile("distance", 0.5).values[d, w]).any()
        style.footnote(figure, sweep, "Quantiles over networks and inputs." + " Triangles: the median lies beyond the largest length "
                       "looked at." * bool(lost))
        written += style.save(figure, folder, "median_distance" + suffix)
    if not written:
        raise style.NothingToDraw("no distance is in the file yet")
    return written


if __name__ == "__main__":
    style.main(draw, __doc__)
