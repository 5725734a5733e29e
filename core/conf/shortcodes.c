/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Well-known CAs by short names: ours and those that other tools use.
 */
#include "conf/shortcodes.h"

#include "conf/conf.h"

static const struct zs_conf_shortcode shortcodes[] = {
	{ "letsencrypt", NULL, "https://acme-v02.api.letsencrypt.org/directory" },
	{ "letsencrypt-staging", NULL, "https://acme-staging-v02.api.letsencrypt.org/directory" },
	{ "letsencrypt_test", "letsencrypt-staging", "https://acme-staging-v02.api.letsencrypt.org/directory" },
	{ "google", NULL, "https://dv.acme-v02.api.pki.goog/directory" },
	{ "gts", "google", "https://dv.acme-v02.api.pki.goog/directory" },
	{ "google-test", NULL, "https://dv.acme-v02.test-api.pki.goog/directory" },
	{ "zerossl", NULL, "https://acme.zerossl.com/v2/DV90" },
	{ "ssl.com", NULL, "https://acme.ssl.com/sslcom-dv-rsa" },
	{ "sslcom", "ssl.com", "https://acme.ssl.com/sslcom-dv-rsa" },
	{ "ssl.com-rsa", "ssl.com", "https://acme.ssl.com/sslcom-dv-rsa" },
	{ "ssl.com-ecc", NULL, "https://acme.ssl.com/sslcom-dv-ecc" },
	{ "sectigo", NULL, "https://acme.sectigo.com/v2/DV" },
	{ "actalis", NULL, "https://acme-api.actalis.com/acme/directory" },
};

const struct zs_conf_shortcode *zs_conf_shortcodes(size_t *n)
{
	*n = ZS_COUNT(shortcodes);
	return shortcodes;
}

const char *zs_conf_shortcode(const char *name)
{
	for (size_t i = 0; i < ZS_COUNT(shortcodes); i++)
		if (zs_slice_eq_str(zs_slice_str(name), shortcodes[i].name))
			return shortcodes[i].directory;
	return NULL;
}
