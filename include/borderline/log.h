/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Log lines for people, on standard error. Results never go here: they are in the file.
 */
#ifndef BORDERLINE_LOG_H
#define BORDERLINE_LOG_H

#include "borderline/err.h"

typedef enum bl_log_level { BL_LOG_ERROR, BL_LOG_WARNING, BL_LOG_INFO, BL_LOG_DEBUG } bl_log_level;

/** Which lines are shown (default BL_LOG_INFO), and whether this process writes lines at all (default: yes).
 *
 * Collective:  no. Under MPI every rank but 0 is silenced for INFO and WARNING by the caller.
 */
BL_API void bl_log_configure(bl_log_level most, bool speaks);

/** One line "borderline: text", newline added, written by one call so that ranks do not mix. Collective: no. */
BL_API void bl_log(bl_log_level level, const char *format, ...) BL_PRINTF(2, 3);

#endif
