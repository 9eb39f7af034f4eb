/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reading back what `measure` wrote, network by network.
 */
#include "measurement_internal.h"

#include "base/hash.h"
#include "base/mem.h"
#include "record_group.h"
#include "results_internal.h"
#include <string.h>

/* The values of p. */
static bl_err read_norms(const bl_results *results, size_t *count, double **p) {
    bl_err err = BL_OK;
    BL_TRY(bl_h5_elements(results->file, "p", count));
    BL_ALLOC(*p, *count);
    BL_TRY(bl_h5_read_whole(results->path, results->file, "p", H5T_NATIVE_DOUBLE, *count, *p));
cleanup:
    return err;
}

static bl_err compare(const bl_results *results, hid_t group, const char *network, const char *name,
                      const char *what, uint64_t found) {
    bl_err err = BL_OK;
    uint64_t stored = 0;
    BL_TRY(bl_h5_read_whole(results->path, group, name, H5T_NATIVE_INT64, 1, &stored));
    BL_REQUIRE(found == stored, BL_ERR_INPUT, "%s is damaged: %s %s does not match its checksum",
               results->path, what, network);
cleanup:
    return err;
}

/* Hash the points in the order of writing, those of one input at a time. */
static bl_err hash_points(const bl_results *results, hid_t group, const char *name, hid_t type, size_t bytes,
                          uint64_t *hash) {
    bl_err err = BL_OK;
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT), space = H5I_INVALID_HID;
    bl_slab s = BL_NO_SLAB;
    hsize_t extent[3] = {0};
    char *rows = NULL;
    BL_H5(dataset, "%s: %s", results->path, name);
    BL_H5(space = H5Dget_space(dataset), "%s: %s", results->path, name);
    BL_REQUIRE(H5Sget_simple_extent_ndims(space) == 3, BL_ERR_INPUT, "%s: %s does not have 3 axes",
               results->path, name);
    BL_H5(H5Sget_simple_extent_dims(space, extent, NULL), "%s: %s", results->path, name);
    BL_ALLOC(rows, extent[1] * extent[2] * bytes);
    for (size_t i = 0; i < extent[0]; i++) {
        const size_t start[3] = {i}, count[3] = {1, extent[1], extent[2]};
        BL_TRY(bl_results_slab_open(results, dataset, name, 3, start, count, &s));
        BL_H5(H5Dread(dataset, type, s.memory, s.file, H5P_DEFAULT, rows), "%s: %s", results->path, name);
        bl_results_slab_close(&s);
        for (size_t k = 0; k < extent[1]; k++)
            *hash = bl_hash_bytes(*hash, rows + k * extent[2] * bytes, extent[2] * bytes);
    }
cleanup:
    bl_results_slab_close(&s);
    bl_mem_free(rows);
    bl_h5_close(&space);
    bl_h5_close(&dataset);
    return err;
}

static bl_err check_points(const bl_results *results, hid_t group, const char *name) {
    bl_err err = BL_OK;
    uint64_t hash = BL_HASH_START;
    if (H5Lexists(group, BL_POINTS_CHECKSUM, H5P_DEFAULT) <= 0) /* without points, or of an earlier version */
        return BL_OK;
    BL_TRY(hash_points(results, group, "points", H5T_NATIVE_DOUBLE, sizeof(double), &hash));
    BL_TRY(hash_points(results, group, "points_float32", H5T_NATIVE_FLOAT, sizeof(float), &hash));
    BL_TRY(compare(results, group, name, BL_POINTS_CHECKSUM, "a boundary point of network", hash));
cleanup:
    return err;
}

/* A network whose status is there has all its variables, as they were when their checksum was made. */
static bl_err check_network(const bl_results *results, hid_t group, const char *name,
                            const bl_record *record) {
    bl_err err = BL_OK;
    const int8_t *status = record->data[BL_FIELD_STATUS];
    bool there = false;
    for (size_t i = 0; i < record->shape.rows * record->shape.norms; i++)
        there = there || status[i] != BL_STATUS_PENDING;
    if (!there ||
        H5Lexists(group, "checksum", H5P_DEFAULT) <= 0) /* not written yet; a file of an earlier version */
        return BL_OK;
    BL_TRY(compare(results, group, name, "checksum", "network", bl_record_group_hash(record)));
    BL_TRY(check_points(results, group, name));
cleanup:
    return err;
}

static bl_err visit_network(const bl_results *results, const char *name, size_t p_count, const double *p,
                            bl_err (*visit)(void *, const bl_measurement_view *), void *context) {
    bl_err err = BL_OK;
    hid_t group = H5I_INVALID_HID;
    bl_record_shape shape = {.norms = p_count};
    bl_record record = {0};
    BL_H5(group = H5Gopen2(results->file, name, H5P_DEFAULT), "%s: %s", results->path, name);
    BL_TRY(bl_h5_elements(group, "input", &shape.rows));
    BL_TRY(bl_record_group_read(results->path, group, &shape, &record));
    BL_TRY(check_network(results, group, name, &record));
    BL_TRY(visit(context, &(bl_measurement_view){.name = name, .p = p, .record = &record}));
cleanup:
    bl_record_clear(&record);
    bl_h5_close(&group);
    return err;
}

/* Name of link number `index` of the root, in the order of creation; empty where it is no network. */
static bl_err network_name(hid_t file, hsize_t index, char *name, size_t size) {
    bl_err err = BL_OK;
    hid_t object = H5I_INVALID_HID;
    BL_H5(H5Lget_name_by_idx(file, ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, index, name, size, H5P_DEFAULT),
          "a network's name");
    BL_H5(object = H5Oopen(file, name, H5P_DEFAULT), "%s", name);
    if (H5Iget_type(object) != H5I_GROUP ||
        H5Lexists(object, bl_fields[BL_FIELD_DISTANCE].name, H5P_DEFAULT) <= 0)
        name[0] = '\0';
cleanup:
    bl_h5_close(&object);
    return err;
}

bl_err bl_measurement_each(const bl_results *results,
                           bl_err (*visit)(void *context, const bl_measurement_view *view), void *context) {
    bl_err err = BL_OK;
    double *p = NULL;
    size_t p_count = 0;
    H5G_info_t root;
    BL_ASSERT(results->measurement);
    BL_TRY(read_norms(results, &p_count, &p));
    BL_H5(H5Gget_info(results->file, &root), "%s", results->path);
    for (hsize_t i = 0; i < root.nlinks; i++) {
        char name[512];
        BL_TRY(network_name(results->file, i, name, sizeof name));
        if (name[0] != '\0')
            BL_TRY(visit_network(results, name, p_count, p, visit, context));
    }
cleanup:
    bl_mem_free(p);
    return err;
}
