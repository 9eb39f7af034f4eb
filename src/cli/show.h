/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What is in a file of `run`, `measure` or `posterior`. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_SHOW_H
#define BORDERLINE_CLI_SHOW_H

#include "show_format.h"

/* Write what is in a file of a sweep or a measurement, which may still be being written. BL_ERR_INPUT: no such file, or a damaged
 * one. */
bl_err bl_show_file(const char *path, const bl_show_format *format, void *context) BL_NODISCARD;

/* The same, as a table on standard output. */
bl_err bl_show_table(const char *path) BL_NODISCARD;

#endif
