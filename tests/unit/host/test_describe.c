/* SPDX-License-Identifier: Apache-2.0 */
/* Texts and option tables of descriptors, and option values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "host/describe.h"
#include "host/options.h"

static struct zsp_str str(const char *text)
{
	return (struct zsp_str){ text, text ? strlen(text) : 0 };
}

/* ---- descriptors ---- */

struct text_row { const char *name, *summary, *url; bool good; };

static const struct text_row texts[] = {
	{ "rfc2136", "One line", "https://example.org/x", true },
	{ "a", "One line", NULL, true },
	{ "", "One line", NULL, false },
	{ "Rfc2136", "One line", NULL, false },
	{ "2136", "One line", NULL, false },
	{ "../x", "One line", NULL, false },
	{ "a b", "One line", NULL, false },
	{ "abcdefghijklmnopqrstuvwxyzabcdefg", "One line", NULL, false },
	{ "a", "", NULL, false },
	{ "a", "Two\nlines", NULL, false },
	{ "a", "Escape \033[31m", NULL, false },
	{ "a", "Bad UTF-8 \xff", NULL, false },
	{ "a", "One line", "http://example.org/", false },
	{ "a", "One line", "https://example.org/ x", false },
};

static void test_check_of_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(texts); i++) {
		struct zsp_provider p = { .name = str(texts[i].name),
					  .summary = str(texts[i].summary),
					  .url = str(texts[i].url) };
		struct zs_err err;

		if (!zs_describe_check(&p, "/x/p.so", &err) != texts[i].good)
			fail_msg("row %zu", i);
	}
}

static void test_check_of_permissions(void **state)
{
	static const struct { const char *text; bool good; } rows[] = {
		{ NULL, true }, { "Zone: edit. Caf\xc3\xa9.", true }, { "Two\nparagraphs", false }, { "Escape \033[31m", false },
		{ "Bad UTF-8 \xff", false }, { "Right to left \xe2\x80\xae", false },
	};
	static char longest[ZSP_MAX_PERMISSIONS + 2];
	struct zsp_provider p = { .name = ZSP_STR("a"), .summary = ZSP_STR("s") };

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		p.permissions = str(rows[i].text);
		if (!zs_describe_check(&p, "/x/p.so", NULL) != rows[i].good)
			fail_msg("row %zu", i);
	}
	memset(longest, 'x', ZSP_MAX_PERMISSIONS);
	p.permissions = str(longest);
	assert_int_equal(zs_describe_check(&p, "/x/p.so", NULL), 0);
	longest[ZSP_MAX_PERMISSIONS] = 'x';
	p.permissions = str(longest);
	assert_int_equal(zs_describe_check(&p, "/x/p.so", NULL), -ZS_E_PLUGIN);
}

static struct zsp_option option(const char *name)
{
	return (struct zsp_option){ .name = str(name), .kind = ZSP_OPTION_TEXT,
				    .help = ZSP_STR("Help.") };
}

static int check_option(struct zsp_option o)
{
	struct zsp_provider p = { .name = ZSP_STR("a"), .summary = ZSP_STR("s"),
				  .options = { &o, 1, sizeof(o) } };

	return zs_describe_check(&p, "/x/p.so", NULL);
}

static void test_check_of_options(void **state)
{
	struct zsp_option o = option("token");

	(void)state;
	assert_int_equal(check_option(o), 0);
	o.kind = 0;
	assert_int_equal(check_option(o), -ZS_E_PLUGIN);
	o.kind = ZSP_OPTION_DIRECTORY;	/* without ZSP_FLAG_EXECS */
	assert_int_equal(check_option(o), -ZS_E_PLUGIN);
	o.kind = ZSP_OPTION_DIRECTORY + 1;
	assert_int_equal(check_option(o), -ZS_E_PLUGIN);
	o = option("token");
	o.required = 2;
	assert_int_equal(check_option(o), -ZS_E_PLUGIN);
	o = option("token");
	o.env = str("lower");
	assert_int_equal(check_option(o), -ZS_E_PLUGIN);
	o.env = str("GOOD_1");
	assert_int_equal(check_option(o), 0);
	o.help = str("");
	assert_int_equal(check_option(o), -ZS_E_PLUGIN);
	o = option("token");
	o.kind = ZSP_OPTION_SECRET;
	o.fallback = str("default secret");
	assert_int_equal(check_option(o), -ZS_E_PLUGIN);
	o = option("ttl");
	o.kind = ZSP_OPTION_INTEGER;
	o.fallback = str("70");
	o.max = 60;
	assert_int_equal(check_option(o), -ZS_E_PLUGIN);
	o.max = 70;
	assert_int_equal(check_option(o), 0);
	o.min = 71;
	assert_int_equal(check_option(o), -ZS_E_PLUGIN);
}

/* Items larger than ours are stepped over by their own size. */
static void test_options_step_by_item_size(void **state)
{
	struct { struct zsp_option o; uint64_t newer; } items[2] = {
		{ option("first"), UINT64_MAX }, { option("second"), UINT64_MAX },
	};
	struct zsp_provider p = { .name = ZSP_STR("a"), .summary = ZSP_STR("s"),
				  .options = { items, 2, sizeof(items[0]) } };
	struct zs_msg_option options[ZSP_MAX_OPTIONS];
	struct zs_msg_host_description d;

	(void)state;
	assert_int_equal(zs_describe_check(&p, "/x/p.so", NULL), 0);
	zs_describe_fill(&p, "/x/p.so", options, &d);
	assert_int_equal(d.options.n, 2);
	assert_true(zs_slice_eq_str(options[1].name, "second"));
	assert_int_equal(d.max_changes, 1);
	items[1].o.name = str("first");
	assert_int_equal(zs_describe_check(&p, "/x/p.so", NULL), -ZS_E_PLUGIN);
}

/* ---- values ---- */

struct value_row { uint32_t kind; const char *text; bool good; int64_t number; };

static const struct value_row values[] = {
	{ ZSP_OPTION_TEXT, "any text", true, 0 },
	{ ZSP_OPTION_TEXT, "two\nlines", false, 0 },
	{ ZSP_OPTION_FILE, "/etc/x", true, 0 },
	{ ZSP_OPTION_FILE, "x", false, 0 },
	{ ZSP_OPTION_INTEGER, "0", true, 0 },
	{ ZSP_OPTION_INTEGER, "9223372036854775807", true, INT64_MAX },
	{ ZSP_OPTION_INTEGER, "9223372036854775808", false, 0 },
	{ ZSP_OPTION_INTEGER, "-1", false, 0 },
	{ ZSP_OPTION_INTEGER, "", false, 0 },
	{ ZSP_OPTION_DURATION, "10s", true, 10000 },
	{ ZSP_OPTION_DURATION, "500ms", true, 500 },
	{ ZSP_OPTION_DURATION, "ten", false, 0 },
	{ ZSP_OPTION_BOOLEAN, "Yes", true, 1 },
	{ ZSP_OPTION_BOOLEAN, "off", true, 0 },
	{ ZSP_OPTION_BOOLEAN, "2", false, 0 },
	{ ZSP_OPTION_ADDRESS, "192.0.2.1", true, 0 },
	{ ZSP_OPTION_ADDRESS, "192.0.2.1:53", true, 0 },
	{ ZSP_OPTION_ADDRESS, "ns1.example.test:5353", true, 0 },
	{ ZSP_OPTION_ADDRESS, "2001:db8::1", true, 0 },
	{ ZSP_OPTION_ADDRESS, "[2001:db8::1]:53", true, 0 },
	{ ZSP_OPTION_ADDRESS, "[fe80::1%eth0]", true, 0 },
	{ ZSP_OPTION_ADDRESS, "[2001:db8::1", false, 0 },
	{ ZSP_OPTION_ADDRESS, "[2001:db8::1]53", false, 0 },
	{ ZSP_OPTION_ADDRESS, "host:0", false, 0 },
	{ ZSP_OPTION_ADDRESS, "host:65536", false, 0 },
	{ ZSP_OPTION_ADDRESS, "host:", false, 0 },
	{ ZSP_OPTION_ADDRESS, "", false, 0 },
	{ ZSP_OPTION_ADDRESS, "a b", false, 0 },
	{ ZSP_OPTION_ADDRESSES, "a, b:53 ,[::1]:53", true, 0 },
	{ ZSP_OPTION_ADDRESSES, "a,,b", false, 0 },
	{ ZSP_OPTION_ADDRESSES, "", false, 0 },
	{ ZSP_OPTION_NAME, "Key.Example.", true, 0 },
	{ ZSP_OPTION_NAME, "a..b", false, 0 },
	{ ZSP_OPTION_NAME, "*.a", false, 0 },
	{ ZSP_OPTION_DIRECTORY, "/x", true, 0 },
	{ ZSP_OPTION_DIRECTORY, "x", false, 0 },
	{ ZSP_OPTION_URL, "https://x", true, 0 },
	{ ZSP_OPTION_URL, "https://", false, 0 },
	{ ZSP_OPTION_URL, "http://x", true, 0 },
	{ ZSP_OPTION_URL, "http://127.0.0.1:8081/api/v1", true, 0 },
	{ ZSP_OPTION_URL, "https://[::1]:8443/", true, 0 },
	{ ZSP_OPTION_URL, "https://x/y?z=1", false, 0 },
	{ ZSP_OPTION_URL, "https://x?z", false, 0 },
	{ ZSP_OPTION_URL, "https://x/y#z", false, 0 },
	{ ZSP_OPTION_URL, "https://user@x/", false, 0 },
	{ ZSP_OPTION_URL, "https://user:word@x/", false, 0 },
	{ ZSP_OPTION_URL, "https://x/ y", false, 0 },
	{ ZSP_OPTION_URL, "https://x:0/", false, 0 },
	{ ZSP_OPTION_URL, "ftp://x/", false, 0 },
	{ ZSP_OPTION_URL, "file:///x", false, 0 },
	{ ZSP_OPTION_URL, "x", false, 0 },
	{ 99, "x", false, 0 },
};

static void test_parse_of_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(values); i++) {
		struct zsp_option o = option("opt");
		struct zsp_value v = { .number = -1 };
		struct zs_err err;
		int rc;

		o.kind = values[i].kind;
		rc = zs_option_parse(&o, zs_slice_str(values[i].text), &v, &err);
		if ((rc == 0) != values[i].good || (!rc && v.number != values[i].number))
			fail_msg("%u %s: %d", values[i].kind, values[i].text, rc);
		if (rc)
			assert_non_null(strstr(err.text, "option opt"));
	}
}

static struct zsp_option table[3];

static struct zsp_provider plugin(void)
{
	table[0] = option("server");
	table[0].required = 1;
	table[1] = option("key");
	table[1].kind = ZSP_OPTION_SECRET;
	table[2] = option("ttl");
	table[2].kind = ZSP_OPTION_INTEGER;
	table[2].fallback = str("60");
	return (struct zsp_provider){ .name = ZSP_STR("a"), .summary = ZSP_STR("s"),
				      .options = ZSP_LIST(table) };
}

static int build(struct zs_msg_pair *pairs, uint32_t n, struct zs_secrets *secrets,
		 struct zs_arena *arena, struct zsp_list *ret)
{
	struct zsp_provider p = plugin();

	return zs_values_build(&p, (struct zs_given){ pairs, n, false }, secrets, arena, ret, NULL);
}

static void test_values_are_in_order_of_table(void **state)
{
	static struct zs_hide hide;
	static struct zs_secrets secrets = { .hide = &hide };
	struct zs_msg_pair pairs[] = { { zs_slice_str("server"), zs_slice_of("s1x", 2) } };
	struct zsp_provider p = plugin();
	struct zs_arena arena;
	struct zsp_list list;
	const struct zsp_value *v;
	struct zs_buf clean = ZS_BUF(256);

	(void)state;
	zs_arena_init(&arena, 65536);
	assert_int_equal(zs_secret_store(&secrets, &p, zs_slice_str("key"),
					 zs_slice_str("s3cr3t-value\r\n"), -1, NULL), 0);
	assert_int_equal(zs_secret_store(&secrets, &p, zs_slice_str("ttl"), zs_slice_str("1"), -1,
					 NULL), -ZS_E_CONFIG);
	assert_int_equal(zs_secret_store(&secrets, &p, zs_slice_str("nope"), zs_slice_str("1"), -1,
					 NULL), -ZS_E_CONFIG);
	assert_int_equal(build(pairs, 1, &secrets, &arena, &list), 0);
	assert_int_equal(list.n, 3);
	v = ZSP_ITEM(struct zsp_value, &list, 0);
	assert_string_equal(v->text.p, "s1");
	assert_int_equal(v->is_given, 1);
	v = ZSP_ITEM(struct zsp_value, &list, 1);
	assert_string_equal(v->text.p, "s3cr3t-value");
	v = ZSP_ITEM(struct zsp_value, &list, 2);
	assert_int_equal(v->number, 60);
	assert_int_equal(v->is_given, 0);
	zs_hide_text(&hide, zs_slice_str("a s3cr3t-value b"), &clean);
	assert_string_equal(zs_buf_str(&clean), "a [redacted] b");
	zs_buf_done(&clean);
	zs_secrets_wipe(&secrets);
	zs_hide_done(&hide);
	zs_arena_done(&arena);
}

/* For a policy what is not known stays away; what is wrong is wrong all the same. */
static void test_values_for_policy_may_be_absent(void **state)
{
	static struct zs_secrets none;
	struct zs_msg_pair wrong[] = { { zs_slice_str("ttl"), zs_slice_str("soon") } };
	struct zs_msg_pair unknown[] = { { zs_slice_str("sever"), zs_slice_str("x") } };
	struct zsp_provider p = plugin();
	struct zs_arena arena;
	struct zsp_list list;

	(void)state;
	zs_arena_init(&arena, 65536);
	assert_int_equal(zs_values_build(&p, (struct zs_given){ NULL, 0, true }, &none, &arena, &list, NULL), 0);
	assert_int_equal(list.n, 3);
	assert_null(ZSP_ITEM(struct zsp_value, &list, 0)->text.p);
	assert_null(ZSP_ITEM(struct zsp_value, &list, 1)->text.p);
	assert_int_equal(ZSP_ITEM(struct zsp_value, &list, 2)->number, 60);
	assert_int_equal(zs_values_build(&p, (struct zs_given){ wrong, 1, true }, &none, &arena, &list, NULL), -ZS_E_CONFIG);
	assert_int_equal(zs_values_build(&p, (struct zs_given){ unknown, 1, true }, &none, &arena, &list, NULL), -ZS_E_CONFIG);
	assert_int_equal(zs_values_build(&p, (struct zs_given){ NULL, 0, false }, &none, &arena, &list, NULL), -ZS_E_CONFIG);
	zs_arena_done(&arena);
}

static void test_values_with_fault_are_config_errors(void **state)
{
	static struct zs_secrets none;
	struct zs_msg_pair unknown[] = { { zs_slice_str("sever"), zs_slice_str("x") } };
	struct zs_msg_pair twice[] = { { zs_slice_str("server"), zs_slice_str("x") },
				       { zs_slice_str("server"), zs_slice_str("y") } };
	struct zs_msg_pair leak[] = { { zs_slice_str("key"), zs_slice_str("x") } };
	struct zs_arena arena;
	struct zsp_list list;

	(void)state;
	zs_arena_init(&arena, 65536);
	assert_int_equal(build(NULL, 0, &none, &arena, &list), -ZS_E_CONFIG);
	assert_int_equal(build(unknown, 1, &none, &arena, &list), -ZS_E_CONFIG);
	assert_int_equal(build(twice, 2, &none, &arena, &list), -ZS_E_CONFIG);
	assert_int_equal(build(leak, 1, &none, &arena, &list), -ZS_E_BUG);
	zs_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_of_texts),
		cmocka_unit_test(test_check_of_permissions),
		cmocka_unit_test(test_check_of_options),
		cmocka_unit_test(test_options_step_by_item_size),
		cmocka_unit_test(test_parse_of_values),
		cmocka_unit_test(test_values_are_in_order_of_table),
		cmocka_unit_test(test_values_for_policy_may_be_absent),
		cmocka_unit_test(test_values_with_fault_are_config_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
