#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What finite width leaves of the Gaussian-process limit, against width, one colour a depth (of a sweep of one width against depth):
the outputs' variance, skewness, excess kurtosis and Kolmogorov-Smirnov distance to the normal over networks; mean and variance of the
logarithm of gradient norms, beside the limit's; how far beyond its first linear step a distance is; how many first steps cross."""

import numpy as np

from borderline import style
from figure_width import place_of

MOMENTS = (("output_variance", "variance of outputs /\nits limit"), ("output_skewness", "skewness\nof outputs"),
           ("output_kurtosis", "excess kurtosis\nof outputs"), ("output_ks", "Kolmogorov-Smirnov\ndistance to normal"))


def look(d, colours):
    return {"color": colours[d], "marker": style.MARKERS[d % len(style.MARKERS)], "linestyle": "-"}


class Panels:
    """Values [depth, width] of the largest dimension, drawn line by line."""

    def __init__(self, sweep):
        self.sweep, self.n = sweep, len(sweep.dimension) - 1
        self.by_depth = len(sweep.width) == 1 and len(sweep.depth) > 1
        self.x = sweep.depth.astype(float) if self.by_depth else place_of(sweep.width)
        self.colours = style.shades(1 if self.by_depth else len(sweep.depth))

    def values(self, name, *index):
        return self.sweep["summary/" + name].values[(slice(None), slice(None), self.n) + index]

    def draw(self, axis, value, below, above, label, guide=None):
        """Lines with bars; those of several depths side by side, so that their bars stand apart."""
        self.draw_between(axis, value, value - below, value + above, value, label, guide)

    def draw_between(self, axis, value, low, high, looked, label, guide):
        rows = [array.T if self.by_depth else array for array in (value, low, high, looked)]
        count = len(rows[0])
        for d, (v, b, a, far) in enumerate(zip(*rows)):
            style.estimates(axis, self.x * (1.0 + 0.07 * (d - (count - 1) / 2)), v, b, a, far, capsize=1.5, elinewidth=0.7,
                            **look(d, self.colours))
        if guide is not None:
            axis.axhline(guide, color=style.GUIDE, linestyle="--", linewidth=0.8, zorder=0)
        axis.set_ylabel(label)

    def moment(self, axis, name, label, guide):
        error = self.values(name + "_error")
        self.draw(axis, self.values(name), error, error, label, guide)

    def gradient_mean(self, axis):
        ratio = np.exp(self.values("gradient_log_mean") - self.values("gradient_log_mean_limit"))
        error = ratio * self.values("gradient_log_mean_error")
        self.draw(axis, ratio, error, error, "gradient norm /\nits limit (geometric)", 1.0)

    def gradient_variance(self, axis):
        limit = self.values("gradient_log_variance_limit")
        error = self.values("gradient_log_variance_error")
        value = self.values("gradient_log_variance")
        shown = np.maximum(value, 1e-300)
        self.draw(axis, value, np.minimum(error, 0.9 * shown), error, "variance of\nlog gradient norm", float(np.mean(limit)))
        axis.set_yscale("log")
        style.plain_log_ticks(axis.yaxis)

    def linearity(self, axis, p):
        """Median, and bars from the lower to the upper quartile of networks and inputs."""
        values = self.values("linearity_quantile", p)
        lower, median, upper = (values[..., int(np.argmin(np.abs(self.sweep.level - q)))] for q in (0.25, 0.5, 0.75))
        known = np.where(np.isfinite(values), values, 1.0)
        self.draw_between(axis, median, lower, upper, known.max(axis=-1), "distance / first\nlinear step, " + style.norm_label(self.sweep.p[p]), 1.0)
        axis.set_yscale("log")
        style.plain_log_ticks(axis.yaxis)

    def crossing(self, axis, p):
        error = self.values("first_step_crosses_error", p)
        self.draw(axis, self.values("first_step_crosses", p), error, error,
                  "1.1 first steps that\ncross, " + style.norm_label(self.sweep.p[p]))
        axis.set_ylim(0.0, 1.04)

    def finish(self, axis):
        if self.by_depth:
            axis.set_xticks(self.x)
            axis.set_xlabel("depth $L$")
            return
        style.log_axis(axis.xaxis, self.x)
        axis.set_xticks(self.x, [style.width_label(v).replace("N=", "") for v in self.sweep.width])
        axis.tick_params(axis="x", labelsize=6)
        axis.set_xlabel("width $N$")


def plots(panels):
    """What the file has: a function of an axis each."""
    sweep = panels.sweep
    limits = {"output_variance": 1.0, "output_skewness": 0.0, "output_kurtosis": 0.0, "output_ks": 0.8687 / np.sqrt(sweep.networks)}
    for name, label in MOMENTS:
        if np.isfinite(panels.values(name)).any():  # two classes only
            yield lambda axis, name=name, label=label: panels.moment(axis, name, label, limits[name])
    if np.isfinite(panels.values("gradient_log_mean_limit")).any():
        yield panels.gradient_mean
        yield panels.gradient_variance
    for p in range(len(sweep.p)):
        yield lambda axis, p=p: panels.linearity(axis, p)
    for p in range(len(sweep.p)):
        if np.isfinite(panels.values("first_step_crosses", p)).any():
            yield lambda axis, p=p: panels.crossing(axis, p)


def draw(sweep, folder):
    if np.isnan(sweep["summary/linearity_quantile"].values).all():
        raise style.NothingToDraw("the file has no statistics of finite width yet (the summary is written at the end of a run)")
    panels = Panels(sweep)
    drawn = list(plots(panels))
    figure, axes, below = style.panels(len(drawn))
    for plot, axis in zip(drawn, axes):
        plot(axis)
        panels.finish(axis)
    depths = [] if panels.by_depth else [style.key(f"$L={depth}$", **look(d, panels.colours)) for d, depth in enumerate(sweep.depth)]
    style.legend_below(below, depths + [style.key("Gaussian process", color=style.GUIDE, linestyle="--")])
    width = f", {style.width_label(sweep.width[0])}" if panels.by_depth else ""
    style.footnote(figure, sweep, f"$n={sweep.dimension[panels.n]}${width}. Bars: standard errors over networks; of the distances over steps, quartiles.")
    return style.save(figure, folder, "finite_width")


if __name__ == "__main__":
    style.main(draw, __doc__)
