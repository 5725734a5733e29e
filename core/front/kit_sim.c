/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/kit_sim.h.
 */
#include "front/kit_sim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "front/secrets.h"
#include "ipc/spawn.h"

enum {
	START_MS = 30 * 1000,
	ANSWER_MS = 15 * 1000,
	END_MS = 2000,
	LINE_OCTETS = 64 * 1024,
	LINES_MAX = 100 * 1000,
	SAID_OCTETS = 600		/* of its standard error, for messages */
};

struct zs_kit_sim {
	struct zs_kit_sim_spec spec;
	pid_t pid;
	int in, out, errors;		/* our ends; -1 = closed */
	struct zs_buf got;		/* not yet a line */
	struct zs_buf said;		/* end of its standard error */
	struct zs_buf field[2];		/* decoded */
	/* of what is waited for */
	const char *last_words;		/* lines that end it */
	const char *doing;
	zs_kit_sim_line *line;
	void *user;
	unsigned lines;
	bool done, unasked;
	int answer;
	struct zs_err err;
	struct zs_timer *timer;
};

/* ---- encoding ---- */

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

static bool is_plain(uint8_t c)
{
	return c && strchr(plain, c);
}

void zs_kit_sim_quote(struct zs_buf *dst, struct zs_slice octets)
{
	zs_buf_add_byte(dst, ' ');
	for (size_t i = 0; i < octets.n; i++) {
		if (is_plain(octets.p[i]))
			zs_buf_add_byte(dst, octets.p[i]);
		else
			zs_buf_addf(dst, "%%%02X", octets.p[i]);
	}
}

static int digit(uint8_t c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) % 16 : -1;
}

bool zs_kit_sim_unquote(struct zs_slice text, struct zs_buf *dst)
{
	zs_buf_clear(dst);
	for (size_t i = 0; i < text.n; i++) {
		int high = 0, low = 0;
		if (text.p[i] != '%') {
			if (!is_plain(text.p[i]))
				return false;
			zs_buf_add_byte(dst, text.p[i]);
			continue;
		}
		if (text.n - i < 3 || (high = digit(text.p[i + 1])) < 0 || (low = digit(text.p[i + 2])) < 0)
			return false;
		zs_buf_add_byte(dst, (uint8_t)(high * 16 + low));
		i += 2;
	}
	return !dst->failed;
}

/* ---- what went wrong ---- */

static void end_wait(struct zs_kit_sim *sim)
{
	sim->done = true;
	zs_loop_stop(sim->spec.loop, 0);
}

/* It is the author's program: what it wrote to standard error tells most. */
static void blame(struct zs_kit_sim *sim, const char *what)
{
	struct zs_buf said = ZS_BUF(4 * SAID_OCTETS);

	if (sim->done)
		return;
	zs_clean(&said, zs_slice_trim(zs_buf_slice(&sim->said)), true);
	zs_err_set(&sim->err, ZS_E_PROVIDER, "the simulation %s (%s)%s%s", what, sim->doing, said.len ? "; it wrote: " : "",
		   zs_buf_str(&said));
	zs_err_where(&sim->err, "%s", sim->spec.path);
	zs_err_hint(&sim->err, "run the simulation by hand with --zone %.80s and say to it what the kit says; README.md of the "
			       "conformance kit has the protocol", sim->spec.zone);
	zs_buf_done(&said);
	sim->answer = -ZS_E_PROVIDER;
	end_wait(sim);
}

static void on_late(void *user)
{
	struct zs_kit_sim *sim = user;

	sim->timer = NULL;
	blame(sim, "did not answer in time");
}

/* ---- lines ---- */

static bool is_word(struct zs_slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 'a' || s.p[i] > 'z')
			return false;
	return s.n > 0 && s.n < 20;
}

/* The first of the final words is good, the others say why not. */
static bool ends_answer(struct zs_kit_sim *sim, const char *word, struct zs_slice rest)
{
	char text[600];

	if (!strcmp(word, "error")) {
		snprintf(text, sizeof(text), "answered: error %.*s", rest.n < 500 ? (int)rest.n : 500, (const char *)rest.p);
		blame(sim, text);
		return true;
	}
	if (strcmp(word, sim->last_words) != 0 && (strcmp(word, "unsupported") != 0 || strcmp(sim->last_words, "ok") != 0))
		return false;
	if (rest.n) {
		blame(sim, "said more than the word that ends an answer");
		return true;
	}
	sim->answer = !strcmp(word, sim->last_words);
	end_wait(sim);
	return true;
}

/* The last field of a violation is text for people and stands as it is. */
static bool decode(struct zs_kit_sim *sim, const char *word, struct zs_slice rest)
{
	bool text = !strcmp(word, "violation");

	for (size_t i = 0; i < ZS_COUNT(sim->field); i++)
		zs_buf_clear(&sim->field[i]);
	if (text) {
		zs_clean(&sim->field[0], rest, false);
		return rest.n > 0;
	}
	for (size_t i = 0; i < ZS_COUNT(sim->field) && rest.n; i++)
		if (!zs_kit_sim_unquote(zs_slice_cut(&rest, ' '), &sim->field[i]))
			return false;
	return !rest.n;
}

/* Some systems' programs end their lines with CR LF; elsewhere a CR is no part of a line. */
static struct zs_slice without_cr(struct zs_slice line)
{
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static void take_line(struct zs_kit_sim *sim, struct zs_slice raw)
{
	struct zs_slice line = without_cr(raw), rest = line, first = zs_slice_cut(&rest, ' ');
	char word[20], text[200];

	snprintf(text, sizeof(text), "talks nonsense: %.*s", line.n < 150 ? (int)line.n : 150, (const char *)line.p);
	if (!is_word(first) || !zs_slice_copy(first, word, sizeof(word)) || ++sim->lines > LINES_MAX) {
		blame(sim, text);
		return;
	}
	if (ends_answer(sim, word, rest))
		return;
	if (!sim->line || !decode(sim, word, rest)) {
		blame(sim, text);
		return;
	}
	int rc = sim->line(word, zs_buf_slice(&sim->field[0]), zs_buf_slice(&sim->field[1]), sim->user, &sim->err);
	if (rc == -ZS_E_USAGE) {
		blame(sim, text);
	} else if (rc) {
		sim->answer = rc;
		end_wait(sim);
	}
}

static void take_lines(struct zs_kit_sim *sim)
{
	uint8_t *end;

	while (sim->got.len && (end = memchr(sim->got.data, '\n', sim->got.len))) {
		size_t n = (size_t)(end - sim->got.data);
		if (sim->done)
			sim->unasked = true;
		else
			take_line(sim, zs_slice_of(sim->got.data, n));
		zs_buf_consume(&sim->got, n + 1);
	}
	if (sim->got.len >= LINE_OCTETS)
		blame(sim, "writes lines without an end");
}

/* ---- pipes ---- */

static void close_end(struct zs_kit_sim *sim, int *fd)
{
	if (*fd < 0)
		return;
	if (fd != &sim->in)
		zs_loop_fd_remove(sim->spec.loop, *fd);
	close(*fd);
	*fd = -1;
}

static bool is_over(ssize_t n)
{
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void read_errors(struct zs_kit_sim *sim)
{
	char data[4096];
	ssize_t n = sim->errors < 0 ? -1 : read(sim->errors, data, sizeof(data));

	if (n > 0) {
		zs_buf_add(&sim->said, data, (size_t)n);
		if (sim->said.len > SAID_OCTETS)
			zs_buf_consume(&sim->said, sim->said.len - SAID_OCTETS);
		if (sim->spec.verbose)
			(void)!write(STDERR_FILENO, data, (size_t)n);
	} else if (sim->errors >= 0 && is_over(n)) {
		close_end(sim, &sim->errors);
	}
}

static void on_errors(int fd, short revents, void *user)
{
	(void)fd;
	(void)revents;
	read_errors(user);
}

static void on_output(int fd, short revents, void *user)
{
	struct zs_kit_sim *sim = user;
	char data[16 * 1024];
	ssize_t n = read(fd, data, sizeof(data));

	(void)revents;
	if (n > 0) {
		zs_buf_add(&sim->got, data, (size_t)n);
		take_lines(sim);
	} else if (is_over(n)) {
		/* why, it may have written a moment ago */
		read_errors(sim);
		close_end(sim, &sim->out);
		blame(sim, "ended");
	}
}

/* ---- start ---- */

struct pipes { int in[2], out[2], errors[2]; };

static int make_pipes(struct pipes *p, struct zs_err *err)
{
	*p = (struct pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	if (pipe2(p->in, O_CLOEXEC) || pipe2(p->out, O_CLOEXEC) || pipe2(p->errors, O_CLOEXEC))
		return zs_err_sys(err, ZS_OK, errno, "cannot make a pipe");
	fcntl(p->out[0], F_SETFL, O_NONBLOCK);
	fcntl(p->errors[0], F_SETFL, O_NONBLOCK);
	return 0;
}

static void close_both(int fds[static 2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Of our own environment only what a program needs to run at all: ours may hold secrets. */
struct environment { char text[6][4200]; char *list[7]; };

static void fill_environment(const struct zs_kit_sim_spec *spec, struct environment *env)
{
	static const char *const names[] = { "PATH", "HOME", "LANG", "TMPDIR" };
	size_t n = 0;

	for (size_t i = 0; i < ZS_COUNT(names); i++) {
		const char *value = zs_env(names[i]);
		if (value && snprintf(env->text[n], sizeof(env->text[n]), "%s=%s", names[i], value) < (int)sizeof(env->text[n]))
			n++;
	}
	snprintf(env->text[n++], sizeof(env->text[0]), "ZONESEAL_CONFORMANCE=%.4096s", spec->conformance);
	for (size_t i = 0; i < n; i++)
		env->list[i] = env->text[i];
	env->list[n] = NULL;
}

static int spawn(struct zs_kit_sim *sim, const struct pipes *p, struct zs_err *err)
{
	/* isolated: what Python reads by itself from user and directory does not belong here */
	const char *python[5 + ZS_KIT_SIM_ARGUMENTS + 1] = { "/usr/bin/python3", "-IB", sim->spec.path, "--zone", sim->spec.zone };
	bool script = zs_slice_ends(zs_slice_str(sim->spec.path), ".py");
	char *const *argv = (char *const *)(uintptr_t)(script ? python : python + 2);
	struct environment env;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int rc;

	for (size_t i = 0; i < sim->spec.narguments && i < ZS_KIT_SIM_ARGUMENTS; i++)
		python[5 + i] = sim->spec.arguments[i];
	fill_environment(&sim->spec, &env);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_adddup2(&actions, p->in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, p->out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, p->errors[1], STDERR_FILENO);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	rc = posix_spawn(&sim->pid, argv[0], &actions, &attributes, argv, env.list);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (!rc)
		return 0;
	sim->pid = 0;
	zs_err_sys(err, ZS_E_PROVIDER, rc, "cannot run the simulation %s", script ? python[0] : sim->spec.path);
	zs_err_hint(err, "it must be executable, or a .py file for /usr/bin/python3");
	return -ZS_E_PROVIDER;
}

static int launch(struct zs_kit_sim *sim, struct zs_err *err)
{
	struct pipes p;
	int rc = make_pipes(&p, err);

	if (!rc)
		rc = spawn(sim, &p, err);
	if (!rc) {
		sim->in = p.in[1];
		sim->out = p.out[0];
		sim->errors = p.errors[0];
		p.in[1] = p.out[0] = p.errors[0] = -1;
		if (zs_loop_fd(sim->spec.loop, sim->out, POLLIN, on_output, sim) ||
		    zs_loop_fd(sim->spec.loop, sim->errors, POLLIN, on_errors, sim))
			rc = zs_err_set(err, ZS_E_NOMEM, "no memory for a simulation");
	}
	close_both(p.in);
	close_both(p.out);
	close_both(p.errors);
	return rc;
}

/* ---- asking ---- */

/* Waits for the final word of what was asked. */
static int finish(struct zs_kit_sim *sim, unsigned ms, struct zs_err *err)
{
	sim->timer = zs_loop_timer(sim->spec.loop, ms, on_late, sim);
	if (sim->unasked)
		blame(sim, "speaks without having been asked");
	if (sim->out < 0)
		blame(sim, "has ended");
	while (!sim->done)
		if (zs_loop_run(sim->spec.loop) < 0)
			blame(sim, "cannot be waited for");
	zs_loop_timer_cancel(sim->spec.loop, sim->timer);
	sim->timer = NULL;
	if (sim->answer < 0 && err)
		*err = sim->err;
	return sim->answer;
}

static void expect(struct zs_kit_sim *sim, const char *doing, const char *last, zs_kit_sim_line *line, void *user)
{
	sim->doing = doing;
	sim->last_words = last;
	sim->line = line;
	sim->user = user;
	sim->lines = 0;
	sim->done = false;
	sim->answer = 0;
	zs_err_clear(&sim->err);
}

static bool send_all(int fd, struct zs_slice s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s = zs_slice_of(s.p + n, s.n - (size_t)n);
	}
	return true;
}

int zs_kit_sim_ask(struct zs_kit_sim *sim, const char *command, zs_kit_sim_line *line, void *user, struct zs_err *err)
{
	char doing[120];
	struct zs_buf text = ZS_BUF(LINE_OCTETS);

	snprintf(doing, sizeof(doing), "asked for: %.100s", command);
	expect(sim, doing, "ok", line, user);
	zs_buf_addf(&text, "%s\n", command);
	if (!text.failed)
		(void)send_all(sim->in, zs_buf_slice(&text));
	zs_buf_done(&text);
	int rc = finish(sim, ANSWER_MS, err);
	sim->doing = "not asked";
	return rc;
}

struct zs_kit_sim *zs_kit_sim_start(const struct zs_kit_sim_spec *spec, zs_kit_sim_hello *hello, void *user, struct zs_err *err)
{
	struct zs_kit_sim *sim = calloc(1, sizeof(*sim));

	if (!sim) {
		zs_err_set(err, ZS_E_NOMEM, "no memory for a simulation");
		return NULL;
	}
	*sim = (struct zs_kit_sim){
		.spec = *spec, .in = -1, .out = -1, .errors = -1, .got = ZS_BUF(4 * LINE_OCTETS), .said = ZS_BUF(16 * 1024),
		.field = { ZS_BUF(LINE_OCTETS), ZS_BUF(LINE_OCTETS) },
	};
	if (!launch(sim, err)) {
		expect(sim, "started", "ready", hello, user);
		if (finish(sim, START_MS, err) == 1)
			return sim;
	}
	zs_kit_sim_free(sim);
	return NULL;
}

/* ---- end ---- */

/* Leaves the zombie, so that the number still names it and its group. */
static void wait_end(const struct zs_kit_sim *sim, unsigned ms)
{
	enum { STEP_MS = 10 };

	for (unsigned gone = 0; gone <= ms; gone += STEP_MS) {
		siginfo_t info = { .si_pid = 0 };
		if (waitid(P_PID, (id_t)sim->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == sim->pid)
			return;
		(void)poll(NULL, 0, STEP_MS);
	}
}

void zs_kit_sim_free(struct zs_kit_sim *sim)
{
	if (!sim)
		return;
	close_end(sim, &sim->in);
	close_end(sim, &sim->out);
	close_end(sim, &sim->errors);
	if (sim->pid > 0) {
		/* the end of its input is the word to go; its group goes with it in any case */
		wait_end(sim, END_MS);
		kill(-sim->pid, SIGKILL);
		while (waitpid(sim->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	zs_buf_done(&sim->got);
	zs_buf_done(&sim->said);
	for (size_t i = 0; i < ZS_COUNT(sim->field); i++)
		zs_buf_done(&sim->field[i]);
	free(sim);
}
