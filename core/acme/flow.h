/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The issuance machine of one job: from plan to store.  A table of (state,
 * event) -> step; a step changes the state and queues actions.  It has no
 * sockets, clock, files or keys: the engine performs the actions and feeds back
 * what happened, with the time.  Tests drive the same machine with a simulated
 * world (tests/sim).
 *
 * Use:
 *	flow = zs_flow_new(&spec);
 *	zs_flow_event(flow, &event);
 *	while ((action = zs_flow_next(flow)))
 *		perform(action);
 * An event may be fed while actions are still queued or being performed (also
 * from within perform()).  After ZS_DO_END there are no more actions and events
 * are ignored; whatever the engine still holds for the flow then is dropped.
 *
 * References: an action that is answered carries ref, not 0 and unique in the
 * flow; its answer carries the same ref.  Answers with a ref that is not open
 * (late, repeated, dropped) are ignored, so the engine need not track that.
 */
#ifndef ZS_ACME_FLOW_H
#define ZS_ACME_FLOW_H

#include "acme/directory.h"
#include "acme/url.h"
#include "base/err.h"
#include "base/name.h"
#include "ipc/proto.h"

struct zs_flow;

/* What the job is; copied. */
struct zs_flow_spec {
	const char *ca;			/* name of the CA, for messages */
	struct zs_origins origins;	/* pinned set */
	const struct zs_name *identifiers;
	size_t nidentifiers;
	const char *account_url;	/* NULL or "" = none yet */
	const char *order_url;		/* journaled order of a dead run; NULL or "" = none */
	const char *profile;		/* NULL or "" = none */
	const char *preferred_chain;	/* common name; NULL or "" = the default chain */
	bool agree_terms, has_eab, dry_run;
};

/* ---- actions ---- */

/* Requests to the CA.  The session below signs (the vault's SIGN_* of the same
 * name), keeps nonces, re-signs after badNonce and limits the width. */
enum zs_flow_op {
	ZS_OP_NEW_ACCOUNT,
	ZS_OP_NEW_ORDER,
	ZS_OP_READ_ORDER,	/* SIGN_READ */
	ZS_OP_READ_AUTHZ,	/* SIGN_READ */
	ZS_OP_ACCEPT,
	ZS_OP_FINALIZE,		/* SIGN_FINALIZE, with order_url */
	ZS_OP_DOWNLOAD,		/* SIGN_READ; Accept: application/pem-certificate-chain */
	ZS_OP_ALTERNATE,	/* the same for another chain */
	ZS_OP_DEACTIVATE,	/* of an authorization */
	ZS_OP__COUNT
};
const char *zs_flow_op_name(enum zs_flow_op op);

struct zs_flow_request {
	enum zs_flow_op op;
	const char *url;		/* checked against the pinned set */
	const char *order_url;		/* ZS_OP_FINALIZE only */
	uint32_t delay_ms;		/* wait at least so long before sending: polls, back-off, Retry-After.
					 * The session may add jitter to 1 s and more. */
	uint32_t budget_ms;		/* answer ZS_ON_LOST at the latest so long after sending; 0 = the
					 * session's own rule (30 s of transport retries) */
	bool repeat;			/* may be sent again when the reply was lost.  When false only
					 * where nothing was sent (connect, TLS) and after badNonce. */
};

/* One TXT value at one effective name. */
struct zs_flow_record {
	struct zs_name identifier;	/* base name */
	struct zs_name effective, zone;
	uint32_t route;			/* index into the routes of ZS_ON_ROUTES */
	char value[ZS_TXT_VALUE + 1];
	const char *token, *key_authorization;	/* of the challenge */
};

enum zs_flow_do {
	ZS_DO_PHASE,		/* phase, text: progress for people; no answer */
	ZS_DO_NOTE,		/* text: a warning for the log; no answer */
	ZS_DO_REQUEST,		/* request -> ZS_ON_REPLY or ZS_ON_LOST */
	ZS_DO_DROP,		/* drop: the answer to that ref is not wanted any more. Take the request or
				 * watch out, abort it or let it run; no answer needed.  For a PUBLISH: end it
				 * early if that is possible, but answer it all the same. */
	ZS_DO_TXT_VALUES,	/* tokens -> ZS_ON_TXT_VALUES, same order */
	ZS_DO_PUBLISH,		/* records: journal, then apply -> ZS_ON_PUBLISHED once all are done or
				 * failed (and no apply of them is running any more) */
	ZS_DO_WATCH,		/* records: all zones -> ZS_ON_PROPAGATED when the last policy holds or one fails */
	ZS_DO_REMOVE,		/* records: every one, also those whose PUBLISH failed or never came to it
				 * -> ZS_ON_REMOVED */
	ZS_DO_INSPECT,		/* chain -> ZS_ON_INSPECTED with the issuer CN of the top-most certificate */
	ZS_DO_VERIFY,		/* chain -> ZS_ON_VERIFIED */
	ZS_DO_STORE,		/* chain -> ZS_ON_STORED */
	ZS_DO_ACCOUNT_SET,	/* text: the account's URL -> ZS_ON_DONE */
	ZS_DO_ACCOUNT_LOST,	/* text: the URL on record -> ZS_ON_DONE */
	ZS_DO_ORDER_GONE,	/* -> ZS_ON_DONE */
	ZS_DO_END,		/* end; the last action, exactly once */
	ZS_DO__COUNT
};
const char *zs_flow_do_name(enum zs_flow_do act);

struct zs_flow_end {
	struct zs_err err;		/* code 0 = issued, or the dry run passed */
	struct zs_err residue_err;	/* why records stayed, when residue is not 0 */
	uint32_t residue;		/* records that could not be removed */
	const char *order_url;		/* "" = none */
	bool issued;			/* stored; false for a dry run and on failure */
	bool resumed;			/* finished the order of a run that died */
};

/* Valid until the next zs_flow_next; strings, records and chain until zs_flow_free. */
struct zs_flow_action {
	enum zs_flow_do act;
	uint32_t ref;			/* 0 = no answer expected */
	enum zs_phase phase;		/* PHASE */
	const char *text;		/* PHASE, NOTE, ACCOUNT_*; never NULL */
	struct zs_flow_request request;	/* REQUEST */
	uint32_t drop;			/* DROP */
	const struct zs_slice *tokens;	/* TXT_VALUES */
	size_t ntokens;
	const struct zs_flow_record *records;	/* PUBLISH, WATCH, REMOVE: always the whole set of the job */
	size_t nrecords;
	struct zs_slice chain;		/* INSPECT, VERIFY, STORE: PEM */
	const struct zs_flow_end *end;	/* END */
};

/* ---- events ---- */

enum zs_flow_on {
	ZS_ON_START,		/* directory: it has been read; or err: it could not be */
	ZS_ON_ROUTES,		/* routes: front released the job; may come before START */
	ZS_ON_REPLY,		/* ref, reply: any HTTP status but a badNonce that was re-signed */
	ZS_ON_LOST,		/* ref, err: no reply */
	ZS_ON_TXT_VALUES,	/* ref, values, err */
	ZS_ON_PUBLISHED,	/* ref, err */
	ZS_ON_PROPAGATED,	/* ref, err (with the matrix) */
	ZS_ON_REMOVED,		/* ref, err, residue: records that are still there */
	ZS_ON_INSPECTED,	/* ref, text: the name, empty = not readable; err */
	ZS_ON_VERIFIED,		/* ref, err */
	ZS_ON_STORED,		/* ref, err */
	ZS_ON_DONE,		/* ref, err: of ACCOUNT_SET, ACCOUNT_LOST, ORDER_GONE */
	ZS_ON_CANCEL,		/* the job shall end soon; at any time */
	ZS_ON_DEADLINE,		/* the job's time is over; at any time */
	ZS_ON__COUNT
};
const char *zs_flow_on_name(enum zs_flow_on on);

struct zs_flow_reply {
	int status;
	struct zs_slice body, location, retry_after, date;	/* as the server sent them */
	const struct zs_slice *links;	/* Link fields */
	size_t nlinks;
};

/* Borrowed for the call. */
struct zs_flow_event {
	enum zs_flow_on on;
	uint64_t now_ms;		/* monotonic */
	int64_t wall;			/* Unix seconds */
	uint32_t ref;
	const struct zs_err *err;	/* NULL or code 0 = went well */
	const struct zs_directory *directory;	/* START; lives as long as the flow */
	const struct zs_msg_route *routes;	/* ROUTES; what is needed is copied */
	size_t nroutes;
	struct zs_flow_reply reply;
	const struct zs_msg_txt_value *values;	/* TXT_VALUES */
	size_t nvalues;
	struct zs_slice text;		/* INSPECTED */
	uint32_t residue;		/* REMOVED */
};

/* ---- the machine ---- */

/* NULL when memory ran out. */
struct zs_flow *zs_flow_new(const struct zs_flow_spec *spec);
void zs_flow_free(struct zs_flow *flow);
void zs_flow_event(struct zs_flow *flow, const struct zs_flow_event *event);
/* The next action, NULL when there is none for now. */
const struct zs_flow_action *zs_flow_next(struct zs_flow *flow);

enum zs_phase zs_flow_phase(const struct zs_flow *flow);
/* True while this job may still ask for a PUBLISH: a batch window of other jobs
 * waits for it. */
bool zs_flow_may_publish(const struct zs_flow *flow);
/* True once ZS_DO_END was handed out. */
bool zs_flow_is_over(const struct zs_flow *flow);
const char *zs_flow_state_name(const struct zs_flow *flow);

#endif
