/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks by the name of their family.
 */
#include "family.h"

#include "base/mem.h"
#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    bl_family_build *build;
} families[] = {{"dense", bl_family_dense},
                {"cnn", bl_family_cnn},
                {"lenet", bl_family_lenet},
                {"resnet", bl_family_resnet}};

/* a greater width must be a mistake: a single weight matrix would not fit any machine */
static const double width_max = 1e9;

static bl_err find_family(const char *name, bl_family_build **build) {
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strcmp(name, families[i].name) == 0) {
            *build = families[i].build;
            return BL_OK;
        }
    return bl_err_set(BL_ERR_INPUT, "the family \"%.64s\" is not known", name);
}

bl_err bl_network_create_family(const char *family, const bl_config *config, const bl_case *c,
                                bool with_weights, bl_network **out) {
    bl_err err = BL_OK;
    bl_layer_list list = {.config = config, .with_weights = with_weights};
    bl_network *network = NULL;
    bl_family_build *build = NULL;
    BL_TRY(find_family(family, &build));
    BL_REQUIRE(isfinite(c->width), BL_ERR_INPUT,
               "a network of infinite width has no weights: the case is the Gaussian process itself");
    BL_REQUIRE(c->width >= 1.0 && c->width <= width_max && c->width == floor(c->width), BL_ERR_INPUT,
               "width %g: a whole number from 1 to %g is needed", c->width, width_max);
    BL_REQUIRE(c->dimension > 0, BL_ERR_INPUT, "a network needs at least one input");
    BL_REQUIRE(config->classes >= 2, BL_ERR_INPUT, "a classifier needs at least two classes");
    BL_ALLOC(network, 1);
    network->dimension = c->dimension;
    network->classes = config->classes;
    network->shape_rank = 1;
    network->shape[0] = c->dimension;
    list.network = network;
    err = build(config, c, &list);
    if (err == BL_ERR_INPUT)
        bl_err_prefix("%s of depth %zu and width %g on %zu numbers: ", family, c->depth, c->width,
                      c->dimension);
    if (err != BL_OK)
        goto cleanup;
    *out = network;
    network = NULL;
cleanup:
    bl_network_destroy(&network);
    return err;
}

bl_err bl_network_create(const bl_config *config, const bl_case *c, bl_network **out) {
    return bl_network_create_family(bl_family_name[config->family], config, c, true, out);
}

bl_err bl_network_create_shape(const bl_config *config, const bl_case *c, bl_network **out) {
    return bl_network_create_family(bl_family_name[config->family], config, c, false, out);
}
