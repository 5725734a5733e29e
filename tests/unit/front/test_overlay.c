/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the configuration with the command line over it, and of one that
 * comes from the command line alone.
 */
#include "front/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <cmocka.h>

enum { WORDS = 32, NOBODY = 65534 };

static struct zs_cli cli;
static struct zs_config config;
static struct zs_err err;
static bool loaded;
static char dir[] = "/tmp/zs-test-overlay-XXXXXX";
static char file[64];

static const char text[] =
	"[defaults]\nstate-dir = /var/lib/test\nca = main\nprovider = bind\n"
	"[ca main]\ndirectory = letsencrypt\nemail = ops@example.test\nagree-tos = yes\n"
	"[provider bind]\nplugin = rfc2136\nnameserver = 127.0.0.1\n"
	"[zone corp.example.test]\npropagation = any\n"
	"[certificate one]\nnames = one.example.test\n"
	"[certificate two]\nnames = two.example.test, *.two.example.test\n";

static void unload(void)
{
	if (loaded)
		zs_config_done(&config);
	zs_cli_done(&cli);
	loaded = false;
}

#define LOAD(...) load((char *[]){ __VA_ARGS__, NULL })
#define ARG(literal) ((char *)(uintptr_t)(literal))

static int load(char *const *words)
{
	char *argv[WORDS + 2] = { ARG("zoneseal") };

	unload();
	for (int i = 0; i < WORDS && words[i]; i++)
		argv[i + 1] = words[i];
	assert_int_equal(zs_cli_parse(&cli, argv, &err), 0);
	loaded = true;
	zs_err_clear(&err);
	return zs_config_load(&config, &cli, ZS_CONFIG_CERTIFICATES, &err);
}

static void test_config_when_no_names_expect_all_chosen(void **state)
{
	(void)state;
	assert_int_equal(LOAD(ARG("issue"), ARG("--config"), file), 0);
	assert_true(config.found);
	assert_int_equal(config.chosen.n, 2);
	assert_string_equal(zs_buf_str(&config.state_dir), "/var/lib/test");
}

static void test_config_when_names_expect_those_once(void **state)
{
	(void)state;
	assert_int_equal(LOAD(ARG("issue"), ARG("--config"), file, ARG("two"), ARG("two")), 0);
	assert_int_equal(config.chosen.n, 1);
	assert_string_equal(config.chosen.items[0]->name, "two");
	assert_int_equal(LOAD(ARG("issue"), ARG("--config"), file, ARG("twoo")), -ZS_E_USAGE);
	assert_non_null(strstr(err.hint, "two"));
}

static void test_config_when_missing_expect_path_in_error(void **state)
{
	(void)state;
	assert_int_equal(LOAD(ARG("issue"), ARG("--config"), ARG("/nonexistent/z.conf"), ARG("-d"), ARG("x.test")), -ZS_E_CONFIG);
	assert_non_null(strstr(err.text, "/nonexistent/z.conf"));
	assert_int_equal(LOAD(ARG("issue")), -ZS_E_CONFIG);
	assert_non_null(strstr(err.hint, "-d NAME"));
}

static void test_overlay_when_options_expect_they_win(void **state)
{
	(void)state;
	assert_int_equal(LOAD(ARG("issue"), ARG("--config"), file, ARG("one"), ARG("--key-type"), ARG("ec384"), ARG("--propagation"),
			      ARG("sleep=3s"), ARG("--nonce-width=3"), ARG("-o"), ARG("nameserver=127.0.0.9"), ARG("--reuse-key")), 0);
	assert_string_equal(config.chosen.items[0]->key_type, "ec384");
	assert_true(config.chosen.items[0]->reuse_key);
	assert_string_equal(zs_conf_certificate(&config.conf, "two")->key_type, "ec256");
	assert_int_equal(config.conf.defaults.propagation.policy, ZS_CONF_POLICY_SLEEP);
	assert_int_equal(config.conf.zones.items[0].propagation.policy, ZS_CONF_POLICY_SLEEP);
	assert_int_equal(zs_conf_ca(&config.conf, "main")->nonce_width, 3);
	assert_int_equal(config.conf.providers.items[0].options.n, 1);
	assert_string_equal(config.conf.providers.items[0].options.items[0].value, "127.0.0.9");
}

static void test_overlay_when_staging_expect_twin_with_consent(void **state)
{
	(void)state;
	assert_int_equal(LOAD(ARG("issue"), ARG("--config"), file, ARG("one"), ARG("--staging")), 0);
	assert_string_equal(config.chosen.items[0]->ca, "letsencrypt-staging");
	const struct zs_conf_ca *ca = zs_conf_ca(&config.conf, "letsencrypt-staging");
	assert_true(ca && ca->agree_terms);
	assert_string_equal(ca->contacts.items[0], "mailto:ops@example.test");
	assert_int_equal(LOAD(ARG("issue"), ARG("--config"), file, ARG("one"), ARG("--staging"), ARG("--server"), ARG("zerossl")), -ZS_E_USAGE);
}

static void test_adhoc_expect_certificate_from_options(void **state)
{
	(void)state;
	assert_int_equal(LOAD(ARG("issue"), ARG("-d"), ARG("*.corp.example.test,corp.example.test"), ARG("-d"), ARG("x.example.test"),
			      ARG("--provider"), ARG("rfc2136"), ARG("-o"), ARG("nameserver=127.0.0.1"), ARG("-o"),
			      ARG("tsig-key-file=some.key"), ARG("--server"), ARG("https://localhost:14000/dir"), ARG("-m"),
			      ARG("ops@example.test"), ARG("--agree-tos"), ARG("--state-dir"), ARG("state")), 0);
	assert_false(config.found);
	assert_int_equal(config.chosen.n, 1);
	assert_string_equal(config.chosen.items[0]->name, "corp.example.test");
	assert_int_equal(config.chosen.items[0]->identifiers.n, 3);
	assert_string_equal(config.chosen.items[0]->ca, "localhost-14000-dir");
	assert_string_equal(config.chosen.items[0]->provider, "rfc2136");
	assert_true(zs_conf_ca(&config.conf, "localhost-14000-dir")->agree_terms);
	assert_int_equal(zs_buf_str(&config.state_dir)[0], '/');
	/* paths do not depend on where a host is started */
	assert_int_equal(config.conf.providers.items[0].options.items[1].value[0], '/');
}

static void test_adhoc_when_wildcard_alone_expect_base_as_name(void **state)
{
	(void)state;
	assert_int_equal(LOAD(ARG("issue"), ARG("-d"), ARG("*.corp.example.test"), ARG("--provider"), ARG("rfc2136"), ARG("--server"),
			      ARG("letsencrypt")), 0);
	assert_string_equal(config.chosen.items[0]->name, "corp.example.test");
	assert_string_equal(config.chosen.items[0]->ca, "letsencrypt");
}

static void test_adhoc_when_idn_expect_a_label_as_name(void **state)
{
	(void)state;
	assert_int_equal(LOAD(ARG("issue"), ARG("-d"), ARG("b\xc3\xbcro.corp.example.test"), ARG("--provider"), ARG("rfc2136"),
			      ARG("--server"), ARG("letsencrypt")), 0);
	assert_string_equal(config.chosen.items[0]->name, "xn--bro-hoa.corp.example.test");
	assert_string_equal(config.chosen.items[0]->identifiers.items[0].text, "xn--bro-hoa.corp.example.test");
}

static void test_adhoc_when_known_url_expect_shortcode(void **state)
{
	(void)state;
	assert_int_equal(LOAD(ARG("issue"), ARG("-d"), ARG("a.test"), ARG("--provider"), ARG("rfc2136"), ARG("--server"),
			      ARG("https://acme-v02.api.letsencrypt.org/directory")), 0);
	assert_string_equal(config.chosen.items[0]->ca, "letsencrypt");
}

static void test_adhoc_when_long_urls_expect_different_ids(void **state)
{
	static const char *const urls[] = {
		"https://ca.example.test/0123456789012345678901234567890123456789012345678901234567890123456789/a",
		"https://ca.example.test/0123456789012345678901234567890123456789012345678901234567890123456789/b",
	};
	char seen[2][ZS_MAX_ID + 1];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(LOAD(ARG("issue"), ARG("-d"), ARG("a.test"), ARG("--provider"), ARG("rfc2136"), ARG("--server"),
				      ARG(urls[i])), 0);
		snprintf(seen[i], sizeof(seen[i]), "%s", config.chosen.items[0]->ca);
	}
	assert_string_not_equal(seen[0], seen[1]);
}

static void test_adhoc_when_wrong_expect_usage(void **state)
{
	static const struct {
		const char *words[8];
		const char *text;
	} cases[] = {
		{ { "issue", "-d", "a.test", "--provider", "rfc2136" }, "no CA" },
		{ { "issue", "-d", "a.test", "--server", "letsencrypt" }, "no provider" },
		{ { "issue", "-d", "a.test", "--server", "letsencript", "--provider", "x" }, "letsencript" },
		{ { "issue", "-d", "a.test", "--server", "http://ca.test/", "--provider", "x" }, "neither" },
		{ { "issue", "-d", "a.test", "b", "--server", "letsencrypt" }, "not both" },
		{ { "issue", "-d", "a..test", "--server", "letsencrypt", "--provider", "x" }, "--domain" },
		{ { "issue", "-d", "*", "--server", "letsencrypt", "--provider", "x" }, "wildcard without a name" },
		{ { "issue", "-d", "exa mple.test", "--server", "letsencrypt", "--provider", "x" }, "\"exa mple.test\"" },
		{ { "issue", "-d", "2001:db8::1", "--server", "letsencrypt", "--provider", "x" }, "an IP address" },
		{ { "issue", "-d", "0123456789012345678901234567890123456789012345678901234567890123.test" }, "longer than 63" },
		{ { "issue", "-d", "a.test", "--server", "https://", "--provider", "x" }, "no host in the URL" },
		{ { "issue", "-d", "a.test", "--server", "letsencrypt", "--provider", "x", "--key-type=dsa" }, "--key-type: \"dsa\"" },
		{ { "issue", "-d", "a.test", "--cert-name", "../x" }, "--cert-name" },
		{ { "issue", "--cert-name", "x" }, "no configuration" },
	};

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(cases); i++) {
		char *words[9] = { NULL };
		for (size_t j = 0; j < 8 && cases[i].words[j]; j++)
			words[j] = ARG(cases[i].words[j]);
		assert_true(load(words) < 0);
		assert_non_null(strstr(err.text, cases[i].text));
	}
}

static int setup(void **state)
{
	FILE *f;

	(void)state;
	/* no configuration of this machine: root's is looked for in /etc whatever HOME says */
	if (!geteuid() && seteuid(NOBODY))
		print_message("stays root; a configuration of this machine would disturb\n");
	if (!mkdtemp(dir))
		return -1;
	setenv("HOME", dir, 1);
	unsetenv("XDG_CONFIG_HOME");
	snprintf(file, sizeof(file), "%s/z.conf", dir);
	umask(077);
	f = fopen(file, "we");
	if (!f)
		return -1;
	fputs(text, f);
	return fclose(f);
}

static int teardown(void **state)
{
	(void)state;
	unload();
	unlink(file);
	/* the leak checker wants to attach, which a change of user forbids */
	(void)!seteuid(getuid());
	prctl(PR_SET_DUMPABLE, 1);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_when_no_names_expect_all_chosen),
		cmocka_unit_test(test_config_when_names_expect_those_once),
		cmocka_unit_test(test_config_when_missing_expect_path_in_error),
		cmocka_unit_test(test_overlay_when_options_expect_they_win),
		cmocka_unit_test(test_overlay_when_staging_expect_twin_with_consent),
		cmocka_unit_test(test_adhoc_expect_certificate_from_options),
		cmocka_unit_test(test_adhoc_when_wildcard_alone_expect_base_as_name),
		cmocka_unit_test(test_adhoc_when_idn_expect_a_label_as_name),
		cmocka_unit_test(test_adhoc_when_known_url_expect_shortcode),
		cmocka_unit_test(test_adhoc_when_long_urls_expect_different_ids),
		cmocka_unit_test(test_adhoc_when_wrong_expect_usage),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
