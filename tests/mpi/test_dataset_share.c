/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A data set that rank 0 alone can see comes to every rank; a failure of rank 0 is everybody's.
 */
#include <mpi.h>

#include "check.h"
#include "experiment/dataset_share.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IMAGES = 300, ROW = 3073 };

static uint8_t byte_of(size_t image, size_t k) {
    return k == 0 ? (uint8_t)(image % 10) : (uint8_t)(image * 7 + k * 13);
}

static void write_rows(const char *path, size_t bytes) {
    FILE *file = fopen(path, "wb");
    for (size_t i = 0; file && i < bytes; i++)
        (void)fputc(byte_of(i / ROW, i % ROW), file);
    CHECK(file && fclose(file) == 0);
}

int main(int argc, char **argv) {
    bl_comm comm;
    bl_dataset *dataset = NULL;
    char folder[] = "/tmp/borderline-test-XXXXXX", path[64];
    CHECK_OK(bl_comm_start(&argc, &argv, &comm));
    if (comm.rank == 0) {
        CHECK(mkdtemp(folder) != NULL);
        (void)snprintf(path, sizeof path, "%s/test_batch.bin", folder);
        write_rows(path, (size_t)IMAGES * ROW);
    }
    bl_dataset_source source = {
        .folder = comm.rank == 0 ? folder : "/nowhere", .part = BL_DATASET_TEST, .classes = 10};
    CHECK_OK(bl_dataset_share(&comm, &source, &dataset));
    CHECK(dataset && dataset->count == IMAGES && dataset->numbers == ROW - 1 && dataset->image.channels == 3);
    size_t wrong = 0;
    for (size_t i = 0; dataset && i < IMAGES; i++) {
        wrong += bl_dataset_class(dataset, i) != i % 10 || bl_dataset_parity(dataset, i) != i % 2;
        for (size_t k = 1; k < ROW; k++)
            wrong += dataset->pixel[i * (ROW - 1) + k - 1] != byte_of(i, k);
    }
    CHECK(wrong == 0);
    bl_dataset_destroy(&dataset);

    if (comm.rank == 0)
        write_rows(path, (size_t)IMAGES * ROW - 1);
    CHECK(bl_dataset_share(&comm, &source, &dataset) == BL_ERR_INPUT && !dataset);
    CHECK(strstr(bl_err_message(), "it ends 3072 bytes into image 299"));
    if (comm.rank == 0) {
        (void)unlink(path);
        (void)rmdir(folder);
    }
    int failed = check_result();
    bl_comm_end(&comm);
    return failed;
}
