/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A variable of a result file as its row of the table describes it. Private to src/store.
 */
#ifndef BORDERLINE_STORE_VARIABLE_H
#define BORDERLINE_STORE_VARIABLE_H

#include "experiment/fields.h"
#include "h5.h"

/** The type in the file and in memory. */
hid_t bl_variable_type(bl_type type);

/** Create it with its attributes, filled; axes names[rank] in where[rank]. */
bl_err bl_variable_create(hid_t parent, const char *name, bl_field_id field, size_t rank, const size_t *shape,
                          const hid_t *where, const char *const *axis) BL_NODISCARD;

/** What the file holds before anything is written, into data[elements] of the field's type. */
void bl_variable_fill(bl_field_id field, size_t elements, void *data);

/** A scalar variable for a checksum, 0 at first. */
bl_err bl_variable_create_checksum(hid_t parent, const char *name, const char *long_name,
                                   const char *comment) BL_NODISCARD;

#endif
