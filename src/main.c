/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The program: find the command, start MPI, run it, say what went wrong once, end.
 */
#include "borderline/log.h"
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One message from one rank: rank 0 when all agree, any rank when the error is its own (MPI may not even run). */
static int report(bl_err err, int rank) {
    if (err != BL_OK && rank == 0)
        bl_log(err == BL_ERR_STOPPED ? BL_LOG_INFO : BL_LOG_ERROR, "%s", bl_err_message());
    return bl_err_exit_status(err);
}

int main(int argc, char **argv) {
    const bl_command *command = NULL;
    bl_comm comm = {0};

    bl_err err = bl_commands_find(argc, argv, &command);
    if (err != BL_OK || !command)
        return report(err, 0);

    err = bl_comm_start(&argc, &argv, &comm);
    if (err == BL_OK) {
        bl_log_configure(BL_LOG_INFO, comm.rank == 0);
        err = bl_commands_run(command, &comm, argc, argv);
    }

    if (err == BL_OK && comm.rank == 0 && (fflush(stdout) != 0 || ferror(stdout)))
        err = bl_err_set(BL_ERR_IO, "standard output could not be written: %s", strerror(errno));
    int status = report(err, comm.rank);
    bl_comm_end(&comm);
    return status;
}
