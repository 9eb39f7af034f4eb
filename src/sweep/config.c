/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reading a sweep: the walk over the YAML document, the keys, and what no single value can tell.
 */
#include "borderline/config.h"

#include "borderline/mem.h"
#include "values.h"

#include <math.h>
#include <string.h>

/* A reading in progress. `seen` holds the line of each option given, 0 where not. */
typedef struct reading {
    const char *file;
    bool in_file; /* lines count */
    yaml_document_t *document;
    bl_config *config;
    size_t *seen;
} reading;

static bl_err unknown_key(const bl_place *at) {
    const char *last = strrchr(at->key, '.');
    bl_guess whole = {.word = at->key, .distance = SIZE_MAX};
    bl_guess leaf = {.word = last ? last + 1 : at->key, .distance = SIZE_MAX};
    for (size_t i = 0; i < bl_option_count; i++) {
        const char *key = bl_options[i].key;
        const char *dot = strrchr(key, '.');
        bl_guess_offer(&whole, key, key);
        bl_guess_offer(&leaf, key, dot ? dot + 1 : key);
    }
    const char *best = leaf.best && leaf.distance < whole.distance ? leaf.best : whole.best;
    if (best)
        return bl_complain(at, "unknown key; did you mean '%s'?", best);
    return bl_complain(at, "unknown key (borderline run --help lists all keys)");
}

static bool is_section(const char *key) {
    size_t length = strlen(key);
    for (size_t i = 0; i < bl_option_count; i++)
        if (strncmp(bl_options[i].key, key, length) == 0 && bl_options[i].key[length] == '.')
            return true;
    return false;
}

static const bl_option *find_option(const char *key) {
    for (size_t i = 0; i < bl_option_count; i++)
        if (strcmp(bl_options[i].key, key) == 0)
            return &bl_options[i];
    return NULL;
}

static bl_err read_option(reading *r, const char *key, yaml_node_t *node, size_t line) {
    bl_place at = {r->file, line, key};
    const bl_option *option = find_option(key);
    if (!option)
        return is_section(key) ? bl_complain(&at, "is a section, not a value") : unknown_key(&at);
    size_t *seen = &r->seen[option - bl_options];
    if (r->in_file && *seen)
        return bl_complain(&at, "given twice; the first is on line %zu", *seen);
    *seen = line ? line : 1;
    return bl_value_read(&at, option, r->document, node, r->config);
}

static bl_err read_mapping(reading *r, const char *section, const yaml_node_t *mapping) {
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top;
         pair++) {
        const yaml_node_t *name = yaml_document_get_node(r->document, pair->key);
        yaml_node_t *node = yaml_document_get_node(r->document, pair->value);
        const char *text = bl_value_text(name);
        size_t line = name->start_mark.line + 1;
        char key[BL_KEY_MAX];
        int length = snprintf(key, sizeof key, "%s%s%s", section, *section ? "." : "", text ? text : "");
        bl_place at = {r->file, line, *section ? section : "sweep"};
        if (!text || length < 0 || (size_t)length >= sizeof key)
            return bl_complain(&at, "a key must be a short text");
        bl_err err = node->type == YAML_MAPPING_NODE && is_section(key) ? read_mapping(r, key, node)
                                                                        : read_option(r, key, node, line);
        if (err != BL_OK)
            return err;
    }
    return BL_OK;
}

static bl_err use_file(reading *r, const char *key, yaml_node_t *root) {
    bl_place at = {r->file, root->start_mark.line + 1, "sweep"};
    if (root->type != YAML_MAPPING_NODE)
        return bl_complain(&at, "a sweep file holds 'key: value' lines");
    return read_mapping(r, key, root);
}

static bl_err use_value(reading *r, const char *key, yaml_node_t *root) {
    return read_option(r, key, root, 0);
}

/* Load one YAML document and hand its root to `use`. */
static bl_err with_document(reading *r, const char *key, const char *text, size_t length,
                            bl_err (*use)(reading *, const char *, yaml_node_t *)) {
    bl_err err = BL_OK;
    yaml_parser_t parser;
    yaml_document_t document;
    BL_REQUIRE(yaml_parser_initialize(&parser), BL_ERR_MEMORY, "out of memory while reading %s", r->file);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    bl_place at = {r->file, r->in_file ? 1 : 0, *key ? key : "sweep"};
    if (yaml_parser_load(&parser, &document)) {
        r->document = &document;
        yaml_node_t *root = yaml_document_get_root_node(&document);
        err = root ? use(r, key, root) : bl_complain(&at, "is empty");
        r->document = NULL;
        yaml_document_delete(&document);
    } else {
        at.line = r->in_file ? parser.problem_mark.line + 1 : 0;
        err = bl_complain(&at, "not YAML: %s%s%s", parser.problem ? parser.problem : "unreadable",
                          parser.context ? " " : "", parser.context ? parser.context : "");
    }
    yaml_parser_delete(&parser);
cleanup:
    return err;
}

static bl_err read_override(reading *r, const char *override) {
    const char *equals = strchr(override, '=');
    char key[BL_KEY_MAX];
    if (!equals || equals == override || (size_t)(equals - override) >= sizeof key)
        return bl_err_set(BL_ERR_INPUT, "--set %s: KEY=VALUE is expected, such as grid.width=[100,1000]",
                          override);
    (void)snprintf(key, sizeof key, "%.*s", (int)(equals - override), override);
    return with_document(r, key, equals + 1, strlen(equals + 1), use_value);
}

static bl_err read_defaults(bl_config *config) {
    bl_err err = BL_OK;
    size_t *seen = NULL;
    BL_ALLOC(seen, bl_option_count);
    reading r = {.file = "default", .config = config, .seen = seen};
    for (size_t i = 0; i < bl_option_count; i++)
        if (bl_options[i].by_default)
            BL_TRY(with_document(&r, bl_options[i].key, bl_options[i].by_default,
                                 strlen(bl_options[i].by_default), use_value));
cleanup:
    bl_mem_free(seen);
    return err;
}

static bl_err check_image(const reading *r, const bl_config *config) {
    bl_place at = {r->file, r->seen[find_option("grid.dimension") - bl_options], "grid.dimension"};
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

static bl_err check_whole(const reading *r) {
    for (size_t i = 0; i < bl_option_count; i++) {
        bl_place at = {r->file, 0, bl_options[i].key};
        if (!bl_options[i].by_default && !r->seen[i])
            return bl_complain(&at, "must be given");
    }
    bl_place at = {r->file, r->seen[find_option("inputs.distribution") - bl_options], "inputs.distribution"};
    if (r->config->input_kind == BL_INPUT_NORMAL && bl_box_is_bounded(r->config->box))
        return bl_complain(&at, "normal inputs would leave the box: give inputs.box: none");
    return check_image(r, r->config);
}

bl_err bl_config_parse(const char *file, const char *text, size_t length, const char *const *overrides,
                       size_t count, bl_config **out) {
    bl_err err = BL_OK;
    bl_config *config = NULL;
    size_t *seen = NULL;
    BL_ALLOC(config, 1);
    BL_ALLOC(seen, bl_option_count);
    BL_TRY(read_defaults(config));
    reading r = {.file = file, .in_file = true, .config = config, .seen = seen};
    BL_TRY(with_document(&r, "", text, length, use_file));
    r.file = "--set";
    r.in_file = false;
    for (size_t i = 0; i < count; i++)
        BL_TRY(read_override(&r, overrides[i]));
    r.file = file;
    BL_TRY(check_whole(&r));
    *out = config;
    config = NULL;
cleanup:
    bl_mem_free(seen);
    bl_config_destroy(&config);
    return err;
}

void bl_config_destroy(bl_config **config) {
    if (!*config)
        return;
    bl_mem_free((*config)->name);
    bl_mem_free((*config)->depth.value);
    bl_mem_free((*config)->width.value);
    bl_mem_free((*config)->dimension.value);
    bl_mem_free((*config)->p.value);
    bl_mem_free(*config);
    *config = NULL;
}
