# SPDX-License-Identifier: BSD-3-Clause
"""The linear step against general-purpose solvers: linear programs for p = 1 and inf, SLSQP and a bisection of the
dual in float64 for other p, enumeration for p = 0."""
import ctypes
import itertools
import math
import unittest

import numpy as np
from scipy.optimize import linprog, minimize

from borderline_core import Box, lib

inf = math.inf
lib.bl_linear_step.restype = ctypes.c_bool
lib.bl_norm.restype = ctypes.c_double


def linear_step(p, g, c, x0=None, box=(-inf, inf)):
    """(reached, h, length) of bl_linear_step."""
    g = np.ascontiguousarray(g, np.float32)
    h, work = np.full(g.size, np.nan, np.float32), np.empty(g.size, np.float32)
    length = ctypes.c_double(math.nan)
    x0 = None if x0 is None else np.ascontiguousarray(x0, np.float64)
    reached = lib.bl_linear_step(
        ctypes.c_double(p), ctypes.c_size_t(g.size), None if x0 is None else x0.ctypes.data_as(ctypes.c_void_p),
        Box(lo=box[0], hi=box[1]), g.ctypes.data_as(ctypes.c_void_p), ctypes.c_double(c), work.ctypes.data_as(ctypes.c_void_p),
        h.ctypes.data_as(ctypes.c_void_p), ctypes.byref(length))
    return reached, h.astype(float), length.value


def norm(p, h):
    h = np.ascontiguousarray(h, np.float64)
    return lib.bl_norm(ctypes.c_double(p), ctypes.c_size_t(h.size), h.ctypes.data_as(ctypes.c_void_p))


def room(g, c, x0, box):
    up = np.sign(c) * g > 0
    return np.where(g == 0, 0.0, np.where(up, box[1] - x0, x0 - box[0]))


def by_linear_program(p, g, c, x0, box):
    """Shortest length, or None when no point of the box reaches the plane."""
    n = g.size
    lower, upper = box[0] - x0, box[1] - x0
    if p == 1:  # h = a - b
        cost, equality = np.ones(2 * n), np.concatenate([g, -g])[None]
        bounds = [(0, max(v, 0)) for v in upper] + [(0, max(-v, 0)) for v in lower]
        answer = linprog(cost, A_eq=equality, b_eq=[c], bounds=bounds, method="highs")
    else:  # the last variable is the radius
        cost, equality = np.r_[np.zeros(n), 1.0], np.r_[g, 0.0][None]
        rows = np.block([[np.eye(n), -np.ones((n, 1))], [-np.eye(n), -np.ones((n, 1))]])
        answer = linprog(cost, A_ub=rows, b_ub=np.zeros(2 * n), A_eq=equality, b_eq=[c],
                         bounds=list(zip(lower, upper)) + [(0, None)], method="highs")
    return answer.fun if answer.status == 0 else None


def by_dual(p, g, c, u):
    """The formula of THEORY.md, section 2.2, in float64, its multiplier by bisection on a logarithmic scale."""
    a = abs(g)
    if (a * u)[a > 0].sum() < abs(c):
        return None
    log_a = np.log(np.where(a > 0, a, 1.0))

    def step(log_multiplier):
        t = np.exp(np.minimum((log_multiplier + log_a) / (p - 1), 700.0))
        return np.where(a > 0, np.minimum(t, u), 0.0)
    low, high = -2000.0 * p, 2000.0 * p
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if (a * step(middle)).sum() >= abs(c) else (middle, high)
    t = step(high)
    return t.max() * np.sum((t / t.max()) ** p) ** (1 / p)


def random_problem(rng, n, bounded, scale=1.0):
    g = rng.standard_normal(n) * scale
    g[rng.random(n) < 0.1] = 0.0
    g[0] = scale
    g = g.astype(np.float32).astype(float)
    x0 = rng.random(n)
    box = (0.0, 1.0) if bounded else (-inf, inf)
    reach = (abs(g) * room(g, 1.0, x0, box))[g != 0].sum() if bounded else abs(g).sum()
    return g, x0, box, reach * rng.uniform(0.01, 0.9)


class LinearStep(unittest.TestCase):
    def check_point(self, p, g, c, x0, box, answer, tolerance=2e-5):
        reached, h, length = answer
        self.assertTrue(reached)
        self.assertAlmostEqual(g @ h / c, 1.0, delta=tolerance)
        self.assertTrue(np.all(x0 + h >= box[0] - 1e-6) and np.all(x0 + h <= box[1] + 1e-6))
        self.assertAlmostEqual(length / norm(p, h), 1.0, delta=1e-5)

    def test_linear_programs(self):
        rng = np.random.default_rng(1)
        for p, n, bounded in itertools.product((1, inf), (1, 2, 7, 60, 300), (False, True)):
            for _ in range(6):
                g, x0, box, c = random_problem(rng, n, bounded)
                answer = linear_step(p, g, c, x0, box)
                with self.subTest(p=p, n=n, bounded=bounded):
                    self.check_point(p, g, c, x0, box, answer)
                    self.assertAlmostEqual(answer[2] / by_linear_program(p, g, c, x0, box), 1.0, delta=2e-5)

    def test_dual(self):
        rng = np.random.default_rng(2)
        for p, n, bounded in itertools.product((1.00001, 1.001, 1.05, 1.5, 2, 3, 10, 60, 200, 1000, 1e5), (1, 5, 200, 3072), (False, True)):
            g, x0, box, c = random_problem(rng, n, bounded)
            c *= rng.choice([-1, 1]) if not bounded else 1
            answer = linear_step(p, g, c, x0, box)
            with self.subTest(p=p, n=n, bounded=bounded):
                self.check_point(p, g, c, x0, box, answer)
                expected = by_dual(p, g, c, room(g, c, x0, box) if bounded else np.full(n, inf))
                self.assertAlmostEqual(answer[2] / expected, 1.0, delta=2e-5)

    def test_general_solver(self):
        rng = np.random.default_rng(3)
        for p in (1.5, 2, 3, 4.5):
            g, x0, box, c = random_problem(rng, 8, True)
            answer = linear_step(p, g, c, x0, box)
            start = np.where(g != 0, np.sign(g) * room(g, c, x0, box), 0.0)
            solution = minimize(lambda h: np.sum(abs(h) ** p), start * c / (g @ start), method="SLSQP",
                                jac=lambda h: p * abs(h) ** (p - 1) * np.sign(h),
                                bounds=list(zip(-x0, 1 - x0)), options={"maxiter": 500, "ftol": 1e-14},
                                constraints={"type": "eq", "fun": lambda h: g @ h - c, "jac": lambda h: g})
            self.assertTrue(solution.success)
            self.check_point(p, g, c, x0, box, answer)
            self.assertAlmostEqual(answer[2] / solution.fun ** (1 / p), 1.0, delta=1e-3)

    def test_without_box_is_the_dual_norm(self):
        rng = np.random.default_rng(4)
        g = rng.standard_normal(500).astype(np.float32).astype(float)
        for p, q in ((1, inf), (1.5, 3), (2, 2), (3, 1.5), (inf, 1)):
            for c in (2.5, -2.5):
                reached, h, length = linear_step(p, g, c)
                self.assertTrue(reached)
                self.assertAlmostEqual(length * np.linalg.norm(g, q) / abs(c), 1.0, delta=1e-5)

    def test_fewest_coordinates(self):
        rng = np.random.default_rng(5)
        for _ in range(20):
            g, x0, box, c = random_problem(rng, 9, True)
            reached, h, length = linear_step(0, g, c, x0, box)
            gains = np.sort(abs(g) * room(g, c, x0, box))[::-1]
            fewest = 1 + int(np.searchsorted(np.cumsum(gains), c * (1 - 1e-6)))
            self.check_point(0, g, c, x0, box, (reached, h, length))
            self.assertEqual(length, fewest)
            self.assertEqual(np.count_nonzero(h), fewest)
        reached, h, length = linear_step(0, g, c)
        self.assertEqual((reached, length), (True, 1.0))
        self.assertEqual(int(np.argmax(abs(h))), int(np.argmax(abs(g))))

    def test_many_coordinates_filled(self):
        rng = np.random.default_rng(6)
        g, x0, box, _ = random_problem(rng, 5000, True)
        reach = (abs(g) * room(g, 1.0, x0, box)).sum()
        for share in (0.3, 0.6, 0.95, 0.9999):
            reached, h, length = linear_step(1, g, share * reach, x0, box)
            self.check_point(1, g, share * reach, x0, box, (reached, h, length))
            order = np.argsort(-abs(g))
            gains = (abs(g) * room(g, 1.0, x0, box))[order]
            rooms = room(g, 1.0, x0, box)[order]
            before = np.cumsum(gains) - gains
            expected = np.clip((share * reach - before) / np.maximum(abs(g[order]), 1e-30), 0, rooms).sum()
            self.assertAlmostEqual(length / expected, 1.0, delta=1e-4)

    def test_ties(self):
        x0 = np.full(40, 0.5)
        for p in (0, 1, 1.5, 2, inf):
            g = np.ones(40)
            answer = linear_step(p, g, 7.3, x0, (0, 1))
            self.check_point(p, g, 7.3, x0, (0, 1), answer)
            expected = {0: 15, 1: 7.3}.get(p, 7.3 / 40 * 40 ** (0 if p == inf else 1 / p) if p else 0)
            self.assertAlmostEqual(answer[2], expected, delta=1e-4)

    def test_out_of_reach(self):
        rng = np.random.default_rng(7)
        for p, n in itertools.product((0, 1, 1.001, 1.5, 2, 3, inf), (1, 10, 1000)):
            g, x0, box, _ = random_problem(rng, n, True)
            for sign in (1, -1):
                far = room(g, sign, x0, box)
                reached, h, length = linear_step(p, g, sign * 1.01 * (abs(g) * far).sum(), x0, box)
                self.assertFalse(reached)
                np.testing.assert_allclose(h, np.sign(g) * sign * far, atol=1e-6)
                self.assertTrue(math.isfinite(length))

    def test_scales(self):
        rng = np.random.default_rng(8)
        for p, scale in itertools.product((0, 1, 1.001, 1.5, 2, 10, inf), (1e-36, 1e-20, 1e20, 3e37)):
            for bounded in (False, True):
                g, x0, box, c = random_problem(rng, 50, bounded)
                c = c * 0.1
                plain = linear_step(p, g, c, x0, box)
                scaled = linear_step(p, (g * scale).astype(np.float32), c * scale, x0, box)
                with self.subTest(p=p, scale=scale, bounded=bounded):
                    self.assertTrue(plain[0] and scaled[0])
                    self.assertAlmostEqual(scaled[2] / plain[2], 1.0, delta=1e-4)

    def test_never_nan(self):
        cases = [np.zeros(20), np.full(20, 1e-45), np.full(20, 3e38), np.r_[np.full(10, np.nan), np.ones(10)],
                 np.r_[np.inf, np.ones(19)], np.r_[1e-45, np.ones(19)], np.r_[3e38, np.full(19, 1e-40)]]
        x0 = np.r_[0.0, 1.0, np.full(18, 0.3)]
        for p, g, c in itertools.product((0, 1, 1.0001, 1.5, 2, 50, inf), cases,
                                         (0.0, 1e-300, -1.0, 1e30, -1e300, inf, math.nan)):
            for point, box in ((None, (-inf, inf)), (x0, (0, 1)), (x0, (0, inf)), (x0 + 2, (0, 1))):
                reached, h, length = linear_step(p, g, c, point, box)
                with self.subTest(p=p, c=c, g=g[:2], box=box):
                    self.assertTrue(np.all(np.isfinite(h)))
                    self.assertFalse(math.isnan(length))

    def test_no_plane(self):
        for p in (0, 1, 1.5, 2, inf):
            self.assertEqual(linear_step(p, np.zeros(5), 1.0)[0], False)
            reached, h, length = linear_step(p, np.ones(5), 0.0)
            self.assertEqual((reached, length, abs(h).max()), (True, 0.0, 0.0))

    def test_same_bits(self):
        rng = np.random.default_rng(9)
        g, x0, box, c = random_problem(rng, 777, True)
        for p in (0, 1, 1.5, 2, inf):
            np.testing.assert_array_equal(linear_step(p, g, c, x0, box)[1], linear_step(p, g, c, x0, box)[1])

    def test_norm(self):
        rng = np.random.default_rng(10)
        h = rng.standard_normal(33)
        h[4] = 0
        for p in (1, 1.5, 2, 3, 10, inf):
            for scale in (1e-200, 1.0, 1e200):
                self.assertAlmostEqual(norm(p, h * scale) / (np.linalg.norm(h, p) * scale), 1.0, delta=1e-13)
            self.assertEqual(norm(p, np.zeros(3)), 0.0)
        self.assertEqual(norm(0, h), 32)


if __name__ == "__main__":
    unittest.main()
