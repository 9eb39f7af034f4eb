# SPDX-License-Identifier: BSD-3-Clause
"""The core library for Python tests: ctypes types, and functions that take and give numpy arrays.

$BORDERLINE_CORE names the shared library. Further bindings belong in the tests that need them: `core.lib` is the
loaded library, `check(code)` raises with the library's message. Structs and enumerators are the library's own
(layouts.c): `structure("bl_fit")`, `dtype("bl_search_result")`, `values("status")["found"]`.
"""
import ctypes as ct
import os

import numpy as np

lib = ct.CDLL(os.environ["BORDERLINE_CORE"])
lib.bl_err_message.restype = ct.c_char_p


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


class Structure(ct.Structure):
    """A struct of the library; members are set by name, so that none is taken for another."""

    def __init__(self, **members):
        for name, value in members.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no member {name}")
            setattr(self, name, value)


def layouts_text(library):
    """What bl_test_layouts of a shared library writes."""
    library.bl_test_layouts.restype = ct.c_size_t
    library.bl_test_layouts.argtypes = [ct.c_char_p, ct.c_size_t]
    text = ct.create_string_buffer(library.bl_test_layouts(None, 0) + 1)
    library.bl_test_layouts(text, len(text))
    return text.value.decode()


class Layouts:
    """The structs and enumerators of a shared library, from the text of its bl_test_layouts."""

    def __init__(self, text):
        self.bytes, self.members, self.groups, self.made = {}, {}, {}, {}
        for line in text.splitlines():
            what, owner, *words = line.split()
            if what == "struct":
                self.bytes[owner] = int(words[0])
            elif what == "member":
                self.members.setdefault(owner, []).append((*words[:2], *map(int, words[2:])))
            else:
                self.groups.setdefault(owner, {})[words[0].lower()] = int(words[1])

    def type_of(self, owner, name, kind, size):
        found = self.structure(kind) if kind in self.members else getattr(ct, "c_" + kind, None)
        if found is None or ct.sizeof(found) != size:
            raise TypeError(f"layouts.c: the type of {owner}.{name} ({kind}, {size} bytes) is not known")
        return found

    def structure(self, name, **pointers):
        """The ctypes class of a struct; `pointers`: types of members that are to be more than addresses."""
        if name in self.made and not pointers:
            return self.made[name]
        fields, end = [], 0
        for member, kind, offset, size, *counts in self.members[name]:
            form = pointers.get(member) or self.type_of(name, member, kind, size)
            for count in reversed([c for c in counts if c]):
                form = form * count
            place = -(-end // ct.alignment(form)) * ct.alignment(form)
            if place != offset:
                raise TypeError(f"layouts.c: {name} has a member before {member} that is not listed, or another order")
            fields.append((member, form))
            end = offset + ct.sizeof(form)
        made = type(name, (Structure,), {"_fields_": fields})
        if ct.sizeof(made) != self.bytes[name]:
            raise TypeError(f"layouts.c: {name} has a last member that is not listed")
        if not pointers:
            self.made[name] = made
        return made

    def dtype(self, name):
        """The numpy type of a struct."""
        return np.dtype(self.structure(name))

    def values(self, group):
        """Enumerators by their names in small letters."""
        return dict(self.groups[group])


layouts = Layouts(layouts_text(lib))
structure, dtype, values = layouts.structure, layouts.dtype, layouts.values
Stream, Box, Model, Local = map(structure, ("bl_stream", "bl_box", "bl_gp_model", "bl_gp_local"))
PURPOSE, ACTIVATION = values("purpose"), values("activation")
ACTIVATIONS = list(ACTIVATION)


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
