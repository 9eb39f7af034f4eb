/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Residual family (THEORY.md, section 1.3; He et al. 2016 without batch normalisation): conv 3x3 of `width` channels,
 * activation, three stages of (depth - 2)/6 blocks of width, 2 width and 4 width channels, flatten, one row per class.
 */
#include "family.h"

static bl_err block(const bl_config *config, size_t channels, size_t stride, bl_layer_list *list) {
    bl_err err = BL_OK;
    const double variance = config->weight_variance;
    BL_TRY(bl_layer_list_residual_begin(list));
    BL_TRY(bl_layer_list_conv3x3(list, channels, stride, variance));
    BL_TRY(bl_layer_list_activation(list));
    BL_TRY(bl_layer_list_conv3x3(list, channels, 1, variance));
    BL_TRY(bl_layer_list_residual_end(list, stride, variance));
    BL_TRY(bl_layer_list_activation(list));
cleanup:
    return err;
}

bl_err bl_family_resnet(const bl_config *config, const bl_case *c, bl_layer_list *list) {
    bl_err err = BL_OK;
    const size_t filters = (size_t)c->width;
    BL_REQUIRE(c->depth >= 8 && c->depth % 6 == 2, BL_ERR_INPUT, "depth %zu is not 6k + 2 (8, 14, 20, ...)",
               c->depth);
    BL_TRY(bl_layer_list_image(list));
    BL_TRY(bl_layer_list_conv3x3(list, filters, 1, config->weight_variance));
    BL_TRY(bl_layer_list_activation(list));
    for (size_t stage = 0; stage < 3; stage++)
        for (size_t k = 0; k < (c->depth - 2) / 6; k++)
            BL_TRY(block(config, filters << stage, stage > 0 && k == 0 ? 2 : 1, list));
    BL_TRY(bl_layer_list_flatten(list));
    BL_TRY(bl_layer_list_dense(list, config->classes, config->weight_variance));
cleanup:
    return err;
}
