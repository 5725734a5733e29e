/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals of AWS: their documents, and the table of what each code means.
 */
#ifndef ROUTE53_ERROR_H
#define ROUTE53_ERROR_H

#include <zoneseal/http.h>

struct api_error {
	char code[48]; /* "" = the answer has none */
	struct zsp_text messages; /* one a line */
	int64_t skew_ms; /* our clock is that much ahead of the service's; 0 where that is no cause */
};

void error_init(struct api_error *error);
void error_done(struct api_error *error);
/* Reads the refusal in an answer and returns its class.  now_ms is the time that it was
 * signed with. */
int32_t error_classify(struct api_error *error, const struct zsp_http_response *response, int64_t now_ms);
/* Appends code, message and what to do, all printable and short.  Nothing where there is
 * no code.  The service's words are in it as they are: to be shown, error_say() makes it. */
void error_explain(const struct api_error *error, struct zsp_text *dst);
/* The same without the secrets that this client hides, as a service may say back what it was
 * sent. */
void error_say(const struct api_error *error, const struct zsp_http *http, struct zsp_text *dst);
/* 1 when fresh credentials are worth a try. */
int32_t error_is_expiry(const struct api_error *error);

#endif
