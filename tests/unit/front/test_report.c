/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of errors as text and JSON, of progress lines and the block.
 */
#include "front/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "front/plugins.h"
#include "front/progress.h"
#include "zoneseal/provider.h"

enum { OCTETS = 64 * 1024 };

#define S(text) zs_slice_str(text)

/* ---- errors ---- */

static void make_error(struct zs_err *err)
{
	zs_err_set(err, ZS_E_CA_REFUSED, "the order is invalid:\nline two");
	zs_err_subject(err, "corp");
	zs_err_where(err, "https://ca.test/order/1");
	snprintf(err->problem, sizeof(err->problem), "rejectedIdentifier");
	err->http_status = 403;
	err->retry_at = 1700000000;
	zs_err_sub(err, S("a.test"), S("caa"), S("CAA forbids"));
}

static void test_error_text_expect_every_part(void **state)
{
	struct zs_buf text = ZS_BUF(OCTETS);
	struct zs_err err;

	(void)state;
	make_error(&err);
	zs_report_err_text(&text, "corp", &err);
	assert_string_equal(zs_buf_str(&text),
		"corp: the order is invalid:\n    line two\n"
		"  where: https://ca.test/order/1\n"
		"  answer: rejectedIdentifier, HTTP status 403\n"
		"  not before: 2023-11-14T22:13:20Z\n"
		"  a.test: caa: CAA forbids\n"
		"  next: correct what the CA says above (often a CAA record or a name it does not issue for), then run `zoneseal check`\n");
	zs_buf_done(&text);
}

static void test_error_text_when_subproblem_names_nothing_expect_no_mark(void **state)
{
	struct zs_buf text = ZS_BUF(OCTETS);
	struct zs_err err;

	(void)state;
	zs_err_set(&err, ZS_E_CA_REFUSED, "no");
	zs_err_sub(&err, ZS_SLICE_NONE, S("caa"), S("CAA forbids"));
	zs_report_err_text(&text, NULL, &err);
	assert_non_null(strstr(zs_buf_str(&text), "\n  caa: CAA forbids\n"));
	zs_buf_done(&text);
}

static void test_error_text_when_hostile_expect_harmless(void **state)
{
	struct zs_buf text = ZS_BUF(OCTETS);
	struct zs_err err;

	(void)state;
	zs_err_clear(&err);
	err.code = ZS_E_NETWORK;
	/* as a process that was taken over might fill it */
	snprintf(err.text, sizeof(err.text), "a\033[2Jb");
	snprintf(err.where, sizeof(err.where), "x\ny\033");
	zs_report_err_text(&text, NULL, &err);
	assert_null(strchr(zs_buf_str(&text), '\033'));
	assert_null(strstr(zs_buf_str(&text), "x\ny"));
	zs_buf_done(&text);
}

static void test_error_json_expect_members(void **state)
{
	static const char *const parts[] = {
		"\"code\":\"ca-refused\"", "\"class\":\"denied\"", "\"exit_code\":6", "\"http_status\":403",
		"\"retry_at\":\"2023-11-14T22:13:20Z\"", "\"identifier\":\"a.test\"", "\"problem\":\"rejectedIdentifier\"",
		"line two", "\"hint\":\"correct what",
	};
	struct zs_buf buf = ZS_BUF(OCTETS);
	struct zs_json_out out;
	struct zs_err err;

	(void)state;
	make_error(&err);
	zs_jout_init(&out, &buf, false);
	zs_report_err_json(&out, NULL, &err);
	for (size_t i = 0; i < ZS_COUNT(parts); i++)
		assert_non_null(strstr(zs_buf_str(&buf), parts[i]));
	zs_buf_clear(&buf);
	zs_err_clear(&err);
	zs_jout_init(&out, &buf, false);
	zs_report_err_json(&out, NULL, &err);
	assert_string_equal(zs_buf_str(&buf), "null");
	zs_buf_done(&buf);
}

static void test_left_json_expect_id_as_string(void **state)
{
	struct zs_run_left left = { .id = UINT64_MAX };
	struct zs_buf buf = ZS_BUF(OCTETS);
	struct zs_json_out out;

	(void)state;
	zs_jout_init(&out, &buf, false);
	zs_report_left_json(&out, &left);
	assert_non_null(strstr(zs_buf_str(&buf), "\"id\":\"18446744073709551615\""));
	zs_buf_done(&buf);
}

/* ---- progress ---- */

static char conf_name[] = "corp";
static const struct zs_conf_certificate conf = { .name = conf_name };

/* Runs events against a progress that writes to a pipe and returns what it wrote. */
static void drive(enum zs_progress_mode mode, void (*events)(const struct zs_run_events *, struct zs_run_job *), char dst[static OCTETS])
{
	struct zs_run_job job = { .conf = &conf, .phase = ZS_PHASE_PROPAGATE };
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	struct zs_progress *progress = zs_progress_new(mode, fds[1]);
	assert_non_null(progress);
	struct zs_run_events e = zs_progress_events(progress);
	events(&e, &job);
	zs_progress_free(progress);
	close(fds[1]);
	size_t n = 0;
	ssize_t got;
	while (n < OCTETS - 1 && (got = read(fds[0], dst + n, OCTETS - 1 - n)) > 0)
		n += (size_t)got;
	dst[n] = 0;
	close(fds[0]);
}

static void matrix_event(const struct zs_run_events *e, const struct zs_run_job *job, uint32_t second)
{
	struct zs_msg_matrix_row rows[] = {
		{ .server = S("ns1.test"), .address = S("127.53.0.11"), .state = ZS_SERVER_PRESENT, .seen = 1, .looks = 1 },
		{ .server = S("ns2.test"), .address = S("127.53.0.12"), .state = second, .looks = 1, .seen = second == ZS_SERVER_PRESENT },
	};
	struct zs_msg_job_matrix matrix = { .rows = { rows, 2 } };

	assert_true(zs_name_parse(S("example.test"), ZS_NAME_OWNER, &matrix.zone, NULL));
	e->matrix(job, &matrix, e->user);
}

static void lines(const struct zs_run_events *e, struct zs_run_job *job)
{
	e->phase(job, "waiting", e->user);
	e->phase(job, "waiting", e->user);
	matrix_event(e, job, ZS_SERVER_STALE);
	matrix_event(e, job, ZS_SERVER_STALE);
	matrix_event(e, job, ZS_SERVER_PRESENT);
	e->phase(job, "\033[31mred\nnext", e->user);
	e->job_end(job, e->user);
}

static void test_lines_expect_only_changes(void **state)
{
	static char text[OCTETS];

	(void)state;
	drive(ZS_PROGRESS_LINES, lines, text);
	assert_string_equal(text,
		"corp: propagate  waiting\n"
		"corp: propagate  127.53.0.11 (ns1.test) present 1/1, 127.53.0.12 (ns2.test) stale 0/1\n"
		"corp: propagate  127.53.0.12 (ns2.test) present 1/1\n"
		"corp: propagate  \\x1b[31mred\\x0anext\n");
}

static void block(const struct zs_run_events *e, struct zs_run_job *job)
{
	e->phase(job, "\033[31mred", e->user);
	matrix_event(e, job, ZS_SERVER_STALE);
	usleep(110 * 1000);
	e->tick(e->user);
}

static void test_block_expect_redrawn_and_taken_away(void **state)
{
	static char text[OCTETS];

	(void)state;
	drive(ZS_PROGRESS_BLOCK, block, text);
	assert_non_null(strstr(text, "ns2.test"));
	assert_null(strstr(text, "\033[31m"));
	/* three lines up, and all is gone */
	assert_string_equal(text + strlen(text) - strlen("\033[3A\r\033[J"), "\033[3A\r\033[J");
}

static void test_none_expect_no_events(void **state)
{
	struct zs_progress *progress = zs_progress_new(ZS_PROGRESS_NONE, STDERR_FILENO);
	struct zs_run_events e = zs_progress_events(progress);

	(void)state;
	assert_true(!e.phase && !e.matrix && !e.job_end && !e.left && !e.tick);
	zs_progress_free(progress);
	e = zs_progress_events(NULL);
	assert_null(e.phase);
	zs_progress_free(NULL);
}

static void test_cut_expect_columns_not_octets(void **state)
{
	static const struct {
		const char *text;
		size_t columns;
		const char *cut;
	} cases[] = {
		{ "abcdef", 6, "abcdef" }, { "abcdefg", 6, "abc..." }, { "", 6, "" }, { "äöüäöüä", 6, "äöü..." },
		{ "abcdef", 2, ".." }, { "abcdef", 1, "." }, { "äöü", 3, "äöü" },
	};

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(cases); i++) {
		struct zs_buf line = ZS_BUF(256);
		zs_buf_add_str(&line, cases[i].text);
		zs_progress_cut(&line, cases[i].columns);
		assert_string_equal(zs_buf_str(&line), cases[i].cut);
		zs_buf_done(&line);
	}
}

/* ---- what front says of plugins, against the header it must not include ---- */

static void test_kinds_and_flags_expect_those_of_the_header(void **state)
{
	(void)state;
	assert_string_equal(zs_plugin_kind(ZSP_OPTION_TEXT), "text");
	assert_string_equal(zs_plugin_kind(ZSP_OPTION_SECRET), "secret");
	assert_string_equal(zs_plugin_kind(ZSP_OPTION_FILE), "file");
	assert_string_equal(zs_plugin_kind(ZSP_OPTION_INTEGER), "integer");
	assert_string_equal(zs_plugin_kind(ZSP_OPTION_DURATION), "duration");
	assert_string_equal(zs_plugin_kind(ZSP_OPTION_BOOLEAN), "boolean");
	assert_string_equal(zs_plugin_kind(ZSP_OPTION_ADDRESS), "address");
	assert_string_equal(zs_plugin_kind(ZSP_OPTION_ADDRESSES), "addresses");
	assert_string_equal(zs_plugin_kind(ZSP_OPTION_NAME), "name");
	assert_string_equal(zs_plugin_kind(ZSP_OPTION_URL), "url");
	assert_string_equal(zs_plugin_kind(ZSP_OPTION_DIRECTORY), "directory");
	assert_string_equal(zs_plugin_kind(0), "unknown");
	assert_string_equal(zs_plugin_kind(99), "unknown");
	assert_string_equal(zs_plugin_flag(ZSP_FLAG_KEEPS_SIBLINGS, 0), "keeps-siblings");
	assert_string_equal(zs_plugin_flag(ZSP_FLAG_BATCH | ZSP_FLAG_LISTS_ZONES, 1), "lists-zones");
	assert_string_equal(zs_plugin_flag(ZSP_FLAG_NO_NETWORK, 0), "no-network");
	assert_string_equal(zs_plugin_flag(ZSP_FLAG_NEEDS_ZONE_LOCK, 0), "needs-zone-lock");
	assert_string_equal(zs_plugin_flag(ZSP_FLAG_EXECS, 0), "execs");
	assert_null(zs_plugin_flag(ZSP_FLAG_EXECS, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_text_expect_every_part),
		cmocka_unit_test(test_error_text_when_subproblem_names_nothing_expect_no_mark),
		cmocka_unit_test(test_error_text_when_hostile_expect_harmless),
		cmocka_unit_test(test_error_json_expect_members),
		cmocka_unit_test(test_left_json_expect_id_as_string),
		cmocka_unit_test(test_lines_expect_only_changes),
		cmocka_unit_test(test_block_expect_redrawn_and_taken_away),
		cmocka_unit_test(test_none_expect_no_events),
		cmocka_unit_test(test_cut_expect_columns_not_octets),
		cmocka_unit_test(test_kinds_and_flags_expect_those_of_the_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
