/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Checks of a sweep that involve several keys.
 */
#include "option_value.h"

#include <math.h>

static bl_option_place place_of(const bl_option_table *table, const char *file, const size_t *seen,
                                const char *key) {
    return (bl_option_place){file, seen[bl_options_find(table, key)], key};
}

static bl_err check_image(const bl_option_table *table, const char *file, const size_t *seen,
                          const bl_config *config) {
    bl_option_place at = place_of(table, file, seen, "grid.dimension");
    if (config->channels == 0)
        return BL_OK;
    double channels = (double)config->channels;
    for (size_t i = 0; i < config->dimension.count; i++) {
        double side = fmax(1, round(sqrt(config->dimension.value[i] / channels)));
        if (side * side * channels != config->dimension.value[i])
            return bl_option_complain(
                &at, "%.0f does not fit: with image.channels %zu a dimension is %zu x side^2, such as %.0f",
                config->dimension.value[i], config->channels, config->channels, side * side * channels);
    }
    return BL_OK;
}

static bl_err check_training(const bl_option_table *table, const char *file, const size_t *seen,
                             const bl_config *config) {
    const bl_training *training = &config->training;
    bl_option_place at = place_of(table, file, seen, "training.dataset");
    const size_t classes = training->labels == BL_LABELS_PARITY ? 2 : 10;
    if (training->set == BL_TRAINING_NONE)
        return BL_OK;
    if (!*training->path)
        return bl_option_complain(&at, "give training.path: the folder of the images");
    if (config->classes != classes)
        return bl_option_complain(&at, "training.labels: %s needs network.classes: %zu, not %zu",
                                  classes == 2 ? "parity" : "classes", classes, config->classes);
    if (config->box.lo > 0.0 || config->box.hi < 1.0)
        return bl_option_complain(&at, "images have numbers from 0 to 1, which must lie in inputs.box");
    at = place_of(table, file, seen, "samples.input_block");
    if (config->input_block > 0)
        return bl_option_complain(
            &at, "where networks are trained a unit takes all inputs of its networks: leave it out");
    at = place_of(table, file, seen, "samples.block");
    if (config->block > 1)
        return bl_option_complain(
            &at, "where networks are trained give 1, or leave it out: then a unit takes several "
                 "networks only if their training costs very little");
    return BL_OK;
}

bl_err bl_config_check(const bl_option_table *table, const char *file, const size_t *seen,
                       const void *sweep) {
    const bl_config *config = sweep;
    bl_option_place at = place_of(table, file, seen, "inputs.distribution");
    if (config->input_kind == BL_INPUT_NORMAL && bl_box_is_bounded(config->box))
        return bl_option_complain(&at, "normal inputs would leave the box: give inputs.box: none");
    bl_err err = BL_OK;
    BL_TRY(check_training(table, file, seen, config));
    BL_TRY(check_image(table, file, seen, config));
cleanup:
    return err;
}
