"""`sample` and `measure` against independent computations: a numpy forward pass, closed forms, and `run` itself."""
import os
import subprocess
import sys

import h5py
import numpy as np
from scipy.special import erf

import borderline_program as program

FIGURES = os.path.join(os.environ["BORDERLINE_SOURCE"], "analysis", "figures")
ACTIVATIONS = {
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.2 * z),
    "tanh": np.tanh,
    "erf": erf,
    "gelu": lambda z: z * 0.5 * (1 + erf(z / np.sqrt(2))),
}

SWEEP = """
name: measured
seed: 11
network: {{activation: {activation}, negative_slope: 0.2, classes: {classes}, biases: {{variance: 0.2}}}}
grid: {{depth: [1, 2], width: [30], dimension: [40], p: [1, 2, .inf]}}
samples: {{networks: 3, inputs: 4}}
inputs: {{box: {box}}}
kernel: {{inputs: 0}}
summary: {{bootstrap: 10}}
"""


def forward(group, x):
    """Logits of a network of the file at x [..., n], in float64."""
    h = x.astype(np.float64)
    for name in sorted(key for key in group if key.startswith("layer_")):
        layer = group[name]
        kind = layer.attrs["kind"]
        kind = kind.decode() if isinstance(kind, bytes) else kind
        if kind == "dense":
            h = h @ layer["weight"][()].astype(np.float64).T
            if "bias" in layer:
                h = h + layer["bias"][()].astype(np.float64)
        elif kind != "flatten":
            h = ACTIVATIONS[kind](h)
    return h


class Measure(program.TestCase):
    def test_sample_measure_and_run_agree(self):
        for activation, classes, box in (("relu", 2, "[0, 1]"), ("tanh", 2, "none"), ("erf", 5, "[0, 1]"),
                                         ("leaky_relu", 3, "none"), ("gelu", 2, "[0, 1]")):
            with self.subTest(activation=activation, classes=classes, box=box):
                sweep = self.write("sweep.yaml", SWEEP.format(activation=activation, classes=classes, box=box))
                networks, measured, swept = self.path("networks.h5"), self.path("measured.h5"), self.path("swept.h5")
                self.check_done(program.run(["sample", sweep, "-o", networks, "--force"]))
                self.check_done(program.run(["run", sweep, "-o", swept, "--force"], ranks=2))
                self.check_done(program.run(["measure", networks, "-o", measured, "--save-points", "--force"], ranks=2))
                self.compare(networks, measured, swept, classes, box)

    def test_figure_of_boundary_points(self):
        sweep = self.write("sweep.yaml", SWEEP.format(activation="relu", classes=2, box="[0, 1]").replace("[40]", "[48]"))
        networks, measured, plain = self.path("networks.h5"), self.path("measured.h5"), self.path("plain.h5")
        self.check_done(program.run(["sample", sweep, "-o", networks]))
        self.check_done(program.run(["measure", networks, "-o", measured, "--save-points"]))
        self.check_done(program.run(["measure", networks, "-o", plain]))

        def draw(path, *more):
            return subprocess.run([FIGURES, path, "--networks", networks, "-o", self.folder, *more], capture_output=True,
                                  text=True, check=False, env={**os.environ, "BORDERLINE_PYTHON": sys.executable})
        done = draw(measured, "--input", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        written = done.stdout.split()
        self.assertEqual([os.path.splitext(path)[1] for path in written], [".png", ".pdf"])
        self.assertTrue(all(os.path.getsize(path) > 5000 for path in written))
        for path, more, words in ((plain, [], "--save-points"), (measured, ["--input", "9"], "inputs 0 to 3"),
                                  (measured, ["--network", "none"], "no network none")):
            done = draw(path, *more)
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stderr)

    def compare(self, networks, measured, swept, classes, box):
        with h5py.File(networks) as sampled, h5py.File(measured) as file, h5py.File(swept) as run:
            for name in (key for key in sampled if key.startswith("depth_")):
                depth = int(name.split("_")[1]) - 1
                network = int(name.rsplit("_", 1)[1])
                at = (depth, 0, 0, network)
                x = sampled[name]["inputs"][()]
                for field in ("distance", "first_order", "passes", "status", "output", "input_norm"):
                    self.assertEqual(file[name][field][()].tobytes(), run[field][at].tobytes(), field)
                z = forward(sampled[name], x)
                ordered = np.sort(z, axis=1)
                margin = z[:, 1] - z[:, 0] if classes == 2 else ordered[:, -1] - ordered[:, -2]
                np.testing.assert_allclose(file[name]["output"][()], margin, rtol=1e-10, atol=1e-12)
                self.check_points(sampled[name], file[name], x, z, box)

    def check_points(self, network, result, x, z, box):
        """Every boundary point is where it says, inside the box, and in another class."""
        points, distance = result["points"][()], result["distance"][()]
        self.assertTrue((result["status"][()] == 1).all())
        np.testing.assert_array_equal(result["points_float32"][()], points.astype(np.float32), strict=True)
        moved = points - x[:, None, :].astype(np.float64)
        for k, p in enumerate((1, 2, np.inf)):
            np.testing.assert_allclose(np.linalg.norm(moved[:, k], ord=p, axis=1), distance[:, k], rtol=1e-12)
        there = forward(network, points)
        source = z.argmax(axis=1)
        kept = np.take_along_axis(there, source[:, None, None], axis=2)[..., 0]
        others = there.copy()
        np.put_along_axis(others, source[:, None, None], -np.inf, axis=2)
        self.assertTrue((others.max(axis=2) - kept >= -1e-12 * np.abs(kept)).all())
        if box != "none":
            self.assertTrue((points >= 0).all() and (points <= 1).all())

    def test_linear_network(self):
        """Depth 0: the closed form |f(x0)| / |g|_q without box, and its optimality conditions with one."""
        rng = np.random.default_rng(5)
        n, norms = 60, (1, 1.5, 2, 3, np.inf)
        weight = rng.standard_normal((2, n)).astype(np.float32)
        x = rng.random((6, n)).astype(np.float32)
        with h5py.File(self.path("linear.h5"), "w") as file:
            file.attrs["format"] = "borderline-networks-1"
            group = file.create_group("linear")
            group.attrs["input_shape"] = [n]
            group["inputs"] = x
            layer = group.create_group("layer_000")
            layer.attrs["kind"] = "dense"
            layer["weight"] = weight
            layer["bias"] = np.float32([0.1, -0.2])
        gradient = (weight[1].astype(np.float64) - weight[0].astype(np.float64))
        f = x.astype(np.float64) @ gradient + (np.float64(np.float32(-0.2)) - np.float64(np.float32(0.1)))
        arguments = ["measure", self.path("linear.h5"), "--p", "1,1.5,2,3,inf", "--force", "-o", self.path("out.h5")]
        self.check_done(program.run(arguments + ["--no-box"]))
        with h5py.File(self.path("out.h5")) as file:
            for k, p in enumerate(norms):
                q = np.inf if p == 1 else 1 if np.isinf(p) else p / (p - 1)
                np.testing.assert_allclose(file["linear/distance"][:, k], np.abs(f) / np.linalg.norm(gradient, q), rtol=3e-6)
                np.testing.assert_allclose(file["linear/first_order"][:, k], np.abs(f) / np.linalg.norm(gradient, q), rtol=3e-6)
        self.check_done(program.run(arguments + ["--box", "0,1"]))
        with h5py.File(self.path("out.h5")) as file:
            for k, p in enumerate(norms):
                for i in range(len(x)):
                    self.assertAlmostEqual(file["linear/distance"][i, k] / boxed_distance(p, x[i].astype(float), gradient, f[i]),
                                           1, delta=3e-6)

    def test_checksum_of_points(self):
        """As the file says it is made: of points with an odd number of coordinates, of one network not found."""
        with h5py.File(self.path("n.h5"), "w") as file:
            file.attrs["format"] = "borderline-networks-1"
            for name, bias in (("found", 2.6), ("not found", 3.6)):
                group = file.create_group(name)
                group.attrs["input_shape"] = [3]
                group["inputs"] = np.float32([[0.5, 0.5, 0.5], [1.0, 1.0, 1.0]])
                layer = group.create_group("layer_000")
                layer.attrs["kind"] = "dense"
                layer["weight"] = np.float32([[1.0, 0.3, 0.2], [-1.0, -0.7, 0.1]])
                layer["bias"] = np.float32([0.1, bias])
        self.check_done(program.run(["measure", self.path("n.h5"), "-o", self.path("m.h5"), "--box", "0,1", "--save-points"]))
        with h5py.File(self.path("m.h5"), "r") as file:
            for network in ("found", "not found"):
                self.assertEqual(bool(np.isnan(file[network]["points"][()]).all()), network == "not found")
                hash_ = 0xcbf29ce484222325
                for name in ("points", "points_float32"):
                    for row in file[network][name][()].reshape(-1, 3):
                        content = row.tobytes() + bytes(-row.nbytes % 8)
                        for word in np.frombuffer(content, np.uint64):
                            hash_ = (hash_ ^ int(word)) * 0x100000001b3 % 2 ** 64
                self.assertEqual(int(file[network]["checksum_points"][()]) % 2 ** 64, hash_)

    def test_damage(self):
        """A file of measure in which bytes change: `show` refuses it in one line, or prints what it did before."""
        sweep, networks, out = self.write("sweep.yaml", SWEEP.format(activation="relu", classes=2, box="none")), self.path("n.h5"), self.path("m.h5")
        self.check_done(program.run(["sample", sweep, "-o", networks]))
        self.check_done(program.run(["measure", networks, "-o", out, "--effort", "fast", "--save-points"], ranks=2))
        shown = self.check_done(program.run(["show", out]))
        with open(out, "rb") as file:
            content = file.read()
        data, free = {}, np.frombuffer(content, np.uint8) != 0
        with h5py.File(out, "r") as file:
            network = next(key for key in file if isinstance(file[key], h5py.Group) and "distance" in file[key])
            for name, item in file[network].items():
                data[name] = item.id.get_offset(), item.id.get_storage_size()

            def leave_out(_, item):
                if isinstance(item, h5py.Dataset) and item.id.get_offset() is not None:
                    free[item.id.get_offset():item.id.get_offset() + item.id.get_storage_size()] = False

            file.visititems(leave_out)

        def show(position):
            damaged = bytearray(content)
            damaged[position] ^= 0x15
            with open(out, "wb") as file:
                file.write(damaged)
            status, text, err = program.run(["show", out])
            self.assertIn(status, (0, 1), err)
            if status:
                self.assertEqual(len(program.complaint(err)), 1, err)
            return status, text, err

        for name in ("distance", "distance_inside", "first_order", "passes", "restarts_won", "distance_confidence", "searched_radius", "input_norm", "output", "gradient_norm",
                     "first_step_crosses", "status", "checksum"):
            offset, size = data[name]
            status, text, err = show(offset + size // 2)
            self.assertEqual(status, 1, name + text)
            self.assertRegex(err, f"m.h5 is damaged: network {network} does not match its checksum")
        for name in ("points", "points_float32", "checksum_points"):
            offset, size = data[name]
            for position in (offset, offset + size // 2, offset + size - 1):
                status, _, err = show(position)
                self.assertEqual(status, 1, name)
                self.assertRegex(err, f"m.h5 is damaged: a boundary point of network {network} does not match its checksum")
        refused, positions, trials = 0, np.flatnonzero(free), 40 if os.environ.get("BORDERLINE_FULL") else 12
        for position in np.random.default_rng(5).choice(positions, trials, replace=False):
            status, text, _ = show(position)
            refused += status
            if not status:
                self.assertEqual(text, shown, f"byte {position}")
        print(f"{len(positions)} bytes of metadata, {trials} changed: {refused} files refused, the others read as before")
        self.assertGreater(refused, trials // 2)

    def test_bad_options(self):
        """A wrong value is complained of by the option's own name."""
        networks = self.path("networks.h5")
        sweep = self.write("sweep.yaml", SWEEP.format(activation="relu", classes=2, box="[0, 1]"))
        self.check_done(program.run(["sample", sweep, "-o", networks]))
        for option, value in (("--p", "0.5"), ("--p", "1,1"), ("--box", "1"), ("--box", "1,0"), ("--effort", "best")):
            with self.subTest(option=option, value=value):
                status, _, err = program.run(["measure", networks, "-o", self.path("x.h5"), option, value])
                self.assertEqual(status, 1, err)
                self.assertIn(f"error: {option}: ", program.complaint(err)[0])

    def test_bad_networks(self):
        """A layer that does not fit, an input outside of the box: one line, and nothing is written."""
        path = self.path("bad.h5")
        for columns, number, box, text in ((4, 0.0, "0,1", "layer_000"), (3, 1.5, "0,1", "number 2 of input 1 is 1.5")):
            with h5py.File(path, "w") as file:
                file.attrs["format"] = "borderline-networks-1"
                group = file.create_group("odd")
                group.attrs["input_shape"] = [3]
                group["inputs"] = np.array([[0, 0, 0], [0, 1, number]], np.float32)
                layer = group.create_group("layer_000")
                layer.attrs["kind"] = "dense"
                layer["weight"] = np.zeros((2, columns), np.float32)
            status, _, err = program.run(["measure", path, "-o", self.path("x.h5"), "--box", box])
            self.assertEqual(status, 1, err)
            self.assertEqual(len(program.complaint(err)), 1)
            self.assertIn(text, err)
            self.assertFalse(os.path.exists(self.path("x.h5")))


def boxed_distance(p, x, gradient, f):
    """The distance of a linear function in the box [0, 1]: bisection on the multiplier of the plane's constraint."""
    d = -np.sign(f) * gradient
    a, room = np.abs(d), np.where(d > 0, 1 - x, x)
    if p == 1:
        order = np.argsort(-a)
        gains = np.cumsum(a[order] * room[order])
        k = np.searchsorted(gains, abs(f))
        return room[order][:k].sum() + (abs(f) - (gains[k - 1] if k else 0)) / a[order][k]
    step = (lambda t: np.minimum(t, room)) if np.isinf(p) else (lambda t: np.minimum((t * a) ** (1 / (p - 1)), room))
    low, high = 0.0, 1.0
    while (a * step(high)).sum() < abs(f):
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if (a * step(middle)).sum() < abs(f) else (low, middle)
    return np.linalg.norm(step(high), p)


if __name__ == "__main__":
    program.main()
