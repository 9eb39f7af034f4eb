/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reads a file of options: walks over the YAML document, finds each key, checks that all that must be given are there.
 */
#include "base/mem.h"
#include "option_value.h"

#include <string.h>

/* A file that is being read. `seen` has the line of each option that was given, 0 for the others. */
typedef struct reading {
    const bl_option_table *table;
    const char *file;
    bool in_file; /* messages name lines */
    yaml_document_t *document;
    void *config;
    size_t *seen;
} reading;

static bl_err unknown_key(const bl_option_table *table, const bl_option_place *at) {
    const char *last = strrchr(at->key, '.');
    bl_guess whole = {.word = at->key, .distance = SIZE_MAX};
    bl_guess leaf = {.word = last ? last + 1 : at->key, .distance = SIZE_MAX};
    for (size_t i = 0; i < table->count; i++) {
        const char *key = table->option[i].key;
        const char *dot = strrchr(key, '.');
        bl_guess_offer(&whole, key, key);
        bl_guess_offer(&leaf, key, dot ? dot + 1 : key);
    }
    const char *best = leaf.best && leaf.distance < whole.distance ? leaf.best : whole.best;
    if (best)
        return bl_option_complain(at, "unknown key; did you mean '%s'?", best);
    return bl_option_complain(at, "unknown key (borderline %s --help lists all keys)", table->command);
}

static bool is_section(const bl_option_table *table, const char *key) {
    size_t length = strlen(key);
    for (size_t i = 0; i < table->count; i++)
        if (strncmp(table->option[i].key, key, length) == 0 && table->option[i].key[length] == '.')
            return true;
    return false;
}

size_t bl_options_find(const bl_option_table *table, const char *key) {
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->option[i].key, key) == 0)
            return i;
    return SIZE_MAX;
}

static bl_err read_option(reading *r, const char *key, yaml_node_t *node, size_t line) {
    bl_option_place at = {r->file, line, key};
    size_t number = bl_options_find(r->table, key);
    if (number == SIZE_MAX)
        return is_section(r->table, key) ? bl_option_complain(&at, "is a section, not a value")
                                         : unknown_key(r->table, &at);
    size_t *seen = &r->seen[number];
    if (r->in_file && *seen)
        return bl_option_complain(&at, "given twice; the first is on line %zu", *seen);
    *seen = line ? line : 1;
    return bl_option_read(&at, &r->table->option[number], r->document, node, r->config);
}

static bl_err read_mapping(reading *r, const char *section, const yaml_node_t *mapping) {
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top;
         pair++) {
        const yaml_node_t *name = yaml_document_get_node(r->document, pair->key);
        yaml_node_t *node = yaml_document_get_node(r->document, pair->value);
        const char *text = bl_option_text(name);
        size_t line = name->start_mark.line + 1;
        char key[BL_OPTION_KEY_MAX];
        int length = snprintf(key, sizeof key, "%s%s%s", section, *section ? "." : "", text ? text : "");
        bl_option_place at = {r->file, line, *section ? section : r->table->what};
        if (!text || length < 0 || (size_t)length >= sizeof key)
            return bl_option_complain(&at, "a key must be a short text");
        bl_err err = node->type == YAML_MAPPING_NODE && is_section(r->table, key)
                         ? read_mapping(r, key, node)
                         : read_option(r, key, node, line);
        if (err != BL_OK)
            return err;
    }
    return BL_OK;
}

static bl_err use_file(reading *r, const char *key, yaml_node_t *root) {
    bl_option_place at = {r->file, root->start_mark.line + 1, r->table->what};
    if (root->type != YAML_MAPPING_NODE)
        return bl_option_complain(&at, "a %s file holds 'key: value' lines", r->table->what);
    return read_mapping(r, key, root);
}

static bl_err use_value(reading *r, const char *key, yaml_node_t *root) {
    return read_option(r, key, root, 0);
}

/* A C string would end at the first NUL character, so a text that has one would be cut off silently. */
static bl_err refuse_nul(reading *r, const char *key, yaml_document_t *document) {
    for (const yaml_node_t *node = document->nodes.start; node < document->nodes.top; node++)
        if (node->type == YAML_SCALAR_NODE && memchr(node->data.scalar.value, 0, node->data.scalar.length)) {
            bl_option_place at = {r->file, r->in_file ? node->start_mark.line + 1 : 0,
                                  *key ? key : r->table->what};
            return bl_option_complain(&at, "a text has a NUL character");
        }
    return BL_OK;
}

/* Nothing may follow the document: a second one, or text that is left over, would be ignored. */
static bl_err refuse_more(reading *r, const char *key, yaml_parser_t *parser) {
    bl_err err = BL_OK;
    yaml_document_t document;
    bl_option_place at = {r->file, 0, *key ? key : r->table->what};
    if (!yaml_parser_load(parser, &document)) {
        at.line = r->in_file ? parser->problem_mark.line + 1 : 0;
        return bl_option_complain(&at, "not YAML: text follows the end of the value");
    }
    const yaml_node_t *root = yaml_document_get_root_node(&document);
    if (root) {
        at.line = r->in_file ? root->start_mark.line + 1 : 0;
        err = bl_option_complain(&at, "a second YAML document begins here, but only one can be read");
    }
    yaml_document_delete(&document);
    return err;
}

/* Load the one YAML document and hand its root to `use`. */
static bl_err with_document(reading *r, const char *key, const char *text, size_t length,
                            bl_err (*use)(reading *, const char *, yaml_node_t *)) {
    bl_err err = BL_OK;
    yaml_parser_t parser;
    yaml_document_t document;
    BL_REQUIRE(yaml_parser_initialize(&parser), BL_ERR_MEMORY, "out of memory while reading %s", r->file);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    bl_option_place at = {r->file, r->in_file ? 1 : 0, *key ? key : r->table->what};
    if (yaml_parser_load(&parser, &document)) {
        r->document = &document;
        yaml_node_t *root = yaml_document_get_root_node(&document);
        err = root ? refuse_nul(r, key, &document) : bl_option_complain(&at, "is empty");
        if (err == BL_OK)
            err = refuse_more(r, key, &parser);
        if (root && err == BL_OK)
            err = use(r, key, root);
        r->document = NULL;
        yaml_document_delete(&document);
    } else {
        at.line = r->in_file ? parser.problem_mark.line + 1 : 0;
        err = bl_option_complain(&at, "not YAML: %s%s%s", parser.problem ? parser.problem : "unreadable",
                                 parser.context ? " " : "", parser.context ? parser.context : "");
    }
    yaml_parser_delete(&parser);
cleanup:
    return err;
}

static bl_err read_override(reading *r, const char *override) {
    const char *equals = strchr(override, '=');
    char key[BL_OPTION_KEY_MAX];
    if (!equals || equals == override || (size_t)(equals - override) >= sizeof key)
        return bl_err_set(BL_ERR_INPUT, "--set %s: KEY=VALUE is expected, such as %s", override,
                          r->table->example);
    (void)snprintf(key, sizeof key, "%.*s", (int)(equals - override), override);
    return with_document(r, key, equals + 1, strlen(equals + 1), use_value);
}

static bl_err read_defaults(const bl_option_table *table, void *config) {
    bl_err err = BL_OK;
    size_t *seen = NULL;
    BL_ALLOC(seen, table->count);
    reading r = {.table = table, .file = "default", .config = config, .seen = seen};
    for (size_t i = 0; i < table->count; i++)
        if (table->option[i].by_default)
            BL_TRY(with_document(&r, table->option[i].key, table->option[i].by_default,
                                 strlen(table->option[i].by_default), use_value));
cleanup:
    bl_mem_free(seen);
    return err;
}

static bl_err check_whole(const reading *r) {
    for (size_t i = 0; i < r->table->count; i++) {
        bl_option_place at = {r->file, 0, r->table->option[i].key};
        if (!r->table->option[i].by_default && !r->seen[i])
            return bl_option_complain(&at, "must be given");
    }
    return r->table->check ? r->table->check(r->table, r->file, r->seen, r->config) : BL_OK;
}

bl_err bl_options_parse(const bl_option_table *table, const char *file, const char *text, size_t length,
                        const char *const *overrides, size_t count, void *config) {
    bl_err err = BL_OK;
    size_t *seen = NULL;
    BL_ALLOC(seen, table->count);
    BL_TRY(read_defaults(table, config));
    reading r = {.table = table, .file = file, .in_file = true, .config = config, .seen = seen};
    BL_TRY(with_document(&r, "", text, length, use_file));
    r.file = "--set";
    r.in_file = false;
    for (size_t i = 0; i < count; i++)
        BL_TRY(read_override(&r, overrides[i]));
    r.file = file;
    BL_TRY(check_whole(&r));
cleanup:
    bl_mem_free(seen);
    return err;
}

void bl_options_clear(const bl_option_table *table, void *config) {
    for (size_t i = 0; i < table->count; i++) {
        void *value = (char *)config + table->option[i].offset;
        if (table->option[i].type == BL_OPTION_TEXT)
            bl_mem_free(*(char **)value);
        if (table->option[i].type == BL_OPTION_INTEGERS || table->option[i].type == BL_OPTION_NORMS)
            bl_mem_free(((bl_axis *)value)->value);
    }
}
