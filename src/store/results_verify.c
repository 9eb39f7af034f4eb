/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the file says twice must agree: axes and configuration; the summary and its checksum. HDF5 itself keeps
 * checksums of its metadata (h5_creation.c asks for them), units and kernels have theirs (results_units.c, results_kernels.c).
 */
#include "results_internal.h"

#include "base/mem.h"
#include <string.h>

/* --- axes --- */

static bl_err read_axis(const bl_results *results, const char *name, size_t length, double *value) {
    bl_err err = BL_OK;
    hid_t space = H5I_INVALID_HID, dataset = H5Dopen2(results->file, name, H5P_DEFAULT);
    hsize_t stored = 0;
    if (dataset < 0)
        BL_TRY(bl_h5_fail(BL_ERR_INPUT, "%s is damaged: axis %s", results->path, name));
    BL_H5(space = H5Dget_space(dataset), "%s: axis %s", results->path, name);
    BL_REQUIRE(H5Sget_simple_extent_ndims(space) == 1 &&
                   H5Sget_simple_extent_dims(space, &stored, NULL) == 1 && stored == length,
               BL_ERR_INPUT, "%s is damaged: axis %s has not the length that its configuration says",
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
                   "%s is damaged: %s[%zu] is %g, by its configuration %g", results->path, name, i, value[i],
                   expected ? expected[i] : (double)i);
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
                   "%s is damaged: axis %zu of %s has length %zu, by its configuration %zu", results->path, i,
                   f->name, length[i], bl_axis_length(grid, f->axis[i]));
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
        const bool may_lack = bl_field_of_kernel_group((bl_field_id)f); /* a file of an earlier version */
        BL_REQUIRE(results->field[f] >= 0 || may_lack || bl_field_elements(grid, (bl_field_id)f) == 0,
                   BL_ERR_INPUT, "%s is damaged: variable %s is missing", results->path, bl_fields[f].name);
        if (results->field[f] >= 0)
            BL_TRY(check_shape(results, grid, (bl_field_id)f));
    }
cleanup:
    return err;
}

/* --- the summary; of a file whose kernels are not marked, those too --- */

/* Elements of all axes from `axis` on. */
static size_t elements_from(const bl_field *field, const size_t *extent, size_t axis) {
    size_t elements = 1;
    for (size_t i = axis; i < field->rank; i++)
        elements *= extent[i];
    return elements;
}

/* A whole field, in the largest pieces of trailing axes below a limit. */
static bl_err hash_field(const bl_results *results, bl_field_id id, uint64_t *hash) {
    enum { PIECE_MAX = 1 << 20 }; /* elements */
    bl_err err = BL_OK;
    const bl_field *field = &bl_fields[id];
    size_t extent[BL_FIELD_RANK_MAX] = {0};
    size_t start[BL_FIELD_RANK_MAX] = {0}, count[BL_FIELD_RANK_MAX] = {0}, split = 0, axis = 0;
    uint64_t *words = NULL;
    BL_TRY(bl_results_shape(results, id, extent));
    while (split + 1 < field->rank && elements_from(field, extent, split) > PIECE_MAX)
        split++;
    for (size_t i = 0; i < field->rank; i++)
        count[i] = i < split ? 1 : extent[i];
    size_t length = (elements_from(field, extent, split) * bl_type_size(field->type) + 7) / 8;
    BL_ALLOC(words, length);
    do {
        words[length - 1] = 0;
        BL_TRY(bl_results_read(results, id, start, count, words));
        *hash = bl_results_hash(*hash, words, length);
        for (axis = split; axis > 0 && ++start[axis - 1] == extent[axis - 1]; axis--)
            start[axis - 1] = 0;
    } while (axis > 0);
cleanup:
    bl_mem_free(words);
    return err;
}

static bl_err hash_sweep(const bl_results *results, int64_t *sum) {
    bl_err err = BL_OK;
    uint64_t hash = BL_RESULTS_HASH;
    for (int f = 0; f < BL_FIELD_COUNT; f++) {
        const bl_field *field = &bl_fields[f];
        bool of_units = bl_results_belongs_to_units(field) || field->axis[0] == BL_AXIS_UNIT;
        const bool covered = bl_results_marks_kernels(results) && bl_field_of_kernels((bl_field_id)f);
        if (results->field[f] >= 0 && !of_units && !covered && !field->bookkeeping)
            BL_TRY(hash_field(results, (bl_field_id)f, &hash));
    }
    memcpy(sum, &hash, sizeof hash);
cleanup:
    return err;
}

/* --- completion --- */

bl_err bl_results_set_complete(bl_results *results, bool complete) {
    bl_err err = BL_OK;
    const int8_t value = complete;
    int64_t sum = 0;
    if (complete && !results->measurement && results->checksum >= 0) {
        BL_TRY(hash_sweep(results, &sum));
        BL_TRY(bl_h5_write(results->path, "checksum", results->checksum, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL,
                           &sum));
    }
    BL_TRY(
        bl_h5_write(results->path, "complete", results->complete, H5T_NATIVE_INT8, H5S_ALL, H5S_ALL, &value));
cleanup:
    return err;
}

bl_err bl_results_is_complete(const bl_results *results, bool *complete, bool *intact) {
    bl_err err = BL_OK;
    int8_t value = 0;
    int64_t stored = 0, found = 0;
    BL_H5(H5Dread(results->complete, H5T_NATIVE_INT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value),
          "%s: complete could not be read", results->path);
    *complete = value == 1;
    *intact = value == 0 || value == 1;
    if (*complete && !results->measurement && results->checksum >= 0) {
        BL_H5(H5Dread(results->checksum, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, &stored),
              "%s: checksum could not be read", results->path);
        BL_TRY(hash_sweep(results, &found));
        *intact = found == stored;
        if (bl_results_marks_kernels(results))
            BL_TRY(bl_results_check_kernels(results, intact));
    }
cleanup:
    return err;
}
