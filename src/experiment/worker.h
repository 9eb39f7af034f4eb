/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Who does units: number in, results out. A result is a pure function of configuration and unit number.
 */
#ifndef BORDERLINE_WORKER_H
#define BORDERLINE_WORKER_H

#include "borderline/grid.h"
#include "trained.h"
#include "unit.h"

typedef struct bl_worker bl_worker;

/* What the caller may do while a unit is in progress; each function may be NULL. */
typedef struct bl_worker_hooks {
    bool (*stop)(void *context);  /* as in bl_search_options: leave the unit, keep nothing */
    bool (*pause)(void *context); /* between steps of a training: is there reason to call `keep` now? */
    /* A training has paused or ended an epoch: bl_worker_state may be stored; BL_ERR_STOPPED leaves the unit. */
    bl_err (*keep)(void *context, int64_t unit, bl_worker *worker);
    /* Called before a training: if one of this unit was stored, put it into state[bl_worker_state_words] and set *found. */
    bl_err (*recall)(void *context, int64_t unit, uint64_t *state, bool *found);
    /* Called when a network has been drawn or trained, with its inputs x[bl_config_inputs][n]. */
    bl_err (*made)(void *context, const bl_case *c, size_t number, const bl_network *network, const float *x);
    void *context;
} bl_worker_hooks;

/** What a rank needs to do units one after another. It keeps the engine of the last case.
 * Collective:  no.
 * Ownership:   grid and images (NULL: a sweep that does not train) are borrowed for the worker's life; hooks are copied.
 */
BL_API bl_err bl_worker_create(const bl_grid *grid, const bl_images *images, const bl_worker_hooks *hooks,
                               bl_worker **out) BL_NODISCARD;
BL_API void bl_worker_destroy(bl_worker **worker);

/** Do a unit.
 * Collective:  no.
 * Ownership:   *result is borrowed from the worker until its next unit.
 * @return BL_OK; BL_ERR_STOPPED (nothing of the unit is kept); an error of a library.
 */
BL_API bl_err bl_worker_run(bl_worker *worker, int64_t unit, const bl_unit_result **result) BL_NODISCARD;

/** The state of the training in progress, inside `keep`: what `recall` gives back makes the unit go on from there with the same
 * bits.
 * Shapes:      words of bl_worker_state_words at the most: *count of them; borrowed until the next call.
 * Collective:  no.
 */
BL_API void bl_worker_state(bl_worker *worker, const uint64_t **words, size_t *count);

/** Words of the largest state of the grid's units; 0 where nothing is trained, or where a unit trains several networks: that takes
 * an instant. Collective: no. */
BL_API bl_err bl_worker_state_words(const bl_grid *grid, size_t *words) BL_NODISCARD;

/** Bytes a worker holds at the most while it does units of the grid: the largest case. *largest (may be
 * NULL): its number. Collective: no. */
BL_API bl_err bl_worker_memory(const bl_grid *grid, size_t *bytes, size_t *largest) BL_NODISCARD;

#endif
