/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A unit of the sweep: number in, record out. A pure function of (configuration, unit number).
 */
#ifndef BORDERLINE_UNIT_H
#define BORDERLINE_UNIT_H

#include "borderline/boundary.h"
#include "borderline/grid.h"
#include "borderline/network.h"
#include "borderline/trained.h"

/* Results of the networks of a unit, in the order of the file's slabs: [network][kind][input][p]; one kind without training. */
typedef struct bl_record {
    bl_unit unit;
    double *distance, *distance_inside, *first_order, *input_norm;
    int32_t *passes, *restarts_won;
    int8_t *status, *first_step_crosses;
    double *output, *gradient_norm;                   /* [network][kind][input] */
    bl_training_curve training;                       /* [network][epoch], of sweeps that train */
    int32_t *training_restarts;                       /* [network] */
    double seconds, seconds_sampling, seconds_passes; /* wall time */
} bl_record;

typedef struct bl_worker bl_worker;

/** What a rank needs to do units one after another: keeps the engine of the last case.
 * Collective:  no.
 * Ownership:   grid and images (NULL: a sweep that does not train) are borrowed for the worker's life; stop as in bl_search_options.
 */
BL_API bl_err bl_worker_create(const bl_grid *grid, const bl_images *images, bool (*stop)(void *context),
                               void *stop_context, bl_worker **out) BL_NODISCARD;
BL_API void bl_worker_destroy(bl_worker **worker);

/** Do a unit.
 * Ownership:   *record is borrowed from the worker until its next unit.
 * @return BL_OK; BL_ERR_STOPPED (nothing of the unit is kept); an error of a library.
 */
BL_API bl_err bl_worker_run(bl_worker *worker, int64_t unit, const bl_record **record) BL_NODISCARD;

/** The search options of a configuration (p is borrowed from it). */
BL_API bl_search_options bl_search_options_of(const bl_config *config);

/** Sample network number `number` of the case with its inputs x[inputs][n], as every unit does.
 * Ownership:   network made by bl_network_create for the case; NULL: only the inputs.
 */
BL_API void bl_unit_sample(const bl_config *config, const bl_case *c, size_t number, bl_network *network,
                           float *x);

/** Bytes a worker holds at the most while it does units of the grid: the largest case. *largest (may be
 * NULL): its number. */
BL_API bl_err bl_worker_memory(const bl_grid *grid, size_t *bytes, size_t *largest) BL_NODISCARD;

#endif
