/* SPDX-License-Identifier: BSD-3-Clause */
#include "guess.h"

#include <string.h>

enum { WORD_MAX = 255 };

/* Levenshtein's edit distance, row by row. */
static size_t edit_distance(const char *a, const char *b) {
    size_t row[WORD_MAX + 1];
    size_t length = strlen(b);
    if (length > WORD_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            size_t shorter = row[j] < row[j - 1] ? row[j] : row[j - 1];
            diagonal = row[j];
            row[j] = replaced < shorter + 1 ? replaced : shorter + 1;
        }
    }
    return row[length];
}

void bl_guess_offer(bl_guess *guess, const char *candidate, const char *compared) {
    size_t distance = edit_distance(guess->word, compared);
    if (distance < guess->distance && distance <= 1 + strlen(guess->word) / 3) {
        guess->distance = distance;
        guess->best = candidate;
    }
}
