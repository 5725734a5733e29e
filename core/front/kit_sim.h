/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulation of a DNS service: a program of the plugin's author that is asked
 * over pipes (plugins-sdk/conformance/README.md has the protocol).  It is not
 * trusted to be right: lines are capped and checked, and one that dies, hangs
 * or talks nonsense is an error with what it said last.
 */
#ifndef ZS_FRONT_KIT_SIM_H
#define ZS_FRONT_KIT_SIM_H

#include "base/buf.h"
#include "base/err.h"
#include "ipc/loop.h"

struct zs_kit_sim;

enum { ZS_KIT_SIM_ARGUMENTS = 32 };

struct zs_kit_sim_spec {
	struct zs_loop *loop;
	const char *path;		/* the program; NAME.py is run by Python */
	const char *conformance;	/* directory of zoneseal_sim.py, for its environment */
	const char *zone;
	const char *const *arguments;	/* more of them, for its command line */
	size_t narguments;		/* at most ZS_KIT_SIM_ARGUMENTS */
	bool verbose;			/* its standard error goes to ours */
};

/* A line before "ready", cut at blanks and decoded; value is empty where there is none. */
typedef int zs_kit_sim_hello(const char *word, struct zs_slice name, struct zs_slice value, void *user, struct zs_err *err);
/* A line of an answer before its last. */
typedef int zs_kit_sim_line(const char *word, struct zs_slice first, struct zs_slice second, void *user, struct zs_err *err);

/* Starts it and waits until it is ready. NULL with err. */
struct zs_kit_sim *zs_kit_sim_start(const struct zs_kit_sim_spec *spec, zs_kit_sim_hello *hello, void *user,
				    struct zs_err *err);
/* Ends it; NULL is fine. */
void zs_kit_sim_free(struct zs_kit_sim *sim);

/* Asks and waits for the end of the answer, which is 1 for "ok", 0 for "unsupported", or -code.
 * The command is words without blanks, see zs_kit_sim_quote(). line NULL = none is expected. */
int zs_kit_sim_ask(struct zs_kit_sim *sim, const char *command, zs_kit_sim_line *line, void *user, struct zs_err *err);
/* Appends a blank and the octets, percent-encoded. */
void zs_kit_sim_quote(struct zs_buf *dst, struct zs_slice octets);
/* Decodes into dst, which is emptied first; false for what no one would have written. */
bool zs_kit_sim_unquote(struct zs_slice text, struct zs_buf *dst);

#endif
