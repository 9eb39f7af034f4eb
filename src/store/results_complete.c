/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Completeness: the mark, and a checksum of what no unit's and no case's checksum covers. HDF5 itself keeps checksums of its
 * metadata (h5_creation.c asks for them).
 */
#include "results_internal.h"

#include "base/hash.h"
#include "base/mem.h"
#include <string.h>

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
        *hash = bl_hash_words(*hash, words, length);
        for (axis = split; axis > 0 && ++start[axis - 1] == extent[axis - 1]; axis--)
            start[axis - 1] = 0;
    } while (axis > 0);
cleanup:
    bl_mem_free(words);
    return err;
}

/* Whether the file's checksum covers the field. Kernels have checksums of their own unless an earlier version wrote the file. */
static bool is_covered(const bl_results *results, bl_field_id field) {
    const bl_writer writer = bl_fields[field].writer;
    return writer == BL_WRITER_SUMMARY || writer == BL_WRITER_KERNEL_MARK ||
           (writer == BL_WRITER_KERNEL && !bl_results_marks_kernels(results));
}

static bl_err hash_sweep(const bl_results *results, int64_t *sum) {
    bl_err err = BL_OK;
    uint64_t hash = BL_HASH_START;
    for (int f = 0; f < BL_FIELD_COUNT; f++)
        if (results->field[f] >= 0 && is_covered(results, (bl_field_id)f))
            BL_TRY(hash_field(results, (bl_field_id)f, &hash));
    memcpy(sum, &hash, sizeof hash);
cleanup:
    return err;
}

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
