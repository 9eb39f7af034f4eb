/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The main of benchmarks that run on ranks.
 */
#ifndef BORDERLINE_BENCH_RANKS_H
#define BORDERLINE_BENCH_RANKS_H

#include "borderline/comm.h"

#include <stdio.h>

/* Start MPI, run the benchmark, say once what went wrong. @return the exit status. */
static inline int bench_on_ranks(const char *name, bl_err (*bench)(const bl_comm *, int, char **), int argc,
                                 char **argv) {
    bl_comm comm;
    bl_err err = bl_comm_start(&argc, &argv, &comm);
    if (err == BL_OK) {
        err = bench(&comm, argc, argv);
        if (err != BL_OK && comm.rank == 0)
            (void)fprintf(stderr, "%s: %s\n", name, bl_err_message());
        bl_comm_end(&comm);
    }
    return err != BL_OK;
}

#endif
