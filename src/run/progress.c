/* SPDX-License-Identifier: BSD-3-Clause */
#include "progress.h"

#include "base/clock.h"
#include "borderline/log.h"
#include "interrupt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR = 30, DURATION = 32 };

void bl_progress_duration(double seconds, char *text) {
    long s = (long)(seconds + 0.5);
    if (s < 10)
        (void)snprintf(text, DURATION, "%.2g s", seconds);
    else if (s < 60)
        (void)snprintf(text, DURATION, "%ld s", s);
    else if (s < 3600)
        (void)snprintf(text, DURATION, "%ld min %ld s", s / 60, s % 60);
    else if (s < 86400)
        (void)snprintf(text, DURATION, "%ld h %ld min", s / 3600, s % 3600 / 60);
    else
        (void)snprintf(text, DURATION, "%ld d %ld h", s / 86400, s % 86400 / 3600);
}

void bl_progress_start(bl_progress *progress, const char *what, int64_t before, int64_t total) {
    *progress =
        (bl_progress){.what = what, .before = before, .total = total, .terminal = isatty(STDERR_FILENO)};
    progress->begin = progress->shown = bl_clock();
}

static void write_line(bl_progress *progress, int64_t done, double now) {
    double seconds = now - progress->begin;
    double rate = seconds > 0 ? (double)done / seconds : 0;
    int64_t all = progress->before + done;
    char left[DURATION] = "unknown";
    if (rate > 0)
        bl_progress_duration((double)(progress->total - all) / rate, left);
    if (!progress->terminal) {
        bl_log(BL_LOG_INFO, "%" PRId64 " of %" PRId64 " %s done, %.3g a second, time left %s", all,
               progress->total, progress->what, rate, left);
        return;
    }
    char bar[BAR + 1];
    int filled = progress->total > 0 ? (int)(BAR * all / progress->total) : BAR;
    memset(bar, '.', BAR);
    memset(bar, '#', (size_t)filled);
    bar[BAR] = '\0';
    (void)fprintf(stderr, "\r\033[K[%s] %" PRId64 "/%" PRId64 " %s, %.3g/s, %s left", bar, all,
                  progress->total, progress->what, rate, left);
}

void bl_progress_show(bl_progress *progress, int64_t done) {
    double now = bl_clock();
    if (now - progress->shown < (progress->terminal ? 0.2 : 60.0))
        return;
    progress->shown = now;
    write_line(progress, done, now);
}

void bl_progress_end(bl_progress *progress, int64_t done) {
    write_line(progress, done, bl_clock());
    if (progress->terminal)
        (void)fputc('\n', stderr);
}
