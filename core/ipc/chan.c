/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels: sends and receives messages in frames, matches replies to requests,
 * and refuses what the table of proto.c does not allow.  A peer that breaks a
 * rule loses its channel before any handler sees the message.  Starts and kills
 * no process.  Every process.
 */
#include "ipc/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/frame.h"

enum {
	MAX_QUEUE = 8 * 1024 * 1024,	/* octets that wait for a peer that does not read */
	MAX_BACKLOG = 4 * 1024 * 1024,	/* octets read ahead by zs_chan_peek_cancel */
	MAX_OPEN = 65536,		/* requests of a peer that wait for their answer */
	PACKETS_PER_TURN = 64,
	GRACE_MS = 2000,		/* past the deadline of a call */
	SOCKET_BUFFER = 256 * 1024,
	MAX_FDS = 4,			/* looked for in one packet; one is allowed */
	NAME_SIZE = 160
};

struct packet {
	struct packet *next;
	int fd;				/* travels with it, -1 = none */
	bool bad;			/* more descriptors than one */
	size_t len;
	uint8_t data[];
};

struct queue {
	struct packet *first, *last;
	size_t bytes;
};

/* A request of ours that waits for its answer. */
struct call {
	struct call *next;
	struct zs_chan *chan;
	uint32_t id, type;
	uint64_t timeout_ms;
	zs_chan_reply_fn *fn;		/* NULL: nobody wants the answer any more */
	void *user;
	struct zs_timer *timer;
};

/* A request of the peer that we have not answered. */
struct asked { uint32_t id, type; };

/* A message of which the last frame is still to come. */
struct partial {
	bool active;
	struct zs_frame head;
	struct zs_buf data;
	int fd;
};

struct zs_chan {
	struct zs_loop *loop;
	int fd;
	enum zs_role self, peer;
	enum zs_link link;
	char name[NAME_SIZE];
	zs_chan_handler *handler;
	zs_chan_closed *closed;
	void *user;

	struct queue out, backlog;
	struct zs_timer *backlog_timer;
	bool write_broken;		/* the peer reads no more; what it sent is still served */
	bool ended;			/* nothing will come any more */
	bool closing;			/* why is set; the loop finishes it */
	struct zs_err why;

	struct partial partial;
	struct call *calls, **calls_end;
	ZS_VEC(struct asked) asked;
	uint32_t next_id;
	uint8_t *rx;			/* one packet */

	unsigned busy;			/* callbacks running */
	bool freed;			/* by one of them */
};

/* ---- queues ---- */

static void drop_packet(struct packet *packet)
{
	if (packet->fd >= 0)
		(void)close(packet->fd);
	zs_wipe(packet->data, packet->len);
	free(packet);
}

static struct packet *shift(struct queue *queue)
{
	struct packet *packet = queue->first;

	if (!packet)
		return NULL;
	queue->first = packet->next;
	if (!queue->first)
		queue->last = NULL;
	queue->bytes -= packet->len;
	return packet;
}

static void push(struct queue *queue, struct packet *packet)
{
	packet->next = NULL;
	if (queue->last)
		queue->last->next = packet;
	else
		queue->first = packet;
	queue->last = packet;
	queue->bytes += packet->len;
}

static void drop_queue(struct queue *queue)
{
	struct packet *packet;

	while ((packet = shift(queue)) != NULL)
		drop_packet(packet);
}

static struct packet *new_packet(size_t len)
{
	struct packet *packet = malloc(sizeof(*packet) + len);

	if (packet)
		*packet = (struct packet){ .fd = -1, .len = len };
	return packet;
}

/* ---- life ---- */

static void on_ready(int fd, short revents, void *user);

static void watch(struct zs_chan *chan)
{
	short events = POLLIN;

	if (chan->out.first || chan->backlog.first)
		events |= POLLOUT;
	if (chan->fd >= 0)
		(void)zs_loop_fd(chan->loop, chan->fd, events, on_ready, chan);
}

static bool prepare_fd(int fd)
{
	int flags = fcntl(fd, F_GETFL), size = SOCKET_BUFFER;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

struct zs_chan *zs_chan_new(struct zs_loop *loop, const struct zs_chan_spec *spec)
{
	struct zs_chan *chan = calloc(1, sizeof(*chan));
	uint8_t *rx = malloc(ZS_MAX_FRAME + 1);

	if (!chan || !rx || !prepare_fd(spec->fd) || zs_loop_fd(loop, spec->fd, POLLIN, on_ready, chan)) {
		free(chan);
		free(rx);
		(void)close(spec->fd);
		return NULL;
	}
	chan->loop = loop;
	chan->rx = rx;
	chan->fd = spec->fd;
	chan->self = spec->self;
	chan->peer = spec->peer;
	chan->link = spec->link;
	chan->handler = spec->handler;
	chan->closed = spec->closed;
	chan->user = spec->user;
	chan->calls_end = &chan->calls;
	chan->partial.fd = -1;
	zs_buf_init_secret(&chan->partial.data, ZS_MAX_MESSAGE);
	zs_slice_copy(zs_slice_str(spec->peer_name ? spec->peer_name : zs_role_name(spec->peer)), chan->name, NAME_SIZE);
	return chan;
}

static void reset_partial(struct zs_chan *chan)
{
	if (chan->partial.fd >= 0)
		(void)close(chan->partial.fd);
	chan->partial.fd = -1;
	chan->partial.active = false;
	zs_buf_done(&chan->partial.data);
}

/* Takes the descriptor out of the world; the struct stays. */
static void let_go(struct zs_chan *chan)
{
	if (chan->fd >= 0) {
		zs_loop_fd_remove(chan->loop, chan->fd);
		(void)close(chan->fd);
	}
	chan->fd = -1;
	zs_loop_timer_cancel(chan->loop, chan->backlog_timer);
	chan->backlog_timer = NULL;
	drop_queue(&chan->out);
	drop_queue(&chan->backlog);
	reset_partial(chan);
}

static struct call *take_call(struct zs_chan *chan, struct call **at)
{
	struct call *call = *at;

	*at = call->next;
	if (!*at)
		chan->calls_end = at;
	zs_loop_timer_cancel(chan->loop, call->timer);
	call->timer = NULL;
	return call;
}

static void destroy(struct zs_chan *chan)
{
	zs_vec_done(&chan->asked);
	free(chan->rx);
	free(chan);
}

void zs_chan_free(struct zs_chan *chan)
{
	if (!chan || chan->freed)
		return;
	chan->freed = true;
	let_go(chan);
	while (chan->calls)
		free(take_call(chan, &chan->calls));
	if (!chan->busy)
		destroy(chan);
}

static void enter(struct zs_chan *chan)
{
	chan->busy++;
}

/* False when a callback freed the channel: it must not be touched again. */
static bool leave(struct zs_chan *chan)
{
	bool freed = chan->freed;

	if (--chan->busy == 0 && freed)
		destroy(chan);
	return !freed;
}

bool zs_chan_open(const struct zs_chan *chan)
{
	return chan && chan->fd >= 0 && !chan->closing && !chan->write_broken && !chan->freed;
}

const char *zs_chan_peer_name(const struct zs_chan *chan)
{
	return chan->name;
}

/* ---- closing ---- */

/* The shutdown makes the descriptor ready, so that the loop finishes what began here. */
static void begin_close(struct zs_chan *chan, const struct zs_err *why)
{
	if (chan->closing || chan->fd < 0)
		return;
	chan->closing = true;
	if (why)
		chan->why = *why;
	(void)shutdown(chan->fd, SHUT_RDWR);
}

static void ZS_PRINTF(3, 4) break_rule(struct zs_chan *chan, enum zs_code code, const char *fmt, ...)
{
	struct zs_buf text = ZS_BUF(1024);
	struct zs_err why;
	va_list ap;

	va_start(ap, fmt);
	zs_buf_vaddf(&text, fmt, ap);
	va_end(ap);
	zs_err_set(&why, code, "%s: %s", chan->name, zs_buf_str(&text));
	zs_err_subject(&why, "%s", chan->name);
	zs_buf_done(&text);
	begin_close(chan, &why);
}

static void fail_calls(struct zs_chan *chan, const struct zs_err *err)
{
	while (!chan->freed && chan->calls) {
		struct call *call = take_call(chan, &chan->calls);
		struct call copy = *call;

		free(call);
		if (copy.fn)
			copy.fn(chan, NULL, true, err, copy.user);
	}
}

/* Nothing comes any more: whoever waits is told why. */
static void give_up_calls(struct zs_chan *chan)
{
	struct zs_err err = chan->why;

	if (!err.code) {
		zs_err_set(&err, ZS_E_PEER, "%s ended", chan->name);
		zs_err_subject(&err, "%s", chan->name);
	}
	let_go(chan);
	fail_calls(chan, &err);
}

void zs_chan_abort(struct zs_chan *chan)
{
	if (!chan || chan->freed)
		return;
	enter(chan);
	give_up_calls(chan);
	zs_chan_free(chan);
	(void)leave(chan);
}

static void finish_close(struct zs_chan *chan)
{
	struct zs_err err;

	enter(chan);
	give_up_calls(chan);
	err = chan->why;
	if (!chan->freed && chan->closed)
		chan->closed(chan, &err, chan->user);
	(void)leave(chan);
}

/* ---- sending ---- */

struct parcel {
	struct zs_slice head, data;
	int fd;
};

static void attach_fd(struct msghdr *msg, void *control, size_t size, int fd)
{
	struct cmsghdr *cmsg;

	memset(control, 0, size);
	msg->msg_control = control;
	msg->msg_controllen = CMSG_SPACE(sizeof(int));
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
}

/* 0 or errno. */
static int send_parcel(int fd, const struct parcel *parcel)
{
	struct iovec iov[2] = {
		{ .iov_base = (void *)(uintptr_t)parcel->head.p, .iov_len = parcel->head.n },
		{ .iov_base = (void *)(uintptr_t)parcel->data.p, .iov_len = parcel->data.n },
	};
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } control;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = parcel->data.n ? 2 : 1 };
	ssize_t n;

	if (parcel->fd >= 0)
		attach_fd(&msg, &control, sizeof(control), parcel->fd);
	do
		n = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? errno : 0;
}

static bool must_wait(int errnum)
{
	return errnum == EAGAIN || errnum == EWOULDBLOCK || errnum == ENOBUFS || errnum == ENOMEM;
}

/* The peer is gone or the socket is of no use: what it sent before is still read. */
static void write_failed(struct zs_chan *chan, int errnum)
{
	drop_queue(&chan->out);
	if (errnum == EPIPE || errnum == ECONNRESET || errnum == ENOTCONN)
		chan->write_broken = true;
	else
		break_rule(chan, ZS_E_PEER, "cannot be written to: %s", strerror(errnum));
}

static int keep(struct zs_chan *chan, const struct parcel *parcel)
{
	struct packet *packet = new_packet(parcel->head.n + parcel->data.n);

	if (!packet)
		return -ZS_E_NOMEM;
	memcpy(packet->data, parcel->head.p, parcel->head.n);
	if (parcel->data.n)
		memcpy(packet->data + parcel->head.n, parcel->data.p, parcel->data.n);
	if (parcel->fd >= 0) {
		packet->fd = fcntl(parcel->fd, F_DUPFD_CLOEXEC, 10);
		if (packet->fd < 0) {
			drop_packet(packet);
			return -ZS_E_NOMEM;
		}
	}
	push(&chan->out, packet);
	watch(chan);
	return 0;
}

static int send_frame(struct zs_chan *chan, const struct parcel *parcel)
{
	int errnum = chan->out.first ? EAGAIN : send_parcel(chan->fd, parcel);

	if (must_wait(errnum))
		return keep(chan, parcel);
	if (errnum)
		write_failed(chan, errnum);
	return errnum ? -ZS_E_PEER : 0;
}

/* Cuts a message into frames; nothing else is sent between them. */
static int send_chunks(struct zs_chan *chan, struct zs_frame frame, struct zs_slice data, int fd)
{
	uint16_t flags = frame.flags;
	int rc;

	do {
		size_t n = data.n < ZS_FRAME_DATA ? data.n : (size_t)ZS_FRAME_DATA;
		uint8_t head[ZS_FRAME_HEADER];
		struct parcel parcel = { zs_slice_of(head, sizeof(head)), zs_slice_of(data.p, n), fd };

		data = n ? zs_slice_of(data.p + n, data.n - n) : data;
		frame.length = (uint32_t)n;
		frame.flags = (uint16_t)(flags | (data.n ? ZS_FRAME_MORE : 0));
		zs_frame_write(&frame, head);
		rc = send_frame(chan, &parcel);
		fd = -1;
	} while (!rc && data.n);
	/* Half a message cannot be taken back. */
	if (rc && rc != -ZS_E_PEER)
		break_rule(chan, ZS_E_NOMEM, "no memory for a message to it");
	return rc;
}

/* The log itself travels as messages: they are not traced. */
static void trace(const struct zs_chan *chan, const char *arrow, const struct zs_msg_def *def, size_t octets)
{
	if (def != zs_msg_def(ZS_MSG_LOG))
		zs_trace("", "%s %s %s, %zu octets", arrow, chan->name, def->name, octets);
}

static int refuse_to_send(const struct zs_chan *chan, uint32_t type, const char *why)
{
	const struct zs_msg_def *def = zs_msg_def(type);

	if (type != ZS_MSG_LOG)
		zs_error("", "cannot send %s to %s: %s", def ? def->name : "an unknown message", chan->name, why);
	return -ZS_E_BUG;
}

static bool fd_fits(const struct zs_msg_def *def, bool has_fd)
{
	return def->with_fd == has_fd || (def->fd_optional && !has_fd);
}

static int send_message(struct zs_chan *chan, struct zs_frame frame, const void *body, int fd)
{
	/* for any message of scalars and lists without items */
	static const uint64_t empty[16];
	const struct zs_msg_def *def = zs_msg_def(frame.type);
	struct zs_buf data = ZS_BUF_SECRET(ZS_MAX_MESSAGE);
	struct zs_err err;
	int rc;

	if (!zs_msg_allowed(frame.type, chan->self, chan->peer, chan->link) || !fd_fits(def, fd >= 0))
		return refuse_to_send(chan, frame.type, "the table of messages does not allow it");
	if (!zs_chan_open(chan))
		return -ZS_E_PEER;
	if (!body && def->shape->size > sizeof(empty))
		return refuse_to_send(chan, frame.type, "it has no body");
	rc = zs_msg_encode(def->shape, body ? body : empty, &data, &err);
	if (rc) {
		rc = refuse_to_send(chan, frame.type, err.text);
	} else if (chan->out.bytes + data.len > MAX_QUEUE) {
		break_rule(chan, ZS_E_PEER, "does not read what it is sent");
		rc = -ZS_E_PEER;
	} else {
		trace(chan, "to", def, data.len);
		rc = send_chunks(chan, frame, zs_buf_slice(&data), fd);
	}
	zs_buf_done(&data);
	return rc;
}

static void write_queue(struct zs_chan *chan)
{
	while (chan->out.first) {
		struct packet *packet = chan->out.first;
		struct parcel parcel = { zs_slice_of(packet->data, packet->len), ZS_SLICE_NONE, packet->fd };
		int errnum = send_parcel(chan->fd, &parcel);

		if (must_wait(errnum))
			return;
		if (errnum) {
			write_failed(chan, errnum);
			return;
		}
		drop_packet(shift(&chan->out));
	}
}

static bool is_kind(uint32_t type, enum zs_msg_kind kind)
{
	const struct zs_msg_def *def = zs_msg_def(type);

	return def && def->kind == kind;
}

int zs_chan_note(struct zs_chan *chan, uint32_t type, const void *body, int fd)
{
	if (!is_kind(type, ZS_KIND_NOTE))
		return refuse_to_send(chan, type, "it is not a note");
	return send_message(chan, (struct zs_frame){ .type = (uint16_t)type }, body, fd);
}

/* ---- calls ---- */

static struct call **find_call(struct zs_chan *chan, uint32_t id)
{
	struct call **at = &chan->calls;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

/* The answer may still come, so the id stays known. */
static void on_overdue(void *user)
{
	struct call *call = user;
	struct zs_chan *chan = call->chan;
	zs_chan_reply_fn *fn = call->fn;
	struct zs_err err;

	call->timer = NULL;
	call->fn = NULL;
	zs_err_set(&err, ZS_E_PEER, "%s did not answer %s within %llu ms", chan->name, zs_msg_def(call->type)->name,
		   (unsigned long long)call->timeout_ms);
	zs_err_subject(&err, "%s", chan->name);
	enter(chan);
	if (fn)
		fn(chan, NULL, true, &err, call->user);
	(void)leave(chan);
}

static struct call *new_call(struct zs_chan *chan, uint32_t type, uint64_t timeout_ms)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->chan = chan;
	call->type = type;
	call->timeout_ms = timeout_ms;
	do
		call->id = ++chan->next_id;
	while (!call->id || *find_call(chan, call->id));
	if (!timeout_ms)
		return call;
	call->timer = zs_loop_timer(chan->loop, timeout_ms < UINT64_MAX - GRACE_MS ? timeout_ms + GRACE_MS : UINT64_MAX,
				    on_overdue, call);
	if (!call->timer) {
		free(call);
		return NULL;
	}
	return call;
}

int zs_chan_call(struct zs_chan *chan, uint32_t type, const void *body, int fd, uint64_t timeout_ms,
		 zs_chan_reply_fn *fn, void *user, uint32_t *ret_id)
{
	struct zs_frame frame = { .type = (uint16_t)type };
	struct call *call;
	int rc;

	if (!is_kind(type, ZS_KIND_REQUEST))
		return refuse_to_send(chan, type, "it is not a request");
	call = new_call(chan, type, timeout_ms);
	if (!call)
		return -ZS_E_NOMEM;
	call->fn = fn;
	call->user = user;
	frame.id = call->id;
	frame.left_ms = timeout_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)timeout_ms;
	rc = send_message(chan, frame, body, fd);
	if (rc) {
		zs_loop_timer_cancel(chan->loop, call->timer);
		free(call);
		return rc;
	}
	*chan->calls_end = call;
	chan->calls_end = &call->next;
	if (ret_id)
		*ret_id = call->id;
	return 0;
}

void zs_chan_cancel(struct zs_chan *chan, uint32_t id)
{
	struct call *call = chan ? *find_call(chan, id) : NULL;
	struct zs_msg_cancel cancel = { .request = id };

	if (!call || !call->fn)
		return;
	zs_loop_timer_cancel(chan->loop, call->timer);
	call->timer = NULL;
	call->fn = NULL;
	(void)zs_chan_note(chan, ZS_MSG_CANCEL, &cancel, -1);
}

/* ---- answers ---- */

static struct asked *find_asked(struct zs_chan *chan, uint32_t id)
{
	for (size_t i = 0; i < chan->asked.n; i++)
		if (chan->asked.items[i].id == id)
			return &chan->asked.items[i];
	return NULL;
}

static int answer(struct zs_chan *chan, struct asked *asked, uint32_t type, const void *body, int fd)
{
	struct zs_frame frame = { .type = (uint16_t)type, .flags = ZS_FRAME_REPLY, .id = asked->id };
	int rc = send_message(chan, frame, body, fd);

	if (rc != -ZS_E_BUG)
		zs_vec_remove(&chan->asked, (size_t)(asked - chan->asked.items));
	return rc;
}

int zs_chan_reply_fd(struct zs_chan *chan, uint32_t id, uint32_t type, const void *body, int fd)
{
	struct asked *asked = find_asked(chan, id);
	struct zs_msg_fail fail;
	int rc;

	if (!asked)
		return refuse_to_send(chan, type, "that request is not open (answered twice?)");
	if (type != ZS_MSG_FAIL && type != zs_msg_def(asked->type)->reply)
		return refuse_to_send(chan, type, "it does not answer that request");
	rc = answer(chan, asked, type, body, fd);
	if (rc != -ZS_E_BUG || type == ZS_MSG_FAIL)
		return rc;
	/* Not answering would leave the peer waiting for ever. */
	zs_err_set(&fail.err, ZS_E_BUG, "the answer %s cannot be sent", zs_msg_def(type)->name);
	(void)answer(chan, asked, ZS_MSG_FAIL, &fail, -1);
	return rc;
}

int zs_chan_reply(struct zs_chan *chan, uint32_t id, uint32_t type, const void *body)
{
	return zs_chan_reply_fd(chan, id, type, body, -1);
}

int zs_chan_ok(struct zs_chan *chan, uint32_t id)
{
	return zs_chan_reply(chan, id, ZS_MSG_OK, NULL);
}

int zs_chan_fail(struct zs_chan *chan, uint32_t id, const struct zs_err *err)
{
	struct zs_msg_fail fail;

	if (err && err->code > ZS_OK && err->code < ZS_E__COUNT)
		fail.err = *err;
	else
		zs_err_set(&fail.err, ZS_E_BUG, "%s failed without a reason", zs_role_name(chan->self));
	return zs_chan_reply(chan, id, ZS_MSG_FAIL, &fail);
}

int zs_chan_progress(struct zs_chan *chan, uint32_t id, uint32_t type, const void *body)
{
	struct asked *asked = find_asked(chan, id);

	if (!asked || zs_msg_def(asked->type)->progress != type)
		return refuse_to_send(chan, type, "it is not progress of that request");
	return send_message(chan, (struct zs_frame){ .type = (uint16_t)type, .flags = ZS_FRAME_PROGRESS, .id = id }, body, -1);
}

/* ---- what a peer may send now ---- */

static bool expected_request(struct zs_chan *chan, const struct zs_frame *frame)
{
	return frame->flags == 0 && frame->id && !find_asked(chan, frame->id) && chan->asked.n < MAX_OPEN;
}

static bool expected_reply(struct zs_chan *chan, const struct zs_frame *frame)
{
	const struct call *call = *find_call(chan, frame->id);

	return frame->flags == ZS_FRAME_REPLY && call &&
	       (frame->type == ZS_MSG_FAIL || frame->type == zs_msg_def(call->type)->reply);
}

static bool expected_progress(struct zs_chan *chan, const struct zs_frame *frame)
{
	const struct call *call = *find_call(chan, frame->id);

	return frame->flags == ZS_FRAME_PROGRESS && call && frame->type == zs_msg_def(call->type)->progress;
}

static bool expected_note(struct zs_chan *chan, const struct zs_frame *frame)
{
	(void)chan;
	return frame->flags == 0 && frame->id == 0;
}

typedef void deliver_fn(struct zs_chan *chan, struct zs_incoming *in);
static deliver_fn deliver_request, deliver_reply, deliver_progress, deliver_note;

static const struct kind {
	const char *name;
	bool (*expected)(struct zs_chan *chan, const struct zs_frame *frame);
	deliver_fn *deliver;
} kinds[] = {
	[ZS_KIND_REQUEST] = { "request", expected_request, deliver_request },
	[ZS_KIND_REPLY] = { "reply", expected_reply, deliver_reply },
	[ZS_KIND_PROGRESS] = { "progress", expected_progress, deliver_progress },
	[ZS_KIND_NOTE] = { "note", expected_note, deliver_note },
};

/* Looks at the first frame of a message, before anything of it is kept. */
static bool may_begin(struct zs_chan *chan, const struct zs_frame *frame, bool has_fd)
{
	const struct zs_msg_def *def = zs_msg_def(frame->type);
	struct zs_frame whole = *frame;

	whole.flags &= (uint16_t)~ZS_FRAME_MORE;
	if (!def)
		break_rule(chan, ZS_E_PEER, "unknown message %u", frame->type);
	else if (!zs_msg_allowed(frame->type, chan->peer, chan->self, chan->link))
		break_rule(chan, ZS_E_PEER, "message %s, which %s may not send to %s", def->name, zs_role_name(chan->peer),
			   zs_role_name(chan->self));
	else if (!fd_fits(def, has_fd))
		break_rule(chan, ZS_E_PEER, "message %s %s a descriptor", def->name, has_fd ? "with" : "without");
	else if (!kinds[def->kind].expected(chan, &whole))
		break_rule(chan, ZS_E_PEER, "message %s as an unexpected %s (flags %u, id %u)", def->name,
			   kinds[def->kind].name, frame->flags, frame->id);
	return !chan->closing;
}

/* ---- delivering ---- */

static void deliver_note(struct zs_chan *chan, struct zs_incoming *in)
{
	const struct zs_msg_cancel *cancel = in->body;

	/* It may have crossed our answer. */
	if (in->type == ZS_MSG_CANCEL && !find_asked(chan, cancel->request))
		return;
	if (chan->handler)
		chan->handler(chan, in, chan->user);
}

static void deliver_request(struct zs_chan *chan, struct zs_incoming *in)
{
	struct asked *asked = zs_vec_push(&chan->asked, MAX_OPEN);

	if (!asked) {
		break_rule(chan, ZS_E_NOMEM, "no memory for its request");
		return;
	}
	*asked = (struct asked){ .id = in->id, .type = in->type };
	if (chan->handler)
		chan->handler(chan, in, chan->user);
	else
		(void)zs_chan_fail(chan, in->id, NULL);
}

static void deliver_reply(struct zs_chan *chan, struct zs_incoming *in)
{
	const struct zs_msg_fail *fail = in->type == ZS_MSG_FAIL ? in->body : NULL;
	struct call *call, copy;
	struct zs_err none;

	if (fail && !fail->err.code) {
		break_rule(chan, ZS_E_PEER, "FAIL without a reason");
		return;
	}
	call = take_call(chan, find_call(chan, in->id));
	copy = *call;
	free(call);
	zs_err_clear(&none);
	if (copy.fn)
		copy.fn(chan, fail ? NULL : in, true, fail ? &fail->err : &none, copy.user);
}

static void deliver_progress(struct zs_chan *chan, struct zs_incoming *in)
{
	const struct call *call = *find_call(chan, in->id);
	struct zs_err none;

	zs_err_clear(&none);
	if (call->fn)
		call->fn(chan, in, false, &none, call->user);
}

static uint64_t deadline(struct zs_chan *chan, const struct zs_frame *frame)
{
	struct zs_clock *clock = zs_loop_clock(chan->loop);

	return frame->left_ms ? clock->mono_ms(clock) + frame->left_ms : 0;
}

/* A whole message. Owns fd. */
static void deliver(struct zs_chan *chan, const struct zs_frame *frame, struct zs_slice data, int fd)
{
	const struct zs_msg_def *def = zs_msg_def(frame->type);
	struct zs_incoming in = { .type = frame->type, .id = frame->id, .fd = fd };
	struct zs_arena arena;
	struct zs_err err;
	void *body;
	int rc;

	trace(chan, "from", def, data.n);
	zs_arena_init(&arena, ZS_MAX_DECODED);
	body = zs_arena_alloc(&arena, def->shape->size);
	rc = body ? zs_msg_decode(def->shape, data, body, &arena, &err) : zs_err_set(&err, ZS_E_NOMEM, "no memory for %s", def->name);
	if (rc) {
		break_rule(chan, err.code, "%s", err.text);
	} else {
		in.body = body;
		in.deadline_ms = deadline(chan, frame);
		kinds[def->kind].deliver(chan, &in);
	}
	if (in.fd >= 0)
		(void)close(in.fd);
	zs_arena_done(&arena);
}

static bool continues(const struct partial *partial, const struct zs_frame *frame, int fd)
{
	uint16_t differs = (uint16_t)((partial->head.flags ^ frame->flags) & ~ZS_FRAME_MORE);

	return frame->type == partial->head.type && frame->id == partial->head.id && !differs && fd < 0;
}

/* The message is complete: its storage moves out, since a handler may free the channel. */
static void finish_partial(struct zs_chan *chan)
{
	struct partial whole = chan->partial;

	zs_buf_init_secret(&chan->partial.data, ZS_MAX_MESSAGE);
	chan->partial.active = false;
	chan->partial.fd = -1;
	deliver(chan, &whole.head, zs_buf_slice(&whole.data), whole.fd);
	zs_buf_done(&whole.data);
}

static void add_part(struct zs_chan *chan, const struct zs_frame *frame, struct zs_slice data)
{
	zs_buf_add_slice(&chan->partial.data, data);
	if (chan->partial.data.failed)
		break_rule(chan, ZS_E_PEER, "message %s larger than %d octets", zs_msg_def(frame->type)->name, ZS_MAX_MESSAGE);
	else if (!(frame->flags & ZS_FRAME_MORE))
		finish_partial(chan);
}

/* One frame that has passed its own checks. Owns fd. */
static void take_frame(struct zs_chan *chan, const struct zs_frame *frame, struct zs_slice data, int fd)
{
	if (chan->partial.active) {
		if (continues(&chan->partial, frame, fd)) {
			add_part(chan, frame, data);
			return;
		}
		break_rule(chan, ZS_E_PEER, "a frame in the middle of another message");
	} else if (may_begin(chan, frame, fd >= 0)) {
		if (!(frame->flags & ZS_FRAME_MORE)) {
			deliver(chan, frame, data, fd);
			return;
		}
		chan->partial.active = true;
		chan->partial.head = *frame;
		chan->partial.fd = fd;
		add_part(chan, frame, data);
		return;
	}
	if (fd >= 0)
		(void)close(fd);
}

/* ---- receiving ---- */

struct received {
	uint8_t *data;
	size_t len;
	int fd;
	bool bad;		/* more than one descriptor, or more than a frame */
};

static void collect_fds(struct msghdr *msg, struct received *ret)
{
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
			if (ret->fd < 0 && n == 1) {
				ret->fd = fd;
				continue;
			}
			(void)close(fd);
			ret->bad = true;
		}
	}
}

/* 1 = a packet, 0 = the end, -errno. */
static int receive(int fd, uint8_t *buf, struct received *ret)
{
	struct iovec iov = { .iov_base = buf, .iov_len = ZS_MAX_FRAME + 1 };
	union { struct cmsghdr align; char room[CMSG_SPACE(MAX_FDS * sizeof(int))]; } control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t n;

	/* A peer that died with unread data gives ECONNRESET once, before what it sent. */
	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return -errno;
	*ret = (struct received){ .data = buf, .len = (size_t)n, .fd = -1 };
	ret->bad = (msg.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0 || n > ZS_MAX_FRAME;
	collect_fds(&msg, ret);
	return n > 0 || ret->fd >= 0 || ret->bad ? 1 : 0;
}

static void take_packet(struct zs_chan *chan, const struct received *got)
{
	struct zs_frame frame;
	struct zs_err err;

	if (got->bad)
		break_rule(chan, ZS_E_PEER, "a packet with more than a frame may have");
	else if (zs_frame_read(zs_slice_of(got->data, got->len), &frame, &err))
		break_rule(chan, err.code, "%s", err.text);
	if (!chan->closing)
		take_frame(chan, &frame, zs_slice_of(got->data + ZS_FRAME_HEADER, frame.length), got->fd);
	else if (got->fd >= 0)
		(void)close(got->fd);
}

static void serve_backlog(struct zs_chan *chan, struct packet *packet)
{
	struct received got = { packet->data, packet->len, packet->fd, packet->bad };

	packet->fd = -1;
	take_packet(chan, &got);
	drop_packet(packet);
}

/* False when there is nothing more to do in this turn. */
static bool serve_one(struct zs_chan *chan)
{
	struct packet *packet = shift(&chan->backlog);
	struct received got;
	int rc;

	if (packet) {
		serve_backlog(chan, packet);
		return true;
	}
	rc = chan->ended ? 0 : receive(chan->fd, chan->rx, &got);
	if (rc > 0) {
		take_packet(chan, &got);
		zs_wipe(chan->rx, got.len);
		return true;
	}
	if (rc == 0)
		begin_close(chan, NULL);
	else if (rc != -EAGAIN && rc != -EWOULDBLOCK)
		break_rule(chan, ZS_E_PEER, "cannot be read from: %s", strerror(-rc));
	return false;
}

static void serve(struct zs_chan *chan)
{
	enter(chan);
	for (int i = 0; i < PACKETS_PER_TURN; i++)
		if (chan->closing || chan->freed || !serve_one(chan))
			break;
	if (!leave(chan))
		return;
	if (chan->closing)
		finish_close(chan);
	else
		watch(chan);
}

static void on_ready(int fd, short revents, void *user)
{
	struct zs_chan *chan = user;

	(void)fd;
	if (!chan->closing && (revents & POLLOUT))
		write_queue(chan);
	serve(chan);
}

/* ---- for processes that block ---- */

int zs_chan_flush(struct zs_chan *chan, int timeout_ms)
{
	struct zs_clock *clock = zs_clock_system();
	uint64_t start = clock->mono_ms(clock);

	while (zs_chan_open(chan) && chan->out.first) {
		uint64_t gone = clock->mono_ms(clock) - start;
		struct pollfd ready = { .fd = chan->fd, .events = POLLOUT };

		if (timeout_ms >= 0 && gone >= (uint64_t)timeout_ms)
			break;
		if (poll(&ready, 1, timeout_ms < 0 ? -1 : timeout_ms - (int)gone) < 0 && errno != EINTR)
			break;
		write_queue(chan);
	}
	return zs_chan_open(chan) && !chan->out.first ? 0 : -ZS_E_PEER;
}

static void on_backlog(void *user)
{
	struct zs_chan *chan = user;

	chan->backlog_timer = NULL;
	serve(chan);
	/* What is left of a long one is served while the descriptor is writable. */
}

static bool keep_packet(struct zs_chan *chan, const struct received *got)
{
	struct packet *packet = new_packet(got->len);

	if (!packet)
		return false;
	memcpy(packet->data, got->data, got->len);
	packet->fd = got->fd;
	packet->bad = got->bad;
	push(&chan->backlog, packet);
	return true;
}

/* Moves what has arrived into the backlog, to be served by the loop later. */
static void read_ahead(struct zs_chan *chan)
{
	uint8_t *buf = malloc(ZS_MAX_FRAME + 1);
	struct received got;
	int rc = 1;

	while (buf && rc > 0 && chan->backlog.bytes < MAX_BACKLOG) {
		rc = receive(chan->fd, buf, &got);
		if (rc > 0 && !keep_packet(chan, &got)) {
			if (got.fd >= 0)
				(void)close(got.fd);
			break_rule(chan, ZS_E_NOMEM, "no memory for its message");
			break;
		}
		if (rc > 0)
			zs_wipe(buf, got.len);
	}
	chan->ended = chan->ended || rc == 0;
	free(buf);
}

static bool is_cancel(const struct packet *packet, uint32_t id)
{
	const uint8_t *p = packet->data + ZS_FRAME_HEADER;
	struct zs_frame frame;

	return !packet->bad && !zs_frame_read(zs_slice_of(packet->data, packet->len), &frame, NULL) &&
	       frame.type == ZS_MSG_CANCEL && frame.length == 4 &&
	       (p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24) == id;
}

bool zs_chan_peek_cancel(struct zs_chan *chan, uint32_t id)
{
	if (!zs_chan_open(chan))
		return true;
	if (!chan->ended)
		read_ahead(chan);
	if ((chan->backlog.first || chan->ended) && !chan->backlog_timer)
		chan->backlog_timer = zs_loop_timer(chan->loop, 0, on_backlog, chan);
	watch(chan);
	for (const struct packet *packet = chan->backlog.first; packet; packet = packet->next)
		if (is_cancel(packet, id))
			return true;
	return chan->ended || chan->closing;
}
