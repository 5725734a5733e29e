/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives the real probe over its two channels, for a look by hand and for
 * scenario tests:
 *
 *   probe_drive PROBE [resolver=ADDR] [zone=ZONE,ADDR] [policy=all|names|quorum|any|sleep] [percent=N]
 *               [looks=N] [timeout=MS] [walk=NAME]... [watch=ZONE,NAME,VALUE]...
 *
 * All walks go in one request, then all watch values of one zone in one request.
 * It prints one line for each result; the exit status counts failures.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/chan.h"
#include "ipc/frame.h"

enum { MAX = 512 };

struct drive {
	struct zs_loop *loop;
	struct zs_chan *front, *engine;
	struct zs_slice resolvers[8];
	struct zs_slice servers[64];
	struct zs_msg_probe_zone zones[64];
	struct zs_msg_probe_config config;
	struct zs_name names[MAX];
	struct zs_msg_probe_walk walk;
	struct zs_msg_txt records[MAX];
	struct zs_msg_probe_watch watch;
	uint64_t timeout, began;
	int failed;
};

static uint64_t now(struct drive *d)
{
	struct zs_clock *clock = zs_loop_clock(d->loop);

	return clock->mono_ms(clock);
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "probe_drive: %s\n", what);
	exit(99);
}

static struct zs_name name_of(struct zs_slice text)
{
	struct zs_name name;

	if (!zs_name_parse(text, ZS_NAME_OWNER, &name, NULL))
		die("bad name");
	return name;
}

/* ---- arguments --------------------------------------------------------------- */

static void arg_zone(struct drive *d, struct zs_slice value)
{
	uint32_t i = d->config.zones.n++;

	d->zones[i].zone = name_of(zs_slice_cut(&value, ','));
	d->servers[i] = value;
	d->zones[i].servers.items = &d->servers[i];
	d->zones[i].servers.n = 1;
}

static void arg_watch(struct drive *d, struct zs_slice value)
{
	struct zs_msg_txt *txt = &d->records[d->watch.records.n++];

	d->watch.zone = name_of(zs_slice_cut(&value, ','));
	txt->name = name_of(zs_slice_cut(&value, ','));
	txt->value = value;
}

static uint32_t number(struct zs_slice text)
{
	uint64_t v;

	if (!zs_slice_u64(text, UINT32_MAX, &v))
		die("bad number");
	return (uint32_t)v;
}

static void arg(struct drive *d, const char *text)
{
	struct zs_slice value = zs_slice_str(text), key = zs_slice_cut(&value, '=');

	if (zs_slice_eq_str(key, "resolver"))
		d->resolvers[d->config.resolvers.n++] = value;
	else if (zs_slice_eq_str(key, "zone"))
		arg_zone(d, value);
	else if (zs_slice_eq_str(key, "walk"))
		d->names[d->walk.names.n++] = name_of(value);
	else if (zs_slice_eq_str(key, "watch"))
		arg_watch(d, value);
	else if (zs_slice_eq_str(key, "percent"))
		d->watch.percent = number(value);
	else if (zs_slice_eq_str(key, "looks"))
		d->watch.looks = number(value);
	else if (zs_slice_eq_str(key, "timeout"))
		d->timeout = number(value);
	else if (zs_slice_eq_str(key, "policy"))
		while (d->watch.policy < ZS_POLICY__COUNT &&
		       !zs_slice_eq_str(value, zs_policy_name((enum zs_policy)d->watch.policy)))
			d->watch.policy++;
	else
		die(text);
}

/* ---- results ------------------------------------------------------------------- */

static void print_err(struct drive *d, const char *subject, const struct zs_err *err)
{
	d->failed++;
	printf("%s FAIL %s: %s\n  where: %s\n  hint: %s\n", subject, zs_code_info((int)err->code)->name, err->text, err->where,
	       zs_err_advice(err));
}

static void print_result(struct drive *d, const struct zs_msg_walk_result *r)
{
	if (r->err.code) {
		print_err(d, r->name.text, &r->err);
		return;
	}
	printf("%s -> %s zone %s aliases %u negative %u", r->name.text, r->effective.text, r->zone.text, r->aliases,
	       r->negative_ttl);
	for (uint32_t i = 0; i < r->servers.n; i++) {
		printf(" %.*s", (int)r->servers.items[i].name.n, (const char *)r->servers.items[i].name.p);
		for (uint32_t k = 0; k < r->servers.items[i].addresses.n; k++)
			printf("%c%.*s", k ? ',' : '=', (int)r->servers.items[i].addresses.items[k].n,
			       (const char *)r->servers.items[i].addresses.items[k].p);
	}
	putchar('\n');
}

static void print_matrix(const struct zs_msg_probe_matrix *m)
{
	printf("[%u ms]", m->elapsed_ms);
	for (uint32_t i = 0; i < m->rows.n; i++) {
		const struct zs_msg_matrix_row *r = &m->rows.items[i];

		printf(" %.*s=%s:%u/%u:%u/%u:%u", (int)r->address.n, (const char *)r->address.p,
		       zs_server_state_name((enum zs_server_state)r->state), r->seen, r->looks, r->records, r->wanted, r->serial);
	}
	putchar('\n');
}

static void on_watched(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct drive *d = user;

	(void)chan;
	if (!final) {
		print_matrix(in->body);
		return;
	}
	if (err && err->code)
		print_err(d, "watch", err);
	printf("watch %s after %u ms\n", in ? "OK" : "FAIL", (unsigned)(now(d) - d->began));
	zs_loop_stop(d->loop, 0);
}

static void watch(struct drive *d)
{
	if (!d->watch.records.n) {
		zs_loop_stop(d->loop, 0);
		return;
	}
	d->began = now(d);
	d->watch.sleep_ms = 100;
	zs_chan_call(d->engine, ZS_MSG_PROBE_WATCH, &d->watch, -1, d->timeout, on_watched, d, NULL);
}

static void on_walked(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct drive *d = user;
	const struct zs_msg_probe_walked *walked = in ? in->body : NULL;

	(void)chan, (void)final;
	if (!walked)
		print_err(d, "walk", err);
	for (uint32_t i = 0; walked && i < walked->results.n; i++)
		print_result(d, &walked->results.items[i]);
	printf("walk of %u names: %u ms\n", d->walk.names.n, (unsigned)(now(d) - d->began));
	watch(d);
}

static void on_configured(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err,
			  void *user)
{
	struct drive *d = user;

	(void)final;
	if (!in) {
		print_err(d, "config", err);
		zs_loop_stop(d->loop, 0);
		return;
	}
	d->began = now(d);
	if (d->walk.names.n)
		zs_chan_call(chan, ZS_MSG_PROBE_WALK, &d->walk, -1, d->timeout, on_walked, d, NULL);
	else
		watch(d);
}

/* ---- the process ----------------------------------------------------------------- */

static void on_note(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	const struct zs_msg_log *log = in->body;
	const struct zs_msg_hello *hello = in->body;

	(void)chan, (void)user;
	if (in->type == ZS_MSG_LOG)
		printf("log: %.*s\n", (int)log->text.n, (const char *)log->text.p);
	else if (in->type == ZS_MSG_HELLO)
		printf("hello: uid %u landlock %u seccomp %d%s%.*s\n", hello->uid, hello->landlock, hello->seccomp,
		       hello->missing.n ? " missing: " : "", (int)hello->missing.n, (const char *)hello->missing.p);
}

static void on_closed(struct zs_chan *chan, const struct zs_err *err, void *user)
{
	struct drive *d = user;

	(void)chan;
	printf("channel closed: %s\n", err->code ? err->text : "end");
	d->failed++;
	zs_loop_stop(d->loop, 0);
}

static pid_t spawn(const char *path, int front, int engine)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	/* Out of the way of 3 and 4 first. */
	front = dup2(front, 20);
	engine = dup2(engine, 21);
	dup2(front, 3);
	dup2(engine, 4);
	closefrom(5);
	execl(path, path, (char *)NULL);
	_exit(127);
}

static struct zs_chan *open_chan(struct drive *d, int fd, enum zs_role self, enum zs_link link)
{
	struct zs_chan_spec spec = { .fd = fd, .self = self, .peer = ZS_ROLE_PROBE, .link = link, .peer_name = "probe",
				     .handler = on_note, .closed = on_closed, .user = d };

	return zs_chan_new(d->loop, &spec);
}

int main(int argc, char **argv)
{
	static struct drive d = { .timeout = 10000 };
	int front[2], engine[2], status = 0;
	pid_t pid;

	d.config.resolvers.items = d.resolvers;
	d.config.zones.items = d.zones;
	d.walk.names.items = d.names;
	d.watch.records.items = d.records;
	if (argc < 2)
		die("no probe");
	for (int i = 2; i < argc; i++)
		arg(&d, argv[i]);
	if (zs_frame_pair(front, NULL) || zs_frame_pair(engine, NULL))
		die("no sockets");
	pid = spawn(argv[1], front[1], engine[1]);
	close(front[1]);
	close(engine[1]);
	d.loop = zs_loop_new(NULL);
	d.front = open_chan(&d, front[0], ZS_ROLE_FRONT, ZS_LINK_FRONT);
	d.engine = open_chan(&d, engine[0], ZS_ROLE_ENGINE, ZS_LINK_ENGINE);
	zs_chan_call(d.front, ZS_MSG_PROBE_CONFIG, &d.config, -1, d.timeout, on_configured, &d, NULL);
	zs_loop_run(d.loop);
	zs_chan_free(d.engine);
	zs_chan_free(d.front);
	zs_loop_free(d.loop);
	waitpid(pid, &status, 0);
	if (status)
		printf("probe ended with status %d\n", status);
	return d.failed || status;
}
