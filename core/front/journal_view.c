/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/journal_view.h.
 */
#include "front/journal_view.h"

enum { ENTRIES_MAX = 65536 };

struct page {
	struct zs_journal_view *view;
	uint64_t last;
	bool more;
};

static void take(const void *body, void *user)
{
	const struct zs_msg_vault_entries *message = body;
	struct page *page = user;
	struct zs_journal_view *view = page->view;

	page->more = message->more && message->entries.n;
	if (page->more)
		page->last = message->entries.items[message->entries.n - 1].id;

	for (uint32_t i = 0; i < message->entries.n; i++) {
		const struct zs_msg_entry *entry = &message->entries.items[i];
		struct zs_run_left *left = zs_vec_push(&view->entries, ENTRIES_MAX);
		if (!left) {
			page->more = false;
			return;
		}
		left->id = entry->id;
		left->zone = entry->zone;
		left->name = entry->name;
		left->added = entry->added;
		left->live = entry->live;
		zs_slice_copy(entry->certificate, left->certificate, sizeof(left->certificate));
		zs_slice_copy(entry->instance, left->instance, sizeof(left->instance));
		zs_slice_copy(entry->provider, left->provider, sizeof(left->provider));
		zs_slice_copy(entry->value, left->value, sizeof(left->value));
	}
}

int zs_journal_view_load(struct zs_journal_view *view, struct zs_ask *ask, struct zs_process *vault, struct zs_err *err)
{
	struct page page = { .view = view };
	struct zs_msg_vault_journal msg = { .adopted = false };
	int rc;

	*view = (struct zs_journal_view){ .entries = { 0 } };
	do {
		msg.after = page.last;
		rc = zs_ask(ask, vault, ZS_MSG_VAULT_JOURNAL, &msg, take, &page, err);
	} while (!rc && page.more);
	return rc;
}

void zs_journal_view_done(struct zs_journal_view *view)
{
	zs_vec_done(&view->entries);
}

size_t zs_journal_view_dead(const struct zs_journal_view *view)
{
	size_t n = 0;

	for (size_t i = 0; i < view->entries.n; i++)
		n += !view->entries.items[i].live;
	return n;
}
