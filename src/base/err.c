/* SPDX-License-Identifier: BSD-3-Clause */
#include "borderline/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_SIZE = 1024 };

static _Thread_local char message[MESSAGE_SIZE];

static const struct {
    int exit_status;
    const char *meaning;
} codes[] = {
#define BL_ERR_ROW(code, exit_status, meaning) {exit_status, meaning},
    BL_ERR_LIST(BL_ERR_ROW)
#undef BL_ERR_ROW
};

bl_err bl_err_set(bl_err code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return code;
}

void bl_err_prefix(const char *format, ...) {
    char text[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < sizeof text)
        (void)snprintf(text + length, sizeof text - (size_t)length, "%.*s", MESSAGE_SIZE - 1 - length,
                       message);
    memcpy(message, text, sizeof message);
}

const char *bl_err_message(void) {
    return message;
}

const char *bl_err_meaning(bl_err code) {
    return codes[code].meaning;
}

int bl_err_exit_status(bl_err code) {
    return codes[code].exit_status;
}

void bl_err_bug(const char *file, int line, const char *condition) {
    (void)fprintf(stderr, "borderline: bug in %s, line %d: %s does not hold\n", file, line, condition);
    abort();
}
