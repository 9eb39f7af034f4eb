/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The sweep file's configuration: its option table, read, printed and compared.
 */
#include "borderline/config.h"

#include "base/mem.h"
#include "options.h"

bl_err bl_config_parse(const char *file, const char *text, size_t length, const char *const *overrides,
                       size_t count, bl_config **out) {
    bl_err err = BL_OK;
    bl_config *config = NULL;
    BL_ALLOC(config, 1);
    BL_TRY(bl_options_parse(&bl_config_options, file, text, length, overrides, count, config));
    *out = config;
    config = NULL;
cleanup:
    bl_config_destroy(&config);
    return err;
}

void bl_config_destroy(bl_config **config) {
    if (!*config)
        return;
    bl_options_clear(&bl_config_options, *config);
    bl_mem_free(*config);
    *config = NULL;
}

bl_err bl_config_resolve(const bl_config *config, char **out) {
    return bl_options_resolve(&bl_config_options, config, out);
}

const char *bl_config_difference(const bl_config *a, const bl_config *b) {
    return bl_options_difference(&bl_config_options, a, b);
}

void bl_config_help(void) {
    bl_options_help(&bl_config_options);
}
