/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Link header fields (RFC 8288 3): splits "<target>; rel=x, <target>; rel=y",
 * quoted values and commas inside the brackets included.  Does not check the
 * targets: that is zs_url_check.
 */
#include "acme/link.h"

#include "base/defs.h"

struct cursor {
	struct zs_slice s;
};

static void advance(struct cursor *c, size_t n)
{
	if (n)
		c->s = zs_slice_of(c->s.p + n, c->s.n - n);
}

static void skip(struct cursor *c, const char *set)
{
	while (c->s.n) {
		const char *p = set;

		while (*p && (uint8_t)*p != c->s.p[0])
			p++;
		if (!*p)
			return;
		advance(c, 1);
	}
}

static bool at(const struct cursor *c, char octet)
{
	return c->s.n && c->s.p[0] == (uint8_t)octet;
}

/* Up to, without, the first octet of set (or the end). */
static struct zs_slice take_until(struct cursor *c, const char *set)
{
	size_t n = 0;

	for (; n < c->s.n; n++) {
		const char *p = set;

		while (*p && (uint8_t)*p != c->s.p[n])
			p++;
		if (*p)
			break;
	}
	struct zs_slice part = zs_slice_of(c->s.p, n);

	advance(c, n);
	return part;
}

/* A quoted value without its quotes; escapes are left as they are, as no relation
 * that we look for has one. */
static struct zs_slice take_quoted(struct cursor *c)
{
	size_t n = 1;
	struct zs_slice part;

	while (n < c->s.n && c->s.p[n] != '"')
		n += c->s.p[n] == '\\' && n + 1 < c->s.n ? 2 : 1;
	if (n > c->s.n)
		n = c->s.n;
	part = zs_slice_of(c->s.p + 1, n - 1);
	advance(c, n < c->s.n ? n + 1 : n);
	return part;
}

static bool has_word(struct zs_slice list, const char *word)
{
	while (list.n)
		if (zs_slice_eq_nocase(zs_slice_cut(&list, ' '), word))
			return true;
	return false;
}

/* One parameter; true when it is rel and names the relation. */
static bool take_parameter(struct cursor *c, const char *relation, bool *is_rel)
{
	struct zs_slice name, value = ZS_SLICE_NONE;

	skip(c, "; \t");
	name = zs_slice_trim(take_until(c, "=;,"));
	if (at(c, '=')) {
		advance(c, 1);
		skip(c, " \t");
		value = at(c, '"') ? take_quoted(c)
				   : zs_slice_trim(take_until(c, ";,"));
	}
	*is_rel = zs_slice_eq_nocase(name, "rel");
	skip(c, " \t");
	return *is_rel && has_word(value, relation);
}

/* The parameters of one link; only the first rel counts (RFC 8288 3.3). */
static bool take_parameters(struct cursor *c, const char *relation)
{
	bool match = false, seen = false;

	skip(c, " \t");
	while (c->s.n && !at(c, ',')) {
		bool is_rel, hit;
		size_t before = c->s.n;

		hit = take_parameter(c, relation, &is_rel);
		if (is_rel && !seen)
			match = hit;
		seen |= is_rel;
		if (c->s.n == before)
			advance(c, 1);
	}
	return match;
}

void zs_link_each(struct zs_slice field, const char *relation,
		  void (*found)(struct zs_slice target, void *user), void *user)
{
	struct cursor c = { field };

	for (;;) {
		struct zs_slice target;

		skip(&c, ", \t");
		if (!at(&c, '<'))
			return;
		advance(&c, 1);
		target = take_until(&c, ">");
		if (!at(&c, '>'))
			return;
		advance(&c, 1);
		if (take_parameters(&c, relation))
			found(target, user);
	}
}

static void keep_first(struct zs_slice target, void *user)
{
	struct zs_slice *ret = user;

	if (!ret->p)
		*ret = target;
}

bool zs_link_find(const struct zs_slice *fields, size_t n, const char *relation,
		  struct zs_slice *ret)
{
	struct zs_slice first = ZS_SLICE_NONE;

	for (size_t i = 0; i < n && !first.p; i++)
		zs_link_each(fields[i], relation, keep_first, &first);
	if (!first.p)
		return false;
	*ret = first;
	return true;
}
