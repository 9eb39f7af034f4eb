/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Creation of a sweep's file: axes, variables, the table of units.
 */
#include "results_internal.h"

#include "base/mem.h"
#include "root.h"
#include <stdio.h>
#include <string.h>

static bl_err create_field(hid_t file, const bl_grid *grid, bl_field_id field) {
    const bl_field *f = &bl_fields[field];
    size_t shape[BL_FIELD_RANK_MAX], rank = 0;
    hid_t where[BL_FIELD_RANK_MAX];
    const char *axis[BL_FIELD_RANK_MAX];
    if (bl_field_elements(grid, field) == 0)
        return BL_OK;
    for (size_t i = 0; i < f->rank; i++) {
        if (!bl_axis_exists(grid, f->axis[i]))
            continue;
        shape[rank] = bl_axis_length(grid, f->axis[i]);
        where[rank] = file;
        axis[rank++] = f->axis[i] == BL_AXIS_UNIT     ? "unit/unit"
                       : f->axis[i] == BL_AXIS_LAUNCH ? "provenance/launch/launch"
                                                      : bl_axis_name[f->axis[i]];
    }
    return bl_variable_create(file, f->name, field, rank, shape, where, axis);
}

/* --- axes --- */

/* Coordinates that are whole numbers are stored as such; widths and p may be infinite. */
static bl_err create_value_axis(hid_t file, bl_axis_id axis, const bl_axis *values, bool whole) {
    bl_err err = BL_OK;
    int64_t *integer = NULL;
    BL_ALLOC(integer, values->count);
    for (size_t i = 0; whole && i < values->count; i++)
        integer[i] = (int64_t)values->value[i];
    BL_TRY(bl_h5_create_axis(file, bl_axis_name[axis], whole ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE,
                             values->count, whole ? (const void *)integer : values->value,
                             bl_axis_long_name[axis]));
cleanup:
    bl_mem_free(integer);
    return err;
}

/* What the numbers of the axis image_kind mean. */
static bl_err describe_kinds(hid_t file) {
    bl_err err = BL_OK;
    static const int64_t value[BL_KINDS] = {BL_KIND_TRAIN, BL_KIND_TEST, BL_KIND_RANDOM};
    hid_t dataset = H5I_INVALID_HID;
    BL_H5(dataset = H5Dopen2(file, bl_axis_name[BL_AXIS_IMAGE_KIND], H5P_DEFAULT), "image_kind");
    BL_TRY(bl_h5_attribute(dataset, "flag_values", H5T_NATIVE_INT64, BL_KINDS, value));
    BL_TRY(bl_h5_attribute_text(dataset, "flag_meanings", "train test random"));
cleanup:
    bl_h5_close(&dataset);
    return err;
}

static bl_err create_axes(hid_t file, const bl_grid *grid) {
    bl_err err = BL_OK;
    const bl_config *config = grid->config;
    BL_TRY(create_value_axis(file, BL_AXIS_DEPTH, &config->depth, true));
    BL_TRY(create_value_axis(file, BL_AXIS_WIDTH, &config->width, false));
    BL_TRY(create_value_axis(file, BL_AXIS_DIMENSION, &config->dimension, true));
    for (int a = BL_AXIS_NETWORK; a < BL_AXIS_UNIT; a++) { /* units and launches: in groups of their own */
        bl_axis_id axis = (bl_axis_id)a;
        size_t length = bl_axis_length(grid, axis);
        if (axis == BL_AXIS_P)
            BL_TRY(create_value_axis(file, axis, &config->p, false));
        else if (length > 0 && bl_axis_exists(grid, axis))
            BL_TRY(bl_h5_create_axis(file, bl_axis_name[axis], H5T_NATIVE_DOUBLE, length,
                                     axis == BL_AXIS_QUANTILE ? bl_quantile_level : NULL,
                                     bl_axis_long_name[axis]));
    }
    if (bl_axis_exists(grid, BL_AXIS_IMAGE_KIND))
        BL_TRY(describe_kinds(file));
cleanup:
    return err;
}

/* --- a sweep's file --- */

/* Which networks of which case a unit is, and what it should cost: known before anything runs. */
static bl_err write_units(hid_t file, const bl_grid *grid) {
    bl_err err = BL_OK;
    size_t units = (size_t)grid->units;
    int64_t *number = NULL; /* [BL_UNIT_NUMBERS][units] */
    double *cost = NULL;
    hid_t dataset = H5I_INVALID_HID;
    BL_ALLOC(number, BL_UNIT_NUMBERS * units);
    BL_ALLOC(cost, units);
    for (size_t u = 0; u < units; u++) {
        bl_unit unit = bl_grid_unit(grid, (int64_t)u);
        for (size_t i = 0; i < BL_UNIT_NUMBERS; i++)
            number[i * units + u] = bl_results_unit_number(&unit, i);
        cost[u] = bl_grid_cost(grid, (int64_t)u);
    }
    for (size_t i = 0; i <= BL_UNIT_NUMBERS; i++) {
        const bool last = i == BL_UNIT_NUMBERS;
        const bl_field *field = &bl_fields[last ? BL_FIELD_UNIT_COST : bl_results_unit_field[i]];
        BL_H5(dataset = H5Dopen2(file, field->name, H5P_DEFAULT), "%s", field->name);
        BL_H5(H5Dwrite(dataset, bl_variable_type(field->type), H5S_ALL, H5S_ALL, H5P_DEFAULT,
                       last ? (const void *)cost : number + i * units),
              "%s could not be written", field->name);
        bl_h5_close(&dataset);
    }
cleanup:
    bl_h5_close(&dataset);
    bl_mem_free(cost);
    bl_mem_free(number);
    return err;
}

static bl_err create_content(hid_t file, const bl_grid *grid, const char *config_text,
                             const char *config_resolved, size_t slots) {
    bl_err err = BL_OK;
    hid_t provenance = H5I_INVALID_HID, group = H5I_INVALID_HID;
    BL_TRY(create_axes(file, grid));
    BL_TRY(bl_root_create(file, BL_FORMAT_SWEEP, grid->config->name));
    BL_TRY(bl_variable_create_checksum(
        file, "checksum", "checksum of a complete file: summary, and what marks kernels as done",
        "64-bit FNV-1a over 8-byte words; units have theirs in unit/checksum, kernels in kernel/checksum"));
    BL_TRY(bl_root_create_provenance(file, BL_LAUNCHES_MAX, NULL, &provenance));
    BL_TRY(bl_h5_create_text(provenance, "config", config_text, "the sweep file as given (YAML)"));
    BL_TRY(bl_h5_create_text(provenance, "config_resolved", config_resolved,
                             "the sweep with every default and --set written out (YAML)"));
    BL_TRY(bl_h5_create_group(file, "summary", &group));
    bl_h5_close(&group);
    if (grid->config->training.set != BL_TRAINING_NONE)
        BL_TRY(bl_h5_create_group(file, "training", &group));
    bl_h5_close(&group);
    if (grid->config->kernel_inputs > 0)
        BL_TRY(bl_h5_create_group(file, "kernel", &group));
    bl_h5_close(&group);
    BL_TRY(bl_h5_create_group(file, "unit", &group));
    BL_TRY(bl_h5_create_axis(group, bl_axis_name[BL_AXIS_UNIT], H5T_NATIVE_INT64, (size_t)grid->units, NULL,
                             bl_axis_long_name[BL_AXIS_UNIT]));
    for (int f = 0; f < BL_FIELD_COUNT; f++)
        BL_TRY(create_field(file, grid, (bl_field_id)f));
    BL_TRY(write_units(file, grid));
    BL_TRY(bl_results_create_checkpoints(file, grid, slots));
cleanup:
    bl_h5_close(&group);
    bl_h5_close(&provenance);
    return err;
}

bl_err bl_results_create(const char *path, const bl_grid *grid, const char *config_text, size_t slots,
                         bool force) {
    bl_err err = BL_OK;
    bl_h5_creation creation = BL_H5_NO_CREATION;
    char *resolved = NULL;
    const double metadata = 1024.0 * 1024.0; /* coordinates, attributes, provenance: measured 0.3 MiB */
    double bytes = bl_fields_bytes(grid) + 8.0 * (double)grid->units + metadata, checkpoints = 0;
    size_t words = 0;
    BL_TRY(bl_results_checkpoint_room(grid, slots, &words, &checkpoints));
    BL_TRY(bl_config_resolve(grid->config, &resolved));
    BL_TRY(bl_h5_creation_begin(path, "--resume continues it, ", bytes + checkpoints, force, &creation));
    BL_TRY(create_content(creation.file, grid, config_text, resolved, slots));
    BL_TRY(bl_h5_creation_commit(&creation));
cleanup:
    bl_h5_creation_end(&creation);
    bl_mem_free(resolved);
    if (err == BL_ERR_IO)
        bl_err_prefix("%s: ", path);
    return err;
}
