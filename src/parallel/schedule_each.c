/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Items of work shared by all ranks, through the same schedule as a sweep's units.
 */
#include "base/mem.h"
#include "schedule.h"

static bl_err walk(bl_schedule *schedule, bl_schedule_work work, void *context) {
    bl_err err = BL_OK;
    for (int64_t item; (item = bl_schedule_next(schedule)) >= 0;) {
        BL_TRY(work(context, item));
        bl_schedule_done(schedule, item);
    }
cleanup:
    if (err != BL_OK)
        bl_schedule_halt(schedule);
    return err;
}

bl_err bl_schedule_each(const bl_comm *comm, int64_t count, const double *cost, bl_schedule_work work,
                        void *context) {
    bl_err err = BL_OK;
    bl_schedule *schedule = NULL;
    int64_t *item = bl_mem_alloc((size_t)count, sizeof *item);
    BL_TRY(bl_agree(comm, item ? BL_OK : BL_ERR_MEMORY));
    BL_ASSERT(item != NULL);
    for (int64_t i = 0; i < count; i++)
        item[i] = i;
    BL_TRY(bl_schedule_create(comm, count, item, cost, &schedule));
    err = walk(schedule, work, context);
    bl_schedule_destroy(&schedule);
    BL_TRY(bl_agree(comm, err));
cleanup:
    bl_mem_free(item);
    return err;
}
