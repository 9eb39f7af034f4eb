#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How finite widths N converge to the Gaussian process (width inf of the same sweep): deviations of the median distance, of the
mean log distance with and without the output's own scatter, and of the kernel, against N, with fits by c/N + e/N^2 and by a free power."""

import numpy as np
from scipy.optimize import curve_fit

from borderline import style
from borderline.statistics import median
from figure_width import norm_look

DRAWS = 400
QUANTITIES = (("median", "median distance: ratio $- 1$"), ("log", "mean log distance:\ndifference"),
              ("slope", "mean log (distance$/|f(x_0)|$):\ndifference"))


def statistics(distance, output, chosen):
    """Median and mean logs over the chosen networks. A distance that was not found is infinite in the median and left out of the
    means."""
    d, f = distance[chosen], np.abs(output[chosen])
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [np.where(np.isfinite(x) & (d > 0), x, np.nan) for x in (np.log(d), np.log(d / f))]
    return np.array([np.log(median(d))] + [np.nanmean(x) for x in logs])


def measured(sweep, d, w, n, p):
    """The three statistics of a case, and draws of them from a bootstrap over networks."""
    distance, output = sweep.lengths().take(depth=d, width=w, dimension=n).values[..., p], \
        sweep["output"].take(depth=d, width=w, dimension=n).values
    draws = np.random.default_rng(1).integers(len(distance), size=(DRAWS, len(distance)))
    return statistics(distance, output, slice(None)), np.array([statistics(distance, output, k) for k in draws])


def deviations(sweep, d, n, p):
    """value[quantity, width], error: what finite widths have over the limit."""
    limit = int(np.flatnonzero(np.isinf(sweep.width))[0])
    cases = [measured(sweep, d, w, n, p) for w in np.flatnonzero(np.isfinite(sweep.width))]
    right = measured(sweep, d, limit, n, p)
    value = np.array([c[0] - right[0] for c in cases]).T
    error = np.sqrt(np.array([c[1].var(axis=0) + right[1].var(axis=0) for c in cases])).T
    value[0], error[0] = np.expm1(value[0]), error[0] * np.exp(value[0])
    return value, error


def fit(width, value, error):
    """c, e of c/N + e/N^2, the error of c, chi squared a degree of freedom; and the exponent a of c N^-a with its error."""
    terms = np.stack([1 / width, 1 / width**2], 1) / error[:, None]
    found, _, _, _ = np.linalg.lstsq(terms, value / error, rcond=None)
    c_error = np.sqrt(np.linalg.pinv(terms.T @ terms)[0, 0])
    chi2 = np.sum((terms @ found - value / error) ** 2) / max(len(width) - 2, 1)
    try:
        (_, a), covariance = curve_fit(lambda x, c, a: c * x**-a, width, value, (found[0], 1.0), error, absolute_sigma=True)
        return found, c_error, chi2, a, np.sqrt(covariance[1, 1])
    except RuntimeError:  # nothing but noise
        return found, c_error, chi2, np.nan, np.nan


def draw_deviation(axis, width, value, error, name, **look):
    """Absolute values, on a logarithmic axis; a bar that reaches 0 goes to the axis."""
    axis.errorbar(width, np.abs(value), yerr=np.array([np.minimum(error, 0.9 * np.abs(value)), error]), capsize=1.5, elinewidth=0.7,
                  **{**look, "linestyle": "none"})
    (c, e), c_error, chi2, a, a_error = fit(width, value, error)
    line = np.geomspace(width.min(), width.max(), 50)
    axis.plot(line, np.abs(c / line + e / line**2), color=look["color"], linewidth=0.9)
    axis.plot(line, np.abs(c) / line, color=look["color"], linewidth=0.7, linestyle="--")
    print(f"{name}: ({c:.3g} +- {c_error:.2g})/N + {e:.3g}/N^2, chi squared {chi2:.2f} a degree of freedom; "
          f"free power N^-a: a = {a:.2f} +- {a_error:.2f}")
    for at in zip(width, value, error):
        print("    N = {:g}: {:+.4f} +- {:.4f}".format(*at))


def draw_kernel(axis, sweep, width, d, n):
    """Features' deviation: noise of finitely many networks, and what is left of it."""
    deviation = sweep["summary/kernel_deviation"].values[d, np.isfinite(sweep.width), n]
    axis.plot(width, deviation, color=style.COLOURS[6], marker="o", linestyle="none")
    noise, bias = (sweep["summary/kernel_fit_" + part].values[d, n] for part in ("noise", "bias"))
    axis.plot(width, bias / width, color=style.COLOURS[6], linewidth=0.7, linestyle="--")
    axis.plot(width, np.sqrt(noise**2 / (sweep.networks * width) + bias**2 / width**2), color=style.COLOURS[6], linewidth=0.9)
    if noise > 0:
        axis.plot(width, noise / np.sqrt(sweep.networks * width), color=style.GUIDE, linestyle=":")
    print(f"kernel, L = {sweep.depth[d]:g}: noise {noise:.3g}/sqrt(SN), bias {bias:.3g}/N")
    axis.set_ylabel(r"kernel: $\|\hat K - K\|_F\,/\,\|K\|_F$")


def draw(sweep, folder):
    finite = np.isfinite(sweep.width)
    if finite.all() or finite.sum() < 2:
        raise style.NothingToDraw("convergence needs width inf and two finite widths")
    if not np.isfinite(sweep["distance"].values).any():
        raise style.NothingToDraw("the file has no distances yet")
    d, n, width = len(sweep.depth) - 1, len(sweep.dimension) - 1, sweep.width[finite]
    kernel = "summary/kernel_deviation" in sweep and np.isfinite(sweep["summary/kernel_deviation"].values[d, finite, n]).all()
    figure, axes, below = style.panels(3 + kernel, columns=2)
    for p, norm in enumerate(sweep.p):
        value, error = deviations(sweep, d, n, p)
        for k, (name, label) in enumerate(QUANTITIES):
            draw_deviation(axes[k], width, value[k], error[k], f"{name}, p = {style.norm_name(norm)}", **norm_look(p))
            axes[k].set_ylabel(label)
    if kernel:
        draw_kernel(axes[3], sweep, width, d, n)
    noisy = kernel and sweep["summary/kernel_fit_noise"].values[d, n] > 0
    for axis in axes:
        axis.set_yscale("log")
        style.log_axis(axis.xaxis, width)
        axis.set_xlabel("width $N$")
    style.legend_below(below, [style.key(style.norm_label(v), **norm_look(p)) for p, v in enumerate(sweep.p)]
                       + [style.key("fit: $c/N + e/N^2$", linestyle="-", linewidth=0.9), style.key("its $c/N$", linestyle="--", linewidth=0.7)]
                       + [style.key("noise of the networks", color=style.GUIDE, linestyle=":")] * bool(noisy))
    style.footnote(figure, sweep, f"$L={sweep.depth[d]:g}$, $n={sweep.dimension[n]}$. Bars: bootstrap.")
    return style.save(figure, folder, "limit")


if __name__ == "__main__":
    style.main(draw, __doc__)
