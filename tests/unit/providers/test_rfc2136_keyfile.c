/* SPDX-License-Identifier: Apache-2.0 */
/* Key files as tsig-keygen writes them and as people edit them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "providers/rfc2136/keyfile.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define S "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define KEY "key \"k.example\" {\n\talgorithm hmac-sha256;\n\tsecret \"" S "\";\n};\n"

struct row { const char *text, *wanted, *name, *algorithm; };

static const struct row good[] = {
	{ KEY, "", "k.example", "hmac-sha256" },
	{ KEY, "K.Example.", "k.example", "hmac-sha256" },
	{ "# c\n// c\n/* c\n * c */" KEY "# end", "", "k.example", "hmac-sha256" },
	{ "key k { secret \"" S "\" ; algorithm HMAC-SHA512 ; } ;", "", "k", "hmac-sha512" },
	{ "key\"k\"{algorithm\"hmac-md5.sig-alg.reg.int\";secret\"" S "\";};", "", "k", "hmac-md5" },
	{ "key a { algorithm hmac-sha1; secret \"QUFBQQ==\"; };" KEY, "k.example", "k.example",
	  "hmac-sha256" },
	{ "hmac-sha384:k.example:" S "\n", "", "k.example", "hmac-sha384" },
	{ "k.example:" S, "", "k.example", "hmac-sha256" },
	{ "keys.example:" S, "", "keys.example", "hmac-sha256" },
};

static void test_parse_of_good_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct tsig_key key;
		char name[WIRE_NAME_TEXT];
		const char *fault = keyfile_parse(good[i].text, strlen(good[i].text), good[i].wanted,
						  strlen(good[i].wanted), &key);

		if (fault)
			fail_msg("row %zu: %s", i, fault);
		wire_name_print(&key.name, name);
		assert_string_equal(name, good[i].name);
		assert_string_equal(key.algorithm->name, good[i].algorithm);
		assert_int_equal(key.secret_len, 32);
		assert_memory_equal(key.secret, "0123456789abcdef0123456789abcdef", 32);
	}
}

static const struct row bad[] = {
	{ "", "", NULL, NULL },
	{ "# only a comment", "", NULL, NULL },
	{ "/* never ends", "", NULL, NULL },
	{ KEY, "other", NULL, NULL },
	{ "k.example:" S, "other", NULL, NULL },
	{ "key k { algorithm hmac-sha256; };", "", NULL, NULL },
	{ "key k { secret \"" S "\"; };", "", NULL, NULL },
	{ "key k { algorithm hmac-sha999; secret \"" S "\"; };", "", NULL, NULL },
	{ "key k { algorithm hmac-sha256; secret \"not base64!\"; };", "", NULL, NULL },
	{ "key k { algorithm hmac-sha256; secret \"\"; };", "", NULL, NULL },
	{ "key k { algorithm hmac-sha256; secret \"A\"; };", "", NULL, NULL },
	{ "key k { algorithm hmac-sha256; secret \"QUF=QQ==\"; };", "", NULL, NULL },
	{ "key k { algorithm hmac-sha256; secret \"" S "\"; } key", "", NULL, NULL },
	{ "key k { algorithm hmac-sha256; secret \"" S, "", NULL, NULL },
	{ "key \"a..b\" { algorithm hmac-sha256; secret \"" S "\"; };", "", NULL, NULL },
	{ "key k { include \"/etc/passwd\"; };", "", NULL, NULL },
	{ "server 1.2.3.4 { };", "", NULL, NULL },
	{ "sha256:k:" S, "", NULL, NULL },
	{ "root:x:0:0:root:/root:/bin/bash", "", NULL, NULL },
};

static void test_parse_of_bad_file_says_why(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct tsig_key key = { .secret_len = 77 };
		const char *fault = keyfile_parse(bad[i].text, strlen(bad[i].text), bad[i].wanted,
						  strlen(bad[i].wanted), &key);

		if (!fault)
			fail_msg("row %zu: accepted", i);
		assert_null(strstr(fault, "MDEy"));
		assert_int_equal(key.secret_len, 77);
	}
}

static void test_every_truncation_is_refused(void **state)
{
	(void)state;
	/* Up to the final "};" and line end. */
	for (size_t n = 0; n < strlen(KEY) - 2; n++) {
		char *copy = malloc(n ? n : 1);
		struct tsig_key key;

		assert_non_null(copy);
		memcpy(copy, KEY, n);
		assert_non_null(keyfile_parse(copy, n, "", 0, &key));
		free(copy);
	}
}

static void test_every_octet_may_be_anything(void **state)
{
	char text[] = KEY;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		for (int c = 0; c < 256; c++) {
			char kept = text[i];
			struct tsig_key key;

			text[i] = (char)c;
			keyfile_parse(text, sizeof(text) - 1, "", 0, &key);
			text[i] = kept;
		}
	}
}

static void test_secret_length_is_capped(void **state)
{
	struct tsig_key key;
	char text[800];

	(void)state;
	memset(text, 'A', sizeof(text));
	assert_null(keyfile_secret(text, 682, &key));
	assert_int_equal(key.secret_len, 511);
	assert_null(keyfile_secret(text, 683, &key));
	assert_int_equal(key.secret_len, 512);
	assert_non_null(keyfile_secret(text, 684, &key));
	assert_non_null(keyfile_secret(text, sizeof(text), &key));
	assert_null(keyfile_secret(" QUF\nB QQ ", 10, &key));
	assert_int_equal(key.secret_len, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_of_good_file),
		cmocka_unit_test(test_parse_of_bad_file_says_why),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_every_octet_may_be_anything),
		cmocka_unit_test(test_secret_length_is_capped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
