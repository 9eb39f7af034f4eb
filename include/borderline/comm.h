/* SPDX-License-Identifier: BSD-3-Clause
 *
 * MPI: start and end, agreement on errors, broadcast of small things.
 */
#ifndef BORDERLINE_COMM_H
#define BORDERLINE_COMM_H

#include "borderline/err.h"
#include <mpi.h>
#include <stddef.h>

typedef struct bl_comm {
    MPI_Comm world;
    MPI_Comm node; /* ranks that share memory */
    int rank, size;
    int node_rank, node_size;
    int node_number, node_count;
    bool threads; /* MPI_THREAD_MULTIPLE was granted */
} bl_comm;

/** Start MPI, hold BLAS and OpenMP to one thread a rank unless the user's environment says otherwise.
 *
 * Collective:  on MPI_COMM_WORLD. BORDERLINE_RANKS_A_NODE=k in the environment makes every k consecutive
 * ranks of a host a node of their own (for tests).
 */
BL_API bl_err bl_comm_start(int *argc, char ***argv, bl_comm *comm) BL_NODISCARD;
BL_API void bl_comm_end(bl_comm *comm);

/** One code for all ranks: the largest. Every rank returns it; where this rank had none, its message becomes
 * the message of the lowest failing rank, so that any rank can print it.
 *
 * Collective:  on comm->world.
 */
BL_API bl_err bl_agree(const bl_comm *comm, bl_err code) BL_NODISCARD;

/** Broadcast bytes that rank 0 holds; other ranks receive a copy (caller frees with bl_mem_free; rank 0 keeps
 * its own). Rank 0 passes its code so that a failure there becomes everybody's. Collective on comm->world. */
BL_API bl_err bl_comm_broadcast(const bl_comm *comm, bl_err code, void **bytes, size_t *length) BL_NODISCARD;

#endif
