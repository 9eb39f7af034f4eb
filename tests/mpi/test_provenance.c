/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Facts of a launch: complete on rank 0, each within its row of the file.
 */
#include <mpi.h>

#include "check.h"
#include "store/provenance.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *value_of(const bl_provenance *provenance, const char *key) {
    for (size_t i = 0; i < provenance->count; i++)
        if (strcmp(provenance->key[i], key) == 0)
            return provenance->value[i];
    return "(no such key)";
}

static void check_values(const bl_provenance *provenance, const bl_comm *comm) {
    char host[64] = "", expected[128];
    CHECK(provenance->count == BL_PROVENANCE_KEYS);
    for (size_t i = 0; i < provenance->count; i++) {
        CHECK(strcmp(provenance->key[i], bl_provenance_keys[i].name) == 0);
        CHECK(strlen(provenance->value[i]) <= bl_provenance_keys[i].width);
    }
    (void)snprintf(expected, sizeof expected, "%d", comm->size);
    CHECK(strcmp(value_of(provenance, "ranks"), expected) == 0);
    CHECK(gethostname(host, sizeof host - 1) == 0);
    (void)snprintf(expected, sizeof expected, "%s x %d", host, comm->size);
    CHECK(strcmp(value_of(provenance, "hosts"), expected) == 0);
    CHECK(strcmp(value_of(provenance, "slurm_job_id"), "1234") == 0);
    CHECK(strcmp(value_of(provenance, "slurm_array_task"), "1230_4") == 0);
    CHECK(strcmp(value_of(provenance, "program"), bl_provenance_program()) == 0);
    CHECK(*bl_provenance_git_describe());
    CHECK(strstr(value_of(provenance, "threads"), "OMP_NUM_THREADS=3") != NULL);
    /* a command longer than its row says that it was cut */
    const char *command = value_of(provenance, "command");
    CHECK(strlen(command) == 512 && strcmp(command + 509, "...") == 0);
    CHECK(strncmp(command, "borderline 'two words' '' xxx", 29) == 0);
}

int main(int argc, char **argv) {
    bl_comm comm;
    bl_provenance *provenance = NULL;
    char longest[700];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    char *command[] = {"borderline", "two words", "", longest, NULL};
    CHECK(setenv("SLURM_JOB_ID", "1234", 1) == 0 && setenv("SLURM_ARRAY_JOB_ID", "1230", 1) == 0);
    CHECK(setenv("SLURM_ARRAY_TASK_ID", "4", 1) == 0 && setenv("OMP_NUM_THREADS", "3", 1) == 0);
    CHECK_OK(bl_comm_start(&argc, &argv, &comm));
    CHECK_OK(bl_provenance_gather(&comm, 4, command, &provenance));
    if (comm.rank == 0)
        check_values(provenance, &comm);
    else
        CHECK(provenance->count == 0);
    bl_provenance_destroy(&provenance);
    CHECK(provenance == NULL);
    int result = check_result();
    bl_comm_end(&comm);
    return result;
}
