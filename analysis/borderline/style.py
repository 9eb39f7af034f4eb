# SPDX-License-Identifier: BSD-3-Clause
"""What all figures share: a print style, colours that colour-blind readers tell apart, labels, saving."""

import argparse
import os
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.lines  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

from .reader import FileError, Sweep  # noqa: E402

# Okabe and Ito's colours, and a marker each, so that no meaning hangs on colour alone
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
GUIDE = "#777777"
COLUMN, PAGE = 3.5, 7.1  # inches: one and two columns of a journal

plt.rcParams.update({
    "font.family": "sans-serif", "font.size": 8, "axes.labelsize": 8, "axes.titlesize": 8, "legend.fontsize": 6.5,
    "xtick.labelsize": 7, "ytick.labelsize": 7, "axes.linewidth": 0.6, "lines.linewidth": 1.1, "lines.markersize": 3.5,
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "figure.dpi": 150,
    "savefig.dpi": 300, "pdf.fonttype": 42, "mathtext.fontset": "dejavusans", "figure.constrained_layout.use": True,
})


class NothingToDraw(Exception):
    """The file lacks what the figure shows; the message says what."""


def norm_label(p):
    """l^p as mathematics, for any p of a sweep."""
    return r"$\ell^\infty$" if np.isinf(p) else rf"$\ell^{{{p:g}}}$"


def norm_name(p):
    """p in a sentence or file name."""
    return "inf" if np.isinf(p) else f"{p:g}"


def width_label(width):
    return r"$N=\infty$" if np.isinf(width) else f"$N={width:g}$"


def case_label(sweep, depth, width):
    return f"$L={sweep.depth[depth]:g}$, {width_label(sweep.width[width])}"


def cases(sweep):
    """Indices (depth, width), and what to add to a file name when there are several."""
    several = len(sweep.depth) * len(sweep.width) > 1
    for d, depth in enumerate(sweep.depth):
        for w, width in enumerate(sweep.width):
            yield d, w, f"_depth{depth:g}_width{norm_name(width)}" if several else ""


def shades(count):
    """One colour each for an ordered quantity, from dark to light."""
    return [plt.get_cmap("viridis")(x) for x in np.linspace(0.0, 0.85, count)]


def log_axis(axis, values):
    """Logarithmic, with ticks where the data are; a single value gets room around it."""
    values = np.asarray(values, float)
    low, high = values.min(), values.max()
    (axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale)("log")
    if axis.axis_name == "x":
        room = (high / low) ** 0.08 if high > low else 2.0
        axis.axes.set_xlim(low / room, high * room)
    shown, grid = [], axis.axes.get_subplotspec()
    columns = grid.get_gridspec().ncols if grid else 1
    apart = 0.38 / (axis.axes.figure.get_figwidth() / columns - 0.4)  # inches of a label and a gap, of the axis
    for v in values:  # labels far enough from the one before to be read
        if not shown or np.log(v / shown[-1]) > apart * np.log(high / low):
            shown.append(v)
    axis.set_major_locator(matplotlib.ticker.FixedLocator(shown))
    axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda v, _: f"{v:g}"))
    axis.set_minor_locator(matplotlib.ticker.NullLocator())


def plain_log_ticks(axis):
    """Numbers instead of powers of ten on a logarithmic axis that spans little."""
    low, high = axis.get_view_interval()
    if high / low < 100:
        axis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5) if high / low > 3 else (1, 1.5, 2, 3, 4, 5, 6, 8)))
        axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda v, _: f"{v:g}"))
        axis.set_minor_formatter(matplotlib.ticker.NullFormatter())


def panels(count, height=2.1, columns=4, **options):
    """A figure of `count` panels in rows of at most `columns`, and an empty axis below them for one legend of all."""
    columns = min(count, columns)
    rows = -(-count // columns)
    width = COLUMN * 1.15 if columns == 1 else min(PAGE, 2.4 * columns)
    lower = 0.4 if columns > 1 else 0.6
    figure = plt.figure(figsize=(width, height * rows + 0.3 + lower))
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[height] * rows + [lower])
    axes = []
    for i in range(count):
        shared = axes[0] if axes and options.get("sharey") else None
        axes.append(figure.add_subplot(grid[i // columns, i % columns], sharey=shared))
        if shared is not None and i % columns:
            axes[-1].tick_params(labelleft=False)
    below = figure.add_subplot(grid[rows, :])
    below.set_axis_off()
    return figure, axes, below


def legend_below(below, handles):
    """One legend for all panels, in the axis below them."""
    most = 2 if below.figure.get_figwidth() < 5 else 5
    rows = -(-len(handles) // most)
    below.legend(handles=handles, loc="upper center", ncol=-(-len(handles) // rows), handlelength=2.0, columnspacing=1.4,
                 borderaxespad=0.0)


def estimates(axis, x, value, low, high, looked, **look):
    """Points with intervals. An end that is not there (NaN) has no bar; one that is infinite, among distances that were not found, is
    drawn as an arrow up from the largest length looked at; an infinite value as an open triangle there."""
    x, value, low, high, looked = (np.broadcast_to(np.asarray(v, float), np.shape(value)) for v in (x, value, low, high, looked))
    beyond = np.isinf(value)
    shown = np.where(beyond, np.nan, value)
    with np.errstate(invalid="ignore"):
        up = np.where(np.isinf(high), np.maximum(looked, shown), high) - shown
        bars = np.nan_to_num(np.maximum([shown - np.where(np.isinf(low), np.nan, low), up], 0.0))
    drawn = axis.errorbar(x, shown, yerr=bars, **look)
    arrows = {"color": look.get("color"), "linestyle": "none", "zorder": look.get("zorder", 2)}
    open_ended = np.isinf(high) & ~beyond
    if open_ended.any():
        axis.plot(x[open_ended], np.maximum(looked, shown)[open_ended], marker=matplotlib.markers.CARETUP, markersize=6, **arrows)
    if beyond.any():
        axis.plot(x[beyond], looked[beyond], marker="^", markerfacecolor="none", **arrows)
    return drawn


def key(label, **look):
    """A line or marker for a legend: what a colour, a marker or a line style means."""
    return matplotlib.lines.Line2D([], [], label=label, **{"color": "#333333", "linestyle": "none", **look})


def footnote(figure, sweep, text=""):
    """Where the numbers come from, small, under the figure."""
    state = "" if sweep.complete or sweep.units_done == sweep.units else \
        f"; preliminary: {sweep.units_done} of {sweep.units} units done"
    figure.supxlabel(f"{sweep.title}: {sweep.networks} networks per case, {sweep.inputs} input{'' if sweep.inputs == 1 else 's'} each{state}. {text}".strip(),
                     fontsize=6, color="#555555", x=0.01, ha="left")


def save(figure, folder, name):
    """As PNG and PDF; the paths."""
    os.makedirs(folder, exist_ok=True)
    figure.draw_without_rendering()  # one layout for both files; it is most of the time
    figure.set_layout_engine("none")
    written = []
    for kind in ("png", "pdf"):
        path = os.path.join(folder, f"{name}.{kind}")
        figure.savefig(path, metadata={"CreationDate": None} if kind == "pdf" else None)
        written.append(path)
    plt.close(figure)
    return written


def by_kind(sweep, folder):
    """A sweep that trains has figures of every kind of input, in folders of their own."""
    return [(sweep.of_kind(kind), os.path.join(folder, kind)) for kind in sweep.kinds] or [(sweep, folder)]


def main(draw, what, kind=Sweep, command="run"):
    """A figure's own command line: FILE.h5 [-o FOLDER]."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("file", help=f"result file of `borderline {command}`")
    parser.add_argument("-o", "--output", help="folder for the figure (default: FILE-figures)")
    arguments = parser.parse_args()
    folder = arguments.output or os.path.splitext(arguments.file)[0] + "-figures"
    try:
        for file, place in by_kind(kind(arguments.file), folder):
            print("\n".join(draw(file, place)))
    except (FileError, NothingToDraw) as error:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {error}")
