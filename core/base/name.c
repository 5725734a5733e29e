/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS names: the border check, and walking, comparing and wire form behind it.
 * Does no IDNA (wrap/idn does) and decodes no messages (wrap/dns does).
 */
#include "base/name.h"

#include <string.h>

#define CHALLENGE_LABEL "_acme-challenge"

static bool is_alnum(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool host_char(uint8_t c)
{
	return is_alnum(c) || c == '-';
}

static bool owner_char(uint8_t c)
{
	return host_char(c) || c == '_';
}

static bool any_char(uint8_t c)
{
	return c > 0x20 && c < 0x7f && c != '.' && c != '\\' && c != '"';
}

static const struct alphabet {
	bool (*has)(uint8_t c);
	const char *why;
	bool wildcard; /* "*." may come first */
	bool hyphen_inside; /* and nowhere else */
	bool root;
} alphabets[] = {
	[ZS_NAME_HOST] = {
		.has = host_char,
		.why = "a character other than letter, digit, hyphen",
		.wildcard = true,
		.hyphen_inside = true,
	},
	[ZS_NAME_OWNER] = {
		.has = owner_char,
		.why = "a character other than letter, digit, hyphen, "
		       "underscore",
		.wildcard = true,
	},
	[ZS_NAME_ANY] = {
		.has = any_char,
		.why = "a blank, control, quote or backslash",
		.root = true,
	},
};
_Static_assert(ZS_COUNT(alphabets) == ZS_NAME_ANY + 1, "one row per kind");

static const char *check_label(struct zs_slice label,
	const struct alphabet *alphabet)
{
	if (!label.n)
		return "empty label (two dots, or a dot at the start)";
	if (label.n > ZS_MAX_LABEL)
		return "label longer than 63 octets";
	for (size_t i = 0; i < label.n; i++)
		if (!alphabet->has(label.p[i]))
			return label.p[i] == '*'
				? "* is allowed only as the whole first label"
				: alphabet->why;
	if (alphabet->hyphen_inside &&
		(label.p[0] == '-' || label.p[label.n - 1] == '-'))
		return "hyphen at the start or end of a label";
	return NULL;
}

static const char *check_labels(struct zs_slice text,
	const struct alphabet *alphabet)
{
	const uint8_t *end = text.p + text.n;

	/* By position, since a final dot has to show as an empty label. */
	for (const uint8_t *p = text.p;; p++) {
		const uint8_t *dot = memchr(p, '.', (size_t)(end - p));
		struct zs_slice label =
			zs_slice_of(p, (size_t)((dot ? dot : end) - p));
		const char *why = check_label(label, alphabet);

		if (why || !dot)
			return why;
		p = dot;
	}
}

static bool is_ascii(struct zs_slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] > 0x7f)
			return false;
	return true;
}

static void set_lower(struct zs_name *name, struct zs_slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		name->text[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	name->text[text.n] = 0;
	name->len = (uint8_t)text.n;
}

/* The checks that come before any label is looked at. */
static const char *check_whole(struct zs_slice text)
{
	if (!text.n)
		return "empty name";
	if (!is_ascii(text))
		return "not ASCII; convert to A-labels first";
	if (text.n > ZS_MAX_NAME)
		return "name longer than 253 octets";
	return NULL;
}

static const char *parse(struct zs_slice text, const struct alphabet *alphabet,
	struct zs_name *name)
{
	const char *why;

	if (zs_slice_eq_str(text, "."))
		return alphabet->root ? NULL : "the root is no name here";
	if (text.n && text.p[text.n - 1] == '.')
		text.n--;
	why = check_whole(text);
	if (why)
		return why;
	if (alphabet->wildcard && zs_slice_eq_str(text, "*"))
		return "wildcard without a name behind it";
	if (alphabet->wildcard && zs_slice_starts(text, "*.")) {
		name->wildcard = true;
		text = zs_slice_of(text.p + 2, text.n - 2);
	}
	set_lower(name, text);
	return check_labels(zs_slice_of(name->text, name->len), alphabet);
}

bool zs_name_parse(struct zs_slice text, enum zs_name_kind kind,
	struct zs_name *ret, const char **why)
{
	struct zs_name name = { .len = 0 };
	const char *wrong = parse(text, &alphabets[kind], &name);

	if (why)
		*why = wrong;
	if (!wrong)
		*ret = name;
	return !wrong;
}

void zs_name_print(const struct zs_name *name, char dst[static ZS_MAX_NAME + 3])
{
	size_t at = 0;

	if (name->wildcard) {
		dst[at++] = '*';
		dst[at++] = '.';
	}
	memcpy(dst + at, name->text, name->len);
	dst[at + name->len] = 0;
}

bool zs_name_eq(const struct zs_name *a, const struct zs_name *b)
{
	return a->wildcard == b->wildcard && a->len == b->len &&
		!memcmp(a->text, b->text, a->len);
}

/* Takes the rightmost label off *rest. */
static struct zs_slice cut_last(struct zs_slice *rest)
{
	struct zs_slice s = *rest;
	size_t start = s.n;

	while (start && s.p[start - 1] != '.')
		start--;
	rest->n = start ? start - 1 : 0;
	return zs_slice_of(s.p + start, s.n - start);
}

static int cmp_bytes(struct zs_slice a, struct zs_slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	if (order)
		return order;
	return (a.n > b.n) - (a.n < b.n);
}

int zs_name_cmp(const struct zs_name *a, const struct zs_name *b)
{
	struct zs_slice x = zs_slice_of(a->text, a->len);
	struct zs_slice y = zs_slice_of(b->text, b->len);

	while (x.n && y.n) {
		int order = cmp_bytes(cut_last(&x), cut_last(&y));

		if (order)
			return order;
	}
	if (x.n || y.n)
		return x.n ? 1 : -1;
	return (int)a->wildcard - (int)b->wildcard;
}

bool zs_name_is_in(const struct zs_name *name, const struct zs_name *zone)
{
	size_t above;

	if (!zone->len)
		return true;
	if (name->len < zone->len)
		return false;
	above = (size_t)name->len - zone->len;
	return !memcmp(name->text + above, zone->text, zone->len) &&
		(!above || name->text[above - 1] == '.');
}

unsigned zs_name_labels(const struct zs_name *name)
{
	unsigned n = name->len ? 1 : 0;

	for (size_t i = 0; i < name->len; i++)
		n += name->text[i] == '.';
	return n;
}

bool zs_name_parent(const struct zs_name *name, struct zs_name *ret)
{
	unsigned labels = zs_name_labels(name);

	return labels && zs_name_tail(name, labels - 1, ret);
}

bool zs_name_tail(const struct zs_name *name, unsigned n, struct zs_name *ret)
{
	struct zs_slice text = zs_slice_of(name->text, name->len);
	struct zs_name tail = { .len = 0 };
	unsigned labels = zs_name_labels(name);

	if (n > labels)
		return false;
	for (; labels > n; labels--)
		(void)zs_slice_cut(&text, '.');
	set_lower(&tail, text);
	*ret = tail;
	return true;
}

bool zs_name_challenge(const struct zs_name *identifier, struct zs_name *ret)
{
	static const char prefix[] = CHALLENGE_LABEL ".";
	const size_t n = sizeof(prefix) - 1;
	struct zs_name name = { .len = 0 };

	if (!identifier->len || identifier->len + n > ZS_MAX_NAME)
		return false;
	memcpy(name.text, prefix, n);
	memcpy(name.text + n, identifier->text, identifier->len);
	name.len = (uint8_t)(identifier->len + n);
	*ret = name;
	return true;
}

size_t zs_name_wire(const struct zs_name *name, uint8_t dst[static 255])
{
	struct zs_slice rest = zs_slice_of(name->text, name->len);
	size_t n = 0;

	while (rest.n) {
		struct zs_slice label = zs_slice_cut(&rest, '.');

		dst[n++] = (uint8_t)label.n;
		memcpy(dst + n, label.p, label.n);
		n += label.n;
	}
	dst[n++] = 0;
	return n;
}

bool zs_id_ok(struct zs_slice id)
{
	if (!id.n || id.n > ZS_MAX_ID || id.p[0] == '.')
		return false;
	for (size_t i = 0; i < id.n; i++) {
		uint8_t c = id.p[i];

		if (!(c >= 'A' && c <= 'Z') && !owner_char(c) && c != '.')
			return false;
	}
	return true;
}
