/* SPDX-License-Identifier: Apache-2.0 */
/* Record sets: what lists say of many names, in pages and in odd forms; what a change
 * makes of a set; and the batch that swaps it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "providers/route53/slots.h"
#include "route53_answers.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LIST(sets, tail) \
	"<ListResourceRecordSetsResponse xmlns=\"x\"><ResourceRecordSets>" sets "</ResourceRecordSets>" tail \
	"</ListResourceRecordSetsResponse>"
#define SET(name, type, inside) \
	"<ResourceRecordSet><Name>" name "</Name><Type>" type "</Type>" inside "</ResourceRecordSet>"
#define VALUE(v) "<ResourceRecord><Value>" v "</Value></ResourceRecord>"
#define TTL(n, values) "<TTL>" n "</TTL><ResourceRecords>" values "</ResourceRecords>"
#define END "<IsTruncated>false</IsTruncated>"
#define MORE(name, type) \
	"<IsTruncated>true</IsTruncated><NextRecordName>" name "</NextRecordName><NextRecordType>" type "</NextRecordType>"

enum { MAX_NAMES = 4 };

struct reading {
	struct api api;
	struct record_set sets[MAX_NAMES];
	struct lookup lookups[MAX_NAMES];
	size_t n;
	int32_t class;
};

static void read_names(struct reading *r, const char *const *names, size_t n, const char *const *documents, size_t ndocuments)
{
	memset(r, 0, sizeof(*r));
	r->n = n;
	for (size_t i = 0; i < n; i++) {
		record_set_init(&r->sets[i]);
		r->lookups[i] = (struct lookup){ .name = zsp_strz(names[i]), .set = &r->sets[i] };
	}
	answers_are(documents, ndocuments);
	r->class = records_read(&r->api, "Z1", r->lookups, n);
}

static void end_reading(struct reading *r)
{
	for (size_t i = 0; i < r->n; i++)
		record_set_done(&r->sets[i]);
}

static void test_one_name_is_one_request(void **state)
{
	static const char *const names[] = { "_acme-challenge.a.test" };
	static const char *const documents[] = {
		LIST(SET("_acme-challenge.a.test.", "TXT", TTL("300", VALUE("\"x\"") VALUE("\"a\" \"&lt;b&gt;\""))),
		     MORE("b.a.test.", "A")),
	};
	struct reading r;
	struct zsp_str v = { NULL, 0 };

	(void)state;
	read_names(&r, names, 1, documents, COUNT(documents));
	assert_int_equal(r.class, ZSP_OK);
	assert_int_equal(answers.asked, 1);
	assert_string_equal(answers.paths[0], "GET /hostedzone/Z1/rrset?maxitems=1&name=_acme-challenge.a.test&type=TXT");
	assert_int_equal(r.sets[0].state, SET_SIMPLE);
	assert_int_equal(r.sets[0].ttl, 300);
	assert_int_equal(r.sets[0].n, 2);
	v = record_set_next(&r.sets[0], v);
	assert_string_equal(v.p, "\"x\"");
	v = record_set_next(&r.sets[0], v);
	assert_string_equal(v.p, "\"a\" \"<b>\"");
	assert_null(record_set_next(&r.sets[0], v).p);
	end_reading(&r);
}

static void test_name_is_absent_when_the_list_begins_behind_it(void **state)
{
	static const char *const names[] = { "a.test" };
	static const char *const documents[][1] = {
		{ LIST("", END) },
		{ LIST(SET("b.test.", "TXT", TTL("1", VALUE("\"x\""))), MORE("c.test.", "A")) },
		{ LIST(SET("a.test.", "SPF", TTL("1", VALUE("\"x\""))), MORE("c.test.", "A")) },
		{ LIST(SET("xa.test.", "TXT", TTL("1", VALUE("\"x\""))), END) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(documents); i++) {
		struct reading r;

		read_names(&r, names, 1, documents[i], 1);
		assert_int_equal(r.class, ZSP_OK);
		assert_int_equal(r.sets[0].state, SET_ABSENT);
		end_reading(&r);
	}
}

/* The page reaches past b and not past d. */
static void test_page_settles_the_names_that_it_passes(void **state)
{
	static const char *const names[] = { "a.test", "b.test", "c.test", "d.test" };
	static const char *const documents[] = {
		LIST(SET("a.test.", "TXT", TTL("1", VALUE("\"x\""))) SET("c.test.", "A", TTL("1", VALUE("1.2.3.4"))), MORE("c.test.", "TXT")),
		LIST(SET("c.test.", "TXT", TTL("2", VALUE("\"y\""))) SET("e.test.", "A", TTL("1", VALUE("1.2.3.4"))), MORE("f.test.", "A")),
	};
	struct reading r;

	(void)state;
	read_names(&r, names, 4, documents, COUNT(documents));
	assert_int_equal(r.class, ZSP_OK);
	assert_int_equal(answers.asked, 2);
	assert_string_equal(answers.paths[0], "GET /hostedzone/Z1/rrset?maxitems=300&name=a.test&type=TXT");
	assert_string_equal(answers.paths[1], "GET /hostedzone/Z1/rrset?maxitems=300&name=c.test&type=TXT");
	assert_int_equal(r.sets[0].state, SET_SIMPLE);
	assert_int_equal(r.sets[1].state, SET_ABSENT);
	assert_int_equal(r.sets[2].state, SET_SIMPLE);
	assert_int_equal(r.sets[3].state, SET_ABSENT);
	end_reading(&r);
}

/* Where a name with an escape sorts is not relied on. */
static void test_escaped_name_is_no_bound(void **state)
{
	static const char *const names[] = { "a.test", "b.test" };
	static const char *const documents[] = {
		LIST(SET("a.test.", "TXT", TTL("1", VALUE("\"x\""))) SET("z\\057.test.", "A", TTL("1", VALUE("1.2.3.4"))), MORE("z.test.", "A")),
		LIST(SET("b.test.", "TXT", TTL("1", VALUE("\"x\""))), END),
	};
	struct reading r;

	(void)state;
	read_names(&r, names, 2, documents, COUNT(documents));
	assert_int_equal(answers.asked, 2);
	assert_int_equal(r.sets[1].state, SET_SIMPLE);
	end_reading(&r);
}

static void test_empty_pages_are_passed_over(void **state)
{
	static const char *const names[] = { "a.test" };
	static const char *const documents[] = {
		LIST("", MORE("\\052.a.test.", "A") "<NextRecordIdentifier>x y</NextRecordIdentifier>"),
		LIST(SET("A.test.", "TXT", TTL("1", VALUE("\"x\""))), END),
	};
	struct reading r;

	(void)state;
	read_names(&r, names, 1, documents, COUNT(documents));
	assert_int_equal(r.class, ZSP_OK);
	assert_string_equal(answers.paths[1], "GET /hostedzone/Z1/rrset?maxitems=1&name=%5C052.a.test.&type=A&identifier=x%20y");
	assert_int_equal(r.sets[0].state, SET_SIMPLE);
	end_reading(&r);
}

static void test_pages_that_do_not_end_are_given_up(void **state)
{
	static const char *const names[] = { "a.test" };
	static const char *const same[] = { LIST("", MORE("b.test.", "A")), LIST("", MORE("b.test.", "A")) };
	static const char *const nowhere[] = { LIST("", "<IsTruncated>true</IsTruncated>") };
	struct reading r;

	(void)state;
	read_names(&r, names, 1, same, COUNT(same));
	assert_int_equal(r.class, ZSP_TRANSIENT);
	end_reading(&r);
	read_names(&r, names, 1, nowhere, COUNT(nowhere));
	assert_int_equal(r.class, ZSP_TRANSIENT);
	assert_int_equal(answers.asked, 1);
	end_reading(&r);
}

static void test_sets_that_are_not_ours_to_swap_are_known(void **state)
{
	static const char *const names[] = { "a.test", "b.test", "c.test", "d.test" };
	static const char *const documents[] = {
		LIST(SET("a.test.", "TXT", "<SetIdentifier>1</SetIdentifier><Weight>1</Weight>" TTL("1", VALUE("\"x\"")))
		     SET("a.test.", "TXT", "<SetIdentifier>2</SetIdentifier><Weight>1</Weight>" TTL("1", VALUE("\"y\"")))
		     SET("b.test.", "TXT", "<AliasTarget><DNSName>x.</DNSName></AliasTarget>")
		     SET("c.test.", "TXT", TTL("-1", VALUE("\"x\"")))
		     SET("d.test.", "TXT", TTL("1", VALUE("\"x\""))), END),
	};
	struct reading r;

	(void)state;
	read_names(&r, names, 4, documents, COUNT(documents));
	assert_int_equal(r.sets[0].state, SET_ROUTED);
	assert_int_equal(r.sets[1].state, SET_ALIAS);
	assert_true(r.sets[2].values.failed);
	assert_int_equal(r.sets[3].state, SET_SIMPLE);
	assert_false(r.sets[3].values.failed);
	end_reading(&r);
}

/* ---- what a change makes of a set ---------------------------------------------------------------------- */

struct wanted { uint32_t op; const char *value; uint32_t ttl; };

static const struct {
	const char *label;
	const char *there[3];
	struct wanted changes[3];
	const char *next[3];
	uint32_t ttl;
	int changed;
} plans[] = {
	{ "add to none", { NULL }, { { ZSP_ADD, "v", 0 } }, { "\"v\"" }, 60, 1 },
	{ "add to none with its own time", { NULL }, { { ZSP_ADD, "v", 7 } }, { "\"v\"" }, 7, 1 },
	{ "add beside another", { "\"x\"" }, { { ZSP_ADD, "v", 7 } }, { "\"x\"", "\"v\"" }, 300, 1 },
	{ "add what is there", { "\"v\"" }, { { ZSP_ADD, "v", 0 } }, { "\"v\"" }, 300, 0 },
	{ "add what is there in another form", { "\"\\166\"" }, { { ZSP_ADD, "v", 0 } }, { "\"\\166\"" }, 300, 0 },
	{ "remove the last", { "\"v\"" }, { { ZSP_REMOVE, "v", 0 } }, { NULL }, 300, 1 },
	{ "remove one of two", { "\"x\"", "\"v\"" }, { { ZSP_REMOVE, "v", 0 } }, { "\"x\"" }, 300, 1 },
	{ "remove what is not there", { "\"x\"" }, { { ZSP_REMOVE, "v", 0 } }, { "\"x\"" }, 300, 0 },
	{ "remove from none", { NULL }, { { ZSP_REMOVE, "v", 0 } }, { NULL }, 60, 0 },
	{ "remove and add", { "\"v\"" }, { { ZSP_REMOVE, "v", 0 }, { ZSP_ADD, "w", 0 } }, { "\"w\"" }, 300, 1 },
	{ "two at once", { "\"x\"" }, { { ZSP_ADD, "v", 0 }, { ZSP_ADD, "w", 0 } }, { "\"x\"", "\"v\"", "\"w\"" }, 300, 1 },
};

static void put(struct record_set *set, const char *const *values, uint32_t ttl)
{
	record_set_clear(set);
	for (size_t i = 0; i < 3 && values[i]; i++)
		record_set_add(set, zsp_strz(values[i]));
	set->state = set->n ? SET_SIMPLE : SET_ABSENT;
	set->ttl = set->n ? ttl : 0;
}

static uint32_t fill_changes(struct zsp_change *dst, const struct wanted *wanted)
{
	uint32_t n = 0;

	while (n < 3 && wanted[n].op) {
		dst[n] = (struct zsp_change){ .op = wanted[n].op, .ttl = wanted[n].ttl, .name = ZSP_STR("a.test"),
					      .value = zsp_strz(wanted[n].value) };
		n++;
	}
	return n;
}

static void test_plans(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(plans); i++) {
		static const struct zsp_host host;
		struct zsp_change changes[3];
		struct zsp_list list = { changes, fill_changes(changes, plans[i].changes), sizeof(changes[0]) };
		struct slots slots;
		struct zsp_str v = { NULL, 0 };
		uint32_t n = 0;

		print_message("%s\n", plans[i].label);
		assert_int_equal(slots_init(&slots, &host, &list, 60), ZSP_OK);
		assert_int_equal(slots.n, 1);
		put(&slots.items[0].set, plans[i].there, 300);
		assert_int_equal(slots_plan(&slots, &slots.items[0]), plans[i].changed);
		while ((v = record_set_next(&slots.items[0].next, v)).p)
			assert_string_equal(v.p, plans[i].next[n++]);
		assert_true(n == 3 || !plans[i].next[n]);
		assert_int_equal(slots.items[0].next.ttl, plans[i].ttl);
		assert_int_equal(slots.items[0].is_pending, plans[i].changed);
		slots_done(&slots);
	}
}

/* Number of refusals of an unchanged set until the slot ends. */
static int count_refusals(struct slots *slots, int32_t is_race)
{
	static const char *const there[] = { "\"y\"", NULL };
	struct slot *slot = slots->items;
	int n = 0;

	put(&slot->set, there, 5);
	while (n < 100 && slots_plan(slots, slot)) {
		slot_refused(slot, "it may not be", is_race);
		assert_int_equal(slot->set.state, SET_UNKNOWN);
		put(&slot->set, there, 5);
		n++;
	}
	return n;
}

static void test_same_refusal_of_the_same_set_is_given_up(void **state)
{
	static const struct zsp_host host;
	struct zsp_change change = { .op = ZSP_ADD, .name = ZSP_STR("a.test"), .value = ZSP_STR("v") };
	struct zsp_list list = { &change, 1, sizeof(change) };

	(void)state;
	for (int32_t is_race = 0; is_race <= 1; is_race++) {
		struct slots slots;

		assert_int_equal(slots_init(&slots, &host, &list, 60), ZSP_OK);
		assert_int_equal(count_refusals(&slots, is_race), is_race ? 30 : 3);
		assert_int_equal(slots.items[0].class, ZSP_CONFIG);
		assert_string_equal(slots.items[0].why, "a.test: it may not be");
		slots_done(&slots);
	}
}

static void test_set_that_others_keep_changing_is_not_given_up(void **state)
{
	static const struct zsp_host host;
	static const char *const there[] = { "\"x\"", NULL }, *const other[] = { "\"y\"", NULL };
	struct zsp_change change = { .op = ZSP_ADD, .name = ZSP_STR("a.test"), .value = ZSP_STR("v") };
	struct zsp_list list = { &change, 1, sizeof(change) };
	struct slots slots;

	(void)state;
	assert_int_equal(slots_init(&slots, &host, &list, 60), ZSP_OK);
	for (int i = 0; i < 100; i++) {
		put(&slots.items[0].set, i % 2 ? there : other, 5);
		assert_true(slots_plan(&slots, &slots.items[0]));
		slot_refused(&slots.items[0], "no", 0);
	}
	slots_done(&slots);
}

/* ---- batches ------------------------------------------------------------------------------------------- */

static void test_batch_is_written_in_order(void **state)
{
	static const char *const values[] = { "\"x\"", "\"a&b\"", NULL }, *const none[] = { NULL };
	struct record_set one, two;
	struct zsp_text text = ZSP_TEXT(4096);

	(void)state;
	record_set_init(&one);
	record_set_init(&two);
	put(&one, values, 5);
	put(&two, none, 0);
	{
		const struct swap swaps[] = { { ZSP_STR("a.test"), &one, &two }, { ZSP_STR("b.test"), &two, &one } };

		assert_int_equal(swap_elements(&swaps[0]), 2);
		assert_int_equal(swap_characters(&swaps[0]), 8);
		batch_write(&text, swaps, 2);
	}
#define CHANGE(action, name) \
	"<Change><Action>" action "</Action><ResourceRecordSet><Name>" name ".</Name><Type>TXT</Type><TTL>5</TTL>" \
	"<ResourceRecords><ResourceRecord><Value>\"x\"</Value></ResourceRecord><ResourceRecord><Value>\"a&amp;b\"</Value>" \
	"</ResourceRecord></ResourceRecords></ResourceRecordSet></Change>"
	assert_string_equal(zsp_text_str(&text).p,
			    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ChangeResourceRecordSetsRequest "
			    "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes>"
			    CHANGE("DELETE", "a.test") CHANGE("CREATE", "b.test")
			    "</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>");
	zsp_text_done(&text);
	record_set_done(&one);
	record_set_done(&two);
}

static void test_refusals_name_whole_names(void **state)
{
	static const char messages[] = "Tried to delete resource record set [name='_acme-challenge.a.test.', type='TXT'] but it was "
				       "not found\nRRSet with DNS name b.test is not permitted";

	(void)state;
	assert_true(batch_blames(zsp_strz(messages), zsp_strz("_acme-challenge.a.test")));
	assert_true(batch_blames(zsp_strz(messages), zsp_strz("b.test")));
	assert_false(batch_blames(zsp_strz(messages), zsp_strz("a.test")));
	assert_false(batch_blames(zsp_strz(messages), zsp_strz("acme-challenge.a.test")));
	assert_false(batch_blames(zsp_strz(messages), zsp_strz("b.tes")));
	assert_false(batch_blames(zsp_strz(""), zsp_strz("b.test")));
	assert_true(batch_is_race(zsp_strz(messages)));
	assert_true(batch_is_race(zsp_strz("[Tried to create it but it already exists, Tried ...]")));
	assert_true(batch_is_race(zsp_strz("Tried to delete it but the values provided do not match the current values")));
	assert_false(batch_is_race(zsp_strz("a conflicting RRSet of type CNAME with the same DNS name already exists in zone a.")));
}

#define CHANGED(info) \
	"<ChangeResourceRecordSetsResponse><ChangeInfo>" info "</ChangeInfo></ChangeResourceRecordSetsResponse>"

static void test_ids_of_changes(void **state)
{
	static const char *const documents[] = {
		CHANGED("<Id>/change/C0123456789ABC</Id><Status>PENDING</Status>"),
		CHANGED("<Id>/change/../x</Id>"),
		"<GetChangeResponse><ChangeInfo><Status>PENDING</Status></ChangeInfo></GetChangeResponse>",
		"<GetChangeResponse><ChangeInfo><Status>INSYNC</Status></ChangeInfo></GetChangeResponse>",
		"<GetChangeResponse/>",
	};
	static struct api api;
	char id[CHANGE_ID_ROOM];
	int32_t live = -1;

	(void)state;
	answers_are(documents, COUNT(documents));
	assert_int_equal(batch_send(&api, "Z1", NULL, 0, id), ZSP_OK);
	assert_string_equal(id, "C0123456789ABC");
	assert_string_equal(answers.paths[0], "POST /hostedzone/Z1/rrset/");
	assert_int_equal(batch_send(&api, "Z1", NULL, 0, id), ZSP_OK);
	assert_string_equal(id, "");
	assert_int_equal(batch_is_live(&api, zsp_strz("C0"), &live), ZSP_OK);
	assert_int_equal(live, 0);
	assert_string_equal(answers.paths[2], "GET /change/C0");
	assert_int_equal(batch_is_live(&api, zsp_strz("C0"), &live), ZSP_OK);
	assert_int_equal(live, 1);
	assert_int_equal(batch_is_live(&api, zsp_strz("C0"), &live), ZSP_TRANSIENT);
	assert_false(batch_is_id(zsp_strz("C0/../x")));
	assert_false(batch_is_id(zsp_strz("")));
	assert_true(batch_is_id(zsp_strz("C09")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_name_is_one_request),
		cmocka_unit_test(test_name_is_absent_when_the_list_begins_behind_it),
		cmocka_unit_test(test_page_settles_the_names_that_it_passes),
		cmocka_unit_test(test_escaped_name_is_no_bound),
		cmocka_unit_test(test_empty_pages_are_passed_over),
		cmocka_unit_test(test_pages_that_do_not_end_are_given_up),
		cmocka_unit_test(test_sets_that_are_not_ours_to_swap_are_known),
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_same_refusal_of_the_same_set_is_given_up),
		cmocka_unit_test(test_set_that_others_keep_changing_is_not_given_up),
		cmocka_unit_test(test_batch_is_written_in_order),
		cmocka_unit_test(test_refusals_name_whole_names),
		cmocka_unit_test(test_ids_of_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
