/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"

#include "base/guess.h"
#include "base/mem.h"
#include "store/provenance.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const bl_command *const commands[] = {&bl_command_run,    &bl_command_plan,      &bl_command_measure,
                                             &bl_command_sample, &bl_command_posterior, &bl_command_show};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_program_help(void) {
    (void)puts(
        "Borderline measures how far inputs lie from the classification boundary of random deep networks,\n"
        "and compares it with Gaussian-process theory.\n");
    for (size_t i = 0; i < COMMANDS; i++)
        (void)printf("  borderline %s\n      %s\n", commands[i]->synopsis, commands[i]->summary);
    (void)puts("  borderline --version | --help | COMMAND --help\n\n"
               "Exit: 0 done; 1 wrong use or bad input; 2 failed; 75 stopped early, resumable.");
}

static void print_command_help(const bl_command *command) {
    const bl_flag *flag = NULL;
    size_t flags = command->flags(&flag);
    (void)printf("borderline %s\n\n%s\n\n", command->synopsis, command->summary);
    bl_arguments_help(flags, flag);
    if (command->keys_help) {
        (void)printf("\nKeys of %s (also --set KEY=VALUE):\n", command->keys_of);
        command->keys_help();
    }
}

bl_err bl_command_find(int argc, char **argv, const bl_command **out) {
    bl_err err = BL_OK;
    *out = NULL;
    BL_REQUIRE(argc > 1, BL_ERR_INPUT,
               "a command is expected: run, plan, measure, sample, posterior or show (borderline --help)");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_program_help();
        goto cleanup;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("%s (%s)\n", bl_provenance_program(), bl_provenance_git_describe());
        goto cleanup;
    }
    bl_guess guess = {.word = argv[1], .distance = SIZE_MAX};
    const bl_command *command = NULL;
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i]->name) == 0)
            command = commands[i];
        bl_guess_offer(&guess, commands[i]->name, commands[i]->name);
    }
    if (!command && guess.best)
        BL_FAIL(BL_ERR_INPUT, "unknown command '%s'; did you mean '%s'?", argv[1], guess.best);
    BL_REQUIRE(command, BL_ERR_INPUT, "unknown command '%s' (run, plan, measure, sample, posterior or show)",
               argv[1]);
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_command_help(command);
            goto cleanup;
        }
    *out = command;
cleanup:
    return err;
}

bl_err bl_command_arguments(const bl_invocation *invocation, const bl_command *command, const char *what,
                            const char **place) {
    bl_err err = BL_OK;
    const bl_flag *flag = NULL;
    size_t flags = command->flags(&flag);
    *place = NULL;
    BL_TRY(bl_arguments_read(invocation->argc, invocation->argv, 2, flags, flag, 1, place));
    BL_REQUIRE(*place, BL_ERR_INPUT, "%s is missing: borderline %s", what, command->synopsis);
cleanup:
    return err;
}

/* The whole file, followed by a zero byte. */
static bl_err read_file(const char *path, void **bytes, size_t *length) {
    bl_err err = BL_OK;
    char *text = NULL;
    size_t room = 1 << 16;
    FILE *file = fopen(path, "rb");
    *length = 0;
    BL_REQUIRE(file, BL_ERR_INPUT, "%s cannot be read: %s", path, strerror(errno));
    BL_ALLOC(text, room);
    for (size_t got; (got = fread(text + *length, 1, room - 1 - *length, file)) > 0;) {
        *length += got;
        BL_REQUIRE(*length < room - 1, BL_ERR_INPUT, "%s is no YAML file of ours: it has more than %zu bytes",
                   path, room - 2);
    }
    BL_REQUIRE(!ferror(file), BL_ERR_INPUT, "%s cannot be read: %s", path, strerror(errno));
    *bytes = text;
    text = NULL;
cleanup:
    if (file)
        (void)fclose(file);
    bl_mem_free(text);
    return err;
}

bl_err bl_command_read(const bl_comm *comm, const char *path, char **text, size_t *length) {
    bl_err err = BL_OK;
    void *bytes = NULL;
    *length = 0;
    if (comm->rank == 0)
        err = read_file(path, &bytes, length);
    BL_TRY(bl_comm_broadcast(comm, err, &bytes, length));
    *text = bytes;
    bytes = NULL;
cleanup:
    bl_mem_free(bytes);
    return err;
}

bl_err bl_sweep_read(const bl_comm *comm, const char *path, const bl_texts *overrides, bl_sweep *sweep) {
    bl_err err = BL_OK;
    char *text = NULL;
    size_t length = 0;
    *sweep = (bl_sweep){0};
    BL_TRY(bl_command_read(comm, path, &text, &length));
    BL_TRY(bl_sweep_parse(comm, path, text, length, overrides, sweep));
cleanup:
    return err;
}

bl_err bl_sweep_parse(const bl_comm *comm, const char *path, char *text, size_t length,
                      const bl_texts *overrides, bl_sweep *sweep) {
    bl_err err = BL_OK;
    *sweep = (bl_sweep){.text = text};
    err = bl_config_parse(path, sweep->text, length, overrides->text, overrides->count, &sweep->config);
    if (err == BL_OK)
        err = bl_grid_create(sweep->config, &sweep->grid);
    BL_TRY(bl_agree(comm, err));
cleanup:
    return err;
}

void bl_sweep_clear(bl_sweep *sweep) {
    bl_grid_destroy(&sweep->grid);
    bl_config_destroy(&sweep->config);
    bl_mem_free(sweep->text);
    sweep->text = NULL;
}
