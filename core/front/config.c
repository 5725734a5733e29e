/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/config.h: finding and reading the file, choosing certificates.  What
 * the command line says over it is in overlay.c.
 */
#include "front/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/nearest.h"
#include "front/overlay.h"
#include "front/secrets.h"

enum { PATH_MAX_OCTETS = 4000 };

static struct zs_conf_user this_user(void)
{
	return (struct zs_conf_user){
		.uid = geteuid(), .home = zs_env("HOME"), .xdg_config = zs_env("XDG_CONFIG_HOME"), .xdg_state = zs_env("XDG_STATE_HOME"),
	};
}

/* ---- the file ---- */

static int missing(const struct zs_config *config, enum zs_config_need need, struct zs_err *err)
{
	zs_err_set(err, ZS_E_CONFIG, "there is no configuration at %s", zs_buf_str(&config->path));
	zs_err_subject(err, "%s", zs_buf_str(&config->path));
	if (need == ZS_CONFIG_CERTIFICATES)
		zs_err_hint(err, "write it, name another with --config FILE, or say what to issue with -d NAME --provider PROVIDER --server CA");
	else
		zs_err_hint(err, "write it, or name another with --config FILE");
	return -ZS_E_CONFIG;
}

static int read_file(struct zs_config *config, const struct zs_cli *cli, enum zs_config_need need, struct zs_err *err)
{
	const struct zs_conf_user user = this_user();
	const char *given = zs_cli_value(cli, ZS_OPT_CONFIG);
	bool may_lack = !given && (need == ZS_CONFIG_PLACES || (need == ZS_CONFIG_CERTIFICATES && zs_overlay_has_certificate(cli)));
	int rc = 0;

	if (given)
		zs_buf_add_str(&config->path, given);
	else
		rc = zs_conf_default_path(&user, &config->path, err);
	if (rc)
		return may_lack ? 0 : rc;
	errno = 0;
	rc = zs_conf_read(&config->conf, zs_buf_str(&config->path), err);
	config->found = !rc;
	if (rc && errno == ENOENT && access(zs_buf_str(&config->path), F_OK) != 0)
		return may_lack ? 0 : missing(config, need, err);
	return rc;
}

/* With the place on the command line and nothing else to know, a broken file does no harm. */
static bool can_do_without(const struct zs_cli *cli, enum zs_config_need need)
{
	return need == ZS_CONFIG_PLACES && zs_cli_has(cli, ZS_OPT_STATE_DIR) && !zs_cli_has(cli, ZS_OPT_CONFIG) &&
	       !zs_cli_has(cli, ZS_OPT_PROCESSES);
}

/* ---- certificates ---- */

static int unknown_certificate(const struct zs_config *config, const char *name, struct zs_err *err)
{
	struct zs_nearest near;

	zs_nearest_init(&near, name);
	for (size_t i = 0; i < config->conf.certificates.n; i++)
		zs_nearest_try(&near, config->conf.certificates.items[i].name);
	zs_err_set(err, ZS_E_USAGE, "there is no [certificate %s] in %s", name, zs_buf_str(&config->path));
	if (near.best)
		zs_err_hint(err, "did you mean %s?", near.best);
	else
		zs_err_hint(err, "`zoneseal check --print` shows the configuration; a certificate that is not in it is given by -d");
	return -ZS_E_USAGE;
}

static int choose(struct zs_config *config, const char *name, struct zs_err *err)
{
	const struct zs_conf_certificate *certificate = zs_conf_certificate(&config->conf, name), **slot;

	if (!certificate)
		return unknown_certificate(config, name, err);
	for (size_t i = 0; i < config->chosen.n; i++)
		if (config->chosen.items[i] == certificate)
			return 0;
	slot = zs_vec_push(&config->chosen, ZS_MAX_JOBS);
	if (!slot)
		ZS_FAIL(err, ZS_E_USAGE, "more than %d certificates in one run", ZS_MAX_JOBS);
	*slot = certificate;
	return 0;
}

static int choose_all(struct zs_config *config, struct zs_err *err)
{
	int rc = 0;

	if (!config->conf.certificates.n) {
		zs_err_set(err, ZS_E_CONFIG, "%s has no [certificate NAME]", zs_buf_str(&config->path));
		zs_err_hint(err, "add one with names = ..., or say what to issue with -d NAME");
		return -ZS_E_CONFIG;
	}
	for (size_t i = 0; i < config->conf.certificates.n && !rc; i++)
		rc = choose(config, config->conf.certificates.items[i].name, err);
	return rc;
}

static int choose_certificates(struct zs_config *config, const struct zs_cli *cli, const char *adhoc, struct zs_err *err)
{
	int rc = 0;

	config->chosen.n = 0;
	if (*adhoc)
		return choose(config, adhoc, err);
	if (!cli->args.n)
		return choose_all(config, err);
	for (size_t i = 0; i < cli->args.n && !rc; i++)
		rc = choose(config, cli->args.items[i], err);
	return rc;
}

/* ---- all ---- */

static int find_state(struct zs_config *config, struct zs_err *err)
{
	const struct zs_conf_user user = this_user();

	if (!config->conf.defaults.state_dir)
		return zs_conf_default_state(&user, &config->state_dir, err);
	zs_buf_add_str(&config->state_dir, config->conf.defaults.state_dir);
	return 0;
}

int zs_config_load(struct zs_config *config, const struct zs_cli *cli, enum zs_config_need need, struct zs_err *err)
{
	char adhoc[ZS_MAX_ID + 1] = "";
	int rc = 0;

	*config = (struct zs_config){ .path = ZS_BUF(PATH_MAX_OCTETS), .state_dir = ZS_BUF(PATH_MAX_OCTETS) };
	zs_conf_init(&config->conf);
	if (!can_do_without(cli, need))
		rc = read_file(config, cli, need, err);
	if (!rc && need == ZS_CONFIG_CERTIFICATES)
		rc = zs_overlay_certificate(&config->conf, cli, adhoc, err);
	/* chosen twice: the overlay wants names, and finishing may move the sections */
	if (!rc && need == ZS_CONFIG_CERTIFICATES)
		rc = choose_certificates(config, cli, adhoc, err);
	if (!rc)
		rc = zs_overlay(&config->conf, cli, config->chosen.items, config->chosen.n, err);
	if (!rc)
		rc = zs_conf_finish(&config->conf, err);
	if (!rc && need == ZS_CONFIG_CERTIFICATES)
		rc = choose_certificates(config, cli, adhoc, err);
	return rc ? rc : find_state(config, err);
}

void zs_config_done(struct zs_config *config)
{
	zs_vec_done(&config->chosen);
	zs_buf_done(&config->path);
	zs_buf_done(&config->state_dir);
	zs_conf_done(&config->conf);
}
