# SPDX-License-Identifier: BSD-3-Clause
"""Reads a result file of borderline: arrays with the names of their axes. Needs numpy and h5py only.

    from borderline import Sweep
    sweep = Sweep("my.h5")
    sweep["distance"].axes                          # ('depth', 'width', 'dimension', 'network', 'input', 'p')
    sweep.at("distance", depth=2, width=100, dimension=768, p=float("inf"))     # Array [network, input]
    sweep.quantile("distance", 0.5)                 # Array [depth, width, dimension, p]

Works on a file that a run is still writing: what is not there yet is NaN. Files of sweeps that train have an axis image_kind after
network; sweep.of_kind("test") is the same file at inputs of one kind, with the axes above.
"""

import copy
import dataclasses
import os
from statistics import NormalDist

os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")  # readers disturb no one, and some file systems have no locks
import h5py  # noqa: E402
import numpy as np  # noqa: E402

from .statistics import quantile  # noqa: E402

FOUND, NOT_FOUND, NOT_VERIFIED, BELOW_RESOLUTION = 1, 2, 3, 5  # status of a search; 0: pending, 4: constant


class FileError(Exception):
    """The file cannot be used; the message is one line for the user."""


class MissingVariable(FileError):
    """The file, of an earlier version of the program, lacks a variable."""


@dataclasses.dataclass(frozen=True)
class Array:
    """Numbers with named axes."""

    values: np.ndarray
    axes: tuple
    units: str = ""
    long_name: str = ""

    def take(self, **index):
        """Fix axes by their index: take(depth=0, p=2)."""
        place = tuple(index.get(axis, slice(None)) for axis in self.axes)
        return dataclasses.replace(self, values=self.values[place], axes=tuple(a for a in self.axes if a not in index))

    def over(self, *axes):
        """The values with these axes last, in this order, and all others flattened away in front."""
        first = [i for i, a in enumerate(self.axes) if a not in axes]
        moved = self.values.transpose(first + [self.axes.index(a) for a in axes])
        return moved.reshape((-1,) + moved.shape[len(first):])


def _text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def _parse(text):
    """The resolved configuration (nested `key: value` lines, as the program writes it) as {"grid.depth": "[2]"}."""
    found, path = {}, []
    for line in text.splitlines():
        key, _, value = line.strip().partition(":")
        depth = (len(line) - len(line.lstrip())) // 2
        path = path[:depth] + [key]
        if value.strip():
            found[".".join(path)] = value.strip().strip('"')
    return found


_KINDS = {"borderline-results-1": "a sweep (`borderline run`)",
          "borderline-measurement-1": "distances of given networks (`borderline measure`)",
          "borderline-posterior-1": "a Bayesian classifier (`borderline posterior`)"}


def _open(path, kind=None):
    try:
        with open(path, "rb"):
            pass
        file = h5py.File(path, "r")
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or 'not an HDF5 file, or damaged'}") from None
    found = _text(file.attrs.get("format", ""))
    if kind and found != kind:
        raise FileError(f"{path}: this is {_KINDS.get(found, 'no result file of borderline')}, not {_KINDS[kind]}")
    return file


def _lengths(distance, status):
    """Distances as statistics take them: infinitely far where a search ended without one, 0 where float64 does not tell the class of
    the input, NaN where the search is not done or the network is constant."""
    of = status.values
    values = np.where(of == FOUND, distance.values, np.where((of == NOT_FOUND) | (of == NOT_VERIFIED), np.inf, np.nan))
    return dataclasses.replace(distance, values=np.where(of == BELOW_RESOLUTION, 0.0, values))


def _variable_of(file, path, name):
    if name not in file:
        raise MissingVariable(f"{path}: the file has no variable {name}: an earlier version of the program made it")
    return _variable(file[name])


def _variable(variable):
    axes = tuple(os.path.basename(d[0].name) for d in variable.dims)
    return Array(variable[...], axes, _text(variable.attrs["units"]), _text(variable.attrs["long_name"]))


class Measurement:
    """A result file of `borderline measure`: measurement["network name"]["distance"] is an Array [input, p]."""

    def __init__(self, path):
        self.path = path
        self._file = _open(path, "borderline-measurement-1")
        self.p = self._file["p"][...]
        self.networks = [name for name, o in self._file.items() if isinstance(o, h5py.Group) and name != "provenance"]

    def __getitem__(self, network):
        group = self._file[network]
        return {name: _variable(v) for name, v in group.items() if len(v.dims) and len(v.dims[0])}

    def lengths(self, network):
        """Distances of a network as statistics take them, [input, p]: infinite where none was found, NaN where it is not done."""
        found = self[network]
        return _lengths(found["distance"], found["status"])


class Posterior:
    """A result file of `borderline posterior`: posterior["bin_accuracy"] is an Array."""

    kinds = ()

    def __init__(self, path):
        self.path = path
        self._file = _open(path, "borderline-posterior-1")
        self.title = _text(self._file.attrs["title"])
        self.config = _parse(_text(self._file["provenance/config_resolved"][()]))
        self.train, self.test = (int(self._file[a].shape[0]) for a in ("train", "test"))
        self.p = self._file["p"][...] if "distance" in self._file else np.empty(0)

    def __getitem__(self, name):
        return _variable_of(self._file, self.path, name)

    def lengths(self):
        """Distances as statistics take them: infinite where none was found."""
        return _lengths(self["distance"], self["status"])


def is_posterior(path):
    """Whether the file is one of `borderline posterior`."""
    with _open(path) as file:
        return _text(file.attrs.get("format", "")) == "borderline-posterior-1"


_OF_RANDOM = ("summary/law", "summary/guaranteed", "summary/output_", "summary/gradient_")


class Sweep:
    """A result file of `borderline run`."""

    def __init__(self, path):
        self.path = path
        self._file = _open(path, "borderline-results-1")
        self.title = _text(self._file.attrs["title"])
        self.config = _parse(_text(self._file["provenance/config_resolved"][()]))
        self.depth, self.width, self.dimension, self.p = (self._file[a][...] for a in ("depth", "width", "dimension", "p"))
        self.networks, self.inputs = (int(self._file[a].shape[0]) for a in ("network", "input"))
        self.level = self._file["quantile"][...]
        axis = self._file.get("image_kind")
        self.kinds = tuple(_text(axis.attrs["flag_meanings"]).split()) if axis is not None else ()
        self.kind = None
        self.complete = bool(self._file["complete"][()])
        status = self._file["unit/status"][...]
        self.units, self.units_done = status.size, int(np.sum(status == 1))

    def __contains__(self, name):
        return name in self._file

    def __getitem__(self, name):
        """A variable by its name in the file, as numbers read now."""
        found = _variable_of(self._file, self.path, name)
        if self.kind and "image_kind" in found.axes:
            found = found.take(image_kind=self.kinds.index(self.kind))
        if self.kind and self.kind != "random" and name.startswith(_OF_RANDOM):
            found = dataclasses.replace(found, values=np.full(found.values.shape, np.nan))
        return found

    def of_kind(self, kind):
        """The sweep at inputs of one of its `kinds`; predictions are of random inputs, NaN for others."""
        other = copy.copy(self)
        other.kind, other.title = kind, f"{self.title}, {kind} inputs"
        return other

    def coordinate(self, axis):
        """The values along an axis."""
        return self._file[axis][...]

    def at(self, name, **coordinate):
        """A variable at coordinates (not indices): at("distance", depth=2, p=float("inf"))."""
        index = {}
        for axis, value in coordinate.items():
            place = np.flatnonzero(self.coordinate(axis) == value)
            if place.size == 0:
                raise KeyError(f"{self.path}: {axis} has no coordinate {value}")
            index[axis] = int(place[0])
        return self[name].take(**index)

    def launches(self):
        """The provenance of every launch, a dictionary each: texts, and numbers such as seconds_busy (files of earlier versions: none)."""
        rows, group = [], self._file["provenance/launch"]
        for i in range(group["launch"].shape[0]):
            row = {k: v[i].tobytes().rstrip(b"\0").decode() for k, v in group.items() if v.dtype.kind == "S"}
            if not row["started"]:
                break
            row |= {k: v[i].item() for k, v in group.items() if v.ndim == 1 and v.dtype.kind in "if" and k != "launch"}
            rows.append(row)
        return rows

    def lengths(self, name="distance"):
        """Distances ("relative": over |x0|_p) as statistics take them: infinite where a search ended without one, NaN where it is not
        done."""
        return self._over_norm(name, _lengths(self["distance"], self["status"]))

    def _over_norm(self, name, length):
        if name != "relative":
            return length
        with np.errstate(invalid="ignore", divide="ignore"):
            return dataclasses.replace(length, values=length.values / self["input_norm"].values)

    def looked(self, name="distance"):
        """The largest length looked at, beyond which an infinite quantile lies, with the axes of quantile(): a distance found, or
        how far a search that found none looked."""
        length = _lengths(self["distance"], self["status"])
        reach = self["first_order"].values
        if "searched_radius" in self:  # not in files of earlier versions
            reach = np.fmax(reach, self["searched_radius"].values)
        step = np.where(np.isinf(length.values), reach, length.values)
        looked = self._over_norm(name, dataclasses.replace(length, values=step))
        axes = self._statistic_axes(looked)
        values = looked.over(*axes)
        known = ~np.isnan(values)
        return Array(np.where(known.any(axis=0), np.max(values, axis=0, where=known, initial=0), np.nan), axes)

    @staticmethod
    def _statistic_axes(data):
        return tuple(axis for axis in ("depth", "width", "dimension", "image_kind", "p") if axis in data.axes)

    def quantile(self, name, level):
        """Quantile of "distance" or "relative" at one level, [depth, width, dimension, (image_kind,) p]: from the summary
        where it is written, else from the distances there are. Infinite where it falls among distances that were not found:
        it lies beyond looked()."""
        summary = self["summary/" + name]
        place = np.flatnonzero(np.abs(self.level - level) < 1e-12)
        if place.size:
            summary = summary.take(quantile=int(place[0]))
            if not np.isnan(summary.values).all():
                return summary
        data = self.lengths(name)
        axes = self._statistic_axes(data)
        return Array(quantile(data.over(*axes), level), axes)

    def interval(self, name, level):
        """Both ends of the confidence interval of quantile(); NaN before the summary is written."""
        place = int(np.flatnonzero(np.abs(self.level - level) < 1e-12)[0])
        return tuple(self[f"summary/{name}_{end}"].take(quantile=place) for end in ("low", "high"))


    def log_error(self, name, level):
        """Standard error of the logarithm of quantile(), from interval() as a normal variable's."""
        low, high = (end.values for end in self.interval(name, level))
        with np.errstate(invalid="ignore", divide="ignore"):
            error = np.log(high / low)
        return error / (2 * NormalDist().inv_cdf(0.5 + 0.5 * float(self.config["summary.confidence"])))
