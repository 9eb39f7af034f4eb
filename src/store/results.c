/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Result files in use: opening on all ranks or for reading, closing.
 */
#include "results_internal.h"

#include "lock.h"

#include "base/mem.h"
#include "borderline/log.h"
#include "root.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static bl_err open_fields(bl_results *results) {
    bl_err err = BL_OK;
    size_t shape[BL_FIELD_RANK_MAX];
    results->kinds = H5Lexists(results->file, bl_axis_name[BL_AXIS_IMAGE_KIND], H5P_DEFAULT) > 0;
    for (size_t f = 0; f < BL_FIELD_COUNT; f++) {
        const bl_field *field = &bl_fields[f];
        const bool may_lack = bl_field_is_optional((bl_field_id)f) || field->later;
        if (may_lack && H5Lexists(results->file, field->name, H5P_DEFAULT) <= 0)
            continue;
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
                   BL_ERR_INPUT, "BORDERLINE_MPI_HINTS: %s is not of the form key=value", key);
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
    BL_REQUIRE(!results->measurement, BL_ERR_INPUT, "%s was made by measure: it is not a sweep",
               results->path);
    if ((err = bl_h5_read_text(results->file, "provenance/config_resolved", &text)) != BL_OK)
        bl_err_prefix("%s: ", results->path);
    BL_TRY(err);
    BL_TRY(bl_h5_check_text(results->file, results->path, "provenance/config_resolved", text));
    BL_TRY(bl_config_parse(results->path, text, strlen(text), NULL, 0, out));
cleanup:
    bl_mem_free(text);
    return err;
}

bl_err bl_results_source(const bl_results *results, char **theirs, char **ours) {
    bl_err err = BL_OK;
    BL_TRY(bl_h5_read_attribute_text(results->file, "source", theirs));
    BL_TRY(bl_root_source(ours));
cleanup:
    return err;
}

bool bl_results_is_measurement(const bl_results *results) {
    return results->measurement;
}
