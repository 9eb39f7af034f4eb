/* SPDX-License-Identifier: BSD-3-Clause */
#include "progress_bar.h"

#include "base/clock.h"
#include "base/duration.h"
#include "borderline/log.h"
#include "signals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CELLS = 30 };

static void write_line(const bl_progress_bar *bar, const bl_progress *p, double now) {
    const double seconds = now - bar->begin;
    const double rate = seconds > 0 ? (double)p->done / seconds : 0;
    const int64_t all = p->before + p->done;
    char left[BL_DURATION_TEXT] = "unknown";
    if (rate > 0)
        bl_duration_text((double)(p->total - all) / rate, left);
    if (!bar->terminal) {
        bl_log(BL_LOG_INFO, "%" PRId64 " of %" PRId64 " %s done, %.3g per second, time left %s", all,
               p->total, bar->what, rate, left);
        return;
    }
    char cells[CELLS + 1];
    const int filled = p->total > 0 ? (int)(CELLS * all / p->total) : CELLS;
    memset(cells, '.', CELLS);
    memset(cells, '#', (size_t)filled);
    cells[CELLS] = '\0';
    (void)fprintf(stderr, "\r\033[K[%s] %" PRId64 "/%" PRId64 " %s, %.3g/s, %s left", cells, all, p->total,
                  bar->what, rate, left);
}

static void show(void *context, const bl_progress *p) {
    bl_progress_bar *bar = context;
    const double now = bl_clock();
    if (p->phase != BL_PHASE_UNITS)
        return;
    if (bar->begin <= 0) {
        bar->begin = bar->shown = now;
        bar->terminal = isatty(STDERR_FILENO);
    }
    if (!p->ended && now - bar->shown < (bar->terminal ? 0.2 : 60.0))
        return;
    bar->shown = now;
    write_line(bar, p, now);
    if (p->ended && bar->terminal)
        (void)fputc('\n', stderr);
    if (p->ended)
        bar->begin = 0; /* units that a file system lost are done in a round of their own */
}

bl_hooks bl_progress_bar_hooks(bl_progress_bar *bar) {
    return (bl_hooks){.progress = show, .stop = bl_signals_caught, .context = bar};
}
