/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the command line: the parser, and the tables against the man page.
 */
#include "front/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "front/command.h"
#include "front/version.h"
#include "zoneseal/provider.h"

enum { WORDS = 16, MAN_OCTETS = 256 * 1024, LINE = 512 };

static struct zs_cli cli;
static struct zs_err err;
static char storage[WORDS][64];

/* Parses words up to NULL; each is copied, since the parser may overwrite. */
static int parse(const char *first, ...)
{
	static char *argv[WORDS + 1];
	const char *word = first;
	int n = 0;
	va_list ap;

	zs_cli_done(&cli);
	snprintf(storage[0], sizeof(storage[0]), "zoneseal");
	argv[n++] = storage[0];
	va_start(ap, first);
	for (; word && n < WORDS; word = va_arg(ap, const char *)) {
		snprintf(storage[n], sizeof(storage[n]), "%s", word);
		argv[n] = storage[n];
		n++;
	}
	va_end(ap);
	argv[n] = NULL;
	zs_err_clear(&err);
	return zs_cli_parse(&cli, argv, &err);
}

static void test_parse_when_mixed_expect_words_and_values(void **state)
{
	(void)state;
	assert_int_equal(parse("-v", "issue", "a", "--domain=x.test", "-dy.test", "-d", "z.test", "b", NULL), 0);
	assert_string_equal(cli.command->name, "issue");
	assert_int_equal(cli.args.n, 2);
	assert_string_equal(cli.args.items[1], "b");
	assert_int_equal(zs_cli_count(&cli, ZS_OPT_DOMAIN), 3);
	assert_string_equal(cli.values.items[1].text, "x.test");
	assert_string_equal(cli.values.items[2].text, "y.test");
	assert_string_equal(zs_cli_value(&cli, ZS_OPT_DOMAIN), "z.test");
	assert_true(zs_cli_has(&cli, ZS_OPT_VERBOSE));
	assert_false(zs_cli_has(&cli, ZS_OPT_FORCE));
	assert_null(zs_cli_value(&cli, ZS_OPT_SERVER));
}

static void test_parse_when_flags_together_expect_each(void **state)
{
	(void)state;
	assert_int_equal(parse("status", "-vvq", NULL), 0);
	assert_int_equal(zs_cli_count(&cli, ZS_OPT_VERBOSE), 2);
	assert_true(cli.quiet);
}

static void test_parse_when_dashes_expect_words_behind(void **state)
{
	(void)state;
	assert_int_equal(parse("issue", "--", "--json", "-d", NULL), 0);
	assert_int_equal(cli.args.n, 2);
	assert_false(cli.json);
}

static void test_parse_when_empty_expect_no_command(void **state)
{
	(void)state;
	assert_int_equal(parse(NULL), 0);
	assert_null(cli.command);
}

static void test_parse_when_wrong_expect_usage(void **state)
{
	static const struct {
		const char *words[4];
		const char *text, *hint;
	} cases[] = {
		{ { "isue" }, "isue", "`zoneseal issue`" },
		{ { "issue", "--domian", "x" }, "--domian", "--domain" },
		{ { "issue", "--zzzzzzzz" }, "--zzzzzzzz", "help issue" },
		{ { "issue", "-d" }, "-d needs a value", "" },
		{ { "issue", "--server=" }, "--server needs a value", "" },
		{ { "issue", "--force=yes" }, "takes no value", "" },
		{ { "issue", "-Z" }, "-Z", "help issue" },
		{ { "gc", "--domain", "x" }, "gc does not take --domain", "help gc" },
		{ { "gc", "word" }, "one word too many", "usage: zoneseal gc" },
	};

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(cases); i++) {
		const char *const *w = cases[i].words;
		assert_int_equal(parse(w[0], w[1], w[2], w[3], NULL), -ZS_E_USAGE);
		assert_int_equal(err.code, ZS_E_USAGE);
		assert_non_null(strstr(err.text, cases[i].text));
		assert_non_null(strstr(err.hint, cases[i].hint));
	}
}

static void test_parse_when_secret_expect_refused_and_wiped(void **state)
{
	(void)state;
	assert_int_equal(parse("issue", "--eab-hmac-key", "c2VjcmV0LXZhbHVl", NULL), -ZS_E_USAGE);
	assert_non_null(strstr(err.hint, "--eab-hmac-key-file"));
	assert_null(strstr(err.text, "c2Vj"));
	assert_string_equal(storage[3], "");
	assert_int_equal(parse("issue", "--eab-hmac-key=c2VjcmV0LXZhbHVl", NULL), -ZS_E_USAGE);
	assert_string_equal(storage[2], "--eab-hmac-key=");
}

static void test_parse_when_failing_expect_json_known(void **state)
{
	(void)state;
	assert_int_equal(parse("issue", "--bogus", "--json", NULL), -ZS_E_USAGE);
	assert_true(cli.json);
	assert_int_equal(parse("issue", "--json", NULL), 0);
	assert_true(cli.json);
	/* as the value of another option it is no wish for JSON */
	assert_int_equal(parse("issue", "-d", "--json", NULL), 0);
	assert_false(cli.json);
}

static void test_help_expect_every_option_of_the_command(void **state)
{
	struct zs_buf text = ZS_BUF(MAN_OCTETS);

	(void)state;
	for (size_t c = 0; c < ZS_CMD__COUNT; c++) {
		zs_buf_clear(&text);
		zs_cli_print_options(&zs_commands()[c], &text);
		for (size_t i = 0; i < ZS_OPT__COUNT; i++) {
			char name[64];
			snprintf(name, sizeof(name), "--%s%s", zs_cli_options()[i].name, zs_cli_options()[i].argument ? " " : "\n");
			bool shown = strstr(zs_buf_str(&text), name) != NULL;
			assert_int_equal(shown, (zs_cli_options()[i].commands >> c) & 1);
		}
	}
	zs_buf_done(&text);
}

static void test_tables_expect_names_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_OPT__COUNT; i++) {
		const struct zs_cli_option *a = &zs_cli_options()[i];
		assert_true(a->commands && *a->help);
		assert_int_equal(a->target != ZS_TO_NOTHING, a->key != NULL);
		for (size_t j = 0; j < i; j++) {
			const struct zs_cli_option *b = &zs_cli_options()[j];
			assert_string_not_equal(a->name, b->name);
			assert_true(!a->letter || a->letter != b->letter);
		}
	}
}

/* ---- the man page ---- */

static FILE *open_man(void)
{
	const char *top = getenv("top_srcdir");
	char path[4096];

	snprintf(path, sizeof(path), "%s/docs/zoneseal.1", top ? top : ".");
	return fopen(path, "re");
}

/* The line that the page must have for an option. */
static void man_line(const struct zs_cli_option *option, char dst[static LINE])
{
	char letter[16] = "";

	if (option->letter)
		snprintf(letter, sizeof(letter), "Fl %c , ", option->letter);
	snprintf(dst, LINE, ".It %sFl Fl %s%s%s\n", letter, option->name, option->argument ? " Ar " : "",
		 option->argument ? option->argument : "");
}

static void count_line(const char *line, unsigned *options, unsigned *commands)
{
	char want[LINE];

	for (size_t i = 0; i < ZS_OPT__COUNT; i++) {
		man_line(&zs_cli_options()[i], want);
		options[i] += !strcmp(line, want);
	}
	for (size_t i = 0; i < ZS_CMD__COUNT; i++) {
		snprintf(want, sizeof(want), ".It Cm %s\n", zs_commands()[i].name);
		commands[i] += !strcmp(line, want);
	}
}

/* Every row has one line, and there is no line without a row. */
static void test_man_page_expect_the_tables(void **state)
{
	unsigned options[ZS_OPT__COUNT] = { 0 }, commands[ZS_CMD__COUNT] = { 0 }, option_lines = 0, command_lines = 0;
	char line[LINE];
	FILE *man = open_man();

	(void)state;
	assert_non_null(man);
	while (fgets(line, sizeof(line), man)) {
		option_lines += !strncmp(line, ".It Fl", 6);
		command_lines += !strncmp(line, ".It Cm", 6);
		count_line(line, options, commands);
	}
	fclose(man);
	for (size_t i = 0; i < ZS_OPT__COUNT; i++)
		if (options[i] != 1)
			fail_msg("--%s: %u lines in docs/zoneseal.1", zs_cli_options()[i].name, options[i]);
	for (size_t i = 0; i < ZS_CMD__COUNT; i++)
		if (commands[i] != 1)
			fail_msg("%s: %u lines in docs/zoneseal.1", zs_commands()[i].name, commands[i]);
	assert_int_equal(option_lines, ZS_OPT__COUNT);
	assert_int_equal(command_lines, ZS_CMD__COUNT);
}

static void test_version_expect_abi_of_the_header(void **state)
{
	(void)state;
	assert_int_equal(ZS_PLUGIN_ABI_MAJOR, ZSP_ABI_MAJOR);
	assert_int_equal(ZS_PLUGIN_ABI_MINOR, ZSP_ABI_MINOR);
}

static int teardown(void **state)
{
	(void)state;
	zs_cli_done(&cli);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_when_mixed_expect_words_and_values),
		cmocka_unit_test(test_parse_when_flags_together_expect_each),
		cmocka_unit_test(test_parse_when_dashes_expect_words_behind),
		cmocka_unit_test(test_parse_when_empty_expect_no_command),
		cmocka_unit_test(test_parse_when_wrong_expect_usage),
		cmocka_unit_test(test_parse_when_secret_expect_refused_and_wiped),
		cmocka_unit_test(test_parse_when_failing_expect_json_known),
		cmocka_unit_test(test_help_expect_every_option_of_the_command),
		cmocka_unit_test(test_tables_expect_names_unique),
		cmocka_unit_test(test_man_page_expect_the_tables),
		cmocka_unit_test(test_version_expect_abi_of_the_header),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
