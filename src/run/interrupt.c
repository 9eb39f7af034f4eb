/* SPDX-License-Identifier: BSD-3-Clause */
#include "interrupt.h"

#include "base/clock.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t caught; /* number of the first signal */
static double caught_at;             /* when it was first seen outside the handler */
static double deadline = INFINITY;
static double grace_seconds;

static void catch_signal(int number) {
    if (!caught)
        caught = number;
}

void bl_interrupt_start(double time_limit, double grace) {
    static const int numbers[] = {SIGTERM, SIGINT, SIGUSR1};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = catch_signal;
    action.sa_flags = SA_RESTART;
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        (void)sigaction(numbers[i], &action, NULL);
    /* writing past a file-size limit is an error to report, not a death */
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGXFSZ, &action, NULL);

    grace_seconds = grace;
    deadline = time_limit > 0 ? bl_clock() + time_limit : INFINITY;
    const char *job_end = getenv("SLURM_JOB_END_TIME");
    if (job_end) {
        double left = strtod(job_end, NULL) - (double)time(NULL);
        /* the job is killed at its end: some of the time is kept for leaving the file well */
        deadline = fmin(deadline, bl_clock() + left - fmin(grace, 0.1 * left));
    }
}

bool bl_interrupt_signalled(void) {
    if (caught && caught_at <= 0)
        caught_at = bl_clock();
    return caught != 0;
}

bool bl_interrupt_overdue(void) {
    if (bl_interrupt_signalled() && bl_clock() > caught_at + grace_seconds)
        return true;
    return bl_interrupt_time_left() <= 0;
}

void bl_interrupt_share(const bl_comm *comm) {
    int mine = caught, any = 0;
    MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, comm->world);
    caught = any;
}

double bl_interrupt_time_left(void) {
    return deadline - bl_clock();
}

const char *bl_interrupt_reason(void) {
    switch (caught) {
    case 0:
        return "the time limit";
    case SIGTERM:
        return "SIGTERM";
    case SIGINT:
        return "SIGINT";
    default:
        return "SIGUSR1";
    }
}
