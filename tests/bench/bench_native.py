# SPDX-License-Identifier: BSD-3-Clause
"""The portable program against one compiled for this machine alone (BORDERLINE_NATIVE): processor time of one sweep per family, the
two programs in turn; and the portable program held to fewer instructions.

Usage: bench_native.py SOURCE   (BORDERLINE names the portable program; the other is built in bench-native beside it)
"""
import json
import os
import resource
import subprocess
import sys
import tempfile

import numpy as np

PROGRAM, SOURCE = os.environ["BORDERLINE"], sys.argv[1]
REPEATS = int(os.environ.get("BORDERLINE_REPEATS", "5"))
UNIFORM = "inputs: {distribution: uniform, box: [0, 1]}\nsummary: {bootstrap: 20}\n"
TRUNCATED = "weights: {distribution: truncated_normal, variance: 2.0}"
SWEEPS = {
    "dense": f"network: {{family: dense, {TRUNCATED}}}\ngrid: {{depth: [2], width: [100], dimension: [768, 3072], p: [0, 1, 2, inf]}}\n"
             f"samples: {{networks: 12, inputs: 2}}\nkernel: {{inputs: 32}}\n{UNIFORM}",
    "dense, gelu": "network: {family: dense, activation: gelu}\ngrid: {depth: [2], width: [400], dimension: [768], p: [1, 1.5, 2]}\n"
                   "samples: {networks: 5, inputs: 4}\nkernel: {inputs: 0}\nsummary: {bootstrap: 20}\n"
                   "inputs: {distribution: normal, box: none}\n",
    "cnn": f"network: {{family: cnn, {TRUNCATED}}}\ngrid: {{depth: [4], width: [64], dimension: [768], p: [0, 1, 2, inf]}}\n"
           f"image: {{channels: 3}}\nsamples: {{networks: 4, inputs: 2}}\nkernel: {{inputs: 0}}\n{UNIFORM}",
    "lenet": f"network: {{family: lenet, {TRUNCATED}}}\ngrid: {{depth: [2], width: [64], dimension: [768], p: [0, 1, 2, inf]}}\n"
             f"image: {{channels: 3}}\nsamples: {{networks: 4, inputs: 2}}\nkernel: {{inputs: 0}}\n{UNIFORM}",
    "resnet": f"network: {{family: resnet, {TRUNCATED}}}\ngrid: {{depth: [20], width: [16], dimension: [768], p: [0, 1, 2, inf]}}\n"
              f"image: {{channels: 3}}\nsamples: {{networks: 4, inputs: 2}}\nkernel: {{inputs: 0}}\n{UNIFORM}",
    "kernels": f"network: {{family: dense, {TRUNCATED}}}\ngrid: {{depth: [2], width: [200], dimension: [768], p: [2]}}\n"
               f"samples: {{networks: 100, inputs: 1}}\nkernel: {{inputs: 300}}\nboundary: {{effort: fast}}\n{UNIFORM}",
    "gaussian process": "network: {family: dense}\ngrid: {depth: [2], width: [inf], dimension: [768], p: [1, 2]}\n"
                        f"samples: {{networks: 8, inputs: 2}}\nkernel: {{inputs: 0}}\n{UNIFORM}",
}


def native():
    """The program compiled for this machine."""
    build = os.path.join(os.path.dirname(PROGRAM), "bench-native")
    for words in (["cmake", "-S", SOURCE, "-B", build, "-DBORDERLINE_NATIVE=ON", "-DBORDERLINE_TESTS=OFF", "-DCMAKE_BUILD_TYPE=Release"],
                  ["cmake", "--build", build, "--parallel", "2"]):
        subprocess.run(words, check=True, capture_output=True)
    return os.path.join(build, "borderline")


def seconds(program, sweep, out, isa=""):
    """Processor time of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([program, "run", sweep, "-o", out, "--force"], check=True, capture_output=True,
                   env={**os.environ, "BORDERLINE_MAX_ISA": isa, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before.ru_utime


def main():
    own = native()
    with tempfile.TemporaryDirectory() as folder:
        sweep, out = os.path.join(folder, "sweep.yaml"), os.path.join(folder, "out.h5")
        for name, text in SWEEPS.items():
            with open(sweep, "w", encoding="utf-8") as file:
                file.write(f"name: bench\nseed: 3\n{text}")
            runs = [(own, ""), (PROGRAM, ""), (PROGRAM, "x86-64-v3"), (PROGRAM, "x86-64-v2")]
            taken = np.array([[seconds(program, sweep, out, isa) for program, isa in runs] for _ in range(REPEATS)])
            # the least of several: what others do on the machine only adds
            ratio = taken.min(axis=0) / taken[:, 0].min()
            print(json.dumps({"benchmark": "portable over native", "sweep": name, "native_seconds": float(taken[:, 0].min()),
                              "widest": float(ratio[1]), "x86_64_v3": float(ratio[2]), "x86_64_v2": float(ratio[3])}), flush=True)


main()
