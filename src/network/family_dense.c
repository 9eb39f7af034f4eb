/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Dense family (THEORY.md, section 1.3): depth x (dense of `width` units, activation), then one row per class.
 */
#include "family.h"

bl_err bl_family_dense(const bl_config *config, const bl_case *c, bl_layer_list *list) {
    bl_err err = BL_OK;
    for (size_t l = 0; l < c->depth; l++) {
        BL_TRY(bl_layer_list_dense(list, (size_t)c->width, config->weight_variance));
        BL_TRY(bl_layer_list_activation(list));
    }
    BL_TRY(bl_layer_list_dense(list, config->classes, config->weight_variance));
cleanup:
    return err;
}
