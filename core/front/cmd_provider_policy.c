/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `zoneseal provider policy NAME`: the narrowest right that the service behind
 * a provider can grant for the names that are written through it.  The names
 * are found as a run finds them; nothing is opened, and no secret is read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/ask.h"
#include "front/command.h"
#include "front/overlay.h"
#include "front/plugins.h"
#include "front/report.h"

enum { PATH_OCTETS = 4096,
	POLICY_OCTETS = 64 * 1024,
	OPTIONS_MAX = 256,
	MEMORY = 1024 * 1024,
	CALL_MS = 30 * 1000 };

struct policy {
	const struct zs_cli *cli;
	const struct zs_conf *conf;
	const char *name; /* as the user said it */
	struct zs_conf_provider provider; /* options: those of -o go before those of the file */
	struct zs_instance in;
	struct zs_arena arena;
	struct zs_buf text;
	int signal; /* that ended the look-up, 0 = none */
};

/* ---- which instance ---- */

static int several(const struct policy *p, const char *first, const char *second, struct zs_err *err)
{
	zs_err_set(err, ZS_E_USAGE, "more than one [provider] uses the plugin %s: [provider %s], [provider %s]", p->name, first, second);
	zs_err_hint(err, "name one of them: `zoneseal provider policy %s`", first);
	return -ZS_E_USAGE;
}

/* NAME is a plugin: the one [provider] that uses it, else *ret stays NULL. */
static int find_by_plugin(const struct policy *p, const char *path, const struct zs_conf_provider **ret, struct zs_err *err)
{
	struct zs_buf other = ZS_BUF(PATH_OCTETS);
	struct zs_err ignored;
	int rc = 0;

	for (size_t i = 0; i < p->conf->providers.n && !rc; i++) {
		const struct zs_conf_provider *provider = &p->conf->providers.items[i];
		if (zs_instance_path(p->conf, provider->plugin, &other, &ignored) || strcmp(zs_buf_str(&other), path) != 0)
			continue;
		if (*ret)
			rc = several(p, (*ret)->name, provider->name, err);
		*ret = provider;
	}
	zs_buf_done(&other);
	return rc;
}

/* A plugin that the configuration does not use has only the options of the command line. */
static int make_provider(struct policy *p, const char *path, struct zs_err *err)
{
	const char *slash = strrchr(path, '/');
	struct zs_slice base = zs_slice_str(slash ? slash + 1 : path);

	if (zs_slice_ends(base, ".so"))
		base.n -= 3;
	if (!zs_id_ok(base))
		ZS_FAIL(err, ZS_E_USAGE, "%s: the file's name is no name for a provider", path);
	p->provider = (struct zs_conf_provider){
		.name = zs_arena_str(&p->arena, base.p, base.n),
		.plugin = zs_arena_str(&p->arena, path, strlen(path)),
		.timeout_ms = CALL_MS,
	};
	return p->provider.name && p->provider.plugin ? 0 : zs_err_set(err, ZS_E_NOMEM, "no memory for a provider");
}

static int find_provider(struct policy *p, struct zs_err *err)
{
	const struct zs_conf_provider *found = zs_conf_provider(p->conf, p->name);
	struct zs_buf path = ZS_BUF(PATH_OCTETS);
	int rc = found ? 0 : zs_plugins_path(p->conf, p->name, &path, err);

	if (!rc && !found)
		rc = find_by_plugin(p, zs_buf_str(&path), &found, err);
	if (!rc && found)
		p->provider = *found;
	else if (!rc)
		rc = make_provider(p, zs_buf_str(&path), err);
	zs_buf_done(&path);
	return rc;
}

static int push_option(struct policy *p, const struct zs_conf_pair *pair, struct zs_err *err)
{
	struct zs_conf_pair *slot = zs_vec_push(&p->provider.options, OPTIONS_MAX);

	if (!slot)
		ZS_FAIL(err, ZS_E_USAGE, "more than %d options of a provider", OPTIONS_MAX);
	*slot = *pair;
	return 0;
}

static int push_given(struct policy *p, const char *text, struct zs_err *err)
{
	static const char where[] = "--provider-option";
	const char *equals = strchr(text, '=');
	struct zs_conf_pair pair = { .where = { where, 0 } };

	if (!equals || equals == text)
		ZS_FAIL(err, ZS_E_USAGE, "-o wants KEY=VALUE");
	pair.key = zs_arena_str(&p->arena, text, (size_t)(equals - text));
	pair.value = zs_arena_str(&p->arena, equals + 1, strlen(equals + 1));
	return pair.key && pair.value ? push_option(p, &pair, err) : zs_err_set(err, ZS_E_NOMEM, "no memory for an option");
}

static int join_options(struct policy *p, struct zs_err *err)
{
	const struct zs_conf_provider file = p->provider;
	int rc = 0;

	memset(&p->provider.options, 0, sizeof(p->provider.options));
	for (size_t i = 0; i < p->cli->values.n && !rc; i++)
		if (p->cli->values.items[i].option == ZS_OPT_PROVIDER_OPTION)
			rc = push_given(p, p->cli->values.items[i].text, err);
	for (size_t i = 0; i < file.options.n && !rc; i++)
		rc = push_option(p, &file.options.items[i], err);
	return rc;
}

/* ---- which names ---- */

static int allow(struct policy *p, const struct zs_name *zone, const struct zs_name *name, struct zs_err *err)
{
	if (zs_instance_allow(&p->in, zone, name))
		ZS_FAIL(err, ZS_E_NOMEM, "no memory for a name");
	return 0;
}

/* --zone: the names are where they seem to be, and nobody is asked. */
static int take_as_they_are(struct policy *p, const zs_names *names, struct zs_err *err)
{
	const char *text = zs_cli_value(p->cli, ZS_OPT_ZONE), *why = NULL;
	struct zs_name zone, challenge;
	int rc = 0;

	if (!zs_name_parse(zs_slice_str(text), ZS_NAME_OWNER, &zone, &why) || zone.wildcard)
		ZS_FAIL(err, ZS_E_USAGE, "--zone \"%s\" is no name of a zone: %s", text, why ? why : "a wildcard");
	for (size_t i = 0; i < names->n && !rc; i++) {
		if (!zs_name_challenge(&names->items[i], &challenge))
			ZS_FAIL(err, ZS_E_USAGE, "%s is too long for _acme-challenge before it", names->items[i].text);
		if (!zs_name_is_in(&challenge, &zone)) {
			zs_err_set(err, ZS_E_USAGE, "%s is not in zone %s", challenge.text, zone.text);
			zs_err_hint(err, "leave --zone out to have the zones found");
			return -ZS_E_USAGE;
		}
		rc = allow(p, &zone, &challenge, err);
	}
	return rc;
}

/* What a run would write through this instance; a name that was given by -d is written through it. */
static int take_place(struct policy *p, const struct zs_run *run, const struct zs_conf_certificate *certificate,
	const struct zs_name *identifier, struct zs_err *err)
{
	struct zs_run_place place;

	if (zs_run_place(run, certificate, identifier, &place, err)) {
		if (!*err->subject)
			zs_err_subject(err, "%s", identifier->text);
		return -(int)err->code;
	}
	if (certificate && (!place.instance || strcmp(place.instance, p->provider.name) != 0))
		return 0;
	return allow(p, &place.zone, &place.effective, err);
}

static int take_places(struct policy *p, const struct zs_run *run, const zs_names *names, struct zs_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < names->n && !rc; i++)
		rc = take_place(p, run, NULL, &names->items[i], err);
	for (size_t i = 0; i < zs_run_njobs(run) && !rc; i++) {
		const struct zs_run_job *job = zs_run_job(run, i);
		if (job->err.code) {
			*err = job->err;
			return zs_err_prefix(err, "certificate %s", job->conf->name);
		}
		for (size_t j = 0; j < job->identifiers.n && !rc; j++)
			rc = take_place(p, run, job->conf, &job->identifiers.items[j], err);
	}
	return rc;
}

/* The names of -d, else those of all certificates, as a run would look for them. */
static int walk(struct policy *p, const zs_names *names, struct zs_err *err)
{
	const struct zs_conf_certificate **all = calloc(p->conf->certificates.n + 1, sizeof(*all));
	struct zs_run_spec spec = { .conf = p->conf, .only_walk = true, .names = names->items, .nnames = names->n };
	struct zs_run *run = NULL;
	int rc = all ? 0 : zs_err_set(err, ZS_E_NOMEM, "no memory for certificates");

	for (size_t i = 0; !rc && !names->n && i < p->conf->certificates.n; i++)
		all[spec.ncertificates++] = &p->conf->certificates.items[i];
	spec.certificates = all;
	if (!rc)
		rc = zs_run(&spec, &run, err);
	if (!rc && (p->signal = zs_run_signal(run)))
		rc = zs_err_set(err, ZS_E_CANCELLED, "ended by a signal");
	if (!rc)
		rc = take_places(p, run, names, err);
	zs_run_free(run);
	free(all);
	return rc;
}

static int no_names(const struct policy *p, struct zs_err *err)
{
	zs_err_set(err, ZS_E_CONFIG, "no name of a configured certificate is written through %s", p->provider.name);
	zs_err_hint(err, "\"provider = %s\" in a [zone], a [certificate] or [defaults] sends names there; or say which: -d NAME",
		p->provider.name);
	return -ZS_E_CONFIG;
}

static int find_names(struct policy *p, struct zs_err *err)
{
	bool zone = zs_cli_has(p->cli, ZS_OPT_ZONE);
	zs_names names = { 0 };
	int rc = zs_overlay_domains(p->cli, &names, err);

	if (!rc && zone && !names.n) {
		zs_err_set(err, ZS_E_USAGE, "--zone says where the names of -d are; there is none");
		zs_err_hint(err, "add -d NAME, or leave --zone out for the names of the configuration");
		rc = -ZS_E_USAGE;
	}
	if (!rc)
		rc = zone ? take_as_they_are(p, &names, err) : walk(p, &names, err);
	if (!rc && !p->in.zones.n)
		rc = no_names(p, err);
	zs_vec_done(&names);
	return rc;
}

/* ---- the answer ---- */

static int print_json(const struct policy *p)
{
	struct zs_document doc;

	zs_document_begin(&doc, p->cli);
	zs_jout_str(&doc.out, "provider", p->provider.name);
	zs_jout_array(&doc.out, "zones");
	for (size_t i = 0; i < p->in.zones.n; i++) {
		const struct zs_instance_zone *zone = &p->in.zones.items[i];
		zs_jout_object(&doc.out, NULL);
		zs_jout_str(&doc.out, "zone", zone->zone.text);
		zs_report_names_json(&doc.out, "names", zone->names.items, zone->names.n);
		zs_jout_end(&doc.out, '}');
	}
	zs_jout_end(&doc.out, ']');
	zs_jout_str(&doc.out, "policy", zs_buf_str(&p->text));
	return zs_document_end(&doc, 0, NULL);
}

static int print(const struct policy *p)
{
	if (p->cli->json)
		return print_json(p);
	zs_data_lines(p->cli, zs_buf_slice(&p->text));
	if (!zs_slice_ends(zs_buf_slice(&p->text), "\n"))
		zs_data(p->cli, "\n");
	return zs_data_ok() ? 0 : zs_code_info(ZS_E_STORAGE)->exit_code;
}

static int ask_plugin(struct policy *p, struct zs_ask *ask, struct zs_err *err)
{
	p->in.conf = &p->provider;
	p->in.all = p->conf;
	p->in.policy = &p->text;
	zs_ask_instance(ask, &p->in);
	if (p->in.state == ZS_INSTANCE_FAILED) {
		*err = p->in.err;
		return -(int)err->code;
	}
	return p->text.len ? 0 : zs_err_set(err, ZS_E_PLUGIN, "the plugin did not answer");
}

int zs_cmd_provider_policy(const struct zs_cli *cli, const struct zs_conf *conf, struct zs_ask *ask)
{
	struct policy p = { .cli = cli, .conf = conf, .name = cli->args.items[1], .text = ZS_BUF(POLICY_OCTETS) };
	struct zs_err err;
	int rc, exit_code;

	zs_arena_init(&p.arena, MEMORY);
	rc = find_provider(&p, &err);
	if (rc)
		memset(&p.provider, 0, sizeof(p.provider));
	else
		rc = join_options(&p, &err);
	if (!rc)
		rc = find_names(&p, &err);
	if (!rc)
		rc = ask_plugin(&p, ask, &err);
	exit_code = rc ? zs_report_failure(cli, &err) : print(&p);
	zs_instance_done(&p.in);
	zs_vec_done(&p.provider.options);
	zs_arena_done(&p.arena);
	zs_buf_done(&p.text);
	return p.signal ? 128 + p.signal : exit_code;
}
