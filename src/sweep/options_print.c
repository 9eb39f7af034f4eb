/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Prints option tables: all values in use, the first difference of two configurations, the help text.
 */
#include "options.h"

#include "base/mem.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void print_real(FILE *stream, double value) {
    if (isinf(value))
        (void)fputs(value > 0 ? ".inf" : "-.inf", stream);
    else
        (void)fprintf(stream, "%.17g", value);
}

static void print_text(FILE *stream, const char *text) {
    (void)fputc('"', stream);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            (void)fputc('\\', stream);
        if ((unsigned char)*text < 0x20)
            (void)fprintf(stream, "\\x%02x", (unsigned)*text);
        else
            (void)fputc(*text, stream);
    }
    (void)fputc('"', stream);
}

static void print_axis(FILE *stream, const bl_axis *axis) {
    for (size_t i = 0; i < axis->count; i++) {
        (void)fputs(i ? ", " : "[", stream);
        print_real(stream, axis->value[i]);
    }
    (void)fputc(']', stream);
}

static void print_box(FILE *stream, bl_box box) {
    if (bl_box_is_bounded(box))
        print_axis(stream, &(bl_axis){2, (double[]){box.lo, box.hi}});
    else
        (void)fputs("none", stream);
}

static void print_value(FILE *stream, const bl_option *option, const void *config) {
    const void *value = (const char *)config + option->offset;
    switch (option->type) {
    case BL_OPTION_TEXT:
        print_text(stream, *(char *const *)value);
        break;
    case BL_OPTION_SEED:
        (void)fprintf(stream, "%" PRIu64, *(const uint64_t *)value);
        break;
    case BL_OPTION_COUNT:
        (void)fprintf(stream, "%zu", *(const size_t *)value);
        break;
    case BL_OPTION_REAL:
        print_real(stream, *(const double *)value);
        break;
    case BL_OPTION_WORD:
        (void)fputs(option->word[*(const unsigned *)value], stream);
        break;
    case BL_OPTION_INTEGERS:
    case BL_OPTION_NORMS:
        print_axis(stream, value);
        break;
    case BL_OPTION_BOX:
        print_box(stream, *(const bl_box *)value);
        break;
    }
}

/* Length of the common leading sections ("network.weights.") of two keys. */
static size_t common_sections(const char *a, const char *b) {
    size_t common = 0;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '.')
            common = i + 1;
    return common;
}

/* "network:\n  weights:\n    variance: 2\n", opening only sections that the option before is not in. */
static void print_line(FILE *stream, const char *previous, const bl_option *option, const void *config) {
    const char *name = option->key + common_sections(previous, option->key);
    int indent = 0;
    for (const char *c = option->key; c < name; c++)
        indent += *c == '.' ? 2 : 0;
    for (const char *dot = strchr(name, '.'); dot; dot = strchr(name, '.')) {
        (void)fprintf(stream, "%*s%.*s:\n", indent, "", (int)(dot - name), name);
        name = dot + 1;
        indent += 2;
    }
    (void)fprintf(stream, "%*s%s: ", indent, "", name);
    print_value(stream, option, config);
    (void)fputc('\n', stream);
}

bl_err bl_options_resolve(const bl_option_table *table, const void *config, char **out) {
    bl_err err = BL_OK;
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    BL_REQUIRE(stream, BL_ERR_MEMORY, "out of memory while writing the configuration");
    for (size_t i = 0; i < table->count; i++)
        print_line(stream, i ? table->option[i - 1].key : "", &table->option[i], config);
    BL_REQUIRE(fclose(stream) == 0, BL_ERR_MEMORY, "out of memory while writing the configuration");
    BL_ALLOC(*out, length + 1);
    memcpy(*out, text, length);
cleanup:
    free(text);
    return err;
}

/* The value as text, freed by the caller with free; NULL without memory. */
static char *value_text(const bl_option *option, const void *config) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (!stream)
        return NULL;
    print_value(stream, option, config);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

const char *bl_options_difference(const bl_option_table *table, const void *a, const void *b) {
    for (size_t i = 0; i < table->count; i++) {
        char *text_a = value_text(&table->option[i], a);
        char *text_b = value_text(&table->option[i], b);
        bool same = text_a && text_b && strcmp(text_a, text_b) == 0;
        free(text_a);
        free(text_b);
        if (!same)
            return table->option[i].key;
    }
    return NULL;
}

void bl_options_help(const bl_option_table *table) {
    static const char *const type_name[] = {"text",   "integer", "integer",         "number",
                                            "one of", "list",    "list of numbers", "[low, high] or none"};
    for (size_t i = 0; i < table->count; i++) {
        const bl_option *option = &table->option[i];
        (void)printf("  %-30s %s", option->key, option->help);
        if (*option->unit)
            (void)printf(" [%s]", option->unit);
        (void)printf("\n  %-30s   %s", "", type_name[option->type]);
        for (const char *const *word = option->word; word && *word; word++)
            (void)printf("%s%s", word == option->word ? " " : " | ", *word);
        if (option->type != BL_OPTION_TEXT && option->type != BL_OPTION_WORD && option->type != BL_OPTION_BOX)
            (void)printf(", %g to %g", option->low, option->high);
        (void)printf("; %s%s\n", option->by_default ? "default " : "must be given",
                     option->by_default ? option->by_default : "");
    }
}
