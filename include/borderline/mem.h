/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Memory that the library hands over.
 */
#ifndef BORDERLINE_MEM_H
#define BORDERLINE_MEM_H

#include "borderline/err.h"

/** Free memory that a function of the library made its caller's; NULL is allowed. Collective: no. */
BL_API void bl_mem_free(void *memory);

#endif
