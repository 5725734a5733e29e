/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of logging: levels, redaction, cleaning, the sink and the line form.
 */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <unistd.h>
#include "base/buf.h"

#define S(text) zs_slice_str(text)

struct seen {
	unsigned lines;
	enum zs_level level;
	char role[32], instance[32], job[80], text[4200];
	bool log_again;
};

static void sink(const struct zs_log_line *line, void *user)
{
	struct seen *seen = user;

	seen->lines++;
	seen->level = line->level;
	(void)zs_slice_copy(S(line->role), seen->role, sizeof(seen->role));
	(void)zs_slice_copy(S(line->instance), seen->instance,
		sizeof(seen->instance));
	(void)zs_slice_copy(S(line->job), seen->job, sizeof(seen->job));
	(void)zs_slice_copy(S(line->text), seen->text, sizeof(seen->text));
	if (seen->log_again)
		zs_error("", "nested");
}

static void test_log_when_level_off_expect_no_line(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	zs_log_setup("engine", NULL, sink, &seen);
	zs_log_level(ZS_LOG_INFO);
	zs_debug("", "no");
	zs_trace("", "no");
	assert_int_equal(seen.lines, 0);
	zs_info("www", "yes %d", 1);
	assert_int_equal(seen.lines, 1);
	assert_string_equal(seen.role, "engine");
	assert_string_equal(seen.instance, "");
	assert_string_equal(seen.job, "www");
	assert_string_equal(seen.text, "yes 1");
	zs_log_level(ZS_LOG_TRACE);
	zs_trace(NULL, "deep");
	assert_int_equal(seen.level, ZS_LOG_TRACE);
	assert_string_equal(seen.job, "");
	zs_log_level(ZS_LOG_INFO);
}

static void test_log_when_hostile_expect_clean_single_line(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	zs_log_setup("engine", "", sink, &seen);
	zs_warn("a\nb", "x\n2026 error forged\x1b[0m\xe2\x80\xae\n");
	assert_string_equal(seen.job, "a\\x0ab");
	assert_string_equal(seen.text,
		"x\\x0a2026 error forged\\x1b[0m\\u{202e}");
}

static void test_forward_expect_level_origin_and_clean_text(void **state)
{
	struct seen seen = { 0 };
	struct zs_log_line line = { ZS_LOG_DEBUG, "host", "corp", "www", "a\x1b[2Jb" };

	(void)state;
	zs_log_setup("front", "", sink, &seen);
	zs_log_forward(&line);
	assert_int_equal(seen.lines, 0);
	line.level = ZS_LOG_WARN;
	zs_log_forward(&line);
	assert_int_equal(seen.lines, 1);
	assert_string_equal(seen.role, "host");
	assert_string_equal(seen.instance, "corp");
	assert_string_equal(seen.job, "www");
	assert_string_equal(seen.text, "a\\x1b[2Jb");
}

static void test_log_when_long_expect_cut_and_huge_expect_replaced(void **state)
{
	struct seen seen = { 0 };
	char *text = malloc(100001);

	(void)state;
	memset(text, 'x', 100000);
	text[100000] = 0;
	zs_log_setup("engine", "", sink, &seen);
	zs_info("", "%.10000s", text);
	assert_int_equal(strlen(seen.text), 4095);
	zs_info("", "%s", text);
	assert_string_equal(seen.text, "[not shown: too long, or no memory]");
	free(text);
}

static void test_redact_when_registered_expect_every_occurrence_hidden(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	zs_log_setup("host", "corp", sink, &seen);
	zs_log_redact(S("tooSh"));
	zs_log_redact(S("s3cret-token"));
	zs_log_redact(S("s3cret-token"));
	zs_log_redact(S("s3cret-token-long"));
	zs_log_redact(S("token-long-tail"));
	zs_log_redact(S("bin\x01\xff"
			"secret"));
	zs_info("", "a=s3cret-token b=s3cret-token&c tooSh");
	assert_string_equal(seen.text, "a=[redacted] b=[redacted]&c tooSh");
	zs_info("", "s3cret-token-long");
	assert_string_equal(seen.text, "[redacted]");
	zs_info("", "<s3cret-token-long-tail>");
	assert_string_equal(seen.text, "<[redacted]>");
	zs_info("", "s3cret-tokens3cret-token");
	assert_string_equal(seen.text, "[redacted][redacted]");
	zs_info("", "x bin\x01\xff"
		    "secret y");
	assert_string_equal(seen.text, "x [redacted] y");
}

static void test_redact_when_more_than_32_expect_first_ones_hidden(void **state)
{
	struct seen seen = { 0 };
	char text[32];

	(void)state;
	zs_log_setup("host", "corp", sink, &seen);
	for (int i = 0; i < 50; i++) {
		(void)snprintf(text, sizeof(text), "secret-%03d", i);
		zs_log_redact(S(text));
	}
	zs_info("", "secret-000");
	assert_string_equal(seen.text, "[redacted]");
}

static char *captured(void (*what)(void), char *text, size_t size)
{
	int ends[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	what();
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	(void)close(ends[1]);
	(void)close(saved);
	n = read(ends[0], text, size - 1);
	(void)close(ends[0]);
	text[n > 0 ? n : 0] = 0;
	return text;
}

static void print_one(void)
{
	zs_log_print(&(struct zs_log_line){ ZS_LOG_WARN, "host", "corp-bind",
		"www", "hello\x1b" });
}

static void print_bare(void)
{
	zs_log_print(&(struct zs_log_line){ ZS_LOG_ERROR, "engine", NULL, NULL,
		NULL });
}

static void log_nested(void)
{
	struct seen seen = { .log_again = true };

	zs_log_setup("engine", "", sink, &seen);
	zs_error("", "outer");
	assert_int_equal(seen.lines, 1);
	assert_string_equal(seen.text, "outer");
	zs_log_setup("engine", "", NULL, NULL);
}

static void test_print_expect_line_form(void **state)
{
	char text[8192];

	(void)state;
	(void)captured(print_one, text, sizeof(text));
	assert_int_equal(text[4], '-');
	assert_int_equal(text[10], 'T');
	assert_int_equal(text[19], '.');
	assert_string_equal(text + 23,
		"Z warn  host[corp-bind] job=www hello\\x1b\n");
	(void)captured(print_bare, text, sizeof(text));
	assert_string_equal(text + 23, "Z error engine \n");
}

static void test_sink_when_it_logs_itself_expect_not_reentered(void **state)
{
	char text[8192];

	(void)state;
	(void)captured(log_nested, text, sizeof(text));
	assert_string_equal(text + 23, "Z error engine nested\n");
}

static void test_level_names_expect_both_ways(void **state)
{
	enum zs_level level = ZS_LOG_ERROR;

	(void)state;
	for (int i = 0; i < ZS_LOG__COUNT; i++) {
		assert_true(zs_level_by_name(S(zs_level_name((enum zs_level)i)),
			&level));
		assert_int_equal(level, i);
	}
	assert_false(zs_level_by_name(S("loud"), &level));
	assert_false(zs_level_by_name(S("WARN"), &level));
	assert_string_equal(zs_level_name(ZS_LOG__COUNT), "error");
}

static const struct {
	const char *label, *raw;
	bool keep_lf;
	const char *want;
} cleans[] = {
	{ "plain", "a b", false, "a b" },
	{ "UTF-8", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x92", false,
		"\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x92" },
	{ "LF kept", "a\nb", true, "a\nb" },
	{ "LF not kept", "a\nb", false, "a\\x0ab" },
	{ "CR and tab never", "\r\t", true, "\\x0d\\x09" },
	{ "DEL", "\x7f", true, "\\x7f" },
	{ "C1", "\xc2\x9b", true, "\\u{009b}" },
	{ "raw C1", "\x9b", true, "\\x9b" },
	{ "overlong", "\xc0\xaf", true, "\\xc0\\xaf" },
	{ "surrogate", "\xed\xa0\x80", true, "\\xed\\xa0\\x80" },
	{ "bidi", "\xe2\x81\xa6", true, "\\u{2066}" },
	{ "zero width", "\xe2\x80\x8b", true, "\\u{200b}" },
	{ "tag", "\xf3\xa0\x81\x81", true, "\\u{e0041}" },
};

static void test_clean_when_table_expect_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(cleans); i++) {
		struct zs_buf buf = ZS_BUF(100);

		print_message("  %s\n", cleans[i].label);
		zs_clean(&buf, S(cleans[i].raw), cleans[i].keep_lf);
		assert_string_equal(zs_buf_str(&buf), cleans[i].want);
		zs_buf_done(&buf);
	}
}

static void test_clean_when_nul_inside_expect_escaped(void **state)
{
	struct zs_buf buf = ZS_BUF(100);

	(void)state;
	zs_clean(&buf, zs_slice_of("a\0b", 3), true);
	assert_string_equal(zs_buf_str(&buf), "a\\x00b");
	zs_buf_done(&buf);
}

/* Whatever comes in: the result is safe, and cleaning it again changes nothing. */
static void test_clean_when_random_expect_safe_and_idempotent(void **state)
{
	(void)state;
	srandom(6);
	for (int round = 0; round < 50000; round++) {
		struct zs_buf once = ZS_BUF(400), twice = ZS_BUF(400);
		uint8_t raw[32];
		struct zs_slice s = zs_slice_of(raw, (size_t)random() % 33), rest;

		for (size_t i = 0; i < s.n; i++)
			raw[i] = (uint8_t)(random() & 0xff);
		zs_clean(&once, s, false);
		zs_clean(&twice, zs_buf_slice(&once), false);
		assert_true(zs_slice_eq(zs_buf_slice(&once),
			zs_buf_slice(&twice)));
		for (rest = zs_buf_slice(&once); rest.n;) {
			uint32_t point;
			size_t n = zs_utf8_next(rest, &point);

			assert_true(n > 0 && !zs_utf8_is_unsafe(point));
			rest = zs_slice_of(rest.p + n, rest.n - n);
		}
		zs_buf_done(&once);
		zs_buf_done(&twice);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_when_level_off_expect_no_line),
		cmocka_unit_test(test_log_when_hostile_expect_clean_single_line),
		cmocka_unit_test(test_forward_expect_level_origin_and_clean_text),
		cmocka_unit_test(test_log_when_long_expect_cut_and_huge_expect_replaced),
		cmocka_unit_test(test_redact_when_registered_expect_every_occurrence_hidden),
		cmocka_unit_test(test_redact_when_more_than_32_expect_first_ones_hidden),
		cmocka_unit_test(test_print_expect_line_form),
		cmocka_unit_test(test_sink_when_it_logs_itself_expect_not_reentered),
		cmocka_unit_test(test_level_names_expect_both_ways),
		cmocka_unit_test(test_clean_when_table_expect_row),
		cmocka_unit_test(test_clean_when_nul_inside_expect_escaped),
		cmocka_unit_test(test_clean_when_random_expect_safe_and_idempotent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
