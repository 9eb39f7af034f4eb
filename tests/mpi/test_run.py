"""The main job end to end: the same bits on any number of ranks, after kills and resumes; stops; refusals."""
import os
import re
import socket
import subprocess
import resource
import signal
import time
import unittest

import h5py
import numpy as np

import borderline_program as program

SWEEP = """
name: test sweep
seed: 7
network: {activation: relu, biases: {variance: 0.1}}
grid: {depth: [1, 3], width: [16, 40], dimension: [12, 27, 48], p: [1, 2, .inf, 3, 0]}
image: {channels: 3}
samples: {networks: 12, inputs: 5, block: 2}
kernel: {inputs: 9}
summary: {bootstrap: 200}
"""


class Run(program.TestCase):
    def setUp(self):
        super().setUp()
        self.sweep = self.write("sweep.yaml", SWEEP)

    def reference(self):
        out = self.path("reference.h5")
        self.check_done(program.run(["run", self.sweep, "-o", out], ranks=2))
        return out

    def test_same_bits_on_any_number_of_ranks(self):
        first = self.reference()
        for ranks, nodes in ((0, None), (1, None), (3, None), (4, None), (4, "2"), (3, "1")):
            with self.subTest(ranks=ranks, ranks_per_node=nodes):
                out = self.path("again.h5")
                environment = {"BORDERLINE_RANKS_PER_NODE": nodes} if nodes else None
                self.check_done(program.run(["run", self.sweep, "-o", out, "--force"], ranks, environment=environment))
                self.assertEqual(program.differing(first, out), [])

    def test_units_of_some_inputs(self):
        """Networks cut into units by their inputs: the same bits on any number of ranks and after a resume; what does not depend on
        which inputs are searched together is as with whole networks, the distances are to a few per cent."""
        cut, files = ["--set", "samples.input_block=2"], []
        for ranks in (1, 3):
            files.append(self.path(f"cut{ranks}.h5"))
            self.check_done(program.run(["run", self.sweep, "-o", files[-1], *cut], ranks))
        self.assertEqual(program.differing(*files), [])
        stopped = self.path("stopped.h5")
        status, _, err = program.run(["run", self.sweep, "-o", stopped, *cut, "--time-limit", "0.2"], ranks=2)
        self.assertEqual(status, 75, err)
        self.check_done_units(files[0], stopped)
        self.check_done(program.run(["run", self.sweep, "-o", stopped, *cut, "--resume"], ranks=2))
        self.assertEqual(program.differing(files[0], stopped), [])
        with h5py.File(self.reference(), "r") as whole, h5py.File(files[0], "r") as file:
            self.assertEqual(len(file["unit/unit"]), 3 * len(whole["unit/unit"]))
            self.assertEqual(set(file["unit/inputs"][()]), {1, 2})
            for name in ("input_norm", "gram_empirical", "gram_output", "gram_nngp"):
                np.testing.assert_array_equal(file[name][()], whole[name][()])
            np.testing.assert_allclose(file["output"][()], whole["output"][()], rtol=1e-9, atol=1e-12)
            both = (file["status"][()] == 1) & (whole["status"][()] == 1)
            self.assertGreater(both.mean(), 0.8)
            ratio = file["distance"][()][both] / whole["distance"][()][both]
            self.assertAlmostEqual(np.median(ratio), 1, 3)

    def test_everything_is_there(self):
        with h5py.File(self.reference(), "r") as file:
            self.assertEqual(file["distance"].shape, (2, 2, 3, 12, 5, 5))
            # where the class changes inside the box, every norm finds it; a small network may keep its class everywhere
            found = file["status"][()] == 1
            self.assertTrue((found == found[..., :1]).all())
            self.assertTrue((file["status"][()][~found] == 2).all())
            self.assertGreater(found.mean(), 0.8)
            distance = np.where(found, file["distance"][()], 1.0)
            self.assertTrue((distance > 0).all())
            self.assertTrue(np.isnan(file["distance"][()][~found]).all())
            self.assertTrue((file["distance_inside"][()][found] <= distance[found]).all())
            # norms fall as p grows, and so does the distance
            self.assertTrue((distance[..., 0] >= distance[..., 1]).all())  # 1, 2
            self.assertTrue((distance[..., 1] >= distance[..., 3]).all())  # 2, 3
            self.assertTrue((distance[..., 3] >= distance[..., 2]).all())  # 3, inf
            self.assertTrue((file["unit/status"][()] == 1).all())
            summary = file["summary"]
            for name in summary:
                values = summary[name][()]
                # p = 0 has no law without a norm, no dual norm, no paper's fit
                known = values[..., :4] if values.ndim >= 3 and values.shape[-1] == 5 else values
                with self.subTest(variable=name):  # two widths leave no scatter for errors of their fit
                    self.assertEqual(np.isfinite(known).any(), name not in ("kernel_fit_noise_error", "kernel_fit_bias_error"), name)

    def test_exponents(self):
        """Exponent and its error against numpy: the fit repeated on networks resampled with replacement, size by size."""
        out, generator = self.path("exponents.h5"), np.random.default_rng(1)
        self.check_done(program.run(["run", self.sweep, "-o", out, "--set", "samples.networks=100", "--set", "grid.p=[2]", "--set",
                                     "grid.width=[40]", "--set", "boundary.effort=fast", "--set", "summary.bootstrap=1000"], 2))
        with h5py.File(out, "r") as file:
            n = np.log(file["dimension"][()])
            found = np.where(file["status"][()] == 1, file["distance"][()], np.inf)  # what was not found is infinitely far
            for depth, distance in enumerate(found[:, 0, ..., 0]):
                expected = np.polyfit(n, np.log(np.median(distance, axis=(1, 2))), 1)[0]
                self.assertAlmostEqual(file["summary/exponent"][depth, 0, 0], expected, 10)
                again = [[np.log(np.median(x[generator.integers(0, 100, 100)])) for x in distance] for _ in range(1000)]
                error = np.polyfit(n, np.transpose(again), 1)[0].std()
                np.testing.assert_allclose(file["summary/exponent_error"][depth, 0, 0], error, rtol=0.2)
        self.check_done(program.run(["run", self.sweep, "-o", out, "--force", "--set", "samples.networks=1"], 0))
        with h5py.File(out, "r") as file:  # one network says nothing of its scatter
            self.assertTrue(np.isnan(file["summary/exponent_error"][()]).all())
        # a hidden unit or two: networks that are constant where the input lies, which have no distance
        self.check_done(program.run(["run", self.sweep, "-o", out, "--force", "--set", "grid.width=[1,2]", "--set", "grid.depth=[4]",
                                     "--set", "network.biases.variance=0"], 0))
        with h5py.File(out, "r") as file:
            constant = file["status"][()] == file["status"].attrs["flag_meanings"].split().index(b"constant")
            self.assertTrue(constant.any())
            self.assertTrue(np.isnan(file["distance"][()][constant]).all())
            for name in ("exponent", "exponent_error"):
                self.assertFalse(np.isinf(file["summary"][name][()]).any(), name)

    def test_stop_by_signal_and_resume(self):
        first = self.reference()
        for number in (signal.SIGUSR1, signal.SIGTERM):
            with self.subTest(signal=number):
                out = self.path(f"stopped{number}.h5")
                process = program.start(["run", self.sweep, "-o", out, "--set", "boundary.effort=standard"], ranks=2)
                self.wait_for_units(out, 2)
                for worker in program.workers(out):
                    os.kill(worker, number)
                status, _, err = program.finish(process)
                with h5py.File(out, "r") as file:
                    done = int((file["unit/status"][()] == 1).sum())
                    self.assertEqual(status, 75, err)
                    self.assertLess(done, file["unit/status"].size)
                self.assertRegex(err, r"stopped by SIG\w+ after \d+ of 72 units: --resume goes on with")
                self.check_done(program.run(["run", self.sweep, "-o", out, "--resume"], ranks=3))
                self.assertEqual(program.differing(first, out), [])

    def test_time_limit(self):
        out = self.path("limited.h5")
        status, _, err = program.run(["run", self.sweep, "-o", out, "--time-limit", "0.05"], ranks=2)
        self.assertEqual(status, 75, err)
        self.assertRegex(err, r"stopped by the time limit after \d+ of 72 units")
        self.check_done(program.run(["run", self.sweep, "-o", out, "--resume"], ranks=2))
        self.assertEqual(program.differing(self.reference(), out), [])

    def test_slurm_end_time(self):
        out = self.path("slurm.h5")
        status, _, err = program.run(["run", self.sweep, "-o", out], ranks=2,
                                     environment={"SLURM_JOB_END_TIME": str(int(time.time()))})
        self.assertEqual(status, 75, err)

    def test_disk_full_in_mid_run(self):
        """A write that fails (a file-size limit set while it runs, as a full disk or quota would): one clear line, exit 2,
        what was done stays readable, and --resume completes it."""
        first, out = self.reference(), self.path("full.h5")
        process = program.start(["run", self.sweep, "-o", out], ranks=2)
        self.wait_for_units(out, 2)
        for worker in program.workers(out):
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (4096, 4096))
        status, _, err = program.finish(process)
        self.assertEqual(status, 2, err)
        lines = program.complaint(err)
        self.assertRegex(lines[-1], r"error: .*full.h5.*File too large")
        self.check_done(program.run(["show", out]))
        self.assertGreaterEqual(self.check_done_units(first, out), 2)
        self.check_done(program.run(["run", self.sweep, "-o", out, "--resume"], ranks=2))
        self.assertEqual(program.differing(first, out), [])

    def test_both_ranks_busy(self):
        """200 units of very different cost: both ranks work over 95 % of the sweep's time."""
        sweep = self.write("uneven.yaml", """
grid: {depth: [1, 2], width: [16, 64, 256, 512], dimension: [48, 192, 432, 768, 1200], p: [1, 2, .inf]}
samples: {networks: 10, inputs: 6, block: 2}
kernel: {inputs: 0}
summary: {bootstrap: 10}
""")
        out = self.path("uneven.h5")
        self.check_done(program.run(["run", sweep, "-o", out], ranks=2))
        with h5py.File(out, "r") as file:
            seconds, begin, rank = (file["unit/" + name][()] for name in ("seconds", "begin", "rank"))
        self.assertEqual(len(seconds), 200)
        span = (begin + seconds).max() - begin.min()
        busy = [seconds[rank == r].sum() / span for r in (0, 1)]
        print(f"busy shares {busy[0]:.3f} {busy[1]:.3f} of {span:.2f} s; unit times {seconds.min():.4f} to {seconds.max():.4f} s")
        self.assertGreater(min(busy), 0.95)

    def test_memory_is_as_planned(self):
        """The real peak of the largest case is within 25 % of what plan says."""
        sweep = self.write("large.yaml", """
grid: {depth: [2], width: [3000], dimension: [12288], p: [1, 2, .inf]}
samples: {networks: 2, inputs: 10}
boundary: {effort: fast}
summary: {bootstrap: 10}
""")
        planned = float(self.check_done(program.run(["plan", sweep, "--key", "memory_per_rank"]))) / 2**20
        out = self.path("large.h5")
        status, _, err = program.run(["run", sweep, "-o", out])
        self.assertEqual(status, 0, err)
        with h5py.File(out, "r") as file:
            peak = file["provenance/launch/memory_peak"][0] / 2**20
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"planned {planned:.0f} MiB, real peak {peak:.0f} MiB")
        self.assertLessEqual(peak, largest + 1)
        self.assertLess(abs(planned / peak - 1), 0.25)


class Refusals(program.TestCase):
    """Bad input: one clear line, exit 1, nothing written."""

    def refuse(self, arguments, message, ranks=0):
        before = sorted(os.listdir(self.folder))
        status, out, err = program.run(arguments, ranks, cwd=self.folder)
        self.assertEqual(status, 1, f"{out}\n{err}")
        lines = program.complaint(err)
        self.assertEqual(len(lines), 1, err)
        self.assertRegex(lines[0], message)
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def setUp(self):
        super().setUp()
        self.write("good.yaml", SWEEP)

    def test_command_line(self):
        self.refuse([], "a command is expected")
        self.refuse(["rum"], "unknown command 'rum'; did you mean 'run'")
        self.refuse(["run"], "the sweep file is missing")
        self.refuse(["run", "good.yaml"], "-o is missing")
        self.refuse(["run", "good.yaml", "-o"], "-o needs a value")
        self.refuse(["run", "good.yaml", "-o", "x.h5", "--resum"], "unknown option --resum; did you mean --resume")
        self.refuse(["run", "good.yaml", "more", "-o", "x.h5"], "'more' is one argument too many")
        self.refuse(["run", "good.yaml", "-o", "x.h5", "--resume", "--force"], "exclude each other")
        self.refuse(["run", "good.yaml", "-o", "x.h5", "--time-limit", "soon"], "a time is expected")
        self.refuse(["plan", "good.yaml", "--ranks", "0"], "a whole number from 1")
        self.refuse(["show", "missing.h5"], "missing.h5")
        self.refuse(["measure", "missing.h5", "-o", "x.h5"], "missing.h5")

    def test_sweep_file(self):
        for text, message in (
            ("grid: {detph: [2]}", r"bad.yaml:1: grid.detph: unknown key; did you mean 'grid.depth'"),
            ("grid: {width: [0]}", r"bad.yaml:1: grid.width: 0 is out of bounds"),
            ("grid: {p: [0.5]}", r"bad.yaml:1: grid.p: 0.5 is no norm"),
            ("network: {weights: {variance: -1}}", r"bad.yaml:1: network.weights.variance: -1 is out of bounds"),
            ("inputs: {box: [1, 0]}", r"bad.yaml:1: inputs.box: the box is upside down"),
            ("grid: {width: []}", r"bad.yaml:1: grid.width: the list is empty"),
            ("grid: {width: wide}", r"bad.yaml:1: grid.width: 'wide' is not a number"),
        ):
            with self.subTest(text=text):
                self.write("bad.yaml", text)
                self.refuse(["run", "bad.yaml", "-o", "x.h5"], message)
        self.refuse(["run", "none.yaml", "-o", "x.h5"], "none.yaml cannot be read: No such file")
        self.refuse(["run", "good.yaml", "-o", "x.h5", "--set", "grid.width=[inf]", "--set", "network.family=cnn", "--set",
                     "image.channels=3"], "Gaussian process")
        self.refuse(["run", "good.yaml", "-o", "x.h5", "--set", "grid.dimension=[50]"], "50 does not fit")

    def test_one_message_from_many_ranks(self):
        self.refuse(["run", "none.yaml", "-o", "x.h5"], "none.yaml cannot be read: No such file", ranks=3)

    def test_too_large(self):
        self.refuse(["run", "good.yaml", "-o", "x.h5", "--set", "grid.dimension=[129792]", "--set", "grid.width=[130000]",
                     "--set", "grid.depth=[100]"],
                    r"the grid .* is too large for memory: [\d.e+]+ GiB per rank x 1 ranks .* no number of such nodes would be enough")
        status, _, err = program.run(["run", self.path("good.yaml"), "-o", self.path("x.h5"), "--set", "kernel.inputs=200000"], ranks=2)
        self.assertEqual(status, 1, err)
        found = re.search(r"kernels of 200000 inputs are too large for memory: (\S+) GiB per rank x 2 ranks on a node that has (\S+) "
                          r"GiB free; (\d+) ranks on (\d+) such nodes would fit", err)
        self.assertTrue(found, err)
        held, free, ranks, nodes = map(float, found.groups())
        self.assertEqual(ranks, 2 * nodes)
        self.assertGreater(2 * held, free)  # a part of the four matrices would fit on that many: they are most of it
        self.assertLess(0.9 * 4 * 8 * 200000**2 / ranks / 2**30, free / 2)
        self.refuse(["run", "good.yaml", "-o", "x.h5", "--set", "samples.networks=400000000"],
                    r"[\d.e+]+ [GT]iB")

    def test_output(self):
        self.refuse(["run", "good.yaml", "-o", "nowhere/x.h5"], "nowhere")
        self.refuse(["run", "good.yaml", "-o", "."], r"\. is a directory")
        self.refuse(["run", "good.yaml", "-o", "good.yaml", "--force"], "good.yaml is not an HDF5 file")
        out = self.path("x.h5")
        self.check_done(program.run(["run", self.path("good.yaml"), "-o", out], ranks=2))
        before = program.variables(out)
        self.refuse(["run", "good.yaml", "-o", "x.h5"], "x.h5 exists: --resume continues it, --force overwrites it")
        self.refuse(["run", "good.yaml", "-o", "x.h5", "--resume", "--set", "seed=8"],
                    "another configuration: seed differs")
        self.assertEqual(program.variables(out), before)
        with open(out, "r+b") as file:
            file.truncate(1000)
        self.refuse(["run", "good.yaml", "-o", "x.h5", "--resume"], "x.h5")
        self.refuse(["show", "x.h5"], "x.h5")

    def test_a_lost_output_is_an_error(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        out = self.path("x.h5")
        self.check_done(program.run(["run", self.path("good.yaml"), "-o", out]))
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([program.PROGRAM, "show", out], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("standard output could not be written", done.stderr)

    def test_slurm_end_that_is_no_time(self):
        """An empty or odd SLURM_JOB_END_TIME is no end; one that is over is."""
        for value, status in (("", 0), ("soon", 0), ("-1", 0), ("1000", 75)):
            found, _, err = program.run(["run", self.path("good.yaml"), "-o", self.path("x.h5"), "--force"],
                                        environment={"SLURM_JOB_END_TIME": value})
            self.assertEqual(found, status, f"{value!r}: {err}")

    def test_what_is_no_file_is_left_alone(self):
        """Pipes, devices and sockets are refused, with --force and --resume too, and stay; no command waits for a pipe."""
        os.mkfifo(self.path("pipe"))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path("socket"))
            os.symlink("pipe", self.path("link_to_pipe"))
            for name, what in (("pipe", "a pipe"), ("socket", "a socket"), ("/dev/null", "a device"), ("link_to_pipe", "a pipe")):
                before = os.lstat(self.path(name))
                for options in ([], ["--force"], ["--resume"]):
                    self.refuse(["run", "good.yaml", "-o", name, *options], f"{re.escape(name)} is {what}: name a file")
                self.refuse(["show", name], f"is {what}")
                after = os.lstat(self.path(name))
                self.assertEqual((before.st_ino, before.st_mode), (after.st_ino, after.st_mode))

    def test_links(self):
        """A link stays a link: its target is written, made where it is missing, and locked under one name."""
        os.mkdir(self.path("there"))
        os.symlink("there/target.h5", self.path("link.h5"))
        os.symlink("link.h5", self.path("second.h5"))
        os.symlink("round.h5", self.path("round.h5"))
        self.refuse(["run", "good.yaml", "-o", "round.h5"], "symbolic links")
        good = self.path("good.yaml")
        self.check_done(program.run(["run", good, "-o", self.path("second.h5")], ranks=2))
        first = program.variables(self.path("there/target.h5"))
        self.refuse(["run", "good.yaml", "-o", "second.h5"], "exists")
        self.check_done(program.run(["run", good, "-o", self.path("link.h5"), "--force"]))
        self.check_done(program.run(["run", good, "-o", self.path("second.h5"), "--resume"]))
        for name in ("link.h5", "second.h5"):
            self.assertTrue(os.path.islink(self.path(name)))
        self.assertEqual(first.keys(), program.variables(self.path("link.h5")).keys())
        self.assertEqual(os.listdir(self.path("there")), ["target.h5"])

    def test_long_paths(self):
        """Longer than buffers inside MPI libraries."""
        folder = self.path("/".join(["d" * 90] * 4))
        os.makedirs(folder)
        self.check_done(program.run(["run", self.path("good.yaml"), "-o", os.path.join(folder, "x.h5")], ranks=2))
        self.check_done(program.run(["show", os.path.join(folder, "x.h5")]))


if __name__ == "__main__":
    program.main()
