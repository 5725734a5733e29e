/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal requests: messages to entries and back.  The journal itself is
 * journal.c.  Runs in the vault.
 */
#include "vault/vault.h"

#include <stdlib.h>
#include <string.h>

#include "base/b64url.h"

enum { MAX_IDS = 4096 };

/* ---- replies ---------------------------------------------------------------------------- */

/* The open entries behind after with the smallest ids. 384 of the longest take 790 KiB. */
enum { PAGE = 384 };

struct page {
	uint64_t after;
	struct zs_journal_entry *entries;	/* room for PAGE, in the order of their ids */
	size_t n;
	bool more;
};

static int page_init(struct page *page, uint64_t after, struct zs_err *err)
{
	*page = (struct page){ .after = after, .entries = calloc(PAGE, sizeof(*page->entries)) };
	if (page->entries == NULL)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory for journal entries");
	return 0;
}

/* Journals come in any order, their entries nearly always in that of the ids. */
static bool collect(const struct zs_journal_entry *entry, void *user)
{
	struct page *page = user;
	size_t at = page->n;

	if (entry->id <= page->after)
		return true;
	while (at > 0 && page->entries[at - 1].id > entry->id)
		at--;
	page->more = page->more || page->n == PAGE;
	if (at == PAGE)
		return true;
	if (page->n == PAGE)
		page->n--;
	memmove(&page->entries[at + 1], &page->entries[at], (page->n - at) * sizeof(*page->entries));
	page->entries[at] = *entry;
	page->n++;
	return true;
}

static void fill(const struct zs_journal_entry *from, struct zs_msg_entry *to)
{
	*to = (struct zs_msg_entry){
		.id = from->id, .job = from->job, .zone = from->zone, .name = from->name, .added = from->added, .live = from->live,
		.certificate = zs_slice_str(from->certificate), .instance = zs_slice_str(from->instance),
		.provider = zs_slice_str(from->provider), .value = zs_slice_of(from->value, from->value_len),
		.identifier = from->identifier, .token = zs_slice_str(from->token),
		.key_authorization = zs_slice_str(from->key_authorization),
		.ticket = zs_slice_of(from->ticket, from->ticket_len),
	};
}

static int reply_page(struct zs_request *request, const struct page *page, struct zs_err *err)
{
	struct zs_msg_entry *items = zs_arena_alloc(&request->arena, (page->n + 1) * sizeof(*items));
	struct zs_msg_vault_entries reply = { .entries = { .items = items, .n = (uint32_t)page->n }, .more = page->more };

	if (items == NULL)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory for a reply");
	for (size_t i = 0; i < page->n; i++)
		fill(&page->entries[i], &items[i]);
	return zs_request_reply(request, ZS_MSG_VAULT_ENTRIES, &reply, err);
}

/* ---- front -------------------------------------------------------------------------------- */

static int serve_page(struct zs_request *request, bool adopted, uint64_t after, struct zs_err *err)
{
	struct page page;
	int rc = page_init(&page, after, err);

	if (rc != 0)
		return rc;
	if (adopted)
		zs_journals_adopted(&request->vault->journals, collect, &page);
	else
		rc = zs_journals_all(&request->vault->journals, collect, &page, err);
	if (rc == 0)
		rc = reply_page(request, &page, err);
	free(page.entries);
	return rc;
}

int zs_serve_open(struct zs_request *request, struct zs_err *err)
{
	const struct zs_msg_vault_open *open = request->body;
	int rc = open->adopt ? zs_journals_adopt(&request->vault->journals, err) : 0;

	return rc != 0 ? rc : serve_page(request, true, 0, err);
}

int zs_serve_journal(struct zs_request *request, struct zs_err *err)
{
	const struct zs_msg_vault_journal *journal = request->body;

	return serve_page(request, journal->adopted, journal->after, err);
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

/* Empty, or what the job's own certificate could ask for. */
static int check_context(const struct zs_msg_entry *from, struct zs_err *err)
{
	bool none = from->token.n == 0 && from->key_authorization.n == 0;

	if (from->identifier.wildcard || (from->identifier.len == 0 && !none))
		ZS_FAIL(err, ZS_E_BUG, "a journal entry is for no name, or for a wildcard");
	if (!none && !zs_b64url_key_authorization_ok(from->token, from->key_authorization))
		ZS_FAIL(err, ZS_E_BUG, "token and key authorization of a journal entry do not belong together");
	return 0;
}

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
	return check_context(from, err);
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
	if (from->identifier.len > 0 && !zs_name_parse(zs_slice_str(from->identifier.text), ZS_NAME_OWNER, &to->identifier, NULL))
		ZS_FAIL(err, ZS_E_BUG, "what a journal entry is for cannot be written");
	(void)zs_slice_copy(from->token, to->token, sizeof(to->token));
	(void)zs_slice_copy(from->key_authorization, to->key_authorization, sizeof(to->key_authorization));
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
