/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Windows and orders of images.
 */
#include "image.h"

size_t bl_image_windows(size_t size, size_t kernel, size_t stride, bl_padding padding, size_t *before,
                        size_t *after) {
    *before = *after = 0;
    if (padding == BL_PADDING_VALID)
        return size >= kernel ? (size - kernel) / stride + 1 : 0;
    const size_t windows = (size + stride - 1) / stride, reach = (windows - 1) * stride + kernel;
    const size_t zeros = reach > size ? reach - size : 0;
    *before = zeros / 2;
    *after = zeros - zeros / 2;
    return windows;
}

size_t bl_image_numbers(bl_image image) {
    return image.channels * image.height * image.width;
}

bool bl_image_same(bl_image a, bl_image b) {
    return a.channels == b.channels && a.height == b.height && a.width == b.width;
}

bool bl_image_is_plain(bl_image image) {
    return image.channels <= 1 || image.height * image.width <= 1;
}

/* to[j][i] = from[i][j], in tiles that stay in the first cache */
static void transpose(size_t height, size_t width, const float *restrict from, float *restrict to) {
    enum { TILE = 16 };
    for (size_t i = 0; i < height; i += TILE)
        for (size_t j = 0; j < width; j += TILE) {
            const size_t last_i = i + TILE < height ? i + TILE : height;
            const size_t last_j = j + TILE < width ? j + TILE : width;
            for (size_t b = j; b < last_j; b++)
                for (size_t a = i; a < last_i; a++)
                    to[b * height + a] = from[a * width + b];
        }
}

void bl_image_channels_last(bl_image image, size_t rows, const float *from, float *to) {
    const size_t numbers = bl_image_numbers(image), pixels = image.height * image.width;
    for (size_t i = 0; i < rows; i++)
        transpose(image.channels, pixels, from + i * numbers, to + i * numbers);
}

void bl_image_channels_first(bl_image image, size_t rows, const float *from, float *to) {
    const size_t numbers = bl_image_numbers(image), pixels = image.height * image.width;
    for (size_t i = 0; i < rows; i++)
        transpose(pixels, image.channels, from + i * numbers, to + i * numbers);
}
