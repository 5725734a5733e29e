/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run shows while it goes on, on standard error: on a terminal one block
 * that is redrawn in place, else one line for each change.
 */
#ifndef ZS_FRONT_PROGRESS_H
#define ZS_FRONT_PROGRESS_H

#include "front/run.h"

struct zs_progress;

enum zs_progress_mode { ZS_PROGRESS_NONE, ZS_PROGRESS_LINES, ZS_PROGRESS_BLOCK };

/* The mode for standard error as it is; lines where log lines would come between. */
enum zs_progress_mode zs_progress_choose(bool quiet, bool verbose);
/* fd is where it goes; NULL when memory ran out, which is fine below. */
struct zs_progress *zs_progress_new(enum zs_progress_mode mode, int fd);
/* What to put into zs_run_spec. */
struct zs_run_events zs_progress_events(struct zs_progress *progress);
/* Takes the block away. NULL is fine. */
void zs_progress_free(struct zs_progress *progress);

/* Cuts a line of UTF-8 to a number of columns, "..." at its end where something went. */
void zs_progress_cut(struct zs_buf *line, size_t columns);

#endif
