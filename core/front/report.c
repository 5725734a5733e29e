/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/report.h: talk, errors and the frame of every document.  What a run
 * brought is in report_run.c.
 */
#include "front/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/command.h"

enum { LINE_MAX_OCTETS = 64 * 1024 };

/* ---- talk ---- */

static void put(FILE *file, const char *fmt, va_list ap) ZS_PRINTF(2, 0);
static void put(FILE *file, const char *fmt, va_list ap)
{
	struct zs_buf raw = ZS_BUF(LINE_MAX_OCTETS), clean = ZS_BUF(4 * LINE_MAX_OCTETS);

	zs_buf_vaddf(&raw, fmt, ap);
	zs_clean(&clean, zs_buf_slice(&raw), true);
	fputs(zs_buf_str(&clean), file);
	zs_buf_done(&raw);
	zs_buf_done(&clean);
}

void zs_say(const struct zs_cli *cli, const char *fmt, ...)
{
	va_list ap;

	if (cli->quiet)
		return;
	va_start(ap, fmt);
	put(stderr, fmt, ap);
	va_end(ap);
}

void zs_data(const struct zs_cli *cli, const char *fmt, ...)
{
	va_list ap;

	if (cli->json)
		return;
	va_start(ap, fmt);
	put(stdout, fmt, ap);
	va_end(ap);
}

void zs_data_lines(const struct zs_cli *cli, struct zs_slice text)
{
	while (text.n) {
		const uint8_t *tab = memchr(text.p, '\t', text.n);
		struct zs_slice part = zs_slice_of(text.p, tab ? (size_t)(tab - text.p) : text.n);
		struct zs_buf clean = ZS_BUF(4 * part.n + 1);

		zs_clean(&clean, part, true);
		if (!cli->json && clean.len)
			fwrite(clean.data, 1, clean.len, stdout);
		if (!cli->json && tab)
			fputc('\t', stdout);
		zs_buf_done(&clean);
		text = zs_slice_of(text.p + part.n + (tab != NULL), text.n - part.n - (tab != NULL));
	}
}

bool zs_data_ok(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	fprintf(stderr, "zoneseal: cannot write to standard output: %s\n", strerror(errno));
	return false;
}

/* ---- errors as text ---- */

static void add_clean(struct zs_buf *dst, const char *text)
{
	zs_clean(dst, zs_slice_str(text), false);
}

/* A matrix has several lines: all but the first are set in. */
static void add_lines(struct zs_buf *dst, const char *text)
{
	struct zs_slice rest = zs_slice_str(text);
	bool first = true;

	while (rest.n) {
		struct zs_slice line = zs_slice_cut(&rest, '\n');
		if (!first)
			zs_buf_add_str(dst, "\n    ");
		zs_clean(dst, line, false);
		first = false;
	}
	zs_buf_add_byte(dst, '\n');
}

static void add_part(struct zs_buf *dst, const char *label, const char *text)
{
	if (!*text)
		return;
	zs_buf_addf(dst, "  %s: ", label);
	add_clean(dst, text);
	zs_buf_add_byte(dst, '\n');
}

static void add_subproblems(struct zs_buf *dst, const struct zs_err *err)
{
	for (uint32_t i = 0; i < err->nsub && i < ZS_ERR_SUBPROBLEMS; i++) {
		const struct zs_subproblem *sub = &err->sub[i];
		zs_buf_add_str(dst, "  ");
		add_clean(dst, sub->identifier);
		zs_buf_add_str(dst, *sub->identifier ? ": " : "");
		add_clean(dst, sub->type);
		zs_buf_add_str(dst, *sub->type && *sub->detail ? ": " : "");
		add_clean(dst, sub->detail);
		zs_buf_add_byte(dst, '\n');
	}
}

static void add_answer(struct zs_buf *dst, const struct zs_err *err)
{
	char when[ZS_TIME_TEXT];

	if (*err->problem || err->http_status) {
		zs_buf_add_str(dst, "  answer: ");
		add_clean(dst, err->problem);
		if (err->http_status)
			zs_buf_addf(dst, "%sHTTP status %d", *err->problem ? ", " : "", (int)err->http_status);
		zs_buf_add_byte(dst, '\n');
	}
	if (err->retry_at) {
		zs_time_print(err->retry_at, when);
		zs_buf_addf(dst, "  not before: %s\n", when);
	}
}

void zs_report_err_text(struct zs_buf *dst, const char *about, const struct zs_err *err)
{
	if (about && *about) {
		add_clean(dst, about);
		zs_buf_add_str(dst, ": ");
	}
	add_lines(dst, *err->text ? err->text : zs_code_info((int)err->code)->meaning);
	if (!about || strcmp(err->subject, about) != 0)
		add_part(dst, "about", err->subject);
	add_part(dst, "where", err->where);
	add_answer(dst, err);
	add_subproblems(dst, err);
	add_part(dst, "next", zs_err_advice(err));
}

/* ---- errors as JSON ---- */

static void subproblems_json(struct zs_json_out *out, const struct zs_err *err)
{
	zs_jout_array(out, "subproblems");
	for (uint32_t i = 0; i < err->nsub && i < ZS_ERR_SUBPROBLEMS; i++) {
		zs_jout_object(out, NULL);
		zs_jout_str(out, "identifier", err->sub[i].identifier);
		zs_jout_str(out, "type", err->sub[i].type);
		zs_jout_str(out, "detail", err->sub[i].detail);
		zs_jout_end(out, '}');
	}
	zs_jout_end(out, ']');
}

void zs_report_err_json(struct zs_json_out *out, const char *key, const struct zs_err *err)
{
	if (!err || !err->code) {
		zs_jout_null(out, key);
		return;
	}
	const struct zs_code_info *info = zs_code_info((int)err->code);
	zs_jout_object(out, key);
	zs_jout_str(out, "code", info->name);
	zs_jout_str(out, "class", zs_class_name(info->class));
	zs_jout_bool(out, "retry", info->retry);
	zs_jout_int(out, "exit_code", info->exit_code);
	zs_jout_str(out, "subject", err->subject);
	zs_jout_str(out, "where", err->where);
	zs_jout_str(out, "problem", err->problem);
	zs_jout_int(out, "http_status", err->http_status);
	zs_jout_time(out, "retry_at", err->retry_at);
	zs_jout_str(out, "text", err->text);
	zs_jout_str(out, "hint", zs_err_advice(err));
	subproblems_json(out, err);
	zs_jout_end(out, '}');
}

/* ---- the document ---- */

void zs_document_begin(struct zs_document *doc, const struct zs_cli *cli)
{
	zs_buf_init(&doc->buf, ZS_REPORT_MAX);
	zs_jout_init(&doc->out, &doc->buf, true);
	zs_jout_object(&doc->out, NULL);
	zs_jout_int(&doc->out, "schema", 1);
	if (cli->command)
		zs_jout_str(&doc->out, "command", cli->command->name);
	else
		zs_jout_null(&doc->out, "command");
}

int zs_document_end(struct zs_document *doc, int exit_code, const struct zs_err *err)
{
	zs_report_err_json(&doc->out, "error", err);
	zs_jout_int(&doc->out, "exit_code", exit_code);
	zs_jout_end(&doc->out, '}');
	zs_buf_add_byte(&doc->buf, '\n');
	if (doc->buf.failed) {
		fputs("zoneseal: the JSON document is too large\n", stderr);
		exit_code = zs_code_info(ZS_E_BUG)->exit_code;
	} else {
		fwrite(doc->buf.data, 1, doc->buf.len, stdout);
		if (!zs_data_ok())
			exit_code = zs_code_info(ZS_E_STORAGE)->exit_code;
	}
	zs_buf_done(&doc->buf);
	return exit_code;
}

/* ---- failure ---- */

/* The command line for a report: values of -o are left out, they might be what they must not. */
static void add_command_line(struct zs_buf *dst, const struct zs_cli *cli)
{
	for (size_t i = 0; cli->argv && cli->argv[i]; i++) {
		const char *word = cli->argv[i];
		const char *before = i ? cli->argv[i - 1] : "";
		bool option = !strcmp(before, "-o") || !strcmp(before, "--provider-option") || !strncmp(word, "-o", 2) ||
			      !strncmp(word, "--provider-option=", 18);
		size_t from = option && word[0] == '-' && word[1] == '-' ? 18 : 0;
		size_t n = option ? from + strcspn(word + from, "=") : strlen(word);
		zs_buf_add_str(dst, i ? " " : "");
		zs_clean(dst, zs_slice_of(word, n < strlen(word) ? n : strlen(word)), false);
		if (option && n < strlen(word))
			zs_buf_add_str(dst, "=...");
	}
}

static void add_bug(struct zs_buf *dst, const struct zs_cli *cli)
{
	zs_buf_addf(dst, "  please report it with these lines (CONTRIBUTING.md says where):\n    version: %s, build %s\n    command: ",
		    ZS_VERSION, ZS_BUILD_ID);
	add_command_line(dst, cli);
	zs_buf_add_byte(dst, '\n');
}

int zs_report_failure(const struct zs_cli *cli, const struct zs_err *err)
{
	int exit_code = zs_code_info((int)err->code)->exit_code;
	struct zs_buf text = ZS_BUF(LINE_MAX_OCTETS);
	struct zs_document doc;

	if (cli->json) {
		zs_document_begin(&doc, cli);
		return zs_document_end(&doc, exit_code, err);
	}
	zs_report_err_text(&text, "zoneseal", err);
	if (zs_code_info((int)err->code)->class == ZS_CLASS_BUG)
		add_bug(&text, cli);
	fputs(zs_buf_str(&text), stderr);
	zs_buf_done(&text);
	return exit_code;
}
