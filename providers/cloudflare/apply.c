/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes.  Values to add are sent without a look before: what is there already is
 * said by the service and is success.  Records to remove are found by their content
 * and removed by their id.  Several changes go out as one batch, all or nothing; where
 * one of them stops it, what is there or gone already is sorted out, then the batch is
 * halved until the others are through.
 */
#include "cloudflare.h"

#include <stdlib.h>
#include <string.h>

enum {
	FEW_NAMES = 3,		/* up to here each name is asked for, beyond the zone's list is tried */
	MAX_REFUSALS = 16	/* more than it takes to get down to one record */
};

struct job {
	struct cf *cf;
	struct zsp_str zone;
	char zone_id[CF_ID + 1];
	struct cf_item *items;
	size_t n;
	int32_t sorted_out;			/* what is there or gone was looked for */
	int32_t accepted, refused;		/* requests */
};

static int32_t is_add(const struct cf_item *item)
{
	return item->change->op == ZSP_ADD;
}

/* ---- which records are there ------------------------------------------------------------ */

struct search {
	struct cf_item *const *items;
	size_t n;
};

static void add_id(struct cf_item *item, const char *id)
{
	for (int32_t i = 0; i < item->nids; i++)
		if (!strcmp(item->ids[i], id))
			return;
	if (item->nids < CF_TWINS)
		memcpy(item->ids[item->nids++], id, CF_ID + 1);
}

static void on_record(void *user, struct zsp_json v)
{
	struct search *search = user;
	struct cf_record record;

	if (!cf_record_read(v, &record) || !zsp_str_is(record.type, "TXT"))
		return;
	for (size_t i = 0; i < search->n; i++) {
		struct cf_item *item = search->items[i];

		if (!zsp_name_equal(zsp_strz(record.name), item->change->name) ||
		    !zsp_txt_is(record.content, item->change->value))
			continue;
		item->seen = 1;
		if (!is_add(item))
			add_id(item, record.id);
	}
}

static int32_t is_first_of_name(const struct search *search, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (zsp_str_equal(search->items[i]->change->name, search->items[at]->change->name))
			return 0;
	return 1;
}

static uint32_t count_names(const struct search *search)
{
	uint32_t n = 0;

	for (size_t i = 0; i < search->n; i++)
		n += (uint32_t)is_first_of_name(search, i);
	return n;
}

static int32_t search_names(struct job *job, struct search *search)
{
	int32_t error_class = ZSP_OK;

	for (size_t i = 0; i < search->n && error_class == ZSP_OK; i++)
		if (is_first_of_name(search, i))
			error_class = cf_records_list(job->cf, job->zone_id, search->items[i]->change->name,
						      NULL, on_record, search);
	return error_class;
}

/*
 * All TXT records of the zone, where that is not more pages than there are names.  A
 * list that changed while it was read may have lost an item between two pages.
 * *ret_complete 0: the names have to be asked for.
 */
static int32_t search_zone(struct job *job, struct search *search, uint32_t names,
			   int32_t *ret_complete)
{
	static const struct zsp_str all = { NULL, 0 };
	struct cf_listing listing = { .max_pages = names };
	int32_t error_class = cf_records_list(job->cf, job->zone_id, all, &listing, on_record, search);

	*ret_complete = error_class == ZSP_OK && listing.pages <= names && listing.steady;
	return error_class;
}

/* Where the list does not have a record that this process made, the list may be behind:
 * only the service's word about that id (81044) tells that it is gone. */
static void add_known(const struct job *job, struct cf_item *const *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *known = cf_record_known(job->cf, items[i]->change);

		if (!is_add(items[i]) && !items[i]->nids && known)
			add_id(items[i], known);
	}
}

static int32_t look(struct job *job, struct cf_item *const *items, size_t n)
{
	struct search search = { items, n };
	uint32_t names = count_names(&search);
	int32_t complete = 0, error_class = ZSP_OK;

	for (size_t i = 0; i < n; i++)
		items[i]->seen = items[i]->nids = 0;
	if (names > FEW_NAMES)
		error_class = search_zone(job, &search, names, &complete);
	if (error_class == ZSP_OK && !complete)
		error_class = search_names(job, &search);
	if (error_class == ZSP_OK)
		add_known(job, items, n);
	return error_class;
}

/* Nothing is left to do. */
static int32_t is_settled(const struct cf_item *item)
{
	return is_add(item) ? item->seen : !item->nids;
}

/* ---- sending -------------------------------------------------------------------------------- */

static void set_done(struct job *job, struct cf_item *item)
{
	item->done = 1;
	if (!is_add(item))
		cf_record_forget(job->cf, item->change);
	zsp_resultf(job->cf->host, item->index, ZSP_OK, NULL);
}

static void set_failed(struct job *job, struct cf_item *item, int32_t error_class)
{
	item->done = 1;
	zsp_resultf(job->cf->host, item->index, error_class, "%s", cf_why(&job->cf->api));
}

static int32_t send_one(struct job *job, const struct cf_item *item)
{
	int32_t error_class = ZSP_OK;

	if (is_add(item))
		return cf_record_add(job->cf, job->zone_id, item->change);
	for (int32_t i = 0; i < item->nids && error_class == ZSP_OK; i++)
		error_class = cf_record_delete(job->cf, job->zone_id, item->change->name, item->ids[i]);
	return error_class;
}

/* Of a batch that was refused: what is there already, or gone already, is done. */
static int32_t sort_out(struct job *job, struct cf_item **items, size_t *n)
{
	int32_t error_class = look(job, items, *n);
	size_t left = 0;

	if (error_class != ZSP_OK)
		return error_class;
	for (size_t i = 0; i < *n; i++) {
		if (is_settled(items[i]))
			set_done(job, items[i]);
		else
			items[left++] = items[i];
	}
	*n = left;
	return ZSP_OK;
}

/* Whether one record may be what the service refuses.  Where it refused everything so
 * far it is the zone or the token. */
static int32_t is_of_records(struct job *job)
{
	job->refused++;
	return job->cf->api.verdict.of_record && (job->accepted || job->refused < MAX_REFUSALS);
}

/* ZSP_OK: each item is done or has a result.  A class: nothing more can be done.  n
 * halves each time. */
static int32_t send_all(struct job *job, struct cf_item **items, size_t n)
{
	int32_t error_class;

	if (!n)
		return ZSP_OK;
	error_class = n == 1 ? send_one(job, items[0]) :
			       cf_records_batch(job->cf, job->zone_id, items, n);
	if (error_class == ZSP_OK) {
		job->accepted++;
		for (size_t i = 0; i < n; i++)
			set_done(job, items[i]);
		return ZSP_OK;
	}
	if (!is_of_records(job))
		return error_class;
	if (n == 1) {
		set_failed(job, items[0], error_class);
		return ZSP_OK;
	}
	if (!job->sorted_out) {
		job->sorted_out = 1;
		error_class = sort_out(job, items, &n);
		return error_class == ZSP_OK ? send_all(job, items, n) : error_class;
	}
	error_class = send_all(job, items, n / 2);
	return error_class == ZSP_OK ? send_all(job, items + n / 2, n - n / 2) : error_class;
}

/* ---- the call ---------------------------------------------------------------------------------- */

/* Items of one kind that are not done, into `to`. */
static size_t pick(const struct job *job, int32_t adds, struct cf_item **to)
{
	size_t n = 0;

	for (size_t i = 0; i < job->n; i++)
		if (!job->items[i].done && is_add(&job->items[i]) == adds)
			to[n++] = &job->items[i];
	return n;
}

static int32_t find_removals(struct job *job)
{
	struct cf_item *items[CF_BATCH];
	size_t n = pick(job, 0, items);
	int32_t error_class = n ? look(job, items, n) : ZSP_OK;

	for (size_t i = 0; i < n && error_class == ZSP_OK; i++)
		if (is_settled(items[i]))
			set_done(job, items[i]);
	return error_class;
}

/* The id of option zone-id may be of another zone, where a whole batch would go astray:
 * so one value at a time, until one came out where it was wanted. */
static int32_t prove_zone_id(struct job *job)
{
	struct cf_item *items[CF_BATCH];
	size_t n = pick(job, 1, items);
	int32_t error_class = ZSP_OK;

	for (size_t i = 0; i < n && error_class == ZSP_OK; i++) {
		if (cf_zone_id_known(job->cf, job->zone))
			break;
		error_class = send_all(job, &items[i], 1);
		if (cf_record_known(job->cf, items[i]->change))
			cf_zone_id_is(job->cf, job->zone);
	}
	return error_class;
}

/* How many of the items make one batch; one to remove may be several records. */
static size_t batch_of(struct cf_item *const *items, size_t n)
{
	size_t end = 0, records = 0;

	for (; end < n; end++) {
		records += is_add(items[end]) ? 1 : (size_t)items[end]->nids;
		if (records > CF_BATCH)
			break;
	}
	return end;
}

static int32_t send_rest(struct job *job)
{
	struct cf_item *items[CF_BATCH];
	size_t n = pick(job, 0, items), at = 0;
	int32_t error_class = ZSP_OK;

	n += pick(job, 1, items + n);
	while (at < n && error_class == ZSP_OK) {
		size_t batch = batch_of(items + at, n - at);

		error_class = send_all(job, items + at, batch);
		at += batch;
	}
	return error_class;
}

static int32_t run(struct job *job)
{
	struct cf_known_zone zone;
	int32_t error_class = cf_zone_find(job->cf, job->zone, &zone);

	if (error_class != ZSP_OK)
		return error_class;
	memcpy(job->zone_id, zone.id, sizeof(job->zone_id));
	error_class = find_removals(job);
	if (error_class == ZSP_OK)
		error_class = prove_zone_id(job);
	return error_class == ZSP_OK ? send_rest(job) : error_class;
}

static int32_t prepare(struct job *job, const struct zsp_list *changes)
{
	if (changes->n > CF_BATCH)
		return cf_because(&job->cf->api, ZSP_BUG, "%u changes in one call, at most %d are allowed",
				  changes->n, CF_BATCH);
	job->items = calloc(changes->n + 1, sizeof(*job->items));
	if (!job->items)
		return cf_because(&job->cf->api, ZSP_BUG, "out of memory");
	job->n = changes->n;
	for (uint32_t i = 0; i < changes->n; i++) {
		job->items[i].change = ZSP_ITEM(struct zsp_change, changes, i);
		job->items[i].index = i;
	}
	return ZSP_OK;
}

int32_t cf_apply(void *instance, const struct zsp_str *zone, const struct zsp_list *changes)
{
	struct cf *cf = instance;
	struct job job = { .cf = cf, .zone = *zone };
	int32_t error_class = prepare(&job, changes);

	if (error_class == ZSP_OK)
		error_class = run(&job);
	/* The zone may have been removed and made anew since its id was looked up. */
	if (error_class == ZSP_NOT_FOUND && cf_zone_forget(cf, *zone))
		error_class = run(&job);
	free(job.items);
	return error_class == ZSP_OK ? ZSP_OK : cf_fail(&cf->api, error_class);
}
