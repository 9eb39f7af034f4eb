# SPDX-License-Identifier: BSD-3-Clause
"""One image, the nearest boundary point in every norm, and the perturbation that leads there, side by side: from the
networks file and what `borderline measure --save-points` wrote about it (analysis/figures OUT.h5 --networks NETWORKS.h5)."""

import h5py
import numpy as np

from borderline import FileError, Measurement, style


def image_shape(shape):
    """[channels, height, width] of an input: as the file says, or a flat one that is a square of 3 or 1 channels."""
    if len(shape) == 3:
        return tuple(int(s) for s in shape)
    for channels in (3, 1):
        side = round((shape[0] / channels)**0.5)
        if channels * side * side == shape[0]:
            return channels, side, side
    raise style.NothingToDraw(f"inputs of {shape[0]} numbers are no square image of 3 or 1 channels")


def picture(x, shape):
    """Rows of pixels, the channels last."""
    return np.moveaxis(x.reshape(shape), 0, -1)


def draw_panel(axis, values, title, colours=None, reach=None):
    gray = values.shape[-1] == 1 or colours is not None
    if gray:
        strongest = np.take_along_axis(values, np.abs(values).argmax(-1)[..., None], -1)[..., 0]
        limits = {"vmin": -reach, "vmax": reach} if reach else {"vmin": 0, "vmax": 1}
        shown = axis.imshow(strongest, cmap=colours or "gray", interpolation="nearest", **limits)
    else:
        shown = axis.imshow(np.clip(values, 0, 1), interpolation="nearest")
    axis.set_title(title, fontsize=7)
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set_visible(True)
    return shown


def open_networks(path):
    try:
        return h5py.File(path, "r")
    except OSError:
        raise FileError(f"{path}: cannot be opened as HDF5") from None


def draw(measured, networks, folder, network, number):
    measurement = Measurement(measured)
    network = network or measurement.networks[0]
    if network not in measurement.networks:
        raise style.NothingToDraw(f"{measured} has no network {network}")
    variables = measurement[network]
    if "points" not in variables:
        raise style.NothingToDraw(f"{measured} has no boundary points: measure with --save-points")
    with open_networks(networks) as file:
        if network not in file:
            raise style.NothingToDraw(f"{networks} has no network {network}")
        inputs, shape = file[network]["inputs"][()].astype(float), image_shape(file[network].attrs["input_shape"])
    if not 0 <= number < len(inputs):
        raise style.NothingToDraw(f"{network} has inputs 0 to {len(inputs) - 1}")
    x, points, distance = inputs[number], variables["points"].values[number], variables["distance"].values[number]
    count = len(measurement.p)
    figure, axes = style.plt.subplots(2, count + 1, figsize=(1.7 * (count + 1), 3.9), squeeze=False)
    draw_panel(axes[0][0], picture(x, shape), "input")
    axes[1][0].set_axis_off()
    for k, p in enumerate(measurement.p):
        if not np.isfinite(distance[k]):
            for row in (0, 1):
                axes[row][k + 1].set_axis_off()
            axes[0][k + 1].set_title(f"{style.norm_label(p)}: none found", fontsize=7)
            continue
        moved = points[k] - x
        reach = np.abs(moved).max() or 1.0
        draw_panel(axes[0][k + 1], picture(points[k], shape), f"{style.norm_label(p)}: distance {distance[k]:.3g}")
        shown = draw_panel(axes[1][k + 1], picture(moved, shape),
                           f"{np.mean(np.abs(moved) > 1e-3 * reach):.0%} of coordinates moved", "RdBu_r", reach)
        bar = figure.colorbar(shown, ax=axes[1][k + 1], orientation="horizontal", fraction=0.06, pad=0.04)
        bar.set_ticks([-reach, 0, reach], labels=[f"{-reach:.2g}", "0", f"{reach:.2g}"])
    figure.suptitle(f"Nearest boundary points (above) and perturbations (below), {network}, input {number}", fontsize=9)
    figure.supxlabel("Perturbation of a pixel: that of the channel that moves most.", fontsize=6, color="#555555", x=0.01, ha="left")
    return style.save(figure, folder, f"perturbation_{network}_{number}")
