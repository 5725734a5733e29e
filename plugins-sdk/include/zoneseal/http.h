/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP for providers: one API at one base URL.  Policy, not options: TLS 1.2 or
 * newer with verification, no redirects, no cookies, no netrc, no content encoding,
 * no proxy from the environment, absolute deadlines, capped bodies and headers.  A
 * request goes to the base URL's host and to no other, so a credential does too.
 * Requests are repeated by error class, with jitter, until the call's deadline.
 */
#ifndef ZONESEAL_HTTP_H
#define ZONESEAL_HTTP_H

#include <zoneseal/text.h>

struct zsp_http;
struct zsp_http_response;
struct zsp_json_doc;

/* Whether "http://" will do. */
#define ZSP_PLAIN_NEVER 0
#define ZSP_PLAIN_LOOPBACK 1	/* only to 127.0.0.0/8, ::1 and localhost */
#define ZSP_PLAIN_ALWAYS 2	/* the user said so: allow-http = yes */

/*
 * Options that every provider with HTTP has.  Put them at the end of the table:
 *     static const struct zsp_option options[] = { ..., ZSP_HTTP_OPTIONS };
 */
#define ZSP_HTTP_OPTIONS \
	{ ZSP_STR("ca-file"), ZSP_OPTION_FILE, 0, { NULL, 0 }, { NULL, 0 }, \
	  ZSP_STR("Trust these roots (PEM) for the API instead of the system's."), 0, 0 }, \
	{ ZSP_STR("proxy"), ZSP_OPTION_URL, 0, { NULL, 0 }, { NULL, 0 }, \
	  ZSP_STR("HTTP proxy for the API; the environment is not looked at."), 0, 0 }, \
	{ ZSP_STR("http-timeout"), ZSP_OPTION_DURATION, 0, ZSP_STR("30s"), { NULL, 0 }, \
	  ZSP_STR("Longest time for one exchange with the API."), 1000, 600000 }
/* One more, for services that are often reached without TLS. */
#define ZSP_HTTP_OPTION_ALLOW_HTTP \
	{ ZSP_STR("allow-http"), ZSP_OPTION_BOOLEAN, 0, ZSP_STR("no"), { NULL, 0 }, \
	  ZSP_STR("Send requests and credentials over HTTP without TLS also to other machines."), 0, 0 }

/* What an answer means.  Returns ZSP_OK when the request did what it should, else a
 * class; ZSP_TRANSIENT and ZSP_RATE_LIMITED are tried again.  May set *retry_after_ms,
 * which holds what the answer's Retry-After says (0 = nothing). */
typedef int32_t zsp_http_classify(void *user, const struct zsp_http_response *response,
				  int64_t *retry_after_ms);

struct zsp_http_spec {
	struct zsp_str base_url;	/* https://host[:port][/path]; a final slash does not count */
	int32_t plain;			/* ZSP_PLAIN_* */
	int32_t no_proxy;		/* 1: never by a proxy (metadata services) */
	struct zsp_str ca_file;		/* PEM of trusted roots; n 0 = the system's */
	struct zsp_str proxy;		/* URL; n 0 = none; not used for ZSP_PLAIN_LOOPBACK */
	int64_t timeout_ms;		/* of one exchange; 0 = 30 s */
	int64_t connect_ms;		/* of connecting; 0 = 10 s */
	uint32_t attempts;		/* of one request at most; 0 = 5 */
	/* Token bucket: burst requests at once, and one more in each refill_ms; 0 = no limit.
	 * Waits, never fails.  Each zsp_http has a bucket of its own.  Where a service counts
	 * by account, have one zsp_http for the account: an instance has one account and a
	 * process of its own.  Nothing is shared with other processes, so users with several
	 * instances, runs or machines on one account need a smaller limit in each. */
	uint32_t burst;
	int64_t refill_ms;
	size_t max_body;		/* of an answer; 0 = 1 MiB, at most 4 MiB */
	zsp_http_classify *classify;	/* NULL = zsp_http_class() */
	void *user;			/* for classify */
};

/* Takes ca-file, proxy, http-timeout and allow-http from the options. */
ZSP_SDK void zsp_http_spec_options(struct zsp_http_spec *spec, const struct zsp_list *values);

/* NULL with host->fail said: ZSP_CONFIG for a URL that does not do or roots that do not
 * load.  Connects to nothing yet. */
ZSP_SDK struct zsp_http *zsp_http_new(const struct zsp_host *host, const struct zsp_http_spec *spec);
/* Ends connections and overwrites secrets; NULL is fine. */
ZSP_SDK void zsp_http_free(struct zsp_http *http);
/* Host and port of the base URL as in a Host header, for signing. */
ZSP_SDK struct zsp_str zsp_http_host(const struct zsp_http *http);
/* Path of the base URL, without final slash; n 0 = none. */
ZSP_SDK struct zsp_str zsp_http_base_path(const struct zsp_http *http);
/* This text never appears in a message, trace or error of the library, nor does its
 * escaped, hexadecimal or base64 form.  Less than 4 octets are not looked for.  ZSP_BUG, with
 * host->fail not said: more than 16 KiB, more than 680 secrets, or out of memory. */
ZSP_SDK int32_t zsp_http_redact(struct zsp_http *http, struct zsp_str secret);

/* From now on every request has the header "name: before secret", as in "Authorization",
 * "Bearer " and a token; the secret never appears in a message, as with zsp_http_redact.
 * ZSP_OK, or a class with host->fail said: ZSP_CONFIG for a secret that no header can have,
 * and for http NULL, where zsp_http_new has said why. */
ZSP_SDK int32_t zsp_http_always(struct zsp_http *http, const char *name, const char *before,
				struct zsp_str secret);

struct zsp_http_header { struct zsp_str name, value; };

/* A request.  Header values with control characters are refused (ZSP_BUG). */
struct zsp_http_request {
	const char *method;		/* "GET", "POST", "PUT", "PATCH", "DELETE" */
	struct zsp_str path;		/* begins with "/", may have a query; behind the base URL's path */
	const struct zsp_http_header *headers;
	uint32_t nheaders;
	int32_t once;			/* 1: not again after an attempt that may have had an effect */
	struct zsp_str body;		/* p NULL = none */
	struct zsp_str content_type;	/* n 0 with a body = application/json */
	/* Called before each attempt, to sign it anew: returns the headers to send besides
	 * (valid until the next call) or NULL with host->fail said, for which
	 * zsp_http_send returns ZSP_AUTH.  NULL = nothing to do. */
	const struct zsp_http_header *(*sign)(void *user, const struct zsp_http_request *request,
					      uint32_t *ret_n);
	void *user;			/* for sign */
};

/* An answer; valid until the next request of the same zsp_http. */
struct zsp_http_response {
	int32_t status;			/* 0 = none came */
	uint32_t attempts;		/* made for it */
	struct zsp_str body;
	int64_t retry_after_ms;		/* 0 = none said */
	int32_t maybe_done;		/* 1: of an attempt no answer came, or one that leaves it open
					 * (5xx), but it may have had its effect */
	int32_t too_large;		/* 1: no answer, because it was longer than max_body; not tried again */
	const void *head;		/* for zsp_http_answer() */
};

/* Sends the request, again where that is due, and waits between attempts as the answer
 * or the bucket wants.  ZSP_OK or the class of the last answer; *ret_response has that
 * answer either way.  Status 0 where there is none: ZSP_TRANSIENT, or ZSP_CONFIG where
 * the server's certificate is not trusted, or ZSP_BUG where the request cannot be sent:
 * a path that leaves the base URL (".."), has octets to be escaped or a fragment. */
ZSP_SDK int32_t zsp_http_send(struct zsp_http *http, const struct zsp_http_request *request,
			      struct zsp_http_response *ret_response);
/* The same for what most APIs want: a body in JSON (NULL = none) and a path made by a format,
 * whose parts are escaped already (zsp_text_add_escaped).  A status that is `fine`, such as the
 * 404 of a removal, means that what was wanted is so: ZSP_OK; 0 = none.  Else the class, and
 * zsp_http_fail() is said with the method and what the service said. */
ZSP_SDK int32_t zsp_http_call(struct zsp_http *http, const char *method, const struct zsp_text *body, int32_t fine,
			      struct zsp_http_response *ret_response, const char *path, ...) ZSP_FORMAT(6, 7);
/* The body of an answer, to be freed with zsp_json_free(); ZSP_TRANSIENT with host->fail said,
 * and NULL, where it is no JSON. */
ZSP_SDK int32_t zsp_http_json(struct zsp_http *http, const struct zsp_http_response *response,
			      struct zsp_json_doc **ret_doc);
/* A header of the answer by its name in any case; n 0 = absent. */
ZSP_SDK struct zsp_str zsp_http_answer(const struct zsp_http_response *response, const char *name);
/* By the status alone: 2xx ZSP_OK, 401 ZSP_AUTH, 403 ZSP_DENIED, 404 ZSP_NOT_FOUND, 409 and
 * 412 ZSP_CONFLICT, 408 425 5xx ZSP_TRANSIENT, 429 and 503 with Retry-After ZSP_RATE_LIMITED,
 * 3xx and the rest ZSP_CONFIG. */
ZSP_SDK int32_t zsp_http_class(const struct zsp_http_response *response);
/* Says host->fail with this class: what was attempted ("list the zones"), URL without
 * query, status or reason of the connection, and detail (may be n 0), made short and
 * printable.  Returns error_class.  Says nothing where sign has. */
ZSP_SDK int32_t zsp_http_fail(struct zsp_http *http, int32_t error_class,
			      const struct zsp_http_response *response, const char *what,
			      struct zsp_str detail);
/* Appends what a service said, such as the message in an answer, as it may stand in a text
 * for host->result: short, printable, without secrets. */
ZSP_SDK void zsp_http_said(const struct zsp_http *http, struct zsp_str said, struct zsp_text *dst);

#endif
