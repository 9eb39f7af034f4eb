/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The result file of `measure`: one group per network, with the variables of a sweep over its own inputs.
 */
#ifndef BORDERLINE_MEASUREMENT_H
#define BORDERLINE_MEASUREMENT_H

#include "results.h"

typedef struct bl_measurement_entry {
    const char *name;
    size_t dimension, inputs;
} bl_measurement_entry;

/** Create OUT.h5 of measure (as bl_results_create; only rank 0 calls): a group per network with the variables of a record, axes
 * input and p (those of certificates if asked); points [input, p, n] if asked; coordinates; provenance at the root. */
BL_API bl_err bl_measurement_create(const char *path, size_t count, const bl_measurement_entry *entry,
                                    size_t p_count, const double *p, bool points, bool certified,
                                    const bl_provenance *provenance, const char *options_text,
                                    bool force) BL_NODISCARD;

/** Write the record of a network and, where the file has them, its boundary points[inputs][p][dimension] (else NULL),
 * independently of other ranks; the file was opened by bl_results_open for writing, which serves both kinds. Collective: no. */
BL_API bl_err bl_measurement_write(bl_results *results, const char *name, size_t dimension,
                                   const bl_record *record, const double *points) BL_NODISCARD;

/* What is read back of one network. Borrowed for the visit. */
typedef struct bl_measurement_view {
    const char *name;
    const double *p;         /* [record->shape.norms] */
    const bl_record *record; /* its inputs; variables that the file has */
} bl_measurement_view;

/** Visit every network of a measurement in the order of its file.
 *
 * Collective:  no; also while a run of `measure` is writing.
 * Ownership:   the view is borrowed for the call of visit.
 * @return BL_OK; what visit returned; BL_ERR_INPUT or BL_ERR_IO when the file is not whole.
 */
BL_API bl_err bl_measurement_each(const bl_results *results,
                                  bl_err (*visit)(void *context, const bl_measurement_view *view),
                                  void *context) BL_NODISCARD;

#endif
