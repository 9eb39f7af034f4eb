"""The job scripts where there is no Slurm: clean shell, clear refusals, the scaling study on this machine, a sweep by mpirun, and
that no script goes on after a failure of what it calls (stand-ins that fail, first on the PATH)."""
import csv
import os
import shutil
import subprocess
import unittest

import h5py

import borderline_program as program

JOBS = os.path.join(os.path.abspath(program.SOURCE), "jobs")
SCRIPTS = ("program", "submit", "sweep.sbatch", "array.sbatch", "scaling.sh", "site.sh", "launch", "build", "quickstart", "install-deps",
           "../tests/run", "../tests/bench/run", "../tests/elsewhere")

SWEEP = """
name: small
grid: {depth: [1], width: [32], dimension: [48], p: [1, 2, .inf]}
samples: {networks: 40, inputs: 5, block: 2}
kernel: {inputs: 0}
summary: {bootstrap: 10}
"""


class JobScript(program.TestCase):
    def setUp(self):
        super().setUp()
        self.sweep = self.write("small.yaml", SWEEP)

    def script(self, name, *arguments, **environment):
        words = [os.path.join(JOBS, name), *arguments]
        if not os.access(words[0], os.X_OK):
            words.insert(0, "sh")  # sbatch reads those
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=self.folder, check=False,
                              env={**os.environ, "BORDERLINE": program.PROGRAM, **environment})
        return done.returncode, done.stdout, program.without_libraries(done.stderr)


class Scripts(JobScript):
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
        self.check_done(self.script("sweep.sbatch", "small.yaml", BORDERLINE_LAUNCHER=f"{program.LAUNCH} 2"))
        self.check_done(program.run(["run", self.sweep, "-o", self.path("direct.h5")]))
        self.assertEqual(program.differing(self.path("direct.h5"), self.path("small.h5")), [])

    def test_file_system_settings(self):
        """Stripes are given to the new file alone (a stand-in for lfs), and the program keeps that file; variables are aligned; hints
        reach MPI-IO; what is no setting is refused."""
        self.write("lfs", '#!/bin/sh\necho "$@" >>lfs.log\nfor name; do :; done\n: >"$name"\nln "$name" witness\n')
        os.chmod(self.path("lfs"), 0o755)
        settings = {"BORDERLINE_LAUNCHER": f"{program.LAUNCH} 2", "BORDERLINE_STRIPES": "-c 8 -S 4M", "BORDERLINE_ALIGNMENT": "4096",
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


class Launch(JobScript):
    """jobs/launch alone: nothing in the environment helps it, and it says what it does not find."""

    def launch(self, *arguments, **environment):
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("OMPI_", "PRTE_", "MPIR_"))}
        done = subprocess.run([program.LAUNCH, *arguments], capture_output=True, text=True, timeout=120, cwd=self.folder, check=False,
                              env={**clean, **environment})
        return done.returncode, done.stdout, program.without_libraries(done.stderr)

    def test_more_ranks_than_cores(self):
        ranks = os.cpu_count() + 1
        self.check_done(self.launch(str(ranks), program.PROGRAM, "run", self.sweep, "-o", self.path("many.h5")))
        with h5py.File(self.path("many.h5"), "r") as file:
            self.assertEqual(file["provenance/launch/ranks"][0].tobytes().rstrip(b"\0 ").decode(), str(ranks))
        self.check_done(program.run(["run", self.sweep, "-o", self.path("one.h5")]))
        self.assertEqual(program.differing(self.path("one.h5"), self.path("many.h5")), [])

    def test_refusals(self):
        for arguments, message in (((), "usage: jobs/launch RANKS PROGRAM"), (("2",), "usage: jobs/launch RANKS PROGRAM"),
                                   (("two", program.PROGRAM), "a number of ranks is expected, not 'two'"),
                                   (("0", program.PROGRAM), "a number of ranks is expected, not '0'"),
                                   (("2", "/nowhere/borderline"), "no program /nowhere/borderline")):
            status, out, err = self.launch(*arguments)
            self.assertEqual((status, out, err.count("\n")), (1, "", 1), err)
            self.assertIn(message, err)

    def test_launcher_of_another_mpi(self):
        """It starts as many programs as ranks were asked for, each on one rank: refused, whatever the variable by which it tells."""
        for variable in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS"):
            status, out, err = program.run(["run", self.sweep, "-o", self.path("x.h5")], environment={variable: "2"})
            self.assertEqual((status, out), (1, ""), err)
            self.assertIn(f"{variable}=2, but the program runs on one rank", err)
        self.assertFalse(os.path.exists(self.path("x.h5")))


class Failures(JobScript):
    """Each thing that a script calls fails in turn; the script ends with a failure and does nothing of what would come next."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("bin"))
        os.mkdir(self.path("build"))

    def stand_in(self, name, text):
        """A program of this name, before the real one; what it notes stands in the file `noted`."""
        path = self.path(os.path.join("bin", name))
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod(path, 0o755)
        return path

    def noted(self):
        if not os.path.exists(self.path("noted")):
            return ""
        with open(self.path("noted"), encoding="utf-8") as file:
            return file.read()

    def failing(self, name, *arguments, **environment):
        status, out, err = self.script(name, *arguments, PATH=f"{self.path('bin')}:{os.environ['PATH']}",
                                       BORDERLINE_BUILD_DIR=self.path("build"), **environment)
        self.assertNotEqual(status, 0, f"{name} went on\n{out}\n{err}")
        return status, out, err

    def test_build(self):
        """Configuring or compiling fails: no script that builds takes the next step."""
        for step, text in (("configure", "echo no compiler >&2; exit 3\n"),
                           ("compile", 'case $1 in --build) echo no semicolon; exit 3 ;; *) : ;; esac\n')):
            self.stand_in("cmake", text)
            for tool in ("ctest", "mpirun", "mpirun.openmpi", "mpirun.mpich", "mpiexec", "python3"):
                self.stand_in(tool, f"echo {tool} >>{self.path('noted')}\n")
            for name in ("build", "quickstart", "../tests/run", "../tests/bench/run"):
                with self.subTest(step=step, script=name):
                    _, out, err = self.failing(name)
                    self.assertIn("no compiler" if step == "configure" else "no semicolon", err)
                    self.assertNotIn("the sweep", out)
                    self.assertEqual(self.noted(), "")

    def test_quickstart(self):
        """The sweep, then the figures fail."""
        self.stand_in("cmake", "exit 0\n")
        for tool in ("mpirun", "mpirun.openmpi", "mpirun.mpich"):
            self.stand_in(tool, "exit 5\n")
        self.stand_in("borderline", "exit 0\n")
        os.rename(self.path("bin/borderline"), self.path("build/borderline"))
        _, out, _ = self.failing("quickstart", "results")
        self.assertIn("== the sweep", out)
        self.assertNotIn("== figures", out)
        for tool in ("mpirun", "mpirun.openmpi", "mpirun.mpich"):
            self.stand_in(tool, "exit 0\n")
        _, out, err = self.failing("quickstart", "results", BORDERLINE_PYTHON=self.stand_in("python3", 'case $1 in -c) ;; *) exit 4 ;; esac\n'))
        self.assertIn("== figures", out)
        self.assertNotIn("Next:", out, err)

    def test_tests(self):
        self.stand_in("cmake", "exit 0\n")
        self.stand_in("ctest", "exit 8\n")
        self.assertEqual(self.failing("../tests/run")[0], 8)

    def test_benchmarks(self):
        self.stand_in("cmake", "exit 0\n")
        os.mkdir(self.path("build/tests"))
        self.write("build/CMakeCache.txt", "BORDERLINE_PYTHON:FILEPATH=python3\n")
        self.write("build/tests/bench_one", "#!/bin/sh\nexit 6\n")
        self.write("build/tests/bench_two", f"#!/bin/sh\necho two >>{self.path('noted')}\n")
        for name in ("one", "two"):
            os.chmod(self.path(f"build/tests/bench_{name}"), 0o755)
        self.assertEqual(self.failing("../tests/bench/run", "bench_")[0], 6)
        self.assertEqual(self.noted(), "")

    def test_submit(self):
        """A plan that fails, or in which no time or memory stands; sbatch that refuses."""
        self.stand_in("sbatch", f"echo sbatch >>{self.path('noted')}; exit 1\n")
        for text, message in (("echo 'no such key' >&2; exit 1\n", "no such key"), ("echo a plan; echo two\n", "no time and memory were found"),
                              ("echo 17.5\n", "no time and memory were found")):
            _, _, err = self.failing("submit", "small.yaml", BORDERLINE=self.stand_in("planner", text))
            self.assertIn(message, err)
            self.assertEqual(self.noted(), "")
        _, out, err = self.failing("submit", "small.yaml")
        self.assertIn("sbatch refused the job", err)
        self.assertNotIn("submitted", out)

    def test_scaling(self):
        """A plan without networks; a size that fails; a job that is refused; a Slurm that does not answer is waited for."""
        planner = self.stand_in("planner", 'case $1 in plan) echo a plan ;; esac\n')
        self.assertIn("number of networks", self.failing("scaling.sh", "strong", "small.yaml", "--here", "-n", "1", BORDERLINE=planner)[2])
        self.stand_in("planner", 'case $1 in plan) echo 40 ;; show) exit 1 ;; *) exit 7 ;; esac\n')
        _, out, err = self.failing("scaling.sh", "strong", "small.yaml", "--here", "-n", "1 2", BORDERLINE=planner)
        self.assertIn("1 ranks failed", err)
        self.assertNotIn("2 ranks", out)
        self.stand_in("sbatch", "exit 1\n")
        self.assertIn("sbatch refused 1 ranks", self.failing("scaling.sh", "strong", "small.yaml", "-n", "1 2", BORDERLINE=planner)[2])
        self.stand_in("sbatch", "echo 17\n")
        self.stand_in("squeue", f"echo asked >>{self.path('noted')}\n"
                                f"case $(wc -l <{self.path('noted')}) in 1 | 3) exit 1 ;; 2 | 4) echo 17 ;; *) echo 170 ;; esac\n")
        _, _, err = self.failing("scaling.sh", "strong", "small.yaml", "-n", "1", BORDERLINE=planner, BORDERLINE_POLL="0.1")
        self.assertEqual(self.noted().count("asked"), 5)
        self.assertIn("1 ranks: not complete", err)

    def test_job(self):
        """The run fails in a job: so does the job, with its status."""
        self.stand_in("starter", "exit 9\n")
        status, _, err = self.failing("sweep.sbatch", "small.yaml", BORDERLINE_LAUNCHER="starter")
        self.assertEqual(status, 9)
        self.assertIn("failed with exit 9: not requeued", err)
        for launcher, ranks in (("mpirun", "-n 3 "), ("mpiexec", "-n 3 "), ("srun", ""), ("mpirun -n 5", "-n 5 ")):
            self.stand_in(launcher.split()[0], f'printf "%s\\n" "$*" >>{self.path("noted")}; exit 9\n')
            self.failing("sweep.sbatch", "small.yaml", BORDERLINE_LAUNCHER=launcher, SLURM_NTASKS="3")
            self.assertEqual(self.noted().splitlines()[-1].split("/")[0], ranks, launcher)
        self.assertIn("no program at /nowhere", self.failing("sweep.sbatch", "small.yaml", BORDERLINE="/nowhere")[2])


if __name__ == "__main__":
    program.main()
