/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The multiply-add peak of one core, measured: what the shares of all benchmarks refer to. And their clock.
 */
#ifndef BORDERLINE_BENCH_PEAK_H
#define BORDERLINE_BENCH_PEAK_H

#include <math.h>
#include <stdlib.h>
#include <time.h>
#if defined(__AVX512F__) || defined(__FMA__)
#include <immintrin.h>
#endif

/* Processor time: the benchmarks run on one thread, and other load must not count. */
static inline double bench_seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline int bench_compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median of x[count], which is left sorted. */
static inline double bench_median(double *x, size_t count) {
    qsort(x, count, sizeof *x, bench_compare);
    return count % 2 == 1 ? x[count / 2] : 0.5 * (x[count / 2 - 1] + x[count / 2]);
}

/* One vector multiply-add with the widest instructions of this build. Where there is none (no x86 with FMA), two
 * operations on plain vectors of 16 bytes, which the compiler may or may not fuse. */
#if defined(__AVX512F__)
typedef __m512 bench_float;
typedef __m512d bench_double;
#define BENCH_FMA_FLOAT  _mm512_fmadd_ps
#define BENCH_FMA_DOUBLE _mm512_fmadd_pd
#elif defined(__FMA__)
typedef __m256 bench_float;
typedef __m256d bench_double;
#define BENCH_FMA_FLOAT  _mm256_fmadd_ps
#define BENCH_FMA_DOUBLE _mm256_fmadd_pd
#else
typedef float bench_float __attribute__((vector_size(16)));
typedef double bench_double __attribute__((vector_size(16)));
#define BENCH_FMA_FLOAT(a, b, c)  ((a) * (b) + (c))
#define BENCH_FMA_DOUBLE(a, b, c) ((a) * (b) + (c))
#endif

/* Chains of dependent multiply-adds, enough to hide the latency and few enough for the registers. */
enum { BENCH_CHAINS = 12, BENCH_STEPS = 200000, BENCH_REPEATS = 15 };

#define BENCH_PEAK(name, vector, scalar, fma)                                                                \
    static inline double name(void) {                                                                        \
        double best = 0.0;                                                                                   \
        for (int repeat = 0; repeat < BENCH_REPEATS; repeat++) {                                             \
            vector sum[BENCH_CHAINS] = {{0}}, factor = {0}, term = {0};                                      \
            for (size_t lane = 0; lane < sizeof(vector) / sizeof(scalar); lane++) {                          \
                factor[lane] = (scalar)0.999;                                                                \
                term[lane] = (scalar)(repeat + 1);                                                           \
                for (int chain = 0; chain < BENCH_CHAINS; chain++)                                           \
                    sum[chain][lane] = (scalar)chain; /* equal chains would be computed once */              \
            }                                                                                                \
            const double begin = bench_seconds();                                                            \
            for (int step = 0; step < BENCH_STEPS; step++)                                                   \
                for (int chain = 0; chain < BENCH_CHAINS; chain++)                                           \
                    sum[chain] = fma(sum[chain], factor, term);                                              \
            const double seconds = bench_seconds() - begin;                                                  \
            volatile scalar kept = 0;                                                                        \
            for (int chain = 0; chain < BENCH_CHAINS; chain++)                                               \
                kept = kept + sum[chain][0];                                                                 \
            const double lanes = (double)sizeof(vector) / (double)sizeof(scalar);                            \
            best = fmax(best, 2e-9 * BENCH_STEPS * BENCH_CHAINS * lanes / seconds);                          \
        }                                                                                                    \
        return best;                                                                                         \
    }

/** Multiply-add peak of one core in GFLOP/s (two operations a multiply-add), best of several short runs. */
BENCH_PEAK(bench_peak_float32, bench_float, float, BENCH_FMA_FLOAT)
BENCH_PEAK(bench_peak_float64, bench_double, double, BENCH_FMA_DOUBLE)

#endif
