/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The corpus of bodies that a malicious or broken CA may send, one table for
 * each object: directory, account, order, authorization, challenge.  Each row
 * says whether it is taken and what the error must name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "acme/account.h"
#include "acme/authz.h"
#include "acme/directory.h"
#include "acme/order.h"

#define O "https://ca.test:14000"
#define URL O "/here"
#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"

static const struct zs_slice origins[] = {
	{ (const uint8_t *)O, sizeof(O) - 1 },
	{ (const uint8_t *)"https://cdn.test", 16 },
};
static const struct zs_acme_from from = { .url = URL, .origins = { origins, ZS_COUNT(origins) } };

struct row {
	const char *label, *body;
	const char *want;	/* part of the error; NULL = taken */
};

static void check(const struct row *row, int r, const struct zs_err *err)
{
	if (!row->want) {
		if (r)
			fail_msg("%s: %s", row->label, err->text);
		return;
	}
	if (!r)
		fail_msg("%s: taken", row->label);
	assert_int_equal(r, -(int)ZS_E_CA_PROTOCOL);
	assert_int_equal(err->code, ZS_E_CA_PROTOCOL);
	assert_string_equal(err->where, URL);
	if (!strstr(err->text, row->want))
		fail_msg("%s: %s", row->label, err->text);
}

#define DIR3 "\"newNonce\":\"" O "/n\",\"newAccount\":\"" O "/a\",\"newOrder\":\"" O "/o\""
#define META(text) "{" DIR3 ",\"meta\":" text "}"

static const struct row directories[] = {
	{ "least", "{" DIR3 "}", NULL },
	{ "junk member", "{" DIR3 ",\"x7Fk\":\"https://community.letsencrypt.org/t/adding-random-entries\"}", NULL },
	{ "terms of pebble", META("{\"termsOfService\":\"data:text/plain,Do%20what\"}"), NULL },
	{ "null meta", META("null"), NULL },
	{ "full", "{" DIR3 ",\"revokeCert\":\"" O "/r\",\"keyChange\":\"https://cdn.test/k\",\"renewalInfo\":\"" O "/ari\",\"meta\":{\"caaIdentities\":[\"ca.test\"],\"externalAccountRequired\":true,\"profiles\":{\"classic\":\"x\",\"tlsserver\":7}}}", NULL },
	{ "empty", "", "directory: not JSON" },
	{ "HTML", "<html>", "directory: not JSON" },
	{ "array", "[]", "an array where an object" },
	{ "string", "\"x\"", "a string where an object" },
	{ "no newNonce", "{\"newAccount\":\"" O "/a\",\"newOrder\":\"" O "/o\"}", "\"newNonce\" is missing" },
	{ "no newAccount", "{\"newNonce\":\"" O "/a\",\"newOrder\":\"" O "/o\"}", "\"newAccount\" is missing" },
	{ "no newOrder", "{\"newNonce\":\"" O "/a\",\"newAccount\":\"" O "/o\"}", "\"newOrder\" is missing" },
	{ "null newOrder", "{\"newNonce\":\"" O "/a\",\"newAccount\":\"" O "/o\",\"newOrder\":null}", "\"newOrder\" is missing" },
	{ "number newNonce", "{\"newNonce\":1}", "newNonce: a number" },
	{ "object newNonce", "{\"newNonce\":{}}", "newNonce: an object" },
	{ "empty newNonce", "{\"newNonce\":\"\"}", "newNonce: the URL \"\" is empty" },
	{ "twin", "{" DIR3 ",\"newNonce\":\"" O "/n\"}", "occurs twice" },
	{ "other case", "{\"newnonce\":\"" O "/n\"}", "is missing" },
	{ "http", "{\"newNonce\":\"http://ca.test:14000/n\"}", "does not start with https" },
	{ "file", "{\"newNonce\":\"file:///etc/passwd\"}", "does not start with https" },
	{ "other host", "{\"newNonce\":\"https://evil.test/n\"}", "another host" },
	{ "other port", "{\"newNonce\":\"https://ca.test/n\"}", "another host" },
	{ "user part", "{\"newNonce\":\"https://ca.test:14000@evil.test/n\"}", "has a user name" },
	{ "user part without port", "{\"newNonce\":\"https://ca.test@evil.test/n\"}", "has a user name" },
	{ "suffix of host", "{\"newNonce\":\"https://ca.test.evil.test:14000/n\"}", "another host" },
	{ "prefix of host", "{\"newNonce\":\"https://xca.test:14000/n\"}", "another host" },
	{ "backslash", "{\"newNonce\":\"https://ca.test:14000\\\\@evil.test/n\"}", "has a character" },
	{ "blank in URL", "{\"newNonce\":\"" O "/a b\"}", "has a blank" },
	{ "line feed in URL", "{\"newNonce\":\"" O "/a\\nX: y\"}", "has a blank" },
	{ "escape in URL", "{\"newNonce\":\"" O "/\\u001b[31m\"}", "has a blank" },
	{ "not ASCII in URL", "{\"newNonce\":\"" O "/\xc3\xa9\"}", "outside ASCII" },
	{ "relative", "{\"newNonce\":\"/n\"}", "does not start with https" },
	{ "metadata address", "{\"newNonce\":\"https://169.254.169.254/n\"}", "another host" },
	{ "percent signs", "{\"newNonce\":\"%s%n%s%n\"}", "\"%s%n%s%n\" does not start" },
	{ "meta no object", META("[]"), "meta: an array" },
	{ "EAB no boolean", META("{\"externalAccountRequired\":\"yes\"}"), "externalAccountRequired: a string" },
	{ "terms no string", META("{\"termsOfService\":{}}"), "termsOfService: an object" },
	{ "CAA no array", META("{\"caaIdentities\":\"x\"}"), "caaIdentities: a string" },
	{ "CAA no strings", META("{\"caaIdentities\":[1]}"), "caaIdentities[0]: a number" },
	{ "CAA with blank", META("{\"caaIdentities\":[\"a b\"]}"), "caaIdentities[0]: not a domain" },
	{ "profiles no object", META("{\"profiles\":[]}"), "profiles: an array" },
	{ "profile with control", META("{\"profiles\":{\"a\\u0007\":1}}"), "not the name of a profile" },
	{ "bad optional URL", "{" DIR3 ",\"keyChange\":\"ftp://x\"}", "directory: keyChange" },
	{ "NUL", "{\"newNonce\":\"" O "/\\u0000\"}", "NUL" },
};

static const struct row accounts[] = {
	{ "valid", "{\"status\":\"valid\"}", NULL },
	{ "deactivated", "{\"status\":\"deactivated\"}", NULL },
	{ "no status", "{}", NULL },
	{ "null contact", "{\"status\":\"valid\",\"contact\":null}", NULL },
	{ "contact of any kind", "{\"status\":\"valid\",\"contact\":7,\"key\":{}}", NULL },
	{ "unknown status", "{\"status\":\"VALID\"}", "unknown status \"VALID\"" },
	{ "empty status", "{\"status\":\"\"}", "unknown status" },
	{ "number status", "{\"status\":1}", "status: a number" },
	{ "array", "[\"valid\"]", "an array where" },
	{ "empty", "", "account: not JSON" },
	{ "two statuses", "{\"status\":\"valid\",\"status\":\"revoked\"}", "occurs twice" },
};

#define IDS "\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.test\"}]"
#define AUTHZ "\"authorizations\":[\"" O "/z/1\"]"
#define FIN "\"finalize\":\"" O "/f\""
#define ORDER(status, rest) "{\"status\":\"" status "\"," rest "}"

static const struct row orders[] = {
	{ "pending", ORDER("pending", IDS "," AUTHZ "," FIN), NULL },
	{ "deactivated as pebble says", ORDER("deactivated", IDS "," AUTHZ "," FIN), NULL },
	{ "valid", ORDER("valid", IDS "," AUTHZ "," FIN ",\"certificate\":\"" O "/c\""), NULL },
	{ "twin authorizations", ORDER("pending", IDS ",\"authorizations\":[\"" O "/z\",\"" O "/z\"]," FIN), NULL },
	{ "no authorizations", ORDER("ready", IDS ",\"authorizations\":[]," FIN), NULL },
	{ "unknown members", ORDER("ready", IDS "," AUTHZ "," FIN ",\"x\":[{}],\"replaces\":7"), NULL },
	{ "error of any kind inside", ORDER("invalid", IDS "," AUTHZ "," FIN ",\"error\":{\"type\":7}"), NULL },
	{ "upper case name", ORDER("ready", "\"identifiers\":[{\"type\":\"dns\",\"value\":\"A.Test\"}]," AUTHZ "," FIN), NULL },
	{ "empty", "", "order: not JSON" },
	{ "null", "null", "order: null where" },
	{ "no status", "{" IDS "," AUTHZ "," FIN "}", "\"status\" is missing" },
	{ "unknown status", ORDER("done", IDS "," AUTHZ "," FIN), "unknown status \"done\"" },
	{ "status with escapes", ORDER("\\u001b[2J", IDS "," AUTHZ "," FIN), "unknown status" },
	{ "number status", "{\"status\":3}", "status: a number" },
	{ "no identifiers", ORDER("ready", AUTHZ "," FIN), "\"identifiers\" is missing" },
	{ "empty identifiers", ORDER("ready", "\"identifiers\":[]," AUTHZ "," FIN), "identifiers: 0 entries" },
	{ "identifiers no array", ORDER("ready", "\"identifiers\":{}," AUTHZ "," FIN), "identifiers: an object" },
	{ "identifier no object", ORDER("ready", "\"identifiers\":[\"a.test\"]," AUTHZ "," FIN), "identifiers[0]: a string" },
	{ "identifier without type", ORDER("ready", "\"identifiers\":[{\"value\":\"a.test\"}]," AUTHZ "," FIN), "\"type\" is missing" },
	{ "identifier ip", ORDER("ready", "\"identifiers\":[{\"type\":\"ip\",\"value\":\"10.0.0.1\"}]," AUTHZ "," FIN), "type other than dns" },
	{ "identifier path", ORDER("ready", "\"identifiers\":[{\"type\":\"dns\",\"value\":\"../../etc\"}]," AUTHZ "," FIN), "not a DNS name" },
	{ "identifier shell", ORDER("ready", "\"identifiers\":[{\"type\":\"dns\",\"value\":\"a;reboot\"}]," AUTHZ "," FIN), "not a DNS name" },
	{ "identifier empty", ORDER("ready", "\"identifiers\":[{\"type\":\"dns\",\"value\":\"\"}]," AUTHZ "," FIN), "not a DNS name" },
	{ "identifier newline", ORDER("ready", "\"identifiers\":[{\"type\":\"dns\",\"value\":\"a\\nb\"}]," AUTHZ "," FIN), "not a DNS name" },
	{ "no authorizations member", ORDER("ready", IDS "," FIN), "\"authorizations\" is missing" },
	{ "authorization no string", ORDER("ready", IDS ",\"authorizations\":[{}]," FIN), "authorizations[0]: an object" },
	{ "authorization http", ORDER("ready", IDS ",\"authorizations\":[\"http://ca.test:14000/z\"]," FIN), "order: authorizations: the URL" },
	{ "authorization foreign", ORDER("ready", IDS ",\"authorizations\":[\"" O "/z\",\"https://10.0.0.1/z\"]," FIN), "another host" },
	{ "no finalize", ORDER("ready", IDS "," AUTHZ), "\"finalize\" is missing" },
	{ "finalize foreign", ORDER("ready", IDS "," AUTHZ ",\"finalize\":\"https://evil.test/f\""), "order: finalize" },
	{ "finalize number", ORDER("ready", IDS "," AUTHZ ",\"finalize\":0"), "finalize: a number" },
	{ "valid without certificate", ORDER("valid", IDS "," AUTHZ "," FIN), "\"certificate\" is missing" },
	{ "certificate foreign", ORDER("valid", IDS "," AUTHZ "," FIN ",\"certificate\":\"https://evil.test/c\""), "order: certificate" },
	{ "certificate no string", ORDER("valid", IDS "," AUTHZ "," FIN ",\"certificate\":[]"), "certificate: an array" },
	{ "expires no time", ORDER("ready", IDS "," AUTHZ "," FIN ",\"expires\":\"tomorrow\""), "expires: not an RFC 3339" },
	{ "expires number", ORDER("ready", IDS "," AUTHZ "," FIN ",\"expires\":1700000000"), "expires: a number" },
	{ "error no object", ORDER("invalid", IDS "," AUTHZ "," FIN ",\"error\":\"no\""), "error: a string" },
	{ "profile no string", ORDER("ready", IDS "," AUTHZ "," FIN ",\"profile\":1"), "profile: a number" },
	{ "cut", "{\"status\":\"ready\",\"identifiers\":[{\"type\":", "text ends early" },
};

#define CH(rest) "{\"type\":\"dns-01\"," rest "}"
#define CH_OK CH("\"url\":\"" O "/c\",\"status\":\"pending\",\"token\":\"" TOKEN "\"")
#define ID1 "\"identifier\":{\"type\":\"dns\",\"value\":\"a.test\"}"
#define Z(rest) "{\"status\":\"pending\"," rest "}"

static const struct row authzs[] = {
	{ "pending", Z(ID1 ",\"challenges\":[" CH_OK "]"), NULL },
	{ "wildcard", Z(ID1 ",\"wildcard\":true,\"challenges\":[" CH_OK "]"), NULL },
	{ "no challenges as after deactivation", "{\"status\":\"deactivated\"," ID1 ",\"challenges\":[]}", NULL },
	{ "unknown challenge without a token", Z(ID1 ",\"challenges\":[{\"type\":\"dns-persist-01\",\"url\":7},{\"type\":\"http-01\",\"token\":\"../x\"}," CH_OK "]"), NULL },
	{ "foreign URL of another type", Z(ID1 ",\"challenges\":[{\"type\":\"tls-alpn-01\",\"url\":\"https://evil.test\"}," CH_OK "]"), NULL },
	{ "empty", "", "authorization: not JSON" },
	{ "array", "[]", "an array where" },
	{ "no status", "{" ID1 ",\"challenges\":[]}", "\"status\" is missing" },
	{ "unknown status", "{\"status\":\"ok\"," ID1 ",\"challenges\":[]}", "unknown status \"ok\"" },
	{ "no identifier", Z("\"challenges\":[]"), "\"identifier\" is missing" },
	{ "identifier no object", Z("\"identifier\":\"a.test\",\"challenges\":[]"), "identifier: a string" },
	{ "identifier ip", Z("\"identifier\":{\"type\":\"ip\",\"value\":\"1.2.3.4\"},\"challenges\":[]"), "type other than dns" },
	{ "identifier with star", Z("\"identifier\":{\"type\":\"dns\",\"value\":\"*.a.test\"},\"challenges\":[]"), "has a wildcard label" },
	{ "identifier no name", Z("\"identifier\":{\"type\":\"dns\",\"value\":\"a..b\"},\"challenges\":[]"), "not a DNS name" },
	{ "wildcard no boolean", Z(ID1 ",\"wildcard\":1,\"challenges\":[]"), "wildcard: a number" },
	{ "no challenges", Z(ID1), "\"challenges\" is missing" },
	{ "challenges no array", Z(ID1 ",\"challenges\":{}"), "challenges: an object" },
	{ "challenge no object", Z(ID1 ",\"challenges\":[7]"), "challenges[0]: a number" },
	{ "challenge without type", Z(ID1 ",\"challenges\":[{}]"), "\"type\" is missing" },
	{ "type no string", Z(ID1 ",\"challenges\":[{\"type\":[]}]"), "challenges[0].type: an array" },
	{ "two dns-01", Z(ID1 ",\"challenges\":[" CH_OK "," CH_OK "]"), "challenges[1]: a second" },
	{ "no token", Z(ID1 ",\"challenges\":[" CH("\"url\":\"" O "/c\",\"status\":\"pending\"") "]"), "\"token\" is missing" },
	{ "token path", Z(ID1 ",\"challenges\":[" CH("\"url\":\"" O "/c\",\"status\":\"pending\",\"token\":\"../../../../../../etc/cron.d/x\"") "]"), "challenges[0].token: not 22" },
	{ "token shell", Z(ID1 ",\"challenges\":[" CH("\"url\":\"" O "/c\",\"status\":\"pending\",\"token\":\"$(reboot)aaaaaaaaaaaaaaaaaaaaaa\"") "]"), "token: not 22" },
	{ "token short", Z(ID1 ",\"challenges\":[" CH("\"url\":\"" O "/c\",\"status\":\"pending\",\"token\":\"abc\"") "]"), "token: not 22" },
	{ "token empty", Z(ID1 ",\"challenges\":[" CH("\"url\":\"" O "/c\",\"status\":\"pending\",\"token\":\"\"") "]"), "token: not 22" },
	{ "token padded", Z(ID1 ",\"challenges\":[" CH("\"url\":\"" O "/c\",\"status\":\"pending\",\"token\":\"evaGxfADs6pSRb2LAv9IZf1=\"") "]"), "token: not 22" },
	{ "token number", Z(ID1 ",\"challenges\":[" CH("\"url\":\"" O "/c\",\"status\":\"pending\",\"token\":1") "]"), "token: a number" },
	{ "challenge without url", Z(ID1 ",\"challenges\":[" CH("\"status\":\"pending\",\"token\":\"" TOKEN "\"") "]"), "\"url\" is missing" },
	{ "challenge url foreign", Z(ID1 ",\"challenges\":[" CH("\"url\":\"https://127.0.0.1/\",\"status\":\"pending\",\"token\":\"" TOKEN "\"") "]"), "challenge: url" },
	{ "challenge status", Z(ID1 ",\"challenges\":[" CH("\"url\":\"" O "/c\",\"status\":\"x\",\"token\":\"" TOKEN "\"") "]"), "unknown status \"x\"" },
	{ "challenge error no object", Z(ID1 ",\"challenges\":[" CH("\"url\":\"" O "/c\",\"status\":\"invalid\",\"token\":\"" TOKEN "\",\"error\":[]") "]"), "error: an array" },
	{ "expires", Z(ID1 ",\"challenges\":[],\"expires\":\"2026-13-01T00:00:00Z\""), "expires: not an RFC 3339" },
};

static const struct row challenges[] = {
	{ "processing", CH("\"url\":\"" O "/c\",\"status\":\"processing\",\"token\":\"" TOKEN "\""), NULL },
	{ "without token", CH("\"url\":\"" O "/c\",\"status\":\"valid\""), NULL },
	{ "empty", "", "challenge: not JSON" },
	{ "no status", CH("\"url\":\"" O "/c\""), "\"status\" is missing" },
	{ "no url", CH("\"status\":\"valid\""), "\"url\" is missing" },
	{ "bad token", CH("\"url\":\"" O "/c\",\"status\":\"valid\",\"token\":\"a/b\""), "token: not 22" },
	{ "foreign url", CH("\"url\":\"https://ca.test.evil.test/c\",\"status\":\"valid\""), "another host" },
	{ "error no object", CH("\"url\":\"" O "/c\",\"status\":\"invalid\",\"error\":false"), "error: a boolean" },
	{ "list", "[" CH_OK "]", "an array where" },
};

static void test_directory_each_row_expect_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(directories); i++) {
		struct zs_arena arena;
		struct zs_directory dir;
		struct zs_err err;

		zs_arena_init(&arena, 1 << 20);
		check(&directories[i], zs_directory_parse(zs_slice_str(directories[i].body), &from, &arena, &dir, &err), &err);
		zs_arena_done(&arena);
	}
}

static void test_account_each_row_expect_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(accounts); i++) {
		struct zs_account account;
		struct zs_err err;

		check(&accounts[i], zs_account_parse(zs_slice_str(accounts[i].body), &from, &account, &err), &err);
	}
}

static void test_order_each_row_expect_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(orders); i++) {
		struct zs_arena arena;
		struct zs_order order;
		struct zs_err err;

		zs_arena_init(&arena, 1 << 20);
		check(&orders[i], zs_order_parse(zs_slice_str(orders[i].body), &from, &arena, &order, &err), &err);
		zs_arena_done(&arena);
	}
}

static void test_authz_each_row_expect_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(authzs); i++) {
		struct zs_arena arena;
		struct zs_authz authz;
		struct zs_err err;

		zs_arena_init(&arena, 1 << 20);
		check(&authzs[i], zs_authz_parse(zs_slice_str(authzs[i].body), &from, &arena, &authz, &err), &err);
		zs_arena_done(&arena);
	}
}

static void test_challenge_each_row_expect_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(challenges); i++) {
		struct zs_arena arena;
		struct zs_challenge challenge;
		struct zs_err err;

		zs_arena_init(&arena, 1 << 20);
		check(&challenges[i], zs_challenge_parse(zs_slice_str(challenges[i].body), &from, &arena, &challenge, &err), &err);
		zs_arena_done(&arena);
	}
}

/* A list with n entries inside an otherwise good order. */
static char *big_order(const char *list, const char *entry, size_t n)
{
	size_t size = n * (strlen(entry) + 8) + 1024, used;
	char *text = malloc(size);

	assert_non_null(text);
	used = (size_t)snprintf(text, size, "{\"status\":\"pending\",%s,%s,\"%s\":[",
		!strcmp(list, "authorizations") ? IDS : AUTHZ, FIN, list);
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "", entry);
	(void)snprintf(text + used, size - used, "]}");
	return text;
}

static void test_order_too_many_entries_expect_refused(void **state)
{
	static const char *const lists[] = { "authorizations", "identifiers" };
	static const char *const entries[] = { "\"" O "/z\"", "{\"type\":\"dns\",\"value\":\"a.test\"}" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char *text = big_order(lists[i], entries[i], 101);
		struct zs_arena arena;
		struct zs_order order;
		struct zs_err err;

		zs_arena_init(&arena, 1 << 20);
		assert_int_equal(zs_order_parse(zs_slice_str(text), &from, &arena, &order, &err), -ZS_E_CA_PROTOCOL);
		assert_non_null(strstr(err.text, "101 entries"));
		zs_arena_done(&arena);
		free(text);
	}
}

static void test_directory_values_expect_copied(void **state)
{
	struct zs_arena arena;
	struct zs_directory dir;

	(void)state;
	zs_arena_init(&arena, 1 << 20);
	assert_int_equal(zs_directory_parse(zs_slice_str(directories[4].body), &from, &arena, &dir, NULL), 0);
	assert_string_equal(dir.new_order, O "/o");
	assert_string_equal(dir.key_change, "https://cdn.test/k");
	assert_string_equal(dir.renewal_info, O "/ari");
	assert_true(dir.eab_required);
	assert_int_equal(dir.ncaa, 1);
	assert_true(zs_directory_has_profile(&dir, zs_slice_str("tlsserver")));
	assert_false(zs_directory_has_profile(&dir, zs_slice_str("TLSserver")));
	zs_arena_done(&arena);
}

static void test_authz_values_expect_error_and_offers(void **state)
{
	static const char body[] = "{\"status\":\"invalid\"," ID1 ",\"wildcard\":true,\"expires\":\"2026-11-24T13:04:16Z\",\"challenges\":["
		"{\"type\":\"http-01\"},{\"type\":\"dns-01\",\"url\":\"" O "/c\",\"status\":\"invalid\",\"token\":\"" TOKEN "\","
		"\"error\":{\"type\":\"urn:ietf:params:acme:error:caa\",\"detail\":\"CAA record\\nforbids\"}}]}";
	struct zs_arena arena;
	struct zs_authz authz;

	(void)state;
	zs_arena_init(&arena, 1 << 20);
	assert_int_equal(zs_authz_parse(zs_slice_str(body), &from, &arena, &authz, NULL), 0);
	assert_int_equal(authz.status, ZS_AUTHZ_INVALID);
	assert_true(authz.identifier.wildcard);
	assert_string_equal(authz.identifier.text, "a.test");
	assert_string_equal(authz.offered, "http-01, dns-01");
	assert_string_equal(authz.dns01.token, TOKEN);
	assert_true(authz.has_error);
	assert_string_equal(authz.error.problem, "caa");
	assert_int_equal(authz.error.code, ZS_E_CA_REFUSED);
	assert_int_equal(authz.expires, 1795525456);
	zs_arena_done(&arena);
}

static struct zs_name name_of(const char *text)
{
	struct zs_name name;

	assert_true(zs_name_parse(zs_slice_str(text), ZS_NAME_HOST, &name, NULL));
	return name;
}

static void test_order_is_for_expect_same_set(void **state)
{
	struct zs_name has[] = { name_of("a.test"), name_of("*.a.test") };
	struct zs_name swapped[] = { name_of("*.a.test"), name_of("a.test") };
	struct zs_name other[] = { name_of("a.test"), name_of("b.test") };
	struct zs_order order = { .identifiers = has, .nidentifiers = 2 };

	(void)state;
	assert_true(zs_order_is_for(&order, swapped, 2));
	assert_false(zs_order_is_for(&order, swapped, 1));
	assert_false(zs_order_is_for(&order, other, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directory_each_row_expect_verdict),
		cmocka_unit_test(test_account_each_row_expect_verdict),
		cmocka_unit_test(test_order_each_row_expect_verdict),
		cmocka_unit_test(test_authz_each_row_expect_verdict),
		cmocka_unit_test(test_challenge_each_row_expect_verdict),
		cmocka_unit_test(test_order_too_many_entries_expect_refused),
		cmocka_unit_test(test_directory_values_expect_copied),
		cmocka_unit_test(test_authz_values_expect_error_and_offers),
		cmocka_unit_test(test_order_is_for_expect_same_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
