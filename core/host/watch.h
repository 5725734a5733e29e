/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ends this process when a plugin does not come back, or leaves through
 * exit().
 */
#ifndef ZS_HOST_WATCH_H
#define ZS_HOST_WATCH_H

#include "base/err.h"

/* Once, before the plugin is loaded. path names the plugin in the last words; kept.
 * group: also kill the process group (a plugin that starts programs). */
int zs_watch_init(const char *path, bool group, struct zs_err *err);
/* The process dies 2 s after left_ms unless zs_watch_stop is called. what names the
 * call ("apply"), static. */
void zs_watch_start(const char *what, uint64_t left_ms);
void zs_watch_stop(void);

#endif
