/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks files: opening, listing, reading.
 */
#include "networks_file_internal.h"

#include "base/mem.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- opening and the list of networks --- */

static herr_t count_group(hid_t root, const char *name, const H5L_info_t *info, void *context) {
    bl_networks_file *file = context;
    (void)info;
    H5O_info_t object;
    if (H5Oget_info_by_name(root, name, &object, H5P_DEFAULT) < 0)
        return -1;
    if (object.type != H5O_TYPE_GROUP)
        return 0;
    if (file->name) {
        file->name[file->count] = bl_h5_copy_text(name);
        if (!file->name[file->count])
            return -1;
    }
    file->count++;
    return 0;
}

/* Two walks over the root's links in order of name: count, then copy. */
static bl_err list_networks(bl_networks_file *file) {
    bl_err err = BL_OK;
    for (int walk = 0; walk < 2; walk++) {
        hsize_t position = 0;
        if (walk == 1)
            BL_ALLOC(file->name, file->count);
        file->count = 0;
        BL_H5(H5Literate(file->file, H5_INDEX_NAME, H5_ITER_INC, &position, count_group, file),
              "%s: its networks could not be listed", file->path);
    }
    BL_REQUIRE(file->count > 0, BL_ERR_INPUT, "%s holds no network (no group at its root)", file->path);
cleanup:
    return err;
}

static bl_err read_box(bl_networks_file *file) {
    bl_err err = BL_OK;
    double bound[2];
    file->box = (bl_box){-INFINITY, INFINITY};
    if (H5Aexists(file->file, "box") > 0) {
        BL_TRY(bl_h5_read_attribute_numbers(file->file, "box", H5T_NATIVE_DOUBLE, 2, 2, bound, NULL));
        BL_REQUIRE(bound[0] < bound[1], BL_ERR_INPUT, "box [%g, %g] is empty", bound[0], bound[1]);
        file->box = (bl_box){bound[0], bound[1]};
    }
cleanup:
    if (err != BL_OK)
        bl_err_prefix("%s: ", file->path);
    return err;
}

bl_err bl_networks_file_open(const char *path, bl_networks_file **out) {
    bl_err err = BL_OK;
    bl_networks_file *file = NULL;
    *out = NULL;
    BL_ALLOC(file, 1);
    *file = (bl_networks_file){.file = H5I_INVALID_HID, .creation = BL_H5_NO_CREATION};
    file->path = bl_h5_copy_text(path);
    BL_REQUIRE(file->path, BL_ERR_MEMORY, "out of memory");
    BL_TRY(bl_h5_open_read(path, &file->file));
    BL_TRY(bl_h5_check_format(file->file, path, BL_FORMAT_NETWORKS, "a networks file"));
    BL_TRY(read_box(file));
    BL_TRY(list_networks(file));
    *out = file;
    file = NULL;
cleanup:
    bl_networks_file_discard(&file);
    return err;
}

void bl_networks_file_discard(bl_networks_file **file) {
    bl_networks_file *f = *file;
    if (!f)
        return;
    if (f->file >= 0)
        (void)H5Fclose(f->file);
    bl_h5_creation_end(&f->creation);
    for (size_t i = 0; f->name && i < f->count; i++)
        bl_mem_free(f->name[i]);
    bl_mem_free(f->name);
    bl_mem_free(f->path);
    bl_mem_free(f);
    *file = NULL;
}

size_t bl_networks_file_count(const bl_networks_file *file) {
    return file->count;
}

const char *bl_networks_file_name(const bl_networks_file *file, size_t index) {
    BL_ASSERT(index < file->count);
    return file->name[index];
}

bl_box bl_networks_file_box(const bl_networks_file *file) {
    return file->box;
}

/* --- networks --- */

static herr_t count_layer(hid_t group, const char *name, const H5L_info_t *info, void *context) {
    size_t *count = context;
    (void)group;
    (void)info;
    if (strncmp(name, "layer_", 6) == 0)
        (*count)++;
    return 0;
}

static bl_err count_layers(hid_t group, size_t *count) {
    bl_err err = BL_OK;
    hsize_t position = 0;
    char name[32];
    *count = 0;
    BL_H5(H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &position, count_layer, count), "its layers");
    BL_REQUIRE(*count > 0, BL_ERR_INPUT, "no layers (subgroups layer_000, layer_001, ...)");
    for (size_t l = 0; l < *count; l++) {
        (void)snprintf(name, sizeof name, BL_LAYER_NAME, l);
        BL_REQUIRE(H5Lexists(group, name, H5P_DEFAULT) > 0, BL_ERR_INPUT,
                   "%s is missing: layers are numbered layer_000, layer_001, ... without a gap", name);
    }
cleanup:
    return err;
}

/* The attribute input_shape; [n] where it is absent. */
static bl_err read_input_shape(hid_t group, bl_network *network) {
    bl_err err = BL_OK;
    int64_t shape[3];
    size_t product = 1;
    network->shape_rank = 1;
    network->shape[0] = network->dimension;
    if (H5Aexists(group, "input_shape") <= 0)
        return BL_OK;
    BL_TRY(bl_h5_read_attribute_numbers(group, "input_shape", H5T_NATIVE_INT64, 1, 3, shape,
                                        &network->shape_rank));
    BL_REQUIRE(network->shape_rank != 2, BL_ERR_INPUT,
               "input_shape has two numbers: [n] or [C, H, W] is known");
    for (size_t i = 0; i < network->shape_rank; i++) {
        BL_REQUIRE(shape[i] > 0 && (size_t)shape[i] <= network->dimension, BL_ERR_INPUT,
                   "input_shape and inputs do not agree: %lld of %zu numbers", (long long)shape[i],
                   network->dimension);
        network->shape[i] = (size_t)shape[i];
        product *= network->shape[i];
    }
    BL_REQUIRE(product == network->dimension, BL_ERR_INPUT,
               "input_shape makes %zu numbers, the rows of inputs have %zu", product, network->dimension);
cleanup:
    return err;
}

static bl_err read_inputs(hid_t dataset, size_t inputs, size_t dimension, double **x) {
    bl_err err = BL_OK;
    BL_ALLOC(*x, inputs * dimension);
    BL_H5(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, *x), "inputs could not be read");
    for (size_t i = 0; i < inputs * dimension; i++) {
        BL_REQUIRE(isfinite((*x)[i]), BL_ERR_INPUT, "number %zu of input %zu is not finite", i % dimension,
                   i / dimension);
        BL_REQUIRE(
            fabs((*x)[i]) <= (double)FLT_MAX, BL_ERR_INPUT,
            "number %zu of input %zu is %g, beyond the range of float32, in which networks are evaluated",
            i % dimension, i / dimension, (*x)[i]);
    }
cleanup:
    return err;
}

static bl_err read_layers(hid_t group, double *rounding, bl_network *network) {
    bl_err err = BL_OK;
    size_t count = 0;
    BL_TRY(count_layers(group, &count));
    BL_ALLOC(network->layer, count);
    for (size_t l = 0; l < count; l++) {
        network->layer_count = l + 1;
        BL_TRY(bl_networks_file_read_layer(group, l, rounding, network));
    }
    network->classes = network->layer[count - 1].outputs;
    BL_TRY(rounding ? bl_network_check(network) : bl_network_check_shape(network));
cleanup:
    return err;
}

/* Read everything of a network but its numbers; the dataset of its inputs is left open. */
static bl_err open_network(const bl_networks_file *file, size_t index, hid_t *group, hid_t *dataset,
                           size_t *inputs, bl_network *network) {
    bl_err err = BL_OK;
    size_t shape[2] = {0, 0};
    BL_ASSERT(index < file->count);
    BL_H5(*group = H5Gopen2(file->file, file->name[index], H5P_DEFAULT), "not a group");
    BL_TRY(bl_networks_file_array(*group, "inputs", 2, dataset, shape));
    *inputs = shape[0];
    network->dimension = shape[1];
    BL_TRY(read_input_shape(*group, network));
cleanup:
    return err;
}

bl_err bl_networks_file_sizes(const bl_networks_file *file, size_t index, size_t *dimension, size_t *inputs) {
    bl_err err = BL_OK;
    hid_t group = H5I_INVALID_HID, dataset = H5I_INVALID_HID;
    bl_network *shapes = NULL;
    BL_ALLOC(shapes, 1);
    BL_TRY(open_network(file, index, &group, &dataset, inputs, shapes));
    BL_TRY(read_layers(group, NULL, shapes));
    *dimension = shapes->dimension;
cleanup:
    bl_network_destroy(&shapes);
    bl_h5_close(&dataset);
    bl_h5_close(&group);
    if (err != BL_OK)
        bl_err_prefix("%s: network %s: ", file->path, file->name[index]);
    return err;
}

bl_err bl_networks_file_read(const bl_networks_file *file, size_t index, bl_network **network, double **x,
                             size_t *inputs) {
    bl_err err = BL_OK;
    hid_t group = H5I_INVALID_HID, dataset = H5I_INVALID_HID;
    bl_network *read = NULL;
    double *points = NULL;
    size_t count = 0;
    BL_ALLOC(read, 1);
    BL_TRY(open_network(file, index, &group, &dataset, &count, read));
    BL_TRY(read_layers(group, &read->rounding, read));
    BL_TRY(read_inputs(dataset, count, read->dimension, &points));
    *network = read;
    *x = points;
    *inputs = count;
    read = NULL;
    points = NULL;
cleanup:
    bl_mem_free(points);
    bl_network_destroy(&read);
    bl_h5_close(&dataset);
    bl_h5_close(&group);
    if (err != BL_OK)
        bl_err_prefix("%s: network %s: ", file->path, file->name[index]);
    return err;
}
