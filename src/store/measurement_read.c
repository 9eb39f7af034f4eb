/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reading back what `measure` wrote, network by network.
 */
#include "results_internal.h"

#include "borderline/mem.h"

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

static bl_err visit_network(const bl_results *results, const char *name, size_t p_count, const double *p,
                            bl_err (*visit)(void *, const bl_measurement_view *), void *context) {
    bl_err err = BL_OK;
    hid_t group = H5I_INVALID_HID;
    void *distance = NULL, *passes = NULL, *status = NULL;
    size_t inputs = 0;
    BL_H5(group = H5Gopen2(results->file, name, H5P_DEFAULT), "%s: %s", results->path, name);
    BL_TRY(read_length(group, results->path, "input", &inputs));
    BL_TRY(read_field(group, results->path, BL_FIELD_DISTANCE, inputs * p_count, &distance));
    BL_TRY(read_field(group, results->path, BL_FIELD_PASSES, inputs * p_count, &passes));
    BL_TRY(read_field(group, results->path, BL_FIELD_STATUS, inputs * p_count, &status));
    BL_TRY(visit(context, &(bl_measurement_view){name, inputs, p_count, p, distance, passes, status}));
cleanup:
    bl_mem_free(distance);
    bl_mem_free(passes);
    bl_mem_free(status);
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
