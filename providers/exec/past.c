/* SPDX-License-Identifier: Apache-2.0 */
/*
 * past.h.  A list: an issuance has a handful of values.
 */
#include "past.h"

#include <stdlib.h>

enum { MAX_ITEMS = 1024,
	MAX_OUTPUT = 64 * 1024 };

struct past_item {
	struct past_item *next;
	uint32_t op;
	struct zsp_text name, value, output;
};

static struct past_item *find(const struct past *past, const struct zsp_change *change)
{
	struct past_item *item = past->first;

	while (item && !(zsp_str_equal(zsp_text_str(&item->name), change->name) && zsp_str_equal(zsp_text_str(&item->value), change->value)))
		item = item->next;
	return item;
}

uint32_t past_op(const struct past *past, const struct zsp_change *change)
{
	const struct past_item *item = find(past, change);

	return item ? item->op : 0;
}

struct zsp_str past_output(const struct past *past, const struct zsp_change *change)
{
	const struct past_item *item = find(past, change);

	return item ? zsp_text_str(&item->output) : (struct zsp_str){ "", 0 };
}

static void item_free(struct past_item *item)
{
	zsp_text_done(&item->name);
	zsp_text_done(&item->value);
	zsp_text_done(&item->output);
	free(item);
}

static struct past_item *add(struct past *past, const struct zsp_change *change)
{
	struct past_item *item = past->n < MAX_ITEMS ? malloc(sizeof(*item)) : NULL;

	if (!item)
		return NULL;
	*item = (struct past_item){
		.name = ZSP_TEXT(255),
		.value = ZSP_TEXT(255),
		.output = ZSP_TEXT_SECRET(MAX_OUTPUT),
	};
	zsp_text_add_str(&item->name, change->name);
	zsp_text_add_str(&item->value, change->value);
	if (item->name.failed || item->value.failed) {
		item_free(item);
		return NULL;
	}
	item->next = past->first;
	past->first = item;
	past->n++;
	return item;
}

void past_note(struct past *past, const struct zsp_change *change, struct zsp_str output)
{
	struct past_item *item = find(past, change);

	if (!item)
		item = add(past, change);
	if (!item)
		return;
	item->op = change->op;
	zsp_text_clear(&item->output);
	if (change->op == ZSP_ADD)
		zsp_text_add_str(&item->output, output);
}

void past_done(struct past *past)
{
	while (past->first) {
		struct past_item *item = past->first;

		past->first = item->next;
		item_free(item);
	}
	past->n = 0;
}
