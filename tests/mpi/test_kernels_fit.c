/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Fit of kernel deviations over widths: exact data give their parameters, and errors are as large as the scatter of many fits.
 */
#include <mpi.h>

#include "check.h"

#include "base/stats.h"
#include "borderline/rng.h"
#include "experiment/kernels.h"

enum { WIDTHS = 6, FITS = 400 };
static const double width[WIDTHS] = {16, 32, 64, 128, 256, INFINITY};

/* sqrt of a^2/(S N) + b^2/N^2, each times 1 + scatter x normal. */
static bl_kernels_fit fit(double networks, double a, double b, double scatter, uint32_t number,
                          size_t widths) {
    double deviation[WIDTHS];
    float normal[WIDTHS];
    bl_rng_normal(bl_rng_stream(1, 0, number, BL_PURPOSE_TEST, 0), (float)scatter, WIDTHS, normal);
    for (size_t i = 0; i < WIDTHS; i++)
        deviation[i] =
            sqrt((a * a / (networks * width[i]) + b * b / (width[i] * width[i])) * (1.0 + (double)normal[i]));
    return bl_kernels_fit_widths(widths, width, networks, deviation);
}

static void exact(void) {
    const bl_kernels_fit both = fit(20, 1.5, 3.0, 0.0, 0, WIDTHS), noise = fit(20, 1.5, 0.0, 0.0, 0, WIDTHS);
    CHECK_CLOSE(both.noise, 1.5, 1e-7);
    CHECK_CLOSE(both.bias, 3.0, 1e-7);
    CHECK_CLOSE(both.noise_error, 0.0, 1e-6);
    CHECK_CLOSE(both.bias_error, 0.0, 1e-6);
    CHECK_CLOSE(noise.noise, 1.5, 1e-7);
    CHECK_CLOSE(noise.bias, 0.0, 1e-3);
    const bl_kernels_fit two = fit(20, 1.5, 3.0, 0.0, 0, 2), one = fit(20, 1.5, 3.0, 0.0, 0, 1);
    CHECK_CLOSE(two.noise, 1.5, 1e-7);
    CHECK(isnan(two.noise_error) && isnan(two.bias_error));
    CHECK(isnan(one.noise) && isnan(one.bias) && isnan(one.noise_error) && isnan(one.bias_error));
}

static void errors(void) {
    double noise[FITS], bias[FITS], noise_error = 0.0, bias_error = 0.0;
    for (uint32_t k = 0; k < FITS; k++) {
        const bl_kernels_fit f = fit(20, 1.5, 3.0, 0.1, k, WIDTHS);
        noise[k] = f.noise;
        bias[k] = f.bias;
        noise_error += f.noise_error / FITS;
        bias_error += f.bias_error / FITS;
    }
    CHECK_CLOSE(noise_error / bl_stats_deviation(noise, FITS), 1.0, 0.25);
    CHECK_CLOSE(bias_error / bl_stats_deviation(bias, FITS), 1.0, 0.25);
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    exact();
    errors();
    int result = check_result();
    MPI_Finalize();
    return result;
}
