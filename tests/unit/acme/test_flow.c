/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the issuance machine, step by step: the exact order of actions, the
 * times between polls, and the ways out that tests/sim does not look at one by
 * one.
 */
#include "acme/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define O "https://ca.test"
#define T1 "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define V1 "1fCS1lh6WLuBWbvkmdEhdymEvTR8MuI63XqlRVleM9Q"
#define K1 T1 "." V1
#define ORDER(status, rest) "{\"status\":\"" status "\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.test\"}]," \
	"\"authorizations\":[\"" O "/z/1\"],\"finalize\":\"" O "/f/1\"" rest "}"
#define AUTHZ(status, challenges) "{\"status\":\"" status "\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.test\"},\"challenges\":[" challenges "]}"
#define DNS01(status) "{\"type\":\"dns-01\",\"url\":\"" O "/c/1\",\"status\":\"" status "\",\"token\":\"" T1 "\"}"
#define PEM "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
#define PROBLEM(type, detail) "{\"type\":\"urn:ietf:params:acme:error:" type "\",\"detail\":\"" detail "\"}"

struct rig {
	struct zs_flow *flow;
	struct zs_directory directory;
	struct zs_msg_route route;
	uint64_t now_ms;
	uint32_t ref;			/* of the last action with an answer */
	struct zs_flow_request request;	/* the last one */
	struct zs_flow_end end;
	bool ended;
	char log[2048];			/* names of the actions since the last look */
};

static void drain(struct rig *rig)
{
	const struct zs_flow_action *a;

	while ((a = zs_flow_next(rig->flow))) {
		size_t used = strlen(rig->log);

		if (a->act == ZS_DO_PHASE || a->act == ZS_DO_NOTE)
			continue;
		(void)snprintf(rig->log + used, sizeof(rig->log) - used, "%s%s", used ? " " : "",
			a->act == ZS_DO_REQUEST ? zs_flow_op_name(a->request.op) : zs_flow_do_name(a->act));
		if (a->ref && a->act != ZS_DO_REMOVE)
			rig->ref = a->ref;
		if (a->act == ZS_DO_REQUEST)
			rig->request = a->request;
		if (a->act != ZS_DO_END)
			continue;
		assert_false(rig->ended);
		rig->ended = true;
		rig->end = *a->end;
	}
}

static void feed(struct rig *rig, struct zs_flow_event event)
{
	event.now_ms = rig->now_ms;
	event.wall = 1795000000 + (int64_t)(rig->now_ms / 1000);
	if (event.on != ZS_ON_START && event.on != ZS_ON_ROUTES && !event.ref)
		event.ref = rig->ref;
	zs_flow_event(rig->flow, &event);
	drain(rig);
}

#define FEED(rig, ...) feed((rig), (struct zs_flow_event){ __VA_ARGS__ })
#define GOOD(rig, which) FEED((rig), .on = (which))

static void expect(struct rig *rig, const char *actions)
{
	assert_string_equal(rig->log, actions);
	rig->log[0] = 0;
}

static void reply(struct rig *rig, int status, const char *location, const char *body)
{
	FEED(rig, .on = ZS_ON_REPLY, .reply = { .status = status, .body = zs_slice_str(body), .location = zs_slice_str(location) });
}

static struct zs_flow_spec spec_of(const struct zs_name *name)
{
	static const struct zs_slice origin = { (const uint8_t *)O, sizeof(O) - 1 };

	return (struct zs_flow_spec){ .ca = "ca", .origins = { &origin, 1 }, .identifiers = name, .nidentifiers = 1,
		.account_url = O "/acct/1", .agree_terms = true };
}

static void rig_init(struct rig *rig, const struct zs_flow_spec *spec)
{
	memset(rig, 0, sizeof(*rig));
	rig->directory.new_nonce = O "/n";
	rig->directory.new_account = O "/a";
	rig->directory.new_order = O "/o";
	rig->route.identifier = spec->identifiers[0];
	rig->route.identifier.wildcard = false;
	(void)zs_name_challenge(&rig->route.identifier, &rig->route.effective);
	rig->flow = zs_flow_new(spec);
	assert_non_null(rig->flow);
}

static struct zs_name a_test(void)
{
	struct zs_name name;

	assert_true(zs_name_parse(zs_slice_str("a.test"), ZS_NAME_HOST, &name, NULL));
	return name;
}

static void start(struct rig *rig)
{
	FEED(rig, .on = ZS_ON_START, .directory = &rig->directory);
	FEED(rig, .on = ZS_ON_ROUTES, .routes = &rig->route, .nroutes = 1);
}

/* Up to the state after the accept. */
static void go_to_settle(struct rig *rig)
{
	const struct zs_msg_txt_value value = { zs_slice_str(V1), zs_slice_str(K1) };

	start(rig);
	expect(rig, "new-order");
	reply(rig, 201, O "/order/1", ORDER("pending", ""));
	expect(rig, "read-authz");
	reply(rig, 200, "", AUTHZ("pending", DNS01("pending")));
	expect(rig, "txt-values");
	FEED(rig, .on = ZS_ON_TXT_VALUES, .values = &value, .nvalues = 1);
	expect(rig, "publish");
	GOOD(rig, ZS_ON_PUBLISHED);
	expect(rig, "watch");
	GOOD(rig, ZS_ON_PROPAGATED);
	expect(rig, "accept");
	reply(rig, 200, "", DNS01("processing"));
	expect(rig, "read-order");
	assert_int_equal(rig->request.delay_ms, 20);
}

static void test_flow_when_all_goes_well_expect_shortest_way(void **state)
{
	struct zs_name name = a_test();
	struct zs_flow_spec spec = spec_of(&name);
	struct rig rig;

	(void)state;
	rig_init(&rig, &spec);
	assert_true(zs_flow_may_publish(rig.flow));
	go_to_settle(&rig);
	assert_false(zs_flow_may_publish(rig.flow));
	assert_int_equal(zs_flow_phase(rig.flow), ZS_PHASE_SETTLE);
	reply(&rig, 200, "", ORDER("ready", ""));
	expect(&rig, "remove finalize");
	assert_string_equal(rig.request.order_url, O "/order/1");
	assert_false(rig.request.repeat);
	reply(&rig, 200, "", ORDER("valid", ",\"certificate\":\"" O "/cert/1\""));
	expect(&rig, "download");
	FEED(&rig, .on = ZS_ON_REMOVED, .ref = rig.ref - 2);
	reply(&rig, 200, "", PEM);
	expect(&rig, "verify");
	GOOD(&rig, ZS_ON_VERIFIED);
	expect(&rig, "store");
	GOOD(&rig, ZS_ON_STORED);
	expect(&rig, "end");
	assert_int_equal(rig.end.err.code, 0);
	assert_true(rig.end.issued);
	assert_false(rig.end.resumed);
	assert_string_equal(rig.end.order_url, O "/order/1");
	assert_true(zs_flow_is_over(rig.flow));
	zs_flow_free(rig.flow);
}

static void test_poll_without_retry_after_expect_doubling_to_ten_seconds(void **state)
{
	static const uint32_t waits[] = { 50, 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000 };
	struct zs_name name = a_test();
	struct zs_flow_spec spec = spec_of(&name);
	struct rig rig;

	(void)state;
	rig_init(&rig, &spec);
	go_to_settle(&rig);
	for (size_t i = 0; i < ZS_COUNT(waits); i++) {
		reply(&rig, 200, "", ORDER("pending", ""));
		assert_int_equal(rig.request.delay_ms, waits[i]);
	}
	FEED(&rig, .on = ZS_ON_REPLY, .reply = { .status = 200, .body = zs_slice_str(ORDER("pending", "")), .retry_after = zs_slice_str("37") });
	assert_int_equal(rig.request.delay_ms, 37000);
	zs_flow_free(rig.flow);
}

static void test_poll_when_order_expires_expect_end(void **state)
{
	struct zs_name name = a_test();
	struct zs_flow_spec spec = spec_of(&name);
	struct rig rig;

	(void)state;
	rig_init(&rig, &spec);
	go_to_settle(&rig);
	rig.log[0] = 0;
	reply(&rig, 200, "", ORDER("pending", ",\"expires\":\"2020-01-01T00:00:00Z\""));
	expect(&rig, "deactivate remove");
	GOOD(&rig, ZS_ON_REMOVED);	/* with another ref: ignored */
	FEED(&rig, .on = ZS_ON_REMOVED, .ref = rig.ref + 1);
	expect(&rig, "");
	reply(&rig, 200, "", AUTHZ("deactivated", DNS01("pending")));
	expect(&rig, "end");
	assert_non_null(strstr(rig.end.err.text, "expires before"));
	zs_flow_free(rig.flow);
}

static void test_new_order_when_lost_twice_expect_no_third(void **state)
{
	struct zs_name name = a_test();
	struct zs_flow_spec spec = spec_of(&name);
	struct rig rig;

	(void)state;
	rig_init(&rig, &spec);
	start(&rig);
	expect(&rig, "new-order");
	GOOD(&rig, ZS_ON_LOST);
	expect(&rig, "new-order");
	GOOD(&rig, ZS_ON_LOST);
	expect(&rig, "end");
	assert_int_equal(rig.end.err.code, ZS_E_NETWORK);
	zs_flow_free(rig.flow);
}

static void test_account_when_gone_twice_expect_one_renewal(void **state)
{
	struct zs_name name = a_test();
	struct zs_flow_spec spec = spec_of(&name);
	struct rig rig;

	(void)state;
	rig_init(&rig, &spec);
	start(&rig);
	reply(&rig, 400, "", PROBLEM("accountDoesNotExist", "Account not found."));
	expect(&rig, "new-order account-lost");
	GOOD(&rig, ZS_ON_DONE);
	expect(&rig, "new-account");
	reply(&rig, 201, O "/acct/2", "{\"status\":\"valid\"}");
	expect(&rig, "account-set");
	GOOD(&rig, ZS_ON_DONE);
	expect(&rig, "new-order");
	reply(&rig, 400, "", PROBLEM("accountDoesNotExist", "Account not found."));
	expect(&rig, "end");
	assert_int_equal(rig.end.err.code, ZS_E_CA_ACCOUNT);
	zs_flow_free(rig.flow);
}

static void test_plan_when_directory_forbids_expect_end_before_requests(void **state)
{
	static const struct {
		const char *account, *profile, *terms, *part;
		bool agree, eab_required, has_eab;
		enum zs_code code;
	} rows[] = {
		{ O "/acct/1", "tlsserver", NULL, "has no profile \"tlsserver\"; it lists classic", true, false, false, ZS_E_CONFIG },
		{ "", "", NULL, "external account binding", true, true, false, ZS_E_CA_ACCOUNT },
		{ "", "", O "/tos", "terms of service that are not agreed to: " O "/tos", false, false, false, ZS_E_CA_ACCOUNT },
		{ O "/acct/1", "", O "/tos", NULL, false, true, false, ZS_OK },
		{ "", "classic", O "/tos", NULL, true, true, true, ZS_OK },
	};
	struct zs_name name = a_test();

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		struct zs_flow_spec spec = spec_of(&name);
		struct rig rig;

		spec.account_url = rows[i].account;
		spec.profile = rows[i].profile;
		spec.agree_terms = rows[i].agree;
		spec.has_eab = rows[i].has_eab;
		spec.dry_run = true;
		rig_init(&rig, &spec);
		rig.directory.profiles[0] = "classic";
		rig.directory.nprofiles = 1;
		rig.directory.has_profiles = true;
		rig.directory.terms = rows[i].terms;
		rig.directory.eab_required = rows[i].eab_required;
		start(&rig);
		expect(&rig, "end");
		assert_int_equal(rig.end.err.code, rows[i].code);
		assert_false(rig.end.issued);
		if (rows[i].part && !strstr(rig.end.err.text, rows[i].part))
			fail_msg("%s", rig.end.err.text);
		zs_flow_free(rig.flow);
	}
}

static void test_authz_when_unusable_expect_named_error(void **state)
{
	static const struct {
		const char *body, *part;
		enum zs_code code;
	} rows[] = {
		{ AUTHZ("pending", "{\"type\":\"http-01\"},{\"type\":\"tls-alpn-01\"}"), "no dns-01 challenge for this name, only: http-01, tls-alpn-01", ZS_E_CA_REFUSED },
		{ AUTHZ("pending", ""), "only: none at all", ZS_E_CA_REFUSED },
		{ "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"evil.test\"},\"challenges\":[" DNS01("pending") "]}", "\"evil.test\", which is not in the order", ZS_E_CA_PROTOCOL },
		{ "[]", "authorization: an array", ZS_E_CA_PROTOCOL },
	};
	struct zs_name name = a_test();

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		struct zs_flow_spec spec = spec_of(&name);
		struct rig rig;

		rig_init(&rig, &spec);
		start(&rig);
		reply(&rig, 201, O "/order/1", ORDER("pending", ""));
		rig.log[0] = 0;
		reply(&rig, 200, "", rows[i].body);
		expect(&rig, "end");
		assert_int_equal(rig.end.err.code, rows[i].code);
		if (!strstr(rig.end.err.text, rows[i].part))
			fail_msg("%s", rig.end.err.text);
		zs_flow_free(rig.flow);
	}
}

static void test_settle_when_invalid_expect_reason_removal_and_end(void **state)
{
	static const char why[] = "{\"type\":\"dns-01\",\"url\":\"" O "/c/1\",\"status\":\"invalid\",\"token\":\"" T1 "\",\"error\":" PROBLEM("caa", "CAA forbids") "}";
	char body[1024];
	struct zs_name name = a_test();
	struct zs_flow_spec spec = spec_of(&name);
	struct rig rig;

	(void)state;
	(void)snprintf(body, sizeof(body), AUTHZ("invalid", "%s"), why);
	rig_init(&rig, &spec);
	go_to_settle(&rig);
	reply(&rig, 200, "", ORDER("invalid", ""));
	expect(&rig, "remove read-authz");
	reply(&rig, 200, "", body);
	FEED(&rig, .on = ZS_ON_REMOVED, .ref = rig.ref - 1, .residue = 1);
	expect(&rig, "end");
	assert_int_equal(rig.end.err.code, ZS_E_CA_REFUSED);
	assert_string_equal(rig.end.err.problem, "caa");
	assert_string_equal(rig.end.err.subject, "a.test");
	assert_int_equal(rig.end.err.nsub, 1);
	assert_string_equal(rig.end.err.sub[0].identifier, "a.test");
	assert_int_equal(rig.end.residue, 1);
	assert_int_equal(rig.end.residue_err.code, ZS_E_RESIDUE);
	zs_flow_free(rig.flow);
}

static void test_accept_when_refused_expect_authorization_decides(void **state)
{
	static const char *const bodies[] = { AUTHZ("valid", ""), AUTHZ("pending", DNS01("pending")) };
	static const char *const then[] = { "read-order", "deactivate remove" };
	struct zs_name name = a_test();
	const struct zs_msg_txt_value value = { zs_slice_str(V1), zs_slice_str(K1) };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct zs_flow_spec spec = spec_of(&name);
		struct rig rig;

		rig_init(&rig, &spec);
		start(&rig);
		reply(&rig, 201, O "/order/1", ORDER("pending", ""));
		reply(&rig, 200, "", AUTHZ("pending", DNS01("pending")));
		FEED(&rig, .on = ZS_ON_TXT_VALUES, .values = &value, .nvalues = 1);
		GOOD(&rig, ZS_ON_PUBLISHED);
		GOOD(&rig, ZS_ON_PROPAGATED);
		rig.log[0] = 0;
		reply(&rig, 400, "", PROBLEM("malformed", "only status pending"));
		expect(&rig, "read-authz");
		reply(&rig, 200, "", bodies[i]);
		expect(&rig, then[i]);
		zs_flow_free(rig.flow);
	}
}

static void test_values_when_bad_shape_expect_peer_error(void **state)
{
	static const struct { const char *value, *key_authorization; } values[] = {
		{ "short", K1 }, { V1 "x", K1 }, { "1fCS1lh6WLuBWbvkmdEhdymEvTR8MuI63XqlRVleM9 ", K1 }, { "", K1 },
		{ V1, "" }, { V1, T1 }, { V1, T1 "." }, { V1, K1 "x" }, { V1, "x" K1 }, { V1, T1 "." V1 "." V1 }, { V1, V1 },
	};
	struct zs_name name = a_test();

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(values); i++) {
		const struct zs_msg_txt_value value = {
			zs_slice_str(values[i].value), zs_slice_str(values[i].key_authorization),
		};
		struct zs_flow_spec spec = spec_of(&name);
		struct rig rig;

		rig_init(&rig, &spec);
		start(&rig);
		reply(&rig, 201, O "/order/1", ORDER("pending", ""));
		reply(&rig, 200, "", AUTHZ("pending", DNS01("pending")));
		rig.log[0] = 0;
		FEED(&rig, .on = ZS_ON_TXT_VALUES, .values = &value, .nvalues = 1);
		expect(&rig, "deactivate");
		reply(&rig, 200, "", AUTHZ("deactivated", DNS01("pending")));
		expect(&rig, "end");
		assert_int_equal(rig.end.err.code, ZS_E_PEER);
		zs_flow_free(rig.flow);
	}
}

static void test_chain_when_none_preferred_expect_default(void **state)
{
	static const char links[] = "<" O "/alt/1>;rel=\"alternate\", <https://evil.test/alt>;rel=\"alternate\"";
	const struct zs_slice link = zs_slice_str(links);
	struct zs_name name = a_test();
	struct zs_flow_spec spec = spec_of(&name);
	struct rig rig;

	(void)state;
	spec.preferred_chain = "Root X";
	rig_init(&rig, &spec);
	start(&rig);
	reply(&rig, 201, O "/order/1", ORDER("ready", ""));
	expect(&rig, "new-order finalize");
	reply(&rig, 200, "", ORDER("valid", ",\"certificate\":\"" O "/cert/1\""));
	FEED(&rig, .on = ZS_ON_REPLY, .reply = { .status = 200, .body = zs_slice_str(PEM), .links = &link, .nlinks = 1 });
	expect(&rig, "download inspect");
	FEED(&rig, .on = ZS_ON_INSPECTED, .text = zs_slice_str("Root Y"));
	expect(&rig, "alternate");
	assert_string_equal(rig.request.url, O "/alt/1");
	reply(&rig, 200, "", PEM);
	FEED(&rig, .on = ZS_ON_INSPECTED, .text = ZS_SLICE_NONE);
	expect(&rig, "inspect verify");
	zs_flow_free(rig.flow);
}

static void test_resume_each_status_expect_next_step(void **state)
{
	static const struct {
		int status;
		const char *body, *then;
	} rows[] = {
		{ 200, ORDER("valid", ",\"certificate\":\"" O "/cert/1\""), "read-order download" },
		{ 200, ORDER("processing", ""), "read-order read-order" },
		{ 200, ORDER("ready", ""), "read-order finalize" },
		{ 200, ORDER("invalid", ""), "read-order order-gone" },
		{ 200, "rubbish", "read-order order-gone" },
		{ 404, "", "read-order order-gone" },
		{ 403, PROBLEM("unauthorized", "not yours"), "read-order order-gone" },
		{ 400, PROBLEM("accountDoesNotExist", "x"), "read-order account-lost" },
		{ 503, "", "read-order read-order" },
	};
	struct zs_name name = a_test();

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		struct zs_flow_spec spec = spec_of(&name);
		struct rig rig;

		spec.order_url = O "/order/1";
		rig_init(&rig, &spec);
		FEED(&rig, .on = ZS_ON_START, .directory = &rig.directory);
		reply(&rig, rows[i].status, "", rows[i].body);
		if (strcmp(rig.log, rows[i].then))
			fail_msg("row %zu: %s", i, rig.log);
		zs_flow_free(rig.flow);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flow_when_all_goes_well_expect_shortest_way),
		cmocka_unit_test(test_poll_without_retry_after_expect_doubling_to_ten_seconds),
		cmocka_unit_test(test_poll_when_order_expires_expect_end),
		cmocka_unit_test(test_new_order_when_lost_twice_expect_no_third),
		cmocka_unit_test(test_account_when_gone_twice_expect_one_renewal),
		cmocka_unit_test(test_plan_when_directory_forbids_expect_end_before_requests),
		cmocka_unit_test(test_authz_when_unusable_expect_named_error),
		cmocka_unit_test(test_settle_when_invalid_expect_reason_removal_and_end),
		cmocka_unit_test(test_accept_when_refused_expect_authorization_decides),
		cmocka_unit_test(test_values_when_bad_shape_expect_peer_error),
		cmocka_unit_test(test_chain_when_none_preferred_expect_default),
		cmocka_unit_test(test_resume_each_status_expect_next_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
