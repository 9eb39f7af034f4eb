/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks files filled by many ranks at once: as with result files, all that HDF5 keeps about the file is there since its
 * creation, and each rank writes only numbers of its own.
 */
#include "networks_file_internal.h"

#include "base/mem.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

bl_err bl_networks_file_share(const char *path, const bl_comm *comm, bl_networks_file **out) {
    bl_err err = BL_OK;
    hid_t access = H5I_INVALID_HID;
    bl_networks_file *file = bl_mem_alloc(1, sizeof *file);
    char *copy = bl_h5_copy_text(path);
    *out = NULL;
    BL_TRY(bl_agree(comm, file && copy ? BL_OK : BL_ERR_MEMORY));
    BL_ASSERT(file && copy);
    *file = (bl_networks_file){.path = copy, .file = H5I_INVALID_HID, .creation = BL_H5_NO_CREATION};
    copy = NULL;
    access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0 || H5Pset_fapl_mpio(access, comm->world, MPI_INFO_NULL) < 0)
        err = bl_h5_fail(BL_ERR_LIBRARY, "%s", path);
    BL_TRY(bl_agree(comm, err));
    file->file = H5Fopen(path, H5F_ACC_RDWR, access);
    if (file->file < 0)
        err = bl_h5_fail(BL_ERR_IO, "%s could not be opened for writing", path);
    BL_TRY(bl_agree(comm, err));
    *out = file;
    file = NULL;
cleanup:
    bl_h5_close(&access);
    bl_mem_free(copy);
    bl_networks_file_discard(&file);
    return err;
}

bl_err bl_networks_file_unshare(bl_networks_file **file) {
    bl_err err = BL_OK;
    if (*file && H5Fclose((*file)->file) < 0)
        err = bl_h5_fail(BL_ERR_IO, "%s could not be closed well", (*file)->path);
    if (*file)
        (*file)->file = H5I_INVALID_HID;
    bl_networks_file_discard(file);
    return err;
}

static bl_err fill_floats(const bl_networks_file *file, hid_t group, const char *name, size_t numbers,
                          const float *data) {
    bl_err err = BL_OK;
    hid_t space = H5I_INVALID_HID, dataset = H5Dopen2(group, name, H5P_DEFAULT);
    BL_H5(dataset, "%s", name);
    BL_H5(space = H5Dget_space(dataset), "%s", name);
    BL_REQUIRE(H5Sget_simple_extent_npoints(space) == (hssize_t)numbers, BL_ERR_INPUT,
               "%s does not have %zu numbers", name, numbers);
    BL_TRY(bl_h5_write(file->path, name, dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, data));
cleanup:
    bl_h5_close(&space);
    bl_h5_close(&dataset);
    return err;
}

static bl_err fill_layer(const bl_networks_file *file, hid_t network, size_t number, const bl_layer *layer) {
    bl_err err = BL_OK;
    char name[64];
    (void)snprintf(name, sizeof name, BL_LAYER_NAME "/weight", number);
    if (layer->weight)
        BL_TRY(fill_floats(file, network, name, bl_layer_weights(layer), layer->weight));
    (void)snprintf(name, sizeof name, BL_LAYER_NAME "/bias", number);
    if (layer->bias)
        BL_TRY(fill_floats(file, network, name, bl_layer_biases(layer), layer->bias));
cleanup:
    return err;
}

bl_err bl_networks_file_fill(bl_networks_file *file, const char *name, const bl_network *network,
                             const float *x, size_t inputs) {
    bl_err err = BL_OK;
    hid_t group = H5Gopen2(file->file, name, H5P_DEFAULT);
    BL_H5(group, "no room");
    for (size_t l = 0; l < network->layer_count; l++)
        BL_TRY(fill_layer(file, group, l, &network->layer[l]));
    BL_TRY(fill_floats(file, group, "inputs", inputs * network->dimension, x));
cleanup:
    bl_h5_close(&group);
    if (err != BL_OK)
        bl_err_prefix("%s: network %s: ", file->path, name);
    return err;
}

bl_err bl_networks_file_check_config(const bl_networks_file *file, const char *config_text) {
    bl_err err = BL_OK;
    char *text = NULL;
    BL_TRY(bl_h5_read_attribute_text(file->file, "config", &text));
    BL_REQUIRE(strcmp(text, config_text) == 0, BL_ERR_INPUT,
               "%s has the networks of another sweep: give another name, or remove it", file->path);
cleanup:
    bl_mem_free(text);
    return err;
}

bl_err bl_networks_file_is_filled(const bl_networks_file *file, const char *name, bool *filled) {
    bl_err err = BL_OK;
    const hsize_t zero[2] = {0, 0}, one[2] = {1, 1};
    hid_t group = H5I_INVALID_HID, dataset = H5I_INVALID_HID, space = H5I_INVALID_HID,
          memory = H5I_INVALID_HID;
    float first = NAN;
    *filled = false;
    if (H5Lexists(file->file, name, H5P_DEFAULT) <= 0)
        BL_FAIL(BL_ERR_INPUT, "%s has no network %s", file->path, name);
    BL_H5(group = H5Gopen2(file->file, name, H5P_DEFAULT), "%s: %s", file->path, name);
    BL_H5(dataset = H5Dopen2(group, "inputs", H5P_DEFAULT), "%s: %s", file->path, name);
    BL_H5(space = H5Dget_space(dataset), "%s: %s", file->path, name);
    BL_H5(memory = H5Screate_simple(2, one, NULL), "%s: %s", file->path, name);
    BL_H5(H5Sselect_hyperslab(space, H5S_SELECT_SET, zero, NULL, one, NULL), "%s: %s", file->path, name);
    BL_H5(H5Dread(dataset, H5T_NATIVE_FLOAT, memory, space, H5P_DEFAULT, &first), "%s: %s", file->path, name);
    *filled = isfinite(first);
cleanup:
    bl_h5_close(&memory);
    bl_h5_close(&space);
    bl_h5_close(&dataset);
    bl_h5_close(&group);
    return err;
}
