/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of finalize: a kill at any moment leaves one whole record, the
 * old or the new one, with the key that belongs to its order.
 */
#include "vault/pending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drive.h"

static struct zs_name name;
static struct zs_pkey *keys[2];
static const char *const orders[2] = { "https://ca.example/order/0", "https://ca.example/order/1" };

static struct zs_pending pending_of(unsigned i)
{
	return (struct zs_pending){ .ca = "le", .key_type = "ec256", .identifiers = &name, .n_identifiers = 1, .key = keys[i],
				    .order_url = orders[i], .finalize_url = "https://ca.example/finalize" };
}

static bool same_key(const struct zs_pkey *a, const struct zs_pkey *b)
{
	struct zs_buf x = ZS_BUF(ZS_MAX_SPKI), y = ZS_BUF(ZS_MAX_SPKI);
	bool same;

	assert_int_equal(zs_pkey_spki(a, &x, NULL), 0);
	assert_int_equal(zs_pkey_spki(b, &y, NULL), 0);
	same = zs_slice_eq(zs_buf_slice(&x), zs_buf_slice(&y));
	zs_buf_done(&x);
	zs_buf_done(&y);
	return same;
}

static void expect_whole(int dir)
{
	struct zs_pending want = pending_of(0);
	struct zs_pending_found found;
	bool other;

	assert_int_equal(zs_pending_read(dir, &want, &found, &other, NULL), ZS_FOUND);
	assert_true(same_key(found.key, keys[strcmp(found.order_url, orders[1]) == 0]));
	zs_pkey_free(found.key);
}

static void test_write_when_killed_anywhere_expect_old_or_new(void **state)
{
	char *path = drive_tmp();
	int dir = open(path, O_RDONLY | O_DIRECTORY);
	struct zs_pending first = pending_of(0);

	(void)state;
	assert_int_equal(zs_pending_write(dir, &first, NULL), 0);
	for (unsigned i = 0; i < 200; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (unsigned n = 0;; n++) {
				struct zs_pending next = pending_of(n % 2);

				(void)zs_pending_write(dir, &next, NULL);
			}
		}
		(void)usleep(150 * (i % 50));
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		expect_whole(dir);
	}
	zs_state_sweep(dir);
	expect_whole(dir);
	assert_int_equal(zs_pending_drop(dir, NULL), 0);
	assert_false(zs_pending_exists(dir));
	assert_int_equal(zs_pending_drop(dir, NULL), 0);
	(void)close(dir);
	drive_remove(path);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_when_killed_anywhere_expect_old_or_new),
	};
	int rc;

	if (!zs_name_parse(zs_slice_str("example.test"), ZS_NAME_HOST, &name, NULL) || zs_pkey_new("ec256", &keys[0], NULL) != 0 ||
	    zs_pkey_new("ec256", &keys[1], NULL) != 0)
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	zs_pkey_free(keys[0]);
	zs_pkey_free(keys[1]);
	return rc;
}
