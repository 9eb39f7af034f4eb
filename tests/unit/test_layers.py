# SPDX-License-Identifier: BSD-3-Clause
"""The shape of the code, as src/README.md states it: who includes and calls whom, which library is named where, what is documented."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(os.environ["BORDERLINE_SOURCE"])
HEADERS = ROOT / "include" / "borderline"

# A folder of src/ includes only headers of folders named before it, and its own.
ORDER = ["base", "sweep", "network", "boundary", "certify", "gp", "parallel", "experiment", "store", "run", "plan", "cli"]
CORE = ORDER[:ORDER.index("parallel")]

# the folder each public header (those of the installed library) belongs to
MODULE = {
    "err": "base", "log": "base", "mem": "base", "measure": "experiment", "rng": "base", "axis": "sweep", "config": "sweep", "grid": "sweep", "network": "network", "pass": "network",
    "boundary": "boundary", "certify": "certify", "gp": "gp", "comm": "parallel", "networks_file": "store", "hooks": "run",
    "sweep": "run",
}
# headers written by the build
GENERATED = {"borderline_build.h", "borderline_git.h"}

SCALAPACK = re.compile(r"\b(C?blacs_\w+|C\w*blacs\w*|p[sdcz](sy|he|ge|tr|po|la|lan|elset|elget)\w*_|descinit_|numroc_)\b")
# Names that do not begin as the name of their file: words of the sweep file, parts of a file that say what they are.
NAMED_OTHERWISE = {"bl_activation_name", "bl_family_name", "bl_effort_name", "bl_certify_name", "bl_labels_name", "bl_training_set_name",
                   "bl_product_context_create", "bl_product_context_destroy", "bl_agree", "bl_division_create",
                   "bl_division_destroy", "bl_rules_low_water", "bl_tail_begin", "bl_tail_take", "bl_quantile_level", "bl_type_size",
                   "bl_norm", "bl_float_norm", "bl_absolute_product", "bl_certifier_create", "bl_certifier_destroy", "bl_certifier_run"}

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 600
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

    def test_no_circle_of_includes(self):
        graph = {}
        for path in sources() + headers():
            found = {resolve(path, included) for _, included in includes(path)} - {None, path}
            graph[path] = {target: [name(target)] for target in found}
        self.assertEqual([within(graph, group) for group in circles(graph)], [], "files that include each other in a circle")

    def test_core_knows_neither_mpi_nor_hdf5(self):
        wrong = [f"{name(path)}:{number} includes {included}" for path in sources() + headers()
                 if folder(path) in CORE for number, included in includes(path) if re.match(r"(mpi|hdf5|H5)", included)]
        self.assertEqual(wrong, [])

    def test_libraries_stand_in_their_places(self):
        self.assertEqual({file for file in users(r"#\s*include\s*<(hdf5|H5)") if not file.startswith("src/store/")},
                         set())
        self.assertEqual(users(SCALAPACK), {"src/parallel/blockmatrix.c"})
        self.assertEqual(users(r"#\s*include\s*<yaml.h>"), {"src/sweep/option_value.h"})
        # the version may be asked for anywhere
        self.assertEqual({file for file in users(r"\bdnnl_(?!version)\w+\(")
                          if not re.fullmatch(r"src/network/(\w+_)?onednn\.[ch]", file)}, set())
        self.assertEqual(len(users(r"\bcblas_\w+\(")), 1, users(r"\bcblas_\w+\("))

    def test_main_is_short(self):
        main = ROOT / "src" / "main.c"
        if not main.exists():
            self.skipTest("there is no src/main.c")
        self.assertLess(len(main.read_text().splitlines()), MAIN_LINES_MAX)


def object_files():
    """The newest object file of each source file. A build folder may also hold objects of sources that are gone, and hot files
    once more for each further instruction set (src/isa.cmake): the first compilation has all their names."""
    newest = {}
    for path in sorted(pathlib.Path(os.environ["BORDERLINE_BUILD"]).rglob("*.c.o"), key=lambda found: found.stat().st_mtime):
        found = re.search(r"\.dir/(src/.*\.c)\.o$", str(path))
        if found and "_x86_64_v" not in str(path) and (ROOT / found.group(1)).is_file():
            newest[found.group(1)] = path
    return newest


def listed_symbols(objects):
    """(source file, symbol, kind) of all symbols of external linkage, from the object files {source: object}."""
    source_of = {str(path): source for source, path in objects.items()}
    listed = subprocess.run(["nm", "-P", "-A", "-g", *source_of], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        path, symbol, kind = line.split()[:3]
        if symbol.startswith("bl_"):
            yield source_of[path.rstrip(":")], symbol, kind


def defined(objects):
    """{source file: names that it defines}."""
    table = {source: [] for source in objects}
    for source, symbol, kind in listed_symbols(objects):
        if kind != "U":
            table[source].append(symbol)
    return table


def calls():
    """{source file: {source file that it calls or takes data from: names}}, exactly, from the symbols of the object files."""
    objects = object_files()
    home = {symbol: source for source, symbols in defined(objects).items() for symbol in symbols}
    graph = {source: {} for source in objects}
    for source, symbol, kind in listed_symbols(objects):
        if kind == "U" and symbol in home:
            graph[source].setdefault(home[symbol], []).append(symbol)
    return graph


def circles(graph):
    """Groups of two and more files each of which reaches all others of its group (strongly connected components)."""
    reached = {}
    for start in graph:
        reached[start], ahead = set(), [start]
        while ahead:
            for target in graph[ahead.pop()]:
                if target not in reached[start]:
                    reached[start].add(target)
                    ahead.append(target)
    groups = {frozenset(other for other in reached[file] if file in reached[other]) for file in graph if file in reached[file]}
    return sorted(sorted(group) for group in groups)


def within(graph, group):
    """The calls inside a group of files, in words."""
    return [f"{file} needs {', '.join(graph[file][target])} of {target}"
            for file in group for target in group if target in graph[file]]


@unittest.skipUnless(shutil.which("nm"), "nm is not installed: calls between files are not checked")
class Calls(unittest.TestCase):
    """Who calls whom, from the symbols of the object files: a header may be included from below and yet be defined above."""

    @classmethod
    def setUpClass(cls):
        cls.graph = calls()

    def test_every_source_is_seen(self):
        self.assertEqual({name(path) for path in sources() if path.suffix == ".c"} - self.graph.keys(), set(),
                         "sources without an object file: build first")
        self.assertGreater(sum(map(len, self.graph.values())), 500)

    def test_calls_go_downwards(self):
        wrong = [f"{file} calls {', '.join(names)} of {target}, which is above"
                 for file, targets in self.graph.items() for target, names in targets.items()
                 if ORDER.index(folder(ROOT / target)) > ORDER.index(folder(ROOT / file))]
        self.assertEqual(wrong, [])

    def test_no_circle_of_files(self):
        self.assertEqual([within(self.graph, group) for group in circles(self.graph)], [], "files that call each other in a circle")

    def test_names_begin_as_their_files(self):
        """What a file defines begins with bl_ and the first word of the file's name (singular or plural)."""
        wrong = [f"{symbol} of {source}" for source, symbols in defined(object_files()).items()
                 for symbol in symbols if symbol not in NAMED_OTHERWISE
                 and not re.match(f"bl_{pathlib.Path(source).stem.split('_')[0].removesuffix('s')}s?(_|$)", symbol)]
        self.assertEqual(wrong, [])

    def test_circles_are_found(self):
        graph = {"a": {"b": ["x"]}, "b": {"c": ["y"]}, "c": {"b": ["z"]}, "d": {"a": ["w"]}}
        self.assertEqual(circles(graph), [["b", "c"]])
        self.assertEqual(within(graph, ["b", "c"]), ["b needs y of c", "c needs z of b"])


def functions(path):
    """(name, lines) of each function of a source in clang-format's layout: it begins and ends in the first column."""
    start = None
    for number, line in enumerate(without_comments(path.read_text()).splitlines(), 1):
        if re.match(r"\w", line) and not re.match(r"\w+:$", line):
            start = number, line
        if line == "}" and start:
            yield re.search(r"(\w+)\(", start[1].split("__attribute__((always_inline))")[-1]).group(1), number - start[0] + 1


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

    def test_functions_and_files_are_short(self):
        lengths = sorted(((lines, function, name(path)) for path in sources() for function, lines in functions(path)), reverse=True)
        self.assertGreater(len(lengths), 1000)
        self.assertEqual([found for found in lengths if found[0] > FUNCTION_LINES_MAX], [])
        files = [(len(path.read_text().splitlines()), name(path)) for path in sources() + headers()]
        self.assertEqual([found for found in files if found[0] > FILE_LINES_MAX], [])

    def test_members_stay_with_their_comments(self):
        """A comment behind a member that is too long for the line makes clang-format tear type and name apart: it belongs above."""
        torn = re.compile(r"^ +(?:const |static |unsigned |struct )*[a-z_0-9]+(?: \*+)?\n +[\w\[\], ]+; */\*", re.M)
        files = sources() + headers() + sorted((ROOT / "tests").rglob("*.[ch]"))
        self.assertEqual([f"{name(path)}: {found}" for path in files for found in torn.findall(path.read_text())], [])
        self.assertTrue(torn.search("    const char *\n        text; /* what it says"))

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
