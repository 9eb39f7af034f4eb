/* SPDX-License-Identifier: BSD-3-Clause
 *
 * HDF5 as this folder uses it: one message for its errors, objects that netCDF-4 readers understand, and
 * creation of a file under a temporary name. Only files of src/store include this header. Private to src/store.
 */
#ifndef BORDERLINE_STORE_H5_H
#define BORDERLINE_STORE_H5_H

/* Calls whose arguments changed with HDF5 1.12 mean those of 1.10, which every later version keeps under its macros. */
#ifndef H5_USE_110_API
#define H5_USE_110_API
#endif

#include "borderline/err.h"
#include <hdf5.h>
#include <stddef.h>
#include <stdint.h>

/* An HDF5 call (anything that is negative on failure) inside a fallible function. */
#define BL_H5(call, ...)                                                                                     \
    do {                                                                                                     \
        if ((call) < 0) {                                                                                    \
            err = bl_h5_fail(BL_ERR_IO, __VA_ARGS__);                                                        \
            goto cleanup;                                                                                    \
        }                                                                                                    \
    } while (0)

/** Keep HDF5 from printing its error stack; every entry point of the folder calls it. */
void bl_h5_quiet(void);

/** bl_err_set with the innermost reason of HDF5's error stack behind the text; the stack is cleared. */
bl_err bl_h5_fail(bl_err code, const char *format, ...) BL_PRINTF(2, 3);

/** A copy of a text (bl_mem_free), or NULL with the message set. */
char *bl_h5_copy_text(const char *text) BL_NODISCARD;

/** Close an identifier of any kind but a file, if there is one, and forget it. */
void bl_h5_close(hid_t *id);

/** A fixed-length, null-padded UTF-8 string type; the caller closes it. Negative on failure. */
hid_t bl_h5_string_type(size_t length);

/** Attributes: a text, or `count` numbers of a native type (0: one number, scalar). */
bl_err bl_h5_attribute_text(hid_t object, const char *name, const char *text) BL_NODISCARD;
bl_err bl_h5_attribute(hid_t object, const char *name, hid_t type, size_t count,
                       const void *data) BL_NODISCARD;

/** Read a text attribute of fixed or variable length; *out is the caller's (bl_mem_free). @return
 * BL_ERR_INPUT when it is not there or not a text. */
bl_err bl_h5_read_attribute_text(hid_t object, const char *name, char **out) BL_NODISCARD;

/** Read between least and most numbers of an attribute (scalar or one axis) as a native type; how many goes to
 * *count unless that is NULL. @return BL_ERR_INPUT when it is not there or does not fit. */
bl_err bl_h5_read_attribute_numbers(hid_t object, const char *name, hid_t type, size_t least, size_t most,
                                    void *data, size_t *count) BL_NODISCARD;

/** A group whose links and attributes keep their order of creation. */
bl_err bl_h5_create_group(hid_t parent, const char *name, hid_t *group) BL_NODISCARD;

/** A contiguous dataset, allocated now, without time stamps; rank 0: scalar. Filled with *fill of the same
 * type; fill NULL: the caller writes all of it at once. */
bl_err bl_h5_create_dataset(hid_t parent, const char *name, hid_t type, size_t rank, const size_t *shape,
                            const void *fill, hid_t *dataset) BL_NODISCARD;

/** Write a slab; a failure is one line "path: name could not be written: " with the system's reason, which
 * MPI's drivers do not pass on (disk full, file too large, ...). */
bl_err bl_h5_write(const char *path, const char *name, hid_t dataset, hid_t type, hid_t memory, hid_t file,
                   const void *data) BL_NODISCARD;

/** Elements of a variable; 0 where it is missing. */
bl_err bl_h5_elements(hid_t parent, const char *name, size_t *elements) BL_NODISCARD;

/** Read or write a variable as a whole. @return BL_ERR_INPUT when it has not so many elements; BL_ERR_IO. */
bl_err bl_h5_read_whole(const char *path, hid_t parent, const char *name, hid_t type, size_t elements,
                        void *data) BL_NODISCARD;
bl_err bl_h5_write_whole(const char *path, hid_t parent, const char *name, hid_t type, size_t elements,
                         const void *data) BL_NODISCARD;

/** A scalar dataset that holds a text of any length, and its reading (the caller frees). */
bl_err bl_h5_create_text(hid_t parent, const char *name, const char *text,
                         const char *long_name) BL_NODISCARD;
bl_err bl_h5_read_text(hid_t parent, const char *name, char **out) BL_NODISCARD;

/** A text as read against the checksum that bl_h5_create_text left as an attribute. @return BL_ERR_INPUT: damaged. */
bl_err bl_h5_check_text(hid_t parent, const char *path, const char *name, const char *text) BL_NODISCARD;

/** A dimension scale with coordinates; values NULL: 0, 1, 2, ... (the type is then 64-bit integer). */
bl_err bl_h5_create_axis(hid_t parent, const char *name, hid_t type, size_t length, const void *values,
                         const char *long_name) BL_NODISCARD;

/** A dimension scale without coordinates, where they would have no meaning (places in a text, coordinates of a point). */
bl_err bl_h5_create_dimension(hid_t parent, const char *name, size_t length) BL_NODISCARD;

/** Attach the scale `axis` of a group (or the file) to dimension `index` of a dataset. */
bl_err bl_h5_attach_axis(hid_t dataset, size_t index, hid_t where, const char *axis) BL_NODISCARD;

/* A file being created under a temporary name beside its own. */
typedef struct bl_h5_creation {
    char *path, *temporary;
    hid_t file;
    int lock; /* of lock.h */
} bl_h5_creation;

#define BL_H5_NO_CREATION                                                                                    \
    (bl_h5_creation) {                                                                                       \
        .file = H5I_INVALID_HID, .lock = -1                                                                  \
    }

/** Begin: checks that nothing is there (unless force), that the directory can be written, that no other run
 * writes the file and that `bytes` fit on its disk; removes what an earlier creation left.
 *
 * @return BL_OK; BL_ERR_INPUT (one line that says what to do); BL_ERR_IO; BL_ERR_MEMORY.
 */
bl_err bl_h5_creation_begin(const char *path, const char *resume_hint, double bytes, bool force,
                            bl_h5_creation *creation) BL_NODISCARD;
/** Flush, close, sync to disk, give the file its name. */
bl_err bl_h5_creation_commit(bl_h5_creation *creation) BL_NODISCARD;
/** Free; a file not committed is removed. */
void bl_h5_creation_end(bl_h5_creation *creation);

/** Force a file's bytes (or a directory's entries) to disk; a file system that cannot is no error. */
bl_err bl_h5_sync(const char *path) BL_NODISCARD;

/** Open for reading, also while another process writes; every failure is one line and BL_ERR_INPUT. */
bl_err bl_h5_open_read(const char *path, hid_t *file) BL_NODISCARD;

/** Check the root attribute `format`. @return BL_ERR_INPUT naming what was expected. */
bl_err bl_h5_check_format(hid_t file, const char *path, const char *format, const char *what) BL_NODISCARD;

#endif
