/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Checks for C tests: a failing check says where and what, the test goes on, and its exit status tells.
 * With mpi.h included before, check_result() agrees over all ranks, so that no rank is stranded.
 */
#ifndef BORDERLINE_TESTS_CHECK_H
#define BORDERLINE_TESTS_CHECK_H

#include "borderline/err.h"
#include <math.h>
#include <stdio.h>

static int check_failures = 0;
static int check_count = 0;

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        check_count++;                                                                                       \
        if (!(condition)) {                                                                                  \
            check_failures++;                                                                                \
            (void)fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);              \
        }                                                                                                    \
    } while (0)

#define CHECK_OK(call)                                                                                       \
    do {                                                                                                     \
        check_count++;                                                                                       \
        bl_err check_code = (call);                                                                          \
        if (check_code != BL_OK) {                                                                           \
            check_failures++;                                                                                \
            (void)fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, bl_err_message());           \
        }                                                                                                    \
    } while (0)

/* |value - expected| <= tolerance (absolute) */
#define CHECK_CLOSE(value, expected, tolerance)                                                              \
    do {                                                                                                     \
        check_count++;                                                                                       \
        double check_value = (double)(value), check_expected = (double)(expected);                           \
        if (!(fabs(check_value - check_expected) <= (double)(tolerance))) {                                  \
            check_failures++;                                                                                \
            (void)fprintf(stderr, "%s:%d: %s = %.17g, expected %.17g within %.3g\n", __FILE__, __LINE__,     \
                          #value, check_value, check_expected, (double)(tolerance));                         \
        }                                                                                                    \
    } while (0)

/* End of main: 0 when every check held; a test without checks fails. */
static inline int check_result(void) {
#ifdef MPI_VERSION
    int mine[2] = {check_failures, check_count}, all[2];
    MPI_Allreduce(mine, all, 2, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    check_failures = all[0];
    check_count = all[1];
#endif
    (void)printf("%d checks, %d failed\n", check_count, check_failures);
    return check_failures > 0 || check_count == 0;
}

#endif
