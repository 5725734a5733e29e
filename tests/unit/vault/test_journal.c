/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal against kills and damage: a file cut at every octet, a flipped
 * bit at every octet, several runs side by side, and a long-lived run.
 */
#include "vault/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drive.h"
#include "vault/journal_record.h"

#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define THUMBPRINT "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"

static void set_context(struct zs_journal_entry *e, const char *identifier, const char *token, const char *key_authorization)
{
	memset(&e->identifier, 0, sizeof(e->identifier));
	assert_true(!*identifier || zs_name_parse(zs_slice_str(identifier), ZS_NAME_OWNER, &e->identifier, NULL));
	(void)snprintf(e->token, sizeof(e->token), "%s", token);
	(void)snprintf(e->key_authorization, sizeof(e->key_authorization), "%s", key_authorization);
}

static struct zs_journal_entry entry_of(const char *value)
{
	struct zs_journal_entry e = { .job = 1, .certificate = "www", .instance = "corp-bind", .provider = "rfc2136" };

	assert_true(zs_name_parse(zs_slice_str("example.test"), ZS_NAME_ANY, &e.zone, NULL));
	assert_true(zs_name_parse(zs_slice_str("_acme-challenge.example.test"), ZS_NAME_ANY, &e.name, NULL));
	memcpy(e.value, value, strlen(value));
	e.value_len = strlen(value);
	set_context(&e, "example.test", TOKEN, TOKEN "." THUMBPRINT);
	return e;
}

/* ---- a state directory for each test ------------------------------------------------------- */

struct place {
	char *dir;
	struct zs_state state;
	struct zs_journals journals;
};

static struct place open_place(char *dir)
{
	struct place p = { .dir = dir };

	assert_int_equal(zs_state_open(&p.state, dir, NULL), 0);
	return p;
}

static void close_place(struct place *p)
{
	zs_journals_done(&p->journals);
	zs_state_done(&p->state);
}

static void start(struct place *p)
{
	zs_journals_init(&p->journals, &p->state);
}

static unsigned count_files(const char *dir, const char *sub)
{
	char path[4096];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, sub);
	d = opendir(path);
	if (d == NULL)
		return 0;
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

/* The only journal file of a directory. */
static void journal_path(const char *dir, char *dst, size_t size)
{
	char path[4096];
	struct dirent *e;
	DIR *d;

	*dst = '\0';
	(void)snprintf(path, sizeof(path), "%s/journal", dir);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			(void)snprintf(dst, size, "%s/journal/%s", dir, e->d_name);
	(void)closedir(d);
	assert_true(*dst != '\0');
}

static size_t read_file(const char *path, char *dst, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(dst, 1, size, f);
	(void)fclose(f);
	return n;
}

static void write_file(const char *path, const char *data, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	(void)fclose(f);
}

struct seen {
	struct zs_journal_entry entries[64];
	size_t n;
};

static bool see(const struct zs_journal_entry *entry, void *user)
{
	struct seen *seen = user;

	assert_true(seen->n < ZS_COUNT(seen->entries));
	seen->entries[seen->n++] = *entry;
	return true;
}

static struct seen adopted(struct place *p)
{
	struct seen seen = { .n = 0 };

	assert_int_equal(zs_journals_adopt(&p->journals, NULL), 0);
	zs_journals_adopted(&p->journals, see, &seen);
	return seen;
}

/* A run in a process of its own that is killed after it wrote. */
static void killed_run(const char *dir, void (*work)(struct place *p))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct place p = open_place(strdup(dir));

		start(&p);
		work(&p);
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void three_entries(struct place *p)
{
	struct zs_journal_entry e[3] = { entry_of("one"), entry_of("two"), entry_of("three") };

	if (zs_journal_add(&p->journals, e, 3, NULL) != 0 ||
	    zs_journal_ticket(&p->journals, e[1].id, zs_slice_str("tick et"), NULL) != 0 ||
	    zs_journal_finish(&p->journals, e[0].id, NULL) != 0)
		_exit(1);
}

/* What whole lines say: entries and the ends of them. */
static size_t open_in(const char *text, size_t n)
{
	size_t open = 0, from = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] != '\n')
			continue;
		open += text[from] == 'A';
		open -= text[from] == 'D';
		from = i + 1;
	}
	return open;
}

/* ---- tests -------------------------------------------------------------------------------------- */

static void test_adopt_when_cut_at_every_octet_expect_whole_lines_only(void **state)
{
	char *dir = drive_tmp(), path[4096], text[8192];
	size_t n;

	(void)state;
	killed_run(dir, three_entries);
	journal_path(dir, path, sizeof(path));
	n = read_file(path, text, sizeof(text));
	assert_true(n > 200);
	for (size_t cut = 0; cut <= n; cut++) {
		struct place p = open_place(dir);
		struct seen seen;

		write_file(path, text, cut);
		start(&p);
		seen = adopted(&p);
		assert_int_equal(seen.n, open_in(text, cut));
		assert_int_equal(access(path, F_OK) == 0, seen.n > 0);	/* nothing open: gone */
		for (size_t i = 0; i < seen.n; i++) {
			assert_string_equal(seen.entries[i].certificate, "www");
			assert_int_equal(zs_journal_finish(&p.journals, seen.entries[i].id, NULL), 0);
		}
		assert_int_equal(count_files(dir, "journal"), 0);
		assert_int_equal(count_files(dir, "quarantine"), 0);	/* a torn tail is normal */
		close_place(&p);
	}
	drive_remove(dir);
	free(dir);
}

static void test_adopt_when_cut_and_killed_again_expect_appended_on_clean_line(void **state)
{
	char *dir = drive_tmp(), path[4096], text[8192];
	size_t n;

	(void)state;
	killed_run(dir, three_entries);
	journal_path(dir, path, sizeof(path));
	n = read_file(path, text, sizeof(text));
	for (size_t cut = n - 100; cut < n; cut += 7) {
		struct place p = open_place(dir), q = open_place(dir);
		struct seen first, second;

		write_file(path, text, cut);
		start(&p);
		first = adopted(&p);
		assert_int_equal(zs_journal_finish(&p.journals, first.entries[0].id, NULL), 0);
		close_place(&p);		/* ends with an entry left */
		start(&q);
		second = adopted(&q);
		assert_int_equal(second.n, first.n - 1);
		assert_int_equal(second.entries[0].id, first.entries[1].id);
		close_place(&q);
	}
	drive_remove(dir);
	free(dir);
}

static void test_adopt_when_any_octet_is_flipped_expect_rest_kept(void **state)
{
	char *dir = drive_tmp(), path[4096], text[8192], bad[8192];
	size_t n;

	(void)state;
	killed_run(dir, three_entries);
	journal_path(dir, path, sizeof(path));
	n = read_file(path, text, sizeof(text));
	for (size_t at = 0; at < n; at++) {
		struct place p = open_place(dir);
		struct seen seen;

		memcpy(bad, text, n);
		bad[at] ^= 1;
		write_file(path, bad, n);
		start(&p);
		seen = adopted(&p);
		/* One line is lost, two when the end of one is hit; none is invented. */
		assert_in_range(seen.n, text[at] == '\n' ? 0 : 1, 3);
		if (at < n - 1)
			assert_int_equal(count_files(dir, "quarantine"), 1);
		close_place(&p);
		/* Adopted again, damage is known and not copied again. */
		p = open_place(dir);
		start(&p);
		seen = adopted(&p);
		assert_in_range(count_files(dir, "quarantine"), 0, 1);
		close_place(&p);
		{
			char q[4096];

			(void)snprintf(q, sizeof(q), "%s/quarantine", dir);
			drive_remove(q);
		}
	}
	drive_remove(dir);
	free(dir);
}

static void test_read_when_random_bytes_expect_no_record(void **state)
{
	uint8_t junk[300];
	struct zs_record record;

	(void)state;
	srand(7);
	for (int i = 0; i < 20000; i++) {
		size_t n = (size_t)rand() % sizeof(junk);

		for (size_t k = 0; k < n; k++)
			junk[k] = (uint8_t)rand();
		assert_false(zs_record_read(zs_slice_of(junk, n), &record));
	}
}

static void test_record_when_any_value_expect_read_back(void **state)
{
	struct zs_journal_entry e = entry_of("x");
	struct zs_buf line = ZS_BUF(ZS_MAX_RECORD);
	struct zs_record record;

	(void)state;
	for (size_t i = 0; i < sizeof(e.value); i++)
		e.value[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(e.ticket); i++)
		e.ticket[i] = (uint8_t)(255 - i);
	for (size_t n = 0; n <= sizeof(e.value); n += 5) {
		e.id = UINT64_MAX - n;
		e.value_len = n;
		e.ticket_len = n;
		e.added = INT64_MAX;
		zs_buf_clear(&line);
		zs_record_add(&line, &e);
		assert_false(line.failed);
		assert_int_equal(line.data[line.len - 1], '\n');
		assert_true(zs_record_read(zs_slice_of(line.data, line.len - 1), &record));
		assert_int_equal(record.kind, 'A');
		assert_int_equal(record.entry.id, e.id);
		assert_int_equal(record.entry.value_len, n);
		assert_memory_equal(record.entry.value, e.value, n);
		assert_memory_equal(record.entry.ticket, e.ticket, n);
		assert_int_equal(record.entry.added, INT64_MAX);
	}
	/* The root as zone. */
	memset(&e.zone, 0, sizeof(e.zone));
	zs_buf_clear(&line);
	zs_record_add(&line, &e);
	assert_true(zs_record_read(zs_slice_of(line.data, line.len - 1), &record));
	assert_int_equal(record.entry.zone.len, 0);
	zs_buf_done(&line);
}

static bool reads_context(const struct zs_journal_entry *e, struct zs_record *ret)
{
	struct zs_buf line = ZS_BUF(ZS_MAX_RECORD);
	bool good;

	zs_record_context(&line, e);
	assert_false(line.failed);
	assert_int_equal(line.data[line.len - 1], '\n');
	good = zs_record_read(zs_slice_of(line.data, line.len - 1), ret);
	zs_buf_done(&line);
	return good;
}

static void test_context_when_any_expect_read_back_or_refused(void **state)
{
	static const struct { const char *token, *key_authorization; } wrong[] = {
		{ "a/b", "a/b." THUMBPRINT }, { TOKEN, "" }, { "", TOKEN "." THUMBPRINT }, { TOKEN, "x" TOKEN "." THUMBPRINT },
		{ TOKEN, TOKEN "." THUMBPRINT "x" }, { TOKEN, TOKEN "." }, { "a b", "a b." THUMBPRINT },
	};
	struct zs_journal_entry e = entry_of("x");
	struct zs_buf nothing = ZS_BUF(ZS_MAX_RECORD);
	struct zs_record record;
	char token[ZS_MAX_TOKEN + 1], text[ZS_MAX_KEY_AUTHORIZATION + 1];

	(void)state;
	e.id = 77;
	for (size_t n = 1; n <= ZS_MAX_TOKEN; n += 5) {
		memset(token, 'k', n);
		token[n] = 0;
		(void)snprintf(text, sizeof(text), "%s.%s", token, THUMBPRINT);
		set_context(&e, "example.test", token, text);
		assert_true(reads_context(&e, &record));
		assert_int_equal(record.kind, 'C');
		assert_int_equal(record.entry.id, 77);
		assert_string_equal(record.entry.identifier.text, "example.test");
		assert_string_equal(record.entry.token, token);
		assert_string_equal(record.entry.key_authorization, text);
	}
	set_context(&e, "example.test", "", "");
	assert_true(reads_context(&e, &record));
	assert_string_equal(record.entry.token, "");
	for (size_t i = 0; i < ZS_COUNT(wrong); i++) {
		set_context(&e, "example.test", wrong[i].token, wrong[i].key_authorization);
		assert_false(reads_context(&e, &record));
	}
	/* nothing known, no line */
	set_context(&e, "", "", "");
	zs_record_context(&nothing, &e);
	assert_int_equal(nothing.len, 0);
	zs_buf_done(&nothing);
}

/* Without the lines that older versions did not write. */
static size_t make_older(const char *text, size_t n, char *dst)
{
	size_t from = 0, len = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] != '\n')
			continue;
		if (text[from] != 'C') {
			memcpy(dst + len, text + from, i + 1 - from);
			len += i + 1 - from;
		}
		from = i + 1;
	}
	return len;
}

static void test_adopt_when_older_version_wrote_it_expect_empty_context(void **state)
{
	char *dir = drive_tmp(), path[4096], text[8192], older[8192];
	size_t n, older_n;
	struct place p;
	struct seen seen;

	(void)state;
	killed_run(dir, three_entries);
	journal_path(dir, path, sizeof(path));
	n = read_file(path, text, sizeof(text));
	older_n = make_older(text, n, older);
	assert_true(older_n < n);
	for (int i = 0; i < 2; i++) {
		write_file(path, i ? older : text, i ? older_n : n);
		p = open_place(dir);
		start(&p);
		seen = adopted(&p);
		assert_int_equal(seen.n, 2);
		for (size_t k = 0; k < seen.n; k++) {
			assert_string_equal(seen.entries[k].identifier.text, i ? "" : "example.test");
			assert_string_equal(seen.entries[k].token, i ? "" : TOKEN);
			assert_string_equal(seen.entries[k].key_authorization, i ? "" : TOKEN "." THUMBPRINT);
			assert_string_equal(seen.entries[k].instance, "corp-bind");
		}
		assert_int_equal(count_files(dir, "quarantine"), 0);
		close_place(&p);
	}
	drive_remove(dir);
	free(dir);
}

static void test_adopt_when_two_processes_at_once_expect_each_entry_once(void **state)
{
	char *dir = drive_tmp();
	int fds[2];

	(void)state;
	for (int round = 0; round < 10; round++) {
		size_t total = 0;
		char c;

		for (int i = 0; i < 4; i++)
			killed_run(dir, three_entries);
		assert_int_equal(pipe(fds), 0);
		for (int i = 0; i < 4; i++) {
			if (fork() == 0) {
				struct place p = open_place(strdup(dir));
				struct seen seen;

				start(&p);
				seen = adopted(&p);
				for (size_t k = 0; k < seen.n; k++)
					if (write(fds[1], "e", 1) != 1)
						_exit(1);
				(void)usleep(100000);
				for (size_t k = 0; k < seen.n; k++)
					if (zs_journal_finish(&p.journals, seen.entries[k].id, NULL) != 0)
						_exit(1);
				_exit(0);
			}
		}
		(void)close(fds[1]);
		while (read(fds[0], &c, 1) == 1)
			total++;
		(void)close(fds[0]);
		while (wait(NULL) > 0)
			;
		assert_int_equal(total, 8);
		assert_int_equal(count_files(dir, "journal"), 0);
	}
	drive_remove(dir);
	free(dir);
}

static void test_add_when_runs_start_while_others_adopt_expect_nothing_lost(void **state)
{
	char *dir = drive_tmp();
	struct place p;
	struct seen seen;
	uint64_t ids[64];

	(void)state;
	/* Creators and adopters at once: a creator must never lose its file. */
	for (int i = 0; i < 8; i++) {
		if (fork() == 0) {
			p = open_place(strdup(dir));
			for (int k = 0; k < 40; k++) {
				struct zs_journal_entry e = entry_of("v");

				start(&p);
				if (i % 2 == 0) {
					if (zs_journal_add(&p.journals, &e, 1, NULL) != 0 || count_files(dir, "journal") == 0 ||
					    zs_journal_finish(&p.journals, e.id, NULL) != 0)
						_exit(1);
				} else if (zs_journals_adopt(&p.journals, NULL) != 0 || p.journals.adopted.n > 0) {
					_exit(2);
				}
				zs_journals_done(&p.journals);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < 8; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	for (int i = 0; i < 6; i++)
		killed_run(dir, three_entries);
	p = open_place(dir);
	start(&p);
	seen = adopted(&p);
	assert_int_equal(seen.n, 12);
	for (size_t i = 0; i < seen.n; i++) {
		ids[i] = seen.entries[i].id;
		for (size_t k = 0; k < i; k++)
			assert_true(ids[k] != ids[i]);
	}
	close_place(&p);
	drive_remove(dir);
	free(dir);
}

static void test_add_when_long_lived_expect_file_stays_small(void **state)
{
	char *dir = drive_tmp(), path[4096];
	struct place p = open_place(dir);
	struct stat st;
	uint64_t before = 0;

	(void)state;
	start(&p);
	for (int i = 0; i < 3000; i++) {
		struct zs_journal_entry e = entry_of("value");

		assert_int_equal(zs_journal_add(&p.journals, &e, 1, NULL), 0);
		assert_true(e.id > before);
		before = e.id;
		assert_int_equal(zs_journal_finish(&p.journals, e.id, NULL), 0);
		assert_int_equal(zs_journal_finish(&p.journals, e.id, NULL), 0);
	}
	assert_int_not_equal(zs_journal_finish(&p.journals, before + 1, NULL), 0);
	assert_int_not_equal(zs_journal_finish(&p.journals, 0, NULL), 0);
	journal_path(dir, path, sizeof(path));
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size < 300 * 1024);
	assert_int_equal(st.st_mode & 07777, 0600);
	close_place(&p);
	assert_int_equal(count_files(dir, "journal"), 0);
	drive_remove(dir);
	free(dir);
}

static void test_all_when_foreign_file_is_odd_expect_skipped(void **state)
{
	char *dir = drive_tmp(), path[4096];
	struct place p = open_place(dir);
	struct seen seen = { .n = 0 };

	(void)state;
	killed_run(dir, three_entries);
	(void)snprintf(path, sizeof(path), "%s/journal/link.journal", dir);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	(void)snprintf(path, sizeof(path), "%s/journal/fifo.journal", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	(void)snprintf(path, sizeof(path), "%s/journal/dir.journal", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	start(&p);
	assert_int_equal(zs_journals_all(&p.journals, see, &seen, NULL), 0);
	assert_int_equal(seen.n, 2);
	assert_false(seen.entries[0].live);
	seen = adopted(&p);
	assert_int_equal(seen.n, 2);
	close_place(&p);
	drive_remove(dir);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adopt_when_cut_at_every_octet_expect_whole_lines_only),
		cmocka_unit_test(test_adopt_when_cut_and_killed_again_expect_appended_on_clean_line),
		cmocka_unit_test(test_adopt_when_any_octet_is_flipped_expect_rest_kept),
		cmocka_unit_test(test_read_when_random_bytes_expect_no_record),
		cmocka_unit_test(test_record_when_any_value_expect_read_back),
		cmocka_unit_test(test_context_when_any_expect_read_back_or_refused),
		cmocka_unit_test(test_adopt_when_older_version_wrote_it_expect_empty_context),
		cmocka_unit_test(test_adopt_when_two_processes_at_once_expect_each_entry_once),
		cmocka_unit_test(test_add_when_runs_start_while_others_adopt_expect_nothing_lost),
		cmocka_unit_test(test_add_when_long_lived_expect_file_stays_small),
		cmocka_unit_test(test_all_when_foreign_file_is_odd_expect_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
