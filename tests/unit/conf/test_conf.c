/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of single settings from the command line.
 */
#include "scratch.h"

#include <limits.h>

static int set(struct scratch *scratch, const char *section, const char *id, const char *key, const char *value)
{
	return zs_conf_set(&scratch->conf, section, id, key, value, "--opt", &scratch->err);
}

static void test_set_when_no_file_expect_whole_certificate(void **state)
{
	struct scratch *scratch = *state;
	const struct zs_conf_certificate *certificate;

	assert_int_equal(set(scratch, "certificate", "web", "names", "a.example,*.a.example"), 0);
	assert_int_equal(set(scratch, "certificate", "web", "ca", "letsencrypt-staging"), 0);
	assert_int_equal(set(scratch, "provider", "p", "plugin", "rfc2136"), 0);
	assert_int_equal(set(scratch, "provider", "p", "server", "192.0.2.1"), 0);
	assert_int_equal(set(scratch, "ca", "letsencrypt-staging", "agree-tos", "yes"), 0);
	assert_int_equal(zs_conf_finish(&scratch->conf, &scratch->err), 0);
	certificate = zs_conf_certificate(&scratch->conf, "web");
	assert_int_equal(certificate->identifiers.n, 2);
	assert_string_equal(certificate->where.file, "--opt");
	assert_int_equal(certificate->where.line, 0);
	assert_true(zs_conf_ca(&scratch->conf, certificate->ca)->agree_terms);
	assert_string_equal(scratch->conf.providers.items[0].options.items[0].where.file, "--opt");
}

static void test_set_when_file_said_it_expect_command_line_wins(void **state)
{
	struct scratch *scratch = *state;

	assert_int_equal(scratch_read(scratch, "[defaults]\nttl = 5\nresolvers = 192.0.2.1\n[provider p]\nplugin = x\nserver = a\n"
					       "[ca c]\ndirectory = google\neab-kid = k\neab-hmac-key-file = /k\n"), 0);
	assert_int_equal(set(scratch, "defaults", NULL, "ttl", "7"), 0);
	assert_int_equal(set(scratch, "defaults", NULL, "resolvers", "192.0.2.2,192.0.2.3"), 0);
	assert_int_equal(set(scratch, "provider", "p", "server", "b"), 0);
	assert_int_equal(set(scratch, "ca", "c", "eab-hmac-key-env", "KEY"), 0);
	assert_int_equal(zs_conf_finish(&scratch->conf, &scratch->err), 0);
	assert_int_equal(scratch->conf.defaults.ttl, 7);
	assert_int_equal(scratch->conf.defaults.resolvers.n, 2);
	assert_string_equal(scratch->conf.defaults.resolvers.items[0], "192.0.2.2");
	assert_int_equal(scratch->conf.providers.items[0].options.n, 1);
	assert_string_equal(scratch->conf.providers.items[0].options.items[0].value, "b");
	assert_int_equal(scratch->conf.cas.items[0].eab_key.kind, ZS_SECRET_ENV);
	assert_string_equal(scratch->conf.cas.items[0].eab_key.text, "KEY");
}

static void test_set_when_bad_expect_place_in_front(void **state)
{
	struct scratch *scratch = *state;

	assert_int_equal(set(scratch, "defaults", NULL, "ttl", "soon"), -ZS_E_CONFIG);
	assert_memory_equal(scratch->err.text, "--opt: ttl: \"soon\"", 18);
	assert_int_equal(set(scratch, "defaults", NULL, "tttl", "5"), -ZS_E_CONFIG);
	expect_text(scratch, "did you mean \"ttl\"?");
	assert_int_equal(set(scratch, "nothing", "x", "ttl", "5"), -ZS_E_CONFIG);
	assert_int_equal(set(scratch, "certificate", "a/b", "ca", "x"), -ZS_E_CONFIG);
	assert_int_equal(set(scratch, "provider", "p", "x", "a\nb"), -ZS_E_CONFIG);
	assert_int_equal(set(scratch, "zone", "x] [y", "ttl", "5"), -ZS_E_CONFIG);
	assert_int_equal(set(scratch, "defaults", NULL, "ttl", ""), -ZS_E_CONFIG);
	expect_text(scratch, "has no value");
}

static void test_set_when_path_is_relative_expect_absolute(void **state)
{
	struct scratch *scratch = *state;
	char here[PATH_MAX], want[PATH_MAX + 16];

	assert_non_null(getcwd(here, sizeof(here)));
	(void)snprintf(want, sizeof(want), "%s/my.csr", here);
	assert_int_equal(set(scratch, "certificate", "w", "csr", "my.csr"), 0);
	assert_string_equal(scratch->conf.certificates.items[0].csr, want);
	assert_int_equal(set(scratch, "certificate", "w", "csr", "/x"), 0);
	assert_string_equal(scratch->conf.certificates.items[0].csr, "/x");
	assert_int_equal(set(scratch, "provider", "p", "plugin", "./my.csr"), 0);
	assert_int_equal(scratch->conf.providers.items[0].plugin[0], '/');
	assert_int_equal(set(scratch, "provider", "p", "plugin", "rfc2136"), 0);
	assert_string_equal(scratch->conf.providers.items[0].plugin, "rfc2136");
	assert_int_equal(set(scratch, "ca", "c", "eab-hmac-key-file", "key"), 0);
	assert_int_equal(scratch->conf.cas.items[0].eab_key.text[0], '/');
}

static void test_set_when_zone_is_spelled_otherwise_expect_the_same_zone(void **state)
{
	struct scratch *scratch = *state;

	assert_int_equal(set(scratch, "zone", "B\xc3\xbc""cher.example", "ttl", "5"), 0);
	assert_int_equal(set(scratch, "zone", "xn--bcher-kva.example", "looks", "2"), 0);
	assert_int_equal(scratch->conf.zones.n, 1);
	assert_int_equal(scratch->conf.zones.items[0].ttl, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_set_when_no_file_expect_whole_certificate),
		SCRATCH_TEST(test_set_when_file_said_it_expect_command_line_wins),
		SCRATCH_TEST(test_set_when_bad_expect_place_in_front),
		SCRATCH_TEST(test_set_when_path_is_relative_expect_absolute),
		SCRATCH_TEST(test_set_when_zone_is_spelled_otherwise_expect_the_same_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
