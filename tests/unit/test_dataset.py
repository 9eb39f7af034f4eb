# SPDX-License-Identifier: BSD-3-Clause
"""Data sets: small IDX and CIFAR-10 files made here, plain and gzipped, whole and broken in every way."""
import ctypes as ct
import gzip
import os
import struct
import tempfile
import unittest

import numpy as np

from borderline_core import Error, check, lib, pointer, structure, values

NAMES = [("train-images-idx3-ubyte", "train-labels-idx1-ubyte"), ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")]
PART = values("dataset_part")
Source = structure("bl_dataset_source")
BYTES = ct.POINTER(ct.c_uint8)
Dataset = structure("bl_dataset", pixel=BYTES, label=BYTES)


def source(folder, part=0, classes=10, limit=0):
    return Source(folder=folder.encode(), part=PART[("train", "test")[part]], classes=classes, limit=limit)


def read(folder, part=0, limit=0, classes=10):
    """Inputs [count][C][H][W] float32 and labels."""
    made = ct.POINTER(Dataset)()
    check(lib.bl_dataset_read(ct.byref(source(folder, part, classes, limit)), ct.byref(made)))
    dataset = made.contents
    image = dataset.image
    x = np.empty((dataset.count, image.channels, image.height, image.width), np.float32)
    lib.bl_dataset_inputs(made, ct.c_size_t(dataset.count), None, pointer(x))
    label = np.ctypeslib.as_array(dataset.label, (dataset.count,)).copy()
    lib.bl_dataset_destroy(ct.byref(made))
    return x, label


class DatasetTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="borderline-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        rng = np.random.default_rng(5)
        self.pixels = rng.integers(0, 256, (7, 4, 5), dtype=np.uint8)
        self.labels = rng.integers(0, 10, 7, dtype=np.uint8)

    def write(self, name, data):
        with (gzip.open if name.endswith(".gz") else open)(os.path.join(self.folder, name), "wb") as file:
            file.write(data)

    def idx_files(self, part=0, ending=""):
        images = struct.pack(">4B3I", 0, 0, 8, 3, *self.pixels.shape) + self.pixels.tobytes()
        labels = struct.pack(">4BI", 0, 0, 8, 1, len(self.labels)) + self.labels.tobytes()
        self.write(NAMES[part][0] + ending, images)
        self.write(NAMES[part][1] + ending, labels)
        return images, labels

    def cifar_rows(self, count, seed):
        rng = np.random.default_rng(seed)
        rows = rng.integers(0, 256, (count, 3073), dtype=np.uint8)
        rows[:, 0] %= 10
        return rows

    def refused(self, text, **more):
        with self.assertRaises(Error) as caught:
            read(self.folder, **more)
        self.assertIn(text, str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))

    def test_idx(self):
        for part in range(2):
            for ending in ("", ".gz"):
                with self.subTest(part=part, ending=ending):
                    for name in os.listdir(self.folder):
                        os.remove(os.path.join(self.folder, name))
                    self.idx_files(part, ending)
                    x, label = read(self.folder, part)
                    np.testing.assert_array_equal(x, self.pixels[:, None].astype(np.float32) / np.float32(255))
                    np.testing.assert_array_equal(label, self.labels)
                    x, label = read(self.folder, part, limit=3)
                    np.testing.assert_array_equal(x[:, 0], self.pixels[:3].astype(np.float32) / np.float32(255))
                    np.testing.assert_array_equal(label, self.labels[:3])

    def test_cifar(self):
        rows = [self.cifar_rows(5, 1), self.cifar_rows(4, 2)]
        test = self.cifar_rows(3, 3)
        for i, batch in enumerate(rows):
            self.write(f"data_batch_{i + 1}.bin", batch.tobytes())
        self.write("data_batch_4.bin", b"not read: batch 3 is not there")
        self.write("test_batch.bin", test.tobytes())
        for part, limit, expected in ((0, 0, np.concatenate(rows)), (0, 6, np.concatenate(rows)[:6]), (1, 0, test)):
            x, label = read(self.folder, part, limit)
            np.testing.assert_array_equal(label, expected[:, 0])
            np.testing.assert_array_equal(x, expected[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / np.float32(255))

    def test_chosen_images(self):
        self.idx_files()
        made = ct.POINTER(Dataset)()
        check(lib.bl_dataset_read(ct.byref(source(self.folder)), ct.byref(made)))
        chosen = np.array([6, 0, 6], np.uintp)
        x = np.empty((3, 20), np.float32)
        lib.bl_dataset_inputs(made, ct.c_size_t(3), pointer(chosen), pointer(x))
        np.testing.assert_array_equal(x, self.pixels.reshape(7, 20)[chosen.astype(int)].astype(np.float32) / np.float32(255))
        lib.bl_dataset_destroy(ct.byref(made))

    def test_no_data(self):
        self.refused("holds no data set")
        self.idx_files(1)
        self.refused("train-images-idx3-ubyte cannot be read: No such file")
        self.folder += "/nowhere"
        self.refused("nowhere cannot be read: No such file")

    def test_broken_idx(self):
        images, labels = self.idx_files()
        for name, data, text in (
            (NAMES[0][0], images[:-1], "is cut short: it ends in image 7 of 7"),
            (NAMES[0][0], images[:10], "is cut short in its header"),
            (NAMES[0][0], b"", "is no IDX file of images"),
            (NAMES[0][0], labels, "is no IDX file of images"),
            (NAMES[0][0], images + b"x", "goes on after its last image"),
            (NAMES[0][0], images[:8] + bytes(4) + images[12:], "axis 2 has length 0"),
            (NAMES[0][0], images[:4] + b"\xff" * 12 + images[16:], "more than any data set of this format has"),
            (NAMES[0][1], labels[:-1], "is cut short: it ends in label 7 of 7"),
            (NAMES[0][1], labels + b"x", "goes on after its last label"),
            (NAMES[0][1], labels[:7] + b"\x06" + labels[8:-1], "has 7 images, but"),
            (NAMES[0][1], labels[:-2] + b"\x0a\x00", "image 5 has label 10, but classes are 0 to 9"),
        ):
            with self.subTest(text=text):
                self.idx_files()
                self.write(name, data)
                self.refused(text)

    def test_cut_beyond_the_limit(self):
        """What is not wanted is still looked at: a cut copy of a file is no data set."""
        images, _ = self.idx_files()
        self.write(NAMES[0][0], images[:-1])
        self.refused("is cut short: it ends in image", limit=2)

    def test_broken_gzip(self):
        self.idx_files(0, ".gz")
        path = os.path.join(self.folder, NAMES[0][0] + ".gz")
        with open(path, "rb") as file:
            whole = file.read()
        with open(path, "wb") as file:
            file.write(whole[:-20])
        self.refused(".gz is cut short")
        damaged = bytearray(whole)
        damaged[-6] ^= 1
        with open(path, "wb") as file:
            file.write(damaged)
        self.refused(".gz cannot be read: ")

    def test_broken_cifar(self):
        rows = self.cifar_rows(4, 1)
        self.write("data_batch_1.bin", rows.tobytes()[:-5])
        self.refused("it ends 3068 bytes into image 3")
        self.write("data_batch_1.bin", b"")
        self.refused("is empty")
        rows[2, 0] = 200
        self.write("data_batch_1.bin", rows.tobytes())
        self.refused("image 2 has label 200, but classes are 0 to 9")
        self.refused("test_batch.bin cannot be read: No such file", part=1)

    def test_limits(self):
        self.idx_files()
        self.refused("has 7 images, but 8 are asked for", limit=8)
        self.refused("a data set of 1 classes is not possible", classes=1)
        top = int(self.labels.max())
        self.refused(f"has label {top}, but classes are 0 to {top - 1}", classes=top)


if __name__ == "__main__":
    unittest.main(verbosity=2)
