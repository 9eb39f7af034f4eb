/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Launches: one row of provenance/launch each time the program is started on a file.
 */
#include "results_internal.h"

#include "base/mem.h"
#include "borderline/log.h"
#include <string.h>

/* One row of a [launch, text] array of characters; the buffer has the width of the row. */
static bl_err move_text(const bl_results *results, size_t key, size_t launch, bool write, char *text) {
    bl_err err = BL_OK;
    bl_slab s = BL_NO_SLAB;
    hid_t type = bl_h5_string_type(1), dataset = results->launch[key];
    const char *name = bl_provenance_keys[key].name;
    const size_t start[2] = {launch, 0}, count[2] = {1, bl_provenance_keys[key].width};
    BL_H5(type, "%s", name);
    BL_TRY(bl_results_slab_open(results, dataset, name, 2, start, count, &s));
    if (write)
        BL_TRY(bl_h5_write(results->path, name, dataset, type, s.memory, s.file, text));
    else
        BL_H5(H5Dread(dataset, type, s.memory, s.file, H5P_DEFAULT, text),
              "%s: provenance/launch/%s could not be read", results->path, name);
cleanup:
    bl_results_slab_close(&s);
    bl_h5_close(&type);
    return err;
}

static bl_err write_launch(bl_results *results, size_t launch, const bl_provenance *provenance) {
    bl_err err = BL_OK;
    char *row = NULL;
    for (size_t i = provenance->count;
         i-- > 0;) { /* `started`, the first key, is written last: it makes the row count */
        size_t width = bl_provenance_keys[i].width, length = strlen(provenance->value[i]);
        if (results->launch[i] < 0)
            continue;
        BL_ALLOC(row, width);
        memcpy(row, provenance->value[i], length < width ? length : width);
        BL_TRY(move_text(results, i, launch, true, row));
        bl_mem_free(row);
        row = NULL;
    }
cleanup:
    bl_mem_free(row);
    return err;
}

static bl_err find_key(const char *name, size_t *key) {
    for (*key = 0; *key < BL_PROVENANCE_KEYS; (*key)++)
        if (strcmp(bl_provenance_keys[*key].name, name) == 0)
            return BL_OK;
    return bl_err_set(BL_ERR_INPUT, "provenance has no entry %s", name);
}

bl_err bl_results_read_launch(const bl_results *results, int64_t launch, const char *key, char **out) {
    bl_err err = BL_OK;
    size_t k = 0;
    *out = NULL;
    BL_TRY(find_key(key, &k));
    BL_ALLOC(*out, bl_provenance_keys[k].width + 1);
    if (results->launch[k] >= 0)
        BL_TRY(move_text(results, k, (size_t)launch, false, *out));
cleanup:
    if (err != BL_OK) {
        bl_mem_free(*out);
        *out = NULL;
    }
    return err;
}

bl_err bl_results_add_launch(bl_results *results, const bl_provenance *provenance, int64_t *launch) {
    bl_err err = BL_OK;
    char *started = NULL;
    const int64_t rows = results->measurement ? 1 : BL_LAUNCHES_MAX;
    for (*launch = 0; *launch < rows; (*launch)++) {
        BL_TRY(bl_results_read_launch(results, *launch, "started", &started));
        bool empty = !*started;
        bl_mem_free(started);
        started = NULL;
        if (empty)
            break;
    }
    if (*launch == rows) {
        *launch = rows - 1;
        bl_log(BL_LOG_WARNING, "%s: all %d rows of provenance/launch are taken, the last one is used again",
               results->path, (int)rows);
    }
    BL_TRY(write_launch(results, (size_t)*launch, provenance));
cleanup:
    return err;
}
