/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Checkpoints of trainings in the result file: one array of slots, whose rows hold a head and a state. Rows exist from the
 * file's creation, so that a rank writes one as it writes a unit's data; what a kill leaves half written does not match its
 * checksum. Rows that were never written are holes of the file.
 */
#include "results_internal.h"

#include "base/hash.h"
#include "base/mem.h"
#include "experiment/worker.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHECKPOINT "checkpoint/state"

enum { HEAD_CHECKSUM, HEAD_MARK, HEAD_UNIT, HEAD_SEQUENCE, HEAD_WORDS, HEAD };
static const uint64_t mark = UINT64_C(0x6e7570626c636b31); /* version of this layout */

bl_err bl_results_checkpoint_room(const bl_grid *grid, size_t slots, size_t *words, double *bytes) {
    bl_err err = BL_OK;
    BL_TRY(bl_worker_state_words(grid, words));
    *words += *words > 0 && slots > 0 ? HEAD : 0;
    *bytes = (double)slots * (double)*words * sizeof(uint64_t);
cleanup:
    return err;
}

bl_err bl_results_create_checkpoints(hid_t file, const bl_grid *grid, size_t slots) {
    bl_err err = BL_OK;
    hid_t group = H5I_INVALID_HID, dataset = H5I_INVALID_HID;
    size_t shape[2] = {slots, 0};
    double bytes = 0;
    BL_TRY(bl_results_checkpoint_room(grid, slots, &shape[1], &bytes));
    if (bytes <= 0)
        goto cleanup;
    BL_TRY(bl_h5_create_group(file, "checkpoint", &group));
    BL_TRY(bl_h5_create_dimension(group, "slot", shape[0]));
    BL_TRY(bl_h5_create_dimension(group, "word", shape[1]));
    BL_TRY(bl_h5_create_dataset(file, CHECKPOINT, H5T_NATIVE_INT64, 2, shape, NULL, &dataset));
    BL_TRY(bl_h5_attribute_text(dataset, "units", "1"));
    BL_TRY(bl_h5_attribute_text(dataset, "long_name",
                                "states of trainings in progress, which --resume goes on from"));
    BL_TRY(bl_h5_attribute_text(
        dataset, "comment",
        "rows of 8-byte words: 64-bit FNV-1a of the others, a mark, unit, sequence, words of "
        "state, state (progress, curve, weights and Adam's moments); of no use once the unit "
        "is done"));
    BL_TRY(bl_h5_attach_axis(dataset, 0, group, "slot"));
    BL_TRY(bl_h5_attach_axis(dataset, 1, group, "word"));
cleanup:
    bl_h5_close(&dataset);
    bl_h5_close(&group);
    return err;
}

bl_err bl_results_checkpoint_shape(const bl_results *results, size_t *slots, size_t *words) {
    bl_err err = BL_OK;
    hsize_t extent[2] = {0, HEAD};
    hid_t space = H5I_INVALID_HID;
    if (results->checkpoint >= 0) {
        BL_H5(space = H5Dget_space(results->checkpoint), "%s: " CHECKPOINT, results->path);
        BL_REQUIRE(H5Sget_simple_extent_ndims(space) == 2 &&
                       H5Sget_simple_extent_dims(space, extent, NULL) == 2 && extent[1] > HEAD,
                   BL_ERR_INPUT, "%s is damaged: " CHECKPOINT, results->path);
    }
    *slots = (size_t)extent[0];
    *words = (size_t)extent[1] - HEAD;
cleanup:
    bl_h5_close(&space);
    return err;
}

/* Words first ... first + count - 1 of a row. */
static bl_err move_row(const bl_results *results, size_t slot, size_t first, size_t count, bool write,
                       uint64_t *words) {
    bl_err err = BL_OK;
    bl_slab s = BL_NO_SLAB;
    const size_t start[2] = {slot, first}, length[2] = {1, count};
    BL_TRY(bl_results_slab_open(results, results->checkpoint, CHECKPOINT, 2, start, length, &s));
    if (write)
        BL_TRY(bl_h5_write(results->path, CHECKPOINT, results->checkpoint, H5T_NATIVE_INT64, s.memory, s.file,
                           words));
    else
        BL_H5(H5Dread(results->checkpoint, H5T_NATIVE_INT64, s.memory, s.file, H5P_DEFAULT, words),
              "%s: " CHECKPOINT " could not be read", results->path);
cleanup:
    bl_results_slab_close(&s);
    return err;
}

static uint64_t checksum(const uint64_t *head, const uint64_t *state) {
    const uint64_t hash = bl_hash_words(BL_HASH_START, head + HEAD_MARK, HEAD - HEAD_MARK);
    return bl_hash_words(hash, state, (size_t)head[HEAD_WORDS]);
}

bl_err bl_results_write_checkpoint(bl_results *results, size_t slot, int64_t unit, int64_t sequence,
                                   const uint64_t *state, size_t count) {
    bl_err err = BL_OK;
    uint64_t head[HEAD] = {[HEAD_MARK] = mark,
                           [HEAD_UNIT] = (uint64_t)unit,
                           [HEAD_SEQUENCE] = (uint64_t)sequence,
                           [HEAD_WORDS] = count};
    head[HEAD_CHECKSUM] = checksum(head, state);
    BL_TRY(move_row(results, slot, 0, HEAD, true, head));
    BL_TRY(move_row(results, slot, HEAD, count, true, (uint64_t *)state)); /* which is only read */
cleanup:
    return err;
}

bl_err bl_results_read_checkpoint(const bl_results *results, size_t slot, int64_t *unit, int64_t *sequence,
                                  uint64_t *state) {
    bl_err err = BL_OK;
    uint64_t head[HEAD];
    size_t slots = 0, words = 0;
    *unit = *sequence = -1;
    BL_TRY(bl_results_checkpoint_shape(results, &slots, &words));
    BL_TRY(move_row(results, slot, 0, HEAD, false, head));
    if (head[HEAD_MARK] != mark || head[HEAD_WORDS] > words)
        goto cleanup;
    BL_TRY(move_row(results, slot, HEAD, (size_t)head[HEAD_WORDS], false, state));
    if (checksum(head, state) != head[HEAD_CHECKSUM])
        goto cleanup;
    *unit = (int64_t)head[HEAD_UNIT];
    *sequence = (int64_t)head[HEAD_SEQUENCE];
cleanup:
    return err;
}

void bl_results_drop_checkpoints(bl_results *results) {
#ifdef FALLOC_FL_PUNCH_HOLE
    const haddr_t offset = results->checkpoint >= 0 ? H5Dget_offset(results->checkpoint) : HADDR_UNDEF;
    const int file = offset != HADDR_UNDEF ? open(results->path, O_WRONLY) : -1;
    if (file < 0)
        return;
    (void)fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                    (off_t)H5Dget_storage_size(results->checkpoint));
    (void)close(file);
#else
    (void)results;
#endif
}
