/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `show`: progress and summary of a result file, also while a run is writing it.
 */
#include "command.h"
#include "posterior_table.h"
#include "store/posterior_file.h"
#include "table.h"

static bl_err show_posterior(const char *path) {
    bl_err err = BL_OK;
    bl_posterior_config *config = NULL;
    bl_posterior *posterior = NULL;
    BL_TRY(bl_posterior_file_read(path, &config, &posterior));
    BL_TRY(bl_posterior_print(posterior));
cleanup:
    bl_posterior_destroy(&posterior);
    bl_posterior_config_destroy(&config);
    return err;
}

static bl_err run(const bl_invocation *invocation, const void *options) {
    bl_err err = BL_OK;
    const char *path = invocation->place;
    (void)options;
    if (invocation->comm->rank == 0)
        BL_TRY(bl_posterior_file_is(path) ? show_posterior(path) : bl_table_print(path));
cleanup:
    return err;
}

const bl_command bl_command_show = {
    .name = "show",
    .summary = "Print progress and the summary table of a result file of run or measure, also while it is "
               "being written, or the table of one of posterior.",
    .arguments = {0, NULL, "the result file", "show OUT.h5"},
    .run = run,
};
