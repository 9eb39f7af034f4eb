/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A new HDF5 file appears under its name only when it is complete: it is made under a temporary name in the
 * same directory, by one process with the plain driver, flushed, closed, synced, and renamed. So a kill
 * during creation leaves either nothing or the file as it was before.
 */
#include "h5.h"

#include "lock.h"
#include "path.h"

#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const char *file_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The directory of a path, with its slash; empty for a plain name. */
static bl_err join(const char *path, const char *before, const char *name, const char *after, char **out) {
    bl_err err = BL_OK;
    size_t directory = (size_t)(file_part(path) - path);
    size_t size = directory + strlen(before) + strlen(name) + strlen(after) + 1;
    BL_ALLOC(*out, size);
    (void)snprintf(*out, size, "%.*s%s%s%s", (int)directory, path, before, name, after);
cleanup:
    return err;
}

static bl_err check_space(const char *path, const char *directory, double bytes) {
    bl_err err = BL_OK;
    const double mib = 1024.0 * 1024.0;
    struct statvfs disk;
    if (statvfs(directory, &disk) != 0 || disk.f_blocks == 0) /* a file system that does not say */
        return BL_OK;
    double available = (double)disk.f_bavail * (double)disk.f_frsize;
    BL_REQUIRE(bytes <= available, BL_ERR_INPUT,
               "%s needs %.1f MiB, but its file system has %.1f MiB free: take fewer networks, inputs or "
               "cases, or another directory",
               path, bytes / mib, available / mib);
cleanup:
    return err;
}

static bl_err check_target(const char *path, const char *resume_hint, bool force) {
    bl_err err = BL_OK;
    struct stat status;
    if (stat(path, &status) != 0)
        return BL_OK;
    BL_REQUIRE(force, BL_ERR_INPUT, "%s exists: %s--force overwrites it", path, resume_hint);
    BL_REQUIRE(status.st_size == 0 || H5Fis_hdf5(path) > 0, BL_ERR_INPUT,
               "%s is not an HDF5 file: --force overwrites nothing else", path);
cleanup:
    return err;
}

static bl_err check_directory(const char *path, const char *directory) {
    bl_err err = BL_OK;
    struct stat status;
    BL_REQUIRE(*file_part(path), BL_ERR_INPUT, "%s names no file", *path ? path : "the output");
    BL_REQUIRE(stat(directory, &status) == 0, BL_ERR_INPUT, "the directory of %s: %s", path, strerror(errno));
    BL_REQUIRE(S_ISDIR(status.st_mode), BL_ERR_INPUT, "the directory of %s: %s is not a directory", path,
               directory);
    BL_REQUIRE(access(directory, W_OK | X_OK) == 0, BL_ERR_INPUT, "the directory of %s: %s", path,
               strerror(errno));
cleanup:
    return err;
}

/* What an earlier creation left; an empty file stays: a script has given it the stripes that the new file is to have. */
static bl_err remove_remains(const char *temporary) {
    bl_err err = BL_OK;
    struct stat status;
    if (lstat(temporary, &status) == 0 && !(S_ISREG(status.st_mode) && status.st_size == 0))
        BL_REQUIRE(unlink(temporary) == 0, BL_ERR_IO, "%s could not be removed: %s", temporary,
                   strerror(errno));
cleanup:
    return err;
}

/* Variables of a MiB and more begin at multiples of it, the usual stripe of Lustre and block of GPFS: then slabs of different
 * ranks share as few of them as they can. */
static bl_err set_alignment(hid_t access, const char *path) {
    bl_err err = BL_OK;
    const char *text = getenv("BORDERLINE_ALIGNMENT");
    unsigned long long bytes = 1024ULL * 1024;
    if (text && *text) {
        char *end = NULL;
        errno = 0;
        bytes = strtoull(text, &end, 10);
        BL_REQUIRE(*text >= '0' && *text <= '9' && !*end && errno == 0 && bytes >= 1 && bytes <= (1ULL << 30),
                   BL_ERR_INPUT, "BORDERLINE_ALIGNMENT=%s: bytes are expected, from 1 (none) to 1073741824",
                   text);
    }
    BL_H5(H5Pset_alignment(access, bytes, bytes), "%s", path);
cleanup:
    return err;
}

static bl_err create_file(bl_h5_creation *creation) {
    bl_err err = BL_OK;
    const unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), properties = H5Pcreate(H5P_FILE_CREATE);
    BL_H5(properties, "%s", creation->path);
    BL_H5(access, "%s", creation->path);
    /* HDF5 1.8's format has checksums on all metadata: damage is an error, not another number. The later ones also mark a file as
     * being written, which a killed run would leave behind. */
    BL_H5(H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18), "%s", creation->path);
    BL_TRY(set_alignment(access, creation->path));
    BL_H5(H5Pset_link_creation_order(properties, order), "%s", creation->path);
    BL_H5(H5Pset_attr_creation_order(properties, order), "%s", creation->path);
    BL_H5(H5Pset_obj_track_times(properties, false), "%s", creation->path);
    BL_H5(creation->file = H5Fcreate(creation->temporary, H5F_ACC_TRUNC, properties, access),
          "%s could not be created", creation->path);
cleanup:
    bl_h5_close(&access);
    bl_h5_close(&properties);
    return err;
}

bl_err bl_h5_creation_begin(const char *given, const char *resume_hint, double bytes, bool force,
                            bl_h5_creation *creation) {
    bl_err err = BL_OK;
    char *directory = NULL, *path = NULL;
    *creation = BL_H5_NO_CREATION;
    bl_h5_quiet();
    if (*file_part(given)) /* else check_directory says what is missing */
        BL_TRY(bl_path_check_regular(given));
    BL_TRY(bl_path_resolve(given, &path));
    BL_TRY(join(path, "", "", ".", &directory));
    BL_TRY(check_directory(path, directory));
    BL_TRY(check_target(path, resume_hint, force));
    BL_TRY(join(path, "", file_part(path), "", &creation->path));
    BL_TRY(bl_lock_take(path, &creation->lock));
    BL_TRY(check_space(path, directory, bytes));
    BL_TRY(join(path, ".", file_part(path), ".creating", &creation->temporary));
    BL_TRY(remove_remains(creation->temporary));
    BL_TRY(create_file(creation));
cleanup:
    bl_mem_free(path);
    bl_mem_free(directory);
    return err;
}

bl_err bl_h5_sync(const char *path) {
    bl_err err = BL_OK;
    int descriptor = open(path, O_RDONLY);
    BL_REQUIRE(descriptor >= 0, BL_ERR_IO, "%s: %s", path, strerror(errno));
    if (fsync(descriptor) != 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS)
        err = bl_err_set(BL_ERR_IO, "%s could not be synced to disk: %s", path, strerror(errno));
    (void)close(descriptor);
cleanup:
    return err;
}

bl_err bl_h5_creation_commit(bl_h5_creation *creation) {
    bl_err err = BL_OK;
    char *directory = NULL;
    hid_t file = creation->file;
    BL_H5(H5Fflush(file, H5F_SCOPE_GLOBAL), "%s could not be written", creation->path);
    creation->file = H5I_INVALID_HID;
    BL_H5(H5Fclose(file), "%s could not be written", creation->path);
    BL_TRY(bl_h5_sync(creation->temporary));
    BL_REQUIRE(rename(creation->temporary, creation->path) == 0, BL_ERR_IO, "%s could not be named: %s",
               creation->path, strerror(errno));
    bl_mem_free(creation->temporary);
    creation->temporary = NULL;
    BL_TRY(join(creation->path, "", "", ".", &directory));
    BL_TRY(bl_h5_sync(directory));
cleanup:
    bl_mem_free(directory);
    return err;
}

void bl_h5_creation_end(bl_h5_creation *creation) {
    if (creation->file >= 0)
        (void)H5Fclose(creation->file);
    (void)H5Eclear2(H5E_DEFAULT);
    if (creation->temporary)
        (void)unlink(creation->temporary);
    if (creation->path)
        bl_lock_release(creation->path, &creation->lock);
    bl_mem_free(creation->temporary);
    bl_mem_free(creation->path);
    *creation = BL_H5_NO_CREATION;
}
