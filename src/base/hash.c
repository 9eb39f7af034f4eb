/* SPDX-License-Identifier: BSD-3-Clause */
#include "hash.h"

#include <string.h>

static uint64_t step(uint64_t hash, uint64_t word) {
    return (hash ^ word) * UINT64_C(0x100000001b3);
}

uint64_t bl_hash_words(uint64_t hash, const uint64_t *word, size_t words) {
    for (size_t i = 0; i < words; i++)
        hash = step(hash, word[i]);
    return hash;
}

uint64_t bl_hash_bytes(uint64_t hash, const void *data, size_t bytes) {
    const unsigned char *from = data;
    for (size_t done = 0; done < bytes; done += sizeof(uint64_t)) {
        const size_t rest = bytes - done;
        uint64_t word = 0;
        memcpy(&word, from + done, rest < sizeof word ? rest : sizeof word);
        hash = step(hash, word);
    }
    return hash;
}

uint64_t bl_hash_text(const char *text) {
    uint64_t hash = BL_HASH_START;
    for (; *text; text++)
        hash = step(hash, (unsigned char)*text);
    return hash;
}
