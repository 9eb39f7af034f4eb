/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The signals that stop a run cleanly. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_SIGNALS_H
#define BORDERLINE_CLI_SIGNALS_H

/* From now on SIGTERM, SIGINT and SIGUSR1 are remembered instead of ending the process, and writing past a limit of file size
 * (SIGXFSZ) is an error of the write. */
void bl_signals_catch(void);

/* The number of the first signal caught, or 0: the `stop` of bl_hooks. */
int bl_signals_caught(void *context);

#endif
