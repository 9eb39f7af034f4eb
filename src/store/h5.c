/* SPDX-License-Identifier: BSD-3-Clause
 *
 * HDF5 objects written so that h5py, xarray (both engines), ncdump and HDFView read them alike: dimension
 * scales on every axis, fixed-length UTF-8 strings, order of creation tracked, contiguous storage allocated
 * at creation, no time stamps (two runs give the same bytes).
 */
#include "h5.h"

#include "base/hash.h"
#include "base/mem.h"
#include "path.h"
#include <errno.h>
#include <hdf5_hl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

enum { RANK_MAX = 8 };

void bl_h5_quiet(void) {
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* H5Ewalk2 goes upward from the innermost error: its text is the reason. */
static herr_t keep_innermost(unsigned number, const H5E_error2_t *error, void *context) {
    char *reason = context;
    if (number == 0 && error->desc)
        (void)snprintf(reason, 512, "%s", error->desc);
    return 0;
}

/* The system's own words out of "file write failed: time = ..., error message = 'No space left on device',
 * ..."
 */
static const char *plain_reason(char *reason) {
    static const char mark[] = "error message = '";
    char *start = strstr(reason, mark);
    if (!start)
        return reason;
    start += sizeof mark - 1;
    char *end = strchr(start, '\'');
    if (end)
        *end = '\0';
    return start;
}

bl_err bl_h5_fail(bl_err code, const char *format, ...) {
    char reason[512] = "", text[512];
    (void)H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, reason);
    (void)H5Eclear2(H5E_DEFAULT);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const char *plain = plain_reason(reason);
    return bl_err_set(code, "%s%s%s", text, *plain ? ": " : "", plain);
}

char *bl_h5_copy_text(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = bl_mem_alloc(size, 1);
    if (copy)
        (void)snprintf(copy, size, "%s", text);
    return copy;
}

void bl_h5_close(hid_t *id) {
    if (*id >= 0)
        (void)H5Idec_ref(*id);
    *id = H5I_INVALID_HID;
}

hid_t bl_h5_string_type(size_t length) {
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type < 0 || H5Tset_size(type, length > 0 ? length : 1) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0 ||
        H5Tset_strpad(type, H5T_STR_NULLPAD) < 0)
        bl_h5_close(&type);
    return type;
}

/* --- attributes --- */

bl_err bl_h5_attribute(hid_t object, const char *name, hid_t type, size_t count, const void *data) {
    bl_err err = BL_OK;
    hsize_t length = count;
    hid_t attribute = H5I_INVALID_HID;
    hid_t space = count > 0 ? H5Screate_simple(1, &length, NULL) : H5Screate(H5S_SCALAR);
    BL_H5(space, "attribute %s", name);
    BL_H5(attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT),
          "attribute %s could not be created", name);
    BL_H5(H5Awrite(attribute, type, data), "attribute %s could not be written", name);
cleanup:
    bl_h5_close(&attribute);
    bl_h5_close(&space);
    return err;
}

bl_err bl_h5_attribute_text(hid_t object, const char *name, const char *text) {
    bl_err err = BL_OK;
    hid_t type = bl_h5_string_type(strlen(text));
    BL_H5(type, "attribute %s", name);
    BL_TRY(bl_h5_attribute(object, name, type, 0, text));
cleanup:
    bl_h5_close(&type);
    return err;
}

static bl_err read_variable_text(hid_t attribute, hid_t type, const char *name, char **out) {
    bl_err err = BL_OK;
    char *text = NULL;
    hid_t space = H5Aget_space(attribute);
    BL_H5(H5Aread(attribute, type, &text), "attribute %s could not be read", name);
    size_t length = text ? strlen(text) : 0;
    BL_ALLOC(*out, length + 1);
    if (text)
        memcpy(*out, text, length);
cleanup:
    if (text)
        (void)H5Dvlen_reclaim(type, space, H5P_DEFAULT, &text);
    bl_h5_close(&space);
    return err;
}

bl_err bl_h5_read_attribute_text(hid_t object, const char *name, char **out) {
    bl_err err = BL_OK;
    hid_t attribute = H5I_INVALID_HID, type = H5I_INVALID_HID, space = H5I_INVALID_HID;
    *out = NULL;
    BL_REQUIRE(H5Aexists(object, name) > 0, BL_ERR_INPUT, "attribute %s is missing", name);
    BL_H5(attribute = H5Aopen(object, name, H5P_DEFAULT), "attribute %s", name);
    BL_H5(type = H5Aget_type(attribute), "attribute %s", name);
    BL_H5(space = H5Aget_space(attribute), "attribute %s", name);
    BL_REQUIRE(H5Tget_class(type) == H5T_STRING && H5Sget_simple_extent_npoints(space) == 1, BL_ERR_INPUT,
               "attribute %s is not a text", name);
    if (H5Tis_variable_str(type) > 0) {
        BL_TRY(read_variable_text(attribute, type, name, out));
    } else {
        BL_ALLOC(*out, H5Tget_size(type) + 1);
        BL_H5(H5Aread(attribute, type, *out), "attribute %s could not be read", name);
    }
cleanup:
    if (err != BL_OK) {
        bl_mem_free(*out);
        *out = NULL;
    }
    bl_h5_close(&space);
    bl_h5_close(&type);
    bl_h5_close(&attribute);
    return err;
}

/* Floating-point numbers where whole ones are expected: as long as they are whole. */
static bl_err check_whole(hid_t attribute, const char *name, size_t count) {
    bl_err err = BL_OK;
    double *number = NULL;
    BL_ALLOC(number, count);
    BL_H5(H5Aread(attribute, H5T_NATIVE_DOUBLE, number), "attribute %s could not be read", name);
    for (size_t i = 0; i < count; i++)
        BL_REQUIRE(number[i] == floor(number[i]) && fabs(number[i]) < 0x1p53, BL_ERR_INPUT,
                   "attribute %s: %g is not a whole number", name, number[i]);
cleanup:
    bl_mem_free(number);
    return err;
}

bl_err bl_h5_read_attribute_numbers(hid_t object, const char *name, hid_t type, size_t least, size_t most,
                                    void *data, size_t *count) {
    bl_err err = BL_OK;
    hid_t attribute = H5I_INVALID_HID, stored = H5I_INVALID_HID, space = H5I_INVALID_HID;
    BL_REQUIRE(H5Aexists(object, name) > 0, BL_ERR_INPUT, "attribute %s is missing", name);
    BL_H5(attribute = H5Aopen(object, name, H5P_DEFAULT), "attribute %s", name);
    BL_H5(stored = H5Aget_type(attribute), "attribute %s", name);
    BL_H5(space = H5Aget_space(attribute), "attribute %s", name);
    H5T_class_t class = H5Tget_class(stored);
    hssize_t numbers = H5Sget_simple_extent_npoints(space);
    BL_REQUIRE(class == H5T_INTEGER || class == H5T_FLOAT, BL_ERR_INPUT, "attribute %s holds no numbers",
               name);
    BL_REQUIRE(numbers >= (hssize_t)least && numbers <= (hssize_t)most, BL_ERR_INPUT,
               "attribute %s has %lld numbers, %zu%s are expected", name, (long long)numbers, least,
               most > least ? " or more" : "");
    if (class == H5T_FLOAT && H5Tget_class(type) == H5T_INTEGER)
        BL_TRY(check_whole(attribute, name, (size_t)numbers));
    BL_H5(H5Aread(attribute, type, data), "attribute %s could not be read", name);
    if (count)
        *count = (size_t)numbers;
cleanup:
    bl_h5_close(&space);
    bl_h5_close(&stored);
    bl_h5_close(&attribute);
    return err;
}

/* --- groups and datasets --- */

bl_err bl_h5_create_group(hid_t parent, const char *name, hid_t *group) {
    bl_err err = BL_OK;
    const unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t properties = H5Pcreate(H5P_GROUP_CREATE);
    BL_H5(properties, "group %s", name);
    BL_H5(H5Pset_link_creation_order(properties, order), "group %s", name);
    BL_H5(H5Pset_attr_creation_order(properties, order), "group %s", name);
    BL_H5(H5Pset_obj_track_times(properties, false), "group %s", name);
    BL_H5(*group = H5Gcreate2(parent, name, H5P_DEFAULT, properties, H5P_DEFAULT),
          "group %s could not be created", name);
cleanup:
    bl_h5_close(&properties);
    return err;
}

bl_err bl_h5_create_dataset(hid_t parent, const char *name, hid_t type, size_t rank, const size_t *shape,
                            const void *fill, hid_t *dataset) {
    bl_err err = BL_OK;
    hsize_t length[RANK_MAX];
    BL_ASSERT(rank <= RANK_MAX);
    for (size_t i = 0; i < rank; i++)
        length[i] = shape[i];
    hid_t properties = H5I_INVALID_HID;
    hid_t space = rank > 0 ? H5Screate_simple((int)rank, length, NULL) : H5Screate(H5S_SCALAR);
    BL_H5(space, "%s", name);
    BL_H5(properties = H5Pcreate(H5P_DATASET_CREATE), "%s", name);
    BL_H5(H5Pset_layout(properties, H5D_CONTIGUOUS), "%s", name);
    BL_H5(H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY), "%s", name);
    BL_H5(H5Pset_fill_time(properties, fill ? H5D_FILL_TIME_ALLOC : H5D_FILL_TIME_NEVER), "%s", name);
    BL_H5(H5Pset_attr_creation_order(properties, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED), "%s", name);
    BL_H5(H5Pset_obj_track_times(properties, false), "%s", name);
    if (fill)
        BL_H5(H5Pset_fill_value(properties, type, fill), "%s", name);
    BL_H5(*dataset = H5Dcreate2(parent, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT),
          "%s could not be created", name);
cleanup:
    bl_h5_close(&properties);
    bl_h5_close(&space);
    return err;
}

/* Why the last write failed: errno as the driver left it, else a full disk. */
static const char *write_reason(const char *path, int code) {
    struct statvfs disk;
    if (code == ENOSPC || code == EDQUOT || code == EFBIG || code == EIO || code == EROFS || code == ESTALE)
        return strerror(code);
    if (statvfs(path, &disk) == 0 && disk.f_blocks > 0 && disk.f_bavail == 0)
        return strerror(ENOSPC);
    return NULL;
}

bl_err bl_h5_write(const char *path, const char *name, hid_t dataset, hid_t type, hid_t memory, hid_t file,
                   const void *data) {
    errno = 0;
    if (H5Dwrite(dataset, type, memory, file, H5P_DEFAULT, data) >= 0)
        return BL_OK;
    const char *reason = write_reason(path, errno);
    bl_err err = bl_h5_fail(BL_ERR_IO, "%s: %s could not be written", path, name);
    return reason ? bl_err_set(err, "%s: %s could not be written: %s", path, name, reason) : err;
}

bl_err bl_h5_elements(hid_t parent, const char *name, size_t *elements) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID, space = H5I_INVALID_HID;
    *elements = 0;
    if (H5Lexists(parent, name, H5P_DEFAULT) <= 0)
        goto cleanup;
    BL_H5(dataset = H5Dopen2(parent, name, H5P_DEFAULT), "%s", name);
    BL_H5(space = H5Dget_space(dataset), "%s", name);
    *elements = (size_t)H5Sget_simple_extent_npoints(space);
cleanup:
    bl_h5_close(&space);
    bl_h5_close(&dataset);
    return err;
}

/* Open a variable that has so many elements. */
static bl_err open_whole(const char *path, hid_t parent, const char *name, size_t elements, hid_t *dataset) {
    bl_err err = BL_OK;
    size_t found = 0;
    BL_REQUIRE(H5Lexists(parent, name, H5P_DEFAULT) > 0, BL_ERR_INPUT, "%s is damaged: %s is missing", path,
               name);
    BL_TRY(bl_h5_elements(parent, name, &found));
    BL_REQUIRE(found == elements, BL_ERR_INPUT, "%s: %s has %zu numbers, not %zu", path, name, found,
               elements);
    BL_H5(*dataset = H5Dopen2(parent, name, H5P_DEFAULT), "%s: %s", path, name);
cleanup:
    return err;
}

bl_err bl_h5_read_whole(const char *path, hid_t parent, const char *name, hid_t type, size_t elements,
                        void *data) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID;
    BL_TRY(open_whole(path, parent, name, elements, &dataset));
    BL_H5(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), "%s: %s could not be read", path,
          name);
cleanup:
    bl_h5_close(&dataset);
    return err;
}

bl_err bl_h5_write_whole(const char *path, hid_t parent, const char *name, hid_t type, size_t elements,
                         const void *data) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID;
    BL_TRY(open_whole(path, parent, name, elements, &dataset));
    BL_TRY(bl_h5_write(path, name, dataset, type, H5S_ALL, H5S_ALL, data));
cleanup:
    bl_h5_close(&dataset);
    return err;
}

bl_err bl_h5_create_text(hid_t parent, const char *name, const char *text, const char *long_name) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID, type = bl_h5_string_type(strlen(text));
    BL_H5(type, "%s", name);
    BL_TRY(bl_h5_create_dataset(parent, name, type, 0, NULL, NULL, &dataset));
    BL_H5(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text), "%s could not be written", name);
    BL_TRY(bl_h5_attribute_text(dataset, "long_name", long_name));
    BL_TRY(bl_h5_attribute(dataset, "checksum", H5T_NATIVE_UINT64, 0, &(uint64_t){bl_hash_text(text)}));
cleanup:
    bl_h5_close(&dataset);
    bl_h5_close(&type);
    return err;
}

bl_err bl_h5_check_text(hid_t parent, const char *path, const char *name, const char *text) {
    bl_err err = BL_OK;
    uint64_t stored = 0;
    hid_t dataset = H5Dopen2(parent, name, H5P_DEFAULT);
    BL_H5(dataset, "%s: %s is missing", path, name);
    if (H5Aexists(dataset, "checksum") <= 0) /* a file of an earlier version */
        goto cleanup;
    BL_TRY(bl_h5_read_attribute_numbers(dataset, "checksum", H5T_NATIVE_UINT64, 1, 1, &stored, NULL));
    BL_REQUIRE(stored == bl_hash_text(text), BL_ERR_INPUT, "%s is damaged: %s does not match its checksum",
               path, name);
cleanup:
    bl_h5_close(&dataset);
    return err;
}

bl_err bl_h5_read_text(hid_t parent, const char *name, char **out) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID, type = H5I_INVALID_HID;
    *out = NULL;
    BL_H5(dataset = H5Dopen2(parent, name, H5P_DEFAULT), "%s could not be opened", name);
    BL_H5(type = H5Dget_type(dataset), "%s", name);
    BL_REQUIRE(H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 &&
                   H5Dget_storage_size(dataset) == H5Tget_size(type),
               BL_ERR_INPUT, "%s is not a text", name);
    BL_ALLOC(*out, H5Tget_size(type) + 1);
    BL_H5(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *out), "%s could not be read", name);
cleanup:
    if (err != BL_OK) {
        bl_mem_free(*out);
        *out = NULL;
    }
    bl_h5_close(&type);
    bl_h5_close(&dataset);
    return err;
}

/* --- dimension scales --- */

bl_err bl_h5_create_axis(hid_t parent, const char *name, hid_t type, size_t length, const void *values,
                         const char *long_name) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID;
    int64_t *index = NULL;
    if (!values) {
        BL_ALLOC(index, length);
        for (size_t i = 0; i < length; i++)
            index[i] = (int64_t)i;
        values = index;
        type = H5T_NATIVE_INT64;
    }
    BL_TRY(bl_h5_create_dataset(parent, name, type, 1, &length, NULL, &dataset));
    BL_H5(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), "%s could not be written", name);
    BL_H5(H5DSset_scale(dataset, name), "%s could not be made a dimension scale", name);
    BL_TRY(bl_h5_attribute_text(dataset, "units", "1"));
    BL_TRY(bl_h5_attribute_text(dataset, "long_name", long_name));
cleanup:
    bl_mem_free(index);
    bl_h5_close(&dataset);
    return err;
}

bl_err bl_h5_create_dimension(hid_t parent, const char *name, size_t length) {
    bl_err err = BL_OK;
    hid_t dataset = H5I_INVALID_HID;
    char mark[80]; /* netCDF-4's own words for a dimension that is no variable */
    (void)snprintf(mark, sizeof mark, "This is a netCDF dimension but not a netCDF variable. %10zu", length);
    BL_TRY(bl_h5_create_dataset(parent, name, H5T_NATIVE_FLOAT, 1, &length, NULL, &dataset));
    BL_H5(H5DSset_scale(dataset, mark), "%s could not be made a dimension scale", name);
cleanup:
    bl_h5_close(&dataset);
    return err;
}

bl_err bl_h5_attach_axis(hid_t dataset, size_t index, hid_t where, const char *axis) {
    bl_err err = BL_OK;
    hid_t scale = H5I_INVALID_HID;
    BL_H5(scale = H5Dopen2(where, axis, H5P_DEFAULT), "axis %s", axis);
    BL_H5(H5DSattach_scale(dataset, scale, (unsigned)index), "axis %s could not be attached", axis);
cleanup:
    bl_h5_close(&scale);
    return err;
}

/* --- reading --- */

bl_err bl_h5_open_read(const char *path, hid_t *file) {
    bl_err err = BL_OK;
    hid_t access = H5I_INVALID_HID;
    bl_h5_quiet();
    BL_TRY(bl_path_check_regular(path));
    FILE *plain = fopen(path, "rb");
    BL_REQUIRE(plain, BL_ERR_INPUT, "%s could not be opened: %s", path, strerror(errno));
    (void)fclose(plain);
    htri_t is_hdf5 = H5Fis_hdf5(path);
    BL_REQUIRE(is_hdf5 > 0, BL_ERR_INPUT, "%s is not an HDF5 file", path);
    access = H5Pcreate(H5P_FILE_ACCESS);
#if H5_VERSION_GE(1, 10, 7) && !(H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 11)
    /* Nothing a reader could disturb: locks would only refuse to read on file systems that have none. */
    BL_H5(H5Pset_file_locking(access, false, true), "%s", path);
#endif
    *file = H5Fopen(path, H5F_ACC_RDONLY, access);
    if (*file < 0)
        err = bl_h5_fail(BL_ERR_INPUT, "%s is damaged or cut short", path);
cleanup:
    bl_h5_close(&access);
    return err;
}

bl_err bl_h5_check_format(hid_t file, const char *path, const char *format, const char *what) {
    bl_err err = BL_OK;
    char *found = NULL;
    err = bl_h5_read_attribute_text(file, "format", &found);
    BL_REQUIRE(err == BL_OK && found, BL_ERR_INPUT, "%s is not %s: it has no attribute format = \"%s\"", path,
               what, format);
    BL_REQUIRE(strcmp(found, format) == 0, BL_ERR_INPUT, "%s is not %s: its format is \"%.64s\", not \"%s\"",
               path, what, found, format);
cleanup:
    bl_mem_free(found);
    return err;
}
