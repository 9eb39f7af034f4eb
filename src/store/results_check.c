/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Checks that the axes of the file agree with the configuration in it.
 */
#include "results_internal.h"

#include "base/mem.h"

static bl_err read_axis(const bl_results *results, const char *name, size_t length, double *value) {
    bl_err err = BL_OK;
    hid_t space = H5I_INVALID_HID, dataset = H5Dopen2(results->file, name, H5P_DEFAULT);
    hsize_t stored = 0;
    if (dataset < 0)
        BL_TRY(bl_h5_fail(BL_ERR_INPUT, "%s is damaged: axis %s", results->path, name));
    BL_H5(space = H5Dget_space(dataset), "%s: axis %s", results->path, name);
    BL_REQUIRE(H5Sget_simple_extent_ndims(space) == 1 &&
                   H5Sget_simple_extent_dims(space, &stored, NULL) == 1 && stored == length,
               BL_ERR_INPUT, "%s is damaged: axis %s does not have the length that its configuration says",
               results->path, name);
    BL_H5(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value),
          "%s: axis %s could not be read", results->path, name);
cleanup:
    bl_h5_close(&space);
    bl_h5_close(&dataset);
    return err;
}

/* `expected` NULL: 0, 1, 2, ... */
static bl_err check_axis(const bl_results *results, const char *name, size_t length, const double *expected) {
    bl_err err = BL_OK;
    double *value = NULL;
    BL_ALLOC(value, length);
    BL_TRY(read_axis(results, name, length, value));
    for (size_t i = 0; i < length; i++)
        BL_REQUIRE(value[i] == (expected ? expected[i] : (double)i), BL_ERR_INPUT,
                   "%s is damaged: %s[%zu] is %g, but %g by its configuration", results->path, name, i,
                   value[i], expected ? expected[i] : (double)i);
cleanup:
    bl_mem_free(value);
    return err;
}

static bl_err check_shape(const bl_results *results, const bl_grid *grid, bl_field_id field) {
    bl_err err = BL_OK;
    const bl_field *f = &bl_fields[field];
    size_t length[BL_FIELD_RANK_MAX] = {0};
    BL_TRY(bl_results_shape(results, field, length));
    for (size_t i = 0; i < f->rank; i++)
        BL_REQUIRE(f->axis[i] == BL_AXIS_UNIT || length[i] == bl_axis_length(grid, f->axis[i]), BL_ERR_INPUT,
                   "%s is damaged: axis %zu of %s has length %zu, but %zu by its configuration",
                   results->path, i, f->name, length[i], bl_axis_length(grid, f->axis[i]));
cleanup:
    return err;
}

bl_err bl_results_check_axes(const bl_results *results, const bl_grid *grid) {
    bl_err err = BL_OK;
    const bl_config *config = grid->config;
    const double *const values[BL_AXIS_COUNT] = {
        [BL_AXIS_DEPTH] = config->depth.value,         [BL_AXIS_WIDTH] = config->width.value,
        [BL_AXIS_DIMENSION] = config->dimension.value, [BL_AXIS_P] = config->p.value,
        [BL_AXIS_QUANTILE] = bl_quantile_level,
    };
    for (int a = 0; a < BL_AXIS_UNIT; a++) {
        size_t length = bl_axis_length(grid, (bl_axis_id)a);
        if (length > 0 && bl_axis_exists(grid, (bl_axis_id)a))
            BL_TRY(check_axis(results, bl_axis_name[a], length, values[a]));
    }
    for (int f = 0; f < BL_FIELD_COUNT; f++) {
        const bool may_lack = bl_fields[f].later;
        BL_REQUIRE(results->field[f] >= 0 || may_lack || bl_field_elements(grid, (bl_field_id)f) == 0,
                   BL_ERR_INPUT, "%s is damaged: variable %s is missing", results->path, bl_fields[f].name);
        if (results->field[f] >= 0)
            BL_TRY(check_shape(results, grid, (bl_field_id)f));
    }
cleanup:
    return err;
}
