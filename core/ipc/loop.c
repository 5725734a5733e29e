/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: poll(2) by default, timers in a list sorted by time, signals
 * through a signalfd.  Knows nothing of channels.  One per process, one thread.
 */
#include "ipc/loop.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/vec.h"

enum { MAX_FDS = 4096 };

struct zs_timer {
	struct zs_timer *prev, *next;
	uint64_t due;
	uint64_t turn;			/* of the loop when it was made */
	zs_loop_timer_fn *fn;
	void *user;
};

struct watch {
	int fd;
	short events;
	uint64_t serial;		/* tells a descriptor from a later one with the same number */
	zs_loop_fd_fn *fn;
	void *user;
};

struct pollset { ZS_VEC(struct pollfd) fds; ZS_VEC(uint64_t) serials; };

struct zs_loop {
	struct zs_clock *clock;
	ZS_VEC(struct watch) watches;
	struct pollset set;		/* what this turn waits for */
	uint64_t serial;
	struct zs_timer *first, *last;
	uint64_t turn;
	zs_loop_wait *wait;
	void *wait_user;
	int (*before)(void *user);
	void *before_user;
	int signal_fd;
	void (*signal_fn)(int signo, void *user);
	void *signal_user;
	bool stopped;
	int value;
};

static int plain_wait(struct pollfd *fds, size_t n, int timeout_ms, void *user)
{
	(void)user;
	return poll(fds, (nfds_t)n, timeout_ms);
}

struct zs_loop *zs_loop_new(struct zs_clock *clock)
{
	struct zs_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->clock = clock ? clock : zs_clock_system();
	loop->wait = plain_wait;
	loop->signal_fd = -1;
	return loop;
}

void zs_loop_free(struct zs_loop *loop)
{
	if (!loop)
		return;
	while (loop->first) {
		struct zs_timer *timer = loop->first;

		loop->first = timer->next;
		free(timer);
	}
	if (loop->signal_fd >= 0)
		(void)close(loop->signal_fd);
	zs_vec_done(&loop->watches);
	zs_vec_done(&loop->set.fds);
	zs_vec_done(&loop->set.serials);
	free(loop);
}

struct zs_clock *zs_loop_clock(struct zs_loop *loop)
{
	return loop->clock;
}

void zs_loop_set_wait(struct zs_loop *loop, zs_loop_wait *wait, void *user)
{
	loop->wait = wait ? wait : plain_wait;
	loop->wait_user = user;
}

void zs_loop_set_before(struct zs_loop *loop, int (*before)(void *user), void *user)
{
	loop->before = before;
	loop->before_user = user;
}

/* ---- descriptors ---- */

static struct watch *find(struct zs_loop *loop, int fd)
{
	for (size_t i = 0; i < loop->watches.n; i++)
		if (loop->watches.items[i].fd == fd)
			return &loop->watches.items[i];
	return NULL;
}

int zs_loop_fd(struct zs_loop *loop, int fd, short events, zs_loop_fd_fn *fn, void *user)
{
	struct watch *watch = find(loop, fd);

	if (!watch) {
		watch = zs_vec_push(&loop->watches, MAX_FDS);
		if (!watch)
			return -ZS_E_NOMEM;
		watch->fd = fd;
		watch->serial = ++loop->serial;
	}
	watch->events = events;
	watch->fn = fn;
	watch->user = user;
	return 0;
}

void zs_loop_fd_remove(struct zs_loop *loop, int fd)
{
	struct watch *watch = find(loop, fd);

	if (watch)
		zs_vec_remove(&loop->watches, (size_t)(watch - loop->watches.items));
}

/* ---- timers ---- */

/* Behind those that are due at the same time, so that equal timers fire in order. */
static void insert(struct zs_loop *loop, struct zs_timer *timer)
{
	struct zs_timer *before = loop->last;

	while (before && before->due > timer->due)
		before = before->prev;
	timer->prev = before;
	timer->next = before ? before->next : loop->first;
	*(timer->prev ? &timer->prev->next : &loop->first) = timer;
	*(timer->next ? &timer->next->prev : &loop->last) = timer;
}

static void unlink_timer(struct zs_loop *loop, struct zs_timer *timer)
{
	*(timer->prev ? &timer->prev->next : &loop->first) = timer->next;
	*(timer->next ? &timer->next->prev : &loop->last) = timer->prev;
}

struct zs_timer *zs_loop_timer(struct zs_loop *loop, uint64_t delay_ms, zs_loop_timer_fn *fn, void *user)
{
	uint64_t now = loop->clock->mono_ms(loop->clock);
	struct zs_timer *timer = calloc(1, sizeof(*timer));

	if (!timer)
		return NULL;
	timer->due = delay_ms > UINT64_MAX - now ? UINT64_MAX : now + delay_ms;
	timer->turn = loop->turn;
	timer->fn = fn;
	timer->user = user;
	insert(loop, timer);
	return timer;
}

void zs_loop_timer_cancel(struct zs_loop *loop, struct zs_timer *timer)
{
	if (!timer)
		return;
	unlink_timer(loop, timer);
	free(timer);
}

/* The first one that is due and not younger than this turn. */
static struct zs_timer *due_timer(struct zs_loop *loop, uint64_t now)
{
	struct zs_timer *timer = loop->first;

	while (timer && timer->due <= now && timer->turn >= loop->turn)
		timer = timer->next;
	return timer && timer->due <= now ? timer : NULL;
}

static void run_timers(struct zs_loop *loop)
{
	uint64_t now = loop->clock->mono_ms(loop->clock);
	struct zs_timer *timer;

	while (!loop->stopped && (timer = due_timer(loop, now)) != NULL) {
		zs_loop_timer_fn *fn = timer->fn;
		void *user = timer->user;

		unlink_timer(loop, timer);
		free(timer);
		fn(user);
	}
}

/* ---- signals ---- */

static void on_signal(int fd, short revents, void *user)
{
	struct zs_loop *loop = user;
	struct signalfd_siginfo info;

	(void)revents;
	while (!loop->stopped && read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		loop->signal_fn((int)info.ssi_signo, loop->signal_user);
}

int zs_loop_signals(struct zs_loop *loop, const int *signals, size_t n, void (*fn)(int signo, void *user), void *user)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < n; i++)
		sigaddset(&set, signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -ZS_E_BUG;
	fd = signalfd(loop->signal_fd, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -ZS_E_NOMEM;
	loop->signal_fd = fd;
	loop->signal_fn = fn;
	loop->signal_user = user;
	return zs_loop_fd(loop, fd, POLLIN, on_signal, loop);
}

/* ---- running ---- */

static bool fill_set(struct zs_loop *loop)
{
	struct pollset *set = &loop->set;

	set->fds.n = set->serials.n = 0;
	for (size_t i = 0; i < loop->watches.n; i++) {
		const struct watch *watch = &loop->watches.items[i];
		struct pollfd *pollfd = zs_vec_push(&set->fds, MAX_FDS);
		uint64_t *serial = zs_vec_push(&set->serials, MAX_FDS);

		if (!pollfd || !serial)
			return false;
		*pollfd = (struct pollfd){ .fd = watch->fd, .events = watch->events };
		*serial = watch->serial;
	}
	return true;
}

static int shorter(int a, int b)
{
	return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

static int timer_wait(struct zs_loop *loop)
{
	uint64_t now, left;

	if (!loop->first)
		return -1;
	now = loop->clock->mono_ms(loop->clock);
	left = loop->first->due > now ? loop->first->due - now : 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static void run_fds(struct zs_loop *loop)
{
	for (size_t i = 0; i < loop->set.fds.n && !loop->stopped; i++) {
		struct pollfd ready = loop->set.fds.items[i];
		struct watch *watch = ready.revents ? find(loop, ready.fd) : NULL;

		/* An earlier callback may have removed or replaced it. */
		if (watch && watch->serial == loop->set.serials.items[i])
			watch->fn(ready.fd, ready.revents, watch->user);
	}
}

static int turn(struct zs_loop *loop)
{
	int wait_ms = loop->before ? loop->before(loop->before_user) : -1;

	/* What ran before may have stopped the loop. */
	if (loop->stopped)
		return 0;
	if (!fill_set(loop))
		return -ZS_E_NOMEM;
	wait_ms = shorter(wait_ms, timer_wait(loop));
	if (loop->wait(loop->set.fds.items, loop->set.fds.n, wait_ms, loop->wait_user) < 0) {
		if (errno != EINTR)
			return -ZS_E_BUG;
		loop->set.fds.n = 0;
	}
	/* Timers made from here on belong to the next turn. An answer that has arrived comes
	 * before the timer that would call it late. */
	loop->turn++;
	run_fds(loop);
	run_timers(loop);
	return 0;
}

int zs_loop_run(struct zs_loop *loop)
{
	int rc = 0;

	while (!rc && !loop->stopped)
		rc = turn(loop);
	if (!rc)
		rc = loop->value;
	loop->stopped = false;
	return rc;
}

void zs_loop_stop(struct zs_loop *loop, int value)
{
	loop->stopped = true;
	loop->value = value;
}
