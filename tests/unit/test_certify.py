# SPDX-License-Identifier: BSD-3-Clause
"""Proven lower bounds never pass a point of another class: against confirmed points, samples, exact optima (mixed-integer
programs solved by HiGHS), and on networks made to break them."""
import math
import unittest

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from boundary_core import ACTIVATION, Network, search
from certify_core import LEVEL, STATUS, Ball, Relaxation, certify

inf = math.inf
P = [1, 1.5, 2, 3, inf]
MARGIN = 1 + 1e-9  # of a confirmed distance: its bracket is 1e-6 wide


def random_network(rng, shape, activation="relu", bias=0.0, slope=0.1):
    layers = [(rng.standard_normal((b, a)) * math.sqrt(2 / a), bias * rng.standard_normal(b)) for a, b in zip(shape, shape[1:])]
    return Network(layers, activation, slope)


def random_shape(rng, classes=None):
    depth = rng.integers(1, 4)
    return [int(rng.integers(2, 12))] + [int(v) for v in rng.integers(2, 12, depth)] + [classes or int(rng.integers(2, 5))]


def sample(rng, ball, count):
    """Points of the ball: vertices, directions of all kinds, insides."""
    n = ball.x0.size
    h = rng.standard_normal((count, n)) * (rng.random((count, n)) < rng.random((count, 1)))
    h[: count // 3] = np.sign(h[: count // 3])
    p, radius = ball.struct.p, ball.struct.radius
    h *= (radius * rng.random((count, 1)) ** 0.1 / np.maximum(np.linalg.norm(h, p, axis=1, keepdims=True), 1e-300))
    x = ball.x0 + h
    return np.clip(x, 0, 1) if ball.struct.boxed else x


def distance_by_milp(network, x0, own, p, box, radius):
    """The exact distance of a relu network with two classes, p = 1 or inf, known to be at most `radius`."""
    weights = [(w.astype(float), b.astype(float)) for w, b in network.parameters]
    n, widths = network.n, [len(b) for _, b in weights[:-1]]
    lo, hi = Relaxation(network).ranges, None
    ranges = lo(Ball(x0, p, radius * 1.001, box))
    ranges = [ranges[l] for l in sorted(ranges)]
    extra = n if p == 1 else 1
    start = np.cumsum([0, n, extra] + [3 * w for w in widths])
    total = start[-1]
    cost = np.zeros(total)
    cost[n:n + extra] = 1
    rows, low, high = [], [], []

    def constrain(entries, at_least, at_most):
        row = np.zeros(total)
        for index, value in entries:
            row[index] += value
        rows.append(row), low.append(at_least), high.append(at_most)

    lower, upper, integer = np.full(total, -inf), np.full(total, inf), np.zeros(total)
    for i in range(n):  # |h_i| <= its own or the common variable
        bound = n + (i if p == 1 else 0)
        constrain([(bound, 1), (i, 1)], 0, inf)
        constrain([(bound, 1), (i, -1)], 0, inf)
        lower[i], upper[i] = (box[0] - x0[i], box[1] - x0[i]) if box else (-2 * radius, 2 * radius)
    before = [(slice(0, n), x0)]
    for l, (weight, bias) in enumerate(weights[:-1]):
        z, y, on = (start[2 + l] + k * widths[l] for k in range(3))
        for i in range(widths[l]):
            source, shift = (0, x0) if l == 0 else (start[1 + l] + widths[l - 1], np.zeros(widths[l - 1]))
            constrain([(source + j, weight[i, j]) for j in range(weight.shape[1])] + [(z + i, -1)],
                      -bias[i] - weight[i] @ shift, -bias[i] - weight[i] @ shift)
            a, b = min(ranges[l][0][i], 0) - 1e-9, max(ranges[l][1][i], 0) + 1e-9
            lower[z + i], upper[z + i], lower[y + i], upper[y + i] = a, b, 0, b
            lower[on + i], upper[on + i], integer[on + i] = 0, 1, 1
            constrain([(y + i, 1), (z + i, -1)], 0, inf)
            constrain([(y + i, 1), (on + i, -b)], -inf, 0)
            constrain([(y + i, 1), (z + i, -1), (on + i, -a)], -inf, -a)
    weight, bias = weights[-1]
    difference = weight[own] - weight[1 - own]
    y = start[2 + len(widths) - 1] + widths[-1]
    constrain([(y + j, v) for j, v in enumerate(difference)], -inf, -(bias[own] - bias[1 - own]))
    found = milp(cost, constraints=LinearConstraint(np.array(rows), low, high), bounds=Bounds(lower, upper), integrality=integer,
                 options={"mip_rel_gap": 1e-6, "time_limit": 20})
    return found.fun if found.status == 0 else None


class Parts(unittest.TestCase):
    def test_least_over_a_ball(self):
        rng = np.random.default_rng(1)
        for _ in range(60):
            n = int(rng.integers(1, 30))
            x0, a = rng.random(n), rng.standard_normal(n) * (rng.random(n) < 0.8)
            for p in P + [1.01, 20]:
                for box in (None, (0.0, 1.0)):
                    ball = Ball(x0, p, float(rng.choice([0.01, 0.3, 2.0])), box)
                    least, h = ball.least(a)
                    self.assertLessEqual(np.linalg.norm(h, p), ball.struct.radius * (1 + 1e-9))
                    if box:
                        self.assertTrue(np.all(x0 + h >= -1e-12) and np.all(x0 + h <= 1 + 1e-12))
                    self.assertLessEqual(least, a @ h)
                    self.assertAlmostEqual(least, a @ h, delta=1e-6 * abs(least) + 1e-12) # no gap: the minimum
                    self.assertTrue(np.all((sample(rng, ball, 50) - x0) @ a >= least))

    def test_ranges_and_margins(self):
        """All activations; the bounds are not only below the samples, some come near."""
        rng = np.random.default_rng(2)
        for activation in ACTIVATION:
            nearest = inf
            for _ in range(12):
                network = random_network(rng, random_shape(rng), activation, bias=float(rng.choice([0, 0.5])))
                x0 = rng.random(network.n)
                for p in P:
                    for box in (None, (0.0, 1.0)):
                        ball = Ball(x0, p, float(rng.choice([0.02, 0.3, 3.0])), box)
                        relaxation = Relaxation(network)
                        ranges, x = relaxation.ranges(ball, float(rng.choice([0, inf]))), sample(rng, ball, 200)
                        own = int(network.logits(x0).argmax())
                        others = [j for j in range(network.classes) if j != own]
                        bound, z = relaxation.margins(own, others), network.logits(x)
                        gap = (z[:, [own]] - z[:, others]).min(0) - bound
                        self.assertTrue(np.all(gap >= 0), (activation, p, box, gap))
                        nearest = min(nearest, gap.min())
                        z = x @ network.parameters[0][0].astype(float).T + network.parameters[0][1]
                        lo, hi = ranges[1]
                        self.assertTrue(np.all(z >= lo) and np.all(z <= hi))
            self.assertLess(nearest, 0.05)

    def test_power_of_two_scales_nothing(self):
        rng = np.random.default_rng(3)
        network = random_network(rng, [6, 9, 9, 3], "relu")
        scaled = Network([(w * s, b) for (w, b), s in zip(network.parameters, (4, 0.5, 64))], "relu")
        x0 = rng.random((3, 6))
        found, points = search(network, x0, [1, 2, inf], None, "thorough", points=True)
        first = certify(network, x0, network.logits(x0), [1, 2, inf], found["distance"], points)
        second = certify(scaled, x0, scaled.logits(x0), [1, 2, inf], found["distance"], points)
        np.testing.assert_allclose(first["radius"], second["radius"], rtol=1e-3)
        self.assertTrue(np.all(first["radius"] > 0))


class Certify(unittest.TestCase):
    def check(self, network, x0, p, box, level):
        found, points = search(network, x0, p, box, "thorough", points=True)
        nearer = np.zeros(points.shape)
        result = certify(network, x0, network.logits(x0), p, found["distance"], points, box, level, nearer)
        distance = np.where(np.isnan(found["distance"]), inf, found["distance"])
        for i, k in zip(*np.nonzero(result["nearer"])):  # points that branch and bound met
            z, own = network.logits(nearer[i, k]), network.logits(x0[i]).argmax()
            self.assertLessEqual(z[own] - np.delete(z, own).max(), 1e-12 * abs(z).max())
            length = np.linalg.norm(nearer[i, k] - x0[i], p[k])
            self.assertLess(length, distance[i, k])
            distance[i, k] = length
        self.assertTrue(np.all(result["radius"] <= distance * MARGIN), (network.activation, p, box, result["radius"] / distance))
        self.assertTrue(np.all((result["status"] == STATUS["none"]) == (result["radius"] == 0)))
        self.assertFalse(np.any((result["status"] == STATUS["no_boundary"]) & np.isfinite(distance)))
        exact = result["status"] == STATUS["exact"]
        self.assertTrue(np.all(result["radius"][exact] >= 0.999 * distance[exact]))
        return result, distance

    def test_never_above_a_confirmed_distance(self):
        """Small networks of all activations and shapes, where bounds are often close."""
        rng = np.random.default_rng(4)
        for activation in ACTIVATION:
            share = []
            for _ in range(14):
                network = random_network(rng, random_shape(rng), activation, bias=float(rng.choice([0, 0.3])))
                x0 = rng.random((2, network.n))
                box = (0.0, 1.0) if rng.random() < 0.5 else None
                result, distance = self.check(network, x0, P, box, str(rng.choice(["fast", "standard", "thorough"])))
                share.append((result["radius"] / distance)[np.isfinite(distance)])
            share = np.concatenate(share)
            self.assertGreater(np.median(share), 0.25, activation)

    def test_never_above_the_exact_optimum(self):
        """Asked about balls beyond the distance, the bounds stop at the exact optimum."""
        rng = np.random.default_rng(5)
        solved, share = 0, []
        for _ in range(60):
            shape = [int(rng.integers(2, 7))] + [int(v) for v in rng.integers(3, 9, rng.integers(1, 3))] + [2]
            network = random_network(rng, shape, "relu", bias=float(rng.choice([0, 0.3])))
            x0 = rng.random((1, network.n))
            box = (0.0, 1.0) if rng.random() < 0.5 else None
            found, points = search(network, x0, [1, inf], box, "thorough", points=True)
            own = int(network.logits(x0[0]).argmax())
            for j, p in enumerate([1, inf]):
                distance = found["distance"][0, j]
                if not distance > 0:
                    continue
                exact = distance_by_milp(network, x0[0], own, p, box, distance)
                if exact is None:
                    continue
                solved += 1
                self.assertGreater(exact, distance * (1 - 0.5)) # the program is right, not merely feasible
                # asked for more than the distance: the bound itself must stop
                for level in ("standard", "thorough"):
                    result = certify(network, x0, network.logits(x0), [p], np.array([[1.3 * distance]]), points[:, [j]], box, level)
                    self.assertLess(result["radius"][0, 0], 1.0005 * exact)
                    share.append(result["radius"][0, 0] / exact)
        self.assertGreater(solved, 40)
        self.assertGreater(np.median(share), 0.9)

    def test_adversarial_networks(self):
        rng = np.random.default_rng(6)
        w = rng.standard_normal((8, 5))
        last = rng.standard_normal((2, 8))
        x = rng.random((2, 5))
        corner = np.array([[0, 1, 0, 1, 1.0]])
        cases = {
            "dead neurons": ([(w, np.r_[np.full(4, -100.0), np.zeros(4)]), last], x),
            "duplicates": ([np.r_[w[:4], w[:4]], np.c_[last[:, :4], -last[:, :4] * 0.999]], x),
            "z = 0 at x0": ([(w, -(w.astype("f4").astype(float) @ x[0])), (last, np.array([0.3, 0]))], x),
            "biases that cancel": ([(w, np.full(8, 1e4)), (last, -1e4 * last.sum(1))], x),
            "different scales": ([w * np.logspace(-12, 12, 8)[:, None], last * np.logspace(12, -12, 8)], x),
            "a corner": ([w, last], corner),
            "zero network": ([np.zeros_like(w), (np.zeros_like(last), np.array([1.0, 0]))], x),
            "one neuron": ([w[:1], last[:, :1]], x),
            "deep and narrow": ([w[:2], *[rng.standard_normal((2, 2)) for _ in range(6)], last[:, :2]], x),
        }
        for name, (layers, x0) in cases.items():
            for activation in ("relu", "leaky_relu"):
                network = Network(layers, activation, 0.1)
                for box in (None, (0.0, 1.0)):
                    for level in ("fast", "standard", "thorough"):
                        with self.subTest(name=name, activation=activation, box=box, level=level):
                            self.check(network, x0, P, box, level)

    def test_whole_box_of_one_class(self):
        network = Network([np.eye(3), (np.array([[1, 1, 1], [-1, -1, -1.0]]), np.array([0.5, 0]))], "relu")
        x0 = np.full((1, 3), 0.5)
        for p in (1, 2, inf):
            result, distance = self.check(network, x0, [p], (0.0, 1.0), "standard")
            self.assertTrue(np.isinf(distance[0, 0]))
            self.assertEqual(result["status"][0, 0], STATUS["no_boundary"])

    def test_count_of_coordinates(self):
        """p = 0 with a box: no change of `radius` coordinates changes the class (all subsets tried)."""
        from itertools import combinations, product
        rng = np.random.default_rng(7)
        above = 0
        for _ in range(20):
            network = random_network(rng, [14, 8, 2], "relu")
            x0 = rng.random((1, 14))
            result, distance = self.check(network, x0, [0], (0.0, 1.0), "standard")
            radius = int(result["radius"][0, 0])
            above += radius > 0
            own = network.logits(x0[0]).argmax()
            for subset in combinations(range(14), radius):
                grid = np.array(list(product(np.linspace(0, 1, 5), repeat=radius)))
                x = np.repeat(x0, len(grid), 0)
                x[:, list(subset)] = grid
                self.assertTrue(np.all(network.logits(x).argmax(-1) == own))
        self.assertGreater(above, 5)

    def test_permuted_neurons(self):
        rng = np.random.default_rng(8)
        network = random_network(rng, [8, 12, 12, 2], "relu", 0.1)
        (w1, b1), (w2, b2), (w3, b3) = network.parameters
        i, j = rng.permutation(12), rng.permutation(12)
        other = Network([(w1[i], b1[i]), (w2[j][:, i], b2[j]), (w3[:, j], b3)], "relu")
        x0 = rng.random((3, 8))
        found, points = search(network, x0, [1, 2, inf], None, "thorough", points=True)
        first, second = (certify(net, x0, net.logits(x0), [1, 2, inf], found["distance"], points) for net in (network, other))
        np.testing.assert_allclose(first["radius"], second["radius"], rtol=0.02)


if __name__ == "__main__":
    unittest.main()
