# SPDX-License-Identifier: BSD-3-Clause
"""`plan --json` and `show --json`: valid JSON with exactly the keys that src/cli/JSON.md lists, and the file's own numbers; single values by
--key; no script reads what is made for people."""
import json
import os
import pathlib
import re
import struct
import unittest

import h5py
import numpy as np

import borderline_program as program

SWEEP = r"""
name: 'quote " backslash \ tab	 and schön €'
seed: 5
grid: {depth: [1], width: [8, .inf], dimension: [6, 12], p: [1, .inf]}
samples: {networks: 6, inputs: 2, block: 1}
kernel: {inputs: 4}
summary: {bootstrap: 20}
"""
ROOT = pathlib.Path(program.SOURCE)
LAUNCH_TEXTS = "launches[].started` ... `launches[].slurm_restarts"


def documented():
    """{heading: set of keys} of src/cli/JSON.md."""
    found, heading = {}, None
    for line in (ROOT / "src/cli/JSON.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = found.setdefault(line[3:], set())
        elif line.startswith("| `"):
            heading.add(re.match(r"\| `(.*?)` \|", line).group(1))
    return found


def keys(value, path=""):
    """The ways to all single values: a[].b for b of every entry of a."""
    if isinstance(value, dict):
        return set().union(*(keys(item, f"{path}.{name}" if path else name) for name, item in value.items()))
    if isinstance(value, list):
        return set().union(*(keys(item, path + "[]") for item in value))
    return {path}


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def parse(text):
    return json.loads(text, parse_constant=refuse_constant)


class Json(program.TestCase):
    def setUp(self):
        super().setUp()
        self.sweep, self.out = self.write("sweep.yaml", SWEEP), self.path("out.h5")

    def run_sweep(self, *options, ranks=2):
        self.check_done(program.run(["run", self.sweep, "-o", self.out, *options], ranks))

    def json(self, command, path, *options, ranks=0):
        return parse(self.check_done(program.run([command, path, "--json", *options], ranks)))

    def values(self, command, path, *wanted):
        words = [word for key in wanted for word in ("--key", key)]
        return self.check_done(program.run([command, path, *words])).splitlines()

    def check_keys(self, heading, found):
        want = documented()[heading]
        if LAUNCH_TEXTS in want:
            with h5py.File(self.out, "r") as file:
                texts = {f"launches[].{k}" for k, v in file["provenance/launch"].items() if v.ndim == 2}
            self.assertIn("launches[].started", texts)
            want = want - {LAUNCH_TEXTS} | texts
        self.assertEqual(keys(found), want)

    def test_show_of_a_sweep(self):
        self.run_sweep()
        found = self.json("show", self.out)
        self.check_keys("show: a file of run", found)
        self.assertEqual(found["name"], 'quote " backslash \\ tab\t and schön €')
        self.assertEqual((found["complete"], found["units"], found["kernels"]),
                         (True, {"done": 24, "total": 24}, {"done": 4, "total": 4}))
        with h5py.File(self.out, "r") as file:
            median = file["summary/distance"][..., 4]
            for row in found["cases"]:
                at = (0, [8, "inf"].index(row["width"]), [6, 12].index(row["dimension"]), [1, "inf"].index(row["p"]))
                self.assertEqual(float(row["median"]), median[at])
            launch = file["provenance/launch"]
            for name in ("units", "seconds_busy", "seconds_writing", "seconds_waiting", "seconds_without_core", "memory_peak"):
                self.assertEqual(found["launches"][0][name], launch[name][0])
            self.assertEqual(found["launches"][0]["ranks"], 2)
            self.check_usage({name: v[0] for name, v in launch.items() if v.ndim == 1}, file["unit/seconds"][()].sum(), 2)
            self.assertTrue(np.isnan(launch["seconds_busy"][1:]).all() and (launch["units"][1:] == -1).all())
        self.assertEqual(self.values("show", self.out, "units.done", "cases.1.p", "cases.0.median", "complete", "name"),
                         ["24", "inf", repr(found["cases"][0]["median"]), "true", found["name"]])

    def check_usage(self, launch, seconds_of_units, ranks):
        """What a launch's time went into, against the units' own times."""
        self.assertEqual(launch["units"], 24)
        computing = launch["seconds_busy"] - launch["seconds_writing"]
        self.assertTrue(seconds_of_units <= computing < 1.5 * seconds_of_units + 0.2, (seconds_of_units, computing))
        self.assertAlmostEqual(launch["seconds_busy"] + launch["seconds_waiting"], ranks * launch["seconds_units"], places=9)
        self.assertTrue(0 <= launch["seconds_without_core"] <= launch["seconds_busy"])
        self.assertTrue(0 < launch["seconds_writing"] < launch["seconds_busy"])
        self.assertTrue(launch["seconds_kernels"] > 0 and launch["seconds_summary"] > 0)
        self.assertTrue(2**23 < launch["memory_peak"] < 2**33)

    def test_show_of_an_unfinished_sweep(self):
        """Two launches; what is not there yet is null."""
        self.assertEqual(program.run(["run", self.sweep, "-o", self.out, "--time-limit", "0.01"], 1)[0], 75)
        found = self.json("show", self.out)
        self.check_keys("show: a file of run", found)
        self.assertLess(found["units"]["done"], 24)
        self.assertTrue(all(row["law_median"] is None and row["pending"] >= 0 for row in found["cases"]))
        self.assertEqual(self.values("show", self.out, "cases.0.law_median", "complete"), ["nan", "false"])
        self.run_sweep("--resume")
        launches = self.json("show", self.out)["launches"]
        self.assertEqual(len(launches), 2)
        self.assertEqual(sum(launch["units"] for launch in launches), 24)

    def test_files_of_an_earlier_version(self):
        """Without numbers of launches: shown, and resumed."""
        self.assertEqual(program.run(["run", self.sweep, "-o", self.out, "--time-limit", "0.01"], 1)[0], 75)
        with h5py.File(self.out, "r+") as file:
            launch = file["provenance/launch"]
            for name in [name for name, v in launch.items() if v.ndim == 1 and name != "launch"]:
                del launch[name]
        self.run_sweep("--resume")
        launches = self.json("show", self.out)["launches"]
        self.assertEqual([(launch["units"], launch["seconds_busy"]) for launch in launches], [(-1, None)] * 2)

    def test_plan_of_a_sweep(self):
        found = self.json("plan", self.sweep, "--ranks", "6", ranks=2)
        self.check_keys("plan: a sweep file", found)
        self.assertEqual([row["ranks"] for row in found["forecast"]], [6, 64, 1024, 16384, 65536])
        for row in found["forecast"]:
            self.assertAlmostEqual(row["seconds_units"] + row["seconds_kernels"] + row["seconds_summary"], row["seconds"])
        self.assertEqual((found["units"], sum(row["units"] for row in found["cases"])), (24, 24))
        self.assertEqual([row["width"] for row in found["cases"]], [8, 8, "inf", "inf"])
        self.run_sweep()
        found = self.json("plan", self.sweep, "--times", self.out)
        self.check_keys("plan: a sweep file", found)
        self.assertEqual(found["times"]["source"], self.out)
        wanted = ("networks", "forecast.0.ranks", "times.source")
        status, out, err = program.run(["plan", self.sweep, "--ranks", "3", "--times", self.out]
                                       + [word for key in wanted for word in ("--key", key)])
        self.assertEqual((status, out.splitlines()), (0, ["6", "3", self.out]))
        self.assertIn("memory per rank", err)

    def test_measurement(self):
        networks, out = self.path("networks.h5"), self.path("bad \udcff name.h5")  # a byte that is no UTF-8
        self.check_done(program.run(["sample", self.sweep, "-o", networks, "--networks", "1", "--set", "grid.width=[8]"]))
        status, _, err = program.run(["measure", networks, "-o", out])
        self.assertEqual(status, 0, err)
        found = self.json("show", out)
        self.check_keys("show: a file of measure", found)
        self.assertIn("\ufffd", found["path"])
        self.assertEqual([row["p"] for row in found["networks"]], [1, 2, "inf"] * 2)
        self.assertTrue(all(row["inputs"] == 2 and row["pending"] == 0 for row in found["networks"]))

    def test_posterior(self):
        rng = np.random.default_rng(3)
        for count, part in ((40, "train"), (10, "t10k")):
            label = np.arange(count) % 3
            pixel = np.clip(80 * label[:, None] + rng.integers(0, 60, (count, 16)), 0, 255).astype(np.uint8)
            with open(self.path(f"{part}-images-idx3-ubyte"), "wb") as file:
                file.write(struct.pack(">4B3I", 0, 0, 8, 3, count, 4, 4) + pixel.tobytes())
            with open(self.path(f"{part}-labels-idx1-ubyte"), "wb") as file:
                file.write(struct.pack(">4BI", 0, 0, 8, 1, count) + label.astype(np.uint8).tobytes())
        config = self.write("posterior.yaml", f"data: {{folder: {self.folder}, train: 40, classes: 3}}\nnetwork: {{depth: 1}}\n"
                                              "boundary: {inputs: 2, effort: fast}\n")
        found = self.json("plan", config, "--ranks", "3")
        self.check_keys("plan: a posterior file", found)
        self.assertEqual([row["ranks"] for row in found["forecast"]], [3, 2, 16, 128, 1024])
        self.assertAlmostEqual(found["forecast"][0]["seconds"] * 3, found["seconds_one_core"])
        out = self.path("posterior.h5")
        self.check_done(program.run(["posterior", config, "-o", out]))
        found = self.json("show", out)
        self.check_keys("show: a file of posterior", found)
        with h5py.File(out, "r") as file:
            self.assertEqual(found["accuracy"], file["accuracy"][()])

    def test_refusals(self):
        """One line, and nothing on standard output."""
        self.run_sweep()
        for words, message in ((["show", self.out, "--key", "units.dne"], "--key units.dne names no value here"),
                               (["show", self.out, "--key", "units"], "--key units names no value"),
                               (["show", self.out, "--key", "cases.99.p"], "names no value"),
                               (["show", self.path("none.h5"), "--json"], "none.h5"),
                               (["plan", self.path("none.yaml"), "--json"], "none.yaml")):
            with self.subTest(words=words):
                status, out, err = program.run(words)
                self.assertEqual((status, out), (1, ""))
                self.assertEqual(len(program.complaint(err)), 1, err)
                self.assertIn(message, err)


READERS = r"\b(?:sed|awk|grep|cut)\b"


def scrapings_of_shell(text):
    """Lines of a shell script that take the tables of plan or show, or the program's log, apart."""
    lines = re.sub(r"\\\n", " ", text).splitlines()
    wrong = []
    for line in lines:
        for call in re.finditer(r'"?\$\{?program\}?"? (?:plan|show)\b[^|)]*', line):
            captured = "$(" in line[:call.start()] or "|" in line[call.end():]
            if captured and not re.search(r"--(?:key|json)\b", call.group(0)):
                wrong.append(line)
        if re.search(READERS + r'[^|;&]*(?:\.log\b|\$said\b|\$log\b)', line):
            wrong.append(line)
    return wrong


def scrapings_of_python(text):
    """Calls of plan or show without --json or --key, and patterns looked for in what a process said."""
    wrong = re.findall(r"\bre\.\w+\([^\n]*(?:\bstdout|\bstderr|\.log\b|\blog\.read)[^\n]*", text)
    for call in re.finditer(r"subprocess\.\w+\(\[(?:[^\[\]]|\[[^\[\]]*\])*\]", text):
        if re.search(r"\"(?:plan|show)\"", call.group(0)) and not re.search(r"--(?:json|key)", call.group(0)):
            wrong.append(call.group(0))
    return wrong


class Scripts(unittest.TestCase):
    def test_no_script_reads_what_is_made_for_people(self):
        shell, python = [], []
        for path in sorted([*ROOT.glob("jobs/*"), *ROOT.glob("analysis/**/*"), *ROOT.glob("tests/bench/*")]):
            if not path.is_file() or path.suffix in (".csv", ".png", ".pdf", ".md", ".yaml", ".c", ".h"):
                continue
            text = path.read_text(encoding="utf-8")
            first = text.partition("\n")[0]
            if path.suffix == ".py" or "python" in first:
                python += [(path.name, line) for line in scrapings_of_python(text)]
            elif first.startswith("#!"):
                shell += [(path.name, line) for line in scrapings_of_shell(text)]
        self.assertEqual((shell, python), ([], []))

    def test_scraping_is_found(self):
        for line in ('text=$("$program" plan "$1" --ranks 2)', '"$program" show x.h5 | grep -q complete',
                     "sed -n 's/busy//p' \"$folder/1.log\"", '    "$program" plan "$sweep" \\\n  | awk 1'):
            self.assertTrue(scrapings_of_shell(line), line)
        for line in ('"$program" plan my.yaml', 'x=$("$program" show "$o" --key units.done)', "echo $program show result.h5"):
            self.assertFalse(scrapings_of_shell(line), line)
        for line in ('re.search(r"x", done.stdout)', 're.findall(r"busy", log.read())',
                     'subprocess.run([program, "plan", sweep, "--ranks", str(ranks)], capture_output=True)'):
            self.assertTrue(scrapings_of_python(line), line)
        self.assertFalse(scrapings_of_python('subprocess.run([program, "plan", sweep, str(a[0]), "--json"])'))


if __name__ == "__main__":
    program.main()
