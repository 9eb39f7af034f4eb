/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks files: reading of layers, one reader per kind. A reader sets what the file says of the layer itself; what
 * follows from the layers before it is computed by the network.
 */
#include "networks_file_internal.h"

#include "base/mem.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

bl_err bl_networks_file_array(hid_t group, const char *name, size_t rank, hid_t *dataset, size_t *shape) {
    bl_err err = BL_OK;
    hsize_t extent[4] = {0, 0, 0, 0};
    hid_t type = H5I_INVALID_HID, space = H5I_INVALID_HID;
    BL_ASSERT(rank <= 4);
    BL_REQUIRE(H5Lexists(group, name, H5P_DEFAULT) > 0, BL_ERR_INPUT, "%s is missing", name);
    *dataset = H5Dopen2(group, name, H5P_DEFAULT);
    if (*dataset < 0)
        BL_TRY(bl_h5_fail(BL_ERR_INPUT, "%s is not an array", name));
    BL_H5(type = H5Dget_type(*dataset), "%s", name);
    BL_REQUIRE(H5Tget_class(type) == H5T_FLOAT, BL_ERR_INPUT, "%s must hold float32 or float64 numbers",
               name);
    BL_H5(space = H5Dget_space(*dataset), "%s", name);
    BL_REQUIRE(H5Sget_simple_extent_ndims(space) == (int)rank, BL_ERR_INPUT, "%s has %d axes, not %zu", name,
               H5Sget_simple_extent_ndims(space), rank);
    BL_H5(H5Sget_simple_extent_dims(space, extent, NULL), "%s", name);
    for (size_t i = 0; i < rank; i++) {
        BL_REQUIRE(extent[i] > 0, BL_ERR_INPUT, "%s is empty", name);
        shape[i] = (size_t)extent[i];
    }
cleanup:
    bl_h5_close(&space);
    bl_h5_close(&type);
    return err;
}

/* Numbers of an array; nothing when only shapes are looked at. */
static bl_err read_floats(hid_t dataset, const char *name, size_t count, bool numbers, float **out) {
    bl_err err = BL_OK;
    if (!numbers)
        return BL_OK;
    BL_ALLOC(*out, count);
    BL_H5(H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, *out), "%s could not be read",
          name);
cleanup:
    return err;
}

/* The layer being read: number l of the network. */
typedef struct reading {
    hid_t group;
    bool numbers; /* false: only shapes */
    bl_network *network;
    size_t l;
    bl_layer *layer;
} reading;

/* The bias, where there is one, for a weight of this many rows. */
static bl_err read_bias(const reading *r, size_t rows) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID;
    size_t count = 0;
    if (H5Lexists(r->group, "bias", H5P_DEFAULT) <= 0)
        return BL_OK;
    BL_TRY(bl_networks_file_array(r->group, "bias", 1, &dataset, &count));
    BL_REQUIRE(count == rows, BL_ERR_INPUT, "bias has %zu numbers, weight %zu rows", count, rows);
    BL_TRY(read_floats(dataset, "bias", count, r->numbers, &r->layer->bias));
cleanup:
    bl_h5_close(&dataset);
    return err;
}

static bl_err read_dense(const reading *r) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID;
    size_t shape[2] = {0, 0};
    r->layer->kind = BL_LAYER_DENSE;
    BL_TRY(bl_networks_file_array(r->group, "weight", 2, &dataset, shape));
    r->layer->outputs = shape[0];
    BL_TRY(bl_network_fit_layer(r->network, r->l));
    BL_REQUIRE(shape[1] == r->layer->inputs, BL_ERR_INPUT, "weight has %zu columns, but %zu numbers come in",
               shape[1], r->layer->inputs);
    BL_TRY(read_floats(dataset, "weight", shape[0] * shape[1], r->numbers, &r->layer->weight));
    BL_TRY(read_bias(r, shape[0]));
cleanup:
    bl_h5_close(&dataset);
    return err;
}

/* A size of at least 1, or `otherwise` where the attribute is absent (0: it must be there). */
static bl_err read_size(const reading *r, const char *name, size_t otherwise, size_t *size) {
    bl_err err = BL_OK;
    int64_t number = (int64_t)otherwise;
    if (otherwise == 0 || H5Aexists(r->group, name) > 0)
        BL_TRY(bl_h5_read_attribute_numbers(r->group, name, H5T_NATIVE_INT64, 1, 1, &number, NULL));
    BL_REQUIRE(number > 0 && number <= INT32_MAX, BL_ERR_INPUT, "%s is %lld: at least 1 is needed", name,
               (long long)number);
    *size = (size_t)number;
cleanup:
    return err;
}

static bl_err read_padding(const reading *r) {
    bl_err err = BL_OK;
    char *text = NULL;
    BL_TRY(bl_h5_read_attribute_text(r->group, "padding", &text));
    BL_REQUIRE(strcmp(text, "same") == 0 || strcmp(text, "valid") == 0, BL_ERR_INPUT,
               "padding \"%.64s\" is not known (known: same, valid)", text);
    r->layer->padding = strcmp(text, "same") == 0 ? BL_PADDING_SAME : BL_PADDING_VALID;
cleanup:
    bl_mem_free(text);
    return err;
}

/* Weight and bias of a convolution, stride and padding known; then the layer is fitted. Channels come from the layer
 * before, or from the matching residual_begin. */
static bl_err read_convolution(const reading *r) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID;
    bl_layer *layer = r->layer;
    size_t shape[4] = {0, 0, 0, 0};
    BL_TRY(bl_networks_file_array(r->group, "weight", 4, &dataset, shape));
    layer->out.channels = shape[0];
    layer->kernel[0] = shape[2];
    layer->kernel[1] = shape[3];
    BL_TRY(bl_network_fit_layer(r->network, r->l));
    const size_t channels = layer->kind == BL_LAYER_CONV2D ? layer->in.channels : layer->side.channels;
    BL_REQUIRE(shape[1] == channels, BL_ERR_INPUT, "weight takes %zu channels, but %zu come in", shape[1],
               channels);
    BL_TRY(read_floats(dataset, "weight", bl_layer_weights(layer), r->numbers, &layer->weight));
    BL_TRY(read_bias(r, shape[0]));
cleanup:
    bl_h5_close(&dataset);
    return err;
}

static bl_err read_conv2d(const reading *r) {
    bl_err err = BL_OK;
    r->layer->kind = BL_LAYER_CONV2D;
    BL_TRY(read_size(r, "stride", 1, &r->layer->stride));
    BL_TRY(read_padding(r));
    BL_TRY(read_convolution(r));
cleanup:
    return err;
}

static bl_err read_residual_end(const reading *r) {
    bl_err err = BL_OK;
    r->layer->kind = BL_LAYER_RESIDUAL_END;
    if (H5Lexists(r->group, "weight", H5P_DEFAULT) <= 0)
        return bl_network_fit_layer(r->network, r->l);
    BL_TRY(read_size(r, "stride", 1, &r->layer->stride));
    BL_TRY(read_convolution(r));
cleanup:
    return err;
}

static bl_err read_avgpool2d(const reading *r) {
    bl_err err = BL_OK;
    r->layer->kind = BL_LAYER_AVGPOOL2D;
    BL_TRY(read_size(r, "size", 0, &r->layer->kernel[0]));
    r->layer->kernel[1] = r->layer->kernel[0];
    BL_TRY(bl_network_fit_layer(r->network, r->l));
cleanup:
    return err;
}

static bl_err read_flatten(const reading *r) {
    r->layer->kind = BL_LAYER_FLATTEN;
    return bl_network_fit_layer(r->network, r->l);
}

static bl_err read_residual_begin(const reading *r) {
    r->layer->kind = BL_LAYER_RESIDUAL_BEGIN;
    return bl_network_fit_layer(r->network, r->l);
}

static bl_err read_activation(const reading *r, bl_activation activation) {
    bl_err err = BL_OK;
    bl_layer *layer = r->layer;
    layer->kind = BL_LAYER_ACTIVATION;
    layer->activation = activation;
    layer->negative_slope = 0.01;
    if (activation == BL_LEAKY_RELU && H5Aexists(r->group, "slope") > 0)
        BL_TRY(bl_h5_read_attribute_numbers(r->group, "slope", H5T_NATIVE_DOUBLE, 1, 1,
                                            &layer->negative_slope, NULL));
    BL_REQUIRE(isfinite(layer->negative_slope), BL_ERR_INPUT, "slope is not a number");
    BL_TRY(bl_network_fit_layer(r->network, r->l));
cleanup:
    return err;
}

static bl_err read_kind(const reading *r, const char *kind) {
    static const struct {
        const char *kind;
        bl_err (*read)(const reading *);
    } readers[] = {{"dense", read_dense},
                   {"conv2d", read_conv2d},
                   {"avgpool2d", read_avgpool2d},
                   {"flatten", read_flatten},
                   {"residual_begin", read_residual_begin},
                   {"residual_end", read_residual_end}};
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (strcmp(kind, readers[i].kind) == 0)
            return readers[i].read(r);
    for (int a = 0; a < BL_ACTIVATION_COUNT; a++)
        if (strcmp(kind, bl_activation_name[a]) == 0)
            return read_activation(r, (bl_activation)a);
    return bl_err_set(BL_ERR_INPUT,
                      "layers of kind \"%.64s\" are not known to this version (known: dense, conv2d, "
                      "avgpool2d, flatten, residual_begin, residual_end, relu, leaky_relu, tanh, erf, gelu)",
                      kind);
}

bl_err bl_networks_file_read_layer(hid_t network_group, size_t l, bool numbers, bl_network *network) {
    bl_err err = BL_OK;
    char name[32], *kind = NULL;
    reading r = {.group = H5I_INVALID_HID,
                 .numbers = numbers,
                 .network = network,
                 .l = l,
                 .layer = &network->layer[l]};
    (void)snprintf(name, sizeof name, BL_LAYER_NAME, l);
    BL_H5(r.group = H5Gopen2(network_group, name, H5P_DEFAULT), "not a group");
    BL_TRY(bl_h5_read_attribute_text(r.group, "kind", &kind));
    err = read_kind(&r, kind);
    if (err != BL_OK)
        bl_err_prefix("%.64s: ", kind);
cleanup:
    bl_mem_free(kind);
    bl_h5_close(&r.group);
    if (err != BL_OK)
        bl_err_prefix("%s: ", name);
    return err;
}
