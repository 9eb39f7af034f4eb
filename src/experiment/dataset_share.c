/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataset_share.h"

#include "base/mem.h"

/* Send the bytes of rank 0 to the other ranks, which get an array of that length. */
static bl_err share_bytes(const bl_comm *comm, uint8_t **bytes, size_t length) {
    void *shared = comm->rank == 0 ? *bytes : NULL;
    bl_err err = bl_comm_broadcast(comm, BL_OK, &shared, &length);
    *bytes = shared;
    return err;
}

bl_err bl_dataset_share(const bl_comm *comm, const bl_dataset_source *source, bl_dataset **out) {
    bl_err err = BL_OK;
    bl_dataset *dataset = NULL, head = {0};
    if (comm->rank == 0)
        err = bl_dataset_read(source, &dataset);
    BL_TRY(bl_agree(comm, err));
    if (comm->rank == 0)
        head = *dataset;
    MPI_Bcast(&head, (int)sizeof head, MPI_BYTE, 0, comm->world);
    if (comm->rank != 0) {
        dataset = bl_mem_alloc(1, sizeof *dataset);
        if (dataset) {
            *dataset = head;
            dataset->pixel = dataset->label = NULL;
        }
    }
    BL_TRY(bl_agree(comm, dataset ? BL_OK : BL_ERR_MEMORY));
    BL_ASSERT(dataset != NULL);
    BL_TRY(share_bytes(comm, &dataset->pixel, dataset->count * dataset->numbers));
    BL_TRY(share_bytes(comm, &dataset->label, dataset->count));
    *out = dataset;
    dataset = NULL;
cleanup:
    bl_dataset_destroy(&dataset);
    return err;
}
