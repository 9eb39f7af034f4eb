# SPDX-License-Identifier: BSD-3-Clause
"""Adam and softmax cross-entropy against numpy: 50 steps of a small classifier, float64 on numpy's side."""
import ctypes as ct

import numpy as np
from borderline_core import lib, pointer

lib.bl_adam_step.argtypes = [ct.c_double, ct.c_int64, ct.c_size_t] + [ct.c_void_p] * 4
lib.bl_adam_step.restype = None
lib.bl_cross_entropy.argtypes = [ct.c_size_t] * 3 + [ct.c_void_p] * 4
lib.bl_cross_entropy.restype = ct.c_double

random = np.random.default_rng(5)
IMAGES, NUMBERS, HIDDEN, CLASSES, STEPS = 40, 30, 16, 3, 50
x = random.uniform(0, 1, (IMAGES, NUMBERS))
label = random.integers(0, CLASSES, IMAGES)


def numpy_loss(z):
    shifted = z - z.max(axis=1, keepdims=True)
    share = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    return -np.log(share[np.arange(len(z)), label]).mean(), (share - np.eye(CLASSES)[label]) / len(z)


def our_loss(z):
    z, seed, right = z.astype(np.float32), np.empty((IMAGES, CLASSES), np.float32), ct.c_size_t()
    labels = label.astype(np.uint64)
    loss = lib.bl_cross_entropy(CLASSES, IMAGES, IMAGES, pointer(z), pointer(labels), pointer(seed), ct.byref(right))
    assert right.value == (z.argmax(axis=1) == label).sum()
    return loss / IMAGES, seed


def gradient(w, loss_of):
    first, second = w[:NUMBERS * HIDDEN].reshape(NUMBERS, HIDDEN), w[NUMBERS * HIDDEN:].reshape(HIDDEN, CLASSES)
    h = np.tanh(x @ first)
    loss, dz = loss_of(h @ second)
    return loss, np.concatenate([(x.T @ (dz @ second.T * (1 - h**2))).ravel(), (h.T @ dz).ravel()])


def numpy_adam(w, rate):
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, STEPS + 1):
        _, g = gradient(w, numpy_loss)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        w = w - rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
    return w


def our_adam(w, rate):
    w = w.astype(np.float32)
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, STEPS + 1):
        g = gradient(w.astype(float), our_loss)[1].astype(np.float32)
        lib.bl_adam_step(rate, t, w.size, pointer(g), pointer(m), pointer(v), pointer(w))
    return w


start = random.normal(0, 0.3, NUMBERS * HIDDEN + HIDDEN * CLASSES).astype(np.float32).astype(float)
z = random.normal(0, 30, (IMAGES, CLASSES)).astype(np.float32).astype(float)
expected, got = numpy_loss(z), our_loss(z)
assert abs(got[0] - expected[0]) < 1e-12 * expected[0] and np.abs(got[1] - expected[1]).max() < 1e-8
for rate in [1e-4, 1e-2]:
    theirs, ours = numpy_adam(start, rate), our_adam(start, rate)
    moved, error = np.linalg.norm(theirs - start), np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)
    assert moved > 20 * rate * np.sqrt(start.size) * 0.5 and error < 1e-5, (rate, moved, error)
    print(f"rate {rate}: relative difference after {STEPS} steps {error:.2g}")
assert gradient(theirs, numpy_loss)[0] < 0.8 * gradient(start, numpy_loss)[0]
