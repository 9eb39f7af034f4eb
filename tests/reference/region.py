# SPDX-License-Identifier: BSD-3-Clause
"""Independent distances of dense ReLU networks by scipy: inside one activation region the nearest crossing is a convex
problem (a linear program for p = 1 and inf; for the others the dual, by L-BFGS-B); then the sign of a binding neuron
is flipped and the problem solved again, until no single flip helps. From several starts; every length is that of a
point whose class has changed, by bisection on its ray. Also greedy search and pruning for p = 0."""
import math

import numpy as np
from scipy.optimize import linprog, minimize

inf = math.inf


class Margin:
    """Two-class margin of a dense ReLU network, positive at x0."""

    def __init__(self, network, x0):
        self.layers = [(w.astype(float), np.zeros(len(w)) if b is None else np.asarray(b, float))
                       for w, b in network.parameters]
        z = network.logits(x0[None])[0]
        self.sign = np.where(np.arange(2) == z.argmax(), 1.0, -1.0)
        self.x0 = x0

    def value(self, h):
        x = h + self.x0
        for w, b in self.layers[:-1]:
            x = np.maximum(x @ w.T + b, 0)
        w, b = self.layers[-1]
        return (x @ w.T + b) @ self.sign

    def pattern(self, h):
        x, signs = self.x0 + h, []
        for w, b in self.layers[:-1]:
            x = w @ x + b
            signs.append(x > 0)
            x = np.maximum(x, 0)
        return signs

    def region(self, signs):
        """(normals, offsets) of <normal, h> <= offset: every neuron on its side, and last the margin at most 0."""
        matrix, constant = np.eye(len(self.x0)), self.x0.copy()
        rows, ends = [], []
        for (w, b), on in zip(self.layers[:-1], signs):
            matrix, constant = w @ matrix, w @ constant + b
            side = np.where(on, -1.0, 1.0)
            rows.append(side[:, None] * matrix)
            ends.append(-side * constant)
            matrix, constant = on[:, None] * matrix, on * constant
        w, b = self.layers[-1]
        rows.append((self.sign @ w @ matrix)[None])
        ends.append(np.array([-self.sign @ (w @ constant + b)]))
        return np.concatenate(rows), np.concatenate(ends)

    def gradient(self, h):
        return self.region(self.pattern(h))[0][-1]


def norm(h, p):
    return np.linalg.norm(h, p)


def linear_program(a, b, lo, hi, p):
    m, n = a.shape
    if p == 1:  # h = up - down
        result = linprog(np.ones(2 * n), np.c_[a, -a], b, bounds=np.r_[np.c_[np.zeros(n), hi], np.c_[np.zeros(n), -lo]])
        h = None if result.x is None else result.x[:n] - result.x[n:]
    else:
        rows = np.r_[np.c_[a, np.zeros(m)], np.c_[np.eye(n), -np.ones(n)], np.c_[-np.eye(n), -np.ones(n)]]
        result = linprog(np.r_[np.zeros(n), 1], rows, np.r_[b, np.zeros(2 * n)],
                         bounds=np.r_[np.c_[lo, hi], [[0, None]]])
        h = None if result.x is None else result.x[:n]
    return h, None if h is None else -result.ineqlin.marginals[:m]


def dual(a, b, lo, hi, p, size):
    """min sum |h / size|^p / p by its dual, in as many multipliers as there are rows."""
    scale = np.linalg.norm(a, axis=1)
    scale[scale == 0] = 1  # dead neurons
    rows, ends = a / scale[:, None], b / scale / size
    low, high = lo / size, hi / size

    def negative(mu):
        v = mu @ rows
        h = np.clip(-np.sign(v) * np.abs(v)**(1 / (p - 1)), low, high)
        return -(np.sum(np.abs(h)**p) / p + v @ h - mu @ ends), -(rows @ h - ends)
    mu = minimize(negative, np.zeros(len(b)), jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(b),
                  options={"maxiter": 400, "maxcor": 20, "ftol": 1e-13, "gtol": 1e-9}).x
    v = mu @ rows
    return size * np.clip(-np.sign(v) * np.abs(v)**(1 / (p - 1)), low, high), mu


def crossing(margin, h, lo, hi):
    """The shortest t h that crosses, t up to a little over 1, or None."""
    end = np.clip(1.0005 * h, lo, hi)
    if margin.value(end) > 0:
        return None
    near, far = 0.0, 1.0
    while far - near > 1e-9:
        middle = (near + far) / 2
        near, far = (near, middle) if margin.value(middle * end) <= 0 else (middle, far)
    return far * end


def descend(margin, h, lo, hi, p, flips):
    """Walk from region to region while the distance falls; the point, and its length."""
    best, length = h, norm(h, p)
    signs, tried = margin.pattern(h), set()

    def attempt(signs):
        nonlocal best, length
        tried.add(np.concatenate(signs).tobytes())
        a, b = margin.region(signs)
        h, mu = linear_program(a, b, lo, hi, p) if p in (1, inf) else dual(a, b, lo, hi, p, np.abs(best).max())
        found = None if h is None else crossing(margin, h, lo, hi)
        better = found is not None and norm(found, p) < length * (1 - 1e-7)
        if better:
            best, length = found, norm(found, p)
        return better, mu
    _, mu = attempt(signs)
    while mu is not None and len(tried) < flips:
        for k in [k for k in np.argsort(-mu[:-1]) if mu[k] > 1e-6 * mu.max()][:12]:
            flipped = np.concatenate(signs)
            flipped[k] = not flipped[k]
            flipped = np.split(flipped, np.cumsum([len(s) for s in signs])[:-1])
            if np.concatenate(flipped).tobytes() in tried:
                continue
            better, next_mu = attempt(flipped)
            if better:
                signs, mu = flipped, next_mu
                break
        else:
            break
    return best, length


def first_crossings(margin, lo, hi, starts, rng):
    """Crossings along gradients taken at points around x0, ever farther from it."""
    found, n, radius = [], len(margin.x0), 0.0
    for _ in range(20 * starts):
        at = np.clip(radius * rng.standard_normal(n), lo, hi)
        g = margin.gradient(at)
        for direction in (-g, -np.sign(g)):
            for t in np.abs(direction).max()**-1 * 2.0**np.arange(-12, 8):
                if margin.value(np.clip(t * direction, lo, hi)) <= 0:
                    h = crossing(margin, np.clip(t * direction, lo, hi), lo, hi)
                    if h is not None:
                        found.append(h)
                        radius = max(radius, np.linalg.norm(h) / math.sqrt(n))
                    break
        radius = radius or 0.01
        radius *= 1.05
        if len(found) >= starts:
            break
    return found


def distances(network, x0, norms, box, starts=4, flips=60, seed=0):
    """[inputs, norms]: the shortest lengths found; crossings of one norm are starts of the others."""
    rng = np.random.default_rng(seed)
    result = np.full((len(x0), len(norms)), inf)
    for i, x in enumerate(x0):
        margin = Margin(network, x)
        lo, hi = (box[0] - x, box[1] - x) if box else (np.full(len(x), -inf), np.full(len(x), inf))
        points = first_crossings(margin, lo, hi, starts, rng)
        for k, p in enumerate(norms):
            ends = [descend(margin, h, lo, hi, p, flips) for h in sorted(points, key=lambda h: norm(h, p))[:starts]]
            if ends:
                point, result[i, k] = min(ends, key=lambda e: e[1])
                points.append(point)
    return result


def greedy_count(margin, lo, hi):
    """Number of coordinates: the largest gain, one after another, until something crosses; then pruning."""
    n, h, chosen = len(margin.x0), np.zeros(len(margin.x0)), []
    while margin.value(h) > 0 and len(chosen) < n:
        g = margin.gradient(h)
        gain = np.where(g < 0, -g * hi, g * -lo)
        gain[chosen] = -inf
        k = int(gain.argmax())
        h[k] = hi[k] if g[k] < 0 else lo[k]
        chosen.append(k)
    for k in sorted(chosen, key=lambda k: -margin.gradient(h)[k] * h[k]):
        without = h.copy()
        without[k] = 0.0
        if margin.value(without) <= 0:
            h = without
    return np.count_nonzero(h) if margin.value(h) <= 0 else inf
