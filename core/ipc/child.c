/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of every child's main: confinement, channels on fd 3 and fd 4,
 * HELLO, the log through fd 3, and the end when front is gone.  Not for front.
 * Also the sanitizers' options, since a child's environment is empty.
 */
#include "ipc/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#ifndef ZS_BUILD_ID
#define ZS_BUILD_ID "dev"
#endif

#if defined(ZS_SANITIZE) && ZS_SANITIZE
#define OPTIONS __attribute__((visibility("default"), used))
OPTIONS const char *__asan_default_options(void);
OPTIONS const char *__ubsan_default_options(void);

/* LSan works in every role, since ptrace, clone and /proc stay open to these builds. */
const char *__asan_default_options(void)
{
	return "exitcode=86:detect_leaks=1:abort_on_error=0:allocator_may_return_null=1";
}

const char *__ubsan_default_options(void)
{
	return "halt_on_error=1:print_stacktrace=1:exitcode=86";
}
#endif

enum { FRONT_FD = 3, ENGINE_FD = 4, EXIT_FAILED = 1, FLUSH_MS = 1000, MAX_LOG_TEXT = 8192 };

/* ---- log ---- */

static struct zs_slice cut(const char *text, size_t max)
{
	return zs_slice_of(text ? text : "", text ? strnlen(text, max) : 0);
}

static void to_front(const struct zs_log_line *line, void *user)
{
	struct zs_child_main *child = user;
	struct zs_msg_log log = {
		.level = (uint32_t)line->level,
		.job = cut(line->job, ZS_MAX_NAME),
		.text = cut(line->text, MAX_LOG_TEXT),
	};

	if (!child->front_chan || zs_chan_note(child->front_chan, ZS_MSG_LOG, &log, -1))
		zs_log_print(line);
}

/* ---- fd 3 ---- */

static void on_front(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	struct zs_child_main *child = user;
	const struct zs_msg_log_level *level = in->body;

	if (in->type != ZS_MSG_LOG_LEVEL) {
		if (child->front)
			child->front(chan, in, child->user);
		else if (in->id)
			(void)zs_chan_fail(chan, in->id, NULL);
	} else if (level->level < ZS_LOG__COUNT) {
		zs_log_level((enum zs_level)level->level);
	}
}

/* Nobody is left to work for. */
static void on_front_closed(struct zs_chan *chan, const struct zs_err *err, void *user)
{
	struct zs_child_main *child = user;

	(void)chan;
	if (err->code)
		zs_error("", "%s", err->text);
	zs_loop_stop(child->loop, err->code ? EXIT_FAILED : 0);
}

static int say_hello(struct zs_child_main *child)
{
	const struct zs_confinement *facts = &child->confinement;
	struct zs_msg_hello hello = {
		.role = (uint32_t)child->sandbox.role,
		.build = zs_slice_str(ZS_BUILD_ID),
		.pid = (uint32_t)getpid(),
		.uid = facts->uid,
		.landlock = facts->landlock,
		.seccomp = facts->seccomp,
		.dumpable = facts->dumpable,
		.no_new_privs = facts->no_new_privs,
		.capabilities = facts->capabilities,
		.missing = zs_slice_str(facts->missing),
	};

	return zs_chan_note(child->front_chan, ZS_MSG_HELLO, &hello, -1);
}

/* ---- start and end ---- */

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int give_up(struct zs_child_main *child, const char *why)
{
	dprintf(STDERR_FILENO, "zoneseal-%s: %s\n", zs_role_name(child->sandbox.role), why);
	zs_log_setup(zs_role_name(child->sandbox.role), "", NULL, NULL);
	zs_chan_free(child->front_chan);
	zs_chan_free(child->engine_chan);
	zs_loop_free(child->loop);
	child->front_chan = child->engine_chan = NULL;
	child->loop = NULL;
	return EXIT_FAILED;
}

static bool open_channels(struct zs_child_main *child, bool has_engine)
{
	const enum zs_role self = child->sandbox.role;
	const struct zs_chan_spec front = {
		.fd = FRONT_FD, .self = self, .peer = ZS_ROLE_FRONT, .link = ZS_LINK_FRONT, .peer_name = "front",
		.handler = on_front, .closed = on_front_closed, .user = child,
	};
	const struct zs_chan_spec engine = {
		.fd = ENGINE_FD, .self = self, .peer = ZS_ROLE_ENGINE, .link = ZS_LINK_ENGINE, .peer_name = "engine",
		.handler = child->engine, .closed = child->engine_closed, .user = child->user,
	};

	child->loop = zs_loop_new(zs_clock_system());
	if (!child->loop)
		return false;
	child->front_chan = zs_chan_new(child->loop, &front);
	if (has_engine)
		child->engine_chan = zs_chan_new(child->loop, &engine);
	return child->front_chan && (child->engine_chan || !has_engine);
}

int zs_child_start(struct zs_child_main *child)
{
	const char *role = zs_role_name(child->sandbox.role);
	bool has_engine = child->sandbox.role != ZS_ROLE_ENGINE && is_open(ENGINE_FD);
	struct zs_err err;

	child->loop = NULL;
	child->front_chan = child->engine_chan = NULL;
	zs_log_setup(role, child->instance ? child->instance : "", NULL, NULL);
	if (!is_open(FRONT_FD))
		return give_up(child, "this program is started by zoneseal, not by hand");
	(void)signal(SIGPIPE, SIG_IGN);
	if (zs_sandbox_apply(&child->sandbox, &child->confinement, &err))
		return give_up(child, err.text);
	if (!open_channels(child, has_engine))
		return give_up(child, "no memory");
	zs_log_setup(role, child->instance ? child->instance : "", to_front, child);
	/* A front that ended meanwhile shows as the end of fd 3. */
	if (say_hello(child) == -ZS_E_BUG)
		return give_up(child, "cannot send HELLO");
	return 0;
}

int zs_child_run(struct zs_child_main *child)
{
	int rc = zs_loop_run(child->loop);

	(void)zs_chan_flush(child->engine_chan, FLUSH_MS);
	(void)zs_chan_flush(child->front_chan, FLUSH_MS);
	if (child->done)
		child->done(child->user);
	zs_log_setup(zs_role_name(child->sandbox.role), "", NULL, NULL);
	zs_chan_free(child->engine_chan);
	zs_chan_free(child->front_chan);
	zs_loop_free(child->loop);
	child->engine_chan = child->front_chan = NULL;
	child->loop = NULL;
	return rc < 0 ? EXIT_FAILED : rc;
}
