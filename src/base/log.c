/* SPDX-License-Identifier: BSD-3-Clause */
#include "borderline/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static bl_log_level shown = BL_LOG_INFO;
static bool speaking = true;

void bl_log_configure(bl_log_level most, bool speaks) {
    shown = most;
    speaking = speaks;
}

void bl_log(bl_log_level level, const char *format, ...) {
    static const char *const label[] = {"error: ", "warning: ", "", "debug: "};
    if (level > shown || (!speaking && level != BL_LOG_ERROR))
        return;
    char line[2048];
    int used = snprintf(line, sizeof line, "borderline: %s", label[level]);
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, arguments);
    va_end(arguments);
    size_t length = (size_t)used + (more > 0 ? (size_t)more : 0);
    if (length > sizeof line - 2)
        length = sizeof line - 2;
    line[length] = '\n';
    if (write(STDERR_FILENO, line, length + 1) < 0)
        return; /* there is no other place to report that this failed */
}
