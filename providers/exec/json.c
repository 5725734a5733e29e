/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mode json: one run for a whole batch.
 */
#include "exec.h"

#include "talk.h"

enum { MAX_REQUEST = 1024 * 1024 };

/* A request on its way and what came back. */
struct exchange {
	struct zsp_text request;
	struct zsp_json_out out;
	struct exec_call call;
	struct talk_reply reply;
	struct zsp_text why;
};

#define EXCHANGE() \
	{ \
		.request = ZSP_TEXT_SECRET(MAX_REQUEST), .call = EXEC_CALL(), .why = ZSP_TEXT(ZSP_MAX_TEXT) \
	}

static void exchange_done(struct exchange *x)
{
	zsp_text_done(&x->request);
	exec_call_done(&x->call);
	talk_done(&x->reply);
	zsp_text_done(&x->why);
}

static int32_t fail(struct exec *self, struct exchange *x, int32_t error_class)
{
	return zsp_failf(self->host, error_class, 0, "%s: %s", zsp_text_str(&self->program).p, zsp_text_str(&x->why).p);
}

static int32_t run(struct exec *self, struct exchange *x)
{
	struct words argv = { .n = 0 };
	int32_t good = words_add(&argv, zsp_text_str(&self->program));

	for (uint32_t i = 0; i < self->arguments.n && good; i++)
		good = words_add(&argv, zsp_strz(self->arguments.v[i]));
	if (good)
		good = exec_call_run(self, &argv, &self->env, zsp_text_str(&x->request), &x->call);
	words_done(&argv);
	return good;
}

/* Whether the reply says that anything failed. */
static int32_t says_error(const struct talk_reply *reply)
{
	for (uint32_t i = 0; i < reply->n; i++)
		if (reply->items[i].error_class != ZSP_OK)
			return 1;
	return reply->all.is_set && reply->all.error_class != ZSP_OK;
}

/*
 * A reply that names failures is believed whatever the exit status is; one that names
 * none is believed with status 0 only.
 */
static int32_t exchange(struct exec *self, struct exchange *x, uint32_t n)
{
	int64_t left = self->host->deadline_left_ms(self->host);
	int32_t good, usable;

	talk_end(&x->out, zsp_text_str(&self->secret), self->timeout_ms < left ? self->timeout_ms : left);
	if (x->request.failed)
		return zsp_failf(self->host, ZSP_BUG, 0, "the request cannot be put into JSON");
	if (run_check_file(self->host, "program", zsp_text_str(&self->program).p) != ZSP_OK)
		return ZSP_CONFIG;
	good = run(self, x);
	usable = talk_read(zsp_text_str(&x->call.out), n, &x->reply);
	if (usable && (good || (x->call.result.end == RUN_EXITED && says_error(&x->reply))))
		return ZSP_OK;
	if (good) {
		zsp_text_addf(&x->why, "exit status 0, but its reply on standard output cannot be used: ");
		exec_clean(self, zsp_strz(x->reply.why), &x->why);
		return fail(self, x, ZSP_BUG);
	}
	exec_call_explain(self, &x->call, &x->why);
	return fail(self, x, ZSP_TRANSIENT);
}

/* ---- what is made of a reply ---- */

static void say_result(const struct exec *self, uint32_t i, const struct talk_result *result)
{
	const struct zsp_host *host = self->host;
	struct zsp_text text = ZSP_TEXT(ZSP_MAX_TEXT);

	exec_clean(self, result->text, &text);
	if (result->error_class == ZSP_NOT_FOUND && result->zone.n)
		host->zone(host, result->zone.p, result->zone.n);
	if (!text.n && result->error_class != ZSP_OK)
		zsp_text_addf(&text, "%s gave no reason", zsp_text_str(&self->program).p);
	host->result(host, i, result->error_class, zsp_text_str(&text).p, text.n);
	zsp_text_done(&text);
}

/* The host takes the time to wait from a call that failed, so the longest one makes it fail;
 * each item has its own result all the same. */
static int32_t say_results(const struct exec *self, const struct talk_reply *reply)
{
	const struct talk_result *slowest = NULL;

	for (uint32_t i = 0; i < reply->n; i++) {
		const struct talk_result *result = &reply->items[i];

		say_result(self, i, result);
		if (result->retry_after_ms && (!slowest || result->retry_after_ms > slowest->retry_after_ms))
			slowest = result;
	}
	if (!slowest)
		return ZSP_OK;
	return zsp_failf(self->host, slowest->error_class, slowest->retry_after_ms, "%s asks for time",
		zsp_text_str(&self->program).p);
}

int32_t json_apply(struct exec *self, struct zsp_str zone, const struct zsp_list *changes)
{
	struct exchange x = EXCHANGE();
	int32_t class;

	talk_apply(&x.out, &x.request, zone, changes);
	class = exchange(self, &x, changes->n);
	if (class == ZSP_OK && x.reply.ticket.n)
		self->host->ticket(self->host, x.reply.ticket.p, x.reply.ticket.n);
	if (class == ZSP_OK)
		class = say_results(self, &x.reply);
	exchange_done(&x);
	return class;
}

int32_t json_check(struct exec *self, const struct zsp_list *zones)
{
	struct exchange x = EXCHANGE();
	int32_t class;

	talk_check(&x.out, &x.request, zones);
	class = exchange(self, &x, zones->n);
	if (class == ZSP_OK)
		class = say_results(self, &x.reply);
	exchange_done(&x);
	return class;
}

int32_t json_live(struct exec *self, struct zsp_str zone, struct zsp_str ticket, int32_t *ret_live)
{
	struct exchange x = EXCHANGE();
	int32_t class;

	talk_live(&x.out, &x.request, zone, ticket);
	class = exchange(self, &x, 0);
	if (class == ZSP_OK && x.reply.all.is_set && x.reply.all.error_class != ZSP_OK) {
		exec_clean(self, x.reply.all.text, &x.why);
		class = fail(self, &x, x.reply.all.error_class);
	} else if (class == ZSP_OK && x.reply.live < 0) {
		zsp_text_addz(&x.why, "its reply does not say \"live\": true or false");
		class = fail(self, &x, ZSP_BUG);
	} else if (class == ZSP_OK) {
		*ret_live = x.reply.live;
	}
	exchange_done(&x);
	return class;
}
