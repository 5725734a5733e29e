/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/read.h.  The zone is found as a watch finds it; then its servers are
 * asked one after another until one answers with authority.
 */
#include "probe/read.h"

#include <stdlib.h>
#include "probe/group.h"

struct zs_read {
	struct zs_zones *zones;
	struct zs_name zone_name, name;
	zs_read_fn *fn;
	void *user;
	struct zs_timer *begin, *deadline;
	struct zs_cut *cut;
	struct zs_zone *zone;
	struct zs_zone_wait *wait;
	struct zs_group *group;
};

void zs_read_cancel(struct zs_read *read)
{
	if (!read)
		return;
	zs_loop_timer_cancel(read->zones->loop, read->begin);
	zs_loop_timer_cancel(read->zones->loop, read->deadline);
	zs_cut_cancel(read->cut);
	zs_zone_wait_cancel(read->wait);
	zs_group_cancel(read->group);
	zs_zone_unref(read->zone);
	free(read);
}

static void finish(struct zs_read *read, const struct zs_msg_probe_values *values, const struct zs_err *err)
{
	zs_read_fn *fn = read->fn;
	void *user = read->user;

	fn(values, err, user);
	zs_read_cancel(read);
}

static void finish_memory(struct zs_read *read)
{
	struct zs_err err;

	zs_err_set(&err, ZS_E_NOMEM, "out of memory while reading %s", read->name.text);
	finish(read, NULL, &err);
}

static void on_deadline(void *user)
{
	struct zs_read *read = user;
	struct zs_err err;

	read->deadline = NULL;
	zs_err_set(&err, ZS_E_DNS, "no name server of zone %s answered about %s in time", read->zone_name.text, read->name.text);
	zs_err_where(&err, "zone %s", read->zone_name.text);
	finish(read, NULL, &err);
}

/* ---- the answer ---- */

static bool is_value(const struct zs_read *read, const struct zs_dns_record *record)
{
	return record->type == ZS_DNS_TXT && record->section == ZS_DNS_ANSWER && zs_name_eq(record->owner, &read->name);
}

static void answer_values(struct zs_read *read, const struct zs_dns_reply *reply)
{
	struct zs_slice *values = calloc(reply->records.n + 1, sizeof(*values));
	struct zs_msg_probe_values message = { .values = { values, 0 } };

	if (!values) {
		finish_memory(read);
		return;
	}
	for (size_t i = 0; i < reply->records.n; i++)
		if (is_value(read, &reply->records.items[i]))
			values[message.values.n++] = reply->records.items[i].text;
	finish(read, &message, NULL);
	free(values);
}

static const char *judge(const struct zs_answer *answer, void *user)
{
	const struct zs_dns_reply *reply = answer->reply;

	(void)user;
	if (reply->rcode != ZS_DNS_NOERROR && reply->rcode != ZS_DNS_NXDOMAIN)
		return zs_dns_rcode_name(reply->rcode);
	return reply->authoritative ? NULL : "not authoritative";
}

static void on_group(const struct zs_group_end *end, void *user)
{
	struct zs_read *read = user;
	struct zs_err err;

	read->group = NULL;
	if (end->answer) {
		answer_values(read, end->answer->reply);
		return;
	}
	zs_err_set(&err, ZS_E_DNS, "no name server of zone %s answered about %s: %s", read->zone_name.text, read->name.text, end->why);
	zs_err_where(&err, "zone %s", read->zone_name.text);
	finish(read, NULL, &err);
}

/* ---- the zone ---- */

static void on_usable(struct zs_zone *zone, const struct zs_err *err, void *user)
{
	struct zs_read *read = user;
	struct zs_addr addrs[ZS_ZONE_ADDRS_MAX];
	struct zs_group_spec spec = {
		.name = read->name, .type = ZS_DNS_TXT, .addrs = addrs, .judge = judge, .fn = on_group, .user = read,
	};

	read->wait = NULL;
	if (err) {
		finish(read, NULL, err);
		return;
	}
	spec.naddrs = zs_zone_addrs(zone, addrs);
	read->group = zs_group_ask(read->zones->transport, read->zones->loop, &spec);
	if (!read->group)
		finish_memory(read);
}

static void wait_usable(struct zs_read *read, struct zs_zone *zone)
{
	read->zone = zone;
	read->wait = zs_zone_wait(zone, ZS_ZONE_USABLE, on_usable, read);
	if (!read->wait)
		finish_memory(read);
}

static void on_cut(const struct zs_cut_result *result, const struct zs_err *err, void *user)
{
	struct zs_read *read = user;

	read->cut = NULL;
	if (err)
		finish(read, NULL, err);
	else
		wait_usable(read, zs_zone_ref(result->zone));
}

/* Known already, or given by servers=; NULL when it has to be looked for. */
static struct zs_zone *known_zone(const struct zs_read *read)
{
	struct zs_zone *zone = zs_zones_find(read->zones, &read->zone_name);
	const struct zs_zone_setting *setting = zs_settings_find(read->zones->settings, &read->zone_name);

	if (!zone && setting && setting->servers.n)
		zone = zs_zones_start(read->zones, &read->zone_name);
	if (zone && zs_name_eq(&zone->name, &read->zone_name))
		return zone;
	zs_zone_unref(zone);
	return NULL;
}

static void on_begin(void *user)
{
	struct zs_read *read = user;
	struct zs_zone *zone = known_zone(read);

	read->begin = NULL;
	if (zone) {
		wait_usable(read, zone);
		return;
	}
	read->cut = zs_cut_start(read->zones, &read->zone_name, true, on_cut, read);
	if (!read->cut)
		finish_memory(read);
}

struct zs_read *zs_read_start(struct zs_zones *zones, const struct zs_msg_probe_read *request, uint64_t deadline_ms,
			      zs_read_fn *fn, void *user)
{
	struct zs_read *read = calloc(1, sizeof(*read));
	uint64_t now = zs_loop_clock(zones->loop)->mono_ms(zs_loop_clock(zones->loop));

	if (!read)
		return NULL;
	*read = (struct zs_read){ .zones = zones, .zone_name = request->zone, .name = request->name, .fn = fn, .user = user };
	read->begin = zs_loop_timer(zones->loop, 0, on_begin, read);
	read->deadline = zs_loop_timer(zones->loop, deadline_ms > now ? deadline_ms - now : 0, on_deadline, read);
	if (read->begin && read->deadline)
		return read;
	zs_read_cancel(read);
	return NULL;
}
