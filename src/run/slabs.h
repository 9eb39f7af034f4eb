/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One case's distances, read from the file.
 */
#ifndef BORDERLINE_RUN_SLABS_H
#define BORDERLINE_RUN_SLABS_H

#include "experiment/summary.h"
#include "store/results.h"

typedef struct bl_slabs {
    const bl_config *config;
    double *distance, *first_order, *input_norm;
    int32_t *passes;
    int8_t *status, *first_step_crosses;
    double *output, *gradient_norm;
} bl_slabs;

/* Memory for one case of the configuration (borrowed). Freed by bl_slabs_clear, also after a failure. */
bl_err bl_slabs_create(const bl_config *config, bl_slabs *slabs) BL_NODISCARD;
void bl_slabs_clear(bl_slabs *slabs);

/* Read a case at inputs of one kind (0 without training); *data borrows from slabs. Not collective. */
bl_err bl_slabs_read(bl_slabs *slabs, const bl_results *results, const bl_case *c, size_t kind,
                     bl_case_data *data) BL_NODISCARD;

#endif
