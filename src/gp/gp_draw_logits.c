/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Infinitely wide networks at a list of inputs.
 */
#include "base/mem.h"
#include "factor.h"
#include "gp_draw.h"

#include <math.h>
#include <string.h>

static const double DETERMINED = 1e-12; /* conditional over prior variance, where it counts as zero */

bl_err bl_gp_draw_logits(uint64_t seed, uint32_t case_number, size_t inputs, const double *kernel,
                         size_t networks, size_t classes, float *logits) {
    bl_err err = BL_OK;
    bl_factor factor = {0};
    double *solved = NULL, *seen = NULL; /* rows of the factor and what they are not; [inputs] */
    float *normal = NULL;
    size_t *rank = NULL; /* rows before each input */
    BL_ALLOC(solved, inputs * inputs);
    BL_ALLOC(rank, inputs);
    BL_ALLOC(seen, inputs);
    BL_ALLOC(normal, inputs);
    BL_TRY(bl_factor_reserve(&factor, inputs));
    for (size_t i = 0; i < inputs;
         i++) { /* solved[i] = the input's row, in the normals of the factor's rows */
        double *row = solved + i * inputs;
        size_t r = 0;
        for (size_t j = 0; j < i; j++)
            if (rank[j] < (j + 1 < i ? rank[j + 1] : factor.rows))
                row[r++] = kernel[i * inputs + j];
        bl_factor_solve(&factor, 0, 1, inputs, row);
        const double left = kernel[i * inputs + i] - bl_factor_dot(factor.rows, row, row);
        rank[i] = factor.rows;
        if (left > DETERMINED * kernel[i * inputs + i]) {
            bl_factor_append(&factor, row, sqrt(left));
            row[factor.rows - 1] = sqrt(left);
        }
    }
    for (size_t s = 0; s < networks; s++)
        for (size_t c = 0; c < classes; c++) {
            bl_rng_normal(bl_rng_stream(seed, case_number, (uint32_t)s, BL_PURPOSE_KERNEL_DRAW, (uint32_t)c),
                          1.0F, inputs, normal);
            for (size_t i = 0; i < inputs; i++)
                seen[i] = (double)normal[i];
            for (size_t i = 0; i < inputs; i++) {
                size_t rows = i + 1 < inputs ? rank[i + 1] : factor.rows;
                logits[(s * inputs + i) * classes + c] =
                    (float)bl_factor_dot(rows, solved + i * inputs, seen);
            }
        }
cleanup:
    bl_factor_clear(&factor);
    bl_mem_free(solved);
    bl_mem_free(rank);
    bl_mem_free(seen);
    bl_mem_free(normal);
    return err;
}
