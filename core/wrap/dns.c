/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS codec.  ldns takes replies apart; queries are written here, since a
 * question is forty lines and ldns may abort on a failed allocation.  The frame
 * of a reply (counts, lengths, compression pointers) is walked first, so that
 * ldns only sees what is sound.  Runs in the probe, which may die.
 */
#include "wrap/dns.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <string.h>

enum {
	HEADER = 12,
	FLAG_QR = 0x80,		/* of octet 2 */
	OPCODE = 0x78,
	FLAG_AA = 0x04,
	FLAG_TC = 0x02,
	FLAG_RD = 0x01,
	FLAG_RA = 0x80,		/* of octet 3 */
	CLASS_IN = 1,
	TYPE_OPT = 41,
	MAX_WIRE_NAME = 255,
	MAX_POINTERS = 126,
	ARENA = 4 * 1024 * 1024
};

/* ---- queries ----------------------------------------------------------------- */

static void put16(uint8_t *dst, unsigned v)
{
	dst[0] = (uint8_t)(v >> 8);
	dst[1] = (uint8_t)v;
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* DNS 0x20: the case of each letter is a random bit that a forger must guess. */
static void mix_case(uint8_t *name, size_t len, const uint8_t *mix)
{
	for (size_t i = 0; i < len; i++)
		if (name[i] >= 'a' && name[i] <= 'z' && (mix[i / 8 % ZS_DNS_MIX] >> (i % 8) & 1))
			name[i] = (uint8_t)(name[i] - 32);
}

static size_t put_opt(uint8_t *dst)
{
	static const uint8_t opt[] = { 0, 0, TYPE_OPT, ZS_DNS_EDNS_SIZE >> 8, ZS_DNS_EDNS_SIZE & 0xff, 0, 0, 0, 0, 0, 0 };

	memcpy(dst, opt, sizeof(opt));
	return sizeof(opt);
}

size_t zs_dns_build(const struct zs_dns_ask *ask, uint8_t dst[static ZS_DNS_MAX_QUERY])
{
	size_t len;

	memset(dst, 0, HEADER);
	put16(dst, ask->id);
	dst[2] = ask->recurse ? FLAG_RD : 0;
	put16(dst + 4, 1);
	put16(dst + 10, ask->edns ? 1 : 0);
	len = zs_name_wire(ask->name, dst + HEADER);
	if (ask->mix)
		mix_case(dst + HEADER, len, ask->mix);
	len += HEADER;
	put16(dst + len, ask->type);
	put16(dst + len + 2, CLASS_IN);
	len += 4;
	if (ask->edns)
		len += put_opt(dst + len);
	return len;
}

/* ---- is it the answer? --------------------------------------------------------- */

/* End of the question of one of our own queries. */
static size_t question_end(struct zs_slice query)
{
	size_t at = HEADER;

	while (at < query.n && query.p[at])
		at += query.p[at] + 1U;
	return at + 5;
}

/* Length octets are below 64 and so are no letters. */
static bool same_folded(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t x = a[i], y = b[i];

		if (x >= 'A' && x <= 'Z')
			x = (uint8_t)(x + 32);
		if (y >= 'A' && y <= 'Z')
			y = (uint8_t)(y + 32);
		if (x != y)
			return false;
	}
	return true;
}

enum zs_dns_match zs_dns_match(struct zs_slice query, struct zs_slice reply)
{
	size_t end = question_end(query);

	if (reply.n < HEADER || memcmp(query.p, reply.p, 2) != 0 || !(reply.p[2] & FLAG_QR) ||
	    (reply.p[2] & OPCODE) != (query.p[2] & OPCODE))
		return ZS_DNS_FOREIGN;
	if (get16(reply.p + 4) == 0)
		return (reply.p[3] & 0x0f) && reply.n == HEADER ? ZS_DNS_BARE : ZS_DNS_FOREIGN;
	if (get16(reply.p + 4) != 1 || reply.n < end)
		return ZS_DNS_FOREIGN;
	if (!memcmp(query.p + HEADER, reply.p + HEADER, end - HEADER))
		return ZS_DNS_OURS;
	/* Type and class must be equal as they are. */
	if (memcmp(query.p + end - 4, reply.p + end - 4, 4) != 0)
		return ZS_DNS_FOREIGN;
	return same_folded(query.p + HEADER, reply.p + HEADER, end - 4 - HEADER) ? ZS_DNS_FOLDED : ZS_DNS_FOREIGN;
}

/* ---- frame check before ldns ------------------------------------------------------ */

/* Offset behind the name at `at`, 0 when it is broken. Pointers must go back,
 * which also ends every loop. */
static size_t skip_name(struct zs_slice m, size_t at)
{
	size_t end = 0, lowest = at, total = 1;

	for (unsigned hops = 0; hops <= MAX_POINTERS && at < m.n;) {
		uint8_t len = m.p[at];

		if (!len)
			return end ? end : at + 1;
		if (len < 64) {
			total += len + 1U;
			at += len + 1U;
			if (total > MAX_WIRE_NAME)
				return 0;
			continue;
		}
		if ((len & 0xc0) != 0xc0 || at + 1 >= m.n)
			return 0;
		if (!end)
			end = at + 2;
		at = get16(m.p + at) & 0x3fff;
		if (at >= lowest || at < HEADER)
			return 0;
		lowest = at;
		hops++;
	}
	return 0;
}

/* Names inside rdata, of the types that are read. */
static bool rdata_sound(struct zs_slice m, unsigned type, size_t at, size_t end)
{
	size_t next;

	if (at == end)
		return type == TYPE_OPT || type > 255;
	switch (type) {
	case ZS_DNS_NS:
	case ZS_DNS_CNAME:
	case ZS_DNS_DNAME:
		return skip_name(m, at) == end;
	case ZS_DNS_SOA:
		next = skip_name(m, at);
		next = next && next < end ? skip_name(m, next) : 0;
		return next && next + 20 == end;
	case ZS_DNS_A:
		return end - at == 4;
	case ZS_DNS_AAAA:
		return end - at == 16;
	default:
		return true;
	}
}

static size_t skip_record(struct zs_slice m, size_t at)
{
	size_t end;

	at = skip_name(m, at);
	if (!at || m.n - at < 10)
		return 0;
	end = at + 10 + get16(m.p + at + 8);
	if (end > m.n || !rdata_sound(m, get16(m.p + at), at + 10, end))
		return 0;
	return end;
}

static const char *check_frame(struct zs_slice m)
{
	unsigned questions, records;
	size_t at = HEADER;

	if (m.n < HEADER || m.n > ZS_DNS_MAX_MESSAGE)
		return "the length is impossible";
	questions = get16(m.p + 4);
	records = get16(m.p + 6) + get16(m.p + 8) + get16(m.p + 10);
	if (questions > 1 || records > ZS_DNS_MAX_RECORDS)
		return "more records than any honest answer has";
	if (questions) {
		at = skip_name(m, at);
		if (!at || m.n - at < 4)
			return "the question is cut off";
		at += 4;
	}
	for (unsigned i = 0; i < records; i++) {
		at = skip_record(m, at);
		if (!at)
			return "a record is malformed";
	}
	return NULL;
}

/* ---- ldns to plain structs ----------------------------------------------------------- */

static size_t put_octet(char *dst, size_t at, uint8_t c)
{
	char odd[5];
	size_t n = 1;

	if (c > 0x20 && c < 0x7f && c != '.' && c != '\\' && c != '"') {
		odd[0] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	} else {
		snprintf(odd, sizeof(odd), "\\%03u", c);
		n = 4;
	}
	for (size_t i = 0; i < n && at < ZS_MAX_NAME; i++)
		dst[at++] = odd[i];
	return at;
}

/* From the uncompressed wire form that ldns keeps. */
static struct zs_name name_of(const ldns_rdf *rdf)
{
	const uint8_t *p = ldns_rdf_data(rdf);
	size_t n = ldns_rdf_size(rdf), at = 0;
	struct zs_name name = { .len = 0 };

	for (size_t i = 0; i < n && p[i] && i + 1U + p[i] <= n; i += p[i] + 1U) {
		if (at && at < ZS_MAX_NAME)
			name.text[at++] = '.';
		for (size_t k = 1; k <= p[i]; k++)
			at = put_octet(name.text, at, p[i + k]);
	}
	name.len = (uint8_t)at;
	return name;
}

/* Most records of a reply have the owner of the one before. */
static const struct zs_name *keep_name(struct zs_dns_reply *reply, const ldns_rdf *rdf, const struct zs_name *last)
{
	struct zs_name name, *copy;

	if (!rdf || ldns_rdf_get_type(rdf) != LDNS_RDF_TYPE_DNAME)
		return NULL;
	name = name_of(rdf);
	if (last && zs_name_eq(last, &name))
		return last;
	copy = zs_arena_alloc(&reply->arena, sizeof(*copy));
	if (copy)
		*copy = name;
	return copy;
}

typedef bool record_reader(const ldns_rr *rr, struct zs_dns_reply *reply, struct zs_dns_record *record);

static bool read_address(const ldns_rr *rr, struct zs_dns_reply *reply, struct zs_dns_record *record)
{
	const ldns_rdf *rdf = ldns_rr_rdf(rr, 0);
	size_t n = record->type == ZS_DNS_A ? 4 : 16;

	(void)reply;
	if (!rdf || ldns_rdf_size(rdf) != n)
		return false;
	memcpy(record->address, ldns_rdf_data(rdf), n);
	return true;
}

static bool read_target(const ldns_rr *rr, struct zs_dns_reply *reply, struct zs_dns_record *record)
{
	record->target = keep_name(reply, ldns_rr_rdf(rr, 0), NULL);
	return record->target;
}

static bool read_soa(const ldns_rr *rr, struct zs_dns_reply *reply, struct zs_dns_record *record)
{
	const ldns_rdf *serial = ldns_rr_rdf(rr, 2), *minimum = ldns_rr_rdf(rr, 6);

	if (!serial || !minimum || ldns_rdf_size(serial) != 4 || ldns_rdf_size(minimum) != 4)
		return false;
	record->serial = ldns_rdf2native_int32(serial);
	record->minimum = ldns_rdf2native_int32(minimum);
	return read_target(rr, reply, record);
}

static bool read_txt(const ldns_rr *rr, struct zs_dns_reply *reply, struct zs_dns_record *record)
{
	size_t count = ldns_rr_rd_count(rr), total = 0;
	char *text;

	for (size_t i = 0; i < count; i++)
		total += ldns_rdf_size(ldns_rr_rdf(rr, i));
	text = zs_arena_alloc(&reply->arena, total + 1);
	if (!text)
		return false;
	record->text.p = (const uint8_t *)text;
	for (size_t i = 0; i < count; i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);
		size_t n = ldns_rdf_size(rdf);

		/* Each string begins with its length. */
		if (n < 2)
			continue;
		memcpy(text + record->text.n, ldns_rdf_data(rdf) + 1, n - 1);
		record->text.n += n - 1;
	}
	return true;
}

static const struct reader {
	uint16_t type;
	record_reader *read;
} readers[] = {
	{ ZS_DNS_A, read_address },
	{ ZS_DNS_NS, read_target },
	{ ZS_DNS_CNAME, read_target },
	{ ZS_DNS_SOA, read_soa },
	{ ZS_DNS_TXT, read_txt },
	{ ZS_DNS_AAAA, read_address },
	{ ZS_DNS_DNAME, read_target },
};

static record_reader *reader_of(const ldns_rr *rr)
{
	if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
		return NULL;
	for (size_t i = 0; i < ZS_COUNT(readers); i++)
		if (readers[i].type == (uint16_t)ldns_rr_get_type(rr))
			return readers[i].read;
	return NULL;
}

static bool add_record(const ldns_rr *rr, enum zs_dns_section section, struct zs_dns_reply *reply)
{
	record_reader *read = reader_of(rr);
	const struct zs_name *last = NULL;
	struct zs_dns_record record = { .section = (uint8_t)section };
	struct zs_dns_record *slot;

	if (!read)
		return true;
	if (reply->records.n)
		last = reply->records.items[reply->records.n - 1].owner;
	record.type = (uint16_t)ldns_rr_get_type(rr);
	record.ttl = ldns_rr_ttl(rr);
	if (record.ttl > INT32_MAX)
		record.ttl = 0;	/* RFC 2181 8 */
	record.owner = keep_name(reply, ldns_rr_owner(rr), last);
	if (!record.owner || !read(rr, reply, &record))
		return false;
	slot = zs_vec_push(&reply->records, ZS_DNS_MAX_RECORDS);
	if (slot)
		*slot = record;
	return slot;
}

static bool add_section(const ldns_rr_list *list, enum zs_dns_section section, struct zs_dns_reply *reply)
{
	size_t n = list ? ldns_rr_list_rr_count(list) : 0;

	for (size_t i = 0; i < n; i++)
		if (!add_record(ldns_rr_list_rr(list, i), section, reply))
			return false;
	return true;
}

static void read_header(struct zs_slice wire, const ldns_pkt *pkt, struct zs_dns_reply *reply)
{
	reply->id = (uint16_t)get16(wire.p);
	reply->authoritative = wire.p[2] & FLAG_AA;
	reply->truncated = wire.p[2] & FLAG_TC;
	reply->recursion = wire.p[3] & FLAG_RA;
	reply->edns = ldns_pkt_edns(pkt);
	reply->rcode = (uint16_t)((wire.p[3] & 0x0f) | (reply->edns ? ldns_pkt_edns_extended_rcode(pkt) << 4 : 0));
}

int zs_dns_parse(struct zs_slice wire, struct zs_dns_reply *ret, struct zs_err *err)
{
	const char *why = check_frame(wire);
	struct zs_dns_reply reply = { .id = 0 };
	ldns_pkt *pkt = NULL;
	ldns_status status;
	bool good;

	if (why)
		ZS_FAIL(err, ZS_E_DNS, "malformed DNS message: %s", why);
	status = ldns_wire2pkt(&pkt, wire.p, wire.n);
	if (status == LDNS_STATUS_MEM_ERR)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory");
	if (status != LDNS_STATUS_OK)
		ZS_FAIL(err, ZS_E_DNS, "malformed DNS message: %s", ldns_get_errorstr_by_id(status));
	zs_arena_init(&reply.arena, ARENA);
	read_header(wire, pkt, &reply);
	good = add_section(ldns_pkt_answer(pkt), ZS_DNS_ANSWER, &reply) &&
	       add_section(ldns_pkt_authority(pkt), ZS_DNS_AUTHORITY, &reply) &&
	       add_section(ldns_pkt_additional(pkt), ZS_DNS_ADDITIONAL, &reply);
	ldns_pkt_free(pkt);
	if (!good) {
		zs_dns_reply_done(&reply);
		ZS_FAIL(err, ZS_E_DNS, "DNS message with a record that cannot be read");
	}
	*ret = reply;
	return 0;
}

void zs_dns_reply_done(struct zs_dns_reply *reply)
{
	if (!reply)
		return;
	zs_vec_done(&reply->records);
	zs_arena_done(&reply->arena);
}

/* ---- words --------------------------------------------------------------------------- */

const char *zs_dns_rcode_name(unsigned rcode)
{
	static const char *const names[] = {
		[ZS_DNS_NOERROR] = "NOERROR", [ZS_DNS_FORMERR] = "FORMERR",
		[ZS_DNS_SERVFAIL] = "SERVFAIL", [ZS_DNS_NXDOMAIN] = "NXDOMAIN",
		[ZS_DNS_NOTIMP] = "NOTIMP", [ZS_DNS_REFUSED] = "REFUSED",
		[ZS_DNS_YXDOMAIN] = "YXDOMAIN", [7] = "YXRRSET", [8] = "NXRRSET",
		[ZS_DNS_NOTAUTH] = "NOTAUTH", [10] = "NOTZONE",
		[ZS_DNS_BADVERS] = "BADVERS",
	};
	static char other[16];

	if (rcode < ZS_COUNT(names) && names[rcode])
		return names[rcode];
	snprintf(other, sizeof(other), "RCODE %u", rcode & 0xfff);
	return other;
}
