/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The list of commands.
 */
#ifndef BORDERLINE_CLI_COMMANDS_H
#define BORDERLINE_CLI_COMMANDS_H

#include "command.h"

/* The command that the arguments name. Answers --help and --version itself: then *command stays NULL with BL_OK.
 * BL_ERR_INPUT for an unknown command ('did you mean'). */
bl_err bl_commands_find(int argc, char **argv, const bl_command **command) BL_NODISCARD;

/* Read the command's options from the arguments, and run it. Collective. */
bl_err bl_commands_run(const bl_command *command, const bl_comm *comm, int argc, char **argv) BL_NODISCARD;

#endif
