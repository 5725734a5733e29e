/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict of propagation: one row for each address of a zone's servers, the
 * policies over them, and the matrix as text.  Pure: no network, no clock.
 */
#ifndef ZS_PROBE_MATRIX_H
#define ZS_PROBE_MATRIX_H

#include "ipc/proto.h"
#include "probe/addr.h"

/* What one look for one name at one address showed. */
enum zs_look {
	ZS_LOOK_NONE,		/* not looked yet */
	ZS_LOOK_PRESENT,	/* all wanted values of the name */
	ZS_LOOK_ABSENT,		/* none of them; foreign values do not count */
	ZS_LOOK_PART,		/* some, not all */
	ZS_LOOK_LAME,		/* answers without authority, or with an error */
	ZS_LOOK_REFUSED,	/* RCODE REFUSED */
	ZS_LOOK_NO_ANSWER,
	ZS_LOOK_NO_ROUTE,
	ZS_LOOK__COUNT
};

struct zs_row {
	char server[ZS_MAX_NAME + 3];	/* NS name, or the address with servers= */
	char address[ZS_ADDR_TEXT];
	uint8_t ns;			/* rows of one name server have the same; ZS_NS_NONE = alone */
	enum zs_server_state state;
	uint32_t seen, looks;		/* k of K, of the name that is furthest behind */
	uint32_t records, wanted;	/* values */
	uint32_t serial;		/* 0 = not known */
	uint32_t rtt_us;
	bool excused;			/* lame or refusing for so long that resolvers pass it over too */
	char note[96];			/* "SERVFAIL": what the state does not say; "" = nothing */
};

struct zs_matrix {
	struct zs_name zone;
	uint32_t policy, percent;	/* enum zs_policy */
	uint32_t negative_ttl;
	struct zs_row *rows;
	size_t nrows;
};

/* The state of a row from the looks at its names; older: another server has a newer serial. */
enum zs_server_state zs_row_state(const enum zs_look *looks, size_t n, bool older);
bool zs_row_is_done(const struct zs_row *row);		/* all values, K times */
bool zs_matrix_holds(const struct zs_matrix *matrix);
/* No address can be reached at all: waiting is no use. */
bool zs_matrix_is_hopeless(const struct zs_matrix *matrix);
/* The newest serial of all rows (RFC 1982), 0 = none known. */
uint32_t zs_matrix_newest(const struct zs_matrix *matrix);
bool zs_serial_is_older(uint32_t a, uint32_t b);
/* ZS_E_PROPAGATION with the matrix as text, one line for each address, those that
 * hold the run first. */
void zs_matrix_err(const struct zs_matrix *matrix, uint32_t elapsed_ms, struct zs_err *err);

#endif
