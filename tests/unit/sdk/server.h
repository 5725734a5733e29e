/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP server with a script, in a thread of the test: what it answers to the
 * first, second ... request; the last step stays.
 */
#ifndef ZS_TESTS_SDK_SERVER_H
#define ZS_TESTS_SDK_SERVER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum server_then { THEN_KEEP, THEN_CLOSE, THEN_RESET };

struct server_step {
	const char *answer;		/* as it goes on the wire; NULL = nothing */
	size_t n;			/* its length; 0 = strlen */
	enum server_then then;
	unsigned times;			/* the answer is sent that often; 0 = 1 */
};

enum { SERVER_REQUESTS = 16, SERVER_TEXT = 8192 };

struct server;

struct server *server_start(const struct server_step *steps, size_t n);
/* Waits for the thread; the requests stay readable until the next start. */
void server_stop(struct server *server);
uint16_t server_port(const struct server *server);
/* Requests so far; may be read while it runs. */
atomic_uint *server_count(struct server *server);
unsigned server_connections(struct server *server);
/* Octets that belong to no whole request. */
unsigned server_stray(struct server *server);
/* Head and body of request i. */
const char *server_request(const struct server *server, unsigned i);

#endif
