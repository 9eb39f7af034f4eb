#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Is the Bayesian classifier as sure as it is right? Reliability diagram (share of test images classified rightly against
confidence, with 95 % intervals), how many images have which confidence, and, where distances were measured, their medians and
quartiles over the median of the prior's first-order law."""

import numpy as np

from borderline import Posterior, style
from borderline.statistics import quantile, wilson

KINDS = ("training", "test", "random")


def draw_reliability(axis, posterior):
    count, confidence, accuracy = (posterior["bin_" + name].values for name in ("count", "confidence", "accuracy"))
    there = count > 0
    low, high = wilson(accuracy[there], count[there])
    axis.plot([0, 1], [0, 1], color=style.GUIDE, linestyle="--", linewidth=0.8, zorder=0)
    axis.errorbar(confidence[there], accuracy[there], yerr=np.maximum([accuracy[there] - low, high - accuracy[there]], 0), capsize=1.5,
                  elinewidth=0.7, color=style.COLOURS[0], marker=style.MARKERS[0])
    axis.set(xlim=(0, 1.02), ylim=(-0.02, 1.02), xlabel="confidence", ylabel="share classified rightly")
    axis.set_title(f"accuracy {posterior['accuracy'].values:.4f}, calibration error {posterior['calibration_error'].values:.4f}", fontsize=7)


def draw_counts(axis, posterior):
    count = posterior["bin_count"].values
    edges = np.linspace(0, 1, len(count) + 1)
    axis.bar(edges[:-1], count, width=np.diff(edges), align="edge", color=style.COLOURS[5], edgecolor="white", linewidth=0.5)
    axis.set_yscale("log")
    axis.set(xlim=(0, 1), ylim=(0.7, None), xlabel="confidence", ylabel="test images")


def draw_distances(axis, posterior):
    """Kinds side by side, one colour a norm."""
    distance, law = posterior.lengths().values, posterior["prior_law"].values  # [kind, input, p], [kind, p, quantile]
    middle = law.shape[-1] // 2
    for p, norm in enumerate(posterior.p):
        unit, found = law[:, p, middle], np.where(np.isfinite(distance[..., p]), distance[..., p], 0.0)
        low, median, high = (quantile(distance[..., p], level, axis=1) / unit for level in (0.25, 0.5, 0.75))
        place = np.arange(len(KINDS)) + 0.14 * (p - (len(posterior.p) - 1) / 2)
        style.estimates(axis, place, median, low, high, found.max(axis=1) / unit, capsize=1.5, elinewidth=0.7, linestyle="none",
                        color=style.COLOURS[p % len(style.COLOURS)], marker=style.MARKERS[p % len(style.MARKERS)])
    axis.axhline(1.0, color=style.GUIDE, linestyle="--", linewidth=0.8, zorder=0)
    axis.set_yscale("log")
    style.plain_log_ticks(axis.yaxis)
    axis.set_xticks(range(len(KINDS)), KINDS)
    axis.set(xlabel="inputs", ylabel="distance / median\nof the prior's law")


def draw(posterior, folder):
    plots = [draw_reliability, draw_counts] + ([draw_distances] if len(posterior.p) else [])
    figure, axes, below = style.panels(len(plots))
    for plot, axis in zip(plots, axes):
        plot(axis, posterior)
    style.legend_below(below, [style.key("as sure as right; the prior's law", color=style.GUIDE, linestyle="--")] + [
        style.key(style.norm_label(norm), color=style.COLOURS[p % len(style.COLOURS)], marker=style.MARKERS[p % len(style.MARKERS)])
        for p, norm in enumerate(posterior.p)])
    network = f"{posterior.config['network.family']}, {posterior.config['network.activation']}, $L={posterior.config['network.depth']}$"
    figure.supxlabel(f"{posterior.title}: {posterior.train} training and {posterior.test} test images, {posterior.config['data.labels']}; {network}; "
                     f"noise {posterior.config['noise']}. Bars: 95 % intervals (Wilson); of distances, quartiles.", fontsize=6, color="#555555",
                     x=0.01, ha="left")
    return style.save(figure, folder, "calibration")


if __name__ == "__main__":
    style.main(draw, __doc__, Posterior, "posterior")
