/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Slabs of a sweep's variables, written and read by any rank independently of the others.
 */
#include "results_internal.h"

/* Numbers are given one per axis of the table: keep those of the axes that are in the file, and count them. */
static size_t squeeze(const bl_results *results, const bl_field *field, const size_t *of_table,
                      size_t *of_file) {
    size_t rank = 0;
    for (size_t i = 0; i < field->rank; i++)
        if (results->kinds || field->axis[i] != BL_AXIS_IMAGE_KIND)
            of_file[rank++] = of_table[i];
    return rank;
}

bl_err bl_results_shape(const bl_results *results, bl_field_id id, size_t *shape) {
    bl_err err = BL_OK;
    const bl_field *field = &bl_fields[id];
    size_t axis[BL_FIELD_RANK_MAX], index[BL_FIELD_RANK_MAX];
    hsize_t extent[BL_FIELD_RANK_MAX] = {0};
    hid_t space = H5Dget_space(results->field[id]);
    for (size_t i = 0; i < field->rank; i++) {
        shape[i] = 1;
        index[i] = i;
    }
    const size_t rank = squeeze(results, field, index, axis);
    BL_REQUIRE(H5Sget_simple_extent_ndims(space) == (int)rank, BL_ERR_INPUT,
               "%s: variable %s does not have %zu axes", results->path, field->name, rank);
    BL_H5(H5Sget_simple_extent_dims(space, extent, NULL), "%s: %s", results->path, field->name);
    for (size_t i = 0; i < rank; i++)
        shape[axis[i]] = (size_t)extent[i];
cleanup:
    bl_h5_close(&space);
    return err;
}

void bl_results_slab_close(bl_slab *s) {
    bl_h5_close(&s->memory);
    bl_h5_close(&s->file);
}

bl_err bl_results_slab_open(const bl_results *results, hid_t dataset, const char *name, size_t rank,
                            const size_t *start, const size_t *count, bl_slab *s) {
    bl_err err = BL_OK;
    hsize_t first[BL_FIELD_RANK_MAX], length[BL_FIELD_RANK_MAX], extent[BL_FIELD_RANK_MAX] = {0};
    BL_H5(s->file = H5Dget_space(dataset), "%s: %s", results->path, name);
    BL_H5(H5Sget_simple_extent_dims(s->file, extent, NULL), "%s: %s", results->path, name);
    for (size_t i = 0; i < rank; i++) {
        first[i] = start[i];
        length[i] = count[i];
        BL_REQUIRE(first[i] + length[i] <= extent[i], BL_ERR_INPUT,
                   "%s: elements %zu to %zu of axis %zu of %s are asked for, it has %llu", results->path,
                   start[i], start[i] + count[i] - 1, i, name, (unsigned long long)extent[i]);
    }
    BL_H5(s->memory = H5Screate_simple((int)rank, length, NULL), "%s: %s", results->path, name);
    BL_H5(H5Sselect_hyperslab(s->file, H5S_SELECT_SET, first, NULL, length, NULL), "%s: %s", results->path,
          name);
cleanup:
    return err;
}

static bool slab_is_empty(size_t rank, const size_t *count) {
    for (size_t i = 0; i < rank; i++)
        if (count[i] == 0)
            return true;
    return false;
}

/* The slab of a field, whose start and count are given per axis of the table. */
static bl_err open_field_slab(const bl_results *results, bl_field_id field, const size_t *start,
                              const size_t *count, bl_slab *s) {
    bl_err err = BL_OK;
    const bl_field *f = &bl_fields[field];
    size_t first[BL_FIELD_RANK_MAX], length[BL_FIELD_RANK_MAX];
    const size_t rank = squeeze(results, f, start, first);
    (void)squeeze(results, f, count, length);
    BL_REQUIRE(results->field[field] >= 0, BL_ERR_INPUT, "%s: variable %s is missing", results->path,
               f->name);
    BL_TRY(bl_results_slab_open(results, results->field[field], f->name, rank, first, length, s));
cleanup:
    return err;
}

bl_err bl_results_write(bl_results *results, bl_field_id field, const size_t *start, const size_t *count,
                        const void *data) {
    bl_err err = BL_OK;
    const bl_field *f = &bl_fields[field];
    bl_slab s = BL_NO_SLAB;
    const bool lacks =
        results->field[field] < 0 && f->later; /* a file of an earlier version stays as it is */
    if (slab_is_empty(f->rank, count) || lacks)
        return BL_OK;
    BL_ASSERT(results->writable);
    BL_TRY(open_field_slab(results, field, start, count, &s));
    BL_TRY(bl_h5_write(results->path, f->name, results->field[field], bl_variable_type(f->type), s.memory,
                       s.file, data));
cleanup:
    bl_results_slab_close(&s);
    return err;
}

bl_err bl_results_read(const bl_results *results, bl_field_id field, const size_t *start, const size_t *count,
                       void *data) {
    bl_err err = BL_OK;
    const bl_field *f = &bl_fields[field];
    bl_slab s = BL_NO_SLAB;
    if (slab_is_empty(f->rank, count))
        return BL_OK;
    BL_TRY(open_field_slab(results, field, start, count, &s));
    BL_H5(H5Dread(results->field[field], bl_variable_type(f->type), s.memory, s.file, H5P_DEFAULT, data),
          "%s: %s could not be read", results->path, f->name);
cleanup:
    bl_results_slab_close(&s);
    return err;
}

bool bl_results_has(const bl_results *results, bl_field_id field) {
    return results->field[field] >= 0;
}
