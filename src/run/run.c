/* SPDX-License-Identifier: BSD-3-Clause */
#include "run.h"

bl_err bl_run_pause(bl_run *run, double seconds, const char *so_far) {
    bl_interrupt *interrupt = &run->interrupt;
    bl_interrupt_share(interrupt, run->comm);
    const bool stop = bl_interrupt_asked(interrupt) || bl_interrupt_time_left(interrupt) <= seconds;
    return bl_agree(run->comm, stop ? bl_err_set(BL_ERR_STOPPED, "stopped by %s%s: --resume goes on with %s",
                                                 bl_interrupt_reason(interrupt), so_far, run->path)
                                    : BL_OK);
}

bl_err bl_run_sync(bl_run *run) {
    bl_err err = BL_OK;
    BL_TRY(bl_agree(run->comm, bl_results_close(&run->results)));
    BL_TRY(bl_results_open(run->path, BL_RESULTS_WRITE, run->comm, &run->results));
cleanup:
    return err;
}

void bl_run_tell(const bl_run *run, bl_progress progress) {
    const bl_hooks *hooks = &run->interrupt.hooks;
    if (run->comm->rank == 0 && hooks->progress)
        hooks->progress(hooks->context, &progress);
}
