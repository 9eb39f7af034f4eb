# SPDX-License-Identifier: BSD-3-Clause
"""`posterior` against numpy on small made images, on 1 to 4 ranks, one block and many; its refusals, each one line."""
import os
import struct
import subprocess
import unittest

import h5py
import numpy as np
from scipy.stats import norm

from borderline_program import SOURCE, TestCase, complaint, main, run, variables


def arccos_kernel(x, y, depth):
    """ReLU, sigma_w^2 = 2, no bias (Cho and Saul 2009)."""
    n = x.shape[1]
    k, kx, ky = 2 * x @ y.T / n, 2 * (x * x).sum(1) / n, 2 * (y * y).sum(1) / n
    scale = np.sqrt(np.outer(kx, ky))
    for _ in range(depth):
        rho = np.clip(k / scale, -1, 1)
        k = scale * (np.sqrt(1 - rho * rho) + rho * (np.pi - np.arccos(rho))) / np.pi
    return k


def cnn_kernel(x, y, depth):
    """Equal pixels, 3x3 'same' windows; convolutions of variance 0.02, dense layer of 2 (the paper's cnn)."""
    side = int(np.sqrt(x.shape[1]))
    x, y = x.reshape(-1, side, side), y.reshape(-1, side, side)

    def window(m, weight):
        padded = np.pad(m, [(0, 0)] * (m.ndim - 2) + [(1, 1), (1, 1)])
        return weight / 9 * sum(padded[..., i:i + side, j:j + side] for i in range(3) for j in range(3))

    k, kx, ky = x[:, None] * y[None], x * x, y * y
    for l in range(depth):
        k, kx, ky = window(k, 0.02), window(kx, 0.02), window(ky, 0.02)
        scale = np.sqrt(kx[:, None] * ky[None])
        rho = np.clip(k / np.where(scale > 0, scale, 1), -1, 1)  # windows of black pixels have no variance
        k = 0.5 * scale * (np.sqrt(1 - rho * rho) + rho * (np.pi - np.arccos(rho))) / np.pi
        kx, ky = kx / 2, ky / 2
    return 2 * k.mean((2, 3))


class Posterior(TestCase):
    def data(self, train=150, test=40, side=6, classes=3, spread=0.35):
        rng = np.random.default_rng(11)
        centre = rng.random((classes, side * side))
        for count, part in ((train, "train"), (test, "t10k")):
            label = rng.integers(0, classes, count).astype(np.uint8)
            x = np.clip(centre[label] + spread * rng.standard_normal((count, side * side)), 0, 1)
            pixel = np.round(255 * x).astype(np.uint8)
            with open(self.path(f"{part}-images-idx3-ubyte"), "wb") as file:
                file.write(struct.pack(">4B3I", 0, 0, 8, 3, count, side, side) + pixel.tobytes())
            with open(self.path(f"{part}-labels-idx1-ubyte"), "wb") as file:
                file.write(struct.pack(">4BI", 0, 0, 8, 1, count) + label.tobytes())
            yield (pixel / np.float32(255)).astype(np.float32).astype(float), label

    def config(self, **more):
        settings = {"train": 150, "labels": "classes", "family": "dense", "depth": 2, "noise": 0.01, "inputs": 2, **more}
        return self.write("posterior.yaml", """
data: {{folder: {folder}, train: {train}, classes: 3, labels: {labels}}}
network: {{family: {family}, depth: {depth}}}
noise: {noise}
boundary: {{inputs: {inputs}, effort: fast}}
""".format(folder=self.folder, **settings))

    def compute(self, config, ranks=1, *more):
        self.check_done(run(["posterior", config, "-o", self.path("out.h5"), "--force", *more], ranks))
        return h5py.File(self.path("out.h5"), "r")

    def expected(self, train, test, y, kernel, noise=0.01):
        k = kernel(train, train) + noise * np.eye(len(train))
        cross = kernel(train, test)
        alpha = np.linalg.solve(k, y)
        variance = np.array([kernel(t[None], t[None])[0, 0] for t in test]) - (cross * np.linalg.solve(k, cross)).sum(0)
        marginal = -0.5 * ((y * alpha).sum() + y.shape[1] * (np.linalg.slogdet(k)[1] + len(train) * np.log(2 * np.pi)))
        return alpha, cross.T @ alpha, variance, marginal

    def compare(self, file, alpha, mean, variance, marginal):
        np.testing.assert_allclose(file["alpha"][()].T, alpha, rtol=0, atol=1e-9 * np.abs(alpha).max())
        np.testing.assert_allclose(file["mean"][()], mean, rtol=0, atol=1e-9)
        np.testing.assert_allclose(file["variance"][()], variance, rtol=0, atol=1e-9)
        np.testing.assert_allclose(file["log_marginal_likelihood"][()], marginal, rtol=1e-10)

    def test_calibration(self):
        """On images that overlap, with much noise: confidences of every size."""
        (train, label), (test, label_test) = self.data(test=200, spread=1.5)
        for labels, y, kind in (("classes", np.eye(3)[label] - 1 / 3, lambda a: a), ("parity", (2.0 * (label % 2) - 1)[:, None], lambda a: a % 2)):
            with self.subTest(labels=labels):
                alpha, mean, variance, _ = self.expected(train, test, y, lambda a, b: arccos_kernel(a, b, 2), noise=0.3)
                with self.compute(self.config(labels=labels, noise=0.3)) as file:
                    self.check_calibration(file, mean, variance, arccos_kernel(train, train, 2) @ alpha, kind(label_test), kind(label), 0.3)

    def check_calibration(self, file, mean, variance, train_mean, label, label_train, noise):
        """Accuracies, likelihood, confidence and calibration from the posterior's own numbers: classes are independent normals."""
        deviation, u = np.sqrt(variance + noise), np.linspace(-10, 10, 4001)
        if mean.shape[1] == 1:
            second = norm.cdf(mean[:, 0] / deviation)
            share, predicted, predicted_train = np.stack([1 - second, second], 1), mean[:, 0] > 0, train_mean[:, 0] > 0
        else:
            share = np.empty_like(mean)
            for c in range(mean.shape[1]):
                gap = (mean[:, [c]] - np.delete(mean, c, axis=1)) / deviation[:, None]
                share[:, c] = (norm.pdf(u) * norm.cdf(gap[..., None] + u).prod(axis=1)).sum(axis=1) * (u[1] - u[0])
            predicted, predicted_train = mean.argmax(1), train_mean.argmax(1)
        hit, confidence = predicted == label, share[np.arange(len(share)), predicted.astype(int)]
        self.assertEqual(file["accuracy"][()], hit.mean())
        self.assertEqual(file["accuracy_train"][()], (predicted_train == label_train).mean())
        np.testing.assert_allclose(file["confidence"][()], confidence, rtol=0, atol=1e-8)
        likelihood = -np.log(share[np.arange(len(share)), label.astype(int)]).mean()
        np.testing.assert_allclose(file["negative_log_likelihood"][()], likelihood, rtol=1e-6)
        tenth, error = np.minimum((10 * confidence).astype(int), 9), 0.0
        for b in range(10):
            there = tenth == b
            self.assertEqual(file["bin_count"][b], there.sum())
            if there.any():
                np.testing.assert_allclose(file["bin_confidence"][b], confidence[there].mean(), rtol=0, atol=1e-8)
                self.assertAlmostEqual(file["bin_accuracy"][b], hit[there].mean(), 12)
                error += there.mean() * abs(hit[there].mean() - confidence[there].mean())
        self.assertAlmostEqual(file["calibration_error"][()], error, 7)
        self.assertTrue(0 < hit.mean() < 1 and len(set(tenth)) > 2)  # a case that tells something

    def test_classes(self):
        (train, label), (test, label_test) = self.data()
        config = self.config()
        y = np.eye(3)[label] - 1 / 3
        right = self.expected(train, test, y, lambda a, b: arccos_kernel(a, b, 2))
        for ranks in (1, 2, 4):
            with self.subTest(ranks=ranks), self.compute(config, ranks) as file:
                self.compare(file, *right)
                predicted = right[1].argmax(1)
                np.testing.assert_array_equal(file["predicted"][()], predicted)
                self.assertEqual(file["accuracy"][()], (predicted == label_test).mean())
                self.assertEqual(file["bin_count"][()].sum(), 40)
                self.assertEqual(file["complete"][()], 1)

    def test_parity(self):
        (train, label), (test, label_test) = self.data()
        y = (2.0 * (label % 2) - 1)[:, None]
        right = self.expected(train, test, y, lambda a, b: arccos_kernel(a, b, 2))
        with self.compute(self.config(labels="parity")) as file:
            self.compare(file, *right)
            self.assertEqual(file["accuracy"][()], ((right[1][:, 0] > 0) == label_test % 2).mean())

    def test_cnn(self):
        (train, label), (test, _) = self.data(train=60, test=20)
        y = np.eye(3)[label] - 1 / 3
        right = self.expected(train, test, y, lambda a, b: cnn_kernel(a, b, 2), noise=1e-6)
        with self.compute(self.config(family="cnn", train=60, noise=1e-6)) as file:
            np.testing.assert_allclose(file["mean"][()], right[1], rtol=0, atol=1e-7)
            alpha, start = right[0], np.concatenate([train[:2], test[:2]])

            def logits(x):
                return cnn_kernel(x, train, 2) @ alpha
            z = np.sort(logits(start))
            np.testing.assert_allclose(file["output"][:2].ravel(), z[:, -1] - z[:, -2], rtol=0, atol=1e-7)
            status, distance, first = file["status"][()], file["distance"][()], file["first_order"][()]
            self.assertTrue((status == 1).all())
            self.assertTrue((first > 0.3 * distance)[np.isfinite(first)].all())
            self.assertTrue(np.isfinite(file["prior_law"][()][..., 4]).all())
            for i, x in enumerate(start):  # no box is met by a step this short: |margin| over the gradient's l2 norm
                top = logits(x[None])[0].argmax()
                moves = x + 1e-6 * np.vstack([np.eye(36), -np.eye(36)])
                value = logits(moves)
                margin = value[:, [top]] - np.delete(value, top, axis=1)
                at = logits(x[None])[0]
                gradient = (margin[:36] - margin[36:]) / 2e-6
                step = ((at[top] - np.delete(at, top)) / np.linalg.norm(gradient, axis=0)).min()
                self.assertGreater(first[i // 2, i % 2, 1], step * (1 - 1e-4))
        with self.compute(self.config(family="cnn", train=60, noise=1e-6), 3):
            pass
        many = variables(self.path("out.h5"))
        self.check_done(run(["posterior", self.path("posterior.yaml"), "-o", self.path("out.h5"), "--force"], 1))
        self.assertEqual(variables(self.path("out.h5")), many)

    def test_probabilities(self):
        """Confidence against Monte Carlo over independent normals."""
        list(self.data())
        with self.compute(self.config(inputs=0)) as file:
            rng = np.random.default_rng(2)
            mean, deviation = file["mean"][()], np.sqrt(file["variance"][()] + 0.01)
            draws = mean[:, None] + deviation[:, None, None] * rng.standard_normal((40, 20000, 3))
            share = (draws.argmax(2) == file["predicted"][()][:, None]).mean(1)
            np.testing.assert_allclose(file["confidence"][()], share, rtol=0, atol=5 * 0.5 / np.sqrt(20000))

    def test_many_blocks(self):
        """More images than one block: the same to rounding on every grid of ranks."""
        (train, label), (test, _) = self.data(train=1100)
        y = np.eye(3)[label] - 1 / 3
        right = self.expected(train, test, y, lambda a, b: arccos_kernel(a, b, 2))
        config = self.config(train=1100, inputs=0)
        for ranks, block in ((1, 128), (2, 64), (4, 100)):
            with self.subTest(ranks=ranks), self.compute(config, ranks, "--set", f"matrix.block={block}") as file:
                self.compare(file, *right)

    def test_distances(self):
        """Signs change at the distance, not before, and the first step is |margin| over the gradient's length."""
        list(self.data())
        with self.compute(self.config(labels="parity")) as file:
            distance, inside, status = file["distance"][()], file["distance_inside"][()], file["status"][()]
            self.assertTrue((status == 1).all())
            self.assertTrue((inside <= distance).all() and (inside > 0.99 * distance).all())
            self.assertTrue(np.isfinite(file["prior_law"][()][..., 4]).all())
            self.assertTrue((file["first_order"][()] > 0.3 * distance).all())

    def test_show_and_plan(self):
        """`show` prints what `posterior` printed, but for the times; a damaged file is refused; `plan` counts and times."""
        list(self.data())
        for settings in ({}, {"inputs": 0, "labels": "parity"}):
            config = self.config(**settings)
            status, printed, err = run(["posterior", config, "-o", self.path("out.h5"), "--force"])
            self.assertEqual(status, 0, err)
            status, shown, err = run(["show", self.path("out.h5")])
            self.assertEqual((status, err), (0, ""))
            self.assertEqual(shown, "".join(line for line in printed.splitlines(True) if not line.startswith("seconds")))
        with h5py.File(self.path("out.h5"), "r+") as file:
            del file["accuracy"]
        status, _, err = run(["show", self.path("out.h5")])
        self.assertEqual(status, 1)
        self.assertIn("is damaged: accuracy is missing", complaint(err)[-1])
        status, plan, err = run(["plan", self.config(), "--ranks", "3", "--set", "data.train=120"])
        self.assertEqual((status, err), (0, ""))
        self.assertIn("120 training images, 40 test images of 36 numbers, one against the rest; distances of 2 inputs", plan)
        rows = [line.split() for line in plan.splitlines()]
        self.assertIn(["3", "2", "16", "128", "1024"], [[r[0] for r in rows[-5:]]])
        self.assertTrue(all(0 < float(r[1]) < 1 for r in rows[-5:]))

    def test_figure(self):
        list(self.data())
        for inputs in (0, 2):
            self.compute(self.config(inputs=inputs)).close()
            folder = self.path(f"figures{inputs}")
            done = subprocess.run([os.path.join(SOURCE, "analysis", "figures"), self.path("out.h5"), "-o", folder], capture_output=True,
                                  text=True, timeout=120)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(sorted(os.listdir(folder)), ["calibration.pdf", "calibration.png"])

    def test_ranks_do_not_matter(self):
        list(self.data())
        config = self.config()
        found = []
        for ranks in (1, 3):
            self.check_done(run(["posterior", config, "-o", self.path("out.h5"), "--force"], ranks))
            found.append(variables(self.path("out.h5")))
        self.assertEqual(found[0], found[1])

    def refused(self, status, text, *more, **settings):
        config = self.config(**settings)
        out = self.path("refused.h5")
        result = run(["posterior", config, "-o", out, *more], 2)
        self.assertEqual(result[0], status, result[2])
        lines = [line for line in complaint(result[2]) if not line.startswith(("borderline: kernel:", "borderline: pred"))]
        self.assertEqual(len(lines), 1, result[2])
        self.assertIn(text, lines[0])
        self.assertFalse(os.path.exists(out))

    def test_refusals(self):
        list(self.data())
        self.refused(1, "did you mean 'data.train'", "--set", "data.trian=3")
        self.refused(1, "unknown value 'lenet'", family="lenet")
        self.refused(1, "has 150 images, but 151 are asked for", train=151)
        self.refused(1, "boundary.inputs: 41 inputs are asked for, but there are 150 training and 40 test images", inputs=41)
        self.refused(1, "has label 2, but classes are 0 to 1", "--set", "data.classes=2")
        os.truncate(self.path("t10k-images-idx3-ubyte"), 100)
        self.refused(1, "t10k-images-idx3-ubyte is cut short: it ends in image 3 of 40")
        os.remove(self.path("train-labels-idx1-ubyte"))
        self.refused(1, "train-labels-idx1-ubyte cannot be read: No such file")

    def test_not_positive_definite(self):
        """The same image twice and no noise: the pivot is named, and a noise that does, which does."""
        (train, label), _ = self.data()
        with open(self.path("train-images-idx3-ubyte"), "r+b") as file:
            head = file.read(16)
            pixels = bytearray(file.read())
            pixels[36 * 7:36 * 150] = pixels[36 * 6:36 * 7] * 143
            file.seek(0)
            file.write(head + pixels)
        config = self.config(noise=0, inputs=0)
        status, _, err = run(["posterior", config, "-o", self.path("out.h5")], 2)
        self.assertEqual(status, 2, err)
        last = complaint(err)[-1]
        self.assertRegex(last, r"pivot \d+ is not positive with noise: 0; with noise: \S+ it is positive definite \(tried\)")
        noise = last.split("with noise: ")[2].split(" ")[0]
        self.assertFalse(os.path.exists(self.path("out.h5")))
        with self.compute(config, 2, "--set", f"noise={noise}") as file:
            self.assertTrue(np.isfinite(file["log_marginal_likelihood"][()]))

    def test_memory(self):
        """More images than any memory: how much, and how many ranks would do."""
        count = 3_000_000
        list(self.data(side=1, test=10))
        with open(self.path("train-images-idx3-ubyte"), "wb") as file:
            file.write(struct.pack(">4B3I", 0, 0, 8, 3, count, 1, 1) + bytes(count))
        with open(self.path("train-labels-idx1-ubyte"), "wb") as file:
            file.write(struct.pack(">4BI", 0, 0, 8, 1, count) + bytes(count))
        status, _, err = run(["posterior", self.config(train=count, inputs=0), "-o", self.path("out.h5")], 2)
        self.assertEqual(status, 1, err)
        self.assertRegex(complaint(err)[-1], r"training images is too large for memory: \S+ GiB per rank x 2 ranks .* such nodes would fit")

    def test_mnist(self):
        """An independent computation in numpy: .9139 for the first 1,000 images of MNIST at depth 1, .9214 at depth 3."""
        folder = os.environ.get("BORDERLINE_MNIST", os.path.join(SOURCE, "data", "mnist"))
        if not os.path.exists(os.path.join(folder, "train-images-idx3-ubyte")):
            self.skipTest("MNIST is not here: jobs/fetch-data")
        for depth, right in ((1, 9139), (3, 9214)):
            config = self.write("mnist.yaml", f"data: {{folder: {folder}, train: 1000}}\nnetwork: {{depth: {depth}}}\n"
                                              "boundary: {inputs: 0}\n")
            with self.compute(config, 2) as file:
                self.assertLessEqual(abs(10000 * file["accuracy"][()] - right), 2.5)


if __name__ == "__main__":
    main()
