"""The code as compilers and tools see it: gcc and clang without warnings, sanitizers, clang-format, clang-tidy.

Each check builds in a folder of its own; a tool that is missing here is said and skipped.
"""
import glob
import os
import shutil
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

SOURCE = os.environ.get("BORDERLINE_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))
FULL = bool(os.environ.get("BORDERLINE_FULL"))


def files(*patterns):
    found = [path for pattern in patterns for path in glob.glob(os.path.join(SOURCE, pattern), recursive=True)]
    return sorted(found)


def call(arguments, **more):
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    return done.returncode, done.stdout


class Builds(unittest.TestCase):
    def need(self, tool):
        if not shutil.which(tool):
            self.skipTest(f"{tool} is not installed")

    def build(self, folder, *options):
        generator = ["-G", "Ninja"] if shutil.which("ninja") else []
        for step in (["cmake", "-S", SOURCE, "-B", folder, *generator, "-DBORDERLINE_WERROR=ON", *options],
                     ["cmake", "--build", folder, "--parallel"]):
            status, text = call(step)
            self.assertEqual(status, 0, text[-6000:])

    def test_gcc(self):
        self.need("gcc")
        with tempfile.TemporaryDirectory() as folder:
            self.build(folder, "-DCMAKE_C_COMPILER=gcc")

    def test_clang(self):
        self.need("clang")
        with tempfile.TemporaryDirectory() as folder:
            self.build(folder, "-DCMAKE_C_COMPILER=clang")

    def test_sanitizers(self):
        """The C unit tests under address and undefined-behaviour sanitizers (optimised a little, so that they end soon)."""
        with tempfile.TemporaryDirectory() as folder:
            self.build(folder, "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS_DEBUG=-g -O1", "-DBORDERLINE_SANITIZE=ON")
            tests = sorted(path for path in glob.glob(os.path.join(folder, "tests", "test_*"))
                           if os.access(path, os.X_OK) and os.path.isfile(path))
            units = [path for path in tests
                     if os.path.exists(os.path.join(SOURCE, "tests", "unit", os.path.basename(path) + ".c"))]
            self.assertTrue(units)
            for path in units:
                with self.subTest(test=os.path.basename(path)):
                    status, text = call([path], timeout=600)
                    self.assertEqual(status, 0, text[-6000:])

    def test_format(self):
        self.need("clang-format")
        status, text = call(["clang-format", "--dry-run", "-Werror",
                             *files("src/**/*.[ch]", "include/**/*.h", "tests/**/*.[ch]")])
        self.assertEqual(status, 0, text[-6000:])

    def test_tidy(self):
        self.need("clang-tidy")
        build = os.environ.get("BORDERLINE_BUILD", os.path.join(SOURCE, "build"))
        sources = files("src/**/*.c")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(lambda path: call(["clang-tidy", "-p", build, "--quiet", path]), sources))
        complaints = [text for status, text in results if status != 0]
        self.assertEqual(complaints, [], "\n".join(complaints)[-6000:])

    def test_scripts(self):
        self.need("shellcheck")
        scripts = []
        for path in files("jobs/*", "tests/run", "tests/bench/run", "analysis/*", ".ci/run"):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    if file.readline().startswith(b"#!/bin/sh"):
                        scripts.append(path)
        self.assertTrue(scripts)
        status, text = call(["shellcheck", *scripts])
        self.assertEqual(status, 0, text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
