"""Running the program in tests: under mpirun with a time limit, and comparing what it wrote.

Every test that starts the program gets a folder of its own, TestCase.folder.
"""
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

import h5py
import numpy as np

PROGRAM = os.environ.get("BORDERLINE", "")
SOURCE = os.environ.get("BORDERLINE_SOURCE", os.path.join(os.path.dirname(__file__), ".."))
LAUNCH = os.path.join(os.path.abspath(SOURCE), "jobs", "launch")  # becomes mpirun, with the same process id

# What differs between two runs of one sweep: times, ranks, hosts.
BOOKKEEPING = ("unit/seconds", "unit/seconds_sampling", "unit/seconds_passes", "unit/begin", "unit/rank", "unit/launch", "provenance",
               "training/seconds", "training/resumed", "checkpoint")


def command(arguments, ranks):
    """The command line that starts the program on this many ranks (0: without a launcher)."""
    if ranks == 0:
        return [PROGRAM, *arguments]
    return [LAUNCH, str(ranks), PROGRAM, *arguments]


def start(arguments, ranks=0, environment=None, **more):
    """Start the program in the background; its own process group, so that a test can end all of it."""
    return subprocess.Popen(command(arguments, ranks), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, **(environment or {})}, start_new_session=True, **more)


def without_libraries(err):
    """Standard error without what MPI's libraries say of the system: hwloc where there is no /sys, Open MPI of networks."""
    return "".join(line for line in err.splitlines(keepends=True) if not re.match(r"hwloc/|hwloc: |\[\w[\w.-]*(:\d+)?\]", line))


def finish(process, seconds=300):
    """Exit status, standard output, standard error; everything is killed after `seconds`."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f"no end after {seconds} s; standard error:\n{err}")
    return process.returncode, out, without_libraries(err)


def run(arguments, ranks=0, seconds=300, environment=None, **more):
    return finish(start(arguments, ranks, environment, **more), seconds)


def complaint(err):
    """The program's own lines of standard error."""
    return [line for line in err.splitlines() if line.startswith("borderline: ")]


def workers(path):
    """Process ids of the ranks that run the sweep into this file, on whichever (virtual) node of this machine."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                words = file.read().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[0] == PROGRAM and path in words:
            found.append(int(entry))
    return sorted(found)


def units_done(path):
    """Numbers of the units marked done, also while a run is writing."""
    with h5py.File(path, "r") as file:
        return np.flatnonzero(file["unit/status"][()] == 1)


def variables(path):
    """Every dataset that must not depend on ranks, order or interruptions: {name: bytes}, and the shapes."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith(BOOKKEEPING):
            found[name] = (item.shape, item[()].tobytes())

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


def differing(a, b):
    """Names of the variables that differ between two result files."""
    first, second = variables(a), variables(b)
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


class TestCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="borderline-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def check_done(self, result):
        """The run ended well; shows what it said otherwise."""
        status, out, err = result
        self.assertEqual(status, 0, f"exit {status}\n{out}\n{err}")
        return out

    def wait_for_units(self, path, count, seconds=30):
        """Until that many units are marked done."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if os.path.exists(path) and len(units_done(path)) >= count:
                return
            time.sleep(0.01)
        self.fail(f"{count} units of {path} were not done in {seconds} s")

    def check_done_units(self, reference, path):
        """Units marked done in an interrupted file hold the reference's bits; gives their number."""
        with h5py.File(reference, "r") as right, h5py.File(path, "r") as file:
            done = units_done(path)
            for unit in done:
                case = np.unravel_index(right["unit/case"][unit], right["distance"].shape[:3])
                networks = slice(int(right["unit/first_network"][unit]),
                                 int(right["unit/first_network"][unit] + right["unit/networks"][unit]))
                inputs = slice(int(right["unit/first_input"][unit]),
                               int(right["unit/first_input"][unit] + right["unit/inputs"][unit]))
                for name in ("distance", "distance_inside", "status", "first_order", "passes", "input_norm", "output"):
                    self.assertEqual(file[name][case][networks, inputs].tobytes(), right[name][case][networks, inputs].tobytes())
            return len(done)


def main():
    if not PROGRAM:
        print("the program is not built: skipped")
        raise SystemExit(77)
    unittest.main(verbosity=2)
