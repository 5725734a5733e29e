/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the effective print: it reads back as the same, and shows no secret.
 */
#include "scratch.h"

static const char *const configurations[] = {
	"",
	"[defaults]\nca = gts\nemail = a@b\xc3\xbc""cher.example\nlooks = 2\npropagation = quorum = 60%\nservers = 192.0.2.9\nstate-dir = /s\nplugin-dir = /p\n"
	"[ca internal]\ndirectory = https://ca.example:9000/d\neab-kid = k\neab-hmac-key-credential = eab\nagree-tos = on\n"
	"origins = https://o.example/\nca-bundle = /b\nproxy = http://p.example:1\npreferred-chain = A B\nnonce-width = 1\naccount-key-type = 2048\nemail = x@y.example\n"
	"[provider p]\nplugin = rfc2136\nserver = 192.0.2.1\nkey-file = /etc/k = v\n[provider b]\nplugin = /opt/x.so\ntimeout = 1500ms\n"
	"[zone b\xc3\xbc""cher.example]\nprovider = p\nview = inside\nttl = 5m\nlooks = 0\n[zone _x.example]\nprovider = b\npropagation = sleep=1500ms\n"
	"[view inside]\nresolvers = 10.0.0.1:5353, [fe80::1%eth0]:53\n[view empty]\n"
	"[certificate web]\nnames = *.b\xc3\xbc""cher.example, b\xc3\xbc""cher.example\nkey-type = P-384\nreuse-key = 1\nkey-group = ssl\nprofile = shortlived\npreferred-chain = C D\ntimeout = 36h\n"
	"[certificate two]\nca = letsencrypt-staging\nprovider = b\ncsr = /x/y.csr\n",
	"[ca zerossl]\neab-kid = k\neab-hmac-key-env = E\n",
	"[ca zerossl]\neab-kid = k\neab-hmac-key-file = /k\n",
};

static void test_print_expect_it_reads_back_as_the_same(void **state)
{
	struct scratch *scratch = *state;

	for (size_t i = 0; i < ZS_COUNT(configurations); i++) {
		struct zs_buf first = ZS_BUF(1 << 16), second = ZS_BUF(1 << 16);

		if (scratch_load(scratch, configurations[i]))
			fail_msg("%s", scratch->err.text);
		zs_conf_print(&scratch->conf, &first);
		if (scratch_load(scratch, zs_buf_str(&first)))
			fail_msg("%s\n%s", scratch->err.text, zs_buf_str(&first));
		zs_conf_print(&scratch->conf, &second);
		assert_string_equal(zs_buf_str(&first), zs_buf_str(&second));
		zs_buf_done(&first);
		zs_buf_done(&second);
	}
}

static const struct {
	const char *key;
	bool shown;
} keys[] = {
	{ "api-token", false },
	{ "password", false },
	{ "tsig_secret", false },
	{ "secret-access-key", false },
	{ "api.key", false },
	{ "api-token-file", true },
	{ "api-token-credential", true },
	{ "key-name", true },
	{ "access-key-id", true },
	{ "server", true },
	{ "monkey", true },
};

static void test_print_when_option_looks_secret_expect_only_its_name(void **state)
{
	struct scratch *scratch = *state;

	for (size_t i = 0; i < ZS_COUNT(keys); i++) {
		struct zs_buf printed = ZS_BUF(1 << 16);
		char text[256];

		(void)snprintf(text, sizeof(text), "[provider p]\nplugin = x\n%s = hush123\n", keys[i].key);
		assert_int_equal(scratch_load(scratch, text), 0);
		zs_conf_print(&scratch->conf, &printed);
		assert_non_null(strstr(zs_buf_str(&printed), keys[i].key));
		if (keys[i].shown != (strstr(zs_buf_str(&printed), "hush123") != NULL))
			fail_msg("%s: %s", keys[i].key, zs_buf_str(&printed));
		zs_buf_done(&printed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_print_expect_it_reads_back_as_the_same),
		SCRATCH_TEST(test_print_when_option_looks_secret_expect_only_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
