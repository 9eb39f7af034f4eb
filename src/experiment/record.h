/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Findings about many inputs, one array per variable of the result file: what a unit writes, what the summary reads, and what
 * files of `measure` and `posterior` hold. The table of fields says which variables there are and where a finding has their
 * values, so nothing here names a variable.
 */
#ifndef BORDERLINE_RECORD_H
#define BORDERLINE_RECORD_H

#include "fields.h"
#include "finding.h"

/* Lengths of a record's arrays. */
typedef struct bl_record_shape {
    size_t rows;     /* networks x kinds of input x inputs */
    size_t norms;    /* values of p per row */
    size_t networks; /* trained ones; 0: without training */
    size_t epochs;   /* rows of a training, its random start included */
    bool certified;  /* with the variables of certificates */
} bl_record_shape;

typedef struct bl_record {
    bl_record_shape shape;
    /* One array per field, of the field's type: by its axes [row][p], [row], [network][epoch] or [network]; NULL where the field
     * is not recorded. */
    void *data[BL_FIELD_COUNT];
} bl_record;

/** Memory for a record, all zero.
 *
 * Collective:  no.
 * Ownership:   *record is the caller's and cleared with bl_record_clear, also after a failure.
 * @param[in] field   the `fields` variables wanted; NULL: all that a unit of this shape writes
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_record_create(const bl_record_shape *shape, const bl_field_id *field, size_t fields,
                               bl_record *record) BL_NODISCARD;
BL_API void bl_record_clear(bl_record *record);

/** Enter findings about rows first ... first + rows - 1.
 * Shapes:      finding[rows][shape.norms]. Variables without the axis p take the first p's value.
 * Collective:  no.
 */
BL_API void bl_record_enter(bl_record *record, size_t first, size_t rows, const bl_finding *finding);

/** Elements of a variable in a record of this shape. Collective: no. */
BL_API size_t bl_record_elements(const bl_record_shape *shape, bl_field_id field);

/** Bytes of a record of all variables. Collective: no. */
BL_API size_t bl_record_bytes(const bl_record_shape *shape);

#endif
