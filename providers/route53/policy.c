/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The narrowest policy of IAM: read one zone, create and delete TXT at these names,
 * look zones up, ask for the state of changes.  Names are escaped to an alphabet that
 * JSON takes as it stands, but for the backslash.
 */
#include <string.h>

#include "apply.h"
#include "partition.h"

struct policy {
	const struct zsp_host *host;
	const struct zsp_list *values;
	const struct partition *partition;
	char ids[MAX_ZONE_IDS][ZONE_ID_ROOM];
	int32_t nids;
	int32_t failed;
};

static void say(struct policy *p, const char *text)
{
	if (zsp_printf(p->host, "%s", text) != ZSP_OK)
		p->failed = 1;
}

/* A name as a condition has it, with the backslashes of JSON. */
static void say_name(struct policy *p, struct zsp_str name)
{
	struct zsp_text text = ZSP_TEXT(4 * NAME_ROOM);

	escape_name_add(&text, name);
	say(p, "\"");
	for (size_t i = 0; i < text.n; i++) {
		char c[3] = { text.p[i], text.p[i] == '\\' ? '\\' : 0, 0 };

		say(p, c);
	}
	say(p, "\"");
	zsp_text_done(&text);
}

/* Which id belongs to which zone is only known where there is one of each. */
static void say_zone_arn(struct policy *p, struct zsp_str zone, uint32_t nzones)
{
	if (p->nids == 1 && nzones == 1) {
		if (zsp_printf(p->host, "\"arn:%s:route53:::hostedzone/%s\"", p->partition->arn, p->ids[0]) != ZSP_OK)
			p->failed = 1;
	} else if (zsp_printf(p->host, "\"arn:%s:route53:::hostedzone/ZONE-ID-OF-%.*s\"", p->partition->arn, (int)zone.n,
			   zone.p) != ZSP_OK) {
		p->failed = 1;
	}
}

static void say_account_statements(struct policy *p)
{
	if (!p->nids)
		say(p, "    {\n      \"Effect\": \"Allow\",\n      \"Action\": \"route53:ListHostedZonesByName\",\n"
		       "      \"Resource\": \"*\"\n    },\n");
	say(p, "    {\n      \"Effect\": \"Allow\",\n      \"Action\": \"route53:GetChange\",\n      \"Resource\": ");
	if (zsp_printf(p->host, "\"arn:%s:route53:::change/*\"\n    }", p->partition->arn) != ZSP_OK)
		p->failed = 1;
}

static void say_conditions(struct policy *p, const struct zsp_zone *zone)
{
	static const char key[] = "route53:ChangeResourceRecordSets";

	if (zsp_printf(p->host, "      \"Condition\": {\n        \"ForAllValues:StringEquals\": {\n"
				"          \"%sNormalizedRecordNames\": [\n",
		    key) != ZSP_OK)
		p->failed = 1;
	for (uint32_t i = 0; i < zone->names.n; i++) {
		say(p, "            ");
		say_name(p, *ZSP_ITEM(struct zsp_str, &zone->names, i));
		say(p, i + 1 < zone->names.n ? ",\n" : "\n");
	}
	if (zsp_printf(p->host, "          ],\n          \"%sRecordTypes\": [\"TXT\"],\n          \"%sActions\": [\"CREATE\", "
				"\"DELETE\"]\n        }\n      }\n",
		    key, key) != ZSP_OK)
		p->failed = 1;
}

static void say_zone(struct policy *p, const struct zsp_zone *zone, uint32_t nzones)
{
	int32_t has_set = zsp_value_text(p->values, "delegation-set-id").n > 0;

	say(p, ",\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": ");
	say(p, has_set ? "[\"route53:ListResourceRecordSets\", \"route53:GetHostedZone\"]" : "\"route53:ListResourceRecordSets\"");
	say(p, ",\n      \"Resource\": ");
	say_zone_arn(p, zone->zone, nzones);
	say(p, "\n    },\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": \"route53:ChangeResourceRecordSets\",\n"
	       "      \"Resource\": ");
	say_zone_arn(p, zone->zone, nzones);
	say(p, ",\n");
	say_conditions(p, zone);
	say(p, "    }");
}

int32_t route53_policy(const struct zsp_host *host, const struct zsp_list *values, const struct zsp_list *zones)
{
	struct policy p = { .host = host, .values = values, .partition = partition_of(zsp_value_text(values, "region")) };

	p.nids = zones_parse_ids(zsp_value_text(values, "zone-id"), p.ids);
	if (p.nids < 0)
		return zsp_failf(host, ZSP_CONFIG, 0, "option zone-id: not an id such as Z1D633PJN98FT9");
	say(&p, "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n");
	say_account_statements(&p);
	for (uint32_t i = 0; i < zones->n; i++)
		say_zone(&p, ZSP_ITEM(struct zsp_zone, zones, i), zones->n);
	say(&p, "\n  ]\n}\n");
	return p.failed ? zsp_failf(host, ZSP_BUG, 0, "the policy is too long; ask for fewer names at once") : ZSP_OK;
}
