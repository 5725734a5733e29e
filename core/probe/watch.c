/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The polling behind the matrix.  Each address has its own pace: the first look
 * at once, then 20 ms growing by half to 250 ms, after 30 s to 5 s, and never
 * more than 40 questions a second; a second look that has to count
 * comes 200 ms after the first, from another port.  Addresses that are done are
 * left in peace.
 */
#include "probe/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"

enum {
	FIRST_PAUSE_MS = 20,
	EARLY_PAUSE_MS = 250,		/* a secondary that is 10 s behind is seen at 10.3 s */
	EARLY_MS = 30 * 1000,
	QUESTION_MS = 25,		/* of one address: so far apart on the average */
	LAST_PAUSE_MS = 5000,
	PROGRESS_MS = 100,
	RETRY_MS = 1000,		/* when the servers of the zone could not be found */
	EXCUSE_LOOKS = 3,		/* lame this often and this long: passed over */
	EXCUSE_MS = 2000,
	MAX_LOOKS = 10
};

/* One name and the values that it must show; values[first .. first + n). */
struct target {
	struct zs_name name;
	size_t first, n;
};

/* One name at one address. */
struct cell {
	struct address *address;
	struct target *target;
	struct zs_query *query;
	enum zs_look look;
	uint32_t have;			/* values at the last look */
	uint32_t seen;			/* looks in a row that showed all */
	uint64_t seen_ms;
};

struct address {
	struct zs_watch *watch;
	struct zs_row *row;
	struct zs_addr addr;
	struct cell *cells;		/* one for each target */
	struct zs_query *serial;	/* a question for the SOA record */
	struct zs_timer *timer;
	size_t running;			/* questions of the present look */
	uint32_t pause_ms;
	uint32_t bad_looks;		/* lame or refused in a row */
	uint64_t bad_since_ms;
	bool fresh_serial;		/* learned in the present look */
};

struct zs_watch {
	struct zs_zones *zones;
	struct zs_watch_fns fns;
	struct zs_name zone_name;
	uint32_t looks;
	uint64_t sleep_ms;
	uint64_t started_ms, deadline_ms, progress_ms;
	struct target *targets;
	size_t ntargets, nvalues;
	struct zs_slice *values;	/* bytes in arena */
	struct zs_arena arena;
	struct zs_matrix matrix;
	struct address *addresses;
	struct cell *cells;
	enum zs_look *looks_of_row;	/* scratch */
	struct zs_zone *zone;
	struct zs_cut *cut;
	struct zs_zone_wait *wait;
	struct zs_timer *deadline, *pause, *progress;
	bool changed;
};

static void look(struct address *a);
static void find_zone(struct zs_watch *w);

static uint64_t now_ms(const struct zs_watch *w)
{
	struct zs_clock *clock = zs_loop_clock(w->zones->loop);

	return clock->mono_ms(clock);
}

static uint32_t elapsed_ms(const struct zs_watch *w)
{
	return (uint32_t)(now_ms(w) - w->started_ms);
}

/* ---- end ------------------------------------------------------------------------ */

static void stop_addresses(struct zs_watch *w)
{
	for (size_t i = 0; w->addresses && i < w->matrix.nrows; i++) {
		struct address *a = &w->addresses[i];

		zs_loop_timer_cancel(w->zones->loop, a->timer);
		zs_transport_cancel(a->serial);
		for (size_t k = 0; k < w->ntargets; k++)
			zs_transport_cancel(a->cells[k].query);
	}
}

void zs_watch_cancel(struct zs_watch *watch)
{
	struct zs_loop *loop;

	if (!watch)
		return;
	loop = watch->zones->loop;
	stop_addresses(watch);
	zs_cut_cancel(watch->cut);
	zs_zone_wait_cancel(watch->wait);
	zs_loop_timer_cancel(loop, watch->deadline);
	zs_loop_timer_cancel(loop, watch->pause);
	zs_loop_timer_cancel(loop, watch->progress);
	zs_zone_unref(watch->zone);
	free(watch->addresses);
	free(watch->cells);
	free(watch->looks_of_row);
	free(watch->matrix.rows);
	free(watch->targets);
	free(watch->values);
	zs_arena_done(&watch->arena);
	free(watch);
}

static void finish(struct zs_watch *w, const struct zs_err *err)
{
	struct zs_watch_fns fns = w->fns;

	if (w->changed && w->matrix.nrows)
		fns.progress(&w->matrix, elapsed_ms(w), fns.user);
	zs_watch_cancel(w);
	fns.end(err, fns.user);
}

static void finish_memory(struct zs_watch *w)
{
	struct zs_err err;

	zs_err_set(&err, ZS_E_NOMEM, "out of memory while watching zone %s", w->zone_name.text);
	finish(w, &err);
}

static void fail_matrix(struct zs_watch *w)
{
	struct zs_err err;

	for (size_t i = 0; i < w->matrix.nrows; i++)
		if (w->matrix.rows[i].state == ZS_SERVER_WAIT)
			w->matrix.rows[i].state = ZS_SERVER_NO_ANSWER;
	zs_matrix_err(&w->matrix, elapsed_ms(w), &err);
	finish(w, &err);
}

static void on_deadline(void *user)
{
	struct zs_watch *w = user;
	struct zs_err err;

	w->deadline = NULL;
	if (w->matrix.nrows) {
		fail_matrix(w);
		return;
	}
	zs_err_set(&err, ZS_E_PROPAGATION, w->matrix.policy == ZS_POLICY_SLEEP ?
		   "zone %s: the deadline ends before the wait of policy sleep" :
		   "the name servers of zone %s were not found in time", w->zone_name.text);
	zs_err_where(&err, "zone %s", w->zone_name.text);
	if (w->matrix.policy != ZS_POLICY_SLEEP)
		zs_err_hint(&err, "check the firewall for port 53, or set servers= in [zone %s]", w->zone_name.text);
	finish(w, &err);
}

/* ---- progress ------------------------------------------------------------------------ */

static void report(struct zs_watch *w)
{
	w->changed = false;
	w->progress_ms = now_ms(w);
	w->fns.progress(&w->matrix, elapsed_ms(w), w->fns.user);
}

static void on_progress(void *user)
{
	struct zs_watch *w = user;

	w->progress = NULL;
	if (w->changed)
		report(w);
}

static void note_change(struct zs_watch *w)
{
	uint64_t since = now_ms(w) - w->progress_ms;

	w->changed = true;
	if (w->progress)
		return;
	w->progress = zs_loop_timer(w->zones->loop, since < PROGRESS_MS ? PROGRESS_MS - since : 0, on_progress, w);
}

/* ---- one answer ------------------------------------------------------------------------- */

static void set_note(struct zs_row *row, const char *note)
{
	snprintf(row->note, sizeof(row->note), "%s", note);
}

static enum zs_look look_of_net(const struct zs_answer *answer, struct zs_row *row)
{
	char text[96];

	if (answer->net != ZS_NET_SILENT || answer->errnum) {
		zs_net_text(answer, text);
		set_note(row, answer->net == ZS_NET_NO_ROUTE ? strerror(answer->errnum) : text);
	}
	return answer->net == ZS_NET_NO_ROUTE ? ZS_LOOK_NO_ROUTE : ZS_LOOK_NO_ANSWER;
}

/* How many of the wanted values the answer has. */
static uint32_t count_values(const struct cell *cell, const struct zs_dns_reply *reply)
{
	const struct zs_slice *values = cell->address->watch->values + cell->target->first;
	uint32_t have = 0;

	for (size_t v = 0; v < cell->target->n; v++) {
		bool found = false;

		for (size_t i = 0; i < reply->records.n && !found; i++) {
			const struct zs_dns_record *r = &reply->records.items[i];

			if (r->type != ZS_DNS_TXT || r->section != ZS_DNS_ANSWER || !zs_name_eq(r->owner, &cell->target->name))
				continue;
			found = zs_slice_eq(r->text, values[v]);
		}
		have += found;
	}
	return have;
}

static void learn_serial(struct address *a, const struct zs_dns_reply *reply)
{
	for (size_t i = 0; i < reply->records.n; i++) {
		const struct zs_dns_record *r = &reply->records.items[i];

		if (r->type != ZS_DNS_SOA || !zs_name_eq(r->owner, &a->watch->matrix.zone))
			continue;
		a->row->serial = r->serial;
		a->fresh_serial = true;
	}
}

static enum zs_look look_of_reply(struct cell *cell, const struct zs_dns_reply *reply)
{
	struct zs_row *row = cell->address->row;

	cell->have = 0;
	if (reply->rcode == ZS_DNS_REFUSED)
		return ZS_LOOK_REFUSED;
	if (reply->rcode != ZS_DNS_NOERROR && reply->rcode != ZS_DNS_NXDOMAIN) {
		set_note(row, zs_dns_rcode_name(reply->rcode));
		return ZS_LOOK_LAME;
	}
	if (!reply->authoritative) {
		set_note(row, "not authoritative");
		return ZS_LOOK_LAME;
	}
	learn_serial(cell->address, reply);
	cell->have = count_values(cell, reply);
	if (cell->have == cell->target->n)
		return ZS_LOOK_PRESENT;
	if (reply->records.n && reply->records.items[0].type == ZS_DNS_CNAME)
		set_note(row, "an alias is at the name");
	return cell->have ? ZS_LOOK_PART : ZS_LOOK_ABSENT;
}

static void settle(struct address *a);

static void on_answer(const struct zs_answer *answer, void *user)
{
	struct cell *cell = user;
	struct address *a = cell->address;

	cell->query = NULL;
	if (answer->net == ZS_NET_ANSWER) {
		cell->look = look_of_reply(cell, answer->reply);
		a->row->rtt_us = answer->rtt_us;
	} else {
		cell->have = 0;
		cell->look = look_of_net(answer, a->row);
	}
	cell->seen_ms = now_ms(a->watch);
	cell->seen = cell->look == ZS_LOOK_PRESENT ? cell->seen + 1 : 0;
	if (!--a->running)
		settle(a);
}

/* ---- the row after a look ------------------------------------------------------------------ */

static void sum_up(struct address *a)
{
	struct zs_watch *w = a->watch;
	struct zs_row *row = a->row;
	uint32_t newest = zs_matrix_newest(&w->matrix);

	row->records = 0;
	row->seen = row->looks;
	for (size_t i = 0; i < w->ntargets; i++) {
		const struct cell *cell = &a->cells[i];

		w->looks_of_row[i] = cell->look;
		row->records += cell->have;
		if (cell->seen < row->seen)
			row->seen = cell->seen;
	}
	row->state = zs_row_state(w->looks_of_row, w->ntargets, row->serial && zs_serial_is_older(row->serial, newest));
}

/* A server that never had the zone does not hold up the run for ever: resolvers
 * that meet it ask another one. */
static void consider_excuse(struct address *a)
{
	struct zs_row *row = a->row;

	if (row->state != ZS_SERVER_REFUSED && row->state != ZS_SERVER_LAME) {
		a->bad_looks = 0;
		row->excused = false;
		return;
	}
	if (!a->bad_looks++)
		a->bad_since_ms = now_ms(a->watch);
	if (row->excused || a->bad_looks < EXCUSE_LOOKS || now_ms(a->watch) - a->bad_since_ms < EXCUSE_MS)
		return;
	row->excused = true;
	zs_warn("", "zone %s: server %s %s does not serve the zone (%s) and is passed over", a->watch->matrix.zone.text,
		row->server, row->address, row->note[0] ? row->note : zs_server_state_name(row->state));
}

static bool lags(const struct zs_row *row)
{
	return row->state == ZS_SERVER_ABSENT || row->state == ZS_SERVER_STALE;
}

static void on_serial(const struct zs_answer *answer, void *user)
{
	struct address *a = user;

	uint32_t before = a->row->serial;

	a->serial = NULL;
	if (answer->net == ZS_NET_ANSWER)
		learn_serial(a, answer->reply);
	if (a->row->serial == before)
		return;
	for (size_t i = 0; i < a->watch->matrix.nrows; i++)
		if (lags(a->watch->addresses[i].row))
			sum_up(&a->watch->addresses[i]);
	note_change(a->watch);
}

static void ask_serial(struct address *a)
{
	struct zs_ask_one one = { .name = a->watch->matrix.zone, .type = ZS_DNS_SOA, .addr = a->addr, .fn = on_serial,
				  .user = a };

	if (!a->serial)
		a->serial = zs_transport_ask(a->watch->zones->transport, &one);
}

/* Serials are only worth a question where somebody lags. */
static void want_serials(struct zs_watch *w, struct address *a)
{
	if (!lags(a->row))
		return;
	if (!a->fresh_serial)
		ask_serial(a);
	for (size_t i = 0; i < w->matrix.nrows; i++)
		if (w->matrix.rows[i].state == ZS_SERVER_PRESENT && !w->matrix.rows[i].serial)
			ask_serial(&w->addresses[i]);
}

static void on_pause(void *user)
{
	struct address *a = user;

	a->timer = NULL;
	look(a);
}

static bool is_cell_done(const struct cell *cell)
{
	return cell->seen >= cell->address->row->looks;
}

/* When the next look is worth it; -1 = never. */
static int64_t next_pause(const struct address *a)
{
	uint64_t now = now_ms(a->watch);
	int64_t pause = -1;

	for (size_t i = 0; i < a->watch->ntargets; i++) {
		const struct cell *cell = &a->cells[i];
		int64_t due = a->pause_ms;

		if (is_cell_done(cell))
			continue;
		if (cell->seen)
			due = (int64_t)cell->seen_ms + ZS_WATCH_GAP_MS - (int64_t)now;
		if (due < 0)
			due = 0;
		if (pause < 0 || due < pause)
			pause = due;
	}
	return pause;
}

/* Patience grows with the wait; many names make each address's turn longer. */
static uint32_t longest_pause(const struct address *a)
{
	uint32_t fair = (uint32_t)a->watch->ntargets * QUESTION_MS;
	uint32_t longest = now_ms(a->watch) - a->watch->started_ms < EARLY_MS ? EARLY_PAUSE_MS : LAST_PAUSE_MS;

	return fair > longest ? fair : longest;
}

static void schedule(struct address *a)
{
	int64_t pause = next_pause(a);

	if (pause < 0 || a->row->state == ZS_SERVER_NO_ROUTE)
		return;
	a->timer = zs_loop_timer(a->watch->zones->loop, (uint64_t)pause, on_pause, a);
	a->pause_ms += a->pause_ms / 2;
	if (a->pause_ms > longest_pause(a))
		a->pause_ms = longest_pause(a);
}

/* All questions of a look have ended. */
static void settle(struct address *a)
{
	struct zs_watch *w = a->watch;
	struct zs_row before = *a->row;

	sum_up(a);
	if (a->row->state == ZS_SERVER_PRESENT) {
		a->row->note[0] = 0;
		/* One from before the record came would make laggards look good. */
		if (!a->fresh_serial)
			a->row->serial = 0;
	}
	consider_excuse(a);
	if (before.state != a->row->state || before.seen != a->row->seen || before.records != a->row->records ||
	    before.serial != a->row->serial || before.excused != a->row->excused)
		note_change(w);
	if (zs_matrix_holds(&w->matrix)) {
		finish(w, NULL);
		return;
	}
	if (zs_matrix_is_hopeless(&w->matrix)) {
		fail_matrix(w);
		return;
	}
	schedule(a);
	want_serials(w, a);
}

/* ---- looking ---------------------------------------------------------------------------------- */

static void ask_cell(struct cell *cell)
{
	struct address *a = cell->address;
	struct zs_ask_one one = { .name = cell->target->name, .type = ZS_DNS_TXT, .addr = a->addr, .fn = on_answer,
				  .user = cell };

	cell->query = zs_transport_ask(a->watch->zones->transport, &one);
	if (cell->query)
		a->running++;
}

static void look(struct address *a)
{
	uint64_t now = now_ms(a->watch);

	a->row->note[0] = 0;
	a->fresh_serial = false;
	for (size_t i = 0; i < a->watch->ntargets; i++) {
		struct cell *cell = &a->cells[i];
		bool early = cell->seen && now - cell->seen_ms < ZS_WATCH_GAP_MS;

		if (!is_cell_done(cell) && !early)
			ask_cell(cell);
	}
	if (!a->running)
		schedule(a);
}

static uint32_t looks_for(const struct zs_watch *w, const struct zs_addr *addr)
{
	if (w->looks)
		return w->looks < MAX_LOOKS ? w->looks : MAX_LOOKS;
	return zs_addr_is_near(addr) ? 1 : 2;
}

static void set_up_address(struct zs_watch *w, size_t i)
{
	struct address *a = &w->addresses[i];
	struct zs_row *row = &w->matrix.rows[i];

	*a = (struct address){ .watch = w, .row = row, .addr = w->zone->addrs[i].addr, .cells = w->cells + i * w->ntargets,
			       .pause_ms = FIRST_PAUSE_MS };
	for (size_t k = 0; k < w->ntargets; k++) {
		a->cells[k].address = a;
		a->cells[k].target = &w->targets[k];
	}
	row->ns = w->zone->addrs[i].ns;
	row->wanted = (uint32_t)w->nvalues;
	row->looks = looks_for(w, &a->addr);
	zs_addr_print(&a->addr, row->address);
	zs_zone_server_name(w->zone, i, row->server);
}

static void on_complete(struct zs_zone *zone, const struct zs_err *err, void *user)
{
	struct zs_watch *w = user;
	size_t n = zone->naddrs;

	w->wait = NULL;
	if (err) {
		finish(w, err);
		return;
	}
	w->matrix.zone = zone->name;
	w->matrix.negative_ttl = zone->negative_ttl;
	w->matrix.rows = calloc(n, sizeof(*w->matrix.rows));
	w->addresses = calloc(n, sizeof(*w->addresses));
	w->cells = calloc(n * w->ntargets, sizeof(*w->cells));
	if (!w->matrix.rows || !w->addresses || !w->cells) {
		finish_memory(w);
		return;
	}
	w->matrix.nrows = n;
	for (size_t i = 0; i < n; i++)
		set_up_address(w, i);
	for (size_t i = 0; i < n; i++)
		look(&w->addresses[i]);
}

/* ---- the zone ------------------------------------------------------------------------------------ */

static void wait_complete(struct zs_watch *w, struct zs_zone *zone)
{
	w->zone = zone;
	w->wait = zs_zone_wait(zone, ZS_ZONE_COMPLETE, on_complete, w);
	if (!w->wait)
		finish_memory(w);
}

static void on_retry(void *user)
{
	struct zs_watch *w = user;

	w->pause = NULL;
	find_zone(w);
}

static void on_cut(const struct zs_cut_result *result, const struct zs_err *err, void *user)
{
	struct zs_watch *w = user;
	struct zs_err copy;

	w->cut = NULL;
	if (!err) {
		wait_complete(w, zs_zone_ref(result->zone));
		return;
	}
	/* Silence may end; a fact stays. */
	if (err->code == ZS_E_NETWORK)
		w->pause = zs_loop_timer(w->zones->loop, RETRY_MS, on_retry, w);
	if (w->pause)
		return;
	copy = *err;
	finish(w, &copy);
}

/* Known from a walk, or given by servers=; NULL when it has to be looked for. */
static struct zs_zone *known_zone(struct zs_watch *w)
{
	struct zs_zone *zone = zs_zones_find(w->zones, &w->zone_name);
	const struct zs_zone_setting *setting = zs_settings_find(w->zones->settings, &w->zone_name);

	if (!zone && setting && setting->servers.n)
		zone = zs_zones_start(w->zones, &w->zone_name);
	if (zone && zs_name_eq(&zone->name, &w->zone_name))
		return zone;
	zs_zone_unref(zone);
	return NULL;
}

static void find_zone(struct zs_watch *w)
{
	struct zs_zone *zone = known_zone(w);

	if (zone) {
		wait_complete(w, zone);
		return;
	}
	w->cut = zs_cut_start(w->zones, &w->zone_name, true, on_cut, w);
	if (!w->cut)
		finish_memory(w);
}

static void on_begin(void *user)
{
	struct zs_watch *w = user;

	w->pause = NULL;
	find_zone(w);
}

static void on_slept(void *user)
{
	struct zs_watch *w = user;

	w->pause = NULL;
	finish(w, NULL);
}

/* ---- start ------------------------------------------------------------------------------------------ */

/* Room for one more name, at the end of the list. */
static struct target *get_target(struct zs_watch *w, const struct zs_name *name)
{
	for (size_t i = 0; i < w->ntargets; i++)
		if (zs_name_eq(&w->targets[i].name, name))
			return NULL;
	w->targets[w->ntargets] = (struct target){ .name = *name, .first = w->nvalues };
	return &w->targets[w->ntargets++];
}

static bool add_value(struct zs_watch *w, struct target *target, struct zs_slice value)
{
	char *copy;

	for (size_t i = 0; i < target->n; i++)
		if (zs_slice_eq(w->values[target->first + i], value))
			return true;
	copy = zs_arena_str(&w->arena, value.p, value.n);
	if (!copy)
		return false;
	w->values[w->nvalues++] = zs_slice_of(copy, value.n);
	target->n++;
	return true;
}

/* Values of one name lie side by side. */
static bool copy_records(struct zs_watch *w, const struct zs_msg_probe_watch *request)
{
	w->targets = calloc(request->records.n + 1U, sizeof(*w->targets));
	w->values = calloc(request->records.n + 1U, sizeof(*w->values));
	if (!w->targets || !w->values)
		return false;
	for (uint32_t i = 0; i < request->records.n; i++) {
		struct target *target = get_target(w, &request->records.items[i].name);

		for (uint32_t k = i; target && k < request->records.n; k++)
			if (zs_name_eq(&request->records.items[k].name, &target->name) &&
			    !add_value(w, target, request->records.items[k].value))
				return false;
	}
	w->looks_of_row = calloc(w->ntargets + 1, sizeof(*w->looks_of_row));
	return w->looks_of_row;
}

static bool set_timers(struct zs_watch *w)
{
	struct zs_loop *loop = w->zones->loop;
	bool sleeps = w->matrix.policy == ZS_POLICY_SLEEP || !w->ntargets;

	w->deadline = zs_loop_timer(loop, w->deadline_ms > w->started_ms ? w->deadline_ms - w->started_ms : 0, on_deadline, w);
	if (sleeps)
		w->pause = zs_loop_timer(loop, w->ntargets ? w->sleep_ms : 0, on_slept, w);
	else
		w->pause = zs_loop_timer(loop, 0, on_begin, w);
	return w->deadline && w->pause;
}

struct zs_watch *zs_watch_start(struct zs_zones *zones, const struct zs_msg_probe_watch *request, uint64_t deadline_ms,
				const struct zs_watch_fns *fns)
{
	struct zs_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->zones = zones;
	w->fns = *fns;
	w->zone_name = request->zone;
	w->looks = request->looks;
	w->sleep_ms = request->sleep_ms;
	w->matrix.zone = request->zone;
	w->matrix.policy = request->policy;
	w->matrix.percent = request->percent;
	w->started_ms = now_ms(w);
	w->deadline_ms = deadline_ms;
	zs_arena_init(&w->arena, ZS_MAX_MESSAGE);
	if (copy_records(w, request) && set_timers(w))
		return w;
	zs_watch_cancel(w);
	return NULL;
}
