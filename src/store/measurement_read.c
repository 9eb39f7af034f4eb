/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reading back what `measure` wrote, network by network.
 */
#include "results_internal.h"

#include "base/mem.h"
#include <string.h>

/* A dataset of `elements` elements of a field's type, as new memory. */
static bl_err read_field(hid_t group, const char *path, bl_field_id field, size_t elements, void **out) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID, space = H5I_INVALID_HID;
    const char *name = bl_fields[field].name;
    char *data = NULL;
    BL_H5(dataset = H5Dopen2(group, name, H5P_DEFAULT), "%s: %s", path, name);
    BL_H5(space = H5Dget_space(dataset), "%s: %s", path, name);
    BL_REQUIRE(H5Sget_simple_extent_npoints(space) == (hssize_t)elements, BL_ERR_INPUT,
               "%s: %s does not have %zu elements", path, name, elements);
    data = bl_mem_alloc(elements, bl_type_size(bl_fields[field].type));
    BL_REQUIRE(data, BL_ERR_MEMORY, "out of memory for %s of %s", name, path);
    BL_H5(H5Dread(dataset, bl_results_type(bl_fields[field].type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data),
          "%s: %s", path, name);
    *out = data;
    data = NULL;
cleanup:
    bl_mem_free(data);
    bl_h5_close(&space);
    bl_h5_close(&dataset);
    return err;
}

/* Length of a one-dimensional dataset. */
static bl_err read_length(hid_t parent, const char *path, const char *name, size_t *length) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID, space = H5I_INVALID_HID;
    BL_H5(dataset = H5Dopen2(parent, name, H5P_DEFAULT), "%s: %s", path, name);
    BL_H5(space = H5Dget_space(dataset), "%s: %s", path, name);
    *length = (size_t)H5Sget_simple_extent_npoints(space);
cleanup:
    bl_h5_close(&space);
    bl_h5_close(&dataset);
    return err;
}

static bl_err read_norms(const bl_results *results, size_t *count, double **p) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID;
    BL_TRY(read_length(results->file, results->path, "p", count));
    BL_ALLOC(*p, *count);
    BL_H5(dataset = H5Dopen2(results->file, "p", H5P_DEFAULT), "%s: p", results->path);
    BL_H5(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, *p), "%s: p", results->path);
cleanup:
    bl_h5_close(&dataset);
    return err;
}

static bl_err compare(const bl_results *results, hid_t group, const char *network, const char *name,
                      const char *what, uint64_t found) {
    bl_err err = BL_OK;
    int64_t stored = 0; /* the same bits */
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
    BL_H5(dataset, "%s: %s/%s", results->path, network, name);
    BL_H5(H5Dread(dataset, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, &stored), "%s: %s/%s",
          results->path, network, name);
    BL_REQUIRE(memcmp(&found, &stored, sizeof found) == 0, BL_ERR_INPUT,
               "%s is damaged: %s %s does not match its checksum", results->path, what, network);
cleanup:
    bl_h5_close(&dataset);
    return err;
}

/* Hash points as written, an input's at a time. */
static bl_err hash_points(const bl_results *results, hid_t group, const char *name, hid_t type, size_t bytes,
                          uint64_t *hash) {
    bl_err err = BL_OK;
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT), space = H5I_INVALID_HID;
    bl_slab s = BL_NO_SLAB;
    hsize_t extent[3] = {0};
    char *rows = NULL;
    BL_H5(dataset, "%s: %s", results->path, name);
    BL_H5(space = H5Dget_space(dataset), "%s: %s", results->path, name);
    BL_REQUIRE(H5Sget_simple_extent_ndims(space) == 3, BL_ERR_INPUT, "%s: %s has not 3 axes", results->path,
               name);
    BL_H5(H5Sget_simple_extent_dims(space, extent, NULL), "%s: %s", results->path, name);
    BL_ALLOC(rows, extent[1] * extent[2] * bytes);
    for (size_t i = 0; i < extent[0]; i++) {
        const size_t start[3] = {i}, count[3] = {1, extent[1], extent[2]};
        BL_TRY(bl_results_slab_open(results, dataset, name, 3, start, count, &s));
        BL_H5(H5Dread(dataset, type, s.memory, s.file, H5P_DEFAULT, rows), "%s: %s", results->path, name);
        bl_results_slab_close(&s);
        for (size_t k = 0; k < extent[1]; k++)
            *hash = bl_results_hash_bytes(*hash, rows + k * extent[2] * bytes, extent[2] * bytes);
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
    uint64_t hash = BL_RESULTS_HASH;
    if (H5Lexists(group, BL_POINTS_CHECKSUM, H5P_DEFAULT) <= 0) /* without points, or of an earlier version */
        return BL_OK;
    BL_TRY(hash_points(results, group, "points", H5T_NATIVE_DOUBLE, sizeof(double), &hash));
    BL_TRY(hash_points(results, group, "points_float32", H5T_NATIVE_FLOAT, sizeof(float), &hash));
    BL_TRY(compare(results, group, name, BL_POINTS_CHECKSUM, "a boundary point of network", hash));
cleanup:
    return err;
}

/* A network whose status is there has all its variables, as they were when their checksum was made. */
static bl_err check_network(const bl_results *results, hid_t group, const char *name, size_t inputs,
                            size_t p_count, void *const *data) {
    bl_err err = BL_OK;
    const int8_t *status = data[BL_MEASUREMENT_VARIABLES - 1];
    uint64_t hash = BL_RESULTS_HASH;
    bool there = false;
    for (size_t i = 0; i < inputs * p_count; i++)
        there = there || status[i] != BL_STATUS_PENDING;
    if (!there ||
        H5Lexists(group, "checksum", H5P_DEFAULT) <= 0) /* not written yet; a file of an earlier version */
        return BL_OK;
    for (size_t v = 0; v < BL_MEASUREMENT_VARIABLES; v++)
        hash = bl_results_hash_bytes(hash, data[v],
                                     inputs * (bl_measurement_variables[v].rank == 2 ? p_count : 1) *
                                         bl_type_size(bl_fields[bl_measurement_variables[v].field].type));
    BL_TRY(compare(results, group, name, "checksum", "network", hash));
    BL_TRY(check_points(results, group, name));
cleanup:
    return err;
}

static bl_err visit_network(const bl_results *results, const char *name, size_t p_count, const double *p,
                            bl_err (*visit)(void *, const bl_measurement_view *), void *context) {
    bl_err err = BL_OK;
    hid_t group = H5I_INVALID_HID;
    void *data[BL_MEASUREMENT_VARIABLES] = {0};
    bl_measurement_view view = {.name = name, .p_count = p_count, .p = p};
    BL_H5(group = H5Gopen2(results->file, name, H5P_DEFAULT), "%s: %s", results->path, name);
    BL_TRY(read_length(group, results->path, "input", &view.inputs));
    const bool checked =
        H5Lexists(group, "checksum", H5P_DEFAULT) > 0; /* a file of an earlier version is not */
    for (size_t v = BL_MEASUREMENT_VARIABLES;
         v-- > 0;) { /* status first: what it tells of was there before it */
        const bl_measurement_variable *variable = &bl_measurement_variables[v];
        if (!checked && variable->field != BL_FIELD_DISTANCE && variable->field != BL_FIELD_PASSES &&
            variable->field != BL_FIELD_STATUS)
            continue;
        BL_TRY(read_field(group, results->path, variable->field,
                          view.inputs * (variable->rank == 2 ? p_count : 1), &data[v]));
        view.distance = variable->field == BL_FIELD_DISTANCE ? data[v] : view.distance;
        view.passes = variable->field == BL_FIELD_PASSES ? data[v] : view.passes;
        view.status = variable->field == BL_FIELD_STATUS ? data[v] : view.status;
    }
    if (checked)
        BL_TRY(check_network(results, group, name, view.inputs, p_count, data));
    BL_TRY(visit(context, &view));
cleanup:
    for (size_t v = 0; v < BL_MEASUREMENT_VARIABLES; v++)
        bl_mem_free(data[v]);
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
