/* SPDX-License-Identifier: BSD-3-Clause */
#include "run.h"

#include "interrupt.h"

bl_err bl_run_sync(bl_run *run) {
    bl_err err = BL_OK;
    BL_TRY(bl_agree(run->comm, bl_results_close(&run->results)));
    BL_TRY(bl_results_open(run->path, BL_RESULTS_WRITE, run->comm, &run->results));
cleanup:
    return err;
}

bl_err bl_run_pause(const bl_run *run, double seconds, const char *so_far) {
    bl_interrupt_share(run->comm);
    bool stop = bl_interrupt_signalled() || bl_interrupt_time_left() <= seconds;
    return bl_agree(run->comm, stop ? bl_err_set(BL_ERR_STOPPED, "stopped by %s%s: --resume goes on with %s",
                                                 bl_interrupt_reason(), so_far, run->path)
                                    : BL_OK);
}
