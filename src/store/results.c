/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Result files in use: opening on all ranks or for reading, slabs, launches.
 */
#include "results_internal.h"

#include "lock.h"

#include "base/mem.h"
#include "borderline/log.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- opening and closing --- */

/* Datasets that ranks write later are opened here by all ranks at once: with collective metadata reads one
 * rank reads and tells the others, so opening does not load the file system with ranks x datasets requests.
 */
static hid_t open_dataset(const bl_results *results, const char *name) {
    hid_t access = H5P_DEFAULT, dataset = H5I_INVALID_HID;
    if (results->writable) {
        access = H5Pcreate(H5P_DATASET_ACCESS);
        if (access < 0 || H5Pset_all_coll_metadata_ops(access, true) < 0)
            goto cleanup;
    }
    dataset = H5Dopen2(results->file, name, access);
cleanup:
    if (access != H5P_DEFAULT)
        bl_h5_close(&access);
    return dataset;
}

/* Of numbers one an axis of the table, those of the axes that are in the file; their count. */
static size_t squeeze(const bl_results *results, const bl_field *field, const size_t *of_table,
                      size_t *of_file) {
    size_t rank = 0;
    for (size_t i = 0; i < field->rank; i++)
        if (results->kinds || field->axis[i] != BL_AXIS_IMAGE_KIND)
            of_file[rank++] = of_table[i];
    return rank;
}

bl_err bl_results_shape(const bl_results *results, bl_field_id id, size_t *shape) {
    bl_err err = BL_OK;
    const bl_field *field = &bl_fields[id];
    size_t axis[BL_FIELD_RANK_MAX], index[BL_FIELD_RANK_MAX];
    hsize_t extent[BL_FIELD_RANK_MAX] = {0};
    hid_t space = H5Dget_space(results->field[id]);
    for (size_t i = 0; i < field->rank; i++) {
        shape[i] = 1;
        index[i] = i;
    }
    const size_t rank = squeeze(results, field, index, axis);
    BL_REQUIRE(H5Sget_simple_extent_ndims(space) == (int)rank, BL_ERR_INPUT,
               "%s: variable %s has not %zu axes", results->path, field->name, rank);
    BL_H5(H5Sget_simple_extent_dims(space, extent, NULL), "%s: %s", results->path, field->name);
    for (size_t i = 0; i < rank; i++)
        shape[axis[i]] = (size_t)extent[i];
cleanup:
    bl_h5_close(&space);
    return err;
}

static bool over_kernel_inputs(const bl_field *field) {
    for (size_t i = 0; i < field->rank; i++)
        if (field->axis[i] == BL_AXIS_KERNEL_INPUT)
            return true;
    return false;
}

static bl_err open_fields(bl_results *results) {
    bl_err err = BL_OK;
    size_t shape[BL_FIELD_RANK_MAX];
    results->kinds = H5Lexists(results->file, bl_axis_name[BL_AXIS_IMAGE_KIND], H5P_DEFAULT) > 0;
    for (size_t f = 0; f < BL_FIELD_COUNT; f++) {
        const bl_field *field = &bl_fields[f];
        const bool of_kernels = bl_field_of_kernel_group((bl_field_id)f);
        const bool optional = over_kernel_inputs(field) || of_kernels || bl_field_of_training((bl_field_id)f);
        if (optional && H5Lexists(results->file, field->name, H5P_DEFAULT) <= 0)
            continue; /* a sweep without kernels or without training has none of these */
        results->field[f] = open_dataset(results, field->name);
        if (results->field[f] < 0)
            BL_TRY(bl_h5_fail(BL_ERR_INPUT,
                              "%s is damaged, or of another version of this program: variable %s",
                              results->path, field->name));
        BL_TRY(bl_results_shape(results, (bl_field_id)f, shape));
    }
cleanup:
    return err;
}

static bl_err open_common(bl_results *results) {
    bl_err err = BL_OK;
    char name[128];
    results->complete = open_dataset(results, "complete");
    if (results->complete < 0)
        BL_TRY(bl_h5_fail(BL_ERR_INPUT, "%s is damaged: variable complete", results->path));
    results->checksum =
        open_dataset(results, "checksum"); /* another version may lack it, or a key of provenance */
    for (size_t i = 0; i < BL_PROVENANCE_KEYS; i++) {
        (void)snprintf(name, sizeof name, "provenance/launch/%s", bl_provenance_keys[i].name);
        results->launch[i] = open_dataset(results, name);
    }
    results->checkpoint = open_dataset(results, "checkpoint/state"); /* of sweeps that train */
    (void)H5Eclear2(H5E_DEFAULT);
cleanup:
    return err;
}

static bl_err open_content(bl_results *results) {
    bl_err err = BL_OK;
    char *format = NULL;
    BL_TRY(bl_h5_read_attribute_text(results->file, "format", &format));
    results->measurement = strcmp(format, BL_FORMAT_MEASUREMENT) == 0;
    BL_TRY(open_common(results));
    if (!results->measurement)
        BL_TRY(open_fields(results));
cleanup:
    bl_mem_free(format);
    return err;
}

/* H5Ovisit has opened the object, so its header matches its checksum. */
static herr_t go_on(hid_t object, const char *name, const H5O_info_t *info, void *context) {
    (void)object;
    (void)name;
    (void)info;
    (void)context;
    return 0;
}

/* Read-only and by the plain driver: is this a file of ours at all, and is every object in it whole? */
static bl_err check_file(const char *path) {
    bl_err err = BL_OK;
    char *format = NULL;
    hid_t file = H5I_INVALID_HID;
    BL_TRY(bl_h5_open_read(path, &file));
    if (bl_h5_read_attribute_text(file, "format", &format) != BL_OK ||
        (strcmp(format, BL_FORMAT_SWEEP) != 0 && strcmp(format, BL_FORMAT_MEASUREMENT) != 0))
        BL_FAIL(BL_ERR_INPUT, "%s is not a result file of this program: its root attribute format is %s%s",
                path, format ? "" : "missing", format ? format : "");
    if (H5Ovisit(file, H5_INDEX_NAME, H5_ITER_NATIVE, go_on, NULL) < 0)
        BL_TRY(bl_h5_fail(BL_ERR_INPUT, "%s is damaged", path));
cleanup:
    bl_mem_free(format);
    if (file >= 0)
        (void)H5Fclose(file);
    return err;
}

/* BORDERLINE_MPI_HINTS="key=value key=value" for MPI-IO. The MPI library takes those it knows. */
static bl_err read_hints(MPI_Info *hints) {
    bl_err err = BL_OK;
    const char *text = getenv("BORDERLINE_MPI_HINTS");
    char *copy = NULL, *rest = NULL;
    if (!text || !*text)
        return BL_OK;
    copy = bl_h5_copy_text(text);
    BL_REQUIRE(copy, BL_ERR_MEMORY, "MPI hints");
    MPI_Info_create(hints);
    for (char *key = strtok_r(copy, " ", &rest); key; key = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(key, '=');
        BL_REQUIRE(value && value > key && value[1] && value - key < MPI_MAX_INFO_KEY &&
                       strlen(value) < MPI_MAX_INFO_VAL,
                   BL_ERR_INPUT, "BORDERLINE_MPI_HINTS: %s is no key=value", key);
        *value++ = '\0';
        MPI_Info_set(*hints, key, value);
    }
cleanup:
    bl_mem_free(copy);
    return err;
}

static bl_err open_parallel(bl_results *results, const bl_comm *comm) {
    bl_err err = BL_OK;
    MPI_Info hints = MPI_INFO_NULL;
    hid_t access = H5I_INVALID_HID;
    if (comm->rank == 0)
        err = check_file(results->path);
    if (comm->rank == 0 && err == BL_OK)
        err = bl_lock_take(results->path, &results->lock);
    BL_TRY(bl_agree(comm, err));
    /* A file beyond the user's size limit is to be an error of the write, not a signal that ends the job. */
    (void)signal(SIGXFSZ, SIG_IGN);
    BL_TRY(bl_agree(comm, read_hints(&hints)));
    access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0 || H5Pset_fapl_mpio(access, comm->world, hints) < 0)
        err = bl_h5_fail(BL_ERR_LIBRARY, "%s", results->path);
    BL_TRY(bl_agree(comm, err));
    results->file = H5Fopen(results->path, H5F_ACC_RDWR, access);
    if (results->file < 0)
        err = bl_h5_fail(BL_ERR_IO, "%s could not be opened for writing", results->path);
    BL_TRY(bl_agree(comm, err));
    BL_TRY(bl_agree(comm, open_content(results)));
cleanup:
    bl_h5_close(&access);
    if (hints != MPI_INFO_NULL)
        MPI_Info_free(&hints);
    return err;
}

bl_err bl_results_open(const char *path, bl_results_mode mode, const bl_comm *comm, bl_results **out) {
    bl_err err = BL_OK;
    bool writable = mode == BL_RESULTS_WRITE;
    *out = NULL;
    bl_h5_quiet();
    bl_results *results = bl_mem_alloc(1, sizeof *results);
    char *copy = bl_h5_copy_text(path);
    err = results && copy ? BL_OK : BL_ERR_MEMORY;
    BL_TRY(writable ? bl_agree(comm, err) : err);
    BL_ASSERT(results && copy);
    *results = (bl_results){.path = copy,
                            .file = H5I_INVALID_HID,
                            .writable = writable,
                            .complete = H5I_INVALID_HID,
                            .checksum = H5I_INVALID_HID,
                            .checkpoint = H5I_INVALID_HID,
                            .lock = -1};
    copy = NULL;
    for (size_t f = 0; f < BL_FIELD_COUNT; f++)
        results->field[f] = H5I_INVALID_HID;
    for (size_t i = 0; i < BL_PROVENANCE_KEYS; i++)
        results->launch[i] = H5I_INVALID_HID;
    if (writable) {
        results->rank = comm->rank;
        BL_TRY(open_parallel(results, comm));
    } else {
        BL_TRY(check_file(path));
        BL_TRY(bl_h5_open_read(path, &results->file));
        BL_TRY(open_content(results));
    }
    *out = results;
    results = NULL;
cleanup:
    bl_mem_free(copy);
    if (results && bl_results_close(&results) != BL_OK)
        return err; /* the first error is the one to tell */
    return err;
}

bl_err bl_results_close(bl_results **results) {
    bl_err err = BL_OK;
    bl_results *r = *results;
    if (!r)
        return BL_OK;
    for (size_t f = 0; f < BL_FIELD_COUNT; f++)
        bl_h5_close(&r->field[f]);
    for (size_t i = 0; i < BL_PROVENANCE_KEYS; i++)
        bl_h5_close(&r->launch[i]);
    bl_h5_close(&r->complete);
    bl_h5_close(&r->checksum);
    bl_h5_close(&r->checkpoint);
    if (r->file >= 0 && H5Fclose(r->file) < 0)
        err = bl_h5_fail(BL_ERR_IO, "%s could not be closed well", r->path);
    else if (r->file >= 0 && r->writable && r->rank == 0)
        err = bl_h5_sync(r->path);
    bl_lock_release(r->path, &r->lock);
    bl_mem_free(r->path);
    bl_mem_free(r);
    *results = NULL;
    return err;
}

bl_err bl_results_config(const bl_results *results, bl_config **out) {
    bl_err err = BL_OK;
    char *text = NULL;
    BL_REQUIRE(!results->measurement, BL_ERR_INPUT, "%s was made by measure, it is no sweep", results->path);
    if ((err = bl_h5_read_text(results->file, "provenance/config_resolved", &text)) != BL_OK)
        bl_err_prefix("%s: ", results->path);
    BL_TRY(err);
    BL_TRY(bl_h5_check_text(results->file, results->path, "provenance/config_resolved", text));
    BL_TRY(bl_config_parse(results->path, text, strlen(text), NULL, 0, out));
cleanup:
    bl_mem_free(text);
    return err;
}

bool bl_results_is_measurement(const bl_results *results) {
    return results->measurement;
}

/* --- slabs --- */

void bl_results_slab_close(bl_slab *s) {
    bl_h5_close(&s->memory);
    bl_h5_close(&s->file);
}

bl_err bl_results_slab_open(const bl_results *results, hid_t dataset, const char *name, size_t rank,
                            const size_t *start, const size_t *count, bl_slab *s) {
    bl_err err = BL_OK;
    hsize_t first[BL_FIELD_RANK_MAX], length[BL_FIELD_RANK_MAX], extent[BL_FIELD_RANK_MAX] = {0};
    BL_H5(s->file = H5Dget_space(dataset), "%s: %s", results->path, name);
    BL_H5(H5Sget_simple_extent_dims(s->file, extent, NULL), "%s: %s", results->path, name);
    for (size_t i = 0; i < rank; i++) {
        first[i] = start[i];
        length[i] = count[i];
        BL_REQUIRE(first[i] + length[i] <= extent[i], BL_ERR_INPUT,
                   "%s: elements %zu to %zu of axis %zu of %s are asked for, it has %llu", results->path,
                   start[i], start[i] + count[i] - 1, i, name, (unsigned long long)extent[i]);
    }
    BL_H5(s->memory = H5Screate_simple((int)rank, length, NULL), "%s: %s", results->path, name);
    BL_H5(H5Sselect_hyperslab(s->file, H5S_SELECT_SET, first, NULL, length, NULL), "%s: %s", results->path,
          name);
cleanup:
    return err;
}

static bool slab_is_empty(size_t rank, const size_t *count) {
    for (size_t i = 0; i < rank; i++)
        if (count[i] == 0)
            return true;
    return false;
}

bl_err bl_results_write(bl_results *results, bl_field_id field, const size_t *start, const size_t *count,
                        const void *data) {
    bl_err err = BL_OK;
    const bl_field *f = &bl_fields[field];
    bl_slab s = BL_NO_SLAB;
    size_t first[BL_FIELD_RANK_MAX], length[BL_FIELD_RANK_MAX];
    const size_t rank = squeeze(results, f, start, first);
    (void)squeeze(results, f, count, length);
    if (slab_is_empty(f->rank, count))
        return BL_OK;
    BL_ASSERT(results->writable && results->field[field] >= 0);
    BL_TRY(bl_results_slab_open(results, results->field[field], f->name, rank, first, length, &s));
    BL_TRY(bl_h5_write(results->path, f->name, results->field[field], bl_results_type(f->type), s.memory,
                       s.file, data));
cleanup:
    bl_results_slab_close(&s);
    return err;
}

bl_err bl_results_read(const bl_results *results, bl_field_id field, const size_t *start, const size_t *count,
                       void *data) {
    bl_err err = BL_OK;
    const bl_field *f = &bl_fields[field];
    bl_slab s = BL_NO_SLAB;
    size_t first[BL_FIELD_RANK_MAX], length[BL_FIELD_RANK_MAX];
    const size_t rank = squeeze(results, f, start, first);
    (void)squeeze(results, f, count, length);
    if (slab_is_empty(f->rank, count))
        return BL_OK;
    BL_REQUIRE(results->field[field] >= 0, BL_ERR_INPUT, "%s: variable %s is missing", results->path,
               f->name);
    BL_TRY(bl_results_slab_open(results, results->field[field], f->name, rank, first, length, &s));
    BL_H5(H5Dread(results->field[field], bl_results_type(f->type), s.memory, s.file, H5P_DEFAULT, data),
          "%s: %s could not be read", results->path, f->name);
cleanup:
    bl_results_slab_close(&s);
    return err;
}

/* --- launches --- */

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
    for (size_t i = provenance->count; i-- > 0;) { /* `started`, the first, last: it makes the row count */
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
