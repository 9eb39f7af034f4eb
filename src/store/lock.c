/* SPDX-License-Identifier: BSD-3-Clause */
#include "lock.h"

#include "base/mem.h"
#include "borderline/log.h"
#include "path.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OWNER_SIZE = 256 };

static bl_err lock_name(const char *given, char **out) {
    bl_err err = BL_OK;
    char *path = NULL;
    BL_TRY(bl_path_resolve(given, &path)); /* one lock for a file, whatever link names it */
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t size = strlen(path) + sizeof "..lock";
    BL_ALLOC(*out, size);
    (void)snprintf(*out, size, "%.*s.%s.lock", (int)(name - path), path, name);
cleanup:
    bl_mem_free(path);
    return err;
}

/* Whether the locked file is still the one of that name: its last owner may have removed it in between. */
static bool is_current(int descriptor, const char *name) {
    struct stat ours, named;
    return fstat(descriptor, &ours) == 0 && stat(name, &named) == 0 && ours.st_ino == named.st_ino &&
           ours.st_dev == named.st_dev;
}

/* Write who holds the lock, for the message of a process that is refused. */
static void write_owner(int descriptor) {
    char text[OWNER_SIZE], host[128] = "";
    const char *job = getenv("SLURM_JOB_ID");
    (void)gethostname(host, sizeof host - 1);
    int length = snprintf(text, sizeof text, "process %ld on %s%s%s", (long)getpid(), host,
                          job ? ", Slurm job " : "", job ? job : "");
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, text, (size_t)length, 0) != length)
        return; /* a refusal then does not name the owner */
}

static bl_err refuse(const char *path, int descriptor) {
    char owner[OWNER_SIZE] = "";
    ssize_t length = pread(descriptor, owner, sizeof owner - 1, 0);
    owner[length > 0 ? length : 0] = '\0';
    return bl_err_set(BL_ERR_INPUT, "%s is being written by another run (%s)", path,
                      *owner ? owner : "unknown");
}

static bl_err try_lock(const char *path, const char *name, int *lock) {
    bl_err err = BL_OK;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    BL_REQUIRE(descriptor >= 0, BL_ERR_IO, "%s could not be created: %s", name, strerror(errno));
    if (fcntl(descriptor, F_SETLK, &whole) != 0) {
        if (errno == EACCES || errno == EAGAIN)
            err = refuse(path, descriptor);
        else
            bl_log(BL_LOG_WARNING,
                   "%s: this file system has no locks (%s): make sure that no second run writes the file",
                   path, strerror(errno));
        (void)close(descriptor);
        return err;
    }
    *lock = descriptor;
cleanup:
    return err;
}

bl_err bl_lock_take(const char *path, int *lock) {
    bl_err err = BL_OK;
    char *name = NULL;
    *lock = -1;
    BL_TRY(lock_name(path, &name));
    for (int attempt = 0; attempt < 100; attempt++) {
        BL_TRY(try_lock(path, name, lock));
        if (*lock < 0 || is_current(*lock, name))
            break;
        (void)close(*lock);
        *lock = -1;
    }
    if (*lock >= 0)
        write_owner(*lock);
cleanup:
    bl_mem_free(name);
    return err;
}

void bl_lock_release(const char *path, int *lock) {
    char *name = NULL;
    if (*lock < 0)
        return;
    if (lock_name(path, &name) == BL_OK && is_current(*lock, name))
        (void)unlink(name);
    bl_mem_free(name);
    (void)close(*lock);
    *lock = -1;
}
