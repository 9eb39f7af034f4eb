/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The result file of `measure`: one group a network, with the variables of a sweep over its own inputs.
 */
#include "results_internal.h"

#include "base/mem.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { AXIS_INPUT, AXIS_P, AXIS_COORDINATE, AXES };
static const char *const axis_name[AXES] = {"input", "p", "coordinate"};

const bl_measurement_variable bl_measurement_variables[BL_MEASUREMENT_VARIABLES] = {
    {BL_FIELD_DISTANCE, 2}, {BL_FIELD_DISTANCE_INSIDE, 2}, {BL_FIELD_FIRST_ORDER, 2},
    {BL_FIELD_PASSES, 2},   {BL_FIELD_RESTARTS_WON, 2},    {BL_FIELD_INPUT_NORM, 2},
    {BL_FIELD_OUTPUT, 1},   {BL_FIELD_GRADIENT_NORM, 1},   {BL_FIELD_FIRST_STEP_CROSSES, 2},
    {BL_FIELD_STATUS, 2}};
static const bl_measurement_variable *const variable = bl_measurement_variables;
enum { VARIABLES = BL_MEASUREMENT_VARIABLES };

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
    BL_TRY(bl_results_create_checksum(group, BL_POINTS_CHECKSUM, "checksum of points and points_float32",
                                      "64-bit FNV-1a over 8-byte words, the last one of each point padded "
                                      "with zeros; all points, then all of float32"));
cleanup:
    return err;
}

static bl_err create_network(hid_t file, const bl_measurement_entry *entry, size_t p_count, bool points) {
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
    for (size_t v = 0; v < VARIABLES; v++)
        BL_TRY(bl_results_create_variable(group, bl_fields[variable[v].field].name, variable[v].field,
                                          variable[v].rank, shape, where, axis_name));
    BL_TRY(bl_results_create_checksum(group, "checksum",
                                      "checksum of the network's variables, but for points",
                                      "64-bit FNV-1a over 8-byte words, variables in the order of creation"));
    if (points)
        BL_TRY(create_both_points(group, shape, where));
cleanup:
    bl_h5_close(&group);
    return err;
}

static double forecast_bytes(size_t count, const bl_measurement_entry *entry, size_t p_count, bool points) {
    double bytes = 512.0 * 1024.0; /* root and provenance */
    for (size_t i = 0; i < count; i++) {
        double rows = (double)entry[i].inputs * (double)p_count;
        bytes += 20.0 * 1024.0; /* a group, its attributes and axes */
        for (size_t v = 0; v < VARIABLES; v++)
            bytes += rows * (double)bl_type_size(bl_fields[variable[v].field].type);
        bytes += points ? rows * (double)entry[i].dimension * (sizeof(double) + sizeof(float)) : 0.0;
    }
    return bytes;
}

bl_err bl_measurement_create(const char *path, size_t count, const bl_measurement_entry *entry,
                             size_t p_count, const double *p, bool points, const bl_provenance *provenance,
                             const char *options_text, bool force) {
    bl_err err = BL_OK;
    bl_h5_creation creation = BL_H5_NO_CREATION;
    hid_t group = H5I_INVALID_HID;
    double bytes = forecast_bytes(count, entry, p_count, points);
    BL_TRY(bl_h5_creation_begin(path, "", bytes, force, &creation));
    BL_TRY(bl_h5_create_axis(creation.file, axis_name[AXIS_P], H5T_NATIVE_DOUBLE, p_count, p,
                             bl_axis_long_name[BL_AXIS_P]));
    BL_TRY(bl_results_create_common(creation.file, BL_FORMAT_MEASUREMENT, "distances of given networks", 1,
                                    provenance, &group));
    BL_TRY(bl_h5_create_text(group, "options", options_text, "options of the measurement"));
    for (size_t i = 0; i < count; i++)
        BL_TRY(create_network(creation.file, &entry[i], p_count, points));
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

/* Results of one network, one array a variable. */
typedef struct columns {
    double *distance, *inside, *first_order, *gradient_norm;
    int32_t *passes, *restarts_won;
    int8_t *first_step_crosses, *status;
} columns;

static void columns_free(columns *c) {
    bl_mem_free(c->distance);
    bl_mem_free(c->inside);
    bl_mem_free(c->first_order);
    bl_mem_free(c->passes);
    bl_mem_free(c->restarts_won);
    bl_mem_free(c->gradient_norm);
    bl_mem_free(c->first_step_crosses);
    bl_mem_free(c->status);
}

static bl_err columns_fill(const bl_search_result *result, size_t inputs, size_t p_count, columns *c) {
    bl_err err = BL_OK;
    const size_t count = inputs * p_count;
    BL_ALLOC(c->distance, count);
    BL_ALLOC(c->inside, count);
    BL_ALLOC(c->first_order, count);
    BL_ALLOC(c->passes, count);
    BL_ALLOC(c->restarts_won, count);
    BL_ALLOC(c->gradient_norm, inputs);
    BL_ALLOC(c->first_step_crosses, count);
    BL_ALLOC(c->status, count);
    for (size_t i = 0; i < count; i++) {
        c->distance[i] = result[i].distance;
        c->inside[i] = result[i].inside;
        c->first_order[i] = result[i].first_order;
        c->passes[i] = result[i].passes;
        c->restarts_won[i] = result[i].restarts_won;
        c->first_step_crosses[i] = result[i].first_step_crosses;
        c->status[i] = result[i].status;
    }
    for (size_t i = 0; i < inputs; i++)
        c->gradient_norm[i] = result[i * p_count].gradient_norm;
cleanup:
    return err;
}

/* A whole variable of a group, of the shape it was created with. */
static bl_err write_variable(const bl_results *results, hid_t group, const char *network, const char *name,
                             hid_t type, size_t elements, const void *data) {
    bl_err err = BL_OK;
    char full_name[256];
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT), space = H5I_INVALID_HID;
    BL_H5(dataset, "%s: %s/%s", results->path, network, name);
    BL_H5(space = H5Dget_space(dataset), "%s: %s/%s", results->path, network, name);
    BL_REQUIRE(H5Sget_simple_extent_npoints(space) == (hssize_t)elements, BL_ERR_INPUT,
               "%s: %s/%s has %lld elements, not %zu", results->path, network, name,
               (long long)H5Sget_simple_extent_npoints(space), elements);
    (void)snprintf(full_name, sizeof full_name, "%s/%s", network, name);
    BL_TRY(bl_h5_write(results->path, full_name, dataset, type, H5S_ALL, H5S_ALL, data));
cleanup:
    bl_h5_close(&space);
    bl_h5_close(&dataset);
    return err;
}

/* The points, then what they are in float32. */
static bl_err hash_points(size_t rows, size_t dimension, const double *points, uint64_t *hash) {
    bl_err err = BL_OK;
    float *rounded = NULL;
    BL_ALLOC(rounded, dimension);
    *hash = BL_RESULTS_HASH;
    for (size_t i = 0; i < rows; i++)
        *hash = bl_results_hash_bytes(*hash, points + i * dimension, dimension * sizeof *points);
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < dimension; k++)
            rounded[k] = (float)points[i * dimension + k];
        *hash = bl_results_hash_bytes(*hash, rounded, dimension * sizeof *rounded);
    }
cleanup:
    bl_mem_free(rounded);
    return err;
}

static bl_err write_points(const bl_results *results, hid_t group, const char *name, size_t rows,
                           size_t dimension, const double *points) {
    bl_err err = BL_OK;
    const size_t count = rows * dimension;
    uint64_t hash = 0;
    BL_TRY(write_variable(results, group, name, "points", H5T_NATIVE_DOUBLE, count, points));
    BL_TRY(write_variable(results, group, name, "points_float32", H5T_NATIVE_DOUBLE, count, points));
    BL_TRY(hash_points(rows, dimension, points, &hash));
    BL_TRY(write_variable(results, group, name, BL_POINTS_CHECKSUM, H5T_NATIVE_INT64, 1, &hash));
cleanup:
    return err;
}

bl_err bl_measurement_write(bl_results *results, const char *name, size_t inputs, size_t p_count,
                            size_t dimension, const bl_search_result *result, const double *output,
                            const double *input_norm, const double *points) {
    bl_err err = BL_OK;
    const size_t count = inputs * p_count;
    columns c = {0};
    hid_t group = H5I_INVALID_HID;
    BL_ASSERT(results->writable && results->measurement);
    BL_TRY(columns_fill(result, inputs, p_count, &c));
    BL_H5(group = H5Gopen2(results->file, name, H5P_DEFAULT), "%s: network %s", results->path, name);
    const void *const data[VARIABLES] = {c.distance,           c.inside,   c.first_order, c.passes,
                                         c.restarts_won,       input_norm, output,        c.gradient_norm,
                                         c.first_step_crosses, c.status};
    if (points)
        BL_TRY(write_points(results, group, name, count, dimension, points));
    uint64_t hash = BL_RESULTS_HASH;
    for (size_t v = 0; v < VARIABLES; v++)
        hash = bl_results_hash_bytes(hash, data[v],
                                     (variable[v].rank == 2 ? count : inputs) *
                                         bl_type_size(bl_fields[variable[v].field].type));
    int64_t checksum;
    memcpy(&checksum, &hash, sizeof hash);
    BL_TRY(write_variable(results, group, name, "checksum", H5T_NATIVE_INT64, 1, &checksum));
    for (size_t v = 0; v < VARIABLES; v++) { /* status, the last, says that all is there */
        const bl_field *field = &bl_fields[variable[v].field];
        BL_TRY(write_variable(results, group, name, field->name, bl_results_type(field->type),
                              variable[v].rank == 2 ? count : inputs, data[v]));
    }
cleanup:
    bl_h5_close(&group);
    columns_free(&c);
    return err;
}
