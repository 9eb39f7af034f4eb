# SPDX-License-Identifier: BSD-3-Clause
"""All figures of one or several result files; `figures` calls it with a Python that has what it needs."""

import argparse
import os
import signal
import sys

import figure_calibration
import figure_distance
import figure_finite_width
import figure_kernel
import figure_limit
import figure_percentiles
import figure_perturbation
import figure_relative
import figure_trained
import figure_width
from borderline import FileError, MissingVariable, Posterior, Sweep, is_posterior, style

FIGURES = (figure_distance, figure_relative, figure_percentiles, figure_width, figure_finite_width, figure_limit, figure_kernel)


def attempt(draw, sweep, place, name):
    """Draw, or say in one line what the file lacks; the number of files written."""
    try:
        written = draw(sweep, place)
    except (MissingVariable, style.NothingToDraw) as reason:
        if draw is not figure_limit.draw or isinstance(reason, MissingVariable):  # of sweeps with width inf alone
            said = str(reason).removeprefix(f"{sweep.path}: ")
            print(f"{sweep.path}: {sweep.kind + ' ' if sweep.kind else ''}{name}: {said}")
        return 0
    print("\n".join(written))
    return len(written)


def draw_all(path, folder):
    """Draws what the file has; says what it has not. The number of files written."""
    whole, written = Sweep(path), 0
    if not whole.complete:
        print(f"{path}: {whole.units_done} of {whole.units} units are done; figures are preliminary")
    if whole.kinds:
        written += attempt(figure_trained.draw_sweep, whole, folder, figure_trained.__name__)
    several = whole.depth.size * whole.width.size * whole.dimension.size > 1
    for sweep, place in style.by_kind(whole, folder) if several or not whole.kinds else []:
        for figure in FIGURES:
            written += attempt(figure.draw, sweep, place, figure.__name__)
    return written


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `figures my.h5 | head` ends quietly
    parser = argparse.ArgumentParser(prog="figures", description="Draw all figures of result files, as PNG and PDF.")
    parser.add_argument("file", nargs="+", help="result file of `borderline run` or `posterior`; with --networks, of `borderline measure`")
    parser.add_argument("-o", "--output", help="folder (default: FILE-figures beside each file)")
    parser.add_argument("--networks", metavar="NETWORKS.h5",
                        help="the file that was measured with --save-points: draws the boundary points of one input")
    parser.add_argument("--network", help="with --networks: name of the network (default: the first)")
    parser.add_argument("--input", type=int, default=0, help="with --networks: number of the input (default: 0)")
    arguments = parser.parse_args()
    failed = 0
    for path in arguments.file:
        stem = os.path.splitext(path)[0]
        folder = arguments.output or stem + "-figures"
        if arguments.output and len(arguments.file) > 1:
            folder = os.path.join(arguments.output, os.path.basename(stem))
        try:
            if arguments.networks:
                print("\n".join(figure_perturbation.draw(path, arguments.networks, folder, arguments.network, arguments.input)))
            elif is_posterior(path):
                print("\n".join(figure_calibration.draw(Posterior(path), folder)))
            else:
                failed += draw_all(path, folder) == 0
        except (FileError, style.NothingToDraw) as error:
            print(f"figures: {error}", file=sys.stderr)
            failed += 1
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
