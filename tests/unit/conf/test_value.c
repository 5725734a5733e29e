/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of values by type: what is accepted, in which form it comes back, and
 * what is refused with which words.
 */
#include "conf/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "conf/section.h"

#define S(text) zs_slice_str(text)

struct row {
	enum zs_conf_section section;
	const char *key, *text, *want; /* want as printed, or as in the error */
};

#define D ZS_CONF_DEFAULTS
#define C ZS_CONF_CA
#define P ZS_CONF_PROVIDER
#define X ZS_CONF_CERTIFICATE

static const struct row good[] = {
	{ D, "ca", "letsencrypt", "letsencrypt" },
	{ D, "email", "a@example.com , MAILTO:b@b\xc3\xbc""cher.example", "mailto:a@example.com, mailto:b@xn--bcher-kva.example" },
	{ D, "resolvers", "192.0.2.1,192.0.2.1:53,2001:db8::1, [2001:db8::1]:5353,[::1],fe80::1%eth0",
		"192.0.2.1, 192.0.2.1:53, 2001:db8::1, [2001:db8::1]:5353, [::1], fe80::1%eth0" },
	{ D, "propagation", "all", "all" },
	{ D, "propagation", "names", "names" },
	{ D, "propagation", "any", "any" },
	{ D, "propagation", "provider", "provider" },
	{ D, "propagation", "quorum=60%", "quorum=60%" },
	{ D, "propagation", "quorum = 100%", "quorum=100%" },
	{ D, "propagation", "sleep=90s", "sleep=90s" },
	{ D, "propagation-timeout", "300", "5m" },
	{ D, "propagation-timeout", "1500ms", "1500ms" },
	{ D, "looks", "0", "0" },
	{ D, "looks", "16", "16" },
	{ D, "ttl", "2m", "2m" },
	{ D, "ttl", "86400", "1d" },
	{ D, "key-type", "p256", "ec256" },
	{ D, "key-type", "P-384", "ec384" },
	{ D, "key-type", "2048", "rsa2048" },
	{ D, "key-type", "RSA3072", "rsa3072" },
	{ D, "key-type", "rsa:4096", "rsa4096" },
	{ D, "state-dir", "/var/lib/x y", "/var/lib/x y" },
	{ C, "directory", "https://ca.example.com:9000/acme/directory?x=1", "https://ca.example.com:9000/acme/directory?x=1" },
	{ C, "directory", "https://[2001:db8::1]:14000/dir", "https://[2001:db8::1]:14000/dir" },
	{ C, "directory", "zerossl", "https://acme.zerossl.com/v2/DV90" },
	{ C, "origins", "https://a.example/, https://b.example:444", "https://a.example, https://b.example:444" },
	{ C, "proxy", "http://proxy.example:3128", "http://proxy.example:3128" },
	{ C, "proxy", "socks5h://127.0.0.1:1080/", "socks5h://127.0.0.1:1080/" },
	{ C, "agree-tos", "YES", "yes" },
	{ C, "agree-tos", "1", "yes" },
	{ C, "agree-tos", "off", "no" },
	{ C, "eab-kid", "kid_1", "kid_1" },
	{ C, "eab-hmac-key-file", "/etc/zoneseal/eab", "/etc/zoneseal/eab" },
	{ C, "eab-hmac-key-credential", "eab", "eab" },
	{ C, "eab-hmac-key-env", "EAB_KEY", "EAB_KEY" },
	{ C, "preferred-chain", "ISRG Root X1", "ISRG Root X1" },
	{ C, "nonce-width", "256", "256" },
	{ P, "plugin", "rfc2136", "rfc2136" },
	{ P, "plugin", "/opt/x/y.so", "/opt/x/y.so" },
	{ P, "timeout", "1h", "1h" },
	{ P, "allow-programs", "YES", "yes" },
	{ P, "allow-programs", "no", "no" },
	{ X, "names", "B\xc3\xbc""cher.example, *.B\xc3\xbc""cher.example,a.example.", "xn--bcher-kva.example, *.xn--bcher-kva.example, a.example" },
	{ X, "key-group", "ssl-cert", "ssl-cert" },
	{ X, "timeout", "7d", "7d" },
};

static const struct row bad[] = {
	{ D, "ca", "", "has no value" },
	{ D, "ca", "  ", "has no value" },
	{ D, "ca", "a b", "not a name" },
	{ D, "ca", ".a", "not a name" },
	{ D, "email", "example.com", "not an e-mail address" },
	{ D, "email", "a@b@c", "not an e-mail address" },
	{ D, "email", "a@x.example?subject=1", "not an e-mail address" },
	{ D, "email", "a@x.example,,b@x.example", "an empty item" },
	{ D, "resolvers", "dns.example.com", "not an address" },
	{ D, "resolvers", "192.0.2.1:0", "not an address" },
	{ D, "resolvers", "192.0.2.1:65536", "not an address" },
	{ D, "resolvers", "192.0.2.256", "not an address" },
	{ D, "resolvers", "[2001:db8::1", "not an address" },
	{ D, "resolvers", "[2001:db8::1]53", "not an address" },
	{ D, "resolvers", "192.0.2.1,", "an empty item" },
	{ D, "resolvers", ",", "an empty item" },
	{ D, "propagation", "most", "not a policy" },
	{ D, "propagation", "all=1", "not a policy" },
	{ D, "propagation", "quorum", "not quorum=N%" },
	{ D, "propagation", "quorum=0%", "not quorum=N%" },
	{ D, "propagation", "quorum=101%", "not quorum=N%" },
	{ D, "propagation", "quorum=50", "not quorum=N%" },
	{ D, "propagation", "sleep=", "not sleep=T" },
	{ D, "propagation", "sleep=2d", "not sleep=T" },
	{ D, "propagation-timeout", "0", "not between 1s and 1d" },
	{ D, "propagation-timeout", "5 minutes", "not a duration" },
	{ D, "propagation-timeout", "99999999999999999999d", "not a duration" },
	{ D, "looks", "17", "not a number in 0..16" },
	{ D, "looks", "-1", "not a number in 0..16" },
	{ D, "looks", "0x1", "not a number in 0..16" },
	{ D, "ttl", "1500ms", "not whole seconds" },
	{ D, "ttl", "2d", "not between 1s and 1d" },
	{ D, "key-type", "ed25519", "not a key type" },
	{ D, "state-dir", "var/lib", "not an absolute path" },
	{ D, "state-dir", "/a\nb", "a control character" },
	{ C, "directory", "http://ca.example.com/", "not an https:// URL" },
	{ C, "directory", "letsencript", "neither an https:// URL nor a shortcode" },
	{ C, "directory", "https://user:pw@ca.example.com/", "user and password" },
	{ C, "directory", "https:///dir", "no host" },
	{ C, "directory", "https://ca.example.com:x/", "no port" },
	{ C, "directory", "https://ca.example.com/#a", "a fragment" },
	{ C, "directory", "https://ca.example.com/a b", "not a URL" },
	{ C, "directory", "https:ca", "not a URL" },
	{ C, "origins", "https://a.example/path", "not https://HOST" },
	{ C, "proxy", "ftp://a.example", "not an http://" },
	{ C, "proxy", "http://u:p@a.example", "user and password" },
	{ C, "agree-tos", "maybe", "neither yes nor no" },
	{ C, "eab-kid", "a b", "not one word" },
	{ C, "eab-hmac-key-file", "eab", "not an absolute path" },
	{ C, "eab-hmac-key-credential", "../x", "not the name of a credential" },
	{ C, "eab-hmac-key-env", "1X", "not the name of an environment variable" },
	{ C, "eab-hmac-key-env", "A=B", "not the name of an environment variable" },
	{ C, "preferred-chain", "a\x1b[1m", "not printable" },
	{ C, "nonce-width", "0", "not a number in 1..256" },
	{ P, "plugin", "../x.so", "not an absolute path" },
	{ P, "plugin", "a b", "neither the name of a plugin" },
	{ P, "allow-programs", "exec", "neither yes nor no" },
	{ X, "names", "a.example, A.Example", "is written twice" },
	{ X, "names", "b\xc3\xbc""cher.example,xn--bcher-kva.example", "is written twice" },
	{ X, "names", "192.0.2.1", "an IP address" },
	{ X, "names", "2001:db8::1", "an IP address" },
	{ X, "names", "a..example", "empty label" },
	{ X, "names", "www.*.example", "only as the whole first label" },
	{ X, "names", "_x.example", "other than letter, digit, hyphen" },
	{ X, "names", "xn--0.example", "does not decode" },
	{ X, "key-group", "a:b", "not the name of a group" },
};

static struct zs_conf_item make(struct zs_conf *conf, enum zs_conf_section section)
{
	struct zs_conf_item item = { .section = section };

	zs_conf_init(conf);
	if (section == ZS_CONF_DEFAULTS)
		item = zs_conf_item(conf, section, 0);
	else
		assert_true(zs_conf_item_add(conf, section, "x", (struct zs_conf_where){ "t", 1 }, &item));
	return item;
}

static void test_value_when_good_expect_canonical_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(good); i++) {
		const struct zs_conf_option *option = zs_conf_option(good[i].section, good[i].key);
		struct zs_buf why = ZS_BUF(1024), printed = ZS_BUF(4096);
		struct zs_conf conf;
		struct zs_conf_item item = make(&conf, good[i].section);

		assert_non_null(option);
		if (!zs_conf_value_set(option, item.at, S(good[i].text), &why))
			fail_msg("%s = %s: %s", good[i].key, good[i].text, zs_buf_str(&why));
		zs_conf_value_print(option, item.at, &printed);
		assert_string_equal(zs_buf_str(&printed), good[i].want);
		/* What is printed reads back as the same. */
		assert_true(zs_conf_value_set(option, item.at, zs_buf_slice(&printed), &why));
		zs_buf_clear(&printed);
		zs_conf_value_print(option, item.at, &printed);
		assert_string_equal(zs_buf_str(&printed), good[i].want);
		zs_buf_done(&why);
		zs_buf_done(&printed);
		zs_conf_done(&conf);
	}
}

static void test_value_when_bad_expect_words_and_no_change(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(bad); i++) {
		const struct zs_conf_option *option = zs_conf_option(bad[i].section, bad[i].key);
		struct zs_buf why = ZS_BUF(1024), before = ZS_BUF(4096), after = ZS_BUF(4096);
		struct zs_conf conf;
		struct zs_conf_item item = make(&conf, bad[i].section);
		bool had = zs_conf_value_has(option, item.at);

		if (had)
			zs_conf_value_print(option, item.at, &before);
		if (zs_conf_value_set(option, item.at, S(bad[i].text), &why))
			fail_msg("%s = %s was accepted", bad[i].key, bad[i].text);
		if (!strstr(zs_buf_str(&why), bad[i].want))
			fail_msg("%s = %s: \"%s\" is not in: %s", bad[i].key, bad[i].text, bad[i].want, zs_buf_str(&why));
		assert_int_equal(zs_conf_value_has(option, item.at), had);
		if (had)
			zs_conf_value_print(option, item.at, &after);
		assert_string_equal(zs_buf_str(&before), zs_buf_str(&after));
		zs_buf_done(&why);
		zs_buf_done(&before);
		zs_buf_done(&after);
		zs_conf_done(&conf);
	}
}

static void test_names_when_more_than_100_expect_refusal(void **state)
{
	const struct zs_conf_option *option = zs_conf_option(ZS_CONF_CERTIFICATE, "names");
	struct zs_buf list = ZS_BUF(1 << 16), why = ZS_BUF(1024);
	struct zs_conf conf;
	struct zs_conf_item item = make(&conf, ZS_CONF_CERTIFICATE);

	(void)state;
	for (int i = 0; i < 100; i++)
		zs_buf_addf(&list, "%sn%d.example", i ? "," : "", i);
	assert_true(zs_conf_value_set(option, item.at, zs_buf_slice(&list), &why));
	assert_int_equal(conf.certificates.items[0].identifiers.n, 100);
	zs_buf_add_str(&list, ",one.more.example");
	assert_false(zs_conf_value_set(option, item.at, zs_buf_slice(&list), &why));
	assert_non_null(strstr(zs_buf_str(&why), "more than 100 names"));
	assert_int_equal(conf.certificates.items[0].identifiers.n, 100);
	zs_buf_done(&list);
	zs_buf_done(&why);
	zs_conf_done(&conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value_when_good_expect_canonical_form),
		cmocka_unit_test(test_value_when_bad_expect_words_and_no_change),
		cmocka_unit_test(test_names_when_more_than_100_expect_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
