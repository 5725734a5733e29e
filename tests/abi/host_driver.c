/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See host_driver.h.  Uses the real channel code; only the spawning is its own,
 * as a test lies elsewhere in the build tree than the front.
 */
#include "host_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/frame.h"

enum { PRINTED = 1 << 20, HIGH = 20, STOP_DONE = 1, DURING_MS = 200 };

static const char value[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno12";

static void die(const char *what)
{
	perror(what);
	abort();
}

static const char *build_dir(void)
{
	const char *dir = getenv("top_builddir");

	return dir ? dir : ".";
}

/* libtool leaves modules in .libs. */
const char *driver_plugin(const char *name)
{
	static char path[4096], real[4096];
	const char *slash = strrchr(name, '/');

	snprintf(path, sizeof(path), "%s/%.*s/.libs/%s.so", build_dir(), (int)(slash - name), name,
		 slash + 1);
	return realpath(path, real) ? real : path;
}

/* ---- messages from the host ------------------------------------------------------ */

static void on_front_message(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	struct driver *d = user;

	(void)chan;
	if (in->type == ZS_MSG_HELLO) {
		const struct zs_msg_hello *hello = in->body;

		d->hello = *hello;
		zs_slice_copy(hello->missing, d->missing, sizeof(d->missing));
	} else if (in->type == ZS_MSG_LOG) {
		const struct zs_msg_log *log = in->body;

		d->log_lines++;
		zs_buf_addf(&d->log, "%s ", zs_level_name((enum zs_level)log->level));
		zs_buf_add_slice(&d->log, log->text);
		zs_buf_add_byte(&d->log, '\n');
	}
}

static void on_closed(struct zs_chan *chan, const struct zs_err *err, void *user)
{
	struct driver *d = user;

	(void)chan;
	if (err->code)
		zs_buf_addf(&d->log, "closed: %s\n", err->text);
	d->closed = true;
}

static void on_output(int fd, short revents, void *user)
{
	struct driver *d = user;
	char octets[65536];
	ssize_t n = read(fd, octets, sizeof(octets));

	(void)revents;
	if (n <= 0 && errno != EAGAIN) {
		zs_loop_fd_remove(d->loop, fd);
		return;
	}
	if (n <= 0)
		return;
	d->printed_octets += (size_t)n;
	if (d->printed.len < PRINTED / 2)
		zs_buf_add(&d->printed, octets, (size_t)n);
}

static void on_reply(struct zs_chan *chan, const struct zs_incoming *in, bool final,
		     const struct zs_err *err, void *user)
{
	struct driver *d = user;

	(void)chan;
	if (!final)
		return;
	if (!in)
		d->err = *err;
	else if (d->take)
		d->take(in->body, d->user);
	d->done = true;
	zs_loop_stop(d->loop, STOP_DONE);
}

/* ---- process ---------------------------------------------------------------------- */

static void move(int from, int to)
{
	if (dup2(from, to) != to)
		_exit(127);
}

static void become_host(const char *plugin, const char *const *args, int front, int engine,
			int output)
{
	char program[4096], path[4096];
	char *argv[32] = { program, path };
	char *environment[] = { NULL };
	int n = 2;

	front = fcntl(front, F_DUPFD, HIGH);
	engine = fcntl(engine, F_DUPFD, HIGH);
	output = fcntl(output, F_DUPFD, HIGH);
	setpgid(0, 0);
	move(open("/dev/null", O_RDONLY), 0);
	move(output, 1);
	move(output, 2);
	move(front, 3);
	move(engine, 4);
	for (int fd = 5; fd < 256; fd++)
		close(fd);
	snprintf(program, sizeof(program), "%s/core/host/zoneseal-host", build_dir());
	snprintf(path, sizeof(path), "%s", plugin);
	for (; args && *args && n < 31; args++)
		argv[n++] = strdup(*args);
	execve(program, argv, environment);
	_exit(127);
}

static struct zs_chan *channel(struct driver *d, int fd, enum zs_role self, enum zs_link link)
{
	const struct zs_chan_spec spec = {
		.fd = fd, .self = self, .peer = ZS_ROLE_HOST, .link = link,
		.peer_name = "host[test]", .handler = on_front_message, .closed = on_closed,
		.user = d,
	};

	return zs_chan_new(d->loop, &spec);
}

void driver_start(struct driver *d, const char *plugin, const char *const *args)
{
	int front[2], engine[2], output[2];
	struct zs_err err;

	memset(d, 0, sizeof(*d));
	zs_buf_init(&d->printed, PRINTED);
	zs_buf_init(&d->log, PRINTED);
	d->loop = zs_loop_new(zs_clock_system());
	if (!d->loop || zs_frame_pair(front, &err) || zs_frame_pair(engine, &err) ||
	    pipe2(output, O_CLOEXEC))
		die("driver_start");
	signal(SIGPIPE, SIG_IGN);
	d->pid = fork();
	if (d->pid == 0)
		become_host(plugin, args, front[1], engine[1], output[1]);
	if (d->pid < 0)
		die("fork");
	setpgid(d->pid, d->pid);
	close(front[1]);
	close(engine[1]);
	close(output[1]);
	d->output = output[0];
	fcntl(d->output, F_SETFL, O_NONBLOCK);
	zs_loop_fd(d->loop, d->output, POLLIN, on_output, d);
	d->front = channel(d, front[0], ZS_ROLE_FRONT, ZS_LINK_FRONT);
	d->engine = channel(d, engine[0], ZS_ROLE_ENGINE, ZS_LINK_ENGINE);
}

static void stop_idle(void *user)
{
	struct driver *d = user;

	zs_loop_stop(d->loop, 0);
}

void driver_idle(struct driver *d, uint64_t ms)
{
	zs_loop_timer(d->loop, ms, stop_idle, d);
	zs_loop_run(d->loop);
}

int driver_end(struct driver *d)
{
	uint64_t start = zs_clock_system()->mono_ms(zs_clock_system());
	pid_t got;

	zs_chan_free(d->engine);
	zs_chan_free(d->front);
	while ((got = waitpid(d->pid, &d->status, WNOHANG)) == 0) {
		if (zs_clock_system()->mono_ms(zs_clock_system()) - start > 5000)
			kill(-d->pid, SIGKILL);
		driver_idle(d, 5);
	}
	driver_idle(d, 0);
	close(d->output);
	zs_loop_free(d->loop);
	if (getenv("DRIVER_VERBOSE"))
		fprintf(stderr, "--- log\n%s--- printed %zu\n%.2000s\n", zs_buf_str(&d->log),
			d->printed_octets, zs_buf_str(&d->printed));
	return d->status;
}

/* ---- requests ---------------------------------------------------------------------- */

static void on_during(void *user)
{
	struct driver *d = user;

	if (d->during && !d->done)
		d->during(d);
}

int driver_call(struct driver *d, struct zs_chan *chan, uint32_t type, const void *body, int fd,
		uint64_t timeout_ms, void (*take)(const void *body, void *user), void *user)
{
	int rc;

	zs_err_clear(&d->err);
	d->done = false;
	d->take = take;
	d->user = user;
	rc = zs_chan_call(chan, type, body, fd, timeout_ms, on_reply, d, &d->last_id);
	if (rc)
		return rc;
	if (d->during)
		zs_loop_timer(d->loop, DURING_MS, on_during, d);
	while (!d->done)
		zs_loop_run(d->loop);
	if (d->err.code && getenv("DRIVER_VERBOSE"))
		fprintf(stderr, "--- %u: %s\n", type, d->err.text);
	return -(int)d->err.code;
}

int driver_open(struct driver *d)
{
	struct zs_msg_empty empty = { 0 };
	struct zs_msg_host_open open = { .instance = zs_slice_str("test") };
	struct zs_msg_zone_names zone = { .names = { NULL, 0 } };
	struct zs_msg_host_grant grant = { .zones = { &zone, 1 } };
	int rc = driver_call(d, d->front, ZS_MSG_HOST_DESCRIBE, &empty, -1, 3000, NULL, NULL);

	zs_name_parse(zs_slice_str("example.test"), ZS_NAME_OWNER, &zone.zone, NULL);
	if (!rc)
		rc = driver_call(d, d->front, ZS_MSG_HOST_OPEN, &open, -1, 3000, NULL, NULL);
	if (!rc)
		rc = driver_call(d, d->front, ZS_MSG_HOST_GRANT, &grant, -1, 3000, NULL, NULL);
	return rc;
}

struct applied { struct zs_err *results; uint32_t n; size_t *ticket_len; };

static void take_applied(const void *body, void *user)
{
	const struct zs_msg_host_applied *m = body;
	struct applied *to = user;

	for (uint32_t i = 0; i < m->results.n && i < to->n; i++)
		to->results[i] = m->results.items[i].err;
	if (to->ticket_len)
		*to->ticket_len = m->ticket.n;
}

int driver_apply(struct driver *d, const char *const *labels, uint32_t n, uint64_t timeout_ms,
		 struct zs_err *results, size_t *ticket_len)
{
	struct zs_msg_change *changes = calloc(n, sizeof(*changes));
	struct zs_msg_host_apply apply = { .changes = { changes, n } };
	struct applied to = { results, n, ticket_len };
	char text[300];
	int rc;

	if (!changes)
		die("driver_apply");
	zs_name_parse(zs_slice_str("example.test"), ZS_NAME_OWNER, &apply.zone, NULL);
	for (uint32_t i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "_acme-challenge.%s.example.test", labels[i]);
		zs_name_parse(zs_slice_str(text), ZS_NAME_OWNER, &changes[i].name, NULL);
		changes[i].op = ZS_CHANGE_ADD;
		changes[i].value = zs_slice_str(value);
	}
	rc = driver_call(d, d->engine, ZS_MSG_HOST_APPLY, &apply, -1, timeout_ms, take_applied,
			 &to);
	free(changes);
	return rc;
}
