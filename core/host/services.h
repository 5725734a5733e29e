/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host table that a plugin gets, and what one call of the plugin left
 * behind: results, error, zones, ticket.
 */
#ifndef ZS_HOST_SERVICES_H
#define ZS_HOST_SERVICES_H

#include <pthread.h>
#include <stdatomic.h>

#include <zoneseal/provider.h>

#include "base/vec.h"
#include "host/hide.h"
#include "ipc/chan.h"

struct zs_item_result {
	bool is_set;
	int32_t error_class;
	const char *text;		/* in the call's arena, never NULL when set */
};

/* One call of the plugin. */
struct zs_call {
	const char *what;		/* "apply" */
	struct zs_chan *chan;		/* where CANCEL would come from, may be NULL */
	uint32_t id;
	uint64_t deadline_ms;		/* monotonic, never 0 */
	uint32_t n;			/* items that get results */
	struct zs_item_result *results;
	int32_t fail_class;		/* last fail(); ZSP_OK = none */
	int64_t fail_retry_ms;
	const char *fail_text;
	ZS_VEC(struct zs_name) zones;
	bool may_print;			/* a call of policy */
	struct zs_buf printed;		/* what it printed */
	uint8_t ticket[ZSP_MAX_TICKET];
	size_t ticket_len;
	char broken[160];		/* contract broken so badly that the call fails; "" = no */
	unsigned faults;		/* smaller ones: counted and logged */
	unsigned hidden;		/* secrets in its texts */
	unsigned lines, dropped;
	size_t line_octets;
	bool was_cancelled;
	struct zs_arena arena;
};

struct zs_services {
	struct zsp_host table;		/* what the plugin sees */
	struct zs_clock *clock;
	struct zs_hide *hide;
	struct zs_chan *log_chan;	/* flushed after log lines, may be NULL */
	pthread_t thread;
	struct zs_call *call;		/* in progress or NULL */
	atomic_uint stray;		/* calls from other threads or outside of a call */
};

void zs_services_init(struct zs_services *services, struct zs_clock *clock, struct zs_hide *hide);

/* Prepares call for n results and makes it the current one; call->what, chan, id and
 * deadline_ms are set already. Arms the watch. */
int zs_call_begin(struct zs_services *services, struct zs_call *call, uint32_t n, struct zs_err *err);
/* The plugin has returned: disarms, logs what was dropped or stray. */
void zs_call_end(struct zs_services *services);
void zs_call_done(struct zs_call *call);

/* Why the call failed that returned error_class (not ZSP_OK): text of fail(), retry time,
 * better zone. plugin and subject (may be NULL) go into where and subject. */
void zs_call_error(const struct zs_services *services, const struct zs_call *call, int32_t error_class,
		   const char *plugin, struct zs_err *ret);
/* Result of item i of a call that returned error_class. Code 0 = done. */
void zs_call_result(const struct zs_services *services, const struct zs_call *call, uint32_t i,
		    int32_t error_class, const char *plugin, struct zs_err *ret);
/* Code of an error class; an unknown class is transient. */
enum zs_code zs_code_of_class(int32_t error_class);

#endif
