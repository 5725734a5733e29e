/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe's requests: configure, walk, watch, read, cancel.  Any number at once.
 */
#ifndef ZS_PROBE_SERVE_H
#define ZS_PROBE_SERVE_H

#include "ipc/chan.h"

struct zs_probe;

/* NULL when memory ran out. The probe takes part in loop until it is freed. */
struct zs_probe *zs_probe_new(struct zs_loop *loop);
void zs_probe_free(struct zs_probe *probe);

/* Handlers for both channels; user is a struct zs_probe **, so that they can be named
 * before there is a loop. */
void zs_probe_handle(struct zs_chan *chan, struct zs_incoming *in, void *user);
/* The requests of a channel that closed are given up. */
void zs_probe_closed(struct zs_chan *chan, const struct zs_err *err, void *user);

#endif
