/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storage.h.  All that later becomes a header, a name or a body is checked here.
 */
#include "storage.h"

#include <stdlib.h>
#include <string.h>

#define CHALLENGE "_acme-challenge."

/* ---- alphabets ---- */

static int32_t is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

int32_t ad_value_ok(struct zsp_str value)
{
	size_t i = 0;

	while (i < value.n && is_word(value.p[i]))
		i++;
	return value.n == AD_VALUE - 1 && i == value.n;
}

static int32_t copy_label(struct zsp_str from, char dst[AD_LABEL])
{
	if (!from.n || from.n >= AD_LABEL)
		return 0;
	for (size_t i = 0; i < from.n; i++)
		if (!is_word(from.p[i]))
			return 0;
	memcpy(dst, from.p, from.n);
	dst[from.n] = 0;
	return 1;
}

static int32_t copy_secret(struct zsp_str from, char dst[AD_SECRET])
{
	if (!from.n || from.n >= AD_SECRET)
		return 0;
	for (size_t i = 0; i < from.n; i++)
		if (from.p[i] <= 0x20 || from.p[i] >= 0x7f)
			return 0;
	memcpy(dst, from.p, from.n);
	dst[from.n] = 0;
	return 1;
}

/* "192.0.2.0/24, 2001:db8::/32": what is no network is left out. */
static void copy_allowfrom(struct zsp_json list, char dst[AD_ALLOW])
{
	static const char fine[] = "0123456789abcdefABCDEF.:/";
	size_t n = 0;

	for (struct zsp_json v = zsp_json_first(list); v.node; v = zsp_json_next(v)) {
		struct zsp_str s;
		size_t i = 0;

		if (!zsp_json_str(v, &s) || !s.n || n + s.n + 3 > AD_ALLOW)
			continue;
		while (i < s.n && s.p[i] && strchr(fine, s.p[i]))
			i++;
		if (i < s.n)
			continue;
		if (n) {
			memcpy(dst + n, ", ", 2);
			n += 2;
		}
		memcpy(dst + n, s.p, s.n);
		n += s.n;
	}
	dst[n] = 0;
}

/* ---- one account ---- */

static struct zsp_str without_slash(struct zsp_str url)
{
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	return url;
}

static int32_t is_elsewhere(struct zsp_json item, struct zsp_str api_url)
{
	struct zsp_str url = zsp_json_text(item, "server_url");

	return url.n && !zsp_str_equal(without_slash(url), without_slash(api_url));
}

/* "*.example.org" and "example.org" have one challenge name. */
static int32_t copy_domain(struct zsp_str from, char dst[AD_NAME])
{
	if (zsp_str_starts(from, "*.")) {
		from.p += 2;
		from.n -= 2;
	}
	return zsp_name_read(from, dst, AD_NAME);
}

static int32_t read_account(struct zsp_json item, struct ad_account *ret)
{
	if (!zsp_name_read(zsp_json_text(item, "fulldomain"), ret->fulldomain, sizeof(ret->fulldomain)) ||
		!copy_label(zsp_json_text(item, "subdomain"), ret->subdomain) ||
		!copy_secret(zsp_json_text(item, "username"), ret->username) ||
		!copy_secret(zsp_json_text(item, "password"), ret->password))
		return 0;
	copy_allowfrom(zsp_json_get(item, "allowfrom"), ret->allowfrom);
	return 1;
}

/* ---- all of them ---- */

static uint32_t count_members(struct zsp_json object)
{
	uint32_t n = 0;

	for (struct zsp_json v = zsp_json_first(object); v.node && n <= AD_ACCOUNTS; v = zsp_json_next(v))
		n++;
	return n;
}

static const char *read_members(struct zsp_json root, struct zsp_str api_url, struct ad_storage *ret)
{
	for (struct zsp_json v = zsp_json_first(root); v.node; v = zsp_json_next(v)) {
		struct ad_account *account = &ret->accounts[ret->n];

		if (!zsp_json_is_object(v))
			return "a member is no object: it must be DOMAIN: {username, password, fulldomain, subdomain}";
		if (is_elsewhere(v, api_url))
			continue;
		if (!copy_domain(zsp_json_name(v), account->domain))
			return "the name of a member is no domain";
		if (!read_account(v, account))
			return "an account lacks username, password, fulldomain or subdomain, or one of them is malformed";
		ret->n++;
	}
	return ret->n ? NULL : "there is no account in it that belongs to api-url";
}

static const char *read_root(struct zsp_json root, struct zsp_str api_url, struct ad_storage *ret)
{
	uint32_t n = count_members(root);

	if (!zsp_json_is_object(root) || !n)
		return "it must be a JSON object with at least one account";
	if (n > AD_ACCOUNTS)
		return "there are more than 256 accounts in it; use several instances";
	ret->accounts = calloc(n, sizeof(*ret->accounts));
	if (!ret->accounts)
		return "out of memory";
	ret->room = n;
	if (!zsp_json_is_string(zsp_json_get(root, "fulldomain")))
		return read_members(root, api_url, ret);
	if (!read_account(root, &ret->accounts[0]))
		return "the account lacks username, password, fulldomain or subdomain, or one of them is malformed";
	ret->n = 1;
	return NULL;
}

const char *ad_storage_read(struct zsp_str text, struct zsp_str api_url, struct ad_storage *ret)
{
	struct zsp_json_doc *doc = zsp_json_parse(text, NULL);
	const char *fault;

	memset(ret, 0, sizeof(*ret));
	if (!doc)
		return "it is no JSON, or has a name twice";
	fault = read_root(zsp_json_root(doc), api_url, ret);
	zsp_json_free(doc);
	if (fault)
		ad_storage_done(ret);
	return fault;
}

void ad_storage_done(struct ad_storage *storage)
{
	/* All of the array: an account that was refused halfway is not counted. */
	if (storage->accounts)
		zsp_wipe(storage->accounts, storage->room * sizeof(*storage->accounts));
	free(storage->accounts);
	memset(storage, 0, sizeof(*storage));
}

/* ---- looking up ---- */

struct ad_account *ad_storage_at(const struct ad_storage *storage, struct zsp_str fulldomain)
{
	for (uint32_t i = 0; i < storage->n; i++)
		if (zsp_name_equal(zsp_strz(storage->accounts[i].fulldomain), fulldomain))
			return &storage->accounts[i];
	return NULL;
}

struct ad_account *ad_storage_for(const struct ad_storage *storage, struct zsp_str challenge)
{
	struct zsp_str domain = challenge;

	if (!zsp_str_starts(challenge, CHALLENGE))
		return NULL;
	domain.p += sizeof(CHALLENGE) - 1;
	domain.n -= sizeof(CHALLENGE) - 1;
	for (uint32_t i = 0; i < storage->n; i++) {
		struct zsp_str its = zsp_strz(storage->accounts[i].domain);

		if (its.n && (zsp_name_equal(its, domain) || zsp_name_equal(its, challenge)))
			return &storage->accounts[i];
	}
	return storage->n == 1 && !*storage->accounts[0].domain ? &storage->accounts[0] : NULL;
}
