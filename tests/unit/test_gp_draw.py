# SPDX-License-Identifier: BSD-3-Clause
"""The infinitely wide network drawn exactly: its kernel's derivatives, the law of its answers, what rounding does to them."""
import ctypes as ct
import unittest

import numpy as np

from borderline_core import ACTIVATIONS, Local, Model, Stream, check, lib, pointer, rng, structure
from test_nngp import model
from boundary_core import Oracle

lib.bl_rng_stream.restype = Stream
lib.bl_gp_draw_create.argtypes = [ct.POINTER(Model)] + [ct.c_size_t] * 3 + [ct.c_void_p]
lib.bl_gp_draw_destroy.argtypes = [ct.c_void_p]
lib.bl_gp_draw_begin.argtypes = [ct.c_void_p, Stream]
lib.bl_gp_draw_begin.restype = None
lib.bl_gp_draw_oracle.argtypes = [ct.c_void_p]
lib.bl_gp_draw_oracle.restype = Oracle

# (activation, weight variance, bias variance, depth)
MODELS = [("relu", 2.0, 0.0, 1), ("relu", 2.0, 0.0, 3), ("relu", 1.7, 0.3, 2), ("leaky_relu", 1.5, 0.2, 2),
          ("leaky_relu", 2.0, 0.0, 3), ("tanh", 1.5, 0.1, 2), ("erf", 1.8, 0.0, 3), ("gelu", 2.0, 0.2, 2)]

Geometry, Pair = structure("bl_gp_geometry"), structure("bl_gp_pair")
lib.bl_gp_pair_at.restype = Pair
lib.bl_gp_pair_at.argtypes = [ct.POINTER(Model), ct.c_size_t, ct.POINTER(Geometry)]


def covariance(m, x, y):
    """Cov((f, grad f)(x), (f, grad f)(y)) of one logit, [1 + n, 1 + n]."""
    n, d = x.size, y - x
    across = d - (x @ d) / (x @ x) * x
    at = Geometry(x2=x @ x, y2=y @ y, xd=x @ d, d2=d @ d, determinant=(x @ x) * (across @ across))
    p = lib.bl_gp_pair_at(m, n, at)
    out = np.empty((n + 1, n + 1))
    out[0, 0] = p.value
    u, v = np.stack([x, d - p.along[0] * x]), np.stack([y, -d + p.along[1] * y])
    out[1:, 0] = np.array(p.x) @ u
    out[0, 1:] = np.array(p.y) @ v
    out[1:, 1:] = p.across * np.eye(n) + u.T @ np.array([list(r) for r in p.mixed]) @ v
    return out


def joint(m, points):
    return np.block([[covariance(m, x, y) for y in points] for x in points])


class Draw:
    """One draw, f = z_1 - z_0 of two classes (or all logits), asked point by point."""

    def __init__(self, m, n, classes=2, points=256):
        self.n, self.classes, self.handle = n, classes, ct.c_void_p()
        check(lib.bl_gp_draw_create(m, n, classes, points, ct.byref(self.handle)))
        o = lib.bl_gp_draw_oracle(self.handle)
        void = ct.c_void_p
        self.context = o.context
        self._forward = ct.CFUNCTYPE(ct.c_int, void, ct.c_size_t, void, void, void)(o.forward64)
        self._gradient = ct.CFUNCTYPE(ct.c_int, void, ct.c_size_t, void, void, void)(o.gradient)

    def __del__(self):
        lib.bl_gp_draw_destroy(ct.byref(self.handle))

    def begin(self, number=0):
        lib.bl_gp_draw_begin(self.handle, rng.stream(seed=7, network=number))
        return self

    def logits(self, x):
        z = np.empty(self.classes)
        check(self._forward(self.context, 1, None, pointer(np.ascontiguousarray(x, float)), pointer(z)))
        return z

    def value(self, x):
        z = self.logits(x)
        return z[1] - z[0]

    def gradient(self, seed=(-1.0, 1.0)):
        """Of the last point asked."""
        g, seed = np.empty(self.n, np.float32), np.array(seed, np.float32)
        check(self._gradient(self.context, 1, None, pointer(seed), pointer(g)))
        return g.astype(float)

    def both(self, x):
        return np.concatenate([[self.value(x)], self.gradient()])


class Kernel(unittest.TestCase):
    def test_derivatives_are_those_of_finite_differences(self):
        r = np.random.default_rng(0)
        n, h = 5, 2e-3
        for entry in MODELS:
            m = model(*entry)
            for _ in range(3):
                x, y = r.normal(size=(2, n))
                got = covariance(m, x, y)
                value = lambda a, b: covariance(m, a, b)[0, 0]
                e = h * np.eye(n)

                def slope(f, k):  # fourth order
                    return (8 * (f(e[k]) - f(-e[k])) - f(2 * e[k]) + f(-2 * e[k])) / (12 * h)
                scale = abs(got).max()
                for i in range(n):
                    self.assertAlmostEqual(slope(lambda s: value(x + s, y), i), got[1 + i, 0], delta=1e-8 * scale)
                    self.assertAlmostEqual(slope(lambda s: value(x, y + s), i), got[0, 1 + i], delta=1e-8 * scale)
                    for j in range(n):
                        mixed = slope(lambda s: slope(lambda t: value(x + s, y + t), j), i)
                        self.assertAlmostEqual(mixed, got[1 + i, 1 + j], delta=1e-7 * scale, msg=str(entry))

    def test_at_one_point_it_is_the_local_law(self):
        r = np.random.default_rng(1)
        x = r.normal(size=6)
        for entry in MODELS:
            m = model(*entry)
            local = lib.bl_nngp_local(m, 6, x @ x / 6)
            unit = x / np.sqrt(x @ x)
            want = np.zeros((7, 7))
            want[0, 0] = local.value
            want[1:, 0] = want[0, 1:] = local.value_radial * unit
            want[1:, 1:] = local.across * np.eye(6) + (local.radial - local.across) * np.outer(unit, unit)
            np.testing.assert_allclose(covariance(m, x, x), want, atol=1e-12 * abs(want).max(), err_msg=str(entry))

    def test_joint_covariance_is_positive_to_rounding_however_near_the_points(self):
        r = np.random.default_rng(2)
        for entry in MODELS:
            m = model(*entry)
            for apart in (1.0, 1e-3, 1e-6, 1e-9, 1e-12):
                x = r.normal(size=6)
                points = [x + apart * k * r.normal(size=6) for k in range(4)] + [1.5 * x]
                c = joint(m, points)
                scale = np.sqrt(np.diag(c))
                c /= np.outer(scale, scale)
                np.testing.assert_allclose(c, c.T, atol=1e-13)
                self.assertGreater(np.linalg.eigvalsh(c)[0], -1e-13, (entry, apart))


class Law(unittest.TestCase):
    def sample(self, draw, points, count, order):
        n = draw.n
        out = np.empty((count, len(points), n + 1))
        for s in range(count):
            draw.begin(s)
            for k in order:
                out[s, k] = draw.both(points[k])
        return out.reshape(count, -1)

    def test_answers_have_the_covariance_of_the_formula_in_any_order(self):
        r = np.random.default_rng(3)
        n = 4
        points = r.uniform(size=(3, n)) + np.array([[0.0], [0.02], [0.5]])
        points[1] = points[0] + 0.05 * r.normal(size=n)
        for entry in MODELS[1:3] + MODELS[5:]:
            m = model(*entry)
            want = 2 * joint(m, points)
            root = np.sqrt(np.diag(want))
            for order in ([0, 1, 2], [2, 0, 1]):
                draw = Draw(m, n)
                errors = []
                for count in (500, 3000):
                    z = self.sample(draw, points, count, order)
                    difference = (z.T @ z / count - want) / np.outer(root, root)
                    errors.append(np.sqrt(np.mean(difference ** 2)) * np.sqrt(count))
                    # entries are averages of products of normals: variance 1 + rho^2 <= 2
                    self.assertLess(abs(difference).max() * np.sqrt(count / 2), 5.0, (entry, order))
                rho = want / np.outer(root, root)
                expected = np.sqrt(np.mean(1 + rho ** 2))
                for error in errors:  # the rate is count^(-1/2), with its factor
                    self.assertLess(abs(np.log(error / expected)), np.log(2.0), (entry, order))

    def test_conditional_law_does_not_depend_on_the_order(self):
        """The last answer's distribution given the others, by its regression on them, in two orders of the others."""
        m, n = model("relu", 2.0, 0.1, 2), 3
        r = np.random.default_rng(4)
        points = r.uniform(size=(3, n))
        c = 2 * joint(m, points)
        first, last = slice(0, 2 * (n + 1)), slice(2 * (n + 1), None)
        weight = np.linalg.solve(c[first, first], c[first, last])
        left = c[last, last] - c[last, first] @ weight
        for order in ([0, 1, 2], [1, 0, 2]):
            z = self.sample(Draw(m, n), points, 3000, order)
            rest = z[:, last] - z[:, first] @ weight
            root = np.sqrt(np.diag(left))
            self.assertLess(abs((rest.T @ rest / 3000 - left) / np.outer(root, root)).max(), 5 * np.sqrt(2 / 3000))
            scaled = rest / root
            known = z[:, first] / np.sqrt(np.diag(c[first, first]))
            self.assertLess(abs(known.T @ scaled / 3000).max(), 5 / np.sqrt(3000))

    def test_logits_of_many_classes_are_independent(self):
        m, n, count = model("relu"), 4, 3000
        x = np.random.default_rng(5).uniform(size=n)
        draw = Draw(m, n, classes=3)
        z = np.array([draw.begin(s).logits(x) for s in range(count)])
        want = covariance(m, x, x)[0, 0] * np.eye(3)
        self.assertLess(abs(z.T @ z / count - want).max(), 5 * want[0, 0] * np.sqrt(2 / count))
        draw.begin(0).logits(x)
        g = [draw.gradient(seed) for seed in np.eye(3)]
        np.testing.assert_allclose(draw.gradient([1, -1, 0]), g[0] - g[1], atol=1e-6)


class Rounding(unittest.TestCase):
    def assertConsistent(self, m, x, y, fx, gx, fy, far=1.0):
        """f(y) is f(x) + <grad f(x), y - x> to second order and rounding, in deviations of f."""
        deviation = np.sqrt(2 * covariance(m, x, x)[0, 0])
        step = np.linalg.norm(y - x) / np.linalg.norm(x)
        self.assertLess(abs(fy - fx - gx @ (y - x)), deviation * (7e-7 + far * step ** 1.5), step)

    def test_two_points_at_1e_9(self):
        r = np.random.default_rng(6)
        for entry in MODELS:
            m, n = model(*entry), 20
            draw = Draw(m, n)
            for s in range(20):
                draw.begin(s)
                x = r.uniform(size=n)
                y = x + 1e-9 * r.normal(size=n)
                a, b = draw.both(x), draw.both(y)
                self.assertTrue(np.isfinite([a, b]).all())
                self.assertConsistent(m, x, y, a[0], a[1:], b[0])
                deviation = np.sqrt(2 * covariance(m, x, x)[1, 1])
                # relu's gradient turns by the square root of the angle; smooth ones by the angle
                self.assertLess(abs(b[1:] - a[1:]).max(), deviation * 1e-3)
                np.testing.assert_array_equal(draw.both(x), a)

    def test_forty_in_general_position(self):
        r = np.random.default_rng(7)
        for entry in (MODELS[1], MODELS[2], MODELS[6], MODELS[7]):
            m, n = model(*entry), 60
            draw = Draw(m, n).begin(1)
            points = r.uniform(size=(40, n))
            answers = np.array([draw.both(x) for x in points])
            self.assertTrue(np.isfinite(answers).all())
            # whitened by the formula, the answers are independent standard normals
            c = 2 * joint(m, points)
            root = np.sqrt(np.diag(c))
            values, vectors = np.linalg.eigh(c / np.outer(root, root))
            keep = values > 1e-9
            z = vectors.T[keep] @ (answers.ravel() / root) / np.sqrt(values[keep])
            self.assertLess(abs(np.mean(z ** 2) - 1), 5 * np.sqrt(2 / z.size), entry)
            self.assertLess(abs(z).max(), 6)
            for x, a in zip(points, answers):
                self.assertEqual(draw.value(x), a[0])

    def test_two_hundred_on_a_ray(self):
        r = np.random.default_rng(8)
        for entry in MODELS:
            m, n = model(*entry), 30
            for through_origin in (False, True):
                x = r.uniform(size=n)
                h = x if through_origin else 0.1 * r.normal(size=n)
                draw = Draw(m, n, points=256).begin(2)
                t = r.permutation(np.linspace(0, 1, 200))
                answers = np.array([draw.both(x + s * h) for s in t])
                self.assertTrue(np.isfinite(answers).all(), entry)
                order = np.argsort(t)
                t, answers = t[order], answers[order]
                along = answers[:, 1:] @ h
                deviation = np.sqrt(2 * covariance(m, x, x)[0, 0])
                # the trapezoidal rule of the slopes gives the values
                rise = (along[1:] + along[:-1]) / 2 * np.diff(t)
                self.assertLess(abs(np.diff(answers[:, 0]) - rise).max(), 5e-4 * deviation, entry)
                if through_origin and entry[2] == 0.0 and "relu" in entry[0]:
                    np.testing.assert_allclose(answers[:, 0], answers[0, 0] * (1 + t), atol=1e-6 * deviation)


class Anything(unittest.TestCase):
    """Random models, depths, dimensions and queries: clusters of points at any distance of each other, rays, points at large."""
    CONFIGURATIONS = 60

    def queries(self, r, n):
        """Points, and pairs of them that are under 1e-6 of their length apart."""
        points, pairs = [r.normal(size=n) * r.choice([0.1, 1, 10]) + r.choice([0, 1])], []
        while len(points) < 24:
            near = points[r.integers(len(points))]
            scale = np.linalg.norm(near)
            kind = r.integers(4)
            if kind == 0:
                points.append(r.normal(size=n) * scale / np.sqrt(n))
            elif kind == 1:
                points.append(near * r.uniform(0.5, 2))
            else:
                apart = 10 ** r.uniform(-12, -6 if kind == 2 else 0)
                direction = r.normal(size=n) if n < 3 or r.integers(2) else near - points[0] + 1e-3 * r.normal(size=n)
                points.append(near + apart * scale * direction / np.linalg.norm(direction))
        for a in range(len(points)):
            for b in range(a):
                if np.linalg.norm(points[a] - points[b]) < 1e-6 * np.linalg.norm(points[a]):
                    pairs.append((a, b))
        return points, pairs

    def nugget(self, m, x):
        """Deviation of what a draw adds to its numbers, in theirs."""
        first = m.bias_variance + m.weight_variance * (x @ x) / x.size
        return 1e-7 * (1 if "relu" in ACTIVATIONS[m.activation] else np.sqrt(max(1.0, first)))

    def test_neighbours_agree(self):
        """f(y) - f(x) is the trapezoidal rule of the slopes at both ends, whose own error at steps under 1e-6 is smaller still."""
        r, worst = np.random.default_rng(9), []
        for k in range(self.CONFIGURATIONS):
            depth, n = int(r.integers(1, 11)), int(r.choice([1, 2, 3, 10, 50, 300]))
            entry = (ACTIVATIONS[k % 5], r.uniform(0.8, 3), r.choice([0, r.uniform(0, 1)]), depth)
            m = model(*entry)
            points, pairs = self.queries(r, n)
            draw = Draw(m, n).begin(k)
            asked = r.permutation(len(points))
            answers = np.empty((len(points), n + 1))
            for a in asked:
                answers[a] = draw.both(points[a])
            self.assertTrue(np.isfinite(answers).all(), entry)
            for a, b in pairs:
                step = points[a] - points[b]
                deviation = np.sqrt(2 * covariance(m, points[b], points[b])[0, 0])
                rise = (answers[a, 1:] + answers[b, 1:]) @ step / 2
                worst.append(abs(answers[a, 0] - answers[b, 0] - rise) / deviation / self.nugget(m, points[b]))
                self.assertLess(worst[-1], 7, (entry, n, np.linalg.norm(step) / np.linalg.norm(points[a])))
            for a in asked[:5]:
                np.testing.assert_array_equal(draw.both(points[a]), answers[a])
        self.assertGreater(len(worst), 5 * self.CONFIGURATIONS)
        if __name__ == "__main__":
            print(f"{self.CONFIGURATIONS} models, {len(worst)} pairs: at most {max(worst):.1f} nuggets apart, half of them {np.median(worst):.1g}")

    def test_answers_are_homogeneous(self):
        """relu and leaky_relu without biases, any depth: f(t x) = t f(x), grad f(t x) = grad f(x), whatever was asked between."""
        r, worst = np.random.default_rng(10), np.zeros(2)
        for k in range(20):
            n = int(r.choice([2, 10, 100]))
            m = model(ACTIVATIONS[k % 2], r.uniform(1, 2.5), 0.0, int(r.integers(1, 11)))
            draw = Draw(m, n).begin(k)
            points, _ = self.queries(r, n)
            first = [draw.both(x) for x in points[:12]]
            for x, a in zip(points, first):
                t = r.uniform(0.2, 5)
                b = draw.both(t * x)
                deviation = np.sqrt(2 * np.diag(covariance(m, x, x)))
                worst = np.maximum(worst, [abs(b[0] / t - a[0]) / deviation[0], abs(b[1:] - a[1:]).max() / deviation[1:].max()])
        self.assertLess(worst[0], 7e-7)
        self.assertLess(worst[1], 1e-4)
        if __name__ == "__main__":
            print(f"homogeneity: values to {worst[0]:.1g}, gradients to {worst[1]:.1g} deviations")

    def test_whitened_answers_are_normal(self):
        """The law of points at large, at any depth: what the formula's factor leaves is independent and standard."""
        r, square = np.random.default_rng(11), []
        for k in range(40):
            n = int(r.choice([2, 5, 20]))
            m = model(ACTIVATIONS[k % 5], r.uniform(0.8, 3), r.choice([0, 0.3]), int(r.integers(1, 9)))
            points = r.normal(size=(8, n))
            draw = Draw(m, n).begin(100 + k)
            answers = np.array([draw.both(x) for x in points]).ravel()
            c = 2 * joint(m, points)
            root = np.sqrt(np.diag(c))
            values, vectors = np.linalg.eigh(c / np.outer(root, root))
            keep = values > 1e-9
            square.append((vectors.T[keep] @ (answers / root)) ** 2 / values[keep])
        square = np.concatenate(square)
        self.assertGreater(square.size, 1500)
        self.assertLess(abs(square.mean() - 1), 5 * np.sqrt(2 / square.size))
        self.assertLess(square.max(), 30)


if __name__ == "__main__":
    unittest.main()
