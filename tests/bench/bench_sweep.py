"""Benchmarks of whole sweeps, from the result files they write: one JSON object a line.

Usage: bench_sweep.py SOURCE   (BORDERLINE names the program)
"""
import json
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

PROGRAM, SOURCE = os.environ["BORDERLINE"], sys.argv[1]
PAPER_DENSE = ["--set", "samples.networks=60", "--set", "kernel.inputs=0", "--set", "summary.bootstrap=10"]


def sweep(ranks, options):
    """Run the paper's dense sweep with fewer networks; gives the open result file's bookkeeping."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.h5")
        subprocess.run([f"{SOURCE}/jobs/launch", str(ranks), PROGRAM, "run", f"{SOURCE}/jobs/sweeps/paper-dense.yaml",
                        "-o", out, *options], check=True, capture_output=True, text=True)
        with h5py.File(out) as file:
            unit = {name: file["unit"][name][()] for name in ("seconds", "seconds_sampling", "seconds_passes", "begin", "rank")}
            distances = int((file["status"][()] == 1).sum())
            launch = {name: file["provenance/launch"][name][0] for name in ("seconds_busy", "seconds_writing", "memory_peak")}
    unit["distances"], unit["writing"] = distances, launch["seconds_writing"] / launch["seconds_busy"]
    unit["memory"] = launch["memory_peak"] / 2**20
    unit["span"] = (unit["begin"] + unit["seconds"]).max() - unit["begin"].min()
    return unit


def convolutions():
    """One network of the paper's resnet at 32 x 32: the share of its unit's time that oneDNN reports for convolutions and products."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.h5")
        with open(os.path.join(folder, "verbose"), "w+", encoding="utf-8") as verbose:  # a pipe's reader would slow the unit
            subprocess.run([PROGRAM, "run", f"{SOURCE}/jobs/sweeps/paper-resnet.yaml", "-o", out, "--set", "grid.dimension=[3072]",
                            "--set", "samples.networks=1", "--set", "samples.inputs=10", "--set", "kernel.inputs=0", "--set",
                            "grid.p=[1, 2, inf]", "--set", "summary.bootstrap=10"], check=True, stdout=verbose,
                           stderr=subprocess.DEVNULL, env={**os.environ, "DNNL_VERBOSE": "1", "ONEDNN_VERBOSE": "1"})
            verbose.seek(0)
            lines = [line.split(",") for line in verbose if "verbose,exec" in line]
        with h5py.File(out) as file:
            seconds = file["unit/seconds"][()].sum()
    inside = sum(float(line[-1]) for line in lines if line[3] in ("convolution", "inner_product", "matmul")) / 1e3
    print(json.dumps({"benchmark": "paper resnet unit", "seconds": float(seconds), "convolutions_and_products": inside,
                      "share_outside_float32_products": float(1 - inside / seconds)}))


def main():
    convolutions()
    rates = {1: [], 2: []}
    for _ in range(3):
        for ranks in (1, 2):
            unit = sweep(ranks, PAPER_DENSE)
            rates[ranks].append(unit["distances"] / unit["span"])
    seconds = unit["seconds"].sum()
    print(json.dumps({
        "benchmark": "paper dense sweep",
        "distances_a_second_and_core": float(np.median(rates[1])),
        "efficiency_of_2_ranks": float(np.median(np.divide(rates[2], rates[1]))) / 2,
        "share_sampling": float(unit["seconds_sampling"].sum() / seconds),
        "share_outside_passes": float(1 - (unit["seconds_passes"] + unit["seconds_sampling"]).sum() / seconds),
        "share_writing": unit["writing"],
        "memory_a_rank_MiB": unit["memory"],
    }))


main()
