# SPDX-License-Identifier: BSD-3-Clause
"""The recipes of packages agree with what they package: CMake options, dependencies, keys of sweep files, sections."""
import ast
import os
import re
import shutil
import subprocess
import unittest

ROOT = os.environ["BORDERLINE_SOURCE"]


def read(*names):
    with open(os.path.join(ROOT, *names), encoding="utf-8") as file:
        return file.read()


def cmake_options():
    return set(re.findall(r"^option\((\w+)", read("CMakeLists.txt"), re.M))


def section(text, stage, name):
    """A section of a definition file: its lines up to the next section or stage."""
    part = re.split(r"^Bootstrap:", text, flags=re.M)[stage]
    return re.search(rf"^%{name}\b.*\n((?:(?!^%).*\n)*)", part, re.M).group(1)


class Recipes(unittest.TestCase):
    def test_cmake_options_exist(self):
        for names in (("jobs", "spack", "package.py"), ("jobs", "conda", "build.sh"), ("jobs", "apptainer.def")):
            with self.subTest(recipe=names[-1]):
                used = set(re.findall(r"BORDERLINE_(?:NATIVE|TESTS|WERROR|SANITIZE|\w+(?==(?:ON|OFF)))", read(*names)))
                self.assertIn("BORDERLINE_NATIVE", used)
                self.assertEqual(used - cmake_options(), set())

    def test_spack(self):
        """The recipe's class is one that Spack reads, and names each dependency of the environment file."""
        tree = ast.parse(read("jobs", "spack", "package.py"))
        recipe = next(node for node in tree.body if isinstance(node, ast.ClassDef))
        self.assertEqual((recipe.name, [base.id for base in recipe.bases]), ("Borderline", ["CMakePackage"]))
        calls = [node for node in ast.walk(recipe) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
        wanted = {re.match(r"[\w-]+", node.args[0].value).group(0) for node in calls if node.func.id == "depends_on"}
        provided = {"openmpi": "mpi", "netlib-scalapack": "scalapack", "pkgconf": "pkgconfig"}
        environment = {re.match(r"[\w-]+", line).group(0) for line in re.findall(r"^    - (.+)$", read("spack.yaml"), re.M)}
        self.assertEqual({provided.get(name, name) for name in environment} - wanted, set())
        self.assertEqual(wanted - {provided.get(name, name) for name in environment} - {"c", "python"}, set())
        tests = [node.name for node in recipe.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
        self.assertEqual(tests, ["test_version", "test_sweep"])

    def test_conda(self):
        text = read("jobs", "conda", "meta.yaml")
        version = re.search(r"project\(Borderline VERSION (\S+)", read("CMakeLists.txt")).group(1)
        self.assertIn(f'version: "{version}"', text)
        for name in ("openmpi", "hdf5", "openblas", "scalapack", "onednn", "yaml", "random123", "zlib"):
            self.assertRegex(text, rf"(?m)^    - {name}\b")

    def test_apptainer(self):
        text = read("jobs", "apptainer.def")
        self.assertIn("jobs/install-deps", section(text, 1, "post"))
        self.assertIn("%files from build", text)
        if not shutil.which("sh"):
            self.skipTest("no shell")
        for stage, name in ((1, "post"), (2, "post"), (2, "test")):
            with self.subTest(stage=stage, section=name):
                done = subprocess.run(["sh", "-n"], input=section(text, stage, name), capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)

    @unittest.skipUnless(os.environ.get("BORDERLINE"), "the program is not built")
    def test_smoke_sweeps(self):
        """The sweeps that the recipes test with are ones that the program takes."""
        import tempfile
        texts = ["".join(ast.literal_eval(f'"{part}"') for part in
                         re.findall(r'^ +"((?:name|grid|samples|kernel): .*)"$', read("jobs", "spack", "package.py"), re.M)),
                 re.search(r"<<END\n(.*?)END\n", read("jobs", "apptainer.def"), re.S).group(1),
                 re.search(r"printf '(.*?)'", read("jobs", "conda", "meta.yaml")).group(1).replace("\\\\n", "\n")]
        for text in texts:
            with self.subTest(sweep=text), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "smoke.yaml")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                done = subprocess.run([os.environ["BORDERLINE"], "plan", path], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
