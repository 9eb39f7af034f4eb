/* SPDX-License-Identifier: BSD-3-Clause */
#include "path.h"

#include "base/mem.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MAX = 40, TARGET_MAX = 4096 };

/* A link's target, as seen from where the link is. */
static bl_err follow(const char *link, const char *target, char **out) {
    bl_err err = BL_OK;
    const char *slash = strrchr(link, '/');
    const size_t directory = *target == '/' || !slash ? 0 : (size_t)(slash - link) + 1;
    const size_t size = directory + strlen(target) + 1;
    BL_ALLOC(*out, size);
    (void)snprintf(*out, size, "%.*s%s", (int)directory, link, target);
cleanup:
    return err;
}

bl_err bl_path_resolve(const char *path, char **out) {
    bl_err err = BL_OK;
    char *at = NULL, target[TARGET_MAX];
    *out = NULL;
    BL_TRY(follow("", path, &at));
    for (int links = 0;; links++) {
        struct stat status;
        if (lstat(at, &status) != 0 || !S_ISLNK(status.st_mode))
            break;
        BL_REQUIRE(links < LINKS_MAX, BL_ERR_INPUT, "%s: its symbolic links lead in a circle", path);
        const ssize_t length = readlink(at, target, sizeof target - 1);
        BL_REQUIRE(length > 0 && (size_t)length < sizeof target - 1, BL_ERR_INPUT,
                   "%s: its symbolic link cannot be read", path);
        target[length] = '\0';
        char *next = NULL;
        BL_TRY(follow(at, target, &next));
        bl_mem_free(at);
        at = next;
    }
    *out = at;
    at = NULL;
cleanup:
    bl_mem_free(at);
    return err;
}

bl_err bl_path_check_regular(const char *path) {
    bl_err err = BL_OK;
    struct stat status;
    if (stat(path, &status) != 0 || S_ISREG(status.st_mode))
        return BL_OK;
    const char *what = S_ISDIR(status.st_mode)                              ? "a directory"
                       : S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode) ? "a device"
                       : S_ISFIFO(status.st_mode)                           ? "a pipe"
                                                                            : "a socket";
    err = bl_err_set(BL_ERR_INPUT, "%s is %s: name a file%s", path, what,
                     S_ISDIR(status.st_mode) ? " in it" : "");
    return err;
}
