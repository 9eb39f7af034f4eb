# SPDX-License-Identifier: BSD-3-Clause
"""Files of an earlier version of the program (earlier_files.tar.xz, of git f7d8450: a sweep, the same sweep interrupted after 4 of 32
units, a sweep that trains, networks, a measurement with points, a posterior; host and processor are blanked) are read: shown,
measured, resumed."""
import os
import shutil
import tarfile

import h5py
import numpy as np

import borderline_program as program

ARCHIVE = os.path.join(os.path.dirname(__file__), "earlier_files.tar.xz")


class Earlier(program.TestCase):
    def setUp(self):
        super().setUp()
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(self.folder)

    def rows(self, name, first):
        """Lines of what `show` prints that begin with this word, as words."""
        shown = self.check_done(program.run(["show", self.path(name)]))
        return [line.split() for line in shown.splitlines() if line.split()[:1] == [first]]

    def medians(self, name):
        """Of the distances, as `show` prints them: those that were not found are infinitely far, which earlier versions left out."""
        with h5py.File(self.path(name), "r") as file:
            distance = np.where(file["status"][()] == 2, np.inf, file["distance"][()])
            rank = distance.ndim  # ..., network, [image_kind,] input, p: networks and inputs go last
            networks, inputs = 3, rank - 2
            lengths = np.moveaxis(distance, (networks, inputs), (rank - 2, rank - 1))
            return [f"{value:.4g}" for value in np.median(lengths, axis=(-2, -1)).ravel()]

    def test_sweeps_are_shown(self):
        cases = [row for depth in "12" for row in self.rows("sweep.h5", depth) if len(row) > 10]
        self.assertEqual([row[4] for row in cases], self.medians("sweep.h5"))
        cases = [row for row in self.rows("trained.h5", "8") if len(row) > 10]
        self.assertEqual([row[5] for row in cases], self.medians("trained.h5"))

    def test_a_complete_sweep_is_left_as_it_is(self):
        shutil.copy(self.path("sweep.h5"), self.path("before.h5"))
        self.check_done(program.run(["run", self.path("sweep.yaml"), "-o", self.path("sweep.h5"), "--resume"], ranks=2))
        self.assertEqual(program.differing(self.path("before.h5"), self.path("sweep.h5")), [])

    def test_an_interrupted_sweep_is_resumed(self):
        """The units that are done keep their bits, the others are done now."""
        path = self.path("interrupted.h5")
        shutil.copy(path, self.path("before.h5"))
        done = program.units_done(path)
        self.assertEqual(len(done), 4)
        self.check_done(program.run(["run", self.path("sweep.yaml"), "-o", path, "--resume"], ranks=2))
        self.assertEqual(len(program.units_done(path)), 32)
        with h5py.File(self.path("before.h5"), "r") as before, h5py.File(path, "r") as after:
            for unit in done:
                case = np.unravel_index(before["unit/case"][unit], before["distance"].shape[:3])
                network = before["unit/first_network"][unit]
                for name in ("distance", "status", "output", "gradient_norm", "restarts_won"):
                    self.assertEqual(before[name][case][network].tobytes(), after[name][case][network].tobytes())
            self.assertEqual(after["complete"][()], 1)
            self.assertTrue((after["status"][()] > 0).all())
        self.check_done(program.run(["show", path]))

    def test_a_measurement_is_shown(self):
        with h5py.File(self.path("measured.h5"), "r") as file:
            names = [name for name in file if name.startswith("depth_")]
            expected = {(name, k): f"{np.median(file[name]['distance'][:, k]):.4g}" for name in names for k in range(3)}
        for name in names:
            self.assertEqual([row[2] for row in self.rows("measured.h5", name)], [expected[name, k] for k in range(3)])

    def test_a_damaged_measurement_is_refused(self):
        with h5py.File(self.path("measured.h5"), "r+") as file:
            file["depth_1_width_8_dimension_12_network_000000/restarts_won"][0, 0] += 1
        status, _, err = program.run(["show", self.path("measured.h5")])
        self.assertEqual(status, 1)
        self.assertIn("does not match its checksum", program.complaint(err)[-1])

    def test_networks_are_measured(self):
        """What does not depend on the search is as it was."""
        self.check_done(program.run(["measure", self.path("networks.h5"), "-o", self.path("again.h5")]))
        with h5py.File(self.path("measured.h5"), "r") as before, h5py.File(self.path("again.h5"), "r") as after:
            names = [name for name in before if name.startswith("depth_")]
            self.assertGreater(len(names), 2)
            for name in names:
                for variable in ("output", "input_norm"):
                    np.testing.assert_allclose(after[name][variable][()], before[name][variable][()], rtol=1e-9)

    def test_a_posterior_is_shown(self):
        with h5py.File(self.path("posterior.h5"), "r") as file:
            self.assertNotIn("restarts_won", file)
            distance, accuracy = file["distance"][()], file["accuracy"][()]
        self.assertEqual(float(self.rows("posterior.h5", "test")[0][2]), round(float(accuracy), 4))
        for kind, name in enumerate(("training", "test", "random")):
            rows = [row for row in self.rows("posterior.h5", name) if row[1] in ("1", "2", "inf")]
            self.assertEqual([row[2] for row in rows], [f"{value:.4g}" for value in np.median(distance[kind], 0)])


if __name__ == "__main__":
    program.main()
