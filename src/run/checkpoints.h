/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Checkpoints: states of trainings in progress, which a kill must not lose, in slots of the result file.
 *
 * Every rank writes two free slots in turn: if it is killed while it writes one, the other holds the state before. A state that an
 * earlier launch left, on whatever number of ranks, is read by the rank that does its unit again; no rank writes to its slot in
 * this launch. The file has three slots per rank of its first launch, which is room for both.
 */
#ifndef BORDERLINE_RUN_CHECKPOINTS_H
#define BORDERLINE_RUN_CHECKPOINTS_H

#include "experiment/worker.h"
#include "interrupt.h"
#include "store/results.h"

enum { BL_CHECKPOINTS_OWN = 2, BL_CHECKPOINTS_PER_RANK = 3 };

typedef struct bl_slot {
    int64_t unit, sequence; /* -1: free */
} bl_slot;

typedef struct bl_checkpoints {
    bl_results *results;     /* borrowed */
    bl_interrupt *interrupt; /* borrowed */
    size_t slots;            /* 0: nothing is stored */
    bl_slot *slot;           /* [slots] as they were when the launch began */
    uint64_t *state;         /* room for one state, while slots are read */
    size_t mine[BL_CHECKPOINTS_OWN], own, next;
    int64_t sequence; /* of the unit in progress */
    double interval, last;
} bl_checkpoints;

/* Find what earlier launches left of units that are not done (`done` counts on rank 0), and choose this rank's own slots.
 * Collective. */
bl_err bl_checkpoints_create(bl_results *results, bl_interrupt *interrupt, const bl_comm *comm,
                             double interval, const bool *done, int64_t units,
                             bl_checkpoints *checkpoints) BL_NODISCARD;
void bl_checkpoints_clear(bl_checkpoints *checkpoints);

/* Is there a state of the unit from an earlier launch? */
bool bl_checkpoints_has(const bl_checkpoints *checkpoints, int64_t unit);
/* Read it when the unit's training begins; *found is false where there is none. */
bl_err bl_checkpoints_recall(bl_checkpoints *checkpoints, int64_t unit, uint64_t *state,
                             bool *found) BL_NODISCARD;

/* Is it time to store the state: is the interval over, was a stop asked for, is the time limit near? */
bool bl_checkpoints_due(const bl_checkpoints *checkpoints);
/* Store the state if it is time. BL_ERR_STOPPED: the training must be left now. */
bl_err bl_checkpoints_keep(bl_checkpoints *checkpoints, int64_t unit, bl_worker *worker) BL_NODISCARD;

#endif
