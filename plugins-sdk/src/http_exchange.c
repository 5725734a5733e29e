/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One exchange over libcurl, HTTP/1.1 on a connection that is kept: requests of one
 * plugin follow one another, and what a request has done is easier to tell without
 * streams.  The multi interface is used for its poll, so that a cancelled call ends
 * within a tenth of a second.
 *
 * libcurl silently sends a request again when a kept connection dies without an
 * answer.  A body comes from a callback that cannot be rewound, which turns that
 * into an error; a request without body that must not be repeated gets a connection
 * of its own.
 */
#include "http_parts.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wrap/curl_policy.h"
#include "wrap/roots.h"

enum { POLL_MS = 100, FRESH_SECONDS = 5, KEPT_SECONDS = 60 };

struct exchange {
	struct zsp_http *http;
	CURL *easy;
	struct curl_slist *headers;
	struct zs_slice body;		/* what is left to send */
	size_t head_seen;
	bool sent;			/* libcurl began to send */
	bool too_large, head_too_large, address_refused, cancelled;
	bool has_type;			/* a content type among the headers */
	char curl_error[CURL_ERROR_SIZE];
};

/* ---- callbacks of libcurl ---- */

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
	struct exchange *x = user;

	zs_buf_add(&x->http->body, data, size * n);
	x->too_large = x->http->body.failed;
	return x->too_large ? 0 : size * n;
}

/* Each with a NUL behind it; what has one inside is no field. */
static void keep_field(struct zs_buf *head, struct zs_slice field)
{
	if (field.n && !memchr(field.p, 0, field.n)) {
		zs_buf_add_slice(head, field);
		zs_buf_add_byte(head, 0);
	}
}

static size_t on_header(char *data, size_t size, size_t n, void *user)
{
	struct exchange *x = user;
	struct zs_slice line = zs_slice_of(data, size * n);

	x->head_seen += line.n;
	/* a new status line: what an interim response said does not count */
	if (zs_slice_starts(line, "HTTP/"))
		zs_buf_clear(&x->http->head);
	else if (line.n && *line.p != ' ' && *line.p != '\t')
		keep_field(&x->http->head, zs_slice_trim(line));
	x->head_too_large = x->head_seen > ZSP_HEADERS_MAX || x->http->head.failed;
	return x->head_too_large ? 0 : size * n;
}

/* What libcurl is to send, once. */
static size_t on_send(char *dst, size_t size, size_t n, void *user)
{
	struct exchange *x = user;
	size_t take = x->body.n < size * n ? x->body.n : size * n;

	if (take) {
		memcpy(dst, x->body.p, take);
		x->body = zs_slice_of(x->body.p + take, x->body.n - take);
	}
	return take;
}

static int on_rewind(void *user, curl_off_t offset, int origin)
{
	(void)user;
	(void)offset;
	(void)origin;
	return CURL_SEEKFUNC_FAIL;
}

static int on_request(void *user, char *to, char *from, int to_port, int from_port)
{
	struct exchange *x = user;

	(void)to;
	(void)from;
	(void)to_port;
	(void)from_port;
	x->sent = true;
	return CURL_PREREQFUNC_OK;
}

static bool is_loopback(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr) >> 24 == 127;
	return sa->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}

/* The name alone proves nothing: what it resolves to is what gets the credential. */
static curl_socket_t on_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct exchange *x = user;
	const struct zsp_http *http = x->http;

	(void)purpose;
	if (http->is_plain && http->spec.plain != ZSP_PLAIN_ALWAYS && !is_loopback(&address->addr)) {
		x->address_refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static CURLcode on_tls(CURL *easy, void *ssl_ctx, void *user)
{
	struct exchange *x = user;

	(void)easy;
	return zs_roots_use(x->http->roots, ssl_ctx) ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

/* ---- headers ---- */

static bool add_line(struct exchange *x, const char *line)
{
	struct curl_slist *list = curl_slist_append(x->headers, line);

	if (list)
		x->headers = list;
	return list != NULL;
}

/* libcurl takes "Name:" for "none such" and "Name;" for an empty one. */
static bool add_header(struct exchange *x, const struct zsp_http_header *header)
{
	struct zs_buf line = ZS_BUF_SECRET(ZSP_HEADERS_MAX);
	bool good;

	if (zs_slice_eq_nocase(slice_of(header->name), "content-type"))
		x->has_type = true;
	zs_buf_add_slice(&line, slice_of(header->name));
	zs_buf_add_str(&line, header->value.n ? ": " : ";");
	zs_buf_add_slice(&line, slice_of(header->value));
	good = !line.failed && add_line(x, zs_buf_str(&line));
	zs_buf_done(&line);
	return good;
}

static bool add_headers(struct exchange *x, const struct zsp_http_header *headers, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!add_header(x, &headers[i]))
			return false;
	return true;
}

static bool add_always(struct exchange *x)
{
	for (size_t i = 0; i < x->http->always.n; i++) {
		const struct zs_buf *kept = &x->http->always.items[i];
		const struct zsp_http_header header = { zsp_strz(zs_buf_str(kept)), str_of(zsp_http_always_value(kept)) };

		if (!add_header(x, &header))
			return false;
	}
	return true;
}

static bool add_type(struct exchange *x, const struct zsp_http_request *request)
{
	static const struct zsp_str json = ZSP_STR("application/json");
	struct zsp_http_header header = { ZSP_STR("Content-Type"), request->content_type };

	if (!request->body.p)
		return add_line(x, "Content-Type:");
	if (!header.value.n)
		header.value = json;
	return zsp_http_header_ok(&header) && add_header(x, &header);
}

static void drop_headers(struct exchange *x)
{
	for (struct curl_slist *i = x->headers; i; i = i->next)
		zs_wipe(i->data, strlen(i->data));
	curl_slist_free_all(x->headers);
}

/* ---- options ---- */

static CURLcode set_callbacks(struct exchange *x)
{
	const struct { CURLoption option; void *value; } pointers[] = {
		{ CURLOPT_WRITEDATA, x },
		{ CURLOPT_HEADERDATA, x },
		{ CURLOPT_READDATA, x },
		{ CURLOPT_OPENSOCKETDATA, x },
		{ CURLOPT_PREREQDATA, x },
		{ CURLOPT_SSL_CTX_DATA, x },
		{ CURLOPT_ERRORBUFFER, x->curl_error },
	};
	CURLcode rc = curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_body);

	if (!rc)
		rc = curl_easy_setopt(x->easy, CURLOPT_HEADERFUNCTION, on_header);
	if (!rc)
		rc = curl_easy_setopt(x->easy, CURLOPT_READFUNCTION, on_send);
	if (!rc)
		rc = curl_easy_setopt(x->easy, CURLOPT_SEEKFUNCTION, on_rewind);
	if (!rc)
		rc = curl_easy_setopt(x->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	if (!rc)
		rc = curl_easy_setopt(x->easy, CURLOPT_PREREQFUNCTION, on_request);
	if (!rc && !x->http->is_plain)
		rc = curl_easy_setopt(x->easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
	for (size_t i = 0; i < ZS_COUNT(pointers) && !rc; i++)
		rc = curl_easy_setopt(x->easy, pointers[i].option, pointers[i].value);
	return rc;
}

static long at_most(int64_t ms, int64_t most)
{
	return (long)(ms < most ? ms : most);
}

static CURLcode set_limits(struct exchange *x, const struct zsp_http_request *request)
{
	const struct zsp_http *http = x->http;
	int64_t left = http->host->deadline_left_ms(http->host);
	bool alone = request->once && !request->body.p;
	const struct { CURLoption option; long value; } longs[] = {
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
		{ CURLOPT_TIMEOUT_MS, at_most(http->spec.timeout_ms, left > 0 ? left : 1) },
		{ CURLOPT_CONNECTTIMEOUT_MS, at_most(http->spec.connect_ms, left > 0 ? left : 1) },
		{ CURLOPT_FRESH_CONNECT, alone },
		{ CURLOPT_MAXAGE_CONN, request->once ? FRESH_SECONDS : KEPT_SECONDS },
#if LIBCURL_VERSION_NUM >= 0x075700
		/* a name server that says nothing must not keep us beyond the deadline */
		{ CURLOPT_QUICK_EXIT, 1 },
#endif
	};
	CURLcode rc = CURLE_OK;

	for (size_t i = 0; i < ZS_COUNT(longs) && !rc; i++)
		rc = curl_easy_setopt(x->easy, longs[i].option, longs[i].value);
	return rc;
}

static CURLcode set_method(struct exchange *x, const struct zsp_http_request *request)
{
	bool posts = request->body.p || (strcmp(request->method, "GET") && strcmp(request->method, "DELETE"));
	CURLcode rc = CURLE_OK;

	if (posts)
		rc = curl_easy_setopt(x->easy, CURLOPT_POST, 1L);
	if (posts && !rc)
		rc = curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE, (long)request->body.n);
	if (!rc && (!posts || strcmp(request->method, "POST")))
		rc = curl_easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST, request->method);
	x->body = slice_of(request->body);
	return rc;
}

static CURLcode set_all(struct exchange *x, const struct zsp_http_request *request)
{
	struct zsp_http *http = x->http;
	CURLcode rc = (CURLcode)zs_curl_policy(x->easy, http->is_plain ? "http" : "https", http->proxy);

	if (!rc)
		rc = set_callbacks(x);
	if (!rc)
		rc = set_limits(x, request);
	if (!rc)
		rc = set_method(x, request);
	if (!rc)
		rc = curl_easy_setopt(x->easy, CURLOPT_URL, zs_buf_str(&http->url));
	if (!rc)
		rc = curl_easy_setopt(x->easy, CURLOPT_USERAGENT, "zoneseal/" ZS_VERSION);
	if (!rc)
		rc = curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
	return rc;
}

/* ---- how it ended ---- */

/* The next attempt would end like this. */
enum { AGAIN = 0, HOPELESS = 1 };

static const struct { CURLcode code; const char *why, *hint; int hopeless; } reasons[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, "the host name does not resolve", "", AGAIN },
	{ CURLE_COULDNT_RESOLVE_PROXY, "the proxy's name does not resolve", "; see option proxy", AGAIN },
	{ CURLE_COULDNT_CONNECT, "no connection", "", AGAIN },
	{ CURLE_OPERATION_TIMEDOUT, "no answer in time", "", AGAIN },
	{ CURLE_PEER_FAILED_VERIFICATION, "the server's certificate is not trusted", "; name its root with ca-file",
	  HOPELESS },
	{ CURLE_SSL_CONNECT_ERROR, "the TLS handshake failed", "", AGAIN },
	{ CURLE_SEND_FAIL_REWIND, "the connection ended before the answer came", "", AGAIN },
	{ CURLE_GOT_NOTHING, "the connection ended before the answer came", "", AGAIN },
	{ CURLE_RECV_ERROR, "the connection ended before the answer came", "", AGAIN },
	{ CURLE_SEND_ERROR, "the connection ended before the answer came", "", AGAIN },
	{ CURLE_PARTIAL_FILE, "the answer ends in its middle", "", AGAIN },
	{ CURLE_UNSUPPORTED_PROTOCOL, "this is not an answer in HTTP", "", AGAIN },
	{ CURLE_WEIRD_SERVER_REPLY, "this is not an answer in HTTP", "", AGAIN },
};

static const char *own_reason(const struct exchange *x)
{
	if (x->cancelled)
		return "the call was cancelled, or its deadline has passed";
	if (x->address_refused)
		return "the name resolves to another machine, and http:// does only for this one; use https://";
	if (x->too_large)
		return "the answer is too large";
	if (x->head_too_large)
		return "the header of the answer is too large";
	return NULL;
}

static void explain(struct exchange *x, CURLcode code, struct zsp_outcome *outcome)
{
	const char *why = curl_easy_strerror(code), *hint = "", *own = own_reason(x);

	for (size_t i = 0; i < ZS_COUNT(reasons); i++) {
		if (reasons[i].code == code) {
			why = reasons[i].why;
			hint = reasons[i].hint;
			outcome->hopeless = reasons[i].hopeless;
		}
	}
	outcome->error_class = outcome->hopeless || x->address_refused ? ZSP_CONFIG : ZSP_TRANSIENT;
	/* what was too large would be so again, and costs its whole transfer each time */
	outcome->hopeless = outcome->hopeless || x->address_refused || x->cancelled || x->too_large ||
			    x->head_too_large;
	outcome->too_large = x->too_large;
	if (own)
		zsp_http_reason(x->http, "%s", own);
	else if (code == CURLE_SEND_FAIL_REWIND || !*x->curl_error)
		zsp_http_reason(x->http, "%s%s", why, hint);
	else
		zsp_http_reason(x->http, "%s (%s)%s", why, x->curl_error, hint);
}

static struct zsp_outcome outcome_of(struct exchange *x, CURLcode code)
{
	struct zsp_outcome outcome = { .maybe_sent = x->sent };
	long status = 0;

	if (code == CURLE_OK)
		curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	outcome.status = (int32_t)status;
	if (outcome.status)
		return outcome;
	zs_buf_clear(&x->http->head);
	zs_buf_clear(&x->http->body);
	explain(x, code ? code : CURLE_WEIRD_SERVER_REPLY, &outcome);
	return outcome;
}

/* ---- doing it ---- */

static bool is_done(CURLM *multi, CURLcode *ret)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(multi, &left))) {
		if (msg->msg == CURLMSG_DONE) {
			*ret = msg->data.result;
			return true;
		}
	}
	return false;
}

static CURLcode perform(struct exchange *x)
{
	const struct zsp_host *host = x->http->host;
	CURLM *multi = x->http->multi;
	CURLcode rc = CURLE_FAILED_INIT;
	int running = 0;

	if (curl_multi_add_handle(multi, x->easy))
		return CURLE_FAILED_INIT;
	while (!x->cancelled) {
		if (curl_multi_perform(multi, &running) || is_done(multi, &rc))
			break;
		x->cancelled = host->cancelled(host) != 0;
		if (!x->cancelled)
			(void)curl_multi_poll(multi, NULL, 0, POLL_MS, NULL);
	}
	curl_multi_remove_handle(multi, x->easy);
	return x->cancelled ? CURLE_ABORTED_BY_CALLBACK : rc;
}

struct zsp_outcome zsp_http_exchange(struct zsp_http *http, const struct zsp_http_request *request,
				     const struct zsp_http_header *signed_headers, uint32_t nsigned)
{
	struct exchange x = { .http = http, .easy = curl_easy_init() };
	struct zsp_outcome outcome = { .error_class = ZSP_BUG, .hopeless = true };
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	zs_buf_clear(&http->head);
	zs_buf_clear(&http->body);
	if (x.easy && add_always(&x) && add_headers(&x, request->headers, request->nheaders) &&
	    add_headers(&x, signed_headers, nsigned) && (x.has_type || add_type(&x, request)) &&
	    add_line(&x, "Expect:"))
		rc = set_all(&x, request);
	if (rc)
		zsp_http_reason(http, "the request cannot be prepared: %s", curl_easy_strerror(rc));
	else
		outcome = outcome_of(&x, perform(&x));
	curl_easy_cleanup(x.easy);
	drop_headers(&x);
	return outcome;
}

bool zsp_http_curl_begin(struct zsp_http *http)
{
	http->has_global = !curl_global_init(CURL_GLOBAL_DEFAULT);
	if (!http->has_global)
		return false;
	http->multi = curl_multi_init();
	if (http->multi)
		curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, 1L);
	return http->multi != NULL;
}

void zsp_http_curl_end(struct zsp_http *http)
{
	if (http->multi)
		curl_multi_cleanup(http->multi);
	if (http->has_global)
		curl_global_cleanup();
	http->multi = NULL;
	http->has_global = false;
}
