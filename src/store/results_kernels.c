/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Kernels in the result file, case by case: rows with their hashes, checksum, then status; and what resume may trust. A checksum
 * is a sum over rows, so ranks that write rows of one kernel each hash their own, from memory: data that a file system
 * loses does not match.
 */
#include "results_internal.h"

#include "base/hash.h"
#include "base/mem.h"
#include <math.h>
#include <string.h>

enum { CASE_AXES = 3, PIECE_MAX = 1 << 20 }; /* elements read at once, or a row */

/* A case's part of a field: rows of the last axis; matrices have many. */
typedef struct part {
    bl_field_id field;
    size_t rows, length; /* of a row */
    size_t start[BL_FIELD_RANK_MAX], count[BL_FIELD_RANK_MAX];
} part;

static bl_err part_of(const bl_results *results, bl_field_id field, const bl_case *c, part *p) {
    bl_err err = BL_OK;
    const size_t rank = bl_fields[field].rank;
    size_t shape[BL_FIELD_RANK_MAX];
    BL_ASSERT(bl_fields[field].writer == BL_WRITER_KERNEL && bl_fields[field].type == BL_FLOAT64);
    *p = (part){.field = field,
                .rows = 1,
                .length = 1,
                .start = {c->depth_index, c->width_index, c->dimension_index},
                .count = {1, 1, 1}};
    BL_TRY(bl_results_shape(results, field, shape));
    if (rank > CASE_AXES)
        p->length = shape[rank - 1];
    for (size_t i = CASE_AXES; i + 1 < rank; i++)
        p->rows *= shape[i];
cleanup:
    return err;
}

/* Of rows first ... first + count - 1. */
static void select_rows(part *p, size_t first, size_t count) {
    const size_t rank = bl_fields[p->field].rank;
    if (rank > CASE_AXES)
        p->count[rank - 1] = p->length;
    if (rank > CASE_AXES + 1) {
        p->start[CASE_AXES] = first;
        p->count[CASE_AXES] = count;
    }
}

/* Sum of rows' hashes. Upper bits are mixed into lower ones before summing, so that equal high-bit errors in two rows cannot
 * cancel. */
static uint64_t hash_rows(const part *p, size_t first, size_t count, const double *rows) {
    const char *name = bl_fields[p->field].name;
    const uint64_t of_field = bl_hash_bytes(BL_HASH_START, name, strlen(name));
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t number = first + i;
        uint64_t hash = bl_hash_words(of_field, &number, 1);
        hash = bl_hash_bytes(hash, rows + i * p->length, p->length * sizeof *rows);
        hash ^= hash >> 32;
        sum += bl_hash_words(hash, &number, 1);
    }
    return sum;
}

bl_err bl_results_write_kernel(bl_results *results, bl_field_id field, const bl_case *c, size_t first,
                               size_t count, const double *rows, uint64_t *sum) {
    bl_err err = BL_OK;
    part p;
    BL_TRY(part_of(results, field, c, &p));
    select_rows(&p, first, count);
    BL_TRY(bl_results_write(results, field, p.start, p.count, rows));
    *sum += hash_rows(&p, first, count, rows);
cleanup:
    return err;
}

bl_err bl_results_write_failed_kernels(bl_results *results, const bl_case *c, uint64_t *sum) {
    bl_err err = BL_OK;
    double *row = NULL;
    for (int f = 0; f < BL_FIELD_COUNT; f++) {
        part p;
        if (bl_fields[f].writer != BL_WRITER_KERNEL || results->field[f] < 0)
            continue;
        BL_TRY(part_of(results, (bl_field_id)f, c, &p));
        BL_ALLOC(row, p.length);
        for (size_t i = 0; i < p.length; i++)
            row[i] = NAN;
        for (size_t i = 0; i < p.rows; i++)
            BL_TRY(bl_results_write_kernel(results, (bl_field_id)f, c, i, 1, row, sum));
        bl_mem_free(row);
        row = NULL;
    }
cleanup:
    bl_mem_free(row);
    return err;
}

bl_err bl_results_finish_kernels(bl_results *results, const bl_case *c, uint64_t sum, int8_t status) {
    bl_err err = BL_OK;
    const size_t start[] = {c->depth_index, c->width_index, c->dimension_index}, one[] = {1, 1, 1};
    int64_t checksum = 0;
    memcpy(&checksum, &sum, sizeof sum);
    BL_TRY(bl_results_write(results, BL_FIELD_KERNEL_CHECKSUM, start, one, &checksum));
    BL_TRY(bl_results_write(results, BL_FIELD_KERNEL_STATUS, start, one, &status));
cleanup:
    return err;
}

/* Read rows [first, last) of a case's part, in pieces, and add their hashes. */
static bl_err hash_part(const bl_results *results, part *p, size_t first, size_t last, double *piece,
                        uint64_t *sum) {
    bl_err err = BL_OK;
    const size_t most = p->length < PIECE_MAX ? PIECE_MAX / p->length : 1;
    for (size_t i = first; i < last; i += most) {
        const size_t count = most < last - i ? most : last - i;
        select_rows(p, i, count);
        BL_TRY(bl_results_read(results, p->field, p->start, p->count, piece));
        *sum += hash_rows(p, i, count, piece);
    }
cleanup:
    return err;
}

bl_err bl_results_hash_kernels(const bl_results *results, const bl_case *c, size_t share, size_t shares,
                               uint64_t *sum) {
    bl_err err = BL_OK;
    double *piece = NULL;
    part p;
    BL_ASSERT(share < shares);
    for (int f = 0; f < BL_FIELD_COUNT; f++) {
        if (bl_fields[f].writer != BL_WRITER_KERNEL || results->field[f] < 0)
            continue;
        BL_TRY(part_of(results, (bl_field_id)f, c, &p));
        const size_t first = p.rows * share / shares, last = p.rows * (share + 1) / shares;
        if (first == last)
            continue;
        BL_ALLOC(piece, p.length * (last - first) < PIECE_MAX ? p.length * (last - first)
                        : p.length < PIECE_MAX                ? PIECE_MAX
                                                              : p.length);
        BL_TRY(hash_part(results, &p, first, last, piece, sum));
        bl_mem_free(piece);
        piece = NULL;
    }
cleanup:
    bl_mem_free(piece);
    return err;
}

bool bl_results_marks_kernels(const bl_results *results) {
    return results->field[BL_FIELD_KERNEL_CHECKSUM] >= 0;
}

bl_err bl_results_check_kernels(const bl_results *results, bool *intact) {
    bl_err err = BL_OK;
    size_t shape[BL_FIELD_RANK_MAX];
    BL_TRY(bl_results_shape(results, BL_FIELD_KERNEL_CHECKSUM, shape));
    const size_t cases = shape[0] * shape[1] * shape[2];
    for (size_t i = 0; i < cases && *intact; i++) {
        const bl_case c = {.depth_index = i / shape[2] / shape[1],
                           .width_index = i / shape[2] % shape[1],
                           .dimension_index = i % shape[2]};
        const size_t start[] = {c.depth_index, c.width_index, c.dimension_index}, one[] = {1, 1, 1};
        uint64_t found = 0, stored = 0;
        int8_t status = 0;
        BL_TRY(bl_results_read(results, BL_FIELD_KERNEL_STATUS, start, one, &status));
        BL_TRY(bl_results_read(results, BL_FIELD_KERNEL_CHECKSUM, start, one, &stored));
        BL_TRY(bl_results_hash_kernels(results, &c, 0, 1, &found));
        *intact = status != BL_KERNELS_PENDING && found == stored;
    }
cleanup:
    return err;
}
