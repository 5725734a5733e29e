/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/supervisor.h.
 */
#include "front/supervisor.h"

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

#ifndef ZS_BUILD_ID
#define ZS_BUILD_ID "dev"
#endif

/* A sanitizer's report at the end takes its time. */
#if defined(ZS_SANITIZE) && ZS_SANITIZE
enum { GRACE_MS = 30 * 1000, DYING_MS = 30 * 1000, CLOSING_MS = 60 * 1000 };
#else
/* A call that runs and close() after it have their own watch in the host. */
enum { GRACE_MS = 2000, DYING_MS = 1000, CLOSING_MS = 5000 };
#endif
enum { PROCESSES_MAX = 256, OUTPUT_MAX = 64 * 1024, OUTPUT_READS = 64 };

struct zs_super {
	struct zs_super_spec spec;
	ZS_VEC(struct zs_process *) processes;
	bool warned;			/* of a kernel that confines less */
};

static void name_of(const struct zs_process *p, char dst[static ZS_MAX_ID + 16])
{
	snprintf(dst, ZS_MAX_ID + 16, *p->instance ? "%s[%s]" : "%s", zs_role_name(p->role), p->instance);
}

/* ---- what children say ---- */

static void on_log(const struct zs_process *p, const struct zs_msg_log *log)
{
	char job[ZS_MAX_ID + 1], *text = zs_slice_dup(log->text);

	zs_slice_copy(log->job, job, sizeof(job));
	if (text && log->level < ZS_LOG__COUNT)
		zs_log_forward(&(struct zs_log_line){
			.level = (enum zs_level)log->level, .role = zs_role_name(p->role), .instance = p->instance,
			.job = job, .text = text,
		});
	free(text);
}

/* Once, for it is the kernel that lacks it for all of them. */
static void warn_of_kernel(const struct zs_process *p)
{
	bool files = !p->facts.landlock, calls = !p->facts.seccomp;

	if (p->super->warned || (!files && !calls))
		return;
	p->super->warned = true;
	zs_warn(NULL, "this system confines processes less than it should (%s)%s%s; see \"Kernels with less\" in SECURITY.md",
		*p->missing ? p->missing : "no reason given",
		files ? "; without Landlock a plugin can read every file of its user, keys included where that user is ours" : "",
		calls ? "; without the system-call filter a plugin can start programs and signal or change processes of its user"
		      : "");
}

/* A child of another build speaks another protocol: an upgrade happened under us. */
static void on_hello(struct zs_process *p, const struct zs_msg_hello *hello)
{
	if (hello->role != p->role || !zs_slice_eq_str(hello->build, ZS_BUILD_ID)) {
		char name[ZS_MAX_ID + 16];
		name_of(p, name);
		zs_error(NULL, "%s is of another build than this zoneseal (%s): was it upgraded meanwhile? start again", name,
			 ZS_BUILD_ID);
		zs_super_kill(p);
		return;
	}
	p->facts = *hello;
	p->facts.build = p->facts.missing = ZS_SLICE_NONE;
	zs_slice_copy(hello->missing, p->missing, sizeof(p->missing));
	p->greeted = true;
	warn_of_kernel(p);
	if (*p->missing)
		zs_debug(NULL, "%s: confinement lacks %s", zs_role_name(p->role), p->missing);
}

static void on_message(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	struct zs_process *p = user;

	(void)chan;
	if (in->type == ZS_MSG_LOG)
		on_log(p, in->body);
	else if (in->type == ZS_MSG_HELLO)
		on_hello(p, in->body);
	else
		p->super->spec.message(p, in, p->super->spec.user);
}

static void log_output(const struct zs_process *p, struct zs_slice line)
{
	struct zs_buf clean = ZS_BUF(4096);

	zs_clean(&clean, line, false);
	if (clean.len)
		zs_log_forward(&(struct zs_log_line){
			.level = ZS_LOG_WARN, .role = "plugin", .instance = p->instance, .job = "", .text = zs_buf_str(&clean),
		});
	zs_buf_done(&clean);
}

static void close_output(struct zs_process *p)
{
	if (p->output < 0)
		return;
	zs_loop_fd_remove(p->super->spec.loop, p->output);
	close(p->output);
	p->output = -1;
}

/* Plugins should not print; what they print anyway is shown, tagged, up to a cap. False when
 * there was nothing. */
static bool read_output(struct zs_process *p)
{
	char data[2048];
	ssize_t n = read(p->output, data, sizeof(data));

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			close_output(p);
		return false;
	}
	p->output_seen += (size_t)n;
	if (p->output_seen > OUTPUT_MAX)
		return true;
	struct zs_slice rest = zs_slice_of(data, (size_t)n);
	while (rest.n)
		log_output(p, zs_slice_cut(&rest, '\n'));
	return true;
}

static void on_output(int fd, short revents, void *user)
{
	(void)fd;
	(void)revents;
	read_output(user);
}

/* What it said last, up to what a pipe holds. */
static void drain_output(struct zs_process *p)
{
	for (unsigned i = 0; i < OUTPUT_READS && p->output >= 0 && read_output(p); i++)
		;
	close_output(p);
}

/* ---- death ---- */

static void forget_child(struct zs_process *p)
{
	struct zs_loop *loop = p->super->spec.loop;

	zs_loop_timer_cancel(loop, p->kill);
	p->kill = NULL;
	if (p->child.pidfd >= 0) {
		zs_loop_fd_remove(loop, p->child.pidfd);
		close(p->child.pidfd);
	}
	p->child = (struct zs_child){ .role = p->role, .pidfd = -1 };
	zs_chan_free(p->chan);
	p->chan = NULL;
	p->greeted = false;
}

static void on_exit_fd(int fd, short revents, void *user)
{
	struct zs_process *p = user;
	char name[ZS_MAX_ID + 16], why[96];
	struct zs_err err;
	int status = 0;

	(void)fd;
	(void)revents;
	if (waitpid(p->child.pid, &status, WNOHANG) != p->child.pid)
		return;
	p->status = status;
	drain_output(p);
	forget_child(p);
	name_of(p, name);
	zs_spawn_reason(status, why);
	zs_err_set(&err, p->role == ZS_ROLE_HOST ? ZS_E_PLUGIN : ZS_E_PEER, "the process %s ended: %s", name, why);
	zs_err_where(&err, "%s", name);
	if (!p->ending)
		p->super->spec.died(p, &err, p->super->spec.user);
}

void zs_super_kill(struct zs_process *p)
{
	if (p->child.pid > 0)
		kill(-p->child.pid, SIGKILL);
}

static void on_late(void *user)
{
	struct zs_process *p = user;

	p->kill = NULL;
	zs_super_kill(p);
}

/* The channel went: the process has ended, is ending, or broke the protocol. */
static void on_closed(struct zs_chan *chan, const struct zs_err *err, void *user)
{
	struct zs_process *p = user;

	(void)chan;
	if (err && err->code && !p->ending)
		zs_error(NULL, "%s", err->text);
	if (err && err->code)
		zs_super_kill(p);
	else if (!p->kill)
		p->kill = zs_loop_timer(p->super->spec.loop, DYING_MS, on_late, p);
}

/* ---- start ---- */

static int open_output(int ret[static 2], struct zs_err *err)
{
	if (pipe2(ret, O_CLOEXEC | O_NONBLOCK))
		return zs_err_sys(err, ZS_E_BUG, errno, "cannot make a pipe");
	/* the child's end blocks as usual */
	fcntl(ret[1], F_SETFL, 0);
	return 0;
}

static int link_to_engine(struct zs_process *p, int fd, struct zs_err *err)
{
	struct zs_process *engine = zs_super_find(p->super, ZS_ROLE_ENGINE, "");

	if (!engine && p->super->spec.linked) {
		p->super->spec.linked(p, fd, p->super->spec.user);
		return 0;
	}
	const struct zs_msg_engine_link msg = { .role = p->role, .instance = zs_slice_str(p->instance) };
	int rc = engine && engine->chan ? zs_chan_note(engine->chan, ZS_MSG_ENGINE_LINK, &msg, fd) : 0;

	close(fd);
	if (rc)
		zs_err_set(err, ZS_E_PEER, "cannot link %s to the engine", zs_role_name(p->role));
	return rc;
}

static int watch(struct zs_process *p, int front_fd, struct zs_err *err)
{
	struct zs_loop *loop = p->super->spec.loop;
	char name[ZS_MAX_ID + 16];

	name_of(p, name);
	p->chan = zs_chan_new(loop, &(struct zs_chan_spec){
		.fd = front_fd, .self = ZS_ROLE_FRONT, .peer = p->role, .link = ZS_LINK_FRONT, .peer_name = name,
		.handler = on_message, .closed = on_closed, .user = p,
	});
	if (!p->chan || zs_loop_fd(loop, p->child.pidfd, POLLIN, on_exit_fd, p) ||
	    (p->output >= 0 && zs_loop_fd(loop, p->output, POLLIN, on_output, p)))
		ZS_FAIL(err, ZS_E_NOMEM, "no memory for a child process");
	return 0;
}

static void close_pair(int fds[static 2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int launch(struct zs_process *p, const char *const *args, struct zs_err *err)
{
	int front[2] = { -1, -1 }, work[2] = { -1, -1 }, output[2] = { -1, -1 };
	int rc = zs_frame_pair(front, err);

	if (!rc && p->role != ZS_ROLE_ENGINE)
		rc = zs_frame_pair(work, err);
	if (!rc && p->role == ZS_ROLE_HOST)
		rc = open_output(output, err);
	if (rc)
		goto fail;
	rc = zs_spawn_start(&(struct zs_spawn){
		.role = p->role, .front_fd = front[1], .engine_fd = work[1], .output_fd = output[1], .args = args,
	}, &p->child, err);
	/* the child's ends are closed by now, whatever happened */
	front[1] = work[1] = -1;
	if (output[1] >= 0)
		close(output[1]);
	output[1] = -1;
	if (rc)
		goto fail;
	p->starts++;
	p->output = output[0];
	p->output_seen = 0;
	rc = watch(p, front[0], err);
	if (!rc && work[0] >= 0)
		rc = link_to_engine(p, work[0], err);
	if (!rc) {
		const struct zs_msg_log_level level = { .level = zs_log_on(ZS_LOG_TRACE) ? ZS_LOG_TRACE
							      : zs_log_on(ZS_LOG_DEBUG) ? ZS_LOG_DEBUG
							      : zs_log_on(ZS_LOG_INFO)	? ZS_LOG_INFO
											: ZS_LOG_WARN };
		rc = zs_chan_note(p->chan, ZS_MSG_LOG_LEVEL, &level, -1);
		/* one that has ended already is told of as every death is */
		if (rc == -ZS_E_PEER)
			rc = 0;
		else if (rc)
			zs_err_set(err, (enum zs_code)-rc, "cannot talk to the %s process", zs_role_name(p->role));
	}
	return rc;
fail:
	close_pair(front);
	close_pair(work);
	close_pair(output);
	return rc;
}

struct zs_process *zs_super_start(struct zs_super *super, enum zs_role role, const char *instance,
				  const char *const *args, struct zs_err *err)
{
	struct zs_process *p = calloc(1, sizeof(*p)), **slot = p ? zs_vec_push(&super->processes, PROCESSES_MAX) : NULL;

	if (!slot) {
		free(p);
		zs_err_set(err, ZS_E_NOMEM, "no memory for a child process");
		return NULL;
	}
	*slot = p;
	p->super = super;
	p->role = role;
	p->output = p->child.pidfd = -1;
	snprintf(p->instance, sizeof(p->instance), "%s", instance ? instance : "");
	if (launch(p, args, err)) {
		forget_child(p);
		super->processes.n--;
		free(p);
		return NULL;
	}
	return p;
}

int zs_super_restart(struct zs_process *p, const char *const *args, struct zs_err *err)
{
	char name[ZS_MAX_ID + 16];

	name_of(p, name);
	if (p->starts > ZS_SUPER_RESTARTS)
		ZS_FAIL(err, p->role == ZS_ROLE_HOST ? ZS_E_PLUGIN : ZS_E_PEER, "the process %s ended %u times", name, p->starts);
	return launch(p, args, err);
}

void zs_super_close(struct zs_process *p)
{
	zs_chan_free(p->chan);
	p->chan = NULL;
	if (p->child.pid > 0 && !p->kill)
		p->kill = zs_loop_timer(p->super->spec.loop, CLOSING_MS, on_late, p);
}

/* Waits for the process and takes all that was watched of it away. */
static void end_process(struct zs_process *p)
{
	zs_chan_free(p->chan);
	p->chan = NULL;
	if (p->child.pidfd >= 0)
		zs_loop_fd_remove(p->super->spec.loop, p->child.pidfd);
	if (p->child.pid > 0)
		zs_spawn_end(&p->child, GRACE_MS);
	p->child.pidfd = -1;
	close_output(p);
	forget_child(p);
}

int zs_super_replace(struct zs_process *p, const char *const *args, struct zs_err *err)
{
	end_process(p);
	p->starts--;
	return launch(p, args, err);
}

/* ---- all ---- */

void zs_super_forget(struct zs_process *p)
{
	struct zs_super *super = p->super;

	for (size_t i = 0; i < super->processes.n; i++) {
		if (super->processes.items[i] != p)
			continue;
		zs_vec_remove(&super->processes, i);
		end_process(p);
		free(p);
		return;
	}
}

struct zs_super *zs_super_new(const struct zs_super_spec *spec)
{
	struct zs_super *super = calloc(1, sizeof(*super));

	if (super)
		super->spec = *spec;
	return super;
}

void zs_super_free(struct zs_super *super)
{
	if (!super)
		return;
	/* closing fd 3 is the word to end: all hear it at once, then each is waited for */
	for (size_t i = 0; i < super->processes.n; i++) {
		super->processes.items[i]->ending = true;
		zs_chan_free(super->processes.items[i]->chan);
		super->processes.items[i]->chan = NULL;
	}
	for (size_t i = 0; i < super->processes.n; i++) {
		end_process(super->processes.items[i]);
		free(super->processes.items[i]);
	}
	zs_vec_done(&super->processes);
	free(super);
}

struct zs_process *zs_super_find(struct zs_super *super, enum zs_role role, const char *instance)
{
	for (size_t i = 0; i < super->processes.n; i++) {
		struct zs_process *p = super->processes.items[i];
		if (p->role == role && !strcmp(p->instance, instance))
			return p;
	}
	return NULL;
}

size_t zs_super_count(const struct zs_super *super)
{
	return super->processes.n;
}

struct zs_process *zs_super_at(const struct zs_super *super, size_t i)
{
	return super->processes.items[i];
}
