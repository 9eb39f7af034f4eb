/* SPDX-License-Identifier: BSD-3-Clause */
#include "interrupt.h"

#include "base/clock.h"
#include "borderline/log.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

void bl_interrupt_start(const bl_hooks *hooks, double time_limit, double grace, bl_interrupt *i) {
    *i = (bl_interrupt){.hooks = hooks ? *hooks : (bl_hooks){0},
                        .grace = grace,
                        .deadline = time_limit > 0 ? bl_clock() + time_limit : INFINITY};
    const char *job_end = getenv("SLURM_JOB_END_TIME");
    char *rest = NULL;
    const double end = job_end ? strtod(job_end, &rest) : 0.0;
    if (job_end && (rest == job_end || *rest || !(end > 0.0))) {
        if (*job_end)
            bl_log(BL_LOG_WARNING, "SLURM_JOB_END_TIME=%s is no time and is ignored", job_end);
    } else if (job_end) {
        double left = end - (double)time(NULL);
        /* Slurm kills the job at its end: some of the time is kept for closing the file. */
        i->deadline = fmin(i->deadline, bl_clock() + left - fmin(grace, 0.1 * left));
    }
}

bool bl_interrupt_asked(bl_interrupt *i) {
    if (i->reason == 0 && i->hooks.stop)
        i->reason = i->hooks.stop(i->hooks.context);
    if (i->reason != 0 && i->caught_at <= 0)
        i->caught_at = bl_clock();
    return i->reason != 0;
}

bool bl_interrupt_overdue(bl_interrupt *i) {
    if (bl_interrupt_asked(i) && bl_clock() > i->caught_at + i->grace)
        return true;
    return bl_interrupt_time_left(i) <= 0;
}

bool bl_interrupt_is_overdue(void *interrupt) {
    return bl_interrupt_overdue(interrupt);
}

double bl_interrupt_time_left(const bl_interrupt *i) {
    return i->deadline - bl_clock();
}

void bl_interrupt_share(bl_interrupt *i, const bl_comm *comm) {
    (void)bl_interrupt_asked(i);
    MPI_Allreduce(MPI_IN_PLACE, &i->reason, 1, MPI_INT, MPI_MAX, comm->world);
}

const char *bl_interrupt_reason(const bl_interrupt *i) {
    switch (i->reason) {
    case 0:
        return "the time limit";
    case SIGTERM:
        return "SIGTERM";
    case SIGINT:
        return "SIGINT";
    case SIGUSR1:
        return "SIGUSR1";
    default:
        return "its caller";
    }
}
