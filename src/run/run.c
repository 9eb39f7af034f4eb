/* SPDX-License-Identifier: BSD-3-Clause */
#include "run.h"

#include "base/mem.h"

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

bl_err bl_run_write_usage(bl_run *run) {
    const double peak = (double)bl_mem_resident_peak();
    MPI_Reduce(&peak, &run->usage.memory_peak, 1, MPI_DOUBLE, MPI_MAX, 0, run->comm->world);
    if (run->comm->rank > 0)
        return BL_OK;
    return bl_usage_write(run->results, run->launch, &run->usage);
}

void bl_run_tell(const bl_run *run, bl_progress progress) {
    const bl_hooks *hooks = &run->interrupt.hooks;
    if (run->comm->rank == 0 && hooks->progress)
        hooks->progress(hooks->context, &progress);
}
