/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Durations for people.
 */
#ifndef BORDERLINE_DURATION_H
#define BORDERLINE_DURATION_H

#include "borderline/err.h"

enum { BL_DURATION_TEXT = 32 };

/** Seconds as "3.2 s", "42 s", "4 min 10 s", "2 h 5 min" or "3 d 4 h", into text[BL_DURATION_TEXT]. Collective: no. */
BL_API void bl_duration_text(double seconds, char *text);

#endif
