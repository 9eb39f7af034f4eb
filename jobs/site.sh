# Settings of one cluster: read by jobs/submit, jobs/sweep.sbatch, jobs/array.sbatch and jobs/scaling.sh.
# Change the lines here, or keep a file of your own and name it: export BORDERLINE_SITE=$HOME/my-cluster.sh
# What is set in the environment already goes before what stands here. Everything is optional.
# shellcheck shell=sh disable=SC2034 # used by the scripts that read this

# Modules the program was built with, as `module load` takes them: "gcc/12 openmpi/4.1 hdf5-parallel scalapack onednn"
: "${BORDERLINE_MODULES:=}"

# Partition, account, and whatever else sbatch needs here: "--constraint=skylake --qos=long"
: "${BORDERLINE_PARTITION:=}"
: "${BORDERLINE_ACCOUNT:=}"
: "${BORDERLINE_SBATCH:=}"

# What starts the ranks in a job: srun, "srun --mpi=pmix" (Open MPI), "srun --mpi=pmi2" (MPICH, Intel MPI), mpirun. Empty: srun.
# `srun --mpi=list` shows what your Slurm has. If srun cannot start the program's MPI, the program says so, and mpirun is as good.
: "${BORDERLINE_LAUNCHER:=}"

# Ranks per node (one per core), and the most ranks that `submit` takes by itself.
: "${BORDERLINE_CORES_A_NODE:=}"  # empty: the CPUs of the partition's smallest node
: "${BORDERLINE_RANKS_MAX:=1024}"

# `submit` takes as many ranks as do the sweep in about this many minutes, and asks for no more than the second.
# A sweep that needs longer requeues itself until it is done.
: "${BORDERLINE_MINUTES:=60}"
: "${BORDERLINE_MINUTES_MAX:=1440}"

# Lustre: stripes of a new result file, as `lfs setstripe` takes them ("-c 8 -S 4M"); its folder keeps its own. The result file is
# one file that every rank writes in slabs of kilobytes to megabytes, so a few stripes serve hundreds of ranks; files under 1 GiB want
# none. GPFS and others: nothing to set (blocks are spread by the file system).
: "${BORDERLINE_STRIPES:=}"

# Variables of that many bytes and more begin at multiples of it: Lustre's stripe size (the -S above), GPFS's block size. Empty: 1 MiB.
: "${BORDERLINE_ALIGNMENT:=}"
export BORDERLINE_ALIGNMENT

# Hints of MPI-IO for the result file, "key=value key=value"; libraries take those they know. The program writes independently, so
# that collective buffering does nothing here; one that may matter where ROMIO is used (MPICH, Intel MPI) on Lustre or NFS:
#   romio_ds_write=disable     no read-modify-write of neighbouring bytes
: "${BORDERLINE_MPI_HINTS:=}"
export BORDERLINE_MPI_HINTS

# Slurm 22.05's default way of ranks waiting for each other at start lets some leave early, and srun then crashes one start in ten
# on several nodes. "ring" does not.
: "${SLURM_PMIX_FENCE:=ring}"
export SLURM_PMIX_FENCE
