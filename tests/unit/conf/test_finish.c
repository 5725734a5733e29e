/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of what is checked and filled in once everything is read.
 */
#include "scratch.h"

#define P "[provider p]\nplugin = rfc2136\n"
#define Q "[provider q]\nplugin = rfc2136\n"

static const struct {
	const char *label, *text, *want;
} mistakes[] = {
	{ "no ca", P "[certificate w]\nnames = a.example\n", ":3: [certificate w] has no ca" },
	{ "several cas and no default", P "[ca letsencrypt]\n[ca google]\n[certificate w]\nnames = a.example\n", "[certificate w] has no ca" },
	{ "unknown ca, near a shortcode", P "[certificate w]\nnames = a.example\nca = letsencript\n",
		":5: [certificate w] names ca \"letsencript\", but there is none; did you mean \"letsencrypt\"?" },
	{ "unknown ca, near nothing", P "[certificate w]\nnames = a.example\nca = xyzzy\n",
		"there is no [ca xyzzy] and no such shortcode" },
	{ "unknown ca in defaults", "[defaults]\nca = xyzzy\n", ":2: [defaults] names ca \"xyzzy\"" },
	{ "unknown provider in zone", P "[zone a.example]\nprovider = pp1\n", ":4: [zone a.example] names provider \"pp1\"" },
	{ "unknown provider in defaults", "[defaults]\nprovider = corp-bnd\n[provider corp-bind]\nplugin = x\n",
		":2: [defaults] names provider \"corp-bnd\", but there is none; did you mean \"corp-bind\"?" },
	{ "unknown view", P "[zone a.example]\nview = v\n", ":4: [zone a.example] names view \"v\", but there is no [view v]" },
	{ "unknown provider of certificate", P "[certificate w]\nca = letsencrypt\nnames = a.example\nprovider = q\n", ":6: [certificate w] names provider" },
	{ "no names", P "[certificate w]\nca = letsencrypt\n", ":3: [certificate w] has no names" },
	{ "no plugin", "[provider p]\nserver = 192.0.2.1\n", ":1: [provider p] has no plugin" },
	{ "no directory", "[ca internal]\n", ":1: [ca internal] has no directory" },
	{ "no provider at all", "[certificate w]\nca = letsencrypt\nnames = a.example\n", "there is no [provider NAME]" },
	{ "several providers, none for a name", P Q "[zone a.example]\nprovider = p\n[certificate w]\nca = letsencrypt\nnames = x.a.example, b.example\n",
		":9: [certificate w]: there are several providers, and none for b.example" },
	{ "eab-kid alone", "[ca zerossl]\neab-kid = k\n", ":2: [ca zerossl] has eab-kid but no key" },
	{ "eab key alone", "[ca zerossl]\neab-hmac-key-env = K\n", ":1: [ca zerossl] has a key for external account binding but no eab-kid" },
	{ "names beside csr", P "[certificate w]\nca = letsencrypt\ncsr = /c\nnames = a.example\n", ":6: [certificate w] has a csr" },
	{ "key-type beside csr", P "[certificate w]\nca = letsencrypt\ncsr = /c\nkey-type = ec256\n", "remove key-type" },
};

static void test_finish_when_mistaken_expect_line_and_words(void **state)
{
	struct scratch *scratch = *state;

	for (size_t i = 0; i < ZS_COUNT(mistakes); i++) {
		if (scratch_read(scratch, mistakes[i].text))
			fail_msg("%s: not even read: %s", mistakes[i].label, scratch->err.text);
		if (zs_conf_finish(&scratch->conf, &scratch->err) != -ZS_E_CONFIG)
			fail_msg("%s: accepted", mistakes[i].label);
		if (!strstr(scratch->err.text, mistakes[i].want))
			fail_msg("%s: \"%s\" is not in: %s", mistakes[i].label, mistakes[i].want, scratch->err.text);
	}
}

static const char *const fine[] = {
	"",
	"[defaults]\nca = letsencrypt\n",
	P,
	"[view v]\n",
	"[zone a.example]\n",
	P Q "[certificate w]\nca = letsencrypt\nnames = a.example\nprovider = q\n",
	P Q "[zone example]\nprovider = p\n[certificate w]\nca = letsencrypt\nnames = a.example, *.b.example\n",
	P Q "[defaults]\nprovider = p\n[certificate w]\nca = letsencrypt\nnames = a.example\n",
	P "[certificate v]\nca = google\nnames = a.example\n[certificate w]\nca = google\nnames = a.example\n",
	P Q "[certificate w]\nca = letsencrypt\ncsr = /c.pem\n",
	"[ca zerossl]\neab-kid = k\neab-hmac-key-file = /k\n",
};

static void test_finish_when_fine_expect_no_words(void **state)
{
	struct scratch *scratch = *state;

	for (size_t i = 0; i < ZS_COUNT(fine); i++) {
		if (scratch_load(scratch, fine[i]))
			fail_msg("%s: %s", fine[i], scratch->err.text);
		/* Again: nothing more happens. */
		assert_int_equal(zs_conf_finish(&scratch->conf, &scratch->err), 0);
	}
}

static void test_finish_when_only_shortcode_expect_implicit_ca(void **state)
{
	struct scratch *scratch = *state;
	const struct zs_conf_ca *ca;

	assert_int_equal(scratch_load(scratch, P "[defaults]\nca = gts\nemail = a@b.example\n[certificate w]\nnames = a.example\n"
					       "[certificate x]\nca = letsencrypt_test\nnames = a.example\n"), 0);
	assert_string_equal(scratch->conf.certificates.items[0].ca, "gts");
	ca = zs_conf_ca(&scratch->conf, "gts");
	assert_string_equal(ca->directory, "https://dv.acme-v02.api.pki.goog/directory");
	assert_int_equal(ca->contacts.n, 1);
	assert_string_equal(ca->contacts.items[0], "mailto:a@b.example");
	assert_false(ca->agree_terms);
	assert_int_equal(ca->nonce_width, 10);
	assert_non_null(zs_conf_ca(&scratch->conf, "letsencrypt_test"));
	assert_null(zs_conf_ca(&scratch->conf, "letsencrypt"));
	assert_null(zs_conf_ca(&scratch->conf, NULL));
}

static void test_finish_when_section_is_called_like_shortcode_expect_directory(void **state)
{
	struct scratch *scratch = *state;
	const struct zs_conf_ca *ca;

	assert_int_equal(scratch_load(scratch, P "[ca letsencrypt]\nagree-tos = yes\nemail = own@b.example\n[defaults]\nemail = a@b.example\n"
					       "[certificate w]\nnames = a.example\n"), 0);
	ca = zs_conf_ca(&scratch->conf, scratch->conf.certificates.items[0].ca);
	assert_string_equal(ca->directory, zs_conf_shortcode("letsencrypt"));
	assert_true(ca->agree_terms);
	assert_string_equal(ca->contacts.items[0], "mailto:own@b.example");
	assert_int_equal(scratch->conf.cas.n, 1);
}

static void test_finish_when_zone_says_nothing_expect_inheritance(void **state)
{
	struct scratch *scratch = *state;
	const struct zs_conf_zone *a, *b;

	assert_int_equal(scratch_load(scratch, P "[defaults]\npropagation = sleep=10s\npropagation-timeout = 9m\nlooks = 3\nttl = 2m\nservers = 192.0.2.9\n"
					       "[view inside]\nresolvers = 10.0.0.1\nservers = 10.0.0.2\n"
					       "[zone a.example]\nview = inside\n"
					       "[zone b.example]\nview = inside\nservers = 10.0.0.3\nlooks = 0\npropagation = quorum=50%\nttl = 5\n"
					       "[zone c.example]\n"), 0);
	a = &scratch->conf.zones.items[0];
	b = &scratch->conf.zones.items[1];
	assert_string_equal(a->provider, "p");
	assert_string_equal(a->resolvers.items[0], "10.0.0.1");
	assert_string_equal(a->servers.items[0], "10.0.0.2");
	assert_int_equal(a->propagation.policy, ZS_CONF_POLICY_SLEEP);
	assert_int_equal(a->propagation.sleep_ms, 10000);
	assert_int_equal(a->propagation.timeout_ms, 540000);
	assert_int_equal(a->propagation.looks, 3);
	assert_int_equal(a->ttl, 120);
	assert_string_equal(b->servers.items[0], "10.0.0.3");
	assert_int_equal(b->propagation.policy, ZS_CONF_POLICY_QUORUM);
	assert_int_equal(b->propagation.percent, 50);
	assert_int_equal(b->propagation.sleep_ms, 0);
	assert_int_equal(b->propagation.looks, 0);
	assert_int_equal(b->ttl, 5);
	assert_string_equal(scratch->conf.zones.items[2].servers.items[0], "192.0.2.9");
	assert_int_equal(scratch->conf.zones.items[2].resolvers.n, 0);
}

static void test_zone_for_expect_deepest_on_label_borders(void **state)
{
	struct scratch *scratch = *state;
	struct zs_name name;
	const struct zs_conf_zone *zone;

	assert_int_equal(scratch_load(scratch, "[zone example]\n[zone a.example]\n[zone _acme-challenge.b.example]\n"), 0);
	assert_true(zs_name_parse(S("x.a.example"), ZS_NAME_OWNER, &name, NULL));
	zone = zs_conf_zone_for(&scratch->conf, &name);
	assert_string_equal(zone->zone.text, "a.example");
	assert_true(zs_name_parse(S("xa.example"), ZS_NAME_OWNER, &name, NULL));
	assert_string_equal(zs_conf_zone_for(&scratch->conf, &name)->zone.text, "example");
	assert_true(zs_name_parse(S("_acme-challenge.b.example"), ZS_NAME_OWNER, &name, NULL));
	assert_string_equal(zs_conf_zone_for(&scratch->conf, &name)->zone.text, "_acme-challenge.b.example");
	assert_true(zs_name_parse(S("a.test"), ZS_NAME_OWNER, &name, NULL));
	assert_null(zs_conf_zone_for(&scratch->conf, &name));
}

static void test_certificate_when_nothing_said_expect_defaults(void **state)
{
	struct scratch *scratch = *state;
	const struct zs_conf_certificate *certificate;

	assert_int_equal(scratch_load(scratch, P "[defaults]\nkey-type = 3072\nca = google\n[certificate w]\nnames = *.a.example\n"), 0);
	certificate = zs_conf_certificate(&scratch->conf, "w");
	assert_string_equal(certificate->key_type, "rsa3072");
	assert_int_equal(certificate->timeout_ms, 900000);
	assert_true(certificate->identifiers.items[0].wildcard);
	assert_null(certificate->provider);
	assert_string_equal(scratch->conf.defaults.provider, "p");
	assert_null(scratch->conf.defaults.state_dir);
	assert_null(scratch->conf.defaults.plugin_dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_finish_when_mistaken_expect_line_and_words),
		SCRATCH_TEST(test_finish_when_fine_expect_no_words),
		SCRATCH_TEST(test_finish_when_only_shortcode_expect_implicit_ca),
		SCRATCH_TEST(test_finish_when_section_is_called_like_shortcode_expect_directory),
		SCRATCH_TEST(test_finish_when_zone_says_nothing_expect_inheritance),
		SCRATCH_TEST(test_zone_for_expect_deepest_on_label_borders),
		SCRATCH_TEST(test_certificate_when_nothing_said_expect_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
