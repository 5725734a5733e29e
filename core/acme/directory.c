/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading of the directory object.  Unknown members are ignored: Boulder puts
 * a random one in on purpose.  Pure.
 */
#include "acme/directory.h"

#include <stdio.h>
#include <string.h>

#include "wrap/json.h"

struct reader {
	const struct zs_acme_from *from;
	struct zs_arena *arena;
	struct zs_directory *dir;
	struct zs_err *err;
};

static int nomem(struct zs_err *err)
{
	return zs_err_set(err, ZS_E_NOMEM, "memory ran out");
}

static int keep(struct reader *r, struct zs_slice text, const char **ret)
{
	*ret = zs_arena_str(r->arena, text.p, text.n);
	return *ret ? 0 : nomem(r->err);
}

static const struct {
	const char *key;
	enum zs_json_need need;
	size_t offset;
} urls[] = {
	{ "newNonce", ZS_JSON_REQUIRED, offsetof(struct zs_directory, new_nonce) },
	{ "newAccount", ZS_JSON_REQUIRED, offsetof(struct zs_directory, new_account) },
	{ "newOrder", ZS_JSON_REQUIRED, offsetof(struct zs_directory, new_order) },
	{ "revokeCert", ZS_JSON_OPTIONAL, offsetof(struct zs_directory, revoke_cert) },
	{ "keyChange", ZS_JSON_OPTIONAL, offsetof(struct zs_directory, key_change) },
	{ "renewalInfo", ZS_JSON_OPTIONAL, offsetof(struct zs_directory, renewal_info) },
};

static int read_urls(struct reader *r, struct zs_json root)
{
	for (size_t i = 0; i < ZS_COUNT(urls); i++) {
		struct zs_slice url;
		const char *kept;
		char what[48];
		int e = zs_json_str(root, urls[i].key, urls[i].need, &url, r->err);

		if (e)
			return e;
		if (!url.p && urls[i].need == ZS_JSON_OPTIONAL)
			continue;
		(void)snprintf(what, sizeof(what), "directory: %s", urls[i].key);
		e = zs_url_check(url, r->from, what, r->err);
		if (!e)
			e = keep(r, url, &kept);
		if (e)
			return e;
		memcpy((char *)r->dir + urls[i].offset, &kept, sizeof(kept));
	}
	return 0;
}

/* Text for people: kept only where it is short and printable ASCII. */
static int read_words(struct reader *r, struct zs_json meta)
{
	static const struct { const char *key; size_t offset; } words[] = {
		{ "termsOfService", offsetof(struct zs_directory, terms) },
		{ "website", offsetof(struct zs_directory, website) },
	};

	for (size_t i = 0; i < ZS_COUNT(words); i++) {
		struct zs_slice text;
		const char *kept;
		int e = zs_json_str(meta, words[i].key, ZS_JSON_OPTIONAL, &text, r->err);

		if (e)
			return e;
		if (!text.n || text.n > ZS_MAX_URL)
			continue;
		e = keep(r, zs_slice_is_graph(text) ? text : zs_slice_str("(unprintable)"), &kept);
		if (e)
			return e;
		memcpy((char *)r->dir + words[i].offset, &kept, sizeof(kept));
	}
	return 0;
}

static int read_caa(struct reader *r, struct zs_json meta)
{
	struct zs_json list, v;
	int e = zs_json_array(meta, "caaIdentities", ZS_JSON_OPTIONAL, &list, r->err);

	if (e)
		return e;
	for (v = zs_json_first(list); zs_json_is(v); v = zs_json_next(v)) {
		struct zs_slice text;

		e = zs_json_as_str(v, &text, r->err);
		if (e)
			return e;
		if (r->dir->ncaa == ZS_DIRECTORY_LIST)
			return zs_json_wrong(list, r->err, "more than %d entries", ZS_DIRECTORY_LIST);
		if (!text.n || text.n > ZS_MAX_NAME || !zs_slice_is_graph(text))
			return zs_json_wrong(v, r->err, "not a domain name");
		e = keep(r, text, &r->dir->caa[r->dir->ncaa]);
		if (e)
			return e;
		r->dir->ncaa++;
	}
	return 0;
}

static int read_profiles(struct reader *r, struct zs_json meta)
{
	struct zs_json list, v;
	int e = zs_json_object(meta, "profiles", ZS_JSON_OPTIONAL, &list, r->err);

	if (e)
		return e;
	r->dir->has_profiles = zs_json_is(list);
	for (v = zs_json_first(list); zs_json_is(v); v = zs_json_next(v)) {
		struct zs_slice name = zs_json_key(v);

		if (r->dir->nprofiles == ZS_DIRECTORY_LIST)
			return zs_json_wrong(list, r->err, "more than %d entries", ZS_DIRECTORY_LIST);
		if (!name.n || name.n > ZS_MAX_ID || !zs_slice_is_graph(name))
			return zs_json_wrong(v, r->err, "not the name of a profile");
		e = keep(r, name, &r->dir->profiles[r->dir->nprofiles]);
		if (e)
			return e;
		r->dir->nprofiles++;
	}
	return 0;
}

static int read_meta(struct reader *r, struct zs_json root)
{
	struct zs_json meta;
	int e = zs_json_object(root, "meta", ZS_JSON_OPTIONAL, &meta, r->err);

	if (e || !zs_json_is(meta))
		return e;
	e = zs_json_bool(meta, "externalAccountRequired", ZS_JSON_OPTIONAL,
			 &r->dir->eab_required, r->err);
	if (!e)
		e = read_words(r, meta);
	if (!e)
		e = read_caa(r, meta);
	if (!e)
		e = read_profiles(r, meta);
	return e;
}

int zs_directory_parse(struct zs_slice body, const struct zs_acme_from *from,
		       struct zs_arena *arena, struct zs_directory *ret,
		       struct zs_err *err)
{
	struct zs_directory dir = { 0 };
	struct reader r = { from, arena, &dir, err };
	struct zs_json_doc *doc;
	struct zs_err mine;
	int e;

	if (!err)
		r.err = err = &mine;
	doc = zs_json_parse(body, "directory", 0, err);
	if (!doc) {
		zs_err_where(err, "%s", from->url);
		return -(int)err->code;
	}
	e = read_urls(&r, zs_json_root(doc));
	if (!e)
		e = read_meta(&r, zs_json_root(doc));
	zs_json_free(doc);
	if (e)
		zs_err_where(err, "%s", from->url);
	else
		*ret = dir;
	return e;
}

bool zs_directory_has_profile(const struct zs_directory *dir, struct zs_slice profile)
{
	for (size_t i = 0; i < dir->nprofiles; i++)
		if (zs_slice_eq_str(profile, dir->profiles[i]))
			return true;
	return false;
}
