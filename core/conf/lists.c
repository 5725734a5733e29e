/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comma-separated lists: each item is trimmed and checked by itself; an empty
 * one is an error, since it is what a forgotten word leaves.
 */
#include "conf/lists.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "conf/syntax.h"
#include "wrap/idn.h"

enum {
	MAX_STRINGS = 1024, /* in one list; files and places too */
	SHOWN = 80 /* octets of an item in a message */
};

#define SHOW(slice) (int)((slice).n < SHOWN ? (slice).n : SHOWN), (const char *)(slice).p

bool zs_conf_strings_add(zs_strings *strings, struct zs_slice text)
{
	char *copy = zs_slice_dup(text);
	char **slot = copy ? zs_vec_push(strings, MAX_STRINGS) : NULL;

	if (!slot) {
		free(copy);
		return false;
	}
	*slot = copy;
	return true;
}

void zs_conf_strings_done(zs_strings *strings)
{
	for (size_t i = 0; i < strings->n; i++)
		free(strings->items[i]);
	zs_vec_done(strings);
}

bool zs_conf_strings_copy(const zs_strings *src, zs_strings *dst)
{
	zs_strings copy = { 0 };

	for (size_t i = 0; i < src->n; i++)
		if (!zs_conf_strings_add(&copy, zs_slice_str(src->items[i]))) {
			zs_conf_strings_done(&copy);
			return false;
		}
	zs_conf_strings_done(dst);
	*dst = copy;
	return true;
}

void zs_conf_strings_print(const zs_strings *strings, struct zs_buf *dst)
{
	for (size_t i = 0; i < strings->n; i++)
		zs_buf_addf(dst, "%s%s", i ? ", " : "", strings->items[i]);
}

void zs_conf_names_print(const zs_names *names, struct zs_buf *dst)
{
	char text[ZS_MAX_NAME + 3];

	for (size_t i = 0; i < names->n; i++) {
		zs_name_print(&names->items[i], text);
		zs_buf_addf(dst, "%s%s", i ? ", " : "", text);
	}
}

/* Next item of rest; false at the end. *last tells a final comma from an end. */
struct walk {
	struct zs_slice rest;
	bool more;
};

static bool next_item(struct walk *walk, struct zs_slice *ret)
{
	struct zs_slice before = walk->rest;

	if (!walk->more)
		return false;
	*ret = zs_slice_cut(&walk->rest, ',');
	walk->more = ret->n < before.n;
	*ret = zs_slice_trim(*ret);
	return true;
}

/* ---- lists of texts ---- */

/* Checks one item and appends the form to be kept. */
typedef const char *check_item(struct zs_slice item, struct zs_buf *ret);

static const char *address_item(struct zs_slice item, struct zs_buf *ret)
{
	zs_buf_add_slice(ret, item);
	return zs_conf_check_address(item);
}

static const char *origin_item(struct zs_slice item, struct zs_buf *ret)
{
	struct zs_slice origin;
	const char *why = zs_conf_check_origin(item, &origin);

	if (!why)
		zs_buf_add_slice(ret, origin);
	return why;
}

static bool add_item(zs_strings *list, struct zs_slice item, check_item *check, struct zs_buf *why)
{
	struct zs_buf kept = ZS_BUF(ZS_MAX_URL);
	const char *wrong = item.n ? check(item, &kept) : "an empty item in the list";

	if (!wrong && (kept.failed || !zs_conf_strings_add(list, zs_buf_slice(&kept))))
		wrong = "too many items, or out of memory";
	zs_buf_done(&kept);
	if (wrong)
		zs_buf_addf(why, "\"%.*s\": %s", SHOW(item), wrong);
	return !wrong;
}

static bool read_list(struct zs_slice text, check_item *check, zs_strings *ret, struct zs_buf *why)
{
	struct walk walk = { .rest = text, .more = true };
	struct zs_slice item;
	zs_strings list = { 0 };

	while (next_item(&walk, &item))
		if (!add_item(&list, item, check, why)) {
			zs_conf_strings_done(&list);
			return false;
		}
	zs_conf_strings_done(ret);
	*ret = list;
	return true;
}

bool zs_conf_list_addresses(struct zs_slice text, zs_strings *ret, struct zs_buf *why)
{
	return read_list(text, address_item, ret, why);
}

bool zs_conf_list_origins(struct zs_slice text, zs_strings *ret, struct zs_buf *why)
{
	return read_list(text, origin_item, ret, why);
}

bool zs_conf_list_contacts(struct zs_slice text, zs_strings *ret, struct zs_buf *why)
{
	return read_list(text, zs_conf_check_email, ret, why);
}

/* ---- names ---- */

static bool is_ip(struct zs_slice text)
{
	char buf[INET6_ADDRSTRLEN];
	uint8_t ip[sizeof(struct in6_addr)];

	return zs_slice_copy(text, buf, sizeof(buf)) &&
		(inet_pton(AF_INET, buf, ip) == 1 || inet_pton(AF_INET6, buf, ip) == 1);
}

static bool has_name(const zs_names *names, const struct zs_name *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (names->items[i].wildcard == name->wildcard && zs_name_eq(&names->items[i], name))
			return true;
	return false;
}

static const char *add_name(zs_names *names, struct zs_slice item)
{
	struct zs_name name, *slot;
	const char *why;

	if (is_ip(item))
		return "an IP address; DNS-01 proves names only";
	if (!zs_idn_parse(item, ZS_NAME_HOST, &name, &why))
		return why;
	if (has_name(names, &name))
		return "is written twice";
	if (names->n == ZS_MAX_IDENTIFIERS)
		return "more than 100 names in one certificate";
	slot = zs_vec_push(names, ZS_MAX_IDENTIFIERS);
	if (!slot)
		return "out of memory";
	*slot = name;
	return NULL;
}

bool zs_conf_list_names(struct zs_slice text, zs_names *ret, struct zs_buf *why)
{
	struct walk walk = { .rest = text, .more = true };
	struct zs_slice item;
	zs_names names = { 0 };
	const char *wrong = NULL;

	while (!wrong && next_item(&walk, &item)) {
		wrong = item.n ? add_name(&names, item) : "an empty item in the list";
		if (wrong)
			zs_buf_addf(why, "\"%.*s\": %s", SHOW(item), wrong);
	}
	if (wrong) {
		zs_vec_done(&names);
		return false;
	}
	zs_vec_done(ret);
	*ret = names;
	return true;
}
