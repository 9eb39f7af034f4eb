/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The result file: created by rank 0 alone, then written by all ranks independently. Only src/store names
 * HDF5.
 *
 * Why independent writes of neighbours are safe: every slab and every status byte is written by exactly one
 * rank, which touches no other bytes, in space that exists since creation; no metadata changes while ranks
 * write. File systems with coherent byte ranges (local ones, Lustre, GPFS, BeeGFS) then lose nothing. One
 * that writes back whole pages from several nodes (NFS) could overwrite a neighbour's bytes, data and status
 * alike; padding the status bytes to pages of their own would not save the data. So each unit has a checksum
 * in the file, and bl_results_verify finds what is not as it was written.
 */
#ifndef BORDERLINE_RESULTS_H
#define BORDERLINE_RESULTS_H

#include "borderline/comm.h"
#include "experiment/record.h"
#include "provenance.h"

typedef struct bl_results bl_results;
typedef enum bl_results_mode { BL_RESULTS_READ, BL_RESULTS_WRITE } bl_results_mode;

/** Create the file of a sweep: every dataset contiguous, allocated and filled (NaN, 0), coordinates and the
 * units' table written, under a temporary name beside it; flushed, closed, synced, renamed.
 *
 * Math:        none.
 * Collective:  only rank 0 calls.
 * Ownership:   everything is borrowed.
 * @param[in] config_text  the sweep file as given, stored beside the resolved form
 * @param[in] slots        of checkpoints, in sweeps that train long (others have none)
 * @return BL_OK; BL_ERR_INPUT (exists and not force; directory missing or not writable; disk too full, sizes
 * named; another run is writing it); BL_ERR_IO.
 */
BL_API bl_err bl_results_create(const char *path, const bl_grid *grid, const char *config_text, size_t slots,
                                bool force) BL_NODISCARD;

/** Open a file of a sweep or of `measure`.
 *
 * Collective:  on comm in WRITE mode (every rank returns the same code); in READ mode comm is not used (may
 * be NULL) and any process may call, also while a run writes.
 * Ownership:   *out is the caller's, closed with bl_results_close.
 * @return BL_OK; BL_ERR_INPUT (missing, not of this program, cut short or damaged; WRITE: another run is writing it);
 * BL_ERR_IO.
 */
BL_API bl_err bl_results_open(const char *path, bl_results_mode mode, const bl_comm *comm,
                              bl_results **out) BL_NODISCARD;
/** Close it, whatever happened before; reports what could not be written. Collective on the communicator it
 * was opened with; sets *results to NULL. */
BL_API bl_err bl_results_close(bl_results **results) BL_NODISCARD;

/** The configuration the file was made with (as resolved), for --resume and show; a new bl_config of the
 * caller. Collective: no. */
BL_API bl_err bl_results_config(const bl_results *results, bl_config **out) BL_NODISCARD;

/** The versions of the program that made the file and that runs now; both the caller's, freed with bl_mem_free. Collective: no. */
BL_API bl_err bl_results_source(const bl_results *results, char **theirs, char **ours) BL_NODISCARD;

/** Whether the file is one of `measure` (one group per network) instead of a sweep. Collective: no. */
BL_API bool bl_results_is_measurement(const bl_results *results);

/** Write or read a slab of a field, independently of other ranks.
 *
 * Shapes:      start[rank], count[rank] of the field's axes as in the table (0 and 1 for an axis that the file lacks);
 * data has the field's type, row-major. A slab without elements (a field this sweep does not have) is done at once.
 * Collective:  no.
 * @return BL_OK; BL_ERR_IO with the system's reason (disk full, ...); BL_ERR_INPUT: outside of the field.
 */
BL_API bl_err bl_results_write(bl_results *results, bl_field_id field, const size_t *start,
                               const size_t *count, const void *data) BL_NODISCARD;
BL_API bl_err bl_results_read(const bl_results *results, bl_field_id field, const size_t *start,
                              const size_t *count, void *data) BL_NODISCARD;

/** Whether the file has the field: others, and other versions of the program, may lack it. Collective: no. */
BL_API bool bl_results_has(const bl_results *results, bl_field_id field);

/** Write a unit's record: of each variable its networks, its inputs of each kind, everything of other axes. A file of an earlier
 * version goes without the variables that it lacks.
 *
 * Collective:  no.
 */
BL_API bl_err bl_results_write_record(bl_results *results, const bl_unit *unit,
                                      const bl_record *record) BL_NODISCARD;

/** Read a case's record at inputs of one kind (0 without training), all its networks. What a file of an earlier version lacks is
 * as if it had not been computed.
 *
 * Shapes:      record created for config->networks x config->inputs rows with the variables that are wanted.
 * Collective:  no.
 */
BL_API bl_err bl_results_read_record(const bl_results *results, const bl_case *c, size_t kind,
                                     bl_record *record) BL_NODISCARD;

/** After all data of a unit: read back its slabs of every field of a unit (bl_field_of_units), write their checksum to
 * unit/checksum, then mark unit/status done.
 *
 * Math:        64-bit FNV-1a over 8-byte words (the last one padded with zeros), fields in table order.
 * Collective:  no.
 */
BL_API bl_err bl_results_finish_unit(bl_results *results, const bl_unit *unit) BL_NODISCARD;

/* --- kernels, case by case --- */

/** Write rows first ... first + count - 1 of what a case has of a field that kernels fill (BL_WRITER_KERNEL), and add their
 * hashes to *sum.
 *
 * Math:        of a row, 64-bit FNV-1a over the variable's name, the row's number and its values; summed modulo 2^64, so that
 *              ranks which write rows of one kernel add theirs.
 * Shapes:      rows[count][length of the last axis]; spectra are one row, numbers one row of one.
 * Collective:  no.
 */
BL_API bl_err bl_results_write_kernel(bl_results *results, bl_field_id field, const bl_case *c, size_t first,
                                      size_t count, const double *rows, uint64_t *sum) BL_NODISCARD;

/* Values of kernel/status. */
enum { BL_KERNELS_PENDING, BL_KERNELS_DONE, BL_KERNELS_FAILED };

/** After all rows of a case, by all ranks: write the sum of their hashes to kernel/checksum, then kernel/status.
 * Collective: no. */
BL_API bl_err bl_results_finish_kernels(bl_results *results, const bl_case *c, uint64_t sum,
                                        int8_t status) BL_NODISCARD;

/** The kernels of a case that could not be computed: NaN in every row of every variable of them, with their hashes added to *sum.
 * Collective: no. */
BL_API bl_err bl_results_write_failed_kernels(bl_results *results, const bl_case *c,
                                              uint64_t *sum) BL_NODISCARD;

/** Read a case's kernels and add their rows' hashes to *sum: of matrices only the share-th of so many parts of the rows.
 * Collective: no. */
BL_API bl_err bl_results_hash_kernels(const bl_results *results, const bl_case *c, size_t share,
                                      size_t shares, uint64_t *sum) BL_NODISCARD;

/** Whether the file has marks of its kernels (without kernels, and in an earlier version's file, it has none). Collective: no. */
BL_API bool bl_results_marks_kernels(const bl_results *results);

/* --- checkpoints of trainings: slots of the file, each with the state of one unit's training --- */

/** How many slots the file has (0: none), and how many words of state a slot holds. Not collective. */
BL_API bl_err bl_results_checkpoint_shape(const bl_results *results, size_t *slots,
                                          size_t *words) BL_NODISCARD;

/** Write a state into a slot, independently of other ranks. If the program is killed meanwhile, the slot reads as empty.
 *
 * Collective:  no.
 * @param[in] sequence  the latest of several states of a unit has the largest
 */
BL_API bl_err bl_results_write_checkpoint(bl_results *results, size_t slot, int64_t unit, int64_t sequence,
                                          const uint64_t *state, size_t count) BL_NODISCARD;
/** Read it into state[words]; *unit is -1 where the slot holds no whole state. Collective: no. */
BL_API bl_err bl_results_read_checkpoint(const bl_results *results, size_t slot, int64_t *unit,
                                         int64_t *sequence, uint64_t *state) BL_NODISCARD;
/** Release the disk space of all slots, where the file system can; they read as empty then. No other rank may write meanwhile.
 * Collective: no. */
BL_API void bl_results_drop_checkpoints(bl_results *results);

/** Which units need not be computed again: marked done, and their data match their checksum.
 *
 * Shapes:      done[grid->units]; *damaged counts units that were marked done and do not match.
 * Collective:  no (one rank calls and tells the others).
 * @return BL_OK; BL_ERR_INPUT: the file's axes or units are not the grid's; BL_ERR_IO.
 */
BL_API bl_err bl_results_verify(const bl_results *results, const bl_grid *grid, bool *done,
                                int64_t *damaged) BL_NODISCARD;

/** Enter this launch's provenance as the next row of provenance/launch/... (texts allocated at creation) and
 * give its number. When all BL_LAUNCHES_MAX rows are taken, the last one is used again. Only rank 0 calls,
 * after opening. */
BL_API bl_err bl_results_add_launch(bl_results *results, const bl_provenance *provenance,
                                    int64_t *launch) BL_NODISCARD;

/** Read one text of a launch; *out is the caller's (bl_mem_free), empty where the row is not used. Collective: no. */
BL_API bl_err bl_results_read_launch(const bl_results *results, int64_t launch, const char *key,
                                     char **out) BL_NODISCARD;

/** Mark that all work is finished, summary included (variable `complete`), with a checksum of what no unit's and no case's checksum
 * covers: the summary and the kernels' marks. Only rank 0 calls, when what other ranks wrote has been synced. */
BL_API bl_err bl_results_set_complete(bl_results *results, bool complete) BL_NODISCARD;
/** Read whether all work is finished; *intact: the kernels and the summary of a complete file match their checksums.
 * Collective: no. */
BL_API bl_err bl_results_is_complete(const bl_results *results, bool *complete, bool *intact) BL_NODISCARD;

#endif
