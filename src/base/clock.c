/* SPDX-License-Identifier: BSD-3-Clause */
#include "clock.h"

#include <time.h>

static double seconds(clockid_t clock) {
    struct timespec now = {0};
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double bl_clock(void) {
    return seconds(CLOCK_MONOTONIC);
}

double bl_clock_processor(void) {
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

double bl_clock_epoch(void) {
    return seconds(CLOCK_REALTIME);
}
