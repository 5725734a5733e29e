/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of DNS records: what a run is about to publish is on the disk
 * before the provider is asked.  Each run appends to a file of its own that it
 * keeps locked; a file whose lock is free belongs to a dead run and can be
 * adopted.
 *
 * One record is one line of printable text ending in a checksum:
 *
 *   H <format> <run>                                  first line
 *   A <id> <certificate> <instance> <provider> <zone> <name> <value> <ticket> <added>
 *   C <id> <identifier> <token> <key authorization>   what A is for; older versions wrote none
 *   T <id> <ticket>                                   ticket of a published record
 *   D <id>                                            gone from DNS
 *   Q <octets>                                        damage up to here was copied away
 *
 * value and ticket in base64url, "-" when empty; token and key authorization as they
 * are, "-" when empty; ids are run << 32 | counter.
 */
#ifndef ZS_VAULT_JOURNAL_H
#define ZS_VAULT_JOURNAL_H

#include "base/name.h"
#include "vault/state.h"

struct zs_journal_entry {
	uint64_t id;
	uint32_t job;			/* of this run; 0 = adopted */
	char certificate[ZS_MAX_ID + 1], instance[ZS_MAX_ID + 1], provider[ZS_MAX_ID + 1];
	struct zs_name zone, name;
	uint8_t value[ZS_MAX_TXT], ticket[ZS_MAX_TICKET];
	size_t value_len, ticket_len;
	struct zs_name identifier;	/* empty = not known, like the next two */
	char token[ZS_MAX_TOKEN + 1], key_authorization[ZS_MAX_KEY_AUTHORIZATION + 1];
	int64_t added;
	bool live;			/* its run is alive */
};

struct zs_journal;

struct zs_journals {
	const struct zs_state *state;
	int dir;			/* journal/, -1 until it is needed */
	struct zs_journal *own;		/* NULL until the first entry */
	ZS_VEC(struct zs_journal *) adopted;
};

void zs_journals_init(struct zs_journals *journals, const struct zs_state *state);
/* Ends the run: its file goes when nothing is open. */
void zs_journals_done(struct zs_journals *journals);

/* Takes over every journal whose owner is dead. */
int zs_journals_adopt(struct zs_journals *journals, struct zs_err *err);

/* Writes and syncs n entries, all or none; fills in id and added. */
int zs_journal_add(struct zs_journals *journals, struct zs_journal_entry *entries, size_t n, struct zs_err *err);
/* An unknown id is an error; one that is done already is not. */
int zs_journal_ticket(struct zs_journals *journals, uint64_t id, struct zs_slice ticket, struct zs_err *err);
int zs_journal_finish(struct zs_journals *journals, uint64_t id, struct zs_err *err);
bool zs_journal_is_adopted(const struct zs_journals *journals, uint64_t id);

/* Calls back for every open entry: of the adopted files only, or of every journal of
 * the state directory, also those of runs that are alive. Stops at false. */
typedef bool zs_journal_each(const struct zs_journal_entry *entry, void *user);
void zs_journals_adopted(const struct zs_journals *journals, zs_journal_each *each, void *user);
int zs_journals_all(struct zs_journals *journals, zs_journal_each *each, void *user, struct zs_err *err);

#endif
