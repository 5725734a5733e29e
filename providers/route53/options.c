/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See options.h.
 */
#include "options.h"

enum { MAX_OPTION = 16 * 1024 };

#define NONE { NULL, 0 }

const struct zsp_option route53_options[OPT__COUNT] = {
	[OPT_ACCESS_KEY_ID] = {
		ZSP_STR("access-key-id"), ZSP_OPTION_TEXT, 0, NONE, ZSP_STR("AWS_ACCESS_KEY_ID"),
		ZSP_STR("Access key; together with secret-access-key it goes before every other source of "
			"credentials."), 0, 0 },
	[OPT_SECRET_ACCESS_KEY] = {
		ZSP_STR("secret-access-key"), ZSP_OPTION_SECRET, 0, NONE, ZSP_STR("AWS_SECRET_ACCESS_KEY"),
		ZSP_STR("Secret of the access key."), 0, 0 },
	[OPT_SESSION_TOKEN] = {
		ZSP_STR("session-token"), ZSP_OPTION_SECRET, 0, NONE, ZSP_STR("AWS_SESSION_TOKEN"),
		ZSP_STR("Session token, where the access key is a temporary one."), 0, 0 },
	[OPT_PROFILE] = {
		ZSP_STR("profile"), ZSP_OPTION_TEXT, 0, NONE, ZSP_STR("AWS_PROFILE"),
		ZSP_STR("Profile to take from credentials-path and config-path; without it default."), 0, 0 },
	[OPT_CREDENTIALS_PATH] = {
		ZSP_STR("credentials-path"), ZSP_OPTION_FILE, 0, NONE, ZSP_STR("AWS_SHARED_CREDENTIALS_FILE"),
		ZSP_STR("Shared credentials file, such as /home/me/.aws/credentials; read again when credentials "
			"expire."), 0, 0 },
	[OPT_CONFIG_PATH] = {
		ZSP_STR("config-path"), ZSP_OPTION_FILE, 0, NONE, ZSP_STR("AWS_CONFIG_FILE"),
		ZSP_STR("Configuration file of the AWS tools, such as /home/me/.aws/config; asked after "
			"credentials-path."), 0, 0 },
	[OPT_WEB_IDENTITY_TOKEN_PATH] = {
		ZSP_STR("web-identity-token-path"), ZSP_OPTION_FILE, 0, NONE, ZSP_STR("AWS_WEB_IDENTITY_TOKEN_FILE"),
		ZSP_STR("Token of a web identity, read again at each use; role-arn says the role that it gives."), 0, 0 },
	[OPT_ROLE_ARN] = {
		ZSP_STR("role-arn"), ZSP_OPTION_TEXT, 0, NONE, ZSP_STR("AWS_ROLE_ARN"),
		ZSP_STR("Role to take on with the token of web-identity-token-path."), 0, 0 },
	[OPT_ROLE_SESSION_NAME] = {
		ZSP_STR("role-session-name"), ZSP_OPTION_TEXT, 0, ZSP_STR("zoneseal"), ZSP_STR("AWS_ROLE_SESSION_NAME"),
		ZSP_STR("Name of the session that the logs of the account show."), 0, 0 },
	[OPT_IMDS] = {
		ZSP_STR("imds"), ZSP_OPTION_BOOLEAN, 0, ZSP_STR("yes"), NONE,
		ZSP_STR("Ask the instance metadata service (IMDSv2) when there are no other credentials."), 0, 0 },
	[OPT_IMDS_DISABLED] = {
		ZSP_STR("imds-disabled"), ZSP_OPTION_BOOLEAN, 0, ZSP_STR("no"), ZSP_STR("AWS_EC2_METADATA_DISABLED"),
		ZSP_STR("The opposite of imds, for the variable of the AWS tools; either can switch it off."), 0, 0 },
	[OPT_IMDS_URL] = {
		ZSP_STR("imds-url"), ZSP_OPTION_URL, 0, ZSP_STR("http://169.254.169.254"),
		ZSP_STR("AWS_EC2_METADATA_SERVICE_ENDPOINT"),
		ZSP_STR("Instance metadata service; http only to 169.254.169.254, [fd00:ec2::254] and this machine."), 0, 0 },
	[OPT_REGION] = {
		ZSP_STR("region"), ZSP_OPTION_TEXT, 0, ZSP_STR("us-east-1"), ZSP_STR("AWS_REGION"),
		ZSP_STR("Says the partition (cn-..., us-gov-...) and the region of STS; Route 53 itself is global."), 0, 0 },
	[OPT_API_URL] = {
		ZSP_STR("api-url"), ZSP_OPTION_URL, 0, ZSP_STR("https://route53.amazonaws.com"), NONE,
		ZSP_STR("Endpoint of Route 53; without it that of the region's partition."), 0, 0 },
	[OPT_STS_URL] = {
		ZSP_STR("sts-url"), ZSP_OPTION_URL, 0, NONE, NONE,
		ZSP_STR("Endpoint of STS for web identities; without it that of the region."), 0, 0 },
	[OPT_ZONE_ID] = {
		ZSP_STR("zone-id"), ZSP_OPTION_TEXT, 0, NONE, ZSP_STR("AWS_HOSTED_ZONE_ID"),
		ZSP_STR("Id of the hosted zone, or several with commas; zones are then not looked for."), 0, 0 },
	[OPT_PRIVATE_ZONE] = {
		ZSP_STR("private-zone"), ZSP_OPTION_BOOLEAN, 0, ZSP_STR("no"), NONE,
		ZSP_STR("Work in private hosted zones and not in public ones."), 0, 0 },
	[OPT_DELEGATION_SET_ID] = {
		ZSP_STR("delegation-set-id"), ZSP_OPTION_TEXT, 0, NONE, NONE,
		ZSP_STR("Of several hosted zones with one name take the one with this reusable delegation set."), 0, 0 },
	[OPT_TTL] = {
		ZSP_STR("ttl"), ZSP_OPTION_INTEGER, 0, ZSP_STR("60"), NONE,
		ZSP_STR("TTL of new record sets in seconds; one that is there keeps its own."), 0, 86400 },
	[OPT_REQUEST_RATE] = {
		ZSP_STR("request-rate"), ZSP_OPTION_INTEGER, 0, ZSP_STR("4"), NONE,
		ZSP_STR("Requests to Route 53 in a second, on the average; for long it took 5 from an account."), 1, 1000 },
	[OPT_CHECK_WIDTH] = {
		ZSP_STR("check-width"), ZSP_OPTION_BOOLEAN, 0, ZSP_STR("yes"), NONE,
		ZSP_STR("When credentials are tested, look whether they may change other names too; with narrow "
			"ones that is one refused request in the account's logs."), 0, 0 },
	ZSP_HTTP_OPTIONS,
};
_Static_assert(OPT_HTTP_TIMEOUT - OPT_CA_FILE == 2 && OPT__COUNT - OPT_CA_FILE == 3, "ZSP_HTTP_OPTIONS come last");

int32_t settings_copy(struct settings *settings, const struct zsp_host *host, const struct zsp_list *values)
{
	for (uint32_t i = 0; i < OPT__COUNT; i++) {
		struct zsp_text *text = &settings->texts[i];

		*text = (struct zsp_text)ZSP_TEXT_SECRET(MAX_OPTION);
		settings->values[i] = *ZSP_ITEM(struct zsp_value, values, i);
		settings->values[i].name = route53_options[i].name;
		if (!settings->values[i].text.p)
			continue;
		zsp_text_add_str(text, settings->values[i].text);
		if (text->failed)
			return zsp_failf(host, ZSP_BUG, 0, "out of memory");
		settings->values[i].text = zsp_text_str(text);
	}
	settings->list = (struct zsp_list)ZSP_LIST(settings->values);
	return ZSP_OK;
}

void settings_done(struct settings *settings)
{
	for (uint32_t i = 0; i < OPT__COUNT; i++)
		zsp_text_done(&settings->texts[i]);
}

struct zsp_str settings_text(const struct settings *settings, uint32_t option)
{
	struct zsp_str text = settings->values[option].text;

	return text.p ? text : (struct zsp_str){ "", 0 };
}

int64_t settings_number(const struct settings *settings, uint32_t option)
{
	return settings->values[option].number;
}

int32_t settings_is_given(const struct settings *settings, uint32_t option)
{
	return settings->values[option].is_given && settings->values[option].text.n > 0;
}
