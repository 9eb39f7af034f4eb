# SPDX-License-Identifier: BSD-3-Clause
"""The boundary search against closed forms (linear networks, the box included) and against its promises: confirmed
points, a closed bracket, the same bits twice, monotone in p, a status where there is nothing to find."""
import itertools
import math
import unittest

import numpy as np
from scipy.optimize import linprog

import borderline_core as core
from boundary_core import STATUS, Network, search

inf = math.inf


def random_network(rng, shape, activation="relu", bias=0.0):
    layers = []
    for inputs, outputs in zip(shape[:-1], shape[1:]):
        weight = rng.standard_normal((outputs, inputs)) * math.sqrt(2 / inputs)
        layers.append((weight, bias * rng.standard_normal(outputs)) if bias else weight)
    return Network(layers, activation)


def lengths(points, x0, p):
    h = points - x0[:, None]
    return np.array([[np.count_nonzero(v) if q == 0 else np.linalg.norm(v, q) for v, q in zip(row, p)] for row in h])


class Search(unittest.TestCase):
    def check_confirmed(self, network, x0, p, box, result, points):
        """Every found point lies in the box, is of another class, and is as far as the result says."""
        found = result["status"] == STATUS["found"]
        source = network.logits(x0).argmax(-1)
        z = network.logits(points[found])
        own = np.repeat(source[:, None], len(p), 1)[found]
        rows = np.arange(len(z))
        margin = z[rows, own]
        z[rows, own] = -inf
        scale = abs(network.logits(x0)).max()
        self.assertTrue(np.all(margin - z.max(-1) <= 1e-13 * scale))
        np.testing.assert_allclose(lengths(points, x0, p)[found], result["distance"][found], rtol=1e-12)
        if box:
            self.assertTrue(np.all(points[found] >= box[0]) and np.all(points[found] <= box[1]))
        self.assertTrue(np.all(result["inside"][found] <= result["distance"][found]))
        wide = np.array(p)[None, :].repeat(len(x0), 0)[found] > 0
        self.assertTrue(np.all(result["inside"][found][wide] >= result["distance"][found][wide] * (1 - 1e-6)))

    def test_linear_network(self):
        rng = np.random.default_rng(1)
        p = [1, 1.5, 2, 3, inf]
        for n in (3, 40, 700):
            network = Network([rng.standard_normal((2, n)) / math.sqrt(n)])
            x0 = rng.random((6, n))
            weight = network.parameters[0][0].astype(float)
            g, f = weight[1] - weight[0], np.diff(network.logits(x0))[:, 0]
            for effort in ("fast", "standard"):
                result, points = search(network, x0, p, None, effort, points=True)
                self.assertTrue(np.all(result["status"] == STATUS["found"]))
                self.check_confirmed(network, x0, p, None, result, points)
                for k, q in enumerate([inf, 3, 2, 1.5, 1]):
                    expected = abs(f) / np.linalg.norm(g, q)
                    np.testing.assert_allclose(result["distance"][:, k], expected, rtol=2e-5)
                    np.testing.assert_allclose(result["first_order"][:, k], expected, rtol=2e-5)

    def test_linear_network_in_a_box(self):
        rng = np.random.default_rng(2)
        p = [1, 1.5, 2, 3, inf]
        network = Network([rng.standard_normal((2, 60))])
        x0 = rng.random((8, 60))
        weight = network.parameters[0][0].astype(float)
        f = np.diff(network.logits(x0))[:, 0]
        d = (weight[1] - weight[0])[None] * -np.sign(f)[:, None]
        room = np.where(d > 0, 1 - x0, x0)
        result, points = search(network, x0, p, (0.0, 1.0), points=True)
        self.check_confirmed(network, x0, p, (0.0, 1.0), result, points)
        self.assertTrue(np.all(result["status"] == STATUS["found"]))
        for i, (k, q) in itertools.product(range(len(x0)), enumerate(p)):
            self.assertAlmostEqual(result["distance"][i, k] / boxed_distance(abs(d[i]), room[i], abs(f[i]), q), 1,
                                   delta=2e-5)

    def test_activations(self):
        rng = np.random.default_rng(3)
        p = [0, 1, 2, inf]
        for activation in ("relu", "leaky_relu", "tanh", "erf", "gelu"):
            network = random_network(rng, [30, 40, 2], activation, 0.1)
            x0 = rng.random((5, 30))
            for box in (None, (0.0, 1.0)):
                result, points = search(network, x0, p, box, points=True)
                with self.subTest(activation=activation, box=box):
                    self.check_confirmed(network, x0, p, box, result, points)
                    if box is None:
                        self.assertTrue(np.all(result["status"] == STATUS["found"]))
                    self.assertTrue(np.all(np.diff(result["distance"][:, 1:], axis=1) <= 0))

    def test_five_classes(self):
        rng = np.random.default_rng(4)
        network = Network([rng.standard_normal((5, 20))])
        x0 = rng.standard_normal((6, 20))
        result, points = search(network, x0, [1, 2, inf], None, points=True)
        self.check_confirmed(network, x0, [1, 2, inf], None, result, points)
        weight, z = network.parameters[0][0].astype(float), network.logits(x0)
        for i, (k, q) in itertools.product(range(6), enumerate([inf, 2, 1])):
            own = z[i].argmax()
            expected = min((z[i, own] - z[i, j]) / np.linalg.norm(weight[own] - weight[j], q)
                           for j in range(5) if j != own)
            self.assertAlmostEqual(result["distance"][i, k] / expected, 1, delta=2e-5)
        network = random_network(rng, [20, 50, 50, 5])
        result, points = search(network, x0, [1, 2, inf], None, points=True)
        self.check_confirmed(network, x0, [1, 2, inf], None, result, points)
        self.assertTrue(np.all(result["status"] == STATUS["found"]))

    def test_same_bits(self):
        rng = np.random.default_rng(5)
        network = random_network(rng, [50, 30, 30, 2])
        x0 = rng.random((4, 50))
        first = search(network, x0, [0, 1, 2.5, inf], (0.0, 1.0), points=True)
        second = search(network, x0, [0, 1, 2.5, inf], (0.0, 1.0), points=True)
        self.assertEqual(first[0].tobytes(), second[0].tobytes())
        np.testing.assert_array_equal(first[1], second[1])

    def test_monotone_in_p(self):
        rng = np.random.default_rng(6)
        network = random_network(rng, [60, 40, 40, 40, 2])
        p = [1, 1.2, 1.5, 2, 3, 10, inf]
        result = search(network, rng.random((6, 60)), p, (0.0, 1.0), "fast")
        self.assertTrue(np.all(result["status"] == STATUS["found"]))
        self.assertTrue(np.all(np.diff(result["distance"], axis=1) <= 0))

    def test_passes_within_effort(self):
        rng = np.random.default_rng(7)
        network = random_network(rng, [60, 50, 50, 2])
        x0 = rng.random((8, 60))
        distance = None
        for effort, limit in (("fast", 20), ("standard", 100), ("thorough", 2000)):
            result = search(network, x0, [1, 2, inf], (0.0, 1.0), effort)
            self.assertLessEqual(result["passes"].mean(), limit)
            if distance is not None:  # the cheaper effort's search is the first part
                self.assertTrue(np.all(result["distance"] <= distance))
            distance = result["distance"]

    def test_a_corner_that_no_gradient_shows(self):
        """One input lies in the other class, in a corner of the box that slopes elsewhere hide: its point is the start."""
        n = 64
        corner, slope = (np.ones((1, n)), np.array([0.5 - n])), np.eye(1, n)
        first = np.concatenate([corner[0], slope]), np.array([corner[1][0], 0.0])
        network = Network([first, (np.array([[0.0, 0.1], [100.0, 0.0]]), np.array([1.0, 0.0]))])
        x0 = np.vstack([np.full((3, n), 0.1) + 0.1 * np.arange(3)[:, None], np.ones((1, n))])
        for effort in ("fast", "standard"):
            result, points = search(network, x0, [1, 2, inf], (0.0, 1.0), effort, points=True)
            self.assertTrue((result["status"] == STATUS["found"]).all(), result["status"])
            self.check_confirmed(network, x0, [1, 2, inf], (0.0, 1.0), result, points)

    def test_zero_gradient(self):
        """No gradient at x0, and a boundary beyond: looking far finds it."""
        n = 20
        rng = np.random.default_rng(11)
        ramp = rng.standard_normal((30, n)) / math.sqrt(n)
        network = Network([(ramp, np.full(30, -0.9)), (np.vstack([np.zeros(30), np.ones(30)]), np.array([0.1, 0.0]))])
        x0 = 0.1 * rng.random((5, n))
        for box in ((-4.0, 4.0), None):
            for effort in ("fast", "standard"):
                result, points = search(network, x0, [0, 1, 2, inf], box, effort, points=True)
                self.assertTrue(np.all(result["gradient_norm"] == 0))
                self.assertTrue(np.all(result["status"] == STATUS["found"]), result["status"])
                self.check_confirmed(network, x0, [0, 1, 2, inf], box, result, points)
                # nothing slopes before the first unit's kink
                nearest = (0.9 - x0 @ ramp.T) / np.linalg.norm(ramp, axis=1)
                self.assertTrue(np.all(result["distance"][:, 2] > nearest.min(1)))

    def test_many_classes(self):
        """1,000 classes: every effort is exact on a linear network, whose nearest plane is the first step."""
        rng = np.random.default_rng(12)
        weight, x0 = rng.standard_normal((1000, 30)).astype(np.float32), rng.standard_normal((3, 30))
        network, z = Network([weight]), x0 @ weight.astype(float).T
        for effort in ("fast", "standard", "thorough"):
            result = search(network, x0, [1, 2, inf], None, effort)
            for i, (k, q) in itertools.product(range(3), enumerate([inf, 2, 1])):
                own = z[i].argmax()
                gap = np.linalg.norm(np.delete(weight[own] - weight, own, 0).astype(float), q, axis=1)
                expected = ((z[i, own] - np.delete(z[i], own)) / gap).min()
                self.assertAlmostEqual(result["distance"][i, k] / expected, 1, delta=2e-5)

    def test_a_class_behind_another(self):
        """The first step leads to one class; another, whose logit rises steeply only far out, is nearer."""
        n = 12
        hidden = np.vstack([np.eye(1, n), np.eye(1, n, 1), np.eye(1, n, 1)])
        network = Network([(hidden, np.array([5.0, 5.0, -0.5])),
                           (np.array([[0, 0, 0], [1.0, 0, 0], [0, 0.1, 4.0]]), np.array([1.0, -5.0, -0.5]))])
        for effort in ("fast", "standard"):
            result = search(network, np.zeros((1, n)), [1, 2, inf], None, effort)
            np.testing.assert_allclose(result["distance"][0, :2], 3 / 4.1, rtol=1e-3, err_msg=effort)

    def test_many_faces(self):
        """A convex margin of 101 faces, which no tangent plane crosses by itself: its l1 distance is a linear program."""
        n, faces, steep = 100, 100, 0.05
        for seed in range(6):
            rng = np.random.default_rng(seed)
            down, face = rng.standard_normal(n) / math.sqrt(n), rng.standard_normal((faces, n)) / math.sqrt(n)
            far = 1e3  # where the first unit's kink is out of the way: margin 1 - <down, h> + steep sum_j max(<face_j, h>, 0)
            network = Network([(np.vstack([-down, face]), np.concatenate([[far], np.zeros(faces)])),
                               (np.array([[1.0] + faces * [steep], [0.0] * (faces + 1)]), np.array([1.0 - far, 0.0]))])
            above = np.vstack([np.concatenate([-down, down, np.full(faces, steep)]),
                               np.hstack([face, -face, -np.eye(faces)])])
            exact = linprog(np.concatenate([np.ones(2 * n), np.zeros(faces)]), A_ub=above,
                            b_ub=np.concatenate([[-1.0], np.zeros(faces)])).fun
            distance = search(network, np.zeros((1, n)), [1])["distance"][0, 0]
            self.assertGreaterEqual(distance, exact * (1 - 1e-6))
            self.assertLessEqual(distance, 1.05 * exact)

    def test_a_first_run_in_vain(self):
        """An input that the first run does not cross goes on before others begin again: the passes last for it."""
        rng = np.random.default_rng([2, 7])
        network = random_network(rng, [64] + [16] * 6 + [2])
        result = search(network, rng.random((6, 64)), [1, 2, inf])
        self.assertTrue(np.all(result["status"] == STATUS["found"]))

    def test_nothing_to_find(self):
        constant = Network([(np.zeros((2, 9)), np.array([1.0, 2.0]))])
        result = search(constant, np.full((3, 9), 0.4), [0, 1, 2, inf], (0.0, 1.0))
        self.assertTrue(np.all(result["status"] == STATUS["not_found"]))
        self.assertTrue(np.all(np.isnan(result["distance"])) and np.all(np.isnan(result["first_order"])))
        far = Network([(np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([0.0, 1.0]))])
        result = search(far, np.full((1, 2), 0.5), [1, 2, inf], (0.0, 1.0))
        self.assertTrue(np.all(result["status"] == STATUS["not_found"]))
        self.assertTrue(np.all(np.isnan(result["first_order"])))
        result = search(far, np.full((1, 2), 0.5), [1, 2, inf])
        np.testing.assert_allclose(result["distance"][0], [2, math.sqrt(2), 1], rtol=1e-5)

    def test_on_the_boundary(self):
        network = Network([np.array([[1.0, 1.0], [1.0, -1.0]])])
        result = search(network, np.array([[1.0, 0.0], [1.0, 1e-9]]), [0, 1, 2, inf])
        np.testing.assert_array_equal(result["distance"][0], 0.0)
        self.assertTrue(np.all(result["status"] == STATUS["found"]))
        np.testing.assert_allclose(result["distance"][1, 1:], 1e-9, rtol=1e-4)

    def test_input_outside_the_box(self):
        rng = np.random.default_rng(8)
        network = random_network(rng, [5, 20, 2])
        x0 = rng.random((2, 5))
        x0[0, 0] = 1.5
        result = search(network, x0, [1, 2], (0.0, 1.0))
        self.assertTrue(np.all(result["status"][0] == STATUS["not_found"]))
        self.assertTrue(np.all(np.isnan(result["distance"][0])))

    def test_scales(self):
        rng = np.random.default_rng(9)
        weights = [rng.standard_normal((40, 30)), rng.standard_normal((2, 40))]
        x0 = rng.random((4, 30))
        plain = search(Network(weights), x0, [1, 2, inf])
        scaled = search(Network([weights[0] * 2.0**-12, weights[1] * 2.0**-16]), x0 * 2.0**13, [1, 2, inf])
        np.testing.assert_allclose(scaled["distance"], plain["distance"] * 2.0**13, rtol=1e-5)

    def test_stop(self):
        rng = np.random.default_rng(10)
        network = random_network(rng, [20, 30, 2])
        asked = []

        def stop(_):
            asked.append(1)
            return len(asked) > 3
        with self.assertRaisesRegex(core.Error, "stopped"):
            search(network, rng.random((3, 20)), [2], stop=stop)
        self.assertEqual(len(asked), 4)


def boxed_distance(a, room, c, p):
    """Linear step in a box, float64 (THEORY.md, section 2.2): the multiplier by bisection."""
    if p == 1:
        order = np.argsort(-a)
        gain = (a * room)[order]
        before = np.cumsum(gain) - gain
        return np.clip((c - before) / a[order], 0, room[order]).sum()
    power = 0.0 if p == inf else 1 / (p - 1)
    low, high = 0.0, 1e6
    for _ in range(300):
        middle = (low + high) / 2
        low, high = (low, middle) if (a * np.minimum(middle * a**power, room)).sum() >= c else (middle, high)
    return np.linalg.norm(np.minimum(high * a**power, room), p)


if __name__ == "__main__":
    unittest.main()
