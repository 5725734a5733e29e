/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `zoneseal provider list` and `provider info NAME`; its other verbs have files of their own.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "front/command.h"
#include "front/config.h"
#include "front/plugins.h"
#include "front/report.h"

enum { PATH_OCTETS = 4096, TEXT_OCTETS = 64 * 1024 };

/* ---- as JSON ---- */

static void flags_json(struct zs_json_out *out, uint32_t flags)
{
	const char *flag;

	zs_jout_array(out, "flags");
	for (size_t i = 0; (flag = zs_plugin_flag(flags, i)); i++)
		zs_jout_str(out, NULL, flag);
	zs_jout_end(out, ']');
}

static void options_json(struct zs_json_out *out, const struct zs_plugin *plugin)
{
	zs_jout_array(out, "options");
	for (size_t i = 0; i < plugin->options.n; i++) {
		const struct zs_plugin_option *option = &plugin->options.items[i];
		zs_jout_object(out, NULL);
		zs_jout_str(out, "name", option->name);
		zs_jout_str(out, "kind", zs_plugin_kind(option->kind));
		zs_jout_bool(out, "required", option->required);
		zs_jout_str(out, "default", option->fallback);
		zs_jout_str(out, "env", option->env);
		zs_jout_str(out, "help", option->help);
		zs_jout_end(out, '}');
	}
	zs_jout_end(out, ']');
}

static void plugin_json(struct zs_json_out *out, const struct zs_plugin *plugin)
{
	char abi[32];

	snprintf(abi, sizeof(abi), "%u.%u", (unsigned)plugin->abi_major, (unsigned)plugin->abi_minor);
	zs_jout_object(out, NULL);
	zs_jout_str(out, "name", *plugin->name ? plugin->name : plugin->file);
	zs_jout_str(out, "path", plugin->path);
	zs_jout_str(out, "summary", plugin->summary);
	zs_jout_str(out, "url", plugin->url);
	if (plugin->err.code)
		zs_jout_null(out, "abi");
	else
		zs_jout_str(out, "abi", abi);
	zs_jout_int(out, "max_changes", plugin->max_changes);
	if (plugin->max_values)
		zs_jout_int(out, "max_values", plugin->max_values);
	else
		zs_jout_null(out, "max_values");
	zs_jout_bool(out, "has_live", plugin->has_live);
	zs_jout_bool(out, "has_policy", plugin->has_policy);
	zs_jout_str(out, "permissions", plugin->permissions);
	flags_json(out, plugin->flags);
	options_json(out, plugin);
	zs_report_err_json(out, "error", &plugin->err);
	zs_jout_end(out, '}');
}

static int print_json(const struct zs_cli *cli, const struct zs_plugins *plugins, int exit_code)
{
	struct zs_document doc;

	zs_document_begin(&doc, cli);
	zs_jout_array(&doc.out, "providers");
	for (size_t i = 0; i < plugins->items.n; i++)
		plugin_json(&doc.out, &plugins->items.items[i]);
	zs_jout_end(&doc.out, ']');
	return zs_document_end(&doc, exit_code, NULL);
}

/* ---- as text ---- */

static void print_line(const struct zs_cli *cli, const struct zs_plugin *plugin)
{
	struct zs_buf text = ZS_BUF(TEXT_OCTETS);

	if (plugin->err.code) {
		zs_report_err_text(&text, NULL, &plugin->err);
		zs_data(cli, "%-16s  broken  %s\n", plugin->file, plugin->path);
		zs_say(cli, "%s: %s", plugin->file, zs_buf_str(&text));
	} else {
		zs_data(cli, "%-16s  %u.%u     %s  (%s)\n", plugin->name, (unsigned)plugin->abi_major, (unsigned)plugin->abi_minor,
			plugin->summary, plugin->path);
	}
	zs_buf_done(&text);
}

static void print_option(const struct zs_cli *cli, const struct zs_plugin_option *option)
{
	bool secret = option->kind == ZS_OPTION_SECRET;
	bool is_file = zs_slice_ends(zs_slice_str(option->name), "-file");

	zs_data(cli, "\n  %s%s  (%s%s)\n      %s\n", option->name, secret && !is_file ? "-file" : "",
		secret ? "secret, named by the path of its file" : zs_plugin_kind(option->kind),
		option->required ? ", required" : "", option->help);
	if (*option->fallback)
		zs_data(cli, "      default: %s\n", option->fallback);
	if (!*option->env)
		return;
	if (secret && is_file)
		zs_data(cli, "      environment: %s, with the path of the file\n", option->env);
	else if (secret)
		zs_data(cli, "      environment: %s, or %s_FILE with the path of a file\n", option->env, option->env);
	else
		zs_data(cli, "      environment: %s\n", option->env);
}

static void print_info(const struct zs_cli *cli, const struct zs_plugin *plugin)
{
	const char *flag;

	zs_data(cli, "%s: %s\n  file: %s\n  ABI: %u.%u\n", plugin->name, plugin->summary, plugin->path, (unsigned)plugin->abi_major,
		(unsigned)plugin->abi_minor);
	if (*plugin->url)
		zs_data(cli, "  documentation: %s\n", plugin->url);
	zs_data(cli, "  flags:");
	for (size_t i = 0; (flag = zs_plugin_flag(plugin->flags, i)); i++)
		zs_data(cli, " %s", flag);
	if (plugin->flags & ZS_PROVIDER_EXECS)
		zs_data(cli, "\n  runs programs: %s", zs_instance_is_own_exec(plugin->path)
			? "those that its options name" : "only with allow-programs = yes in its [provider]");
	zs_data(cli, "\n  changes in one call: %u\n", (unsigned)plugin->max_changes);
	if (plugin->max_values)
		zs_data(cli, "  values at one name: %u\n", (unsigned)plugin->max_values);
	else
		zs_data(cli, "  values at one name: as many as a run needs\n");
	zs_data(cli, "  propagation = provider: %s\n", plugin->has_live ? "yes" : "no, the service cannot be asked");
	if (*plugin->permissions)
		zs_data(cli, "  permissions: %s\n", plugin->permissions);
	if (plugin->has_policy)
		zs_data(cli, "  policy: `zoneseal provider policy %s` prints the narrowest right for your names\n", plugin->name);
	zs_data(cli, "\noptions, in [provider NAME] or as -o KEY=VALUE:\n");
	for (size_t i = 0; i < plugin->options.n; i++)
		print_option(cli, &plugin->options.items[i]);
}

/* ---- the two ---- */

static int list(const struct zs_cli *cli, const struct zs_conf *conf, struct zs_plugins *plugins, struct zs_ask *ask)
{
	struct zs_err err;

	if (zs_plugins_find(plugins, conf, &err))
		return zs_report_failure(cli, &err);
	for (size_t i = 0; i < plugins->items.n; i++)
		zs_plugin_describe(&plugins->items.items[i], ask);
	if (cli->json)
		return print_json(cli, plugins, 0);
	for (size_t i = 0; i < plugins->items.n; i++)
		print_line(cli, &plugins->items.items[i]);
	if (!plugins->items.n)
		zs_say(cli, "no plugins in %s\n", conf->defaults.plugin_dir ? conf->defaults.plugin_dir : ZS_PROVIDERSDIR);
	return zs_data_ok() ? 0 : zs_code_info(ZS_E_STORAGE)->exit_code;
}

static int info(const struct zs_cli *cli, const struct zs_conf *conf, struct zs_plugins *plugins, struct zs_ask *ask)
{
	struct zs_buf path = ZS_BUF(PATH_OCTETS);
	struct zs_plugin *plugin = NULL;
	struct zs_err err;
	int rc = zs_plugins_path(conf, cli->args.items[1], &path, &err);

	if (!rc && !(plugin = zs_plugins_add(plugins, zs_buf_str(&path))))
		rc = zs_err_set(&err, ZS_E_NOMEM, "no memory for a plugin");
	zs_buf_done(&path);
	if (!rc)
		zs_plugin_describe(plugin, ask);
	if (!rc && plugin->err.code) {
		err = plugin->err;
		rc = -(int)err.code;
	}
	if (rc)
		return zs_report_failure(cli, &err);
	if (cli->json)
		return print_json(cli, plugins, 0);
	print_info(cli, plugin);
	return zs_data_ok() ? 0 : zs_code_info(ZS_E_STORAGE)->exit_code;
}

static int make_new(const struct zs_cli *cli, const struct zs_conf *conf, struct zs_plugins *plugins, struct zs_ask *ask)
{
	(void)conf;
	(void)plugins;
	(void)ask;
	return zs_cmd_provider_new(cli);
}

static int policy(const struct zs_cli *cli, const struct zs_conf *conf, struct zs_plugins *plugins, struct zs_ask *ask)
{
	(void)plugins;
	return zs_cmd_provider_policy(cli, conf, ask);
}

static int check(const struct zs_cli *cli, const struct zs_conf *conf, struct zs_plugins *plugins, struct zs_ask *ask)
{
	(void)plugins;
	(void)ask;
	return zs_cmd_provider_check(cli, conf);
}

#define OPT(name) (UINT64_C(1) << ZS_OPT_##name)
#define FOR_POLICY (OPT(DOMAIN) | OPT(ZONE) | OPT(PROVIDER_OPTION) | OPT(RESOLVERS))
#define FOR_CHECK (OPT(ZONE) | OPT(PROVIDER_OPTION) | OPT(RESOLVERS) | OPT(OFFLINE) | OPT(OFFLINE_ARGUMENT) | OPT(BLIND) | \
		   OPT(LIMIT) | OPT(ONLY) | OPT(LIST))
_Static_assert(ZS_OPT__COUNT <= 64, "a bit for each option");

static const struct {
	const char *name;
	size_t args, max_args;	/* words, with the verb */
	uint64_t options;	/* of those that not every verb takes */
	int (*run)(const struct zs_cli *, const struct zs_conf *, struct zs_plugins *, struct zs_ask *);
} verbs[] = {
	{ "list", 1, 1, 0, list },
	{ "info", 2, 2, 0, info },
	{ "policy", 2, 2, FOR_POLICY, policy },
	{ "check", 1, 2, FOR_CHECK, check },
	{ "new", 2, 3, 0, make_new },
};

static int usage(const struct zs_cli *cli)
{
	struct zs_err err;

	zs_err_set(&err, ZS_E_USAGE, "provider wants `list`, `info NAME`, `policy NAME`, `check NAME` or `new NAME [DIR]`");
	zs_err_hint(&err, "`zoneseal provider list` shows the names, `zoneseal provider info rfc2136` the options of one");
	return zs_report_failure(cli, &err);
}

/* An option that the verb would not look at is a mistake of the one who gives it. */
static int check_options(const struct zs_cli *cli, size_t verb, struct zs_err *err)
{
	for (size_t i = 0; i < cli->values.n; i++) {
		enum zs_opt option = cli->values.items[i].option;
		if (!((FOR_POLICY | FOR_CHECK) & ~verbs[verb].options & UINT64_C(1) << option))
			continue;
		zs_err_set(err, ZS_E_USAGE, "provider %s does not take --%s", verbs[verb].name, zs_cli_options()[option].name);
		zs_err_hint(err, "`zoneseal help provider` shows what each of its verbs is for");
		return -ZS_E_USAGE;
	}
	return 0;
}

/* These commands help to mend a configuration, so a broken default one does not stop them. */
static int load(const struct zs_cli *cli, struct zs_config *config, struct zs_err *err)
{
	struct zs_buf text = ZS_BUF(TEXT_OCTETS);
	int rc = zs_config_load(config, cli, ZS_CONFIG_PLACES, err);

	if (!rc || zs_cli_has(cli, ZS_OPT_CONFIG))
		return rc;
	zs_report_err_text(&text, "the configuration is not used", err);
	zs_say(cli, "%s", zs_buf_str(&text));
	zs_buf_done(&text);
	zs_config_done(config);
	*config = (struct zs_config){ .found = false };
	zs_conf_init(&config->conf);
	return 0;
}

int zs_cmd_provider(const struct zs_cli *cli)
{
	struct zs_plugins plugins = { .items = { 0 } };
	struct zs_config config;
	struct zs_ask ask = { .loop = NULL };
	struct zs_err err;
	size_t verb = 0;
	int exit_code;

	while (verb < ZS_COUNT(verbs) && (!cli->args.n || strcmp(verbs[verb].name, cli->args.items[0]) != 0))
		verb++;
	if (verb == ZS_COUNT(verbs) || cli->args.n < verbs[verb].args || cli->args.n > verbs[verb].max_args)
		return usage(cli);
	if (check_options(cli, verb, &err))
		return zs_report_failure(cli, &err);
	if (load(cli, &config, &err) || zs_ask_init(&ask, &err))
		exit_code = zs_report_failure(cli, &err);
	else
		exit_code = verbs[verb].run(cli, &config.conf, &plugins, &ask);
	zs_ask_done(&ask);
	zs_plugins_done(&plugins);
	zs_config_done(&config);
	return exit_code;
}
