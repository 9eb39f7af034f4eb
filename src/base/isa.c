/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Which instruction set this process uses: asked of the processor once.
 */
#include "isa.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* What the compiler was told for the base, and whether loops for further ISAs are linked (src/isa.cmake). */
#ifndef BORDERLINE_BASE_ISA
#define BORDERLINE_BASE_ISA "the compiler's default"
#endif
#ifdef BORDERLINE_EACH_ISA
enum { BUILT = BL_ISA_COUNT };
#else
enum { BUILT = BL_ISA_BASE + 1 };
#endif

const char *bl_isa_name(bl_isa isa) {
    static const char *const name[BL_ISA_COUNT] = {BORDERLINE_BASE_ISA, "x86-64-v3", "x86-64-v4"};
    return name[isa];
}

bool bl_isa_is_built(bl_isa isa) {
    return (int)isa < BUILT;
}

#ifdef BORDERLINE_EACH_ISA

/* The processor, and the operating system, have what src/isa.cmake lets the compiler use. */
static bl_isa widest_here(void) {
    __builtin_cpu_init();
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    return v4 ? BL_ISA_X86_64_V4 : v3 ? BL_ISA_X86_64_V3 : BL_ISA_BASE;
}

static bool has_base(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
}

#else

static bl_isa widest_here(void) {
    return BL_ISA_BASE;
}

static bool has_base(void) {
    return true;
}

#endif

/* BORDERLINE_MAX_ISA, or the widest of all; BL_ISA_COUNT where it names none. */
static bl_isa allowed(void) {
    const char *word = getenv("BORDERLINE_MAX_ISA");
    if (!word || !*word)
        return BL_ISA_COUNT - 1;
    bl_isa isa = BL_ISA_BASE;
    while (isa < BL_ISA_COUNT && strcmp(word, bl_isa_name(isa)) != 0)
        isa++;
    return isa;
}

bl_isa bl_isa_used(void) {
    static _Atomic int used = BL_ISA_COUNT; /* not asked yet */
    int isa = atomic_load_explicit(&used, memory_order_relaxed);
    if (isa == BL_ISA_COUNT) {
        const bl_isa can = widest_here(), may = allowed();
        isa = may < can ? (int)may : (int)can;
        atomic_store_explicit(&used, isa, memory_order_relaxed);
    }
    return (bl_isa)isa;
}

bl_err bl_isa_check(void) {
    bl_err err = BL_OK;
    BL_REQUIRE(has_base(), BL_ERR_INPUT,
               "this processor lacks instructions of %s, which the program is built for; build it on this "
               "machine with -DBORDERLINE_NATIVE=ON",
               BORDERLINE_BASE_ISA);
    BL_REQUIRE(allowed() != BL_ISA_COUNT, BL_ERR_INPUT,
               "BORDERLINE_MAX_ISA=%s is no instruction set: %s, %s or %s is expected",
               getenv("BORDERLINE_MAX_ISA"), bl_isa_name(BL_ISA_BASE), bl_isa_name(BL_ISA_X86_64_V3),
               bl_isa_name(BL_ISA_X86_64_V4));
cleanup:
    return err;
}
