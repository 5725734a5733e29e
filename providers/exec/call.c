/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of the user's program, and what the user gets to see of it.
 */
#include "exec.h"

#include <string.h>

enum { MIN_HIDDEN = 4,
	LOG_LINES = 16 };

/* ---- without secrets ---- */

/* The hidden word that text begins with, or 0 octets. */
static size_t hidden_at(const struct exec *self, struct zsp_str text)
{
	size_t longest = 0;

	for (uint32_t i = 0; i < self->hidden.n; i++) {
		size_t n = strlen(self->hidden.v[i]);

		if (n >= MIN_HIDDEN && n > longest && zsp_str_starts(text, self->hidden.v[i]))
			longest = n;
	}
	return longest;
}

void exec_clean(const struct exec *self, struct zsp_str text, struct zsp_text *dst)
{
	while (text.n) {
		size_t n = hidden_at(self, text);

		if (n)
			zsp_text_addz(dst, "[hidden]");
		else
			zsp_text_add(dst, text.p, n = 1);
		text.p += n;
		text.n -= n;
	}
}

/* ---- log ---- */

/* The last lines say most; at most so many begin here. */
static struct zsp_str last_lines(struct zsp_str text, uint32_t lines)
{
	size_t at = text.n;

	while (at && (text.p[at - 1] != '\n' || at == text.n || --lines))
		at--;
	return (struct zsp_str){ text.p + at, text.n - at };
}

static void log_stream(const struct exec *self, int32_t level, const char *which, struct zsp_str text)
{
	struct zsp_str rest = last_lines(text, LOG_LINES);

	if (rest.n < text.n)
		zsp_logf(self->host, level, "%s: %zu octets before these are left out", which, text.n - rest.n);
	while (rest.n) {
		struct zsp_str line = zsp_str_cut(&rest, '\n');
		struct zsp_text clean = ZSP_TEXT_SECRET(ZSP_MAX_TEXT);

		exec_clean(self, zsp_str_trim(line), &clean);
		if (clean.n)
			zsp_logf(self->host, level, "%s: %s", which, zsp_text_str(&clean).p);
		zsp_text_done(&clean);
	}
}

/* Of a reply in JSON the log gets nothing while all is well. */
static void log_output(const struct exec *self, const struct exec_call *call, int32_t good, int32_t is_reply)
{
	if (!is_reply || !good)
		log_stream(self, good ? ZSP_LOG_DEBUG : ZSP_LOG_INFO, "stdout", zsp_text_str(&call->out));
	log_stream(self, ZSP_LOG_INFO, "stderr", zsp_text_str(&call->err));
	if (call->result.dropped)
		zsp_logf(self->host, ZSP_LOG_WARN, "the program wrote more than %d octets; %llu were thrown away", EXEC_OUTPUT,
			(unsigned long long)call->result.dropped);
}

/* ---- run ---- */

int32_t exec_call_run(struct exec *self, const struct words *argv, const struct words *env, struct zsp_str input,
	struct exec_call *call)
{
	const struct run run = {
		.host = self->host,
		.argv = argv->v,
		.envp = env->v,
		.directory = self->directory.n ? zsp_text_str(&self->directory).p : "/",
		.input = input,
		.timeout_ms = self->timeout_ms,
		.strict_output = input.p != NULL,
		.out = &call->out,
		.err = &call->err,
	};
	int32_t good;

	run_program(&run, &call->result);
	good = call->result.end == RUN_EXITED && call->result.number == 0;
	log_output(self, call, good, input.p != NULL);
	return good;
}

static struct zsp_str last_line(const struct zsp_text *text)
{
	struct zsp_str all = zsp_str_trim(zsp_text_str(text));

	return zsp_str_trim(last_lines(all, 1));
}

void exec_call_explain(const struct exec *self, const struct exec_call *call, struct zsp_text *dst)
{
	struct zsp_str words = last_line(&call->err);

	run_explain(&call->result, dst);
	if (!words.n)
		words = last_line(&call->out);
	if (words.n > 300)
		words.n = 300;
	if (words.n) {
		zsp_text_addz(dst, "; its last words: ");
		exec_clean(self, words, dst);
	}
}

void exec_call_done(struct exec_call *call)
{
	zsp_text_done(&call->out);
	zsp_text_done(&call->err);
}
