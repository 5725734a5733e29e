/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encodes and decodes journal lines.  The checksum (the first 8 octets of a
 * SHA-256) tells damage and torn writes, not forgery: whoever can write the
 * state tree has the keys as well.  Runs in the vault.
 */
#include "vault/journal_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/b64url.h"
#include "wrap/digest.h"

enum { SUM = 16, MAX_FIELDS = 12 };

static bool checksum(struct zs_slice body, char dst[static SUM + 1])
{
	uint8_t digest[ZS_SHA256];

	if (zs_digest_sha256(body, digest, NULL) != 0)
		return false;
	for (size_t i = 0; i < SUM / 2; i++)
		(void)snprintf(dst + 2 * i, 3, "%02x", digest[i]);
	return true;
}

/* Closes the record that began at from. */
static void seal(struct zs_buf *dst, size_t from)
{
	char sum[SUM + 1];

	if (dst->failed)
		return;
	if (!checksum(zs_slice_of(dst->data + from, dst->len - from), sum)) {
		dst->failed = true;
		return;
	}
	zs_buf_addf(dst, " %s\n", sum);
}

static void add_bytes(struct zs_buf *dst, struct zs_slice data)
{
	zs_buf_add_byte(dst, ' ');
	if (data.n == 0)
		zs_buf_add_byte(dst, '-');
	else
		zs_b64url_encode(dst, data);
}

/* One character alone is never base64url of anything, so "-" is free for "empty". */
static bool read_bytes(struct zs_slice text, uint8_t *dst, size_t size, size_t *ret_len)
{
	struct zs_buf data = ZS_BUF(size);
	bool ok;

	*ret_len = 0;
	if (zs_slice_eq_str(text, "-"))
		return true;
	ok = zs_b64url_decode(&data, text) && data.len <= size;
	if (ok && data.len > 0) {
		memcpy(dst, data.data, data.len);
		*ret_len = data.len;
	}
	zs_buf_done(&data);
	return ok;
}

static const char *name_text(const struct zs_name *name)
{
	return name->len > 0 ? name->text : ".";
}

void zs_record_header(struct zs_buf *dst, uint32_t run)
{
	size_t from = dst->len;

	zs_buf_addf(dst, "H %d %" PRIu32, ZS_JOURNAL_FORMAT, run);
	seal(dst, from);
}

void zs_record_add(struct zs_buf *dst, const struct zs_journal_entry *entry)
{
	size_t from = dst->len;

	zs_buf_addf(dst, "A %" PRIu64 " %s %s %s %s %s", entry->id, entry->certificate, entry->instance, entry->provider,
		    name_text(&entry->zone), name_text(&entry->name));
	add_bytes(dst, zs_slice_of(entry->value, entry->value_len));
	add_bytes(dst, zs_slice_of(entry->ticket, entry->ticket_len));
	zs_buf_addf(dst, " %" PRId64, entry->added);
	seal(dst, from);
}

static const char *text_or_dash(const char *text)
{
	return *text != '\0' ? text : "-";
}

void zs_record_context(struct zs_buf *dst, const struct zs_journal_entry *entry)
{
	size_t from = dst->len;

	if (entry->identifier.len == 0)
		return;
	zs_buf_addf(dst, "C %" PRIu64 " %s %s %s", entry->id, entry->identifier.text, text_or_dash(entry->token),
		    text_or_dash(entry->key_authorization));
	seal(dst, from);
}

void zs_record_ticket(struct zs_buf *dst, uint64_t id, struct zs_slice ticket)
{
	size_t from = dst->len;

	zs_buf_addf(dst, "T %" PRIu64, id);
	add_bytes(dst, ticket);
	seal(dst, from);
}

void zs_record_done(struct zs_buf *dst, uint64_t id)
{
	size_t from = dst->len;

	zs_buf_addf(dst, "D %" PRIu64, id);
	seal(dst, from);
}

void zs_record_mark(struct zs_buf *dst, uint64_t octets)
{
	size_t from = dst->len;

	zs_buf_addf(dst, "Q %" PRIu64, octets);
	seal(dst, from);
}

/* ---- reading -------------------------------------------------------------------------- */

static bool sum_ok(struct zs_slice line, struct zs_slice *ret_body)
{
	char sum[SUM + 1];

	if (line.n < SUM + 2 || line.n > ZS_MAX_RECORD || line.p[line.n - SUM - 1] != ' ')
		return false;
	*ret_body = zs_slice_of(line.p, line.n - SUM - 1);
	return checksum(*ret_body, sum) && zs_slice_eq_str(zs_slice_of(line.p + line.n - SUM, SUM), sum);
}

static size_t split(struct zs_slice body, struct zs_slice fields[static MAX_FIELDS])
{
	size_t n = 0;

	while (body.n > 0 && n < MAX_FIELDS)
		fields[n++] = zs_slice_cut(&body, ' ');
	return body.n > 0 ? 0 : n;
}

static bool read_id(struct zs_slice text, char dst[static ZS_MAX_ID + 1])
{
	return zs_id_ok(text) && zs_slice_copy(text, dst, ZS_MAX_ID + 1);
}

static bool read_add(const struct zs_slice *f, struct zs_record *ret)
{
	struct zs_journal_entry *entry = &ret->entry;
	uint64_t added;

	if (!zs_slice_u64(f[1], UINT64_MAX, &entry->id) || !read_id(f[2], entry->certificate) ||
	    !read_id(f[3], entry->instance) || !read_id(f[4], entry->provider) ||
	    !zs_name_parse(f[5], ZS_NAME_ANY, &entry->zone, NULL) || !zs_name_parse(f[6], ZS_NAME_ANY, &entry->name, NULL) ||
	    !read_bytes(f[7], entry->value, sizeof(entry->value), &entry->value_len) ||
	    !read_bytes(f[8], entry->ticket, sizeof(entry->ticket), &entry->ticket_len) ||
	    !zs_slice_u64(f[9], INT64_MAX, &added))
		return false;
	entry->added = (int64_t)added;
	return true;
}

/* All of it or nothing: a plugin is not lent one without the other. */
static bool read_context(const struct zs_slice *f, struct zs_record *ret)
{
	struct zs_journal_entry *entry = &ret->entry;
	bool none = zs_slice_eq_str(f[3], "-") && zs_slice_eq_str(f[4], "-");

	if (!zs_slice_u64(f[1], UINT64_MAX, &entry->id) || !zs_name_parse(f[2], ZS_NAME_OWNER, &entry->identifier, NULL))
		return false;
	return none || (zs_b64url_key_authorization_ok(f[3], f[4]) &&
			zs_slice_copy(f[3], entry->token, sizeof(entry->token)) &&
			zs_slice_copy(f[4], entry->key_authorization, sizeof(entry->key_authorization)));
}

static bool read_ticket(const struct zs_slice *f, struct zs_record *ret)
{
	return zs_slice_u64(f[1], UINT64_MAX, &ret->entry.id) &&
	       read_bytes(f[2], ret->entry.ticket, sizeof(ret->entry.ticket), &ret->entry.ticket_len);
}

static bool read_done(const struct zs_slice *f, struct zs_record *ret)
{
	return zs_slice_u64(f[1], UINT64_MAX, &ret->entry.id);
}

static bool read_header(const struct zs_slice *f, struct zs_record *ret)
{
	uint64_t format;

	return zs_slice_u64(f[1], ZS_JOURNAL_FORMAT, &format) && zs_slice_u64(f[2], UINT32_MAX, &ret->number);
}

static bool read_mark(const struct zs_slice *f, struct zs_record *ret)
{
	return zs_slice_u64(f[1], UINT64_MAX, &ret->number);
}

static const struct {
	char kind;
	size_t fields;
	bool (*read)(const struct zs_slice *fields, struct zs_record *ret);
} kinds[] = {
	{ 'H', 3, read_header },
	{ 'A', 10, read_add },
	{ 'C', 5, read_context },
	{ 'T', 3, read_ticket },
	{ 'D', 2, read_done },
	{ 'Q', 2, read_mark },
};

bool zs_record_read(struct zs_slice line, struct zs_record *ret)
{
	struct zs_slice body, fields[MAX_FIELDS];
	size_t n;

	memset(ret, 0, sizeof(*ret));
	if (!sum_ok(line, &body))
		return false;
	n = split(body, fields);
	if (n == 0 || fields[0].n != 1)
		return false;
	for (size_t i = 0; i < ZS_COUNT(kinds); i++) {
		if (kinds[i].kind != (char)fields[0].p[0] || kinds[i].fields != n)
			continue;
		ret->kind = kinds[i].kind;
		return kinds[i].read(fields, ret);
	}
	return false;
}
