/* SPDX-License-Identifier: BSD-3-Clause */
#include "record_group.h"

#include "base/hash.h"
#include "variable.h"

size_t bl_record_group_fields(bool certified, bl_field_id field[BL_FIELD_COUNT]) {
    size_t count = 0;
    for (int f = 0; f < BL_FIELD_COUNT; f++)
        if (bl_field_of_findings((bl_field_id)f) && f != BL_FIELD_STATUS &&
            (certified || bl_fields[f].writer != BL_WRITER_CERTIFICATE))
            field[count++] = (bl_field_id)f;
    field[count++] = BL_FIELD_STATUS;
    return count;
}

bl_err bl_record_group_create(hid_t group, const bl_record_axes *axes, bool certified) {
    bl_err err = BL_OK;
    bl_field_id field[BL_FIELD_COUNT];
    const size_t fields = bl_record_group_fields(certified, field);
    for (size_t i = 0; i < fields; i++)
        BL_TRY(bl_variable_create(group, bl_fields[field[i]].name, field[i],
                                  axes->count - (bl_field_has_axis(field[i], BL_AXIS_P) ? 0 : 1),
                                  axes->length, axes->where, axes->name));
cleanup:
    return err;
}

bl_err bl_record_group_write(const char *path, hid_t group, const bl_record *record) {
    bl_err err = BL_OK;
    bl_field_id field[BL_FIELD_COUNT];
    const size_t fields = bl_record_group_fields(record->shape.certified, field);
    for (size_t i = 0; i < fields; i++)
        BL_TRY(bl_h5_write_whole(path, group, bl_fields[field[i]].name,
                                 bl_variable_type(bl_fields[field[i]].type),
                                 bl_record_elements(&record->shape, field[i]), record->data[field[i]]));
cleanup:
    return err;
}

bl_err bl_record_group_read(const char *path, hid_t group, const bl_record_shape *shape, bl_record *record) {
    bl_err err = BL_OK;
    bl_field_id field[BL_FIELD_COUNT], there[BL_FIELD_COUNT];
    const size_t fields = bl_record_group_fields(true, field);
    size_t count = 0;
    for (size_t i = 0; i < fields; i++)
        if ((!bl_fields[field[i]].later && !bl_field_is_optional(field[i])) ||
            H5Lexists(group, bl_fields[field[i]].name, H5P_DEFAULT) > 0)
            there[count++] = field[i];
    BL_TRY(bl_record_create(shape, there, count, record));
    for (size_t i = count; i-- > 0;)
        BL_TRY(bl_h5_read_whole(path, group, bl_fields[there[i]].name,
                                bl_variable_type(bl_fields[there[i]].type),
                                bl_record_elements(shape, there[i]), record->data[there[i]]));
cleanup:
    return err;
}

uint64_t bl_record_group_hash(const bl_record *record) {
    uint64_t hash = BL_HASH_START;
    bl_field_id field[BL_FIELD_COUNT];
    const size_t fields = bl_record_group_fields(true, field);
    for (size_t i = 0; i < fields; i++)
        if (record->data[field[i]])
            hash = bl_hash_bytes(hash, record->data[field[i]],
                                 bl_record_elements(&record->shape, field[i]) *
                                     bl_type_size(bl_fields[field[i]].type));
    return hash;
}
