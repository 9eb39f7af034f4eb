# SPDX-License-Identifier: BSD-3-Clause
"""Our distances beside those of the published attacks, as a table for the README: ratio to the best known (all attacks,
polished), with box; median and 90th percentile in each group of networks, averaged over the inputs of all groups."""
import collections
import csv
import os

import numpy as np

import bars

SHOWN = {  # attack: passes an input (forward 1, backward 1; at least, by its steps and what a step evaluates)
    "l1": [("Foolbox 3.3.4 BB_fabstart", "> 2,000"), ("adversarial-library FMN_1000", "2,000"),
           ("adversarial-library FAB_100", "> 200"), ("adversarial-library PDPGD_500", "1,000")],
    "l2": [("Foolbox 3.3.4 BB_fabstart", "> 2,000"), ("Foolbox 3.3.4 DDN_1000", "2,000"), ("Foolbox 3.3.4 DDN_100", "200"),
           ("Foolbox 3.3.4 DeepFool", "< 100")],
    "linf": [("Foolbox 3.3.4 BB_fabstart", "> 2,000"), ("Foolbox 3.3.4 FMN_1000", "2,000"), ("Foolbox 3.3.4 FMN_100", "200"),
             ("adversarial-library FAB_100", "> 200")],
}


def published(folder):
    """{(norm, attack): (found, tried, median, 90th percentile)}, with box."""
    sums = collections.defaultdict(list)
    with open(os.path.join(folder, "published-attacks.csv"), encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            if row["box"] == "box":
                found, tried = map(int, row["found"].split("/"))
                sums["l" + row["p"], row["attack"]].append((found, tried, float(row["median_ratio"]), float(row["p90_ratio"])))
    return {key: (*np.sum([r[:2] for r in rows], axis=0), *np.average([r[2:] for r in rows], axis=0, weights=[r[1] for r in rows]))
            for key, rows in sums.items()}


def ours(path, effort):
    """{norm: (found, tried, median, 90th percentile, passes)}, with box."""
    result = {}
    table = bars.ratios(path, "abcdef", effort)
    for norm in bars.NORMS:
        rows = [(*value, len(value[0])) for key, value in table.items() if key[1:] == ("box", norm)]
        weights = [count for *_, count in rows]
        quantiles = [np.average([np.quantile(ratio, level) for ratio, *_ in rows], weights=weights) for level in (0.5, 0.9)]
        passes = np.concatenate([p for _, p, _ in rows])
        result[norm] = (sum(int(np.isfinite(r).sum()) for r, *_ in rows), sum(weights), *quantiles, passes.mean())
    return result


def main():
    path = bars.reference_file()
    if path is None:
        raise SystemExit("published: the shared reference is missing (BORDERLINE_REFERENCE may name networks.h5)")
    attacks, efforts = published(os.path.dirname(path)), {effort: ours(path, effort) for effort in bars.BARS}
    print("| norm | search | passes | found | median | 90 % |\n|---|---|---|---|---|---|")
    for norm in bars.NORMS:
        for effort, result in efforts.items():
            found, tried, median, high, passes = result[norm]
            print(f"| {norm} | **borderline, {effort}** | {passes:,.0f} | {found}/{tried} | {median:.4f} | {high:.4f} |")
        for attack, passes in SHOWN[norm]:
            found, tried, median, high = attacks[norm, attack]
            print(f"| {norm} | {attack} | {passes} | {found:.0f}/{tried:.0f} | {median:.4f} | {high:.4f} |")


if __name__ == "__main__":
    os.environ.update({"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"})
    main()
