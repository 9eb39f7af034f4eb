/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A sweep file, as every rank has it. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_SWEEP_FILE_H
#define BORDERLINE_CLI_SWEEP_FILE_H

#include "borderline/config.h"
#include "borderline/grid.h"
#include "command.h"

typedef struct bl_sweep_file {
    char *text; /* as given */
    bl_config *config;
    bl_grid *grid;
} bl_sweep_file;

/* Rank 0 reads the file and broadcasts it; every rank parses it with the overrides. Freed by bl_sweep_file_clear, also after a
 * failure. Collective. */
bl_err bl_sweep_file_read(const bl_comm *comm, const char *path, const bl_texts *overrides,
                          bl_sweep_file *sweep) BL_NODISCARD;
/* Every rank parses the text that all have; the text becomes the sweep's, also after a failure. Collective. */
bl_err bl_sweep_file_parse(const bl_comm *comm, const char *path, char *text, size_t length,
                           const bl_texts *overrides, bl_sweep_file *sweep) BL_NODISCARD;
void bl_sweep_file_clear(bl_sweep_file *sweep);

#endif
