/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal as commands show it: copies of the vault's entries.
 */
#ifndef ZS_FRONT_JOURNAL_VIEW_H
#define ZS_FRONT_JOURNAL_VIEW_H

#include "front/ask.h"
#include "front/run.h"

struct zs_journal_view { ZS_VEC(struct zs_run_left) entries; };

/* Every entry of every journal, of runs that are alive and of dead ones. */
int zs_journal_view_load(struct zs_journal_view *view, struct zs_ask *ask, struct zs_process *vault, struct zs_err *err);
void zs_journal_view_done(struct zs_journal_view *view);
/* Of runs that are dead. */
size_t zs_journal_view_dead(const struct zs_journal_view *view);

#endif
