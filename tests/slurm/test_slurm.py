"""The job scripts on a real Slurm of four nodes on this machine: jobs that end, stop, are cancelled, lose a node.

Every job's result file must be the same to the bit as the one of an uninterrupted run without Slurm. Needs root and Debian's
packages munge and slurm-wlm (installed where apt-get can); else it is skipped and says so. BORDERLINE_FULL=1 does every case with
srun and with mpirun, and more cases.
"""
import contextlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import borderline_program as program

HERE = os.path.dirname(os.path.abspath(__file__))
CLUSTER = os.path.join(HERE, "cluster")
JOBS = os.path.join(os.path.abspath(program.SOURCE), "jobs")
FULL = bool(os.environ.get("BORDERLINE_FULL"))
LONG = unittest.skipUnless(FULL, "only with BORDERLINE_FULL=1")
NODES = 4
LAUNCHERS = ("srun", "mpirun") if FULL else ("srun",)
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "NODE_FAIL", "TIMEOUT")

SWEEP = """
name: on a cluster
seed: {seed}
grid: {{depth: [2], width: [64, 160], dimension: [192, 432], p: [1, 2, .inf]}}
samples: {{networks: {networks}, inputs: 10, block: 4}}
kernel: {{inputs: 16}}
summary: {{bootstrap: 100}}
"""


def command(*words, seconds=60, **more):
    """Exit status, standard output and error of a short command."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, check=False, **more)
    return done.returncode, done.stdout, done.stderr


def why_not():
    """What keeps this test from running here, or nothing. Installs the packages where it can."""
    if os.geteuid() != 0:
        return "needs root"
    if not shutil.which("slurmctld") or not shutil.which("munged"):
        if not shutil.which("apt-get"):
            return "needs slurmctld, slurmd and munged"
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "munge", "slurm-wlm")
        for words in (("apt-get", "update", "-qq"), install):
            status, _, err = command(*words, seconds=300, env=environment)
            if status != 0:
                return f"the packages munge and slurm-wlm could not be installed: {err.strip()[-200:]}"
    if command("unshare", "--uts", "--mount", "mount", "-t", "tmpfs", "none", "/dev/shm")[0] != 0:
        return "namespaces (unshare) are not allowed here"
    return None


def free_ports(count):
    """The first of so many ports that nothing on this machine listens to: another cluster may run beside this one."""
    while True:
        first = random.randrange(20000, 31000, 1000)
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first


class Cluster:
    """Slurm in a folder of its own. It is taken down when this process ends, however that ends."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="borderline-slurm-", dir="/tmp")
        os.chmod(self.folder, 0o755)  # munged asks for that
        # waits for the end of its input, which is the end of this process
        self.keeper = subprocess.Popen(
            ["sh", "-c", 'cat >/dev/null; timeout 60 "$0" down "$1"; rm -rf "$1" /tmp/ompi.n[0-9]*', CLUSTER, self.folder],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.environ["CLUSTER_PORT"] = str(free_ports(NODES + 1))
        self.up()
        os.environ["SLURM_CONF"] = os.path.join(self.folder, "slurm.conf")

    def up(self):
        status, out, err = command(CLUSTER, "up", self.folder, str(NODES))
        assert status == 0, out + err + self.logs()

    def kill_node(self, node):
        status, out, err = command(CLUSTER, "kill", self.folder, node)
        assert status == 0, out + err

    def logs(self):
        path = os.path.join(self.folder, "log", "slurmctld.log")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()[-2000:]

    def down(self):
        self.keeper.stdin.close()
        self.keeper.wait(90)


class Job:
    """A submitted job: its state as Slurm tells it, and its log."""

    def __init__(self, number, folder, log):
        self.number, self.folder, self.log_name = number, folder, log

    def facts(self):
        status, out, err = command("scontrol", "show", "job", "-o", self.number)
        assert status == 0, err
        return dict(word.split("=", 1) for word in out.split() if "=" in word)

    def log(self):
        path = os.path.join(self.folder, self.log_name)
        if not os.path.exists(path):
            return "(no log)"
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait(self, *states, seconds=150):
        """Until the job is in one of these states."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            facts = self.facts()
            if facts["JobState"] in states:
                return facts
            time.sleep(0.2)
        raise AssertionError(f"job {self.number} is {facts['JobState']}, not {states}, after {seconds} s\n{self.log()}")


class Slurm(program.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.addClassCleanup(cls.cluster.down)
        cls.references = {}

    def setUp(self):
        super().setUp()
        self.cluster.up()
        self.addCleanup(command, "scancel", "--user=root")

    def sweep(self, seed=11, networks=60):
        return self.write(f"sweep{seed}.yaml", SWEEP.format(seed=seed, networks=networks))

    def reference(self, seed=11, networks=60):
        """The variables of an uninterrupted run without Slurm; and its path."""
        path = os.path.join(self.cluster.folder, f"reference{seed}-{networks}.h5")
        if not os.path.exists(path):
            self.check_done(program.run(["run", self.sweep(seed, networks), "-o", path], ranks=2))
        return path

    def environment(self, launcher):
        return {**os.environ, "BORDERLINE": program.PROGRAM, "BORDERLINE_LAUNCHER": launcher,
                "BORDERLINE_SITE": os.path.join(JOBS, "site.sh"), "SLURM_WAIT": "5"}

    def submit(self, sweep, *options, launcher="srun", nodes=2):
        """sbatch with a rank on each of `nodes` nodes; the result file lies beside the sweep."""
        status, out, err = command("sbatch", "--parsable", f"-N{nodes}", f"--ntasks={nodes}", "-t", "10", *options,
                                   os.path.join(JOBS, "sweep.sbatch"), sweep, self.result(sweep),
                                   env=self.environment(launcher), cwd=self.folder)
        self.assertEqual(status, 0, err)
        number = out.strip()
        return Job(number, self.folder, f"borderline-{number}.log")

    @staticmethod
    def result(sweep):
        return os.path.splitext(sweep)[0] + ".h5"

    def submit_until_mid_run(self, *options, **more):
        """A job of which some units are done and others are not, and its result file."""
        sweep = self.sweep()
        job = self.submit(sweep, *options, **more)
        self.wait_for_units(self.result(sweep), 3, 60)
        return job, self.result(sweep)

    def signal_ranks(self, path, number):
        found = program.workers(path)
        self.assertTrue(found, "the job is not running any more")
        for worker in found:
            os.kill(worker, number)
        return found

    def check_complete(self, job, path, restarts=None, **sweep):
        facts = job.wait(*ENDED)
        self.assertEqual((facts["JobState"], facts["ExitCode"]), ("COMPLETED", "0:0"), job.log() + self.cluster.logs())
        if restarts is not None:
            self.assertEqual(int(facts["Restarts"]), restarts, job.log())
        self.assertEqual(program.differing(self.reference(**sweep), path), [])
        self.assertEqual(program.workers(path), [])
        return facts

    def check_failed(self, job, status):
        """Failed once, and stays so."""
        facts = job.wait(*ENDED)
        self.assertEqual((facts["JobState"], facts["ExitCode"]), ("FAILED", f"{status}:0"), job.log())
        time.sleep(3)
        self.assertEqual(job.facts()["JobState"], "FAILED", job.log())
        self.assertEqual(facts["Restarts"], "0")
        self.assertIn("not requeued", job.log())

    def test_several_nodes(self):
        for launcher, nodes in (("srun", 2), ("mpirun", 4), *((("srun", 4), ("mpirun", 2)) if FULL else ())):
            with self.subTest(launcher=launcher, nodes=nodes):
                sweep = self.sweep()
                facts = self.check_complete(self.submit(sweep, launcher=launcher, nodes=nodes), self.result(sweep), 0)
                self.assertEqual(int(facts["NumNodes"]), nodes)
                os.remove(self.result(sweep))

    def test_time_limit(self):
        """The signal before the limit stops the run; the job requeues itself until all is done."""
        for launcher in LAUNCHERS:
            with self.subTest(launcher=launcher):
                job, path = self.submit_until_mid_run("-t", "1", "--signal=B:USR1@55", launcher=launcher)
                held = self.signal_ranks(path, signal.SIGSTOP)  # so that the sweep does not end before
                self.wait_for_pending_signal(held)
                command("scontrol", "update", f"job={job.number}", "TimeLimit=10")
                done = len(program.units_done(path))
                self.signal_ranks(path, signal.SIGCONT)
                self.check_complete(job, path, 1)
                self.assertGreaterEqual(done, 3)
                self.assertRegex(job.log(), r"stopped by (SIGUSR1|the time limit) after \d+ of \d+ units")
                self.assertIn("stopped early: requeued", job.log())
                os.remove(path)

    def wait_for_pending_signal(self, workers):
        """Until Slurm's SIGUSR1 has come to a stopped rank."""
        for _ in range(900):
            for worker in workers:
                with open(f"/proc/{worker}/status", encoding="utf-8") as file:
                    pending = int(re.search(r"ShdPnd:\s*(\w+)", file.read()).group(1), 16)
                if pending >> (signal.SIGUSR1 - 1) & 1:
                    return
            time.sleep(0.1)
        self.fail("no SIGUSR1 came in 90 s")

    def test_scancel(self):
        """A cancelled job ends and is not requeued; nothing done is lost; the next job completes it."""
        for launcher in LAUNCHERS:
            with self.subTest(launcher=launcher):
                job, path = self.submit_until_mid_run(launcher=launcher)
                command("scancel", job.number)
                job.wait("CANCELLED")
                time.sleep(8)  # longer than a requeued job would wait
                facts = job.facts()
                self.assertEqual((facts["JobState"], facts["Restarts"]), ("CANCELLED", "0"), job.log())
                self.assertEqual(program.workers(path), [])
                self.assertGreaterEqual(self.check_done_units(self.reference(), path), 3)
                self.check_complete(self.submit(self.sweep(), launcher=launcher), path, 0)
                os.remove(path)

    def test_node_failure(self):
        """A node loses its power in mid-run: the job goes on with other nodes."""
        for launcher, victim in (("srun", "n2"), *((("mpirun", "n2"), ("srun", "n1"), ("mpirun", "n1")) if FULL else ())):
            with self.subTest(launcher=launcher, victim=victim):
                self.cluster.up()
                job, path = self.submit_until_mid_run(launcher=launcher)
                self.assertEqual(job.facts()["NodeList"], "n[1-2]")
                self.signal_ranks(path, signal.SIGSTOP)
                self.cluster.kill_node(victim)
                for worker in program.workers(path):
                    os.kill(worker, signal.SIGCONT)
                self.check_complete(job, path, 1)
                os.remove(path)

    @LONG
    def test_slurmd_restarted(self):
        """Only the daemon of a node dies and is started again: the job does not notice."""
        job, path = self.submit_until_mid_run()
        with open(os.path.join(self.cluster.folder, "run", "slurmd.n2.pid"), encoding="utf-8") as file:
            os.kill(int(file.read()), signal.SIGKILL)
        time.sleep(1)
        self.cluster.up()
        self.check_complete(job, path, 0)

    @LONG
    def test_requeue_by_hand(self):
        job, path = self.submit_until_mid_run()
        status, _, err = command("scontrol", "requeue", job.number)
        self.assertEqual(status, 0, err)
        self.check_complete(job, path, 1)

    def test_bad_key(self):
        sweep = self.write("bad.yaml", "grid: {detph: [2]}\n")
        for launcher in LAUNCHERS:
            with self.subTest(launcher=launcher):
                job = self.submit(sweep, launcher=launcher)
                self.check_failed(job, 1)
                self.assertIn("grid.detph: unknown key; did you mean 'grid.depth'", job.log())
        status, _, err = self.submit_script(sweep)
        self.assertEqual(status, 1)
        self.assertIn("grid.detph: unknown key", err)

    @LONG
    def test_crash(self):
        """A rank that dies while every node answers is an error of its own: not requeued; a new job goes on."""
        job, path = self.submit_until_mid_run()
        os.kill(program.workers(path)[0], signal.SIGKILL)
        facts = job.wait(*ENDED)
        self.assertEqual((facts["JobState"], facts["Restarts"]), ("FAILED", "0"), job.log())
        self.assertGreaterEqual(self.check_done_units(self.reference(), path), 3)
        self.check_complete(self.submit(self.sweep()), path, 0)

    def submit_script(self, *arguments):
        return command(os.path.join(JOBS, "submit"), *arguments, env=self.environment("srun"), cwd=self.folder)

    @LONG
    def test_submit(self):
        """One command: the plan, the job, what to do next; the estimate within a factor 2 of the real time."""
        sweep = self.sweep(networks=300)  # long enough for the start not to count
        out = self.check_done(self.submit_script("-n", "2", "-o", self.result(sweep), sweep))
        number = re.search(r"submitted: job (\d+)", out).group(1)
        job = Job(number, self.folder, f"sweep11-{number}.log")
        cpu = {}
        while job.facts()["JobState"] in ("PENDING", "RUNNING"):
            cpu.update(cpu_seconds(program.workers(self.result(sweep))))
            time.sleep(0.1)
        facts = job.facts()
        self.assertEqual((facts["JobState"], facts["Restarts"]), ("COMPLETED", "0"), job.log())
        for words in ("memory per rank:", "tail -f " + job.log_name, f"scancel {number}", "show " + self.result(sweep)):
            self.assertIn(words, out)
        estimate = int(re.search(r"estimate: (\d+) s on 2 ranks", out).group(1))
        wall = time_of(facts["EndTime"]) - time_of(facts["StartTime"])
        real = sum(cpu.values()) / 2
        print(f"estimated {estimate} s; real: {wall:.0f} s, of which each rank had a core for {real:.1f} s")
        # what others do on this machine at the same time is not in the estimate
        self.assertLess(estimate / wall, 2)
        self.assertLess(real / estimate, 2)
        self.assertGreater(real / estimate, 0.5)

    def test_installed(self):
        """From the installed tree, with nothing that points to the source."""
        prefix = self.path("prefix")
        status, out, err = command("cmake", "--install", os.environ["BORDERLINE_BUILD"], "--prefix", prefix)
        self.assertEqual(status, 0, out + err)
        sweep = self.sweep()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("BORDERLINE", "PYTHONPATH"))}
        script = os.path.join(prefix, "share", "borderline", "jobs", "submit")
        out = self.check_done(command(script, "-n", "2", "-o", self.result(sweep), sweep, env=environment, cwd=self.folder))
        self.assertIn(f"{prefix}/bin/borderline show", out)
        number = re.search(r"submitted: job (\d+)", out).group(1)
        job = Job(number, self.folder, f"{os.path.basename(os.path.splitext(sweep)[0])}-{number}.log")
        self.check_complete(job, self.result(sweep), 0)
        self.assertIn("-> ", job.log())

    def test_array(self):
        seeds = (21, 22, 23)
        sweeps = [self.sweep(seed, 40) for seed in seeds]
        out = self.check_done(self.submit_script("-n", "2", *sweeps))
        number = re.search(r"submitted: job (\d+)", out).group(1)
        self.wait_for_units(self.result(sweeps[2]), 2, 60)
        # one task alone is requeued, by its own name
        self.assertEqual(command("scontrol", "requeue", f"{number}_2")[0], 0)
        restarts = []
        for task, (seed, sweep) in enumerate(zip(seeds, sweeps)):
            job = Job(f"{number}_{task}", self.folder, f"borderline-{number}_{task}.log")
            restarts.append(self.check_complete(job, self.result(sweep), seed=seed, networks=40)["Restarts"])
        self.assertEqual(restarts, ["0", "0", "1"])

    @LONG
    def test_scaling(self):
        """A job for each number of ranks; the table and the figure when all are done."""
        status, out, err = command(os.path.join(JOBS, "scaling.sh"), "weak", self.sweep(networks=8), "-n", "1 2 4", "-o", "study",
                                   env={**self.environment("srun"), "BORDERLINE_POLL": "1"}, cwd=self.folder, seconds=150)
        self.assertEqual(status, 0, out + err)
        with open(self.path("study/scaling.csv"), encoding="utf-8") as file:
            rows = [line.split(",") for line in file.read().splitlines()]
        self.assertEqual([row[:2] for row in rows], [["ranks", "units"], ["1", "8"], ["2", "16"], ["4", "32"]])
        self.assertTrue(os.path.exists(self.path("study/scaling.png")))


def cpu_seconds(processes):
    """{process: seconds of a core it has had}."""
    found = {}
    for process in processes:
        try:
            with open(f"/proc/{process}/stat", encoding="utf-8") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        found[process] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def time_of(text):
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))


if __name__ == "__main__":
    reason = why_not()
    if reason:
        print(f"SKIPPED: a real Slurm cannot be started here: {reason}")
        raise SystemExit(77)
    program.main()
