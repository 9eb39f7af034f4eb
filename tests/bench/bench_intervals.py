# SPDX-License-Identifier: BSD-3-Clause
"""How often 90 % intervals of quantiles hold them, for 10 to 300 networks: the table of analysis/results/intervals/README.md.

Usage: bench_intervals.py SOURCE [trials]     (2,000 trials: two minutes of one core)
"""
import os
import sys

SOURCE = os.path.abspath(sys.argv[1])
TRIALS = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
os.environ.setdefault("BORDERLINE_CORE", os.path.join(SOURCE, "build", "tests", "libborderline_core_test.so"))
sys.path.insert(0, os.path.join(SOURCE, "tests"))

import numpy as np  # noqa: E402

from stats_core import LAWS, misses  # noqa: E402

LEVELS = (0.05, 0.5, 0.95)
SIZES = ((10, 1), (10, 10), (15, 10), (30, 4), (60, 10), (100, 10), (300, 1), (300, 10))


def entry(above, below):
    """Coverage where there are two ends, else how often the one end holds."""
    if np.isnan(above) and np.isnan(below):
        return "-"
    if np.isnan(above):
        return f"< {1 - below:.3f}"
    return f"> {1 - above:.3f}" if np.isnan(below) else f"{1 - above - below:.3f}"


def percentile(law, clusters, size, trials, generator, resamples=300):
    """Coverage of the percentile bootstrap over clusters."""
    right, inside = np.array([law.quantile(p) for p in LEVELS]), np.zeros(3)
    for _ in range(trials):
        x = law.sample(generator, clusters, size)
        drawn = np.quantile(x[generator.integers(0, clusters, (resamples, clusters))].reshape(resamples, -1), LEVELS, axis=1)
        low, high = np.quantile(drawn, (0.05, 0.95), axis=1)
        inside += (low <= right) & (right <= high)
    return inside / trials


def main():
    print("| networks x inputs | inputs of a network | 5 % | 50 % | 95 % | percentile bootstrap: 5 % | 50 % | 95 % |")
    print("|---|---|---|---|---|---|---|---|")
    for clusters, size in SIZES:
        for name, law in LAWS.items():
            if size == 1 and name != "independent":
                continue
            generator = np.random.default_rng([clusters, size])
            cells = [entry(*pair) for pair in misses(law, clusters, size, LEVELS, TRIALS, generator).T]
            cells += [f"{share:.2f}" for share in percentile(law, clusters, size, TRIALS // 20, generator)]
            print(f"| {clusters} x {size} | {name if size > 1 else 'one'} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
