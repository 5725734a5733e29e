/* SPDX-License-Identifier: Apache-2.0 */
/* The version and size rules of the ABI, on descriptors in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "host/load.h"

static int32_t open_it(const struct zsp_host *host, const struct zsp_list *values, void **ret)
{
	(void)host;
	(void)values;
	(void)ret;
	return ZSP_OK;
}

static int32_t apply_it(void *instance, const struct zsp_str *zone, const struct zsp_list *changes)
{
	(void)instance;
	(void)zone;
	(void)changes;
	return ZSP_OK;
}

static void close_it(void *instance)
{
	(void)instance;
}

static struct zsp_provider good(void)
{
	return (struct zsp_provider){
		.head = ZSP_PROVIDER(ZSP_FLAG_EXECS | 0x8000),
		.name = ZSP_STR("good"),
		.open = open_it, .apply = apply_it, .close = close_it,
	};
}

static int check(const struct zsp_provider *p, struct zs_err *err)
{
	struct zsp_provider copy;

	return zs_plugin_check_abi(p, "/x/p.so", &copy, err);
}

static void expect(const struct zsp_provider *p, const char *text)
{
	struct zs_err err;

	assert_int_equal(check(p, &err), -ZS_E_PLUGIN);
	if (!strstr(err.text, text) || !strstr(err.text, "/x/p.so") ||
	    !strstr(err.text, "ABI.md"))
		fail_msg("%s", err.text);
}

static void test_abi_of_good_descriptor_passes(void **state)
{
	struct zsp_provider p = good();

	(void)state;
	assert_int_equal(check(&p, NULL), 0);
	p.head.flags = ZSP_FLAG_NO_REMOVE | ZSP_FLAG_NEEDS_ZONE_LOCK | ZSP_FLAG_EXECS;
	assert_int_equal(check(&p, NULL), 0);
	p.head.flags = ~ZSP_FLAGS_MUST_UNDERSTAND;	/* unknown hints are no reason */
	assert_int_equal(check(&p, NULL), 0);
	p = good();
	p.head.abi_minor = 7;	/* newer: what it has besides is not read */
	assert_int_equal(check(&p, NULL), 0);
}

static void test_abi_mismatch_names_both_versions(void **state)
{
	struct zsp_provider p = good();

	(void)state;
	p.head.abi_major = 2;
	expect(&p, "ABI 2.0, this zoneseal has 1.0");
	p = good();
	p.head.abi_major = 0;
	p.head.abi_minor = 2;
	expect(&p, "ABI 0.2, this zoneseal has 1.0");
	p = good();
	p.head.magic = 0;
	expect(&p, "magic number 0x00000000");
	p = good();
	p.head.flags |= 0x80000000u;
	expect(&p, "flags 0x80000000");
	p = good();
	p.head.struct_size--;
	expect(&p, "descriptor of");
}

static void test_abi_without_mandatory_function_is_refused(void **state)
{
	struct zsp_provider p = good();

	(void)state;
	p.open = NULL;
	expect(&p, "function open is NULL");
	p = good();
	p.apply = NULL;
	expect(&p, "function apply is NULL");
	p = good();
	p.close = NULL;
	expect(&p, "function close is NULL");
}

/* A newer plugin has more members: they are not read. */
static void test_abi_of_larger_descriptor_is_cut(void **state)
{
	struct { struct zsp_provider p; char more[64]; } larger = { good(), { 0 } };
	struct zsp_provider copy;

	(void)state;
	memset(larger.more, 0xff, sizeof(larger.more));
	larger.p.head.struct_size = sizeof(larger);
	assert_int_equal(zs_plugin_check_abi(&larger.p, "/x/p.so", &copy, NULL), 0);
	assert_memory_equal(&copy, &larger.p, sizeof(copy));
}

static void test_file_that_is_no_plugin_is_refused(void **state)
{
	struct zs_plugin_file file;
	struct zs_err err;

	(void)state;
	assert_int_equal(zs_plugin_file_open("relative.so", getuid(), &file, &err), -ZS_E_PLUGIN);
	assert_int_equal(zs_plugin_file_open("/nonexistent/p.so", getuid(), &file, &err),
			 -ZS_E_PLUGIN);
	assert_int_equal(zs_plugin_file_open("/usr", getuid(), &file, &err), -ZS_E_PLUGIN);
	assert_int_equal(file.fd, -1);
	assert_int_equal(zs_plugin_file_open("/etc/hostname", getuid(), &file, &err), -ZS_E_PLUGIN);
	zs_plugin_file_done(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_abi_of_good_descriptor_passes),
		cmocka_unit_test(test_abi_mismatch_names_both_versions),
		cmocka_unit_test(test_abi_without_mandatory_function_is_refused),
		cmocka_unit_test(test_abi_of_larger_descriptor_is_cut),
		cmocka_unit_test(test_file_that_is_no_plugin_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
