/* SPDX-License-Identifier: Apache-2.0 */
/* Requests over real channels: many at once, cancel, deadline, a channel that closes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake.h"
#include "ipc/frame.h"
#include "probe/serve.h"

static const struct fake_record records[] = {
	{ "p.test", "SOA", "5" },
	{ "_acme-challenge.p.test", "TXT", "here" },
	{ "two.p.test", "TXT", "one" },
	{ "two.p.test", "TXT", "in three parts|and|more" },
	{ "_acme-challenge.away.p.test", "CNAME", "t.p.test" },
	{ NULL, NULL, NULL },
};

struct fixture {
	struct zs_loop *loop;
	struct zs_probe *probe;
	struct zs_chan *near[2], *far[2];	/* ours and the probe's: front, engine */
	struct fake *fake;
	bool done;
	unsigned finals, progress, results;
	uint32_t type;
	struct zs_err err;
	char text[1024];
};

static void on_note(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	(void)chan, (void)in, (void)user;
}

static void on_closed(struct zs_chan *chan, const struct zs_err *err, void *user)
{
	(void)chan, (void)err, (void)user;
}

static void open_pair(struct fixture *f, size_t i, enum zs_role peer, enum zs_link link)
{
	int fds[2];
	struct zs_chan_spec near = { .self = peer, .peer = ZS_ROLE_PROBE, .link = link, .peer_name = "probe",
				     .handler = on_note, .closed = on_closed, .user = f };
	struct zs_chan_spec far = { .self = ZS_ROLE_PROBE, .peer = peer, .link = link, .peer_name = "test",
				    .handler = zs_probe_handle, .closed = zs_probe_closed, .user = &f->probe };

	assert_int_equal(zs_frame_pair(fds, NULL), 0);
	near.fd = fds[0];
	far.fd = fds[1];
	f->near[i] = zs_chan_new(f->loop, &near);
	f->far[i] = zs_chan_new(f->loop, &far);
	assert_non_null(f->near[i]);
	assert_non_null(f->far[i]);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->loop = zs_loop_new(NULL);
	f->probe = zs_probe_new(f->loop);
	f->fake = fake_zone(f->loop, NULL, 0, records);
	open_pair(f, 0, ZS_ROLE_FRONT, ZS_LINK_FRONT);
	open_pair(f, 1, ZS_ROLE_ENGINE, ZS_LINK_ENGINE);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	zs_probe_free(f->probe);
	for (size_t i = 0; i < 2; i++) {
		zs_chan_free(f->near[i]);
		zs_chan_free(f->far[i]);
	}
	fake_free(f->fake);
	zs_loop_free(f->loop);
	free(f);
	return 0;
}

static void take_walked(struct fixture *f, const struct zs_msg_probe_walked *walked)
{
	const struct zs_msg_walk_result *r = walked->results.items;

	f->results = walked->results.n;
	if (!f->results)
		return;
	f->err = r->err;
	snprintf(f->text, sizeof(f->text), "%s %s %u %u %.*s", r->effective.text, r->zone.text, r->aliases, r->servers.n,
		 r->servers.n ? (int)r->servers.items[0].addresses.items[0].n : 0,
		 r->servers.n ? (const char *)r->servers.items[0].addresses.items[0].p : "");
}

static void take_values(struct fixture *f, const struct zs_msg_probe_values *values)
{
	size_t used = 0;

	f->results = values->values.n;
	f->text[0] = 0;
	for (uint32_t i = 0; i < values->values.n; i++)
		used += (size_t)snprintf(f->text + used, sizeof(f->text) - used, "[%.*s]", (int)values->values.items[i].n,
					 (const char *)values->values.items[i].p);
}

static void on_reply(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct fixture *f = user;

	(void)chan;
	if (!final) {
		f->progress++;
		return;
	}
	f->finals++;
	f->done = true;
	zs_err_clear(&f->err);
	f->type = in ? in->type : 0;
	if (!in)
		f->err = *err;
	else if (in->type == ZS_MSG_PROBE_WALKED)
		take_walked(f, in->body);
	else if (in->type == ZS_MSG_PROBE_VALUES)
		take_values(f, in->body);
}

static void wait_for(struct fixture *f)
{
	assert_true(fake_run(f->loop, &f->done, 5000));
	f->done = false;
}

static struct zs_name name_of(const char *text)
{
	struct zs_name name;

	assert_true(zs_name_parse(zs_slice_str(text), ZS_NAME_OWNER, &name, NULL));
	return name;
}

static void configure(struct fixture *f, const char *server)
{
	struct zs_slice text = zs_slice_str(server), resolver = zs_slice_str("127.0.0.1:9");
	struct zs_msg_probe_zone zone = { .zone = name_of("p.test"), .servers = { &text, 1 } };
	struct zs_msg_probe_config config = { .resolvers = { &resolver, 1 }, .zones = { &zone, 1 } };

	assert_int_equal(zs_chan_call(f->near[0], ZS_MSG_PROBE_CONFIG, &config, -1, 1000, on_reply, f, NULL), 0);
	wait_for(f);
}

static void walk(struct fixture *f, const char *name, uint32_t n)
{
	struct zs_name names[100];
	struct zs_msg_probe_walk walk = { .names = { names, n } };

	for (uint32_t i = 0; i < n; i++)
		names[i] = name_of(name);
	assert_int_equal(zs_chan_call(f->near[0], ZS_MSG_PROBE_WALK, &walk, -1, 4000, on_reply, f, NULL), 0);
}

static uint32_t watch(struct fixture *f, const char *value, uint64_t ms)
{
	struct zs_msg_txt txt = { .name = name_of("_acme-challenge.p.test"), .value = zs_slice_str(value) };
	struct zs_msg_probe_watch watch = { .zone = name_of("p.test"), .records = { &txt, 1 } };
	uint32_t id = 0;

	assert_int_equal(zs_chan_call(f->near[1], ZS_MSG_PROBE_WATCH, &watch, -1, ms, on_reply, f, &id), 0);
	return id;
}

static void test_walk_is_answered(void **state)
{
	struct fixture *f = *state;
	char wanted[128];

	configure(f, fake_addr(f->fake));
	assert_int_equal(f->type, ZS_MSG_OK);
	walk(f, "_acme-challenge.away.p.test", 1);
	wait_for(f);
	snprintf(wanted, sizeof(wanted), "t.p.test p.test 1 1 %s", fake_addr(f->fake));
	assert_string_equal(f->text, wanted);
	walk(f, "_acme-challenge.p.test", 100);
	wait_for(f);
	assert_int_equal(f->results, 100);
	walk(f, "x", 0);
	wait_for(f);
	assert_int_equal(f->results, 0);
	walk(f, "_acme-challenge.elsewhere", 1);
	wait_for(f);
	assert_int_equal(f->type, ZS_MSG_PROBE_WALKED);
	assert_int_equal(f->err.code, ZS_E_NETWORK);
}

static void test_bad_configuration_is_refused_and_changes_nothing(void **state)
{
	struct fixture *f = *state;

	configure(f, fake_addr(f->fake));
	configure(f, "ns1.p.test");
	assert_int_equal(f->err.code, ZS_E_CONFIG);
	assert_non_null(strstr(f->err.text, "[zone p.test]: servers: \"ns1.p.test\" is no address"));
	walk(f, "_acme-challenge.p.test", 1);
	wait_for(f);
	assert_int_equal(f->err.code, 0);
}

static void test_watch_ends_well_and_at_its_deadline(void **state)
{
	struct fixture *f = *state;

	configure(f, fake_addr(f->fake));
	watch(f, "here", 2000);
	wait_for(f);
	assert_int_equal(f->type, ZS_MSG_OK);
	assert_true(f->progress >= 1);
	watch(f, "elsewhere", 300);
	wait_for(f);
	assert_int_equal(f->err.code, ZS_E_PROPAGATION);
	assert_non_null(strstr(f->err.text, "\n  127.0.0.1:"));
}

static void test_many_requests_at_once(void **state)
{
	struct fixture *f = *state;
	bool never = false;

	configure(f, fake_addr(f->fake));
	f->finals = 0;
	for (int i = 0; i < 50; i++) {
		watch(f, "here", 2000);
		walk(f, "_acme-challenge.p.test", 2);
	}
	fake_run(f->loop, &never, 400);
	assert_int_equal(f->finals, 100);
}

static void test_cancel_and_closed_channel(void **state)
{
	struct fixture *f = *state;
	bool never = false;
	uint32_t id;
	unsigned before;

	configure(f, fake_addr(f->fake));
	id = watch(f, "elsewhere", 5000);
	fake_run(f->loop, &never, 60);
	zs_chan_cancel(f->near[1], id);
	fake_run(f->loop, &never, 60);
	before = fake_count(f->fake);
	fake_run(f->loop, &never, 150);
	assert_int_equal(fake_count(f->fake), before);
	watch(f, "elsewhere", 5000);
	fake_run(f->loop, &never, 30);
	zs_chan_free(f->near[1]);
	f->near[1] = NULL;
	fake_run(f->loop, &never, 60);
	before = fake_count(f->fake);
	fake_run(f->loop, &never, 150);
	assert_int_equal(fake_count(f->fake), before);
	walk(f, "_acme-challenge.p.test", 1);
	wait_for(f);
	assert_int_equal(f->err.code, 0);
}

static uint32_t read_name(struct fixture *f, const char *name, uint64_t ms)
{
	struct zs_msg_probe_read read = { .zone = name_of("p.test"), .name = name_of(name) };
	uint32_t id = 0;

	assert_int_equal(zs_chan_call(f->near[0], ZS_MSG_PROBE_READ, &read, -1, ms, on_reply, f, &id), 0);
	return id;
}

static void test_read(void **state)
{
	struct fixture *f = *state;

	configure(f, fake_addr(f->fake));
	read_name(f, "two.p.test", 2000);
	wait_for(f);
	assert_int_equal(f->type, ZS_MSG_PROBE_VALUES);
	assert_int_equal(f->results, 2);
	assert_non_null(strstr(f->text, "[one]"));
	assert_non_null(strstr(f->text, "[in three partsandmore]"));
	read_name(f, "nothing.p.test", 2000);
	wait_for(f);
	assert_int_equal(f->type, ZS_MSG_PROBE_VALUES);
	assert_int_equal(f->results, 0);
}

static void test_read_without_answer_fails(void **state)
{
	struct fixture *f = *state;
	unsigned before;
	uint32_t id;
	bool never = false;

	configure(f, fake_addr(f->fake));
	fake_pause(f->fake, true);
	read_name(f, "two.p.test", 300);
	wait_for(f);
	assert_int_equal(f->err.code, ZS_E_DNS);
	assert_non_null(strstr(f->err.text, "two.p.test"));
	id = read_name(f, "two.p.test", 5000);
	before = f->finals;
	fake_run(f->loop, &never, 60);
	zs_chan_cancel(f->near[0], id);
	fake_run(f->loop, &never, 60);
	assert_int_equal(f->finals, before);
	fake_pause(f->fake, false);
	read_name(f, "two.p.test", 2000);
	wait_for(f);
	assert_int_equal(f->results, 2);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_walk_is_answered),
		ROW(test_bad_configuration_is_refused_and_changes_nothing),
		ROW(test_watch_ends_well_and_at_its_deadline),
		ROW(test_many_requests_at_once),
		ROW(test_cancel_and_closed_channel),
		ROW(test_read),
		ROW(test_read_without_answer_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
