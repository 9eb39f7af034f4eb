/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the table of variables says of one of them, and which sweeps have it.
 */
#include "fields.h"

#include <string.h>

static bool in_group(bl_field_id field, const char *group) {
    const size_t length = strlen(group);
    return strncmp(bl_fields[field].name, group, length) == 0 && bl_fields[field].name[length] == '/';
}

bool bl_field_has_axis(bl_field_id field, bl_axis_id axis) {
    for (size_t i = 0; i < bl_fields[field].rank; i++)
        if (bl_fields[field].axis[i] == axis)
            return true;
    return false;
}

bool bl_field_of_findings(bl_field_id field) {
    return bl_fields[field].writer == BL_WRITER_UNIT || bl_fields[field].writer == BL_WRITER_CERTIFICATE;
}

bool bl_field_of_units(bl_field_id field) {
    return (bl_field_of_findings(field) || bl_fields[field].writer == BL_WRITER_TRAINING) &&
           !bl_fields[field].varies;
}

/* Whether only sweeps that certify have it. */
static bool of_certificates(bl_field_id field) {
    return bl_fields[field].writer == BL_WRITER_CERTIFICATE ||
           (field >= BL_FIELD_SUMMARY_CERTIFIED_RATIO && field <= BL_FIELD_SUMMARY_CERTIFIED_MEDIAN_HIGH);
}

bool bl_field_is_optional(bl_field_id field) {
    return of_certificates(field) || in_group(field, "training") || in_group(field, "kernel") ||
           bl_field_has_axis(field, BL_AXIS_KERNEL_INPUT);
}

/* Whether the file of this grid has the field, as far as its axes do not tell. */
static bool has(const bl_grid *grid, bl_field_id field) {
    return (!of_certificates(field) || grid->config->certify != BL_CERTIFY_NONE) &&
           (!in_group(field, "training") || grid->config->training.set != BL_TRAINING_NONE) &&
           (!in_group(field, "kernel") || grid->config->kernel_inputs > 0);
}

size_t bl_field_elements(const bl_grid *grid, bl_field_id field) {
    size_t elements = has(grid, field);
    for (size_t i = 0; i < bl_fields[field].rank; i++)
        elements *= bl_axis_length(grid, bl_fields[field].axis[i]);
    return elements;
}

size_t bl_type_size(bl_type type) {
    static const size_t size[] = {[BL_INT8] = 1,
                                  [BL_INT32] = sizeof(int32_t),
                                  [BL_INT64] = sizeof(int64_t),
                                  [BL_FLOAT64] = sizeof(double)};
    return size[type];
}

double bl_fields_bytes(const bl_grid *grid) {
    double bytes = 0.0;
    for (size_t f = 0; f < BL_FIELD_COUNT; f++) {
        double elements = has(grid, (bl_field_id)f) ? 1.0 : 0.0;
        for (size_t i = 0; i < bl_fields[f].rank; i++)
            elements *= (double)bl_axis_length(grid, bl_fields[f].axis[i]);
        bytes += elements * (double)bl_type_size(bl_fields[f].type);
    }
    return bytes;
}
