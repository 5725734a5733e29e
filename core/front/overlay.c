/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/overlay.h.
 */
#include "front/overlay.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/lists.h"
#include "conf/nearest.h"
#include "conf/shortcodes.h"
#include "front/command.h"

enum { LIST_MAX = 64 * 1024, PATH_OCTETS = 4096 };

/* One overlay at work. Sections move when one is added, their names do not. */
struct overlay {
	struct zs_conf *conf;
	const struct zs_cli *cli;
	const char *names[ZS_MAX_JOBS];	/* of the chosen certificates */
	const char *cas[ZS_MAX_JOBS];	/* and their CAs; NULL = not known */
	size_t n;
	char ca_id[ZS_MAX_ID + 1], instance[ZS_MAX_ID + 1];
};

/* "--key-type: key-type: ..." says it twice; of -o the key is news. */
static int as_usage(const struct overlay *o, enum zs_opt option, const char *key, const char *where, struct zs_err *err)
{
	char twice[160];

	err->code = ZS_E_USAGE;
	snprintf(twice, sizeof(twice), "%s: %s: ", where, key);
	if (option != ZS_OPT_PROVIDER_OPTION && zs_slice_starts(zs_slice_str(err->text), twice))
		zs_err_set(err, ZS_E_USAGE, "%s: %s", where, err->text + strlen(twice));
	if (!*err->hint && o->cli->command)
		zs_err_hint(err, "`zoneseal help %s` shows what it takes", o->cli->command->name);
	return -ZS_E_USAGE;
}

static int set(struct overlay *o, const char *section, const char *id, enum zs_opt option, const char *key, const char *value,
	       struct zs_err *err)
{
	char where[72];

	snprintf(where, sizeof(where), "--%s", zs_cli_options()[option].name);
	int rc = zs_conf_set(o->conf, section, id, key, value, where, err);
	/* it is not the file that is to be corrected */
	if (rc == -ZS_E_CONFIG)
		rc = as_usage(o, option, key, where, err);
	return rc;
}

/* ---- a certificate on the command line ---- */

bool zs_overlay_has_certificate(const struct zs_cli *cli)
{
	return zs_cli_has(cli, ZS_OPT_DOMAIN) || zs_cli_has(cli, ZS_OPT_CSR);
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool copy_id(struct zs_slice text, char dst[static ZS_MAX_ID + 1])
{
	return zs_id_ok(text) && zs_slice_copy(text, dst, ZS_MAX_ID + 1);
}

static void join_domains(const struct zs_cli *cli, struct zs_buf *dst)
{
	for (size_t i = 0; i < cli->values.n; i++)
		if (cli->values.items[i].option == ZS_OPT_DOMAIN)
			zs_buf_addf(dst, "%s%s", dst->len ? "," : "", cli->values.items[i].text);
}

/* All of -d, as names in A-labels; each mistake is that of its name. */
static int read_domains(const struct zs_cli *cli, zs_names *ret, struct zs_buf *list, struct zs_err *err)
{
	struct zs_buf why = ZS_BUF(4096);
	int rc = 0;

	join_domains(cli, list);
	if (list->failed) {
		rc = zs_err_set(err, ZS_E_USAGE, "the list of names is too long");
	} else if (list->len && !zs_conf_list_names(zs_buf_slice(list), ret, &why)) {
		rc = zs_err_set(err, ZS_E_USAGE, "--domain: %s", zs_buf_str(&why));
		zs_err_hint(err, "-d takes DNS names such as www.example.com or *.example.com, with a comma between several");
	}
	zs_buf_done(&why);
	return rc;
}

int zs_overlay_domains(const struct zs_cli *cli, zs_names *ret, struct zs_err *err)
{
	struct zs_buf list = ZS_BUF(LIST_MAX);
	int rc = read_domains(cli, ret, &list, err);

	zs_buf_done(&list);
	return rc;
}

/* The first name that is no wildcard, else the first one's base: "corp.example.com". */
static bool name_from_domains(const zs_names *names, char dst[static ZS_MAX_ID + 1])
{
	for (size_t i = 0; i < names->n; i++)
		if (!names->items[i].wildcard)
			return copy_id(zs_slice_str(names->items[i].text), dst);
	return names->n && copy_id(zs_slice_str(names->items[0].text), dst);
}

static bool name_from_csr(const struct zs_cli *cli, char dst[static ZS_MAX_ID + 1])
{
	const char *path = zs_cli_value(cli, ZS_OPT_CSR);
	const char *base = path ? base_of(path) : "";
	const char *dot = strrchr(base, '.');

	return copy_id(zs_slice_of(base, dot ? (size_t)(dot - base) : strlen(base)), dst);
}

static int choose_name(const struct zs_cli *cli, const zs_names *names, char dst[static ZS_MAX_ID + 1], struct zs_err *err)
{
	const char *given = zs_cli_value(cli, ZS_OPT_CERT_NAME);

	if (given && copy_id(zs_slice_str(given), dst))
		return 0;
	if (given)
		ZS_FAIL(err, ZS_E_USAGE, "--cert-name \"%s\": letters, digits, dot, hyphen and underscore, at most %d", given, ZS_MAX_ID);
	if (zs_cli_has(cli, ZS_OPT_DOMAIN) ? name_from_domains(names, dst) : name_from_csr(cli, dst))
		return 0;
	zs_err_set(err, ZS_E_USAGE, "no name for this certificate can be made from its first name");
	zs_err_hint(err, "give it one with --cert-name NAME");
	return -ZS_E_USAGE;
}

int zs_overlay_certificate(struct zs_conf *conf, const struct zs_cli *cli, char ret_name[static ZS_MAX_ID + 1], struct zs_err *err)
{
	struct overlay o = { .conf = conf, .cli = cli };
	struct zs_buf list = ZS_BUF(LIST_MAX);
	zs_names names = { 0 };
	int rc;

	*ret_name = 0;
	if (!zs_overlay_has_certificate(cli)) {
		if (zs_cli_has(cli, ZS_OPT_CERT_NAME))
			ZS_FAIL(err, ZS_E_USAGE, "--cert-name names the certificate that -d or --csr describe; there is none");
		return 0;
	}
	if (cli->args.n)
		ZS_FAIL(err, ZS_E_USAGE, "either certificates of the configuration (%s) or one by -d or --csr, not both",
			cli->args.items[0]);
	rc = read_domains(cli, &names, &list, err);
	if (!rc)
		rc = choose_name(cli, &names, ret_name, err);
	if (!rc && list.len)
		rc = set(&o, "certificate", ret_name, ZS_OPT_DOMAIN, "names", zs_buf_str(&list), err);
	if (!rc && zs_cli_has(cli, ZS_OPT_CSR))
		rc = set(&o, "certificate", ret_name, ZS_OPT_CSR, "csr", zs_cli_value(cli, ZS_OPT_CSR), err);
	zs_vec_done(&names);
	zs_buf_done(&list);
	return rc;
}

/* ---- which CA ---- */

/* The CA of a certificate before defaults are filled in. */
static const char *ca_of(const struct zs_conf *conf, const char *certificate)
{
	const struct zs_conf_certificate *c = zs_conf_certificate(conf, certificate);

	if (c && c->ca)
		return c->ca;
	if (conf->defaults.ca)
		return conf->defaults.ca;
	return conf->cas.n == 1 ? conf->cas.items[0].name : NULL;
}

static const char *shortcode_of_url(const char *url)
{
	size_t n;
	const struct zs_conf_shortcode *codes = zs_conf_shortcodes(&n);

	for (size_t i = 0; i < n; i++)
		if (!codes[i].alias_of && codes[i].directory && !strcmp(codes[i].directory, url))
			return codes[i].name;
	return NULL;
}

/* A name for a CA that has only a URL: its account is found again by it. */
static void id_of_url(const char *url, char dst[static ZS_MAX_ID + 1])
{
	const char *p = strstr(url, "://");
	uint32_t hash = UINT32_C(2166136261);
	size_t n = 0;

	for (const char *c = url; *c; c++)
		hash = (hash ^ (uint8_t)*c) * UINT32_C(16777619);
	for (p = p ? p + 3 : url; *p && n < ZS_MAX_ID; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_';
		dst[n] = plain || (*p == '.' && n) ? *p : '-';
		n++;
	}
	dst[n] = 0;
	if (*p)
		snprintf(dst + ZS_MAX_ID - 9, 10, "-%08x", (unsigned)hash);
}

static int unknown_server(const struct zs_conf *conf, const char *server, struct zs_err *err)
{
	struct zs_nearest near;
	size_t n;
	const struct zs_conf_shortcode *codes = zs_conf_shortcodes(&n);

	zs_nearest_init(&near, server);
	for (size_t i = 0; i < n; i++)
		zs_nearest_try(&near, codes[i].name);
	for (size_t i = 0; i < conf->cas.n; i++)
		zs_nearest_try(&near, conf->cas.items[i].name);
	zs_err_set(err, ZS_E_USAGE, "--server \"%s\" is neither an https URL, nor a [ca], nor a known CA", server);
	if (near.best)
		zs_err_hint(err, "did you mean %s?", near.best);
	else
		zs_err_hint(err, "known are for example letsencrypt and letsencrypt-staging");
	return -ZS_E_USAGE;
}

/* Turns --server into the name of a [ca], which is made where it is missing. */
static int find_server(struct overlay *o, const char *server, struct zs_err *err)
{
	const char *known = zs_conf_ca(o->conf, server) || zs_conf_shortcode(server) ? server : NULL;

	if (!known && strncmp(server, "https://", 8) != 0)
		return unknown_server(o->conf, server, err);
	if (!known && (!server[8] || server[8] == '/')) {
		zs_err_set(err, ZS_E_USAGE, "--server \"%s\": no host in the URL", server);
		zs_err_hint(err, "it is the URL of the CA's ACME directory, such as https://ca.example.com/acme/directory");
		return -ZS_E_USAGE;
	}
	for (size_t i = 0; !known && i < o->conf->cas.n; i++)
		if (o->conf->cas.items[i].directory && !strcmp(o->conf->cas.items[i].directory, server))
			known = o->conf->cas.items[i].name;
	if (!known)
		known = shortcode_of_url(server);
	if (known) {
		snprintf(o->ca_id, sizeof(o->ca_id), "%s", known);
		return 0;
	}
	id_of_url(server, o->ca_id);
	return set(o, "ca", o->ca_id, ZS_OPT_SERVER, "directory", server, err);
}

static const char *twin_name(const char *first)
{
	static const char *const endings[] = { "staging", "test" };
	char name[ZS_MAX_ID + 16];
	size_t n;
	const struct zs_conf_shortcode *codes = zs_conf_shortcodes(&n);

	for (size_t e = 0; e < ZS_COUNT(endings); e++) {
		snprintf(name, sizeof(name), "%s-%s", first, endings[e]);
		for (size_t i = 0; i < n; i++)
			if (!strcmp(codes[i].name, name))
				return codes[i].name;
	}
	return NULL;
}

/* "letsencrypt" -> "letsencrypt-staging"; a twin stays what it is. */
static const char *staging_twin(const struct zs_conf *conf, const char *ca)
{
	const struct zs_conf_ca *configured = zs_conf_ca(conf, ca);
	const char *url = configured && configured->directory ? configured->directory : ca;

	if (zs_conf_shortcode(url))
		url = zs_conf_shortcode(url);
	const char *first = shortcode_of_url(url);
	if (!first)
		return NULL;
	return zs_slice_ends(zs_slice_str(first), "-staging") || zs_slice_ends(zs_slice_str(first), "-test") ? first : twin_name(first);
}

/* Consent and contact hold for the twin too where it has no section of its own. */
static int take_over(struct overlay *o, const char *from, const char *to, struct zs_err *err)
{
	const struct zs_conf_ca *ca = zs_conf_ca(o->conf, from);
	struct zs_buf list = ZS_BUF(LIST_MAX);
	bool agreed = ca && ca->agree_terms;
	int rc = 0;

	if (!ca || zs_conf_ca(o->conf, to))
		return 0;
	for (size_t i = 0; i < ca->contacts.n; i++) {
		const char *contact = ca->contacts.items[i];
		zs_buf_addf(&list, "%s%s", i ? "," : "", strncmp(contact, "mailto:", 7) ? contact : contact + 7);
	}
	if (agreed)
		rc = set(o, "ca", to, ZS_OPT_STAGING, "agree-tos", "yes", err);
	if (!rc && list.len)
		rc = set(o, "ca", to, ZS_OPT_STAGING, "email", zs_buf_str(&list), err);
	zs_buf_done(&list);
	return rc;
}

static int to_staging(struct overlay *o, size_t i, struct zs_err *err)
{
	const char *twin = o->cas[i] ? staging_twin(o->conf, o->cas[i]) : "letsencrypt-staging";
	int rc;

	if (!twin) {
		zs_err_set(err, ZS_E_USAGE, "--staging: no staging twin of the CA %s is known", o->cas[i]);
		zs_err_hint(err, "name it with --server URL");
		return -ZS_E_USAGE;
	}
	if (o->cas[i] && strcmp(o->cas[i], twin) != 0 && (rc = take_over(o, o->cas[i], twin, err)))
		return rc;
	o->cas[i] = twin;
	return 0;
}

static int no_ca(struct zs_err *err)
{
	zs_err_set(err, ZS_E_USAGE, "no CA was named, and the configuration has no default one");
	zs_err_hint(err, "give --server letsencrypt-staging to try it out, then --server letsencrypt, or the URL of another directory");
	return -ZS_E_USAGE;
}

static int choose_cas(struct overlay *o, struct zs_err *err)
{
	const char *server = zs_cli_value(o->cli, ZS_OPT_SERVER);
	bool staging = zs_cli_has(o->cli, ZS_OPT_STAGING);
	int rc = server ? find_server(o, server, err) : 0;

	for (size_t i = 0; i < o->n && !rc; i++) {
		o->cas[i] = server ? o->ca_id : ca_of(o->conf, o->names[i]);
		if (staging)
			rc = to_staging(o, i, err);
		if (!rc && !o->cas[i])
			rc = no_ca(err);
		if (!rc && (server || staging))
			rc = set(o, "certificate", o->names[i], server ? ZS_OPT_SERVER : ZS_OPT_STAGING, "ca", o->cas[i], err);
	}
	return rc;
}

/* ---- which provider ---- */

static int absolute(const char *path, struct zs_buf *dst, struct zs_err *err)
{
	char cwd[PATH_OCTETS];

	if (*path != '/') {
		if (!getcwd(cwd, sizeof(cwd)))
			ZS_FAIL(err, ZS_E_STORAGE, "the current directory is not known");
		zs_buf_addf(dst, "%s/", cwd);
	}
	zs_buf_add_str(dst, path);
	return dst->failed ? zs_err_set(err, ZS_E_USAGE, "the path %s is too long", path) : 0;
}

static int instance_of_path(struct overlay *o, const char *path, struct zs_err *err)
{
	struct zs_buf full = ZS_BUF(PATH_OCTETS);
	struct zs_slice base = zs_slice_str(base_of(path));
	int rc = absolute(path, &full, err);

	if (zs_slice_ends(base, ".so"))
		base.n -= 3;
	if (!rc && !copy_id(base, o->instance))
		rc = zs_err_set(err, ZS_E_USAGE, "--provider %s: the file's name is no name for a provider", path);
	if (!rc && zs_conf_provider(o->conf, o->instance))
		rc = zs_err_set(err, ZS_E_USAGE, "--provider %s: the configuration has another [provider %s]", path, o->instance);
	if (!rc)
		rc = set(o, "provider", o->instance, ZS_OPT_PROVIDER, "plugin", zs_buf_str(&full), err);
	zs_buf_done(&full);
	return rc;
}

static int find_provider(struct overlay *o, const char *name, struct zs_err *err)
{
	if (strchr(name, '/'))
		return instance_of_path(o, name, err);
	if (!copy_id(zs_slice_str(name), o->instance))
		ZS_FAIL(err, ZS_E_USAGE, "--provider \"%s\" is neither a name nor a path", name);
	if (zs_conf_provider(o->conf, name))
		return 0;
	return set(o, "provider", o->instance, ZS_OPT_PROVIDER, "plugin", name, err);
}

/* -o without --provider is for the one that is used anyway. */
static int default_provider(struct overlay *o, struct zs_err *err)
{
	const struct zs_conf *conf = o->conf;
	const struct zs_conf_certificate *c = o->n ? zs_conf_certificate(conf, o->names[0]) : NULL;
	const char *name = c && c->provider ? c->provider : conf->defaults.provider;

	if (!name && conf->providers.n == 1)
		name = conf->providers.items[0].name;
	if (!name)
		ZS_FAIL(err, ZS_E_USAGE, "-o sets an option of a provider: say which with --provider NAME");
	snprintf(o->instance, sizeof(o->instance), "%s", name);
	return 0;
}

/* A path that the host may have to be told must not depend on where we are. */
static int set_provider_option(struct overlay *o, const char *text, struct zs_err *err)
{
	struct zs_slice rest = zs_slice_str(text), key = zs_slice_cut(&rest, '=');
	struct zs_buf full = ZS_BUF(PATH_OCTETS);
	char name[ZS_MAX_ID + 1];
	int rc = 0;

	if (!strchr(text, '=') || !zs_slice_copy(key, name, sizeof(name)) || !*name)
		ZS_FAIL(err, ZS_E_USAGE, "-o wants KEY=VALUE");
	if (!strcmp(name, "plugin"))
		ZS_FAIL(err, ZS_E_USAGE, "-o plugin=...: the plugin is named by --provider");
	const char *value = strchr(text, '=') + 1;
	if (zs_slice_ends(key, "-file"))
		rc = absolute(value, &full, err);
	if (!rc)
		rc = set(o, "provider", o->instance, ZS_OPT_PROVIDER_OPTION, name, full.len ? zs_buf_str(&full) : value, err);
	zs_buf_done(&full);
	return rc;
}

static int no_provider(struct zs_err *err)
{
	zs_err_set(err, ZS_E_USAGE, "no provider was named, and the configuration has none");
	zs_err_hint(err, "give --provider NAME; `zoneseal provider list` shows which there are, `provider info NAME` their options");
	return -ZS_E_USAGE;
}

static int choose_provider(struct overlay *o, struct zs_err *err)
{
	const char *name = zs_cli_value(o->cli, ZS_OPT_PROVIDER);
	int rc = 0;

	/* the command `provider` has a word for it, and what to do with -d and -o */
	if (o->cli->command == &zs_commands()[ZS_CMD_PROVIDER])
		return 0;
	if (name)
		rc = find_provider(o, name, err);
	else if (zs_cli_has(o->cli, ZS_OPT_PROVIDER_OPTION))
		rc = default_provider(o, err);
	else if (zs_overlay_has_certificate(o->cli) && !o->conf->providers.n)
		return no_provider(err);
	for (size_t i = 0; name && i < o->n && !rc; i++)
		rc = set(o, "certificate", o->names[i], ZS_OPT_PROVIDER, "provider", o->instance, err);
	for (size_t i = 0; i < o->cli->values.n && !rc; i++)
		if (o->cli->values.items[i].option == ZS_OPT_PROVIDER_OPTION)
			rc = set_provider_option(o, o->cli->values.items[i].text, err);
	return rc;
}

/* ---- plain options: one key each ---- */

static int to_defaults(struct overlay *o, enum zs_opt option, const char *key, const char *value, struct zs_err *err)
{
	int rc = set(o, "defaults", NULL, option, key, value, err);

	/* what a [zone] says goes before the defaults, and the command line before both */
	for (size_t i = 0; i < o->conf->zones.n && !rc; i++)
		rc = set(o, "zone", o->conf->zones.items[i].zone.text, option, key, value, err);
	return rc;
}

static int to_cas(struct overlay *o, enum zs_opt option, const char *key, const char *value, struct zs_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < o->n && !rc; i++)
		if (!i || strcmp(o->cas[i], o->cas[i - 1]) != 0)
			rc = set(o, "ca", o->cas[i], option, key, value, err);
	return rc;
}

static int to_certificates(struct overlay *o, enum zs_opt option, const char *key, const char *value, struct zs_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < o->n && !rc; i++)
		rc = set(o, "certificate", o->names[i], option, key, value, err);
	return rc;
}

static int (*const targets[])(struct overlay *, enum zs_opt, const char *, const char *, struct zs_err *) = {
	[ZS_TO_DEFAULTS] = to_defaults,
	[ZS_TO_CA] = to_cas,
	[ZS_TO_CERTIFICATE] = to_certificates,
};

static int set_plain(struct overlay *o, struct zs_err *err)
{
	int rc = 0;

	for (int i = 0; i < ZS_OPT__COUNT && !rc; i++) {
		const struct zs_cli_option *option = &zs_cli_options()[i];
		const char *value = zs_cli_value(o->cli, (enum zs_opt)i);
		if (value && option->target != ZS_TO_NOTHING)
			rc = targets[option->target](o, (enum zs_opt)i, option->key, option->argument ? value : "yes", err);
	}
	if (!rc && zs_cli_has(o->cli, ZS_OPT_STATE_DIR))
		rc = set(o, "defaults", NULL, ZS_OPT_STATE_DIR, "state-dir", zs_cli_value(o->cli, ZS_OPT_STATE_DIR), err);
	return rc;
}

int zs_overlay(struct zs_conf *conf, const struct zs_cli *cli, const struct zs_conf_certificate *const *chosen, size_t n,
	       struct zs_err *err)
{
	struct overlay o = { .conf = conf, .cli = cli, .n = n };
	int rc;

	for (size_t i = 0; i < n; i++)
		o.names[i] = chosen[i]->name;
	rc = choose_cas(&o, err);
	if (!rc)
		rc = choose_provider(&o, err);
	return rc ? rc : set_plain(&o, err);
}
