/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of variables: complete, consistent, and sized as the grid says.
 */
#include <mpi.h>

#include "check.h"
#include "experiment/fields.h"

#include <string.h>

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* What a measured number's axes are for: no two axes alike, no axis outside the list. */
static void check_row(size_t f) {
    const bl_field *field = &bl_fields[f];
    CHECK(field->name && field->units && field->long_name);
    if (!field->name)
        return;
    CHECK(field->rank >= 1 && field->rank <= BL_FIELD_RANK_MAX);
    for (size_t i = 0; i < field->rank; i++) {
        CHECK(field->axis[i] < BL_AXIS_COUNT);
        for (size_t j = 0; j < i; j++)
            CHECK(field->axis[i] != field->axis[j]);
    }
    for (size_t g = 0; g < f; g++)
        CHECK(strcmp(field->name, bl_fields[g].name) != 0);
    /* xarray refuses a variable of several axes that is named like one of them */
    const char *slash = strrchr(field->name, '/');
    for (size_t i = 0; i < field->rank; i++)
        CHECK(strcmp(slash ? slash + 1 : field->name, bl_axis_name[field->axis[i]]) != 0);
    /* an interval or an error has the axes of what it belongs to, or one less (the median's) */
    if (ends_with(field->name, "_low") || ends_with(field->name, "_high")) {
        const bl_field *parent = &bl_fields[ends_with(field->name, "_low") ? f - 1 : f - 2];
        CHECK(strncmp(field->name, parent->name, strlen(parent->name)) == 0);
        CHECK(field->rank == parent->rank &&
              memcmp(field->axis, parent->axis, parent->rank * sizeof *parent->axis) == 0);
    }
    CHECK(field->fill == 0 || field->type != BL_FLOAT64);
}

static void check_sizes(void) {
    double depth[] = {2, 3}, width[] = {100, INFINITY, 7}, dimension[] = {192}, p[] = {0, 1, 2, INFINITY};
    bl_config config = {.depth = {2, depth},
                        .width = {3, width},
                        .dimension = {1, dimension},
                        .p = {4, p},
                        .networks = 5,
                        .inputs = 6,
                        .kernel_inputs = 0};
    bl_grid grid = {.config = &config, .cases = 6, .units = 11};
    CHECK(bl_axis_length(&grid, BL_AXIS_WIDTH) == 3);
    CHECK(bl_axis_length(&grid, BL_AXIS_UNIT) == 11);
    CHECK(bl_field_elements(&grid, BL_FIELD_DISTANCE) == (size_t)2 * 3 * 1 * 5 * 6 * 4);
    CHECK(bl_field_elements(&grid, BL_FIELD_OUTPUT) == (size_t)2 * 3 * 1 * 5 * 6);
    CHECK(bl_field_elements(&grid, BL_FIELD_SUMMARY_QUANTILE) == (size_t)2 * 3 * 1 * 4 * BL_QUANTILES);
    CHECK(bl_field_elements(&grid, BL_FIELD_SUMMARY_LAW) == (size_t)2 * 1 * 4 * BL_QUANTILES);
    CHECK(bl_field_elements(&grid, BL_FIELD_GRAM_NNGP) == 0);
    CHECK(bl_field_elements(&grid, BL_FIELD_UNIT_STATUS) == 11);
    double without = bl_fields_bytes(&grid), bytes = 0.0;
    for (size_t f = 0; f < BL_FIELD_COUNT; f++)
        bytes += (double)(bl_field_elements(&grid, (bl_field_id)f) * bl_type_size(bl_fields[f].type));
    CHECK_CLOSE(without, bytes, 0.0);
    config.kernel_inputs =
        10; /* 6 cases: three kernels, two spectra and two pivots of float64, checksum, status */
    CHECK_CLOSE(bl_fields_bytes(&grid) - without, 6.0 * (8.0 * (3 * 100 + 2 * 10 + 2) + 8 + 1), 0.0);
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    for (size_t f = 0; f < BL_FIELD_COUNT; f++)
        check_row(f);
    for (size_t a = 0; a < BL_AXIS_COUNT; a++)
        CHECK(bl_axis_name[a] && bl_axis_long_name[a]);
    for (size_t q = 1; q < BL_QUANTILES; q++)
        CHECK(bl_quantile_level[q] > bl_quantile_level[q - 1]);
    CHECK_CLOSE(bl_quantile_level[BL_QUANTILE_MEDIAN], 0.5, 0.0);
    CHECK(strcmp(bl_fields[BL_FIELD_DISTANCE].name, "distance") == 0);
    CHECK(strcmp(bl_fields[BL_FIELD_UNIT_STATUS].name, "unit/status") == 0);
    CHECK(bl_type_size(BL_INT8) == 1 && bl_type_size(BL_INT32) == 4 && bl_type_size(BL_INT64) == 8 &&
          bl_type_size(BL_FLOAT64) == 8);
    check_sizes();
    int result = check_result();
    MPI_Finalize();
    return result;
}
