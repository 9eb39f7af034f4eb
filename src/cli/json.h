/* SPDX-License-Identifier: BSD-3-Clause
 *
 * JSON (RFC 8259) for programs, written member by member; and single values of it, for scripts that read no JSON. Private to
 * src/cli.
 *
 * JSON has no infinities and no NaN: infinite numbers are the texts "inf" and "-inf", a number that is not there is null. Numbers
 * have as many digits as give the same double when read. Bytes of a text that are not UTF-8 become U+FFFD.
 */
#ifndef BORDERLINE_CLI_JSON_H
#define BORDERLINE_CLI_JSON_H

#include "arguments.h"
#include <stdint.h>
#include <stdio.h>

enum { BL_JSON_DEPTH_MAX = 8, BL_JSON_PATH_MAX = 256 };

typedef struct bl_json {
    /* paths of the values that are wanted, "units.done", "cases.0.median"; none: the whole document */
    const bl_texts *keys;
    FILE *file; /* the document so far */
    char *text;
    size_t length;
    char path[BL_JSON_PATH_MAX]; /* of the container in progress */
    size_t depth;
    struct bl_json_level {
        bool array;
        size_t members, path_length;
    } level[BL_JSON_DEPTH_MAX];
    char *value[BL_TEXTS_MAX]; /* of each key; NULL: not met yet */
    bool failed;               /* no memory */
} bl_json;

/* Begin a document, an object. keys is borrowed. Ended by bl_json_finish in every case. */
bl_err bl_json_begin(const bl_texts *keys, bl_json *json) BL_NODISCARD;

/* Containers and values, each a member of the container in progress; key NULL inside an array. */
void bl_json_object(bl_json *json, const char *key);
void bl_json_array(bl_json *json, const char *key);
void bl_json_end(bl_json *json);
void bl_json_text(bl_json *json, const char *key, const char *text);
void bl_json_number(bl_json *json, const char *key, double number);
void bl_json_integer(bl_json *json, const char *key, int64_t number);
void bl_json_count(bl_json *json, const char *key, size_t number);
void bl_json_bool(bl_json *json, const char *key, bool truth);

/* Is anything wanted of this member of the document? What is not may be left out. */
bool bl_json_wants(const bl_json *json, const char *key);

/* End the document, print it or the wanted values, one per line, and free everything; without `print`, and with a `code` that is not BL_OK,
 * nothing is printed, and the code comes back. BL_ERR_INPUT: a key names no value; BL_ERR_MEMORY. */
bl_err bl_json_finish(bl_json *json, bl_err code, bool print) BL_NODISCARD;

#endif
