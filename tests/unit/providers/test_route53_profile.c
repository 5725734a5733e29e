/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the AWS tools: which profile is taken, what is refused, and that no
 * message has a line of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "providers/route53/keys.h"
#include "providers/route53/profile.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PAIR(access, secret) "aws_access_key_id = " access "\naws_secret_access_key = " secret "\n"

struct row {
	const char *label;
	int32_t kind;
	const char *text, *name;
	const char *access, *secret, *token;	/* access NULL = none found */
};

static const struct row rows[] = {
	{ "default", PROFILE_CREDENTIALS, "[default]\n" PAIR("AKIA", "s"), "default", "AKIA", "s", "" },
	{ "token", PROFILE_CREDENTIALS, "[default]\n" PAIR("ASIA", "s") "aws_session_token=t/+=\n", "default", "ASIA", "s", "t/+=" },
	{ "second of two", PROFILE_CREDENTIALS, "[a]\n" PAIR("A", "1") "[b]\n" PAIR("B", "2"), "b", "B", "2", "" },
	{ "first of two", PROFILE_CREDENTIALS, "[a]\n" PAIR("A", "1") "[b]\n" PAIR("B", "2"), "a", "A", "1", "" },
	{ "no blanks, CR, case, comments", PROFILE_CREDENTIALS,
	  "# c\r\n; c\r\n\r\n[ x ] # c\r\nAWS_Access_Key_ID=K\r\n#aws_access_key_id=L\r\naws_secret_access_key  =  s=1#2\r\n", "x", "K",
	  "s=1#2", "" },
	{ "no line end at the end", PROFILE_CREDENTIALS, "[x]\naws_access_key_id=K\naws_secret_access_key=s", "x", "K", "s", "" },
	{ "absent", PROFILE_CREDENTIALS, "[a]\n" PAIR("A", "1"), "b", NULL, NULL, NULL },
	{ "config: profile", PROFILE_CONFIG, "[profile b]\nregion = x\n" PAIR("B", "2"), "b", "B", "2", "" },
	{ "config: profile in quotes", PROFILE_CONFIG, "[profile \"my own\"]\n" PAIR("B", "2"), "my own", "B", "2", "" },
	{ "config: default", PROFILE_CONFIG, "[default]\n" PAIR("B", "2"), "default", "B", "2", "" },
	{ "config: a section without the word is no profile", PROFILE_CONFIG, "[b]\n" PAIR("B", "2"), "b", NULL, NULL, NULL },
	{ "config: nested settings", PROFILE_CONFIG, "[profile b]\ns3 =\n  aws_access_key_id = N\n\tx=1\n" PAIR("B", "2"), "b", "B",
	  "2", "" },
	{ "empty file", PROFILE_CREDENTIALS, "", "default", NULL, NULL, NULL },
};

static void test_profiles(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct profile profile;
		uint32_t line;

		print_message("%s\n", row->label);
		profile_init(&profile);
		assert_null(profile_read(&profile, zsp_strz(row->text), row->kind, zsp_strz(row->name), &line));
		assert_int_equal(profile.found, row->access != NULL);
		assert_string_equal(zsp_text_str(&profile.keys.access).p, row->access ? row->access : "");
		assert_string_equal(zsp_text_str(&profile.keys.secret).p, row->access ? row->secret : "");
		assert_string_equal(zsp_text_str(&profile.keys.token).p, row->access ? row->token : "");
		profile_done(&profile);
	}
}

static void test_lines_that_are_none_are_named_by_number(void **state)
{
	static const struct { const char *text; uint32_t line; } bad[] = {
		{ "key = 1\n", 1 },
		{ "[a]\nSECRET\n", 2 },
		{ "[a\nx=1\n", 1 },
		{ "[]\n", 1 },
		{ "[a] b\n", 1 },
		{ "[a]\n= SECRET\n", 2 },
		{ "[a]\n  SECRET = 1\n", 2 },
		{ "[a]\nx = \x01SECRET\n", 2 },
		{ "[a]\n" PAIR("A", "1") "\n[a]\n" PAIR("A", "1"), 5 },
		{ "[a]\n" PAIR("A", "1") PAIR("A", "1"), 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct profile profile;
		uint32_t line;
		const char *fault;

		print_message("%s\n", bad[i].text);
		profile_init(&profile);
		fault = profile_read(&profile, zsp_strz(bad[i].text), PROFILE_CREDENTIALS, zsp_strz("a"), &line);
		assert_non_null(fault);
		assert_null(strstr(fault, "SECRET"));
		assert_int_equal(line, bad[i].line);
		assert_int_equal(profile.keys.access.n, 0);
		profile_done(&profile);
	}
}

static void test_keys_of_two_files_are_not_mixed(void **state)
{
	struct profile profile;
	uint32_t line;

	(void)state;
	profile_init(&profile);
	assert_null(profile_read(&profile, zsp_strz("[x]\naws_access_key_id=A\n"), PROFILE_CREDENTIALS, zsp_strz("x"), &line));
	assert_null(profile_read(&profile, zsp_strz("[profile x]\n" PAIR("B", "2")), PROFILE_CONFIG, zsp_strz("x"), &line));
	assert_string_equal(zsp_text_str(&profile.keys.access).p, "A");
	assert_int_equal(profile.keys.secret.n, 0);
	assert_string_equal(keys_fault(&profile.keys), "the secret access key is missing");
	profile_done(&profile);
}

static void test_keys_that_lead_elsewhere_are_noted(void **state)
{
	static const char *const keys[] = { "role_arn", "source_profile", "credential_process", "credential_source", "sso_session",
					    "sso_start_url", "web_identity_token_file", "login_session" };

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct zsp_text text = ZSP_TEXT(256);
		struct profile profile;
		uint32_t line;

		profile_init(&profile);
		zsp_text_addf(&text, "[other]\nrole_arn = x\n[a]\n%s = x\n", keys[i]);
		assert_null(profile_read(&profile, zsp_text_str(&text), PROFILE_CREDENTIALS, zsp_strz("a"), &line));
		assert_string_equal(profile.unsupported, keys[i]);
		assert_true(strlen(profile_advice(profile.unsupported)) > 20);
		profile_done(&profile);
		zsp_text_done(&text);
	}
}

static void test_keys_have_alphabets_and_lengths(void **state)
{
	static const struct { const char *access, *secret, *token; int good; } sets[] = {
		{ "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", 1 },
		{ "AKIA", "s", "to/ken==", 1 },
		{ "", "s", "", 0 },
		{ "AKIA", "", "", 0 },
		{ "AKIA/x", "s", "", 0 },
		{ "AKIA\r\nX: y", "s", "", 0 },
		{ "AKIA", "s s", "", 0 },
		{ "AKIA", "s", "to\nken", 0 },
		{ "AKIA", "s\xc3\xa4", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(sets); i++) {
		struct keys keys;

		keys_init(&keys);
		zsp_text_addz(&keys.access, sets[i].access);
		zsp_text_addz(&keys.secret, sets[i].secret);
		zsp_text_addz(&keys.token, sets[i].token);
		assert_int_equal(keys_fault(&keys) == NULL, sets[i].good);
		keys_done(&keys);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_lines_that_are_none_are_named_by_number),
		cmocka_unit_test(test_keys_of_two_files_are_not_mixed),
		cmocka_unit_test(test_keys_that_lead_elsewhere_are_noted),
		cmocka_unit_test(test_keys_have_alphabets_and_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
