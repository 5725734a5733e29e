/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply.h.  Read the sets, write what differs, read again, until all is as it should
 * be.  What that is worth where somebody else writes at the same time:
 *
 *  - A value of ours that another writer's older copy of the set overwrites is seen by
 *    reading again and written again.  Such a writer has read before we wrote, so it
 *    writes soon after: hence a second reading after a pause.
 *  - A value of theirs that comes between our reading and our writing is lost where the
 *    server knows whole sets only.  The zone's serial tells that something came between,
 *    not what; that is a warning.  Servers that add and remove single records are asked
 *    to do just that.
 */
#include "apply.h"

#include <stdlib.h>
#include <string.h>

enum {
	BODY = 4 * 1024 * 1024,
	FIRST_PAUSE_MS = 50, /* after a failure; doubled each time */
	MAX_PAUSE_MS = 2000,
	MAX_FAILURES = 10, /* in a row; some 12 s */
	MIN_CALM_MS = 20, /* between the two readings after a write */
	MAX_CALM_MS = 500,
	MAX_STEP = 1000 /* larger steps of the serial are no count of changes */
};

struct name {
	struct zsp_str text;
	struct zsp_json_doc *doc; /* of an answer about this name alone */
	struct pdns_set set; /* as read last */
};

struct want {
	const struct zsp_change *change;
	uint32_t name;
	int32_t open; /* 1: not as it should be when read last */
	int32_t failed; /* 1: has its result */
};

struct job {
	struct pdns *self;
	const struct zsp_host *host;
	struct zsp_json_doc *doc; /* of an answer about the whole zone */
	struct want wants[PDNS_CHANGES];
	struct name names[PDNS_CHANGES];
	uint32_t nwants, nnames;
	uint32_t open; /* wants that are */
	uint32_t failures; /* in a row */
	uint32_t accepted; /* writes that the server took */
	uint32_t calm; /* readings in a row with nothing open */
	int32_t written; /* 1: something was sent in this call */
	int32_t singly; /* 1: one name in a request: some name is refused */
	int32_t found_again; /* 1: the zone was looked up twice */
	int64_t serial; /* when read before the last write; -1 = unknown */
	int64_t began; /* when that reading began, monotonic */
	int64_t round_ms; /* from there to the end of the write */
};

/* ---- the zone ---- */

static int32_t no_such_zone(struct pdns *self, struct zsp_str name)
{
	const struct zsp_host *host = self->api.host;
	struct pdns_zone better;

	for (struct zsp_str p = zsp_name_parent(name); p.n; p = zsp_name_parent(p)) {
		int32_t error_class = pdns_find_zone(&self->api, p, &better);

		if (error_class == ZSP_NOT_FOUND)
			continue;
		if (error_class != ZSP_OK)
			return error_class;
		host->zone(host, better.name, strlen(better.name));
		zsp_text_addf(&self->why, "PowerDNS has no zone %s, only %s above it", name.p, better.name);
		return ZSP_NOT_FOUND;
	}
	zsp_text_addf(&self->why, "PowerDNS has no zone %s, nor one above it; is api-url the server that it was made on?",
		name.p);
	return ZSP_NOT_FOUND;
}

static int32_t is_copy(struct pdns *self, const struct pdns_zone *zone)
{
	zsp_text_addf(&self->why, "PowerDNS has zone %s as a copy of another server's (kind %s), so changes would "
				  "not last; api-url must be that of its primary",
		zone->name, zone->kind);
	return ZSP_CONFIG;
}

int32_t pdns_need_zone(struct pdns *self, struct zsp_str name)
{
	struct pdns_zone zone;
	int32_t error_class;

	zsp_text_clear(&self->why);
	if (zsp_str_is(name, self->zone.name))
		return ZSP_OK;
	self->zone.name[0] = 0;
	error_class = pdns_find_zone(&self->api, name, &zone);
	if (error_class == ZSP_NOT_FOUND)
		return no_such_zone(self, name);
	if (error_class != ZSP_OK)
		return error_class;
	if (pdns_zone_is_copy(&zone))
		return is_copy(self, &zone);
	self->zone = zone;
	return ZSP_OK;
}

/* The same where it is the call's only zone. */
static int32_t need_only_zone(struct pdns *self, struct zsp_str name)
{
	int32_t error_class = pdns_need_zone(self, name);

	if (error_class != ZSP_OK && self->why.n)
		zsp_failf(self->api.host, error_class, 0, "%s", zsp_text_str(&self->why).p);
	return error_class;
}

/* ---- reading ---- */

static void forget_sets(struct job *job)
{
	zsp_json_free(job->doc);
	job->doc = NULL;
	for (uint32_t i = 0; i < job->nnames; i++) {
		zsp_json_free(job->names[i].doc);
		job->names[i].doc = NULL;
		job->names[i].set.records.node = NULL;
	}
}

static int32_t unusable(const struct job *job, const struct name *name)
{
	return zsp_failf(job->host, ZSP_TRANSIENT, 0, "the answer about %s is not of the form that "
						      "PowerDNS gives; nothing was written",
		name->text.p);
}

/* The document of the last answer, which is then ours. */
static struct zsp_json_doc *take_doc(struct job *job)
{
	struct zsp_json_doc *doc = job->self->api.doc;

	job->self->api.doc = NULL;
	return doc;
}

static int32_t find_sets(struct job *job)
{
	for (uint32_t i = 0; i < job->nnames; i++) {
		struct name *n = &job->names[i];
		const struct zsp_json_doc *doc = n->doc ? n->doc : job->doc;

		if (!pdns_set_find(zsp_json_root(doc), n->text, &n->set))
			return unusable(job, n);
	}
	return ZSP_OK;
}

static int32_t read_singly(struct job *job, struct pdns_zone *ret_head)
{
	for (uint32_t i = 0; i < job->nnames; i++) {
		struct pdns *self = job->self;
		int32_t error_class = pdns_get_zone(&self->api, &self->zone, PDNS_NAME_SETS,
			job->names[i].text, ret_head);

		if (error_class != ZSP_OK)
			return error_class;
		job->names[i].doc = take_doc(job);
	}
	return find_sets(job);
}

static int32_t read_whole(struct job *job, struct pdns_zone *ret_head)
{
	struct pdns *self = job->self;
	int32_t error_class = pdns_get_zone(&self->api, &self->zone, PDNS_WHOLE,
		(struct zsp_str){ NULL, 0 }, ret_head);

	if (error_class != ZSP_OK && self->api.response.too_large) {
		zsp_logf(job->host, ZSP_LOG_WARN, "zone %s does not fit into an answer, so its names are read singly; "
						  "disabled TXT records at a name that is written are not seen then, and lost",
			self->zone.name);
		self->large = 1;
		return read_singly(job, ret_head);
	}
	if (error_class != ZSP_OK)
		return error_class;
	job->doc = take_doc(job);
	return find_sets(job);
}

/* Only a whole zone shows disabled records, which must be written back with the others. */
static int32_t read_sets(struct job *job, struct pdns_zone *ret_head)
{
	struct pdns *self = job->self;

	forget_sets(job);
	if (self->api.server.extends || self->large)
		return read_singly(job, ret_head);
	return read_whole(job, ret_head);
}

/* ---- deciding ---- */

/* said: by the server, which may say the key as well. */
static void refuse(struct job *job, uint32_t i, int32_t error_class, const char *why, struct zsp_str said)
{
	struct zsp_text shown = ZSP_TEXT(ZSP_MAX_TEXT);

	zsp_http_said(job->self->api.http, said, &shown);
	job->wants[i].failed = 1;
	job->wants[i].open = 0;
	zsp_resultf(job->host, i, error_class, "%s: %s%s", job->names[job->wants[i].name].text.p, why,
		zsp_text_str(&shown).p);
	zsp_text_done(&shown);
}

static void decide(struct job *job)
{
	job->open = 0;
	for (uint32_t i = 0; i < job->nwants; i++) {
		struct want *w = &job->wants[i];
		const struct pdns_set *set = &job->names[w->name].set;

		if (w->failed)
			continue;
		w->open = !pdns_set_satisfies(set, w->change);
		if (w->open && set->alias.n && w->change->op == ZSP_ADD)
			refuse(job, i, ZSP_CONFIG, "on this server the name is an alias (CNAME), which excludes "
						   "TXT records; its target is ",
				set->alias);
		job->open += (uint32_t)w->open;
	}
}

/* Whether somebody else changed the zone while we had its old state in hand. */
static void compare_serials(struct job *job, const struct pdns_zone *head)
{
	int64_t step = head->serial - job->serial;

	if (job->serial >= 0 && head->counts == 1 && step > 1 && step < MAX_STEP && !job->self->api.server.extends)
		zsp_logf(job->host, ZSP_LOG_WARN, "zone %s: somebody else changed it while a record set was written "
						  "(serial %lld, then %lld); where that was the same name, the other change may be lost. "
						  "PowerDNS 4.9.12 and 5.0.2 or newer have no such gap",
			head->name,
			(long long)job->serial, (long long)head->serial);
	job->serial = -1;
}

/* Reads and decides. */
static int32_t look(struct job *job)
{
	struct pdns_zone head;
	int64_t began = zsp_time_monotonic();
	int32_t error_class = read_sets(job, &head);

	if (error_class != ZSP_OK)
		return error_class;
	compare_serials(job, &head);
	job->serial = head.serial;
	job->began = began;
	decide(job);
	job->calm = job->open ? 0 : job->calm + 1;
	return ZSP_OK;
}

/* ---- writing ---- */

/* What is open at a name; the changes go to list.  n 0 where nothing is. */
static struct pdns_todo todo_of(const struct job *job, uint32_t name, const struct zsp_change **list)
{
	struct pdns_todo todo = { job->names[name].text, job->self->ttl, &job->names[name].set, list, 0 };

	for (uint32_t i = 0; i < job->nwants; i++) {
		const struct want *w = &job->wants[i];

		if (w->name != name || !w->open)
			continue;
		if (w->change->ttl && !job->self->ttl_given)
			todo.ttl = w->change->ttl;
		list[todo.n++] = w->change;
	}
	return todo;
}

/* Returns how many names are in it. */
static uint32_t put_body(const struct job *job, struct zsp_text *body)
{
	const struct zsp_change *list[PDNS_CHANGES];
	struct zsp_json_out out;
	uint32_t names = 0;

	zsp_json_begin(&out, body);
	zsp_json_object(&out, NULL);
	zsp_json_array(&out, "rrsets");
	for (uint32_t i = 0; i < job->nnames && !(names && job->singly); i++) {
		struct pdns_todo todo = todo_of(job, i, list);

		if (!todo.n)
			continue;
		names++;
		if (job->self->api.server.extends)
			pdns_put_single(&out, &todo);
		else
			pdns_put_whole(&out, &todo);
	}
	zsp_json_end(&out, ']');
	zsp_json_end(&out, '}');
	return names;
}

static int32_t says(struct zsp_str text, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= text.n; i++)
		if (!memcmp(text.p + i, word, n))
			return 1;
	return 0;
}

/* The server does not want this: a change of one name spoils those of the others. */
static int32_t on_refused(struct job *job, uint32_t names)
{
	struct pdns_api *api = &job->self->api;
	struct zsp_str reason = pdns_reason(api);
	uint32_t name = UINT32_MAX;

	if (api->server.extends && says(reason, "hangetype")) {
		zsp_logf(job->host, ZSP_LOG_INFO, "the server does not know single records in spite of its version");
		api->server.extends = 0;
		return ZSP_OK;
	}
	if (names > 1) {
		job->singly = 1;
		return ZSP_OK;
	}
	for (uint32_t i = 0; i < job->nwants; i++) {
		if (!job->wants[i].open || (name != UINT32_MAX && job->wants[i].name != name))
			continue;
		name = job->wants[i].name;
		refuse(job, i, ZSP_CONFIG, "PowerDNS refuses the TXT record: ", reason);
	}
	return ZSP_OK;
}

/* The zone went away, or has another id now. */
static int32_t on_gone(struct job *job)
{
	struct pdns *self = job->self;
	char name[PDNS_NAME];

	if (job->found_again)
		return pdns_fail(&self->api, ZSP_NOT_FOUND, "change the zone");
	job->found_again = 1;
	memcpy(name, self->zone.name, sizeof(name));
	self->zone.name[0] = 0;
	return need_only_zone(self, zsp_strz(name));
}

/* The class that ends the call, or ZSP_OK to go on. */
static int32_t on_failed(struct job *job, int32_t error_class, uint32_t names)
{
	int32_t status = job->self->api.response.status;

	if (status == 422 || status == 400)
		return on_refused(job, names);
	if (error_class == ZSP_NOT_FOUND)
		return on_gone(job);
	if ((error_class == ZSP_TRANSIENT || error_class == ZSP_CONFLICT) && ++job->failures <= MAX_FAILURES)
		return ZSP_OK;
	return pdns_fail(&job->self->api, error_class, "change the zone");
}

static int32_t write_sets(struct job *job)
{
	struct zsp_text body = ZSP_TEXT(BODY);
	uint32_t names = put_body(job, &body);
	struct pdns *self = job->self;
	int32_t error_class;

	if (body.failed) {
		zsp_text_done(&body);
		return zsp_failf(job->host, ZSP_BUG, 0, "out of memory, or a record set of more than 4 MiB");
	}
	job->written = 1;
	error_class = pdns_patch(&self->api, &self->zone, zsp_text_str(&body));
	zsp_text_done(&body);
	job->round_ms = zsp_time_monotonic() - job->began;
	if (error_class != ZSP_OK)
		return on_failed(job, error_class, names);
	job->failures = 0;
	job->accepted++;
	return ZSP_OK;
}

/* ---- the loop ---- */

static int64_t jittered(int64_t ms)
{
	return ms + zsp_random(ms / 2 + 1);
}

static int64_t pause_after_failure(const struct job *job)
{
	int64_t ms = FIRST_PAUSE_MS;

	for (uint32_t i = 1; i < job->failures && ms < MAX_PAUSE_MS; i++)
		ms *= 2;
	return jittered(ms < MAX_PAUSE_MS ? ms : MAX_PAUSE_MS);
}

/* Long enough for somebody who has read what was there before our write. */
static int64_t pause_for_others(const struct job *job)
{
	int64_t ms = 2 * job->round_ms;

	ms = ms < MIN_CALM_MS ? MIN_CALM_MS : ms > MAX_CALM_MS ? MAX_CALM_MS
							       : ms;
	return jittered(ms);
}

static uint32_t calm_needed(const struct job *job)
{
	return job->written && !job->self->api.server.extends ? 2 : 1;
}

/* One turn; *ret_done 1 when all is as it should be. */
static int32_t turn(struct job *job, int32_t *ret_done)
{
	int32_t error_class = look(job);

	if (error_class == ZSP_NOT_FOUND)
		return on_gone(job);
	if (error_class != ZSP_OK)
		return error_class;
	*ret_done = !job->open && job->calm >= calm_needed(job);
	if (*ret_done)
		return ZSP_OK;
	if (!job->open)
		return zsp_sleep(job->host, pause_for_others(job));
	error_class = write_sets(job);
	if (error_class != ZSP_OK || !job->failures)
		return error_class;
	return zsp_sleep(job->host, pause_after_failure(job));
}

static int32_t out_of_time(struct job *job)
{
	const char *name = job->names[0].text.p;

	for (uint32_t i = job->nwants; i-- > 0;)
		if (job->wants[i].open)
			name = job->names[job->wants[i].name].text.p;
	if (!job->accepted)
		return pdns_fail(&job->self->api, ZSP_TRANSIENT, "change the zone");
	return zsp_failf(job->host, ZSP_CONFLICT, 0, "no time was left to have the TXT records of %s as they "
						     "should be; does somebody else write that name all the time?",
		name);
}

static int32_t run(struct job *job)
{
	int32_t error_class = ZSP_OK, done = 0;

	while (!done && error_class == ZSP_OK && !job->host->cancelled(job->host))
		error_class = turn(job, &done);
	if (!done && job->host->cancelled(job->host))
		return out_of_time(job);
	return error_class;
}

/* ---- the call ---- */

static uint32_t name_index(struct job *job, struct zsp_str text)
{
	uint32_t i = 0;

	while (i < job->nnames && !zsp_str_equal(job->names[i].text, text))
		i++;
	if (i == job->nnames)
		job->names[job->nnames++].text = text;
	return i;
}

/* After a failure of the whole: what was done all the same. */
static void report_done(const struct job *job)
{
	for (uint32_t i = 0; i < job->nwants; i++)
		if (!job->wants[i].failed && !job->wants[i].open)
			zsp_resultf(job->host, i, ZSP_OK, NULL);
}

static int32_t fill(struct job *job, const struct zsp_str *zone, const struct zsp_list *changes)
{
	for (uint32_t i = 0; i < changes->n; i++) {
		const struct zsp_change *change = ZSP_ITEM(struct zsp_change, changes, i);

		if (!change->value.n || change->value.n > 255 || change->name.n > 253 ||
			!zsp_name_in(change->name, *zone))
			return zsp_failf(job->host, ZSP_BUG, 0, "a change that is not of the zone, or malformed");
		job->wants[i] = (struct want){ change, name_index(job, change->name), 1, 0 };
	}
	job->nwants = changes->n;
	return ZSP_OK;
}

int32_t pdns_apply(struct pdns *self, const struct zsp_str *zone, const struct zsp_list *changes)
{
	struct job *job;
	int32_t error_class;

	if (changes->n > PDNS_CHANGES)
		return zsp_failf(self->api.host, ZSP_BUG, 0, "too many changes");
	job = calloc(1, sizeof(*job));
	if (!job)
		return zsp_failf(self->api.host, ZSP_BUG, 0, "out of memory");
	job->self = self;
	job->host = self->api.host;
	job->serial = -1;
	error_class = fill(job, zone, changes);
	if (error_class == ZSP_OK)
		error_class = need_only_zone(self, *zone);
	if (error_class == ZSP_OK)
		error_class = run(job);
	if (error_class != ZSP_OK)
		report_done(job);
	forget_sets(job);
	free(job);
	return error_class;
}
