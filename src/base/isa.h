/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Hot loops are compiled once per instruction set (ISA), and the program takes at run time the widest that the processor
 * has: one binary serves a whole cluster. The results have the same bits on every one of them: sums run in a fixed
 * order, and every fused multiply-add is written as fma or fmaf.
 *
 * A file with such loops stands in the list of src/isa.cmake, which compiles it for each ISA, and writes the head of each of
 * its functions that is not static with BL_EACH_ISA:
 *
 *     BL_EACH_ISA(double, bl_float_norm, (double p, size_t n, const float *h), (p, n, h)) {
 *         ...
 *     }
 *
 * Without further ISAs (other processors than x86-64, or BORDERLINE_NATIVE) this is the plain head of a function.
 */
#ifndef BORDERLINE_BASE_ISA_H
#define BORDERLINE_BASE_ISA_H

#include "borderline/err.h"

/* The base is what all code is compiled for; the others are levels of the x86-64 psABI, each including those before it. */
typedef enum bl_isa { BL_ISA_BASE, BL_ISA_X86_64_V3, BL_ISA_X86_64_V4, BL_ISA_COUNT } bl_isa;

/** The ISA whose loops this process runs: the widest that the processor has, at most what BORDERLINE_MAX_ISA allows.
 *
 * Collective:  no. Always the same in one process.
 */
BL_API bl_isa bl_isa_used(void);

/** The name of an ISA: "x86-64-v3"; of the base what the compiler was told. Collective: no. */
BL_API const char *bl_isa_name(bl_isa isa);

/** Whether the program has loops for an ISA. Collective: no. */
BL_API bool bl_isa_is_built(bl_isa isa);

/** Whether the environment names an ISA that is known, and the processor has what the base needs.
 *
 * Collective:  no.
 * @return BL_OK; BL_ERR_INPUT with what would be valid.
 */
BL_API bl_err bl_isa_check(void) BL_NODISCARD;

#define BL_ISA_JOIN(name, isa)     name##_##isa
#define BL_ISA_FUNCTION(name, isa) BL_ISA_JOIN(name, isa)

/* Heads of functions with and without a result: parameters as declared, and their names, both in parentheses. */
#define BL_EACH_ISA(type, name, parameters, arguments) BL_ISA_HEAD(type, return, name, parameters, arguments)
#define BL_EACH_ISA_VOID(name, parameters, arguments)  BL_ISA_HEAD(void, , name, parameters, arguments)

#if defined(BORDERLINE_ISA) /* this compilation is for a further ISA: its name ends the function's */

#define BL_ISA_HEAD(type, give, name, parameters, arguments)                                                 \
    type BL_ISA_FUNCTION(name, BORDERLINE_ISA) parameters;                                                   \
    type BL_ISA_FUNCTION(name, BORDERLINE_ISA) parameters

#elif defined(BORDERLINE_EACH_ISA) /* this one is for the base, and the others are linked as well */

#define BL_ISA_HEAD(type, give, name, parameters, arguments)                                                 \
    type name##_x86_64_v3 parameters;                                                                        \
    type name##_x86_64_v4 parameters;                                                                        \
    static type name##_base parameters;                                                                      \
    type name parameters {                                                                                   \
        switch (bl_isa_used()) {                                                                             \
        case BL_ISA_X86_64_V4:                                                                               \
            give name##_x86_64_v4 arguments;                                                                 \
            break;                                                                                           \
        case BL_ISA_X86_64_V3:                                                                               \
            give name##_x86_64_v3 arguments;                                                                 \
            break;                                                                                           \
        case BL_ISA_BASE:                                                                                    \
        case BL_ISA_COUNT:                                                                                   \
        default:                                                                                             \
            give name##_base arguments;                                                                      \
        }                                                                                                    \
    }                                                                                                        \
    static type name##_base parameters

#else

#define BL_ISA_HEAD(type, give, name, parameters, arguments) type name parameters

#endif

#endif
