/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The typed configuration: what the sections of the INI file (a file and
 * its drop-in directory) or the command line say, checked, with defaults filled in.
 * One option table (options.h) feeds parser, check, --help and the man page.
 * Front only; no other process ever sees the file.
 */
#ifndef ZS_CONF_CONF_H
#define ZS_CONF_CONF_H

#include <sys/types.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/name.h"
#include "base/vec.h"
#include "conf/options.h"

/* Where a value was written, for messages: "zoneseal.conf:12", "--server", "default". */
struct zs_conf_where { const char *file; uint32_t line; };

/* Which options were written, as bits by their place in the option table; the others
 * have their default or what zs_conf_finish filled in. */
typedef uint64_t zs_conf_given;

typedef ZS_VEC(char *) zs_strings;
typedef ZS_VEC(struct zs_name) zs_names;

/* A secret is never in the file itself: it is a file, a systemd credential or an
 * environment variable, opened late. */
enum zs_secret_kind { ZS_SECRET_NONE, ZS_SECRET_FILE, ZS_SECRET_CREDENTIAL, ZS_SECRET_ENV };
struct zs_secret_ref { enum zs_secret_kind kind; char *text; };	/* path, credential name, variable */

struct zs_conf_ca {
	char *name;			/* id */
	struct zs_conf_where where;
	zs_conf_given given;
	char *directory;		/* URL */
	zs_strings origins;		/* further "https://host[:port]" */
	zs_strings contacts;		/* "mailto:..." */
	bool agree_terms;
	char *bundle;			/* path of PEM roots; NULL = the system's */
	char *proxy;			/* NULL = none */
	char *eab_kid;			/* NULL = none */
	struct zs_secret_ref eab_key;
	char *account_key_type;
	char *preferred_chain;		/* NULL = the CA's default */
	uint32_t nonce_width;		/* 1..256, default 10 */
};

struct zs_conf_pair { char *key, *value; struct zs_conf_where where; };	/* value may be a secret by mistake */

struct zs_conf_provider {
	char *name;			/* instance, id */
	struct zs_conf_where where;
	zs_conf_given given;
	char *plugin;			/* "rfc2136" or an absolute path */
	bool allow_programs;		/* the user agrees that it runs programs */
	ZS_VEC(struct zs_conf_pair) options;	/* checked against the plugin's own table later;
						   KEY-file and KEY-credential for secrets */
	uint64_t timeout_ms;		/* per call, default 30 s */
};

/* Numbered like enum zs_policy of ipc/proto.h; a test compares. */
enum zs_conf_policy {
	ZS_CONF_POLICY_UNSET = -1,
	ZS_CONF_POLICY_ALL,
	ZS_CONF_POLICY_NAMES,
	ZS_CONF_POLICY_QUORUM,
	ZS_CONF_POLICY_ANY,
	ZS_CONF_POLICY_PROVIDER,
	ZS_CONF_POLICY_SLEEP,
	ZS_CONF_POLICY__COUNT
};

struct zs_conf_propagation {
	int policy;			/* enum zs_conf_policy */
	uint32_t percent;		/* quorum */
	uint64_t sleep_ms;
	uint32_t looks;			/* 0 = by address */
	uint64_t timeout_ms;		/* default 5 min */
};

struct zs_conf_zone {
	struct zs_name zone;		/* this name and all below it */
	struct zs_conf_where where;
	zs_conf_given given;
	char *provider;			/* instance; NULL = none, and there is no default */
	char *view;			/* NULL = none */
	zs_strings resolvers, servers;	/* finished: its own, else the view's, else (servers) the default's */
	struct zs_conf_propagation propagation;
	uint32_t ttl;			/* 0 = default, never after zs_conf_finish */
};

struct zs_conf_view {			/* how a zone is seen */
	char *name;
	struct zs_conf_where where;
	zs_conf_given given;
	zs_strings resolvers, servers;
};

struct zs_conf_certificate {
	char *name;			/* id */
	struct zs_conf_where where;
	zs_conf_given given;
	zs_names identifiers;		/* A-labels, no duplicates; empty with csr */
	char *ca;			/* name of a [ca] or a shortcode */
	char *provider;			/* instance; NULL = by [zone], else default */
	char *key_type;			/* "ec256" ... */
	bool reuse_key;
	char *csr;			/* path of the user's own CSR; NULL = none */
	char *key_group;		/* group name; NULL = none */
	char *profile, *preferred_chain;	/* NULL = none */
	uint64_t timeout_ms;		/* whole job, default 15 min */
};

struct zs_conf_defaults {
	zs_conf_given given;
	char *state_dir;		/* NULL = zs_conf_default_state */
	char *ca, *provider;		/* NULL = none */
	char *key_type;
	char *plugin_dir;		/* NULL = the place of the installation */
	zs_strings contacts;
	zs_strings resolvers, servers;
	struct zs_conf_propagation propagation;
	uint32_t ttl;			/* default 60 s */
};

/* Where one option was written, for messages. */
struct zs_conf_mark {
	enum zs_conf_section section;
	uint32_t index;			/* of the section among its kind */
	const struct zs_conf_option *option;
	struct zs_conf_where where;
};

struct zs_conf {
	struct zs_conf_defaults defaults;
	ZS_VEC(struct zs_conf_ca) cas;
	ZS_VEC(struct zs_conf_provider) providers;
	ZS_VEC(struct zs_conf_zone) zones;
	ZS_VEC(struct zs_conf_view) views;
	ZS_VEC(struct zs_conf_certificate) certificates;
	zs_strings files;		/* that were read; the where.file pointers live here */
	zs_strings places;		/* that zs_conf_set named, and as above */
	ZS_VEC(struct zs_conf_mark) marks;
};

void zs_conf_init(struct zs_conf *conf);	/* defaults only */
void zs_conf_done(struct zs_conf *conf);
/* Reads one file and, where it exists, the drop-in directory PATH.d/ (*.conf, sorted).
 * An unreadable line, an unknown or duplicate key or section is an error with file:line and the
 * nearest known name; all errors of the files are collected, one a line, in err->text. Files and
 * directory must belong to root or us and be writable by nobody else (-ZS_E_PERMISSION). A file
 * that does not exist gives -ZS_E_CONFIG with errno ENOENT. */
int zs_conf_read(struct zs_conf *conf, const char *path, struct zs_err *err);
/* Sets one option as if a file said so, over what files said; section_id NULL for [defaults].
 * Makes the section where there is none. Relative paths are taken from the current directory.
 * For the command line, between zs_conf_read and zs_conf_finish. */
int zs_conf_set(struct zs_conf *conf, const char *section, const char *section_id, const char *key, const char *value,
		const char *where, struct zs_err *err);
/* Cross checks after everything is read: references exist, defaults are filled in, a CA that is
 * only named by its shortcode gets its section. Errors are collected as above. */
int zs_conf_finish(struct zs_conf *conf, struct zs_err *err);
/* Effective configuration in the file's own form, secrets only by reference. */
void zs_conf_print(const struct zs_conf *conf, struct zs_buf *dst);

struct zs_conf_ca *zs_conf_ca(const struct zs_conf *conf, const char *name);	/* NULL = none */
struct zs_conf_provider *zs_conf_provider(const struct zs_conf *conf, const char *name);
struct zs_conf_certificate *zs_conf_certificate(const struct zs_conf *conf, const char *name);
/* Longest match on label borders; NULL = no [zone] covers it. */
const struct zs_conf_zone *zs_conf_zone_for(const struct zs_conf *conf, const struct zs_name *name);
/* URL of a well-known CA ("letsencrypt", "letsencrypt-staging", "google", "zerossl", "ssl.com", ...); NULL = unknown. */
const char *zs_conf_shortcode(const char *name);
/* What the default places depend on; front fills it in, the texts may be NULL. */
struct zs_conf_user {
	uid_t uid;			/* effective */
	const char *home, *xdg_config, *xdg_state;	/* HOME, XDG_CONFIG_HOME, XDG_STATE_HOME */
};
/* Default places: root and the service user "zoneseal" /etc/zoneseal/zoneseal.conf and
 * /var/lib/zoneseal (as configured at build time); others the XDG directories. */
int zs_conf_default_path(const struct zs_conf_user *user, struct zs_buf *dst, struct zs_err *err);
int zs_conf_default_state(const struct zs_conf_user *user, struct zs_buf *dst, struct zs_err *err);

#endif
