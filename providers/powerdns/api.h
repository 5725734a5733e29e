/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to PowerDNS's HTTP API: the paths, the key, and how a failure is told.
 * Below it is the SDK's HTTP; above it are record sets.
 */
#ifndef POWERDNS_API_H
#define POWERDNS_API_H

#include "answer.h"

struct pdns_api {
	const struct zsp_host *host;
	struct zsp_http *http;
	struct zsp_text key; /* secret */
	const char *root; /* in front of "/servers": "/api/v1", or "" where api-url has it */
	char server_id[PDNS_ID]; /* as configured; "" = not */
	struct pdns_server server; /* id "" until it was looked up */
	/* The last answer, until the next request. */
	struct zsp_http_response response;
	struct zsp_json_doc *doc; /* NULL where the body was no JSON */
	int32_t said; /* 1: there was no request, and host->fail has the reason */
};

/* ZSP_OK, or a class with host->fail said.  No network. */
int32_t pdns_open(struct pdns_api *api, const struct zsp_host *host, const struct zsp_list *values);
void pdns_close(struct pdns_api *api);

/* Finds the server and its version, once.  ZSP_OK, or a class with host->fail said. */
int32_t pdns_find_server(struct pdns_api *api);

/* The zone of exactly that name.  ZSP_OK, ZSP_NOT_FOUND (host->fail not said) or a class with
 * host->fail said. */
int32_t pdns_find_zone(struct pdns_api *api, struct zsp_str name, struct pdns_zone *ret);

/* All zones; api->doc is the list.  ZSP_OK, or a class with host->fail said. */
int32_t pdns_list_zones(struct pdns_api *api);

/* How much of a zone is read. */
enum pdns_part {
	PDNS_HEAD, /* no record sets */
	PDNS_NAME_SETS, /* those of one name; before 5.0 without disabled records */
	PDNS_WHOLE /* all */
};

/* api->doc is the zone; *ret_zone its head.  ZSP_OK, or a class with host->fail said. */
int32_t pdns_get_zone(struct pdns_api *api, const struct pdns_zone *zone, enum pdns_part part,
	struct zsp_str name, struct pdns_zone *ret_zone);

/* Sends {"rrsets": [...]}, once.  ZSP_OK or a class; host->fail is not said. */
int32_t pdns_patch(struct pdns_api *api, const struct pdns_zone *zone, struct zsp_str body);
/* Says host->fail with the last answer.  Returns error_class. */
int32_t pdns_fail(struct pdns_api *api, int32_t error_class, const char *what);
/* The reason in the last answer. */
struct zsp_str pdns_reason(const struct pdns_api *api);

#endif
