# SPDX-License-Identifier: BSD-3-Clause
"""The result file as its readers see it: h5py, xarray with both engines, h5dump; and what creation leaves behind."""

import fcntl
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import h5py
import numpy as np

PROGRAM = os.path.join(os.environ["BORDERLINE_BUILD"], "tests", "test_results")
SHAPE = {"depth": 2, "width": 3, "dimension": 2, "network": 7, "input": 3, "p": 4, "kernel_input": 4,
         "kernel_input_2": 4, "quantile": 9}
DISTANCE = ["depth", "width", "dimension", "network", "input", "p"]


def make(folder):
    sweep, measured = os.path.join(folder, "sweep.h5"), os.path.join(folder, "measured.h5")
    subprocess.run([PROGRAM, sweep, measured], check=True, stdout=subprocess.DEVNULL, timeout=60)
    return sweep, measured


def variables(group):
    found = []
    group.visititems(lambda name, o: found.append(o) if isinstance(o, h5py.Dataset) else None)
    return found


class Format(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.sweep, cls.measured = make(cls.folder.name)

    def test_root(self):
        with h5py.File(self.sweep) as file:
            self.assertEqual(file.attrs["Conventions"], b"CF-1.11")
            self.assertEqual(file.attrs["title"], b"test of the result file")
            self.assertTrue(file.attrs["source"].startswith(b"borderline "))
            self.assertIn(b"arXiv:2004.05923", file.attrs["references"])
            self.assertIn("history", file.attrs)
            self.assertEqual(list(file.attrs)[0], "Conventions")

    def test_every_variable_describes_itself(self):
        for path in (self.sweep, self.measured):
            with h5py.File(path) as file:
                for v in variables(file):
                    with self.subTest(variable=v.name):
                        self.assertIsNone(v.chunks)
                        self.assertIsNotNone(v.id.get_offset(), "not allocated")
                        scale = h5py.h5ds.is_scale(v.id)
                        if scale and v.dtype == np.float32:
                            continue  # a dimension without coordinates
                        self.assertTrue(v.attrs["long_name"])
                        if v.dtype.kind != "S":
                            self.assertTrue(v.attrs["units"])
                        if v.dtype.kind == "f" and not scale:
                            self.assertEqual(v.attrs["_FillValue"].dtype, v.dtype)
                            self.assertTrue(np.isnan(v.attrs["_FillValue"][0]))
                        for d in range(v.ndim if not scale else 0):
                            self.assertEqual(len(v.dims[d]), 1, "an axis without its scale")
                            self.assertEqual(v.dims[d][0].shape[0], v.shape[d])
                        for name in v.attrs:  # strings of fixed length, nothing else
                            kind = v.attrs.get_id(name).get_type()
                            if isinstance(kind, h5py.h5t.TypeStringID):
                                self.assertFalse(kind.is_variable_str(), name)

    def test_axes_and_values(self):
        with h5py.File(self.sweep) as file:
            distance = file["distance"]
            self.assertEqual([os.path.basename(d[0].name) for d in distance.dims], DISTANCE)
            np.testing.assert_array_equal(file["p"], [0, 1, 2.5, np.inf])
            np.testing.assert_array_equal(file["width"], [20, 50, 100])
            np.testing.assert_array_equal(file["dimension"], [12, 48])
            np.testing.assert_array_equal(file["quantile"], [.05, .25, .4, .45, .5, .55, .6, .75, .95])
            # unit 0: networks 0 and 1 of the first case; value = unit + 1000 i
            np.testing.assert_array_equal(distance[0, 0, 0, :2].ravel(), 1000.0 * np.arange(24))
            self.assertTrue(np.isnan(distance[-1, -1, -1, -1]).all())  # the unit left pending
            status = file["status"]
            np.testing.assert_array_equal(status.attrs["flag_values"], [0, 1, 2, 3, 4, 5, 6])
            self.assertEqual(status.attrs["flag_meanings"], b"pending found not_found not_verified constant below_resolution not_trained")
            self.assertEqual(set(np.unique(status)), {0, 1})
            done = file["unit/status"][...]
            np.testing.assert_array_equal(done, [1] * (len(done) - 1) + [0])
            np.testing.assert_array_equal(file["unit/rank"][...], -1)
            self.assertTrue(np.isnan(file["unit/seconds"]).all())
            self.assertTrue((file["unit/cost"][...] > 0).all())
            self.assertEqual(file["complete"][()], 0)

    def test_checksum_is_what_the_file_says(self):
        with h5py.File(self.sweep) as file:
            unit = 5
            case, first, count = (int(file["unit/" + k][unit]) for k in ("case", "first_network", "networks"))
            index = np.unravel_index(case, (2, 3, 2)) + (slice(first, first + count),)
            value = 0xcbf29ce484222325
            order = [name for name, v in file.items() if isinstance(v, h5py.Dataset)
                     and "network" in [os.path.basename(d[0].name) for d in v.dims if len(d)]]
            order.sort(key=lambda name: file.id.links.get_info(name.encode()).corder)
            self.assertEqual(order, ["distance", "distance_inside", "status", "first_order", "passes", "restarts_won", "distance_confidence", "searched_radius",
                                     "input_norm", "output", "gradient_norm",
                                     "first_step_crosses"])
            for name in order:
                data = file[name][index].tobytes()
                data += b"\0" * (-len(data) % 8)
                for word in np.frombuffer(data, np.uint64):
                    value = (value ^ int(word)) * 0x100000001b3 % 2**64
            self.assertEqual(file["unit/checksum"][unit], np.uint64(value).astype(np.int64))

    def test_provenance(self):
        with h5py.File(self.sweep) as file:
            self.assertTrue(file["provenance/config"][()].startswith(b"name: test of the result file"))
            self.assertIn(b"confidence", file["provenance/config_resolved"][()])
            launch = file["provenance/launch"]
            text = {k: v[0].tobytes().rstrip(b"\0").decode() for k, v in launch.items() if v.dtype.kind == "S"}
            self.assertEqual(text["command"], "borderline run example.yaml")
            self.assertEqual(text["ranks"], "1")
            self.assertRegex(text["started"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            for key in ("program", "git_describe", "compiler", "compiler_flags", "mpi_library", "hdf5_version", "blas",
                        "onednn", "cpu_model", "hosts", "system"):
                self.assertTrue(text[key], key)
            self.assertEqual(launch["started"][1].tobytes().strip(b"\0"), b"")

    def test_two_creations_are_the_same_bytes(self):
        """Nothing but bookkeeping may tell two files apart: here the launch and nothing else."""
        with tempfile.TemporaryDirectory() as folder:
            other, _ = make(folder)
            with h5py.File(self.sweep) as a, h5py.File(other) as b:
                for v in variables(a):
                    if not v.name.startswith("/provenance/launch/"):
                        self.assertEqual(v[()].tobytes(), b[v.name][()].tobytes(), v.name)
            self.assertEqual(os.path.getsize(self.sweep), os.path.getsize(other))

    def test_measurement(self):
        with h5py.File(self.measured) as file:
            self.assertEqual(file.attrs["format"], b"borderline-measurement-1")
            np.testing.assert_array_equal(file["p"], [1, 2, np.inf])
            for e, (name, n, inputs) in enumerate((("first", 12, 3), ("second", 48, 5))):
                group = file[name]
                x = 100.0 * e + np.arange(3 * inputs).reshape(inputs, 3)
                np.testing.assert_array_equal(group["distance"], x + 0.5)
                np.testing.assert_array_equal(group["distance_inside"], x + 0.25)
                np.testing.assert_array_equal(group["first_order"], x + 0.125)
                np.testing.assert_array_equal(group["input_norm"], x + 0.75)
                np.testing.assert_array_equal(group["output"], -x[:, 0])
                np.testing.assert_array_equal(group["status"], 1)
                np.testing.assert_array_equal(group["passes"], np.arange(3 * inputs).reshape(inputs, 3))
                np.testing.assert_array_equal(group["points"], x[..., None] + 1e-3 * np.arange(n))
                self.assertEqual([os.path.basename(d[0].name) for d in group["points"].dims],
                                 ["input", "p", "coordinate"])
            self.assertEqual(file["provenance/options"][()], b"p: [1, 2, inf]")

    def test_xarray(self):
        engines = [e for e, module in (("h5netcdf", "h5netcdf"), ("netcdf4", "netCDF4"))
                   if importlib.util.find_spec("xarray") and importlib.util.find_spec(module)]
        if not engines:
            self.skipTest("neither xarray with h5netcdf nor with netCDF4 is installed")
        import xarray
        for engine in engines:
            with self.subTest(engine=engine), xarray.open_dataset(self.sweep, engine=engine) as data:
                data.load()
                self.assertEqual(dict(data.sizes), SHAPE)
                self.assertEqual(list(data.distance.dims), DISTANCE)
                one = data.distance.sel(depth=3, width=50, dimension=12, p=np.inf)
                self.assertEqual(one.shape, (7, 3))
                self.assertEqual(data.status.dtype, np.int8)
                self.assertEqual(data.distance.attrs["units"], "1")
                for group, variable, dims in (("summary", "distance", DISTANCE[:3] + ["p", "quantile"]),
                                              ("summary", "law", ["depth", "dimension", "p", "quantile"]),
                                              ("unit", "status", ["unit"]), ("provenance/launch", "hosts", ["launch"])):
                    with xarray.open_dataset(self.sweep, engine=engine, group=group, decode_times=False) as part:
                        part.load()
                        self.assertEqual(list(part[variable].dims), dims)
                with xarray.open_dataset(self.sweep, engine=engine, group="provenance/launch") as part:
                    self.assertEqual(part["command"].values[0], b"borderline run example.yaml")
                with xarray.open_dataset(self.measured, engine=engine, group="second") as part:
                    part.load()
                    self.assertEqual(list(part.points.dims), ["input", "p", "coordinate"])

    def test_h5dump(self):
        if not shutil.which("h5dump"):
            self.skipTest("h5dump is not installed")
        done = subprocess.run(["h5dump", "-A", self.sweep], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for word in ("DIMENSION_LIST", "long_name", "/summary", "config_resolved"):
            self.assertIn(word.strip("/"), done.stdout)


class OneWriter(unittest.TestCase):
    def test_a_second_run_is_refused_while_the_first_lives(self):
        with tempfile.TemporaryDirectory() as folder:
            path, lock = os.path.join(folder, "sweep.h5"), os.path.join(folder, ".sweep.h5.lock")
            with open(lock, "w") as first:
                first.write("process 1 on elsewhere")
                first.flush()
                fcntl.lockf(first, fcntl.LOCK_EX)
                done = subprocess.run([PROGRAM, path], capture_output=True, text=True, timeout=60)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(path + " is being written by another run (process 1 on elsewhere)", done.stderr)
                self.assertEqual(os.listdir(folder), [os.path.basename(lock)])
            # its owner is gone, its file is not: the lock is free, and the clean end removes the file
            subprocess.run([PROGRAM, path], check=True, stdout=subprocess.DEVNULL, timeout=60)
            self.assertEqual(os.listdir(folder), ["sweep.h5"])


class SmallDisk(unittest.TestCase):
    def test_sizes_are_named(self):
        with tempfile.TemporaryDirectory() as folder:
            if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", folder], capture_output=True).returncode:
                self.skipTest("a small tmpfs cannot be mounted here (needs root)")
            try:
                path = os.path.join(folder, "sweep.h5")
                done = subprocess.run([PROGRAM, path], capture_output=True, text=True, timeout=60)
                self.assertNotEqual(done.returncode, 0)
                self.assertRegex(done.stderr, path + r" needs \d+\.\d MiB, but its file system has 0\.2 MiB free")
                self.assertEqual(os.listdir(folder), [])
            finally:
                subprocess.run(["umount", folder], check=True)


class Work(unittest.TestCase):
    def test_metadata_does_not_grow(self):
        """Calls of the system to create a file, and to write a unit: the same for 100 and 5,000 units, on 1 and 3 ranks; a unit's are
        those for its own data."""
        bench = os.path.join(os.environ["BORDERLINE_BUILD"], "tests", "bench_file")
        found = []
        with tempfile.TemporaryDirectory() as folder:
            for launcher in ([], [os.path.join(os.environ["BORDERLINE_SOURCE"], "jobs", "launch"), "3"]):
                done = subprocess.run([*launcher, bench, "100", "5000"], capture_output=True, text=True, timeout=120, cwd=folder, check=True)
                found += [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual(os.listdir(folder), [])
        print(*found, sep="\n")
        self.assertEqual([(line["ranks"], line["units"]) for line in found], [(1, 100), (1, 5000), (3, 100), (3, 5000)])
        create, unit = [line["create_calls"] for line in found], [line["calls_a_unit"] for line in found]
        self.assertGreater(min(create), 100)
        self.assertLess(max(create) - min(create), 10)
        self.assertLess(max(unit) - min(unit), 0.1)
        self.assertLess(max(unit), 2 * 12 + 10)  # variables with networks, written and read back; rows of unit/


if __name__ == "__main__":
    unittest.main()
