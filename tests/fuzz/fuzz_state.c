/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the vault: journal lines, with their own checksum and with a
 * good one, and meta files.
 */
#include "fuzz.h"

#include "vault/journal_record.h"
#include "vault/meta.h"
#include "wrap/digest.h"

static void write_record(const struct zs_record *record, struct zs_buf *dst)
{
	const struct zs_journal_entry *entry = &record->entry;

	switch (record->kind) {
	case 'H': zs_record_header(dst, (uint32_t)record->number); break;
	case 'A': zs_record_add(dst, entry); break;
	case 'T': zs_record_ticket(dst, entry->id, zs_slice_of(entry->ticket, entry->ticket_len)); break;
	case 'D': zs_record_done(dst, entry->id); break;
	default: zs_record_mark(dst, record->number); break;
	}
}

static void read_record(struct zs_slice line)
{
	struct zs_buf text = ZS_BUF(2 * ZS_MAX_RECORD), again = ZS_BUF(2 * ZS_MAX_RECORD);
	static struct zs_record record, second;

	if (!zs_record_read(line, &record))
		return;
	write_record(&record, &text);
	MUST(!text.failed && text.len > 0 && text.data[text.len - 1] == '\n');
	MUST(zs_record_read(zs_slice_of(text.data, text.len - 1), &second) && second.kind == record.kind);
	write_record(&second, &again);
	MUST(zs_slice_eq(zs_buf_slice(&text), zs_buf_slice(&again)));
	zs_buf_done(&text);
	zs_buf_done(&again);
}

static void read_sealed(struct zs_slice body)
{
	struct zs_buf line = ZS_BUF(2 * ZS_MAX_RECORD);
	uint8_t digest[ZS_SHA256];

	if (body.n > ZS_MAX_RECORD)
		return;
	MUST(zs_digest_sha256(body, digest, NULL) == 0);
	zs_buf_add_slice(&line, body);
	zs_buf_add_byte(&line, ' ');
	for (size_t i = 0; i < 8; i++)
		zs_buf_addf(&line, "%02x", digest[i]);
	read_record(zs_buf_slice(&line));
	zs_buf_done(&line);
}

static void read_meta(struct zs_slice text)
{
	struct zs_buf print = ZS_BUF(2 * ZS_MAX_META);
	struct zs_meta meta, again;
	struct zs_err err = { .code = ZS_OK };

	zs_meta_init(&meta);
	zs_meta_init(&again);
	if (zs_meta_parse(&meta, text, &err) == ZS_FOUND) {
		MUST(zs_meta_print(&meta, &print, &err) == 0);
		MUST(zs_meta_parse(&again, zs_buf_slice(&print), &err) == ZS_FOUND && again.pairs.n == meta.pairs.n);
		(void)zs_meta_number(&meta, "stored", 0);
		zs_meta_remove(&meta, "identifier");
		MUST(!zs_meta_get(&meta, "identifier"));
	} else {
		MUST(err.code != ZS_OK);
	}
	zs_meta_done(&again);
	zs_meta_done(&meta);
	zs_buf_done(&print);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zs_slice rest = zs_slice_of(data, n);

	if (n <= ZS_MAX_META)
		read_meta(rest);
	while (rest.n) {
		struct zs_slice line = zs_slice_cut(&rest, '\n');

		read_record(line);
		read_sealed(line);
	}
	return 0;
}
