/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Progress for people: a bar on a terminal, a line a minute in a log.
 */
#ifndef BORDERLINE_RUN_PROGRESS_H
#define BORDERLINE_RUN_PROGRESS_H

#include <stdint.h>

typedef struct bl_progress {
    const char *what; /* "units" */
    int64_t before;   /* done by earlier launches */
    int64_t total;
    double begin, shown; /* clock */
    int terminal;
} bl_progress;

/* Start showing on standard error; `before` of `total` were done already. */
void bl_progress_start(bl_progress *progress, const char *what, int64_t before, int64_t total);

/* `done` more are done since the start; writes when it is time to. */
void bl_progress_show(bl_progress *progress, int64_t done);

/* Write the last state and end the bar. */
void bl_progress_end(bl_progress *progress, int64_t done);

/* Seconds as "3 s", "4 min 10 s", "2 h 5 min", "3 d 4 h" (text[32]). */
void bl_progress_duration(double seconds, char *text);

#endif
