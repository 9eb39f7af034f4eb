/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A record in a group of a file: the files of `measure` and `posterior`, whose inputs are not those of a sweep. Private to
 * src/store.
 */
#ifndef BORDERLINE_STORE_RECORD_GROUP_H
#define BORDERLINE_STORE_RECORD_GROUP_H

#include "experiment/record.h"
#include "h5.h"

enum { BL_RECORD_GROUP_AXES = 3 };

/* The axes of a record in a file: rows by one or two axes, then p. */
typedef struct bl_record_axes {
    size_t count; /* p, the last, included */
    const char *name[BL_RECORD_GROUP_AXES];
    size_t length[BL_RECORD_GROUP_AXES];
    hid_t where[BL_RECORD_GROUP_AXES]; /* group that the axis is in */
} bl_record_axes;

/** The variables in the order of the file: the table's, but for status, which tells that the others are there and is the last.
 * @return their number. */
size_t bl_record_group_fields(bool certified, bl_field_id field[BL_FIELD_COUNT]);

/** Create the variables, those of certificates if asked. */
bl_err bl_record_group_create(hid_t group, const bl_record_axes *axes, bool certified) BL_NODISCARD;

/** Write them all; the path is for messages. */
bl_err bl_record_group_write(const char *path, hid_t group, const bl_record *record) BL_NODISCARD;

/** Read those that the group has, status first; a variable is missing only where it is optional, or in a file of an
 * earlier version.
 * Ownership:   *record is the caller's (bl_record_clear), also after a failure; variables that are not there are NULL.
 */
bl_err bl_record_group_read(const char *path, hid_t group, const bl_record_shape *shape,
                            bl_record *record) BL_NODISCARD;

/** Hash of a record's variables in the order of the file. */
uint64_t bl_record_group_hash(const bl_record *record);

#endif
