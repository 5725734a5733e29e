/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages that the host process serves, and the state behind them.
 */
#ifndef ZS_HOST_CALLS_H
#define ZS_HOST_CALLS_H

#include "host/guard.h"
#include "host/load.h"
#include "host/options.h"
#include "host/services.h"
#include "ipc/child.h"

/* ASKED: told its policy instead of being opened. */
enum zs_host_stage { ZS_HOST_NEW, ZS_HOST_LOADED, ZS_HOST_OPENED, ZS_HOST_ASKED, ZS_HOST_FAILED };

/* A work request that waits until fd 3 has been served. */
struct zs_queued {
	uint32_t type, id;
	uint64_t deadline_ms;
	struct zs_buf body;		/* encoded: what the handler got ends with it */
	int lock;			/* of the zone, -1 = none; held until the change is made */
};

struct zs_host {
	struct zs_plugin_file file;
	struct zs_err file_error;	/* why it was not opened; code 0 = it was */
	struct zsp_provider plugin;	/* since ZS_HOST_LOADED */
	char name[40];			/* of the plugin, for messages */
	void *instance;
	enum zs_host_stage stage;
	bool may_exec;
	struct zs_hide hide;
	struct zs_secrets secrets;
	struct zs_guard guard;
	struct zs_services services;
	ZS_VEC(struct zs_queued) queue;
	struct zs_timer *turn;
	struct zs_child_main *child;
};

void zs_host_init(struct zs_host *host, struct zs_child_main *child);
/* Closes the instance and frees everything. */
void zs_host_done(struct zs_host *host);
/* Handlers for fd 3 and fd 4; user is the struct zs_host. */
void zs_host_on_front(struct zs_chan *chan, struct zs_incoming *in, void *user);
void zs_host_on_engine(struct zs_chan *chan, struct zs_incoming *in, void *user);

#endif
