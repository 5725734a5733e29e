/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Front and engine of a test at once: starts the real zoneseal-host with a
 * plugin, talks to it over its two real channels, one request at a time.
 */
#ifndef TESTS_ABI_HOST_DRIVER_H
#define TESTS_ABI_HOST_DRIVER_H

#include <sys/types.h>

#include "base/buf.h"
#include "ipc/chan.h"

struct driver {
	struct zs_loop *loop;
	struct zs_chan *front, *engine;
	pid_t pid;
	int output;			/* stdout and stderr of the host */
	struct zs_buf printed;		/* what came from there, capped */
	size_t printed_octets;		/* all of it */
	struct zs_buf log;		/* LOG lines, each with a final LF */
	unsigned log_lines;
	struct zs_msg_hello hello;	/* without its slices */
	char missing[256];
	bool closed;			/* one of the channels was */
	int status;			/* wait status, once ended */
	uint32_t last_id;		/* of the request under way */
	/* of the request under way */
	struct zs_err err;
	bool done;
	void (*take)(const void *body, void *user);
	void *user;
	void (*during)(struct driver *d);	/* 200 ms after the request was sent; NULL = none */
};

/* Starts the host; args NULL-terminated, after the plugin's path. */
void driver_start(struct driver *d, const char *plugin, const char *const *args);
/* Sends a request on channel d->front or d->engine and waits for its end; take (may be
 * NULL) sees the reply. 0 or -code, with d->err. */
int driver_call(struct driver *d, struct zs_chan *chan, uint32_t type, const void *body, int fd, uint64_t timeout_ms,
		void (*take)(const void *body, void *user), void *user);
/* Lets events come in for that long. */
void driver_idle(struct driver *d, uint64_t ms);
/* Closes the channels, waits for the host (kills it after 5 s), frees everything;
 * returns the wait status. */
int driver_end(struct driver *d);

/* Absolute path of a built plugin, "tests/providers/bad_class". */
const char *driver_plugin(const char *name);
/* describe, open (options NULL = none) and grant of zone "example.test" with any
 * _acme-challenge name. */
int driver_open(struct driver *d);
/* Applies n additions at _acme-challenge.<label i>.example.test; results go to results
 * (at least n), the ticket's length to *ticket_len where not NULL. */
int driver_apply(struct driver *d, const char *const *labels, uint32_t n, uint64_t timeout_ms, struct zs_err *results,
		 size_t *ticket_len);

#endif
