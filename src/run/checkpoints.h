/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Trainings in flight that a kill must not lose: who stores what in which slot of the result file.
 *
 * Every rank writes two free slots in turn, so that the state before survives a kill in the midst of a write. A state left by
 * an earlier launch, whatever its number of ranks, is read where its unit is done again, and its slot written by nobody in this
 * launch. With three slots a rank of the first launch, both always find room.
 */
#ifndef BORDERLINE_RUN_CHECKPOINTS_H
#define BORDERLINE_RUN_CHECKPOINTS_H

#include "experiment/worker.h"
#include "interrupt.h"
#include "store/results.h"

enum { BL_CHECKPOINTS_OWN = 2, BL_CHECKPOINTS_A_RANK = 3 };

typedef struct bl_slot {
    int64_t unit, sequence; /* -1: free */
} bl_slot;

typedef struct bl_checkpoints {
    bl_results *results;     /* borrowed */
    bl_interrupt *interrupt; /* borrowed */
    size_t slots;            /* 0: nothing is stored */
    bl_slot *slot;           /* as they were when the launch began */
    uint64_t *state;         /* while slots are read */
    size_t mine[BL_CHECKPOINTS_OWN], own, next;
    int64_t sequence; /* of the unit in progress */
    double interval, last;
} bl_checkpoints;

/* What earlier launches left, of units that are not done (rank 0 knows which), and this rank's slots. Collective. */
bl_err bl_checkpoints_create(bl_results *results, bl_interrupt *interrupt, const bl_comm *comm,
                             double interval, const bool *done, int64_t units,
                             bl_checkpoints *checkpoints) BL_NODISCARD;
void bl_checkpoints_clear(bl_checkpoints *checkpoints);

/* Is there a state of the unit from an earlier launch? */
bool bl_checkpoints_has(const bl_checkpoints *checkpoints, int64_t unit);
/* Read it, when the unit's training begins. */
bl_err bl_checkpoints_recall(bl_checkpoints *checkpoints, int64_t unit, uint64_t *state,
                             bool *found) BL_NODISCARD;

/* Is it time to store: the interval is over, a signal came, the time limit is near? */
bool bl_checkpoints_due(const bl_checkpoints *checkpoints);
/* Store when it is; BL_ERR_STOPPED: the training is to be left. */
bl_err bl_checkpoints_keep(bl_checkpoints *checkpoints, int64_t unit, bl_worker *worker) BL_NODISCARD;

#endif
