/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Command lines: from one table of flags per command come parsing, error messages and --help. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_ARGUMENTS_H
#define BORDERLINE_CLI_ARGUMENTS_H

#include "borderline/err.h"
#include <stddef.h>

/* The kind of a flag's value, and the type of the member that it is stored in. */
typedef enum bl_flag_kind {
    BL_FLAG_SWITCH, /* bool: given or not */
    BL_FLAG_TEXT,   /* const char * */
    BL_FLAG_COUNT,  /* size_t, at least 1 */
    BL_FLAG_TIME,   /* double seconds, from seconds, MM:SS, HH:MM:SS or D-HH:MM:SS */
    BL_FLAG_LIST    /* bl_texts; the flag may be repeated */
} bl_flag_kind;

enum { BL_TEXTS_MAX = 256 };

typedef struct bl_texts {
    size_t count;
    const char *text[BL_TEXTS_MAX];
} bl_texts;

typedef struct bl_flag {
    const char *name; /* "--set", or "-o" */
    bl_flag_kind kind;
    size_t offset;     /* of the member in the command's options */
    const char *value; /* what help calls its value; NULL for a switch */
    const char *help;
    bool required; /* a text that must be given */
} bl_flag;

/* A command's flags, and the one text that may stand without a flag. */
typedef struct bl_arguments {
    size_t flags;
    const bl_flag *flag;
    const char *place;    /* what the text is, for error messages: "the sweep file" */
    const char *synopsis; /* of the command, for error messages */
} bl_arguments;

/* Read argv[2..argc) into the command's options, and the text into *place. Texts are borrowed from argv. BL_ERR_INPUT: unknown
 * flag ('did you mean'), missing or bad value, too many texts, the text or a required flag is missing. */
bl_err bl_arguments_read(const bl_arguments *arguments, int argc, char **argv, void *options,
                         const char **place) BL_NODISCARD;

/* One line per flag, to standard output. */
void bl_arguments_help(const bl_arguments *arguments);

#endif
