/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to Cloudflare's API: which token, how fast, what the answer means and
 * how a failure is told.  Below it is the SDK's HTTP; above it are zones and records.
 */
#ifndef CLOUDFLARE_API_H
#define CLOUDFLARE_API_H

#include "envelope.h"

/* Which token a request is sent with. */
enum cf_token { CF_TOKEN_DNS, CF_TOKEN_ZONE, CF_TOKEN__COUNT };

struct cf_api {
	const struct zsp_host *host;
	struct zsp_http *http;
	struct zsp_text authorization[CF_TOKEN__COUNT];	/* "Bearer ..." */
	int32_t accepted[CF_TOKEN__COUNT];	/* 1: the service did something for this token */
	int64_t not_before;		/* monotonic: no request earlier than this */
	int64_t rather_not_before;	/* better none earlier than this */
	/* The last answer, until the next request. */
	struct zsp_http_response response;
	struct cf_envelope answer;
	struct cf_verdict verdict;
	int64_t retry_after_ms;
	struct zsp_text why;		/* a failure in words; n 0 where host->fail was told */
};

struct cf_request {
	enum cf_token token;
	const char *method;
	struct zsp_str path;		/* behind the base URL, with its query */
	struct zsp_str body;		/* JSON; p NULL = none */
	const char *what;		/* "list the TXT records of", for messages */
	struct zsp_str object;		/* what it is about: a name or a zone */
	const char *need;		/* permission that the token must have */
};

#define CF_NEED_ZONE "Zone / Zone / Read"
#define CF_NEED_READ "Zone / DNS / Read"
#define CF_NEED_EDIT "Zone / DNS / Edit"

/* Without tokens; add them with cf_api_token().  ZSP_OK, or a class with host->fail said. */
int32_t cf_api_open(struct cf_api *api, const struct zsp_host *host,
		    const struct zsp_list *values);
int32_t cf_api_token(struct cf_api *api, enum cf_token which, struct zsp_str token);
void cf_api_close(struct cf_api *api);

/* Sends a request and waits for its turn before.  ZSP_OK or a class; the answer is in
 * api->answer, the reason in api->why. */
int32_t cf_send(struct cf_api *api, const struct cf_request *request);

/* Pages of a list. */
struct cf_listing {
	uint32_t max_pages;	/* where there are more, only the first is read */
	int32_t steady;		/* 1: nobody added or removed items meanwhile */
	int64_t pages;		/* that there are; 0 and 1 are the same */
};
typedef void cf_item_fn(void *user, struct zsp_json item);

/* GETs request->path, which has a query, page by page.  Items may come twice, and a page
 * may be empty. */
int32_t cf_list(struct cf_api *api, const struct cf_request *request, struct cf_listing *listing,
		cf_item_fn *fn, void *user);
/* All pages; ZSP_CONFIG where there are more than max_pages. */
int32_t cf_list_all(struct cf_api *api, const struct cf_request *request, uint32_t max_pages,
		    cf_item_fn *fn, void *user);

/* Sets the reason of a failure that is not an answer's.  Returns error_class. */
int32_t cf_because(struct cf_api *api, int32_t error_class, const char *format, ...)
	ZSP_FORMAT(3, 4);
/* The reason so far. */
const char *cf_why(const struct cf_api *api);
/* host->fail with that class and the reason.  Returns error_class. */
int32_t cf_fail(const struct cf_api *api, int32_t error_class);
#endif
