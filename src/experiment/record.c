/* SPDX-License-Identifier: BSD-3-Clause */
#include "record.h"

#include "base/mem.h"

#include <string.h>

static bool is_written(const bl_record_shape *shape, bl_field_id field) {
    const bl_writer writer = bl_fields[field].writer;
    return writer == BL_WRITER_UNIT || (writer == BL_WRITER_CERTIFICATE && shape->certified) ||
           (writer == BL_WRITER_TRAINING && shape->networks > 0);
}

size_t bl_record_elements(const bl_record_shape *shape, bl_field_id field) {
    if (bl_field_has_axis(field, BL_AXIS_INPUT))
        return shape->rows * (bl_field_has_axis(field, BL_AXIS_P) ? shape->norms : 1);
    return shape->networks * (bl_field_has_axis(field, BL_AXIS_EPOCH) ? shape->epochs : 1);
}

size_t bl_record_bytes(const bl_record_shape *shape) {
    size_t bytes = 0;
    for (size_t f = 0; f < BL_FIELD_COUNT; f++)
        if (is_written(shape, (bl_field_id)f))
            bytes += bl_record_elements(shape, (bl_field_id)f) * bl_type_size(bl_fields[f].type);
    return bytes;
}

static bl_err create_column(bl_record *record, bl_field_id field) {
    record->data[field] =
        bl_mem_alloc(bl_record_elements(&record->shape, field), bl_type_size(bl_fields[field].type));
    return record->data[field] ? BL_OK : BL_ERR_MEMORY;
}

bl_err bl_record_create(const bl_record_shape *shape, const bl_field_id *field, size_t fields,
                        bl_record *record) {
    bl_err err = BL_OK;
    *record = (bl_record){.shape = *shape};
    for (size_t i = 0; field && i < fields; i++)
        BL_TRY(create_column(record, field[i]));
    for (size_t f = 0; !field && f < BL_FIELD_COUNT; f++)
        if (is_written(shape, (bl_field_id)f))
            BL_TRY(create_column(record, (bl_field_id)f));
cleanup:
    return err;
}

void bl_record_clear(bl_record *record) {
    for (size_t f = 0; f < BL_FIELD_COUNT; f++)
        bl_mem_free(record->data[f]);
    *record = (bl_record){0};
}

void bl_record_enter(bl_record *record, size_t first, size_t rows, const bl_finding *finding) {
    const size_t norms = record->shape.norms;
    BL_ASSERT(first + rows <= record->shape.rows);
    for (size_t f = 0; f < BL_FIELD_COUNT; f++) {
        if (!record->data[f] || !bl_field_of_findings((bl_field_id)f))
            continue;
        const size_t size = bl_type_size(bl_fields[f].type);
        const size_t step = bl_field_has_axis((bl_field_id)f, BL_AXIS_P) ? 1 : norms;
        char *to = (char *)record->data[f] + first * (norms / step) * size;
        for (size_t i = 0; i < rows * norms; i += step, to += size)
            memcpy(to, (const char *)&finding[i] + bl_fields[f].offset, size);
    }
}
