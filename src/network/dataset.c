/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Data sets: two file formats, each a header and rows of bytes. zlib reads plain files and gzip alike.
 */
#include "dataset.h"

#include "base/mem.h"
#include "image.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { PATH_LENGTH_MAX = 4096, CLASSES_MAX = 256, CIFAR_BATCHES = 5, CIFAR_SIDE = 32, CIFAR_CHANNELS = 3 };

/* A file that is being read. */
typedef struct reader {
    char path[PATH_LENGTH_MAX];
    gzFile file;
} reader;

static bool join(char *path, const char *folder, const char *name, const char *ending) {
    int length = snprintf(path, PATH_LENGTH_MAX, "%s/%s%s", folder, name, ending);
    return length > 0 && length < PATH_LENGTH_MAX;
}

static bool has(const char *folder, const char *name, const char *ending) {
    char path[PATH_LENGTH_MAX];
    return join(path, folder, name, ending) && access(path, F_OK) == 0;
}

/* Open folder/name, or folder/name.gz where only that is there. */
static bl_err open_file(reader *r, const char *folder, const char *name) {
    bl_err err = BL_OK;
    const char *ending = !has(folder, name, "") && has(folder, name, ".gz") ? ".gz" : "";
    BL_REQUIRE(join(r->path, folder, name, ending), BL_ERR_INPUT, "the path %s/%s is too long", folder, name);
    errno = 0;
    r->file = gzopen(r->path, "rb");
    BL_REQUIRE(r->file, BL_ERR_INPUT, "%s cannot be read: %s", r->path,
               errno ? strerror(errno) : "out of memory");
cleanup:
    return err;
}

static void close_file(reader *r) {
    if (r->file)
        (void)gzclose_r(r->file);
    r->file = NULL;
}

/* The next bytes; fewer only at the file's end. */
static bl_err read_some(reader *r, void *bytes, size_t length, size_t *got) {
    for (*got = 0; *got < length;) {
        size_t rest = length - *got;
        int n = gzread(r->file, (char *)bytes + *got, (unsigned)(rest < INT_MAX ? rest : INT_MAX));
        if (n > 0) {
            *got += (size_t)n;
            continue;
        }
        int code = Z_OK;
        const char *reason = gzerror(r->file, &code);
        if (code == Z_BUF_ERROR || (n == 0 && code == Z_OK))
            return code == Z_OK ? BL_OK : bl_err_set(BL_ERR_INPUT, "%s is cut short", r->path);
        return bl_err_set(BL_ERR_INPUT, "%s cannot be read: %s", r->path,
                          code == Z_ERRNO ? strerror(errno) : reason);
    }
    return BL_OK;
}

/* `rows` rows of `length` bytes, from number `first` of `total` on. `what` is their name in messages. */
static bl_err read_rows(reader *r, void *bytes, size_t first, size_t rows, size_t total, size_t length,
                        const char *what) {
    bl_err err = BL_OK;
    size_t got = 0;
    BL_TRY(read_some(r, bytes, rows * length, &got));
    BL_REQUIRE(got == rows * length, BL_ERR_INPUT, "%s is cut short: it ends in %s %zu of %zu", r->path, what,
               first + got / length + 1, total);
cleanup:
    return err;
}

/* Read the rows from number `first` on, which are not used; then the file must end. */
static bl_err read_rest(reader *r, size_t first, size_t total, size_t length, const char *what) {
    bl_err err = BL_OK;
    uint8_t *row = NULL, more;
    size_t got = 0;
    BL_ALLOC(row, length);
    for (size_t i = first; i < total; i++)
        BL_TRY(read_rows(r, row, i, 1, total, length, what));
    BL_TRY(read_some(r, &more, 1, &got));
    BL_REQUIRE(got == 0, BL_ERR_INPUT, "%s goes on after its last %s", r->path, what);
cleanup:
    bl_mem_free(row);
    return err;
}

static bl_err require_label(const reader *r, size_t row, size_t label, size_t classes) {
    if (label < classes)
        return BL_OK;
    return bl_err_set(BL_ERR_INPUT, "%s: image %zu has label %zu, but classes are 0 to %zu", r->path, row,
                      label, classes - 1);
}

/* How many of the file's `there` images are used. */
static bl_err choose_count(const bl_dataset_source *source, const char *path, size_t there, size_t *count) {
    if (source->limit > there)
        return bl_err_set(BL_ERR_INPUT, "%s has %zu images, but %zu are asked for", path, there,
                          source->limit);
    *count = source->limit ? source->limit : there;
    return BL_OK;
}

bl_err bl_dataset_create(size_t count, bl_image image, size_t classes, bl_dataset **out) {
    bl_err err = BL_OK;
    bl_dataset *dataset = NULL;
    BL_ALLOC(dataset, 1);
    *dataset =
        (bl_dataset){.count = count, .image = image, .classes = classes, .numbers = bl_image_numbers(image)};
    BL_ALLOC(dataset->pixel, count * dataset->numbers);
    BL_ALLOC(dataset->label, count);
    *out = dataset;
    dataset = NULL;
cleanup:
    bl_dataset_destroy(&dataset);
    return err;
}

void bl_dataset_destroy(bl_dataset **dataset) {
    if (!*dataset)
        return;
    bl_mem_free((*dataset)->pixel);
    bl_mem_free((*dataset)->label);
    bl_mem_free(*dataset);
    *dataset = NULL;
}

/* --- IDX --- */

/* Magic number (two zeros, type 8 = unsigned byte, number of axes) and the length of every axis, big-endian. */
static bl_err read_idx_header(reader *r, unsigned axes, const char *what, size_t *length) {
    enum { UNSIGNED_BYTE = 8, AXES_MAX = 3 };
    bl_err err = BL_OK;
    uint8_t bytes[4 + 4 * AXES_MAX];
    size_t got = 0, wanted = 4 + 4 * (size_t)axes;
    BL_TRY(read_some(r, bytes, wanted, &got));
    BL_REQUIRE(got >= 4 && bytes[0] == 0 && bytes[1] == 0 && bytes[2] == UNSIGNED_BYTE && bytes[3] == axes,
               BL_ERR_INPUT, "%s is no IDX file of %s: it does not begin with 0, 0, %d, %u", r->path, what,
               UNSIGNED_BYTE, axes);
    BL_REQUIRE(got == wanted, BL_ERR_INPUT, "%s is cut short in its header", r->path);
    for (unsigned i = 0; i < axes; i++) {
        const uint8_t *b = bytes + 4 + 4 * (size_t)i;
        length[i] = ((size_t)b[0] << 24U) | ((size_t)b[1] << 16U) | ((size_t)b[2] << 8U) | (size_t)b[3];
        BL_REQUIRE(length[i] > 0, BL_ERR_INPUT, "%s holds no %s: its axis %u has length 0", r->path, what,
                   i + 1);
    }
    BL_REQUIRE(axes < 3 || length[1] * length[2] <= INT_MAX / length[0], BL_ERR_INPUT,
               "%s claims to have %zu images of %zu x %zu, more than any data set of this format has",
               r->path, length[0], length[1], length[2]);
cleanup:
    return err;
}

static bl_err read_idx(const bl_dataset_source *source, bl_dataset **out) {
    static const char *const images_name[] = {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte"};
    static const char *const labels_name[] = {"train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"};
    bl_err err = BL_OK;
    bl_dataset *dataset = NULL;
    reader images = {.file = NULL}, labels = {.file = NULL};
    size_t shape[3] = {0}, label_count = 0, count = 0;
    BL_TRY(open_file(&images, source->folder, images_name[source->part]));
    BL_TRY(open_file(&labels, source->folder, labels_name[source->part]));
    BL_TRY(read_idx_header(&images, 3, "images", shape));
    BL_TRY(read_idx_header(&labels, 1, "labels", &label_count));
    BL_REQUIRE(label_count == shape[0], BL_ERR_INPUT, "%s has %zu images, but %s has %zu labels", images.path,
               shape[0], labels.path, label_count);
    BL_TRY(choose_count(source, images.path, shape[0], &count));
    BL_TRY(bl_dataset_create(count, (bl_image){1, shape[1], shape[2]}, source->classes, &dataset));
    BL_TRY(read_rows(&images, dataset->pixel, 0, count, shape[0], dataset->numbers, "image"));
    BL_TRY(read_rest(&images, count, shape[0], dataset->numbers, "image"));
    BL_TRY(read_rows(&labels, dataset->label, 0, count, shape[0], 1, "label"));
    BL_TRY(read_rest(&labels, count, shape[0], 1, "label"));
    for (size_t i = 0; i < count; i++)
        BL_TRY(require_label(&labels, i, dataset->label[i], source->classes));
    *out = dataset;
    dataset = NULL;
cleanup:
    close_file(&images);
    close_file(&labels);
    bl_dataset_destroy(&dataset);
    return err;
}

/* --- CIFAR-10 --- */

static const bl_image cifar_image = {CIFAR_CHANNELS, CIFAR_SIDE, CIFAR_SIDE};
enum { CIFAR_NUMBERS = CIFAR_CHANNELS * CIFAR_SIDE * CIFAR_SIDE };

static void cifar_name(bl_dataset_part part, unsigned batch, char name[32]) {
    if (part == BL_DATASET_TEST)
        (void)snprintf(name, 32, "test_batch.bin");
    else
        (void)snprintf(name, 32, "data_batch_%u.bin", batch + 1);
}

/* Rows of one file: into the data set from number *at on until it is full (NULL: checked and counted alone). */
static bl_err read_cifar_file(const bl_dataset_source *source, const char *name, bl_dataset *dataset,
                              size_t *at) {
    bl_err err = BL_OK;
    reader r = {.file = NULL};
    uint8_t row[1 + CIFAR_NUMBERS];
    size_t got = sizeof row;
    BL_TRY(open_file(&r, source->folder, name));
    for (size_t i = 0; !dataset || *at < dataset->count; i++) {
        BL_TRY(read_some(&r, row, sizeof row, &got));
        if (got == 0)
            break;
        BL_REQUIRE(got == sizeof row, BL_ERR_INPUT,
                   "%s is no whole CIFAR-10 file: it ends %zu bytes into image %zu (an image has %zu)",
                   r.path, got, i, sizeof row);
        BL_TRY(require_label(&r, i, row[0], source->classes));
        if (dataset) {
            dataset->label[*at] = row[0];
            memcpy(dataset->pixel + *at * CIFAR_NUMBERS, row + 1, CIFAR_NUMBERS);
        }
        ++*at;
    }
    BL_REQUIRE(*at > 0, BL_ERR_INPUT, "%s is empty", r.path);
cleanup:
    close_file(&r);
    return err;
}

static bl_err read_cifar(const bl_dataset_source *source, bl_dataset **out) {
    bl_err err = BL_OK;
    bl_dataset *dataset = NULL;
    char name[32];
    unsigned files = source->part == BL_DATASET_TEST ? 1 : CIFAR_BATCHES;
    size_t there = 0, count = 0, at = 0;
    for (unsigned i = 0; i < files; i++) {
        cifar_name(source->part, i, name);
        if (i > 0 && !has(source->folder, name, "") && !has(source->folder, name, ".gz"))
            files = i;
        else
            BL_TRY(read_cifar_file(source, name, NULL, &there));
    }
    BL_TRY(choose_count(source, source->folder, there, &count));
    BL_TRY(bl_dataset_create(count, cifar_image, source->classes, &dataset));
    for (unsigned i = 0; i < files && at < count; i++) {
        cifar_name(source->part, i, name);
        BL_TRY(read_cifar_file(source, name, dataset, &at));
    }
    BL_REQUIRE(at == count, BL_ERR_INPUT, "%s changed while it was read", source->folder);
    *out = dataset;
    dataset = NULL;
cleanup:
    bl_dataset_destroy(&dataset);
    return err;
}

/* --- both --- */

static bool is_cifar(const char *folder) {
    static const char *const name[] = {"data_batch_1.bin", "test_batch.bin"};
    return has(folder, name[0], "") || has(folder, name[1], "") || has(folder, name[0], ".gz") ||
           has(folder, name[1], ".gz");
}

static bool is_idx(const char *folder) {
    static const char *const name[] = {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte",
                                       "train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        if (has(folder, name[i], "") || has(folder, name[i], ".gz"))
            return true;
    return false;
}

bl_err bl_dataset_read(const bl_dataset_source *source, bl_dataset **out) {
    bl_err err = BL_OK;
    BL_REQUIRE(source->classes >= 2 && source->classes <= CLASSES_MAX, BL_ERR_INPUT,
               "a data set of %zu classes is not possible: 2 to %d are", source->classes, CLASSES_MAX);
    BL_REQUIRE(access(source->folder, R_OK | X_OK) == 0, BL_ERR_INPUT,
               "the data folder %s cannot be read: %s", source->folder, strerror(errno));
    if (is_cifar(source->folder))
        return read_cifar(source, out);
    BL_REQUIRE(is_idx(source->folder), BL_ERR_INPUT,
               "%s holds no data set: neither train-images-idx3-ubyte[.gz] (MNIST, Fashion-MNIST: "
               "jobs/fetch-data) nor data_batch_1.bin (CIFAR-10, binary version)",
               source->folder);
    return read_idx(source, out);
cleanup:
    return err;
}

void bl_dataset_inputs(const bl_dataset *dataset, size_t count, const size_t *index, float *x) {
    for (size_t i = 0; i < count; i++) {
        const uint8_t *pixel = dataset->pixel + (index ? index[i] : i) * dataset->numbers;
        for (size_t k = 0; k < dataset->numbers; k++)
            x[i * dataset->numbers + k] = (float)pixel[k] / 255.0F;
    }
}
