/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files named by options of kind ZSP_OPTION_FILE.  The host lets a plugin read
 * those and nothing else.
 */
#ifndef ZONESEAL_FILE_H
#define ZONESEAL_FILE_H

#include <zoneseal/text.h>

/* Appends the whole file to dst, whose cap is the file's too.  Links are followed
 * (mounted tokens are links); anything but a regular file is refused.  ZSP_OK, or
 * ZSP_CONFIG with host->fail said: path and reason. */
ZSP_SDK int32_t zsp_file_read(const struct zsp_host *host, const char *path, struct zsp_text *dst);

#endif
