/* SPDX-License-Identifier: BSD-3-Clause
 *
 * 64-bit FNV-1a (Fowler, Noll, Vo): the checksums of result files.
 */
#ifndef BORDERLINE_HASH_H
#define BORDERLINE_HASH_H

#include "borderline/err.h"
#include <stddef.h>
#include <stdint.h>

#define BL_HASH_START UINT64_C(0xcbf29ce484222325)

/** A hash continued over 8-byte words; the first begins from BL_HASH_START.
 * Math:        h = (h xor word) x 0x100000001b3 modulo 2^64, word by word.
 * Collective:  no.
 */
BL_API uint64_t bl_hash_words(uint64_t hash, const uint64_t *word, size_t words);

/** The same over any bytes, 8 per word, the last word padded with zeros. Collective: no. */
BL_API uint64_t bl_hash_bytes(uint64_t hash, const void *data, size_t bytes);

/** Of a text, byte by byte (FNV-1a as it is defined). Collective: no. */
BL_API uint64_t bl_hash_text(const char *text);

#endif
