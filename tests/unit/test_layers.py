# SPDX-License-Identifier: BSD-3-Clause
"""The shape of the code, as DESIGN states it: who includes whom, which library is named where, what is documented."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(os.environ["BORDERLINE_SOURCE"])
HEADERS = ROOT / "include" / "borderline"

# A folder of src/ includes only headers of folders named before it, and its own.
ORDER = ["base", "sweep", "network", "boundary", "gp", "parallel", "experiment", "store", "cli"]
CORE = ORDER[:ORDER.index("parallel")]

# the folder each public header (those of the installed library) belongs to
MODULE = {
    "err": "base", "log": "base", "rng": "base", "config": "sweep", "grid": "sweep", "network": "network", "pass": "network",
    "boundary": "boundary", "gp": "gp", "comm": "parallel", "networks_file": "store",
}
# headers written by the build
GENERATED = {"borderline_build.h", "borderline_git.h"}

SCALAPACK = re.compile(r"\b(C?blacs_\w+|C\w*blacs\w*|p[sdcz](sy|he|ge|tr|po|la|lan|elset|elget)\w*_|descinit_|numroc_)\b")
FUNCTION_LINES_MAX = 100
MAIN_LINES_MAX = 80


def sources():
    return sorted(path for path in (ROOT / "src").rglob("*.[ch]"))


def headers():
    """The public ones."""
    return sorted(HEADERS.glob("*.h"))


def module_headers():
    """Headers in src/ that other folders may include: those that do not call themselves private."""
    return [path for path in sources() if path.suffix == ".h" and "Private to src/" not in path.read_text()]


def resolve(path, included):
    """The file of ours that an include names, as the compiler finds it; None for others."""
    for base in (path.parent, ROOT / "include", ROOT / "src"):
        if (base / included).is_file():
            return (base / included).resolve()
    return None


def name(path):
    return str(path.relative_to(ROOT))


def without_comments(text):
    """The code alone, line numbers kept; string literals stay."""
    blank = lambda match: match.group(0) if match.group(0)[0] == '"' else re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', blank, text, flags=re.S)


def includes(path):
    """(line number, what is included), as written between quotes or brackets."""
    code = without_comments(path.read_text())
    for number, line in enumerate(code.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if found:
            yield number, found.group(1) or found.group(2)


def folder(path):
    """The folder of the layer that a file belongs to; main.c is above all."""
    if path.parent == HEADERS:
        return MODULE[path.stem]
    inside = path.relative_to(ROOT / "src")
    return inside.parts[0] if len(inside.parts) > 1 else "cli"


def users(pattern):
    """Files whose code matches, comments left out."""
    return {name(path) for path in sources() + headers() if re.search(pattern, without_comments(path.read_text()))}


class Layers(unittest.TestCase):
    def test_every_header_has_its_module(self):
        self.assertEqual({path.stem for path in headers()} - MODULE.keys(), set(), "headers without a module")
        self.assertEqual({folder(path) for path in sources()} - set(ORDER), set(), "folders without a place")

    def test_includes_go_downwards(self):
        wrong = []
        for path in sources() + headers():
            own = ORDER.index(folder(path))
            for number, included in includes(path):
                found = resolve(path, included)
                if found and ORDER.index(folder(found)) > own:
                    wrong.append(f"{name(path)}:{number} is in {ORDER[own]} but includes {included} of {folder(found)}")
        self.assertEqual(wrong, [])

    def test_private_headers_stay_in_their_folder(self):
        """Quoted includes are ours and written alike: borderline/X.h, FOLDER/X.h, or X.h beside the file; public headers
        include public ones only."""
        wrong = []
        for path in sources() + headers():
            for included in re.findall(r'#\s*include\s*"([^"]+)"', without_comments(path.read_text())):
                found = resolve(path, included)
                if included in GENERATED:
                    continue
                if found is None:
                    wrong.append(f"{name(path)} includes {included}, which is not there")
                elif found.parent == HEADERS:
                    continue
                elif path.parent == HEADERS:
                    wrong.append(f"{name(path)} is public but includes {included}")
                elif found.parent == path.parent:
                    if "/" in included:
                        wrong.append(f"{name(path)} includes {included}, which is beside it: without the folder")
                elif found not in module_headers() and path != ROOT / "src" / "main.c":
                    wrong.append(f"{name(path)} includes {included}, which is private to its folder")
        self.assertEqual(wrong, [])

    def test_core_knows_neither_mpi_nor_hdf5(self):
        wrong = [f"{name(path)}:{number} includes {included}" for path in sources() + headers()
                 if folder(path) in CORE for number, included in includes(path) if re.match(r"(mpi|hdf5|H5)", included)]
        self.assertEqual(wrong, [])

    def test_libraries_stand_in_their_places(self):
        self.assertEqual({file for file in users(r"#\s*include\s*<(hdf5|H5)") if not file.startswith("src/store/")},
                         set())
        self.assertEqual(users(SCALAPACK), {"src/parallel/blockmatrix.c"})
        self.assertEqual(users(r"#\s*include\s*<yaml.h>") - {"src/sweep/values.c", "src/sweep/values.h",
                                                              "src/sweep/config.c"}, set())
        # the version may be asked for anywhere
        self.assertEqual({file for file in users(r"\bdnnl_(?!version)\w+\(")
                          if not re.fullmatch(r"src/network/(\w+_)?onednn\.[ch]", file)}, set())
        self.assertEqual(len(users(r"\bcblas_\w+\(")), 1, users(r"\bcblas_\w+\("))

    def test_main_is_short(self):
        main = ROOT / "src" / "main.c"
        if not main.exists():
            self.skipTest("there is no src/main.c")
        self.assertLess(len(main.read_text().splitlines()), MAIN_LINES_MAX)


class Style(unittest.TestCase):
    def test_public_functions_are_documented(self):
        """Each function stands under a doc comment, alone or with its like (create and destroy), that says whether it is
        collective."""
        wrong, declared = [], 0
        for path in headers() + module_headers():
            comment = ""
            # comments, empty lines and code in turn; an empty line ends what a comment speaks of
            for part in re.findall(r"/\*.*?\*/|\n[ \t]*(?=\n)|(?:(?!/\*|\n[ \t]*\n).)+", path.read_text(), flags=re.S):
                if part.startswith("/**") or not part.strip():
                    comment = part
                for line in re.findall(r"^BL_API (?!extern)[^;]*", part, flags=re.M):
                    declared += 1
                    if not comment.startswith("/**") or not re.search(r"[Cc]ollective|[Oo]nly rank 0|rank 0 only", comment):
                        wrong.append(f"{name(path)}: {' '.join(line.split())}")
        self.assertGreater(declared, 50)
        self.assertEqual(wrong, [])

    def test_functions_are_short(self):
        if not shutil.which("ctags"):
            self.skipTest("ctags is not installed: lengths of functions are not checked")
        listed = subprocess.run(["ctags", "--output-format=json", "--fields=+ne", "--kinds-C=f", "-f", "-"]
                                + [str(path) for path in sources()], capture_output=True, text=True)
        if listed.returncode != 0:
            self.skipTest("this ctags does not write JSON (Universal Ctags does): lengths are not checked")
        tags = [json.loads(line) for line in listed.stdout.splitlines()]
        self.assertGreater(len(tags), 100)
        lengths = sorted(((tag["end"] - tag["line"] + 1, tag["name"], tag["path"]) for tag in tags), reverse=True)
        self.assertLessEqual(lengths[0][0], FUNCTION_LINES_MAX, lengths[:5])

    def test_every_source_names_its_licence(self):
        files = sources() + headers() + sorted((ROOT / "tests").rglob("*.[ch]"))
        self.assertEqual([name(path) for path in files
                          if not path.read_text().startswith("/* SPDX-License-Identifier: BSD-3-Clause")], [])

    def test_only_our_names_are_exported(self):
        if not shutil.which("nm"):
            self.skipTest("nm is not installed: exported names are not checked")
        listed = subprocess.run(["nm", "-D", "--defined-only", os.environ["BORDERLINE_CORE"]],
                                capture_output=True, text=True, check=True)
        names = {line.split()[-1] for line in listed.stdout.splitlines()}
        self.assertIn("bl_err_set", names)
        self.assertEqual({n for n in names if not n.startswith("bl_")} - {"_init", "_fini"}, set())


if __name__ == "__main__":
    unittest.main()
