/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What PowerDNS's HTTP API answers, as data: servers, zones, errors.  No I/O.
 */
#ifndef POWERDNS_ANSWER_H
#define POWERDNS_ANSWER_H

#include <zoneseal/sdk.h>

enum {
	PDNS_NAME = 254, /* a DNS name, with its NUL */
	PDNS_ID = 512, /* of a zone or a server; opaque */
	PDNS_KIND = 24
};

/* One of GET /servers. */
struct pdns_server {
	char id[PDNS_ID];
	char version[PDNS_KIND];
	int32_t extends; /* 1: knows EXTEND and PRUNE, so no record sets are replaced */
};

/* One of GET /servers/ID/zones, or the head of GET /servers/ID/zones/ID. */
struct pdns_zone {
	char name[PDNS_NAME]; /* "example.org" */
	char id[PDNS_ID];
	char kind[PDNS_KIND]; /* "Native", "Master", "Slave" ... */
	int64_t serial; /* -1 where it is not said */
	int32_t counts; /* 1: each change through the API makes the serial one larger (but
				 * for the first of a day); 0: it stays; -1: neither is known */
};

/* Each returns 1, or 0 when it is no such thing. */
int32_t pdns_server_read(struct zsp_json item, struct pdns_server *ret);
int32_t pdns_zone_read(struct zsp_json item, struct pdns_zone *ret);

/* 1: a copy of another server's zone; the API takes changes, the next transfer undoes them. */
int32_t pdns_zone_is_copy(const struct pdns_zone *zone);

/* 1: a server of this version ("5.0.2") adds and removes single records. */
int32_t pdns_version_extends(struct zsp_str version);

/* The reason in the body of an answer; a view into doc, or into body.  n 0 where there is none.
 * All of it: a secret in it that is cut would not be recognised any more. */
struct zsp_str pdns_error_read(struct zsp_str body, struct zsp_json_doc *doc);

#endif
