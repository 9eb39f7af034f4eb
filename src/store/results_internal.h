/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An open result file and what its parts ask of each other. Private to src/store.
 */
#ifndef BORDERLINE_STORE_RESULTS_INTERNAL_H
#define BORDERLINE_STORE_RESULTS_INTERNAL_H

#include "results.h"
#include "variable.h"

#define BL_FORMAT_SWEEP       "borderline-results-1"
#define BL_FORMAT_MEASUREMENT "borderline-measurement-1"

struct bl_results {
    char *path;
    hid_t file;
    bool writable, measurement;
    bool kinds; /* the axis image_kind is there */
    int rank;
    int lock;                    /* rank 0 of WRITE holds it */
    hid_t field[BL_FIELD_COUNT]; /* negative: not in this file */
    hid_t launch[BL_PROVENANCE_KEYS];
    hid_t complete;
    hid_t checkpoint; /* negative: no trainings are kept */
    hid_t checksum;   /* of what is no unit's; negative: a file of an earlier version */
};

/* A slab of a variable, in memory and in the file. */
typedef struct bl_slab {
    hid_t memory, file;
} bl_slab;
#define BL_NO_SLAB                                                                                           \
    (bl_slab) {                                                                                              \
        H5I_INVALID_HID, H5I_INVALID_HID                                                                     \
    }
bl_err bl_results_slab_open(const bl_results *results, hid_t dataset, const char *name, size_t rank,
                            const size_t *start, const size_t *count, bl_slab *s) BL_NODISCARD;
void bl_results_slab_close(bl_slab *s);

/** Room for checkpoints of trainings: words per row and bytes of all slots (0: the sweep needs none); and its creation. */
bl_err bl_results_checkpoint_room(const bl_grid *grid, size_t slots, size_t *words,
                                  double *bytes) BL_NODISCARD;
bl_err bl_results_create_checkpoints(hid_t file, const bl_grid *grid, size_t slots) BL_NODISCARD;

/** What says which unit stands in a row of unit/...: fields (BL_INT64) and a unit's number in the i-th of them. */
enum { BL_UNIT_NUMBERS = 5 };
extern const bl_field_id bl_results_unit_field[BL_UNIT_NUMBERS];
int64_t bl_results_unit_number(const bl_unit *unit, size_t i);

/** Lengths in the file of the field's axes, in the table's order; 1 for an axis that the file lacks. */
bl_err bl_results_shape(const bl_results *results, bl_field_id field, size_t *shape) BL_NODISCARD;
/** Check that coordinates and lengths of all axes are those of the configuration in the same file: damage to either is noticed. */
bl_err bl_results_check_axes(const bl_results *results, const bl_grid *grid) BL_NODISCARD;

/** Whether every case's kernels are marked done and match their checksum; *intact is true before, else nothing is read. */
bl_err bl_results_check_kernels(const bl_results *results, bool *intact) BL_NODISCARD;

#endif
