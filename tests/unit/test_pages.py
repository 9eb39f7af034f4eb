# SPDX-License-Identifier: BSD-3-Clause
"""What pages and comments refer to exists: files by name, sections of src/THEORY.md."""
import itertools
import os
import pathlib
import re
import unittest

import test_layers

ROOT = pathlib.Path(os.environ["BORDERLINE_SOURCE"])
SRC = ROOT / "src"
THEORY = SRC / "THEORY.md"
PLACES = ["src", "include", "tests", "analysis", "jobs"]
SUFFIXES = {".c", ".h", ".py", ".md", ".sh", ".yaml", ".txt", ".cmake", ""}

FILE = re.compile(r"(?<![\w/.])((?:[\w*-]+/)*[\w*-]+\.(?:(?:c|h|py|md|cmake|yaml|sbatch|sh)\b(?!\.)|\{[\w,]+\}))")
SECTIONS = r"sections? (\d+(?:\.\d+)?(?:(?:, | and | to )\d+(?:\.\d+)?)*)"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def texts():
    """Every text of ours that may refer to another, as (path, text)."""
    files = [path for place in PLACES for path in sorted((ROOT / place).rglob("*")) if path.is_file()]
    for path in files + sorted(ROOT.glob("*.md")):
        if path.suffix in SUFFIXES and "__pycache__" not in path.parts and path != pathlib.Path(__file__).resolve():
            yield path, path.read_text(errors="ignore")


def on_one_line(text):
    """Comments and paragraphs without their line breaks and leaders."""
    return re.sub(r"\s*\n[ \t]*(?:\*|#|//)?[ \t]*", " ", text)


def pages():
    """The pages beside the code."""
    return [path for path in SRC.rglob("*.md")]


def expand(pattern):
    """a.{c,h} as a.c, a.h; NAME stands for any."""
    pattern = pattern.replace("NAME", "*")
    found = re.search(r"\{([\w,]+)\}", pattern)
    if not found:
        return [pattern]
    return list(itertools.chain.from_iterable(expand(pattern[:found.start()] + choice + pattern[found.end():])
                                              for choice in found.group(1).split(",")))


def exists(page, named):
    """Whether a file of that name is beside the page, at its place from the top or from src/, or alone of its name in src/ and tests/."""
    if any(list(base.glob(named)) for base in (page.parent, SRC, ROOT, ROOT / "include")):
        return True
    found = list(SRC.rglob(named)) + list((ROOT / "tests").rglob(named)) if "/" not in named else []
    return len(found) == 1 or len(found) > 1 and "*" in named


class Pages(unittest.TestCase):
    def test_named_files_exist(self):
        missing, named = [], 0
        for page in pages():
            for pattern in FILE.findall(page.read_text()):
                for name in expand(pattern):
                    named += 1
                    if not exists(page, name):
                        missing.append(f"{page.relative_to(ROOT)} names {name}")
        self.assertGreater(named, 40)
        self.assertEqual(missing, [])

    def test_five_questions_have_their_files(self):
        """The files that src/README.md names for a newcomer's questions define what is asked for."""
        answers = re.findall(r"^\| [^|]*\? \| `([^`]+)`", (SRC / "README.md").read_text(), flags=re.M)
        functions = [r"^bl_err bl_search_run\(", r"^bl_err bl_search_confirm\(", r"\bbl_h5_write\(", r"^int64_t bl_schedule_next\(",
                     r"^const bl_field bl_fields\["]
        self.assertEqual(len(answers), len(functions))
        for file, pattern in zip(answers, functions):
            self.assertRegex((SRC / file).read_text(), re.compile(pattern, re.M), file)

    def test_layers_are_those_of_the_test(self):
        self.assertIn("\n    " + "  ".join(test_layers.ORDER) + "\n", (SRC / "README.md").read_text())

    def test_cited_sections_exist(self):
        """'THEORY.md, section 4.3', 'section 4.3 of src/THEORY.md', and in THEORY.md itself 'section 4.3'."""
        sections = set(re.findall(r"^#+ (\d+(?:\.\d+)?)\.? ", THEORY.read_text(), flags=re.M))
        self.assertGreater(len(sections), 20)
        wrong, cited = [], 0
        for path, text in texts():
            line = on_one_line(text)
            found = re.findall(r"THEORY\.md`?, " + SECTIONS, line) + re.findall(SECTIONS + r" of `?(?:src/)?THEORY\.md", line)
            if path == THEORY:
                found = re.findall(SECTIONS, line)
            for number in itertools.chain.from_iterable(NUMBER.findall(group) for group in found):
                cited += 1
                if number not in sections:
                    wrong.append(f"{path.relative_to(ROOT)} cites section {number}")
        self.assertGreater(cited, 40)
        self.assertEqual(wrong, [])

    def test_nothing_cites_what_is_not_here(self):
        """Names of pages that are not in the repository, and THEORY.md without its section."""
        wrong = []
        for path, text in texts():
            for match in re.finditer(r"\b(NOTES|DESIGN|CERTIFY)\b|\bTHEORY\b(?!\.md)(?! =)(?!\))(?!\.read)", text):
                if path.name not in ("LICENSE", "CHANGELOG.md"):
                    wrong.append(f"{path.relative_to(ROOT)}: {text[max(0, match.start() - 30):match.end() + 20]!r}")
        self.assertEqual(wrong, [])

    def test_texts_in_files_stand_alone(self):
        """Texts that the program writes or prints name no page of the source."""
        wrong = [f"{path.relative_to(ROOT)}: {text}" for path in sorted(SRC.rglob("*.[ch]"))
                 for text in re.findall(r'"(?:\\.|[^"\\\n])*"', re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S))
                 if re.search(r"THEORY|README", text)]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
