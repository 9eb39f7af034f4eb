/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How long work tells its caller of its progress, and how the caller stops it.
 */
#ifndef BORDERLINE_HOOKS_H
#define BORDERLINE_HOOKS_H

#include "borderline/err.h"
#include <stdint.h>

/* The phases of a sweep, in their order. `measure` has units alone: its networks. */
typedef enum bl_phase {
    BL_PHASE_UNITS,   /* items: units of networks and inputs */
    BL_PHASE_KERNELS, /* items: cases */
    BL_PHASE_SUMMARY  /* one item */
} bl_phase;

/* How far a phase is. */
typedef struct bl_progress {
    bl_phase phase;
    int64_t before; /* items that are done since earlier launches */
    int64_t done;   /* items that this launch has done, on all ranks, as far as rank 0 knows */
    int64_t total;  /* all items of the phase */
    bool ended;     /* this is the phase's last call */
} bl_progress;

/* What a caller of long work may give to it. Each function may be NULL. */
typedef struct bl_hooks {
    /* Called on rank 0 alone: when a phase begins (done == 0), between pieces of work, which may be many times in a second, and
     * when the phase ends. It must return quickly, and may not call MPI collectively. */
    void (*progress)(void *context, const bl_progress *progress);
    /* Called on every rank between pieces of work: 0 to go on; the number of the signal that asks for a stop; any other positive
     * number for a reason of the caller's own. It is enough that one rank says so. */
    int (*stop)(void *context);
    void *context;
} bl_hooks;

#endif
