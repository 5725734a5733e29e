/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal requests: messages to entries and back.  The journal itself is
 * journal.c.  Runs in the vault.
 */
#include "vault/vault.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_IDS = 4096 };

/* ---- replies ---------------------------------------------------------------------------- */

struct collector {
	struct zs_arena *arena;
	ZS_VEC(struct zs_msg_entry) items;
	bool failed;
};

static struct zs_slice keep(struct collector *to, const void *data, size_t n)
{
	char *copy = zs_arena_str(to->arena, n > 0 ? data : "", n);

	if (copy == NULL)
		to->failed = true;
	return copy != NULL ? zs_slice_of(copy, n) : ZS_SLICE_NONE;
}

static bool collect(const struct zs_journal_entry *entry, void *user)
{
	struct collector *to = user;
	struct zs_msg_entry *slot = zs_vec_push(&to->items, MAX_IDS);

	if (slot == NULL) {
		to->failed = true;
		return false;
	}
	*slot = (struct zs_msg_entry){ .id = entry->id, .job = entry->job, .zone = entry->zone, .name = entry->name,
				       .added = entry->added, .live = entry->live };
	slot->certificate = keep(to, entry->certificate, strlen(entry->certificate));
	slot->instance = keep(to, entry->instance, strlen(entry->instance));
	slot->provider = keep(to, entry->provider, strlen(entry->provider));
	slot->value = keep(to, entry->value, entry->value_len);
	slot->ticket = keep(to, entry->ticket, entry->ticket_len);
	return !to->failed;
}

static int reply_entries(struct zs_request *request, struct collector *from, struct zs_err *err)
{
	struct zs_msg_vault_entries reply = { .entries = { .items = from->items.items, .n = (uint32_t)from->items.n } };

	if (from->failed)
		ZS_FAIL(err, ZS_E_STORAGE, "the journals have more than %d open entries", MAX_IDS);
	return zs_request_reply(request, ZS_MSG_VAULT_ENTRIES, &reply, err);
}

/* ---- front -------------------------------------------------------------------------------- */

int zs_serve_open(struct zs_request *request, struct zs_err *err)
{
	const struct zs_msg_vault_open *open = request->body;
	struct collector found = { .arena = &request->arena };
	int rc = open->adopt ? zs_journals_adopt(&request->vault->journals, err) : 0;

	if (rc == 0)
		zs_journals_adopted(&request->vault->journals, collect, &found);
	if (rc == 0)
		rc = reply_entries(request, &found, err);
	zs_vec_done(&found.items);
	return rc;
}

int zs_serve_journal(struct zs_request *request, struct zs_err *err)
{
	struct collector found = { .arena = &request->arena };
	int rc = zs_journals_all(&request->vault->journals, collect, &found, err);

	if (rc == 0)
		rc = reply_entries(request, &found, err);
	zs_vec_done(&found.items);
	return rc;
}

int zs_serve_forget(struct zs_request *request, struct zs_err *err)
{
	const struct zs_msg_vault_forget *forget = request->body;
	struct zs_journals *journals = &request->vault->journals;
	int rc;

	if (!zs_journal_is_adopted(journals, forget->id))
		ZS_FAIL(err, ZS_E_USAGE, "there is no such entry of a run that is dead");
	rc = zs_journal_finish(journals, forget->id, err);
	return rc != 0 ? rc : zs_request_ok(request, err);
}

/* ---- engine -------------------------------------------------------------------------------- */

static int check_entry(const struct zs_msg_entry *from, const struct zs_job *job, struct zs_err *err)
{
	if (job->dry_run)
		ZS_FAIL(err, ZS_E_BUG, "a dry run publishes nothing");
	if (from->certificate.n > 0 && !zs_slice_eq_str(from->certificate, job->certificate))
		ZS_FAIL(err, ZS_E_BUG, "a journal entry names a certificate that is not its job's");
	if (!zs_id_ok(from->instance) || !zs_id_ok(from->provider))
		ZS_FAIL(err, ZS_E_BUG, "a journal entry needs a provider and its instance");
	if (from->value.n == 0 || from->value.n > ZS_MAX_TXT || from->ticket.n > ZS_MAX_TICKET)
		ZS_FAIL(err, ZS_E_BUG, "value or ticket of a journal entry is too long");
	if (from->name.len == 0)
		ZS_FAIL(err, ZS_E_BUG, "a journal entry needs a name");
	return 0;
}

/* The name goes through text again, as it will when the entry is read back. */
static bool copy_name(const struct zs_name *from, struct zs_name *to)
{
	return zs_name_parse(zs_slice_str(from->len > 0 ? from->text : "."), ZS_NAME_ANY, to, NULL);
}

static int fill_entry(const struct zs_msg_entry *from, const struct zs_jobs *jobs, struct zs_journal_entry *to,
		      struct zs_err *err)
{
	const struct zs_job *job = zs_job_find(jobs, from->job, err);
	int rc = job != NULL ? check_entry(from, job, err) : -ZS_E_BUG;

	if (rc != 0)
		return rc;
	to->job = from->job;
	(void)zs_slice_copy(zs_slice_str(job->certificate), to->certificate, sizeof(to->certificate));
	(void)zs_slice_copy(from->instance, to->instance, sizeof(to->instance));
	(void)zs_slice_copy(from->provider, to->provider, sizeof(to->provider));
	if (!copy_name(&from->zone, &to->zone) || !copy_name(&from->name, &to->name))
		ZS_FAIL(err, ZS_E_BUG, "zone or name of a journal entry cannot be written");
	memcpy(to->value, from->value.p, from->value.n);
	to->value_len = from->value.n;
	if (from->ticket.n > 0)
		memcpy(to->ticket, from->ticket.p, from->ticket.n);
	to->ticket_len = from->ticket.n;
	return 0;
}

static int reply_ids(struct zs_request *request, const struct zs_journal_entry *entries, uint32_t n, struct zs_err *err)
{
	uint64_t *ids = zs_arena_alloc(&request->arena, n * sizeof(*ids));
	struct zs_msg_journal_ids reply = { .ids = { .items = ids, .n = n } };

	if (ids == NULL)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory for a reply");
	for (uint32_t i = 0; i < n; i++)
		ids[i] = entries[i].id;
	return zs_request_reply(request, ZS_MSG_JOURNAL_IDS, &reply, err);
}

int zs_serve_journal_add(struct zs_request *request, struct zs_err *err)
{
	const struct zs_msg_journal_add *add = request->body;
	struct zs_vault *vault = request->vault;
	uint32_t n = add->entries.n;
	struct zs_journal_entry *entries;
	int rc = 0;

	if (n == 0 || n > MAX_IDS)
		ZS_FAIL(err, ZS_E_BUG, "1 to %d journal entries are taken at once", MAX_IDS);
	entries = calloc(n, sizeof(*entries));
	if (entries == NULL)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory for journal entries");
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = fill_entry(&add->entries.items[i], &vault->jobs, &entries[i], err);
	if (rc == 0)
		rc = zs_journal_add(&vault->journals, entries, n, err);
	if (rc == 0)
		rc = reply_ids(request, entries, n, err);
	free(entries);
	return rc;
}

int zs_serve_journal_ticket(struct zs_request *request, struct zs_err *err)
{
	const struct zs_msg_journal_ticket *ticket = request->body;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < ticket->ids.n; i++)
		rc = zs_journal_ticket(&request->vault->journals, ticket->ids.items[i], ticket->ticket, err);
	return rc != 0 ? rc : zs_request_ok(request, err);
}

int zs_serve_journal_done(struct zs_request *request, struct zs_err *err)
{
	const struct zs_msg_journal_done *done = request->body;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < done->ids.n; i++)
		rc = zs_journal_finish(&request->vault->journals, done->ids.items[i], err);
	return rc != 0 ? rc : zs_request_ok(request, err);
}
