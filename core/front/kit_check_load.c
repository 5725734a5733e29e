/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks before anything is changed: loading, the description, options, the
 * test of credentials, the policy.
 */
#include <stdio.h>
#include <string.h>

#include "front/kit_checks.h"
#include "front/kit_options.h"

enum { OPTIONS_MAX = 64, LONG_SECRET = ZS_MAX_SECRET - 1, DESCRIPTION_OCTETS = 512 * 1024, POLICY_MS = 10 * 1000, SNAPSHOT = 4 * 1024 * 1024 };

/* Flags of provider.h that the kit compares with the rest of the description. */
enum { FLAG_BATCH = 0x2 };

void zs_kit_check_loads(struct zs_kit *kit)
{
	if (!kit->loads)
		zs_kit_fail(kit, NULL, "%s", kit->load_err.text);
}

/* ---- the description ---- */

static void option_name(const struct zs_msg_option *option, char dst[static 64])
{
	zs_slice_copy(option->name, dst, 64);
}

/* Keys that the configuration itself has in [provider NAME], and forms that it gives to secrets. */
static bool judge_name(struct zs_kit *kit, const char *name)
{
	static const char *const reserved[] = { "plugin", "timeout", "allow-programs" };

	for (size_t i = 0; i < ZS_COUNT(reserved); i++)
		if (!strcmp(name, reserved[i]))
			return zs_kit_fail(kit, NULL, "the option %s has the name of a key of the configuration itself", name);
	return !zs_slice_ends(zs_slice_str(name), "-credential") ||
	       zs_kit_fail(kit, NULL, "the option %s ends in -credential, as the names of systemd credentials do", name);
}

static bool judge_pair(struct zs_kit *kit, const struct zs_msg_option *a, const struct zs_msg_option *b)
{
	char one[64], two[64], env[80];

	option_name(a, one);
	option_name(b, two);
	zs_slice_copy(a->env, env, sizeof(env));
	if (*env && zs_slice_eq_str(b->env, env))
		return zs_kit_fail(kit, NULL, "the options %s and %s have one environment alias, %s", one, two, env);
	if (a->kind == ZS_OPTION_SECRET && strlen(two) == strlen(one) + 5 && !strncmp(one, two, strlen(one)) &&
	    !strcmp(two + strlen(one), "-file"))
		return zs_kit_fail(kit, NULL, "the option %s cannot be told from the file of the secret %s", two, one);
	return true;
}

static bool judge_options(struct zs_kit *kit)
{
	const struct zs_msg_option *options = kit->plugin.options.items;
	char name[64];

	for (uint32_t i = 0; i < kit->plugin.options.n; i++) {
		option_name(&options[i], name);
		if (!judge_name(kit, name))
			return false;
		for (uint32_t k = 0; k < kit->plugin.options.n; k++)
			if (i != k && !judge_pair(kit, &options[i], &options[k]))
				return false;
	}
	return true;
}

static bool judge_flags(struct zs_kit *kit)
{
	const struct zs_msg_host_description *d = &kit->plugin;

	if (d->flags & FLAG_BATCH && d->max_changes < 2)
		return zs_kit_fail(kit, NULL, "ZSP_FLAG_BATCH, but max_changes is %u", d->max_changes);
	if (d->flags & ZS_PROVIDER_NO_REMOVE && !d->max_values)
		return zs_kit_fail(kit, NULL, "ZSP_FLAG_NO_REMOVE, but max_values does not say how many values push an old one out");
	uint64_t kept = kit->limits[ZS_KIT_LIMIT_VALUES];
	if (kept && kept != d->max_values)
		return zs_kit_fail(kit, NULL, "max_values is %u, and the service keeps %llu values at a name", d->max_values,
				   (unsigned long long)kept);
	return true;
}

struct encoded { struct zs_buf octets; bool done; };

static void take_encoded(const void *body, void *user)
{
	struct encoded *encoded = user;

	encoded->done = !zs_msg_encode(zs_msg_def(ZS_MSG_HOST_DESCRIPTION)->shape, body, &encoded->octets, NULL);
}

/* Asked again, in another process. */
static bool judge_again(struct zs_kit *kit)
{
	static const struct zs_msg_empty empty;
	struct encoded encoded = { ZS_BUF(DESCRIPTION_OCTETS), false };
	struct zs_kit_host *host = zs_kit_load(kit, NULL);
	struct zs_kit_call call = { .host = host, .take = take_encoded, .user = &encoded };
	bool same = false;

	if (!host)
		return false;
	zs_kit_ask(&call, false, ZS_MSG_HOST_DESCRIBE, &empty, ZS_KIT_APPLY_MS);
	if (zs_kit_answer(&call) && encoded.done)
		same = zs_slice_eq(zs_buf_slice(&encoded.octets), zs_buf_slice(&kit->described));
	zs_buf_done(&encoded.octets);
	return same || zs_kit_fail(kit, NULL, "another process of the plugin describes itself in another way");
}

void zs_kit_check_descriptor(struct zs_kit *kit)
{
	(void)(judge_options(kit) && judge_flags(kit) && judge_again(kit));
}

/* ---- policy ---- */

struct policy { struct zs_kit *kit; size_t octets; };

static void take_policy(const void *body, void *user)
{
	const struct zs_msg_host_policy_is *is = body;
	struct policy *policy = user;

	policy->octets = is->text.n;
	zs_kit_secret_search(&policy->kit->secrets, is->text, "the policy");
}

static bool is_secret(const struct zs_kit *kit, const char *key)
{
	for (uint32_t i = 0; i < kit->plugin.options.n; i++)
		if (kit->plugin.options.items[i].kind != ZS_OPTION_SECRET && zs_slice_eq_str(kit->plugin.options.items[i].name, key))
			return false;
	return true;
}

static uint32_t plain_options(const struct zs_kit *kit, struct zs_msg_pair pairs[static OPTIONS_MAX])
{
	uint32_t n = 0;

	for (size_t i = 0; i < kit->pairs.n && n < OPTIONS_MAX; i++)
		if (!is_secret(kit, kit->pairs.items[i].key))
			pairs[n++] = (struct zs_msg_pair){ zs_slice_str(kit->pairs.items[i].key), zs_slice_str(kit->pairs.items[i].value) };
	return n;
}

static bool ask_policy(struct zs_kit *kit, struct zs_msg_pair *pairs, uint32_t n)
{
	const struct zs_kit_spot *spot = zs_kit_spot(kit, 0);
	struct policy policy = { kit, 0 };
	struct zs_kit_host *host = zs_kit_load(kit, NULL);
	struct zs_kit_call call = { .host = host, .take = take_policy, .user = &policy };
	char text[512];

	if (!host || !spot)
		return false;
	struct zs_name name = spot->name;
	struct zs_msg_zone_names zone = { .zone = spot->zone, .names = { &name, 1 } };
	const struct zs_msg_host_policy msg = { .options = { pairs, n }, .zones = { &zone, 1 } };
	zs_kit_ask(&call, false, ZS_MSG_HOST_POLICY, &msg, POLICY_MS);
	if (!zs_kit_answer(&call))
		return zs_kit_fail(kit, NULL, "policy fails %s: %s", n ? "with options" : "without options",
				   zs_kit_err_text(&call.err, text));
	return policy.octets || zs_kit_fail(kit, NULL, "policy prints nothing");
}

void zs_kit_check_policy(struct zs_kit *kit)
{
	struct zs_msg_pair pairs[OPTIONS_MAX];
	uint32_t n = plain_options(kit, pairs);

	if (ask_policy(kit, pairs, n) && n)
		(void)ask_policy(kit, NULL, 0);
	zs_kit_forget_spots(kit);
}

/* ---- options ---- */

static bool names_an_option(const struct zs_kit *kit, const char *text)
{
	char name[64];

	for (uint32_t i = 0; i < kit->plugin.options.n; i++) {
		option_name(&kit->plugin.options.items[i], name);
		if (strstr(text, name))
			return true;
	}
	return false;
}

/* An instance that lacks something: what is wrong with its end, in words. */
static bool judge_lack(struct zs_kit *kit, const struct zs_kit_variant *variant, bool must_fail)
{
	struct zs_kit_host *host = zs_kit_open(kit, variant);
	char what[100], text[512];

	if (!host || kit->fatal.code)
		return false;
	snprintf(what, sizeof(what), "%s%.70s", variant->bare ? "without any option" : "without ", variant->bare ? "" : variant->without);
	const struct zs_err *err = &host->instance.err;
	bool open = host->instance.state == ZS_INSTANCE_OPEN;
	if (open && must_fail)
		return zs_kit_fail(kit, NULL, "%s, which is required, it opens all the same", what);
	if (!open && err->code != ZS_E_CONFIG)
		return zs_kit_fail(kit, NULL, "%s: %s", what, zs_kit_err_text(err, text));
	if (!open && !names_an_option(kit, err->text))
		return zs_kit_fail(kit, NULL, "%s the error names no option: %.300s", what, err->text);
	bool fine = zs_kit_close(host);
	zs_kit_host_free(host);
	return fine;
}

static bool is_set(const struct zs_kit *kit, const char *option)
{
	size_t n = strlen(option);

	for (size_t i = 0; i < kit->pairs.n; i++) {
		const char *key = kit->pairs.items[i].key;
		if (!strncmp(key, option, n) && (!key[n] || !strcmp(key + n, "-file") || !strcmp(key + n, "-credential")))
			return true;
	}
	for (size_t i = 0; i < kit->env.n; i++)
		if (!strcmp(kit->env.items[i].option, option))
			return true;
	return false;
}

void zs_kit_check_option_missing(struct zs_kit *kit)
{
	char name[64];
	bool required = false;

	for (uint32_t i = 0; i < kit->plugin.options.n && zs_kit_good(kit); i++) {
		const struct zs_msg_option *option = &kit->plugin.options.items[i];
		option_name(option, name);
		required = required || option->required;
		if (option->required || is_set(kit, name))
			(void)judge_lack(kit, &(struct zs_kit_variant){ .without = name }, option->required);
	}
	if (zs_kit_good(kit))
		(void)judge_lack(kit, &(struct zs_kit_variant){ .bare = true }, required);
}

static bool try_secret(struct zs_kit *kit, const char *option, struct zs_slice content)
{
	char path[160], text[512];

	if (!zs_kit_wrong_secret(kit, content, path))
		return false;
	struct zs_kit_host *host = zs_kit_open(kit, &(struct zs_kit_variant){ .secret = option, .path = path });
	if (!host || kit->fatal.code)
		return false;
	if (host->instance.state != ZS_INSTANCE_OPEN && host->instance.err.code != ZS_E_CONFIG)
		return zs_kit_fail(kit, NULL, "with %zu odd octets as %s: %s", content.n, option,
				   zs_kit_err_text(&host->instance.err, text));
	if (host->instance.state == ZS_INSTANCE_OPEN && kit->sim) {
		struct zs_kit_zone zone = { .zone = kit->spec.zone, .name = kit->spec.zone };
		if (!zs_kit_test(host, &zone, 1))
			return false;
	}
	bool fine = zs_kit_close(host);
	zs_kit_host_free(host);
	return fine;
}

void zs_kit_check_secret_odd(struct zs_kit *kit)
{
	static const char lines[] = "first\r\nX-Second: line\r\n\r\nthird", controls[] = "a\x01\x7f\xff\x1b[31mb c\td";
	char *large = malloc(LONG_SECRET), option[64];
	const char *name;

	if (large)
		memset(large, 'A', LONG_SECRET);
	for (size_t i = 0; large && (name = zs_kit_secret_option(kit, i)) && zs_kit_good(kit); i++) {
		snprintf(option, sizeof(option), "%s", name);
		(void)(try_secret(kit, option, zs_slice_str("x")) && try_secret(kit, option, zs_slice_str(lines)) &&
		       try_secret(kit, option, zs_slice_str(controls)) && try_secret(kit, option, zs_slice_of(large, LONG_SECRET)));
	}
	free(large);
}

void zs_kit_check_open_close(struct zs_kit *kit)
{
	unsigned before = 0, after = 0;
	struct zs_kit_host *host;

	if (kit->sim && !zs_kit_requests(kit, &before))
		return;
	host = zs_kit_host(kit, 0);
	if (!host || (kit->sim && !zs_kit_requests(kit, &after)))
		return;
	if (after != before)
		zs_kit_fail(kit, NULL, "open makes %u requests", after - before);
	else
		(void)zs_kit_close(host);
}

/* ---- the test of credentials ---- */

/* Whether check asks the service at all; one that does not can say nothing. */
static bool test(struct zs_kit *kit, struct zs_kit_host *host, struct zs_kit_zone *zones, uint32_t n)
{
	unsigned before = 0, after = 0;

	if (!host || (kit->sim && !zs_kit_requests(kit, &before)) || !zs_kit_test(host, zones, n))
		return false;
	if (!kit->sim)
		return true;
	return zs_kit_requests(kit, &after) &&
	       (after != before || zs_kit_skip(kit, "the plugin's check asks the service for nothing"));
}

static bool fill_zone(struct zs_kit *kit, struct zs_kit_zone *zone)
{
	const struct zs_kit_spot *spot = zs_kit_spot(kit, 0);

	if (!spot)
		return false;
	*zone = (struct zs_kit_zone){ .zone = spot->zone, .name = spot->name };
	zs_kit_forget_spots(kit);
	return true;
}

void zs_kit_check_good(struct zs_kit *kit)
{
	struct zs_buf before = ZS_BUF(SNAPSHOT), after = ZS_BUF(SNAPSHOT);
	struct zs_kit_host *host = zs_kit_host(kit, 0);
	struct zs_kit_zone zone;
	char text[512];

	if (host && fill_zone(kit, &zone) && zs_kit_snapshot(kit, &before) && zs_kit_test(host, &zone, 1) &&
	    zs_kit_snapshot(kit, &after)) {
		if (zone.err.code)
			zs_kit_fail(kit, NULL, "%s", zs_kit_err_text(&zone.err, text));
		else if (!zs_slice_eq(zs_buf_slice(&before), zs_buf_slice(&after)))
			zs_kit_fail(kit, NULL, "the records are others after it");
	}
	zs_buf_done(&before);
	zs_buf_done(&after);
}

static void try_wrong(struct zs_kit *kit, const char *option)
{
	struct zs_kit_zone zone;
	char path[160], text[512];

	if (!fill_zone(kit, &zone) || !zs_kit_wrong_secret(kit, zs_slice_str("Zs000000000000000000000000000000000wrong"), path))
		return;
	struct zs_kit_host *host = zs_kit_open(kit, &(struct zs_kit_variant){ .secret = option, .path = path });
	if (!host || kit->fatal.code)
		return;
	if (host->instance.state != ZS_INSTANCE_OPEN) {
		if (host->instance.err.code != ZS_E_CONFIG)
			zs_kit_fail(kit, NULL, "open with a wrong %s: %s", option, zs_kit_err_text(&host->instance.err, text));
		return;
	}
	if (test(kit, host, &zone, 1) && zone.err.code != ZS_E_PROVIDER_AUTH && zone.err.code != ZS_E_CONFIG)
		zs_kit_fail(kit, NULL, "with a wrong %s check ends with %s", option,
			    zone.err.code ? zs_kit_err_text(&zone.err, text) : "success");
}

void zs_kit_check_wrong(struct zs_kit *kit)
{
	char option[64];
	const char *name;

	for (size_t i = 0; (name = zs_kit_secret_option(kit, i)) && zs_kit_good(kit); i++) {
		snprintf(option, sizeof(option), "%s", name);
		try_wrong(kit, option);
	}
}

static bool test_with_fault(struct zs_kit *kit, struct zs_kit_zone *zone)
{
	struct zs_kit_host *host = zs_kit_host(kit, 0);

	return host && fill_zone(kit, zone) && zs_kit_order(kit, &kit->now.check->fault, 0) && test(kit, host, zone, 1);
}

void zs_kit_check_auth(struct zs_kit *kit)
{
	struct zs_kit_zone zone;
	char text[512];

	if (test_with_fault(kit, &zone) && zone.err.code != ZS_E_PROVIDER_AUTH)
		zs_kit_fail(kit, NULL, "it ends with %s", zone.err.code ? zs_kit_err_text(&zone.err, text) : "success");
}

void zs_kit_check_denied(struct zs_kit *kit)
{
	struct zs_kit_zone zone;
	unsigned warnings = kit->warnings;
	char text[512];

	if (!test_with_fault(kit, &zone) || zone.err.code == ZS_E_PROVIDER_DENIED || (!zone.err.code && kit->warnings > warnings))
		return;
	zs_kit_fail(kit, NULL, "it ends with %s", zone.err.code ? zs_kit_err_text(&zone.err, text) : "success and no remark");
}

void zs_kit_check_zone(struct zs_kit *kit)
{
	struct zs_kit_host *host = zs_kit_host(kit, 0);
	struct zs_kit_zone zones[2];
	char text[512], name[60];

	if (!host || !fill_zone(kit, &zones[0]))
		return;
	snprintf(name, sizeof(name), "unknown.%s.invalid", kit->session);
	(void)zs_name_parse(zs_slice_str(name), ZS_NAME_OWNER, &zones[1].zone, NULL);
	zones[1].name = zones[1].zone;
	zs_err_clear(&zones[1].err);
	if (!test(kit, host, zones, 2))
		return;
	if (zones[0].err.code)
		zs_kit_fail(kit, NULL, "the good zone: %s", zs_kit_err_text(&zones[0].err, text));
	else if (zones[1].err.code != ZS_E_PROVIDER_ZONE)
		zs_kit_fail(kit, NULL, "the unknown zone: %s", zones[1].err.code ? zs_kit_err_text(&zones[1].err, text) : "success");
}
