/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real zoneseal-host with plugins that behave and that do not: the error
 * names the cause, the host survives or dies alone, nothing escapes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "host_driver.h"

static const char *const one[] = { "a" };

static bool has(const char *text, const char *what)
{
	return strstr(text, what) != NULL;
}

static void assert_has(const char *text, const char *what)
{
	if (!has(text, what))
		fail_msg("\"%s\" is not in \"%s\"", what, text);
}

static uint64_t now_ms(void)
{
	return zs_clock_system()->mono_ms(zs_clock_system());
}

/* ---- plugins that do not load ------------------------------------------------------- */

struct load_case { const char *plugin; enum zs_code code; const char *text; };

static const struct load_case load_cases[] = {
	{ "bad_magic", ZS_E_PLUGIN, "magic number 0x12345678, wanted 0x3150535a" },
	{ "bad_major", ZS_E_PLUGIN, "built for ABI 7.0, this zoneseal has 1.0" },
	{ "bad_small", ZS_E_PLUGIN, "descriptor of 48 octets" },
	{ "bad_flags", ZS_E_PLUGIN, "flags 0x40000000 are unknown" },
	{ "bad_symbol", ZS_E_PLUGIN, "no symbol zoneseal_provider" },
	{ "bad_null", ZS_E_PLUGIN, "does not want to work with ABI 1.0" },
	{ "bad_no_apply", ZS_E_PLUGIN, "mandatory function apply is NULL" },
	{ "bad_name", ZS_E_PLUGIN, "its name is not" },
	{ "bad_option_twice", ZS_E_PLUGIN, "two options have one name" },
	{ "bad_option_kind", ZS_E_PLUGIN, "option 1: its kind is unknown" },
	{ "bad_option_size", ZS_E_PLUGIN, "more than 64 options" },
	{ "bad_option_default", ZS_E_PLUGIN, "the default of option ttl" },
	{ "bad_undefined", ZS_E_PLUGIN, "undefined symbol: function_that_nobody_has" },
	{ "bad_crash_load", ZS_E_PEER, "" },
	{ "bad_crash_entry", ZS_E_PEER, "" },
	{ "bad_exit_load", ZS_E_PEER, "" },
	{ "bad_hang_load", ZS_E_PEER, "" },
};

static int describe(struct driver *d, uint64_t timeout_ms)
{
	struct zs_msg_empty empty = { 0 };

	return driver_call(d, d->front, ZS_MSG_HOST_DESCRIBE, &empty, -1, timeout_ms, NULL, NULL);
}

static void test_load_of_bad_plugin_names_cause(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(load_cases); i++) {
		const struct load_case *c = &load_cases[i];
		char name[64];
		struct driver d;
		int rc;

		snprintf(name, sizeof(name), "tests/providers/%s", c->plugin);
		driver_start(&d, driver_plugin(name), NULL);
		rc = describe(&d, 1000);
		if (rc != -(int)c->code)
			fail_msg("%s: code %d (%s), wanted %d", c->plugin, -rc, d.err.text, c->code);
		if (!has(d.err.text, c->text))
			fail_msg("%s: %s", c->plugin, d.err.text);
		if (c->code == ZS_E_PLUGIN) {
			assert_has(d.err.text, c->plugin);
			assert_has(d.err.where, c->plugin);
		}
		driver_end(&d);
		/* Status 0 is an orderly end; a plugin that took the process away must not have it. */
		if (c->code == ZS_E_PEER && WIFEXITED(d.status))
			assert_int_not_equal(WEXITSTATUS(d.status), 0);
		zs_buf_done(&d.log);
		zs_buf_done(&d.printed);
	}
}

static void expect_file_error(const char *path, enum zs_code code, const char *text)
{
	struct driver d;
	int rc;

	driver_start(&d, path, NULL);
	rc = describe(&d, 2000);
	if (rc != -(int)code)
		fail_msg("%s: code %d (%s), wanted %d", path, -rc, d.err.text, code);
	assert_has(d.err.text, text);
	driver_end(&d);
	zs_buf_done(&d.log);
	zs_buf_done(&d.printed);
}

static void copy_file(const char *from, const char *to, mode_t mode)
{
	static char octets[4 << 20];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t n = read(in, octets, sizeof(octets));

	assert_true(in >= 0 && out >= 0 && n > 0);
	assert_int_equal(write(out, octets, (size_t)n), n);
	close(in);
	close(out);
	assert_int_equal(chmod(to, mode), 0);
}

/* A directory nobody else can write; below the build directory, as /tmp may be odd. */
static void make_dir(char dst[static 4096])
{
	const char *top = getenv("top_builddir");

	snprintf(dst, 4096, "%s/host-test-XXXXXX", top ? top : ".");
	assert_non_null(mkdtemp(dst));
}

static void test_load_of_unsafe_file_is_refused(void **state)
{
	const char *good = driver_plugin("providers/memory/memory");
	char dir[4096], relative[4096], path[4200], link[4200];

	(void)state;
	make_dir(relative);
	assert_non_null(realpath(relative, dir));
	snprintf(path, sizeof(path), "%s/p.so", dir);
	snprintf(link, sizeof(link), "%s/link.so", dir);

	copy_file(good, path, 0666);
	expect_file_error(path, ZS_E_PERMISSION, "can be written by others (mode 0666)");
	chmod(path, 0620);
	expect_file_error(path, ZS_E_PERMISSION, "can be written by others");
	chmod(path, 0644);
	assert_int_equal(symlink(path, link), 0);
	expect_file_error(link, ZS_E_PERMISSION, "is a symbolic link");
	unlink(link);
	chmod(dir, 0777);
	expect_file_error(path, ZS_E_PERMISSION, "can be written by others");
	chmod(dir, 0700);
	copy_file("/bin/sh", path, 0644);
	assert_int_equal(truncate(path, 100), 0);
	expect_file_error(path, ZS_E_PLUGIN, "does not load");
	assert_int_equal(truncate(path, 0), 0);
	expect_file_error(path, ZS_E_PLUGIN, "is not an ELF file");
	unlink(path);
	mkfifo(path, 0600);
	expect_file_error(path, ZS_E_PLUGIN, "not a regular file");
	unlink(path);
	expect_file_error(path, ZS_E_PLUGIN, "No such file");
	expect_file_error("p.so", ZS_E_PLUGIN, "not an absolute path");
	rmdir(dir);
}

static void test_load_of_other_machine_is_named(void **state)
{
	const char *good = driver_plugin("providers/memory/memory");
	char dir[4096], relative[4096], path[4200];
	const unsigned char other = 0xb7 ^ 0x3e;	/* no machine of ours */
	int fd;

	(void)state;
	make_dir(relative);
	assert_non_null(realpath(relative, dir));
	snprintf(path, sizeof(path), "%s/p.so", dir);
	copy_file(good, path, 0644);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, &other, 1, 18), 1);		/* e_machine */
	close(fd);
	expect_file_error(path, ZS_E_PLUGIN, "is for another machine");
	unlink(path);
	rmdir(dir);
}

/* ---- plugins that break in a call ----------------------------------------------------- */

static void finish(struct driver *d)
{
	driver_end(d);
	zs_buf_done(&d->log);
	zs_buf_done(&d->printed);
}

static void open_plugin(struct driver *d, const char *plugin)
{
	int rc;

	driver_start(d, driver_plugin(plugin), NULL);
	rc = driver_open(d);
	if (rc)
		fail_msg("%s: %s", plugin, d->err.text);
}

static void test_apply_with_memory_succeeds(void **state)
{
	const char *const labels[] = { "a", "b", "c" };
	struct zs_err results[3];
	struct driver d;

	(void)state;
	open_plugin(&d, "providers/memory/memory");
	assert_int_equal(driver_apply(&d, labels, 3, 2000, results, NULL), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(results[i].code, ZS_OK);
	assert_true(d.hello.no_new_privs);
	assert_false(d.hello.dumpable);
	assert_int_equal(d.hello.capabilities, 0);
	finish(&d);
	assert_true(WIFEXITED(d.status) && WEXITSTATUS(d.status) == 0);
}

/* The promise of 1.0: a plugin built with its header keeps loading, and so does a newer one. */
static void test_plugin_of_another_minor_works(void **state)
{
	const char *const labels[] = { "a", "b" };
	static const char *const plugins[] = { "tests/providers/abi_1_0", "tests/providers/newer_minor" };
	struct zs_err results[2];
	struct driver d;

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(plugins); i++) {
		open_plugin(&d, plugins[i]);
		assert_int_equal(driver_apply(&d, labels, 2, 2000, results, NULL), 0);
		assert_int_equal(results[0].code, ZS_OK);
		assert_int_equal(results[1].code, ZS_OK);
		finish(&d);
	}
}

static void expect_death(const char *plugin, int signo, int status, const char *printed)
{
	struct zs_err results[1];
	struct driver d;

	open_plugin(&d, plugin);
	assert_int_equal(driver_apply(&d, one, 1, 500, results, NULL), -ZS_E_PEER);
	driver_end(&d);
	if (signo && !(WIFSIGNALED(d.status) && WTERMSIG(d.status) == signo))
		fail_msg("%s: wait status %x", plugin, d.status);
	if (!signo && !(WIFEXITED(d.status) && WEXITSTATUS(d.status) == status))
		fail_msg("%s: wait status %x", plugin, d.status);
	assert_has(zs_buf_str(&d.printed), printed);
	zs_buf_done(&d.log);
	zs_buf_done(&d.printed);
}

static void test_crash_in_call_ends_only_the_host(void **state)
{
	(void)state;
#if !ZS_SANITIZE
	expect_death("tests/providers/bad_crash_apply", SIGSEGV, 0, "");
#endif
	expect_death("tests/providers/bad_exit_apply", 0, 70, "apply called exit()");
}

static void test_crash_in_open_ends_only_the_host(void **state)
{
	struct driver d;

	(void)state;
	driver_start(&d, driver_plugin("tests/providers/bad_crash_open"), NULL);
	assert_int_equal(driver_open(&d), -ZS_E_PEER);
	finish(&d);
}

static void test_hang_is_killed_two_seconds_after_deadline(void **state)
{
	uint64_t start = now_ms(), took;

	(void)state;
	expect_death("tests/providers/bad_hang_apply", SIGKILL, 0,
		     "apply did not return within 2 s of its deadline; killed");
	took = now_ms() - start;
	if (took > 4500)
		fail_msg("%llu ms", (unsigned long long)took);
	/* No signal gets through: the kernel's timer alone must do. */
	expect_death("tests/providers/bad_hang_blocked", SIGKILL, 0, "");
}

static void send_cancel(struct driver *d)
{
	struct zs_msg_cancel cancel = { .request = d->last_id };

	zs_chan_note(d->engine, ZS_MSG_CANCEL, &cancel, -1);
}

static void test_cancel_reaches_plugin_in_call(void **state)
{
	struct zs_err results[1];
	struct driver d;
	uint64_t start;

	(void)state;
	open_plugin(&d, "tests/providers/bad_patient");
	d.during = send_cancel;
	start = now_ms();
	assert_int_equal(driver_apply(&d, one, 1, 20000, results, NULL), -ZS_E_CANCELLED);
	assert_true(now_ms() - start < 5000);
	d.during = NULL;
	/* And the host still works. */
	assert_int_equal(driver_apply(&d, one, 1, 300, results, NULL), 0);
	assert_int_equal(results[0].code, ZS_E_PROVIDER);
	assert_has(results[0].text, "gave up in time");
	finish(&d);
}

static void test_late_result_is_ignored(void **state)
{
	struct zs_err results[1];
	struct driver d;

	(void)state;
	open_plugin(&d, "tests/providers/bad_late_result");
	assert_int_equal(driver_apply(&d, one, 1, 2000, results, NULL), 0);
	assert_int_equal(results[0].code, ZS_OK);
	driver_idle(&d, 150);
	assert_int_equal(driver_apply(&d, one, 1, 2000, results, NULL), 0);
	assert_int_equal(results[0].code, ZS_OK);
	driver_idle(&d, 50);
	assert_has(zs_buf_str(&d.log), "3 calls of the host from another thread");
	assert_false(has(zs_buf_str(&d.log), "from a thread"));
	finish(&d);
}

static void test_double_result_keeps_first(void **state)
{
	struct zs_err results[1];
	struct driver d;

	(void)state;
	open_plugin(&d, "tests/providers/bad_double_result");
	assert_int_equal(driver_apply(&d, one, 1, 2000, results, NULL), 0);
	assert_int_equal(results[0].code, ZS_OK);
	driver_idle(&d, 50);
	assert_has(zs_buf_str(&d.log), "2 results, zones or texts that were out of range");
	finish(&d);
}

static void test_result_without_text_has_that_of_the_fail_before(void **state)
{
	const char *const labels[] = { "a", "b", "c" };
	struct zs_err results[3];
	struct driver d;

	(void)state;
	open_plugin(&d, "tests/providers/each");
	assert_int_equal(driver_apply(&d, labels, 3, 2000, results, NULL), 0);
	assert_has(results[0].text, "reason 0");
	assert_int_equal(results[1].code, ZS_OK);
	assert_has(results[2].text, "reason 2");
	finish(&d);
}

static void test_unknown_class_is_transient(void **state)
{
	const char *const labels[] = { "a", "b" };
	struct zs_err results[2];
	struct driver d;

	(void)state;
	open_plugin(&d, "tests/providers/bad_class");
	assert_int_equal(driver_apply(&d, labels, 2, 2000, results, NULL), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(results[i].code, ZS_E_PROVIDER);
		assert_has(results[i].text, "unknown error class");
	}
	/* A wait of 292 million years is cut to a day. */
	assert_true(results[1].retry_at > 0);
	assert_true(results[1].retry_at < zs_clock_system()->wall_ms(zs_clock_system()) / 1000 +
					  24 * 3600 + 5);
	finish(&d);
}

static void test_flood_is_capped(void **state)
{
	struct zs_err results[1];
	struct driver d;

	(void)state;
	open_plugin(&d, "tests/providers/bad_flood_log");
	assert_int_equal(driver_apply(&d, one, 1, 20000, results, NULL), 0);
	driver_idle(&d, 50);
	assert_true(d.log_lines <= 70);
	assert_has(zs_buf_str(&d.log), "99936 more log lines in apply were dropped");
	finish(&d);

	open_plugin(&d, "tests/providers/bad_flood_output");
	assert_int_equal(driver_apply(&d, one, 1, 20000, results, NULL), 0);
	assert_int_equal(results[0].code, ZS_OK);
	finish(&d);
}

static void test_descriptors_are_useless_to_plugin(void **state)
{
	struct zs_err results[1];
	struct driver d;

	(void)state;
	/* Garbage on its own channels ends that host and nothing else. */
	open_plugin(&d, "tests/providers/bad_write_fds");
	assert_int_not_equal(driver_apply(&d, one, 1, 1000, results, NULL), 0);
	assert_true(d.closed);
	finish(&d);
	open_plugin(&d, "tests/providers/bad_close_fds");
	assert_int_equal(driver_apply(&d, one, 1, 1000, results, NULL), -ZS_E_PEER);
	finish(&d);
}

static void test_oversized_ticket_fails_the_call(void **state)
{
	struct zs_err results[1];
	size_t ticket_len = 99;
	struct driver d;

	(void)state;
	open_plugin(&d, "tests/providers/bad_ticket");
	assert_int_equal(driver_apply(&d, one, 1, 2000, results, &ticket_len), 0);
	assert_int_equal(results[0].code, ZS_E_PLUGIN);
	assert_has(results[0].text, "a ticket must have 1 to 255 octets, this one has 100000");
	assert_int_equal(ticket_len, 0);
	finish(&d);
}

static void test_claim_of_success_is_passed_on(void **state)
{
	struct zs_err results[1];
	struct driver d;

	(void)state;
	open_plugin(&d, "tests/providers/bad_claims");
	assert_int_equal(driver_apply(&d, one, 1, 2000, results, NULL), 0);
	assert_int_equal(results[0].code, ZS_OK);
	finish(&d);
	open_plugin(&d, "tests/providers/bad_large");
	assert_int_equal(driver_apply(&d, one, 1, 2000, results, NULL), 0);
	finish(&d);
}

static int send_secret(struct driver *d, const char *value)
{
	struct zs_msg_host_secret secret = { .name = zs_slice_str("token") };
	int pair[2], rc;

	assert_int_equal(pipe(pair), 0);
	assert_int_equal(write(pair[1], value, strlen(value)), (ssize_t)strlen(value));
	close(pair[1]);
	rc = driver_call(d, d->front, ZS_MSG_HOST_SECRET, &secret, pair[0], 2000, NULL, NULL);
	close(pair[0]);
	return rc;
}

static void test_hostile_text_is_cleaned_and_redacted(void **state)
{
	const char *const labels[] = { "a", "b", "c" };
	struct zs_err results[3];
	struct driver d;

	(void)state;
	driver_start(&d, driver_plugin("tests/providers/bad_texts"), NULL);
	assert_int_equal(describe(&d, 2000), 0);
	assert_int_equal(send_secret(&d, "canary-secret-7391\n"), 0);
	assert_int_equal(driver_open(&d), 0);
	assert_int_equal(driver_apply(&d, labels, 3, 2000, results, NULL), 0);
	driver_idle(&d, 50);
	assert_int_equal(results[0].code, ZS_E_PROVIDER_DENIED);
	assert_int_equal(results[1].code, ZS_E_PROVIDER_AUTH);
	assert_int_equal(results[2].code, ZS_E_PROVIDER_DENIED);
	for (size_t i = 0; i < 3; i++) {
		assert_false(has(results[i].text, "canary"));
		assert_false(has(results[i].text, "\033"));
	}
	assert_has(results[0].text, "%s%n");
	assert_has(results[0].text, "[redacted]");
	assert_false(has(zs_buf_str(&d.log), "canary"));
	assert_false(has(zs_buf_str(&d.log), "\033"));
	assert_false(has(zs_buf_str(&d.log), "\nforged"));
	finish(&d);
}

/* ---- escapes -------------------------------------------------------------------------- */

static const char *const tries[] = {
	"shadow", "passwd", "state", "procparent", "listroot", "writetmp", "writedev",
	"exec", "vmread", "killparent", "killall", "unix", "raw", "packet", "unshare", "mount",
	"chroot", "setuid", "keyctl", "bpf", "uring",
	"chmod", "fchmodat2", "chown", "utimes", "setxattr", "prlimit", "affinity", "renice",
	"setowner", "symlink", "mkdir", "unlink", "truncate",
#if !ZS_SANITIZE
	/* Open in sanitizer builds, which need them themselves. */
	"procself", "fork", "vfork", "clone3", "ptrace", "memory",
#endif
	"descriptors",
};

/* As bad_escape knows it: a file of the host's uid, as all are when no root started it. */
static const char key[] = "/tmp/zoneseal-escape-key";

static void make_key(uid_t owner)
{
	int fd = open(key, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "key", 3), 3);
	if (geteuid() == 0)
		assert_int_equal(fchown(fd, owner, (gid_t)-1), 0);
	close(fd);
}

static void check_key(void)
{
	struct stat st;

	assert_int_equal(lstat(key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 3);
	assert_int_not_equal(st.st_mtime, 1);
}

static void test_plugin_cannot_escape(void **state)
{
	struct zs_err results[ZS_COUNT(tries)];
	unsigned escaped = 0;
	struct driver d;

	(void)state;
	unlink(key);
	open_plugin(&d, "tests/providers/bad_escape");
	make_key((uid_t)d.hello.uid);
	assert_int_equal(driver_apply(&d, tries, ZS_COUNT(tries), 20000, results, NULL), 0);
	for (size_t i = 0; i < ZS_COUNT(tries); i++) {
		if (!results[i].code)
			continue;
		print_message("%s: %s\n", tries[i], results[i].text);
		escaped++;
	}
	if (escaped && !d.hello.landlock) {
		unlink(key);
		finish(&d);
		skip();
	}
	assert_int_equal(escaped, 0);
	check_key();
	unlink(key);
	finish(&d);
}

/* ---- order of messages, guard, options ---------------------------------------------------- */

static void test_messages_out_of_order_are_refused(void **state)
{
	struct zs_msg_host_open open = { .instance = zs_slice_str("x") };
	struct zs_err results[1];
	struct driver d;

	(void)state;
	driver_start(&d, driver_plugin("providers/memory/memory"), NULL);
	assert_int_equal(driver_apply(&d, one, 1, 2000, results, NULL), -ZS_E_BUG);
	assert_has(d.err.text, "not loaded yet");
	assert_int_equal(driver_call(&d, d.front, ZS_MSG_HOST_OPEN, &open, -1, 2000, NULL, NULL),
			 -ZS_E_BUG);
	assert_int_equal(describe(&d, 2000), 0);
	assert_int_equal(driver_apply(&d, one, 1, 2000, results, NULL), -ZS_E_BUG);
	assert_int_equal(driver_open(&d), 0);
	assert_int_equal(driver_apply(&d, one, 1, 2000, results, NULL), 0);
	assert_int_equal(driver_call(&d, d.front, ZS_MSG_HOST_OPEN, &open, -1, 2000, NULL, NULL),
			 -ZS_E_BUG);
	finish(&d);
}

static void test_guard_refuses_repeats_before_plugin(void **state)
{
	const char *const labels[] = { "a", "b", "a" };
	struct zs_err results[3];
	struct driver d;

	(void)state;
	open_plugin(&d, "tests/providers/bad_crash_apply");
	assert_int_equal(driver_apply(&d, labels, 3, 2000, results, NULL), -ZS_E_BUG);
	assert_has(d.err.text, "refused by the host of provider bad");
	finish(&d);
	assert_true(WIFEXITED(d.status));
}

static void test_open_names_option(void **state)
{
	struct zs_msg_pair pairs[] = {
		{ zs_slice_str("nameserver"), zs_slice_str("127.0.0.1") },
		{ zs_slice_str("ttl"), zs_slice_str("soon") },
	};
	struct zs_msg_host_open open = {
		.instance = zs_slice_str("x"), .options = { pairs, 2 },
	};
	struct driver d;

	(void)state;
	driver_start(&d, driver_plugin("providers/rfc2136/rfc2136"), NULL);
	assert_int_equal(describe(&d, 3000), 0);
	assert_int_equal(driver_call(&d, d.front, ZS_MSG_HOST_OPEN, &open, -1, 2000, NULL, NULL),
			 -ZS_E_CONFIG);
	assert_has(d.err.text, "option ttl is not a whole number");
	finish(&d);
}

struct seen { uint32_t options; bool named, has_live; };

static void take_description(const void *body, void *user)
{
	const struct zs_msg_host_description *m = body;
	struct seen *seen = user;

	seen->named = zs_slice_eq_str(m->name, "rfc2136") && m->abi_major == 1 && m->abi_minor == 0;
	seen->options = m->options.n;
	seen->has_live = m->has_live;
}

static void test_describe_lists_options(void **state)
{
	struct zs_msg_empty empty = { 0 };
	struct seen seen = { 0, false, true };
	struct driver d;

	(void)state;
	driver_start(&d, driver_plugin("providers/rfc2136/rfc2136"), NULL);
	assert_int_equal(driver_call(&d, d.front, ZS_MSG_HOST_DESCRIBE, &empty, -1, 3000,
				     take_description, &seen), 0);
	assert_true(seen.named);
	assert_int_equal(seen.options, 8);
	assert_false(seen.has_live);
	finish(&d);
	driver_start(&d, driver_plugin("providers/memory/memory"), NULL);
	assert_int_equal(driver_call(&d, d.front, ZS_MSG_HOST_DESCRIBE, &empty, -1, 3000,
				     take_description, &seen), 0);
	assert_true(seen.has_live);
	finish(&d);
}

static void take_limits(const void *body, void *user)
{
	const struct zs_msg_host_description *m = body;
	bool *good = user;

	*good = m->max_values == 3 && m->has_policy && m->flags == ZS_PROVIDER_NO_REMOVE &&
		zs_slice_eq_str(m->permissions, "May do this and that.");
}

static void test_describe_passes_limits_and_permissions(void **state)
{
	struct zs_msg_empty empty = { 0 };
	bool good = false;
	struct driver d;

	(void)state;
	driver_start(&d, driver_plugin("tests/providers/policy"), NULL);
	assert_int_equal(driver_call(&d, d.front, ZS_MSG_HOST_DESCRIBE, &empty, -1, 3000, take_limits, &good), 0);
	assert_true(good);
	finish(&d);
}

/* ---- what a change is for ------------------------------------------------------------------- */

#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define VALUE "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno12"

static void take_results(const void *body, void *user)
{
	const struct zs_msg_host_applied *m = body;
	struct zs_err *results = user;

	for (uint32_t i = 0; i < m->results.n && i < 2; i++)
		results[i] = m->results.items[i].err;
}

static void test_change_says_what_it_is_for(void **state)
{
	struct zs_msg_change changes[2] = {
		{ .op = ZS_CHANGE_ADD, .value = zs_slice_str(VALUE), .token = zs_slice_str(TOKEN),
		  .key_authorization = zs_slice_str(TOKEN "." VALUE) },
		{ .op = ZS_CHANGE_REMOVE, .value = zs_slice_str(VALUE) },
	};
	struct zs_msg_host_apply apply = { .changes = { changes, 2 } };
	struct zs_err results[2];
	struct driver d;

	(void)state;
	zs_name_parse(zs_slice_str("example.test"), ZS_NAME_OWNER, &apply.zone, NULL);
	zs_name_parse(zs_slice_str("_acme-challenge.a.example.test"), ZS_NAME_OWNER, &changes[0].name, NULL);
	zs_name_parse(zs_slice_str("_acme-challenge.b.example.test"), ZS_NAME_OWNER, &changes[1].name, NULL);
	zs_name_parse(zs_slice_str("www.other.test"), ZS_NAME_OWNER, &changes[0].identifier, NULL);
	open_plugin(&d, "tests/providers/echo");
	assert_int_equal(driver_call(&d, d.engine, ZS_MSG_HOST_APPLY, &apply, -1, 3000, take_results, results), 0);
	assert_string_equal(results[0].text, "identifier=www.other.test/14 token=" TOKEN "/43 key-authorization=" TOKEN "." VALUE "/87");
	assert_string_equal(results[1].text, "identifier=/0 token=/0 key-authorization=/0");
	changes[1].token = zs_slice_str("x y");
	assert_int_equal(driver_call(&d, d.engine, ZS_MSG_HOST_APPLY, &apply, -1, 3000, take_results, results), -ZS_E_BUG);
	assert_has(d.err.text, "do not belong together");
	finish(&d);
}

/* ---- policy ----------------------------------------------------------------------------------- */

static void take_text(const void *body, void *user)
{
	const struct zs_msg_host_policy_is *m = body;

	zs_buf_add_slice(user, m->text);
}

/* Asks for the policy in that mode; account NULL leaves a required option out. */
static int ask_policy(struct driver *d, const char *mode, const char *account, struct zs_buf *text)
{
	struct zs_msg_pair pairs[] = {
		{ zs_slice_str("mode"), zs_slice_str(mode) }, { zs_slice_str("account"), zs_slice_str(account) },
	};
	struct zs_name names[2];
	struct zs_msg_zone_names zone = { .names = { names, 2 } };
	struct zs_msg_host_policy policy = { .options = { pairs, account ? 2 : 1 }, .zones = { &zone, 1 } };

	zs_name_parse(zs_slice_str("example.test"), ZS_NAME_OWNER, &zone.zone, NULL);
	zs_name_parse(zs_slice_str("_acme-challenge.a.example.test"), ZS_NAME_OWNER, &names[0], NULL);
	zs_name_parse(zs_slice_str("_acme-challenge.b.example.test"), ZS_NAME_OWNER, &names[1], NULL);
	zs_buf_clear(text);
	return driver_call(d, d->front, ZS_MSG_HOST_POLICY, &policy, -1, 3000, take_text, text);
}

static void test_policy_is_printed_without_secrets(void **state)
{
	struct zs_msg_host_open open = { .instance = zs_slice_str("x") };
	struct zs_msg_host_secret secret = { .name = zs_slice_str("key"), .value = zs_slice_str("canary-secret-7391") };
	struct zs_buf text = ZS_BUF(1 << 20);
	struct driver d;

	(void)state;
	driver_start(&d, driver_plugin("tests/providers/policy"), NULL);
	assert_int_equal(ask_policy(&d, "good", "7", &text), -ZS_E_BUG);
	assert_has(d.err.text, "not loaded yet");
	assert_int_equal(describe(&d, 3000), 0);
	assert_int_equal(ask_policy(&d, "good", "7", &text), 0);
	assert_string_equal(zs_buf_str(&text), "account\t7, key KEY\nexample.test: _acme-challenge.a.example.test\n"
			    "example.test: _acme-challenge.b.example.test\n\xc3\xa9\n");
	/* again, and with less; but never a secret from here on, nor an open */
	assert_int_equal(ask_policy(&d, "good", NULL, &text), 0);
	assert_has(zs_buf_str(&text), "account\tACCOUNT, key KEY\n");
	assert_int_equal(driver_call(&d, d.front, ZS_MSG_HOST_SECRET, &secret, -1, 3000, NULL, NULL), -ZS_E_BUG);
	assert_int_equal(driver_call(&d, d.front, ZS_MSG_HOST_OPEN, &open, -1, 3000, NULL, NULL), -ZS_E_BUG);
	assert_has(d.err.text, "is not opened any more");
	assert_int_equal(ask_policy(&d, "good", "many", &text), -ZS_E_CONFIG);
	assert_has(d.err.text, "option account is not a whole number");
	assert_int_equal(ask_policy(&d, "most", NULL, &text), 0);
	assert_int_equal(text.len, 65536);
	finish(&d);
	zs_buf_done(&text);
}

struct policy_row { const char *mode; enum zs_code code; const char *text; };

static const struct policy_row wrong_policies[] = {
	{ "control", ZS_E_PLUGIN, "a control character, at octet 0" },
	{ "bidi", ZS_E_PLUGIN, "no UTF-8, or a control character" },
	{ "latin", ZS_E_PLUGIN, "no UTF-8, or a control character" },
	{ "denies", ZS_E_PLUGIN, "no UTF-8, or a control character" },
	{ "long", ZS_E_PLUGIN, "more text than fits into ZSP_MAX_POLICY; octets: 65537" },
	{ "nothing", ZS_E_PLUGIN, "it printed nothing" },
	{ "fails", ZS_E_CONFIG, "no such name" },
};

static void test_policy_of_bad_plugin_is_refused(void **state)
{
	struct zs_buf text = ZS_BUF(1 << 20);
	struct driver d;

	(void)state;
	driver_start(&d, driver_plugin("tests/providers/policy"), NULL);
	assert_int_equal(describe(&d, 3000), 0);
	for (size_t i = 0; i < ZS_COUNT(wrong_policies); i++) {
		const struct policy_row *row = &wrong_policies[i];
		int rc = ask_policy(&d, row->mode, NULL, &text);

		if (rc != -(int)row->code || !has(d.err.text, row->text))
			fail_msg("%s: %d %s", row->mode, rc, d.err.text);
		assert_int_equal(text.len, 0);
	}
	finish(&d);
	/* a host with a secret, and a plugin without a policy */
	driver_start(&d, driver_plugin("tests/providers/bad_texts"), NULL);
	assert_int_equal(describe(&d, 3000), 0);
	assert_int_equal(send_secret(&d, "canary-secret-7391"), 0);
	assert_int_equal(ask_policy(&d, "good", NULL, &text), -ZS_E_BUG);
	assert_has(d.err.text, "holds secrets");
	finish(&d);
	driver_start(&d, driver_plugin("providers/memory/memory"), NULL);
	assert_int_equal(describe(&d, 3000), 0);
	assert_int_equal(ask_policy(&d, "good", NULL, &text), -ZS_E_CONFIG);
	assert_has(d.err.text, "has no policy to print");
	finish(&d);
	zs_buf_done(&text);
}

/* In another call than policy, print is refused and nothing else. */
static void test_print_outside_of_policy_does_nothing(void **state)
{
	struct zs_msg_pair account = { zs_slice_str("account"), zs_slice_str("7") };
	struct zs_msg_host_open open = { .instance = zs_slice_str("x"), .options = { &account, 1 } };
	struct zs_msg_host_secret secret = { .name = zs_slice_str("key"), .value = zs_slice_str("canary-secret-7391") };
	struct zs_msg_zone_names zone = { .names = { NULL, 0 } };
	struct zs_msg_host_grant grant = { .zones = { &zone, 1 } };
	struct zs_err results[1];
	struct driver d;

	(void)state;
	zs_name_parse(zs_slice_str("example.test"), ZS_NAME_OWNER, &zone.zone, NULL);
	driver_start(&d, driver_plugin("tests/providers/policy"), NULL);
	assert_int_equal(describe(&d, 3000), 0);
	assert_int_equal(driver_call(&d, d.front, ZS_MSG_HOST_SECRET, &secret, -1, 3000, NULL, NULL), 0);
	assert_int_equal(driver_call(&d, d.front, ZS_MSG_HOST_OPEN, &open, -1, 3000, NULL, NULL), 0);
	assert_int_equal(driver_call(&d, d.front, ZS_MSG_HOST_GRANT, &grant, -1, 3000, NULL, NULL), 0);
	assert_int_equal(driver_apply(&d, one, 1, 2000, results, NULL), 0);
	assert_int_equal(results[0].code, ZS_OK);
	driver_idle(&d, 50);
	assert_has(zs_buf_str(&d.log), "1 results, zones or texts that were out of range");
	finish(&d);
}

/* ---- usage ------------------------------------------------------------------------------------ */

static void take_usage(const void *body, void *user)
{
	*(struct zs_msg_host_usage_is *)user = *(const struct zs_msg_host_usage_is *)body;
}

static struct zs_msg_host_usage_is usage(struct driver *d)
{
	struct zs_msg_empty empty = { 0 };
	struct zs_msg_host_usage_is is = { 0 };

	assert_int_equal(driver_call(d, d->front, ZS_MSG_HOST_USAGE, &empty, -1, 3000, take_usage, &is), 0);
	return is;
}

static void test_usage_sees_memory_descriptors_and_threads(void **state)
{
	struct zs_err results[1];
	struct zs_msg_host_usage_is before, after;
	struct driver d;

	(void)state;
	open_plugin(&d, "tests/providers/uses");
	before = usage(&d);
	/* 0 to 2, the two channels, and what the loop needs */
	assert_true(before.descriptors >= 5 && before.descriptors < 32);
	assert_true(before.threads == 1 || ZS_SANITIZE);
	assert_int_equal(driver_apply(&d, one, 1, 2000, results, NULL), 0);
	assert_int_equal(results[0].code, ZS_OK);
	after = usage(&d);
	assert_int_equal(after.descriptors, before.descriptors + 3);
	assert_int_equal(after.threads, before.threads + 1);
	assert_true(ZS_SANITIZE ? after.heap == 0 : after.heap >= before.heap + 5000000 && after.heap < before.heap + 6000000);
	finish(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_describe_lists_options),
		cmocka_unit_test(test_apply_with_memory_succeeds),
		cmocka_unit_test(test_plugin_of_another_minor_works),
		cmocka_unit_test(test_load_of_bad_plugin_names_cause),
		cmocka_unit_test(test_load_of_unsafe_file_is_refused),
		cmocka_unit_test(test_load_of_other_machine_is_named),
		cmocka_unit_test(test_crash_in_call_ends_only_the_host),
		cmocka_unit_test(test_crash_in_open_ends_only_the_host),
		cmocka_unit_test(test_hang_is_killed_two_seconds_after_deadline),
		cmocka_unit_test(test_cancel_reaches_plugin_in_call),
		cmocka_unit_test(test_late_result_is_ignored),
		cmocka_unit_test(test_double_result_keeps_first),
		cmocka_unit_test(test_result_without_text_has_that_of_the_fail_before),
		cmocka_unit_test(test_unknown_class_is_transient),
		cmocka_unit_test(test_flood_is_capped),
		cmocka_unit_test(test_descriptors_are_useless_to_plugin),
		cmocka_unit_test(test_oversized_ticket_fails_the_call),
		cmocka_unit_test(test_claim_of_success_is_passed_on),
		cmocka_unit_test(test_hostile_text_is_cleaned_and_redacted),
		cmocka_unit_test(test_plugin_cannot_escape),
		cmocka_unit_test(test_messages_out_of_order_are_refused),
		cmocka_unit_test(test_guard_refuses_repeats_before_plugin),
		cmocka_unit_test(test_open_names_option),
		cmocka_unit_test(test_describe_passes_limits_and_permissions),
		cmocka_unit_test(test_change_says_what_it_is_for),
		cmocka_unit_test(test_policy_is_printed_without_secrets),
		cmocka_unit_test(test_policy_of_bad_plugin_is_refused),
		cmocka_unit_test(test_print_outside_of_policy_does_nothing),
		cmocka_unit_test(test_usage_sees_memory_descriptors_and_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
