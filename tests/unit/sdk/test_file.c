/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/file.h: what is read, and what is refused with path and reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include <zoneseal/file.h>

#include "host.h"

static struct fake fake;
static char dir[] = "/tmp/zs-file-XXXXXX";
static char path[128], other[128];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	return 0;
}

static int drop_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static int setup(void **state)
{
	FILE *f = fopen(path, "w");

	(void)state;
	fake_init(&fake);
	return !f || fputs("12345678", f) < 0 || fclose(f);
}

static int teardown(void **state)
{
	(void)state;
	unlink(other);
	return unlink(path);
}

static void test_read_appends_the_file_also_through_a_link(void **state)
{
	struct zsp_text text = ZSP_TEXT(64);

	(void)state;
	assert_int_equal(symlink("file", other), 0);
	zsp_text_addz(&text, "<");
	assert_int_equal(zsp_file_read(&fake.host, path, &text), ZSP_OK);
	assert_int_equal(zsp_file_read(&fake.host, other, &text), ZSP_OK);
	assert_string_equal(text.p, "<1234567812345678");
	assert_int_equal(fake.fails, 0);
	zsp_text_done(&text);
}

static void test_read_when_the_cap_is_the_size_fits_and_one_less_does_not(void **state)
{
	struct zsp_text text = ZSP_TEXT_SECRET(8), small = ZSP_TEXT(7);

	(void)state;
	assert_int_equal(zsp_file_read(&fake.host, path, &text), ZSP_OK);
	assert_int_equal(text.failed, 0);
	assert_int_equal(zsp_file_read(&fake.host, path, &small), ZSP_CONFIG);
	assert_non_null(strstr(fake.fail, path));
	assert_non_null(strstr(fake.fail, "larger than 7 octets"));
	zsp_text_done(&text);
	zsp_text_done(&small);
}

static void refused(const char *what, const char *why)
{
	struct zsp_text text = ZSP_TEXT(64);

	fake_init(&fake);
	assert_int_equal(zsp_file_read(&fake.host, what, &text), ZSP_CONFIG);
	assert_int_equal(fake.error_class, ZSP_CONFIG);
	if (!strstr(fake.fail, what) || !strstr(fake.fail, why))
		fail_msg("%s", fake.fail);
	zsp_text_done(&text);
}

static void test_read_when_there_is_no_regular_file_refuses(void **state)
{
	(void)state;
	refused(other, "No such file");
	refused(dir, "not a regular file");
	refused("/dev/null", "not a regular file");
	/* opening one that nobody writes to would hang */
	assert_int_equal(mkfifo(other, 0600), 0);
	refused(other, "not a regular file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read_appends_the_file_also_through_a_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_when_the_cap_is_the_size_fits_and_one_less_does_not, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_when_there_is_no_regular_file_refuses, setup, teardown),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
