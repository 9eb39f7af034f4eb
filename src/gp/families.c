/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The paper's image families in the limit of many channels (THEORY section 1).
 */
#include "borderline/gp.h"

#include "borderline/mem.h"
#include <math.h>
#include <string.h>

typedef struct list {
    const bl_config *config;
    size_t count;
    bl_gp_layer *layer;
} list;

static void convolution(list *l, size_t stride, double variance) {
    l->layer[l->count++] = (bl_gp_layer){.kind = BL_GP_CONV2D,
                                         .size = 3,
                                         .stride = stride,
                                         .same = true,
                                         .weight_variance = variance,
                                         .bias_variance = l->config->bias_variance};
}

static void activation(list *l) {
    l->layer[l->count++] = (bl_gp_layer){.kind = BL_GP_ACTIVATION,
                                         .activation = l->config->activation,
                                         .negative_slope = l->config->negative_slope};
}

static void dense(list *l, double variance) {
    l->layer[l->count++] = (bl_gp_layer){
        .kind = BL_GP_DENSE, .weight_variance = variance, .bias_variance = l->config->bias_variance};
}

static void block(list *l, size_t stride) {
    const double variance = l->config->weight_variance;
    l->layer[l->count++] = (bl_gp_layer){.kind = BL_GP_RESIDUAL_BEGIN};
    convolution(l, stride, variance);
    activation(l);
    convolution(l, 1, variance);
    bl_gp_layer end = {.kind = BL_GP_RESIDUAL_END};
    if (stride > 1) {
        end.same = true;
        end.stride = stride;
        end.weight_variance = variance;
        end.bias_variance = l->config->bias_variance;
    }
    l->layer[l->count++] = end;
    activation(l);
}

static const double glorot_variance = 2.0, cnn_share = 0.01;

static void cnn_layers(list *l, size_t depth) {
    for (size_t k = 0; k < depth; k++) {
        convolution(l, 1, cnn_share * l->config->weight_variance);
        activation(l);
    }
    dense(l, glorot_variance);
}

static void lenet_layers(list *l, size_t depth) {
    for (size_t k = 0; k < depth; k++) {
        for (int twice = 0; twice < 2; twice++) {
            convolution(l, 1, l->config->weight_variance);
            activation(l);
        }
        l->layer[l->count++] = (bl_gp_layer){.kind = BL_GP_AVGPOOL2D, .size = 2};
    }
    for (int twice = 0; twice < 2; twice++) {
        dense(l, l->config->weight_variance);
        activation(l);
    }
    dense(l, glorot_variance);
}

static void resnet_layers(list *l, size_t depth) {
    convolution(l, 1, l->config->weight_variance);
    activation(l);
    for (size_t stage = 0; stage < 3; stage++)
        for (size_t k = 0; k < (depth - 2) / 6; k++)
            block(l, stage > 0 && k == 0 ? 2 : 1);
    dense(l, l->config->weight_variance);
}

/* At most six layers a unit of depth in any family, and a head. */
static bl_err build(const bl_config *config, size_t depth, size_t dimension,
                    void (*layers)(list *l, size_t depth), bl_gp_network **out) {
    bl_err err = BL_OK;
    list l = {.config = config};
    const size_t pixels = dimension / config->channels;
    const size_t side = (size_t)(sqrt((double)pixels) + 0.5);
    BL_REQUIRE(side > 0 && side * side * config->channels == dimension, BL_ERR_INPUT,
               "dimension %zu is not %zu channels x side^2", dimension, config->channels);
    BL_ALLOC(l.layer, 6 * depth + 8);
    layers(&l, depth);
    BL_TRY(bl_gp_network_create(config->channels, side, side, l.count, l.layer, out));
cleanup:
    bl_mem_free(l.layer);
    return err;
}

bl_err bl_gp_network_cnn(const bl_config *config, size_t depth, size_t dimension, bl_gp_network **out) {
    return build(config, depth, dimension, cnn_layers, out);
}

bl_err bl_gp_network_lenet(const bl_config *config, size_t depth, size_t dimension, bl_gp_network **out) {
    return build(config, depth, dimension, lenet_layers, out);
}

bl_err bl_gp_network_resnet(const bl_config *config, size_t depth, size_t dimension, bl_gp_network **out) {
    bl_err err = BL_OK;
    BL_REQUIRE(depth >= 8 && depth % 6 == 2, BL_ERR_INPUT, "depth %zu of a resnet is not 6k + 2", depth);
    err = build(config, depth, dimension, resnet_layers, out);
cleanup:
    return err;
}

bl_err bl_gp_network_of(const bl_config *config, size_t depth, size_t dimension, bl_gp_network **out) {
    static const struct {
        const char *name;
        bl_err (*create)(const bl_config *config, size_t depth, size_t dimension, bl_gp_network **out);
    } family[] = {
        {"cnn", bl_gp_network_cnn}, {"lenet", bl_gp_network_lenet}, {"resnet", bl_gp_network_resnet}};
    *out = NULL;
    for (size_t k = 0; k < sizeof family / sizeof *family; k++)
        if (strcmp(bl_family_name[config->family], family[k].name) == 0)
            return family[k].create(config, depth, dimension, out);
    return BL_OK;
}
