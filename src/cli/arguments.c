/* SPDX-License-Identifier: BSD-3-Clause */
#include "arguments.h"

#include "base/guess.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Seconds, MM:SS, HH:MM:SS, D-HH:MM:SS, as Slurm writes times. */
static bool parse_time(const char *text, double *seconds) {
    double days = 0, total = 0;
    const char *dash = strchr(text, '-');
    char *end = NULL;
    if (dash) {
        days = (double)strtoul(text, &end, 10);
        if (end != dash)
            return false;
        text = dash + 1;
    }
    for (int parts = 0; parts < 3; parts++) {
        if (*text < '0' || *text > '9')
            return false;
        total = 60 * total + strtod(text, &end);
        if (*end == '\0') {
            *seconds =
                dash && parts < 2 ? (days * 24 + total / (parts ? 60 : 1)) * 3600 : days * 86400 + total;
            return isfinite(*seconds);
        }
        if (*end != ':')
            return false;
        text = end + 1;
    }
    return false;
}

static bl_err read_value(const bl_flag *flag, const char *text, void *target) {
    bl_err err = BL_OK;
    bl_texts *texts = target;
    size_t *count = target;
    char *end = NULL;
    switch (flag->kind) {
    case BL_FLAG_SWITCH:
        break;
    case BL_FLAG_TEXT:
        *(const char **)target = text;
        break;
    case BL_FLAG_COUNT:
        *count = *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
        BL_REQUIRE(end && *end == '\0' && *count > 0, BL_ERR_INPUT,
                   "%s %s: a whole number from 1 is expected", flag->name, text);
        break;
    case BL_FLAG_TIME:
        BL_REQUIRE(parse_time(text, target), BL_ERR_INPUT,
                   "%s %s: a time is expected, as seconds, MM:SS, HH:MM:SS or D-HH:MM:SS", flag->name, text);
        break;
    case BL_FLAG_LIST:
        BL_REQUIRE(texts->count < BL_TEXTS_MAX, BL_ERR_INPUT, "%s is given more than %d times", flag->name,
                   (int)BL_TEXTS_MAX);
        texts->text[texts->count++] = text;
        break;
    }
cleanup:
    return err;
}

static bl_err unknown_flag(const bl_arguments *a, const char *name) {
    bl_guess guess = {.word = name, .distance = SIZE_MAX};
    for (size_t i = 0; i < a->flags; i++)
        bl_guess_offer(&guess, a->flag[i].name, a->flag[i].name);
    if (guess.best)
        return bl_err_set(BL_ERR_INPUT, "unknown option %s; did you mean %s?", name, guess.best);
    return bl_err_set(BL_ERR_INPUT, "unknown option %s (--help lists the options)", name);
}

/* The flag that argv[*i] names, with its value: "--flag VALUE" or "--flag=VALUE". */
static bl_err read_flag(const bl_arguments *a, int argc, char **argv, int *i, char *options) {
    bl_err err = BL_OK;
    char name[64];
    const char *equals = strchr(argv[*i], '=');
    size_t length = equals ? (size_t)(equals - argv[*i]) : strlen(argv[*i]);
    (void)snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1),
                   argv[*i]);
    const bl_flag *found = NULL;
    for (size_t k = 0; k < a->flags; k++)
        if (strcmp(a->flag[k].name, name) == 0)
            found = &a->flag[k];
    if (!found) {
        err = unknown_flag(a, name);
        goto cleanup;
    }
    void *target = options + found->offset;
    if (found->kind == BL_FLAG_SWITCH) {
        BL_REQUIRE(!equals, BL_ERR_INPUT, "%s takes no value", name);
        *(bool *)target = true;
        goto cleanup;
    }
    BL_REQUIRE(equals || *i + 1 < argc, BL_ERR_INPUT, "%s needs a value: %s %s", name, name, found->value);
    BL_TRY(read_value(found, equals ? equals + 1 : argv[++*i], target));
cleanup:
    return err;
}

bl_err bl_arguments_read(const bl_arguments *a, int argc, char **argv, void *options, const char **place) {
    bl_err err = BL_OK;
    *place = NULL;
    for (int i = 2; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            BL_TRY(read_flag(a, argc, argv, &i, options));
            continue;
        }
        BL_REQUIRE(!*place, BL_ERR_INPUT, "'%s' is one argument too many", argv[i]);
        *place = argv[i];
    }
    BL_REQUIRE(*place, BL_ERR_INPUT, "%s is missing: borderline %s", a->place, a->synopsis);
    for (size_t k = 0; k < a->flags; k++)
        BL_REQUIRE(!a->flag[k].required || *(const char **)((char *)options + a->flag[k].offset),
                   BL_ERR_INPUT, "%s is missing: borderline %s", a->flag[k].name, a->synopsis);
cleanup:
    return err;
}

void bl_arguments_help(const bl_arguments *a) {
    for (size_t i = 0; i < a->flags; i++) {
        char left[64];
        (void)snprintf(left, sizeof left, "%s %s", a->flag[i].name, a->flag[i].value ? a->flag[i].value : "");
        (void)printf("  %-24s %s\n", left, a->flag[i].help);
    }
}
