/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks files: writing.
 */
#include "networks_file_internal.h"

#include "base/mem.h"
#include "provenance.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

bl_err bl_networks_file_create(const char *path, bool force, bl_box box, const char *config_text,
                               double bytes, bl_networks_file **out) {
    bl_err err = BL_OK;
    bl_networks_file *file = NULL;
    const double bound[2] = {box.lo, box.hi};
    *out = NULL;
    BL_ALLOC(file, 1);
    *file = (bl_networks_file){.file = H5I_INVALID_HID, .creation = BL_H5_NO_CREATION, .box = box};
    file->path = bl_h5_copy_text(path);
    BL_REQUIRE(file->path, BL_ERR_MEMORY, "out of memory");
    BL_TRY(bl_h5_creation_begin(path, "", bytes + 1024.0 * 1024.0, force, &file->creation));
    BL_TRY(bl_h5_attribute_text(file->creation.file, "format", BL_FORMAT_NETWORKS));
    BL_TRY(bl_h5_attribute_text(file->creation.file, "source", bl_provenance_program()));
    if (bl_box_is_bounded(box))
        BL_TRY(bl_h5_attribute(file->creation.file, "box", H5T_NATIVE_DOUBLE, 2, bound));
    BL_TRY(bl_h5_attribute_text(file->creation.file, "config", config_text));
    *out = file;
    file = NULL;
cleanup:
    bl_networks_file_discard(&file);
    return err;
}

bl_err bl_networks_file_close(bl_networks_file **file) {
    bl_err err = BL_OK;
    if (*file && (*file)->creation.file >= 0)
        err = bl_h5_creation_commit(&(*file)->creation);
    bl_networks_file_discard(file);
    return err;
}

/* With data == NULL only room is made: a hole in the file. */
static bl_err write_floats(hid_t group, const char *name, size_t rank, const size_t *shape,
                           const float *data) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID;
    BL_TRY(bl_h5_create_dataset(group, name, H5T_NATIVE_FLOAT, rank, shape, NULL, &dataset));
    if (data)
        BL_H5(H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, data),
              "%s could not be written", name);
cleanup:
    bl_h5_close(&dataset);
    return err;
}

static const char *kind_of(const bl_layer *layer) {
    switch (layer->kind) {
    case BL_LAYER_DENSE:
        return "dense";
    case BL_LAYER_FLATTEN:
        return "flatten";
    case BL_LAYER_CONV2D:
        return "conv2d";
    case BL_LAYER_AVGPOOL2D:
        return "avgpool2d";
    case BL_LAYER_RESIDUAL_BEGIN:
        return "residual_begin";
    case BL_LAYER_RESIDUAL_END:
        return "residual_end";
    case BL_LAYER_ACTIVATION:
        break;
    }
    return bl_activation_name[layer->activation];
}

static bl_err write_size(hid_t group, const char *name, size_t size) {
    const int64_t number = (int64_t)size;
    return bl_h5_attribute(group, name, H5T_NATIVE_INT64, 0, &number);
}

static bl_err write_settings(hid_t group, const bl_layer *layer) {
    bl_err err = BL_OK;
    BL_TRY(bl_h5_attribute_text(group, "kind", kind_of(layer)));
    if (layer->kind == BL_LAYER_ACTIVATION && layer->activation == BL_LEAKY_RELU)
        BL_TRY(bl_h5_attribute(group, "slope", H5T_NATIVE_DOUBLE, 0, &layer->negative_slope));
    if (layer->kind == BL_LAYER_AVGPOOL2D)
        BL_TRY(write_size(group, "size", layer->kernel[0]));
    if (layer->kind == BL_LAYER_CONV2D)
        BL_TRY(bl_h5_attribute_text(group, "padding", layer->padding == BL_PADDING_SAME ? "same" : "valid"));
    if (layer->stride > 0)
        BL_TRY(write_size(group, "stride", layer->stride));
cleanup:
    return err;
}

static bl_err write_layer(hid_t network, size_t number, const bl_layer *layer, bool numbers) {
    bl_err err = BL_OK;
    char name[32];
    hid_t group = H5I_INVALID_HID;
    const bool dense = layer->kind == BL_LAYER_DENSE;
    const size_t biases = bl_layer_biases(layer);
    size_t shape[4] = {layer->outputs, layer->inputs};
    if (!dense && layer->weight) {
        const size_t channels = layer->kind == BL_LAYER_CONV2D ? layer->in.channels : layer->side.channels;
        const size_t of_convolution[4] = {layer->out.channels, channels, layer->kernel[0], layer->kernel[1]};
        memcpy(shape, of_convolution, sizeof shape);
    }
    (void)snprintf(name, sizeof name, BL_LAYER_NAME, number);
    BL_TRY(bl_h5_create_group(network, name, &group));
    BL_TRY(write_settings(group, layer));
    if (layer->weight)
        BL_TRY(write_floats(group, "weight", dense ? 2 : 4, shape, numbers ? layer->weight : NULL));
    if (layer->bias)
        BL_TRY(write_floats(group, "bias", 1, &biases, numbers ? layer->bias : NULL));
cleanup:
    bl_h5_close(&group);
    return err;
}

static bl_err append(bl_networks_file *file, const char *name, const bl_network *network, const float *x,
                     size_t inputs, bool numbers) {
    bl_err err = BL_OK;
    hid_t group = H5I_INVALID_HID;
    int64_t shape[3];
    const size_t rows[2] = {inputs, network->dimension};
    BL_ASSERT(file->creation.file >= 0);
    BL_REQUIRE(*name && !strchr(name, '/') && H5Lexists(file->creation.file, name, H5P_DEFAULT) <= 0,
               BL_ERR_INPUT, "\"%s\" cannot name another network", name);
    BL_TRY(bl_h5_create_group(file->creation.file, name, &group));
    for (size_t i = 0; i < network->shape_rank; i++)
        shape[i] = (int64_t)network->shape[i];
    BL_TRY(bl_h5_attribute(group, "input_shape", H5T_NATIVE_INT64, network->shape_rank, shape));
    BL_TRY(write_floats(group, "inputs", 2, rows, x));
    for (size_t l = 0; l < network->layer_count; l++)
        BL_TRY(write_layer(group, l, &network->layer[l], numbers));
cleanup:
    bl_h5_close(&group);
    if (err != BL_OK)
        bl_err_prefix("%s: network %s: ", file->path, name);
    return err;
}

bl_err bl_networks_file_append(bl_networks_file *file, const char *name, const bl_network *network,
                               const float *x, size_t inputs) {
    return append(file, name, network, x, inputs, true);
}

bl_err bl_networks_file_reserve(bl_networks_file *file, const char *name, const bl_network *network,
                                size_t inputs) {
    bl_err err = BL_OK;
    float *nothing = NULL;
    BL_ALLOC(nothing, inputs * network->dimension);
    for (size_t i = 0; i < inputs * network->dimension; i++)
        nothing[i] = NAN;
    BL_TRY(append(file, name, network, nothing, inputs, false));
cleanup:
    bl_mem_free(nothing);
    return err;
}
