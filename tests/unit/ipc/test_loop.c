/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop: timers with a clock of the test, removal during dispatch, signals. */
#include "ipc/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Time goes on by what the loop wants to wait. */
static uint64_t now;
static int last_wait;

static int64_t wall_ms(struct zs_clock *clock) { (void)clock; return (int64_t)now; }
static uint64_t mono_ms(struct zs_clock *clock) { (void)clock; return now; }
static uint32_t no_random(struct zs_clock *clock) { (void)clock; return 0; }
static struct zs_clock fake = { wall_ms, mono_ms, no_random };

static int jump(struct pollfd *fds, size_t n, int timeout_ms, void *user)
{
	int rc = poll(fds, (nfds_t)n, 0);

	(void)user;
	last_wait = timeout_ms;
	if (rc == 0 && timeout_ms > 0)
		now += (uint64_t)timeout_ms;
	return rc;
}

static struct zs_loop *loop;
static char trace[64];

static int setup(void **state)
{
	(void)state;
	now = 1000;
	trace[0] = 0;
	loop = zs_loop_new(&fake);
	zs_loop_set_wait(loop, jump, NULL);
	return loop ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	zs_loop_free(loop);
	return 0;
}

static void note(void *user)
{
	size_t n = strlen(trace);

	trace[n] = *(const char *)user;
	trace[n + 1] = 0;
}

static void stop(void *user)
{
	(void)user;
	zs_loop_stop(loop, 5);
}

static void test_timers_fire_in_order_of_time_then_of_making(void **state)
{
	(void)state;
	zs_loop_timer(loop, 30, note, "c");
	zs_loop_timer(loop, 10, note, "a");
	zs_loop_timer(loop, 30, note, "d");
	zs_loop_timer(loop, 20, note, "b");
	zs_loop_timer(loop, 40, stop, NULL);
	zs_loop_timer(loop, UINT64_MAX, note, "x");
	assert_int_equal(zs_loop_run(loop), 5);
	assert_string_equal(trace, "abcd");
	assert_int_equal(now, 1040);
}

static struct zs_timer *victim;

static void cancel_victim(void *user)
{
	note(user);
	zs_loop_timer_cancel(loop, victim);
}

static void test_timer_cancelled_by_another_does_not_fire(void **state)
{
	(void)state;
	zs_loop_timer(loop, 10, cancel_victim, "a");
	victim = zs_loop_timer(loop, 10, note, "x");
	zs_loop_timer(loop, 10, note, "b");
	zs_loop_timer(loop, 11, stop, NULL);
	zs_loop_timer_cancel(loop, NULL);
	assert_int_equal(zs_loop_run(loop), 5);
	assert_string_equal(trace, "ab");
}

static unsigned again_count;

static void again(void *user)
{
	note(user);
	if (++again_count < 3)
		assert_non_null(zs_loop_timer(loop, 0, again, user));
	else
		zs_loop_stop(loop, 0);
}

static int count_turns(void *user)
{
	++*(unsigned *)user;
	return -1;
}

static void test_timer_of_no_delay_waits_for_the_next_turn(void **state)
{
	unsigned turns = 0;

	(void)state;
	again_count = 0;
	zs_loop_set_before(loop, count_turns, &turns);
	zs_loop_timer(loop, 0, again, "r");
	assert_int_equal(zs_loop_run(loop), 0);
	assert_string_equal(trace, "rrr");
	assert_int_equal(turns, 3);
}

static int ten(void *user)
{
	(void)user;
	return 10;
}

static void test_before_shortens_the_wait(void **state)
{
	(void)state;
	zs_loop_set_before(loop, ten, NULL);
	zs_loop_timer(loop, 15, stop, NULL);
	assert_int_equal(zs_loop_run(loop), 5);
	assert_int_equal(now, 1015);
	assert_int_equal(last_wait, 5);
}

static void test_stop_before_run_returns_at_once(void **state)
{
	(void)state;
	zs_loop_stop(loop, 3);
	assert_int_equal(zs_loop_run(loop), 3);
	zs_loop_timer(loop, 1, stop, NULL);
	assert_int_equal(zs_loop_run(loop), 5);
}

/* ---- descriptors ---- */

static int pipes[2][2];

static void open_pipes(void)
{
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe2(pipes[i], O_CLOEXEC | O_NONBLOCK), 0);
		assert_int_equal(write(pipes[i][1], "x", 1), 1);
	}
}

static void close_pipes(void)
{
	for (int i = 0; i < 4; i++)
		(void)close(pipes[i / 2][i % 2]);
}

/* Whoever comes first takes the other one away. */
static void remove_other(int fd, short revents, void *user)
{
	assert_true(revents & POLLIN);
	note(user);
	zs_loop_fd_remove(loop, fd == pipes[0][0] ? pipes[1][0] : pipes[0][0]);
	zs_loop_fd_remove(loop, fd);
	zs_loop_timer(loop, 5, stop, NULL);
}

static void test_descriptor_removed_during_dispatch_is_not_called(void **state)
{
	(void)state;
	open_pipes();
	assert_int_equal(zs_loop_fd(loop, pipes[0][0], POLLIN, remove_other, "a"), 0);
	assert_int_equal(zs_loop_fd(loop, pipes[1][0], POLLIN, remove_other, "b"), 0);
	assert_int_equal(zs_loop_run(loop), 5);
	assert_string_equal(trace, "a");
	close_pipes();
}

static void never(int fd, short revents, void *user)
{
	(void)fd;
	(void)revents;
	note(user);
}

/* The number comes back for another file: its old events are not its own. */
static void replace_other(int fd, short revents, void *user)
{
	(void)revents;
	note(user);
	zs_loop_fd_remove(loop, fd);
	zs_loop_fd_remove(loop, pipes[1][0]);
	assert_int_equal(zs_loop_fd(loop, pipes[1][0], 0, never, "x"), 0);
	zs_loop_timer(loop, 5, stop, NULL);
}

static void test_descriptor_reused_during_dispatch_sees_no_old_event(void **state)
{
	(void)state;
	open_pipes();
	assert_int_equal(zs_loop_fd(loop, pipes[0][0], POLLIN, replace_other, "a"), 0);
	assert_int_equal(zs_loop_fd(loop, pipes[1][0], POLLIN, never, "x"), 0);
	assert_int_equal(zs_loop_run(loop), 5);
	assert_string_equal(trace, "a");
	close_pipes();
}

static void test_descriptor_added_twice_changes_its_events(void **state)
{
	(void)state;
	open_pipes();
	assert_int_equal(zs_loop_fd(loop, pipes[0][0], POLLIN, never, "x"), 0);
	assert_int_equal(zs_loop_fd(loop, pipes[0][0], 0, never, "x"), 0);
	zs_loop_timer(loop, 5, stop, NULL);
	assert_int_equal(zs_loop_run(loop), 5);
	assert_string_equal(trace, "");
	close_pipes();
}

/* ---- signals and errors ---- */

static void on_signal(int signo, void *user)
{
	(void)user;
	zs_loop_stop(loop, signo);
}

static void test_signal_arrives_as_an_event(void **state)
{
	static const int signals[] = { SIGUSR1, SIGUSR2 };

	(void)state;
	assert_int_equal(zs_loop_signals(loop, signals, 2, on_signal, NULL), 0);
	assert_int_equal(raise(SIGUSR2), 0);
	assert_int_equal(zs_loop_run(loop), SIGUSR2);
}

static int interrupted_once(struct pollfd *fds, size_t n, int timeout_ms, void *user)
{
	unsigned *calls = user;

	if ((*calls)++)
		return jump(fds, n, timeout_ms, NULL);
	errno = EINTR;
	return -1;
}

static void test_wait_interrupted_goes_on(void **state)
{
	unsigned calls = 0;

	(void)state;
	zs_loop_set_wait(loop, interrupted_once, &calls);
	zs_loop_timer(loop, 5, stop, NULL);
	assert_int_equal(zs_loop_run(loop), 5);
	assert_int_equal(calls, 2);
}

static int broken(struct pollfd *fds, size_t n, int timeout_ms, void *user)
{
	(void)fds;
	(void)n;
	(void)timeout_ms;
	(void)user;
	errno = EINVAL;
	return -1;
}

static void test_wait_broken_ends_the_loop(void **state)
{
	(void)state;
	zs_loop_set_wait(loop, broken, NULL);
	assert_true(zs_loop_run(loop) < 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_timers_fire_in_order_of_time_then_of_making),
		TEST(test_timer_cancelled_by_another_does_not_fire),
		TEST(test_timer_of_no_delay_waits_for_the_next_turn),
		TEST(test_before_shortens_the_wait),
		TEST(test_stop_before_run_returns_at_once),
		TEST(test_descriptor_removed_during_dispatch_is_not_called),
		TEST(test_descriptor_reused_during_dispatch_sees_no_old_event),
		TEST(test_descriptor_added_twice_changes_its_events),
		TEST(test_signal_arrives_as_an_event),
		TEST(test_wait_interrupted_goes_on),
		TEST(test_wait_broken_ends_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
