/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event loop for each process that needs one: descriptors, timers, and a
 * replaceable wait (the engine waits with curl_multi_poll).
 */
#ifndef ZS_IPC_LOOP_H
#define ZS_IPC_LOOP_H

#include <poll.h>
#include "base/clock.h"
#include "base/err.h"

struct zs_loop;
struct zs_timer;

/* Like poll(2); -1 with errno on failure. */
typedef int zs_loop_wait(struct pollfd *fds, size_t n, int timeout_ms, void *user);
typedef void zs_loop_fd_fn(int fd, short revents, void *user);
typedef void zs_loop_timer_fn(void *user);

struct zs_loop *zs_loop_new(struct zs_clock *clock);
void zs_loop_free(struct zs_loop *loop);
struct zs_clock *zs_loop_clock(struct zs_loop *loop);
void zs_loop_set_wait(struct zs_loop *loop, zs_loop_wait *wait, void *user);
/* Called once before each wait; returns the longest time to wait in ms, -1 = any. */
void zs_loop_set_before(struct zs_loop *loop, int (*before)(void *user), void *user);

/* Watches fd for events (POLLIN, POLLOUT); the same fd again changes them.
 * 0 or -ZS_E_NOMEM. Callbacks may add and remove any descriptor, also their own. */
int zs_loop_fd(struct zs_loop *loop, int fd, short events, zs_loop_fd_fn *fn, void *user);
void zs_loop_fd_remove(struct zs_loop *loop, int fd);

/* One-shot timer after delay_ms (0 = next turn); NULL when memory ran out. */
struct zs_timer *zs_loop_timer(struct zs_loop *loop, uint64_t delay_ms, zs_loop_timer_fn *fn, void *user);
/* NULL is fine; a timer that fired is gone by itself and must not be cancelled. */
void zs_loop_timer_cancel(struct zs_loop *loop, struct zs_timer *timer);

/* Signals as events through a signalfd: front only. 0 or -code. */
int zs_loop_signals(struct zs_loop *loop, const int *signals, size_t n, void (*fn)(int signo, void *user), void *user);

/* Runs until zs_loop_stop(); returns the value given there, or -code. */
int zs_loop_run(struct zs_loop *loop);
void zs_loop_stop(struct zs_loop *loop, int value);

#endif
