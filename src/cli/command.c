/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Read the whole file; a zero byte follows its text. */
static bl_err read_file(const char *path, void **bytes, size_t *length) {
    bl_err err = BL_OK;
    char *text = NULL;
    size_t room = 1 << 16;
    FILE *file = fopen(path, "rb");
    *length = 0;
    BL_REQUIRE(file, BL_ERR_INPUT, "%s cannot be read: %s", path, strerror(errno));
    BL_ALLOC(text, room);
    for (size_t got; (got = fread(text + *length, 1, room - 1 - *length, file)) > 0;) {
        *length += got;
        BL_REQUIRE(*length < room - 1, BL_ERR_INPUT,
                   "%s is too large for a sweep or posterior file: it has more than %zu bytes", path,
                   room - 2);
    }
    BL_REQUIRE(!ferror(file), BL_ERR_INPUT, "%s cannot be read: %s", path, strerror(errno));
    *bytes = text;
    text = NULL;
cleanup:
    if (file)
        (void)fclose(file);
    bl_mem_free(text);
    return err;
}

bl_err bl_command_read_text(const bl_comm *comm, const char *path, char **text, size_t *length) {
    bl_err err = BL_OK;
    void *bytes = NULL;
    *length = 0;
    if (comm->rank == 0)
        err = read_file(path, &bytes, length);
    BL_TRY(bl_comm_broadcast(comm, err, &bytes, length));
    *text = bytes;
    bytes = NULL;
cleanup:
    bl_mem_free(bytes);
    return err;
}
