/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See sigv4.h.  The steps are those of the specification: canonical request,
 * string to sign, derived key, signature.  Lists are small and sorted by
 * insertion.
 */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "sigv4.h"

enum { DIGEST = 32, MAX_PARAMETERS = 16, MAX_HEADERS = 16, MAX_SECRET = 256, MAX_CANONICAL = 64 * 1024 };

#define ALGORITHM "AWS4-HMAC-SHA256"
#define TERMINATOR "aws4_request"

/* ---- hashes ------------------------------------------------------------------------------- */

static void to_hex(const unsigned char digest[DIGEST], char hex[SIGV4_HEX])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[2 * DIGEST] = 0;
}

int32_t sigv4_hash(struct zsp_str octets, char hex[SIGV4_HEX])
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	if (EVP_Digest(octets.n ? octets.p : "", octets.n, digest, NULL, EVP_sha256(), NULL) != 1)
		return 0;
	to_hex(digest, hex);
	return 1;
}

/* One link of the chain: key becomes HMAC(key, text). */
static int32_t chain(unsigned char key[DIGEST], struct zsp_str text)
{
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	int32_t good = HMAC(EVP_sha256(), key, DIGEST, (const unsigned char *)text.p, text.n, out, &n) && n == DIGEST;

	if (good)
		memcpy(key, out, DIGEST);
	zsp_wipe(out, sizeof(out));
	return good;
}

/* ---- canonical request ---------------------------------------------------------------------- */

struct parameter {
	struct zsp_str name, value;
};

static int order(struct zsp_str a, struct zsp_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

static int comes_before(const struct parameter *a, const struct parameter *b)
{
	int c = order(a->name, b->name);

	return (c ? c : order(a->value, b->value)) < 0;
}

static void insert(struct parameter *list, size_t n, struct parameter new)
{
	while (n && comes_before(&new, &list[n - 1])) {
		list[n] = list[n - 1];
		n--;
	}
	list[n] = new;
}

static int32_t add_query(struct zsp_text *dst, struct zsp_str query)
{
	struct parameter list[MAX_PARAMETERS];
	size_t n = 0;

	while (query.n) {
		struct parameter p;

		if (n == MAX_PARAMETERS)
			return 0;
		p.value = zsp_str_cut(&query, '&');
		p.name = zsp_str_cut(&p.value, '=');
		insert(list, n++, p);
	}
	for (size_t i = 0; i < n; i++) {
		zsp_text_addz(dst, i ? "&" : "");
		zsp_text_add_str(dst, list[i].name);
		zsp_text_addz(dst, "=");
		zsp_text_add_str(dst, list[i].value);
	}
	return 1;
}

/* Outer blanks go, runs of inner ones become one. */
static void add_header_value(struct zsp_text *dst, struct zsp_str value)
{
	value = zsp_str_trim(value);
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] != ' ' || value.p[i - 1] != ' ')
			zsp_text_add(dst, value.p + i, 1);
}

struct sorted_headers {
	struct parameter list[MAX_HEADERS];
	char names[MAX_HEADERS][64];
	size_t n;
};

static int32_t sort_headers(const struct sigv4_request *request, struct sorted_headers *ret)
{
	if (request->nheaders > MAX_HEADERS)
		return 0;
	for (ret->n = 0; ret->n < request->nheaders; ret->n++) {
		const struct zsp_http_header *h = &request->headers[ret->n];
		char *name = ret->names[ret->n];

		if (!zsp_str_lower(h->name, name, sizeof(ret->names[0])))
			return 0;
		insert(ret->list, ret->n, (struct parameter){ zsp_strz(name), h->value });
	}
	return 1;
}

static void add_signed_names(struct zsp_text *dst, const struct sorted_headers *headers)
{
	for (size_t i = 0; i < headers->n; i++) {
		zsp_text_addz(dst, i ? ";" : "");
		zsp_text_add_str(dst, headers->list[i].name);
	}
}

int32_t sigv4_canonical(const struct sigv4_request *request, struct zsp_text *dst)
{
	struct sorted_headers headers;
	char hash[SIGV4_HEX];

	if (!sort_headers(request, &headers) || !sigv4_hash(request->body, hash))
		return 0;
	zsp_text_addf(dst, "%s\n", request->method);
	zsp_text_add_str(dst, request->path.n ? request->path : zsp_strz("/"));
	zsp_text_addz(dst, "\n");
	if (!add_query(dst, request->query))
		return 0;
	zsp_text_addz(dst, "\n");
	for (size_t i = 0; i < headers.n; i++) {
		zsp_text_add_str(dst, headers.list[i].name);
		zsp_text_addz(dst, ":");
		add_header_value(dst, headers.list[i].value);
		zsp_text_addz(dst, "\n");
	}
	zsp_text_addz(dst, "\n");
	add_signed_names(dst, &headers);
	zsp_text_addf(dst, "\n%s", hash);
	return !dst->failed;
}

/* ---- signature --------------------------------------------------------------------------------- */

static int32_t derive_key(const struct sigv4_signer *signer, struct zsp_str date, unsigned char key[DIGEST])
{
	char first[MAX_SECRET] = "AWS4";
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	int32_t good = signer->secret_key.n && signer->secret_key.n <= sizeof(first) - 4;

	if (good) {
		memcpy(first + 4, signer->secret_key.p, signer->secret_key.n);
		good = HMAC(EVP_sha256(), first, (int)signer->secret_key.n + 4, (const unsigned char *)date.p, date.n, out, &n) &&
			n == DIGEST;
	}
	if (good)
		memcpy(key, out, DIGEST);
	zsp_wipe(first, sizeof(first));
	zsp_wipe(out, sizeof(out));
	return good && chain(key, signer->region) && chain(key, signer->service) && chain(key, zsp_strz(TERMINATOR));
}

static int32_t add_string_to_sign(struct zsp_text *dst, const struct sigv4_request *request, const char *time,
	struct zsp_str scope)
{
	struct zsp_text canonical = ZSP_TEXT_SECRET(MAX_CANONICAL);
	char hash[SIGV4_HEX];
	int32_t good = sigv4_canonical(request, &canonical) && sigv4_hash(zsp_text_str(&canonical), hash);

	zsp_text_done(&canonical);
	if (!good)
		return 0;
	zsp_text_addf(dst, ALGORITHM "\n%s\n", time);
	zsp_text_add_str(dst, scope);
	zsp_text_addf(dst, "\n%s", hash);
	return !dst->failed;
}

static void add_scope(struct zsp_text *dst, const struct sigv4_signer *signer, struct zsp_str date)
{
	zsp_text_add_str(dst, date);
	zsp_text_addz(dst, "/");
	zsp_text_add_str(dst, signer->region);
	zsp_text_addz(dst, "/");
	zsp_text_add_str(dst, signer->service);
	zsp_text_addz(dst, "/" TERMINATOR);
}

static void add_authorization(struct zsp_text *dst, const struct sigv4_signer *signer,
	const struct sorted_headers *headers, struct zsp_str scope, const char *signature)
{
	zsp_text_addz(dst, ALGORITHM " Credential=");
	zsp_text_add_str(dst, signer->access_key);
	zsp_text_addz(dst, "/");
	zsp_text_add_str(dst, scope);
	zsp_text_addz(dst, ", SignedHeaders=");
	add_signed_names(dst, headers);
	zsp_text_addf(dst, ", Signature=%s", signature);
}

int32_t sigv4_sign(const struct sigv4_signer *signer, const struct sigv4_request *request, struct zsp_text *dst)
{
	struct zsp_text scope = ZSP_TEXT(256), text = ZSP_TEXT(1024);
	struct sorted_headers headers;
	unsigned char key[DIGEST] = { 0 };
	char time[ZSP_TIME_TEXT], signature[SIGV4_HEX];
	struct zsp_str date = { time, 8 };
	int32_t good;

	zsp_time_basic(signer->wall_ms, time);
	add_scope(&scope, signer, date);
	good = sort_headers(request, &headers) && !scope.failed &&
		add_string_to_sign(&text, request, time, zsp_text_str(&scope)) && derive_key(signer, date, key) &&
		chain(key, zsp_text_str(&text));
	if (good) {
		to_hex(key, signature);
		add_authorization(dst, signer, &headers, zsp_text_str(&scope), signature);
	}
	zsp_wipe(key, sizeof(key));
	zsp_text_done(&text);
	zsp_text_done(&scope);
	return good && !dst->failed;
}
