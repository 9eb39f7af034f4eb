/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Convolutional family (THEORY.md, section 1.3): depth x (conv 3x3 of `width` channels, activation), flatten, one row per class.
 * The paper's convolutions have 1/100 of the variance of its other families; network.weights.scheme: he undoes that.
 */
#include "family.h"

static const double share = 0.01;

bl_err bl_family_cnn(const bl_config *config, const bl_case *c, bl_layer_list *list) {
    bl_err err = BL_OK;
    const double variance = config->weight_variance * (config->scheme == BL_SCHEME_PAPER ? share : 1.0);
    BL_TRY(bl_layer_list_image(list));
    for (size_t l = 0; l < c->depth; l++) {
        BL_TRY(bl_layer_list_conv3x3(list, (size_t)c->width, 1, variance));
        BL_TRY(bl_layer_list_activation(list));
    }
    BL_TRY(bl_layer_list_flatten(list));
    BL_TRY(bl_layer_list_dense_last(list, config->classes));
cleanup:
    return err;
}
