/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds and judges.  A NOERROR counts only with a good signature when a key
 * is configured; and even then BIND and Knot may have ignored the change (a
 * CNAME or a zone cut at the name), which is what the read-back is for.
 */
#include "update.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/rand.h>

enum { WINDOW = 32, STRAYS = 64, DATAGRAM = 1232 };

enum {
	NOERROR = 0, FORMERR = 1, SERVFAIL = 2, NXDOMAIN = 3, NOTIMP = 4, REFUSED = 5,
	YXRRSET = 7, NOTAUTH = 9, NOTZONE = 10
};

static const char *const rcodes[] = {
	"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
	"NXRRSET", "NOTAUTH", "NOTZONE", "rcode 11", "rcode 12", "rcode 13", "rcode 14", "rcode 15",
};

uint64_t update_random(void)
{
	uint64_t v = 0;

	if (RAND_bytes((unsigned char *)&v, sizeof(v)) != 1)
		v = (uint64_t)(uintptr_t)&v;	/* ids alone: TSIG and TCP protect the reply */
	return v;
}

__attribute__((format(printf, 3, 4)))
static struct outcome outcome(const struct server *s, int32_t class, const char *fmt, ...)
{
	struct outcome out = { .error_class = class };
	char text[UPDATE_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(out.text, sizeof(out.text), "server %s: %.*s", s->at->text,
		 UPDATE_TEXT - NET_TEXT - 16, text);
	return out;
}

static uint64_t unix_now(const struct server *s)
{
	return (uint64_t)(s->host->wall_ms(s->host) / 1000);
}

static const char *key_text(const struct server *s, char dst[WIRE_NAME_TEXT + 64])
{
	char name[WIRE_NAME_TEXT];

	wire_name_print(&s->key->name, name);
	snprintf(dst, WIRE_NAME_TEXT + 64, "%.200s (%s)", name, s->key->algorithm->name);
	return dst;
}

/* ---- building -------------------------------------------------------------------- */

static bool is_first_add(struct change *const *changes, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (changes[k]->adds && wire_name_eq(&changes[k]->name, &changes[i]->name))
			return false;
	return changes[i]->adds;
}

/* No CNAME at the name: servers ignore a TXT beside one and say NOERROR. */
static void put_prerequisites(struct wire *w, struct change *const *changes, size_t n)
{
	const struct wire_record no_cname = { .type = WIRE_CNAME, .class = WIRE_NONE };

	for (size_t i = 0; i < n; i++)
		if (is_first_add(changes, i))
			wire_put_record(w, &changes[i]->name, &no_cname, NULL, 0, WIRE_ANCOUNT);
}

static void put_change(struct wire *w, const struct change *c, uint32_t ttl)
{
	uint8_t rdata[256];
	size_t n = c->wanted->value.n;
	struct wire_record record = { .type = WIRE_TXT, .class = WIRE_NONE };

	if (c->adds) {
		record.class = WIRE_IN;
		record.ttl = ttl;
	}
	rdata[0] = (uint8_t)n;
	memcpy(rdata + 1, c->wanted->value.p, n);
	wire_put_record(w, &c->name, &record, rdata, n + 1, WIRE_NSCOUNT);
}

static bool finish(const struct server *s, struct wire *w, struct tsig_mac *mac)
{
	if (s->key->algorithm)
		return tsig_sign(w, s->key, unix_now(s), mac);
	return !w->failed;
}

/* ---- judging ---------------------------------------------------------------------- */

static struct outcome clock_skew(const struct server *s, uint64_t server, uint64_t ours)
{
	int64_t skew = (int64_t)(server - ours);

	if (!server)
		return outcome(s, ZSP_AUTH, "BADTIME: the clocks of this machine and the server "
			       "differ by more than %d s", TSIG_FUDGE);
	return outcome(s, ZSP_AUTH, "BADTIME: the server's clock is %lld s %s ours (server %llu, "
		       "here %llu, Unix time); at most %d s are allowed: set the clock",
		       (long long)(skew < 0 ? -skew : skew), skew < 0 ? "behind" : "ahead of",
		       (unsigned long long)server, (unsigned long long)ours, TSIG_FUDGE);
}

/* The TSIG error of a NOTAUTH. */
static struct outcome key_error(const struct server *s, const struct tsig_result *t, uint64_t now)
{
	char key[WIRE_NAME_TEXT + 64];
	struct outcome out;

	switch (t->error) {
	case TSIG_BADSIG:
		return outcome(s, ZSP_AUTH, "BADSIG: the secret of TSIG key %s is not the server's",
			       key_text(s, key));
	case TSIG_BADKEY:
		out = outcome(s, ZSP_AUTH, "BADKEY: the server does not know TSIG key %s; name and "
			      "algorithm must be the server's (Knot says the same where no acl "
			      "lets this key update this name)", key_text(s, key));
		out.refused = true;
		return out;
	case TSIG_BADTIME:
		return clock_skew(s, t->server_time, now);
	case TSIG_BADTRUNC:
		return outcome(s, ZSP_AUTH, "BADTRUNC: the server wants a longer MAC than %s has",
			       key_text(s, key));
	default:
		return outcome(s, ZSP_AUTH, "TSIG error %u with key %s", t->error,
			       key_text(s, key));
	}
}

/* What is wrong with the signature of a reply; ZSP_OK = nothing. */
static struct outcome judge_signature(const struct server *s, const struct tsig_result *t,
				      unsigned rcode, uint64_t now)
{
	char key[WIRE_NAME_TEXT + 64];
	struct outcome out = { .error_class = ZSP_OK };

	if (t->error && (t->verdict == TSIG_SERVER_ERROR || t->verdict == TSIG_GOOD))
		return key_error(s, t, now);
	switch (t->verdict) {
	case TSIG_UNSIGNED:
		if (rcode != NOERROR && rcode != YXRRSET)
			return out;	/* no success, so the hint is taken */
		out = outcome(s, ZSP_TRANSIENT, "the reply (%s) is not signed and proves nothing; "
			      "does the server support TSIG?", rcodes[rcode]);
		break;
	case TSIG_SERVER_ERROR:
	case TSIG_MALFORMED:
		out = outcome(s, ZSP_TRANSIENT, "the reply is malformed");
		break;
	case TSIG_OTHER_KEY:
		out = outcome(s, ZSP_TRANSIENT, "the reply is signed with another key than %s",
			      key_text(s, key));
		break;
	case TSIG_WRONG_MAC:
		out = outcome(s, ZSP_TRANSIENT, "the signature of the reply is wrong (key %s)",
			      key_text(s, key));
		break;
	case TSIG_WRONG_TIME:
		return clock_skew(s, t->time, now);
	case TSIG_GOOD:
		break;
	}
	out.elsewhere = out.error_class != ZSP_OK;
	return out;
}

static struct outcome judge_refused(const struct server *s)
{
	char key[WIRE_NAME_TEXT + 64];
	struct outcome out;

	if (s->key->algorithm)
		out = outcome(s, ZSP_DENIED, "REFUSED: key %s may not change these TXT records here; "
			      "grant it in the server's update-policy or acl; or the server is a "
			      "secondary: name the primary", key_text(s, key));
	else
		out = outcome(s, ZSP_DENIED, "REFUSED: unsigned updates are not allowed; configure "
			      "a TSIG key");
	out.refused = true;
	return out;
}

static struct outcome judge_rcode(const struct server *s, unsigned rcode,
				  const struct wire_name *zone)
{
	char name[WIRE_NAME_TEXT];
	struct outcome out;

	wire_name_print(zone, name);
	switch (rcode) {
	case NOERROR:
		return (struct outcome){ .error_class = ZSP_OK };
	case YXRRSET:
		out = outcome(s, ZSP_CONFIG, "YXRRSET: a name is an alias (CNAME)");
		out.alias = true;
		return out;
	case REFUSED:
		return judge_refused(s);
	case NOTAUTH:
		if (!s->key->algorithm)
			return outcome(s, ZSP_DENIED, "NOTAUTH: the server does not serve zone "
				       "%.253s, or wants updates signed with a TSIG key", name);
		return outcome(s, ZSP_NOT_FOUND, "NOTAUTH: the server does not serve zone %.253s",
			       name);
	case NOTZONE:
		return outcome(s, ZSP_NOT_FOUND, "NOTZONE: a name is not in zone %.253s", name);
	case SERVFAIL:
		out = outcome(s, ZSP_TRANSIENT, "SERVFAIL for zone %.253s: the server cannot write "
			      "it now; its log says why", name);
		out.elsewhere = true;
		out.busy = true;
		return out;
	case NOTIMP:
		out = outcome(s, ZSP_CONFIG, "NOTIMP: the server does not do dynamic updates");
		out.elsewhere = true;
		return out;
	default:
		return outcome(s, ZSP_TRANSIENT, "%s for zone %.253s", rcodes[rcode & 15], name);
	}
}

static struct outcome judge(const struct server *s, const uint8_t *reply, size_t n,
			    const struct tsig_mac *mac, const struct wire_name *zone)
{
	unsigned rcode = wire_peek16(reply + 2) & WIRE_RCODE;
	struct outcome out = { .error_class = ZSP_OK };
	struct tsig_result t;
	uint64_t now = unix_now(s);

	if (s->key->algorithm) {
		tsig_verify(reply, n, s->key, mac, now, &t);
		out = judge_signature(s, &t, rcode, now);
	}
	return out.error_class == ZSP_OK ? judge_rcode(s, rcode, zone) : out;
}

static struct outcome lost(struct server *s, bool sent)
{
	struct outcome out = outcome(s, ZSP_TRANSIENT, "%s", s->net.why);

	out.elsewhere = true;
	out.sent = sent;
	return out;
}

struct outcome update_send(struct server *server, const struct wire_name *zone,
			   struct change *const *changes, size_t n, uint32_t ttl, bool ttl_forced,
			   bool *ret_fits)
{
	static uint8_t message[UPDATE_MESSAGE], reply[WIRE_MESSAGE];
	struct wire w = { message, 0, sizeof(message), false };
	struct tsig_mac mac = { .n = 0 };
	size_t len = 0;
	bool sent;

	wire_put_header(&w, (uint16_t)update_random(), WIRE_UPDATE);
	wire_put_question(&w, zone, WIRE_SOA);
	put_prerequisites(&w, changes, n);
	for (size_t i = 0; i < n; i++) {
		uint32_t own = changes[i]->wanted->ttl;

		put_change(&w, changes[i], own && !ttl_forced ? own : ttl);
	}
	*ret_fits = !w.failed;
	if (w.failed)
		return (struct outcome){ .error_class = ZSP_BUG };
	if (!finish(server, &w, &mac))
		return outcome(server, ZSP_CONFIG, "signing failed: this OpenSSL does not allow %s",
			       server->key->algorithm ? server->key->algorithm->name : "it");
	if (server->net.udp && w.n > DATAGRAM) {
		net_close(&server->net);
		server->net.udp = false;
	}
	if (server->net.fd < 0 && !net_open(&server->net, server->at))
		return lost(server, false);
	if (!net_exchange(&server->net, message, w.n, reply, &len, &sent)) {
		net_close(&server->net);
		return lost(server, sent);
	}
	return judge(server, reply, len, &mac, zone);
}

/* ---- read-back ------------------------------------------------------------------------ */

struct query {
	struct wire_name name;
	uint16_t id;
	bool answered;
	struct tsig_mac mac;
};

/* What a reply says about one name, for all changes at it. */
struct answer {
	const uint8_t *message;
	size_t n;
	struct wire_header header;
	unsigned rcode;
	bool alias;			/* a CNAME at the name, or a DNAME above it */
	struct wire_name cut;		/* apex of a zone below ours that has the name, n 0 = none */
};

static bool send_query(struct server *s, struct query *q, bool is_signed)
{
	uint8_t message[1024];
	struct wire w = { message, 0, sizeof(message), false };

	q->id = (uint16_t)update_random();
	wire_put_header(&w, q->id, 0);
	wire_put_question(&w, &q->name, WIRE_TXT);
	if (is_signed && !finish(s, &w, &q->mac))
		return false;
	return net_send(&s->net, message, w.n);
}

/* A referral, or a negative answer from a zone below ours on the same server. */
static bool shows_cut(const struct wire_record *record, const struct wire_name *name,
		      const struct wire_name *zone)
{
	return (record->type == WIRE_NS || record->type == WIRE_SOA) &&
	       wire_name_is_in(name, &record->owner) && wire_name_is_in(&record->owner, zone) &&
	       !wire_name_eq(&record->owner, zone);
}

static void scan(struct answer *a, const struct wire_name *name, const struct wire_name *zone)
{
	struct wire_reader r = { a->message, a->n, 0, false };
	struct wire_record record;
	unsigned answers, all;

	wire_get_header(&r, &a->header);
	wire_skip_questions(&r, a->header.count[0]);
	answers = a->header.count[1];
	all = answers + a->header.count[2];
	for (unsigned i = 0; i < all && !r.failed; i++) {
		wire_get_record(&r, &record);
		if (r.failed || record.class != WIRE_IN)
			continue;
		if (i < answers && ((record.type == WIRE_CNAME &&
				     wire_name_eq(&record.owner, name)) ||
				    record.type == WIRE_DNAME))
			a->alias = true;
		if (i >= answers && !answers && shows_cut(&record, name, zone))
			a->cut = record.owner;
	}
	a->rcode = a->header.flags & WIRE_RCODE;
}

/* The character-strings of a TXT joined equal the value. */
static bool txt_is(const uint8_t *rdata, size_t n, const struct zsp_str *value)
{
	size_t at = 0, matched = 0;

	while (at < n) {
		size_t len = rdata[at++];

		if (len > n - at || len > value->n - matched ||
		    memcmp(rdata + at, value->p + matched, len))
			return false;
		at += len;
		matched += len;
	}
	return matched == value->n;
}

static bool has_value(const struct answer *a, const struct wire_name *name,
		      const struct zsp_str *value)
{
	struct wire_reader r = { a->message, a->n, 0, false };
	struct wire_header header;
	struct wire_record record;

	wire_get_header(&r, &header);
	wire_skip_questions(&r, header.count[0]);
	for (unsigned i = 0; i < header.count[1] && !r.failed; i++) {
		wire_get_record(&r, &record);
		if (!r.failed && record.type == WIRE_TXT && record.class == WIRE_IN &&
		    wire_name_eq(&record.owner, name) &&
		    txt_is(a->message + record.rdata, record.length, value))
			return true;
	}
	return false;
}

static struct outcome alias_outcome(const struct server *s, const struct wire_name *name)
{
	char text[WIRE_NAME_TEXT];
	struct outcome out;

	wire_name_print(name, text);
	out = outcome(s, ZSP_CONFIG, "%.253s is an alias (CNAME or DNAME) there, so a TXT record "
		      "cannot be put at it; this view of the zone differs from the one that was "
		      "walked", text);
	out.misplaced = true;
	return out;
}

static struct outcome cut_outcome(const struct server *s, const struct wire_name *name,
				  const struct wire_name *cut)
{
	char text[WIRE_NAME_TEXT], cut_text[WIRE_NAME_TEXT];
	struct outcome out;

	wire_name_print(name, text);
	wire_name_print(cut, cut_text);
	out = outcome(s, ZSP_NOT_FOUND, "%.253s lies below a zone cut: zone %.253s is delegated "
		      "to other servers, the record must go there", text, cut_text);
	out.zone = *cut;
	out.misplaced = true;
	return out;
}

static void settle(const struct server *s, struct change *c, const struct answer *a)
{
	bool there = has_value(a, &c->name, &c->wanted->value);

	if (a->alias && c->adds) {
		c->out = alias_outcome(s, &c->name);
	} else if (a->cut.n && c->adds) {
		c->out = cut_outcome(s, &c->name, &a->cut);
	} else if (a->rcode != NOERROR && a->rcode != NXDOMAIN) {
		/* Many primaries answer no queries from here; the update was signed. */
		c->out = (struct outcome){ .error_class = ZSP_OK };
	} else if (there == c->adds) {
		c->out = (struct outcome){ .error_class = ZSP_OK };
	} else {
		return;
	}
	c->pending = false;
}

static bool is_good(const struct server *s, const struct query *q, const uint8_t *reply, size_t n,
		    bool is_signed)
{
	struct wire_reader r = { reply, n, 0, false };
	struct wire_header header;
	struct wire_name name;
	struct tsig_result t;

	wire_get_header(&r, &header);
	wire_get_name(&r, &name);
	if (r.failed || !(header.flags & WIRE_QR) || header.count[0] != 1 ||
	    !wire_name_eq(&name, &q->name) || wire_get16(&r) != WIRE_TXT)
		return false;
	if (!is_signed || !s->key->algorithm)
		return true;
	tsig_verify(reply, n, s->key, &q->mac, unix_now(s), &t);
	/* An error without a signature is only taken as "no answer from here". */
	return t.verdict == TSIG_GOOD || (header.flags & WIRE_RCODE) != NOERROR;
}

static bool is_truncated(const uint8_t *reply, size_t n)
{
	return n >= WIRE_HEADER && (wire_peek16(reply + 2) & WIRE_TC);
}

/* Questions that are asked together, and the changes that they are about. */
struct window {
	struct server *server;
	struct query *queries;
	size_t n;
	struct change *const *changes;
	size_t nchanges;
	const struct wire_name *zone;
	bool truncated;			/* some answer is for TCP */
};

/* The question of an answer; NULL = none of these. */
static struct query *find_query(const struct window *w, const struct answer *a, bool *ret_good)
{
	bool is_signed = w->server->key->algorithm != NULL;
	struct query *found = NULL;

	*ret_good = false;
	for (size_t i = 0; i < w->n && a->n >= WIRE_HEADER && !*ret_good; i++) {
		struct query *q = &w->queries[i];

		if (q->answered || q->id != wire_peek16(a->message))
			continue;
		found = q;
		*ret_good = is_good(w->server, q, a->message, a->n, is_signed);
	}
	return found;
}

/* False for what answers none of the questions: a datagram that came twice or late. */
static bool take_answer(struct window *w, struct answer *a)
{
	bool good;
	struct query *q = find_query(w, a, &good);

	if (!q)
		return false;
	q->answered = true;
	if (w->server->net.udp && is_truncated(a->message, a->n)) {
		w->truncated = true;
		return true;
	}
	if (!good)
		return true;
	scan(a, &q->name, w->zone);
	for (size_t k = 0; k < w->nchanges; k++)
		if (w->changes[k]->pending && wire_name_eq(&w->changes[k]->name, &q->name))
			settle(w->server, w->changes[k], a);
	return true;
}

/* The names of pending changes, each once. */
static size_t collect(struct change *const *changes, size_t n, struct query *queries)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		bool known = !changes[i]->pending;

		for (size_t k = 0; k < count && !known; k++)
			known = wire_name_eq(&queries[k].name, &changes[i]->name);
		if (!known)
			queries[count++] = (struct query){ .name = changes[i]->name };
	}
	return count;
}

/* False when the connection is of no use any more. */
static bool ask_window(struct window *w)
{
	static uint8_t reply[WIRE_MESSAGE];
	bool is_signed = w->server->key->algorithm != NULL;
	size_t got = 0, strays = 0;

	for (size_t i = 0; i < w->n; i++)
		if (!send_query(w->server, &w->queries[i], is_signed))
			return false;
	while (got < w->n && strays < STRAYS) {
		struct answer a = { .message = reply };

		if (!net_receive(&w->server->net, reply, &a.n))
			return false;
		if (take_answer(w, &a))
			got++;
		else
			strays++;
	}
	return got == w->n;
}

void update_read_back(struct server *server, const struct wire_name *zone,
		      struct change *const *changes, size_t n)
{
	static struct query queries[UPDATE_BATCH];
	size_t count = collect(changes, n, queries);
	struct window w = {
		.server = server, .changes = changes, .nchanges = n, .zone = zone,
	};

	for (size_t i = 0; i < count; i += WINDOW) {
		w.queries = queries + i;
		w.n = count - i < WINDOW ? count - i : WINDOW;
		if (server->net.fd < 0 && !net_open(&server->net, server->at))
			return;
		if (!ask_window(&w)) {
			net_close(&server->net);
			return;
		}
	}
	if (!w.truncated)
		return;
	net_close(&server->net);
	server->net.udp = false;
	update_read_back(server, zone, changes, n);
	net_close(&server->net);
	server->net.udp = true;
}
