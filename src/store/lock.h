/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A result file has one writer. The lock is the system's (fcntl) on ".<name>.lock" beside the file, so it ends
 * with the process however that ends; the empty file a killed process leaves locks nothing. A lock on the
 * result file itself would keep readers out where locks are mandatory between clients (NFS). Private to src/store.
 */
#ifndef BORDERLINE_STORE_LOCK_H
#define BORDERLINE_STORE_LOCK_H

#include "borderline/err.h"

/** Take the lock of a path. *lock is 0 or more while it is held, negative where the file system has no locks
 * (a warning is logged).
 *
 * @return BL_OK; BL_ERR_INPUT: another process holds it (it is named); BL_ERR_IO.
 */
bl_err bl_lock_take(const char *path, int *lock) BL_NODISCARD;

/** Release the lock and remove its file. */
void bl_lock_release(const char *path, int *lock);

#endif
