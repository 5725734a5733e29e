/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of zoneseal/http.h share: the client object, and one exchange.
 *
 *     http.c           the object and its answers
 *     http_call.c      whole requests in one call
 *     http_check.c     what may be sent at all
 *     http_exchange.c  one exchange; the only file with libcurl
 *     http_send.c      attempts, waits, the token bucket
 *     http_secret.c    what must not be seen
 *     http_fail.c      messages
 */
#ifndef ZONESEAL_SDK_HTTP_PARTS_H
#define ZONESEAL_SDK_HTTP_PARTS_H

#include <zoneseal/http.h>

#include "base/buf.h"
#include "base/vec.h"
#include "bridge.h"

enum {
	ZSP_HEADERS_MAX = 64 * 1024,
	ZSP_REQUEST_MAX = 4 * 1024 * 1024,
	ZSP_URL_MAX = 8 * 1024,
	ZSP_REASON_MAX = 512
};

struct zs_roots;

/* A form of a secret, and how it is compared. */
enum zsp_compare { COMPARE_EXACT, COMPARE_NOCASE, COMPARE_BASE64 };
struct zsp_secret {
	struct zs_buf text;
	enum zsp_compare compare;
};

struct zsp_http {
	const struct zsp_host *host;
	struct zsp_http_spec spec;	/* its texts are not kept here */
	char *origin;			/* https://host[:port], lower case */
	char *authority;		/* host[:port] */
	char *base_path;		/* "" or /... without final slash */
	char *proxy;			/* NULL = none */
	bool is_plain;
	struct zs_roots *roots;		/* NULL where is_plain */
	void *multi;			/* CURLM: keeps the connection */
	bool has_global;		/* curl_global_init was called */
	int64_t bucket_ms;		/* when the bucket would be full again */
	ZS_VEC(struct zsp_secret) secrets;
	ZS_VEC(struct zs_buf) always;	/* headers of every request: name, NUL, value */

	/* of the last request */
	struct zs_buf url;		/* with query */
	struct zs_buf head, body;
	char reason[ZSP_REASON_MAX];	/* why there is no answer */
	bool said;			/* host->fail has been called for it */
};

/* How one exchange ended. */
struct zsp_outcome {
	int32_t error_class;	/* where status is 0 */
	int32_t status;
	bool maybe_sent;
	bool hopeless;		/* the next one would end the same way */
	bool too_large;		/* the answer was longer than it may be */
};

/* Fills origin, authority, base_path, is_plain and proxy. 0 with host->fail said. */
int zsp_http_check_spec(struct zsp_http *http, const struct zsp_http_spec *spec);
/* Fills url; ZSP_OK, or ZSP_BUG with a reason. */
int32_t zsp_http_check_request(struct zsp_http *http, const struct zsp_http_request *request);
/* A name that is a token, a value without controls. */
bool zsp_http_header_ok(const struct zsp_http_header *header);

/* Of an item of always. */
struct zs_slice zsp_http_always_value(const struct zs_buf *header);

bool zsp_http_curl_begin(struct zsp_http *http);
void zsp_http_curl_end(struct zsp_http *http);
/* Clears and fills head, body and reason.  signed_headers: what sign returned. */
struct zsp_outcome zsp_http_exchange(struct zsp_http *http, const struct zsp_http_request *request,
				     const struct zsp_http_header *signed_headers, uint32_t nsigned);

/* Appends text without secrets. */
void zsp_http_hide(const struct zsp_http *http, struct zs_slice text, struct zs_buf *dst);
void zsp_http_forget(struct zsp_http *http);

void zsp_http_reason(struct zsp_http *http, const char *format, ...) ZS_PRINTF(2, 3);
/* Appends the URL of the last request without its query, without secrets. */
void zsp_http_show_url(const struct zsp_http *http, struct zs_buf *dst);

#endif
