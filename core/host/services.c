/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions behind the host table.  They take what a plugin says, cap it,
 * clean it and keep it until the call is over; nothing here sends a message
 * except log lines.  Calls from another thread or outside of a call do nothing
 * but count.  Runs in the host process.
 */
#include "host/services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "host/watch.h"

enum {
	MAX_LINES = 64,
	MAX_LINE_OCTETS = 8 * 1024,
	MAX_CALL_MEMORY = 2 * 1024 * 1024,
	MAX_RETRY_MS = 24 * 3600 * 1000
};

/* ---- classes ---------------------------------------------------------------- */

static const struct { enum zs_code code; const char *words; } classes[] = {
	[ZSP_OK] = { ZS_OK, "no error" },
	[ZSP_AUTH] = { ZS_E_PROVIDER_AUTH, "the credentials were refused" },
	[ZSP_DENIED] = { ZS_E_PROVIDER_DENIED, "the credentials lack a right" },
	[ZSP_NOT_FOUND] = { ZS_E_PROVIDER_ZONE, "the zone is not served there" },
	[ZSP_CONFLICT] = { ZS_E_PROVIDER, "somebody else changed the same data" },
	[ZSP_RATE_LIMITED] = { ZS_E_PROVIDER_RATE, "too many requests" },
	[ZSP_TRANSIENT] = { ZS_E_PROVIDER, "the service failed" },
	[ZSP_CONFIG] = { ZS_E_CONFIG, "an option is wrong" },
	[ZSP_BUG] = { ZS_E_PLUGIN, "an assumption of the plugin is wrong" },
};

static bool is_class(int32_t c)
{
	return c >= 0 && (size_t)c < ZS_COUNT(classes);
}

enum zs_code zs_code_of_class(int32_t error_class)
{
	return is_class(error_class) ? classes[error_class].code : ZS_E_PROVIDER;
}

/* ---- the current call -------------------------------------------------------- */

static struct zs_services *services_of(const struct zsp_host *host)
{
	return host ? host->context : NULL;
}

/* The call in progress; NULL (and counted) from where no call is allowed. */
static struct zs_call *current(const struct zsp_host *host)
{
	struct zs_services *s = services_of(host);

	if (s && pthread_equal(pthread_self(), s->thread) && s->call)
		return s->call;
	if (s)
		atomic_fetch_add(&s->stray, 1);
	return NULL;
}

/* What a plugin says, without secrets, cut, in the call's memory; never NULL. */
static const char *keep_text(const struct zs_services *s, struct zs_call *call,
			     const char *text, size_t n)
{
	struct zs_buf clean = ZS_BUF(ZSP_MAX_TEXT * 3);
	const char *kept = NULL;
	size_t len;

	if (!text)
		n = 0;
	call->hidden += zs_hide_text(s->hide, zs_slice_of(text, n < 4 * ZSP_MAX_TEXT ? n : 4 * ZSP_MAX_TEXT),
		     &clean);
	len = clean.len < ZSP_MAX_TEXT ? clean.len : ZSP_MAX_TEXT;
	if (memchr(zs_buf_str(&clean), 0, len))
		len = strlen(zs_buf_str(&clean));
	kept = zs_arena_str(&call->arena, zs_buf_str(&clean), len);
	zs_buf_done(&clean);
	return kept ? kept : "";
}

static void break_contract(struct zs_call *call, const char *what, size_t n)
{
	if (!*call->broken)
		snprintf(call->broken, sizeof(call->broken), "%s %zu", what, n);
}

/* ---- the table --------------------------------------------------------------- */

static void host_log(const struct zsp_host *host, int32_t level, const char *text, size_t n)
{
	static const enum zs_level levels[] = {
		[ZSP_LOG_ERROR] = ZS_LOG_ERROR, [ZSP_LOG_WARN] = ZS_LOG_WARN,
		[ZSP_LOG_INFO] = ZS_LOG_INFO, [ZSP_LOG_DEBUG] = ZS_LOG_DEBUG,
	};
	struct zs_call *call = current(host);
	enum zs_level to = ZS_LOG_DEBUG;

	if (!call || !text)
		return;
	if (n > ZSP_MAX_TEXT)
		n = ZSP_MAX_TEXT;
	if (call->lines >= MAX_LINES || call->line_octets + n > MAX_LINE_OCTETS) {
		call->dropped++;
		return;
	}
	call->lines++;
	call->line_octets += n;
	if (level >= 0 && (size_t)level < ZS_COUNT(levels))
		to = levels[level];
	zs_log(to, "", "plugin: %s", keep_text(services_of(host), call, text, n));
	if (services_of(host)->log_chan)
		zs_chan_flush(services_of(host)->log_chan, 0);
}

static int32_t host_fail(const struct zsp_host *host, int32_t error_class,
			 int64_t retry_after_ms, const char *text, size_t n)
{
	struct zs_call *call = current(host);

	if (!call)
		return error_class;
	call->fail_class = error_class;
	call->fail_retry_ms = retry_after_ms < 0 ? 0 :
			      retry_after_ms > MAX_RETRY_MS ? MAX_RETRY_MS : retry_after_ms;
	call->fail_text = keep_text(services_of(host), call, text, n);
	return error_class;
}

static int32_t host_result(const struct zsp_host *host, uint32_t index, int32_t error_class,
			   const char *text, size_t n)
{
	struct zs_call *call = current(host);
	bool by_fail;

	if (!call)
		return ZSP_BUG;
	if (index >= call->n || call->results[index].is_set) {
		call->faults++;
		return ZSP_BUG;
	}
	/* What was told by fail just before need not be told again. */
	by_fail = n == 0 && error_class != ZSP_OK && call->fail_text && call->fail_class == error_class;
	call->results[index] = (struct zs_item_result){
		.is_set = true,
		.error_class = error_class,
		.text = by_fail ? call->fail_text : keep_text(services_of(host), call, text, n),
	};
	return ZSP_OK;
}

static int32_t host_zone(const struct zsp_host *host, const char *name, size_t n)
{
	struct zs_call *call = current(host);
	struct zs_name parsed, *zone;

	if (!call)
		return ZSP_BUG;
	if (!name || !zs_name_parse(zs_slice_of(name, n), ZS_NAME_OWNER, &parsed, NULL) ||
	    parsed.wildcard) {
		call->faults++;
		return ZSP_BUG;
	}
	zone = zs_vec_push(&call->zones, ZSP_MAX_ZONES);
	if (!zone)
		return ZSP_BUG;
	*zone = parsed;
	return ZSP_OK;
}

static int32_t host_ticket(const struct zsp_host *host, const void *ticket, size_t n)
{
	struct zs_call *call = current(host);

	if (!call)
		return ZSP_BUG;
	if (!ticket || !n || n > sizeof(call->ticket)) {
		break_contract(call, "a ticket must have 1 to 255 octets, this one has", n);
		return ZSP_BUG;
	}
	memcpy(call->ticket, ticket, n);
	call->ticket_len = n;
	return ZSP_OK;
}

static int64_t host_deadline_left_ms(const struct zsp_host *host)
{
	struct zs_call *call = current(host);
	uint64_t now;

	if (!call)
		return 0;
	now = services_of(host)->clock->mono_ms(services_of(host)->clock);
	return now < call->deadline_ms ? (int64_t)(call->deadline_ms - now) : 0;
}

static int32_t host_cancelled(const struct zsp_host *host)
{
	struct zs_call *call = current(host);

	if (!call)
		return 1;
	if (!call->was_cancelled && call->chan)
		call->was_cancelled = zs_chan_peek_cancel(call->chan, call->id);
	return call->was_cancelled || !host_deadline_left_ms(host);
}

static int64_t host_wall_ms(const struct zsp_host *host)
{
	struct zs_services *s = services_of(host);

	return s ? s->clock->wall_ms(s->clock) : 0;
}

/* Text that can be shown as it is: whole characters, no controls but LF and TAB. */
static bool printable(struct zs_slice text)
{
	while (text.n) {
		uint32_t point = 0;
		size_t n = zs_utf8_next(text, &point);

		if (!n || (zs_utf8_is_unsafe(point) && point != '\n' && point != '\t'))
			return false;
		text = zs_slice_of(text.p + n, text.n - n);
	}
	return true;
}

static int32_t host_print(const struct zsp_host *host, const char *text, size_t n)
{
	struct zs_call *call = current(host);

	if (!call)
		return ZSP_BUG;
	if (!call->may_print || (!text && n)) {
		call->faults++;
		return ZSP_BUG;
	}
	if (n > ZSP_MAX_POLICY - call->printed.len) {
		break_contract(call, "more text than fits into ZSP_MAX_POLICY; octets:", call->printed.len + n);
		return ZSP_BUG;
	}
	if (!printable(zs_slice_of(text, n))) {
		break_contract(call, "printed what is no UTF-8, or a control character, at octet", call->printed.len);
		return ZSP_BUG;
	}
	zs_buf_add(&call->printed, text, n);
	return call->printed.failed ? ZSP_BUG : ZSP_OK;
}

void zs_services_init(struct zs_services *services, struct zs_clock *clock, struct zs_hide *hide)
{
	*services = (struct zs_services){
		.table = {
			.head = ZSP_HEAD(struct zsp_host, 0),
			.context = services,
			.log = host_log,
			.fail = host_fail,
			.result = host_result,
			.zone = host_zone,
			.ticket = host_ticket,
			.deadline_left_ms = host_deadline_left_ms,
			.cancelled = host_cancelled,
			.wall_ms = host_wall_ms,
			.print = host_print,
		},
		.clock = clock,
		.hide = hide,
		.thread = pthread_self(),
	};
}

/* ---- begin and end ------------------------------------------------------------ */

int zs_call_begin(struct zs_services *services, struct zs_call *call, uint32_t n,
		  struct zs_err *err)
{
	uint64_t now = services->clock->mono_ms(services->clock);

	zs_arena_init(&call->arena, MAX_CALL_MEMORY);
	call->results = zs_arena_alloc(&call->arena, (n + 1) * sizeof(*call->results));
	if (!call->results)
		ZS_FAIL(err, ZS_E_NOMEM, "results of the plugin");
	zs_buf_init(&call->printed, ZSP_MAX_POLICY);
	call->n = n;
	services->call = call;
	zs_watch_start(call->what, now < call->deadline_ms ? call->deadline_ms - now : 0);
	return 0;
}

void zs_call_end(struct zs_services *services)
{
	struct zs_call *call = services->call;
	unsigned stray = atomic_exchange(&services->stray, 0);

	zs_watch_stop();
	services->call = NULL;
	if (call->dropped)
		zs_warn("", "plugin: %u more log lines in %s were dropped", call->dropped,
			call->what);
	if (call->faults)
		zs_warn("", "plugin broke its contract in %s: %u results, zones or texts that were out of "
			"range, malformed, given twice or not asked for were ignored", call->what, call->faults);
	if (call->hidden)
		zs_warn("", "plugin: what it said in %s held a secret, which was replaced (%u times)", call->what, call->hidden);
	if (stray)
		zs_warn("", "plugin broke its contract: %u calls of the host from another thread "
			"or outside of a call were ignored", stray);
}

void zs_call_done(struct zs_call *call)
{
	zs_vec_done(&call->zones);
	zs_buf_done(&call->printed);
	zs_arena_done(&call->arena);
}

/* ---- what came out ------------------------------------------------------------ */

static void set_error(const struct zs_services *s, const struct zs_call *call,
		      int32_t error_class, const char *text, struct zs_err *ret)
{
	if (!*text)
		text = is_class(error_class) ? classes[error_class].words :
					       "the plugin gave no reason";
	if (is_class(error_class))
		zs_err_set(ret, classes[error_class].code, "%s", text);
	else
		zs_err_set(ret, ZS_E_PROVIDER, "%s (unknown error class %d of the plugin)", text,
			   error_class);
	if (call->fail_retry_ms)
		ret->retry_at = (s->clock->wall_ms(s->clock) + call->fail_retry_ms + 999) / 1000;
	if (error_class == ZSP_NOT_FOUND && call->zones.n)
		zs_err_hint(ret, "the provider knows the zone %s instead: configure it as a zone",
			    call->zones.items[0].text);
}

static int broken_call(const struct zs_call *call, struct zs_err *ret)
{
	if (!*call->broken)
		return 0;
	return zs_err_set(ret, ZS_E_PLUGIN, "plugin broke its contract in %s: %s", call->what,
			  call->broken);
}

void zs_call_error(const struct zs_services *services, const struct zs_call *call,
		   int32_t error_class, const char *plugin, struct zs_err *ret)
{
	const char *text = call->fail_text ? call->fail_text : "";

	if (!broken_call(call, ret)) {
		if (call->was_cancelled)
			zs_err_set(ret, ZS_E_CANCELLED, "%s was cancelled", call->what);
		else
			set_error(services, call, error_class, text, ret);
	}
	zs_err_where(ret, "provider %s", plugin);
}

void zs_call_result(const struct zs_services *services, const struct zs_call *call, uint32_t i,
		    int32_t error_class, const char *plugin, struct zs_err *ret)
{
	const struct zs_item_result *result = &call->results[i];

	zs_err_clear(ret);
	if (*call->broken || (!result->is_set && error_class != ZSP_OK)) {
		zs_call_error(services, call, error_class, plugin, ret);
	} else if (result->is_set && result->error_class != ZSP_OK) {
		set_error(services, call, result->error_class, result->text, ret);
		zs_err_where(ret, "provider %s", plugin);
	}
}
