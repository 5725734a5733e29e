/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels: two ends on one loop, or one end against raw packets.  What breaks a
 * rule must close the channel without reaching a handler, in every combination
 * of message, roles and link that the table does not hold.
 */
#include "ipc/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/frame.h"

/* What one end saw. */
struct end {
	struct zs_chan *chan;
	unsigned handled, closed;
	uint32_t type, id;
	uint64_t deadline;
	bool had_fd;
	size_t octets;		/* of the text that came */
	struct zs_err why;
	zs_chan_handler *then;	/* what the handler does */
};

/* What became of a call. */
struct outcome {
	unsigned progress, finals;
	bool good;
	uint32_t type;
	struct zs_err err;
};

static struct zs_loop *loop;
static struct end front, vault;

static void on_message(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	struct end *end = user;

	end->handled++;
	end->type = in->type;
	end->id = in->id;
	end->deadline = in->deadline_ms;
	end->had_fd = in->fd >= 0;
	if (end->then)
		end->then(chan, in, user);
}

static void on_closed(struct zs_chan *chan, const struct zs_err *err, void *user)
{
	struct end *end = user;

	assert_ptr_equal(chan, end->chan);
	assert_false(zs_chan_open(chan));
	end->closed++;
	end->why = *err;
}

static void on_reply(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct outcome *outcome = user;

	(void)chan;
	assert_non_null(err);
	if (!final) {
		outcome->progress++;
		return;
	}
	outcome->finals++;
	outcome->good = in != NULL;
	outcome->type = in ? in->type : 0;
	outcome->err = *err;
}

static struct zs_chan *open_end(int fd, enum zs_role self, enum zs_role peer, enum zs_link link, struct end *end)
{
	const struct zs_chan_spec spec = { .fd = fd, .self = self, .peer = peer, .link = link, .peer_name = zs_role_name(peer),
					   .handler = on_message, .closed = on_closed, .user = end };

	end->chan = zs_chan_new(loop, &spec);
	assert_non_null(end->chan);
	return end->chan;
}

static void stop(void *user)
{
	(void)user;
	zs_loop_stop(loop, 0);
}

static void run_ms(uint64_t ms)
{
	assert_non_null(zs_loop_timer(loop, ms, stop, NULL));
	assert_int_equal(zs_loop_run(loop), 0);
}

static void run(void)
{
	for (int i = 0; i < 6; i++)
		run_ms(0);
}

/* Until so many messages were handled; a busy machine takes as long as it takes. */
static void run_until_handled(unsigned n)
{
	for (int i = 0; i < 2000 && vault.handled < n; i++)
		run_ms(5);
	assert_int_equal(vault.handled, n);
}

static int setup(void **state)
{
	(void)state;
	memset(&front, 0, sizeof(front));
	memset(&vault, 0, sizeof(vault));
	loop = zs_loop_new(NULL);
	return loop ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	zs_chan_free(front.chan);
	zs_chan_free(vault.chan);
	zs_loop_free(loop);
	return 0;
}

static void connect_ends(enum zs_role a, enum zs_role b, enum zs_link link)
{
	int fds[2];

	assert_int_equal(zs_frame_pair(fds, NULL), 0);
	open_end(fds[0], a, b, link, &front);
	open_end(fds[1], b, a, link, &vault);
}

/* front is a channel, the other end is a bare descriptor. */
static int connect_raw(enum zs_role self, enum zs_role peer, enum zs_link link)
{
	int fds[2];

	assert_int_equal(zs_frame_pair(fds, NULL), 0);
	open_end(fds[0], self, peer, link, &front);
	return fds[1];
}

static void send_raw(int fd, struct zs_frame frame, struct zs_slice data)
{
	uint8_t packet[ZS_MAX_FRAME];

	frame.length = (uint32_t)data.n;
	zs_frame_write(&frame, packet);
	if (data.n)
		memcpy(packet + ZS_FRAME_HEADER, data.p, data.n);
	assert_int_equal(send(fd, packet, ZS_FRAME_HEADER + data.n, MSG_NOSIGNAL), ZS_FRAME_HEADER + data.n);
}

static void send_raw_fds(int fd, struct zs_frame frame, struct zs_slice data, const int *fds, size_t n)
{
	uint8_t packet[ZS_MAX_FRAME];
	struct iovec iov = { packet, ZS_FRAME_HEADER + data.n };
	union { struct cmsghdr align; char room[CMSG_SPACE(16 * sizeof(int))]; } control = { .room = { 0 } };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	frame.length = (uint32_t)data.n;
	zs_frame_write(&frame, packet);
	if (data.n)
		memcpy(packet + ZS_FRAME_HEADER, data.p, data.n);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	assert_true(sendmsg(fd, &msg, MSG_NOSIGNAL) > 0);
}

static unsigned open_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* A message of the type with all members zero. */
static struct zs_buf zeroes_of(uint32_t type)
{
	const struct zs_shape *shape = zs_msg_def(type)->shape;
	struct zs_buf buf = ZS_BUF(ZS_MAX_MESSAGE);
	void *body = calloc(1, shape->size);

	assert_non_null(body);
	assert_int_equal(zs_msg_encode(shape, body, &buf, NULL), 0);
	free(body);
	return buf;
}

/* ---- requests and answers ---- */

static void answer_entries(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	static const struct zs_msg_vault_entries none;

	(void)user;
	assert_int_equal(zs_chan_reply(chan, in->id, ZS_MSG_VAULT_ENTRIES, &none), 0);
}

static void test_call_answered_gives_the_reply(void **state)
{
	struct zs_msg_vault_open open = { .adopt = true };
	struct outcome outcome = { 0 };

	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_VAULT, ZS_LINK_FRONT);
	vault.then = answer_entries;
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_VAULT_OPEN, &open, -1, 5000, on_reply, &outcome, NULL), 0);
	run();
	assert_int_equal(outcome.finals, 1);
	assert_true(outcome.good);
	assert_int_equal(outcome.type, ZS_MSG_VAULT_ENTRIES);
	assert_int_equal(outcome.err.code, ZS_OK);
	assert_true(vault.deadline > 0);
	assert_string_equal(zs_chan_peer_name(vault.chan), "front");
}

static void answer_fail(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	struct zs_err err;

	(void)user;
	zs_err_set(&err, ZS_E_BUSY, "another run has it");
	assert_int_equal(zs_chan_fail(chan, in->id, &err), 0);
	assert_int_equal(zs_chan_fail(chan, in->id, &err), -ZS_E_BUG);
}

static void test_call_failed_gives_the_error_once(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_VAULT, ZS_LINK_FRONT);
	vault.then = answer_fail;
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_VAULT_LIST, NULL, -1, 0, on_reply, &outcome, NULL), 0);
	run();
	assert_int_equal(outcome.finals, 1);
	assert_false(outcome.good);
	assert_int_equal(outcome.err.code, ZS_E_BUSY);
	assert_string_equal(outcome.err.text, "another run has it");
	assert_int_equal(vault.deadline, 0);
	assert_true(zs_chan_open(front.chan));
}

static void answer_wrong_type(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	(void)user;
	assert_int_equal(zs_chan_ok(chan, in->id), -ZS_E_BUG);
	assert_int_equal(zs_chan_reply(chan, in->id, ZS_MSG_VAULT_JOB_READY, NULL), -ZS_E_BUG);
	assert_int_equal(zs_chan_reply(chan, in->id + 1, ZS_MSG_VAULT_ENTRIES, NULL), -ZS_E_BUG);
	answer_entries(chan, in, user);
}

static void test_answer_of_another_type_is_a_bug_here(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_VAULT, ZS_LINK_FRONT);
	vault.then = answer_wrong_type;
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_VAULT_JOURNAL, NULL, -1, 0, on_reply, &outcome, NULL), 0);
	run();
	assert_true(outcome.good);
}

static void answer_too_large(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	struct zs_msg_vault_entries entries = { .entries = { NULL, 1000000 } };

	(void)user;
	assert_int_equal(zs_chan_reply(chan, in->id, ZS_MSG_VAULT_ENTRIES, &entries), -ZS_E_BUG);
}

static void test_answer_that_breaks_a_cap_becomes_a_failure(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_VAULT, ZS_LINK_FRONT);
	vault.then = answer_too_large;
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_VAULT_JOURNAL, NULL, -1, 0, on_reply, &outcome, NULL), 0);
	run();
	assert_int_equal(outcome.finals, 1);
	assert_int_equal(outcome.err.code, ZS_E_BUG);
}

static void answer_matrix_then_ok(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	static const struct zs_msg_probe_matrix matrix;

	(void)user;
	assert_int_equal(zs_chan_progress(chan, in->id, ZS_MSG_PROBE_MATRIX, &matrix), 0);
	assert_int_equal(zs_chan_progress(chan, in->id, ZS_MSG_PROBE_MATRIX, &matrix), 0);
	assert_int_equal(zs_chan_progress(chan, in->id, ZS_MSG_OK, NULL), -ZS_E_BUG);
	assert_int_equal(zs_chan_ok(chan, in->id), 0);
	assert_int_equal(zs_chan_progress(chan, in->id, ZS_MSG_PROBE_MATRIX, &matrix), -ZS_E_BUG);
}

static void test_progress_comes_before_the_end(void **state)
{
	static const struct zs_msg_probe_watch watch;
	struct outcome outcome = { 0 };

	(void)state;
	connect_ends(ZS_ROLE_ENGINE, ZS_ROLE_PROBE, ZS_LINK_ENGINE);
	vault.then = answer_matrix_then_ok;
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_PROBE_WATCH, &watch, -1, 1000, on_reply, &outcome, NULL), 0);
	run();
	assert_int_equal(outcome.progress, 2);
	assert_int_equal(outcome.finals, 1);
	assert_true(outcome.good);
}

static void test_send_what_the_table_forbids_is_a_bug(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_VAULT, ZS_LINK_FRONT);
	assert_int_equal(zs_chan_note(front.chan, ZS_MSG_HELLO, NULL, -1), -ZS_E_BUG);
	assert_int_equal(zs_chan_note(front.chan, ZS_MSG_VAULT_LIST, NULL, -1), -ZS_E_BUG);
	assert_int_equal(zs_chan_note(front.chan, 9999, NULL, -1), -ZS_E_BUG);
	assert_int_equal(zs_chan_note(front.chan, ZS_MSG_LOG_LEVEL, NULL, 0), -ZS_E_BUG);
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_HOST_CHECK, NULL, -1, 0, on_reply, &outcome, NULL), -ZS_E_BUG);
	run();
	assert_int_equal(outcome.finals, 0);
	assert_int_equal(vault.handled, 0);
	assert_true(zs_chan_open(front.chan));
}

/* ---- the table of roles ---- */

/* Sends one well-formed message of the type as the peer would; true when the channel closed. */
static bool raw_closes(uint32_t type, enum zs_role sender, enum zs_role receiver, enum zs_link link)
{
	const struct zs_msg_def *def = zs_msg_def(type);
	int fd = connect_raw(receiver, sender, link), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct zs_buf data = zeroes_of(type);
	struct zs_frame frame = { .type = (uint16_t)type };
	bool closed;

	frame.id = def->kind == ZS_KIND_NOTE ? 0 : 1;
	frame.flags = def->kind == ZS_KIND_REPLY ? ZS_FRAME_REPLY : def->kind == ZS_KIND_PROGRESS ? ZS_FRAME_PROGRESS : 0;
	if (def->with_fd)
		send_raw_fds(fd, frame, zs_buf_slice(&data), &null, 1);
	else
		send_raw(fd, frame, zs_buf_slice(&data));
	run_ms(0);
	closed = front.closed > 0;
	assert_int_equal(front.handled, closed || type == ZS_MSG_CANCEL ? 0 : 1);
	if (closed) {
		assert_int_equal(front.why.code, ZS_E_PEER);
		if (!strstr(front.why.text, def->name) || !strstr(front.why.text, zs_role_name(sender)))
			fail_msg("unclear: %s", front.why.text);
	}
	zs_buf_done(&data);
	(void)close(fd);
	(void)close(null);
	zs_chan_free(front.chan);
	memset(&front, 0, sizeof(front));
	return closed;
}

static void test_role_table_closes_what_it_does_not_hold(void **state)
{
	unsigned allowed = 0;

	(void)state;
	for (uint32_t type = 1; type < ZS_MSG__COUNT; type++)
		for (int from = 0; from < ZS_ROLE__COUNT; from++)
			for (int to = 0; to < ZS_ROLE__COUNT; to++)
				for (int link = 0; link < 2; link++) {
					bool may = zs_msg_allowed(type, (enum zs_role)from, (enum zs_role)to, (enum zs_link)link);
					enum zs_msg_kind kind = zs_msg_def(type)->kind;
					/* A reply that nobody asked for is a rule break as well. */
					bool closes = !may || kind == ZS_KIND_REPLY || kind == ZS_KIND_PROGRESS;

					allowed += may;
					if (raw_closes(type, (enum zs_role)from, (enum zs_role)to, (enum zs_link)link) != closes)
						fail_msg("%s from %s to %s over %d", zs_msg_def(type)->name,
							 zs_role_name((enum zs_role)from), zs_role_name((enum zs_role)to), link);
				}
	assert_true(allowed >= ZS_MSG__COUNT - 1);
}

static void expect_break(int fd)
{
	run_ms(0);
	assert_int_equal(front.closed, 1);
	assert_int_equal(front.why.code, ZS_E_PEER);
	assert_int_equal(front.handled, 0);
	(void)close(fd);
	zs_chan_free(front.chan);
	memset(&front, 0, sizeof(front));
}

static void test_frame_that_breaks_a_rule_closes(void **state)
{
	static const struct zs_frame frames[] = {
		{ .type = 0 },							/* unknown */
		{ .type = 999 },
		{ .type = ZS_MSG_LOG_LEVEL, .id = 1 },				/* note with an id */
		{ .type = ZS_MSG_LOG_LEVEL, .flags = ZS_FRAME_REPLY },
		{ .type = ZS_MSG_VAULT_LIST },					/* request without */
		{ .type = ZS_MSG_VAULT_LIST, .id = 1, .flags = ZS_FRAME_REPLY },
		{ .type = ZS_MSG_VAULT_LIST, .id = 1, .flags = ZS_FRAME_REPLY | ZS_FRAME_PROGRESS },
		{ .type = ZS_MSG_VAULT_OPEN, .id = 1 },				/* wrong length */
	};
	struct zs_buf four = zeroes_of(ZS_MSG_LOG_LEVEL);

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(frames); i++) {
		int fd = connect_raw(ZS_ROLE_VAULT, ZS_ROLE_FRONT, ZS_LINK_FRONT);

		send_raw(fd, frames[i], zs_buf_slice(&four));
		expect_break(fd);
	}
	zs_buf_done(&four);
}

static void test_packet_that_is_no_frame_closes(void **state)
{
	int fd = connect_raw(ZS_ROLE_VAULT, ZS_ROLE_FRONT, ZS_LINK_FRONT);

	(void)state;
	assert_int_equal(send(fd, "GET / HTTP/1.0\r\n\r\n and more", 28, 0), 28);
	expect_break(fd);
}

static void test_request_with_an_open_id_closes(void **state)
{
	int fd = connect_raw(ZS_ROLE_VAULT, ZS_ROLE_FRONT, ZS_LINK_FRONT);
	struct zs_buf data = zeroes_of(ZS_MSG_VAULT_LIST);

	(void)state;
	send_raw(fd, (struct zs_frame){ .type = ZS_MSG_VAULT_LIST, .id = 7 }, zs_buf_slice(&data));
	run_ms(0);
	assert_int_equal(front.handled, 1);
	front.handled = 0;
	send_raw(fd, (struct zs_frame){ .type = ZS_MSG_VAULT_LIST, .id = 7 }, zs_buf_slice(&data));
	expect_break(fd);
	zs_buf_done(&data);
}

static void test_reply_of_another_type_closes(void **state)
{
	int fd = connect_raw(ZS_ROLE_FRONT, ZS_ROLE_VAULT, ZS_LINK_FRONT);
	struct zs_buf data = zeroes_of(ZS_MSG_VAULT_CERTIFICATES);
	struct outcome outcome = { 0 };
	uint32_t id = 0;

	(void)state;
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_VAULT_JOURNAL, NULL, -1, 0, on_reply, &outcome, &id), 0);
	send_raw(fd, (struct zs_frame){ .type = ZS_MSG_VAULT_CERTIFICATES, .id = id, .flags = ZS_FRAME_REPLY }, zs_buf_slice(&data));
	expect_break(fd);
	assert_int_equal(outcome.finals, 1);
	assert_int_equal(outcome.err.code, ZS_E_PEER);
	zs_buf_done(&data);
}

static void test_failure_without_a_reason_closes(void **state)
{
	int fd = connect_raw(ZS_ROLE_FRONT, ZS_ROLE_VAULT, ZS_LINK_FRONT);
	struct zs_buf data = zeroes_of(ZS_MSG_FAIL);
	struct outcome outcome = { 0 };
	uint32_t id = 0;

	(void)state;
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_VAULT_JOURNAL, NULL, -1, 0, on_reply, &outcome, &id), 0);
	send_raw(fd, (struct zs_frame){ .type = ZS_MSG_FAIL, .id = id, .flags = ZS_FRAME_REPLY }, zs_buf_slice(&data));
	expect_break(fd);
	assert_int_equal(outcome.finals, 1);
	zs_buf_done(&data);
}

/* ---- messages of several frames ---- */

static void keep_length(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	const struct zs_msg_engine_ca *ca = in->body;
	struct end *end = user;

	(void)chan;
	end->octets = ca->bundle.n;
	for (size_t i = 0; i < ca->bundle.n; i += 1009)
		assert_int_equal(ca->bundle.p[i], (uint8_t)(i * 7));
}

static void send_bundle(size_t n)
{
	uint8_t *bundle = malloc(n);
	struct zs_msg_engine_ca ca = { .name = zs_slice_str("ca"), .bundle = { bundle, n } };

	assert_non_null(bundle);
	for (size_t i = 0; i < n; i++)
		bundle[i] = (uint8_t)(i * 7);
	assert_int_equal(zs_chan_note(front.chan, ZS_MSG_ENGINE_CA, &ca, -1), 0);
	free(bundle);
}

static void test_message_of_many_frames_arrives_whole(void **state)
{
	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_ENGINE, ZS_LINK_FRONT);
	vault.then = keep_length;
	send_bundle(512 * 1024);
	run_until_handled(1);
	assert_int_equal(vault.octets, 512 * 1024);
	/* Around the border of one frame. */
	for (size_t n = ZS_FRAME_DATA - 40; n < ZS_FRAME_DATA - 20; n++) {
		send_bundle(n);
		run();
		assert_int_equal(vault.octets, n);
	}
}

static void test_notes_behind_a_large_message_keep_their_order(void **state)
{
	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_ENGINE, ZS_LINK_FRONT);
	send_bundle(500000);
	for (int i = 0; i < 200; i++)
		assert_int_equal(zs_chan_note(front.chan, ZS_MSG_LOG_LEVEL, NULL, -1), 0);
	assert_int_equal(zs_chan_note(front.chan, ZS_MSG_ENGINE_JOB_CANCEL, NULL, -1), 0);
	run_until_handled(202);
	assert_int_equal(vault.type, ZS_MSG_ENGINE_JOB_CANCEL);
}

static void test_frame_between_parts_of_another_message_closes(void **state)
{
	int fd = connect_raw(ZS_ROLE_ENGINE, ZS_ROLE_FRONT, ZS_LINK_FRONT);
	struct zs_buf data = zeroes_of(ZS_MSG_LOG_LEVEL);

	(void)state;
	send_raw(fd, (struct zs_frame){ .type = ZS_MSG_ENGINE_CA, .flags = ZS_FRAME_MORE }, zs_slice_str("part"));
	send_raw(fd, (struct zs_frame){ .type = ZS_MSG_LOG_LEVEL }, zs_buf_slice(&data));
	expect_break(fd);
	zs_buf_done(&data);
}

static void test_message_without_an_end_is_capped(void **state)
{
	static uint8_t part[ZS_FRAME_DATA];
	int fd = connect_raw(ZS_ROLE_ENGINE, ZS_ROLE_FRONT, ZS_LINK_FRONT);

	(void)state;
	for (int i = 0; i < 20 && !front.closed; i++) {
		send_raw(fd, (struct zs_frame){ .type = ZS_MSG_ENGINE_CA, .flags = ZS_FRAME_MORE }, zs_slice_of(part, sizeof(part)));
		run_ms(0);
	}
	expect_break(fd);
}

static void test_peer_that_does_not_read_is_given_up(void **state)
{
	int fd = connect_raw(ZS_ROLE_FRONT, ZS_ROLE_ENGINE, ZS_LINK_FRONT), rc = 0;
	uint8_t *bundle = calloc(1, 500000);
	struct zs_msg_engine_ca ca = { .bundle = { bundle, 500000 } };

	(void)state;
	for (int i = 0; i < 40 && !rc; i++)
		rc = zs_chan_note(front.chan, ZS_MSG_ENGINE_CA, &ca, -1);
	assert_int_equal(rc, -ZS_E_PEER);
	assert_int_equal(front.closed, 0);	/* only the loop says so */
	assert_false(zs_chan_open(front.chan));
	free(bundle);
	expect_break(fd);
}

static void test_flush_waits_until_all_has_left(void **state)
{
	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_ENGINE, ZS_LINK_FRONT);
	assert_int_equal(zs_chan_flush(front.chan, 0), 0);
	for (int i = 0; i < 4; i++)
		send_bundle(500000);
	assert_int_equal(zs_chan_flush(front.chan, 20), -ZS_E_PEER);
	run_until_handled(4);
	assert_int_equal(zs_chan_flush(front.chan, 0), 0);
	assert_int_equal(zs_chan_flush(NULL, 5), -ZS_E_PEER);
}

/* ---- descriptors ---- */

static void read_fd(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	char text[8] = "";

	(void)chan;
	((struct end *)user)->octets = (size_t)read(in->fd, text, sizeof(text) - 1);
	assert_string_equal(text, "hello");
}

static void test_descriptor_travels_and_is_closed_behind_the_handler(void **state)
{
	struct zs_msg_engine_link link = { .role = ZS_ROLE_PROBE };
	unsigned before;
	int fds[2];

	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_ENGINE, ZS_LINK_FRONT);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], "hello", 5), 5);
	before = open_fds();
	vault.then = read_fd;
	assert_int_equal(zs_chan_note(front.chan, ZS_MSG_ENGINE_LINK, &link, fds[0]), 0);
	run();
	assert_true(vault.had_fd);
	assert_int_equal(vault.octets, 5);
	assert_int_equal(open_fds(), before);
	assert_int_equal(zs_chan_note(front.chan, ZS_MSG_ENGINE_LINK, &link, -1), -ZS_E_BUG);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void test_descriptor_behind_a_full_queue_travels_too(void **state)
{
	struct zs_msg_engine_link link = { .role = ZS_ROLE_PROBE };
	unsigned before;

	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_ENGINE, ZS_LINK_FRONT);
	before = open_fds();
	send_bundle(512 * 1024);
	assert_int_equal(zs_chan_note(front.chan, ZS_MSG_ENGINE_LINK, &link, 0), 0);
	run_until_handled(2);
	assert_true(vault.had_fd);
	assert_int_equal(open_fds(), before);
}

static void test_secret_comes_with_or_without_a_descriptor(void **state)
{
	struct zs_msg_host_secret secret = { .name = zs_slice_str("token") };
	struct outcome outcome = { 0 };

	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_HOST, ZS_LINK_FRONT);
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_HOST_SECRET, &secret, 0, 0, on_reply, &outcome, NULL), 0);
	run();
	assert_true(vault.had_fd);
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_HOST_SECRET, &secret, -1, 0, on_reply, &outcome, NULL), 0);
	run();
	assert_false(vault.had_fd);
	assert_int_equal(vault.handled, 2);
}

static void test_descriptor_that_nobody_expects_closes(void **state)
{
	static const struct { uint32_t type; size_t n; } rows[] = {
		{ ZS_MSG_LOG_LEVEL, 1 }, { ZS_MSG_ENGINE_LINK, 0 }, { ZS_MSG_ENGINE_LINK, 2 }, { ZS_MSG_ENGINE_LINK, 12 },
	};
	const int fds[16] = { 0 };

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		unsigned before = open_fds();
		int fd = connect_raw(ZS_ROLE_ENGINE, ZS_ROLE_FRONT, ZS_LINK_FRONT);
		struct zs_buf data = zeroes_of(rows[i].type);
		struct zs_frame frame = { .type = (uint16_t)rows[i].type };

		if (rows[i].n)
			send_raw_fds(fd, frame, zs_buf_slice(&data), fds, rows[i].n);
		else
			send_raw(fd, frame, zs_buf_slice(&data));
		expect_break(fd);
		zs_buf_done(&data);
		assert_int_equal(open_fds(), before);
	}
}

/* ---- cancel, time, death ---- */

static void test_cancel_reaches_the_open_request_only(void **state)
{
	static const struct zs_msg_probe_walk walk;
	struct outcome outcome = { 0 };
	struct zs_err err;
	uint32_t id = 0, request;

	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_PROBE, ZS_LINK_FRONT);
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_PROBE_WALK, &walk, -1, 0, on_reply, &outcome, &id), 0);
	run();
	request = vault.id;
	zs_chan_cancel(front.chan, id);
	zs_chan_cancel(front.chan, id);
	run();
	assert_int_equal(vault.handled, 2);
	assert_int_equal(vault.type, ZS_MSG_CANCEL);
	zs_err_set(&err, ZS_E_CANCELLED, "cancelled");
	assert_int_equal(zs_chan_fail(vault.chan, request, &err), 0);
	run();
	assert_int_equal(outcome.finals, 0);
	assert_true(zs_chan_open(front.chan));
	/* The answer has closed it: a cancel that crossed it is not seen. */
	zs_chan_cancel(front.chan, id);
	run();
	assert_int_equal(vault.handled, 2);
}

static void cancel_then_peek(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	struct end *end = user;
	uint32_t id = in->id;

	if (in->type != ZS_MSG_HOST_CHECK)
		return;
	assert_false(zs_chan_peek_cancel(chan, id));
	zs_chan_cancel(front.chan, id);
	assert_false(zs_chan_peek_cancel(chan, id + 1));
	assert_true(zs_chan_peek_cancel(chan, id));
	assert_true(zs_chan_peek_cancel(chan, id));
	assert_int_equal(end->handled, 1);
	assert_int_equal(zs_chan_fail(chan, id, NULL), 0);
}

static void test_peek_sees_a_cancel_without_serving_it(void **state)
{
	static const struct zs_msg_host_check check;
	struct outcome outcome = { 0 };

	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_HOST, ZS_LINK_FRONT);
	vault.then = cancel_then_peek;
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_HOST_CHECK, &check, -1, 0, on_reply, &outcome, NULL), 0);
	run();
	assert_int_equal(vault.handled, 1);
	/* What was read ahead is served behind it. */
	assert_int_equal(zs_chan_note(front.chan, ZS_MSG_LOG_LEVEL, NULL, -1), 0);
	run();
	assert_int_equal(vault.handled, 2);
}

static void end_front_then_peek(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	(void)user;
	if (in->type != ZS_MSG_HOST_CHECK)
		return;
	assert_int_equal(zs_chan_note(front.chan, ZS_MSG_LOG_LEVEL, NULL, -1), 0);
	zs_chan_free(front.chan);
	front.chan = NULL;
	assert_true(zs_chan_peek_cancel(chan, in->id));
}

static void test_peek_sees_the_end_and_keeps_what_came_before(void **state)
{
	static const struct zs_msg_host_check check;

	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_HOST, ZS_LINK_FRONT);
	vault.then = end_front_then_peek;
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_HOST_CHECK, &check, -1, 0, NULL, NULL, NULL), 0);
	run();
	assert_int_equal(vault.handled, 2);
	assert_int_equal(vault.closed, 1);
	assert_int_equal(vault.why.code, ZS_OK);
}

static int64_t wall_ms(struct zs_clock *clock) { (void)clock; return 0; }
static uint64_t fake_now;
static uint64_t mono_ms(struct zs_clock *clock) { (void)clock; return fake_now; }
static uint32_t no_random(struct zs_clock *clock) { (void)clock; return 0; }
static int jump(struct pollfd *fds, size_t n, int timeout_ms, void *user)
{
	int rc = poll(fds, (nfds_t)n, 0);

	(void)user;
	if (rc == 0 && timeout_ms > 0)
		fake_now += (uint64_t)timeout_ms;
	return rc;
}

static void test_call_overdue_fails_and_a_late_answer_is_ignored(void **state)
{
	static struct zs_clock fake = { wall_ms, mono_ms, no_random };
	struct outcome outcome = { 0 };

	(void)state;
	zs_loop_free(loop);
	fake_now = 5000;
	loop = zs_loop_new(&fake);
	zs_loop_set_wait(loop, jump, NULL);
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_VAULT, ZS_LINK_FRONT);
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_VAULT_LIST, NULL, -1, 1000, on_reply, &outcome, NULL), 0);
	run_ms(2900);
	assert_int_equal(vault.deadline, 6000);
	assert_int_equal(outcome.finals, 0);
	run_ms(200);
	assert_int_equal(outcome.finals, 1);
	assert_int_equal(outcome.err.code, ZS_E_PEER);
	assert_int_equal(zs_chan_fail(vault.chan, vault.id, NULL), 0);
	run();
	assert_int_equal(outcome.finals, 1);
	assert_true(zs_chan_open(front.chan));
}

static void test_peer_death_fails_the_calls_then_closes(void **state)
{
	struct outcome outcomes[3] = { { 0 } };

	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_VAULT, ZS_LINK_FRONT);
	for (int i = 0; i < 3; i++)
		assert_int_equal(zs_chan_call(front.chan, ZS_MSG_VAULT_LIST, NULL, -1, 9000, on_reply, &outcomes[i], NULL), 0);
	/* Its last words come first, although it did not read ours. */
	assert_int_equal(zs_chan_note(vault.chan, ZS_MSG_LOG, &(struct zs_msg_log){ .level = 0 }, -1), 0);
	zs_chan_free(vault.chan);
	vault.chan = NULL;
	assert_int_equal(zs_chan_note(front.chan, ZS_MSG_LOG_LEVEL, NULL, -1), -ZS_E_PEER);
	assert_int_equal(front.closed, 0);
	run();
	assert_int_equal(front.handled, 1);
	assert_int_equal(front.closed, 1);
	assert_int_equal(front.why.code, ZS_OK);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(outcomes[i].finals, 1);
		assert_int_equal(outcomes[i].err.code, ZS_E_PEER);
	}
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_VAULT_LIST, NULL, -1, 0, on_reply, &outcomes[0], NULL), -ZS_E_PEER);
}

/* ---- freeing inside callbacks ---- */

static void free_it(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	(void)in;
	zs_chan_free(chan);
	((struct end *)user)->chan = NULL;
}

static void test_handler_may_free_the_channel(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_VAULT, ZS_LINK_FRONT);
	vault.then = free_it;
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_VAULT_LIST, NULL, -1, 0, on_reply, &outcome, NULL), 0);
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_VAULT_LIST, NULL, -1, 0, on_reply, &outcome, NULL), 0);
	run();
	assert_int_equal(vault.handled, 1);
	assert_int_equal(outcome.finals, 2);
	assert_int_equal(vault.closed, 0);
}

static void test_handler_may_free_the_channel_of_a_large_message(void **state)
{
	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_ENGINE, ZS_LINK_FRONT);
	vault.then = free_it;
	send_bundle(300000);
	run_until_handled(1);
}

static void free_in_reply(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	on_reply(chan, in, final, err, user);
	zs_chan_free(chan);
	front.chan = NULL;
}

static void test_reply_function_may_free_the_channel(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_VAULT, ZS_LINK_FRONT);
	vault.then = answer_fail;
	assert_int_equal(zs_chan_call(front.chan, ZS_MSG_VAULT_LIST, NULL, -1, 0, free_in_reply, &outcome, NULL), 0);
	run();
	assert_int_equal(outcome.finals, 1);
	assert_int_equal(vault.closed, 1);
}

static void test_reply_function_may_free_while_closing(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	connect_ends(ZS_ROLE_FRONT, ZS_ROLE_VAULT, ZS_LINK_FRONT);
	for (int i = 0; i < 2; i++)
		assert_int_equal(zs_chan_call(front.chan, ZS_MSG_VAULT_LIST, NULL, -1, 0, free_in_reply, &outcome, NULL), 0);
	zs_chan_free(vault.chan);
	vault.chan = NULL;
	run();
	/* The second one was dropped with the channel. */
	assert_int_equal(outcome.finals, 1);
	assert_int_equal(front.closed, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_call_answered_gives_the_reply),
		TEST(test_call_failed_gives_the_error_once),
		TEST(test_answer_of_another_type_is_a_bug_here),
		TEST(test_answer_that_breaks_a_cap_becomes_a_failure),
		TEST(test_progress_comes_before_the_end),
		TEST(test_send_what_the_table_forbids_is_a_bug),
		TEST(test_role_table_closes_what_it_does_not_hold),
		TEST(test_frame_that_breaks_a_rule_closes),
		TEST(test_packet_that_is_no_frame_closes),
		TEST(test_request_with_an_open_id_closes),
		TEST(test_reply_of_another_type_closes),
		TEST(test_failure_without_a_reason_closes),
		TEST(test_message_of_many_frames_arrives_whole),
		TEST(test_notes_behind_a_large_message_keep_their_order),
		TEST(test_frame_between_parts_of_another_message_closes),
		TEST(test_message_without_an_end_is_capped),
		TEST(test_peer_that_does_not_read_is_given_up),
		TEST(test_flush_waits_until_all_has_left),
		TEST(test_descriptor_travels_and_is_closed_behind_the_handler),
		TEST(test_descriptor_behind_a_full_queue_travels_too),
		TEST(test_secret_comes_with_or_without_a_descriptor),
		TEST(test_descriptor_that_nobody_expects_closes),
		TEST(test_cancel_reaches_the_open_request_only),
		TEST(test_peek_sees_a_cancel_without_serving_it),
		TEST(test_peek_sees_the_end_and_keeps_what_came_before),
		TEST(test_call_overdue_fails_and_a_late_answer_is_ignored),
		TEST(test_peer_death_fails_the_calls_then_closes),
		TEST(test_handler_may_free_the_channel),
		TEST(test_handler_may_free_the_channel_of_a_large_message),
		TEST(test_reply_function_may_free_the_channel),
		TEST(test_reply_function_may_free_while_closing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
