/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Command lines: a table of flags a command gives parsing, complaints and --help. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_ARGUMENTS_H
#define BORDERLINE_CLI_ARGUMENTS_H

#include "borderline/err.h"
#include <stddef.h>

typedef enum bl_flag_kind {
    BL_FLAG_SWITCH, /* bool: given or not */
    BL_FLAG_TEXT,   /* const char * */
    BL_FLAG_COUNT,  /* size_t, at least 1 */
    BL_FLAG_TIME,   /* double seconds, from seconds, MM:SS, HH:MM:SS or D-HH:MM:SS */
    BL_FLAG_LIST    /* bl_texts, may be repeated */
} bl_flag_kind;

enum { BL_TEXTS_MAX = 256 };

typedef struct bl_texts {
    size_t count;
    const char *text[BL_TEXTS_MAX];
} bl_texts;

typedef struct bl_flag {
    const char *name; /* "--set", or "-o" */
    bl_flag_kind kind;
    void *target;
    const char *value; /* what help calls its value; NULL for a switch */
    const char *help;
} bl_flag;

/* Read argv[first..argc) into the flags' targets and at most `places` positional texts (place[i] NULL where
 * not given). Texts are borrowed from argv. BL_ERR_INPUT: unknown flag ('did you mean'), missing or bad
 * value, too many texts. */
bl_err bl_arguments_read(int argc, char **argv, int first, size_t flags, const bl_flag *flag, size_t places,
                         const char **place) BL_NODISCARD;

/* One line a flag, to standard output. */
void bl_arguments_help(size_t flags, const bl_flag *flag);

#endif
