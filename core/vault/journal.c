/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal files: creation, locking, appending, replaying, adoption.  A torn
 * last line is what a kill leaves and is ignored; damage further up is copied
 * to quarantine and the rest is used.  It never talks to DNS.  Runs in the
 * vault.
 */
#include "vault/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "vault/journal_record.h"

enum {
	MAX_FILE = 64 * 1024 * 1024,
	MAX_ENTRIES = 65536,
	SHRINK_AT = 256 * 1024,		/* a long-lived run's file starts over when nothing is open */
	CREATE_TRIES = 16,
	ADOPT_TRIES = 3,
	NAME = 32
};

static const char dir_name[] = "journal", suffix[] = ".journal";

struct zs_journal {
	int fd;				/* locked; -1 when another run's is only read */
	char name[NAME];
	uint32_t run;
	uint32_t counter;
	off_t end;			/* behind the last whole line */
	bool broken;			/* a failed write could not be undone */
	ZS_VEC(struct zs_journal_entry) open;
	unsigned damaged;		/* lines that could not be read, beyond the last mark */
};

static void free_journal(struct zs_journal *journal)
{
	if (journal == NULL)
		return;
	zs_state_close(&journal->fd);
	zs_vec_done(&journal->open);
	free(journal);
}

void zs_journals_init(struct zs_journals *journals, const struct zs_state *state)
{
	memset(journals, 0, sizeof(*journals));
	journals->state = state;
	journals->dir = -1;
}

/* fd of journal/ or -code; errno is ENOENT when it is not there and not to be made. */
static int open_dir(struct zs_journals *journals, bool create, struct zs_err *err)
{
	if (journals->dir < 0)
		journals->dir = zs_state_dir(journals->state->root, dir_name, create, err);
	return journals->dir;
}

/* ---- replaying ---------------------------------------------------------------------- */

static struct zs_journal_entry *find_open(const struct zs_journal *journal, uint64_t id)
{
	for (size_t i = 0; i < journal->open.n; i++)
		if (journal->open.items[i].id == id)
			return &journal->open.items[i];
	return NULL;
}

static bool replay_add(struct zs_journal *journal, const struct zs_record *record)
{
	struct zs_journal_entry *slot;

	if (find_open(journal, record->entry.id) != NULL)
		return true;
	slot = zs_vec_push(&journal->open, MAX_ENTRIES);
	if (slot != NULL)
		*slot = record->entry;
	return slot != NULL;
}

static void set_ticket(struct zs_journal_entry *entry, struct zs_slice ticket)
{
	if (ticket.n > 0)
		memcpy(entry->ticket, ticket.p, ticket.n);
	entry->ticket_len = ticket.n;
}

static void set_context(struct zs_journal_entry *entry, const struct zs_journal_entry *from)
{
	entry->identifier = from->identifier;
	memcpy(entry->token, from->token, sizeof(entry->token));
	memcpy(entry->key_authorization, from->key_authorization, sizeof(entry->key_authorization));
}

static void remove_open(struct zs_journal *journal, const struct zs_journal_entry *entry)
{
	zs_vec_remove(&journal->open, (size_t)(entry - journal->open.items));
}

static bool replay(struct zs_journal *journal, const struct zs_record *record)
{
	struct zs_journal_entry *entry = find_open(journal, record->entry.id);

	switch (record->kind) {
	case 'A':
		return replay_add(journal, record);
	case 'C':
		if (entry != NULL)
			set_context(entry, &record->entry);
		return true;
	case 'T':
		if (entry != NULL)
			set_ticket(entry, zs_slice_of(record->entry.ticket, record->entry.ticket_len));
		return true;
	case 'D':
		if (entry != NULL)
			remove_open(journal, entry);
		return true;
	case 'Q':
		journal->damaged = 0;
		return true;
	default:
		journal->run = (uint32_t)record->number;
		return true;
	}
}

static bool replay_all(struct zs_journal *journal, struct zs_slice text)
{
	struct zs_record record;

	while (text.n > 0) {
		const uint8_t *lf = memchr(text.p, '\n', text.n);
		size_t n = lf != NULL ? (size_t)(lf - text.p) : 0;

		if (lf == NULL)
			break;
		if (!zs_record_read(zs_slice_of(text.p, n), &record))
			journal->damaged++;
		else if (!replay(journal, &record))
			return false;
		journal->end += (off_t)n + 1;
		text = zs_slice_of(text.p + n + 1, text.n - n - 1);
	}
	return true;
}

static int read_text(int fd, struct zs_buf *text, struct zs_err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return zs_err_sys(err, ZS_E_STORAGE, errno, "journal");
	if (!S_ISREG(st.st_mode) || st.st_size > MAX_FILE)
		ZS_FAIL(err, ZS_E_STORAGE, "the journal is not a plain file of at most %d octets", MAX_FILE);
	return zs_fs_read_fd(fd, text, err);
}

static struct zs_journal *new_journal(const char *name, struct zs_err *err)
{
	struct zs_journal *journal = calloc(1, sizeof(*journal));

	if (journal == NULL) {
		(void)zs_err_set(err, ZS_E_NOMEM, "out of memory for a journal");
		return NULL;
	}
	journal->fd = -1;
	(void)zs_slice_copy(zs_slice_str(name), journal->name, sizeof(journal->name));
	return journal;
}

/* Reads a whole file; *ret_text (may be NULL) gets the octets. */
static struct zs_journal *load(int fd, const char *name, struct zs_buf *ret_text, struct zs_err *err)
{
	struct zs_buf text = ZS_BUF(MAX_FILE);
	struct zs_journal *journal = new_journal(name, err);

	if (journal == NULL)
		return NULL;
	if (read_text(fd, &text, err) != 0) {
		free_journal(journal);
		journal = NULL;
	} else if (!replay_all(journal, zs_buf_slice(&text))) {
		(void)zs_err_set(err, ZS_E_NOMEM, "journal %s: too many entries, or out of memory", name);
		free_journal(journal);
		journal = NULL;
	}
	if (journal != NULL && ret_text != NULL && journal->damaged > 0)
		zs_buf_add_slice(ret_text, zs_buf_slice(&text));
	zs_buf_done(&text);
	return journal;
}

/* ---- appending ----------------------------------------------------------------------- */

static bool write_at(int fd, struct zs_slice data, off_t at)
{
	while (data.n > 0) {
		ssize_t n = pwrite(fd, data.p, data.n, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data = zs_slice_of(data.p + n, data.n - (size_t)n);
		at += n;
	}
	return true;
}

/* Appends whole lines, or leaves the file as it was. */
static int append(struct zs_journal *journal, struct zs_slice lines, bool sync, struct zs_err *err)
{
	int saved;

	if (journal->broken)
		ZS_FAIL(err, ZS_E_STORAGE, "the journal cannot be written since an earlier failure");
	if (write_at(journal->fd, lines, journal->end) && (!sync || fsync(journal->fd) == 0)) {
		journal->end += (off_t)lines.n;
		return 0;
	}
	saved = errno;
	journal->broken = ftruncate(journal->fd, journal->end) != 0;
	return zs_err_sys(err, ZS_E_STORAGE, saved, "write the journal");
}

static int append_buf(struct zs_journal *journal, struct zs_buf *lines, bool sync, struct zs_err *err)
{
	int rc = lines->failed ? zs_err_set(err, ZS_E_NOMEM, "no room for journal records")
			       : append(journal, zs_buf_slice(lines), sync, err);

	zs_buf_done(lines);
	return rc;
}

static bool is_named(int dir, const struct zs_journal *journal)
{
	struct stat ours, named;

	return fstat(journal->fd, &ours) == 0 && fstatat(dir, journal->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* Between creation and lock another run may adopt the empty file; then the next name is tried. */
static bool create_file(int dir, struct zs_journal *journal)
{
	if (getrandom(&journal->run, sizeof(journal->run), 0) != sizeof(journal->run) || journal->run == 0)
		return false;
	(void)snprintf(journal->name, sizeof(journal->name), "%08" PRIx32 "%s", journal->run, suffix);
	journal->fd = openat(dir, journal->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (journal->fd < 0)
		return false;
	if (fchmod(journal->fd, 0600) == 0 && flock(journal->fd, LOCK_EX | LOCK_NB) == 0 && is_named(dir, journal))
		return true;
	zs_state_close(&journal->fd);
	return false;
}

static int start_own(struct zs_journals *journals, struct zs_err *err)
{
	struct zs_buf header = ZS_BUF(ZS_MAX_RECORD);
	int dir = open_dir(journals, true, err), rc;
	struct zs_journal *journal = dir >= 0 ? new_journal("", err) : NULL;
	unsigned tries = 0;

	if (dir < 0)
		return dir;
	if (journal == NULL)
		return -ZS_E_NOMEM;
	while (!create_file(dir, journal))
		if (++tries >= CREATE_TRIES) {
			free_journal(journal);
			return zs_err_sys(err, ZS_E_STORAGE, errno, "create a journal");
		}
	zs_record_header(&header, journal->run);
	rc = append_buf(journal, &header, true, err);
	if (rc == 0)
		rc = zs_fs_sync_dir(dir, err);
	if (rc != 0) {
		(void)unlinkat(dir, journal->name, 0);
		free_journal(journal);
		return rc;
	}
	journals->own = journal;
	return 0;
}

int zs_journal_add(struct zs_journals *journals, struct zs_journal_entry *entries, size_t n, struct zs_err *err)
{
	struct zs_buf lines = ZS_BUF(ZS_MAX_MESSAGE * 4);
	struct zs_journal *own;
	size_t before;
	int rc = journals->own == NULL ? start_own(journals, err) : 0;

	if (rc != 0)
		return rc;
	own = journals->own;
	before = own->open.n;
	for (size_t i = 0; i < n; i++) {
		struct zs_journal_entry *slot = zs_vec_push(&own->open, MAX_ENTRIES);

		entries[i].id = (uint64_t)own->run << 32 | ++own->counter;
		entries[i].added = zs_state_now(journals->state);
		zs_record_add(&lines, &entries[i]);
		zs_record_context(&lines, &entries[i]);
		if (slot != NULL)
			*slot = entries[i];
		else
			lines.failed = true;
	}
	rc = append_buf(own, &lines, true, err);
	if (rc != 0)
		own->open.n = before;
	return rc;
}

/* ---- ends of entries and of files ------------------------------------------------------ */

static struct zs_journal *journal_of(const struct zs_journals *journals, uint64_t id, bool *ret_own)
{
	*ret_own = journals->own != NULL && journals->own->run == (uint32_t)(id >> 32);
	if (*ret_own)
		return journals->own;
	for (size_t i = 0; i < journals->adopted.n; i++)
		if (find_open(journals->adopted.items[i], id) != NULL)
			return journals->adopted.items[i];
	return NULL;
}

bool zs_journal_is_adopted(const struct zs_journals *journals, uint64_t id)
{
	bool own;

	return journal_of(journals, id, &own) != NULL && !own;
}

static void remove_adopted(struct zs_journals *journals, struct zs_journal *journal)
{
	(void)unlinkat(journals->dir, journal->name, 0);
	for (size_t i = 0; i < journals->adopted.n; i++) {
		if (journals->adopted.items[i] != journal)
			continue;
		zs_vec_remove(&journals->adopted, i);
		break;
	}
	free_journal(journal);
}

/* Nothing is open: every line but the header may go. Ids go on counting. */
static void shrink_own(struct zs_journal *own)
{
	struct zs_buf header = ZS_BUF(ZS_MAX_RECORD);

	if (own->end < SHRINK_AT || own->broken || ftruncate(own->fd, 0) != 0)
		return;
	own->end = 0;
	zs_record_header(&header, own->run);
	(void)append_buf(own, &header, false, NULL);
}

int zs_journal_ticket(struct zs_journals *journals, uint64_t id, struct zs_slice ticket, struct zs_err *err)
{
	struct zs_buf line = ZS_BUF(ZS_MAX_RECORD);
	bool own;
	struct zs_journal *journal = journal_of(journals, id, &own);
	struct zs_journal_entry *entry = journal != NULL ? find_open(journal, id) : NULL;
	int rc;

	if (entry == NULL)
		ZS_FAIL(err, ZS_E_BUG, "journal entry %" PRIu64 " is not known", id);
	if (ticket.n > ZS_MAX_TICKET)
		ZS_FAIL(err, ZS_E_PLUGIN, "the ticket is longer than %d octets", ZS_MAX_TICKET);
	zs_record_ticket(&line, id, ticket);
	rc = append_buf(journal, &line, true, err);
	if (rc == 0)
		set_ticket(entry, ticket);
	return rc;
}

int zs_journal_finish(struct zs_journals *journals, uint64_t id, struct zs_err *err)
{
	struct zs_buf line = ZS_BUF(ZS_MAX_RECORD);
	bool own;
	struct zs_journal *journal = journal_of(journals, id, &own);
	struct zs_journal_entry *entry = journal != NULL ? find_open(journal, id) : NULL;
	int rc;

	/* Done twice in our own run is harmless: a reply may have been lost. */
	if (entry == NULL && own && (uint32_t)id > 0 && (uint32_t)id <= journal->counter)
		return 0;
	if (entry == NULL)
		ZS_FAIL(err, ZS_E_BUG, "journal entry %" PRIu64 " is not known", id);
	/* Not synced: should the line be lost, a removal is only repeated. */
	zs_record_done(&line, id);
	rc = append_buf(journal, &line, false, err);
	if (rc != 0)
		return rc;
	remove_open(journal, entry);
	if (journal->open.n > 0)
		return 0;
	if (own)
		shrink_own(journal);
	else
		remove_adopted(journals, journal);
	return 0;
}

void zs_journals_done(struct zs_journals *journals)
{
	if (journals->own != NULL && journals->own->open.n == 0)
		(void)unlinkat(journals->dir, journals->own->name, 0);
	free_journal(journals->own);
	journals->own = NULL;
	for (size_t i = 0; i < journals->adopted.n; i++)
		free_journal(journals->adopted.items[i]);
	zs_vec_done(&journals->adopted);
	zs_state_close(&journals->dir);
}

/* ---- adoption -------------------------------------------------------------------------- */

static bool is_journal_name(const char *name)
{
	struct zs_slice s = zs_slice_str(name);

	return s.n > sizeof(suffix) - 1 && s.n < NAME && s.p[0] != '.' && zs_slice_ends(s, suffix);
}

/* A locked descriptor, or -1 when the owner lives or the file is gone. A look by
 * another process holds the lock for a moment, hence the second try. */
static int lock_dead(int dir, const char *name)
{
	static const struct timespec pause = { .tv_nsec = 2000000L };
	int fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct zs_journal probe = { .fd = fd };

	if (fd < 0)
		return -1;
	(void)zs_slice_copy(zs_slice_str(name), probe.name, sizeof(probe.name));
	for (unsigned i = 0; i < ADOPT_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_named(dir, &probe))
			return fd;
		if (errno != EWOULDBLOCK)
			break;
		(void)nanosleep(&pause, NULL);
	}
	zs_state_close(&fd);
	return -1;
}

/* Cuts a torn tail off and records damage, so that appending starts on a clean line. */
static int repair(struct zs_journals *journals, struct zs_journal *journal, struct zs_slice text, struct zs_err *err)
{
	struct zs_buf mark = ZS_BUF(ZS_MAX_RECORD);
	char label[64];
	int rc;

	if (ftruncate(journal->fd, journal->end) != 0)
		return zs_err_sys(err, ZS_E_STORAGE, errno, "repair journal %s", journal->name);
	if (journal->damaged == 0)
		return 0;
	(void)snprintf(label, sizeof(label), "journal.%s", journal->name);
	rc = zs_state_quarantine_copy(journals->state, text, label, err);
	if (rc != 0)
		return rc;
	zs_record_mark(&mark, (uint64_t)journal->end);
	return append_buf(journal, &mark, true, err);
}

static int keep_adopted(struct zs_journals *journals, struct zs_journal *journal, struct zs_err *err)
{
	struct zs_journal **slot = zs_vec_push(&journals->adopted, MAX_ENTRIES);

	if (slot == NULL)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory for journals");
	*slot = journal;
	return 0;
}

/* Takes fd. A file that cannot even be read goes to quarantine as a whole. */
static int adopt_locked(struct zs_journals *journals, int fd, const char *name, struct zs_err *err)
{
	struct zs_buf text = ZS_BUF(MAX_FILE);
	struct zs_journal *journal = load(fd, name, &text, err);
	int rc = 0;

	if (journal == NULL) {
		zs_state_close(&fd);
		zs_warn("", "journal %s is left alone: %s", name, err->text);
		return 0;
	}
	journal->fd = fd;
	rc = repair(journals, journal, zs_buf_slice(&text), err);
	zs_buf_done(&text);
	if (rc != 0)
		zs_warn("", "journal %s: %s", name, err->text);
	if (journal->open.n > 0) {
		rc = keep_adopted(journals, journal, err);
		if (rc != 0)
			free_journal(journal);
		return rc;
	}
	if (rc == 0)
		(void)unlinkat(journals->dir, name, 0);
	free_journal(journal);
	return 0;
}

struct adoption {
	struct zs_journals *journals;
	struct zs_err *err;
	int rc;
};

static bool adopt_one(const char *name, void *user)
{
	struct adoption *adoption = user;
	int fd = is_journal_name(name) ? lock_dead(adoption->journals->dir, name) : -1;

	if (fd >= 0)
		adoption->rc = adopt_locked(adoption->journals, fd, name, adoption->err);
	return adoption->rc == 0;
}

int zs_journals_adopt(struct zs_journals *journals, struct zs_err *err)
{
	struct zs_err local;
	struct adoption adoption = { .journals = journals, .err = err != NULL ? err : &local };
	int rc, dir = open_dir(journals, false, adoption.err);

	if (dir < 0)
		return errno == ENOENT ? 0 : dir;
	rc = zs_fs_list(dir, adopt_one, &adoption, adoption.err);
	return rc != 0 ? rc : adoption.rc;
}

/* ---- listing ---------------------------------------------------------------------------- */

static bool each_open(const struct zs_journal *journal, bool live, zs_journal_each *each, void *user)
{
	for (size_t i = 0; i < journal->open.n; i++) {
		struct zs_journal_entry entry = journal->open.items[i];

		entry.live = live;
		if (!each(&entry, user))
			return false;
	}
	return true;
}

void zs_journals_adopted(const struct zs_journals *journals, zs_journal_each *each, void *user)
{
	for (size_t i = 0; i < journals->adopted.n; i++)
		if (!each_open(journals->adopted.items[i], false, each, user))
			return;
}

static const struct zs_journal *held(const struct zs_journals *journals, const char *name, bool *ret_own)
{
	*ret_own = journals->own != NULL && strcmp(journals->own->name, name) == 0;
	if (*ret_own)
		return journals->own;
	for (size_t i = 0; i < journals->adopted.n; i++)
		if (strcmp(journals->adopted.items[i]->name, name) == 0)
			return journals->adopted.items[i];
	return NULL;
}

struct listing {
	struct zs_journals *journals;
	zs_journal_each *each;
	void *user;
};

static bool list_foreign(struct listing *listing, const char *name)
{
	int fd = openat(listing->journals->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct zs_journal *journal = fd >= 0 ? load(fd, name, NULL, NULL) : NULL;
	bool go_on = true;

	zs_state_close(&fd);
	if (journal != NULL)
		go_on = each_open(journal, zs_state_is_locked(listing->journals->dir, name), listing->each, listing->user);
	free_journal(journal);
	return go_on;
}

static bool list_one(const char *name, void *user)
{
	struct listing *listing = user;
	const struct zs_journal *journal;
	bool own;

	if (!is_journal_name(name))
		return true;
	journal = held(listing->journals, name, &own);
	if (journal != NULL)
		return each_open(journal, own, listing->each, listing->user);
	return list_foreign(listing, name);
}

int zs_journals_all(struct zs_journals *journals, zs_journal_each *each, void *user, struct zs_err *err)
{
	struct listing listing = { .journals = journals, .each = each, .user = user };
	int dir = open_dir(journals, false, err);

	if (dir < 0)
		return errno == ENOENT ? 0 : dir;
	return zs_fs_list(dir, list_one, &listing, err);
}
