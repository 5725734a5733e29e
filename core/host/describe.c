/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks the descriptive part of a plugin's descriptor and turns it into
 * HOST_DESCRIPTION.  The plugin is not trusted: front shows these texts, and
 * takes option names as configuration keys.  Runs in the host process.
 */
#include "host/describe.h"

#include "base/buf.h"
#include "base/log.h"
#include "host/options.h"

/* Front knows these by names of its own. */
_Static_assert(ZS_OPTION_SECRET == ZSP_OPTION_SECRET && ZS_OPTION_FILE == ZSP_OPTION_FILE &&
		       ZS_PROVIDER_NO_NETWORK == ZSP_FLAG_NO_NETWORK && ZS_PROVIDER_NO_REMOVE == ZSP_FLAG_NO_REMOVE &&
		       ZS_PROVIDER_NEEDS_ZONE_LOCK == ZSP_FLAG_NEEDS_ZONE_LOCK && ZS_PROVIDER_EXECS == ZSP_FLAG_EXECS,
	       "proto.h and provider.h agree");

enum {
	MAX_NAME = 32,
	MAX_SUMMARY = 128,
	MAX_URL = 256,
	MAX_OPTION_NAME = 48,
	MAX_ENV = 64,
	MAX_HELP = 512,
	MAX_FALLBACK = 256
};

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

struct zs_slice zs_slice_zsp(const struct zsp_str *s)
{
	return zs_slice_of(s->p, s->p ? s->n : 0);
}

static bool is_in(const char *set, uint8_t c)
{
	for (; *set; set++)
		if ((uint8_t)*set == c)
			return true;
	return false;
}

/* A letter of letters, then letters, digits and extra; 1..max octets. */
static bool is_word(struct zs_slice s, const char *letters, char extra, size_t max)
{
	if (!s.n || s.n > max || !is_in(letters, s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!is_in(letters, s.p[i]) && !is_in("0123456789", s.p[i]) &&
		    s.p[i] != (uint8_t)extra)
			return false;
	return true;
}

/* One line of harmless UTF-8. */
static bool is_text(struct zs_slice s, size_t max)
{
	if (s.n > max)
		return false;
	while (s.n) {
		uint32_t point = 0;
		size_t n = zs_utf8_next(s, &point);

		if (!n || zs_utf8_is_unsafe(point))
			return false;
		s = zs_slice_of(s.p + n, s.n - n);
	}
	return true;
}

static int broken(struct zs_err *err, const char *path, const char *what)
{
	ZS_FAIL(err, ZS_E_PLUGIN, "plugin %s: %s (ABI.md, section Options)", path, what);
}

static int check_texts(const struct zsp_provider *plugin, const char *path, struct zs_err *err)
{
	struct zs_slice summary = zs_slice_zsp(&plugin->summary);
	struct zs_slice url = zs_slice_zsp(&plugin->url);

	if (!is_word(zs_slice_zsp(&plugin->name), lower, '-', MAX_NAME))
		return broken(err, path, "its name is not 1 to 32 of a-z, 0-9 and hyphen");
	if (!summary.n || !is_text(summary, MAX_SUMMARY))
		return broken(err, path, "its summary is not one line of 1 to 128 octets");
	if (url.n && (!zs_slice_starts(url, "https://") || url.n > MAX_URL ||
		      !zs_slice_is_graph(url)))
		return broken(err, path, "its URL is not https:// with up to 256 octets");
	if (!is_text(zs_slice_zsp(&plugin->permissions), ZSP_MAX_PERMISSIONS))
		return broken(err, path, "its permissions are not one paragraph (no line ends) of up to 1024 octets");
	return 0;
}

/* What is wrong with one option, NULL = nothing. */
static const char *option_fault(const struct zsp_option *o)
{
	struct zs_slice fallback = zs_slice_zsp(&o->fallback);
	struct zs_slice env = zs_slice_zsp(&o->env), help = zs_slice_zsp(&o->help);

	if (!is_word(zs_slice_zsp(&o->name), lower, '-', MAX_OPTION_NAME))
		return "its name is not 1 to 48 of a-z, 0-9 and hyphen";
	if (!o->kind || o->kind > ZSP_OPTION_DIRECTORY)
		return "its kind is unknown here";
	if (o->required > 1)
		return "required is neither 0 nor 1";
	if (o->min > o->max)
		return "its smallest number is above its largest";
	if (fallback.n && (o->required || o->kind == ZSP_OPTION_SECRET))
		return "a required option or a secret has no default";
	if (env.n && !is_word(env, upper, '_', MAX_ENV))
		return "its environment alias is not 1 to 64 of A-Z, 0-9 and underscore";
	if (!help.n || !is_text(help, MAX_HELP))
		return "its help is not one line of 1 to 512 octets";
	if (fallback.n > MAX_FALLBACK || !is_text(fallback, MAX_FALLBACK))
		return "its default is not one line of up to 256 octets";
	return NULL;
}

static int check_option(const struct zsp_option *o, uint32_t i, const char *path,
			struct zs_err *err)
{
	const char *fault = option_fault(o);
	struct zs_slice name = zs_slice_zsp(&o->name);
	struct zsp_value value;

	if (fault)
		ZS_FAIL(err, ZS_E_PLUGIN, "plugin %s: option %u: %s (ABI.md, section Options)",
			path, i + 1, fault);
	if (o->fallback.n && zs_option_parse(o, zs_slice_zsp(&o->fallback), &value, err)) {
		zs_err_prefix(err, "plugin %s: the default of option %.*s", path, (int)name.n,
			      (const char *)name.p);
		err->code = ZS_E_PLUGIN;
		return -ZS_E_PLUGIN;
	}
	return 0;
}

static bool is_repeated(const struct zsp_list *options, uint32_t i)
{
	struct zs_slice name = zs_slice_zsp(&ZSP_ITEM(struct zsp_option, options, i)->name);

	for (uint32_t k = 0; k < i; k++)
		if (zs_slice_eq(name,
				zs_slice_zsp(&ZSP_ITEM(struct zsp_option, options, k)->name)))
			return true;
	return false;
}

static int check_options(const struct zsp_list *options, const char *path, struct zs_err *err)
{
	if (options->n > ZSP_MAX_OPTIONS)
		return broken(err, path, "more than 64 options");
	if (options->n && !options->items)
		return broken(err, path, "its option table is NULL but has a length");
	if (options->n && (options->item_size < sizeof(struct zsp_option) ||
			   options->item_size > 4096 || options->item_size % sizeof(void *)))
		return broken(err, path, "an impossible size of the items of its option table");
	for (uint32_t i = 0; i < options->n; i++) {
		int rc = check_option(ZSP_ITEM(struct zsp_option, options, i), i, path, err);

		if (rc)
			return rc;
		if (is_repeated(options, i))
			return broken(err, path, "two options have one name");
	}
	return 0;
}

/* The host itself writes nowhere. */
static int check_directories(const struct zsp_provider *plugin, const char *path, struct zs_err *err)
{
	bool execs = plugin->head.flags & ZSP_FLAG_EXECS;

	for (uint32_t i = 0; i < plugin->options.n && !execs; i++)
		if (ZSP_ITEM(struct zsp_option, &plugin->options, i)->kind == ZSP_OPTION_DIRECTORY)
			return broken(err, path, "an option of kind directory without ZSP_FLAG_EXECS");
	return 0;
}

int zs_describe_check(const struct zsp_provider *plugin, const char *path, struct zs_err *err)
{
	struct zs_err local;
	int rc;

	if (!err)
		err = &local;
	rc = check_texts(plugin, path, err);
	if (!rc)
		rc = check_options(&plugin->options, path, err);
	if (!rc)
		rc = check_directories(plugin, path, err);
	if (rc)
		zs_err_where(err, "%s", path);
	return rc;
}

uint32_t zs_describe_max_changes(const struct zsp_provider *plugin)
{
	if (!plugin->max_changes)
		return 1;
	return plugin->max_changes < ZS_MAX_CHANGES ? plugin->max_changes : ZS_MAX_CHANGES;
}

void zs_describe_fill(const struct zsp_provider *plugin, const char *path,
		      struct zs_msg_option options[static ZSP_MAX_OPTIONS],
		      struct zs_msg_host_description *ret)
{
	*ret = (struct zs_msg_host_description){
		.name = zs_slice_zsp(&plugin->name),
		.summary = zs_slice_zsp(&plugin->summary),
		.url = zs_slice_zsp(&plugin->url),
		.path = zs_slice_str(path),
		.abi_major = plugin->head.abi_major,
		.abi_minor = plugin->head.abi_minor,
		.flags = plugin->head.flags,
		.max_changes = zs_describe_max_changes(plugin),
		.max_values = plugin->max_values,
		.has_live = plugin->live != NULL,
		.has_policy = plugin->policy != NULL,
		.permissions = zs_slice_zsp(&plugin->permissions),
		.options = { .items = options, .n = plugin->options.n },
	};
	for (uint32_t i = 0; i < plugin->options.n; i++) {
		const struct zsp_option *o = ZSP_ITEM(struct zsp_option, &plugin->options, i);

		options[i] = (struct zs_msg_option){
			.name = zs_slice_zsp(&o->name),
			.kind = o->kind,
			.required = o->required,
			.fallback = zs_slice_zsp(&o->fallback),
			.env = zs_slice_zsp(&o->env),
			.help = zs_slice_zsp(&o->help),
		};
	}
}
