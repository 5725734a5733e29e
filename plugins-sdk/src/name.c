/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/name.h: names as lower-case text; base/name knows what a name is.
 */
#include <zoneseal/name.h>
#include <zoneseal/text.h>

#include <string.h>

#include "base/name.h"
#include "bridge.h"

int32_t zsp_name_in(struct zsp_str name, struct zsp_str zone)
{
	size_t cut;

	if (!zone.n || name.n < zone.n)
		return 0;
	cut = name.n - zone.n;
	return !memcmp(name.p + cut, zone.p, zone.n) && (!cut || name.p[cut - 1] == '.');
}

struct zsp_str zsp_name_parent(struct zsp_str name)
{
	(void)zsp_str_cut(&name, '.');
	return name;
}

struct zsp_str zsp_name_relative(struct zsp_str name, struct zsp_str zone)
{
	if (!zsp_name_in(name, zone) || name.n == zone.n)
		return (struct zsp_str){ "", 0 };
	return (struct zsp_str){ name.p, name.n - zone.n - 1 };
}

int32_t zsp_name_read(struct zsp_str from, char *dst, size_t size)
{
	struct zs_name name;

	if (!zs_name_parse(slice_of(from), ZS_NAME_ANY, &name, NULL) || !name.len || name.len >= size)
		return 0;
	memcpy(dst, name.text, (size_t)name.len + 1);
	return 1;
}

static struct zsp_str without_dot(struct zsp_str name)
{
	if (name.n && name.p[name.n - 1] == '.')
		name.n--;
	return name;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

int32_t zsp_name_equal(struct zsp_str a, struct zsp_str b)
{
	a = without_dot(a);
	b = without_dot(b);
	if (a.n != b.n)
		return 0;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return 0;
	return 1;
}
