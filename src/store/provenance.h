/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where numbers come from: program, libraries, machine, job.
 */
#ifndef BORDERLINE_PROVENANCE_H
#define BORDERLINE_PROVENANCE_H

#include "borderline/comm.h"
#include <stdio.h>

/* What is recorded of every launch, one row each, in this order. width is the longest text kept, a multiple
 * of 64; longer ones end in "...". */
typedef struct bl_provenance_key {
    const char *name;
    size_t width;
    const char *long_name;
} bl_provenance_key;

enum { BL_PROVENANCE_KEYS = 23 };
BL_API extern const bl_provenance_key bl_provenance_keys[BL_PROVENANCE_KEYS];

typedef struct bl_provenance {
    size_t count;
    char **key;   /* [count] the names of bl_provenance_keys, in their order */
    char **value; /* [count] */
} bl_provenance;

/** Gather the facts: program, build, libraries, processor, hosts, job, command, start.
 *
 * Collective:  on comm->world (host names).
 * Ownership:   *out is the caller's, freed with bl_provenance_destroy; complete on rank 0, empty (count 0)
 * elsewhere.
 * @return BL_OK; BL_ERR_MEMORY.
 */
BL_API bl_err bl_provenance_gather(const bl_comm *comm, int argc, char **argv,
                                   bl_provenance **out) BL_NODISCARD;
BL_API void bl_provenance_destroy(bl_provenance **provenance);

/** "borderline 0.1.0", and what `git describe` said of the source it was built from (the version alone where
 * that was no checkout). Static storage. Collective: no. */
BL_API const char *bl_provenance_program(void);
BL_API const char *bl_provenance_git_describe(void);

/** Write how the program was built and what it is linked with, one fact per line: compiler, flags, the libraries' own words
 * about their versions, instruction sets. Collective: no; MPI need not run. */
BL_API void bl_provenance_print_build(FILE *stream);

#endif
