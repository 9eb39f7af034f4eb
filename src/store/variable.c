/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A variable of a result file as its row of the table describes it.
 */
#include "variable.h"

#include <math.h>
#include <string.h>

hid_t bl_variable_type(bl_type type) {
    switch (type) {
    case BL_INT8:
        return H5T_NATIVE_INT8;
    case BL_INT32:
        return H5T_NATIVE_INT32;
    case BL_INT64:
        return H5T_NATIVE_INT64;
    case BL_FLOAT64:
        return H5T_NATIVE_DOUBLE;
    }
    return H5I_INVALID_HID;
}

typedef union fill_value {
    int8_t int8;
    int32_t int32;
    int64_t int64;
    double float64;
} fill_value;

static fill_value fill_of(const bl_field *field) {
    switch (field->type) {
    case BL_INT8:
        return (fill_value){.int8 = field->fill};
    case BL_INT32:
        return (fill_value){.int32 = field->fill};
    case BL_INT64:
        return (fill_value){.int64 = field->fill};
    case BL_FLOAT64:
        break;
    }
    return (fill_value){.float64 = (double)NAN};
}

/* flag_values 0, 1, 2, ... and their words. */
static bl_err describe_flags(hid_t dataset, const char *words) {
    enum { FLAGS_MAX = 16 };
    bl_err err = BL_OK;
    int8_t value[FLAGS_MAX] = {0};
    size_t count = 1;
    for (const char *c = words; *c; c++)
        if (*c == ' ') {
            BL_ASSERT(count < FLAGS_MAX);
            value[count] = (int8_t)count;
            count++;
        }
    BL_TRY(bl_h5_attribute(dataset, "flag_values", H5T_NATIVE_INT8, count, value));
    BL_TRY(bl_h5_attribute_text(dataset, "flag_meanings", words));
cleanup:
    return err;
}

static bl_err describe(hid_t dataset, bl_field_id field) {
    bl_err err = BL_OK;
    const bl_field *f = &bl_fields[field];
    fill_value fill = fill_of(f);
    if (f->type == BL_FLOAT64 || f->fill < 0)
        BL_TRY(bl_h5_attribute(dataset, "_FillValue", bl_variable_type(f->type), 1, &fill));
    BL_TRY(bl_h5_attribute_text(dataset, "units", f->units));
    BL_TRY(bl_h5_attribute_text(dataset, "long_name", f->long_name));
    if (f->source)
        BL_TRY(bl_h5_attribute_text(dataset, "comment", f->source));
    if (f->flags)
        BL_TRY(describe_flags(dataset, f->flags));
cleanup:
    return err;
}

bl_err bl_variable_create(hid_t parent, const char *name, bl_field_id field, size_t rank, const size_t *shape,
                          const hid_t *where, const char *const *axis) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID;
    fill_value fill = fill_of(&bl_fields[field]);
    BL_TRY(bl_h5_create_dataset(parent, name, bl_variable_type(bl_fields[field].type), rank, shape, &fill,
                                &dataset));
    BL_TRY(describe(dataset, field));
    for (size_t i = 0; i < rank; i++)
        BL_TRY(bl_h5_attach_axis(dataset, i, where[i], axis[i]));
cleanup:
    bl_h5_close(&dataset);
    return err;
}

bl_err bl_variable_create_checksum(hid_t parent, const char *name, const char *long_name,
                                   const char *comment) {
    bl_err err = BL_OK;
    const int64_t none = 0;
    hid_t dataset = H5I_INVALID_HID;
    BL_TRY(bl_h5_create_dataset(parent, name, H5T_NATIVE_INT64, 0, NULL, &none, &dataset));
    BL_TRY(bl_h5_attribute_text(dataset, "units", "1"));
    BL_TRY(bl_h5_attribute_text(dataset, "long_name", long_name));
    BL_TRY(bl_h5_attribute_text(dataset, "comment", comment));
cleanup:
    bl_h5_close(&dataset);
    return err;
}

void bl_variable_fill(bl_field_id field, size_t elements, void *data) {
    const fill_value fill = fill_of(&bl_fields[field]);
    const size_t size = bl_type_size(bl_fields[field].type);
    for (size_t i = 0; i < elements; i++)
        memcpy((char *)data + i * size, &fill, size);
}
