# SPDX-License-Identifier: BSD-3-Clause
"""Adding a variable touches one table and the place that computes it: in a copy of the sources two variables are added, with a row
each and where a finding is made, and nowhere else. They reach the files of `run`, `measure` and `posterior`; everything else is the
same to the bit; files without them are resumed and shown."""
import os
import re
import shutil
import subprocess
import tempfile

import h5py
import numpy as np

import borderline_program as program
import test_posterior

SWEEP = """
seed: 7
grid: {depth: [1], width: [8, .inf], dimension: [12, 27], p: [1, 2]}
samples: {networks: 4, inputs: 2, block: 2}
kernel: {inputs: 3}
summary: {bootstrap: 20}
"""

# (file, what stands there, what is put before it): identifiers and rows of the table, members of a finding and their values
ADDED = [
    ("experiment/fields.h", "    BL_FIELD_TRAINING_LOSS,", "    BL_FIELD_ADDED,\n    BL_FIELD_ADDED_SIGN,\n"),
    ("experiment/fields.c", "    [BL_FIELD_TRAINING_LOSS] =",
     '    [BL_FIELD_ADDED] = {"added", AXES_DISTANCE, "1", "bracket of the distance", NULL, FOUND(added), .later = true},\n'
     '    [BL_FIELD_ADDED_SIGN] = {"added_sign", AXES_OUTPUT, "1", "sign of the output", NULL, FOUND(added_sign),\n'
     '                             .flags = "zero positive", .fill = -1, .later = true},\n'),
    ("experiment/finding.h", "} bl_finding;", "    double added;\n    int8_t added_sign;\n"),
    ("experiment/probe.c", "                             .output =",
     "                             .added = probe->result[i * probe->p_count + k].distance -\n"
     "                                      probe->result[i * probe->p_count + k].inside,\n"
     "                             .added_sign = margin(classes, probe->logits0 + i * classes) > 0,\n"),
]
# of the build at hand, so that the copy finds the same libraries
KEPT = re.compile(r"(CMAKE_(C_COMPILER|C_COMPILER_LAUNCHER|PREFIX_PATH|GENERATOR)|(MPI|HDF5|DNNL|OpenBLAS|ScaLAPACK)_\w+):(\w+)=(.*)")


class AddedField(program.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="borderline-test-")
        cls.addClassCleanup(folder.cleanup)
        source, build = os.path.join(folder.name, "source"), os.path.join(folder.name, "build")
        for part in ("src", "include"):
            shutil.copytree(os.path.join(program.SOURCE, part), os.path.join(source, part))
        for name in os.listdir(program.SOURCE):
            if os.path.isfile(os.path.join(program.SOURCE, name)):
                shutil.copy2(os.path.join(program.SOURCE, name), source)
        for name, anchor, text in ADDED:
            path = os.path.join(source, "src", name)
            with open(path, encoding="utf-8") as file:
                before = file.read()
            assert before.count(anchor) == 1, f"{name}: {anchor}"
            with open(path, "w", encoding="utf-8") as file:
                file.write(before.replace(anchor, text + anchor))
        # little optimisation compiles soon, and bits do not depend on it
        options = ["-DBORDERLINE_TESTS=OFF", "-DCMAKE_C_FLAGS_RELEASE=-O1"]
        with open(os.path.join(os.environ["BORDERLINE_BUILD"], "CMakeCache.txt"), encoding="utf-8") as file:
            cache = [match.groups() for match in map(KEPT.fullmatch, file.read().splitlines()) if match]
        for name, _, _, kind, value in cache:
            if name == "CMAKE_GENERATOR":
                options += ["-G", value]
            elif kind in ("FILEPATH", "PATH", "STRING", "UNINITIALIZED"):
                options.append(f"-D{name}={value}")
        for step in (["cmake", "-S", source, "-B", build, *options], ["cmake", "--build", build, "--parallel", "2"]):
            done = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            assert done.returncode == 0, done.stdout[-6000:]
        cls.built = os.path.join(build, "borderline")

    def both(self, *arguments, output, ranks=2):
        """Do the same with the program and with the one that has the variables; the files."""
        paths = self.path("plain-" + output), self.path("added-" + output)
        plain = program.PROGRAM
        for path, program.PROGRAM in zip(paths, (plain, self.built)):
            self.check_done(program.run([*arguments, "-o", path], ranks))
        program.PROGRAM = plain
        return paths

    def with_added(self, *arguments, ranks=0):
        plain, program.PROGRAM = program.PROGRAM, self.built
        try:
            return self.check_done(program.run([*arguments], ranks))
        finally:
            program.PROGRAM = plain

    def check_added(self, group):
        expected = group["distance"][()] - group["distance_inside"][()]
        self.assertTrue(np.isfinite(expected).any())
        np.testing.assert_array_equal(group["added"][()], expected)
        np.testing.assert_array_equal(group["added_sign"][()], group["output"][()] > 0)
        self.assertEqual(group["added_sign"].attrs["flag_meanings"], b"zero positive")
        self.assertEqual([scale[0].name for scale in group["added"].dims], [scale[0].name for scale in group["distance"].dims])

    def test_run_and_measure(self):
        sweep = self.write("sweep.yaml", SWEEP)
        plain, added = self.both("run", sweep, output="sweep.h5")
        self.assertEqual(program.differing(plain, added), ["added", "added_sign", "unit/checksum"])
        with h5py.File(added, "r") as file:
            self.check_added(file)
        self.with_added("show", added)  # checksums match
        networks = self.path("networks.h5")
        self.check_done(program.run(["sample", sweep, "-o", networks, "--set", "grid.width=[8]"]))
        plain, added = self.both("measure", networks, output="measured.h5")
        with h5py.File(added, "r") as file:
            names = [name for name, item in file.items() if isinstance(item, h5py.Group) and "distance" in item]
            self.assertTrue(names)
            for name in names:
                self.check_added(file[name])
        self.assertEqual(program.differing(plain, added), sorted(f"{name}/{variable}" for name in names
                                                                 for variable in ("added", "added_sign", "checksum")))
        self.with_added("show", added)
        self.with_added("show", plain)

    def test_files_without_it(self):
        """A sweep that was begun without the variables is finished without them."""
        sweep, whole, stopped = self.write("sweep.yaml", SWEEP), self.path("whole.h5"), self.path("stopped.h5")
        self.check_done(program.run(["run", sweep, "-o", whole]))
        shutil.copy(whole, stopped)
        with h5py.File(stopped, "r+") as file:
            file["unit/status"][1:] = 0
            file["complete"][()] = 0
        self.with_added("run", sweep, "-o", stopped, "--resume", ranks=2)
        self.assertEqual(program.differing(whole, stopped), [])
        self.with_added("show", stopped)

    def test_posterior(self):
        made = test_posterior.Posterior("config")
        made.folder = self.folder
        list(made.data())
        plain, added = self.both("posterior", made.config(train=40), output="posterior.h5")
        self.assertEqual(program.differing(plain, added), ["added", "added_sign"])
        with h5py.File(added, "r") as file:
            self.check_added(file)
        self.with_added("show", added)
        self.with_added("show", plain)


if __name__ == "__main__":
    program.main()
