/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Images: windows, and the change between the order of files and inputs, [channels][height][width], and that of the
 * float32 engine, [height][width][channels].
 */
#ifndef BORDERLINE_NETWORK_IMAGE_H
#define BORDERLINE_NETWORK_IMAGE_H

#include "borderline/network.h"

/* Windows along one side of an image, and the zeros that they see before and after it; 0 where none fits. */
size_t bl_image_windows(size_t size, size_t kernel, size_t stride, bl_padding padding, size_t *before,
                        size_t *after);

size_t bl_image_numbers(bl_image image);
bool bl_image_same(bl_image a, bl_image b);

/* Whether both orders are the same. */
bool bl_image_is_plain(bl_image image);

/* `rows` images from [channels][height][width] to [height][width][channels] (`to` may not be `from`), and back. */
void bl_image_channels_last(bl_image image, size_t rows, const float *from, float *to);
void bl_image_channels_first(bl_image image, size_t rows, const float *from, float *to);

#endif
