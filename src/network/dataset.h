/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Labelled images from files: MNIST and its like (IDX, plain or gzip) and CIFAR-10 (its binary format).
 */
#ifndef BORDERLINE_DATASET_H
#define BORDERLINE_DATASET_H

#include "borderline/network.h"
#include <stdint.h>

typedef enum bl_dataset_part { BL_DATASET_TRAIN, BL_DATASET_TEST } bl_dataset_part;

/* What to read. */
typedef struct bl_dataset_source {
    const char *folder;
    bl_dataset_part part;
    size_t classes; /* labels are below it, at most 256; 10 for all sets named above */
    size_t limit;   /* the first `limit` images; 0: all */
} bl_dataset_source;

typedef struct bl_dataset {
    size_t count;
    bl_image image; /* of every sample */
    size_t classes;
    size_t numbers; /* channels x height x width */
    uint8_t *pixel; /* [count][channels][height][width] */
    uint8_t *label; /* [count] */
} bl_dataset;

/** Read one part of a data set.
 *
 * A folder with data_batch_1.bin or test_batch.bin is CIFAR-10: rows of 1 label and 3,072 pixels in planes R, G, B; the
 * training part is data_batch_1.bin .. data_batch_5.bin, as many of them as exist, in this order. Any other folder
 * holds IDX files by MNIST's names, train-images-idx3-ubyte and train-labels-idx1-ubyte, t10k-... for the test part,
 * each plain or with .gz. Every file is checked to its last byte, even if `limit` needs only a part of it.
 *
 * Collective:  no.
 * Ownership:   source is borrowed; *out is the caller's, freed with bl_dataset_destroy.
 * @return BL_OK; BL_ERR_INPUT in one line naming the file: missing, wrong magic number, sizes that do not belong
 *         together, cut short or followed by more, a label that is not a class, fewer images than `limit`; BL_ERR_MEMORY.
 */
BL_API bl_err bl_dataset_read(const bl_dataset_source *source, bl_dataset **out) BL_NODISCARD;

/** An empty data set of that shape, to be filled. *out is the caller's. Collective: no. @return BL_OK; BL_ERR_MEMORY. */
BL_API bl_err bl_dataset_create(size_t count, bl_image image, size_t classes, bl_dataset **out) BL_NODISCARD;

/** Free it; NULL is allowed. Collective: no. */
BL_API void bl_dataset_destroy(bl_dataset **dataset);

/** Images as inputs of networks.
 *
 * Math:        x = pixel / 255, rounded to float32.
 * Shapes:      x[count][channels][height][width] of the images index[0 .. count - 1]; index = NULL: of images 0 ..
 *              count - 1.
 * Collective:  no.
 */
BL_API void bl_dataset_inputs(const bl_dataset *dataset, size_t count, const size_t *index, float *x);

/** Labels as targets: the class, or its parity (class mod 2, the paper's two classes). Not collective. */
static inline size_t bl_dataset_class(const bl_dataset *dataset, size_t i) {
    return dataset->label[i];
}
static inline size_t bl_dataset_parity(const bl_dataset *dataset, size_t i) {
    return dataset->label[i] % 2U;
}

#endif
