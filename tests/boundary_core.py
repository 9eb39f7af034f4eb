# SPDX-License-Identifier: BSD-3-Clause
"""Networks, passes and the boundary search of the core library for Python tests."""
import ctypes as ct
import math

import numpy as np

import borderline_core as core

lib = core.lib
ACTIVATION, EFFORT, STATUS, KIND = map(core.values, ("activation", "effort", "status", "layer"))
STOP = ct.CFUNCTYPE(ct.c_bool, ct.c_void_p)
inf = math.inf

Box, Layer, Oracle = map(core.structure, ("bl_box", "bl_layer", "bl_oracle"))
NetworkStruct = core.structure("bl_network", layer=ct.POINTER(Layer))
Options = core.structure("bl_search_options", stop=STOP)
RESULT = core.dtype("bl_search_result")

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
            layers.append(Layer(kind=KIND["dense"], inputs=weight.shape[1], outputs=weight.shape[0], weight=core.pointer(weight),
                                bias=core.pointer(bias)))
            if k + 1 < len(weights):
                layers.append(Layer(kind=KIND["activation"], activation=ACTIVATION[activation], inputs=weight.shape[0],
                                    outputs=weight.shape[0], negative_slope=negative_slope))
        self.n, self.classes = self.parameters[0][0].shape[1], self.parameters[-1][0].shape[0]
        self._layers = (Layer * len(layers))(*layers)
        self.struct = NetworkStruct(layer_count=len(layers), layer=self._layers, dimension=self.n, classes=self.classes,
                                    shape_rank=1, shape=(self.n, 0, 0))

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
    lo, hi = box or (-inf, inf)
    options = Options(p=core.pointer(p), p_count=p.size, box=Box(lo=lo, hi=hi), effort=EFFORT[effort], stop=callback)
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
