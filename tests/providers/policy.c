/* SPDX-License-Identifier: Apache-2.0 */
/* Its policy is printed as the option `mode` says: well, or in one of many wrong ways. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zoneseal/provider.h>

enum { OPT_MODE,
	OPT_ACCOUNT,
	OPT_KEY };

static const struct zsp_option options[] = {
	[OPT_MODE] = { .name = ZSP_STR("mode"), .kind = ZSP_OPTION_TEXT, .fallback = ZSP_STR("good"), .help = ZSP_STR("How the policy is printed.") },
	[OPT_ACCOUNT] = { .name = ZSP_STR("account"), .kind = ZSP_OPTION_INTEGER, .required = 1, .help = ZSP_STR("A number.") },
	[OPT_KEY] = { .name = ZSP_STR("key"), .kind = ZSP_OPTION_SECRET, .required = 1, .help = ZSP_STR("A secret.") },
};

static const struct zsp_host *opened;

static int32_t print(const struct zsp_host *host, const char *text)
{
	return host->print(host, text, strlen(text));
}

static int32_t print_good(const struct zsp_host *host, const struct zsp_list *values, const struct zsp_list *zones)
{
	const struct zsp_value *account = ZSP_ITEM(struct zsp_value, values, OPT_ACCOUNT);
	const struct zsp_value *key = ZSP_ITEM(struct zsp_value, values, OPT_KEY);
	char text[600];

	snprintf(text, sizeof(text), "account\t%s, key %s\n", account->text.p ? account->text.p : "ACCOUNT",
		key->text.p ? "known" : "KEY");
	print(host, text);
	for (uint32_t i = 0; i < zones->n; i++) {
		const struct zsp_zone *zone = ZSP_ITEM(struct zsp_zone, zones, i);

		for (uint32_t k = 0; k < zone->names.n; k++) {
			snprintf(text, sizeof(text), "%s: %s\n", zone->zone.p, ZSP_ITEM(struct zsp_str, &zone->names, k)->p);
			print(host, text);
		}
	}
	return print(host, "\xc3\xa9\n");
}

static int32_t print_much(const struct zsp_host *host, size_t n)
{
	char *text = malloc(n);
	int32_t class;

	if (!text)
		return ZSP_BUG;
	memset(text, 'x', n);
	class = host->print(host, text, n);
	free(text);
	return class;
}

static int32_t policy(const struct zsp_host *host, const struct zsp_list *values, const struct zsp_list *zones)
{
	const char *mode = ZSP_ITEM(struct zsp_value, values, OPT_MODE)->text.p;

	if (!strcmp(mode, "good"))
		return print_good(host, values, zones);
	if (!strcmp(mode, "control"))
		return print(host, "line\n\033[31mred\n");
	if (!strcmp(mode, "bidi"))
		return print(host, "grant \xe2\x80\xae");
	if (!strcmp(mode, "latin"))
		return print(host, "caf\xe9");
	if (!strcmp(mode, "most"))
		return print_much(host, ZSP_MAX_POLICY);
	if (!strcmp(mode, "long"))
		return print_much(host, ZSP_MAX_POLICY) ? ZSP_BUG : print(host, "x");
	if (!strcmp(mode, "denies")) /* what print said is not minded */
		return print(host, "\a") == ZSP_OK ? ZSP_OK : print(host, "more\n"), ZSP_OK;
	if (!strcmp(mode, "fails"))
		return host->fail(host, ZSP_CONFIG, 0, "no such name", 12);
	return ZSP_OK;
}

static int32_t open_it(const struct zsp_host *host, const struct zsp_list *values, void **ret)
{
	(void)values;
	opened = host;
	*ret = NULL;
	return ZSP_OK;
}

/* Prints where nobody asked for it. */
static int32_t apply(void *instance, const struct zsp_str *zone, const struct zsp_list *changes)
{
	(void)instance;
	(void)zone;
	(void)changes;
	return print(opened, "text\n") == ZSP_BUG ? ZSP_OK : ZSP_BUG;
}

static void close_it(void *instance)
{
	(void)instance;
}

static const struct zsp_provider provider = {
	.head = ZSP_PROVIDER(ZSP_FLAG_NO_REMOVE),
	.name = ZSP_STR("policy"),
	.summary = ZSP_STR("Prints a policy"),
	.options = ZSP_LIST(options),
	.max_values = 3,
	.permissions = ZSP_STR("May do this and that."),
	.open = open_it,
	.apply = apply,
	.close = close_it,
	.policy = policy,
};

ZSP_EXPORT const struct zsp_provider *zoneseal_provider(uint32_t host_abi)
{
	(void)host_abi;
	return &provider;
}
