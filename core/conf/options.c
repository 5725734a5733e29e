/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option table.  A new key is one row here and one member in conf.h; the
 * tests then ask for its line in docs/config.md and in the man page.
 */
#include "conf/options.h"

#include "conf/conf.h"

#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

#define AT(type, member) .offset = offsetof(struct type, member)

static const struct zs_conf_option options[] = {
	/* ---- [defaults] ---- */
	{
		ZS_CONF_DEFAULTS, "state-dir", ZS_CONF_PATH, AT(zs_conf_defaults, state_dir),
		.otherwise = "/var/lib/zoneseal for root and user zoneseal, else $XDG_STATE_HOME/zoneseal",
		.help = "directory of keys, certificates and journals",
	},
	{
		ZS_CONF_DEFAULTS, "plugin-dir", ZS_CONF_PATH, AT(zs_conf_defaults, plugin_dir),
		.otherwise = "the place where zoneseal was installed",
		.help = "directory of the provider plugins",
	},
	{
		ZS_CONF_DEFAULTS, "ca", ZS_CONF_ID, AT(zs_conf_defaults, ca),
		.otherwise = "the only [ca], if there is one only",
		.help = "CA of certificates that name none: a [ca] or a shortcode",
	},
	{
		ZS_CONF_DEFAULTS, "provider", ZS_CONF_ID, AT(zs_conf_defaults, provider),
		.otherwise = "the only [provider], if there is one only",
		.help = "provider of zones and certificates that name none",
	},
	{
		ZS_CONF_DEFAULTS, "email", ZS_CONF_CONTACTS, AT(zs_conf_defaults, contacts),
		.otherwise = "none",
		.help = "contact for every CA that has no email of its own",
	},
	{
		ZS_CONF_DEFAULTS, "key-type", ZS_CONF_KEY_TYPE, AT(zs_conf_defaults, key_type),
		.fallback = "ec256",
		.help = "key of certificates that name none",
	},
	{
		ZS_CONF_DEFAULTS, "resolvers", ZS_CONF_ADDRESSES, AT(zs_conf_defaults, resolvers),
		.otherwise = "those of /etc/resolv.conf",
		.help = "resolvers that find zones and name servers",
	},
	{
		ZS_CONF_DEFAULTS, "servers", ZS_CONF_ADDRESSES, AT(zs_conf_defaults, servers),
		.otherwise = "the zone's own name servers",
		.help = "name servers of every [zone] that has none, nor its view",
	},
	{
		ZS_CONF_DEFAULTS, "propagation", ZS_CONF_POLICY, AT(zs_conf_defaults, propagation),
		.fallback = "all",
		.help = "when a record counts as served",
	},
	{
		ZS_CONF_DEFAULTS, "propagation-timeout", ZS_CONF_DURATION, AT(zs_conf_defaults, propagation.timeout_ms),
		.min = SECOND, .max = DAY, .fallback = "5m",
		.help = "longest wait for a record to be served",
	},
	{
		ZS_CONF_DEFAULTS, "looks", ZS_CONF_INTEGER, AT(zs_conf_defaults, propagation.looks),
		.min = 0, .max = 16, .fallback = "0",
		.help = "how often each address must serve the record; 0 = once near by, else twice",
	},
	{
		ZS_CONF_DEFAULTS, "ttl", ZS_CONF_SECONDS, AT(zs_conf_defaults, ttl),
		.min = 1, .max = 86400, .fallback = "60s",
		.help = "time to live of the challenge records",
	},

	/* ---- [ca NAME] ---- */
	{
		ZS_CONF_CA, "directory", ZS_CONF_DIRECTORY, AT(zs_conf_ca, directory),
		.required = true, .otherwise = "that of NAME, where NAME is a shortcode",
		.help = "ACME directory of the CA, or a shortcode",
	},
	{
		ZS_CONF_CA, "origins", ZS_CONF_ORIGINS, AT(zs_conf_ca, origins),
		.otherwise = "none",
		.help = "further places, beside the directory's, that the CA may send us to",
	},
	{
		ZS_CONF_CA, "email", ZS_CONF_CONTACTS, AT(zs_conf_ca, contacts),
		.otherwise = "that of [defaults]",
		.help = "contact for the account",
	},
	{
		ZS_CONF_CA, "agree-tos", ZS_CONF_BOOLEAN, AT(zs_conf_ca, agree_terms),
		.fallback = "no",
		.help = "you agree to the CA's terms of service",
	},
	{
		ZS_CONF_CA, "ca-bundle", ZS_CONF_PATH, AT(zs_conf_ca, bundle),
		.otherwise = "the system's",
		.help = "PEM file of the roots that the CA's HTTPS is checked against",
	},
	{
		ZS_CONF_CA, "proxy", ZS_CONF_PROXY, AT(zs_conf_ca, proxy),
		.otherwise = "none, whatever the environment says",
		.help = "proxy on the way to the CA: http, https, socks5 or socks5h",
	},
	{
		ZS_CONF_CA, "eab-kid", ZS_CONF_WORD, AT(zs_conf_ca, eab_kid),
		.otherwise = "none",
		.help = "key identifier of the external account binding",
	},
	{
		ZS_CONF_CA, "eab-hmac-key-file", ZS_CONF_SECRET_FILE, AT(zs_conf_ca, eab_key),
		.secret = true, .otherwise = "none",
		.help = "file that holds the key of the external account binding",
	},
	{
		ZS_CONF_CA, "eab-hmac-key-credential", ZS_CONF_SECRET_CREDENTIAL, AT(zs_conf_ca, eab_key),
		.secret = true, .otherwise = "none",
		.help = "the same as a systemd credential",
	},
	{
		ZS_CONF_CA, "eab-hmac-key-env", ZS_CONF_SECRET_ENV, AT(zs_conf_ca, eab_key),
		.secret = true, .otherwise = "none",
		.help = "the same as an environment variable",
	},
	{
		ZS_CONF_CA, "account-key-type", ZS_CONF_KEY_TYPE, AT(zs_conf_ca, account_key_type),
		.fallback = "ec256",
		.help = "key of a new account",
	},
	{
		ZS_CONF_CA, "preferred-chain", ZS_CONF_TEXT, AT(zs_conf_ca, preferred_chain),
		.otherwise = "the CA's default",
		.help = "common name of the issuer at the top of the chain",
	},
	{
		ZS_CONF_CA, "nonce-width", ZS_CONF_INTEGER, AT(zs_conf_ca, nonce_width),
		.min = 1, .max = 256, .fallback = "10",
		.help = "requests at once",
	},

	/* ---- [provider NAME] ---- */
	{
		ZS_CONF_PROVIDER, "plugin", ZS_CONF_PLUGIN, AT(zs_conf_provider, plugin),
		.required = true,
		.help = "plugin by its name, or the absolute path of its file",
	},
	{
		ZS_CONF_PROVIDER, "allow-programs", ZS_CONF_BOOLEAN, AT(zs_conf_provider, allow_programs),
		.fallback = "no",
		.help = "you agree that the plugin runs programs; not needed for the exec that comes with zoneseal",
	},
	{
		ZS_CONF_PROVIDER, "timeout", ZS_CONF_DURATION, AT(zs_conf_provider, timeout_ms),
		.min = SECOND, .max = HOUR, .fallback = "30s",
		.help = "longest time of one call",
	},

	/* ---- [view NAME] ---- */
	{
		ZS_CONF_VIEW, "resolvers", ZS_CONF_ADDRESSES, AT(zs_conf_view, resolvers),
		.otherwise = "those of [defaults]",
		.help = "resolvers of the zones in this view",
	},
	{
		ZS_CONF_VIEW, "servers", ZS_CONF_ADDRESSES, AT(zs_conf_view, servers),
		.otherwise = "those of [defaults]",
		.help = "name servers that are asked instead of the NS set",
	},

	/* ---- [zone NAME] ---- */
	{
		ZS_CONF_ZONE, "provider", ZS_CONF_ID, AT(zs_conf_zone, provider),
		.otherwise = "that of [defaults]",
		.help = "provider that writes this zone",
	},
	{
		ZS_CONF_ZONE, "view", ZS_CONF_ID, AT(zs_conf_zone, view),
		.otherwise = "none",
		.help = "view in which the zone is seen",
	},
	{
		ZS_CONF_ZONE, "resolvers", ZS_CONF_ADDRESSES, AT(zs_conf_zone, resolvers),
		.otherwise = "those of the view, else of [defaults]",
		.help = "resolvers for this zone",
	},
	{
		ZS_CONF_ZONE, "servers", ZS_CONF_ADDRESSES, AT(zs_conf_zone, servers),
		.otherwise = "those of the view, else of [defaults]",
		.help = "name servers that are asked instead of the NS set",
	},
	{
		ZS_CONF_ZONE, "propagation", ZS_CONF_POLICY, AT(zs_conf_zone, propagation),
		.otherwise = "that of [defaults]",
		.help = "when a record counts as served",
	},
	{
		ZS_CONF_ZONE, "propagation-timeout", ZS_CONF_DURATION, AT(zs_conf_zone, propagation.timeout_ms),
		.min = SECOND, .max = DAY, .otherwise = "that of [defaults]",
		.help = "longest wait for a record to be served",
	},
	{
		ZS_CONF_ZONE, "looks", ZS_CONF_INTEGER, AT(zs_conf_zone, propagation.looks),
		.min = 0, .max = 16, .otherwise = "that of [defaults]",
		.help = "how often each address must serve the record; 0 = once near by, else twice",
	},
	{
		ZS_CONF_ZONE, "ttl", ZS_CONF_SECONDS, AT(zs_conf_zone, ttl),
		.min = 1, .max = 86400, .otherwise = "that of [defaults]",
		.help = "time to live of the challenge records",
	},

	/* ---- [certificate NAME] ---- */
	{
		ZS_CONF_CERTIFICATE, "names", ZS_CONF_NAMES, AT(zs_conf_certificate, identifiers),
		.required = true, .otherwise = "those of the request, with csr",
		.help = "names of the certificate, at most 100; wildcards as *.example.com",
	},
	{
		ZS_CONF_CERTIFICATE, "ca", ZS_CONF_ID, AT(zs_conf_certificate, ca),
		.otherwise = "that of [defaults]",
		.help = "CA that issues it: a [ca] or a shortcode",
	},
	{
		ZS_CONF_CERTIFICATE, "provider", ZS_CONF_ID, AT(zs_conf_certificate, provider),
		.otherwise = "that of the [zone], else of [defaults]",
		.help = "provider for all names of this certificate",
	},
	{
		ZS_CONF_CERTIFICATE, "key-type", ZS_CONF_KEY_TYPE, AT(zs_conf_certificate, key_type),
		.otherwise = "that of [defaults]",
		.help = "key: ec256, ec384, rsa2048, rsa3072 or rsa4096",
	},
	{
		ZS_CONF_CERTIFICATE, "reuse-key", ZS_CONF_BOOLEAN, AT(zs_conf_certificate, reuse_key),
		.fallback = "no",
		.help = "renew with the same key",
	},
	{
		ZS_CONF_CERTIFICATE, "csr", ZS_CONF_PATH, AT(zs_conf_certificate, csr),
		.otherwise = "none",
		.help = "certificate signing request of your own, instead of names and a key",
	},
	{
		ZS_CONF_CERTIFICATE, "key-group", ZS_CONF_GROUP, AT(zs_conf_certificate, key_group),
		.otherwise = "none",
		.help = "group that may read the key",
	},
	{
		ZS_CONF_CERTIFICATE, "profile", ZS_CONF_WORD, AT(zs_conf_certificate, profile),
		.otherwise = "the CA's default",
		.help = "profile of the CA, such as shortlived",
	},
	{
		ZS_CONF_CERTIFICATE, "preferred-chain", ZS_CONF_TEXT, AT(zs_conf_certificate, preferred_chain),
		.otherwise = "that of the [ca]",
		.help = "common name of the issuer at the top of the chain",
	},
	{
		ZS_CONF_CERTIFICATE, "timeout", ZS_CONF_DURATION, AT(zs_conf_certificate, timeout_ms),
		.min = 10 * SECOND, .max = 7 * DAY, .fallback = "15m",
		.help = "longest time of one issuance",
	},
};
_Static_assert(ZS_COUNT(options) <= 64, "zs_conf_given has a bit for each");

static const struct zs_conf_section_info sections[] = {
	[ZS_CONF_DEFAULTS] = { "defaults", NULL, "what holds where the other sections say nothing" },
	[ZS_CONF_CA] = { "ca", "NAME", "a certification authority and the account there" },
	[ZS_CONF_PROVIDER] = { "provider", "NAME", "a plugin with its options; further keys are the plugin's" },
	[ZS_CONF_VIEW] = { "view", "NAME", "how zones are seen from here, for split horizons" },
	[ZS_CONF_ZONE] = { "zone", "DOMAIN", "who writes a zone and all below it, and how it is watched" },
	[ZS_CONF_CERTIFICATE] = { "certificate", "NAME", "a certificate to have" },
};
_Static_assert(ZS_COUNT(sections) == ZS_CONF_SECTION__COUNT, "one row per section");

static const char *const forms[] = {
	[ZS_CONF_TEXT] = "TEXT",
	[ZS_CONF_WORD] = "WORD",
	[ZS_CONF_ID] = "NAME",
	[ZS_CONF_DIRECTORY] = "URL|SHORTCODE",
	[ZS_CONF_ORIGINS] = "URL,...",
	[ZS_CONF_PROXY] = "URL",
	[ZS_CONF_CONTACTS] = "EMAIL,...",
	[ZS_CONF_BOOLEAN] = "yes|no",
	[ZS_CONF_INTEGER] = "N",
	[ZS_CONF_SECONDS] = "DURATION",
	[ZS_CONF_DURATION] = "DURATION",
	[ZS_CONF_NAMES] = "DOMAIN,...",
	[ZS_CONF_ADDRESSES] = "ADDRESS,...",
	[ZS_CONF_POLICY] = "POLICY",
	[ZS_CONF_KEY_TYPE] = "KEYTYPE",
	[ZS_CONF_PATH] = "PATH",
	[ZS_CONF_GROUP] = "GROUP",
	[ZS_CONF_PLUGIN] = "PLUGIN",
	[ZS_CONF_SECRET_FILE] = "PATH",
	[ZS_CONF_SECRET_CREDENTIAL] = "CREDENTIAL",
	[ZS_CONF_SECRET_ENV] = "VARIABLE",
};
_Static_assert(ZS_COUNT(forms) == ZS_CONF_TYPE__COUNT, "one form per type");

const struct zs_conf_option *zs_conf_options(size_t *n)
{
	*n = ZS_COUNT(options);
	return options;
}

const struct zs_conf_option *zs_conf_option(enum zs_conf_section section, const char *key)
{
	for (size_t i = 0; i < ZS_COUNT(options); i++)
		if (options[i].section == section && zs_slice_eq_str(zs_slice_str(key), options[i].key))
			return &options[i];
	return NULL;
}

const struct zs_conf_section_info *zs_conf_section_info(enum zs_conf_section section)
{
	return &sections[section];
}

bool zs_conf_section_by_name(struct zs_slice name, enum zs_conf_section *ret)
{
	for (size_t i = 0; i < ZS_COUNT(sections); i++)
		if (zs_slice_eq_str(name, sections[i].name)) {
			*ret = (enum zs_conf_section)i;
			return true;
		}
	return false;
}

const char *zs_conf_type_form(enum zs_conf_type type)
{
	return forms[type];
}
