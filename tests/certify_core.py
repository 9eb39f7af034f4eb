# SPDX-License-Identifier: BSD-3-Clause
"""Proven lower bounds of the core library for Python tests."""
import ctypes as ct
import math

import numpy as np

import borderline_core as core

lib = core.lib
inf = math.inf


BallStruct, Box = core.structure("bl_ball"), core.Box
CERTIFICATE = core.dtype("bl_certificate")
LEVEL, STATUS = core.values("certify"), core.values("certificate")
def box_of(box):
    return Box(lo=box[0], hi=box[1]) if box else Box(lo=-inf, hi=inf)


lib.bl_ball_create.argtypes = [ct.c_size_t, ct.c_void_p, Box, ct.c_void_p]
lib.bl_ball_clear.argtypes = [ct.c_void_p]
lib.bl_ball_least.argtypes = [ct.c_void_p] * 3
lib.bl_ball_least.restype = ct.c_double
lib.bl_relaxation_create.argtypes = [ct.c_void_p, ct.c_void_p]
lib.bl_relaxation_destroy.argtypes = [ct.c_void_p]
lib.bl_relaxation_ranges.argtypes = [ct.c_void_p, ct.c_void_p, ct.c_double]
lib.bl_relaxation_range.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_void_p, ct.c_void_p]
lib.bl_relaxation_margins.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_size_t, ct.c_void_p, ct.c_void_p]


class Ball:
    """|h|_p <= radius around x0, cut by the box."""

    def __init__(self, x0, p, radius, box=None):
        self.x0 = np.ascontiguousarray(x0, np.float64)
        self.struct = BallStruct()
        core.check(lib.bl_ball_create(self.x0.size, core.pointer(self.x0), box_of(box), ct.byref(self.struct)))
        self.struct.p, self.struct.radius = p, radius

    def __del__(self):
        lib.bl_ball_clear(ct.byref(self.struct))

    def least(self, a):
        """A lower bound of min <a, h>, and a point near the minimum."""
        a, h = np.ascontiguousarray(a, np.float64), np.zeros(self.x0.size)
        return lib.bl_ball_least(ct.byref(self.struct), core.pointer(a), core.pointer(h)), h


class Relaxation:
    def __init__(self, network):
        self.network, self.handle = network, ct.c_void_p()
        core.check(lib.bl_relaxation_create(ct.byref(network.struct), ct.byref(self.handle)))

    def __del__(self):
        lib.bl_relaxation_destroy(ct.byref(self.handle))

    def ranges(self, ball, work=inf):
        """{layer: (lo, hi)} of every activation."""
        core.check(lib.bl_relaxation_ranges(self.handle, ct.byref(ball.struct), work))
        found = {}
        for l in range(self.network.struct.layer_count):
            layer = self.network.struct.layer[l]
            if layer.kind == 1:
                lo, hi = ct.POINTER(ct.c_double)(), ct.POINTER(ct.c_double)()
                lib.bl_relaxation_range(self.handle, l, ct.byref(lo), ct.byref(hi))
                found[l] = tuple(np.ctypeslib.as_array(x, (layer.inputs,)).copy() for x in (lo, hi))
        return found

    def margins(self, own, others):
        others, bound = np.ascontiguousarray(others, np.uint64), np.zeros(len(others))
        lib.bl_relaxation_margins(self.handle, own, len(others), core.pointer(others), core.pointer(bound))
        return bound


lib.bl_certifier_create.argtypes = [ct.c_void_p, Box, ct.c_int, ct.c_void_p]
lib.bl_certifier_destroy.argtypes = [ct.c_void_p]
lib.bl_certifier_run.argtypes = [ct.c_void_p, ct.c_double] + [ct.c_void_p] * 2 + [ct.c_double] + [ct.c_void_p] * 3


def certify(network, x0, logits, p, distance, points=None, box=None, level="standard", nearer=None):
    """Certificates [inputs, p] as a structured array, of distances [inputs, p] and points [inputs, p, n]."""
    handle = ct.c_void_p()
    x0, logits = np.ascontiguousarray(x0, np.float64), np.ascontiguousarray(logits, np.float64)
    out = np.zeros(np.shape(distance), CERTIFICATE)
    core.check(lib.bl_certifier_create(ct.byref(network.struct), box_of(box), LEVEL[level], ct.byref(handle)))
    try:
        for i in range(len(x0)):
            for j, q in enumerate(p):
                point = None if points is None or np.isnan(distance[i, j]) else np.ascontiguousarray(points[i, j], np.float64)
                one = np.zeros(1, CERTIFICATE)
                core.check(lib.bl_certifier_run(handle, q, core.pointer(x0[i]), core.pointer(logits[i]), distance[i, j],
                                                core.pointer(point), core.pointer(None if nearer is None else nearer[i, j]),
                                                core.pointer(one)))
                out[i, j] = one[0]
    finally:
        lib.bl_certifier_destroy(ct.byref(handle))
    return out
