# SPDX-License-Identifier: BSD-3-Clause
"""Random dense ReLU networks whose boundary is far from a plane, drawn afresh from their laws, with references.

Usage: hard.py OUT.h5 SEED [--copies K] [--networks M] [--groups ghijkl]; BORDERLINE names the program to measure with.

Weights N(0, 2 / fan-in), biases N(0, variance), inputs uniform on [0, 1]^n, ten per network. The reference of an input is the
smallest distance that K searches of effort thorough confirm, each on a copy of the networks in which the coordinates and the
inputs are permuted: the permutation changes every random choice of the search. `met` counts the searches within 1 per mille
of the reference; where it is 1 or 2 of many, the reference is probably not the nearest point."""
import argparse
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

SOURCE = os.environ.get("BORDERLINE_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))
PROGRAM = os.environ.get("BORDERLINE", os.path.join(SOURCE, "build", "borderline"))
NORMS = ("l1", "l2", "linf")
INPUTS = 10
LAWS = {  # widths, variance of the biases
    "g": ([48, 20, 20, 20, 2], 0.0),
    "h": ([192] + [50] * 5 + [2], 0.0),
    "i": ([192] + [40] * 10 + [2], 0.0),
    "j": ([768] + [64] * 8 + [2], 0.0),
    "k": ([96] + [32] * 4 + [2], 0.1),
    "l": ([192] + [30] * 6 + [4], 0.0),
    "w": ([192, 100, 100, 2], 0.0),  # wide: nearly plane, for comparison
}


def draw(rng, groups, count):
    """{name: (weights, biases or None, inputs)}; a group's networks are named after it."""
    networks = {}
    for group in groups:
        widths, variance = LAWS[group]
        for k in range(count):
            weights = [(rng.standard_normal((b, a)) * np.sqrt(2 / a)).astype("f4") for a, b in zip(widths, widths[1:])]
            biases = [(rng.standard_normal(b) * np.sqrt(variance)).astype("f4") for b in widths[1:]] if variance else None
            networks[f"{group}{k}"] = weights, biases, rng.uniform(0, 1, (INPUTS, widths[0])).astype("f4")
    return networks


def write(path, networks):
    with h5py.File(path, "w") as file:
        file.attrs["format"] = "borderline-networks-1"
        for name, (weights, biases, inputs) in networks.items():
            group = file.create_group(name)
            group.attrs["input_shape"] = np.array([inputs.shape[1]])
            group["inputs"] = inputs
            for k, weight in enumerate(weights):
                if k > 0:
                    group.create_group(f"layer_{2 * k - 1:03d}").attrs["kind"] = "relu"
                layer = group.create_group(f"layer_{2 * k:03d}")
                layer.attrs["kind"] = "dense"
                layer["weight"] = weight
                if biases:
                    layer["bias"] = biases[k]


def permuted(rng, networks):
    """The networks with coordinates and inputs in another order, and the order of the inputs."""
    copies, order = {}, {}
    for name, (weights, biases, inputs) in networks.items():
        coordinates, order[name] = rng.permutation(inputs.shape[1]), rng.permutation(len(inputs))
        copies[name] = [weights[0][:, coordinates], *weights[1:]], biases, inputs[order[name]][:, coordinates]
    return copies, order


def measure(path, box, effort="thorough"):
    """{network: (distance [input, norm], infinite where none was found; passes)}."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.h5")
        subprocess.run([PROGRAM, "measure", path, "-o", out, "--p", "1,2,inf", "--effort", effort]
                       + (["--box", "0,1"] if box == "box" else ["--no-box"]), check=True, capture_output=True)
        with h5py.File(out) as file:
            return {name: (np.where(np.isnan(group["distance"][()]), np.inf, group["distance"][()]), group["passes"][()])
                    for name, group in file.items() if isinstance(group, h5py.Group) and "distance" in group}


def references(rng, networks, copies, box):
    """{network: distances [copy, input, norm]}, in the networks' own order."""
    found = {name: [] for name in networks}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "permuted.h5")
        for _ in range(copies):
            permutation, order = permuted(rng, networks)
            write(path, permutation)
            for name, (distance, _) in measure(path, box).items():
                back = np.empty_like(distance)
                back[order[name]] = distance
                found[name].append(back)
    return {name: np.stack(values) for name, values in found.items()}


def make(path, seed, copies=24, count=4, groups="ghijkl"):
    """Write a file of fresh networks with their references."""
    rng = np.random.default_rng(seed)
    networks = draw(rng, groups, count)
    write(path, networks)
    for box in ("box", "nobox") if copies else ():
        for name, distance in references(rng, networks, copies, box).items():
            with h5py.File(path, "a") as file:
                best = distance.min(0)
                for k, norm in enumerate(NORMS):
                    file[f"{name}/reference/{box}/best/{norm}"] = best[:, k]
                    file[f"{name}/reference/{box}/met/{norm}"] = (distance[..., k] <= best[:, k] * 1.001).sum(0)


if __name__ == "__main__":
    os.environ.update({"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"})
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("out")
    parser.add_argument("seed", type=int)
    parser.add_argument("--copies", type=int, default=24)
    parser.add_argument("--networks", type=int, default=4)
    parser.add_argument("--groups", default="ghijkl")
    chosen = parser.parse_args()
    make(chosen.out, chosen.seed, chosen.copies, chosen.networks, chosen.groups)
