/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of a journal: written and read.  No files here.
 */
#ifndef ZS_VAULT_JOURNAL_RECORD_H
#define ZS_VAULT_JOURNAL_RECORD_H

#include "vault/journal.h"

enum { ZS_JOURNAL_FORMAT = 1, ZS_MAX_RECORD = 4096 };

void zs_record_header(struct zs_buf *dst, uint32_t run);
void zs_record_add(struct zs_buf *dst, const struct zs_journal_entry *entry);
/* What the entry is for; nothing where that is not known. */
void zs_record_context(struct zs_buf *dst, const struct zs_journal_entry *entry);
void zs_record_ticket(struct zs_buf *dst, uint64_t id, struct zs_slice ticket);
void zs_record_done(struct zs_buf *dst, uint64_t id);
void zs_record_mark(struct zs_buf *dst, uint64_t octets);

struct zs_record {
	char kind;			/* H A C T D Q */
	struct zs_journal_entry entry;	/* A, C: what the line has; T: id and ticket; D: id */
	uint64_t number;		/* H: run; Q: octets */
};
/* line without its LF; false when it is damaged. */
bool zs_record_read(struct zs_slice line, struct zs_record *ret);

#endif
