/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider for tests of the conformance kit, of the service in
 * tests/lib/kit_sim.py.  Without the option `defect` it is good; with it, it is
 * wrong in one way, and one check or some must tell.
 */
#include "kit_http.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ATTEMPTS = 5, FIELD = 1024, VALUES = 64, OWN = 512, PAGES = 400 };

struct value { char text[3 * 256 + 1]; };

struct instance {
	const struct zsp_host *host;
	char url[256], token[20000], defect[40];
	struct value own[OWN];		/* "NAME VALUE" that this process added */
	size_t nown;
	unsigned applies;
	int removing;			/* the first change of this call takes a value away */
};

static struct kit_reply reply;

static int is(const struct instance *self, const char *defect)
{
	return !strcmp(self->defect, defect);
}

static int32_t fail(const struct instance *self, int32_t error_class, int64_t retry_after_ms, const char *text)
{
	return self->host->fail(self->host, error_class, retry_after_ms, text, strlen(text));
}

static void say(const struct instance *self, const char *text)
{
	self->host->log(self->host, ZSP_LOG_INFO, text, strlen(text));
}

/* ---- requests ---- */

static int32_t class_of(const struct instance *self)
{
	static const struct { int status; int32_t class; } rows[] = {
		{ 200, ZSP_OK }, { 401, ZSP_AUTH }, { 403, ZSP_DENIED }, { 404, ZSP_NOT_FOUND }, { 409, ZSP_CONFLICT },
		{ 429, ZSP_RATE_LIMITED },
	};

	if (is(self, "class-transient") && (reply.status == 401 || reply.status == 403))
		return ZSP_TRANSIENT;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].status == reply.status)
			return rows[i].class;
	return ZSP_TRANSIENT;
}

static void nap(const struct instance *self, int64_t ms)
{
	while (ms > 0 && !self->host->cancelled(self->host)) {
		struct timespec pause = { .tv_nsec = 20 * 1000000 };
		nanosleep(&pause, NULL);
		ms -= 20;
	}
}

static int32_t give_up(const struct instance *self, int32_t class)
{
	char text[128];

	snprintf(text, sizeof(text), "the service answered with status %d", reply.status);
	if (class == ZSP_RATE_LIMITED && is(self, "rate-class"))
		return fail(self, ZSP_TRANSIENT, 0, text);
	if (class == ZSP_RATE_LIMITED && is(self, "rate-when"))
		return fail(self, class, 0, text);
	return fail(self, class, reply.retry_after * INT64_C(1000), text);
}

/* An error of the service taken for its word that nothing is there to be removed. */
static int is_nothing(const struct instance *self)
{
	return is(self, "remove-500") && self->removing && reply.status == 500;
}

/* Again where that is worth it. An answer that does not begin as it should is none. */
static int32_t ask(const struct instance *self, const char *path, const char *body, const char *begins)
{
	struct kit_patience patience = { self->host, is(self, "deaf"), is(self, "impatient") ? 100 : 0 };
	int32_t class = ZSP_TRANSIENT;

	for (int i = 0; i < ATTEMPTS; i++) {
		int64_t wait = 50;

		kit_http(&patience, self->url, self->token, path, body, &reply);
		class = class_of(self);
		if (class == ZSP_OK && begins && strncmp(reply.body, begins, strlen(begins)) != 0 && strncmp(reply.body, "end", 3) != 0) {
			if (is(self, "trusts"))
				abort();
			class = ZSP_TRANSIENT;
		}
		if (!reply.status && is(self, "no-head"))
			abort();
		if (class == ZSP_RATE_LIMITED)
			wait = reply.retry_after * INT64_C(1000);
		if ((class != ZSP_TRANSIENT && class != ZSP_RATE_LIMITED) || is(self, "no-retry") || is_nothing(self) ||
		    wait > self->host->deadline_left_ms(self->host) || self->host->cancelled(self->host))
			break;
		nap(self, wait);
	}
	return class;
}

static int32_t must(const struct instance *self, const char *path, const char *body, const char *begins)
{
	int32_t class = ask(self, path, body, begins);

	return class == ZSP_OK ? class : give_up(self, class);
}

/* ---- encoding ---- */

static void encode(char *dst, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		if (isalnum(c) || strchr("-._~", c))
			*dst++ = (char)c;
		else
			dst += snprintf(dst, 4, "%%%02X", c);
	}
	*dst = 0;
}

/* ---- reading ---- */

struct record { char name[300], value[3 * 256 + 1]; };
struct records { struct record items[2048]; size_t n; };

static struct records records;

static void take_record(const char *line)
{
	struct record *r = &records.items[records.n];

	if (records.n < sizeof(records.items) / sizeof(records.items[0]) && sscanf(line, "%299s %768s", r->name, r->value) == 2)
		records.n++;
}

static int32_t read_records(const struct instance *self, const struct zsp_str *zone)
{
	char path[FIELD];
	int page = 1;

	records.n = 0;
	for (int i = 0; i < PAGES && page > 0; i++) {
		int next = 0;
		int32_t class;
		snprintf(path, sizeof(path), "/records?zone=%.*s&page=%d", (int)zone->n, zone->p, page);
		class = ask(self, path, NULL, "next ");
		if (class != ZSP_OK)
			return give_up(self, class);
		if (sscanf(reply.body, "next %d", &next) != 1 || is(self, "first-page"))
			next = 0;
		for (char *line = strchr(reply.body, '\n'); line; line = strchr(line + 1, '\n'))
			take_record(line + 1);
		page = next;
	}
	return ZSP_OK;
}

static int same_name(const struct instance *self, const char *a, const char *b)
{
	return is(self, "case") ? !strcmp(a, b) : !strcasecmp(a, b);
}

/* ---- changing ---- */

static void own(struct instance *self, const struct zsp_change *change, int add)
{
	char text[sizeof(struct value)];
	size_t i = 0;

	snprintf(text, sizeof(text), "%.300s %.255s", change->name.p, change->value.p);
	while (i < self->nown && strcmp(self->own[i].text, text) != 0)
		i++;
	if (add && i == self->nown && self->nown < OWN)
		memcpy(self->own[self->nown++].text, text, sizeof(text));
	else if (!add && i < self->nown)
		self->own[i] = self->own[--self->nown];
}

static int is_own(const struct instance *self, const struct zsp_change *change)
{
	char text[sizeof(struct value)];

	snprintf(text, sizeof(text), "%.300s %.255s", change->name.p, change->value.p);
	for (size_t i = 0; i < self->nown; i++)
		if (!strcmp(self->own[i].text, text))
			return 1;
	return 0;
}

/* Reads the set, changes it and writes it back: what happens between is lost. */
static int32_t put(const struct instance *self, const struct zsp_str *zone, const struct zsp_change *change)
{
	static char body[VALUES * sizeof(struct value)];
	char value[sizeof(struct value)];
	int32_t class = is(self, "replaces") || is(self, "remove-all") ? ZSP_OK : read_records(self, zone);
	size_t used;

	if (is(self, "replaces") || is(self, "remove-all"))
		records.n = 0;
	encode(value, change->value.p, change->value.n);
	used = (size_t)snprintf(body, sizeof(body), "%s %s", zone->p, change->name.p);
	for (size_t i = 0; i < records.n; i++) {
		char *kept = records.items[i].value;
		if (!same_name(self, records.items[i].name, change->name.p) || !strcmp(kept, value))
			continue;
		if (is(self, "requote") && strstr(kept, "%22"))
			kept[strlen(kept) - 1] = 'x';
		used += (size_t)snprintf(body + used, sizeof(body) - used, " %s", kept);
	}
	if (change->op == ZSP_ADD)
		snprintf(body + used, sizeof(body) - used, " %s", value);
	return class == ZSP_OK ? must(self, "/put", body, "done") : class;
}

static int32_t send_value(const struct instance *self, const struct zsp_str *zone, const struct zsp_change *change, const char *name)
{
	char body[2 * FIELD], value[sizeof(struct value)];
	int add = change->op == ZSP_ADD;
	int32_t class;

	encode(value, change->value.p, change->value.n);
	snprintf(body, sizeof(body), "%s %s %s", zone->p, name, value);
	class = must(self, add ? "/add" : "/remove", body, NULL);
	if (!add && is(self, "remove-deaf"))
		return ZSP_OK;
	if (!add && class != ZSP_OK && is(self, "remove-bug"))
		return fail(self, ZSP_BUG, 0, "an answer that was not expected");
	if (class == ZSP_OK && !strcmp(reply.body, "there") && is(self, "add-twice-fails"))
		return fail(self, ZSP_CONFLICT, 0, "the record exists");
	if (class == ZSP_OK && !strcmp(reply.body, "absent") && is(self, "remove-absent-fails"))
		return fail(self, ZSP_NOT_FOUND, 0, "there is no such record");
	if (class == ZSP_OK && strcmp(reply.body, "done") != 0 && strcmp(reply.body, "there") != 0 && strcmp(reply.body, "absent") != 0) {
		if (is(self, "trusts"))
			abort();
		return fail(self, ZSP_TRANSIENT, 0, "an answer that is none");
	}
	return class;
}

/* The same value, or what begins like the name, at all names: far too much. */
static int32_t remove_widely(const struct instance *self, const struct zsp_str *zone, const struct zsp_change *change)
{
	char value[sizeof(struct value)];
	size_t label = strcspn(change->name.p + 16, ".") + 16;
	int32_t class = read_records(self, zone);

	encode(value, change->value.p, change->value.n);
	for (size_t i = 0; i < records.n && class == ZSP_OK; i++) {
		struct record *r = &records.items[i];
		char body[2 * FIELD];
		if (is(self, "by-value") ? strcmp(r->value, value) != 0 : strncasecmp(r->name, change->name.p, label) != 0)
			continue;
		snprintf(body, sizeof(body), "%s %s %s", zone->p, r->name, r->value);
		class = must(self, "/remove", body, NULL);
	}
	return class;
}

/* ---- refusals that are none of the service ---- */

static const char *objection(const struct instance *self, const struct zsp_change *change)
{
	if (is(self, "ttl-strict") && change->op == ZSP_ADD && change->ttl < 60)
		return "the time to live is too short";
	if (is(self, "dash") && (change->value.p[0] == '-' || change->value.p[0] == '_'))
		return "the value does not begin with a letter or digit";
	if (is(self, "name-cut") && change->name.n > 200)
		return "the name is too long";
	if (is(self, "idn") && strstr(change->name.p, "xn--"))
		return "the name is not in UTF-8";
	if (is(self, "prefix") && strncmp(change->name.p, "_acme-challenge.", 16) != 0)
		return "the name is no challenge name";
	return NULL;
}

static int does_nothing(const struct instance *self, const struct zsp_change *change)
{
	int add = change->op == ZSP_ADD;

	return is(self, "claims") || (is(self, "remove-nothing") && !add) || (is(self, "own-only") && !add && !is_own(self, change)) ||
	       (is(self, "remembers") && add && is_own(self, change));
}

static int32_t litter(const struct instance *self, const struct zsp_str *zone)
{
	char body[FIELD];

	snprintf(body, sizeof(body), "%s _acme-challenge-test.%s probe", zone->p, zone->p);
	return must(self, "/add", body, NULL);
}

static int32_t change_one(struct instance *self, const struct zsp_str *zone, const struct zsp_change *change)
{
	const char *objected = objection(self, change);
	int puts = is(self, "put") || is(self, "replaces") || is(self, "first-page") || is(self, "case") || is(self, "requote") ||
		   (is(self, "remove-all") && change->op == ZSP_REMOVE);
	int32_t class;

	if (objected)
		return fail(self, ZSP_CONFIG, 0, objected);
	if (does_nothing(self, change))
		return ZSP_OK;
	if (puts)
		class = put(self, zone, change);
	else if ((is(self, "by-value") || is(self, "prefix-match")) && change->op == ZSP_REMOVE)
		class = remove_widely(self, zone, change);
	else
		class = send_value(self, zone, change, change->name.p);
	if (class == ZSP_OK && !is(self, "remembers"))
		own(self, change, change->op == ZSP_ADD);
	else if (class == ZSP_OK && change->op == ZSP_ADD)
		own(self, change, 1);
	if (class == ZSP_OK && change->op == ZSP_ADD && is(self, "litter"))
		class = litter(self, zone);
	return class;
}

/* ---- apply ---- */

static int32_t find_zone(const struct instance *self, const struct zsp_str *zone)
{
	char path[FIELD];
	int32_t class;

	snprintf(path, sizeof(path), "/zones?name=%s", zone->p);
	class = must(self, path, NULL, "next ");
	if (class != ZSP_OK || (strstr(reply.body, zone->p) && !(is(self, "zone-first") && strstr(zone->p, "child"))))
		return class;
	if (is(self, "zone-ok"))
		return ZSP_CONFIG;
	return fail(self, is(self, "zone-first") ? ZSP_CONFIG : ZSP_NOT_FOUND, 0, "the account has no such zone");
}

/* A deeper zone of the account would be the right place. */
static int32_t refuse_deeper(const struct instance *self, const struct zsp_str *zone, const struct zsp_change *change)
{
	const char *child = strstr(change->name.p, "child-");

	if (!child || strlen(child) <= zone->n)
		return ZSP_OK;
	if (!is(self, "zone-mute"))
		self->host->zone(self->host, child, strlen(child));
	return fail(self, ZSP_NOT_FOUND, 0, "the name belongs to a deeper zone");
}

/* In hexadecimal, in two parts of which neither is the secret. */
static void print_token(const struct instance *self)
{
	size_t n = strlen(self->token) < 200 ? strlen(self->token) : 200;

	for (size_t i = 0; i < n; i++) {
		dprintf(2, "%02x", (unsigned char)self->token[i]);
		if (i == n / 2)
			nap(self, 60);
	}
}

static void talk(const struct instance *self)
{
	char text[300] = "using ";
	size_t n = strlen(self->token) < 200 ? strlen(self->token) : 200;

	if (is(self, "log-token")) {
		snprintf(text, sizeof(text), "using %.200s", self->token);
		say(self, text);
	}
	if (is(self, "log-token-backwards")) {
		for (size_t i = 0; i < n; i++)
			text[6 + i] = self->token[n - 1 - i];
		say(self, text);
	}
	if (is(self, "log-token-piece")) {
		snprintf(text, sizeof(text), "the token is ...%.16s...", self->token + n / 4);
		say(self, text);
	}
	if (is(self, "print-token") && self->applies == 1)
		print_token(self);
	if (is(self, "ticket-token"))
		self->host->ticket(self->host, self->token, n);
	if (is(self, "prints"))
		dprintf(1, "apply number %u\n", self->applies);
}

static void waste(const struct instance *self)
{
	static void *volatile kept;
	static volatile int fd;

	if (is(self, "leak"))
		kept = malloc(100);
	if (is(self, "leak-fd") && self->applies % 4 == 0)
		fd = dup(2);
	(void)kept;
	(void)fd;
}

static int is_skipped(const struct instance *self, const struct zsp_list *changes, uint32_t i)
{
	const struct zsp_change *change = ZSP_ITEM(struct zsp_change, changes, i);

	if (is(self, "batch-cut") && i >= 10)
		return 1;
	if (is(self, "mixed-wrong") && change->op != ZSP_ITEM(struct zsp_change, changes, 0)->op)
		return 1;
	for (uint32_t k = i + 1; k < changes->n; k++)
		if ((is(self, "last-only") || (is(self, "remove-last-only") && change->op == ZSP_REMOVE)) &&
		    !strcmp(ZSP_ITEM(struct zsp_change, changes, k)->name.p, change->name.p))
			return 1;
	return 0;
}

static void report(const struct instance *self, uint32_t i, int32_t class)
{
	if (class != ZSP_OK && is(self, "partial-lies") && i > 0)
		class = ZSP_OK;
	self->host->result(self->host, i, class, class == ZSP_OK ? "" : "the service refused this change",
			   class == ZSP_OK ? 0 : strlen("the service refused this change"));
	if (is(self, "double-result"))
		self->host->result(self->host, i, ZSP_DENIED, "", 0);
}

static int32_t kit_apply(void *instance, const struct zsp_str *zone, const struct zsp_list *changes)
{
	struct instance *self = instance;
	char ticket[32];
	int32_t class;

	self->removing = ZSP_ITEM(struct zsp_change, changes, 0)->op == ZSP_REMOVE;
	class = find_zone(self, zone);
	self->applies++;
	talk(self);
	waste(self);
	if (class != ZSP_OK)
		return is_nothing(self) ? ZSP_OK : class;
	if (is(self, "crash"))
		abort();
	for (uint32_t i = 0; i < changes->n; i++) {
		const struct zsp_change *change = ZSP_ITEM(struct zsp_change, changes, i);
		class = is_skipped(self, changes, i) ? ZSP_OK : refuse_deeper(self, zone, change);
		if (class == ZSP_NOT_FOUND)
			return class;
		if (!is_skipped(self, changes, i))
			class = change_one(self, zone, change);
		/* alone, what the call says is what the change brings, with its text and time */
		if (changes->n == 1 && class != ZSP_OK)
			return class;
		report(self, i, class);
	}
	snprintf(ticket, sizeof(ticket), "t%u", self->applies);
	if (!is(self, "ticket-token"))
		self->host->ticket(self->host, ticket, strlen(ticket));
	return ZSP_OK;
}

/* ---- the other functions ---- */

static int32_t kit_live(void *instance, const struct zsp_str *zone, const struct zsp_str *ticket, int32_t *ret_live)
{
	struct instance *self = instance;
	char path[3 * 255 + 32] = "/live?id=";
	int32_t class;

	(void)zone;
	if (is(self, "live-crash") && ticket->n != 2)
		abort();
	if (is(self, "live-own") && !self->applies)
		return fail(self, ZSP_BUG, 0, "this process made no such change");
	encode(path + strlen(path), ticket->p, ticket->n);
	class = must(self, path, NULL, NULL);
	*ret_live = class == ZSP_OK && reply.body[0] == '1' && !is(self, "live-never");
	return class;
}

static int32_t kit_check(void *instance, const struct zsp_list *zones)
{
	struct instance *self = instance;

	for (uint32_t i = 0; i < zones->n; i++) {
		const struct zsp_zone *zone = ZSP_ITEM(struct zsp_zone, zones, i);
		int32_t class = find_zone(self, &zone->zone);
		if (is(self, "check-writes") && class == ZSP_OK)
			class = litter(self, &zone->zone);
		if (is(self, "check-blind"))
			class = ZSP_OK;
		if (is(self, "check-fails"))
			class = fail(self, ZSP_TRANSIENT, 0, "not today");
		self->host->result(self->host, i, class, "", 0);
	}
	return ZSP_OK;
}

static void take_text(char *dst, size_t size, const struct zsp_list *values, uint32_t i)
{
	const struct zsp_value *value = ZSP_ITEM(struct zsp_value, values, i);

	snprintf(dst, size, "%.*s", (int)value->text.n, value->text.p ? value->text.p : "");
}

static int32_t kit_open(const struct zsp_host *host, const struct zsp_list *values, void **ret_instance)
{
	struct instance *self = calloc(1, sizeof(*self));
	struct zsp_str zone = ZSP_STR("example.test");
	int32_t class;

	if (!self)
		return host->fail(host, ZSP_BUG, 0, "out of memory", 13);
	self->host = host;
	take_text(self->url, sizeof(self->url), values, 0);
	take_text(self->token, sizeof(self->token), values, 1);
	take_text(self->defect, sizeof(self->defect), values, 2);
	if (is(self, "secret-crash") && strlen(self->token) > 1000)
		abort();
	if (is(self, "open-asks"))
		find_zone(self, &zone);
	if (*self->token && !strpbrk(self->token, "\r\n")) {
		*ret_instance = self;
		return ZSP_OK;
	}
	class = is(self, "option-class") ? fail(self, ZSP_TRANSIENT, 0, "token")
	      : is(self, "option-mute")	 ? fail(self, ZSP_CONFIG, 0, "something is missing")
					 : fail(self, ZSP_CONFIG, 0, "the option token is missing or has a line end in it");
	free(self);
	return class;
}

static void kit_close(void *instance)
{
	struct instance *self = instance;

	if (is(self, "close-crash"))
		abort();
	memset(self->token, 0, sizeof(self->token));
	free(self);
}

static int32_t kit_policy(const struct zsp_host *host, const struct zsp_list *values, const struct zsp_list *zones)
{
	char defect[40], text[600];

	take_text(defect, sizeof(defect), values, 2);
	for (uint32_t i = 0; i < zones->n && strcmp(defect, "policy-empty") != 0; i++) {
		int n = snprintf(text, sizeof(text), "allow TXT in %s\n", ZSP_ITEM(struct zsp_zone, zones, i)->zone.p);
		host->print(host, text, (size_t)n);
	}
	return ZSP_OK;
}

static const struct zsp_option options[] = {
	{ .name = ZSP_STR("api-url"), .kind = ZSP_OPTION_URL, .required = 1, .env = ZSP_STR("KIT_API_URL"),
	  .help = ZSP_STR("Where the service is.") },
	{ .name = ZSP_STR("token"), .kind = ZSP_OPTION_SECRET, .env = ZSP_STR("KIT_TOKEN"), .help = ZSP_STR("What it wants to see.") },
	{ .name = ZSP_STR("defect"), .kind = ZSP_OPTION_TEXT, .help = ZSP_STR("What is to go wrong.") },
};

static const struct zsp_provider provider = {
	.head = ZSP_PROVIDER(ZSP_FLAG_KEEPS_SIBLINGS | ZSP_FLAG_BATCH),
	.name = ZSP_STR("kit"),
	.summary = ZSP_STR("For tests of the conformance kit"),
	.options = ZSP_LIST(options),
	.max_changes = 20,
	.open = kit_open,
	.apply = kit_apply,
	.live = kit_live,
	.check = kit_check,
	.close = kit_close,
	.policy = kit_policy,
};

ZSP_EXPORT const struct zsp_provider *zoneseal_provider(uint32_t host_abi)
{
	(void)host_abi;
	return &provider;
}
