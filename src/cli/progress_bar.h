/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Progress for people: a bar on a terminal, one line per minute in a log. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_PROGRESS_BAR_H
#define BORDERLINE_CLI_PROGRESS_BAR_H

#include "borderline/hooks.h"

typedef struct bl_progress_bar {
    const char *what;    /* is counted: "units" */
    double begin, shown; /* on bl_clock; begin 0: nothing was shown yet */
    int terminal;
} bl_progress_bar;

/* Hooks that show the progress of units on standard error, and stop after a signal that bl_signals_catch caught. The bar is
 * borrowed. */
bl_hooks bl_progress_bar_hooks(bl_progress_bar *bar);

#endif
