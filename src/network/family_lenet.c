/* SPDX-License-Identifier: BSD-3-Clause
 *
 * LeNet-like family (THEORY.md, section 1.3): depth x (two conv 3x3 of `width` channels with activations, average pooling 2),
 * flatten, two dense layers of 4 width with activations, one row per class.
 */
#include "family.h"

static bl_err stage(const bl_config *config, size_t channels, bl_layer_list *list) {
    bl_err err = BL_OK;
    for (int twice = 0; twice < 2; twice++) {
        BL_TRY(bl_layer_list_conv3x3(list, channels, 1, config->weight_variance));
        BL_TRY(bl_layer_list_activation(list));
    }
    BL_TRY(bl_layer_list_avgpool2d(list, 2));
cleanup:
    return err;
}

bl_err bl_family_lenet(const bl_config *config, const bl_case *c, bl_layer_list *list) {
    bl_err err = BL_OK;
    const size_t channels = (size_t)c->width;
    BL_TRY(bl_layer_list_image(list));
    for (size_t l = 0; l < c->depth; l++)
        BL_TRY(stage(config, channels, list));
    BL_TRY(bl_layer_list_flatten(list));
    for (int twice = 0; twice < 2; twice++) {
        BL_TRY(bl_layer_list_dense(list, 4 * channels, config->weight_variance));
        BL_TRY(bl_layer_list_activation(list));
    }
    BL_TRY(bl_layer_list_dense_last(list, config->classes));
cleanup:
    return err;
}
