/* SPDX-License-Identifier: Apache-2.0 */
/* See fake.h. */
#include "fake.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CONNS = 16, MAX_LOG = 4096 };

struct fake {
	struct zs_loop *loop;
	int udp, tcp;
	int conns[MAX_CONNS];
	size_t nconns;
	struct sockaddr_in peer;
	int reply_fd;			/* connection of the present query, -1 = UDP */
	fake_fn *fn;
	void *user;
	const struct fake_record *records;
	char addr[ZS_ADDR_TEXT];
	unsigned count;
	bool silent;
	uint32_t seed;			/* 0 = honest */
	size_t question;		/* end of it in the present query */
	struct zs_name log[MAX_LOG];
};

/* ---- messages ------------------------------------------------------------------ */

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void put(struct fake_msg *msg, const void *data, size_t n)
{
	if (msg->n + n > sizeof(msg->b))
		abort();
	memcpy(msg->b + msg->n, data, n);
	msg->n += n;
}

static void put16(struct fake_msg *msg, unsigned v)
{
	uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	put(msg, b, 2);
}

static void put32(struct fake_msg *msg, uint32_t v)
{
	put16(msg, v >> 16);
	put16(msg, v & 0xffff);
}

static struct zs_name parse_name(const char *text)
{
	struct zs_name name = { .len = 0 };

	if (*text && !zs_name_parse(zs_slice_str(text), ZS_NAME_ANY, &name, NULL))
		abort();
	return name;
}

static void put_name(struct fake_msg *msg, const char *text)
{
	struct zs_name name = parse_name(text);
	uint8_t wire[255];

	put(msg, wire, zs_name_wire(&name, wire));
}

static size_t question_len(const struct fake_query *query)
{
	size_t at = 12;

	while (query->wire.p[at])
		at += query->wire.p[at] + 1U;
	return at + 5 - 12;
}

void fake_begin(struct fake_msg *msg, const struct fake_query *query, unsigned flags, unsigned rcode)
{
	msg->n = 0;
	put(msg, query->wire.p, 2);
	put16(msg, 0x8000 | flags | rcode | ((unsigned)query->wire.p[2] & 1) << 8);
	put16(msg, 1);
	put(msg, "\0\0\0\0\0\0", 6);
	put(msg, query->wire.p + 12, question_len(query));
}

static void put_txt(struct fake_msg *msg, const char *data)
{
	struct zs_slice rest = zs_slice_str(data);

	do {
		struct zs_slice part = zs_slice_cut(&rest, '|');
		uint8_t len = (uint8_t)part.n;

		put(msg, &len, 1);
		put(msg, part.p, part.n);
	} while (rest.n);
}

static void put_soa(struct fake_msg *msg, const char *data)
{
	uint64_t serial = 0;

	(void)zs_slice_u64(zs_slice_str(data), UINT32_MAX, &serial);
	put_name(msg, "ns.invalid");
	put_name(msg, "root.invalid");
	put32(msg, (uint32_t)serial);
	put32(msg, 1);
	put32(msg, 1);
	put32(msg, 1);
	put32(msg, 7);		/* minimum */
}

static void put_rdata(struct fake_msg *msg, const struct fake_record *r, uint16_t type)
{
	uint8_t ip[16];

	switch (type) {
	case ZS_DNS_A:
		inet_pton(AF_INET, r->data, ip);
		put(msg, ip, 4);
		break;
	case ZS_DNS_AAAA:
		inet_pton(AF_INET6, r->data, ip);
		put(msg, ip, 16);
		break;
	case ZS_DNS_TXT:
		put_txt(msg, r->data);
		break;
	case ZS_DNS_SOA:
		put_soa(msg, r->data);
		break;
	default:
		put_name(msg, r->data);
	}
}

static uint16_t type_of(const char *text)
{
	static const struct { const char *name; uint16_t type; } types[] = {
		{ "A", ZS_DNS_A }, { "NS", ZS_DNS_NS }, { "CNAME", ZS_DNS_CNAME }, { "SOA", ZS_DNS_SOA },
		{ "TXT", ZS_DNS_TXT }, { "AAAA", ZS_DNS_AAAA }, { "DNAME", ZS_DNS_DNAME },
	};

	for (size_t i = 0; i < ZS_COUNT(types); i++)
		if (!strcmp(types[i].name, text))
			return types[i].type;
	abort();
}

void fake_add(struct fake_msg *msg, enum zs_dns_section section, const struct fake_record *record)
{
	size_t count = 6 + 2 * (size_t)section, at;
	unsigned n = get16(msg->b + count) + 1;

	msg->b[count] = (uint8_t)(n >> 8);
	msg->b[count + 1] = (uint8_t)n;
	put_name(msg, record->owner);
	put16(msg, type_of(record->type));
	put16(msg, 1);
	put32(msg, 60);
	at = msg->n;
	put16(msg, 0);
	put_rdata(msg, record, type_of(record->type));
	n = (unsigned)(msg->n - at - 2);
	msg->b[at] = (uint8_t)(n >> 8);
	msg->b[at + 1] = (uint8_t)n;
}

void fake_send_raw(struct fake *fake, struct zs_slice bytes)
{
	if (fake->reply_fd >= 0)
		(void)!send(fake->reply_fd, bytes.p, bytes.n, MSG_NOSIGNAL);
}

static void send_wire(struct fake *fake, struct zs_slice wire)
{
	uint8_t prefix[2] = { (uint8_t)(wire.n >> 8), (uint8_t)wire.n };

	if (fake->reply_fd < 0) {
		(void)!sendto(fake->udp, wire.p, wire.n, 0, (struct sockaddr *)&fake->peer, sizeof(fake->peer));
		return;
	}
	fake_send_raw(fake, zs_slice_of(prefix, 2));
	fake_send_raw(fake, wire);
}

static uint32_t next_random(struct fake *fake)
{
	fake->seed = fake->seed * 1664525U + 1013904223U;
	return fake->seed >> 8;
}

static struct zs_slice mutate(struct fake *fake, struct zs_slice wire)
{
	static uint8_t copy[65536];
	static const uint8_t header[] = { 2, 3, 6, 7, 8, 9, 10, 11 };

	memcpy(copy, wire.p, wire.n);
	for (uint32_t i = next_random(fake) % 3 + 1; i; i--) {
		size_t at = fake->question + next_random(fake) % (wire.n - fake->question + sizeof(header));

		if (at >= wire.n)
			at = header[at - wire.n];
		copy[at] = (uint8_t)next_random(fake);
	}
	copy[2] |= 0x80;
	copy[2] &= 0x87;
	return zs_slice_of(copy, wire.n);
}

void fake_mutate(struct fake *fake, uint32_t seed)
{
	fake->seed = seed;
}

void fake_send(struct fake *fake, struct zs_slice wire)
{
	if (fake->seed)
		wire = mutate(fake, wire);
	send_wire(fake, wire);
}

/* ---- an authoritative server -------------------------------------------------------- */

static bool is_in(const struct zs_name *name, const char *zone)
{
	struct zs_name z = parse_name(zone);

	return zs_name_is_in(name, &z);
}

static bool owns(const struct fake_record *r, const struct zs_name *name, const char *type)
{
	struct zs_name owner = parse_name(r->owner);

	return zs_name_eq(&owner, name) && (!type || !strcmp(r->type, type));
}

/* The longest owner of that type at or above name, inside `within`; NULL = none. */
static const struct fake_record *above(const struct fake_record *records, const struct zs_name *name, const char *type,
				       const char *within)
{
	const struct fake_record *best = NULL;

	for (const struct fake_record *r = records; r->owner; r++)
		if (!strcmp(r->type, type) && is_in(name, r->owner) && strlen(r->owner) > (within ? strlen(within) : 0) &&
		    (!best || strlen(r->owner) > strlen(best->owner)))
			best = r;
	return best;
}

static unsigned add_all(struct fake_msg *msg, enum zs_dns_section section, const struct fake_record *records,
			const struct zs_name *name, const char *type)
{
	unsigned n = 0;

	for (const struct fake_record *r = records; r->owner; r++) {
		if (!owns(r, name, type))
			continue;
		fake_add(msg, section, r);
		n++;
	}
	return n;
}

static void add_glue(struct fake_msg *msg, const struct fake_record *records, const struct zs_name *cut)
{
	for (const struct fake_record *r = records; r->owner; r++) {
		struct zs_name ns;

		if (!owns(r, cut, "NS"))
			continue;
		ns = parse_name(r->data);
		add_all(msg, ZS_DNS_ADDITIONAL, records, &ns, "A");
		add_all(msg, ZS_DNS_ADDITIONAL, records, &ns, "AAAA");
	}
}

static bool exists(const struct fake_record *records, const struct zs_name *name)
{
	for (const struct fake_record *r = records; r->owner; r++) {
		struct zs_name owner = parse_name(r->owner);

		if (zs_name_is_in(&owner, name))
			return true;
	}
	return false;
}

/* "*" of the closest encloser, or "". */
static void wildcard(const struct fake_record *records, const struct zs_name *name, char *dst, size_t size)
{
	struct zs_name up = *name;

	dst[0] = 0;
	if (exists(records, name))
		return;
	while (zs_name_parent(&up, &up))
		if (exists(records, &up))
			break;
	snprintf(dst, size, "*.%s", up.text);
}

static const char *type_text(uint16_t type)
{
	switch (type) {
	case ZS_DNS_A: return "A";
	case ZS_DNS_NS: return "NS";
	case ZS_DNS_CNAME: return "CNAME";
	case ZS_DNS_SOA: return "SOA";
	case ZS_DNS_TXT: return "TXT";
	case ZS_DNS_AAAA: return "AAAA";
	default: return "?";
	}
}

static unsigned add_wild(struct fake_msg *msg, const struct fake_record *records, const struct fake_query *q)
{
	char star[ZS_MAX_NAME + 3], text[ZS_MAX_NAME + 1];
	struct zs_name name;
	unsigned n = 0;

	wildcard(records, &q->name, star, sizeof(star));
	if (!star[0])
		return 0;
	name = parse_name(star);
	snprintf(text, sizeof(text), "%s", q->name.text);
	for (const struct fake_record *r = records; r->owner; r++) {
		struct fake_record copy = { text, r->type, r->data };

		if (!owns(r, &name, NULL) || (strcmp(r->type, type_text(q->type)) != 0 && strcmp(r->type, "CNAME") != 0))
			continue;
		fake_add(msg, ZS_DNS_ANSWER, &copy);
		n++;
	}
	return n;
}

static void answer_in_zone(struct fake *fake, const struct fake_query *q, const struct fake_record *records,
			   const struct fake_record *soa)
{
	static struct fake_msg msg;
	const struct fake_record *dname = above(records, &q->name, "DNAME", NULL);
	unsigned n = 0;

	fake_begin(&msg, q, FAKE_AA, 0);
	if (dname && strlen(dname->owner) < q->name.len)
		fake_add(&msg, ZS_DNS_ANSWER, dname), n++;
	n += add_all(&msg, ZS_DNS_ANSWER, records, &q->name, type_text(q->type));
	if (q->type != ZS_DNS_CNAME)
		n += add_all(&msg, ZS_DNS_ANSWER, records, &q->name, "CNAME");
	if (!n)
		n += add_wild(&msg, records, q);
	if (!n) {
		char star[ZS_MAX_NAME + 3];
		struct zs_name wild;

		wildcard(records, &q->name, star, sizeof(star));
		wild = parse_name(star[0] ? star : "x");
		if (star[0] && !exists(records, &wild))
			msg.b[3] |= ZS_DNS_NXDOMAIN;
		fake_add(&msg, ZS_DNS_AUTHORITY, soa);
	}
	fake_send(fake, zs_slice_of(msg.b, msg.n));
}

void fake_answer(struct fake *fake, const struct fake_query *q, const struct fake_record *records)
{
	static struct fake_msg msg;
	const struct fake_record *soa = above(records, &q->name, "SOA", NULL);
	const struct fake_record *cut = soa ? above(records, &q->name, "NS", soa->owner) : NULL;
	struct zs_name cut_name;

	if (soa && !cut) {
		answer_in_zone(fake, q, records, soa);
		return;
	}
	fake_begin(&msg, q, 0, soa ? 0 : ZS_DNS_REFUSED);
	if (cut) {
		cut_name = parse_name(cut->owner);
		add_all(&msg, ZS_DNS_AUTHORITY, records, &cut_name, "NS");
		add_glue(&msg, records, &cut_name);
	}
	fake_send(fake, zs_slice_of(msg.b, msg.n));
}

/* ---- sockets ---------------------------------------------------------------------------- */

static void serve(struct fake *fake, struct zs_slice wire)
{
	static uint8_t text[256];
	struct fake_query q = { .wire = wire, .port = ntohs(fake->peer.sin_port), .tcp = fake->reply_fd >= 0 };
	size_t at = 12, n = 0;

	if (wire.n < 17)
		return;
	while (at < wire.n && wire.p[at]) {
		for (size_t i = 1; i <= wire.p[at]; i++) {
			text[n++] = wire.p[at + i];
			q.mixed |= wire.p[at + i] >= 'A' && wire.p[at + i] <= 'Z';
		}
		text[n++] = '.';
		at += wire.p[at] + 1U;
	}
	if (!zs_name_parse(zs_slice_of(text, n), ZS_NAME_ANY, &q.name, NULL))
		return;
	q.type = (uint16_t)get16(wire.p + at + 1);
	fake->question = at + 5;
	q.edns = get16(wire.p + 10) != 0;
	q.recurse = wire.p[2] & 1;
	if (fake->count < MAX_LOG)
		fake->log[fake->count] = q.name;
	q.nth = ++fake->count;
	if (!fake->silent && fake->fn)
		fake->fn(fake, &q, fake->user);
	else if (!fake->silent)
		fake_answer(fake, &q, fake->records);
}

static void on_udp(int fd, short revents, void *user)
{
	struct fake *fake = user;
	uint8_t wire[2048];
	socklen_t len = sizeof(fake->peer);
	ssize_t n = recvfrom(fd, wire, sizeof(wire), MSG_DONTWAIT, (struct sockaddr *)&fake->peer, &len);

	(void)revents;
	fake->reply_fd = -1;
	if (n > 0)
		serve(fake, zs_slice_of(wire, (size_t)n));
}

/* Queries come in one piece on loopback. */
static void on_conn(int fd, short revents, void *user)
{
	struct fake *fake = user;
	uint8_t wire[2048];
	ssize_t n = recv(fd, wire, sizeof(wire), MSG_DONTWAIT);

	(void)revents;
	if (n <= 2) {
		zs_loop_fd_remove(fake->loop, fd);
		return;
	}
	fake->reply_fd = fd;
	serve(fake, zs_slice_of(wire + 2, (size_t)n - 2));
}

static void on_accept(int fd, short revents, void *user)
{
	struct fake *fake = user;
	int conn = accept(fd, NULL, NULL);

	(void)revents;
	if (conn < 0 || fake->nconns == MAX_CONNS)
		abort();
	fake->conns[fake->nconns++] = conn;
	zs_loop_fd(fake->loop, conn, POLLIN, on_conn, fake);
}

static bool open_pair(struct fake *fake, const char *ip, uint16_t port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(port) };
	socklen_t len = sizeof(sa);
	int one = 1;

	inet_pton(AF_INET, ip ? ip : "127.0.0.1", &sa.sin_addr);
	fake->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fake->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fake->tcp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fake->tcp, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fake->tcp, 8) < 0 ||
	    getsockname(fake->tcp, (struct sockaddr *)&sa, &len) < 0 ||
	    bind(fake->udp, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return false;
	snprintf(fake->addr, sizeof(fake->addr), "%s:%u", ip ? ip : "127.0.0.1", ntohs(sa.sin_port));
	return true;
}

struct fake *fake_new(struct zs_loop *loop, const char *ip, uint16_t port, fake_fn *fn, void *user)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	if (!fake)
		abort();
	fake->loop = loop;
	fake->fn = fn;
	fake->user = user;
	for (int i = 0; !open_pair(fake, ip, port); i++) {
		close(fake->udp);
		close(fake->tcp);
		if (port || i > 20) {
			free(fake);
			return NULL;
		}
	}
	zs_loop_fd(loop, fake->udp, POLLIN, on_udp, fake);
	zs_loop_fd(loop, fake->tcp, POLLIN, on_accept, fake);
	return fake;
}

struct fake *fake_zone(struct zs_loop *loop, const char *ip, uint16_t port, const struct fake_record *records)
{
	struct fake *fake = fake_new(loop, ip, port, NULL, NULL);

	if (fake)
		fake->records = records;
	return fake;
}

void fake_free(struct fake *fake)
{
	if (!fake)
		return;
	zs_loop_fd_remove(fake->loop, fake->udp);
	zs_loop_fd_remove(fake->loop, fake->tcp);
	close(fake->udp);
	close(fake->tcp);
	for (size_t i = 0; i < fake->nconns; i++) {
		zs_loop_fd_remove(fake->loop, fake->conns[i]);
		close(fake->conns[i]);
	}
	free(fake);
}

const char *fake_addr(const struct fake *fake)
{
	return fake->addr;
}

unsigned fake_count(const struct fake *fake)
{
	return fake->count;
}

unsigned fake_asked(const struct fake *fake, const char *name)
{
	struct zs_name wanted = parse_name(name);
	unsigned n = 0;

	for (unsigned i = 0; i < fake->count && i < MAX_LOG; i++)
		n += zs_name_eq(&fake->log[i], &wanted);
	return n;
}

void fake_pause(struct fake *fake, bool silent)
{
	fake->silent = silent;
}

void fake_set(struct fake *fake, const struct fake_record *records)
{
	fake->records = records;
}

/* ---- running ---------------------------------------------------------------------------- */

struct run { struct zs_loop *loop; const bool *done; uint64_t until; };

static void on_tick(void *user)
{
	struct run *run = user;
	struct zs_clock *clock = zs_loop_clock(run->loop);

	if (*run->done || clock->mono_ms(clock) >= run->until)
		zs_loop_stop(run->loop, 0);
	else
		zs_loop_timer(run->loop, 1, on_tick, run);
}

bool fake_run(struct zs_loop *loop, const bool *done, unsigned ms)
{
	struct zs_clock *clock = zs_loop_clock(loop);
	struct run run = { loop, done, clock->mono_ms(clock) + ms };

	zs_loop_timer(loop, 0, on_tick, &run);
	zs_loop_run(loop);
	return *done;
}
