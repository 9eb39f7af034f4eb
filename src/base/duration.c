/* SPDX-License-Identifier: BSD-3-Clause */
#include "duration.h"

#include <stdio.h>

void bl_duration_text(double seconds, char *text) {
    long s = (long)(seconds + 0.5);
    if (s < 10)
        (void)snprintf(text, BL_DURATION_TEXT, "%.2g s", seconds);
    else if (s < 60)
        (void)snprintf(text, BL_DURATION_TEXT, "%ld s", s);
    else if (s < 3600)
        (void)snprintf(text, BL_DURATION_TEXT, "%ld min %ld s", s / 60, s % 60);
    else if (s < 86400)
        (void)snprintf(text, BL_DURATION_TEXT, "%ld h %ld min", s / 3600, s % 3600 / 60);
    else
        (void)snprintf(text, BL_DURATION_TEXT, "%ld d %ld h", s / 86400, s % 86400 / 3600);
}
