# SPDX-License-Identifier: BSD-3-Clause
"""Kernels are resumed case by case: after kills between cases and in their midst, signals, time limits, damage; small kernels and
kernels that are spread over ranks. The finished file is that of an undisturbed run, to the bit."""
import contextlib
import os
import re
import signal
import time

import h5py
import numpy as np

import borderline_program as program

SWEEP = """
name: kernels to resume
seed: 5
network: {activation: relu}
grid: {depth: [1], width: [%s], dimension: [48], p: [2]}
samples: {networks: %d, inputs: 1}
boundary: {effort: fast}
kernel: {inputs: %d}
summary: {bootstrap: 10}
"""


class Resume(program.TestCase):
    def begin(self, spread, ranks):
        """A sweep, and its file of an undisturbed run."""
        widths = ["32", "64", "128", *([] if spread else ["48", "96", "192"]), "inf"]
        self.cases = len(widths)
        networks, inputs = (12, 1030) if spread else (500, 350)
        self.sweep = self.write("sweep.yaml", SWEEP % (", ".join(widths), networks, inputs))
        self.out, self.reference = self.path("out.h5"), self.path("reference.h5")
        self.check_done(self.run_into(self.reference, ranks))

    def run_into(self, path, ranks, *options):
        return program.run(["run", self.sweep, "-o", path, *options], ranks)

    @staticmethod
    def done(path):
        with h5py.File(path, "r") as file:
            return file["kernel/status"][()].ravel() == 1

    def signalled(self, ranks, number, ready, options):
        """Begin again and send the signal to every rank when the file is ready; None where the run was over before it."""
        if os.path.exists(self.out):
            os.remove(self.out)
        process = program.start(["run", self.sweep, "-o", self.out, *options], ranks)
        end = time.monotonic() + 60
        while process.poll() is None and not (os.path.exists(self.out) and ready()):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.002)
        for worker in program.workers(self.out):
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, number)
        status, _, err = program.finish(process)
        return (status, err) if self.done(self.out).sum() < self.cases else None

    def interrupt(self, ranks, number, ready, *options):
        """A run that a signal stops in its kernels, at the fifth attempt at the latest; gives exit status, standard error, cases done."""
        stopped = (self.signalled(ranks, number, ready, options) for _ in range(5))
        status, err = next((result for result in stopped if result), (None, "every run was over before the signal"))
        done = self.done(self.out)
        self.assertTrue(0 < done.sum() < self.cases, f"{done.sum()} cases done\n{err}")
        with h5py.File(self.out, "r") as file, h5py.File(self.reference, "r") as right:
            for case in np.flatnonzero(done):
                at = np.unravel_index(case, file["kernel/status"].shape)
                for name in ("gram_empirical", "gram_output", "gram_nngp", "summary/spectrum_nngp", "kernel/checksum"):
                    self.assertEqual(file[name][at].tobytes(), right[name][at].tobytes())
        return status, err, int(done.sum())

    def resume(self, ranks, kept, *options):
        status, _, err = result = self.run_into(self.out, ranks, "--resume", *options)
        self.check_done(result)
        self.assertIn(f"kernels of {kept} of {self.cases} cases are in the file", err)
        self.assertEqual(program.differing(self.reference, self.out), [])
        return err

    def more_than(self, cases):
        return lambda: self.done(self.out).sum() > cases

    def in_the_midst(self):
        """Some of a kernel's rows are there, and a case before it."""
        done = self.done(self.out)
        with h5py.File(self.out, "r") as file:
            there = np.isfinite(file["gram_nngp"][..., 0, 0]).ravel()
        return done.any() and (there & ~done).any()

    def test_small(self):
        self.begin(False, 1)
        for number in (signal.SIGKILL, signal.SIGTERM):
            status, err, kept = self.interrupt(2, number, self.more_than(0))
            if number == signal.SIGTERM:
                self.assertEqual(status, 75, err)
                self.assertRegex(err, f"stopped by SIGTERM after the kernels of {kept} of {self.cases} cases: --resume goes on with .*out.h5")
                self.damage("gram_output", np.flatnonzero(self.done(self.out))[0])
                self.assertIn(f"kernels of {kept} of {self.cases} cases;", self.check_done(program.run(["show", self.out])))
            ranks = 1 if number == signal.SIGTERM else 3
            err = self.resume(ranks, kept - (number == signal.SIGTERM))
            self.assertEqual("kernels of 1 cases in" in err and "do not match their checksums and are done again" in err,
                             number == signal.SIGTERM, err)

    def test_spread(self):
        self.begin(True, 2)
        _, _, kept = self.interrupt(2, signal.SIGKILL, self.in_the_midst)
        err = self.resume(2, kept)
        self.assertEqual(len(re.findall("kernels of depth", err)), self.cases - kept)
        status, err, kept = self.interrupt(2, signal.SIGUSR1, self.in_the_midst, "--grace", "0")
        self.assertEqual(status, 75, err)
        self.assertRegex(err, f"stopped by SIGUSR1 after the kernels of {kept} of {self.cases} cases: --resume goes on with .*out.h5")
        status, _, err = self.run_into(self.out, 2, "--resume", "--time-limit", "0.01")
        self.assertEqual(status, 75, err)
        self.assertRegex(err, r"stopped by the time limit after the kernels of \d of 4 cases")
        self.assertGreaterEqual(self.done(self.out).sum(), kept)
        self.resume(2, self.done(self.out).sum())

    def damage(self, name, case):
        """The sign of a number in the middle of a case's part changes."""
        with h5py.File(self.out, "r") as file:
            size = file[name].id.get_storage_size() // self.cases
            offset = file[name].id.get_offset() + case * size + size // 2 // 8 * 8 + 7
        with open(self.out, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 0x80]))

    def test_complete_file(self):
        """A number of one kernel changes in a complete file: show refuses it, --resume does that case alone again."""
        self.begin(False, 2)
        with open(self.reference, "rb") as right:
            content = right.read()
        for name, kept in (("gram_empirical", self.cases - 1), ("kernel/checksum", self.cases - 1), ("summary/law", None)):
            with open(self.out, "wb") as file:
                file.write(content)
            self.damage(name, 3 if kept else 0)
            status, _, err = program.run(["show", self.out])
            self.assertEqual(status, 1, err)
            self.assertIn("kernels or summary do not match their checksum", err)
            if kept:
                self.resume(2, kept)
            else:
                self.check_done(self.run_into(self.out, 2, "--resume"))
                self.assertEqual(program.differing(self.reference, self.out), [])


if __name__ == "__main__":
    program.main()
