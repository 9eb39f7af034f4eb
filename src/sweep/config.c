/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The sweep's configuration: what no single value can tell.
 */
#include "borderline/config.h"

#include "base/mem.h"
#include "values.h"

#include <float.h>
#include <math.h>

static bl_err check_image(const char *file, const size_t *seen, const bl_config *config) {
    bl_place at = {file, seen[bl_option_find(&bl_sweep_options, "grid.dimension")], "grid.dimension"};
    if (config->channels == 0)
        return BL_OK;
    double channels = (double)config->channels;
    for (size_t i = 0; i < config->dimension.count; i++) {
        double side = fmax(1, round(sqrt(config->dimension.value[i] / channels)));
        if (side * side * channels != config->dimension.value[i])
            return bl_complain(
                &at, "%.0f does not fit: with image.channels %zu a dimension is %zu x side^2, such as %.0f",
                config->dimension.value[i], config->channels, config->channels, side * side * channels);
    }
    return BL_OK;
}

static bl_err check_training(const char *file, const size_t *seen, const bl_config *config) {
    const bl_training *training = &config->training;
    bl_place at = {file, seen[bl_option_find(&bl_sweep_options, "training.dataset")], "training.dataset"};
    const size_t classes = training->labels == BL_LABELS_PARITY ? 2 : 10;
    if (training->set == BL_TRAINING_NONE)
        return BL_OK;
    if (!*training->path)
        return bl_complain(&at, "give training.path: the folder of the images");
    if (config->classes != classes)
        return bl_complain(&at, "training.labels: %s needs network.classes: %zu, not %zu",
                           classes == 2 ? "parity" : "classes", classes, config->classes);
    if (config->box.lo > 0.0 || config->box.hi < 1.0)
        return bl_complain(&at, "images have numbers from 0 to 1, which must lie in inputs.box");
    at = (bl_place){file, seen[bl_option_find(&bl_sweep_options, "samples.input_block")],
                    "samples.input_block"};
    if (config->input_block > 0)
        return bl_complain(
            &at, "where networks are trained a unit takes all inputs of its networks: leave it out");
    at = (bl_place){file, seen[bl_option_find(&bl_sweep_options, "samples.block")], "samples.block"};
    if (config->block > 1)
        return bl_complain(&at,
                           "where networks are trained give 1, or leave it out: then a unit takes several "
                           "networks only if they train in an instant");
    return BL_OK;
}

bl_err bl_sweep_check(const char *file, const size_t *seen, const void *sweep) {
    const bl_config *config = sweep;
    bl_place at = {file, seen[bl_option_find(&bl_sweep_options, "inputs.distribution")],
                   "inputs.distribution"};
    if (config->input_kind == BL_INPUT_NORMAL && bl_box_is_bounded(config->box))
        return bl_complain(&at, "normal inputs would leave the box: give inputs.box: none");
    bl_err err = BL_OK;
    BL_TRY(check_training(file, seen, config));
    BL_TRY(check_image(file, seen, config));
cleanup:
    return err;
}

bool bl_box_float32(bl_box box, float *lo, float *hi) {
    enum { SPACINGS_MIN = 4096 };
    *lo = (float)box.lo;
    *hi = (float)box.hi;
    if ((double)*lo < box.lo)
        *lo = nextafterf(*lo, INFINITY);
    if ((double)*hi > box.hi)
        *hi = nextafterf(*hi, -INFINITY);
    const double width = box.hi - box.lo, largest = fmax(fabs(box.lo), fabs(box.hi));
    return isinf(width) ||
           width >= fmax(SPACINGS_MIN * (double)FLT_EPSILON * largest, 0x1p24 * (double)FLT_MIN);
}

bl_err bl_config_parse(const char *file, const char *text, size_t length, const char *const *overrides,
                       size_t count, bl_config **out) {
    bl_err err = BL_OK;
    bl_config *config = NULL;
    BL_ALLOC(config, 1);
    BL_TRY(bl_options_parse(&bl_sweep_options, file, text, length, overrides, count, config));
    *out = config;
    config = NULL;
cleanup:
    bl_config_destroy(&config);
    return err;
}

void bl_config_destroy(bl_config **config) {
    if (!*config)
        return;
    bl_options_clear(&bl_sweep_options, *config);
    bl_mem_free(*config);
    *config = NULL;
}

bl_err bl_config_resolve(const bl_config *config, char **out) {
    return bl_options_resolve(&bl_sweep_options, config, out);
}

const char *bl_config_difference(const bl_config *a, const bl_config *b) {
    return bl_options_difference(&bl_sweep_options, a, b);
}

void bl_config_help(void) {
    bl_options_help(&bl_sweep_options);
}
