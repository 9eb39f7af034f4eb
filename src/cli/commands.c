/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands.h"

#include "base/guess.h"
#include "base/isa.h"
#include "base/mem.h"
#include "store/provenance.h"

#include <stdio.h>
#include <string.h>

/* Every command, in the order of --help; each is defined in command_NAME.c. */
#define COMMAND_LIST(X)                                                                                      \
    X(run)                                                                                                   \
    X(plan)                                                                                                  \
    X(measure)                                                                                               \
    X(sample)                                                                                                \
    X(posterior)                                                                                             \
    X(show)

#define COMMAND_DECLARE(name) extern const bl_command bl_command_##name;
COMMAND_LIST(COMMAND_DECLARE)

#define COMMAND_POINTER(name) &bl_command_##name,
static const bl_command *const commands[] = {COMMAND_LIST(COMMAND_POINTER)};
enum { COMMANDS = sizeof commands / sizeof *commands };

/* "run, plan, ... or show" */
static const char *names(char *text, size_t size) {
    size_t used = 0;
    *text = '\0';
    for (size_t i = 0; i < COMMANDS && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 i == 0             ? ""
                                 : i + 1 < COMMANDS ? ", "
                                                    : " or ",
                                 commands[i]->name);
    return text;
}

static void print_program_help(void) {
    (void)puts(
        "Borderline measures how far inputs lie from the classification boundary of random deep networks,\n"
        "and compares it with Gaussian-process theory.\n");
    for (size_t i = 0; i < COMMANDS; i++)
        (void)printf("  borderline %s\n      %s\n", commands[i]->arguments.synopsis, commands[i]->summary);
    (void)puts("  borderline --version | --help | COMMAND --help\n\n"
               "Exit: 0 done; 1 wrong use or bad input; 2 failed; 75 stopped early, resumable.");
}

static void print_command_help(const bl_command *command) {
    (void)printf("borderline %s\n\n%s\n\n", command->arguments.synopsis, command->summary);
    bl_arguments_help(&command->arguments);
    if (command->keys_help) {
        (void)printf("\nKeys of %s (also --set KEY=VALUE):\n", command->keys_of);
        command->keys_help();
    }
}

static bool is_one_of(const char *word, const char *a, const char *b) {
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

bl_err bl_commands_find(int argc, char **argv, const bl_command **out) {
    bl_err err = BL_OK;
    char list[256];
    *out = NULL;
    BL_TRY(bl_isa_check());
    BL_REQUIRE(argc > 1, BL_ERR_INPUT, "a command is expected: %s (borderline --help)",
               names(list, sizeof list));
    if (is_one_of(argv[1], "--help", "-h") || strcmp(argv[1], "help") == 0) {
        print_program_help();
        goto cleanup;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("%s (%s)\n", bl_provenance_program(), bl_provenance_git_describe());
        bl_provenance_print_build(stdout);
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
    BL_REQUIRE(command, BL_ERR_INPUT, "unknown command '%s' (%s)", argv[1], names(list, sizeof list));
    for (int i = 2; i < argc; i++)
        if (is_one_of(argv[i], "--help", "-h")) {
            print_command_help(command);
            goto cleanup;
        }
    *out = command;
cleanup:
    return err;
}

bl_err bl_commands_run(const bl_command *command, const bl_comm *comm, int argc, char **argv) {
    bl_err err = BL_OK;
    bl_invocation invocation = {.comm = comm, .argc = argc, .argv = argv};
    char *options = NULL;
    BL_ALLOC(options, command->options_size);
    if (command->defaults)
        memcpy(options, command->defaults, command->options_size);
    BL_TRY(bl_arguments_read(&command->arguments, argc, argv, options, &invocation.place));
    BL_TRY(command->run(&invocation, options));
cleanup:
    bl_mem_free(options);
    return err;
}
