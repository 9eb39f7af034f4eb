/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One reader for each type of option. Every error message is one line: file, line, key, what is wrong and what would be right.
 */
#include "option_value.h"

#include "base/mem.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bl_err bl_option_complain(const bl_option_place *at, const char *format, ...) {
    char text[768];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (at->line)
        return bl_err_set(BL_ERR_INPUT, "%s:%zu: %s: %s", at->file, at->line, at->key, text);
    return bl_err_set(BL_ERR_INPUT, "%s: %s: %s", at->file, at->key, text);
}

const char *bl_option_text(const yaml_node_t *node) {
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static bool parse_real(const char *text, double *value) {
    static const char *const infinity[] = {"inf", ".inf", "+inf", "+.inf", ".Inf", "Inf", ".INF"};
    for (size_t i = 0; i < sizeof infinity / sizeof *infinity; i++)
        if (strcmp(text, infinity[i]) == 0) {
            *value = INFINITY;
            return true;
        }
    if (*text == '\0' || !strchr("+-.0123456789", *text))
        return false;
    char *end = NULL;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

static bl_err not_a(const bl_option_place *at, const yaml_node_t *node, const char *what) {
    const char *text = bl_option_text(node);
    if (text)
        return bl_option_complain(at, "'%s' is not %s", text, what);
    return bl_option_complain(at, "a list or section is not %s", what);
}

/* A number within the option's bounds, a whole one where `whole` is set. */
static bl_err read_number(const bl_option_place *at, const bl_option *option, const yaml_node_t *node,
                          bool whole, double *value) {
    const char *text = bl_option_text(node);
    if (!text || !parse_real(text, value))
        return not_a(at, node, "a number");
    if (whole && isfinite(*value) && *value != floor(*value))
        return not_a(at, node, "a whole number");
    if (*value < option->low || *value > option->high)
        return bl_option_complain(at, "%s is out of bounds: %g to %g%s%s", text, option->low, option->high,
                                  *option->unit ? " " : "", option->unit);
    return BL_OK;
}

static bl_err read_seed(const bl_option_place *at, const yaml_node_t *node, uint64_t *seed) {
    const char *text = bl_option_text(node);
    char *end = NULL;
    errno = 0;
    if (text && *text >= '0' && *text <= '9')
        *seed = strtoull(text, &end, 10);
    if (!end || *end != '\0' || errno == ERANGE)
        return not_a(at, node, "a whole number from 0 to 18446744073709551615");
    return BL_OK;
}

static bl_err read_count(const bl_option_place *at, const bl_option *option, const yaml_node_t *node,
                         size_t *value) {
    double number = 0;
    const char *text = bl_option_text(node);
    if (text && option->low <= 0 && (strcmp(text, "null") == 0 || strcmp(text, "~") == 0)) {
        *value = 0;
        return BL_OK;
    }
    bl_err err = read_number(at, option, node, true, &number);
    if (err == BL_OK)
        *value = (size_t)number;
    return err;
}

static bl_err read_word(const bl_option_place *at, const bl_option *option, const yaml_node_t *node,
                        unsigned *value) {
    const char *text = bl_option_text(node);
    char list[256] = "";
    bl_guess guess = {.word = text ? text : "", .distance = SIZE_MAX};
    for (unsigned i = 0; option->word[i]; i++) {
        if (text && strcmp(text, option->word[i]) == 0) {
            *value = i;
            return BL_OK;
        }
        bl_guess_offer(&guess, option->word[i], option->word[i]);
        size_t used = strlen(list);
        (void)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", option->word[i]);
    }
    if (guess.best)
        return bl_option_complain(at, "unknown value '%s'; did you mean '%s'? (one of: %s)", guess.word,
                                  guess.best, list);
    return bl_option_complain(at, "unknown value '%s' (one of: %s)", guess.word, list);
}

static bl_err read_text(const bl_option_place *at, const bl_option *option, const yaml_node_t *node,
                        char **value) {
    const char *text = bl_option_text(node);
    size_t length = text ? strlen(text) : 0;
    if (!text || (double)length < option->low || (double)length > option->high)
        return bl_option_complain(at, "a text of %g to %g characters is expected", option->low, option->high);
    bl_mem_free(*value);
    *value = bl_mem_alloc(length + 1, 1);
    if (!*value)
        return BL_ERR_MEMORY;
    memcpy(*value, text, length);
    return BL_OK;
}

static bl_err read_axis_entry(const bl_option_place *at, const bl_option *option, const yaml_node_t *node,
                              double *value) {
    bl_err err = read_number(at, option, node, option->type == BL_OPTION_INTEGERS, value);
    if (err == BL_OK && option->type == BL_OPTION_NORMS && *value != 0 && *value < 1)
        err = bl_option_complain(at, "%s is no norm: p must be at least 1, inf, or 0", bl_option_text(node));
    return err;
}

static bl_err read_axis(const bl_option_place *at, const bl_option *option, yaml_document_t *document,
                        yaml_node_t *node, bl_axis *axis) {
    bl_err err = BL_OK;
    double *value = NULL;
    size_t count = 1;
    if (node->type == YAML_SEQUENCE_NODE)
        count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (count == 0 || count > BL_AXIS_LENGTH_MAX) {
        err = count ? bl_option_complain(at, "%zu values: an axis has at most %d", count,
                                         (int)BL_AXIS_LENGTH_MAX)
                    : bl_option_complain(at, "the list is empty: an axis needs at least one value");
        goto cleanup;
    }
    BL_ALLOC(value, count);
    for (size_t i = 0; i < count; i++) {
        yaml_node_t *item = node;
        if (node->type == YAML_SEQUENCE_NODE)
            item = yaml_document_get_node(document, node->data.sequence.items.start[i]);
        BL_TRY(read_axis_entry(at, option, item, &value[i]));
        for (size_t j = 0; j < i; j++)
            if (value[j] == value[i])
                BL_TRY(bl_option_complain(at, "%s is in the list twice", bl_option_text(item)));
    }
    bl_mem_free(axis->value);
    *axis = (bl_axis){count, value};
    value = NULL;
cleanup:
    bl_mem_free(value);
    return err;
}

static bl_err read_box(const bl_option_place *at, const bl_option *option, yaml_document_t *document,
                       yaml_node_t *node, bl_box *box) {
    const char *text = bl_option_text(node);
    if (text && strcmp(text, "none") == 0) {
        *box = (bl_box){-INFINITY, INFINITY};
        return BL_OK;
    }
    if (node->type != YAML_SEQUENCE_NODE ||
        node->data.sequence.items.top - node->data.sequence.items.start != 2)
        return bl_option_complain(at, "[low, high] or none is expected");
    double bound[2] = {0, 0};
    for (size_t i = 0; i < 2; i++) {
        const yaml_node_t *item = yaml_document_get_node(document, node->data.sequence.items.start[i]);
        bl_err err = read_number(at, option, item, false, &bound[i]);
        if (err != BL_OK)
            return err;
    }
    if (bound[0] >= bound[1])
        return bl_option_complain(at, "the box is upside down: low %g is not under high %g", bound[0],
                                  bound[1]);
    float lo, hi;
    if (!bl_box_float32((bl_box){bound[0], bound[1]}, &lo, &hi))
        return bl_option_complain(
            at,
            "float32, in which networks are evaluated, does not resolve the box [%.17g, "
            "%.17g]: shift or scale "
            "inputs (and first weights) so that it is wider or nearer to 0",
            bound[0], bound[1]);
    *box = (bl_box){bound[0], bound[1]};
    return BL_OK;
}

bl_err bl_option_read(const bl_option_place *at, const bl_option *option, yaml_document_t *document,
                      yaml_node_t *node, void *config) {
    void *value = (char *)config + option->offset;
    switch (option->type) {
    case BL_OPTION_TEXT:
        return read_text(at, option, node, value);
    case BL_OPTION_SEED:
        return read_seed(at, node, value);
    case BL_OPTION_COUNT:
        return read_count(at, option, node, value);
    case BL_OPTION_REAL:
        return read_number(at, option, node, false, value);
    case BL_OPTION_WORD:
        return read_word(at, option, node, value);
    case BL_OPTION_INTEGERS:
    case BL_OPTION_NORMS:
        return read_axis(at, option, document, node, value);
    case BL_OPTION_BOX:
        return read_box(at, option, document, node, value);
    }
    return BL_OK;
}
