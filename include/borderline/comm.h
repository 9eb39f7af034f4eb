/* SPDX-License-Identifier: BSD-3-Clause
 *
 * MPI: start and end, agreement on errors, broadcast of small things.
 */
#ifndef BORDERLINE_COMM_H
#define BORDERLINE_COMM_H

#include "borderline/err.h"
#include "borderline/mem.h"
#include <mpi.h>
#include <stddef.h>

typedef struct bl_comm {
    MPI_Comm world;
    MPI_Comm node; /* ranks that share memory */
    int rank, size;
    int node_rank, node_size;
    int node_number, node_count;
    bool threads;  /* MPI_THREAD_MULTIPLE was granted */
    bool owns_mpi; /* bl_comm_start started MPI, so bl_comm_end ends it */
} bl_comm;

/** Start MPI, limit BLAS and OpenMP to one thread per rank unless the user's environment says otherwise.
 *
 * A library's own variable (OPENBLAS_NUM_THREADS, BLIS_NUM_THREADS, MKL_NUM_THREADS) or OMP_NUM_THREADS, where
 * set, is respected. If MPI is already running it is used, and bl_comm_end leaves it running.
 *
 * Collective:  on MPI_COMM_WORLD. BORDERLINE_RANKS_PER_NODE=k in rank 0's environment makes every k consecutive
 * ranks of a host a node of their own (for tests).
 * Ownership:   *comm is written; ended with bl_comm_end.
 * @return BL_OK; BL_ERR_INPUT when BORDERLINE_RANKS_PER_NODE is no positive number, or when MPI was started here with one rank
 * although, by the environment, a launcher started several (one of another MPI library); BL_ERR_LIBRARY.
 */
BL_API bl_err bl_comm_start(int *argc, char ***argv, bl_comm *comm) BL_NODISCARD;

/** End MPI, where bl_comm_start started it. Collective on comm->world; also right after a failed start. */
BL_API void bl_comm_end(bl_comm *comm);

/** One code and one message for all ranks.
 *
 * Math:        the code of the lowest rank among those that failed worst: BL_OK < BL_ERR_STOPPED <
 * BL_ERR_PEER < every other code, so that a stop never hides a failure. Every rank takes over that rank's message,
 * so that any rank can print it.
 * Collective:  on comm->world. Ranks that arrive early wait without using their core.
 * @return BL_OK when every rank passed BL_OK; else the agreed code, the same on every rank.
 */
BL_API bl_err bl_agree(const bl_comm *comm, bl_err code) BL_NODISCARD;

/** The same over any communicator. Collective on comm. */
BL_API bl_err bl_comm_agree(MPI_Comm comm, bl_err code) BL_NODISCARD;

/** Broadcast bytes that rank 0 holds.
 *
 * Collective:  on comm->world.
 * Shapes:      *bytes of *length bytes; what other ranks receive is followed by a zero byte, so that text is
 * a string.
 * Ownership:   rank 0 keeps its own; the others free theirs with bl_mem_free.
 * @param[in] code  the code of rank 0's reading; every rank returns it if it is a failure (other ranks' codes are ignored)
 * @return BL_OK; rank 0's code with its message; BL_ERR_MEMORY on every rank when one has no memory for it.
 */
BL_API bl_err bl_comm_broadcast(const bl_comm *comm, bl_err code, void **bytes, size_t *length) BL_NODISCARD;

/** Wait for a request of MPI, asleep most of the time: a waiting rank leaves its core to others, at the price
 * of up to half a millisecond. Not collective by itself. */
BL_API void bl_comm_wait(MPI_Request *request);

/** A barrier of that kind. Collective on comm. */
BL_API void bl_comm_barrier(MPI_Comm comm);

/* Bytes that a rank holds at the most when so many ranks share the work. */
typedef bl_err (*bl_comm_need)(const void *context, size_t ranks, double *bytes);

/** Check that the work fits into this machine's memory, where every rank of a node holds its part at the same time.
 *
 * Collective:  no: bl_agree follows, for nodes may differ.
 * @param[in] what  the subject of the message '... too large for memory'
 * @return BL_OK, also where the system does not say what is free; BL_ERR_INPUT: what is needed, and what would fit: more such
 *         nodes, else fewer ranks per node; what need returned.
 */
BL_API bl_err bl_comm_require_memory(const bl_comm *comm, bl_comm_need need, const void *context,
                                     const char *what) BL_NODISCARD;

#endif
