/* SPDX-License-Identifier: Apache-2.0 */
/* The printed policy, and hosted zones by name and id. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <zoneseal/http.h>
#include <zoneseal/json.h>

#include "providers/route53/apply.h"
#include "route53_answers.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct zsp_text printed = ZSP_TEXT(ZSP_MAX_POLICY), shown = ZSP_TEXT(1024);

static int32_t on_print(const struct zsp_host *host, const char *text, size_t n)
{
	(void)host;
	zsp_text_add(&printed, text, n);
	return printed.failed ? ZSP_BUG : 0;
}

static int32_t on_zone(const struct zsp_host *host, const char *name, size_t n)
{
	(void)host;
	zsp_text_add(&shown, name, n);
	zsp_text_addz(&shown, " ");
	return 0;
}

static int32_t on_fail(const struct zsp_host *host, int32_t class, int64_t retry, const char *text, size_t n)
{
	(void)host;
	(void)retry;
	(void)text;
	(void)n;
	return class;
}

static const struct zsp_host host = { .head = ZSP_HEAD(struct zsp_host, 0), .print = on_print, .zone = on_zone, .fail = on_fail };

/* ---- the policy ---------------------------------------------------------------------------------------- */

struct options { const char *zone_id, *region, *delegation_set; };

static int32_t print_policy(const struct options *o, const struct zsp_zone *zones, uint32_t n)
{
	const struct zsp_value values[] = {
		{ .name = ZSP_STR("zone-id"), .text = zsp_strz(o->zone_id) },
		{ .name = ZSP_STR("region"), .text = zsp_strz(o->region) },
		{ .name = ZSP_STR("delegation-set-id"), .text = zsp_strz(o->delegation_set) },
	};
	const struct zsp_list list = ZSP_LIST(values), zone_list = { zones, n, sizeof(*zones) };

	zsp_text_clear(&printed);
	return route53_policy(&host, &list, &zone_list);
}

static const struct zsp_str names[] = { ZSP_STR("_acme-challenge.example.com"), ZSP_STR("_acme-challenge.x*.example.com") };
static const struct zsp_zone zones[] = { { ZSP_STR("example.com"), ZSP_LIST(names) }, { ZSP_STR("example.org"), ZSP_LIST(names) } };

static struct zsp_json at(struct zsp_json array, int i)
{
	struct zsp_json v = zsp_json_first(array);

	while (i--)
		v = zsp_json_next(v);
	return v;
}

static void test_policy_names_the_challenges_alone(void **state)
{
	static const struct options o = { "Z1D633PJN98FT9", "us-east-1", "" };
	struct zsp_json_doc *doc;
	struct zsp_json statements, change, condition, list;

	(void)state;
	assert_int_equal(print_policy(&o, zones, 1), ZSP_OK);
	doc = zsp_json_parse(zsp_text_str(&printed), NULL);
	assert_non_null(doc);
	statements = zsp_json_get(zsp_json_root(doc), "Statement");
	assert_true(zsp_str_is(zsp_json_text(at(statements, 0), "Action"), "route53:GetChange"));
	assert_true(zsp_str_is(zsp_json_text(at(statements, 1), "Action"), "route53:ListResourceRecordSets"));
	change = at(statements, 2);
	assert_true(zsp_str_is(zsp_json_text(change, "Action"), "route53:ChangeResourceRecordSets"));
	assert_true(zsp_str_is(zsp_json_text(change, "Resource"), "arn:aws:route53:::hostedzone/Z1D633PJN98FT9"));
	assert_null(at(statements, 3).node);
	condition = zsp_json_get(zsp_json_get(change, "Condition"), "ForAllValues:StringEquals");
	list = zsp_json_get(condition, "route53:ChangeResourceRecordSetsNormalizedRecordNames");
	{
		struct zsp_str name;

		assert_true(zsp_json_str(at(list, 0), &name) && zsp_str_is(name, "_acme-challenge.example.com"));
		assert_true(zsp_json_str(at(list, 1), &name) && zsp_str_is(name, "_acme-challenge.x\\052.example.com"));
		assert_true(zsp_json_str(at(zsp_json_get(condition, "route53:ChangeResourceRecordSetsRecordTypes"), 0), &name) &&
			    zsp_str_is(name, "TXT"));
		list = zsp_json_get(condition, "route53:ChangeResourceRecordSetsActions");
		assert_true(zsp_json_str(at(list, 0), &name) && zsp_str_is(name, "CREATE"));
		assert_true(zsp_json_str(at(list, 1), &name) && zsp_str_is(name, "DELETE"));
		assert_null(at(list, 2).node);
	}
	zsp_json_free(doc);
}

static void test_what_is_not_known_is_a_placeholder(void **state)
{
	static const struct options o = { "", "cn-north-1", "N1" };
	struct zsp_json_doc *doc;

	(void)state;
	assert_int_equal(print_policy(&o, zones, 2), ZSP_OK);
	doc = zsp_json_parse(zsp_text_str(&printed), NULL);
	assert_non_null(doc);
	assert_non_null(strstr(printed.p, "route53:ListHostedZonesByName"));
	assert_non_null(strstr(printed.p, "\"arn:aws-cn:route53:::hostedzone/ZONE-ID-OF-example.com\""));
	assert_non_null(strstr(printed.p, "\"arn:aws-cn:route53:::hostedzone/ZONE-ID-OF-example.org\""));
	assert_non_null(strstr(printed.p, "route53:GetHostedZone"));
	assert_null(strstr(printed.p, "arn:aws:"));
	zsp_json_free(doc);
}

static void test_policy_that_does_not_fit_is_an_error(void **state)
{
	static const struct options o = { "", "", "" };
	static struct zsp_str many[2000];
	struct zsp_zone zone = { ZSP_STR("example.com"), ZSP_LIST(many) };

	(void)state;
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = names[0];
	assert_int_equal(print_policy(&o, &zone, 1), ZSP_BUG);
}

static void test_ids_have_an_alphabet(void **state)
{
	static const struct { const char *text; int32_t n; } rows[] = {
		{ "", 0 }, { "Z1", 1 }, { "/hostedzone/Z1", 1 }, { "Z1, Z2", 2 }, { "Z1,", 1 }, { ",Z1", -1 }, { "z1", -1 },
		{ "Z1/../Z2", -1 }, { "Z123456789012345678901234567890123", -1 },
	};
	char ids[MAX_ZONE_IDS][ZONE_ID_ROOM];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("%s\n", rows[i].text);
		assert_int_equal(zones_parse_ids(zsp_strz(rows[i].text), ids), rows[i].n);
	}
}

/* ---- zones ------------------------------------------------------------------------------------------------ */

#define ZONE(name, id, private) \
	"<HostedZone><Id>/hostedzone/" id "</Id><Name>" name "</Name><Config><PrivateZone>" private "</PrivateZone></Config></HostedZone>"
#define ZONES(list, tail) \
	"<ListHostedZonesByNameResponse><HostedZones>" list "</HostedZones>" tail "</ListHostedZonesByNameResponse>"
#define END "<IsTruncated>false</IsTruncated>"
#define MORE(name, id) \
	"<IsTruncated>true</IsTruncated><NextDNSName>" name "</NextDNSName><NextHostedZoneId>" id "</NextHostedZoneId>"
#define DETAILS(id, set, server) \
	"<GetHostedZoneResponse><HostedZone><Id>/hostedzone/" id "</Id></HostedZone><DelegationSet>" set \
	"<NameServers><NameServer>" server "</NameServer></NameServers></DelegationSet></GetHostedZoneResponse>"

struct service { struct api api; struct settings settings; struct zones zones; };

static void begin(struct service *s, const char *const *documents, size_t n)
{
	memset(s, 0, sizeof(*s));
	zsp_text_clear(&shown);
	s->api.host = &host;
	answers_are(documents, n);
	assert_int_equal(zones_init(&s->zones, &s->api, &s->settings), ZSP_OK);
}

static void test_zone_is_found_by_name_among_others(void **state)
{
	static const char *const documents[] = {
		ZONES(ZONE("example.com.", "ZPRIVATE", "true") ZONE("Example.com.", "ZPUBLIC", "false") ZONE("b.example.com.", "ZB", "false"), END)
	};
	struct service s;
	const char *id = NULL;

	(void)state;
	begin(&s, documents, COUNT(documents));
	assert_int_equal(zones_find(&s.zones, zsp_strz("example.com"), &id), ZSP_OK);
	assert_string_equal(id, "ZPUBLIC");
	assert_string_equal(answers.paths[0], "GET /hostedzonesbyname?dnsname=example.com&maxitems=100");
	assert_int_equal(zones_find(&s.zones, zsp_strz("example.com"), &id), ZSP_OK);
	assert_int_equal(answers.asked, 1);
}

static void test_private_zone_is_found_where_it_is_wanted(void **state)
{
	static const char *const documents[] = {
		ZONES(ZONE("example.com.", "ZPRIVATE", "true"), MORE("example.com.", "ZPUBLIC")),
		ZONES(ZONE("example.com.", "ZPUBLIC", "false"), END)
	};
	struct service s;
	const char *id = NULL;

	(void)state;
	begin(&s, documents, COUNT(documents));
	s.settings.values[OPT_PRIVATE_ZONE].number = 1;
	assert_int_equal(zones_find(&s.zones, zsp_strz("example.com"), &id), ZSP_OK);
	assert_string_equal(id, "ZPRIVATE");
	assert_string_equal(answers.paths[1], "GET /hostedzonesbyname?dnsname=example.com.&hostedzoneid=ZPUBLIC&maxitems=100");
}

static void test_zone_above_is_named_where_there_is_none(void **state)
{
	static const char *const documents[] = {
		ZONES(ZONE("z.example.com.", "Z1", "false"), END), ZONES(ZONE("example.com.", "Z2", "false"), END)
	};
	struct service s;
	const char *id = NULL;

	(void)state;
	begin(&s, documents, COUNT(documents));
	assert_int_equal(zones_find(&s.zones, zsp_strz("a.example.com"), &id), ZSP_NOT_FOUND);
	assert_string_equal(zsp_text_str(&shown).p, "example.com ");
	assert_string_equal(s.api.why, "the account has no public hosted zone a.example.com, but example.com");
}

static void test_zone_that_is_private_only_is_told_so(void **state)
{
	static const char *const documents[] = { ZONES(ZONE("com.", "Z1", "true"), END) };
	struct service s;
	const char *id = NULL;

	(void)state;
	begin(&s, documents, COUNT(documents));
	assert_int_equal(zones_find(&s.zones, zsp_strz("com"), &id), ZSP_NOT_FOUND);
	assert_non_null(strstr(s.api.why, "private hosted zone only (option private-zone)"));
}

/* A service may give a secret for the name of a server. */
static void test_several_zones_of_one_name_are_told_apart_by_their_servers(void **state)
{
	static const struct zsp_http_spec spec = { .base_url = ZSP_STR("https://localhost") };
	struct zsp_http *http = zsp_http_new(&host, &spec);
	static const char *const documents[] = {
		ZONES(ZONE("example.com.", "Z1", "false") ZONE("example.com.", "Z1", "false") ZONE("example.com.", "Z2", "false"), END),
		DETAILS("Z1", "", "ns-1.test."), DETAILS("Z2", "<Id>/delegationset/N2</Id>", "ns-2.test."),
	};
	struct service s;
	const char *id = NULL;

	(void)state;
	assert_non_null(http);
	begin(&s, documents, COUNT(documents));
	s.api.http = http;
	assert_int_equal(zones_find(&s.zones, zsp_strz("example.com"), &id), ZSP_CONFIG);
	assert_non_null(strstr(s.api.why, "2 public hosted zones example.com: set zone-id"));
	assert_non_null(strstr(s.api.why, "Z1 at ns-1.test; Z2 at ns-2.test"));
	assert_int_equal(zsp_http_redact(http, zsp_strz("ns-2.test")), ZSP_OK);
	begin(&s, documents, COUNT(documents));
	s.api.http = http;
	assert_int_equal(zones_find(&s.zones, zsp_strz("example.com"), &id), ZSP_CONFIG);
	assert_non_null(strstr(s.api.why, "Z1 at ns-1.test; Z2 at [redacted]"));
	begin(&s, documents, COUNT(documents));
	s.settings.values[OPT_DELEGATION_SET_ID].text = zsp_strz("N2");
	assert_int_equal(zones_find(&s.zones, zsp_strz("example.com"), &id), ZSP_OK);
	assert_string_equal(id, "Z2");
	begin(&s, documents, COUNT(documents));
	s.settings.values[OPT_DELEGATION_SET_ID].text = zsp_strz("N3");
	assert_int_equal(zones_find(&s.zones, zsp_strz("example.com"), &id), ZSP_CONFIG);
	zsp_http_free(http);
}

static void test_pages_that_do_not_end_are_given_up(void **state)
{
	static const char *const documents[] = { ZONES("", MORE("a.", "Z1")), ZONES("", MORE("a.", "Z1")), ZONES("", END) };
	struct service s;

	(void)state;
	begin(&s, documents, COUNT(documents));
	assert_int_equal(zones_show(&s.zones, zsp_strz("")), ZSP_TRANSIENT);
	assert_int_equal(answers.asked, 2);
}

static void test_configured_id_is_asked_for_its_name(void **state)
{
#define APEX(name) \
	"<ListResourceRecordSetsResponse><ResourceRecordSets><ResourceRecordSet><Name>" name "</Name><Type>NS</Type>" \
	"</ResourceRecordSet></ResourceRecordSets></ListResourceRecordSetsResponse>"
	static const char *const documents[] = { APEX("example.com."), APEX("example.org.") };
	struct service s;
	const char *id = NULL;

	(void)state;
	begin(&s, documents, COUNT(documents));
	s.settings.values[OPT_ZONE_ID].text = zsp_strz("Z1, Z2");
	assert_int_equal(zones_init(&s.zones, &s.api, &s.settings), ZSP_OK);
	assert_int_equal(zones_find(&s.zones, zsp_strz("example.org"), &id), ZSP_OK);
	assert_string_equal(id, "Z2");
	assert_int_equal(zones_find(&s.zones, zsp_strz("a.example.com"), &id), ZSP_NOT_FOUND);
	assert_string_equal(zsp_text_str(&shown).p, "example.com ");
	assert_int_equal(answers.asked, 2);
	zsp_text_clear(&shown);
	assert_int_equal(zones_show(&s.zones, zsp_strz("")), ZSP_OK);
	assert_string_equal(zsp_text_str(&shown).p, "example.com example.org ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_names_the_challenges_alone),
		cmocka_unit_test(test_what_is_not_known_is_a_placeholder),
		cmocka_unit_test(test_policy_that_does_not_fit_is_an_error),
		cmocka_unit_test(test_ids_have_an_alphabet),
		cmocka_unit_test(test_zone_is_found_by_name_among_others),
		cmocka_unit_test(test_private_zone_is_found_where_it_is_wanted),
		cmocka_unit_test(test_zone_above_is_named_where_there_is_none),
		cmocka_unit_test(test_zone_that_is_private_only_is_told_so),
		cmocka_unit_test(test_several_zones_of_one_name_are_told_apart_by_their_servers),
		cmocka_unit_test(test_pages_that_do_not_end_are_given_up),
		cmocka_unit_test(test_configured_id_is_asked_for_its_name),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	zsp_text_done(&printed);
	zsp_text_done(&shown);
	return failed;
}
