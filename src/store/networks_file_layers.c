/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks files: reading of layers, one reader per kind. A reader sets what the file says of the layer itself; what
 * follows from the layers before it is computed by the network.
 */
#include "networks_file_internal.h"

#include "base/mem.h"
#include <float.h>
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

/* Numbers of an array in float32; nothing when only shapes are looked at. *rounding: how much of the largest of them a number loses,
 * where that is more than so far. An array whose scale float32 does not have is refused. */
static bl_err read_floats(hid_t dataset, const char *name, size_t count, double *rounding, float **out) {
    bl_err err = BL_OK;
    double *x = NULL, largest = 0.0, lost = 0.0;
    if (!rounding)
        return BL_OK;
    BL_ALLOC(x, count);
    BL_ALLOC(*out, count);
    BL_H5(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, x), "%s could not be read",
          name);
    for (size_t i = 0; i < count; i++) {
        BL_REQUIRE(isfinite(x[i]), BL_ERR_INPUT, "%s number %zu is not finite", name, i);
        BL_REQUIRE(fabs(x[i]) <= (double)FLT_MAX, BL_ERR_INPUT,
                   "%s number %zu is %g, beyond the range of float32", name, i, x[i]);
        (*out)[i] = (float)x[i];
        largest = fmax(largest, fabs(x[i]));
        lost = fmax(lost, fabs((double)(*out)[i] - x[i]));
    }
    BL_REQUIRE(largest == 0.0 || largest >= 0x1p24 * (double)FLT_MIN, BL_ERR_INPUT,
               "%s: its largest number is %g, below the range of float32: scale the layer", name, largest);
    *rounding = fmax(*rounding, largest > 0.0 ? lost / largest : 0.0);
cleanup:
    bl_mem_free(x);
    return err;
}

/* What a group may hold; a name of the format that this version does not know may change the network, and so may a slip of the
 * pen. */
typedef struct vocabulary {
    const char *what;         /* "attribute" or "array" */
    const char *const *known; /* ends with NULL */
    char name[64];            /* the first that is not known */
} vocabulary;

static bool is_known(vocabulary *v, const char *name) {
    for (size_t i = 0; v->known[i]; i++)
        if (strcmp(name, v->known[i]) == 0)
            return true;
    (void)snprintf(v->name, sizeof v->name, "%s", name);
    return false;
}

static herr_t look_at_attribute(hid_t group, const char *name, const H5A_info_t *info, void *context) {
    (void)group;
    (void)info;
    return is_known(context, name) ? 0 : 1;
}

static herr_t look_at_link(hid_t group, const char *name, const H5L_info_t *info, void *context) {
    (void)group;
    (void)info;
    return is_known(context, name) ? 0 : 1;
}

static bl_err refuse_unknown(const vocabulary *v) {
    char list[256] = "";
    for (size_t i = 0; v->known[i]; i++) {
        const size_t used = strlen(list);
        (void)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", v->known[i]);
    }
    return bl_err_set(BL_ERR_INPUT, "the %s \"%s\" is not known (known: %s)", v->what, v->name,
                      *list ? list : "none");
}

/* Refuse attributes and arrays that a layer of the kind does not have. */
static bl_err check_names(hid_t group, const char *const *attributes, const char *const *arrays) {
    bl_err err = BL_OK;
    hsize_t position = 0;
    vocabulary a = {.what = "attribute", .known = attributes}, l = {.what = "array", .known = arrays};
    herr_t found = H5Aiterate2(group, H5_INDEX_NAME, H5_ITER_INC, &position, look_at_attribute, &a);
    BL_H5(found, "its attributes");
    if (found > 0)
        BL_TRY(refuse_unknown(&a));
    position = 0;
    found = H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &position, look_at_link, &l);
    BL_H5(found, "its arrays");
    if (found > 0)
        BL_TRY(refuse_unknown(&l));
cleanup:
    return err;
}

/* The layer being read: number l of the network. */
typedef struct reading {
    hid_t group;
    double *rounding; /* as of read_floats; NULL: only shapes are read */
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
    BL_TRY(read_floats(dataset, "bias", count, r->rounding, &r->layer->bias));
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
    BL_TRY(read_floats(dataset, "weight", shape[0] * shape[1], r->rounding, &r->layer->weight));
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
    BL_TRY(read_floats(dataset, "weight", bl_layer_weights(layer), r->rounding, &layer->weight));
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

/* A kind of layer: its reader, and the names that its group may hold. */
typedef struct kind_of_layer {
    const char *name;
    bl_err (*read)(const reading *);
    const char *attributes[4], *arrays[3]; /* NULL ends each */
} kind_of_layer;

static const kind_of_layer kinds[] = {
    {"dense", read_dense, {"kind"}, {"weight", "bias"}},
    {"conv2d", read_conv2d, {"kind", "stride", "padding"}, {"weight", "bias"}},
    {"avgpool2d", read_avgpool2d, {"kind", "size"}, {NULL}},
    {"flatten", read_flatten, {"kind"}, {NULL}},
    {"residual_begin", read_residual_begin, {"kind"}, {NULL}},
    {"residual_end", read_residual_end, {"kind", "stride"}, {"weight", "bias"}},
};

static bl_err read_kind(const reading *r, const char *kind) {
    static const char *const plain[] = {"kind", NULL}, *const leaky[] = {"kind", "slope", NULL},
                             *const none[] = {NULL};
    bl_err err = BL_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind, kinds[i].name) == 0) {
            BL_TRY(check_names(r->group, kinds[i].attributes, kinds[i].arrays));
            return kinds[i].read(r);
        }
    for (int a = 0; a < BL_ACTIVATION_COUNT; a++)
        if (strcmp(kind, bl_activation_name[a]) == 0) {
            BL_TRY(check_names(r->group, a == BL_LEAKY_RELU ? leaky : plain, none));
            return read_activation(r, (bl_activation)a);
        }
    err = bl_err_set(BL_ERR_INPUT,
                     "layers of kind \"%.64s\" are not known to this version (known: dense, conv2d, "
                     "avgpool2d, flatten, residual_begin, residual_end, relu, leaky_relu, tanh, erf, gelu)",
                     kind);
cleanup:
    return err;
}

bl_err bl_networks_file_read_layer(hid_t network_group, size_t l, double *rounding, bl_network *network) {
    bl_err err = BL_OK;
    char name[32], *kind = NULL;
    reading r = {.group = H5I_INVALID_HID,
                 .rounding = rounding,
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
