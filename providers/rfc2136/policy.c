/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h.  What is printed is configuration as it stands: all that is not for
 * BIND begins with #.
 */
#include "policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 700 };

struct printer {
	const struct zsp_host *host;
	struct zsp_str key;
	int32_t class; /* of the first failure */
};

static void line(struct printer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void line(struct printer *p, const char *format, ...)
{
	char text[LINE];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (p->class == ZSP_OK)
		p->class = p->host->print(p->host, text, strlen(text));
}

static void print_bind(struct printer *p, const struct zsp_zone *zone)
{
	line(p, "# BIND, named.conf: into the statement of the zone %.*s\n", (int)zone->zone.n, zone->zone.p);
	line(p, "update-policy {\n");
	for (uint32_t i = 0; i < zone->names.n; i++) {
		const struct zsp_str *name = ZSP_ITEM(struct zsp_str, &zone->names, i);

		line(p, "\tgrant %.*s name %.*s. TXT;\n", (int)p->key.n, p->key.p, (int)name->n, name->p);
	}
	line(p, "};\n\n");
}

/* Knot takes a name without a final dot as one below the zone. */
static struct zsp_str below(const struct zsp_str *name, const struct zsp_str *zone)
{
	struct zsp_str part = *name;

	if (part.n > zone->n + 1 && !memcmp(part.p + part.n - zone->n, zone->p, zone->n) && part.p[part.n - zone->n - 1] == '.')
		part.n -= zone->n + 1;
	return part;
}

static void print_knot(struct printer *p, const struct zsp_zone *zone, uint32_t number)
{
	line(p, "# Knot, knot.conf: and \"acl: zoneseal-%u\" in the zone %.*s\n", (unsigned)number, (int)zone->zone.n, zone->zone.p);
	line(p, "# acl:\n#   - id: zoneseal-%u\n#     key: %.*s\n", (unsigned)number, (int)p->key.n, p->key.p);
	line(p, "#     action: update\n#     update-type: [TXT]\n#     update-owner: name\n#     update-owner-match: equal\n");
	line(p, "#     update-owner-name: [");
	for (uint32_t i = 0; i < zone->names.n; i++) {
		const struct zsp_str *name = ZSP_ITEM(struct zsp_str, &zone->names, i);
		struct zsp_str part = below(name, &zone->zone);

		line(p, "%s%.*s%s", i ? ", " : "", (int)part.n, part.p, part.n == name->n ? "." : "");
	}
	line(p, "]\n");
}

int32_t policy_print(const struct zsp_host *host, const struct zsp_str *key, const struct zsp_list *zones)
{
	struct printer p = { .host = host, .key = *key, .class = ZSP_OK };

	if (!p.key.n)
		p.key = (struct zsp_str)ZSP_STR("KEYNAME");
	for (uint32_t i = 0; i < zones->n; i++)
		print_bind(&p, ZSP_ITEM(struct zsp_zone, zones, i));
	for (uint32_t i = 0; i < zones->n; i++)
		print_knot(&p, ZSP_ITEM(struct zsp_zone, zones, i), i + 1);
	return p.class;
}
