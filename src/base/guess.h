/* SPDX-License-Identifier: BSD-3-Clause
 *
 * 'Did you mean': the known word nearest to a misspelt one.
 */
#ifndef BORDERLINE_GUESS_H
#define BORDERLINE_GUESS_H

#include "borderline/err.h"
#include <stddef.h>
#include <stdint.h>

/* A search for the nearest word; best is NULL when none is near. Start as {.word = text, .distance =
 * SIZE_MAX}. */
typedef struct bl_guess {
    const char *word, *best;
    size_t distance;
} bl_guess;

/** Offer a candidate for the misspelt word.
 * Math:        Levenshtein's edit distance between guess->word and `compared`; near: a distance of at most 1 + a third of
 *              the word's length.
 * Collective:  no.
 * Ownership:   texts are borrowed for as long as the guess is used.
 * @param[in] candidate what guess->best becomes where `compared` is nearer than all before
 */
BL_API void bl_guess_offer(bl_guess *guess, const char *candidate, const char *compared);

#endif
