/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The commands, and what they share. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_COMMAND_H
#define BORDERLINE_CLI_COMMAND_H

#include "arguments.h"
#include "borderline/comm.h"
#include "run/run.h"

/* What every command gets. */
typedef struct bl_invocation {
    const bl_comm *comm;
    int argc;
    char **argv; /* argv[1] is the command's name */
} bl_invocation;

typedef struct bl_command {
    const char *name;
    const char *synopsis;
    const char *summary;
    /* flags of the command, their targets in static storage; *flag is borrowed */
    size_t (*flags)(const bl_flag **flag);
    bl_err (*run)(const bl_invocation *invocation);
    void (*keys_help)(void); /* of the file it reads, for --help; NULL: none */
    const char *keys_of;     /* what has those keys: "a sweep file" */
} bl_command;

extern const bl_command bl_command_run, bl_command_plan, bl_command_measure, bl_command_sample,
    bl_command_posterior, bl_command_show;

/* The command that the arguments name. Answers --help and --version itself: *command stays NULL with BL_OK.
 * BL_ERR_INPUT for an unknown command ('did you mean'). */
bl_err bl_command_find(int argc, char **argv, const bl_command **command) BL_NODISCARD;

/* Read the arguments after the command's name; `what` names the positional text in complaints (NULL: none is taken). */
bl_err bl_command_arguments(const bl_invocation *invocation, const bl_command *command, const char *what,
                            const char **place) BL_NODISCARD;

/* Rank 0 reads a text file and broadcasts it; *text is the caller's, zero-terminated. Collective. */
bl_err bl_command_read(const bl_comm *comm, const char *path, char **text, size_t *length) BL_NODISCARD;

/* Rank 0 reads the file and broadcasts it; every rank parses it with the overrides. Collective. */
bl_err bl_sweep_read(const bl_comm *comm, const char *path, const bl_texts *overrides,
                     bl_sweep *sweep) BL_NODISCARD;
/* Every rank parses the text that all have; it becomes the sweep's, also on failure. Collective. */
bl_err bl_sweep_parse(const bl_comm *comm, const char *path, char *text, size_t length,
                      const bl_texts *overrides, bl_sweep *sweep) BL_NODISCARD;
void bl_sweep_clear(bl_sweep *sweep);

#endif
