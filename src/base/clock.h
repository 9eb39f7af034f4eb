/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Time: one clock for durations, one for the calendar.
 */
#ifndef BORDERLINE_CLOCK_H
#define BORDERLINE_CLOCK_H

#include "borderline/err.h"

/** Seconds on a clock that only goes forward; for differences. Not collective. */
BL_API double bl_clock(void);

/** Processor seconds that all threads of this process have used together; other processes on the machine hardly change it. Not
 * collective. */
BL_API double bl_clock_processor(void);

/** Seconds since 1970-01-01 00:00:00 UTC. Not collective. */
BL_API double bl_clock_epoch(void);

#endif
