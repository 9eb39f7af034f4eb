/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The result file: created by rank 0 alone, then written by all ranks independently. results.c and networks.c
 * are the only files that include hdf5.h.
 */
#ifndef BORDERLINE_RESULTS_H
#define BORDERLINE_RESULTS_H

#include "borderline/boundary.h"
#include "borderline/fields.h"
#include "borderline/provenance.h"

typedef struct bl_results bl_results;
typedef enum bl_results_mode { BL_RESULTS_READ, BL_RESULTS_WRITE } bl_results_mode;

/** Create the file of a sweep: every dataset contiguous, allocated and filled (NaN, 0), coordinates and
 * bookkeeping written, under a temporary name beside it; flushed, closed, synced, renamed.
 *
 * Collective:  only rank 0 calls.
 * @param[in] config_text  the sweep file as given (with its name), stored beside the resolved form
 * @return BL_OK; BL_ERR_INPUT (exists and not force; directory missing or not writable; disk too full, sizes
 * named); BL_ERR_IO.
 */
BL_API bl_err bl_results_create(const char *path, const bl_grid *grid, const char *config_text,
                                bool force) BL_NODISCARD;

/** Open the file. Collective on comm in WRITE mode; in READ mode comm is not used and any process may call.
 */
BL_API bl_err bl_results_open(const char *path, bl_results_mode mode, const bl_comm *comm,
                              bl_results **out) BL_NODISCARD;
/** Close it; collective on the communicator it was opened with. Reports what could not be written. */
BL_API bl_err bl_results_close(bl_results **results) BL_NODISCARD;

/** The configuration the file was made with (as resolved), for --resume and show; a new bl_config of the
 * caller. */
BL_API bl_err bl_results_config(const bl_results *results, bl_config **out) BL_NODISCARD;

/** Write or read a slab of a field, independently of other ranks.
 *
 * Shapes:      start[rank], count[rank] of the field's axes; data has the field's type, row-major.
 */
BL_API bl_err bl_results_write(bl_results *results, bl_field_id field, const size_t *start,
                               const size_t *count, const void *data) BL_NODISCARD;
BL_API bl_err bl_results_read(const bl_results *results, bl_field_id field, const size_t *start,
                              const size_t *count, void *data) BL_NODISCARD;

/** Enter this launch's provenance as the next row of provenance/launch/... (fixed-length strings, allocated
 * at creation) and give its number. Only rank 0 calls, after opening. */
BL_API bl_err bl_results_add_launch(bl_results *results, const bl_provenance *provenance,
                                    int64_t *launch) BL_NODISCARD;

/** The sweep is finished, summary included; or ask so. Only rank 0 sets. */
BL_API bl_err bl_results_set_complete(bl_results *results, bool complete) BL_NODISCARD;
BL_API bl_err bl_results_is_complete(const bl_results *results, bool *complete) BL_NODISCARD;

/* --- output of `measure`: one group a network --- */

typedef struct bl_measurement_entry {
    const char *name;
    size_t dimension, inputs;
} bl_measurement_entry;

/** Create OUT.h5 of measure (same way, rank 0 only): groups with distance, distance_inside, status,
 * first_order, passes, restarts_won, input_norm [input, p], output [input], points [input, p, n] if asked;
 * coordinates; provenance at the root. */
BL_API bl_err bl_measurement_create(const char *path, size_t count, const bl_measurement_entry *entry,
                                    size_t p_count, const double *p, bool points,
                                    const bl_provenance *provenance, const char *options_text,
                                    bool force) BL_NODISCARD;
/** Write the results of network number `index` (independent; file opened by bl_results_open WRITE, which
 * serves both kinds). */
BL_API bl_err bl_measurement_write(bl_results *results, const char *name, size_t inputs, size_t p_count,
                                   size_t dimension, const bl_search_result *result, const double *output,
                                   const double *input_norm, const double *points) BL_NODISCARD;

#endif
