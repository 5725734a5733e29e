/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instance of the provider exec, and how its files divide the work: exec.c has the
 * options, json.c and hooks.c the protocols, call.c one run of the program.
 */
#ifndef EXEC_EXEC_H
#define EXEC_EXEC_H

#include <zoneseal/sdk.h>

#include "past.h"
#include "run.h"
#include "words.h"

struct exec;

/* How one protocol makes changes, tests and looks.  A result for each change or zone. */
struct exec_mode {
	const char *name;
	int32_t (*apply)(struct exec *self, struct zsp_str zone, const struct zsp_list *changes);
	int32_t (*check)(struct exec *self, const struct zsp_list *zones); /* NULL = cannot */
	int32_t (*live)(struct exec *self, struct zsp_str zone, struct zsp_str ticket, int32_t *ret_live);
	/* Of the older protocols: argument list and environment for one change.  ZSP_OK, or a
	 * class with *ret_why. */
	int32_t (*fill)(const struct exec *self, const struct zsp_list *changes, uint32_t i, struct words *argv,
		struct words *env, const char **ret_why);
	int32_t two_programs; /* cleanup-program is needed */
};

struct exec {
	const struct zsp_host *host;
	const struct exec_mode *mode;
	struct zsp_text program, cleanup, directory, secret;
	struct words arguments;
	struct words env; /* without what a mode adds */
	struct words hidden; /* never shown */
	int64_t timeout_ms;
	struct past past;
};

enum { EXEC_OUTPUT = 64 * 1024,
	EXEC_CHANGES = 32 /* in one call */
};

/* One run of a program. */
struct exec_call {
	struct zsp_text out, err;
	struct run_result result;
};

#define EXEC_CALL() \
	{ \
		ZSP_TEXT_SECRET(EXEC_OUTPUT), ZSP_TEXT_SECRET(EXEC_OUTPUT), \
		{ \
			RUN_BROKEN, 0, 0 \
		} \
	}

/* Runs argv, logs what it wrote, and says whether it ended with exit status 0. */
int32_t exec_call_run(struct exec *self, const struct words *argv, const struct words *env, struct zsp_str input,
	struct exec_call *call);
/* Appends what went wrong: how it ended and its last words. */
void exec_call_explain(const struct exec *self, const struct exec_call *call, struct zsp_text *dst);
void exec_call_done(struct exec_call *call);
/* Appends text without what must not be shown. */
void exec_clean(const struct exec *self, struct zsp_str text, struct zsp_text *dst);

/* json.c */
int32_t json_apply(struct exec *self, struct zsp_str zone, const struct zsp_list *changes);
int32_t json_check(struct exec *self, const struct zsp_list *zones);
int32_t json_live(struct exec *self, struct zsp_str zone, struct zsp_str ticket, int32_t *ret_live);

/* hooks.c */
int32_t hooks_apply(struct exec *self, struct zsp_str zone, const struct zsp_list *changes);
int32_t hooks_live(struct exec *self, struct zsp_str zone, struct zsp_str ticket, int32_t *ret_live);
int32_t lego_fill(const struct exec *self, const struct zsp_list *changes, uint32_t i, struct words *argv,
	struct words *env, const char **ret_why);
int32_t lego_raw_fill(const struct exec *self, const struct zsp_list *changes, uint32_t i, struct words *argv,
	struct words *env, const char **ret_why);
int32_t certbot_fill(const struct exec *self, const struct zsp_list *changes, uint32_t i, struct words *argv,
	struct words *env, const char **ret_why);

#endif
