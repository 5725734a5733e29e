/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/progress.h.  Everything shown was said by other processes, so every
 * line is cleaned before it reaches the terminal.
 */
#include "front/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/secrets.h"

enum { ROWS_MAX = 1024, LINE_OCTETS = 8192, BLOCK_OCTETS = 256 * 1024, REDRAW_MS = 100, TEXT_OCTETS = 256, COLUMNS = 80,
	LINES = 24, NAME_COLUMNS = 24 };

struct row {
	struct zs_name zone;
	char server[ZS_MAX_NAME + 1], address[64];
	uint32_t state, seen, looks, rtt_us;
	bool changed;
};

struct shown {
	const struct zs_run_job *job;
	char text[TEXT_OCTETS];		/* of the phase */
	enum zs_phase phase;
	bool said, ended;
	ZS_VEC(struct row) rows;
};

struct zs_progress {
	enum zs_progress_mode mode;
	int fd;
	ZS_VEC(struct shown) jobs;
	size_t ended, failed;
	unsigned drawn;			/* lines of the block on the screen */
	uint64_t drawn_at;
	bool dirty;
};

/* ---- which form ---- */

enum zs_progress_mode zs_progress_choose(bool quiet, bool verbose)
{
	const char *term = zs_env("TERM");

	if (quiet)
		return ZS_PROGRESS_NONE;
	if (verbose || !isatty(STDERR_FILENO) || !term || !*term || !strcmp(term, "dumb"))
		return ZS_PROGRESS_LINES;
	return ZS_PROGRESS_BLOCK;
}

/* ---- writing ---- */

static void write_all(const struct zs_progress *p, struct zs_slice s)
{
	while (s.n) {
		ssize_t n = write(p->fd, s.p, s.n);
		if (n <= 0)
			return;
		s = zs_slice_of(s.p + n, s.n - (size_t)n);
	}
}

void zs_progress_cut(struct zs_buf *line, size_t columns)
{
	struct zs_slice rest = zs_buf_slice(line);
	size_t seen = 0, keep = 0, octets = 0;

	while (rest.n) {
		uint32_t point;
		size_t n = zs_utf8_next(rest, &point);
		n = n ? n : 1;
		rest = zs_slice_of(rest.p + n, rest.n - n);
		octets += n;
		seen++;
		if (seen + 3 <= columns)
			keep = octets;
	}
	if (seen <= columns || !line->data)
		return;
	line->len = keep;
	line->data[keep] = 0;
	zs_buf_add(line, "...", columns < 3 ? columns : 3);
}

static void screen_size(const struct zs_progress *p, size_t *columns, size_t *lines)
{
	struct winsize size;
	bool known = ioctl(p->fd, TIOCGWINSZ, &size) == 0;

	*columns = known && size.ws_col ? size.ws_col : COLUMNS;
	*lines = known && size.ws_row ? size.ws_row : LINES;
}

/* ---- what is known ---- */

static struct shown *shown_of(struct zs_progress *p, const struct zs_run_job *job)
{
	struct shown *s;

	for (size_t i = 0; i < p->jobs.n; i++)
		if (p->jobs.items[i].job == job)
			return &p->jobs.items[i];
	s = zs_vec_push(&p->jobs, ZS_MAX_JOBS);
	if (s)
		s->job = job;
	return s;
}

static struct row *row_of(struct shown *s, const struct zs_name *zone, const struct zs_msg_matrix_row *from)
{
	char server[ZS_MAX_NAME + 1], address[64];
	struct row *row;

	zs_slice_copy(from->server, server, sizeof(server));
	zs_slice_copy(from->address, address, sizeof(address));
	for (size_t i = 0; i < s->rows.n; i++) {
		row = &s->rows.items[i];
		if (zs_name_eq(&row->zone, zone) && !strcmp(row->server, server) && !strcmp(row->address, address))
			return row;
	}
	row = zs_vec_push(&s->rows, ROWS_MAX);
	if (!row)
		return NULL;
	row->zone = *zone;
	row->state = ZS_SERVER__COUNT;
	memcpy(row->server, server, sizeof(server));
	memcpy(row->address, address, sizeof(address));
	return row;
}

/* True when something changed. */
static bool take_matrix(struct shown *s, const struct zs_msg_job_matrix *matrix)
{
	bool any = false;

	for (size_t i = 0; i < s->rows.n; i++)
		s->rows.items[i].changed = false;
	for (uint32_t i = 0; i < matrix->rows.n; i++) {
		const struct zs_msg_matrix_row *from = &matrix->rows.items[i];
		struct row *row = row_of(s, &matrix->zone, from);
		if (!row || from->state >= ZS_SERVER__COUNT)
			continue;
		row->changed = row->state != from->state || row->seen != from->seen;
		row->state = from->state;
		row->seen = from->seen;
		row->looks = from->looks;
		row->rtt_us = from->rtt_us;
		any = any || row->changed;
	}
	return any;
}

/* ---- lines ---- */

static void put_line(const struct zs_progress *p, struct zs_buf *raw)
{
	struct zs_buf clean = ZS_BUF(4 * LINE_OCTETS + 1);

	zs_clean(&clean, zs_buf_slice(raw), false);
	zs_buf_add_byte(&clean, '\n');
	write_all(p, zs_buf_slice(&clean));
	zs_buf_done(&clean);
	zs_buf_done(raw);
}

static void add_state(struct zs_buf *line, const struct row *row)
{
	const char *name = row->state < ZS_SERVER__COUNT ? zs_server_state_name((enum zs_server_state)row->state) : "?";

	zs_buf_add_str(line, name);
	if (row->looks && row->state != ZS_SERVER_NO_ROUTE)
		zs_buf_addf(line, " %u/%u", (unsigned)row->seen, (unsigned)row->looks);
}

static void phase_line(struct zs_progress *p, const struct shown *s)
{
	struct zs_buf line = ZS_BUF(LINE_OCTETS);

	zs_buf_addf(&line, "%s: %s", s->job->conf->name, zs_phase_name(s->phase));
	if (*s->text)
		zs_buf_addf(&line, "  %s", s->text);
	put_line(p, &line);
}

static void matrix_line(struct zs_progress *p, const struct shown *s)
{
	struct zs_buf line = ZS_BUF(LINE_OCTETS);
	bool first = true;

	zs_buf_addf(&line, "%s: propagate ", s->job->conf->name);
	for (size_t i = 0; i < s->rows.n && line.len < LINE_OCTETS / 2; i++) {
		const struct row *row = &s->rows.items[i];
		if (!row->changed)
			continue;
		zs_buf_addf(&line, "%s %s (%s) ", first ? "" : ",", row->address, row->server);
		add_state(&line, row);
		first = false;
	}
	put_line(p, &line);
}

/* ---- the block ---- */

static void add_line(struct zs_buf *block, struct zs_buf *raw, size_t columns)
{
	struct zs_buf clean = ZS_BUF(4 * LINE_OCTETS);

	zs_clean(&clean, zs_buf_slice(raw), false);
	/* the last column stays free: some terminals wrap there */
	zs_progress_cut(&clean, columns > 1 ? columns - 1 : 1);
	zs_buf_add_str(block, "\033[K");
	zs_buf_add_slice(block, zs_buf_slice(&clean));
	zs_buf_add_byte(block, '\n');
	zs_buf_done(&clean);
	zs_buf_done(raw);
}

/* Columns for the longest server name and address, so that short ones leave room for the state. */
static void row_widths(const struct shown *s, int *server, int *address)
{
	*server = *address = 0;
	for (size_t i = 0; i < s->rows.n; i++) {
		int a = (int)strlen(s->rows.items[i].server), b = (int)strlen(s->rows.items[i].address);
		*server = a > *server ? a : *server;
		*address = b > *address ? b : *address;
	}
}

static void job_lines(const struct shown *s, uint64_t now, struct zs_buf *block, size_t columns, unsigned *room)
{
	struct zs_buf line = ZS_BUF(LINE_OCTETS);
	uint64_t ms = now > s->job->started_ms ? now - s->job->started_ms : 0;
	int server, address;

	row_widths(s, &server, &address);
	zs_buf_addf(&line, "%-*s  %-10s %4llu.%01us  %s", NAME_COLUMNS, s->job->conf->name, zs_phase_name(s->phase),
		    (unsigned long long)(ms / 1000), (unsigned)(ms % 1000 / 100), s->text);
	add_line(block, &line, columns);
	(*room)--;
	for (size_t i = 0; *room > 1 && i < s->rows.n && s->phase == ZS_PHASE_PROPAGATE; i++) {
		const struct row *row = &s->rows.items[i];
		line = (struct zs_buf)ZS_BUF(LINE_OCTETS);
		zs_buf_addf(&line, "  %-*s  %-*s  ", server, row->server, address, row->address);
		add_state(&line, row);
		if (row->rtt_us)
			zs_buf_addf(&line, "  %u.%03u ms", (unsigned)(row->rtt_us / 1000), (unsigned)(row->rtt_us % 1000));
		add_line(block, &line, columns);
		(*room)--;
	}
}

static void summary_line(const struct zs_progress *p, struct zs_buf *block, size_t columns)
{
	struct zs_buf line = ZS_BUF(LINE_OCTETS);

	zs_buf_addf(&line, "%zu of %zu done", p->ended, p->jobs.n);
	if (p->failed)
		zs_buf_addf(&line, ", %zu failed", p->failed);
	add_line(block, &line, columns);
}

static void go_up(const struct zs_progress *p, struct zs_buf *block)
{
	if (p->drawn)
		zs_buf_addf(block, "\033[%uA\r", p->drawn);
}

/* Lines that were in the block and are not any more go away. */
static void draw(struct zs_progress *p, uint64_t now)
{
	struct zs_buf block = ZS_BUF(BLOCK_OCTETS);
	size_t columns, lines;

	screen_size(p, &columns, &lines);
	unsigned room = lines > 3 ? (unsigned)lines - 2 : 1, all = room;
	go_up(p, &block);
	for (size_t i = 0; i < p->jobs.n && room > 1; i++)
		if (!p->jobs.items[i].ended)
			job_lines(&p->jobs.items[i], now, &block, columns, &room);
	if (p->jobs.n > 1) {
		summary_line(p, &block, columns);
		room--;
	}
	zs_buf_add_str(&block, "\033[J");
	if (!block.failed) {
		write_all(p, zs_buf_slice(&block));
		p->drawn = all - room;
	}
	p->drawn_at = now;
	p->dirty = false;
	zs_buf_done(&block);
}

static uint64_t now_ms(void)
{
	struct zs_clock *clock = zs_clock_system();

	return clock->mono_ms(clock);
}

/* At most ten times a second; the tick brings what was left out. */
static void redraw(struct zs_progress *p)
{
	uint64_t now = now_ms();

	p->dirty = true;
	if (p->mode == ZS_PROGRESS_BLOCK && now - p->drawn_at >= REDRAW_MS)
		draw(p, now);
}

static void clear(struct zs_progress *p)
{
	struct zs_buf block = ZS_BUF(64);

	if (p->mode != ZS_PROGRESS_BLOCK || !p->drawn)
		return;
	go_up(p, &block);
	zs_buf_add_str(&block, "\033[J");
	write_all(p, zs_buf_slice(&block));
	p->drawn = 0;
	zs_buf_done(&block);
}

/* ---- events ---- */

static void on_phase(const struct zs_run_job *job, const char *text, void *user)
{
	struct zs_progress *p = user;
	struct shown *s = shown_of(p, job);

	if (!s)
		return;
	bool same = s->said && s->phase == job->phase && !strncmp(s->text, text, sizeof(s->text) - 1);
	s->said = true;
	s->phase = job->phase;
	snprintf(s->text, sizeof(s->text), "%s", text);
	if (p->mode == ZS_PROGRESS_LINES && !same)
		phase_line(p, s);
	else
		redraw(p);
}

static void on_matrix(const struct zs_run_job *job, const struct zs_msg_job_matrix *matrix, void *user)
{
	struct zs_progress *p = user;
	struct shown *s = shown_of(p, job);

	if (!s || !take_matrix(s, matrix))
		return;
	if (p->mode == ZS_PROGRESS_LINES)
		matrix_line(p, s);
	else
		redraw(p);
}

static void on_job_end(const struct zs_run_job *job, void *user)
{
	struct zs_progress *p = user;
	struct shown *s = shown_of(p, job);

	if (!s || s->ended)
		return;
	s->ended = true;
	p->ended++;
	p->failed += job->err.code != ZS_OK;
	redraw(p);
}

static void on_left(const struct zs_run_left *left, void *user)
{
	struct zs_progress *p = user;
	struct zs_buf line = ZS_BUF(LINE_OCTETS);

	if (p->mode != ZS_PROGRESS_LINES) {
		redraw(p);
		return;
	}
	zs_buf_addf(&line, "%s: %s the record %s of a run that ended early", left->certificate,
		    left->removed ? "removed" : "could not remove", left->name.text);
	put_line(p, &line);
}

static void on_tick(void *user)
{
	struct zs_progress *p = user;

	if (p->dirty || p->drawn)
		redraw(p);
}

/* A log line of ours would tear the block: away with it, and the next tick brings it back. */
static void on_log(const struct zs_log_line *line, void *user)
{
	struct zs_progress *p = user;

	clear(p);
	p->dirty = true;
	zs_log_print(line);
}

struct zs_run_events zs_progress_events(struct zs_progress *p)
{
	if (!p || p->mode == ZS_PROGRESS_NONE)
		return (struct zs_run_events){ .user = p };
	return (struct zs_run_events){
		.phase = on_phase, .matrix = on_matrix, .job_end = on_job_end, .left = on_left,
		.tick = p->mode == ZS_PROGRESS_BLOCK ? on_tick : NULL, .user = p,
	};
}

struct zs_progress *zs_progress_new(enum zs_progress_mode mode, int fd)
{
	struct zs_progress *p = calloc(1, sizeof(*p));

	if (p) {
		p->mode = mode;
		p->fd = fd;
	}
	if (p && mode == ZS_PROGRESS_BLOCK)
		zs_log_setup("front", "", on_log, p);
	return p;
}

void zs_progress_free(struct zs_progress *p)
{
	if (!p)
		return;
	clear(p);
	if (p->mode == ZS_PROGRESS_BLOCK)
		zs_log_setup("front", "", NULL, NULL);
	for (size_t i = 0; i < p->jobs.n; i++)
		zs_vec_done(&p->jobs.items[i].rows);
	zs_vec_done(&p->jobs);
	free(p);
}
