"""Faults of a long night: kills at any moment, a full disk, folders that vanish, damaged files, two runs on one file.

After each: nothing that was marked done is lost, and the finished file is the same to the bit as an undisturbed one.
BORDERLINE_FULL=1 takes 50 moments instead of 10.
"""
import collections
import contextlib
import os
import random
import shutil
import signal
import subprocess
import time

import h5py
import numpy as np

import borderline_program as program

FULL = bool(os.environ.get("BORDERLINE_FULL"))
MOMENTS = 50 if FULL else 10

SWEEP = """
name: faults
seed: 7
network: {activation: relu, biases: {variance: 0.1}}
grid: {depth: [1, 3], width: [16, 40], dimension: [12, 48], p: [1, 2, .inf]}
samples: {networks: 12, inputs: 5, block: 2}
kernel: {inputs: 32}
summary: {bootstrap: 3000}
"""
RANKS = 3


class Faults(program.TestCase):
    def setUp(self):
        super().setUp()
        self.sweep = self.write("sweep.yaml", SWEEP)
        self.out = self.path("out.h5")

    def reference(self):
        path = self.path("reference.h5")
        self.check_done(program.run(["run", self.sweep, "-o", path], RANKS))
        return path

    def start(self, *options, out=None):
        process = program.start(["run", self.sweep, "-o", out or self.out, *options], RANKS)
        self.addCleanup(self.kill, process)
        return process

    @staticmethod
    def kill(process):
        """What a failed test leaves running."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def check_resume(self, reference, path=None):
        """--resume completes the file, on another number of ranks, to the reference's bits."""
        path = path or self.out
        self.check_done(program.run(["run", self.sweep, "-o", path, "--resume"], 2))
        self.assertEqual(program.differing(reference, path), [])

    def check_one_line(self, result, status, message):
        """Ended with this status and says why in one line of its own; no crash."""
        found, out, err = result
        self.assertEqual(found, status, f"exit {found}\n{out}\n{err}")
        lines = [line for line in program.complaint(err) if "error: " in line]
        self.assertEqual(len(lines), 1, err)
        self.assertRegex(lines[0], message)


class Kills(Faults):
    def phase_of(self, path):
        """How far the run is, by its file."""
        if not os.path.exists(path):
            return "creating"
        try:
            with h5py.File(path, "r") as file:
                if not (file["unit/status"][()] == 1).all():
                    return "sampling and writing"
                if np.isnan(file["gram_empirical"][()]).any():
                    return "kernels"
                if np.isnan(file["summary/distance"][()]).any():
                    return "summary"
                return "ending"
        except (OSError, KeyError):
            return "creating"

    def victims(self, process, kind):
        ranks = program.workers(self.out)
        if kind == "mpirun":
            return [process.pid] if process.poll() is None else []
        if kind == "all":
            return ranks + [process.pid] if ranks else []
        return ranks[kind:kind + 1]

    def wait_for_phase(self, process, phase, seconds):
        """Until the run is in that phase, then a little longer."""
        while process.poll() is None and self.phase_of(self.out) != phase:
            time.sleep(0.005)
        time.sleep(seconds)

    def test_kill_at_any_moment(self):
        """kill -9 of each rank, of mpirun, of all at once, at random moments of every phase."""
        reference = self.reference()
        moments = random.Random(3)
        kinds = [*range(RANKS), "mpirun", "all"]
        spans = {"creating": 0.2, "sampling and writing": 0.4, "kernels": 0.05, "summary": 0.2}
        counts, units, attempt, self.hung = collections.Counter(), 0, 0, 0
        while sum(counts.values()) < MOMENTS:
            self.assertLess(attempt, 6 * MOMENTS, f"only {counts} after {attempt} runs")
            kind, phase = kinds[attempt % len(kinds)], list(spans)[attempt % len(spans)]  # 5 and 4: all pairs come
            attempt += 1
            if os.path.exists(self.out):
                os.remove(self.out)
            process = self.start()
            self.wait_for_phase(process, phase, spans[phase] * moments.random())
            victims = self.victims(process, kind)
            for victim in victims:
                os.kill(victim, signal.SIGKILL)
            hit = self.phase_of(self.out)
            self.end(process, hit)
            if not victims or hit == "ending":
                continue
            counts[(hit, "a rank" if kind in range(RANKS) else kind)] += 1
            if os.path.exists(self.out):
                units += self.check_done_units(reference, self.out)
            self.check_resume(reference)
        for (phase, kind), count in sorted(counts.items()):
            print(f"killed in {phase}: {kind}: {count}")
        print(f"{sum(counts.values())} kills; {units} units marked done, none lost, none wrong; every file completed to the bit")
        print(f"mpirun hung {self.hung} times while ranks were starting")
        self.assertEqual({phase for phase, _ in counts}, set(spans), "a phase was not hit")
        self.assertGreater(units, 0)
        self.assertLessEqual(self.hung, 1 + MOMENTS // 5)

    def end(self, process, phase):
        """The rest of a killed run ends by itself soon. Open MPI's launcher does not always, when ranks die while they
        start: it waits for ever then (seen in up to one kill of ten); it is ended, and counted."""
        try:
            program.finish(process, 20 if phase == "creating" else 60)
        except AssertionError:
            if phase != "creating":
                raise
            self.hung += 1
            for rank in program.workers(self.out):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(rank, signal.SIGKILL)
        for _ in range(300):
            if not program.workers(self.out):
                return
            time.sleep(0.1)
        self.fail("ranks are left behind")


class FullDisk(Faults):
    def test_small_disk(self):
        """The sweep's file does not fit: said before anything is written. Another program fills the disk in mid-run: nothing is lost."""
        disk = self.path("disk")
        os.mkdir(disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "borderline-test", disk], capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("mounting a small tmpfs is not allowed here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=False)
        out = os.path.join(disk, "out.h5")
        self.check_one_line(program.run(["run", self.sweep, "-o", out, "--set", "samples.networks=20000"], RANKS), 1,
                            r"out.h5 needs [\d.]+ MiB, but its file system has [\d.]+ MiB free")
        self.assertEqual(os.listdir(disk), [])
        reference = self.reference()
        process = self.start(out=out)
        self.wait_for_units(out, 2)
        with open(os.path.join(disk, "filler"), "wb", buffering=0) as filler:
            with contextlib.suppress(OSError):
                while True:
                    filler.write(b"x" * 4096)
        status, _, err = program.finish(process)
        self.assertIn(status, (0, 2), err)
        self.check_done_units(reference, out)
        os.remove(os.path.join(disk, "filler"))
        self.check_resume(reference, out)

    def test_folder_removed(self):
        """The output's folder vanishes in mid-run: the run says so or completes what it has open; it does not hang or crash."""
        reference = self.reference()
        folder = self.path("results")
        os.mkdir(folder)
        out = os.path.join(folder, "out.h5")
        process = self.start(out=out)
        self.wait_for_units(out, 2)
        shutil.rmtree(folder)
        self.check_one_line(program.finish(process), 2, "out.h5")
        os.mkdir(folder)
        self.check_resume(reference, out)


class Damage(Faults):
    """A damaged results file, given to --resume and to show: refused clearly or completed to the bit; never a crash."""

    def check_damaged(self, reference, what, run_ranks=2):
        for arguments, ranks in ((["show", self.out], 0), (["run", self.sweep, "-o", self.out, "--resume"], run_ranks)):
            status, out, err = program.run(arguments, ranks, 60)
            self.assertIn(status, (0, 1, 2), f"{what}: {arguments[0]}: exit {status}\n{out}\n{err}")
            if status != 0:
                lines = [line for line in program.complaint(err) if "error: " in line]
                self.assertEqual(len(lines), 1, f"{what}: {err}")
                self.assertIn("out.h5", lines[0])
            elif arguments[0] == "run":
                self.assertEqual(program.differing(reference, self.out), [], what)
        return status

    def interrupted(self):
        process = self.start()
        self.wait_for_units(self.out, 12)
        os.kill(program.workers(self.out)[0], signal.SIGTERM)
        program.finish(process)
        with open(self.out, "rb") as file:
            return file.read()

    def test_truncated(self):
        reference, content = self.reference(), self.interrupted()
        refused = 0
        lengths = [0, 1, 7, 8, 100, 512, 2048, len(content) // 4, len(content) // 2, len(content) * 3 // 4, len(content) - 1]
        for length in lengths:
            with open(self.out, "wb") as file:
                file.write(content[:length])
            refused += self.check_damaged(reference, f"{length} of {len(content)} bytes") != 0
        print(f"{refused} of {len(lengths)} truncated files were refused, the others completed to the bit")
        self.assertEqual(refused, len(lengths))

    def test_damaged_data(self):
        """Bytes of distances change on the disk: the checksums find the units, which are done again."""
        reference = self.reference()
        self.interrupted()
        with h5py.File(self.out, "r") as file:
            offset, size = file["distance"].id.get_offset(), file["distance"].id.get_storage_size()
        with open(self.out, "r+b") as file:
            for where in random.Random(5).sample(range(size), 20):
                file.seek(offset + where)
                old = file.read(1)
                file.seek(offset + where)
                file.write(bytes([old[0] ^ 0x5A]))
        status, _, err = program.run(["run", self.sweep, "-o", self.out, "--resume"], 2)
        self.assertEqual(status, 0, err)
        self.assertRegex(err, r"\d+ units in .*out.h5 do not match their checksums and are done again")
        self.assertEqual(program.differing(reference, self.out), [])

    def complete(self):
        """A finished file with its bytes, what `show` says of it, and where its variables lie: {name: (offset, size)}."""
        reference = self.reference()
        shutil.copy(reference, self.out)
        shown = self.check_done(program.run(["show", self.out]))
        places = {}

        def visit(name, item):
            if isinstance(item, h5py.Dataset) and item.id.get_offset() is not None:
                places[name] = (item.id.get_offset(), item.id.get_storage_size())

        with h5py.File(reference, "r") as file:
            file.visititems(visit)
        with open(reference, "rb") as file:
            return reference, file.read(), shown, places

    def change(self, content, positions, mask):
        with open(self.out, "wb") as file:
            damaged = bytearray(content)
            for position in positions:
                damaged[position] ^= mask
            file.write(damaged)

    def test_damaged_complete_file(self):
        """A complete file in which variables change: show refuses it in one line, --resume does the damaged parts again."""
        reference, content, _, places = self.complete()
        for name, message in (("distance", "[1-9] units do not match"), ("status", "[1-9] units do not match"),
                              ("gram_nngp", "kernels or summary do not match"), ("gram_empirical", "kernels or summary do not match"),
                              ("summary/law", "kernels or summary do not match"),
                              ("unit/checksum", "1 units do not match"), ("unit/status", "1 units do not match")):
            offset, size = places[name]
            self.change(content, [offset + size // 3], 0x15)
            self.check_one_line(program.run(["show", self.out]), 1, f"out.h5 is damaged: .*{message}")
            status, _, err = program.run(["run", self.sweep, "-o", self.out, "--resume"], 2 if name == "distance" else 0)
            self.assertEqual(status, 0, err)
            self.assertRegex(err, "out.h5 was complete, but does not match its checksums any more: parts are done again")
            self.assertEqual(program.differing(reference, self.out), [], name)
        for name in ("width", "p", "network", "provenance/config_resolved"):
            offset, size = places[name]
            self.change(content, [offset + size // 2], 0x15)
            self.check_one_line(program.run(["show", self.out]), 1, f"out.h5 is damaged: .*{name}")
            self.check_one_line(program.run(["run", self.sweep, "-o", self.out, "--resume"]), 1, "out.h5 is damaged")

    def test_damaged_metadata(self):
        """Random bytes outside of the variables change, one or a run of them: what describes the file. It is refused in one line,
        or reads as before to the bit."""
        reference, content, shown, places = self.complete()
        free = np.ones(len(content), bool)
        for offset, size in places.values():
            free[offset:offset + size] = False
        positions, refused = np.flatnonzero(free), 0
        used = positions[np.frombuffer(content, np.uint8)[positions] != 0]
        chance = random.Random(11)
        trials = 300 if FULL else 24
        for trial in range(trials):
            first = chance.choice(used if trial % 2 else positions)
            damage = range(first, min(first + chance.choice([1, 1, 4, 64]), len(content)))
            mask = chance.randrange(1, 256)
            self.change(content, damage, mask)
            what = f"bytes {damage} with {mask:#x}"
            status, out, _ = program.run(["show", self.out], 0, 30)
            if status == 0:
                self.assertEqual(out, shown, what)
            refused += self.check_damaged(reference, what, 2 if trial % 8 == 0 else 0) != 0
        print(f"{len(positions)} bytes of metadata; {trials} places damaged: {refused} files refused, "
              f"{trials - refused} read as before, no crash, no wrong number")
        self.assertGreater(refused, trials // 8)

    def test_lost_in_mid_run(self):
        """While the run goes on, the file system loses a status byte and changes a distance of other units: the run reads back what
        it wrote, does both again, says so, and ends with the right bits."""
        reference = self.reference()
        process = self.start()
        self.wait_for_units(self.out, 6)
        for worker in program.workers(self.out):
            os.kill(worker, signal.SIGSTOP)
        lost, changed = program.units_done(self.out)[:2]
        with h5py.File(self.out, "r") as file:
            self.assertLess(len(program.units_done(self.out)), len(file["unit/status"]), "the run was too quick")
            case = np.unravel_index(file["unit/case"][changed], file["distance"].shape[:3])
            row = (*case, int(file["unit/first_network"][changed]), 0, 0)
            byte = file["distance"].id.get_offset() + 8 * int(np.ravel_multi_index(row, file["distance"].shape))
            places = {file["unit/status"].id.get_offset() + int(lost): b"\0", byte: b"\x5a"}
        with open(self.out, "r+b") as file:
            for place, content in places.items():
                file.seek(place)
                file.write(content)
        for worker in program.workers(self.out):
            os.kill(worker, signal.SIGCONT)
        status, _, err = program.finish(process)
        self.assertEqual(status, 0, err)
        self.assertRegex(err, r"2 units were not in .*out.h5 as they had been written, and were done again")
        self.assertEqual(program.differing(reference, self.out), [])


class TwoRuns(Faults):
    def test_second_is_refused(self):
        """While one run writes, a second one is refused, in one line that names the first; the first is undisturbed. A run that
        was killed leaves no lock behind."""
        reference = self.reference()
        first = self.start()
        self.wait_for_units(self.out, 1)
        for worker in program.workers(self.out):
            os.kill(worker, signal.SIGSTOP)
        for option in ("--resume", "--force"):
            self.check_one_line(program.run(["run", self.sweep, "-o", self.out, option], 2, 60), 1,
                                r"out.h5 is being written by another run \(process \d+ on ")
        for worker in program.workers(self.out):
            os.kill(worker, signal.SIGCONT)
        self.check_done(program.finish(first))
        self.assertEqual(program.differing(reference, self.out), [])
        os.remove(self.out)
        killed = self.start()
        self.wait_for_units(self.out, 1)
        for worker in program.workers(self.out):
            os.kill(worker, signal.SIGKILL)
        program.finish(killed)
        self.check_resume(reference)


if __name__ == "__main__":
    program.main()
