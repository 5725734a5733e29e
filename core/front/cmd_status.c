/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `zoneseal status`: what the vault has stored, what is in its journal, and how
 * the processes are confined.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "conf/nearest.h"
#include "front/command.h"
#include "front/config.h"
#include "front/due.h"
#include "front/journal_view.h"
#include "front/report.h"
#include "ipc/sandbox.h"

enum { CERTIFICATES_MAX = 65536, TEXT_OCTETS = 16 * 1024 };

struct certificate {
	char name[ZS_MAX_ID + 1], ca[ZS_MAX_ID + 1], key_type[16], issuer[256], serial[64], path[4096], problem[512];
	ZS_VEC(struct zs_name) identifiers;
	uint32_t generation;
	int64_t not_before, not_after, stored;
	bool busy, pending;
};

struct status {
	const struct zs_cli *cli;
	struct zs_config config;
	struct zs_ask ask;
	ZS_VEC(struct certificate) certificates;
	struct zs_journal_view journal;
	ZS_VEC(struct zs_instance *) instances;
	int64_t now;
	/* of the last page of certificates */
	char last[ZS_MAX_ID + 1];
	bool more;
};

/* ---- gathering ---- */

static bool wanted(const struct zs_cli *cli, struct zs_slice name)
{
	for (size_t i = 0; i < cli->args.n; i++)
		if (zs_slice_eq_str(name, cli->args.items[i]))
			return true;
	return !cli->args.n;
}

static void keep_certificate(struct status *status, const struct zs_msg_certificate *from)
{
	struct certificate *c = zs_vec_push(&status->certificates, CERTIFICATES_MAX);

	if (!c)
		return;
	zs_slice_copy(from->name, c->name, sizeof(c->name));
	zs_slice_copy(from->ca, c->ca, sizeof(c->ca));
	zs_slice_copy(from->key_type, c->key_type, sizeof(c->key_type));
	zs_slice_copy(from->issuer, c->issuer, sizeof(c->issuer));
	zs_slice_copy(from->serial, c->serial, sizeof(c->serial));
	zs_slice_copy(from->path, c->path, sizeof(c->path));
	zs_slice_copy(from->problem, c->problem, sizeof(c->problem));
	c->generation = from->generation;
	c->not_before = from->not_before;
	c->not_after = from->not_after;
	c->stored = from->stored;
	c->busy = from->busy;
	c->pending = from->pending;
	for (uint32_t i = 0; i < from->identifiers.n; i++) {
		struct zs_name *name = zs_vec_push(&c->identifiers, ZS_MAX_IDENTIFIERS);
		if (name)
			*name = from->identifiers.items[i];
	}
}

static void take_list(const void *body, void *user)
{
	const struct zs_msg_vault_certificates *list = body;
	struct status *status = user;

	status->more = list->more && list->certificates.n;
	for (uint32_t i = 0; i < list->certificates.n; i++) {
		zs_slice_copy(list->certificates.items[i].name, status->last, sizeof(status->last));
		if (wanted(status->cli, list->certificates.items[i].name))
			keep_certificate(status, &list->certificates.items[i]);
	}
}

static int load_certificates(struct status *status, struct zs_process *vault, struct zs_err *err)
{
	int rc;

	do {
		char after[sizeof(status->last)];
		memcpy(after, status->last, sizeof(after));
		const struct zs_msg_vault_list msg = { .after = zs_slice_str(after) };
		rc = zs_ask(&status->ask, vault, ZS_MSG_VAULT_LIST, &msg, take_list, status, err);
	} while (!rc && status->more);
	return rc;
}

static int unknown(const struct status *status, const char *name, struct zs_err *err)
{
	struct zs_nearest near;

	zs_nearest_init(&near, name);
	for (size_t i = 0; i < status->config.conf.certificates.n; i++)
		zs_nearest_try(&near, status->config.conf.certificates.items[i].name);
	zs_err_set(err, ZS_E_USAGE, "no certificate %s is stored or configured", name);
	if (near.best)
		zs_err_hint(err, "did you mean %s?", near.best);
	else
		zs_err_hint(err, "`zoneseal status` lists what is stored in %s", zs_buf_str(&status->config.state_dir));
	return -ZS_E_USAGE;
}

static int check_args(const struct status *status, struct zs_err *err)
{
	for (size_t i = 0; i < status->cli->args.n; i++) {
		bool found = zs_conf_certificate(&status->config.conf, status->cli->args.items[i]) != NULL;
		for (size_t j = 0; j < status->certificates.n && !found; j++)
			found = !strcmp(status->certificates.items[j].name, status->cli->args.items[i]);
		if (!found)
			return unknown(status, status->cli->args.items[i], err);
	}
	return 0;
}

static int start_others(struct status *status, struct zs_err *err)
{
	struct zs_ask *ask = &status->ask;

	if (!zs_super_start(ask->super, ZS_ROLE_ENGINE, "", NULL, err) || !zs_super_start(ask->super, ZS_ROLE_PROBE, "", NULL, err))
		return -(int)err->code;
	for (size_t i = 0; i < status->config.conf.providers.n; i++) {
		struct zs_instance *in = calloc(1, sizeof(*in)), **slot = in ? zs_vec_push(&status->instances, 250) : NULL;
		if (!slot) {
			free(in);
			ZS_FAIL(err, ZS_E_NOMEM, "no memory for a provider");
		}
		*slot = in;
		in->conf = &status->config.conf.providers.items[i];
		in->all = &status->config.conf;
		zs_ask_instance(ask, in);
	}
	return 0;
}

static int gather(struct status *status, struct zs_err *err)
{
	struct zs_process *vault;
	int rc = zs_config_load(&status->config, status->cli, ZS_CONFIG_PLACES, err);

	if (!rc)
		rc = zs_ask_init(&status->ask, err);
	if (!rc && zs_cli_has(status->cli, ZS_OPT_PROCESSES))
		rc = start_others(status, err);
	if (rc)
		return rc;
	vault = zs_ask_vault(&status->ask, zs_buf_str(&status->config.state_dir), false, err);
	if (!vault)
		return -(int)err->code;
	rc = load_certificates(status, vault, err);
	if (!rc)
		rc = zs_journal_view_load(&status->journal, &status->ask, vault, err);
	if (!rc)
		zs_ask_greetings(&status->ask);
	return rc ? rc : check_args(status, err);
}

/* ---- as JSON ---- */

static const char *state_of(const struct certificate *c, int64_t now)
{
	if (*c->problem)
		return "damaged";
	if (c->busy)
		return "busy";
	if (c->pending)
		return "pending";
	if (!c->generation)
		return "none";
	if (now >= c->not_after)
		return "expired";
	return now >= zs_due_at(c->not_before, c->not_after) ? "due" : "good";
}

static void certificate_json(struct zs_json_out *out, const struct certificate *c, int64_t now)
{
	zs_jout_object(out, NULL);
	zs_jout_str(out, "name", c->name);
	zs_jout_str(out, "state", state_of(c, now));
	zs_report_names_json(out, "identifiers", c->identifiers.items, c->identifiers.n);
	zs_jout_str(out, "ca", c->ca);
	zs_jout_str(out, "key_type", c->key_type);
	zs_jout_int(out, "generation", c->generation);
	zs_jout_time(out, "not_before", c->not_before);
	zs_jout_time(out, "not_after", c->not_after);
	zs_jout_time(out, "due", c->generation ? zs_due_at(c->not_before, c->not_after) : 0);
	zs_jout_time(out, "stored", c->stored);
	zs_jout_str(out, "issuer", c->issuer);
	zs_jout_str(out, "serial", c->serial);
	if (c->generation)
		zs_jout_str(out, "path", c->path);
	else
		zs_jout_null(out, "path");
	zs_jout_bool(out, "busy", c->busy);
	zs_jout_bool(out, "pending", c->pending);
	zs_jout_str(out, "problem", c->problem);
	zs_jout_end(out, '}');
}

struct process {
	const char *role, *instance, *missing;
	int64_t pid;
	uint32_t uid, landlock;
	bool running, seccomp, dumpable, no_new_privs;
	uint64_t capabilities;
};

static struct process of_child(const struct zs_process *p)
{
	return (struct process){
		.role = zs_role_name(p->role), .instance = p->instance, .missing = p->missing, .pid = p->facts.pid,
		.uid = p->facts.uid, .landlock = p->facts.landlock, .running = p->greeted, .seccomp = p->facts.seccomp,
		.dumpable = p->facts.dumpable, .no_new_privs = p->facts.no_new_privs, .capabilities = p->facts.capabilities,
	};
}

static struct process of_front(const struct zs_confinement *c)
{
	return (struct process){
		.role = zs_role_name(ZS_ROLE_FRONT), .instance = "", .missing = c->missing, .pid = getpid(), .uid = c->uid,
		.landlock = c->landlock, .running = true, .seccomp = c->seccomp, .dumpable = c->dumpable,
		.no_new_privs = c->no_new_privs, .capabilities = c->capabilities,
	};
}

static void process_json(struct zs_json_out *out, const struct process *p)
{
	char capabilities[32];

	snprintf(capabilities, sizeof(capabilities), "%016llx", (unsigned long long)p->capabilities);
	zs_jout_object(out, NULL);
	zs_jout_str(out, "role", p->role);
	zs_jout_str(out, "instance", p->instance);
	zs_jout_bool(out, "running", p->running);
	zs_jout_int(out, "pid", p->pid);
	zs_jout_int(out, "uid", p->uid);
	zs_jout_int(out, "landlock", p->landlock);
	zs_jout_bool(out, "seccomp", p->seccomp);
	zs_jout_bool(out, "dumpable", p->dumpable);
	zs_jout_bool(out, "no_new_privs", p->no_new_privs);
	zs_jout_str(out, "capabilities", capabilities);
	zs_jout_str(out, "missing", p->missing);
	zs_jout_end(out, '}');
}

/* Front and every child, one after the other. */
static void each_process(const struct status *status, void (*each)(const struct process *, void *), void *user)
{
	struct zs_confinement own;
	struct process p;

	zs_sandbox_describe(&own);
	p = of_front(&own);
	each(&p, user);
	for (size_t i = 0; i < zs_super_count(status->ask.super); i++) {
		p = of_child(zs_super_at(status->ask.super, i));
		each(&p, user);
	}
}

static void add_process_json(const struct process *p, void *user)
{
	process_json(user, p);
}

static void providers_json(struct zs_json_out *out, const struct status *status)
{
	zs_jout_array(out, "providers");
	for (size_t i = 0; i < status->instances.n; i++) {
		const struct zs_instance *in = status->instances.items[i];
		zs_jout_object(out, NULL);
		zs_jout_str(out, "instance", in->conf->name);
		zs_jout_str(out, "provider", in->provider);
		zs_report_err_json(out, "error", &in->err);
		zs_jout_end(out, '}');
	}
	zs_jout_end(out, ']');
}

static int print_json(const struct status *status)
{
	struct zs_document doc;

	zs_document_begin(&doc, status->cli);
	zs_jout_str(&doc.out, "state_dir", zs_buf_str(&status->config.state_dir));
	zs_jout_array(&doc.out, "certificates");
	for (size_t i = 0; i < status->certificates.n; i++)
		certificate_json(&doc.out, &status->certificates.items[i], status->now);
	zs_jout_end(&doc.out, ']');
	zs_jout_array(&doc.out, "journal");
	for (size_t i = 0; i < status->journal.entries.n; i++)
		zs_report_left_json(&doc.out, &status->journal.entries.items[i]);
	zs_jout_end(&doc.out, ']');
	zs_jout_array(&doc.out, "processes");
	each_process(status, add_process_json, &doc.out);
	zs_jout_end(&doc.out, ']');
	providers_json(&doc.out, status);
	return zs_document_end(&doc, 0, NULL);
}

/* ---- as text ---- */

static void print_certificate(const struct status *status, const struct certificate *c)
{
	char until[ZS_TIME_TEXT], due[ZS_TIME_TEXT];

	zs_time_print(c->not_after, until);
	zs_time_print(c->generation ? zs_due_at(c->not_before, c->not_after) : 0, due);
	until[strcspn(until, "T")] = due[strcspn(due, "T")] = 0;
	zs_data(status->cli, "%-24s  %-8s  %-10s  %-10s  %-20s  %s\n", c->name, state_of(c, status->now),
		c->generation ? until : "-", c->generation ? due : "-", *c->ca ? c->ca : "-", c->generation ? c->path : "-");
	if (*c->problem)
		zs_data(status->cli, "    %s; `zoneseal issue %s` issues it anew\n", c->problem, c->name);
	if (c->pending)
		zs_data(status->cli, "    an order that a dead run finished waits; `zoneseal issue %s` fetches the certificate\n", c->name);
}

static void print_certificates(const struct status *status)
{
	if (!status->certificates.n) {
		zs_data(status->cli, "no certificates in %s\n", zs_buf_str(&status->config.state_dir));
		return;
	}
	zs_data(status->cli, "%-24s  %-8s  %-10s  %-10s  %-20s  %s\n", "CERTIFICATE", "STATE", "UNTIL", "DUE", "CA", "PATH");
	for (size_t i = 0; i < status->certificates.n; i++)
		print_certificate(status, &status->certificates.items[i]);
}

static void print_journal(const struct status *status)
{
	struct zs_buf text = ZS_BUF(TEXT_OCTETS);
	size_t dead = zs_journal_view_dead(&status->journal);

	if (status->journal.entries.n)
		zs_data(status->cli, "\nrecords in DNS:\n");
	for (size_t i = 0; i < status->journal.entries.n; i++) {
		zs_buf_clear(&text);
		zs_report_left_text(&text, &status->journal.entries.items[i]);
		zs_data(status->cli, "%s", zs_buf_str(&text));
	}
	if (dead)
		zs_data(status->cli, "%zu left by runs that ended early: `zoneseal gc` removes %s;\n"
			"by hand: remove exactly that TXT value, then `zoneseal gc --forget ENTRY`\n", dead, dead == 1 ? "it" : "them");
	zs_buf_done(&text);
}

static void add_process_text(const struct process *p, void *user)
{
	const struct status *status = user;
	char name[2 * ZS_MAX_ID + 8];

	snprintf(name, sizeof(name), *p->instance ? "%s[%s]" : "%s", p->role, p->instance);
	if (!p->running) {
		zs_data(status->cli, "%-24s  did not start or ended\n", name);
		return;
	}
	zs_data(status->cli, "%-24s  uid %-6u  landlock %-3u  seccomp %-3s  dumpable %-3s  capabilities %llx%s%s\n", name, (unsigned)p->uid,
		(unsigned)p->landlock, p->seccomp ? "yes" : "no", p->dumpable ? "yes" : "no", (unsigned long long)p->capabilities,
		*p->missing ? "\n    missing: " : "", p->missing);
}

static int print_text(const struct status *status)
{
	struct zs_buf text = ZS_BUF(TEXT_OCTETS);

	print_certificates(status);
	print_journal(status);
	zs_data(status->cli, "\nprocesses:\n");
	each_process(status, add_process_text, (void *)(uintptr_t)status);
	for (size_t i = 0; i < status->instances.n; i++)
		if (status->instances.items[i]->err.code)
			zs_report_err_text(&text, NULL, &status->instances.items[i]->err);
	zs_say(status->cli, "%s", zs_buf_str(&text));
	zs_buf_done(&text);
	return zs_data_ok() ? 0 : zs_code_info(ZS_E_STORAGE)->exit_code;
}

/* ---- all ---- */

static void status_done(struct status *status)
{
	for (size_t i = 0; i < status->certificates.n; i++)
		zs_vec_done(&status->certificates.items[i].identifiers);
	zs_vec_done(&status->certificates);
	zs_ask_done(&status->ask);
	for (size_t i = 0; i < status->instances.n; i++) {
		zs_instance_done(status->instances.items[i]);
		free(status->instances.items[i]);
	}
	zs_vec_done(&status->instances);
	zs_journal_view_done(&status->journal);
	zs_config_done(&status->config);
}

int zs_cmd_status(const struct zs_cli *cli)
{
	struct zs_clock *clock = zs_clock_system();
	struct status status = { .cli = cli, .now = clock->wall_ms(clock) / 1000 };
	struct zs_err err;
	int rc = gather(&status, &err), exit_code;

	if (rc)
		exit_code = zs_report_failure(cli, &err);
	else
		exit_code = cli->json ? print_json(&status) : print_text(&status);
	status_done(&status);
	return exit_code;
}
