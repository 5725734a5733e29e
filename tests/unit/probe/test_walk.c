/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zones and aliases against servers inside this program.  Zones have servers=
 * here, since unprivileged servers have no port 53; the test at the end takes
 * the whole way from a resolver down, where port 53 may be bound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake.h"
#include "probe/walk.h"

static const struct fake_record parent[] = {
	{ "p.test", "SOA", "1" },
	{ "p.test", "NS", "ns.p.test" },
	{ "sub.p.test", "NS", "ns.sub.p.test" },	/* a cut */
	{ "own.p.test", "SOA", "2" },			/* a zone on the same server */
	{ "www.p.test", "A", "192.0.2.1" },
	/* aliases */
	{ "_acme-challenge.one.p.test", "CNAME", "t.sub.p.test" },
	{ "_acme-challenge.two.p.test", "CNAME", "_acme-challenge.one.p.test" },
	{ "c1.p.test", "CNAME", "c2.p.test" }, { "c2.p.test", "CNAME", "c3.p.test" }, { "c3.p.test", "CNAME", "c4.p.test" },
	{ "c4.p.test", "CNAME", "c5.p.test" }, { "c5.p.test", "CNAME", "c6.p.test" }, { "c6.p.test", "CNAME", "c7.p.test" },
	{ "c7.p.test", "CNAME", "c8.p.test" }, { "c8.p.test", "CNAME", "c9.p.test" }, { "c9.p.test", "CNAME", "end.p.test" },
	{ "l1.p.test", "CNAME", "l2.p.test" }, { "l2.p.test", "CNAME", "l1.p.test" }, { "self.p.test", "CNAME", "self.p.test" },
	{ "d.p.test", "DNAME", "sub.p.test" },
	{ "odd.p.test", "CNAME", "a+b.p.test" },
	/* wildcards */
	{ "*.wild.p.test", "CNAME", "w.sub.p.test" },
	{ "_acme-challenge.same.wild.p.test", "CNAME", "w.sub.p.test" },
	{ "_acme-challenge.diff.wild.p.test", "CNAME", "x.sub.p.test" },
	{ "*.astar.p.test", "A", "192.0.2.2" },
	/* both at one name */
	{ "both.p.test", "CNAME", "t.sub.p.test" }, { "both.p.test", "TXT", "x" },
	{ "away.p.test", "CNAME", "x.gone.p.test" },
	{ "gone.p.test", "NS", "ns.gone.p.test" },
	{ NULL, NULL, NULL },
};

static const struct fake_record child[] = {
	{ "sub.p.test", "SOA", "9" },
	{ "sub.p.test", "NS", "ns.sub.p.test" },
	{ NULL, NULL, NULL },
};

static const struct fake_record nothing[] = { { NULL, NULL, NULL } };

enum { MAX_WALKS = 128 };

struct outcome {
	struct fixture *fixture;
	char effective[ZS_MAX_NAME + 1], zone[ZS_MAX_NAME + 1];
	uint32_t aliases, negative_ttl;
	size_t naddrs;
	struct zs_err err;
};

struct fixture {
	struct zs_loop *loop;
	struct zs_transport *transport;
	struct zs_settings settings;
	struct zs_zones zones;
	struct fake *parent, *child, *dead;
	struct outcome outcomes[MAX_WALKS];
	unsigned left;
	bool done;
};

static struct zs_name name_of(const char *text)
{
	struct zs_name name;

	assert_true(zs_name_parse(zs_slice_str(text), ZS_NAME_OWNER, &name, NULL));
	return name;
}

static void configure(struct fixture *f)
{
	struct zs_slice servers[3] = { zs_slice_str(fake_addr(f->parent)), zs_slice_str(fake_addr(f->child)),
				       zs_slice_str(fake_addr(f->dead)) };
	struct zs_msg_probe_zone zones[3] = {
		{ .zone = name_of("p.test"), .servers = { &servers[0], 1 } },
		{ .zone = name_of("sub.p.test"), .servers = { &servers[1], 1 } },
		{ .zone = name_of("gone.p.test"), .servers = { &servers[2], 1 } },
	};
	struct zs_slice resolver = zs_slice_str(fake_addr(f->dead));
	struct zs_msg_probe_config config = { .resolvers = { &resolver, 1 }, .zones = { zones, 3 } };

	assert_int_equal(zs_settings_load(&f->settings, &config, NULL), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->loop = zs_loop_new(NULL);
	f->transport = zs_transport_new(f->loop);
	f->parent = fake_zone(f->loop, NULL, 0, parent);
	f->child = fake_zone(f->loop, NULL, 0, child);
	f->dead = fake_zone(f->loop, NULL, 0, nothing);
	configure(f);
	zs_zones_init(&f->zones, f->loop, f->transport, &f->settings);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	zs_zones_done(&f->zones);
	zs_settings_done(&f->settings);
	fake_free(f->parent);
	fake_free(f->child);
	fake_free(f->dead);
	zs_transport_free(f->transport);
	zs_loop_free(f->loop);
	free(f);
	return 0;
}

static void on_walked(const struct zs_walk_end *end, const struct zs_err *err, void *user)
{
	struct outcome *o = user;

	if (err) {
		o->err = *err;
	} else {
		snprintf(o->effective, sizeof(o->effective), "%s", end->effective.text);
		snprintf(o->zone, sizeof(o->zone), "%s", end->zone->name.text);
		o->aliases = end->aliases;
		o->negative_ttl = end->zone->negative_ttl;
		o->naddrs = end->zone->naddrs;
	}
	if (!--o->fixture->left)
		o->fixture->done = true;
}

static struct zs_walk *start(struct fixture *f, unsigned slot, const char *text, unsigned ms)
{
	struct zs_clock *clock = zs_loop_clock(f->loop);
	struct zs_name name = name_of(text);

	f->outcomes[slot] = (struct outcome){ .fixture = f };
	f->left++;
	f->done = false;
	return zs_walk_start(&f->zones, &name, clock->mono_ms(clock) + ms, on_walked, &f->outcomes[slot]);
}

static const struct outcome *walk(struct fixture *f, const char *text)
{
	assert_non_null(start(f, 0, text, 8000));
	assert_true(fake_run(f->loop, &f->done, 9000));
	return &f->outcomes[0];
}

static void test_where_names_end(void **state)
{
	static const struct { const char *name, *effective, *zone; unsigned aliases; } rows[] = {
		{ "_acme-challenge.www.p.test", NULL, "p.test", 0 },
		{ "_acme-challenge.p.test", NULL, "p.test", 0 },
		{ "_acme-challenge.a.b.c.p.test", NULL, "p.test", 0 },
		{ "_acme-challenge.sub.p.test", NULL, "sub.p.test", 0 },
		{ "sub.p.test", NULL, "sub.p.test", 0 },
		{ "_acme-challenge.x.own.p.test", NULL, "own.p.test", 0 },
		{ "_acme-challenge.one.p.test", "t.sub.p.test", "sub.p.test", 1 },
		{ "_acme-challenge.two.p.test", "t.sub.p.test", "sub.p.test", 2 },
		{ "c2.p.test", "end.p.test", "p.test", 8 },
		{ "x.y.d.p.test", "x.y.sub.p.test", "sub.p.test", 1 },
		{ "_acme-challenge.h.wild.p.test", NULL, "p.test", 0 },
		{ "_acme-challenge.deep.er.wild.p.test", NULL, "p.test", 0 },
		{ "_acme-challenge.same.wild.p.test", "w.sub.p.test", "sub.p.test", 1 },
		{ "_acme-challenge.diff.wild.p.test", "x.sub.p.test", "sub.p.test", 1 },
		{ "_acme-challenge.astar.p.test", NULL, "p.test", 0 },
	};

	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		const struct outcome *o = walk(*state, rows[i].name);
		const char *effective = rows[i].effective ? rows[i].effective : rows[i].name;

		if (o->err.code || strcmp(o->effective, effective) != 0 || strcmp(o->zone, rows[i].zone) != 0 ||
		    o->aliases != rows[i].aliases)
			fail_msg("%s: %s in %s after %u links, %s", rows[i].name, o->effective, o->zone, o->aliases, o->err.text);
		assert_int_equal(o->negative_ttl, 7);
		assert_int_equal(o->naddrs, 1);
	}
}

static void test_what_is_wrong_is_named(void **state)
{
	static const struct { const char *name, *text; int code; } rows[] = {
		{ "c1.p.test", "more than 8 aliases one after another: c1.p.test -> c2.p.test -> ", ZS_E_DNS },
		{ "l1.p.test", "alias loop: l1.p.test -> l2.p.test -> l1.p.test", ZS_E_DNS },
		{ "self.p.test", "alias loop: self.p.test -> self.p.test", ZS_E_DNS },
		{ "both.p.test", "both.p.test has both a CNAME and a TXT record", ZS_E_DNS },
		{ "odd.p.test", "points to \"a+b.p.test\", which is no usable name", ZS_E_DNS },
		{ "away.p.test", "alias chain away.p.test -> x.gone.p.test: no name server of zone gone.p.test answers", ZS_E_DNS },
		{ "x.gone.p.test", "REFUSED", ZS_E_DNS },
		{ "nowhere.elsewhere", "no resolver tells the name servers of elsewhere (127.0.0.1:", ZS_E_NETWORK },
	};

	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		const struct outcome *o = walk(*state, rows[i].name);

		if ((int)o->err.code != rows[i].code || !strstr(o->err.text, rows[i].text))
			fail_msg("%s: %d %s", rows[i].name, o->err.code, o->err.text);
		assert_string_equal(o->err.subject, rows[i].name);
	}
}

static void test_hundred_names_share_their_work(void **state)
{
	struct fixture *f = *state;
	char text[64];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "_acme-challenge.h%u.sub.p.test", i);
		assert_non_null(start(f, i, text, 5000));
	}
	assert_true(fake_run(f->loop, &f->done, 5000));
	for (unsigned i = 0; i < 100; i++)
		assert_string_equal(f->outcomes[i].zone, "sub.p.test");
	assert_true(fake_count(f->parent) <= 1);
	assert_true(fake_count(f->child) <= 100);
	assert_int_equal(fake_count(f->dead), 0);
}

static void test_silence_ends_with_the_reason(void **state)
{
	struct fixture *f = *state;

	fake_pause(f->child, true);
	assert_non_null(start(f, 0, "_acme-challenge.sub.p.test", 8000));
	assert_true(fake_run(f->loop, &f->done, 9000));
	assert_int_equal(f->outcomes[0].err.code, ZS_E_NETWORK);
	assert_non_null(strstr(f->outcomes[0].err.text, "no answer"));
	/* And the deadline of the walk comes first where it is shorter. */
	assert_non_null(start(f, 0, "_acme-challenge.x.sub.p.test", 100));
	assert_true(fake_run(f->loop, &f->done, 300));
	assert_non_null(strstr(f->outcomes[0].err.text, "in time"));
}

static void servfail(struct fake *fake, const struct fake_query *q, void *user)
{
	static struct fake_msg m;

	if (q->nth > *(const unsigned *)user) {
		fake_answer(fake, q, parent);
		return;
	}
	fake_begin(&m, q, 0, ZS_DNS_SERVFAIL);
	fake_send(fake, zs_slice_of(m.b, m.n));
}

static void test_servfail_once_is_retried_always_is_an_error(void **state)
{
	struct fixture *f = *state;
	unsigned times = 1;
	const struct outcome *o;

	fake_free(f->parent);
	f->parent = fake_new(f->loop, NULL, 0, servfail, &times);
	configure(f);
	o = walk(f, "_acme-challenge.p.test");
	assert_int_equal(o->err.code, 0);
	times = 1000;
	o = walk(f, "_acme-challenge.q.p.test");
	assert_int_equal(o->err.code, ZS_E_DNS);
	assert_non_null(strstr(o->err.text, "SERVFAIL"));
}

static void test_cancel_at_any_time(void **state)
{
	struct fixture *f = *state;
	bool never = false;

	for (unsigned ms = 0; ms < 8; ms++) {
		struct zs_walk *one = start(f, 0, "_acme-challenge.two.p.test", 5000);
		struct zs_walk *two = start(f, 1, "_acme-challenge.one.p.test", 5000);

		fake_run(f->loop, &never, ms);
		if (f->left == 2) {
			zs_walk_cancel(one);
			zs_walk_cancel(two);
		} else {
			fake_run(f->loop, &f->done, 5000);
		}
		f->left = 0;
		zs_zones_forget(&f->zones);
	}
}

/* Answers with random octets: any outcome, in time, and no harm. */
static void test_mutated_answers_do_no_harm(void **state)
{
	static const char *const names[] = { "_acme-challenge.two.p.test", "x.d.p.test", "_acme-challenge.h.wild.p.test",
					     "c2.p.test", "_acme-challenge.x.own.p.test", "l1.p.test" };
	struct fixture *f = *state;

	fake_mutate(f->parent, 1);
	fake_mutate(f->child, 2);
	for (unsigned round = 0; round < 60; round++) {
		for (unsigned i = 0; i < 12; i++)
			assert_non_null(start(f, i, names[(round + i) % ZS_COUNT(names)], 60));
		assert_true(fake_run(f->loop, &f->done, 1000));
		zs_zones_forget(&f->zones);
	}
}

static void test_dname(void **state)
{
	struct zs_name name = name_of("a.b.old.test"), owner = name_of("old.test"), target = name_of("new.example");
	struct zs_name ret, root = { .len = 0 };
	char text[ZS_MAX_NAME + 1];

	(void)state;
	assert_true(zs_dname_apply(&name, &owner, &target, &ret));
	assert_string_equal(ret.text, "a.b.new.example");
	assert_true(zs_dname_apply(&name, &owner, &root, &ret));
	assert_string_equal(ret.text, "a.b");
	assert_false(zs_dname_apply(&owner, &owner, &target, &ret));
	memset(text, 'a', sizeof(text));
	text[63] = text[127] = text[191] = '.';
	text[251] = 0;
	target = name_of(text);
	assert_false(zs_dname_apply(&name, &owner, &target, &ret));
}

static void test_resolv_conf(void **state)
{
	struct zs_addr_set set;

	(void)state;
	zs_resolv_conf_parse(zs_slice_str("# nameserver 1.1.1.1\n;nameserver 1.1.1.2\n search x\n  nameserver\t192.0.2.1 \n"
					  "nameserver 2001:db8::1\nnameservers 1.1.1.3\nnameserver\nnameserver x\n"
					  "nameserver 192.0.2.2 # comment"), &set);
	assert_int_equal(set.n, 3);
	assert_int_equal(set.items[1].family, 6);
	assert_int_equal(set.items[2].ip[3], 2);
}

/* ---- from the resolver down -------------------------------------------------------------- */

#define TLD "127.99.53.2"
#define LEAF_A "127.99.53.3"
#define LEAF_B "127.99.53.4"
#define RESOLVER "127.99.53.1"

static const struct fake_record resolver_records[] = {
	{ "", "SOA", "1" },	/* all it knows, as if authoritative */
	{ "top", "NS", "ns.top" }, { "ns.top", "A", TLD },
	{ "ns.other", "A", LEAF_B },
	{ NULL, NULL, NULL },
};
static const struct fake_record top_records[] = {
	{ "top", "SOA", "1" }, { "top", "NS", "ns.top" },
	{ "leaf.top", "NS", "ns.leaf.top" }, { "ns.leaf.top", "A", LEAF_A },
	{ "flat.top", "A", "192.0.2.1" },
	{ NULL, NULL, NULL },
};
/* Its own NS set has one server more than the parent knows. */
static const struct fake_record leaf_records[] = {
	{ "leaf.top", "SOA", "1" }, { "leaf.top", "NS", "ns.leaf.top" }, { "leaf.top", "NS", "ns.other" },
	{ "ns.leaf.top", "A", LEAF_A },
	{ NULL, NULL, NULL },
};

static void resolve(struct fake *fake, const struct fake_query *q, void *user)
{
	static struct fake_msg m;
	const char *type = q->type == ZS_DNS_NS ? "NS" : q->type == ZS_DNS_A ? "A" : "?";

	(void)user;
	assert_true(q->recurse);
	fake_begin(&m, q, 0, 0);
	for (const struct fake_record *r = resolver_records + 1; r->owner; r++)
		if (!strcmp(r->owner, q->name.text) && !strcmp(r->type, type))
			fake_add(&m, ZS_DNS_ANSWER, r);
	fake_send(fake, zs_slice_of(m.b, m.n));
}

static void test_no_resolver_hears_a_challenge_name(void **state)
{
	struct fixture *f = *state;
	struct fake *resolver = fake_new(f->loop, RESOLVER, 53, resolve, NULL);
	struct fake *top = fake_zone(f->loop, TLD, 53, top_records);
	struct fake *a = fake_zone(f->loop, LEAF_A, 53, leaf_records), *b = fake_zone(f->loop, LEAF_B, 53, leaf_records);
	struct zs_slice address = zs_slice_str(RESOLVER);
	struct zs_msg_probe_config config = { .resolvers = { &address, 1 } };
	const struct outcome *o;

	if (!resolver || !top || !a || !b) {
		fake_free(resolver), fake_free(top), fake_free(a), fake_free(b);
		skip();
	}
	assert_int_equal(zs_settings_load(&f->settings, &config, NULL), 0);
	o = walk(f, "_acme-challenge.h.leaf.top");
	assert_int_equal(o->err.code, 0);
	assert_string_equal(o->zone, "leaf.top");
	assert_int_equal(o->naddrs, 2);
	/* NS of the top-level domain, and addresses of name servers: no more. */
	assert_int_equal(fake_count(resolver), fake_asked(resolver, "top") + fake_asked(resolver, "ns.top") +
					       fake_asked(resolver, "ns.other"));
	o = walk(f, "_acme-challenge.h.missing.top");
	assert_int_equal(o->err.code, ZS_E_DNS);
	assert_non_null(strstr(o->err.text, "missing.top does not exist in zone top: NXDOMAIN from server " TLD));
	o = walk(f, "_acme-challenge.flat.top");
	assert_int_equal(o->err.code, 0);
	assert_string_equal(o->zone, "top");
	fake_free(resolver), fake_free(top), fake_free(a), fake_free(b);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_where_names_end),
		ROW(test_what_is_wrong_is_named),
		ROW(test_hundred_names_share_their_work),
		ROW(test_silence_ends_with_the_reason),
		ROW(test_servfail_once_is_retried_always_is_an_error),
		ROW(test_cancel_at_any_time),
		ROW(test_mutated_answers_do_no_harm),
		ROW(test_no_resolver_hears_a_challenge_name),
		cmocka_unit_test(test_dname),
		cmocka_unit_test(test_resolv_conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
