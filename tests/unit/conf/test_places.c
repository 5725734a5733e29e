/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the default places.
 */
#include "scratch.h"

static const struct {
	struct zs_conf_user user;
	const char *path, *state; /* NULL = an error */
} places[] = {
	{ { 0, "/root", "/x", "/y" }, ZS_SYSCONFDIR "/zoneseal.conf", ZS_STATEDIR },
	{ { 0, NULL, NULL, NULL }, ZS_SYSCONFDIR "/zoneseal.conf", ZS_STATEDIR },
	{ { 4242, "/home/u", NULL, NULL }, "/home/u/.config/zoneseal/zoneseal.conf", "/home/u/.local/state/zoneseal" },
	{ { 4242, "/home/u", "", "" }, "/home/u/.config/zoneseal/zoneseal.conf", "/home/u/.local/state/zoneseal" },
	{ { 4242, "/home/u", "/c", "/s" }, "/c/zoneseal/zoneseal.conf", "/s/zoneseal" },
	{ { 4242, NULL, "/c", "/s" }, "/c/zoneseal/zoneseal.conf", "/s/zoneseal" },
	{ { 4242, "/home/u", "relative", "./s" }, "/home/u/.config/zoneseal/zoneseal.conf", "/home/u/.local/state/zoneseal" },
	{ { 4242, NULL, NULL, NULL }, NULL, NULL },
	{ { 4242, "relative", NULL, NULL }, NULL, NULL },
};

static void expect_place(int rc, struct zs_buf *got, const char *want)
{
	assert_int_equal(rc, want ? 0 : -ZS_E_CONFIG);
	if (want)
		assert_string_equal(zs_buf_str(got), want);
	zs_buf_done(got);
}

static void test_places_expect_by_user_and_environment(void **state)
{
	struct zs_buf buf = ZS_BUF(4096);
	struct zs_err err;

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(places); i++) {
		expect_place(zs_conf_default_path(&places[i].user, &buf, &err), &buf, places[i].path);
		expect_place(zs_conf_default_state(&places[i].user, &buf, &err), &buf, places[i].state);
	}
}

static void test_places_when_too_long_expect_error(void **state)
{
	const struct zs_conf_user user = { .uid = 4242, .home = "/a-home-that-is-longer-than-the-buffer" };
	struct zs_buf buf = ZS_BUF(16);
	struct zs_err err;

	(void)state;
	assert_int_equal(zs_conf_default_path(&user, &buf, &err), -ZS_E_CONFIG);
	zs_buf_done(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places_expect_by_user_and_environment),
		cmocka_unit_test(test_places_when_too_long_expect_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
