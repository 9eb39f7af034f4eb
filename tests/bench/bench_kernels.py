# SPDX-License-Identifier: BSD-3-Clause
"""Analytic kernels of the image families at the paper's sizes: processor seconds of an input with itself, of a pair, of the
gradient's law, and the memory they take. One JSON object a line.

Usage: bench_kernels.py SOURCE [families] [sides]
"""
import json
import os
import resource
import subprocess
import sys
import time

SOURCE = os.path.abspath(sys.argv[1])
os.environ.setdefault("BORDERLINE_CORE", os.path.join(SOURCE, "build", "tests", "libborderline_core_test.so"))
sys.path[:0] = [os.path.join(SOURCE, "tests"), os.path.join(SOURCE, "tests", "unit")]
DEPTH = {"cnn": 4, "lenet": 2, "resnet": 20}


def processor_seconds(function):
    begin = time.process_time()
    function()
    return time.process_time() - begin


def one(name, side):
    import ctypes as ct
    import numpy as np
    from borderline_core import check, lib, pointer
    from test_conv_gp_predict import family
    network = family(name, DEPTH[name], side)
    x = np.random.default_rng(0).uniform(size=(4, 3, side, side)).astype(np.float32)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    own = processor_seconds(lambda: network.kernel(x[:1], x[:1]))
    symmetric = processor_seconds(lambda: network.kernel(x[:3], x[:3]))  # three with themselves, three pairs
    kernel = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slope, variance = np.empty(side * side * (2 * lib.bl_gp_band(network.handle) + 1)**2), ct.c_double()
    law = processor_seconds(lambda: check(lib.bl_gp_slopes(network.handle, pointer(x[0]), variance, pointer(slope))))
    both = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"benchmark": "kernels", "family": name, "depth": DEPTH[name], "side": side, "seconds_own": own,
                      "seconds_pair": symmetric / 3 - own, "seconds_gradient": law,
                      "MiB_kernel": (kernel - resident) / 1024, "MiB_gradient": (both - resident) / 1024}), flush=True)


def main():
    if sys.argv[-1] == "one":
        one(sys.argv[2], int(sys.argv[3]))
        return
    families = sys.argv[2].split(",") if len(sys.argv) > 2 else list(DEPTH)
    sides = sys.argv[3].split(",") if len(sys.argv) > 3 else ["16", "28", "32", "56"]
    for name in families:
        for side in sides:
            subprocess.run([sys.executable, __file__, SOURCE, name, side, "one"], check=True)


main()
