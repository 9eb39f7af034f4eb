/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `show`: progress and summary of a result file, also while a run is writing it.
 */
#include "commands.h"
#include "table.h"

static size_t flags_of(const bl_flag **flag) {
    *flag = NULL;
    return 0;
}

static bl_err show_command(const bl_invocation *invocation);

const bl_command bl_command_show = {
    .name = "show",
    .synopsis = "show OUT.h5",
    .summary = "Print progress and the summary table of a result file of run or measure, also while it is "
               "being written.",
    .flags = flags_of,
    .run = show_command,
};

static bl_err show_command(const bl_invocation *invocation) {
    bl_err err = BL_OK;
    const char *path = NULL;
    BL_TRY(bl_command_arguments(invocation, &bl_command_show, "the result file", &path));
    if (invocation->comm->rank == 0)
        BL_TRY(bl_table_print(path));
cleanup:
    return err;
}
