/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The result file of `measure`: one group per network, with the variables of a sweep over its own inputs.
 */
#include "measurement_internal.h"

#include "base/hash.h"
#include "base/mem.h"
#include "record_group.h"
#include "results_internal.h"
#include "root.h"
#include <math.h>
#include <string.h>

enum { AXIS_INPUT, AXIS_P, AXIS_COORDINATE, AXES };
static const char *const axis_name[AXES] = {"input", "p", "coordinate"};

/* --- creation --- */

static bl_err create_points(hid_t group, const char *name, hid_t type, const void *fill, const size_t *shape,
                            const hid_t *where, const char *comment) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID;
    BL_TRY(bl_h5_create_dataset(group, name, type, AXES, shape, fill, &dataset));
    BL_TRY(bl_h5_attribute(dataset, "_FillValue", type, 1, fill));
    BL_TRY(bl_h5_attribute_text(dataset, "units", "1"));
    BL_TRY(bl_h5_attribute_text(dataset, "long_name", "boundary point x0 + h the distance belongs to"));
    BL_TRY(bl_h5_attribute_text(dataset, "comment", comment));
    for (size_t i = 0; i < AXES; i++)
        BL_TRY(bl_h5_attach_axis(dataset, i, where[i], axis_name[i]));
cleanup:
    bl_h5_close(&dataset);
    return err;
}

/* The points that were confirmed, and their nearest float32. */
static bl_err create_both_points(hid_t group, const size_t *shape, const hid_t *where) {
    bl_err err = BL_OK;
    const double nan64 = (double)NAN;
    const float nan32 = NAN;
    BL_TRY(bl_h5_create_dimension(group, axis_name[AXIS_COORDINATE], shape[AXIS_COORDINATE]));
    BL_TRY(create_points(group, "points", H5T_NATIVE_DOUBLE, &nan64, shape, where,
                         "classified otherwise than x0, confirmed in float64; NaN where status is not 1"));
    BL_TRY(create_points(
        group, "points_float32", H5T_NATIVE_FLOAT, &nan32, shape, where,
        "points, rounded to the nearest float32, which may lie a rounding on x0's side of the boundary"));
    BL_TRY(bl_variable_create_checksum(group, BL_POINTS_CHECKSUM, "checksum of points and points_float32",
                                       "64-bit FNV-1a over 8-byte words, the last one of each point padded "
                                       "with zeros; all points, then all of float32"));
cleanup:
    return err;
}

static bl_err create_network(hid_t file, const bl_measurement_entry *entry, size_t p_count, bool points,
                             bool certified) {
    bl_err err = BL_OK;
    hid_t group = H5I_INVALID_HID;
    BL_REQUIRE(H5Lexists(file, entry->name, H5P_DEFAULT) <= 0, BL_ERR_INPUT,
               "a network cannot be named \"%s\": the result file has a variable or network of this name",
               entry->name);
    BL_TRY(bl_h5_create_group(file, entry->name, &group));
    const size_t shape[AXES] = {entry->inputs, p_count, entry->dimension};
    const hid_t where[AXES] = {group, file, group};
    const int64_t dimension = (int64_t)entry->dimension;
    BL_TRY(bl_h5_attribute(group, "dimension", H5T_NATIVE_INT64, 0, &dimension));
    BL_TRY(bl_h5_create_axis(group, axis_name[AXIS_INPUT], H5T_NATIVE_INT64, entry->inputs, NULL,
                             "number of the input x0 in the networks file"));
    const bl_record_axes axes = {.count = 2,
                                 .name = {axis_name[AXIS_INPUT], axis_name[AXIS_P]},
                                 .length = {entry->inputs, p_count},
                                 .where = {group, file}};
    BL_TRY(bl_record_group_create(group, &axes, certified));
    BL_TRY(
        bl_variable_create_checksum(group, "checksum", "checksum of the network's variables, but for points",
                                    "64-bit FNV-1a over 8-byte words, variables in the order of creation"));
    if (points)
        BL_TRY(create_both_points(group, shape, where));
cleanup:
    bl_h5_close(&group);
    return err;
}

static double forecast_bytes(size_t count, const bl_measurement_entry *entry, size_t p_count, bool points,
                             bool certified) {
    double bytes = 512.0 * 1024.0; /* root and provenance */
    for (size_t i = 0; i < count; i++) {
        double rows = (double)entry[i].inputs * (double)p_count;
        bytes += 20.0 * 1024.0; /* a group, its attributes and axes */
        bytes += (double)bl_record_bytes(
            &(bl_record_shape){.rows = entry[i].inputs, .norms = p_count, .certified = certified});
        bytes += points ? rows * (double)entry[i].dimension * (sizeof(double) + sizeof(float)) : 0.0;
    }
    return bytes;
}

bl_err bl_measurement_create(const char *path, size_t count, const bl_measurement_entry *entry,
                             size_t p_count, const double *p, bool points, bool certified,
                             const bl_provenance *provenance, const char *options_text, bool force) {
    bl_err err = BL_OK;
    bl_h5_creation creation = BL_H5_NO_CREATION;
    hid_t group = H5I_INVALID_HID;
    double bytes = forecast_bytes(count, entry, p_count, points, certified);
    BL_TRY(bl_h5_creation_begin(path, "", bytes, force, &creation));
    BL_TRY(bl_h5_create_axis(creation.file, axis_name[AXIS_P], H5T_NATIVE_DOUBLE, p_count, p,
                             bl_axis_long_name[BL_AXIS_P]));
    BL_TRY(bl_root_create(creation.file, BL_FORMAT_MEASUREMENT, "distances of given networks"));
    BL_TRY(bl_root_create_provenance(creation.file, 1, provenance, &group));
    BL_TRY(bl_h5_create_text(group, "options", options_text, "options of the measurement"));
    for (size_t i = 0; i < count; i++)
        BL_TRY(create_network(creation.file, &entry[i], p_count, points, certified));
    bl_h5_close(&group);
    BL_TRY(bl_h5_creation_commit(&creation));
cleanup:
    bl_h5_close(&group);
    bl_h5_creation_end(&creation);
    if (err == BL_ERR_IO)
        bl_err_prefix("%s: ", path);
    return err;
}

/* --- writing --- */

/* The points, then what they are in float32. */
static bl_err hash_points(size_t rows, size_t dimension, const double *points, uint64_t *hash) {
    bl_err err = BL_OK;
    float *rounded = NULL;
    BL_ALLOC(rounded, dimension);
    *hash = BL_HASH_START;
    for (size_t i = 0; i < rows; i++)
        *hash = bl_hash_bytes(*hash, points + i * dimension, dimension * sizeof *points);
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < dimension; k++)
            rounded[k] = (float)points[i * dimension + k];
        *hash = bl_hash_bytes(*hash, rounded, dimension * sizeof *rounded);
    }
cleanup:
    bl_mem_free(rounded);
    return err;
}

static bl_err write_points(const char *path, hid_t group, size_t rows, size_t dimension,
                           const double *points) {
    bl_err err = BL_OK;
    const size_t count = rows * dimension;
    uint64_t hash = 0;
    BL_TRY(bl_h5_write_whole(path, group, "points", H5T_NATIVE_DOUBLE, count, points));
    BL_TRY(bl_h5_write_whole(path, group, "points_float32", H5T_NATIVE_DOUBLE, count, points));
    BL_TRY(hash_points(rows, dimension, points, &hash));
    BL_TRY(bl_h5_write_whole(path, group, BL_POINTS_CHECKSUM, H5T_NATIVE_INT64, 1, &hash));
cleanup:
    return err;
}

bl_err bl_measurement_write(bl_results *results, const char *name, size_t dimension, const bl_record *record,
                            const double *points) {
    bl_err err = BL_OK;
    const uint64_t hash = bl_record_group_hash(record);
    hid_t group = H5I_INVALID_HID;
    BL_ASSERT(results->writable && results->measurement);
    BL_H5(group = H5Gopen2(results->file, name, H5P_DEFAULT), "%s: network %s", results->path, name);
    if (points)
        BL_TRY(
            write_points(results->path, group, record->shape.rows * record->shape.norms, dimension, points));
    BL_TRY(bl_h5_write_whole(results->path, group, "checksum", H5T_NATIVE_INT64, 1, &hash));
    BL_TRY(bl_record_group_write(results->path, group, record));
cleanup:
    bl_h5_close(&group);
    if (err != BL_OK)
        bl_err_prefix("network %s: ", name);
    return err;
}
