/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TSIG on OpenSSL's HMAC.  Truncated MACs are not used and not accepted.
 */
#include "tsig.h"

#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

static const struct tsig_algorithm algorithms[] = {
	{ "hmac-sha256", "hmac-sha256", "SHA256", 32 },
	{ "hmac-sha512", "hmac-sha512", "SHA512", 64 },
	{ "hmac-sha384", "hmac-sha384", "SHA384", 48 },
	{ "hmac-sha224", "hmac-sha224", "SHA224", 28 },
	{ "hmac-sha1", "hmac-sha1", "SHA1", 20 },
	{ "hmac-md5", "hmac-md5.sig-alg.reg.int", "MD5", 16 },
};

/* Everything in a TSIG record but its owner. */
struct fields {
	struct wire_name algorithm;
	uint64_t time;
	uint16_t fudge, original_id, error, other_len;
	const uint8_t *mac, *other;
	uint16_t mac_len;
};

static bool is_word(const char *text, size_t n, const char *word)
{
	return n == strlen(word) && !strncasecmp(text, word, n);
}

const struct tsig_algorithm *tsig_algorithm(const char *name, size_t n)
{
	if (n && name[n - 1] == '.')
		n--;
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (is_word(name, n, algorithms[i].name) ||
		    is_word(name, n, algorithms[i].wire_name))
			return &algorithms[i];
	return NULL;
}

/* The variables that the MAC covers besides the message (RFC 8945 4.3.3). */
static void put_variables(struct wire *w, const struct wire_name *key, const struct fields *f)
{
	wire_put_name(w, key);
	wire_put16(w, WIRE_ANY);
	wire_put32(w, 0);
	wire_put_name(w, &f->algorithm);
	wire_put48(w, f->time);
	wire_put16(w, f->fudge);
	wire_put16(w, f->error);
	wire_put16(w, f->other_len);
	wire_put(w, f->other, f->other_len);
}

/*
 * MAC over [request MAC] message variables.  message is without its TSIG record;
 * id and arcount are what its header is taken to say.
 */
static bool compute(const struct tsig_key *key, const struct tsig_mac *request,
		    const uint8_t *message, size_t n, uint16_t arcount, const struct fields *f,
		    struct tsig_mac *ret)
{
	size_t max = n + 2 + TSIG_MAC + 2 * WIRE_NAME + 32 + f->other_len;
	struct wire w = { OPENSSL_malloc(max), 0, max, false };
	size_t start, len = 0;
	bool good = false;

	if (!w.p)
		return false;
	if (request) {
		wire_put16(&w, (uint16_t)request->n);
		wire_put(&w, request->p, request->n);
	}
	start = w.n;
	wire_put(&w, message, n);
	wire_poke16(w.p + start, f->original_id);
	wire_poke16(w.p + start + WIRE_ARCOUNT, arcount);
	put_variables(&w, &key->name, f);
	if (!w.failed)
		good = EVP_Q_mac(NULL, "HMAC", NULL, key->algorithm->digest, NULL, key->secret,
				 key->secret_len, w.p, w.n, ret->p, sizeof(ret->p), &len) != NULL;
	ret->n = len;
	OPENSSL_free(w.p);
	return good && len == key->algorithm->mac;
}

static void put_tsig(struct wire *w, const struct tsig_key *key, const struct fields *f)
{
	uint8_t rdata[WIRE_NAME + TSIG_MAC + 16];
	struct wire r = { rdata, 0, sizeof(rdata), false };
	struct wire_record record = { .type = WIRE_TSIG, .class = WIRE_ANY };

	wire_put_name(&r, &f->algorithm);
	wire_put48(&r, f->time);
	wire_put16(&r, f->fudge);
	wire_put16(&r, f->mac_len);
	wire_put(&r, f->mac, f->mac_len);
	wire_put16(&r, f->original_id);
	wire_put16(&r, f->error);
	wire_put16(&r, 0);
	if (r.failed)
		w->failed = true;
	wire_put_record(w, &key->name, &record, rdata, r.n, WIRE_ARCOUNT);
}

bool tsig_sign(struct wire *message, const struct tsig_key *key, uint64_t now,
	       struct tsig_mac *ret_mac)
{
	struct fields f = { .time = now, .fudge = TSIG_FUDGE };

	if (message->failed || message->n < WIRE_HEADER ||
	    !wire_name_parse(key->algorithm->wire_name, strlen(key->algorithm->wire_name),
			     &f.algorithm))
		return false;
	f.original_id = wire_peek16(message->p);
	if (!compute(key, NULL, message->p, message->n,
		     wire_peek16(message->p + WIRE_ARCOUNT), &f, ret_mac))
		return false;
	f.mac = ret_mac->p;
	f.mac_len = (uint16_t)ret_mac->n;
	put_tsig(message, key, &f);
	return !message->failed;
}

/* ---- replies ----------------------------------------------------------------- */

/* Finds the last record. False when the message does not end with it exactly. */
static bool last_record(const uint8_t *reply, size_t n, struct wire_header *header,
			struct wire_record *ret, bool *ret_any)
{
	struct wire_reader r = { reply, n, 0, false };
	uint32_t left;

	wire_get_header(&r, header);
	wire_skip_questions(&r, header->count[0]);
	left = (uint32_t)header->count[1] + header->count[2] + header->count[3];
	*ret_any = left > 0;
	for (; left && !r.failed; left--) {
		wire_get_record(&r, ret);
		/* TSIG anywhere but at the very end is an error (RFC 8945 5.2). */
		if (ret->type == WIRE_TSIG && left > 1)
			return false;
	}
	return !r.failed && r.at == n;
}

static const uint8_t *take(struct wire_reader *r, uint16_t n)
{
	const uint8_t *p = r->p + r->at;

	if (r->failed || n > r->n - r->at) {
		r->failed = true;
		return NULL;
	}
	r->at += n;
	return p;
}

static bool read_fields(const uint8_t *reply, const struct wire_record *record, struct fields *f)
{
	struct wire_reader r = { reply, record->rdata + record->length, record->rdata, false };

	wire_get_name(&r, &f->algorithm);
	f->time = wire_get48(&r);
	f->fudge = wire_get16(&r);
	f->mac_len = wire_get16(&r);
	f->mac = take(&r, f->mac_len);
	f->original_id = wire_get16(&r);
	f->error = wire_get16(&r);
	f->other_len = wire_get16(&r);
	f->other = take(&r, f->other_len);
	return !r.failed && r.at == r.n && record->class == WIRE_ANY && !record->ttl;
}

static bool is_near(uint64_t a, uint64_t b, uint16_t fudge)
{
	return (a > b ? a - b : b - a) <= fudge;
}

static uint64_t read_server_time(const struct fields *f)
{
	struct wire_reader r = { f->other, f->other_len, 0, false };

	return f->error == TSIG_BADTIME && f->other_len == 6 ? wire_get48(&r) : 0;
}

static enum tsig_verdict judge(const uint8_t *reply, const struct wire_header *header,
			       const struct wire_record *record, const struct fields *f,
			       const struct tsig_key *key, const struct tsig_mac *request,
			       uint64_t now)
{
	struct wire_name algorithm;
	struct tsig_mac mac;

	if (!wire_name_parse(key->algorithm->wire_name, strlen(key->algorithm->wire_name),
			     &algorithm))
		return TSIG_MALFORMED;
	if (!f->mac_len && f->error)
		return TSIG_SERVER_ERROR;
	if (!wire_name_eq(&record->owner, &key->name) || !wire_name_eq(&f->algorithm, &algorithm))
		return TSIG_OTHER_KEY;
	if (f->mac_len != key->algorithm->mac ||
	    !compute(key, request, reply, record->start, (uint16_t)(header->count[3] - 1), f,
		     &mac) ||
	    CRYPTO_memcmp(mac.p, f->mac, mac.n))
		return TSIG_WRONG_MAC;
	return is_near(f->time, now, f->fudge) ? TSIG_GOOD : TSIG_WRONG_TIME;
}

void tsig_verify(const uint8_t *reply, size_t n, const struct tsig_key *key,
		 const struct tsig_mac *request, uint64_t now, struct tsig_result *ret)
{
	struct wire_header header;
	struct wire_record record;
	struct fields f;
	bool any;

	*ret = (struct tsig_result){ .verdict = TSIG_MALFORMED, .unsigned_len = n };
	if (!last_record(reply, n, &header, &record, &any))
		return;
	if (!any || record.type != WIRE_TSIG) {
		ret->verdict = TSIG_UNSIGNED;
		return;
	}
	/* In the additional section, alone of its type. */
	if (!header.count[3] || !read_fields(reply, &record, &f))
		return;
	ret->error = f.error;
	ret->time = f.time;
	ret->server_time = read_server_time(&f);
	ret->unsigned_len = record.start;
	ret->verdict = judge(reply, &header, &record, &f, key, request, now);
}
