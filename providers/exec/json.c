/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mode json: one run for a whole batch.
 */
#include "exec.h"

#include "talk.h"

enum { MAX_REQUEST = 1024 * 1024,
	TRIES = 3,
	PAUSE_MS = 250,
	LEAST_MS = 500 /* that a further run must have of the call's time */
};

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

/* Says why it cannot be used, unless that has been said. */
static int32_t fail(struct exec *self, struct exchange *x, int32_t error_class)
{
	if (!x->why.n)
		return error_class;
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
 * none is believed with status 0 only.  What cannot be used may be whole the next time: a
 * script often takes the exit status of the last command of a pipe for that of all.
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
	} else {
		exec_call_explain(self, &x->call, &x->why);
	}
	return ZSP_TRANSIENT;
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
static int32_t say_slowest(const struct exec *self, const struct talk_result *slowest)
{
	if (!slowest->retry_after_ms)
		return ZSP_OK;
	return zsp_failf(self->host, slowest->error_class, slowest->retry_after_ms, "%s asks for time",
		zsp_text_str(&self->program).p);
}

static int32_t say_results(const struct exec *self, const struct talk_reply *reply)
{
	struct talk_result slowest = { .retry_after_ms = 0 };

	for (uint32_t i = 0; i < reply->n; i++) {
		say_result(self, i, &reply->items[i]);
		if (reply->items[i].retry_after_ms > slowest.retry_after_ms)
			slowest = reply->items[i];
	}
	return say_slowest(self, &slowest);
}

/* ---- changes ---- */

/* Those that are not settled yet, and what the whole call is going to say. */
struct batch {
	struct zsp_change changes[EXEC_CHANGES];
	uint32_t index[EXEC_CHANGES]; /* in the call */
	uint32_t n, tries;
	struct talk_result slowest; /* the longest time to wait of those that failed */
};

static int32_t is_worth_it(int32_t class)
{
	return class == ZSP_TRANSIENT || class == ZSP_CONFLICT || class == ZSP_RATE_LIMITED;
}

/* How long to wait before another run; -1 = that makes no sense, or does not fit into the call. */
static int64_t pause_for(const struct exec *self, const struct batch *b, int32_t class, int64_t retry_after_ms)
{
	int64_t ms = retry_after_ms > 0 ? retry_after_ms : (int64_t)PAUSE_MS << b->tries;

	if (!is_worth_it(class) || b->tries + 1 >= TRIES || ms + LEAST_MS > self->host->deadline_left_ms(self->host))
		return -1;
	return ms;
}

/* Says the results that are final and keeps the others in the batch.  How long to wait. */
static int64_t settle(const struct exec *self, struct batch *b, const struct talk_reply *reply)
{
	uint32_t kept = 0, n = b->n;
	int64_t longest = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct talk_result *result = &reply->items[i];
		int64_t ms = pause_for(self, b, result->error_class, result->retry_after_ms);

		if (ms < 0) {
			say_result(self, b->index[i], result);
			if (result->retry_after_ms > b->slowest.retry_after_ms)
				b->slowest = (struct talk_result){ .error_class = result->error_class, .retry_after_ms = result->retry_after_ms };
			continue;
		}
		b->changes[kept] = b->changes[i];
		b->index[kept++] = b->index[i];
		longest = ms > longest ? ms : longest;
	}
	b->n = kept;
	return longest;
}

/* One run for what is left.  ZSP_OK with the time to wait before the next one, or the class
 * of a failure that was said. */
static int32_t run_batch(struct exec *self, struct zsp_str zone, struct batch *b, int64_t *ret_pause)
{
	const struct zsp_list changes = { b->changes, b->n, sizeof(b->changes[0]) };
	struct exchange x = EXCHANGE();
	int32_t class, ended;

	talk_apply(&x.out, &x.request, zone, &changes);
	class = exchange(self, &x, b->n);
	/* by itself, and not because it took too long or wrote too much */
	ended = (x.call.result.end == RUN_EXITED && x.call.result.number) || x.call.result.end == RUN_KILLED;
	if (class == ZSP_OK) {
		if (x.reply.ticket.n)
			self->host->ticket(self->host, x.reply.ticket.p, x.reply.ticket.n);
		*ret_pause = settle(self, b, &x.reply);
	} else if (ended && (*ret_pause = pause_for(self, b, class, 0)) >= 0) {
		class = ZSP_OK;
		zsp_logf(self->host, ZSP_LOG_INFO, "%s: %s; it is run again", zsp_text_str(&self->program).p, zsp_text_str(&x.why).p);
	} else {
		class = fail(self, &x, class);
	}
	exchange_done(&x);
	return class;
}

static int32_t fill_batch(const struct exec *self, const struct zsp_list *changes, struct batch *b)
{
	if (changes->n > EXEC_CHANGES)
		return zsp_failf(self->host, ZSP_BUG, 0, "%u changes in one call, and %d are the most", (unsigned)changes->n, EXEC_CHANGES);
	for (; b->n < changes->n; b->n++) {
		b->changes[b->n] = *ZSP_ITEM(struct zsp_change, changes, b->n);
		b->index[b->n] = b->n;
	}
	return ZSP_OK;
}

/* What may go away by itself is asked again: nobody else repeats an addition, and programs of
 * this mode bear it. */
int32_t json_apply(struct exec *self, struct zsp_str zone, const struct zsp_list *changes)
{
	struct batch b = { .n = 0 };
	int32_t class = fill_batch(self, changes, &b);
	int64_t pause = 0;

	for (; class == ZSP_OK && b.n; b.tries++) {
		if (pause && zsp_sleep(self->host, pause) != ZSP_OK)
			return zsp_failf(self->host, ZSP_TRANSIENT, 0, "no time was left to run the program once more");
		class = run_batch(self, zone, &b, &pause);
	}
	return class == ZSP_OK ? say_slowest(self, &b.slowest) : class;
}

int32_t json_check(struct exec *self, const struct zsp_list *zones)
{
	struct exchange x = EXCHANGE();
	int32_t class;

	talk_check(&x.out, &x.request, zones);
	class = exchange(self, &x, zones->n);
	class = class == ZSP_OK ? say_results(self, &x.reply) : fail(self, &x, class);
	exchange_done(&x);
	return class;
}

int32_t json_live(struct exec *self, struct zsp_str zone, struct zsp_str ticket, int32_t *ret_live)
{
	struct exchange x = EXCHANGE();
	int32_t class;

	talk_live(&x.out, &x.request, zone, ticket);
	class = exchange(self, &x, 0);
	if (class != ZSP_OK) {
		class = fail(self, &x, class);
	} else if (x.reply.all.is_set && x.reply.all.error_class != ZSP_OK) {
		exec_clean(self, x.reply.all.text.n ? x.reply.all.text : zsp_strz("no reason is given"), &x.why);
		class = fail(self, &x, x.reply.all.error_class);
	} else if (x.reply.live < 0) {
		zsp_text_addz(&x.why, "its reply does not say \"live\": true or false");
		class = fail(self, &x, ZSP_BUG);
	} else {
		*ret_live = x.reply.live;
	}
	exchange_done(&x);
	return class;
}
