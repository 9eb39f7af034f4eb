/* SPDX-License-Identifier: BSD-3-Clause */
#include "json.h"

#include "base/mem.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- texts --- */

/* Bytes of the UTF-8 character at the begin of the text (RFC 3629); 0: none is there. */
static size_t utf8_length(const unsigned char *c) {
    const size_t length = *c < 0x80 ? 1 : *c < 0xc2 ? 0 : *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : *c < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < length; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    const bool overlong = (*c == 0xe0 && c[1] < 0xa0) || (*c == 0xf0 && c[1] < 0x90);
    const bool beyond = (*c == 0xed && c[1] > 0x9f) || (*c == 0xf4 && c[1] > 0x8f);
    return overlong || beyond ? 0 : length;
}

static void put_text(FILE *file, const char *text) {
    const unsigned char *c = (const unsigned char *)text;
    (void)fputc('"', file);
    while (*c) {
        const size_t length = utf8_length(c);
        if (*c == '"' || *c == '\\')
            (void)fprintf(file, "\\%c", *c);
        else if (*c < 0x20)
            (void)fprintf(file, "\\u%04x", *c);
        else if (length == 0)
            (void)fputs("\\ufffd", file);
        else
            (void)fwrite(c, 1, length, file);
        c += length > 0 ? length : 1;
    }
    (void)fputc('"', file);
}

/* --- places --- */

static struct bl_json_level *current(bl_json *j) {
    return &j->level[j->depth - 1];
}

/* Append a member's name, or its number in an array, to the path; gives the length of the path before. */
static size_t extend_path(bl_json *j, const char *key) {
    const size_t before = strlen(j->path);
    const char *dot = before > 0 ? "." : "";
    if (key)
        (void)snprintf(j->path + before, sizeof j->path - before, "%s%s", dot, key);
    else
        (void)snprintf(j->path + before, sizeof j->path - before, "%s%zu", dot, current(j)->members);
    return before;
}

/* What stands in front of a member. */
static void put_key(bl_json *j, const char *key) {
    BL_ASSERT(current(j)->array == !key);
    (void)fprintf(j->file, "%s\n%*s", current(j)->members > 0 ? "," : "", (int)(2 * j->depth), "");
    if (key) {
        put_text(j->file, key);
        (void)fputs(": ", j->file);
    }
}

static void keep_value(bl_json *j, const char *value) {
    for (size_t i = 0; i < j->keys->count; i++) {
        if (j->value[i] || strcmp(j->keys->text[i], j->path) != 0)
            continue;
        const size_t size = strlen(value) + 1;
        j->value[i] = bl_mem_alloc(size, 1);
        if (j->value[i])
            memcpy(j->value[i], value, size);
        else
            j->failed = true;
    }
}

/* A member whose JSON is `written`, or a text, and whose plain form is `value`. */
static void put_value(bl_json *j, const char *key, const char *written, const char *value) {
    const size_t before = extend_path(j, key);
    keep_value(j, value);
    j->path[before] = '\0';
    put_key(j, key);
    if (written)
        (void)fputs(written, j->file);
    else
        put_text(j->file, value);
    current(j)->members++;
}

static void open_container(bl_json *j, const char *key, bool array) {
    BL_ASSERT(j->depth < BL_JSON_DEPTH_MAX);
    size_t before = 0;
    if (j->depth > 0) {
        put_key(j, key);
        before = extend_path(j, key);
        current(j)->members++;
    }
    j->level[j->depth++] = (struct bl_json_level){.array = array, .path_length = before};
    (void)fputc(array ? '[' : '{', j->file);
}

/* --- what is called --- */

bl_err bl_json_begin(const bl_texts *keys, bl_json *j) {
    bl_err err = BL_OK;
    *j = (bl_json){.keys = keys};
    j->file = open_memstream(&j->text, &j->length);
    BL_REQUIRE(j->file, BL_ERR_MEMORY, "no memory for JSON");
    open_container(j, NULL, false);
cleanup:
    return err;
}

void bl_json_object(bl_json *j, const char *key) {
    open_container(j, key, false);
}

void bl_json_array(bl_json *j, const char *key) {
    open_container(j, key, true);
}

void bl_json_end(bl_json *j) {
    BL_ASSERT(j->depth > 0);
    const struct bl_json_level level = *current(j);
    j->path[level.path_length] = '\0';
    j->depth--;
    if (level.members > 0)
        (void)fprintf(j->file, "\n%*s", (int)(2 * j->depth), "");
    (void)fputc(level.array ? ']' : '}', j->file);
}

void bl_json_text(bl_json *j, const char *key, const char *text) {
    put_value(j, key, NULL, text);
}

void bl_json_number(bl_json *j, const char *key, double number) {
    char text[32];
    if (isnan(number))
        put_value(j, key, "null", "nan");
    else if (isinf(number))
        put_value(j, key, NULL, number > 0 ? "inf" : "-inf");
    else {
        int digits = 15; /* 17 always suffice */
        do
            (void)snprintf(text, sizeof text, "%.*g", digits, number);
        while (digits++ < 17 && strtod(text, NULL) != number);
        put_value(j, key, text, text);
    }
}

void bl_json_integer(bl_json *j, const char *key, int64_t number) {
    char text[32];
    (void)snprintf(text, sizeof text, "%" PRId64, number);
    put_value(j, key, text, text);
}

void bl_json_count(bl_json *j, const char *key, size_t number) {
    bl_json_integer(j, key, (int64_t)number);
}

void bl_json_bool(bl_json *j, const char *key, bool truth) {
    const char *text = truth ? "true" : "false";
    put_value(j, key, text, text);
}

bool bl_json_wants(const bl_json *j, const char *key) {
    const size_t length = strlen(key);
    for (size_t i = 0; i < j->keys->count; i++) {
        const char *wanted = j->keys->text[i];
        if (strncmp(wanted, key, length) == 0 && (wanted[length] == '.' || wanted[length] == '\0'))
            return true;
    }
    return j->keys->count == 0;
}

static bl_err print_wanted(const bl_json *j) {
    bl_err err = BL_OK;
    for (size_t i = 0; i < j->keys->count; i++)
        BL_REQUIRE(j->value[i], BL_ERR_INPUT, "--key %s names no value here; --json lists all",
                   j->keys->text[i]);
    for (size_t i = 0; i < j->keys->count; i++)
        (void)puts(j->value[i]);
    if (j->keys->count == 0)
        (void)puts(j->text);
cleanup:
    return err;
}

bl_err bl_json_finish(bl_json *j, bl_err code, bool print) {
    bl_err err = code;
    if (j->file) {
        while (code == BL_OK && j->depth > 0)
            bl_json_end(j);
        if (fclose(j->file) != 0)
            j->failed = true;
        if (err == BL_OK && j->failed)
            err = bl_err_set(BL_ERR_MEMORY, "no memory for JSON");
    }
    if (err == BL_OK && print)
        err = print_wanted(j);
    for (size_t i = 0; i < j->keys->count; i++)
        bl_mem_free(j->value[i]);
    free(j->text);
    return err;
}
