# SPDX-License-Identifier: BSD-3-Clause
"""Statistics of finite width: gradient norms and first steps against numpy on the sampled networks, their summaries from the
file's own numbers, and their limits against closed forms and networks; outputs of image families against the limit's kernel."""
import unittest

import h5py
import numpy as np
from scipy import special

import borderline_program as program
from test_conv_measure import forward

DENSE = """
name: finite width
seed: 11
network: {{activation: {activation}, biases: {{variance: {bias}}}, classes: {classes}}}
grid: {{depth: [2], width: [{width}], dimension: [24], p: [2, .inf]}}
samples: {{networks: {networks}, inputs: 3, block: 7}}
inputs: {{box: {box}}}
kernel: {{inputs: 0}}
boundary: {{effort: fast}}
summary: {{bootstrap: 200}}
"""

IMAGES = """
name: finite width of images
seed: 12
network: {{family: {family}, biases: {{variance: 0.0}}}}
grid: {{depth: [{depth}], width: [{width}], dimension: [{dimension}], p: [2]}}
image: {{channels: 3}}
samples: {{networks: {networks}, inputs: 2}}
kernel: {{inputs: 0}}
boundary: {{effort: fast}}
summary: {{bootstrap: 100}}
"""


def gradient(f, x, step=1e-6):
    """Of a scalar function of rows, by central differences."""
    moves = step * np.eye(len(x))
    return (f(x + moves) - f(x - moves)) / (2 * step)


def numbers_of(path, *names):
    with h5py.File(path) as file:
        return [file[name][...] for name in names]


class FiniteWidth(program.TestCase):
    def run_sweep(self, name, text, ranks=2):
        sweep, out = self.write(name + ".yaml", text), self.path(name + ".h5")
        self.check_done(program.run(["run", sweep, "-o", out], ranks=ranks))
        return sweep, out

    def dense(self, name, ranks=2, activation="relu", bias=0.0, classes=2, width="16", networks=20, box="none"):
        return self.run_sweep(name, DENSE.format(**{k: v for k, v in locals().items() if k not in ("self", "name", "ranks")}), ranks)

    def sampled(self, sweep, count):
        """(inputs, logits of rows) of the first networks."""
        path = sweep[:-5] + "-networks.h5"
        self.check_done(program.run(["sample", sweep, "-o", path, "--networks", str(count)]))
        with h5py.File(path) as file:
            for name in sorted(file):
                yield file[name]["inputs"][...].astype(float), lambda x, g=file[name]: forward(g, x)

    def test_gradients_and_first_steps(self):
        for activation, classes, bias in (("relu", 2, 0.0), ("tanh", 2, 0.2), ("relu", 3, 0.1)):
            with self.subTest(activation=activation, classes=classes):
                sweep, out = self.dense(activation + str(classes), activation=activation, classes=classes, bias=bias)
                norm, crosses, first = numbers_of(out, "gradient_norm", "first_step_crosses", "first_order")
                for k, (inputs, logits) in enumerate(self.sampled(sweep, 8)):
                    for i, x in enumerate(inputs):
                        top, second = np.argsort(logits(x[None])[0])[[-1, -2]]
                        margin = lambda y: (lambda z: z[:, top] - z[:, second])(logits(y))  # noqa: B023
                        g = gradient(margin, x)
                        f = margin(x[None])[0]
                        self.assertAlmostEqual(norm[0, 0, 0, k, i] / np.linalg.norm(g), 1, 5)
                        if classes > 2:
                            continue
                        steps = -f * g / (g @ g), -f * np.sign(g) / np.abs(g).sum()
                        for p, h in enumerate(steps):
                            ends = np.sign(margin(x + np.array([[1.0999], [1.1], [1.1001]]) * h))
                            self.assertAlmostEqual(first[0, 0, 0, k, i, p] / np.abs(np.linalg.norm(h, (2, np.inf)[p])), 1, 4)
                            if len(set(ends)) == 1:  # else too near to tell in float32
                                self.assertEqual(crosses[0, 0, 0, k, i, p], ends[0] < 0)
                self.assertEqual(set(np.unique(crosses)) - {0, 1}, set())

    def test_first_steps_in_the_box(self):
        """A step that no point of the box can make is missing; others count alike in file and summary."""
        _, out = self.dense("box", box="[0, 1]", networks=60, width="8")
        crosses, first, share = numbers_of(out, "first_step_crosses", "first_order", "summary/first_step_crosses")
        np.testing.assert_array_equal(crosses < 0, ~(first > 0))
        for p in range(2):
            there = crosses[..., p][crosses[..., p] >= 0]
            self.assertAlmostEqual(share[0, 0, 0, p], there.mean(), 12)
            self.assertTrue(0.3 < there.mean() <= 1)

    def test_ranks_and_summary(self):
        """The same bits on 1 and 3 ranks; mean and variance as the fields' comments say; ReLU's limit in closed form."""
        _, one = self.dense("one", ranks=1, width="16, 64, .inf", networks=60)
        _, three = self.dense("three", ranks=3, width="16, 64, .inf", networks=60)
        self.assertEqual([d for d in program.differing(one, three) if "config" not in d], [])
        norm, mean, error, variance, limit, limit_variance = numbers_of(one, "gradient_norm", *(
            "summary/gradient_log_" + s for s in ("mean", "mean_error", "variance", "mean_limit", "variance_limit")))
        log = np.log(norm[0, :, 0])
        np.testing.assert_allclose(mean[0, :, 0], log.mean(axis=(1, 2)), rtol=1e-12)
        of_mean = log.mean(axis=2).var(axis=1, ddof=1) / 60
        np.testing.assert_allclose(variance[0, :, 0], log.var(axis=(1, 2)) + of_mean, rtol=1e-9)
        np.testing.assert_allclose(error[0, :, 0], np.sqrt(of_mean), rtol=0.3)
        # weights 2/fan_in: the gradient of z_1 - z_0 is N(0, 4/n I)
        np.testing.assert_allclose(limit, 0.5 * (np.log(4 / 24) + np.log(2) + special.digamma(12)), rtol=1e-12)
        np.testing.assert_allclose(limit_variance, special.polygamma(1, 12) / 4, rtol=1e-9)
        self.assertLess(abs(mean[0, 2, 0] - limit[0, 2, 0]), 4 * error[0, 2, 0])
        self.assertLess(abs(variance[0, 2, 0] / limit_variance[0, 2, 0] - 1), 4 * np.sqrt(2 / 180))
        self.assertGreater(variance[0, 0, 0] - limit_variance[0, 0, 0], 0.05)  # 5 L/(4 N) = 0.16 (Hanin and Nica 2020)

    def test_images(self):
        """Gradient norms of every family by differences, with its limit near that of wide networks; outputs over the kernel."""
        for family, depth, width, dimension, slack in (("cnn", 2, 96, 48, 0.0), ("lenet", 1, 64, 192, 0.03), ("resnet", 8, 24, 147, 0.2)):
            with self.subTest(family=family):
                sweep, out = self.run_sweep(family, IMAGES.format(**{k: v for k, v in locals().items() if k not in ("self", "slack")},
                                                                  networks=60))
                norm, output, mean, error, limit = numbers_of(out, "gradient_norm", "output", *(
                    "summary/gradient_log_" + s for s in ("mean", "mean_error", "mean_limit")))
                moments = dict(zip("variance skewness kurtosis ks".split(), numbers_of(out, *(
                    "summary/output_" + s for s in "variance skewness kurtosis ks".split()))))
                square = []
                for k, (inputs, logits) in enumerate(self.sampled(sweep, 16)):
                    square.append(inputs)
                    if k < 2:
                        f = lambda x: np.diff(logits(x), axis=1)[:, 0]  # noqa: B023
                        self.assertAlmostEqual(f(inputs[:1])[0] / output[0, 0, 0, k, 0], 1, 9)
                        self.assertAlmostEqual(norm[0, 0, 0, k, 0] / np.linalg.norm(gradient(f, inputs[0])), 1, 4)
                self.assertLess(abs(mean[0, 0, 0] - limit[0, 0, 0]), 5 * error[0, 0, 0] + slack)
                self.assertTrue(0.4 < moments["variance"][0, 0, 0] < 2.5, moments)
                if family == "cnn":
                    kernel = np.mean([cnn_variance(x.reshape(3, 4, 4), depth) for x in np.concatenate(square)])
                    z = output[0, 0, 0] / np.sqrt(2 * kernel)
                    self.assertAlmostEqual(moments["variance"][0, 0, 0] / z.var(axis=0, ddof=1).mean(), 1, 6)


def cnn_variance(x, depth):
    """K(x, x) of the paper's cnn: E relu(u)^2 = q/2; convolutions of variance 0.02, the dense layer of 2."""
    q = np.mean(x ** 2, axis=0)
    for layer in range(depth):
        padded = np.pad(q if layer == 0 else q / 2, 1)
        q = 0.02 * sum(padded[i:i + x.shape[1], j:j + x.shape[2]] for i in range(3) for j in range(3)) / 9
    return 2 * np.mean(q / 2)


if __name__ == "__main__":
    program.main()
