/* SPDX-License-Identifier: BSD-3-Clause */
#include "posterior_run.h"

#include "interrupt.h"
#include "store/posterior_file.h"

static bl_err pause(void *context, const bl_comm *comm) {
    bl_interrupt *interrupt = context;
    bl_interrupt_share(interrupt, comm);
    const bool stop = bl_interrupt_asked(interrupt) || bl_interrupt_time_left(interrupt) <= 0;
    return bl_agree(comm, stop ? bl_err_set(BL_ERR_STOPPED, "stopped by %s: nothing was written",
                                            bl_interrupt_reason(interrupt))
                               : BL_OK);
}

bl_err bl_posterior_run(const bl_comm *comm, const bl_posterior_config *config, const char *path,
                        const bl_posterior_run_options *options, const bl_hooks *hooks, bl_posterior **out) {
    bl_err err = BL_OK;
    bl_posterior *posterior = NULL;
    bl_provenance *provenance = NULL;
    bl_interrupt interrupt;
    bl_interrupt_start(hooks, options->time_limit, 0, &interrupt);
    BL_TRY(bl_agree(comm, comm->rank == 0 ? bl_posterior_file_check(path, options->force) : BL_OK));
    BL_TRY(bl_provenance_gather(comm, options->argc, options->argv, &provenance));
    BL_TRY(bl_posterior_create(comm, config, pause, &interrupt, &posterior));
    if (comm->rank == 0)
        err = bl_posterior_file_write(path, posterior, options->text, provenance, options->force);
    BL_TRY(bl_agree(comm, err));
    *out = posterior;
    posterior = NULL;
cleanup:
    bl_posterior_destroy(&posterior);
    bl_provenance_destroy(&provenance);
    return err;
}
