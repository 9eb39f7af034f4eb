/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a command is, and what commands share. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_COMMAND_H
#define BORDERLINE_CLI_COMMAND_H

#include "arguments.h"
#include "borderline/comm.h"

/* What every command gets. */
typedef struct bl_invocation {
    const bl_comm *comm;
    int argc;
    char **argv;       /* argv[1] is the command's name */
    const char *place; /* the text without a flag: the file it works on */
} bl_invocation;

typedef struct bl_command {
    const char *name;
    const char *summary;
    bl_arguments arguments;
    size_t options_size;  /* bytes of the command's options, which the flags' offsets are in; 0: none */
    const void *defaults; /* options before any flag; NULL: zeros */
    bl_err (*run)(const bl_invocation *invocation, const void *options);
    void (*keys_help)(void); /* prints the keys of the file that the command reads, for --help; NULL: none */
    const char *keys_of;     /* what has those keys: "a sweep file" */
} bl_command;

/* Rank 0 reads a text file and broadcasts it; *text is the caller's, followed by a zero byte. Collective. */
bl_err bl_command_read_text(const bl_comm *comm, const char *path, char **text, size_t *length) BL_NODISCARD;

#endif
