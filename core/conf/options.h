/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option table: every key of every section once, with type, default and
 * help.  Parser, check, --help, docs/config.md and the man page all follow it.
 */
#ifndef ZS_CONF_OPTIONS_H
#define ZS_CONF_OPTIONS_H

#include "base/defs.h"
#include "base/slice.h"

enum zs_conf_section {
	ZS_CONF_DEFAULTS,
	ZS_CONF_CA,
	ZS_CONF_PROVIDER,
	ZS_CONF_VIEW,
	ZS_CONF_ZONE,
	ZS_CONF_CERTIFICATE,
	ZS_CONF_SECTION__COUNT
};

enum zs_conf_type {
	ZS_CONF_TEXT,		/* printable, one line */
	ZS_CONF_WORD,		/* printable ASCII without blanks */
	ZS_CONF_ID,		/* name of another section */
	ZS_CONF_DIRECTORY,	/* https URL, or a shortcode */
	ZS_CONF_ORIGINS,	/* list of https://host[:port] */
	ZS_CONF_PROXY,		/* URL of a proxy */
	ZS_CONF_CONTACTS,	/* list of e-mail addresses */
	ZS_CONF_BOOLEAN,
	ZS_CONF_INTEGER,	/* min..max */
	ZS_CONF_SECONDS,	/* duration, kept in seconds; min..max */
	ZS_CONF_DURATION,	/* kept in milliseconds; min..max */
	ZS_CONF_NAMES,		/* list of DNS names, "*." allowed */
	ZS_CONF_ADDRESSES,	/* list of addr, addr:port, [v6]:port */
	ZS_CONF_POLICY,
	ZS_CONF_KEY_TYPE,
	ZS_CONF_PATH,
	ZS_CONF_GROUP,
	ZS_CONF_PLUGIN,		/* name or absolute path */
	ZS_CONF_SECRET_FILE,
	ZS_CONF_SECRET_CREDENTIAL,
	ZS_CONF_SECRET_ENV,
	ZS_CONF_TYPE__COUNT
};

struct zs_conf_option {
	enum zs_conf_section section;
	const char *key;
	enum zs_conf_type type;
	bool required;
	bool secret;			/* names the place of a secret */
	uint64_t min, max;		/* of numbers and durations */
	const char *fallback;		/* in the file's own form; NULL = none */
	const char *otherwise;		/* what holds without it, for people, where fallback is NULL */
	const char *help;		/* one clause */
	size_t offset;			/* of the member in the section's struct */
};

struct zs_conf_section_info {
	const char *name;		/* "certificate" */
	const char *argument;		/* "NAME"; NULL = the section has none */
	const char *help;
};

/* All of them, by section, in the order in which they are explained. Static. */
const struct zs_conf_option *zs_conf_options(size_t *n);
/* NULL = there is no such key. */
const struct zs_conf_option *zs_conf_option(enum zs_conf_section section, const char *key);
const struct zs_conf_section_info *zs_conf_section_info(enum zs_conf_section section);
/* False = there is no such kind of section. */
bool zs_conf_section_by_name(struct zs_slice name, enum zs_conf_section *ret);
/* What a value looks like: "URL", "DURATION", "yes|no". */
const char *zs_conf_type_form(enum zs_conf_type type);

#endif
