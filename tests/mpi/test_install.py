# SPDX-License-Identifier: BSD-3-Clause
"""The installed tree serves without the source: program, library by CMake and by pkg-config, job scripts, figures."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import h5py

import borderline_program as program

EXAMPLE = os.path.join(os.path.abspath(program.SOURCE), "tests", "install")
SWEEP = """
name: installed
network: {weights: {distribution: normal, variance: 2.0}}
grid: {depth: [1], width: [20], dimension: [48], p: [2, inf]}
samples: {networks: 3, inputs: 1}
kernel: {inputs: 0}
summary: {bootstrap: 10}
"""


def call(*words, **more):
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False, **more)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Installed(program.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="borderline-installed-")
        cls.addClassCleanup(folder.cleanup)
        cls.prefix = os.path.join(folder.name, "prefix")
        call("cmake", "--install", os.environ["BORDERLINE_BUILD"], "--prefix", cls.prefix)
        cls.program = os.path.join(cls.prefix, "bin", "borderline")
        cls.share = os.path.join(cls.prefix, "share", "borderline")
        # a user's environment: nothing points to the source
        cls.environment = {key: value for key, value in os.environ.items() if not key.startswith(("BORDERLINE", "PYTHONPATH"))}

    def setUp(self):
        super().setUp()
        self.sweep = self.write("sweep.yaml", SWEEP)

    def call(self, *words):
        return call(*words, env=self.environment, cwd=self.folder)

    def check_example(self, example):
        """It prints the distances that `measure` writes for a file with this input alone, to the bit."""
        networks, distances = self.path("networks.h5"), self.path("distances.h5")
        self.call(self.program, "sample", self.sweep, "-o", networks, "--networks", "1", "--force")
        self.call(self.program, "measure", networks, "-o", distances, "--p", "2,inf", "--force")
        with h5py.File(distances) as file:
            group = next(item for item in file.values() if isinstance(item, h5py.Group) and "distance" in item)
            expected = group["distance"][0]
        printed = re.findall(r"distance (\S+)$", self.call(example, networks, "0"), re.M)
        self.assertEqual([float(word) for word in printed], list(expected))
        refused = subprocess.run([example, networks, "7"], capture_output=True, text=True, check=False, env=self.environment)
        self.assertEqual((refused.returncode, refused.stderr), (1, "the file has inputs 0 to 0\n"))

    def test_program(self):
        self.assertIn("borderline ", self.call(self.program, "--version"))
        self.assertFalse(os.path.exists(os.path.join(self.share, "jobs", "build")), "builds from the source")

    def test_cmake_package(self):
        build = self.path("build")
        compiler = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", self.cache(), re.M).group(1)
        self.call("cmake", "-S", EXAMPLE, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DCMAKE_C_COMPILER={compiler}",
                  "-DCMAKE_C_FLAGS=-Wall -Wextra -Werror " + self.sanitizers())
        self.call("cmake", "--build", build)
        self.check_example(os.path.join(build, "example"))

    @unittest.skipUnless(shutil.which("pkg-config"), "pkg-config is not installed")
    def test_pkg_config(self):
        found = [os.path.dirname(os.path.join(path, name)) for path, _, names in os.walk(self.prefix)
                 for name in names if name == "borderline.pc"]
        self.environment = {**self.environment, "PKG_CONFIG_PATH": found[0]}
        flags = self.call("pkg-config", "--cflags", "--libs", "borderline").split()
        example = self.path("example")
        compiler = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", self.cache(), re.M).group(1)
        self.call(compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", *self.sanitizers().split(), "-o", example,
                  os.path.join(EXAMPLE, "example.c"), *flags)
        self.check_example(example)

    def cache(self):
        with open(os.path.join(os.environ["BORDERLINE_BUILD"], "CMakeCache.txt"), encoding="utf-8") as file:
            return file.read()

    def sanitizers(self):
        return "-fsanitize=address,undefined" if "BORDERLINE_SANITIZE:BOOL=ON" in self.cache() else ""

    def test_headers_stand_alone(self):
        """Each public header compiles by itself against the installed tree."""
        include = os.path.join(self.prefix, "include")

        for name in sorted(os.listdir(os.path.join(include, "borderline"))):
            with self.subTest(header=name):
                source = self.write("one.c", f"#include <borderline/{name}>\nint main(void) {{ return 0; }}\n")
                self.call("mpicc", "-std=c11", "-fsyntax-only", f"-I{include}", source)

    def test_job_scripts_and_figures(self):
        jobs = os.path.join(self.share, "jobs")
        said = self.call(os.path.join(jobs, "submit"), "--dry-run", self.sweep)
        self.assertIn(f"{jobs}/sweep.sbatch", said)
        self.assertEqual(self.call(os.path.join(jobs, "program")).strip(), self.program)
        result = self.path("sweep.h5")
        self.call(os.path.join(jobs, "launch"), "2", self.program, "run", self.sweep, "-o", result)
        self.call(os.path.join(self.share, "analysis", "figures"), result, "-o", self.path("figures"))
        self.assertTrue(any(name.endswith(".png") for name in os.listdir(self.path("figures"))))


if __name__ == "__main__":
    program.main()
