/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Random words against Random123's own implementation and its published answers, and the packing of stream
 * names.
 */
#include "check.h"

#include "borderline/rng.h"
#include <Random123/philox.h>
#include <string.h>

static void check_published_answers(void) {
    static const struct {
        uint32_t counter[4], key[2], answer[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        bl_stream stream;
        memcpy(stream.key, known[k].key, sizeof stream.key);
        memcpy(stream.counter, known[k].counter + 1, sizeof stream.counter);
        uint32_t word[4];
        bl_rng_words(stream, 4 * (uint64_t)known[k].counter[0], 4, word);
        CHECK(memcmp(word, known[k].answer, sizeof word) == 0);
    }
}

static void check_against_random123(void) {
    enum { COUNT = 1003 }; /* not a multiple of any chunk */
    static uint32_t word[COUNT];
    const uint64_t first = 4 * (uint64_t)123457;
    bl_stream stream = bl_rng_stream(UINT64_C(0xfedcba9876543210), 3, 4000000000U, BL_PURPOSE_SEARCH, 77);
    bl_rng_words(stream, first, COUNT, word);
    philox4x32_key_t key = {{0x76543210, 0xfedcba98}};
    size_t equal = 0;
    for (uint32_t k = 0; k < COUNT; k++) {
        philox4x32_ctr_t counter = {
            {123457 + k / 4, 3, 4000000000U, (uint32_t)BL_PURPOSE_SEARCH * (1U << 24) + 77}};
        philox4x32_ctr_t expected = philox4x32_R(10, counter, key);
        equal += word[k] == expected.v[k % 4];
    }
    CHECK(equal == COUNT);
}

/* The packing (seed, case, network, purpose, index) -> (key, counter) is undone field by field: so it is
 * injective, and no two streams meet. Every value of a field at its ends, all purposes. */
static void check_packing(void) {
    const uint32_t edge32[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
    const uint32_t edge24[] = {0, 1, 1U << 23, BL_STREAM_INDEX_MAX};
    const uint64_t seeds[] = {0, 1, UINT64_C(1) << 32, UINT64_MAX, UINT64_C(20210717)};
    for (size_t s = 0; s < 5; s++)
        for (size_t c = 0; c < 5; c++)
            for (size_t n = 0; n < 5; n++)
                for (int purpose = 0; purpose < BL_PURPOSE_COUNT; purpose++)
                    for (size_t i = 0; i < 4; i++) {
                        bl_stream stream =
                            bl_rng_stream(seeds[s], edge32[c], edge32[n], (bl_purpose)purpose, edge24[i]);
                        CHECK((stream.key[0] | (uint64_t)stream.key[1] << 32) == seeds[s]);
                        CHECK(stream.counter[0] == edge32[c]);
                        CHECK(stream.counter[1] == edge32[n]);
                        CHECK(stream.counter[2] >> 24 == (uint32_t)purpose);
                        CHECK((stream.counter[2] & BL_STREAM_INDEX_MAX) == edge24[i]);
                    }
    CHECK(BL_PURPOSE_COUNT <= 256);
}

int main(void) {
    check_published_answers();
    check_against_random123();
    check_packing();
    return check_result();
}
