/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small forms of the vault: meta files, PEM chains.
 */
#include "vault/meta.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vault/pem.h"

#define S(text) zs_slice_str(text)

static enum zs_found parse(struct zs_meta *meta, struct zs_slice text)
{
	zs_meta_init(meta);
	return zs_meta_parse(meta, text, NULL);
}

static void test_meta_when_written_again_expect_same_text(void **state)
{
	static const char text[] = "format=1\nca=le\nidentifier=a.test\nidentifier=*.a.test\nempty=\nunknown_key=a=b c \xc3\xa4\nstored=12\n";
	struct zs_buf out = ZS_BUF(ZS_MAX_META);
	struct zs_meta meta;
	size_t at = 0;

	(void)state;
	assert_int_equal(parse(&meta, S(text)), ZS_FOUND);
	assert_string_equal(zs_meta_get(&meta, "unknown_key"), "a=b c \xc3\xa4");
	assert_string_equal(zs_meta_get(&meta, "empty"), "");
	assert_null(zs_meta_get(&meta, "missing"));
	assert_int_equal(zs_meta_number(&meta, "stored", -1), 12);
	assert_int_equal(zs_meta_number(&meta, "ca", -1), -1);
	assert_string_equal(zs_meta_next(&meta, "identifier", &at), "a.test");
	assert_string_equal(zs_meta_next(&meta, "identifier", &at), "*.a.test");
	assert_null(zs_meta_next(&meta, "identifier", &at));
	assert_int_equal(zs_meta_print(&meta, &out, NULL), 0);
	assert_string_equal(zs_buf_str(&out), text);
	zs_meta_remove(&meta, "identifier");
	assert_null(zs_meta_get(&meta, "identifier"));
	zs_meta_add(&meta, "bad", S("a\nb"));
	assert_int_not_equal(zs_meta_print(&meta, &out, NULL), 0);
	zs_meta_done(&meta);
	zs_buf_done(&out);
}

static void test_meta_when_broken_expect_corrupt(void **state)
{
	static const char *const texts[] = {
		"", "format=1", "format=0\n", "format=x\n", "Format=1\n", "a=b\nformat=1\n", "format=1\nnovalue\n", "format=1\n=x\n",
		"format=1\nUpper=x\n", "format=1\na=\x01\n", "format=1\na=\xff\n", "format=1\na=b\nc", "format=1\n\n", "format=1\na=\x1b[0m\n",
		"format=1\r\na=b\r\n",
	};
	struct zs_meta meta;

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(texts); i++) {
		assert_int_equal(parse(&meta, S(texts[i])), ZS_CORRUPT);
		zs_meta_done(&meta);
	}
	assert_int_equal(parse(&meta, zs_slice_of("format=1\na=\0\n", 13)), ZS_CORRUPT);
	zs_meta_done(&meta);
	assert_int_equal(parse(&meta, S("format=2\nanything at all\n")), ZS_UNREADABLE);
	zs_meta_done(&meta);
}

#define BLOCK "-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----\n"

static int split(const char *text, struct zs_buf out[3])
{
	for (int i = 0; i < 3; i++)
		out[i] = (struct zs_buf)ZS_BUF(1 << 18);
	return zs_pem_split(S(text), &out[0], &out[1], &out[2], NULL);
}

static void test_pem_when_valid_expect_leaf_and_rest(void **state)
{
	static const struct { const char *text; size_t rest; } rows[] = {
		{ BLOCK, 0 }, { "\n\n" BLOCK "\n" BLOCK "\n\n", 1 }, { "\r\n-----BEGIN CERTIFICATE-----\r\nMAMC\r\nAQA=\r\n-----END CERTIFICATE-----\r\n", 0 },
		{ "-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----", 0 },
		{ BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK, 9 },
	};
	static const uint8_t der[] = { 0x30, 3, 2, 1, 0 };

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		struct zs_buf out[3];

		assert_int_equal(split(rows[i].text, out), 0);
		assert_int_equal(out[0].len, sizeof(der));
		assert_memory_equal(out[0].data, der, sizeof(der));
		assert_string_equal(zs_buf_str(&out[1]), BLOCK);
		assert_int_equal(out[2].len, rows[i].rest * strlen(BLOCK));
		for (int k = 0; k < 3; k++)
			zs_buf_done(&out[k]);
	}
}

static void test_pem_when_anything_else_expect_refusal(void **state)
{
	static const char *const texts[] = {
		"", "\n\n", "x", BLOCK "x", "x\n" BLOCK, BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK,
		"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nMAMCAQA=\n",
		"-----BEGIN CERTIFICATE-----\nMAM*AQA=\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nMA==CAQA\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nProc-Type: 4\n\nMAMCAQA=\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\n" BLOCK "-----END CERTIFICATE-----\n",
		"-----BEGIN TRUSTED CERTIFICATE-----\nMAMCAQA=\n-----END TRUSTED CERTIFICATE-----\n",
		"-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n-----END PRIVATE KEY-----\n",
		"-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END PRIVATE KEY-----\n",
	};

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(texts); i++) {
		struct zs_buf out[3];

		assert_int_equal(split(texts[i], out), -ZS_E_CA_CERT);
		for (int k = 0; k < 3; k++)
			zs_buf_done(&out[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meta_when_written_again_expect_same_text),
		cmocka_unit_test(test_meta_when_broken_expect_corrupt),
		cmocka_unit_test(test_pem_when_valid_expect_leaf_and_rest),
		cmocka_unit_test(test_pem_when_anything_else_expect_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
