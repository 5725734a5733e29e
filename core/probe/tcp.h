/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One DNS message there and one back over TCP (RFC 7766), non-blocking. The
 * deadline is the caller's: it ends the exchange with zs_tcp_free().
 */
#ifndef ZS_PROBE_TCP_H
#define ZS_PROBE_TCP_H

#include "ipc/loop.h"
#include "probe/addr.h"

struct zs_tcp;

/* errnum 0: wire is the reply; else it is empty. Called once, never from
 * zs_tcp_start(); the callee frees the exchange. */
typedef void zs_tcp_fn(int errnum, struct zs_slice wire, void *user);

/* NULL with errno when there is no socket, no memory or no route. */
struct zs_tcp *zs_tcp_start(struct zs_loop *loop, const struct zs_addr *addr, struct zs_slice query, zs_tcp_fn *fn,
			    void *user);
void zs_tcp_free(struct zs_tcp *tcp);

#endif
