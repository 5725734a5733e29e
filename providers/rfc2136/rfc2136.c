/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provider plugin for dynamic updates (RFC 2136) signed with TSIG (RFC 8945):
 * BIND, Knot, PowerDNS and whatever else speaks them.  Reads its options,
 * chooses the server, splits what must be split, and reports per change.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include <zoneseal/provider.h>

#include "keyfile.h"
#include "policy.h"
#include "update.h"

enum {
	READ_BACK_MS = 5000, FIRST_PAUSE_MS = 20, MAX_PAUSE_MS = 500, BUSY_PAUSE_MS = 500,
	MAX_REFUSALS = 8, VALUE = 43
};

enum {
	OPT_NAMESERVER, OPT_TSIG_KEY, OPT_TSIG_SECRET, OPT_TSIG_ALGORITHM, OPT_TSIG_KEY_FILE,
	OPT_TTL, OPT_QUERY_TIMEOUT, OPT_UDP, OPT__COUNT
};

static const struct zsp_option options[] = {
	[OPT_NAMESERVER] = {
		ZSP_STR("nameserver"), ZSP_OPTION_ADDRESSES, 1, { NULL, 0 },
		ZSP_STR("RFC2136_NAMESERVER"),
		ZSP_STR("Primary server of the zones, host[:port]; several are tried in order."),
		0, 0 },
	[OPT_TSIG_KEY] = {
		ZSP_STR("tsig-key"), ZSP_OPTION_NAME, 0, { NULL, 0 }, ZSP_STR("RFC2136_TSIG_KEY"),
		ZSP_STR("Name of the TSIG key; with tsig-key-file, which key of the file."),
		0, 0 },
	[OPT_TSIG_SECRET] = {
		ZSP_STR("tsig-secret"), ZSP_OPTION_SECRET, 0, { NULL, 0 },
		ZSP_STR("RFC2136_TSIG_SECRET"),
		ZSP_STR("Secret of the TSIG key in base64."), 0, 0 },
	[OPT_TSIG_ALGORITHM] = {
		ZSP_STR("tsig-algorithm"), ZSP_OPTION_TEXT, 0, ZSP_STR("hmac-sha256"),
		ZSP_STR("RFC2136_TSIG_ALGORITHM"),
		ZSP_STR("hmac-sha256, -sha512, -sha384, -sha224, -sha1 or hmac-md5, as the server "
			"has it for the key."), 0, 0 },
	[OPT_TSIG_KEY_FILE] = {
		ZSP_STR("tsig-key-file"), ZSP_OPTION_SECRET, 0, { NULL, 0 },
		ZSP_STR("RFC2136_TSIG_FILE"),
		ZSP_STR("Key as tsig-keygen prints it, or algorithm:name:secret; instead of "
			"tsig-key, tsig-secret and tsig-algorithm."), 0, 0 },
	[OPT_TTL] = {
		ZSP_STR("ttl"), ZSP_OPTION_INTEGER, 0, ZSP_STR("60"), ZSP_STR("RFC2136_TTL"),
		ZSP_STR("TTL of the records in seconds; a server applies it to all TXT values of "
			"the name."), 0, 86400 },
	[OPT_QUERY_TIMEOUT] = {
		ZSP_STR("query-timeout"), ZSP_OPTION_DURATION, 0, ZSP_STR("10s"),
		ZSP_STR("RFC2136_DNS_TIMEOUT"),
		ZSP_STR("Longest wait for a connection or for a reply."), 100, 300000 },
	[OPT_UDP] = {
		ZSP_STR("udp"), ZSP_OPTION_BOOLEAN, 0, ZSP_STR("no"), { NULL, 0 },
		ZSP_STR("Send over UDP instead of TCP where a message fits a datagram."), 0, 0 },
};
_Static_assert(sizeof(options) / sizeof(options[0]) == OPT__COUNT, "one row for each option");

struct instance {
	const struct zsp_host *host;
	char *servers;			/* the list as configured */
	struct tsig_key key;
	uint32_t ttl;
	bool ttl_given;
	bool udp;
	int64_t timeout_ms;
};

/* One call: its changes and the server that answers. */
struct job {
	struct instance *self;
	struct wire_name zone;
	struct change *changes;
	size_t n;
	struct server server;
	bool read_back;
	unsigned accepted, refused;	/* messages so far, to this server */
};

static int32_t say(const struct zsp_host *host, int32_t class, const char *text)
{
	return host->fail(host, class, 0, text, strlen(text));
}

static void log_text(const struct zsp_host *host, int32_t level, const char *text)
{
	host->log(host, level, text, strlen(text));
}

/* ---- open and close ------------------------------------------------------------------ */

static int32_t bad_option(const struct zsp_host *host, const char *option, const char *fault)
{
	char text[256];

	snprintf(text, sizeof(text), "option %s: %s", option, fault);
	return say(host, ZSP_CONFIG, text);
}

static int32_t key_from_file(const struct zsp_host *host, const struct zsp_value *file,
			     const struct zsp_value *name, struct tsig_key *ret)
{
	const char *fault = keyfile_parse(file->text.p, file->text.n, name->text.p, name->text.n,
					  ret);

	return fault ? bad_option(host, "tsig-key-file", fault) : ZSP_OK;
}

static int32_t key_from_options(const struct zsp_host *host, const struct zsp_value *name,
				const struct zsp_value *secret,
				const struct zsp_value *algorithm, struct tsig_key *ret)
{
	const char *fault;

	if (!name->text.n)
		return bad_option(host, "tsig-key", "missing, but tsig-secret is there");
	if (!secret->text.n)
		return bad_option(host, "tsig-secret", "missing, but tsig-key is there");
	if (!wire_name_parse(name->text.p, name->text.n, &ret->name))
		return bad_option(host, "tsig-key", "it is no DNS name");
	ret->algorithm = tsig_algorithm(algorithm->text.p, algorithm->text.n);
	if (!ret->algorithm)
		return bad_option(host, "tsig-algorithm", "unknown; known are hmac-sha256, "
				  "hmac-sha512, hmac-sha384, hmac-sha224, hmac-sha1, hmac-md5");
	fault = keyfile_secret(secret->text.p, secret->text.n, ret);
	return fault ? bad_option(host, "tsig-secret", fault) : ZSP_OK;
}

static int32_t read_key(const struct zsp_host *host, const struct zsp_value *const *v,
			struct tsig_key *ret)
{
	bool has_file = v[OPT_TSIG_KEY_FILE]->text.n, has_secret = v[OPT_TSIG_SECRET]->text.n;

	if (has_file && has_secret)
		return bad_option(host, "tsig-key-file", "give it or tsig-secret, not both");
	if (has_file)
		return key_from_file(host, v[OPT_TSIG_KEY_FILE], v[OPT_TSIG_KEY], ret);
	if (has_secret || v[OPT_TSIG_KEY]->text.n)
		return key_from_options(host, v[OPT_TSIG_KEY], v[OPT_TSIG_SECRET],
					v[OPT_TSIG_ALGORITHM], ret);
	log_text(host, ZSP_LOG_WARN, "no TSIG key: updates are not signed, anybody on the way can "
		 "forge them and their replies");
	return ZSP_OK;
}

static void rfc2136_close(void *instance)
{
	struct instance *self = instance;

	if (!self)
		return;
	OPENSSL_cleanse(&self->key, sizeof(self->key));
	free(self->servers);
	free(self);
}

static int32_t fill(struct instance *self, const struct zsp_value *const *v)
{
	self->ttl = (uint32_t)v[OPT_TTL]->number;
	self->ttl_given = v[OPT_TTL]->is_given;
	self->timeout_ms = v[OPT_QUERY_TIMEOUT]->number;
	self->udp = v[OPT_UDP]->number;
	self->servers = strndup(v[OPT_NAMESERVER]->text.p, v[OPT_NAMESERVER]->text.n);
	if (!self->servers)
		return say(self->host, ZSP_BUG, "out of memory");
	return read_key(self->host, v, &self->key);
}

static int32_t rfc2136_open(const struct zsp_host *host, const struct zsp_list *values,
			    void **ret_instance)
{
	const struct zsp_value *v[OPT__COUNT];
	struct instance *self = calloc(1, sizeof(*self));
	int32_t class;

	if (!self)
		return say(host, ZSP_BUG, "out of memory");
	for (uint32_t i = 0; i < OPT__COUNT; i++)
		v[i] = ZSP_ITEM(struct zsp_value, values, i);
	self->host = host;
	class = fill(self, v);
	if (class == ZSP_OK)
		*ret_instance = self;
	else
		rfc2136_close(self);
	return class;
}

/* ---- one server ------------------------------------------------------------------------ */

static void set_all(struct change *const *changes, size_t n, const struct outcome *out)
{
	for (size_t i = 0; i < n; i++)
		changes[i]->out = *out;
}

static void pause_ms(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static size_t count_pending(struct change *const *changes, size_t n)
{
	size_t pending = 0;

	for (size_t i = 0; i < n; i++)
		pending += changes[i]->pending;
	return pending;
}

static void not_seen(struct job *job, struct change *c)
{
	char name[WIRE_NAME_TEXT];

	wire_name_print(&c->name, name);
	c->out = (struct outcome){ .error_class = ZSP_TRANSIENT };
	snprintf(c->out.text, sizeof(c->out.text), "server %s accepted the update, but does not "
		 "answer a query for %.253s accordingly%s", job->server.at->text, name,
		 *job->server.net.why ? " (see the log)" : "; another view, or a secondary?");
}

/* Asks until all is as it should be; a forwarding secondary takes a moment. */
static void confirm(struct job *job, struct change *const *changes, size_t n)
{
	const struct zsp_host *host = job->self->host;
	long pause = FIRST_PAUSE_MS, waited = 0;

	for (size_t i = 0; i < n; i++)
		changes[i]->pending = true;
	job->server.net.why[0] = 0;
	for (;;) {
		update_read_back(&job->server, &job->zone, changes, n);
		if (!count_pending(changes, n) || waited >= READ_BACK_MS ||
		    host->cancelled(host))
			break;
		pause_ms(pause);
		waited += pause;
		pause = pause * 2 < MAX_PAUSE_MS ? pause * 2 : MAX_PAUSE_MS;
	}
	for (size_t i = 0; i < n; i++)
		if (changes[i]->pending)
			not_seen(job, changes[i]);
}

static size_t distinct_names(struct change *const *changes, size_t n)
{
	size_t names = 1;

	for (size_t i = 1; i < n; i++)
		names += !wire_name_eq(&changes[i]->name, &changes[0]->name);
	return names;
}

/* Changes of one name stay together; index of the first that belongs to the second half. */
static size_t halve(struct change *const *changes, size_t n)
{
	size_t at = n / 2;

	while (at < n && wire_name_eq(&changes[at]->name, &changes[at - 1]->name))
		at++;
	if (at < n)
		return at;
	for (at = n / 2; at > 1 && wire_name_eq(&changes[at]->name, &changes[at - 1]->name);)
		at--;
	return at;
}

/* Whether halves could do better: not where every message so far was refused, as
 * then the key is wrong and not a name. */
static bool is_worth_halving(struct job *job, struct change *const *changes, size_t n,
			     const struct outcome *out)
{
	job->accepted += out->error_class == ZSP_OK;
	job->refused += out->refused;
	return (out->alias || out->refused) && distinct_names(changes, n) > 1 &&
	       (job->accepted || job->refused < MAX_REFUSALS);
}

/*
 * One message where it fits and nobody objects to a part of it; else its halves,
 * so that one bad name does not stop the others.  n halves each time.
 */
static void send_all(struct job *job, struct change *const *changes, size_t n)
{
	bool fits;
	struct outcome out = update_send(&job->server, &job->zone, changes, n, job->self->ttl,
					 job->self->ttl_given, &fits);
	size_t half;

	if (n < 2 || (fits && !is_worth_halving(job, changes, n, &out))) {
		set_all(changes, n, &out);
		return;
	}
	half = halve(changes, n);
	send_all(job, changes, half);
	send_all(job, changes + half, n - half);
}

/* Says which name is the alias that the server only counted. */
static void name_aliases(struct job *job, struct change *const *changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct outcome kept = changes[i]->out;

		if (!kept.alias)
			continue;
		changes[i]->pending = true;
		update_read_back(&job->server, &job->zone, changes + i, 1);
		changes[i]->pending = false;
		if (changes[i]->out.error_class == ZSP_OK || changes[i]->out.alias)
			changes[i]->out = kept;
	}
}

/*
 * Takes back what servers accept though it does no good: below a zone cut or a
 * DNAME the value cannot be seen, and whoever writes to the right place then has
 * no cause to remove it here.
 */
static void take_back(struct job *job, struct change *const *changes, size_t n)
{
	static struct change undo[UPDATE_BATCH];
	struct change *wrong[UPDATE_BATCH];
	struct outcome out;
	char text[ZSP_MAX_TEXT], name[WIRE_NAME_TEXT];
	size_t nwrong = 0;
	bool fits;

	for (size_t i = 0; i < n; i++) {
		if (!changes[i]->out.misplaced)
			continue;
		undo[nwrong] = *changes[i];
		undo[nwrong].adds = false;
		wrong[nwrong] = &undo[nwrong];
		nwrong++;
	}
	if (!nwrong)
		return;
	/* shorter than what was sent before, so it fits */
	out = update_send(&job->server, &job->zone, wrong, nwrong, 0, false, &fits);
	if (out.error_class == ZSP_OK)
		return;
	wire_name_print(&undo[0].name, name);
	snprintf(text, sizeof(text), "the value at %.253s stays in the zone, where nobody sees it (%zu in all); "
		 "remove it by hand: %s", name, nwrong, out.text);
	log_text(job->self->host, ZSP_LOG_WARN, text);
}

static void confirm_done(struct job *job, struct change *const *changes, size_t n)
{
	struct change *done[UPDATE_BATCH];
	size_t ndone = 0;

	for (size_t i = 0; i < n; i++)
		if (changes[i]->out.error_class == ZSP_OK)
			done[ndone++] = changes[i];
	if (!ndone)
		return;
	confirm(job, done, ndone);
	take_back(job, done, ndone);
}

/* What a server leaves to be wished. */
struct wish {
	bool elsewhere;			/* another server should be asked */
	bool again;			/* this one may do better: a lost reply says nothing */
	bool later;			/* it needs a moment for that */
};

static struct wish wish_of(struct change *const *changes, size_t n)
{
	struct wish wish = { false, false, false };

	for (size_t i = 0; i < n; i++) {
		const struct outcome *out = &changes[i]->out;

		wish.elsewhere = wish.elsewhere || out->elsewhere;
		wish.again = wish.again || out->sent || out->busy;
		wish.later = wish.later || out->busy;
	}
	return wish;
}

/* Everything is sent again, once: an update may be repeated. */
static bool send_twice(struct job *job, struct change *const *changes, size_t n)
{
	const struct zsp_host *host = job->self->host;
	struct wish wish;

	for (int left = 1;; left--) {
		job->server.net.udp = job->self->udp;
		send_all(job, changes, n);
		wish = wish_of(changes, n);
		if (!wish.elsewhere)
			return true;
		if (!wish.again || !left || host->cancelled(host))
			return false;
		if (wish.later && host->deadline_left_ms(host) > BUSY_PAUSE_MS)
			pause_ms(BUSY_PAUSE_MS);
	}
}

/* Everything with one server; true = done, as well as can be. */
static bool try_server(struct job *job, const struct net_endpoint *at,
		       struct change *const *changes, size_t n)
{
	bool done;

	job->server.at = at;
	job->accepted = job->refused = 0;
	done = send_twice(job, changes, n);
	if (done) {
		name_aliases(job, changes, n);
		if (job->read_back)
			confirm_done(job, changes, n);
	}
	net_close(&job->server.net);
	return done;
}

/* ---- all servers --------------------------------------------------------------------------- */

static void resolve_failed(struct job *job, const char *server, size_t n, const char *why)
{
	struct outcome out = { .error_class = ZSP_TRANSIENT };

	snprintf(out.text, sizeof(out.text), "server %.*s: %s (check the option nameserver)",
		 (int)(n < 255 ? n : 255), server, why);
	for (size_t i = 0; i < job->n; i++)
		job->changes[i].out = out;
}

static void log_failure(const struct job *job)
{
	if (job->changes[0].out.text[0])
		log_text(job->self->host, ZSP_LOG_WARN, job->changes[0].out.text);
}

/* All addresses of one configured server. */
static bool try_name(struct job *job, const char *server, size_t n, struct change *const *changes)
{
	const struct zsp_host *host = job->self->host;
	struct net_endpoints at = { .n = 0 };
	char why[NET_WHY];

	net_resolve(server, n, &at, why);
	if (!at.n)
		resolve_failed(job, server, n, *why ? why : "no address");
	for (size_t i = 0; i < at.n && !host->cancelled(host); i++) {
		if (try_server(job, &at.items[i], changes, job->n))
			return true;
		log_failure(job);
	}
	if (!at.n)
		log_failure(job);
	return false;
}

static void run(struct job *job, struct change *const *changes)
{
	const char *p = job->self->servers;

	while (*p) {
		size_t n = strcspn(p, ","), skip = strspn(p, " \t");
		size_t end = n;

		while (end > skip && (p[end - 1] == ' ' || p[end - 1] == '\t'))
			end--;
		if (end > skip && try_name(job, p + skip, end - skip, changes))
			return;
		p += n;
		p += *p == ',';
	}
}

static int32_t prepare(struct job *job, struct instance *self, const struct zsp_str *zone,
		       size_t n)
{
	*job = (struct job){
		.self = self,
		.n = n,
		.changes = calloc(n, sizeof(*job->changes)),
		.server = {
			.net = {
				.host = self->host,
				.timeout_ms = self->timeout_ms,
				.patience_ms = NET_PATIENCE_MS,
				.fd = -1,
			},
			.key = &self->key,
			.host = self->host,
		},
	};
	if (!job->changes)
		return say(self->host, ZSP_BUG, "out of memory");
	if (!wire_name_parse(zone->p, zone->n, &job->zone))
		return say(self->host, ZSP_BUG, "the zone is no DNS name");
	return ZSP_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct change *x = *(struct change *const *)a, *y = *(struct change *const *)b;
	size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
	int c = memcmp(x->name.p, y->name.p, n);

	return c ? c : (x->name.n > y->name.n) - (x->name.n < y->name.n);
}

/* Runs the changes, those of one name side by side. */
static void run_sorted(struct job *job)
{
	struct change *sorted[UPDATE_BATCH];

	for (size_t i = 0; i < job->n; i++) {
		sorted[i] = &job->changes[i];
		job->changes[i].out = (struct outcome){
			.error_class = ZSP_TRANSIENT, .text = "no time was left" };
	}
	qsort(sorted, job->n, sizeof(sorted[0]), by_name);
	run(job, sorted);
}

static bool set_change(struct change *c, const struct zsp_change *wanted)
{
	c->wanted = wanted;
	c->adds = wanted->op == ZSP_ADD;
	return wanted->value.n && wanted->value.n <= 255 &&
	       wire_name_parse(wanted->name.p, wanted->name.n, &c->name);
}

/* ---- apply ------------------------------------------------------------------------------------ */

static void offer_zone(const struct zsp_host *host, const struct outcome *out)
{
	char text[WIRE_NAME_TEXT];

	if (!out->zone.n)
		return;
	wire_name_print(&out->zone, text);
	host->zone(host, text, strlen(text));
}

static void report(const struct job *job)
{
	const struct zsp_host *host = job->self->host;

	for (size_t i = 0; i < job->n; i++) {
		const struct outcome *out = &job->changes[i].out;

		offer_zone(host, out);
		host->result(host, (uint32_t)i, out->error_class, out->text, strlen(out->text));
	}
}

static int32_t rfc2136_apply(void *instance, const struct zsp_str *zone,
			     const struct zsp_list *changes)
{
	struct instance *self = instance;
	struct job job;
	int32_t class;

	if (changes->n > UPDATE_BATCH)
		return say(self->host, ZSP_BUG, "too many changes");
	class = prepare(&job, self, zone, changes->n);
	job.read_back = true;
	for (uint32_t i = 0; i < changes->n && class == ZSP_OK; i++)
		if (!set_change(&job.changes[i], ZSP_ITEM(struct zsp_change, changes, i)))
			class = say(self->host, ZSP_BUG, "a name or a value is malformed");
	if (class == ZSP_OK) {
		run_sorted(&job);
		report(&job);
	}
	free(job.changes);
	return class;
}

/* ---- check -------------------------------------------------------------------------------------- */

/* A value that nobody has: removing it changes nothing, but needs every right. */
static void random_value(char dst[VALUE])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (size_t i = 0; i < VALUE; i++)
		dst[i] = digits[update_random() & 63];
}

/* The names to test: those given, or one that any certificate of the zone would use. */
static uint32_t probe_names(const struct zsp_zone *zone, uint32_t from, struct zsp_str *own,
			    char text[300], struct zsp_list *ret)
{
	if (zone->names.n) {
		*ret = zone->names;
		ret->items = ZSP_ITEM(struct zsp_str, &zone->names, from);
		ret->n = zone->names.n - from < UPDATE_BATCH ? zone->names.n - from : UPDATE_BATCH;
		return ret->n;
	}
	own->p = text;
	own->n = (size_t)snprintf(text, 300, "_acme-challenge.%.*s", (int)zone->zone.n,
				  zone->zone.p);
	*ret = (struct zsp_list){ own, 1, (uint32_t)sizeof(*own) };
	return 1;
}

static const struct outcome *first_failure(const struct job *job)
{
	for (size_t i = 0; i < job->n; i++)
		if (job->changes[i].out.error_class != ZSP_OK)
			return &job->changes[i].out;
	return NULL;
}

/* One batch of names of one zone; false when a result was given. */
static bool check_names(struct instance *self, const struct zsp_str *zone, uint32_t index,
			const struct zsp_list *names)
{
	const struct zsp_host *host = self->host;
	struct zsp_change wanted[UPDATE_BATCH];
	char values[UPDATE_BATCH][VALUE];
	const struct outcome *bad = NULL;
	struct job job;
	bool good = prepare(&job, self, zone, names->n) == ZSP_OK;

	for (uint32_t i = 0; i < names->n && good; i++) {
		random_value(values[i]);
		wanted[i] = (struct zsp_change){
			.op = ZSP_REMOVE, .name = *ZSP_ITEM(struct zsp_str, names, i), .value = { values[i], VALUE },
		};
		good = set_change(&job.changes[i], &wanted[i]);
	}
	if (!good) {
		host->result(host, index, ZSP_BUG, "", 0);
	} else {
		run_sorted(&job);
		bad = first_failure(&job);
	}
	if (bad) {
		char text[ZSP_MAX_TEXT], name[WIRE_NAME_TEXT];

		wire_name_print(&job.changes[0].name, name);
		for (size_t i = 0; i < job.n; i++)
			if (&job.changes[i].out == bad)
				wire_name_print(&job.changes[i].name, name);
		snprintf(text, sizeof(text), "%.253s: %s", name, bad->text);
		host->result(host, index, bad->error_class, text, strlen(text));
	}
	free(job.changes);
	return good && !bad;
}

static int32_t rfc2136_check(void *instance, const struct zsp_list *zones)
{
	struct instance *self = instance;

	for (uint32_t i = 0; i < zones->n; i++) {
		const struct zsp_zone *zone = ZSP_ITEM(struct zsp_zone, zones, i);
		struct zsp_list names;
		struct zsp_str own;
		char text[300];
		uint32_t done = 0;

		do {
			done += probe_names(zone, done, &own, text, &names);
		} while (check_names(self, &zone->zone, i, &names) && done < zone->names.n);
	}
	return ZSP_OK;
}

/* The name of the key may stand in a secret file only: then it is not known here. */
static int32_t rfc2136_policy(const struct zsp_host *host, const struct zsp_list *values, const struct zsp_list *zones)
{
	return policy_print(host, &ZSP_ITEM(struct zsp_value, values, OPT_TSIG_KEY)->text, zones);
}

/* ---- the descriptor -------------------------------------------------------------------------------- */

static const struct zsp_provider provider = {
	.head = ZSP_PROVIDER(ZSP_FLAG_KEEPS_SIBLINGS | ZSP_FLAG_BATCH),
	.name = ZSP_STR("rfc2136"),
	.summary = ZSP_STR("DNS dynamic update with TSIG: BIND, Knot and others"),
	.url = ZSP_STR("https://www.rfc-editor.org/rfc/rfc2136"),
	.options = ZSP_LIST(options),
	.max_changes = UPDATE_BATCH,
	.permissions = ZSP_STR("The TSIG key must be allowed to update (RFC 2136) the TXT records of the challenge names, "
			       "and nothing else: BIND update-policy with \"grant KEY name NAME TXT\", Knot an acl with "
			       "update-type, update-owner and update-owner-name."),
	.open = rfc2136_open,
	.apply = rfc2136_apply,
	.check = rfc2136_check,
	.close = rfc2136_close,
	.policy = rfc2136_policy,
};

ZSP_EXPORT const struct zsp_provider *zoneseal_provider(uint32_t host_abi)
{
	(void)host_abi;
	return &provider;
}
