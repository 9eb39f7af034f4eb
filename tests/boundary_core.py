# SPDX-License-Identifier: BSD-3-Clause
"""Networks, passes and the boundary search of the core library for Python tests."""
import ctypes as ct
import math

import numpy as np

import borderline_core as core

lib = core.lib
ACTIVATION = {name: i for i, name in enumerate(["relu", "leaky_relu", "tanh", "erf", "gelu"])}
EFFORT = {"fast": 0, "standard": 1, "thorough": 2}
STATUS = {"pending": 0, "found": 1, "not_found": 2, "not_verified": 3}
STOP = ct.CFUNCTYPE(ct.c_bool, ct.c_void_p)
inf = math.inf


class Image(ct.Structure):
    _fields_ = [("channels", ct.c_size_t), ("height", ct.c_size_t), ("width", ct.c_size_t)]


class Layer(ct.Structure):
    _fields_ = [("kind", ct.c_int), ("activation", ct.c_int), ("inputs", ct.c_size_t), ("outputs", ct.c_size_t),
                ("negative_slope", ct.c_double), ("weight", ct.c_void_p), ("bias", ct.c_void_p),
                ("in", Image), ("out", Image), ("side", Image), ("begin", ct.c_size_t), ("kernel", ct.c_size_t * 2),
                ("stride", ct.c_size_t), ("padding", ct.c_int), ("weight_variance", ct.c_double), ("uniform", ct.c_bool)]


class NetworkStruct(ct.Structure):
    _fields_ = [("layer_count", ct.c_size_t), ("layer", ct.POINTER(Layer)), ("dimension", ct.c_size_t),
                ("classes", ct.c_size_t), ("shape_rank", ct.c_size_t), ("shape", ct.c_size_t * 3)]


class Box(ct.Structure):
    _fields_ = [("lo", ct.c_double), ("hi", ct.c_double)]


class Options(ct.Structure):
    _fields_ = [("p", ct.c_void_p), ("p_count", ct.c_size_t), ("box", Box), ("effort", ct.c_int), ("queries", ct.c_size_t), ("stop", STOP),
                ("stop_context", ct.c_void_p)]


class Oracle(ct.Structure):
    _fields_ = [("dimension", ct.c_size_t), ("classes", ct.c_size_t), ("batch", ct.c_size_t)] + [
        (name, ct.c_void_p) for name in ("context", "forward", "gradient", "forward64")]


RESULT = np.dtype([("distance", "f8"), ("inside", "f8"), ("first_order", "f8"), ("gradient_norm", "f8"),
                   ("passes", "i4"), ("restarts_won", "i4"), ("first_step_crosses", "i1"), ("status", "i1")], align=True)

lib.bl_pass_create.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_void_p]
lib.bl_pass_destroy.argtypes = [ct.c_void_p]
lib.bl_pass_forward64.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_void_p, ct.c_void_p]
lib.bl_search_create.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_size_t, ct.c_size_t, ct.c_void_p]
lib.bl_search_run.argtypes = [ct.c_void_p] * 6
lib.bl_search_destroy.argtypes = [ct.c_void_p]
lib.bl_search_batch.argtypes = [ct.c_void_p, ct.c_size_t]
lib.bl_search_batch.restype = ct.c_size_t
lib.bl_search_memory.argtypes = [ct.c_void_p, ct.c_size_t, ct.c_size_t, ct.c_size_t]
lib.bl_search_memory.restype = ct.c_size_t
lib.bl_oracle_of_pass.restype = Oracle
lib.bl_oracle_of_pass.argtypes = [ct.c_void_p, ct.c_void_p, ct.c_size_t]


class Network:
    """A dense network: a list of weight matrices [out, in] or (weight, bias), an activation between them."""

    def __init__(self, weights, activation="relu", negative_slope=0.01):
        self.activation, self.negative_slope = activation, negative_slope
        self.parameters = []
        layers = []
        for k, entry in enumerate(weights):
            weight, bias = entry if isinstance(entry, tuple) else (entry, None)
            weight = np.ascontiguousarray(weight, np.float32)
            bias = None if bias is None else np.ascontiguousarray(bias, np.float32)
            self.parameters.append((weight, bias))
            layers.append(Layer(0, 0, weight.shape[1], weight.shape[0], 0.0, core.pointer(weight), core.pointer(bias)))
            if k + 1 < len(weights):
                layers.append(Layer(1, ACTIVATION[activation], weight.shape[0], weight.shape[0], negative_slope, None,
                                    None))
        self.n, self.classes = self.parameters[0][0].shape[1], self.parameters[-1][0].shape[0]
        self._layers = (Layer * len(layers))(*layers)
        self.struct = NetworkStruct(len(layers), self._layers, self.n, self.classes, 1,
                                    (ct.c_size_t * 3)(self.n, 0, 0))

    def logits(self, x):
        """float64, by numpy."""
        from scipy.special import erf
        slope = self.negative_slope
        function = {"relu": lambda z: np.maximum(z, 0), "leaky_relu": lambda z: np.where(z > 0, z, slope * z),
                    "tanh": np.tanh, "erf": erf, "gelu": lambda z: z * 0.5 * (1 + erf(z / math.sqrt(2)))}
        for k, (weight, bias) in enumerate(self.parameters):
            x = x @ weight.astype(float).T + (0 if bias is None else bias)
            if k + 1 < len(self.parameters):
                x = function[self.activation](x)
        return x


def search(network, x0, p, box=None, effort="standard", stop=None, points=False):
    """Results [inputs, p] as a structured array (and points [inputs, p, n], float64)."""
    x0 = np.ascontiguousarray(x0, np.float64)
    inputs, n = x0.shape
    p = np.ascontiguousarray(p, np.float64)
    callback = STOP(stop) if stop else STOP(0)
    options = Options(core.pointer(p), p.size, Box(*(box or (-inf, inf))), EFFORT[effort], 0, callback, None)
    batch = lib.bl_search_batch(ct.byref(options), inputs)
    engine, handle = ct.c_void_p(), ct.c_void_p()
    core.check(lib.bl_pass_create(ct.byref(network.struct), batch, ct.byref(engine)))
    core.check(lib.bl_search_create(ct.byref(options), n, network.classes, inputs, ct.byref(handle)))
    oracle = lib.bl_oracle_of_pass(engine, ct.byref(network.struct), batch)
    result = np.zeros((inputs, p.size), RESULT)
    logits = np.zeros((inputs, network.classes))
    where = np.zeros((inputs, p.size, n)) if points else None
    try:
        core.check(lib.bl_search_run(handle, ct.byref(oracle), core.pointer(x0), core.pointer(logits),
                                     core.pointer(result), core.pointer(where)))
    finally:
        lib.bl_search_destroy(ct.byref(handle))
        lib.bl_pass_destroy(ct.byref(engine))
    return (result, where) if points else result
