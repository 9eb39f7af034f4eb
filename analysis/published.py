# SPDX-License-Identifier: BSD-3-Clause
"""Medians that the paper published, for sweeps of the same networks (published/resnet-medians.csv names their source)."""

import csv
import os

import numpy as np

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "published", "resnet-medians.csv")
NETWORKS = 300  # behind each median

# what a sweep's resolved configuration must say for its networks to be the paper's
SAME = {"network.family": "resnet", "network.activation": "relu", "network.weights.distribution": "truncated_normal",
        "network.weights.variance": "2", "network.biases.variance": "0", "network.classes": "2", "image.channels": "3",
        "inputs.distribution": "uniform", "inputs.box": "[0, 1]"}
DEPTH, WIDTH = 20, 32


def table():
    """All rows: {p: (n, median, error of the median's logarithm)}, ascending in n."""
    rows = {}
    with open(FILE, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            low, high = float(row["percentile_40"]), float(row["percentile_60"])
            # sd of a sample's median = 1/2 / (density sqrt(N)), the density from the percentiles 40 to 60; the inputs of a
            # network count once, since their distances are correlated
            error = 0.5 / np.sqrt(NETWORKS) * np.log(high / low) / 0.2
            rows.setdefault(float(row["p"]), []).append((float(row["dimension"]), float(row["median"]), error))
    return {p: tuple(np.array(sorted(found)).T) for p, found in rows.items()}


def medians(sweep, d, w):
    """table() if this (depth, width) of the sweep is the paper's resnet, else nothing."""
    same = all(sweep.config.get(key) == value for key, value in SAME.items())
    return table() if same and sweep.depth[d] == DEPTH and sweep.width[w] == WIDTH else {}
