/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a provider plugin directly, without host process and sandbox, for tests
 * against real servers:
 *
 *     drive PLUGIN [-o NAME=VALUE]... [-t MS] [-s SKEW_MS] ZONE {add|del NAME VALUE}...
 *     drive PLUGIN [-o NAME=VALUE]... check ZONE [NAME]...
 *     drive PLUGIN [-o NAME=VALUE]... [-t MS] [-T MS] [-s SKEW_MS] all|apart ZONE NAME VALUE TICKET
 *
 * The last one makes every call that the plugin has, one after another with one
 * instance: add, live, zones, check, remove.  With "apart" each is made in a process of
 * its own, which knows nothing of what the others met.  Each has a deadline of its own, of
 * -T where that is given and it is not the first.  TICKET serves where add set none.
 * Each call is framed by lines "do NAME" and "did NAME", and says on standard error
 * how long it took, and how often it opened a stream socket or sent something.
 *
 * In VALUE of an option "@PATH" stands for the contents of a file.  In an
 * operation NAME%N-M stands for a range of names with a number in front.
 * Prints one line for each result: index, class, text; and on standard error the
 * most memory that was resident.  Exit status: 0 when all succeeded, 1 when not.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <zoneseal/provider.h>

enum { MAX_ITEMS = 256,
	MAX_OPTIONS = 32,
	MAX_FILE = 16384,
	MAX_FILES = 4 };

static struct {
	struct zsp_host table;
	uint32_t n;
	int32_t class[MAX_ITEMS];
	int set[MAX_ITEMS];
	char text[MAX_ITEMS][ZSP_MAX_TEXT + 1];
	char fail[ZSP_MAX_TEXT + 1];
	int64_t deadline;
	int64_t skew_ms;
	char ticket[ZSP_MAX_TICKET + 1];
	unsigned int contacts;
} state;

static const char *const classes[] = {
	"ok",
	"auth",
	"denied",
	"not_found",
	"conflict",
	"rate_limited",
	"transient",
	"config",
	"bug",
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void host_log(const struct zsp_host *host, int32_t level, const char *text, size_t n)
{
	(void)host;
	fprintf(stderr, "log %d: %.*s\n", level, (int)n, text);
}

static void keep(char dst[ZSP_MAX_TEXT + 1], const char *text, size_t n)
{
	n = n < ZSP_MAX_TEXT ? n : ZSP_MAX_TEXT;
	memcpy(dst, text, n);
	dst[n] = 0;
}

static int32_t host_fail(const struct zsp_host *host, int32_t class, int64_t retry,
	const char *text, size_t n)
{
	(void)host;
	(void)retry;
	keep(state.fail, text, n);
	return class;
}

static int32_t host_result(const struct zsp_host *host, uint32_t i, int32_t class,
	const char *text, size_t n)
{
	(void)host;
	if (i >= state.n || state.set[i])
		return ZSP_BUG;
	state.set[i] = 1;
	state.class[i] = class;
	keep(state.text[i], text, n);
	return ZSP_OK;
}

/* As the host: a plugin may pass on what a service calls a zone. */
static int is_name(const char *name, size_t n)
{
	size_t i = 0;

	while (i < n && name[i] && strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.", name[i]))
		i++;
	return n && n <= 253 && i == n;
}

static int32_t host_zone(const struct zsp_host *host, const char *name, size_t n)
{
	(void)host;
	if (!is_name(name, n))
		return ZSP_BUG;
	printf("zone %.*s\n", (int)n, name);
	return ZSP_OK;
}

static int32_t host_ticket(const struct zsp_host *host, const void *ticket, size_t n)
{
	(void)host;
	n = n < ZSP_MAX_TICKET ? n : ZSP_MAX_TICKET;
	memcpy(state.ticket, ticket, n);
	state.ticket[n] = 0;
	printf("ticket of %zu octets\n", n);
	return ZSP_OK;
}

static int64_t host_left(const struct zsp_host *host)
{
	int64_t left = state.deadline - now_ms();

	(void)host;
	return left > 0 ? left : 0;
}

static int32_t host_cancelled(const struct zsp_host *host)
{
	return host_left(host) == 0;
}

static int64_t host_wall(const struct zsp_host *host)
{
	struct timespec ts;

	(void)host;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + state.skew_ms;
}

static void die(const char *what, const char *detail)
{
	fprintf(stderr, "drive: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
	exit(2);
}

/* ---- what stands before the C library, so that a call that asks nobody is seen ---- */

static void *library(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	if (!symbol)
		die("the C library lacks", name);
	return symbol;
}

__attribute__((visibility("default"))) ssize_t send(int fd, const void *octets, size_t n, int flags)
{
	static ssize_t (*next)(int, const void *, size_t, int);
	void *symbol;

	if (!next) {
		symbol = library("send");
		memcpy(&next, &symbol, sizeof(next));
	}
	state.contacts++;
	return next(fd, octets, n, flags);
}

/* For servers that are gone before anything can be sent. */
__attribute__((visibility("default"))) int socket(int domain, int type, int protocol)
{
	static int (*next)(int, int, int);
	void *symbol;

	if (!next) {
		symbol = library("socket");
		memcpy(&next, &symbol, sizeof(next));
	}
	state.contacts += (domain == AF_INET || domain == AF_INET6) && (type & 0xf) == SOCK_STREAM;
	return next(domain, type, protocol);
}

static struct zsp_str str(const char *text)
{
	return (struct zsp_str){ text, strlen(text) };
}

/* Stays until the end: a value points to it. */
static const char *read_file(const char *path)
{
	static char texts[MAX_FILES][MAX_FILE + 1];
	static size_t n;
	FILE *f = fopen(path, "r");

	if (!f || n == MAX_FILES)
		die("cannot read", path);
	texts[n][fread(texts[n], 1, MAX_FILE, f)] = 0;
	fclose(f);
	return texts[n++];
}

/* Numbers as the host would parse them; enough for the options of tests. */
static void set_number(struct zsp_value *v, uint32_t kind)
{
	char *end;

	if (kind == ZSP_OPTION_BOOLEAN)
		v->number = !strcmp(v->text.p, "yes");
	if (kind != ZSP_OPTION_INTEGER && kind != ZSP_OPTION_DURATION)
		return;
	v->number = strtoll(v->text.p, &end, 10);
	if (kind == ZSP_OPTION_DURATION && strcmp(end, "ms") != 0)
		v->number *= 1000;
}

static void set_value(struct zsp_value *v, const struct zsp_option *o, char **given, int ngiven)
{
	*v = (struct zsp_value){ .name = o->name, .text = o->fallback };
	for (int i = 0; i < ngiven; i++) {
		char *text = given[i] + o->name.n + 1;

		if (strncmp(given[i], o->name.p, o->name.n) != 0 || text[-1] != '=')
			continue;
		v->text = str(*text == '@' ? read_file(text + 1) : text);
		v->is_given = 1;
	}
	if (v->text.p)
		set_number(v, o->kind);
}

static const struct zsp_provider *load(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct zsp_provider *(*entry)(uint32_t);
	void *symbol;

	if (!handle)
		die("dlopen", dlerror());
	symbol = dlsym(handle, "zoneseal_provider");
	if (!symbol)
		die("no entry", path);
	memcpy(&entry, &symbol, sizeof(entry));
	return entry(ZSP_ABI);
}

static int print(int32_t class)
{
	int bad = class != ZSP_OK;

	if (class != ZSP_OK)
		printf("call %s %s\n", classes[class & 7], state.fail);
	for (uint32_t i = 0; i < state.n; i++) {
		if (!state.set[i])
			state.class[i] = class;
		bad |= state.class[i] != ZSP_OK;
		printf("%u %s %s\n", i, classes[state.class[i]], state.text[i]);
	}
	return bad;
}

/* getrusage() would count what the parent had before exec. */
static void print_peak(void)
{
	char line[128];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "VmHWM:", 6))
			fprintf(stderr, "peak %ld KiB\n", strtol(line + 6, NULL, 10));
	if (f)
		fclose(f);
}

static int run_check(const struct zsp_provider *p, void *instance, int argc, char **argv)
{
	struct zsp_str names[MAX_ITEMS];
	struct zsp_zone zone = { str(argv[0]), { names, 0, sizeof(names[0]) } };
	struct zsp_list zones = { &zone, 1, sizeof(zone) };

	for (int i = 1; i < argc && i < MAX_ITEMS; i++)
		names[zone.names.n++] = str(argv[i]);
	state.n = 1;
	return print(p->check(instance, &zones));
}

/* "name%1-100" stands for 1.name ... 100.name below the first label. */
static uint32_t expand(struct zsp_change *changes, uint32_t n, const struct zsp_change *one,
	const char *name)
{
	char *percent = strchr(name, '%'), *end;
	long from, to;

	if (!percent) {
		changes[n] = *one;
		changes[n].name = str(name);
		return n + 1;
	}
	*percent = 0;
	from = strtol(percent + 1, &end, 10);
	to = strtol(end + 1, NULL, 10);
	for (; from <= to && n < MAX_ITEMS; from++) {
		char *text = calloc(1, 300);
		const char *dot = strchr(name, '.');

		if (!text || !dot)
			die("range", name);
		snprintf(text, 300, "%.*s.n%ld%s", (int)(dot - name), name, from, dot);
		changes[n] = *one;
		changes[n++].name = str(text);
	}
	return n;
}

static int run_apply(const struct zsp_provider *p, void *instance, int argc, char **argv)
{
	static struct zsp_change changes[MAX_ITEMS];
	struct zsp_str zone = str(argv[0]);
	struct zsp_list list = { changes, 0, sizeof(changes[0]) };
	int64_t start = now_ms();
	int status;

	for (int i = 1; i + 2 < argc && list.n < MAX_ITEMS; i += 3) {
		struct zsp_change one = { .op = !strcmp(argv[i], "add") ? ZSP_ADD : ZSP_REMOVE,
			.value = str(argv[i + 2]) };

		list.n = expand(changes, list.n, &one, argv[i + 1]);
	}
	state.n = list.n;
	status = print(p->apply(instance, &zone, &list));
	fprintf(stderr, "%u changes in %lld ms\n", list.n, (long long)(now_ms() - start));
	return status;
}

/* ---- every call ---- */

struct job {
	const struct zsp_provider *p;
	void *instance;
	struct zsp_str zone, name, value, ticket;
};

static int32_t change(const struct job *job, uint32_t op)
{
	struct zsp_change one = { .op = op, .name = job->name, .value = job->value };
	struct zsp_list list = { &one, 1, sizeof(one) };

	state.n = 1;
	return job->p->apply(job->instance, &job->zone, &list);
}

static int32_t call_add(const struct job *job)
{
	return change(job, ZSP_ADD);
}

static int32_t call_remove(const struct job *job)
{
	return change(job, ZSP_REMOVE);
}

static int32_t call_live(const struct job *job)
{
	struct zsp_str ticket = state.ticket[0] ? str(state.ticket) : job->ticket;
	int32_t live = 0;

	return job->p->live(job->instance, &job->zone, &ticket, &live);
}

static int32_t call_zones(const struct job *job)
{
	return job->p->zones(job->instance, &job->name);
}

static int32_t call_check(const struct job *job)
{
	struct zsp_zone zone = { job->zone, { &job->name, 1, sizeof(job->name) } };
	struct zsp_list zones = { &zone, 1, sizeof(zone) };

	state.n = 1;
	return job->p->check(job->instance, &zones);
}

static int one_call(const struct job *job, const char *name, int32_t (*call)(const struct job *), long ms)
{
	int64_t start = now_ms();
	int status;

	state.n = state.contacts = 0;
	memset(state.set, 0, sizeof(state.set));
	memset(state.text, 0, sizeof(state.text));
	memset(state.fail, 0, sizeof(state.fail));
	state.deadline = start + ms;
	printf("do %s\n", name);
	status = print(call(job));
	printf("did %s\n", name);
	fprintf(stderr, "%s: %lld ms, %u contacts\n", name, (long long)(now_ms() - start), state.contacts);
	return status;
}

/* A call in a copy of this process. */
static int one_apart(const struct job *job, const char *name, int32_t (*call)(const struct job *), long ms)
{
	pid_t pid;
	int status = 0;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		status = one_call(job, name, call, ms);
		job->p->close(job->instance);
		print_peak();
		exit(status);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		die("a call did not end by itself", name);
	return WEXITSTATUS(status);
}

static int run_all(const struct zsp_provider *p, void *instance, char **argv, long first_ms, long ms, int is_apart)
{
	const struct job job = { p, instance, str(argv[0]), str(argv[1]), str(argv[2]), str(argv[3]) };
	const struct {
		const char *name;
		int has;
		int32_t (*call)(const struct job *);
	} calls[] = {
		{ "add", 1, call_add },
		{ "live", p->live != NULL, call_live },
		{ "zones", p->zones != NULL, call_zones },
		{ "check", p->check != NULL, call_check },
		{ "remove", 1, call_remove },
	};
	int status = 0;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].has)
			status |= (is_apart ? one_apart : one_call)(&job, calls[i].name, calls[i].call, i ? ms : first_ms);
	return status;
}

int main(int argc, char **argv)
{
	struct zsp_value values[MAX_OPTIONS];
	struct zsp_list list = { values, 0, sizeof(values[0]) };
	const struct zsp_provider *p;
	char *given[MAX_OPTIONS];
	int ngiven = 0, i = 2, status;
	long ms = 30000, later_ms = 0;
	void *instance = NULL;

	if (argc < 4)
		die("usage: drive PLUGIN [-o NAME=VALUE]... [-t MS] [-s SKEW_MS] ZONE ...", NULL);
	p = load(argv[1]);
	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (argv[i][1] == 'o' && ngiven < MAX_OPTIONS)
			given[ngiven++] = argv[i + 1];
		else if (argv[i][1] == 't')
			ms = strtol(argv[i + 1], NULL, 10);
		else if (argv[i][1] == 'T')
			later_ms = strtol(argv[i + 1], NULL, 10);
		else if (argv[i][1] == 's')
			state.skew_ms = strtol(argv[i + 1], NULL, 10);
	}
	state.table = (struct zsp_host){
		.head = ZSP_HEAD(struct zsp_host, 0),
		.log = host_log,
		.fail = host_fail,
		.result = host_result,
		.zone = host_zone,
		.ticket = host_ticket,
		.deadline_left_ms = host_left,
		.cancelled = host_cancelled,
		.wall_ms = host_wall,
	};
	state.deadline = now_ms() + ms;
	for (; list.n < p->options.n && list.n < MAX_OPTIONS; list.n++)
		set_value(&values[list.n], ZSP_ITEM(struct zsp_option, &p->options, list.n), given,
			ngiven);
	status = p->open(&state.table, &list, &instance);
	if (status != ZSP_OK)
		return print(status);
	if (i < argc && !strcmp(argv[i], "check"))
		status = run_check(p, instance, argc - i - 1, argv + i + 1);
	else if (i + 4 < argc && (!strcmp(argv[i], "all") || !strcmp(argv[i], "apart")))
		status = run_all(p, instance, argv + i + 1, ms, later_ms ? later_ms : ms, !strcmp(argv[i], "apart"));
	else
		status = run_apply(p, instance, argc - i, argv + i);
	p->close(instance);
	print_peak();
	return status;
}
