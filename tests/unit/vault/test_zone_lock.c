/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks of zones: real vaults, two of them on one state tree as two runs have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drive.h"

enum { LONG_MS = 20000,
	SHORT_MS = 150,
	LOOK_MS = 60 };

/* A request that may wait. */
struct wish {
	struct drive *d;
	bool done;
	int code;
	char text[1200];
	uint32_t id;
	int *keep; /* where the descriptor of the lock goes, NULL = it is closed */
};

static struct zs_msg_zone_lock key(const char *instance, const char *zone)
{
	struct zs_msg_zone_lock key = { .instance = zs_slice_str(instance) };

	assert_true(!*zone || zs_name_parse(zs_slice_str(zone), ZS_NAME_ANY, &key.zone, NULL));
	return key;
}

static void on_reply(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct wish *wish = user;

	(void)chan;
	(void) final;
	wish->done = true;
	wish->code = in != NULL ? 0 : (int)err->code;
	if (in != NULL && wish->keep != NULL)
		*wish->keep = dup(in->fd);
	(void)snprintf(wish->text, sizeof(wish->text), "%s", err->text);
	zs_loop_stop(wish->d->loop, 0);
}

static void ask(struct wish *wish, struct drive *d, const char *instance, const char *zone, uint64_t ms)
{
	const struct zs_msg_zone_lock m = key(instance, zone);

	*wish = (struct wish){ .d = d };
	assert_int_equal(zs_chan_call(d->engine, ZS_MSG_ZONE_LOCK, &m, -1, ms, on_reply, wish, &wish->id), 0);
}

static int get(struct wish *wish)
{
	while (!wish->done)
		assert_true(zs_loop_run(wish->d->loop) >= 0);
	return wish->code;
}

static int lock(struct drive *d, const char *instance, const char *zone, uint64_t ms)
{
	struct wish wish;

	ask(&wish, d, instance, zone, ms);
	return get(&wish);
}

/* As for a host that makes the change: what it gets with the request. */
static int lock_of_host(struct drive *d, const char *instance, const char *zone)
{
	struct wish wish;
	int fd = -1;

	ask(&wish, d, instance, zone, LONG_MS);
	wish.keep = &fd;
	assert_int_equal(get(&wish), 0);
	assert_true(fd >= 0);
	return fd;
}

static void unlock(struct drive *d, const char *instance, const char *zone)
{
	const struct zs_msg_zone_lock m = key(instance, zone);

	assert_int_equal(zs_chan_note(d->engine, ZS_MSG_ZONE_UNLOCK, &m, -1), 0);
	/* the vault serves in order: with the answer to this one it has heard of the note */
	assert_int_not_equal(lock(d, "..", "x.test", LONG_MS), 0);
}

static void stop(void *user)
{
	zs_loop_stop(user, 0);
}

/* Still waiting after a look. */
static bool waits(const struct wish *wish)
{
	(void)zs_loop_timer(wish->d->loop, LOOK_MS, stop, wish->d->loop);
	assert_true(zs_loop_run(wish->d->loop) >= 0);
	return !wish->done;
}

struct two {
	char *dir;
	struct drive *a, *b;
};

static struct two start(void)
{
	struct two two = { .dir = drive_tmp() };

	two.a = drive_start(two.dir, NULL);
	two.b = two.a != NULL ? drive_start(two.dir, NULL) : NULL;
	if (two.b == NULL)
		skip();
	return two;
}

static void finish(struct two *two)
{
	if (two->a != NULL)
		assert_int_equal(drive_end(two->a), 0);
	if (two->b != NULL)
		assert_int_equal(drive_end(two->b), 0);
	drive_remove(two->dir);
	free(two->dir);
}

static bool is_there(const struct two *two, const char *path, mode_t *ret_mode)
{
	char full[4200];
	struct stat st;

	(void)snprintf(full, sizeof(full), "%s/%s", two->dir, path);
	if (lstat(full, &st) != 0)
		return false;
	*ret_mode = st.st_mode & 07777;
	return true;
}

/* ---- between runs ---- */

static void test_lock_when_other_run_has_it_expect_busy_at_deadline(void **state)
{
	struct two two = start();
	struct wish wish;

	(void)state;
	assert_int_equal(lock(two.a, "bind", "example.test", LONG_MS), 0);
	ask(&wish, two.b, "bind", "example.test", SHORT_MS);
	assert_int_equal(get(&wish), ZS_E_BUSY);
	assert_non_null(strstr(wish.text, "zone example.test is being changed through bind by another run"));
	/* nobody else is held up */
	assert_int_equal(lock(two.b, "bind", "other.test", SHORT_MS), 0);
	assert_int_equal(lock(two.b, "knot", "example.test", SHORT_MS), 0);
	unlock(two.a, "bind", "example.test");
	assert_int_equal(lock(two.b, "bind", "example.test", SHORT_MS), 0);
	assert_int_equal(lock(two.a, "bind", "example.test", SHORT_MS), ZS_E_BUSY);
	finish(&two);
}

static void test_lock_when_given_back_expect_next_run(void **state)
{
	struct two two = start();
	struct wish wish;

	(void)state;
	assert_int_equal(lock(two.a, "bind", "example.test", LONG_MS), 0);
	ask(&wish, two.b, "bind", "example.test", LONG_MS);
	assert_true(waits(&wish));
	unlock(two.a, "bind", "example.test");
	assert_int_equal(get(&wish), 0);
	finish(&two);
}

static void test_lock_when_holder_dies_expect_next_run(void **state)
{
	struct two two = start();
	struct wish wish;

	(void)state;
	assert_int_equal(lock(two.a, "bind", "example.test", LONG_MS), 0);
	ask(&wish, two.b, "bind", "example.test", LONG_MS);
	assert_true(waits(&wish));
	drive_kill(two.a);
	two.a = NULL;
	assert_int_equal(get(&wish), 0);
	finish(&two);
}

static void test_lock_when_engine_ends_expect_next_run(void **state)
{
	struct two two = start();
	struct wish held, wish;

	(void)state;
	assert_int_equal(lock(two.a, "bind", "example.test", LONG_MS), 0);
	ask(&held, two.a, "bind", "example.test", LONG_MS);
	ask(&wish, two.b, "bind", "example.test", LONG_MS);
	assert_true(waits(&wish));
	zs_chan_free(two.a->engine);
	two.a->engine = NULL;
	assert_int_equal(get(&wish), 0);
	/* the vault itself lives on */
	assert_int_equal(drive_front(two.a, ZS_MSG_VAULT_OPEN, &(struct zs_msg_vault_open){ .adopt = false })->code, 0);
	finish(&two);
}

/* ---- a host that still works ---- */

static void test_lock_when_host_outlives_engine_expect_wait_for_host(void **state)
{
	struct two two = start();
	int host = lock_of_host(two.a, "bind", "example.test");
	struct wish wish;

	(void)state;
	zs_chan_free(two.a->engine);
	two.a->engine = NULL;
	/* served after the end of the engine's channel */
	assert_int_equal(drive_front(two.a, ZS_MSG_VAULT_OPEN, &(struct zs_msg_vault_open){ .adopt = false })->code, 0);
	ask(&wish, two.b, "bind", "example.test", LONG_MS);
	assert_true(waits(&wish));
	assert_int_equal(close(host), 0);
	assert_int_equal(get(&wish), 0);
	finish(&two);
}

static void test_lock_when_host_outlives_vault_expect_wait_for_host(void **state)
{
	struct two two = start();
	int host = lock_of_host(two.a, "bind", "example.test");
	struct wish wish;

	(void)state;
	drive_kill(two.a);
	two.a = NULL;
	ask(&wish, two.b, "bind", "example.test", LONG_MS);
	assert_true(waits(&wish));
	assert_int_equal(close(host), 0);
	assert_int_equal(get(&wish), 0);
	finish(&two);
}

/* The engine gave up on it, and front has yet to end it. */
static void test_lock_when_host_hangs_expect_wait_for_host(void **state)
{
	struct two two = start();
	int host = lock_of_host(two.a, "bind", "example.test");
	struct wish wish;

	(void)state;
	ask(&wish, two.a, "bind", "example.test", LONG_MS);
	unlock(two.a, "bind", "example.test");
	assert_true(waits(&wish));
	assert_int_equal(close(host), 0);
	assert_int_equal(get(&wish), 0);
	finish(&two);
}

/* ---- within one run ---- */

static void test_lock_when_several_wait_expect_order_of_asking(void **state)
{
	struct two two = start();
	struct wish second, third, late;

	(void)state;
	assert_int_equal(lock(two.a, "bind", "example.test", LONG_MS), 0);
	ask(&second, two.a, "bind", "example.test", LONG_MS);
	ask(&late, two.a, "bind", "example.test", SHORT_MS);
	ask(&third, two.a, "bind", "example.test", LONG_MS);
	/* also one who waits for his own run gives up in time */
	assert_int_equal(get(&late), ZS_E_BUSY);
	assert_true(waits(&second) && waits(&third));
	unlock(two.a, "bind", "example.test");
	assert_int_equal(get(&second), 0);
	assert_true(waits(&third));
	unlock(two.a, "bind", "example.test");
	assert_int_equal(get(&third), 0);
	finish(&two);
}

static void test_lock_when_cancelled_expect_the_one_behind(void **state)
{
	struct two two = start();
	struct wish second, third;

	(void)state;
	assert_int_equal(lock(two.a, "bind", "example.test", LONG_MS), 0);
	ask(&second, two.a, "bind", "example.test", LONG_MS);
	ask(&third, two.a, "bind", "example.test", LONG_MS);
	zs_chan_cancel(two.a->engine, second.id);
	unlock(two.a, "bind", "example.test");
	assert_int_equal(get(&third), 0);
	assert_false(second.done);
	finish(&two);
}

/* ---- what is on the disk, and what is refused ---- */

static void test_lock_when_held_expect_private_file(void **state)
{
	struct two two = start();
	mode_t mode = 0;

	(void)state;
	assert_false(is_there(&two, "locks", &mode));
	assert_int_equal(lock(two.a, "bind", "example.test", LONG_MS), 0);
	assert_true(is_there(&two, "locks", &mode) && mode == 0700);
	assert_true(is_there(&two, "locks/bind", &mode) && mode == 0700);
	assert_true(is_there(&two, "locks/bind/example.test", &mode) && mode == 0600);
	unlock(two.a, "bind", "example.test");
	assert_false(is_there(&two, "locks/bind/example.test", &mode));
	/* given back twice is no harm */
	unlock(two.a, "bind", "example.test");
	assert_int_equal(lock(two.a, "bind", "example.test", LONG_MS), 0);
	assert_int_equal(drive_end(two.a), 0);
	two.a = NULL;
	assert_false(is_there(&two, "locks/bind/example.test", &mode));
	finish(&two);
}

static void test_lock_when_name_is_no_file_expect_refused(void **state)
{
	static const char *const instances[] = { "", "..", ".x", "a/b", "a b", "caf\xc3\xa9" };
	static const char *const zones[] = { "", "a/b.test", "a:b.test", "*.test" };
	struct two two = start();
	mode_t mode = 0;

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(instances); i++)
		assert_int_equal(lock(two.a, instances[i], "example.test", LONG_MS), ZS_E_BUG);
	for (size_t i = 0; i < ZS_COUNT(zones); i++) {
		struct zs_msg_zone_lock m = key("bind", "");

		m.zone.len = (uint8_t)strlen(zones[i]);
		(void)snprintf(m.zone.text, sizeof(m.zone.text), "%s", zones[i]);
		if (strncmp(zones[i], "*.", 2) == 0)
			assert_true(zs_name_parse(zs_slice_str(zones[i]), ZS_NAME_OWNER, &m.zone, NULL));
		assert_int_equal(drive_engine(two.a, ZS_MSG_ZONE_LOCK, &m)->code, ZS_E_BUG);
	}
	assert_false(is_there(&two, "locks", &mode));
	finish(&two);
}

static void test_lock_when_only_looking_expect_refused(void **state)
{
	struct two two = start();
	struct zs_msg_zone_lock m = key("bind", "example.test");
	struct drive *looker = drive_start(two.dir, "--read-only");
	const struct answer *answer;
	mode_t mode = 0;

	(void)state;
	answer = drive_engine(looker, ZS_MSG_ZONE_LOCK, &m);
	assert_int_equal(answer->code, ZS_E_BUG);
	assert_non_null(strstr(answer->text, "who only looks"));
	assert_false(is_there(&two, "locks", &mode));
	assert_int_equal(drive_end(looker), 0);
	finish(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lock_when_other_run_has_it_expect_busy_at_deadline),
		cmocka_unit_test(test_lock_when_given_back_expect_next_run),
		cmocka_unit_test(test_lock_when_holder_dies_expect_next_run),
		cmocka_unit_test(test_lock_when_engine_ends_expect_next_run),
		cmocka_unit_test(test_lock_when_host_outlives_engine_expect_wait_for_host),
		cmocka_unit_test(test_lock_when_host_outlives_vault_expect_wait_for_host),
		cmocka_unit_test(test_lock_when_host_hangs_expect_wait_for_host),
		cmocka_unit_test(test_lock_when_several_wait_expect_order_of_asking),
		cmocka_unit_test(test_lock_when_cancelled_expect_the_one_behind),
		cmocka_unit_test(test_lock_when_held_expect_private_file),
		cmocka_unit_test(test_lock_when_name_is_no_file_expect_refused),
		cmocka_unit_test(test_lock_when_only_looking_expect_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
