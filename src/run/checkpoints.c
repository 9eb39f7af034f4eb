/* SPDX-License-Identifier: BSD-3-Clause */
#include "checkpoints.h"

#include "base/clock.h"
#include "base/mem.h"
#include "borderline/log.h"

#include <inttypes.h>

/* On rank 0: mark the slot with the latest state of each unit that is still to do; all other slots are free (-1). */
static bl_err find_latest(bl_checkpoints *k, const bool *done, int64_t units) {
    bl_err err = BL_OK;
    int64_t found = 0;
    for (size_t i = 0; i < k->slots; i++) {
        bl_slot *slot = &k->slot[i];
        BL_TRY(bl_results_read_checkpoint(k->results, i, &slot->unit, &slot->sequence, k->state));
        if (slot->unit < 0 || slot->unit >= units || done[slot->unit])
            slot->unit = -1;
        for (size_t j = 0; j < i && slot->unit >= 0; j++) {
            if (k->slot[j].unit != slot->unit)
                continue;
            if (k->slot[j].sequence > slot->sequence)
                slot->unit = -1;
            else
                k->slot[j].unit = -1;
        }
    }
    for (size_t i = 0; i < k->slots; i++)
        found += k->slot[i].unit >= 0;
    if (found > 0)
        bl_log(BL_LOG_INFO, "%" PRId64 " trainings go on from their checkpoints", found);
cleanup:
    return err;
}

/* Choose two free slots as this rank's own. */
static void take_slots(bl_checkpoints *k, const bl_comm *comm) {
    size_t free = 0, first = BL_CHECKPOINTS_OWN * (size_t)comm->rank;
    for (size_t i = 0; i < k->slots; i++) {
        if (k->slot[i].unit >= 0)
            continue;
        if (free >= first && k->own < BL_CHECKPOINTS_OWN)
            k->mine[k->own++] = i;
        free++;
    }
    if (k->own < BL_CHECKPOINTS_OWN)
        k->own = 0;
    if (comm->rank == 0 && free < BL_CHECKPOINTS_OWN * (size_t)comm->size)
        bl_log(BL_LOG_WARNING,
               "the file was begun by fewer ranks than now: only %zu of %d have room for checkpoints of "
               "their trainings",
               free / BL_CHECKPOINTS_OWN, comm->size);
}

bl_err bl_checkpoints_create(bl_results *results, bl_interrupt *interrupt, const bl_comm *comm,
                             double interval, const bool *done, int64_t units, bl_checkpoints *k) {
    bl_err err = BL_OK;
    size_t words = 0;
    *k = (bl_checkpoints){.results = results, .interrupt = interrupt, .interval = interval};
    err = bl_results_checkpoint_shape(results, &k->slots, &words);
    BL_TRY(bl_agree(comm, err));
    if (k->slots == 0)
        goto cleanup;
    k->slot = bl_mem_alloc(k->slots, sizeof *k->slot);
    k->state = bl_mem_alloc(comm->rank == 0 ? words : 1, sizeof *k->state);
    BL_TRY(bl_agree(comm, k->slot && k->state ? BL_OK : BL_ERR_MEMORY));
    BL_ASSERT(k->slot && k->state);
    BL_TRY(bl_agree(comm, comm->rank == 0 ? find_latest(k, done, units) : BL_OK));
    MPI_Bcast(k->slot, (int)(k->slots * sizeof *k->slot), MPI_BYTE, 0, comm->world);
    take_slots(k, comm);
cleanup:
    bl_mem_free(k->state);
    k->state = NULL;
    return err;
}

void bl_checkpoints_clear(bl_checkpoints *k) {
    bl_mem_free(k->slot);
    *k = (bl_checkpoints){0};
}

bool bl_checkpoints_has(const bl_checkpoints *k, int64_t unit) {
    for (size_t i = 0; i < k->slots; i++)
        if (k->slot[i].unit == unit)
            return true;
    return false;
}

bl_err bl_checkpoints_recall(bl_checkpoints *k, int64_t unit, uint64_t *state, bool *found) {
    bl_err err = BL_OK;
    int64_t stored = -1;
    *found = false;
    k->last = bl_clock();
    k->sequence = 0;
    for (size_t i = 0; i < k->slots && !*found; i++) {
        if (k->slot[i].unit != unit)
            continue;
        BL_TRY(bl_results_read_checkpoint(k->results, i, &stored, &k->sequence, state));
        *found = stored == unit;
    }
cleanup:
    return err;
}

/* Seconds before the time limit at which a training is stored and left. */
static const double margin = 1.0;

static bool ends_now(const bl_checkpoints *k) {
    return bl_interrupt_asked(k->interrupt) || bl_interrupt_time_left(k->interrupt) < margin;
}

bool bl_checkpoints_due(const bl_checkpoints *k) {
    return k->own > 0 && (ends_now(k) || bl_clock() - k->last >= k->interval);
}

bl_err bl_checkpoints_keep(bl_checkpoints *k, int64_t unit, bl_worker *worker) {
    bl_err err = BL_OK;
    const uint64_t *state = NULL;
    size_t count = 0;
    if (!bl_checkpoints_due(k))
        goto cleanup;
    bl_worker_state(worker, &state, &count);
    BL_TRY(bl_results_write_checkpoint(k->results, k->mine[k->next], unit, ++k->sequence, state, count));
    k->next = (k->next + 1) % BL_CHECKPOINTS_OWN;
    k->last = bl_clock();
    BL_REQUIRE(!ends_now(k), BL_ERR_STOPPED, "stopped while training a network, which is stored");
cleanup:
    return err;
}
