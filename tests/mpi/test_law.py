"""Wide networks without box: the median distance against the first-order law of the Gaussian process."""
import h5py
import numpy as np
from scipy import stats

import borderline_program as program

SWEEP = """
name: wide
seed: 3
grid: {depth: [2], width: [1000], dimension: [192, 768, 3072], p: [1, 2, .inf]}
samples: {networks: 150, inputs: 2}
inputs: {box: none}
boundary: {effort: fast}
summary: {confidence: 0.99}
"""


class Law(program.TestCase):
    def test_median(self):
        sweep, out = self.write("wide.yaml", SWEEP), self.path("wide.h5")
        self.check_done(program.run(["run", sweep, "-o", out], ranks=2))
        with h5py.File(out) as file:
            summary = file["summary"]
            n = file["dimension"][()]
            median = list(np.round(file["quantile"][()], 3)).index(0.5)
            law = summary["law"][0, :, :, median]
            for name in ("law", "law_error"):  # without a box they are one
                np.testing.assert_array_equal(summary[name], summary[name.replace("law", "law_unboxed")])
            low, high = (summary["distance" + end][0, 0, :, :, median] for end in ("_low", "_high"))
            estimate = summary["distance"][0, 0, :, :, median]
            # THEORY.md, section 4.3: 0.6745 |x0|_2 / (E|G|_q), x0 uniform on [0, 1]^n
            np.testing.assert_allclose(law[:, 1], 0.6745 / np.sqrt(3), rtol=0.02)
            np.testing.assert_allclose(law[:, 2], 0.6745 * np.sqrt(np.pi / 2) / np.sqrt(3 * n), rtol=0.02)
            self.assertTrue((summary["guaranteed"][0] < law).all())
            for i in range(3):
                for k, p in enumerate(file["p"][()]):
                    print(f"n = {n[i]}, p = {p}: median {estimate[i, k]:.4g} [{low[i, k]:.4g}, {high[i, k]:.4g}], law {law[i, k]:.4g}")
            self.assertTrue((low <= law).all() and (law <= high).all())
            # the law is about the linearised network: the first step's median meets it at every n and p
            first = file["first_order"][0, 0].transpose(0, 3, 1, 2)
            rng = np.random.default_rng(0)
            for i in range(3):
                for k in range(3):
                    resampled = [np.median(first[i, k][rng.integers(0, 150, 150)]) for _ in range(1000)]
                    low_first, high_first = np.quantile(resampled, [0.005, 0.995])
                    self.assertTrue(low_first <= law[i, k] <= high_first, (i, k))
            # sharper: |f| is what scatters; first steps per |f| meet the law over the median of |f|, N(0, 4 |x|^2/n), to a few per cent
            size = np.abs(file["output"][0, 0])[..., None]
            per_output = np.median(file["first_order"][0, 0] / size, axis=(1, 2))
            expected = law / (stats.norm.ppf(0.75) * 2 / np.sqrt(3))
            print("first step per |f| over the law's:\n", per_output / expected)
            self.assertTrue((np.abs(per_output / expected - 1) < (0.035, 0.01, 0.01)).all())  # measured: 0.028, 0.007, 0.005


if __name__ == "__main__":
    program.main()
