/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that the provider exec runs, those that misbehave among them.  No sandbox
 * here: the scenario tests have that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zoneseal/time.h>

#include "providers/exec/run.h"

/* ---- a host ---- */

static int64_t deadline; /* monotonic ms */
static const char *cancel_file; /* cancelled when it is there; NULL = never */
static char failed[2048];

static int64_t left_ms(const struct zsp_host *host)
{
	int64_t left = deadline - zsp_time_monotonic();

	(void)host;
	return left > 0 ? left : 0;
}

static int32_t cancelled(const struct zsp_host *host)
{
	return !left_ms(host) || (cancel_file && access(cancel_file, F_OK) == 0);
}

static int32_t note_failure(const struct zsp_host *host, int32_t error_class, int64_t retry_after_ms, const char *text, size_t n)
{
	(void)host;
	(void)retry_after_ms;
	snprintf(failed, sizeof(failed), "%.*s", (int)n, text);
	return error_class;
}

static const struct zsp_host host = {
	.head = ZSP_HEAD(struct zsp_host, 0),
	.deadline_left_ms = left_ms,
	.cancelled = cancelled,
	.fail = note_failure,
};

/* ---- running sh ---- */

enum { SMALL = 1000 };

static struct zsp_text out = ZSP_TEXT(SMALL), err = ZSP_TEXT(SMALL);
static char directory[] = "/tmp/zs-exec-run-XXXXXX";

static void run_argv(char *const *argv, const char *input, int64_t timeout_ms, int32_t strict, struct run_result *ret)
{
	char *const envp[] = { (char *)(uintptr_t) "PATH=/usr/bin:/bin", NULL };
	const struct run run = {
		.host = &host,
		.argv = argv,
		.envp = envp,
		.directory = directory,
		.input = input ? zsp_strz(input) : (struct zsp_str){ NULL, 0 },
		.timeout_ms = timeout_ms,
		.strict_output = strict,
		.out = &out,
		.err = &err,
	};

	zsp_text_clear(&out);
	zsp_text_clear(&err);
	deadline = zsp_time_monotonic() + 60000;
	run_program(&run, ret);
	/* nothing of it is left to be waited for */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void run_script(const char *script, const char *input, int64_t timeout_ms, struct run_result *ret)
{
	char *const argv[] = { (char *)(uintptr_t) "/bin/sh", (char *)(uintptr_t) "-c", (char *)(uintptr_t)script, NULL };

	run_argv(argv, input, timeout_ms, 0, ret);
}

static void check_words(const struct run_result *result, const char *wanted)
{
	struct zsp_text text = ZSP_TEXT(500);

	run_explain(result, &text);
	if (!strstr(zsp_text_str(&text).p, wanted))
		fail_msg("\"%s\" does not say \"%s\"", zsp_text_str(&text).p, wanted);
	zsp_text_done(&text);
}

/* The pid that a script wrote to a file. */
static pid_t read_pid(const char *file)
{
	char path[128];
	pid_t pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &pid), 1);
	fclose(f);
	assert_true(pid > 1);
	return pid;
}

/* The process whose pid a script wrote to a file is gone, or a zombie of somebody else. */
static void check_gone(const char *file)
{
	char path[128], text[64] = "", state = 0;
	pid_t pid = read_pid(file);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	unlink(path);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (int i = 0; i < 2000; i++) {
		f = fopen(path, "r");
		if (!f)
			return;
		if (fgets(text, sizeof(text), f) && strrchr(text, ')'))
			state = strrchr(text, ')')[2];
		fclose(f);
		if (state == 'Z' || state == 'X')
			return;
		usleep(5000);
	}
	fail_msg("process %d goes on (%c)", (int)pid, state);
}

/* Ends a process of which the script that made it has written the pid to a file. */
static void end_process(const char *file)
{
	assert_int_equal(kill(read_pid(file), SIGKILL), 0);
	check_gone(file);
}

/* ---- tests ---- */

static void test_output_and_status(void **state)
{
	struct run_result result;

	(void)state;
	run_script("echo one; echo two >&2; pwd; exit 3", NULL, 60000, &result);
	assert_int_equal(result.end, RUN_EXITED);
	assert_int_equal(result.number, 3);
	assert_int_equal(result.dropped, 0);
	assert_int_equal(strncmp(zsp_text_str(&out).p, "one\n", 4), 0);
	assert_non_null(strstr(zsp_text_str(&out).p, directory));
	assert_string_equal(zsp_text_str(&err).p, "two\n");
	check_words(&result, "exit status 3");
}

static void test_arguments_are_exact(void **state)
{
	char *const argv[] = {
		(char *)(uintptr_t) "/usr/bin/printf",
		(char *)(uintptr_t) "[%s]",
		(char *)(uintptr_t) "-x y",
		(char *)(uintptr_t) "",
		(char *)(uintptr_t) "$(id)",
		(char *)(uintptr_t) "'\"\\",
		(char *)(uintptr_t) "a;b|c&",
		NULL,
	};
	struct run_result result;

	(void)state;
	run_argv(argv, NULL, 60000, 0, &result);
	assert_int_equal(result.number, 0);
	assert_string_equal(zsp_text_str(&out).p, "[-x y][][$(id)]['\"\\][a;b|c&]");
}

static void test_environment_descriptors_and_signals(void **state)
{
	static const char expected[] = "PATH=/usr/bin:/bin\n0 1 2 3 SigIgn:\t";
	struct run_result result;

	(void)state;
	run_script("env | grep -v '^_=\\|^PWD=\\|^SHLVL=\\|^OLDPWD='; ls /proc/self/fd | tr '\\n' ' '; grep SigIgn /proc/self/status", NULL,
		60000, &result);
	assert_int_equal(result.number, 0);
	const char *ignored = zsp_text_str(&out).p + strlen(expected);
	assert_int_equal(strncmp(zsp_text_str(&out).p, expected, strlen(expected)), 0);
	/* 32 and 33 are the C library's own: make(1) starts tests with them ignored */
	assert_int_equal(strtoull(ignored, NULL, 16) & ~0x180000000ull, 0);
}

static void test_input_reaches_it_whole(void **state)
{
	static char input[300 * 1000 + 1];
	struct run_result result;

	(void)state;
	memset(input, 'x', sizeof(input) - 1);
	run_script("wc -c", input, 60000, &result);
	assert_int_equal(result.number, 0);
	assert_int_equal(strncmp(zsp_text_str(&out).p, "300000", 6), 0);
	/* one that reads nothing, and one that closes its input first */
	run_script("exit 0", input, 60000, &result);
	assert_int_equal(result.end, RUN_EXITED);
	run_script("exec <&-; sleep 0.1; exit 4", input, 60000, &result);
	assert_int_equal(result.number, 4);
	/* without input there is an end of file at once */
	run_script("cat; echo end", NULL, 60000, &result);
	assert_string_equal(zsp_text_str(&out).p, "end\n");
}

static void test_flood_is_cut(void **state)
{
	char *const argv[] = { (char *)(uintptr_t) "/bin/sh", (char *)(uintptr_t) "-c", (char *)(uintptr_t) "yes", NULL };
	struct run_result result;

	(void)state;
	run_script("head -c 500000 /dev/zero | tr '\\0' y; head -c 500000 /dev/zero >&2", NULL, 60000, &result);
	assert_int_equal(result.end, RUN_EXITED);
	assert_int_equal(out.n, SMALL);
	assert_int_equal(err.n, SMALL);
	assert_int_equal(result.dropped, 1000000 - 2 * SMALL);
	run_argv(argv, "", 60000, 1, &result);
	assert_int_equal(result.end, RUN_FLOOD);
	check_words(&result, "more than a reply may have");
}

/* On a busy machine even a shell may need its time to begin. */
static void run_until_timeout(const char *script, const char *began, struct run_result *ret)
{
	for (int64_t ms = 300; ms < 60000; ms *= 4) {
		run_script(script, NULL, ms, ret);
		assert_int_equal(ret->end, RUN_TIMEOUT);
		if (!strncmp(zsp_text_str(&out).p, began, strlen(began)))
			return;
	}
	fail_msg("the script did not begin");
}

static void test_time_out_kills_all(void **state)
{
	struct run_result result;

	(void)state;
	run_until_timeout("trap '' TERM; echo $$ > a; (trap '' TERM; sleep 1000) & echo $! > b; echo began; wait; sleep 1000", "began\n",
		&result);
	check_words(&result, "in time");
	check_gone("a");
	check_gone("b");
}

static void test_time_out_lets_it_clean_up(void **state)
{
	struct run_result result;

	(void)state;
	run_until_timeout("trap 'echo cleaned; exit 0' TERM; echo began; while :; do sleep 0.05; done", "began\n", &result);
	assert_string_equal(zsp_text_str(&out).p, "began\ncleaned\n");
}

static void test_cancel_kills(void **state)
{
	struct run_result result;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/cancel", directory);
	cancel_file = path;
	run_script("echo $$ > a; : > cancel; sleep 1000", NULL, 60000, &result);
	cancel_file = NULL;
	unlink(path);
	assert_int_equal(result.end, RUN_CANCELLED);
	check_gone("a");
}

static void test_background_job_does_not_hold_us(void **state)
{
	struct run_result result;

	(void)state;
	run_script("sleep 1000 & echo $! > a; echo done", NULL, 60000, &result);
	assert_int_equal(result.end, RUN_EXITED);
	assert_string_equal(zsp_text_str(&out).p, "done\n");
	check_gone("a");
}

/* Writers of which no kill of the group knows.  Whether one of them is at work just when the pipe is
 * read for the last time is chance; that this ends is not. */
static void test_job_out_of_reach_that_writes_for_ever_does_not_hold_us(void **state)
{
	struct run_result result = { .end = RUN_EXITED };

	(void)state;
	(void)alarm(120);
	for (int i = 0; i < 50 && result.end != RUN_LEFT; i++) {
		run_script("for i in 1 2 3 4; do setsid -f yes >&2; done; sleep 0.1; echo done", NULL, 60000, &result);
		assert_true(result.end == RUN_LEFT || result.end == RUN_EXITED);
		assert_string_equal(zsp_text_str(&out).p, "done\n");
		assert_true(result.dropped > 0);
	}
	(void)alarm(0);
	assert_int_equal(result.end, RUN_LEFT);
	check_words(&result, "goes on writing");
}

/* One that holds the pipe and is silent does no harm: it may be a daemon. */
static void test_job_out_of_reach_that_is_silent_is_no_failure(void **state)
{
	struct run_result result;

	(void)state;
	run_script("setsid -f sh -c 'echo $$ > a; exec sleep 1000' >&2; until test -s a; do sleep 0.01; done; head -c 60000 /dev/zero >&2", NULL,
		60000, &result);
	assert_int_equal(result.end, RUN_EXITED);
	assert_int_equal(result.number, 0);
	assert_int_equal(result.dropped, 60000 - SMALL);
	end_process("a");
}

static void test_death_of_ours_ends_the_program(void **state)
{
	struct run_result result;
	char path[128];
	pid_t pid;

	(void)state;
	snprintf(path, sizeof(path), "%s/b", directory);
	pid = fork();
	if (pid == 0) {
		run_script("echo $$ > a; sleep 1000 & echo $! > b; wait", NULL, 60000, &result);
		_exit(1);
	}
	for (int i = 0; i < 2000; i++) {
		struct stat st;

		if (stat(path, &st) == 0 && st.st_size > 0)
			break;
		usleep(5000);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	check_gone("a");
	check_gone("b");
}

static void test_death_by_signal(void **state)
{
	struct run_result result;

	(void)state;
	run_script("kill -SEGV $$", NULL, 60000, &result);
	assert_int_equal(result.end, RUN_KILLED);
	assert_int_equal(result.number, SIGSEGV);
	check_words(&result, "signal 11");
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_what_cannot_start(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		int32_t number;
		const char *words;
	} rows[] = {
		{ "#!/no/such/interpreter\n", 0755, ENOENT, "interpreter" },
		{ "#!/bin/sh\n", 0644, EACCES, "may not be executed" },
		{ "neither\n", 0755, ENOEXEC, "#!" },
	};
	struct run_result result;
	char path[128];
	char *const argv[] = { path, NULL };

	(void)state;
	snprintf(path, sizeof(path), "%s/program", directory);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_file(path, rows[i].text, rows[i].mode);
		run_argv(argv, NULL, 60000, 0, &result);
		assert_int_equal(result.end, RUN_NO_START);
		assert_int_equal(result.number, rows[i].number);
		check_words(&result, rows[i].words);
		unlink(path);
	}
	run_argv(argv, NULL, 60000, 0, &result);
	assert_int_equal(result.end, RUN_NO_START);
	assert_int_equal(result.number, ENOENT);
}

static void test_shell_status_is_explained(void **state)
{
	struct run_result result;

	(void)state;
	run_script("no-such-command-here", NULL, 60000, &result);
	assert_int_equal(result.number, 127);
	check_words(&result, "not found");
	run_script("exit 126", NULL, 60000, &result);
	check_words(&result, "may not be executed");
}

static void refuse(const char *path, const char *words)
{
	failed[0] = 0;
	assert_int_equal(run_check_file(&host, "program", path), ZSP_CONFIG);
	if (!strstr(failed, words))
		fail_msg("\"%s\" does not say \"%s\"", failed, words);
}

static void test_files_that_may_be_run(void **state)
{
	char path[128], link[128], dir[128], inside[160];

	(void)state;
	snprintf(path, sizeof(path), "%s/program", directory);
	snprintf(link, sizeof(link), "%s/link", directory);
	snprintf(dir, sizeof(dir), "%s/dir", directory);
	snprintf(inside, sizeof(inside), "%s/program", dir);
	assert_int_equal(run_check_file(&host, "program", "/bin/sh"), ZSP_OK);
	refuse(path, "No such file");
	write_file(path, "#!/bin/sh\n", 0755);
	assert_int_equal(run_check_file(&host, "program", path), ZSP_OK);
	assert_int_equal(symlink("program", link), 0);
	assert_int_equal(run_check_file(&host, "program", link), ZSP_OK);
	assert_int_equal(chmod(path, 0775), 0);
	refuse(path, "chmod go-w");
	refuse(link, "chmod go-w");
	assert_int_equal(chmod(path, 0644), 0);
	refuse(path, "chmod a+rx");
	refuse(directory, "no regular file");
	assert_int_equal(mkdir(dir, 0755), 0);
	write_file(inside, "#!/bin/sh\n", 0755);
	assert_int_equal(run_check_file(&host, "program", inside), ZSP_OK);
	assert_int_equal(chmod(dir, 0777), 0);
	refuse(inside, "others can write");
	assert_int_equal(chmod(dir, 01777), 0);
	assert_int_equal(run_check_file(&host, "program", inside), ZSP_OK);
	if (geteuid() == 0) {
		assert_int_equal(chown(inside, 12345, 0), 0);
		refuse(inside, "belongs neither");
	}
	unlink(inside);
	rmdir(dir);
	unlink(link);
	unlink(path);
}

static int begin(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	zsp_text_done(&out);
	zsp_text_done(&err);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_and_status),
		cmocka_unit_test(test_arguments_are_exact),
		cmocka_unit_test(test_environment_descriptors_and_signals),
		cmocka_unit_test(test_input_reaches_it_whole),
		cmocka_unit_test(test_flood_is_cut),
		cmocka_unit_test(test_time_out_kills_all),
		cmocka_unit_test(test_time_out_lets_it_clean_up),
		cmocka_unit_test(test_cancel_kills),
		cmocka_unit_test(test_background_job_does_not_hold_us),
		cmocka_unit_test(test_job_out_of_reach_that_writes_for_ever_does_not_hold_us),
		cmocka_unit_test(test_job_out_of_reach_that_is_silent_is_no_failure),
		cmocka_unit_test(test_death_of_ours_ends_the_program),
		cmocka_unit_test(test_death_by_signal),
		cmocka_unit_test(test_what_cannot_start),
		cmocka_unit_test(test_shell_status_is_explained),
		cmocka_unit_test(test_files_that_may_be_run),
	};

	signal(SIGPIPE, SIG_IGN); /* as in a host */
	return cmocka_run_group_tests(tests, begin, end);
}
