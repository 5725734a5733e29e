/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of the conformance kit that need no process: the search for secrets, the
 * encoding of the pipe to a simulation, the table of checks.
 */
#include "front/kit.h"
#include "front/kit_secret.h"
#include "front/kit_sim.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define S(text) zs_slice_str(text)

static const char secret[] = "Zs9f3~Kq7+xW/2bT1mPdR8vLcN4hJ6yE";

static struct zs_kit_secrets secrets;

static int set_up(void **state)
{
	(void)state;
	zs_kit_secrets_init(&secrets);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	zs_kit_secrets_done(&secrets);
	return 0;
}

static void expect_found(const char *text, const char *form)
{
	secrets.found[0] = 0;
	zs_kit_secret_search(&secrets, S(text), "a text");
	if (!form)
		assert_string_equal(secrets.found, "");
	else if (!strstr(secrets.found, form))
		fail_msg("\"%s\" in \"%s\", wanted \"%s\"", secrets.found, text, form);
}

/* ---- forms ---- */

static void test_forms_expect_found(void **state)
{
	char text[400] = "x=", *at = text + 2;
	size_t n = strlen(secret);

	(void)state;
	assert_true(zs_kit_secret_add(&secrets, "token", S(secret), ZS_SLICE_NONE));
	snprintf(text, sizeof(text), "using %s now", secret);
	expect_found(text, "as it is");
	snprintf(text, sizeof(text), "ends with %s", secret + n / 2);
	expect_found(text, "second half");
	snprintf(text, sizeof(text), "begins with %.*s...", (int)n / 2, secret);
	expect_found(text, "first half");
	for (size_t i = 0; i < n; i++)
		at[i] = secret[n - 1 - i];
	at[n] = 0;
	expect_found(text, "backwards");
	for (size_t i = 0; i < n; i++)
		snprintf(at + 2 * i, 3, "%02x", (unsigned char)secret[i]);
	expect_found(text, "hexadecimal");
	for (char *c = at; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	expect_found(text, "hexadecimal");
	for (size_t i = 0; i < n; i++)
		snprintf(at + 3 * i, 4, "%%%02X", (unsigned char)secret[i]);
	expect_found(text, "percent-encoded");
	expect_found("Zs9f3~Kq7%2BxW%2F2bT1mPdR8vLcN4hJ6yE", "percent-encoded");
}

/* As base64(1) says it, with 0, 1, 2 octets before it, and behind. */
static void test_base64_expect_found_wherever_it_stands(void **state)
{
	(void)state;
	assert_true(zs_kit_secret_add(&secrets, "token", S(secret), ZS_SLICE_NONE));
	expect_found("Basic WnM5ZjN+S3E3K3hXLzJiVDFtUGRSOHZMY040aEo2eUU=", "base64");
	expect_found("Basic OlpzOWYzfktxNyt4Vy8yYlQxbVBkUjh2TGNONGhKNnlF", "base64");
	expect_found("Basic dTpaczlmM35LcTcreFcvMmJUMW1QZFI4dkxjTjRoSjZ5RQ==", "base64");
	expect_found("Basic dXNlcjpaczlmM35LcTcreFcvMmJUMW1QZFI4dkxjTjRoSjZ5RS90YWls", "base64");
	expect_found("url WnM5ZjN-S3E3K3hXLzJiVDFtUGRSOHZMY040aEo2eUU", "base64url");
}

static void test_harmless_texts_expect_nothing(void **state)
{
	(void)state;
	assert_true(zs_kit_secret_add(&secrets, "token", S(secret), ZS_SLICE_NONE));
	expect_found("added 1 value at _acme-challenge.w0.k1.example.test", NULL);
	expect_found("using Zs9f3~Kq7 and no more", NULL);
	expect_found("", NULL);
}

static void test_words_of_a_file_expect_found_but_not_names(void **state)
{
	static const char file[] = "key \"update-key.corp.example.net\" {\n\talgorithm hmac-sha256;\n"
				   "\tsecret \"u8C2AOXajjq7rPtfI08iePvcpscQsaF5S54mj3vQN0A=\";\n};\nzone=known-to-everybody-here\n";

	(void)state;
	assert_true(zs_kit_secret_add(&secrets, "tsig-key-file", S(file), S("a zone known-to-everybody-here")));
	expect_found("signed with u8C2AOXajjq7rPtfI08iePvcpscQsaF5S54mj3vQN0A=", "tsig-key-file");
	expect_found("the key update-key.corp.example.net was refused", NULL);
	expect_found("known-to-everybody-here", NULL);
}

static void test_short_secrets_expect_not_looked_for(void **state)
{
	(void)state;
	assert_true(zs_kit_secret_add(&secrets, "pin", S("1234567"), ZS_SLICE_NONE));
	expect_found("1234567", NULL);
}

static void test_what_the_host_replaced_expect_found(void **state)
{
	(void)state;
	assert_true(zs_kit_secret_add(&secrets, "api-token", S(secret), ZS_SLICE_NONE));
	expect_found("plugin: the answer was [redacted] by the library itself", NULL);
	/* the log line comes first, the text of a result last */
	expect_found("plugin: what it said in apply held a secret, which was replaced (1 times)", "the secret api-token, as it is");
	assert_non_null(strstr(secrets.found, "a text: plugin: the answer was [redacted]"));
}

static void test_result_behind_the_warning_expect_its_text_shown(void **state)
{
	(void)state;
	assert_true(zs_kit_secret_add(&secrets, "api-token", S(secret), ZS_SLICE_NONE));
	assert_true(zs_kit_secret_add(&secrets, "api-secret", S("another-secret"), ZS_SLICE_NONE));
	zs_kit_secret_search(&secrets, S("plugin: what it said in apply held a secret, which was replaced (1 times)"), "a log line");
	assert_null(strstr(secrets.found, "refused"));
	zs_kit_secret_search(&secrets, S("refused: [redacted]"), "the text of a result");
	assert_string_equal(secrets.found, "one of the secrets api-token, api-secret, as it is, in a text that zoneseal has masked; "
					   "the text of a result: refused: [redacted]");
	zs_kit_secret_search(&secrets, S("again: [redacted]"), "the text of a result");
	assert_null(strstr(secrets.found, "again"));
}

static void test_pieces_expect_found_from_16_octets_on(void **state)
{
	static const char path[] = "https://dns.example.net/v1/tokens/Q7xLm2";
	char text[64];

	(void)state;
	assert_true(zs_kit_secret_add(&secrets, "token", S(secret), ZS_SLICE_NONE));
	for (size_t i = 0; i + 16 <= strlen(secret); i++) {
		snprintf(text, sizeof(text), "it has %.16s in it", secret + i);
		expect_found(text, "token");
		/* a half of it is 16 octets, too, and is called that */
		if (i > 0 && i < 16)
			expect_found(text, "by a piece of it");
		snprintf(text, sizeof(text), "it has %.15s in it", secret + i);
		expect_found(text, NULL);
	}
	/* not of a text, nor where it holds what everybody knows */
	assert_true(zs_kit_secret_add(&secrets, "file", S("what is in here = words of anybody"), ZS_SLICE_NONE));
	expect_found("the line says: is in here = words", NULL);
	assert_true(zs_kit_secret_add(&secrets, "address", S(path), S("api at //dns.example.net/v1/")));
	expect_found("cannot reach dns.example.net/v1/", NULL);
}

static void test_stream_expect_found_across_pieces(void **state)
{
	(void)state;
	assert_true(zs_kit_secret_add(&secrets, "token", S(secret), ZS_SLICE_NONE));
	for (int i = 0; i < 400; i++)
		zs_kit_secret_stream(&secrets, S("nothing of interest in this line, nor in the next one"), "output");
	assert_string_equal(secrets.found, "");
	/* neither half is whole in one piece */
	zs_kit_secret_stream(&secrets, zs_slice_of(secret, 10), "output");
	zs_kit_secret_stream(&secrets, zs_slice_of(secret + 10, 14), "output");
	zs_kit_secret_stream(&secrets, S(secret + 24), "output");
	assert_non_null(strstr(secrets.found, "token"));
}

/* ---- the pipe ---- */

static void test_quoting_expect_a_round_trip(void **state)
{
	uint8_t octets[256];
	struct zs_buf text = ZS_BUF(2048), back = ZS_BUF(2048);

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)i;
	zs_kit_sim_quote(&text, zs_slice_of(octets, sizeof(octets)));
	assert_int_equal(text.data[0], ' ');
	assert_null(memchr(text.data + 1, ' ', text.len - 1));
	assert_true(zs_kit_sim_unquote(zs_slice_of(text.data + 1, text.len - 1), &back));
	assert_true(zs_slice_eq(zs_buf_slice(&back), zs_slice_of(octets, sizeof(octets))));
	zs_buf_done(&text);
	zs_buf_done(&back);
}

static void test_what_nobody_quotes_expect_refused(void **state)
{
	static const char *const bad[] = { "%", "%4", "%4x", "%G0", "a b", "a\"b", "a+b", "a/b", "\x7f", "\xc3\xa4", "a%0" };
	struct zs_buf back = ZS_BUF(64);

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(bad); i++)
		assert_false(zs_kit_sim_unquote(S(bad[i]), &back));
	assert_true(zs_kit_sim_unquote(S("a%2Fb%e4"), &back));
	assert_true(zs_slice_eq_str(zs_buf_slice(&back), "a/b\xe4"));
	zs_buf_done(&back);
}

/* ---- limits ---- */

static void test_limits_expect_their_names(void **state)
{
	static const char *const names[] = { "lag", "values", "zones", "derived", "reasons" };
	static const char *const others[] = { "", "la", "lags", "LAG", "colour" };

	(void)state;
	assert_int_equal(ZS_COUNT(names), ZS_KIT_LIMIT__COUNT);
	for (size_t i = 0; i < ZS_COUNT(names); i++)
		assert_int_equal(zs_kit_limit(names[i]), i);
	for (size_t i = 0; i < ZS_COUNT(others); i++)
		assert_int_equal(zs_kit_limit(others[i]), ZS_KIT_LIMIT__COUNT);
}

/* ---- the table ---- */

static void test_checks_expect_names_of_their_own(void **state)
{
	size_t n;
	const struct zs_kit_check *checks = zs_kit_checks(&n);

	(void)state;
	assert_true(n >= 60);
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(zs_kit_check(checks[i].name), &checks[i]);
		assert_true(strspn(checks[i].name, "abcdefghijklmnopqrstuvwxyz-") == strlen(checks[i].name));
		assert_true(strlen(checks[i].proves) > 10 && checks[i].guide);
		/* one way to run each */
		assert_int_equal(!!checks[i].script + !!checks[i].run + !!checks[i].positions, 1);
		assert_true(!checks[i].positions || checks[i].fault.kind);
	}
	assert_null(zs_kit_check("no-such-check"));
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_forms_expect_found),
		ROW(test_base64_expect_found_wherever_it_stands),
		ROW(test_harmless_texts_expect_nothing),
		ROW(test_words_of_a_file_expect_found_but_not_names),
		ROW(test_short_secrets_expect_not_looked_for),
		ROW(test_what_the_host_replaced_expect_found),
		ROW(test_result_behind_the_warning_expect_its_text_shown),
		ROW(test_pieces_expect_found_from_16_octets_on),
		ROW(test_stream_expect_found_across_pieces),
		ROW(test_quoting_expect_a_round_trip),
		ROW(test_what_nobody_quotes_expect_refused),
		ROW(test_limits_expect_their_names),
		ROW(test_checks_expect_names_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
