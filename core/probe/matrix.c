/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States, policies and the text of the matrix.
 */
#include "probe/matrix.h"

#include <stdio.h>
#include <string.h>
#include "base/buf.h"
#include "probe/zone.h"

/* ---- states ---------------------------------------------------------------------- */

/* The worst look decides. Among sound answers STALE means that the server lags: it
 * has a part of the values, or another server has a newer serial. ABSENT has
 * nothing of ours and no newer zone is known. */
enum zs_server_state zs_row_state(const enum zs_look *looks, size_t n, bool older)
{
	size_t count[ZS_LOOK__COUNT] = { 0 };

	for (size_t i = 0; i < n; i++)
		count[looks[i]]++;
	if (count[ZS_LOOK_NO_ROUTE])
		return ZS_SERVER_NO_ROUTE;
	if (count[ZS_LOOK_NO_ANSWER])
		return ZS_SERVER_NO_ANSWER;
	if (count[ZS_LOOK_REFUSED])
		return ZS_SERVER_REFUSED;
	if (count[ZS_LOOK_LAME])
		return ZS_SERVER_LAME;
	if (count[ZS_LOOK_NONE])
		return ZS_SERVER_WAIT;
	if (count[ZS_LOOK_PRESENT] == n)
		return ZS_SERVER_PRESENT;
	if (older || count[ZS_LOOK_PART] || count[ZS_LOOK_PRESENT])
		return ZS_SERVER_STALE;
	return ZS_SERVER_ABSENT;
}

bool zs_row_is_done(const struct zs_row *row)
{
	return row->state == ZS_SERVER_PRESENT && row->seen >= row->looks;
}

bool zs_serial_is_older(uint32_t a, uint32_t b)
{
	return a != b && b - a < 0x80000000U;
}

uint32_t zs_matrix_newest(const struct zs_matrix *matrix)
{
	uint32_t newest = 0;

	for (size_t i = 0; i < matrix->nrows; i++) {
		uint32_t serial = matrix->rows[i].serial;

		if (serial && (!newest || zs_serial_is_older(newest, serial)))
			newest = serial;
	}
	return newest;
}

/* ---- policies ----------------------------------------------------------------------- */

static bool is_skipped(const struct zs_row *row)
{
	return row->state == ZS_SERVER_NO_ROUTE || row->excused;
}

struct tally { size_t done, skipped; };

static struct tally count_rows(const struct zs_matrix *matrix)
{
	struct tally tally = { 0, 0 };

	for (size_t i = 0; i < matrix->nrows; i++) {
		tally.done += zs_row_is_done(&matrix->rows[i]);
		tally.skipped += is_skipped(&matrix->rows[i]);
	}
	return tally;
}

static bool holds_all(const struct zs_matrix *matrix)
{
	struct tally tally = count_rows(matrix);

	return tally.done + tally.skipped == matrix->nrows;
}

/* The rows of the name server of row `first`. */
static bool name_holds(const struct zs_matrix *matrix, size_t first)
{
	bool skipped = true;

	for (size_t i = 0; i < matrix->nrows; i++) {
		const struct zs_row *row = &matrix->rows[i];

		if (i != first && (row->ns != matrix->rows[first].ns || row->ns == ZS_NS_NONE))
			continue;
		if (zs_row_is_done(row))
			return true;
		skipped = skipped && is_skipped(row);
	}
	return skipped;
}

static bool holds_names(const struct zs_matrix *matrix)
{
	for (size_t i = 0; i < matrix->nrows; i++)
		if (!name_holds(matrix, i))
			return false;
	return true;
}

static bool holds_quorum(const struct zs_matrix *matrix)
{
	struct tally tally = count_rows(matrix);
	size_t percent = matrix->percent > 100 ? 100 : matrix->percent;

	return tally.done * 100 >= percent * (matrix->nrows - tally.skipped);
}

static bool holds_any(const struct zs_matrix *matrix)
{
	(void)matrix;
	return true;	/* one is done: that is asked of every policy */
}

static bool holds_never(const struct zs_matrix *matrix)
{
	(void)matrix;
	return false;	/* decided elsewhere */
}

bool zs_matrix_holds(const struct zs_matrix *matrix)
{
	static bool (*const holds[])(const struct zs_matrix *matrix) = {
		[ZS_POLICY_ALL] = holds_all,
		[ZS_POLICY_NAMES] = holds_names,
		[ZS_POLICY_QUORUM] = holds_quorum,
		[ZS_POLICY_ANY] = holds_any,
		[ZS_POLICY_PROVIDER] = holds_never,
		[ZS_POLICY_SLEEP] = holds_never,
	};

	_Static_assert(ZS_COUNT(holds) == ZS_POLICY__COUNT, "one row per policy");
	return matrix->policy < ZS_COUNT(holds) && count_rows(matrix).done && holds[matrix->policy](matrix);
}

bool zs_matrix_is_hopeless(const struct zs_matrix *matrix)
{
	for (size_t i = 0; i < matrix->nrows; i++)
		if (matrix->rows[i].state != ZS_SERVER_NO_ROUTE)
			return false;
	return true;
}

/* ---- text ------------------------------------------------------------------------------ */

static void add_line(struct zs_buf *buf, const struct zs_row *row, uint32_t newest)
{
	if (strcmp(row->server, row->address) != 0)
		zs_buf_addf(buf, "\n  %s %s: ", row->server, row->address);
	else
		zs_buf_addf(buf, "\n  %s: ", row->address);
	zs_buf_add_str(buf, zs_server_state_name(row->state));
	if (row->note[0])
		zs_buf_addf(buf, " (%s)", row->note);
	if (row->state == ZS_SERVER_PRESENT)
		zs_buf_addf(buf, " %u/%u", row->seen, row->looks);
	if (row->state == ZS_SERVER_STALE)
		zs_buf_addf(buf, ", %u of %u values", row->records, row->wanted);
	if (row->serial)
		zs_buf_addf(buf, ", serial %u", row->serial);
	if (row->serial && zs_serial_is_older(row->serial, newest))
		zs_buf_addf(buf, " (newest %u)", newest);
	if (row->rtt_us)
		zs_buf_addf(buf, ", %u.%u ms", row->rtt_us / 1000, row->rtt_us % 1000 / 100);
	if (row->excused)
		zs_buf_add_str(buf, ", passed over");
}

enum { LINES_MAX = 900 };	/* of the text of an error */

static void add_lines(struct zs_buf *text, const struct zs_matrix *matrix)
{
	uint32_t newest = zs_matrix_newest(matrix);
	struct zs_buf line = ZS_BUF(1024);
	size_t left = 0;

	for (size_t pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < matrix->nrows; i++) {
			const struct zs_row *row = &matrix->rows[i];

			if ((zs_row_is_done(row) || is_skipped(row)) != (pass == 1))
				continue;
			zs_buf_clear(&line);
			add_line(&line, row, newest);
			if (text->len + line.len < LINES_MAX)
				zs_buf_add_slice(text, zs_buf_slice(&line));
			else
				left++;
		}
	}
	if (left)
		zs_buf_addf(text, "\n  and %zu more", left);
	zs_buf_done(&line);
}

static bool all_in(const struct zs_matrix *matrix, enum zs_server_state state)
{
	for (size_t i = 0; i < matrix->nrows; i++)
		if (matrix->rows[i].state != state)
			return false;
	return true;
}

static const char *headline(const struct zs_matrix *matrix)
{
	if (all_in(matrix, ZS_SERVER_NO_ROUTE))
		return "this host has no route to any name server of zone";
	if (all_in(matrix, ZS_SERVER_NO_ANSWER))
		return "no name server can be reached of zone";
	return "not enough name servers serve the record in zone";
}

static bool some_in(const struct zs_matrix *matrix, enum zs_server_state state)
{
	for (size_t i = 0; i < matrix->nrows; i++)
		if (matrix->rows[i].state == state && !matrix->rows[i].excused)
			return true;
	return false;
}

static const char *advice(const struct zs_matrix *matrix)
{
	static const struct { enum zs_server_state state; const char *text; } rows[] = {
		{ ZS_SERVER_NO_ANSWER, "check that port 53 (UDP and TCP) of the silent servers is open to this host, or take "
				       "dead ones out of the NS set; policy quorum or any goes on without them" },
		{ ZS_SERVER_REFUSED, "the refusing servers are in the NS set but do not serve the zone: correct one of the two" },
		{ ZS_SERVER_LAME, "the lame servers are in the NS set but do not serve the zone: correct one of the two" },
		{ ZS_SERVER_STALE, "a secondary lags: check NOTIFY and zone transfer to it, or raise propagation-timeout" },
		{ ZS_SERVER_ABSENT, "check that the provider really publishes in this zone and view, or raise "
				    "propagation-timeout" },
		{ ZS_SERVER_PRESENT, "the record is there but was not seen often enough: raise propagation-timeout" },
		{ ZS_SERVER_NO_ROUTE, "set servers= with addresses that this host can reach" },
	};

	for (size_t i = 0; i < ZS_COUNT(rows); i++)
		if (some_in(matrix, rows[i].state))
			return rows[i].text;
	return "run it again";
}

void zs_matrix_err(const struct zs_matrix *matrix, uint32_t elapsed_ms, struct zs_err *err)
{
	struct zs_buf text = ZS_BUF(1024);
	char negative[96] = "";

	zs_buf_addf(&text, "%s %s after %u.%u s (policy %s):", headline(matrix), matrix->zone.text, elapsed_ms / 1000,
		    elapsed_ms % 1000 / 100, zs_policy_name((enum zs_policy)matrix->policy));
	add_lines(&text, matrix);
	if (matrix->negative_ttl)
		snprintf(negative, sizeof(negative), "; a resolver that asked too early may deny the name for %u s",
			 matrix->negative_ttl);
	zs_err_set(err, ZS_E_PROPAGATION, "%s", zs_buf_str(&text));
	zs_err_subject(err, "%s", matrix->zone.text);
	zs_err_where(err, "zone %s", matrix->zone.text);
	zs_err_hint(err, "%s%s", advice(matrix), negative);
	zs_buf_done(&text);
}
