# SPDX-License-Identifier: BSD-3-Clause
"""Borderline for Spack, from a checkout of the source:

    spack repo create borderline-repo && spack repo add borderline-repo
    mkdir borderline-repo/packages/borderline && cp jobs/spack/package.py borderline-repo/packages/borderline/
    spack dev-build -d . borderline@develop          # or: spack develop -p $PWD borderline@develop, in an environment
    spack test run borderline

One binary serves every x86-64 node of a cluster; for nodes older than the one that builds, also choose the dependencies' target:
borderline target=x86_64_v2.
"""
from spack.package import *


class Borderline(CMakePackage):
    """Distances of inputs to the classification boundary of deep networks, in any l^p norm, beside what the Gaussian-process limit
    predicts for them."""

    homepage = "https://proceedings.mlr.press/v139/de-palma21a.html"
    license("BSD-3-Clause")

    version("develop")  # the source is a checkout: spack dev-build, spack develop

    variant("python", default=True, description="Python with what the figures need")
    variant("native", default=False, description="For the processor of the machine that builds, alone")

    depends_on("c", type="build")
    depends_on("cmake@3.20:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("hdf5@1.10: +mpi +hl")
    depends_on("openblas")
    depends_on("scalapack")
    depends_on("onednn@2.6:")
    depends_on("libyaml")
    depends_on("random123", type="build")
    depends_on("zlib-api")
    with when("+python"):
        depends_on("python@3.9:", type="run")
        depends_on("py-numpy", type="run")
        depends_on("py-scipy", type="run")
        depends_on("py-h5py", type="run")
        depends_on("py-matplotlib", type="run")

    generator("ninja")

    def cmake_args(self):
        return [
            self.define_from_variant("BORDERLINE_NATIVE", "native"),
            self.define("BORDERLINE_TESTS", self.run_tests),
            self.define("MPI_C_COMPILER", self.spec["mpi"].mpicc),
            self.define("HDF5_ROOT", self.spec["hdf5"].prefix),
        ]

    def test_version(self):
        """the program starts and names its libraries"""
        program = which(self.prefix.bin.borderline)
        assert "oneDNN" in program("--version", output=str.split, error=str.split)

    def test_sweep(self):
        """a small sweep ends, and its file is complete"""
        program = which(self.prefix.bin.borderline)
        with open("smoke.yaml", "w") as file:
            file.write(
                "name: smoke\n"
                "grid: {depth: [1], width: [20], dimension: [48], p: [2]}\n"
                "samples: {networks: 4, inputs: 2}\n"
                "kernel: {inputs: 4}\n"
            )
        program("run", "smoke.yaml", "-o", "smoke.h5", "--force")
        assert "complete" in program("show", "smoke.h5", output=str.split, error=str.split)
