/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h.  Between this process and the program stands a guard: the leader of the
 * program's process group.  It holds the number of the group until all are
 * killed, and ends the group when this process dies, which may be at any time:
 * the supervisor kills a host that is late.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zoneseal/say.h>
#include <zoneseal/time.h>

enum {
	HIGH_FD = 16, /* above the standard descriptors, so that no dup2 hits a source */
	TURN_MS = 50, /* how often cancellation is looked for */
	GRACE_MS = 1000, /* between SIGTERM and SIGKILL; the host is killed 2 s after a deadline */
	NO_PROGRAM = 127,
	REST_MS = 500, /* for what is in the pipes at the end */
	REST_OCTETS = 1024 * 1024, /* the most that an ordinary user can make a pipe hold */
	PIPE_OCTETS = 64 * 1024
};

/* What the guard, or the program before its exec, says through the report pipe. */
struct report {
	int32_t started, number;
};

enum { IN,
	OUT,
	ERR,
	REPORT,
	PIPES };

/* Ends of the pipes: ours, and the program's (of REPORT: the guard's). */
struct pipes {
	int ours[PIPES], theirs[PIPES];
};

/* ---- pipes ---- */

static int lift(int fd)
{
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);

	if (fd >= 0)
		(void)close(fd);
	return high;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void pipes_close(struct pipes *p)
{
	for (int i = 0; i < PIPES; i++) {
		shut(&p->ours[i]);
		shut(&p->theirs[i]);
	}
}

static int32_t open_one(struct pipes *p, int i)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return 0;
	p->ours[i] = lift(fds[i == IN]);
	p->theirs[i] = lift(fds[i != IN]);
	return p->ours[i] >= 0 && p->theirs[i] >= 0 && fcntl(p->ours[i], F_SETFL, O_NONBLOCK) == 0;
}

static int32_t pipes_open(struct pipes *p, int32_t has_input)
{
	int32_t good = 1;

	for (int i = 0; i < PIPES; i++)
		p->ours[i] = p->theirs[i] = -1;
	if (has_input)
		good = open_one(p, IN);
	else
		good = (p->theirs[IN] = lift(open("/dev/null", O_RDONLY | O_CLOEXEC))) >= 0;
	return good && open_one(p, OUT) && open_one(p, ERR) && open_one(p, REPORT);
}

/* ---- guard and program; async-signal-safe calls only ---- */

static void reset_signals(void)
{
	struct sigaction act = { .sa_handler = SIG_DFL };
	sigset_t none;

	sigemptyset(&act.sa_mask);
	sigemptyset(&none);
	for (int signo = 1; signo < NSIG; signo++)
		(void)sigaction(signo, &act, NULL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void close_from(unsigned first, unsigned last)
{
#ifdef SYS_close_range
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
#endif
	for (unsigned fd = first; fd <= last && fd < 65536; fd++)
		(void)close((int)fd);
}

static void close_all_but(unsigned fd)
{
	close_from(0, fd - 1);
	close_from(fd + 1, ~0u);
}

static void tell(int fd, int32_t started, int32_t number)
{
	const struct report report = { started, number };
	ssize_t ignored = write(fd, &report, sizeof(report));

	(void)ignored;
}

static void __attribute__((noreturn)) become(const struct run *run, const struct pipes *p, pid_t guard)
{
	int said = p->theirs[REPORT];

	reset_signals();
	if (prctl(PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L) < 0 || getppid() != guard)
		_exit(NO_PROGRAM);
	if (dup2(p->theirs[IN], 0) == 0 && dup2(p->theirs[OUT], 1) == 1 && dup2(p->theirs[ERR], 2) == 2 &&
		chdir(run->directory) == 0) {
		close_from(3, (unsigned)said - 1);
		close_from((unsigned)said + 1, ~0u);
		(void)umask(077);
		(void)execve(run->argv[0], run->argv, run->envp);
	}
	tell(said, 0, errno);
	_exit(NO_PROGRAM);
}

static void end_group(int signo)
{
	(void)signo;
	(void)kill(0, SIGKILL);
}

/* SIGHUP comes when our parent dies. SIGTERM is for the program; we wait on. */
static void guard_signals(void)
{
	struct sigaction end = { .sa_handler = end_group }, ignore = { .sa_handler = SIG_IGN };

	reset_signals();
	sigemptyset(&end.sa_mask);
	sigemptyset(&ignore.sa_mask);
	(void)sigaction(SIGHUP, &end, NULL);
	(void)sigaction(SIGTERM, &ignore, NULL);
}

static void __attribute__((noreturn)) guard(const struct run *run, const struct pipes *p, pid_t parent)
{
	int said = p->theirs[REPORT], status = 0;
	pid_t self = getpid(), pid;

	guard_signals();
	if (setpgid(0, 0) < 0 || prctl(PR_SET_PDEATHSIG, (long)SIGHUP, 0L, 0L, 0L) < 0 || getppid() != parent)
		_exit(NO_PROGRAM);
	pid = fork();
	if (pid == 0)
		become(run, p, self);
	if (pid < 0)
		tell(said, 0, errno);
	close_all_but((unsigned)said);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	tell(said, 1, status);
	_exit(0);
}

/* ---- while it runs ---- */

struct watch {
	const struct run *run;
	struct pipes pipes;
	pid_t guard;
	size_t written; /* of the input */
	struct run_result *result;
	struct report report;
	int32_t ended; /* the report is here */
	int32_t flood;
};

static void feed(struct watch *w)
{
	const struct zsp_str *input = &w->run->input;
	ssize_t n = write(w->pipes.ours[IN], input->p + w->written, input->n - w->written);

	if (n > 0)
		w->written += (size_t)n;
	/* a program that does not read its input may have good reasons */
	if ((n < 0 && errno != EAGAIN && errno != EINTR) || w->written == input->n)
		shut(&w->pipes.ours[IN]);
}

/* Reads once, and says how much. */
static size_t drain(struct watch *w, int i, struct zsp_text *dst)
{
	char piece[4096];
	ssize_t n = read(w->pipes.ours[i], piece, sizeof(piece));
	size_t room = dst->max - dst->n, take;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		shut(&w->pipes.ours[i]);
		return 0;
	}
	take = (size_t)n < room ? (size_t)n : room;
	zsp_text_add(dst, piece, take);
	w->result->dropped += (size_t)n - take;
	if (i == OUT && take < (size_t)n && w->run->strict_output)
		w->flood = 1;
	return (size_t)n;
}

/* The first report that says the program never began counts more than its end. */
static void listen(struct watch *w)
{
	struct report report;
	ssize_t n = read(w->pipes.ours[REPORT], &report, sizeof(report));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t)sizeof(report)) { /* the guard is gone */
		shut(&w->pipes.ours[REPORT]);
		if (!w->ended)
			w->report = (struct report){ 0, ECHILD };
	} else {
		w->report = report;
	}
	w->ended = 1;
}

static void turn(struct watch *w, int64_t ms)
{
	struct pollfd set[PIPES];

	for (int i = 0; i < PIPES; i++)
		set[i] = (struct pollfd){ .fd = w->pipes.ours[i], .events = i == IN ? POLLOUT : POLLIN };
	if (poll(set, PIPES, (int)(ms < TURN_MS ? ms : TURN_MS)) <= 0)
		return;
	if (set[IN].revents)
		feed(w);
	if (set[OUT].revents)
		drain(w, OUT, w->run->out);
	if (set[ERR].revents)
		drain(w, ERR, w->run->err);
	if (set[REPORT].revents)
		listen(w);
}

/* Until it ends, or the moment comes, or nobody wants it any more. */
static void attend(struct watch *w, int64_t until, int32_t may_cancel)
{
	const struct zsp_host *host = w->run->host;
	int64_t left;

	while (!w->ended && !w->flood && (left = until - zsp_time_monotonic()) > 0) {
		if (may_cancel && host->cancelled(host))
			return;
		turn(w, left);
	}
}

/* What a full pipe can have held when the last of the group was killed. */
static size_t pipe_size(int fd)
{
	int size = fcntl(fd, F_GETPIPE_SZ);

	return size <= 0 ? PIPE_OCTETS : size < REST_OCTETS ? (size_t)size
							    : REST_OCTETS;
}

/*
 * What is in the pipes already.  A background job in a session of its own may hold them open
 * for ever, which is its right, or write for ever, which is not: more than a pipe holds can only
 * be from such a one.  0 then.
 */
static int32_t drain_rest(struct watch *w)
{
	int64_t until = zsp_time_monotonic() + REST_MS;

	for (int i = OUT; i <= ERR; i++) {
		size_t left = w->pipes.ours[i] < 0 ? 0 : pipe_size(w->pipes.ours[i]), n;

		while (w->pipes.ours[i] >= 0 && !w->flood && zsp_time_monotonic() < until &&
			(n = drain(w, i, i == OUT ? w->run->out : w->run->err))) {
			if (n > left)
				return 0;
			left -= n;
		}
	}
	return 1;
}

static void end_all(struct watch *w)
{
	if (!w->ended) {
		(void)kill(-w->guard, SIGTERM);
		attend(w, zsp_time_monotonic() + GRACE_MS, 0);
	}
	(void)kill(-w->guard, SIGKILL);
	/* where it had no group of its own yet */
	(void)kill(w->guard, SIGKILL);
	while (waitpid(w->guard, NULL, 0) < 0 && errno == EINTR)
		;
}

static void conclude(const struct watch *w, struct run_result *ret)
{
	int32_t status = w->report.number;

	if (!w->report.started) {
		ret->end = RUN_NO_START;
		ret->number = w->report.number;
	} else if (WIFSIGNALED(status)) {
		ret->end = RUN_KILLED;
		ret->number = WTERMSIG(status);
	} else {
		ret->end = RUN_EXITED;
		ret->number = WEXITSTATUS(status);
	}
}

static void watch_program(struct watch *w, struct run_result *ret)
{
	const struct zsp_host *host = w->run->host;
	int64_t left = host->deadline_left_ms(host);
	int64_t ms = w->run->timeout_ms < left ? w->run->timeout_ms : left;

	attend(w, zsp_time_monotonic() + ms, 1);
	if (w->flood)
		ret->end = RUN_FLOOD;
	else if (w->ended)
		conclude(w, ret);
	else
		ret->end = host->deadline_left_ms(host) && host->cancelled(host) ? RUN_CANCELLED : RUN_TIMEOUT;
	end_all(w);
	if (!drain_rest(w) && ret->end == RUN_EXITED)
		ret->end = RUN_LEFT;
	if (w->flood)
		ret->end = RUN_FLOOD;
}

void run_program(const struct run *run, struct run_result *ret)
{
	struct watch w = { .run = run, .result = ret };
	pid_t self = getpid();

	*ret = (struct run_result){ .end = RUN_BROKEN };
	if (!pipes_open(&w.pipes, run->input.p != NULL)) {
		ret->number = errno;
		pipes_close(&w.pipes);
		return;
	}
	w.guard = fork();
	if (w.guard == 0)
		guard(run, &w.pipes, self);
	ret->number = errno;
	for (int i = 0; i < PIPES; i++)
		shut(&w.pipes.theirs[i]);
	if (w.guard > 0)
		watch_program(&w, ret);
	pipes_close(&w.pipes);
}

/* ---- in words ---- */

static const char *hint_of_errno(int32_t number)
{
	switch (number) {
	case ENOENT:
		return "the file, or the interpreter that its first line names, does not exist";
	case EACCES:
		return "it may not be executed: its mode, a mount without exec, or an interpreter outside of "
		       "/usr, /bin and /lib";
	case ENOEXEC:
		return "it is neither a binary for this machine nor a script that begins with #!";
	default:
		return strerror(number);
	}
}

static void explain_exit(int32_t status, struct zsp_text *dst)
{
	zsp_text_addf(dst, "exit status %d", (int)status);
	if (status == 126)
		zsp_text_addz(dst, " (of a shell: a command was found but may not be executed)");
	if (status == 127)
		zsp_text_addz(dst, " (of a shell: a command was not found; see PATH in the option environment)");
}

void run_explain(const struct run_result *result, struct zsp_text *dst)
{
	switch (result->end) {
	case RUN_EXITED:
		explain_exit(result->number, dst);
		break;
	case RUN_KILLED:
		zsp_text_addf(dst, "killed by signal %d (%s)", (int)result->number, strsignal(result->number));
		break;
	case RUN_NO_START:
		zsp_text_addf(dst, "cannot be started: %s", hint_of_errno(result->number));
		break;
	case RUN_TIMEOUT:
		zsp_text_addz(dst, "did not end in time and was killed with all that it started");
		break;
	case RUN_CANCELLED:
		zsp_text_addz(dst, "killed, as the call was cancelled");
		break;
	case RUN_FLOOD:
		zsp_text_addz(dst, "killed, as it wrote more than a reply may have");
		break;
	case RUN_LEFT:
		zsp_text_addz(dst, "ended, but something that it left running in a session of its own goes on writing to its "
				   "output: have that write to a file in work-dir or to /dev/null");
		break;
	case RUN_BROKEN:
		zsp_text_addf(dst, "cannot be run: %s", strerror(result->number));
		break;
	}
}

/* ---- the file ---- */

/* In a user namespace root looks like nobody; who owns / owns the machine. */
static int32_t is_trusted(uid_t owner)
{
	struct stat root;

	return owner == 0 || owner == geteuid() || (stat("/", &root) == 0 && root.st_uid == owner);
}

/* NULL, or what is wrong with one directory or file on the way. */
static const char *fault_of(const char *path, int32_t is_file)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return strerror(errno);
	if (is_file && !S_ISREG(st.st_mode))
		return "it is no regular file";
	if (is_file && access(path, X_OK) < 0)
		return "it may not be executed by the user that providers run as (chmod a+rx)";
	if (!is_trusted(st.st_uid))
		return "it belongs neither to root nor to the user that providers run as";
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) && (is_file || !(st.st_mode & S_ISVTX)))
		return "others can write to it (chmod go-w)";
	return NULL;
}

/* The file and each directory above it, by a real path, which ends as the one that is wrong. */
static const char *fault_on_way(char at[PATH_MAX])
{
	const char *fault = fault_of(at, 1);

	while (!fault && *at) {
		*strrchr(at, '/') = 0;
		fault = fault_of(*at ? at : "/", 0);
	}
	return fault;
}

int32_t run_check_file(const struct zsp_host *host, const char *option, const char *path)
{
	char at[PATH_MAX];
	const char *fault;

	if (!realpath(path, at))
		return zsp_failf(host, ZSP_CONFIG, 0, "option %s: %s: %s", option, path, strerror(errno));
	fault = fault_on_way(at);
	if (!fault)
		return ZSP_OK;
	return zsp_failf(host, ZSP_CONFIG, 0, "option %s: %s cannot be used: %s: %s", option, path, *at ? at : "/", fault);
}
