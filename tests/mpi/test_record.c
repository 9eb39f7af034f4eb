/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Records: findings in, one array per variable out.
 */
#include <mpi.h>

#include "base/mem.h"
#include "check.h"
#include "experiment/record.h"

enum { ROWS = 5, NORMS = 3 };

static bl_finding finding_of(size_t row, size_t p) {
    const double x = 10.0 * (double)row + (double)p;
    return (bl_finding){.search = {.distance = x + 0.5,
                                   .passes = (int32_t)(100 * row + p),
                                   .gradient_norm = 1.0 + (double)row,
                                   .first_step_crosses = -1,
                                   .status = BL_STATUS_FOUND},
                        .output = -(double)row,
                        .input_norm = x};
}

/* Rows 1 ... 3, by two calls; the others stay zero. */
static void test_enter(void) {
    const bl_record_shape shape = {.rows = ROWS, .norms = NORMS};
    bl_finding finding[3 * NORMS];
    bl_record record;
    CHECK_OK(bl_record_create(&shape, NULL, 0, &record));
    for (size_t i = 0; i < (size_t)3 * NORMS; i++)
        finding[i] = finding_of(1 + i / NORMS, i % NORMS);
    bl_record_enter(&record, 1, 1, finding);
    bl_record_enter(&record, 2, 2, finding + NORMS);
    const double *distance = record.data[BL_FIELD_DISTANCE], *output = record.data[BL_FIELD_OUTPUT];
    const double *gradient = record.data[BL_FIELD_GRADIENT_NORM], *norm = record.data[BL_FIELD_INPUT_NORM];
    const int32_t *passes = record.data[BL_FIELD_PASSES];
    const int8_t *status = record.data[BL_FIELD_STATUS], *crosses = record.data[BL_FIELD_FIRST_STEP_CROSSES];
    for (size_t row = 0; row < ROWS; row++) {
        const bool there = row >= 1 && row <= 3;
        const bl_finding first = finding_of(row, 0);
        CHECK_CLOSE(output[row], there ? first.output : 0.0, 0.0);
        CHECK_CLOSE(gradient[row], there ? first.search.gradient_norm : 0.0, 0.0);
        for (size_t p = 0; p < NORMS; p++) {
            const bl_finding f = there ? finding_of(row, p) : (bl_finding){0};
            const size_t at = row * NORMS + p;
            CHECK_CLOSE(distance[at], f.search.distance, 0.0);
            CHECK_CLOSE(norm[at], f.input_norm, 0.0);
            CHECK(passes[at] == f.search.passes && status[at] == f.search.status &&
                  crosses[at] == f.search.first_step_crosses);
        }
    }
    bl_record_clear(&record);
    CHECK(!record.data[BL_FIELD_DISTANCE]);
}

/* Every variable of units has an array where it is written, and the sizes are those of the arrays. */
static void test_shapes(void) {
    const bl_record_shape plain = {.rows = ROWS, .norms = NORMS};
    const bl_record_shape trained = {.rows = ROWS, .norms = NORMS, .networks = 2, .epochs = 7};
    bl_record record;
    size_t bytes = 0;
    CHECK_OK(bl_record_create(&trained, NULL, 0, &record));
    for (int f = 0; f < BL_FIELD_COUNT; f++) {
        const bl_writer writer = bl_fields[f].writer;
        CHECK(!record.data[f] == (writer != BL_WRITER_UNIT && writer != BL_WRITER_TRAINING));
        if (record.data[f])
            bytes += bl_record_elements(&trained, (bl_field_id)f) * bl_type_size(bl_fields[f].type);
    }
    CHECK(bl_record_bytes(&trained) == bytes);
    CHECK(bl_record_elements(&trained, BL_FIELD_TRAINING_LOSS) == 14);
    CHECK(bl_record_elements(&trained, BL_FIELD_TRAINING_RESTARTS) == 2);
    CHECK(bl_record_elements(&trained, BL_FIELD_OUTPUT) == ROWS);
    CHECK(bl_record_bytes(&plain) < bytes);
    const bl_record_shape certified = {.rows = ROWS, .norms = NORMS, .certified = true};
    CHECK(bl_record_bytes(&certified) ==
          bl_record_bytes(&plain) +
              (size_t)ROWS * NORMS *
                  (sizeof(double) + sizeof(int8_t) + bl_type_size(bl_fields[BL_FIELD_CERTIFY_NODES].type)));
    bl_record_clear(&record);
    const bl_field_id wanted[] = {BL_FIELD_STATUS, BL_FIELD_OUTPUT};
    const bl_finding finding[NORMS] = {{.output = 2.0}};
    CHECK_OK(bl_record_create(&plain, wanted, 2, &record));
    CHECK(record.data[BL_FIELD_STATUS] && record.data[BL_FIELD_OUTPUT] && !record.data[BL_FIELD_DISTANCE]);
    bl_record_enter(&record, ROWS - 1, 1, finding); /* what it has no array for is left out */
    CHECK_CLOSE(((double *)record.data[BL_FIELD_OUTPUT])[ROWS - 1], 2.0, 0.0);
    bl_record_clear(&record);
}

/* The checksum of units covers what units compute, but for times. */
static void test_writers(void) {
    CHECK(bl_field_of_units(BL_FIELD_DISTANCE) && bl_field_of_units(BL_FIELD_TRAINING_LOSS));
    CHECK(!bl_field_of_units(BL_FIELD_TRAINING_SECONDS) && !bl_field_of_units(BL_FIELD_UNIT_STATUS));
    CHECK(!bl_field_of_units(BL_FIELD_SUMMARY_EXPONENT) && !bl_field_of_units(BL_FIELD_GRAM_NNGP));
    CHECK(bl_field_is_optional(BL_FIELD_GRAM_NNGP) && bl_field_is_optional(BL_FIELD_KERNEL_STATUS) &&
          bl_field_is_optional(BL_FIELD_TRAINING_LOSS) && !bl_field_is_optional(BL_FIELD_SUMMARY_KURTOSIS) &&
          !bl_field_is_optional(BL_FIELD_DISTANCE));
    for (int f = 0; f < BL_FIELD_COUNT; f++)
        if (bl_field_of_findings((bl_field_id)f))
            CHECK(bl_field_of_units((bl_field_id)f) && bl_field_has_axis((bl_field_id)f, BL_AXIS_INPUT) &&
                  bl_fields[f].offset + bl_type_size(bl_fields[f].type) <= sizeof(bl_finding));
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    test_enter();
    test_shapes();
    test_writers();
    int result = check_result();
    MPI_Finalize();
    return result;
}
