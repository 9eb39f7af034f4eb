/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The rows that `show` writes about a regression. Private to src/cli.
 */
#ifndef BORDERLINE_CLI_SHOW_POSTERIOR_H
#define BORDERLINE_CLI_SHOW_POSTERIOR_H

#include "show_format.h"

bl_err bl_show_posterior(const bl_posterior *posterior, const bl_show_format *format,
                         void *context) BL_NODISCARD;

#endif
