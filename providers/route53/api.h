/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to Route 53: signed anew for each attempt, answered in XML.
 */
#ifndef ROUTE53_API_H
#define ROUTE53_API_H

#include "credentials.h"
#include "error.h"
#include "xml.h"

#define API_VERSION "/2013-04-01"
#define API_NAMESPACE "https://route53.amazonaws.com/doc/2013-04-01/"

struct api_call {
	const char *what; /* is attempted: "list the hosted zones" */
	const char *method;
	struct zsp_str path; /* behind API_VERSION, percent-encoded, with its query */
	struct zsp_str body; /* XML; p NULL = none */
	const char *root; /* element that a good answer is */
	void (*begin)(void *user); /* called before an answer is read, which happens for each attempt */
	xml_element *element;
	void *user;
};

struct api {
	const struct zsp_host *host;
	struct credentials *credentials;
	struct zsp_http *http;
	uint32_t hidden_since; /* credentials->taken when http was made; the secrets since then are hidden in it */
	const char *region; /* to sign for */
	struct api_error error; /* of the last call that was refused */
	char why[ZSP_MAX_TEXT + 1]; /* why the last call failed, for results; never empty then */
	int32_t is_said; /* host->fail has heard more than why says */
	int64_t retry_after_ms; /* that it was answered with */
	/* of the call under way */
	const struct api_call *call;
	const char *fault; /* of the answer */
	int32_t root_seen;
	int64_t signed_ms;
	char date[ZSP_TIME_TEXT];
	struct zsp_text authorization;
	struct zsp_http_header headers[3];
};

/* ZSP_OK, or a class with host->fail said.  No network. */
int32_t api_init(struct api *api, const struct zsp_host *host, struct credentials *credentials);
void api_done(struct api *api);
/* ZSP_OK, or a class with host->fail said; ZSP_CONFLICT is a refused batch. */
int32_t api_send(struct api *api, const struct api_call *call);
/* Says host->fail with this text and keeps it in api->why.  Returns error_class. */
int32_t api_failf(struct api *api, int32_t error_class, const char *format, ...) ZSP_FORMAT(3, 4);

#endif
