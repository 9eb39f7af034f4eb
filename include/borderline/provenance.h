/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where numbers come from: program, libraries, machine, job.
 */
#ifndef BORDERLINE_PROVENANCE_H
#define BORDERLINE_PROVENANCE_H

#include "borderline/comm.h"

typedef struct bl_provenance {
    size_t count;
    char **key;   /* [count] "git_describe", "compiler", "compiler_flags", "mpi_library", "hdf5_version",
                     "blas", "onednn", */
    char **value; /* [count] "cpu_model", "hosts", "ranks", "slurm_job_id", "started", "command", ... */
} bl_provenance;

/** Gather the facts. Collective on comm->world (host names); complete on rank 0, empty elsewhere. */
BL_API bl_err bl_provenance_gather(const bl_comm *comm, int argc, char **argv,
                                   bl_provenance **out) BL_NODISCARD;
BL_API void bl_provenance_destroy(bl_provenance **provenance);

#endif
