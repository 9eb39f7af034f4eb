/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Units in the result file: checksum, then status; and what resume may trust.
 */
#include "results_internal.h"

#include "base/hash.h"
#include "base/mem.h"
#include <string.h>

/* A part of a sweep's variables, by axis: where it starts, and how long it is; with length 0 it is the whole axis. */
typedef struct part {
    size_t start[BL_AXIS_COUNT], length[BL_AXIS_COUNT];
} part;

static part part_of_case(const bl_case *c) {
    return (part){.start = {[BL_AXIS_DEPTH] = c->depth_index,
                            [BL_AXIS_WIDTH] = c->width_index,
                            [BL_AXIS_DIMENSION] = c->dimension_index},
                  .length = {[BL_AXIS_DEPTH] = 1, [BL_AXIS_WIDTH] = 1, [BL_AXIS_DIMENSION] = 1}};
}

static part part_of_unit(const bl_unit *unit) {
    part p = part_of_case(&unit->c);
    p.start[BL_AXIS_NETWORK] = unit->first;
    p.length[BL_AXIS_NETWORK] = unit->count;
    p.start[BL_AXIS_INPUT] = unit->first_input;
    p.length[BL_AXIS_INPUT] = unit->inputs;
    return p;
}

/* The part as a slab of a field, and its elements. */
static bl_err select_part(const bl_results *results, bl_field_id field, const part *p, size_t *start,
                          size_t *count, size_t *elements) {
    bl_err err = BL_OK;
    BL_TRY(bl_results_shape(results, field, count));
    *elements = 1;
    for (size_t i = 0; i < bl_fields[field].rank; i++) {
        const bl_axis_id axis = bl_fields[field].axis[i];
        start[i] = p->start[axis];
        count[i] = p->length[axis] > 0 ? p->length[axis] : count[i];
        *elements *= count[i];
    }
cleanup:
    return err;
}

/* Whether the file, of an earlier version, does without the field. */
static bool lacks(const bl_results *results, int field) {
    return results->field[field] < 0 && bl_fields[field].later;
}

bl_err bl_results_write_record(bl_results *results, const bl_unit *unit, const bl_record *record) {
    bl_err err = BL_OK;
    const part p = part_of_unit(unit);
    for (int f = 0; f < BL_FIELD_COUNT; f++) {
        size_t start[BL_FIELD_RANK_MAX], count[BL_FIELD_RANK_MAX] = {0}, elements = 0;
        if (!record->data[f] || lacks(results, f))
            continue;
        BL_TRY(select_part(results, (bl_field_id)f, &p, start, count, &elements));
        BL_TRY(bl_results_write(results, (bl_field_id)f, start, count, record->data[f]));
    }
cleanup:
    return err;
}

bl_err bl_results_read_record(const bl_results *results, const bl_case *c, size_t kind, bl_record *record) {
    bl_err err = BL_OK;
    part p = part_of_case(c);
    p.start[BL_AXIS_IMAGE_KIND] = kind;
    p.length[BL_AXIS_IMAGE_KIND] = 1;
    for (int f = 0; f < BL_FIELD_COUNT; f++) {
        size_t start[BL_FIELD_RANK_MAX], count[BL_FIELD_RANK_MAX] = {0}, elements = 0;
        if (!record->data[f])
            continue;
        if (lacks(results, f)) {
            bl_variable_fill((bl_field_id)f, bl_record_elements(&record->shape, (bl_field_id)f),
                             record->data[f]);
            continue;
        }
        BL_TRY(select_part(results, (bl_field_id)f, &p, start, count, &elements));
        BL_REQUIRE(elements == bl_record_elements(&record->shape, (bl_field_id)f), BL_ERR_INPUT,
                   "%s is damaged: %s does not have the size that its configuration says", results->path,
                   bl_fields[f].name);
        BL_TRY(bl_results_read(results, (bl_field_id)f, start, count, record->data[f]));
    }
cleanup:
    return err;
}

static bl_err unit_checksum(const bl_results *results, const bl_unit *unit, int64_t *checksum) {
    bl_err err = BL_OK;
    const part p = part_of_unit(unit);
    uint64_t hash = BL_HASH_START, *words = NULL;
    for (size_t f = 0; f < BL_FIELD_COUNT; f++) {
        size_t start[BL_FIELD_RANK_MAX], count[BL_FIELD_RANK_MAX] = {0}, elements = 0;
        if (results->field[f] < 0 || !bl_field_of_units((bl_field_id)f))
            continue;
        BL_TRY(select_part(results, (bl_field_id)f, &p, start, count, &elements));
        size_t length = (elements * bl_type_size(bl_fields[f].type) + 7) / 8;
        BL_ALLOC(words, length);
        BL_TRY(bl_results_read(results, (bl_field_id)f, start, count, words));
        hash = bl_hash_words(hash, words, length);
        bl_mem_free(words);
        words = NULL;
    }
    memcpy(checksum, &hash, sizeof hash);
cleanup:
    bl_mem_free(words);
    return err;
}

bl_err bl_results_finish_unit(bl_results *results, const bl_unit *unit) {
    bl_err err = BL_OK;
    const size_t start = (size_t)unit->number, one = 1;
    const int8_t done = 1;
    int64_t checksum = 0;
    BL_TRY(unit_checksum(results, unit, &checksum));
    BL_TRY(bl_results_write(results, BL_FIELD_UNIT_CHECKSUM, &start, &one, &checksum));
    BL_TRY(bl_results_write(results, BL_FIELD_UNIT_STATUS, &start, &one, &done));
cleanup:
    return err;
}

const bl_field_id bl_results_unit_field[BL_UNIT_NUMBERS] = {BL_FIELD_UNIT_CASE, BL_FIELD_UNIT_FIRST_NETWORK,
                                                            BL_FIELD_UNIT_NETWORKS, BL_FIELD_UNIT_FIRST_INPUT,
                                                            BL_FIELD_UNIT_INPUTS};

int64_t bl_results_unit_number(const bl_unit *unit, size_t i) {
    const size_t number[BL_UNIT_NUMBERS] = {unit->c.number, unit->first, unit->count, unit->first_input,
                                            unit->inputs};
    return (int64_t)number[i];
}

/* The file's units must be the grid's: another version of the program may divide a sweep in another way. */
static bl_err check_units(const bl_results *results, const bl_grid *grid) {
    bl_err err = BL_OK;
    const size_t zero = 0, units = (size_t)grid->units;
    hsize_t stored = 0;
    int64_t *table = NULL;
    hid_t space = H5Dget_space(results->field[BL_FIELD_UNIT_STATUS]);
    BL_H5(H5Sget_simple_extent_dims(space, &stored, NULL), "%s: unit/status", results->path);
    bool same = stored == units;
    BL_ALLOC(table, units);
    for (size_t i = 0; same && i < BL_UNIT_NUMBERS; i++) {
        BL_TRY(bl_results_read(results, bl_results_unit_field[i], &zero, &units, table));
        for (size_t u = 0; same && u < units; u++) {
            bl_unit unit = bl_grid_unit(grid, (int64_t)u);
            same = table[u] == bl_results_unit_number(&unit, i);
        }
    }
    BL_REQUIRE(same, BL_ERR_INPUT,
               "%s divides the sweep into units that are not those of this version of the program: resume it "
               "with the "
               "version that its attribute source names",
               results->path);
cleanup:
    bl_mem_free(table);
    bl_h5_close(&space);
    return err;
}

bl_err bl_results_verify(const bl_results *results, const bl_grid *grid, bool *done, int64_t *damaged) {
    bl_err err = BL_OK;
    const size_t zero = 0, units = (size_t)grid->units;
    int8_t *status = NULL;
    int64_t *checksum = NULL;
    *damaged = 0;
    BL_TRY(bl_results_check_axes(results, grid));
    BL_TRY(check_units(results, grid));
    BL_ALLOC(status, units);
    BL_ALLOC(checksum, units);
    BL_TRY(bl_results_read(results, BL_FIELD_UNIT_STATUS, &zero, &units, status));
    BL_TRY(bl_results_read(results, BL_FIELD_UNIT_CHECKSUM, &zero, &units, checksum));
    for (size_t u = 0; u < units; u++) {
        int64_t found = 0;
        done[u] = false;
        if (status[u] == 0)
            continue;
        bl_unit unit = bl_grid_unit(grid, (int64_t)u);
        BL_TRY(unit_checksum(results, &unit, &found));
        done[u] = status[u] == 1 && found == checksum[u];
        *damaged += done[u] ? 0 : 1;
    }
cleanup:
    bl_mem_free(checksum);
    bl_mem_free(status);
    return err;
}
