/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adds and removes values at one name through the real zoneseal-host, round after
 * round, while others do the same:
 *
 *     rounds PLUGIN ZONE NAME ROUNDS LETTER [--read PATH]... [-o OPTION=VALUE]... [-s OPTION=PATH]...
 *
 * A value is LETTER and the number of its round.  It is removed again, but those
 * of every KEEP-th round stay.  A change that fails with a class worth a retry is
 * repeated, as the engine does.  Prints "retries N" at the end.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fsutil.h"
#include "host_driver.h"

enum { KEEP = 50, CALL_MS = 60000, TRIES = 20, MAX_PAIRS = 32, MAX_ARGS = 24, SECRET = 16384 };

struct arguments {
	const char *plugin, *zone, *name, *letter;
	uint64_t rounds;
	struct zs_msg_pair options[MAX_PAIRS], secrets[MAX_PAIRS];
	uint32_t noptions, nsecrets;
	const char *host[MAX_ARGS + 1];
	size_t nhost;
};

static void die(const char *what, const char *detail)
{
	fprintf(stderr, "rounds: %s: %s\n", what, detail);
	exit(1);
}

static struct zs_msg_pair pair(const char *text)
{
	struct zs_slice value = zs_slice_str(text), name = zs_slice_cut(&value, '=');

	return (struct zs_msg_pair){ .name = name, .value = value };
}

static void parse_option(struct arguments *a, const char *option, const char *value)
{
	if (!strcmp(option, "--read") && a->nhost + 2 <= MAX_ARGS) {
		a->host[a->nhost++] = option;
		a->host[a->nhost++] = value;
	} else if (!strcmp(option, "-o") && a->noptions < MAX_PAIRS) {
		a->options[a->noptions++] = pair(value);
	} else if (!strcmp(option, "-s") && a->nsecrets < MAX_PAIRS) {
		a->secrets[a->nsecrets++] = pair(value);
	} else {
		die("what is", option);
	}
}

static void parse(struct arguments *a, int argc, char **argv)
{
	if (argc < 6 || argc % 2 || !zs_slice_u64(zs_slice_str(argv[4]), 100000, &a->rounds))
		die("usage", "rounds PLUGIN ZONE NAME ROUNDS LETTER [OPTION VALUE]...");
	a->plugin = argv[1];
	a->zone = argv[2];
	a->name = argv[3];
	a->letter = argv[5];
	for (int i = 6; i + 1 < argc; i += 2)
		parse_option(a, argv[i], argv[i + 1]);
}

/* ---- the host ------------------------------------------------------------------------------------------- */

static void must(struct driver *d, uint32_t type, const void *body)
{
	if (driver_call(d, d->front, type, body, -1, CALL_MS, NULL, NULL))
		die("the host refuses", d->err.text);
}

static void give_secret(struct driver *d, const struct zs_msg_pair *secret)
{
	struct zs_buf text = ZS_BUF_SECRET(SECRET);
	struct zs_msg_host_secret body = { .name = secret->name };
	struct zs_err err;

	/* what follows "=" is the end of an argument */
	if (zs_fs_read(AT_FDCWD, (const char *)secret->value.p, &text, &err) < 0)
		die("cannot read a secret", err.text);
	body.value = zs_buf_slice(&text);
	must(d, ZS_MSG_HOST_SECRET, &body);
	zs_buf_done(&text);
}

static void open_host(struct driver *d, const struct arguments *a)
{
	struct zs_msg_empty empty = { 0 };
	struct zs_msg_host_open open = { .instance = zs_slice_str("rounds"), .options = { NULL, 0 } };
	struct zs_name name;
	struct zs_msg_zone_names zone = { .names = { &name, 1 } };
	struct zs_msg_host_grant grant = { .zones = { &zone, 1 } };

	driver_start(d, a->plugin, a->host);
	must(d, ZS_MSG_HOST_DESCRIBE, &empty);
	for (uint32_t i = 0; i < a->nsecrets; i++)
		give_secret(d, &a->secrets[i]);
	open.options.items = (struct zs_msg_pair *)(uintptr_t)a->options;
	open.options.n = a->noptions;
	must(d, ZS_MSG_HOST_OPEN, &open);
	zs_name_parse(zs_slice_str(a->zone), ZS_NAME_OWNER, &zone.zone, NULL);
	zs_name_parse(zs_slice_str(a->name), ZS_NAME_OWNER, &name, NULL);
	must(d, ZS_MSG_HOST_GRANT, &grant);
}

/* ---- rounds --------------------------------------------------------------------------------------------- */

static void take_result(const void *body, void *user)
{
	const struct zs_msg_host_applied *m = body;

	*(struct zs_err *)user = m->results.items[0].err;
}

static int try_change(struct driver *d, const struct arguments *a, struct zs_msg_change *change, struct zs_err *err)
{
	struct zs_msg_host_apply apply = { .changes = { change, 1 } };
	int rc;

	zs_err_clear(err);
	zs_name_parse(zs_slice_str(a->zone), ZS_NAME_OWNER, &apply.zone, NULL);
	rc = driver_call(d, d->engine, ZS_MSG_HOST_APPLY, &apply, -1, CALL_MS, take_result, err);
	if (rc)
		*err = d->err;
	return (int)err->code;
}

/* Number of attempts beyond the first. */
static unsigned make_change(struct driver *d, const struct arguments *a, uint32_t op, const char *value)
{
	struct zs_msg_change change = { .op = op, .value = zs_slice_str(value) };
	struct zs_err err;

	zs_name_parse(zs_slice_str(a->name), ZS_NAME_OWNER, &change.name, NULL);
	for (unsigned i = 0; i < TRIES; i++) {
		if (!try_change(d, a, &change, &err))
			return i;
		if (!zs_code_info((int)err.code)->retry)
			break;
	}
	die("a change fails", err.text);
	return 0;
}

int main(int argc, char **argv)
{
	static struct arguments a;
	static struct driver d;
	unsigned retries = 0;
	char value[64];

	parse(&a, argc, argv);
	open_host(&d, &a);
	for (uint64_t i = 0; i < a.rounds; i++) {
		snprintf(value, sizeof(value), "%.1s%042llu", a.letter, (unsigned long long)i);
		retries += make_change(&d, &a, ZS_CHANGE_ADD, value);
		if (i % KEEP)
			retries += make_change(&d, &a, ZS_CHANGE_REMOVE, value);
	}
	printf("retries %u\n", retries);
	return driver_end(&d) ? 1 : 0;
}
