"""The job scripts where there is no Slurm: clean shell, clear refusals, the scaling study on this machine, a sweep by mpirun."""
import csv
import os
import shutil
import subprocess
import unittest

import h5py

import borderline_program as program

JOBS = os.path.join(os.path.abspath(program.SOURCE), "jobs")
SCRIPTS = ("submit", "sweep.sbatch", "array.sbatch", "scaling.sh", "site.sh")

SWEEP = """
name: small
grid: {depth: [1], width: [32], dimension: [48], p: [1, 2, .inf]}
samples: {networks: 40, inputs: 5, block: 2}
kernel: {inputs: 0}
summary: {bootstrap: 10}
"""


class Scripts(program.TestCase):
    def setUp(self):
        super().setUp()
        self.sweep = self.write("small.yaml", SWEEP)

    def script(self, name, *arguments, **environment):
        words = ["sh", os.path.join(JOBS, name), *arguments]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=self.folder, check=False,
                              env={**os.environ, "BORDERLINE": program.PROGRAM, **environment})
        return done.returncode, done.stdout, done.stderr

    @unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
    def test_shellcheck(self):
        paths = [os.path.join(JOBS, name) for name in SCRIPTS] + [os.path.join(JOBS, "..", "tests", "slurm", "cluster")]
        done = subprocess.run(["shellcheck", *paths], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def refuse(self, message, name, *arguments, **environment):
        status, out, err = self.script(name, *arguments, **environment)
        self.assertEqual(status, 1, out + err)
        self.assertIn(message, err)
        self.assertEqual(len(err.strip().splitlines()), 1, err)

    def test_refusals(self):
        self.refuse("usage: jobs/submit", "submit")
        self.refuse("no sweep file none.yaml", "submit", "none.yaml")
        self.refuse("unknown option --nodes (options of sbatch go behind --)", "submit", "--nodes", "small.yaml")
        self.refuse("-n needs a number of ranks, not 'many'", "submit", "-n", "many", "small.yaml")
        self.refuse("-n needs a value", "submit", "-n")
        self.refuse("jobs/build makes it, or set BORDERLINE", "submit", "small.yaml", BORDERLINE="/nowhere")
        self.write("bad.yaml", "grid: {detph: [2]}")
        self.refuse("grid.detph: unknown key", "submit", "--dry-run", "bad.yaml")
        self.refuse("usage: sbatch jobs/sweep.sbatch", "sweep.sbatch")
        self.refuse("no sweep file none.yaml", "sweep.sbatch", "none.yaml")
        self.refuse("no nolauncher here: set BORDERLINE_LAUNCHER", "sweep.sbatch", "small.yaml", BORDERLINE_LAUNCHER="nolauncher")
        self.refuse("this is for arrays", "array.sbatch", "small.yaml")
        self.refuse("neither strong nor weak", "scaling.sh", "some", "small.yaml")
        self.refuse("-n needs numbers of ranks, not '0'", "scaling.sh", "strong", "small.yaml", "-n", "0")

    def test_submit_says_what_it_would_do(self):
        out = self.check_done(self.script("submit", "--dry-run", "-n", "6", "small.yaml", "--", "--qos=long", BORDERLINE_ACCOUNT="us",
                                          BORDERLINE_CORES_A_NODE="4"))
        line = out.splitlines()[-1]
        for word in ("--ntasks=6", "--ntasks-per-node=4", "--account=us", "--qos=long", "--mem-per-cpu=", "small.yaml small.h5"):
            self.assertIn(word, line)
        out = self.check_done(self.script("submit", "--dry-run", "small.yaml", "small.yaml"))
        self.assertIn("--array=0-1", out.splitlines()[-1])

    def test_sweep_without_slurm(self):
        self.check_done(self.script("sweep.sbatch", "small.yaml", BORDERLINE_LAUNCHER="mpirun -n 2"))
        self.check_done(program.run(["run", self.sweep, "-o", self.path("direct.h5")]))
        self.assertEqual(program.differing(self.path("direct.h5"), self.path("small.h5")), [])

    def test_file_system_settings(self):
        """Stripes are given to the new file alone (a stand-in for lfs), and the program keeps that file; variables are aligned; hints
        reach MPI-IO; what is no setting is refused."""
        self.write("lfs", '#!/bin/sh\necho "$@" >>lfs.log\nfor name; do :; done\n: >"$name"\nln "$name" witness\n')
        os.chmod(self.path("lfs"), 0o755)
        settings = {"BORDERLINE_LAUNCHER": "mpirun -n 2", "BORDERLINE_STRIPES": "-c 8 -S 4M", "BORDERLINE_ALIGNMENT": "4096",
                    "BORDERLINE_MPI_HINTS": "romio_ds_write=disable cb_nodes=1", "PATH": f"{self.folder}:{os.environ['PATH']}"}
        self.check_done(self.script("sweep.sbatch", "small.yaml", **settings))
        with open(self.path("lfs.log"), encoding="utf-8") as log:
            self.assertEqual(log.read(), "setstripe -c 8 -S 4M ./.small.h5.creating\n")
        self.assertTrue(os.path.samefile(self.path("witness"), self.path("small.h5")))
        with h5py.File(self.path("small.h5"), "r") as file:
            self.assertGreater(file["distance"].id.get_storage_size(), 4096)
            self.assertEqual(file["distance"].id.get_offset() % 4096, 0)
        for name, value, message in (("BORDERLINE_ALIGNMENT", "4M", "bytes are expected"), ("BORDERLINE_MPI_HINTS", "fast", "fast is not of the form key=value")):
            status, out, err = program.run(["run", self.sweep, "-o", self.path(f"{name}.h5")], environment={name: value})
            self.assertEqual(status, 1, out + err)
            self.assertIn(message, "".join(program.complaint(err)))

    def test_scaling(self):
        for kind, units in (("strong", [20, 20]), ("weak", [20, 40])):
            with self.subTest(kind=kind):
                out = self.check_done(self.script("scaling.sh", kind, "small.yaml", "--here", "-n", "1 2"))
                self.assertIn("serial part fitted", out)
                folder = self.path(f"small-{kind}")
                with open(os.path.join(folder, "scaling.csv"), encoding="utf-8") as file:
                    rows = list(csv.DictReader(file))
                self.assertEqual([int(row["ranks"]) for row in rows], [1, 2])
                self.assertEqual([int(row["units"]) for row in rows], units)
                first, second = ({key: float(value) for key, value in row.items()} for row in rows)
                self.assertEqual((first["speed_up"], first["efficiency"]), (1, 1))
                self.assertAlmostEqual(second["efficiency"] * 2, second["speed_up"], 4)
                faster = first["seconds"] / second["seconds"] * (2 if kind == "weak" else 1)
                self.assertAlmostEqual(second["speed_up"] / faster, 1, 4)
                for row in (first, second):
                    self.assertAlmostEqual(sum(row[name] for name in ("computing", "without_core", "writing", "waiting")), 1, 1)
                for name in ("scaling.png", "scaling.pdf"):
                    self.assertGreater(os.path.getsize(os.path.join(folder, name)), 5000)


if __name__ == "__main__":
    program.main()
