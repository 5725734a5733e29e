/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the option table, and of docs/config.md and docs/zoneseal.conf.5
 * against it, both ways: every option is in the document, and every option of
 * the document exists.
 */
#include "conf/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "conf/shortcodes.h"
#include "conf/value.h"
#include "ipc/proto.h"

#define S(text) zs_slice_str(text)

/* What front copies from one to the other. */
_Static_assert((int)ZS_CONF_POLICY_ALL == (int)ZS_POLICY_ALL, "policies are numbered alike");
_Static_assert((int)ZS_CONF_POLICY_NAMES == (int)ZS_POLICY_NAMES, "policies are numbered alike");
_Static_assert((int)ZS_CONF_POLICY_QUORUM == (int)ZS_POLICY_QUORUM, "policies are numbered alike");
_Static_assert((int)ZS_CONF_POLICY_ANY == (int)ZS_POLICY_ANY, "policies are numbered alike");
_Static_assert((int)ZS_CONF_POLICY_PROVIDER == (int)ZS_POLICY_PROVIDER, "policies are numbered alike");
_Static_assert((int)ZS_CONF_POLICY_SLEEP == (int)ZS_POLICY_SLEEP, "policies are numbered alike");
_Static_assert((int)ZS_CONF_POLICY__COUNT == (int)ZS_POLICY__COUNT, "policies are numbered alike");

static void read_doc(const char *name, struct zs_buf *dst)
{
	const char *dir = getenv("top_srcdir");
	char path[4096];
	FILE *file;
	int c;

	(void)snprintf(path, sizeof(path), "%s/docs/%s", dir ? dir : ".", name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("cannot open %s", path);
	while ((c = getc(file)) != EOF)
		zs_buf_add_byte(dst, (uint8_t)c);
	(void)fclose(file);
	assert_false(dst->failed);
}

static void test_table_expect_complete_and_keys_unique(void **state)
{
	size_t n;
	const struct zs_conf_option *options = zs_conf_options(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_true(*options[i].key && *options[i].help && *zs_conf_type_form(options[i].type));
		assert_ptr_equal(zs_conf_option(options[i].section, options[i].key), &options[i]);
		assert_true(options[i].fallback || options[i].otherwise || options[i].required);
		assert_null(strchr(options[i].help, '|'));
		assert_false(options[i].fallback && options[i].otherwise);
		assert_true(options[i].section == ZS_CONF_DEFAULTS || i == 0 || options[i].section >= options[i - 1].section);
	}
	assert_null(zs_conf_option(ZS_CONF_CA, "ttl"));
}

static void test_sections_when_by_name_expect_the_same_back(void **state)
{
	enum zs_conf_section section;

	(void)state;
	for (int i = 0; i < ZS_CONF_SECTION__COUNT; i++) {
		assert_true(zs_conf_section_by_name(S(zs_conf_section_info((enum zs_conf_section)i)->name), &section));
		assert_int_equal(section, i);
	}
	assert_false(zs_conf_section_by_name(S("zones"), &section));
}

/* ---- docs/config.md ---- */

static void print_cell(struct zs_buf *dst, const char *text)
{
	for (; *text; text++)
		zs_buf_addf(dst, "%s%c", *text == '|' ? "\\" : "", *text);
}

static void print_row(struct zs_buf *dst, const struct zs_conf_option *option)
{
	zs_buf_addf(dst, "| `%s` | ", option->key);
	print_cell(dst, zs_conf_type_form(option->type));
	if (option->fallback)
		zs_buf_addf(dst, " | `%s` | ", option->fallback);
	else
		zs_buf_addf(dst, " | %s | ", option->otherwise ? option->otherwise : "required");
	zs_buf_addf(dst, "%s |", option->help);
}

/* The section that a heading opens; false for other headings. */
static bool read_heading(struct zs_slice line, enum zs_conf_section *ret)
{
	struct zs_slice rest = line;
	struct zs_buf want = ZS_BUF(256);
	bool same;

	(void)zs_slice_cut(&rest, '[');
	rest = zs_slice_cut(&rest, ']');
	if (!zs_conf_section_by_name(zs_slice_cut(&rest, ' '), ret))
		return false;
	if (zs_conf_section_info(*ret)->argument)
		zs_buf_add_str(&want, zs_conf_section_info(*ret)->argument);
	same = zs_slice_eq(rest, zs_buf_slice(&want));
	zs_buf_done(&want);
	return same;
}

static void compare_row(struct zs_slice line, enum zs_conf_section section, size_t i)
{
	struct zs_buf want = ZS_BUF(4096);
	size_t n;
	const struct zs_conf_option *options = zs_conf_options(&n);

	assert_true(i < n);
	assert_int_equal(options[i].section, section);
	print_row(&want, &options[i]);
	if (!zs_slice_eq(line, zs_buf_slice(&want)))
		fail_msg("docs/config.md should have under [%s]: %s", zs_conf_section_info(section)->name, zs_buf_str(&want));
	zs_buf_done(&want);
}

static void test_config_md_expect_same_rows_as_table(void **state)
{
	struct zs_buf doc = ZS_BUF(1 << 20);
	enum zs_conf_section section = ZS_CONF_DEFAULTS;
	struct zs_slice rest;
	bool inside = false;
	size_t n, i = 0;

	(void)state;
	read_doc("config.md", &doc);
	rest = zs_buf_slice(&doc);
	while (rest.n) {
		struct zs_slice line = zs_slice_cut(&rest, '\n');

		if (zs_slice_starts(line, "## "))
			inside = read_heading(line, &section);
		else if (inside && zs_slice_starts(line, "| `"))
			compare_row(line, section, i++);
	}
	(void)zs_conf_options(&n);
	assert_int_equal(i, n);
	zs_buf_done(&doc);
}

static void test_config_md_expect_every_shortcode(void **state)
{
	struct zs_buf doc = ZS_BUF(1 << 20), row = ZS_BUF(1024);
	size_t n;
	const struct zs_conf_shortcode *shortcodes = zs_conf_shortcodes(&n);

	(void)state;
	read_doc("config.md", &doc);
	for (size_t i = 0; i < n; i++) {
		zs_buf_clear(&row);
		zs_buf_addf(&row, "\n| `%s` | `%s` |\n", shortcodes[i].name, shortcodes[i].directory);
		if (!strstr(zs_buf_str(&doc), zs_buf_str(&row)))
			fail_msg("docs/config.md should have: %s", zs_buf_str(&row));
	}
	zs_buf_done(&row);
	zs_buf_done(&doc);
}

/* ---- docs/zoneseal.conf.5 ---- */

static void compare_item(struct zs_slice line, enum zs_conf_section section, size_t i)
{
	struct zs_buf want = ZS_BUF(1024);
	size_t n;
	const struct zs_conf_option *options = zs_conf_options(&n);

	assert_true(i < n);
	assert_int_equal(options[i].section, section);
	zs_buf_addf(&want, ".It Ic %s = Ar %s", options[i].key, zs_conf_type_form(options[i].type));
	if (!zs_slice_eq(line, zs_buf_slice(&want)))
		fail_msg("docs/zoneseal.conf.5 should have in [%s]: %s", zs_conf_section_info(section)->name, zs_buf_str(&want));
	zs_buf_done(&want);
}

static void test_man_page_expect_same_items_as_table(void **state)
{
	struct zs_buf doc = ZS_BUF(1 << 20);
	enum zs_conf_section section = ZS_CONF_DEFAULTS;
	struct zs_slice rest;
	bool inside = false;
	size_t n, i = 0;

	(void)state;
	read_doc("zoneseal.conf.5", &doc);
	rest = zs_buf_slice(&doc);
	while (rest.n) {
		struct zs_slice line = zs_slice_cut(&rest, '\n');

		if (zs_slice_starts(line, ".Ss ") || zs_slice_starts(line, ".Sh "))
			inside = read_heading(line, &section);
		else if (inside && zs_slice_starts(line, ".It "))
			compare_item(line, section, i++);
	}
	(void)zs_conf_options(&n);
	assert_int_equal(i, n);
	zs_buf_done(&doc);
}

static void test_man_page_expect_defaults_and_shortcodes(void **state)
{
	struct zs_buf doc = ZS_BUF(1 << 20), line = ZS_BUF(4096);
	size_t n;
	const struct zs_conf_option *options = zs_conf_options(&n);
	const struct zs_conf_shortcode *shortcodes;

	(void)state;
	read_doc("zoneseal.conf.5", &doc);
	for (size_t i = 0; i < n; i++) {
		zs_buf_clear(&line);
		zs_buf_addf(&line, "\n.It Ic %s = ", options[i].key);
		assert_non_null(strstr(zs_buf_str(&doc), zs_buf_str(&line)));
		zs_buf_clear(&line);
		if (options[i].fallback || options[i].otherwise)
			zs_buf_addf(&line, "\nDefault: %s.\n", options[i].fallback ? options[i].fallback : options[i].otherwise);
		else
			zs_buf_add_str(&line, "\nRequired.\n");
		if (!strstr(zs_buf_str(&doc), zs_buf_str(&line)))
			fail_msg("docs/zoneseal.conf.5 should have:%s", zs_buf_str(&line));
	}
	shortcodes = zs_conf_shortcodes(&n);
	for (size_t i = 0; i < n; i++) {
		zs_buf_clear(&line);
		zs_buf_addf(&line, "\n.It Cm %s\n.Lk %s\n", shortcodes[i].name, shortcodes[i].directory);
		assert_non_null(strstr(zs_buf_str(&doc), zs_buf_str(&line)));
	}
	zs_buf_done(&line);
	zs_buf_done(&doc);
}

/* Every default and every shortcode is good in its own place. */
static void test_fallbacks_expect_they_parse_and_shortcodes_are_urls(void **state)
{
	struct zs_conf conf;
	struct zs_err err;
	size_t n;
	const struct zs_conf_shortcode *shortcodes = zs_conf_shortcodes(&n);

	(void)state;
	zs_conf_init(&conf);
	assert_string_equal(conf.defaults.key_type, "ec256");
	assert_int_equal(conf.defaults.propagation.policy, ZS_CONF_POLICY_ALL);
	assert_int_equal(conf.defaults.propagation.timeout_ms, 300000);
	assert_int_equal(conf.defaults.ttl, 60);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(zs_conf_set(&conf, "ca", "x", "directory", shortcodes[i].directory, "--server", &err), 0);
	assert_int_equal(conf.cas.items[0].nonce_width, 10);
	assert_string_equal(conf.cas.items[0].account_key_type, "ec256");
	zs_conf_done(&conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_expect_complete_and_keys_unique),
		cmocka_unit_test(test_sections_when_by_name_expect_the_same_back),
		cmocka_unit_test(test_config_md_expect_same_rows_as_table),
		cmocka_unit_test(test_config_md_expect_every_shortcode),
		cmocka_unit_test(test_man_page_expect_same_items_as_table),
		cmocka_unit_test(test_man_page_expect_defaults_and_shortcodes),
		cmocka_unit_test(test_fallbacks_expect_they_parse_and_shortcodes_are_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
