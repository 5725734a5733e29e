/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/http.h against a scripted server on this machine: what is sent, what is
 * repeated and what is not, what is refused, and what messages show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <zoneseal/sdk.h>

#include "host.h"
#include "server.h"

#define S(literal) ((struct zsp_str)ZSP_STR(literal))
#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
#define EMPTY "Content-Length: 0\r\n\r\n"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct fake fake;
static struct server *server;
static struct zsp_http *http;
static struct zsp_http_response response;

/* One spec for most tests; what differs is changed before begin(). */
static struct zsp_http_spec spec;

static int setup(void **state)
{
	(void)state;
	fake_init(&fake);
	spec = (struct zsp_http_spec){ .plain = ZSP_PLAIN_LOOPBACK };
	server = NULL;
	http = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	zsp_http_free(http);
	if (server)
		server_stop(server);
	return 0;
}

static void begin(const struct server_step *steps, size_t n)
{
	char url[64];

	server = server_start(steps, n);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/api/", (unsigned)server_port(server));
	spec.base_url = zsp_strz(url);
	http = zsp_http_new(&fake.host, &spec);
	assert_non_null(http);
}

static int32_t ask(const char *method, const char *path, const char *body, int32_t once)
{
	struct zsp_http_request request = { .method = method, .path = zsp_strz(path), .once = once };

	if (body)
		request.body = zsp_strz(body);
	return zsp_http_send(http, &request, &response);
}

static unsigned requests(void)
{
	return atomic_load(server_count(server));
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in: %s", part, text);
}

static void has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in: %s", part, text);
}

static void is_body(const char *text)
{
	assert_true(zsp_str_is(response.body, text));
}

/* ---- what is sent ---- */

static void test_get_when_answered_gives_body_and_headers(void **state)
{
	static const struct server_step steps[] = {
		{ .answer = "HTTP/1.1 200 OK\r\nX-One: first\r\nx-one: second\r\nX-Empty:\r\n"
			    "X-Blank : v\r\nX-Long: a\r\n X-Folded: b\r\nContent-Length: 5\r\n\r\nhello" },
	};

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("GET", "/zones?name=a%20b", NULL, 0), ZSP_OK);
	assert_int_equal(response.status, 200);
	assert_int_equal(response.attempts, 1);
	is_body("hello");
	assert_int_equal(response.body.p[5], 0);
	assert_true(zsp_str_is(zsp_http_answer(&response, "X-ONE"), "first"));
	assert_string_equal(zsp_http_answer(&response, "X-ONE").p, "first");
	assert_int_equal(zsp_http_answer(&response, "x-empty").n, 0);
	assert_int_equal(zsp_http_answer(&response, "x-blank").n, 0);
	assert_int_equal(zsp_http_answer(&response, "x-folded").n, 0);
	assert_int_equal(zsp_http_answer(&response, "x-none").n, 0);
	assert_int_equal(strncmp(server_request(server, 0), "GET /api/zones?name=a%20b HTTP/1.1\r\n", 36), 0);
	has(server_request(server, 0), "User-Agent: zoneseal/");
	has_not(server_request(server, 0), "Content-");
	has_not(server_request(server, 0), "Accept-Encoding");
	assert_int_equal(fake.fails, 0);
}

static const struct { const char *method, *body, *type; const char *first, *part, *never; } sent[] = {
	{ "POST", "{}", NULL, "POST /api/x ", "\r\nContent-Type: application/json\r\n", "Expect" },
	{ "PUT", "<a/>", "text/xml", "PUT /api/x ", "\r\nContent-Type: text/xml\r\n", "application/json" },
	{ "PATCH", "", NULL, "PATCH /api/x ", "\r\nContent-Length: 0\r\n", "chunked" },
	{ "DELETE", "{}", NULL, "DELETE /api/x ", "\r\n\r\n{}", "chunked" },
	{ "DELETE", NULL, NULL, "DELETE /api/x ", "\r\n\r\n", "Content-" },
	{ "POST", NULL, NULL, "POST /api/x ", "\r\nContent-Length: 0\r\n", "Content-Type" },
	{ "PUT", NULL, NULL, "PUT /api/x ", "\r\nContent-Length: 0\r\n", "Content-Type" },
};

static void test_methods_when_table_expect_row(void **state)
{
	static const struct server_step steps[] = { { .answer = OK_ANSWER } };

	(void)state;
	begin(steps, COUNT(steps));
	for (unsigned i = 0; i < COUNT(sent); i++) {
		struct zsp_http_request request = { .method = sent[i].method, .path = S("/x") };

		if (sent[i].body)
			request.body = zsp_strz(sent[i].body);
		if (sent[i].type)
			request.content_type = zsp_strz(sent[i].type);
		assert_int_equal(zsp_http_send(http, &request, &response), ZSP_OK);
		assert_int_equal(strncmp(server_request(server, i), sent[i].first, strlen(sent[i].first)), 0);
		has(server_request(server, i), sent[i].part);
		has_not(server_request(server, i), sent[i].never);
	}
	assert_int_equal(server_connections(server), 1);
}

static void test_headers_are_sent_and_those_of_sign_too(void **state)
{
	static const struct server_step steps[] = { { .answer = OK_ANSWER } };
	const struct zsp_http_header headers[] = { { ZSP_STR("Authorization"), ZSP_STR("Bearer x") },
						   { ZSP_STR("X-Empty"), ZSP_STR("") },
						   { ZSP_STR("content-type"), ZSP_STR("a/b") } };
	const struct zsp_http_request request = { .method = "POST", .path = S("/"), .headers = headers,
						  .nheaders = COUNT(headers), .body = S("x") };

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(zsp_http_send(http, &request, &response), ZSP_OK);
	has(server_request(server, 0), "\r\nAuthorization: Bearer x\r\n");
	has(server_request(server, 0), "\r\nX-Empty:\r\n");
	has(server_request(server, 0), "\r\ncontent-type: a/b\r\n");
	has_not(server_request(server, 0), "application/json");
}

static void refused(const struct zsp_http_request *request, const char *why)
{
	assert_int_equal(zsp_http_send(http, request, &response), ZSP_BUG);
	assert_int_equal(response.status, 0);
	assert_int_equal(response.maybe_done, 0);
	assert_int_equal(zsp_http_fail(http, ZSP_BUG, &response, "try", S("")), ZSP_BUG);
	has(fake.fail, why);
}

static void test_headers_when_not_allowed_are_refused(void **state)
{
	static const struct server_step steps[] = { { .answer = OK_ANSWER } };
	static const struct zsp_http_header bad[] = {
		{ ZSP_STR("X-A"), ZSP_STR("a\r\nX-B: b") }, { ZSP_STR("X-A"), ZSP_STR("a\nb") },
		{ ZSP_STR("X-A"), ZSP_STR("a\0b") }, { ZSP_STR("X-A"), ZSP_STR("a\x7f") },
		{ ZSP_STR("X A"), ZSP_STR("a") }, { ZSP_STR("X-A:"), ZSP_STR("a") },
		{ ZSP_STR("X-A\r\n"), ZSP_STR("a") }, { ZSP_STR(""), ZSP_STR("a") },
	};

	(void)state;
	begin(steps, COUNT(steps));
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct zsp_http_request request = { .method = "GET", .path = S("/"), .headers = &bad[i], .nheaders = 1 };

		refused(&request, "header");
	}
	{
		const struct zsp_http_request request = { .method = "PUT", .path = S("/"), .body = S("x"),
							  .content_type = S("a\r\nX: b") };

		assert_int_equal(zsp_http_send(http, &request, &response), ZSP_BUG);
	}
	assert_int_equal(requests(), 0);
}

static void test_paths_when_they_leave_the_base_are_refused(void **state)
{
	static const struct server_step steps[] = { { .answer = OK_ANSWER } };
	static const struct zsp_str bad[] = {
		ZSP_STR(""), ZSP_STR("zones"), ZSP_STR("@evil.example/"), ZSP_STR("/a b"), ZSP_STR("/a\r\nb"),
		ZSP_STR("/../admin"), ZSP_STR("/a/.."), ZSP_STR("/a/./b"), ZSP_STR("/a#b"), ZSP_STR("/a{b}"),
		ZSP_STR("/a\\b"), ZSP_STR("/\xc3\xa4"), ZSP_STR("/a\0b"),
	};
	const struct zsp_http_request method = { .method = "TRACE", .path = S("/") };

	(void)state;
	begin(steps, COUNT(steps));
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct zsp_http_request request = { .method = "GET", .path = bad[i] };

		refused(&request, "path");
	}
	refused(&method, "method");
	assert_int_equal(requests(), 0);
	assert_int_equal(ask("GET", "/a?b=../c", NULL, 0), ZSP_OK);
}

/* ---- the base URL ---- */

static void test_new_when_the_url_does_not_do_says_why(void **state)
{
	static const struct { struct zsp_str url; int32_t plain; const char *why; } rows[] = {
		{ ZSP_STR(""), ZSP_PLAIN_NEVER, "is empty" },
		{ ZSP_STR("ftp://a/"), ZSP_PLAIN_ALWAYS, "https://" },
		{ ZSP_STR("http://127.0.0.1/"), ZSP_PLAIN_NEVER, "must begin with https://" },
		{ ZSP_STR("http://192.0.2.1/"), ZSP_PLAIN_LOOPBACK, "allow-http" },
		{ ZSP_STR("http://127.example/"), ZSP_PLAIN_LOOPBACK, "allow-http" },
		{ ZSP_STR("http://127.0.0.1.example/"), ZSP_PLAIN_LOOPBACK, "allow-http" },
		{ ZSP_STR("https://user:pw@a/"), ZSP_PLAIN_NEVER, "has a user name" },
		{ ZSP_STR("https://a/?x=1"), ZSP_PLAIN_NEVER, "has a query" },
		{ ZSP_STR("https://a/#x"), ZSP_PLAIN_NEVER, "has a fragment" },
		{ ZSP_STR("https://a/b/../c"), ZSP_PLAIN_NEVER, "segment" },
		{ ZSP_STR("https://a:0/"), ZSP_PLAIN_NEVER, "port" },
		{ ZSP_STR("https://a b/"), ZSP_PLAIN_NEVER, "blank" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		spec.base_url = rows[i].url;
		spec.plain = rows[i].plain;
		assert_null(zsp_http_new(&fake.host, &spec));
		assert_int_equal(fake.error_class, ZSP_CONFIG);
		has(fake.fail, rows[i].why);
		has_not(fake.fail, "pw");
	}
	spec.base_url = S("https://a");
	spec.proxy = S("ftp://b");
	assert_null(zsp_http_new(&fake.host, &spec));
	has(fake.fail, "proxy");
	spec.proxy = S("");
	spec.ca_file = S("/nonexistent/ca.pem");
	assert_null(zsp_http_new(&fake.host, &spec));
	has(fake.fail, "/nonexistent/ca.pem");
	spec.ca_file = S("/dev/null");
	assert_null(zsp_http_new(&fake.host, &spec));
	has(fake.fail, "/dev/null");
}

static void test_host_and_base_path_are_as_they_are_signed(void **state)
{
	static const struct { struct zsp_str url; const char *host, *path; } rows[] = {
		{ ZSP_STR("https://API.Example"), "api.example", "" },
		{ ZSP_STR("https://api.example:443/"), "api.example", "" },
		{ ZSP_STR("https://api.example:0443//"), "api.example", "" },
		{ ZSP_STR("https://api.example:8443/V1/x/"), "api.example:8443", "/V1/x" },
		{ ZSP_STR("HTTP://localhost:80/a"), "localhost", "/a" },
		{ ZSP_STR("http://[::1]:443"), "[::1]:443", "" },
		{ ZSP_STR("http://127.9.9.9"), "127.9.9.9", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		spec.base_url = rows[i].url;
		http = zsp_http_new(&fake.host, &spec);
		if (!http)
			fail_msg("%s: %s", rows[i].url.p, fake.fail);
		assert_true(zsp_str_is(zsp_http_host(http), rows[i].host));
		assert_true(zsp_str_is(zsp_http_base_path(http), rows[i].path));
		zsp_http_free(http);
		http = NULL;
	}
}

static void test_spec_options_take_what_is_given(void **state)
{
	static const struct zsp_value values[] = {
		{ .name = ZSP_STR("ca-file"), .text = ZSP_STR("/ca") },
		{ .name = ZSP_STR("proxy") },
		{ .name = ZSP_STR("http-timeout"), .text = ZSP_STR("5s"), .number = 5000 },
		{ .name = ZSP_STR("allow-http"), .text = ZSP_STR("yes"), .number = 1 },
	};
	struct zsp_list list = ZSP_LIST(values);

	(void)state;
	zsp_http_spec_options(&spec, &list);
	assert_true(zsp_str_is(spec.ca_file, "/ca") && !spec.proxy.n && spec.timeout_ms == 5000);
	assert_int_equal(spec.plain, ZSP_PLAIN_ALWAYS);
	spec.plain = ZSP_PLAIN_LOOPBACK;
	list.n = 3;
	zsp_http_spec_options(&spec, &list);
	assert_int_equal(spec.plain, ZSP_PLAIN_LOOPBACK);
}

/* ---- classes and attempts ---- */

static void test_class_when_table_expect_row(void **state)
{
	static const struct { int32_t status, error_class; } rows[] = {
		{ 0, ZSP_TRANSIENT }, { 200, ZSP_OK }, { 204, ZSP_OK }, { 299, ZSP_OK }, { 301, ZSP_CONFIG },
		{ 400, ZSP_CONFIG }, { 401, ZSP_AUTH }, { 403, ZSP_DENIED }, { 404, ZSP_NOT_FOUND },
		{ 408, ZSP_TRANSIENT }, { 409, ZSP_CONFLICT }, { 412, ZSP_CONFLICT }, { 422, ZSP_CONFIG },
		{ 425, ZSP_TRANSIENT }, { 429, ZSP_RATE_LIMITED }, { 500, ZSP_TRANSIENT }, { 503, ZSP_TRANSIENT },
		{ 599, ZSP_TRANSIENT }, { 600, ZSP_CONFIG },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct zsp_http_response r = { .status = rows[i].status };

		assert_int_equal(zsp_http_class(&r), rows[i].error_class);
	}
}

static void test_send_when_the_server_fails_repeats_until_it_does_not(void **state)
{
	static const struct server_step steps[] = {
		{ .answer = "HTTP/1.1 500 E\r\n" EMPTY },
		{ .then = THEN_RESET },
		{ .answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", .then = THEN_CLOSE },
		{ .answer = "HTTP/1.1 201 C\r\nContent-Length: 2\r\n\r\nok" },
	};

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("PUT", "/x", "{}", 0), ZSP_OK);
	assert_int_equal(response.status, 201);
	assert_int_equal(response.attempts, 4);
	assert_int_equal(response.maybe_done, 1);
	is_body("ok");
	assert_int_equal(requests(), 4);
	has(server_request(server, 3), "\r\n\r\n{}");
	has(fake.log, "PUT http://127.0.0.1");
	has(fake.log, ": 500 (");
	has(fake.log, "attempt 4)");
}

static void test_send_when_it_always_fails_gives_up_after_its_attempts(void **state)
{
	static const struct server_step steps[] = { { .answer = "HTTP/1.1 502 Bad\r\nContent-Length: 3\r\n\r\nbad" } };

	(void)state;
	spec.attempts = 3;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_TRANSIENT);
	assert_int_equal(response.status, 502);
	assert_int_equal(response.attempts, 3);
	assert_int_equal(requests(), 3);
	is_body("bad");
}

static void test_send_when_refused_does_not_repeat(void **state)
{
	static const struct server_step steps[] = { { .answer = "HTTP/1.1 403 No\r\n" EMPTY } };

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_DENIED);
	assert_int_equal(requests(), 1);
	assert_int_equal(response.maybe_done, 0);
}

static void test_send_when_nobody_listens_is_transient_and_certainly_not_done(void **state)
{
	static const struct server_step steps[] = { { .answer = OK_ANSWER } };

	(void)state;
	spec.attempts = 2;
	begin(steps, COUNT(steps));
	server_stop(server);
	server = NULL;
	assert_int_equal(ask("POST", "/x", "{}", 1), ZSP_TRANSIENT);
	assert_int_equal(response.status, 0);
	assert_int_equal(response.attempts, 2);
	assert_int_equal(response.maybe_done, 0);
	zsp_http_fail(http, ZSP_TRANSIENT, &response, "add a record", S(""));
	has(fake.fail, "cannot add a record: http://127.0.0.1:");
	has(fake.fail, "/api/x: no connection");
}

/* ---- once ---- */

static void test_once_when_no_answer_came_is_not_repeated(void **state)
{
	static const struct server_step steps[] = { { .then = THEN_RESET }, { .answer = OK_ANSWER } };

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("POST", "/x", "{}", 1), ZSP_TRANSIENT);
	assert_int_equal(response.status, 0);
	assert_int_equal(response.maybe_done, 1);
	assert_int_equal(requests(), 1);
}

static void test_once_when_the_answer_leaves_it_open_is_not_repeated(void **state)
{
	static const struct server_step steps[] = { { .answer = "HTTP/1.1 500 E\r\n" EMPTY }, { .answer = OK_ANSWER } };

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("POST", "/x", "{}", 1), ZSP_TRANSIENT);
	assert_int_equal(response.status, 500);
	assert_int_equal(response.maybe_done, 1);
	assert_int_equal(requests(), 1);
}

static void test_once_when_the_answer_says_not_done_is_repeated(void **state)
{
	static const struct server_step steps[] = { { .answer = "HTTP/1.1 503 Later\r\n" EMPTY }, { .answer = OK_ANSWER } };

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("POST", "/x", "{}", 1), ZSP_OK);
	assert_int_equal(response.maybe_done, 0);
	assert_int_equal(requests(), 2);
}

/* A kept connection that dies in use: libcurl would send again by itself. */
static void test_once_when_a_kept_connection_dies_is_sent_once(void **state)
{
	static const struct server_step steps[] = { { .answer = OK_ANSWER }, { .then = THEN_RESET }, { .answer = OK_ANSWER } };

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("GET", "/", NULL, 0), ZSP_OK);
	assert_int_equal(ask("POST", "/x", "{}", 1), ZSP_TRANSIENT);
	assert_int_equal(response.maybe_done, 1);
	assert_int_equal(requests(), 2);
	/* what went out before this one has arrived when this one has */
	assert_int_equal(ask("GET", "/", NULL, 0), ZSP_OK);
	assert_int_equal(requests(), 3);
	assert_int_equal(server_stray(server), 0);
}

static void test_once_without_body_when_a_connection_is_kept_takes_a_new_one(void **state)
{
	static const struct server_step steps[] = { { .answer = OK_ANSWER }, { .then = THEN_RESET }, { .answer = OK_ANSWER } };

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("GET", "/", NULL, 0), ZSP_OK);
	assert_int_equal(ask("DELETE", "/x", NULL, 1), ZSP_TRANSIENT);
	assert_int_equal(response.maybe_done, 1);
	assert_int_equal(requests(), 2);
	assert_int_equal(server_connections(server), 2);
}

static void test_send_when_a_kept_connection_dies_repeats_as_an_attempt(void **state)
{
	static const struct server_step steps[] = { { .answer = OK_ANSWER }, { .then = THEN_RESET }, { .answer = OK_ANSWER } };

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("GET", "/", NULL, 0), ZSP_OK);
	assert_int_equal(ask("PUT", "/x", "{}", 0), ZSP_OK);
	assert_int_equal(response.attempts, 2);
	assert_int_equal(requests(), 3);
	has(server_request(server, 2), "\r\n\r\n{}");
}

/* ---- Retry-After, the deadline, the bucket ---- */

static void test_rate_limit_when_the_wait_fits_waits(void **state)
{
	static const struct server_step steps[] = { { .answer = "HTTP/1.1 429 T\r\nRetry-After: 1\r\n" EMPTY }, { .answer = OK_ANSWER } };
	int64_t before = zsp_time_monotonic();

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("POST", "/x", "{}", 1), ZSP_OK);
	assert_int_equal(requests(), 2);
	assert_true(zsp_time_monotonic() - before >= 1000);
}

static void test_rate_limit_when_the_wait_outlasts_the_deadline_returns_at_once(void **state)
{
	static const struct { const char *answer; int64_t least, most; int32_t status; } rows[] = {
		{ "HTTP/1.1 429 T\r\nRetry-After: 3600\r\n" EMPTY, 3600 * 1000, 3600 * 1000, 429 },
		{ "HTTP/1.1 503 T\r\nretry-after:  7200 \r\n" EMPTY, 7200 * 1000, 7200 * 1000, 503 },
		{ "HTTP/1.1 429 T\r\nRetry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n" EMPTY, 86400 * 1000, 86400 * 1000, 429 },
		{ "HTTP/1.1 429 T\r\nRetry-After: 99999999999999999999\r\n" EMPTY, 86400 * 1000, 86400 * 1000, 429 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct server_step step = { .answer = rows[i].answer };

		setup(state);
		begin(&step, 1);
		assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_RATE_LIMITED);
		assert_int_equal(response.status, rows[i].status);
		assert_int_equal(requests(), 1);
		assert_true(response.retry_after_ms >= rows[i].least && response.retry_after_ms <= rows[i].most);
		zsp_http_fail(http, ZSP_RATE_LIMITED, &response, "list the zones", S(""));
		assert_true(fake.retry_after_ms == response.retry_after_ms);
		teardown(state);
	}
	setup(state);
}

static void test_send_when_the_answer_does_not_come_ends_by_the_deadline(void **state)
{
	static const struct server_step steps[] = { { .answer = NULL } };

	(void)state;
	begin(steps, COUNT(steps));
	fake.deadline_ms = zsp_time_monotonic() + 2000;
	assert_int_equal(ask("POST", "/x", "{}", 1), ZSP_TRANSIENT);
	assert_int_equal(response.status, 0);
	assert_int_equal(response.maybe_done, 1);
	assert_int_equal(requests(), 1);
	assert_true(zsp_time_monotonic() >= fake.deadline_ms - 50);
}

static void test_send_when_an_exchange_is_too_slow_repeats(void **state)
{
	static const struct server_step steps[] = { { .answer = NULL }, { .answer = OK_ANSWER } };

	(void)state;
	spec.timeout_ms = 1500;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_OK);
	assert_int_equal(response.attempts, 2);
	has(fake.log, "no answer in time");
}

static void test_send_when_cancelled_ends_long_before_the_deadline(void **state)
{
	static const struct server_step steps[] = { { .answer = NULL } };

	(void)state;
	begin(steps, COUNT(steps));
	fake.deadline_ms = zsp_time_monotonic() + 3600 * 1000;
	spec.timeout_ms = 0;
	fake.cancel_when = server_count(server);
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_TRANSIENT);
	assert_int_equal(response.attempts, 1);
	assert_int_equal(response.maybe_done, 1);
	zsp_http_fail(http, ZSP_TRANSIENT, &response, "read", S(""));
	has(fake.fail, "cancelled");
	assert_true(fake.deadline_ms - zsp_time_monotonic() > 3000 * 1000);
}

static void test_bucket_when_it_is_empty_waits(void **state)
{
	static const struct server_step steps[] = { { .answer = OK_ANSWER } };
	int64_t before;

	(void)state;
	spec.burst = 3;
	spec.refill_ms = 200;
	begin(steps, COUNT(steps));
	before = zsp_time_monotonic();
	for (int i = 0; i < 5; i++)
		assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_OK);
	assert_true(zsp_time_monotonic() - before >= 2 * 200 - 1);
	assert_int_equal(requests(), 5);
}

static void test_bucket_when_the_wait_outlasts_the_deadline_sends_nothing(void **state)
{
	static const struct server_step steps[] = { { .answer = OK_ANSWER } };

	(void)state;
	spec.burst = 1;
	spec.refill_ms = 3600 * 1000;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_OK);
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_TRANSIENT);
	assert_int_equal(response.status, 0);
	assert_int_equal(response.attempts, 0);
	assert_int_equal(response.maybe_done, 0);
	assert_int_equal(requests(), 1);
	zsp_http_fail(http, ZSP_TRANSIENT, &response, "list", S(""));
	has(fake.fail, "limit on requests");
}

/* ---- classify and sign ---- */

static int32_t wait_if_asked(void *user, const struct zsp_http_response *r, int64_t *retry_after_ms)
{
	(*(unsigned *)user)++;
	if (!zsp_str_is(r->body, "{}")) {
		*retry_after_ms = 1;
		return ZSP_RATE_LIMITED;
	}
	return ZSP_OK;
}

static void test_classify_decides_what_an_answer_means(void **state)
{
	static const struct server_step steps[] = { { .answer = "HTTP/1.1 400 Throttled\r\n" EMPTY }, { .answer = OK_ANSWER } };
	unsigned asked = 0;

	(void)state;
	spec.classify = wait_if_asked;
	spec.user = &asked;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("POST", "/x", "{}", 1), ZSP_OK);
	assert_int_equal(asked, 2);
	assert_int_equal(requests(), 2);
}

struct signer { unsigned n; char value[16]; struct zsp_http_header header; };

static const struct zsp_http_header *sign(void *user, const struct zsp_http_request *request, uint32_t *ret_n)
{
	struct signer *signer = user;

	assert_true(zsp_str_is(request->path, "/x"));
	if (signer->n == 3) {
		zsp_failf(&fake.host, ZSP_AUTH, 0, "the key has expired");
		return NULL;
	}
	snprintf(signer->value, sizeof(signer->value), "v%u", ++signer->n);
	signer->header = (struct zsp_http_header){ ZSP_STR("X-Signature"), zsp_strz(signer->value) };
	*ret_n = 1;
	return &signer->header;
}

static void test_sign_is_called_anew_for_each_attempt_and_may_refuse(void **state)
{
	static const struct server_step steps[] = { { .answer = "HTTP/1.1 500 E\r\n" EMPTY } };
	struct signer signer = { 0 };
	const struct zsp_http_request request = { .method = "GET", .path = S("/x"), .sign = sign, .user = &signer };

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(zsp_http_send(http, &request, &response), ZSP_AUTH);
	assert_int_equal(requests(), 3);
	has(server_request(server, 0), "\r\nX-Signature: v1\r\n");
	has(server_request(server, 2), "\r\nX-Signature: v3\r\n");
	assert_int_equal(zsp_http_fail(http, ZSP_AUTH, &response, "list", S("")), ZSP_AUTH);
	assert_string_equal(fake.fail, "the key has expired");
}

/* ---- hostile answers ---- */

static char large[300 * 1024];

static void test_answer_when_larger_than_the_cap_is_refused(void **state)
{
	static const struct server_step steps[] = {
		{ .answer = "HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n", .then = THEN_CLOSE },
		{ .answer = large, .n = sizeof(large) - 1, .then = THEN_CLOSE },
		{ .answer = OK_ANSWER },
	};

	(void)state;
	memset(large, 'x', sizeof(large));
	memcpy(large, "HTTP/1.1 200 OK\r\n\r\n", 19);
	spec.max_body = 64 * 1024;
	begin(steps, COUNT(steps));
	/* one that is cut is asked for again, one that is too large is not */
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_TRANSIENT);
	assert_int_equal(response.attempts, 2);
	assert_int_equal(requests(), 2);
	assert_int_equal(response.status, 0);
	assert_int_equal(response.body.n, 0);
	assert_int_equal(response.too_large, 1);
	assert_int_equal(response.maybe_done, 1);
	zsp_http_fail(http, ZSP_TRANSIENT, &response, "list", S(""));
	has(fake.fail, "too large");
	spec.max_body = 0;
}

static void test_answer_when_its_header_is_endless_is_refused(void **state)
{
	static const char line[] = "X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n";
	static const struct server_step steps[] = {
		{ .answer = "HTTP/1.1 100 Continue\r\nX: xxxxxxxxxxxxxxxxxxxxxxxxxx\r\n\r\n", .times = 3000, .then = THEN_CLOSE },
		{ .answer = large, .n = sizeof(large) - 1, .then = THEN_CLOSE },
	};
	const char *log;

	(void)state;
	memcpy(large, "HTTP/1.1 200 OK\r\n", 17);
	for (size_t at = 17; at + sizeof(line) < sizeof(large); at += sizeof(line) - 1)
		memcpy(large + at, line, sizeof(line));
	begin(steps, COUNT(steps));
	for (unsigned i = 0; i < COUNT(steps); i++) {
		assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_TRANSIENT);
		assert_int_equal(response.attempts, 1);
		assert_int_equal(requests(), i + 1);
		zsp_http_fail(http, ZSP_TRANSIENT, &response, "list", S(""));
		has(fake.fail, "header of the answer is too large");
	}
	/* both of them: the first would otherwise end in a cap of libcurl's own */
	log = strstr(fake.log, "the header of the answer is too large (");
	assert_non_null(log);
	has(log + 1, "the header of the answer is too large (");
}

static void test_answer_when_interim_its_fields_do_not_count(void **state)
{
	static const struct server_step steps[] = {
		{ .answer = "HTTP/1.1 103 Early\r\nX-A: interim\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
	};

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_OK);
	assert_int_equal(response.status, 200);
	assert_int_equal(zsp_http_answer(&response, "x-a").n, 0);
}

static void test_answer_when_not_http_is_no_answer(void **state)
{
	static const struct server_step steps[] = { { .answer = "SSH-2.0-x\r\n", .then = THEN_CLOSE } };

	(void)state;
	spec.attempts = 1;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_TRANSIENT);
	assert_int_equal(response.status, 0);
	zsp_http_fail(http, ZSP_TRANSIENT, &response, "list", S(""));
	has(fake.fail, "not an answer in HTTP");
}

static void test_redirect_is_not_followed(void **state)
{
	static const struct server_step steps[] = {
		{ .answer = "HTTP/1.1 302 Found\r\nLocation: /api/other\r\n" EMPTY },
		{ .answer = OK_ANSWER },
	};

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_CONFIG);
	assert_int_equal(requests(), 1);
	zsp_http_fail(http, ZSP_CONFIG, &response, "list", S(""));
	has(fake.fail, ": 302 Found (redirects are not followed");
}

/* ---- the environment ---- */

static void test_proxy_of_the_environment_is_not_used(void **state)
{
	static const struct server_step steps[] = { { .answer = OK_ANSWER } };

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	spec.plain = ZSP_PLAIN_ALWAYS;
	spec.attempts = 1;
	begin(steps, COUNT(steps));
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_OK);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
}

static void test_proxy_when_named_is_used_but_for_this_machine(void **state)
{
	static const struct server_step steps[] = { { .answer = OK_ANSWER } };
	char proxy[64];

	(void)state;
	server = server_start(steps, 1);
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", (unsigned)server_port(server));
	setenv("no_proxy", "*", 1);
	spec.proxy = zsp_strz(proxy);
	spec.plain = ZSP_PLAIN_ALWAYS;
	spec.base_url = S("http://api.example/v1");
	spec.attempts = 1;
	http = zsp_http_new(&fake.host, &spec);
	assert_non_null(http);
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_OK);
	assert_int_equal(strncmp(server_request(server, 0), "GET http://api.example/v1/x HTTP/1.1", 36), 0);
	unsetenv("no_proxy");
	zsp_http_free(http);
	spec.plain = ZSP_PLAIN_LOOPBACK;
	spec.base_url = S("http://127.0.0.1:1/v1");
	http = zsp_http_new(&fake.host, &spec);
	assert_non_null(http);
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_TRANSIENT);
	assert_int_equal(requests(), 1);
	zsp_http_free(http);
	spec.plain = ZSP_PLAIN_ALWAYS;
	spec.no_proxy = 1;
	http = zsp_http_new(&fake.host, &spec);
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_TRANSIENT);
	assert_int_equal(requests(), 1);
}

/* ---- messages ---- */

static void fails_with(struct zsp_str detail)
{
	fake_init(&fake);
	assert_int_equal(zsp_http_fail(http, ZSP_DENIED, &response, "list the zones", detail), ZSP_DENIED);
	assert_int_equal(fake.error_class, ZSP_DENIED);
}

static void test_fail_says_what_where_and_why(void **state)
{
	static const struct server_step steps[] = { { .answer = "HTTP/1.1 403 Whatever\r\n" EMPTY } };
	char expected[128], detail[1000];

	(void)state;
	begin(steps, COUNT(steps));
	ask("GET", "/zones?token=in-query", NULL, 0);
	snprintf(expected, sizeof(expected), "cannot list the zones: http://127.0.0.1:%u/api/zones: 403 Forbidden",
		 (unsigned)server_port(server));
	fails_with(S(""));
	assert_string_equal(fake.fail, expected);
	fails_with(S("\x1b[31mno\r\n\tright\x00 here\xff\xe2\x80\xae \n"));
	has(fake.fail, "403 Forbidden: [31mno right here");
	assert_int_equal(strlen(fake.fail), strlen(expected) + strlen(": [31mno right here"));
	fails_with(S("<!DOCTYPE html><title>x</title>"));
	has(fake.fail, "403 Forbidden (the answer is a web page)");
	fails_with(S("Error: <HTML><body>x"));
	has(fake.fail, "(the answer is a web page)");
	memset(detail, 'y', sizeof(detail));
	fails_with((struct zsp_str){ detail, sizeof(detail) });
	assert_in_range(strlen(fake.fail), strlen(expected) + 290, strlen(expected) + 310);
	has(fake.fail, "yyy...");
	has_not(fake.log, "in-query");
}

static void test_redact_hides_all_forms_of_a_secret(void **state)
{
	static const struct server_step steps[] = { { .answer = "HTTP/1.1 403 F\r\n" EMPTY } };
	/* S3cr?t/+k~\xff1: raw, escaped, hexadecimal, base64 at each of the three places */
	static const char *const forms[] = {
		"S3cr?t/+k~\303\2771", "S3cr%3Ft%2F%2Bk~%C3%BF1", "s3cr%3ft%2f%2bk~%c3%bf1",
		"533363723f742f2b6b7ec3bf31", "533363723F742F2B6B7EC3BF31",
		"UzNjcj90Lytrfs", "dTpTM2NyP3QvK2t-w78x", "dXM6UzNjcj90LytrfsO_MQ==", "dXNlOlMzY3I/dC8ra37DvzE=",
	};
	char detail[128];

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(zsp_http_redact(http, zsp_strz(forms[0])), ZSP_OK);
	assert_int_equal(zsp_http_redact(http, S("ab")), ZSP_OK);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(zsp_http_redact(http, zsp_strz(forms[0])), ZSP_OK);
	ask("GET", "/x/S3cr%3Ft%2F%2Bk~%C3%BF1/y", NULL, 0);
	for (size_t i = 0; i < COUNT(forms); i++) {
		snprintf(detail, sizeof(detail), "ab <%s> cd", forms[i]);
		fails_with(zsp_strz(detail));
		if (i != 5)
			has(fake.fail, "[redacted]");
		has(fake.fail, "/api/x/[redacted]/y: 403 Forbidden: ab <");
		has_not(fake.fail, forms[0]);
		has_not(fake.fail, "3cr%3");
		has_not(fake.fail, "533363");
		has_not(fake.fail, "dC8ra37D");
		has_not(fake.fail, "M2NyP3QvK2");
		has_not(fake.fail, "NjcjB90Lytrf");
	}
	has(fake.log, "");
}

static void test_redact_when_a_secret_is_at_the_cut_hides_all_of_it(void **state)
{
	static const struct server_step steps[] = { { .answer = "HTTP/1.1 400 B\r\n" EMPTY } };
	char detail[400];

	(void)state;
	begin(steps, COUNT(steps));
	zsp_http_redact(http, S("topsecretvalue"));
	ask("GET", "/topsecretvalue", NULL, 0);
	has(fake.log, "GET ");
	has_not(fake.log, "topsecret");
	for (size_t at = 280; at < 300; at++) {
		memset(detail, 'y', sizeof(detail));
		memcpy(detail + at, "topsecretvalue", 14);
		fails_with((struct zsp_str){ detail, sizeof(detail) });
		has_not(fake.fail, "tops");
		has_not(fake.fail, "yt");
	}
}

static void test_fail_when_no_answer_came_gives_the_reason(void **state)
{
	(void)state;
	spec.base_url = S("http://127.0.0.1:1/");
	spec.attempts = 1;
	http = zsp_http_new(&fake.host, &spec);
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_TRANSIENT);
	fails_with(S(""));
	has(fake.fail, "cannot list the zones: http://127.0.0.1:1/x: no connection (");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* ---- whole requests in one call ---- */

static void test_always_goes_with_every_request_and_is_never_shown(void **state)
{
	static const struct server_step steps[] = {
		{ .answer = OK_ANSWER },
		{ .answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 27\r\n\r\nno topsecretvalue, no login" },
	};
	static const struct zsp_http_header own = { ZSP_STR("X-Own"), ZSP_STR("1") };
	struct zsp_http_request request = { .method = "GET", .path = S("/y"), .headers = &own, .nheaders = 1 };

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(zsp_http_always(http, "Authorization", "Bearer ", S("topsecretvalue")), ZSP_OK);
	assert_int_equal(zsp_http_always(http, "X-Empty", "", S("")), ZSP_OK);
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_OK);
	assert_int_equal(zsp_http_send(http, &request, &response), ZSP_DENIED);
	for (unsigned i = 0; i < 2; i++) {
		has(server_request(server, i), "\r\nAuthorization: Bearer topsecretvalue\r\n");
		has(server_request(server, i), "\r\nX-Empty:\r\n");
	}
	has_not(server_request(server, 0), "X-Own");
	has(server_request(server, 1), "\r\nX-Own: 1\r\n");
	zsp_http_fail(http, ZSP_DENIED, &response, "try", response.body);
	has(fake.fail, "no [redacted], no login");
	has_not(fake.log, "topsecret");
}

static void test_always_when_it_is_no_header_is_refused_and_not_sent(void **state)
{
	static const struct server_step steps[] = { { .answer = OK_ANSWER } };
	static char huge[18 * 1024];
	struct { const char *name; struct zsp_str secret; } rows[] = {
		{ "X-Key", ZSP_STR("line\r\nX-Evil: 1") },
		{ "X-Key", ZSP_STR("with\0nul") },
		{ "X Key", ZSP_STR("secretvalue") },
		{ "", ZSP_STR("secretvalue") },
		{ "X-Key", { huge, sizeof(huge) } },
	};

	(void)state;
	memset(huge, 'h', sizeof(huge));
	begin(steps, COUNT(steps));
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(zsp_http_always(http, rows[i].name, "", rows[i].secret), ZSP_CONFIG);
		has(fake.fail, "the secret for header ");
		has_not(fake.fail, "secretvalue");
		assert_int_equal(fake.fails, i + 1);
	}
	assert_int_equal(ask("GET", "/x", NULL, 0), ZSP_OK);
	has_not(server_request(server, 0), "X-");
	/* eight and no more */
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(zsp_http_always(http, "X-Key", "", S("secretvalue")), ZSP_OK);
	assert_int_equal(zsp_http_always(http, "X-Key", "", S("secretvalue")), ZSP_BUG);
	/* zsp_http_new has said it */
	fake.fails = 0;
	assert_int_equal(zsp_http_always(NULL, "X-Key", "", S("secretvalue")), ZSP_CONFIG);
	assert_int_equal(fake.fails, 0);
}

static void test_call_when_table_expect_class_and_words(void **state)
{
	static const struct { const char *answer; int32_t fine, want; const char *fail; } rows[] = {
		{ OK_ANSWER, 0, ZSP_OK, "" },
		{ OK_ANSWER, 404, ZSP_OK, "" },
		{ "HTTP/1.1 404 Not Found\r\n" EMPTY, 404, ZSP_OK, "" },
		{ "HTTP/1.1 409 Conflict\r\n" EMPTY, 404, ZSP_CONFLICT, "POST: " },
		{ "HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nno way!", 0, ZSP_DENIED, "403 Forbidden: no way!" },
	};
	struct server_step steps[COUNT(rows)];
	struct zsp_text body = ZSP_TEXT(16);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		steps[i] = (struct server_step){ .answer = rows[i].answer };
	begin(steps, COUNT(steps));
	zsp_text_addz(&body, "{}");
	for (unsigned i = 0; i < COUNT(rows); i++) {
		*fake.fail = 0;
		assert_int_equal(zsp_http_call(http, "POST", i ? &body : NULL, rows[i].fine, &response, "/zones/%s/%d?a=%s", "z.test", 7, "b%20c"),
			rows[i].want);
		assert_int_equal(strncmp(server_request(server, i), "POST /api/zones/z.test/7?a=b%20c HTTP/1.1\r\n", 43), 0);
		has(server_request(server, i), i ? "\r\n\r\n{}" : "Content-Length: 0\r\n");
		if (*rows[i].fail)
			has(fake.fail, rows[i].fail);
		else
			assert_string_equal(fake.fail, "");
	}
	/* the query is not shown */
	has_not(fake.fail, "a=b");
	zsp_text_done(&body);
}

static void test_call_when_it_does_not_fit_sends_nothing(void **state)
{
	static const struct server_step steps[] = { { .answer = OK_ANSWER } };
	static char huge[9000];
	struct zsp_text body = ZSP_TEXT(1);

	(void)state;
	memset(huge, 'h', sizeof(huge) - 1);
	begin(steps, COUNT(steps));
	response.status = 200;
	assert_int_equal(zsp_http_call(http, "GET", NULL, 200, &response, "/%s", huge), ZSP_BUG);
	assert_int_equal(response.status, 0);
	has(fake.fail, "GET: the path or the body of the request is too long");
	zsp_text_addz(&body, "{}");
	assert_int_equal(zsp_http_call(http, "POST", &body, 200, &response, "/x"), ZSP_BUG);
	assert_int_equal(fake.fails, 2);
	assert_int_equal(requests(), 0);
	zsp_text_done(&body);
}

static void test_json_when_answer_is_none_says_so(void **state)
{
	static const struct server_step steps[] = {
		{ .answer = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}" },
		{ .answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n{\"a\":1" },
	};
	struct zsp_json_doc *doc = NULL;
	int64_t number = 0;

	(void)state;
	begin(steps, COUNT(steps));
	assert_int_equal(zsp_http_call(http, "GET", NULL, 0, &response, "/x"), ZSP_OK);
	assert_int_equal(zsp_http_json(http, &response, &doc), ZSP_OK);
	assert_true(zsp_json_int(zsp_json_get(zsp_json_root(doc), "a"), &number) && number == 1);
	zsp_json_free(doc);
	assert_int_equal(zsp_http_call(http, "GET", NULL, 0, &response, "/x"), ZSP_OK);
	assert_int_equal(zsp_http_json(http, &response, &doc), ZSP_TRANSIENT);
	assert_null(doc);
	has(fake.fail, "read the answer: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_get_when_answered_gives_body_and_headers),
		T(test_methods_when_table_expect_row),
		T(test_headers_are_sent_and_those_of_sign_too),
		T(test_headers_when_not_allowed_are_refused),
		T(test_paths_when_they_leave_the_base_are_refused),
		T(test_new_when_the_url_does_not_do_says_why),
		T(test_host_and_base_path_are_as_they_are_signed),
		T(test_spec_options_take_what_is_given),
		T(test_class_when_table_expect_row),
		T(test_send_when_the_server_fails_repeats_until_it_does_not),
		T(test_send_when_it_always_fails_gives_up_after_its_attempts),
		T(test_send_when_refused_does_not_repeat),
		T(test_send_when_nobody_listens_is_transient_and_certainly_not_done),
		T(test_once_when_no_answer_came_is_not_repeated),
		T(test_once_when_the_answer_leaves_it_open_is_not_repeated),
		T(test_once_when_the_answer_says_not_done_is_repeated),
		T(test_once_when_a_kept_connection_dies_is_sent_once),
		T(test_once_without_body_when_a_connection_is_kept_takes_a_new_one),
		T(test_send_when_a_kept_connection_dies_repeats_as_an_attempt),
		T(test_rate_limit_when_the_wait_fits_waits),
		T(test_rate_limit_when_the_wait_outlasts_the_deadline_returns_at_once),
		T(test_send_when_the_answer_does_not_come_ends_by_the_deadline),
		T(test_send_when_an_exchange_is_too_slow_repeats),
		T(test_send_when_cancelled_ends_long_before_the_deadline),
		T(test_bucket_when_it_is_empty_waits),
		T(test_bucket_when_the_wait_outlasts_the_deadline_sends_nothing),
		T(test_classify_decides_what_an_answer_means),
		T(test_sign_is_called_anew_for_each_attempt_and_may_refuse),
		T(test_answer_when_larger_than_the_cap_is_refused),
		T(test_answer_when_its_header_is_endless_is_refused),
		T(test_answer_when_interim_its_fields_do_not_count),
		T(test_answer_when_not_http_is_no_answer),
		T(test_redirect_is_not_followed),
		T(test_proxy_of_the_environment_is_not_used),
		T(test_proxy_when_named_is_used_but_for_this_machine),
		T(test_fail_says_what_where_and_why),
		T(test_redact_hides_all_forms_of_a_secret),
		T(test_redact_when_a_secret_is_at_the_cut_hides_all_of_it),
		T(test_fail_when_no_answer_came_gives_the_reason),
		T(test_always_goes_with_every_request_and_is_never_shown),
		T(test_always_when_it_is_no_header_is_refused_and_not_sent),
		T(test_call_when_table_expect_class_and_words),
		T(test_call_when_it_does_not_fit_sends_nothing),
		T(test_json_when_answer_is_none_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
