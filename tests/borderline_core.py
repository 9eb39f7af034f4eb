# SPDX-License-Identifier: BSD-3-Clause
"""The core library for Python tests: ctypes types, and functions that take and give numpy arrays.

$BORDERLINE_CORE names the shared library. Further bindings belong in the tests that need them: `core.lib` is the
loaded library, `check(code)` raises with the library's message.
"""
import ctypes as ct
import os

import numpy as np

lib = ct.CDLL(os.environ["BORDERLINE_CORE"])
lib.bl_err_message.restype = ct.c_char_p

PURPOSE = {name: i for i, name in enumerate(
    ["weight", "bias", "input", "kernel_input", "search", "bootstrap", "prediction", "test"])}


class Error(RuntimeError):
    """A call returned an error code; the text is the library's message."""


def check(code):
    if code != 0:
        raise Error(f"{code}: {lib.bl_err_message().decode()}")


def pointer(array, kind=ct.c_void_p):
    """The address of a C-contiguous array (None gives NULL)."""
    if array is None:
        return None
    assert array.flags.c_contiguous
    return array.ctypes.data_as(kind)


class Stream(ct.Structure):
    _fields_ = [("key", ct.c_uint32 * 2), ("counter", ct.c_uint32 * 3)]


class RandomNumbers:
    """The functions of rng.h of one shared library."""

    def __init__(self, library):
        self.library = library
        library.bl_rng_stream.restype = Stream
        library.bl_rng_stream.argtypes = [ct.c_uint64, ct.c_uint32, ct.c_uint32, ct.c_int, ct.c_uint32]
        library.bl_rng_words.argtypes = [Stream, ct.c_uint64, ct.c_size_t, ct.c_void_p]
        library.bl_rng_uniform.argtypes = [Stream, ct.c_float, ct.c_float, ct.c_size_t, ct.c_void_p]
        library.bl_rng_uniform64.argtypes = [Stream, ct.c_size_t, ct.c_void_p]
        library.bl_rng_normal.argtypes = [Stream, ct.c_float, ct.c_size_t, ct.c_void_p]
        library.bl_rng_truncated_normal.argtypes = [Stream, ct.c_float, ct.c_size_t, ct.c_void_p]
        for name in ["words", "uniform", "uniform64", "normal", "truncated_normal"]:
            getattr(library, "bl_rng_" + name).restype = None

    def stream(self, seed=1, case=0, network=0, purpose="test", index=0):
        return self.library.bl_rng_stream(seed, case, network, PURPOSE[purpose], index)

    def words(self, stream, count, first=0):
        out = np.empty(count, np.uint32)
        self.library.bl_rng_words(stream, first, count, pointer(out))
        return out

    def uniform(self, stream, count, lo=0.0, hi=1.0):
        out = np.empty(count, np.float32)
        self.library.bl_rng_uniform(stream, lo, hi, count, pointer(out))
        return out

    def uniform64(self, stream, count):
        out = np.empty(count)
        self.library.bl_rng_uniform64(stream, count, pointer(out))
        return out

    def normal(self, stream, count, deviation=1.0):
        out = np.empty(count, np.float32)
        self.library.bl_rng_normal(stream, deviation, count, pointer(out))
        return out

    def truncated_normal(self, stream, count, deviation=1.0):
        out = np.empty(count, np.float32)
        self.library.bl_rng_truncated_normal(stream, deviation, count, pointer(out))
        return out


rng = RandomNumbers(lib)
