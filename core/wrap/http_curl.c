/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrap/http.h over libcurl's multi interface: HTTP/2 with many requests on one
 * connection.  Runs in the engine.  Knows nothing of ACME.
 *
 * Facts behind the options: PIPEWAIT lets requests wait for the first
 * connection's ALPN instead of opening more; one connection for each host holds
 * until a server turns out to speak HTTP/1.1 only; libcurl's own size limit
 * does not hold for chunked bodies, so the write callback enforces the cap.
 * libcurl silently sends a request again when a connection in use dies without an
 * answer; for a signed POST that would be a used nonce and perhaps a second order,
 * so the body comes from a callback that cannot be rewound.
 */
#include "wrap/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "wrap/curl_policy.h"
#include "wrap/roots.h"

enum {
	CONNECT_MS = 15 * 1000,
	HEADERS_MAX = 16 * 1024,
	STREAMS = 256,
	HTTP1_CONNECTIONS = 6,
	BUSY_POLL_MS = 10
};

struct zs_http {
	struct zs_loop *loop;
	CURLM *multi;
	char *user_agent;
	struct zs_http_call *calls;
	uint32_t connections, requests;
	bool http1;
};

/* Whether the directory was reached at an address nobody outside can reach. */
enum reach { REACH_UNKNOWN, REACH_PUBLIC, REACH_PRIVATE };

struct zs_http_peer {
	struct zs_http *http;
	char *name;
	char *proxy;
	struct zs_roots *roots;
	enum reach reach;
};

struct header {
	const char *name;
	size_t offset;		/* of the slice's place in struct spans */
};

struct span { size_t at, n; };

struct spans {
	struct span location, retry_after, replay_nonce, date, content_type;
	struct span links[ZS_HTTP_LINKS];
	size_t nlinks;
};

struct zs_http_call {
	struct zs_http_peer *peer;
	struct zs_http_call *next, **prev;
	CURL *easy;
	struct curl_slist *headers;
	struct zs_buf request, body, head;	/* head: kept header values, end to end */
	struct spans spans;
	size_t head_seen, request_read;
	bool too_large, head_too_large, private_refused;
	char curl_error[CURL_ERROR_SIZE];
	char *url;
	zs_http_done *done;
	void *user;
};

static const struct header kept[] = {
	{ "location", offsetof(struct spans, location) },
	{ "retry-after", offsetof(struct spans, retry_after) },
	{ "replay-nonce", offsetof(struct spans, replay_nonce) },
	{ "date", offsetof(struct spans, date) },
	{ "content-type", offsetof(struct spans, content_type) },
};

/* ---- callbacks of libcurl ---- */

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
	struct zs_http_call *call = user;

	zs_buf_add(&call->body, data, size * n);
	if (call->body.failed) {
		call->too_large = true;
		return 0;
	}
	return size * n;
}

static struct span keep(struct zs_http_call *call, struct zs_slice value)
{
	struct span span = { call->head.len, value.n };

	zs_buf_add_slice(&call->head, value);
	return call->head.failed ? (struct span){ 0, 0 } : span;
}

static void keep_header(struct zs_http_call *call, struct zs_slice name, struct zs_slice value)
{
	for (size_t i = 0; i < ZS_COUNT(kept); i++) {
		if (zs_slice_eq_nocase(name, kept[i].name)) {
			struct span *span = (struct span *)(void *)((char *)&call->spans + kept[i].offset);
			*span = keep(call, value);
			return;
		}
	}
	if (zs_slice_eq_nocase(name, "link") && call->spans.nlinks < ZS_HTTP_LINKS)
		call->spans.links[call->spans.nlinks++] = keep(call, value);
}

static size_t on_header(char *data, size_t size, size_t n, void *user)
{
	struct zs_http_call *call = user;
	struct zs_slice line = zs_slice_of(data, size * n);

	call->head_seen += line.n;
	if (call->head_seen > HEADERS_MAX) {
		call->head_too_large = true;
		return 0;
	}
	/* a new status line: what an interim response said does not count */
	if (zs_slice_starts(line, "HTTP/")) {
		call->spans = (struct spans){ 0 };
		return size * n;
	}
	struct zs_slice value = line;
	struct zs_slice name = zs_slice_cut(&value, ':');
	keep_header(call, zs_slice_trim(name), zs_slice_trim(value));
	return size * n;
}

/* What libcurl is to send, once. */
static size_t on_send(char *dst, size_t size, size_t n, void *user)
{
	struct zs_http_call *call = user;
	size_t left = call->request.len - call->request_read, take = left < size * n ? left : size * n;

	if (take)
		memcpy(dst, call->request.data + call->request_read, take);
	call->request_read += take;
	return take;
}

static int on_rewind(void *user, curl_off_t offset, int origin)
{
	(void)user;
	(void)offset;
	(void)origin;
	return CURL_SEEKFUNC_FAIL;
}

static bool is_private4(uint32_t a)
{
	return a >> 24 == 0 || a >> 24 == 10 || a >> 24 == 127 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 ||
	       a >> 16 == 0xa9fe || a >> 22 == 0x191;
}

static bool is_private6(const uint8_t *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (!memcmp(a, mapped, sizeof(mapped)))
		return is_private4((uint32_t)a[12] << 24 | (uint32_t)a[13] << 16 | (uint32_t)a[14] << 8 | a[15]);
	if ((a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80))
		return true;
	static const uint8_t loopback[16] = { [15] = 1 }, any[16];
	return !memcmp(a, loopback, 16) || !memcmp(a, any, 16);
}

static bool is_private(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return is_private4(ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr));
	if (sa->sa_family == AF_INET6)
		return is_private6(((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr.s6_addr);
	return true;
}

/* A public CA must not send us to addresses inside: only where the directory itself
 * was reached at a private address are private addresses allowed. */
static curl_socket_t on_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct zs_http_call *call = user;
	struct zs_http_peer *peer = call->peer;

	(void)purpose;
	if (!peer->proxy) {
		bool inside = is_private(&address->addr);

		if (peer->reach == REACH_UNKNOWN)
			peer->reach = inside ? REACH_PRIVATE : REACH_PUBLIC;
		if (inside && peer->reach == REACH_PUBLIC) {
			call->private_refused = true;
			return CURL_SOCKET_BAD;
		}
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static CURLcode on_tls(CURL *easy, void *ssl_ctx, void *user)
{
	struct zs_http_peer *peer = user;

	(void)easy;
	return zs_roots_use(peer->roots, ssl_ctx) ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

/* ---- calls ---- */

static void call_free(struct zs_http_call *call)
{
	if (!call)
		return;
	if (call->prev) {
		*call->prev = call->next;
		if (call->next)
			call->next->prev = call->prev;
	}
	if (call->easy) {
		curl_multi_remove_handle(call->peer->http->multi, call->easy);
		curl_easy_cleanup(call->easy);
	}
	curl_slist_free_all(call->headers);
	zs_buf_done(&call->request);
	zs_buf_done(&call->body);
	zs_buf_done(&call->head);
	free(call->url);
	free(call);
}

static bool add_header(struct zs_http_call *call, const char *name, const char *value)
{
	struct zs_buf line = ZS_BUF(512);

	zs_buf_addf(&line, "%s: %s", name, value);
	struct curl_slist *list = line.failed ? NULL : curl_slist_append(call->headers, zs_buf_str(&line));
	zs_buf_done(&line);
	if (list)
		call->headers = list;
	return list != NULL;
}

/* The policy, and many requests on one connection. */
static CURLcode set_policy(CURL *easy, const struct zs_http_peer *peer)
{
	const struct { CURLoption option; long value; } longs[] = {
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS },
		{ CURLOPT_PIPEWAIT, 1 },
		{ CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS },
	};
	CURLcode rc = (CURLcode)zs_curl_policy(easy, "https", peer->proxy);

	for (size_t i = 0; i < ZS_COUNT(longs) && !rc; i++)
		rc = curl_easy_setopt(easy, longs[i].option, longs[i].value);
	return rc;
}

static CURLcode set_callbacks(struct zs_http_call *call)
{
	const struct { CURLoption option; void *value; } pointers[] = {
		{ CURLOPT_WRITEDATA, call },
		{ CURLOPT_HEADERDATA, call },
		{ CURLOPT_OPENSOCKETDATA, call },
		{ CURLOPT_SSL_CTX_DATA, call->peer },
		{ CURLOPT_ERRORBUFFER, call->curl_error },
		{ CURLOPT_PRIVATE, call },
	};
	CURLcode rc = curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_body);

	if (!rc)
		rc = curl_easy_setopt(call->easy, CURLOPT_HEADERFUNCTION, on_header);
	if (!rc)
		rc = curl_easy_setopt(call->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	if (!rc)
		rc = curl_easy_setopt(call->easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
	for (size_t i = 0; i < ZS_COUNT(pointers) && !rc; i++)
		rc = curl_easy_setopt(call->easy, pointers[i].option, pointers[i].value);
	return rc;
}

/* The body stays in call->request, where on_send reads it. */
static CURLcode set_post(struct zs_http_call *call, struct zs_slice body)
{
	CURLcode rc;

	zs_buf_add_slice(&call->request, body);
	if (call->request.failed || !add_header(call, "Content-Type", "application/jose+json") ||
	    !add_header(call, "Expect", ""))
		return CURLE_OUT_OF_MEMORY;
	rc = curl_easy_setopt(call->easy, CURLOPT_POST, 1L);
	if (!rc)
		rc = curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE, (long)call->request.len);
	if (!rc)
		rc = curl_easy_setopt(call->easy, CURLOPT_READFUNCTION, on_send);
	if (!rc)
		rc = curl_easy_setopt(call->easy, CURLOPT_READDATA, call);
	if (!rc)
		rc = curl_easy_setopt(call->easy, CURLOPT_SEEKFUNCTION, on_rewind);
	return rc;
}

static CURLcode set_request(struct zs_http_call *call, const struct zs_http_request *request)
{
	CURL *e = call->easy;
	CURLcode rc = CURLE_OK;

	if (request->accept && !add_header(call, "Accept", request->accept))
		return CURLE_OUT_OF_MEMORY;
	if (request->method == ZS_HTTP_POST)
		rc = set_post(call, request->body);
	else if (request->method == ZS_HTTP_HEAD)
		rc = curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	if (!rc)
		rc = curl_easy_setopt(e, CURLOPT_URL, request->url);
	if (!rc)
		rc = curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	if (!rc)
		rc = curl_easy_setopt(e, CURLOPT_USERAGENT, call->peer->http->user_agent);
	if (!rc && call->headers)
		rc = curl_easy_setopt(e, CURLOPT_HTTPHEADER, call->headers);
	return rc;
}

static struct zs_http_call *call_new(struct zs_http_peer *peer, const struct zs_http_request *request)
{
	struct zs_http_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->peer = peer;
	zs_buf_init(&call->body, request->max_body ? request->max_body : ZS_MAX_BODY);
	zs_buf_init(&call->head, HEADERS_MAX);
	zs_buf_init(&call->request, ZS_MAX_BODY);
	call->url = strdup(request->url);
	call->easy = curl_easy_init();
	if (!call->url || !call->easy) {
		call_free(call);
		return NULL;
	}
	return call;
}

struct zs_http_call *zs_http_send(struct zs_http_peer *peer, const struct zs_http_request *request,
				  zs_http_done *done, void *user, struct zs_err *err)
{
	struct zs_http *http = peer->http;
	struct zs_http_call *call = call_new(peer, request);
	CURLcode rc;

	if (!call) {
		zs_err_set(err, ZS_E_NOMEM, "no memory for a request");
		return NULL;
	}
	if ((rc = set_policy(call->easy, peer)) || (rc = set_callbacks(call)) || (rc = set_request(call, request)) ||
	    curl_multi_add_handle(http->multi, call->easy)) {
		zs_err_set(err, rc == CURLE_OUT_OF_MEMORY ? ZS_E_NOMEM : ZS_E_BUG, "cannot prepare a request: %s",
			   curl_easy_strerror(rc));
		call_free(call);
		return NULL;
	}
	call->done = done;
	call->user = user;
	call->next = http->calls;
	call->prev = &http->calls;
	if (call->next)
		call->next->prev = &call->next;
	http->calls = call;
	http->requests++;
	return call;
}

void zs_http_cancel(struct zs_http_call *call)
{
	call_free(call);
}

/* ---- results ---- */

static struct zs_slice span_slice(const struct zs_http_call *call, struct span span)
{
	return span.n ? zs_slice_of(call->head.data + span.at, span.n) : ZS_SLICE_NONE;
}

static void fill_reply(const struct zs_http_call *call, struct zs_http_reply *reply)
{
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	reply->status = (int)status;
	reply->body = zs_buf_slice(&call->body);
	reply->location = span_slice(call, call->spans.location);
	reply->retry_after = span_slice(call, call->spans.retry_after);
	reply->replay_nonce = span_slice(call, call->spans.replay_nonce);
	reply->date = span_slice(call, call->spans.date);
	reply->content_type = span_slice(call, call->spans.content_type);
	reply->nlinks = call->spans.nlinks;
	for (size_t i = 0; i < reply->nlinks; i++)
		reply->links[i] = span_slice(call, call->spans.links[i]);
}

static const struct { CURLcode code; const char *why; const char *hint; } reasons[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, "the host name does not resolve", "check resolv.conf and the CA's directory URL" },
	{ CURLE_COULDNT_CONNECT, "no connection", "is the CA up, and does a firewall let this machine out to it?" },
	{ CURLE_OPERATION_TIMEDOUT, "no answer in time", "is a firewall or proxy in the way? see [ca] proxy" },
	{ CURLE_PEER_FAILED_VERIFICATION, "the server's certificate is not trusted",
	  "name the CA's root with ca-bundle (--ca-bundle FILE)" },
	{ CURLE_SSL_CONNECT_ERROR, "the TLS handshake failed", "is this an https URL, and does the server speak TLS 1.2 or newer?" },
	{ CURLE_SEND_FAIL_REWIND, "the connection ended before the answer came", "" },
	{ CURLE_UNSUPPORTED_PROTOCOL, "this is not an answer in HTTP", "is this the URL of an ACME directory?" },
};

/* libcurl calls a header line beyond its own 100 KiB "out of memory". */
static void fill_cap(const struct zs_http_call *call, struct zs_err *err)
{
	if (call->too_large)
		zs_err_set(err, ZS_E_CA_PROTOCOL, "the answer is larger than %zu octets", call->body.max);
	else if (call->private_refused)
		zs_err_set(err, ZS_E_CA_PROTOCOL, "the host resolves to a private address, but the directory does not");
	else
		zs_err_set(err, ZS_E_CA_PROTOCOL, "the answer's header is larger than %d octets", HEADERS_MAX);
}

static void fill_error(struct zs_http_call *call, CURLcode code, struct zs_err *err)
{
	const char *why = curl_easy_strerror(code), *hint = "";

	for (size_t i = 0; i < ZS_COUNT(reasons); i++) {
		if (reasons[i].code == code) {
			why = reasons[i].why;
			hint = reasons[i].hint;
		}
	}
	if (call->too_large || call->private_refused || call->head_too_large || code == CURLE_OUT_OF_MEMORY)
		fill_cap(call, err);
	else if (code == CURLE_SEND_FAIL_REWIND || !*call->curl_error)
		zs_err_set(err, ZS_E_NETWORK, "%s", why);
	else
		zs_err_set(err, ZS_E_NETWORK, "%s (%s)", why, call->curl_error);
	zs_err_where(err, "%s", call->url);
	zs_err_subject(err, "%s", call->peer->name);
	if (*hint)
		zs_err_hint(err, "%s", hint);
}

static enum zs_http_fate fate_of(CURLcode code)
{
	static const CURLcode before[] = { CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT,
					   CURLE_SSL_CONNECT_ERROR, CURLE_URL_MALFORMAT };

	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return ZS_HTTP_HOPELESS;
	for (size_t i = 0; i < ZS_COUNT(before); i++)
		if (before[i] == code)
			return ZS_HTTP_UNSENT;
	return ZS_HTTP_SENT;
}

static void note_connection(struct zs_http *http, CURL *easy)
{
	long connects = 0, version = 0;

	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
	http->connections += (uint32_t)connects;
	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	if (!http->http1 && (version == CURL_HTTP_VERSION_1_1 || version == CURL_HTTP_VERSION_1_0)) {
		http->http1 = true;
		curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)HTTP1_CONNECTIONS);
	}
}

static void finish(struct zs_http *http, CURL *easy, CURLcode code)
{
	struct zs_http_call *call = NULL;
	struct zs_http_reply reply = { 0 };
	struct zs_err err;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
	note_connection(http, easy);
	if (code == CURLE_OK) {
		fill_reply(call, &reply);
		call->done(&reply, NULL, ZS_HTTP_SENT, call->user);
	} else {
		fill_error(call, code, &err);
		call->done(NULL, &err, fate_of(code), call->user);
	}
	call_free(call);
}

/* ---- the loop's hooks ---- */

static int before_wait(void *user)
{
	struct zs_http *http = user;
	int running = 0, left;
	bool again;

	/* Callbacks add requests, and a finished stream can wait for the next perform:
	 * go on until a round brings nothing. */
	do {
		again = false;
		curl_multi_perform(http->multi, &running);
		for (CURLMsg *msg; (msg = curl_multi_info_read(http->multi, &left));) {
			if (msg->msg == CURLMSG_DONE) {
				finish(http, msg->easy_handle, msg->data.result);
				again = true;
			}
		}
	} while (again);
	return running ? BUSY_POLL_MS : -1;
}

static int wait_poll(struct pollfd *fds, size_t n, int timeout_ms, void *user)
{
	struct zs_http *http = user;
	struct curl_waitfd extra[64];
	int ready = 0;

	if (n > ZS_COUNT(extra) || !http->calls)
		return poll(fds, (nfds_t)n, timeout_ms);
	for (size_t i = 0; i < n; i++)
		extra[i] = (struct curl_waitfd){
			.fd = fds[i].fd,
			.events = (short)((fds[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) |
					  (fds[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0)),
		};
	if (curl_multi_poll(http->multi, extra, (unsigned)n, timeout_ms < 0 ? 1000 : timeout_ms, &ready))
		return -1;
	/* curl folds HUP and ERR away: ask the kernel for what our descriptors really say */
	return poll(fds, (nfds_t)n, 0);
}

struct zs_http *zs_http_new(struct zs_loop *loop, const char *user_agent)
{
	struct zs_http *http = calloc(1, sizeof(*http));

	if (!http || curl_global_init(CURL_GLOBAL_DEFAULT)) {
		free(http);
		return NULL;
	}
	http->loop = loop;
	http->multi = curl_multi_init();
	if (asprintf(&http->user_agent, "%s libcurl/%s", user_agent, curl_version_info(CURLVERSION_NOW)->version) < 0)
		http->user_agent = NULL;
	if (!http->multi || !http->user_agent) {
		zs_http_free(http);
		return NULL;
	}
	curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
	curl_multi_setopt(http->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)STREAMS);
	zs_loop_set_before(loop, before_wait, http);
	zs_loop_set_wait(loop, wait_poll, http);
	return http;
}

void zs_http_free(struct zs_http *http)
{
	if (!http)
		return;
	while (http->calls)
		call_free(http->calls);
	if (http->multi)
		curl_multi_cleanup(http->multi);
	free(http->user_agent);
	free(http);
	curl_global_cleanup();
}

uint32_t zs_http_connections(const struct zs_http *http)
{
	return http->connections;
}

uint32_t zs_http_requests(const struct zs_http *http)
{
	return http->requests;
}

struct zs_http_peer *zs_http_peer_new(struct zs_http *http, const struct zs_http_peer_spec *spec, struct zs_err *err)
{
	struct zs_http_peer *peer = calloc(1, sizeof(*peer));

	if (!peer) {
		zs_err_set(err, ZS_E_NOMEM, "no memory for CA %s", spec->name);
		return NULL;
	}
	peer->http = http;
	peer->name = strdup(spec->name);
	peer->proxy = spec->proxy && *spec->proxy ? strdup(spec->proxy) : NULL;
	peer->roots = zs_roots_new(spec->bundle, err);
	if (!peer->name || !peer->roots || (spec->proxy && *spec->proxy && !peer->proxy)) {
		zs_http_peer_free(peer);
		return NULL;
	}
	return peer;
}

/* Their owners are not told: they end as well. */
static void cancel_calls(const struct zs_http_peer *peer)
{
	struct zs_http_call *next;

	for (struct zs_http_call *call = peer->http->calls; call; call = next) {
		next = call->next;
		if (call->peer == peer)
			call_free(call);
	}
}

void zs_http_peer_free(struct zs_http_peer *peer)
{
	if (!peer)
		return;
	cancel_calls(peer);
	zs_roots_free(peer->roots);
	free(peer->proxy);
	free(peer->name);
	free(peer);
}
