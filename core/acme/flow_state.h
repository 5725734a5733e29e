/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the issuance machine, for acme/flow*.c only.
 *
 *	flow.c		the states, the table, from events to steps, life
 *	flow_books.c	the queue, what is open, requests, polls
 *	flow_order.c	plan, account, the order of a dead run, the new order
 *	flow_authz.c	authorizations, records, challenges
 *	flow_finish.c	finalize, download, chains, verify, store
 *	flow_clean.c	failure, its reason, and the end
 *
 * Beside the state there are three small books: the open references (what an
 * answer is still expected for), the records (published or not, removed or
 * not: they live across several states), and the first error.  Every way out
 * passes S_CLEAN, which waits for the books to be closed.
 */
#ifndef ZS_ACME_FLOW_STATE_H
#define ZS_ACME_FLOW_STATE_H

#include "acme/authz.h"
#include "acme/flow.h"
#include "acme/order.h"
#include "base/vec.h"

enum {
	MAX_SCRATCH = 2 * 1024 * 1024,	/* one object from the CA while it is read */
	MAX_ALTERNATES = 8,
	FIRST_BACKOFF_MS = 1000,
	MAX_BACKOFF_MS = 16000,
	MAX_RETRY_AFTER_MS = 120 * 1000	/* longer is left to the next run */
};

enum zs_flow_state {
	S_WAIT,		/* for the directory and the routes */
	S_ACCOUNT,	/* newAccount is out */
	S_ACCOUNT_SET,	/* the vault notes its URL */
	S_ACCOUNT_LOST,	/* the vault moves a lost one aside */
	S_RESUME,	/* the order of a dead run is read */
	S_GONE,		/* the vault forgets that order */
	S_ORDER,	/* newOrder is out */
	S_AUTHORIZE,	/* authorizations are read */
	S_VALUES,	/* the vault computes the TXT values */
	S_PUBLISH,
	S_PROPAGATE,
	S_ANNOUNCE,	/* challenges are accepted */
	S_SETTLE,	/* the order is polled until ready */
	S_FINALIZE,	/* finalize is out */
	S_CHECK,	/* the reply to finalize was lost: the order is read */
	S_ISSUE,	/* the order is polled until valid */
	S_DOWNLOAD,
	S_INSPECT,	/* whose chain is it? */
	S_ALTERNATE,	/* another chain is fetched */
	S_VERIFY,
	S_STORE,
	S_EXPLAIN,	/* failed: authorizations are read for the reason */
	S_CLEAN,	/* done or failed: waits for what is open */
	S_END,
	S__COUNT
};

/* What an event means once references and HTTP status are looked at. */
enum zs_flow_input {
	I_START,
	I_ROUTES,
	I_OK,		/* a reply with a good status */
	I_REFUSED,	/* one with another; not to be repeated by itself */
	I_LOST,
	I_VALUES,
	I_PUBLISHED,
	I_PROPAGATED,
	I_REMOVED,
	I_INSPECTED,
	I_VERIFIED,
	I_STORED,
	I_DONE,
	I_STOP,		/* cancel or deadline */
	I__COUNT
};

/* Something that will be answered. */
struct zs_flow_open {
	uint32_t ref;
	enum zs_flow_do act;
	struct zs_flow_request request;	/* ZS_DO_REQUEST */
	size_t index;			/* authorization or alternate */
	unsigned tries;
};

struct zs_flow_authz {
	const char *url;
	struct zs_name name;
	bool read;		/* the fields below are filled */
	enum zs_authz_status status;
	const char *challenge, *token;
	bool accept;		/* its challenge waits for our word */
	bool publish;		/* it needs a record */
};

enum zs_flow_records { RECORDS_NONE, RECORDS_PUBLISHING, RECORDS_THERE, RECORDS_REMOVING, RECORDS_GONE };

struct zs_flow_route {
	struct zs_name identifier, effective, zone;
};

struct zs_flow {
	/* the job */
	struct zs_arena arena;		/* everything that lives until the end */
	const char *ca, *profile, *preferred;
	struct zs_origins origins;
	struct zs_name *names;
	size_t nnames;
	bool agree_terms, has_eab, dry_run;
	/* what is known */
	const struct zs_directory *directory;
	struct zs_flow_route *routes;
	size_t nroutes;
	bool has_routes;
	const char *account_url, *order_url, *finalize_url, *certificate_url;
	int64_t expires;		/* of the order, in the CA's time */
	bool resuming, resumed, account_renewed, finalize_sent;
	bool stopped;			/* by CANCEL or DEADLINE: no more requests */
	unsigned new_orders, finalizes, polls;
	struct zs_flow_authz *authz;
	size_t nauthz;
	struct zs_flow_record *records;
	size_t nrecords;
	enum zs_flow_records records_are;
	struct zs_slice chain, default_chain;
	const char *alternates[MAX_ALTERNATES];
	size_t nalternates, alternate;
	int64_t poll_wait_ms;		/* Retry-After of the last accepts */
	struct zs_err accept_err;	/* the last accept that was refused */
	/* the machine */
	enum zs_flow_state state;
	enum zs_phase phase;
	bool phase_told;
	ZS_VEC(struct zs_flow_open) open;
	ZS_VEC(struct zs_flow_action) queue;
	size_t head;
	struct zs_flow_action current;
	uint32_t last_ref;
	struct zs_flow_end end;
	bool failed, order_dead, nomem, ended, skew_told;
	/* the time, as the last event told it */
	uint64_t now_ms;
	int64_t wall;
	int64_t skew;			/* the CA's clock minus ours, seconds */
};

/* What a step gets. */
struct zs_flow_in {
	const struct zs_flow_event *event;
	struct zs_flow_open open;	/* what was answered; ref 0 otherwise */
	const struct zs_err *err;	/* NULL = went well */
	int64_t wait_ms;		/* Retry-After from now on, -1 = not said */
};

typedef void zs_flow_step(struct zs_flow *f, const struct zs_flow_in *in);

/* ---- flow.c ---- */

/* What the state is about, for messages: "ordering". */
const char *zs_flow_doing(const struct zs_flow *f);
/* The code of the error when the job's time ends in this state. */
enum zs_code zs_flow_late_code(const struct zs_flow *f);

/* ---- flow_books.c ---- */

/* Queues an action; NULL when memory ran out (f->nomem is set then). */
struct zs_flow_action *zs_flow_push(struct zs_flow *f, enum zs_flow_do act);
/* An action with an answer: opens a reference, with the particulars of *as unless NULL. */
struct zs_flow_action *zs_flow_push_open(struct zs_flow *f, enum zs_flow_do act,
	const struct zs_flow_open *as);
/* A copy in the arena; "" when memory ran out. */
const char *zs_flow_keep(struct zs_flow *f, struct zs_slice text);
void zs_flow_note(struct zs_flow *f, const char *fmt, ...) ZS_PRINTF(2, 3);
void zs_flow_set_phase(struct zs_flow *f, enum zs_phase phase, const char *fmt, ...) ZS_PRINTF(3, 4);
void zs_flow_drop_open(struct zs_flow *f, size_t i);
/* Nobody waits any more for what is open, except for REMOVE and, so that it can
 * be undone in order, PUBLISH. */
void zs_flow_drop_all(struct zs_flow *f);
size_t zs_flow_count_open(const struct zs_flow *f, enum zs_flow_do act);
void zs_flow_send_open(struct zs_flow *f, const struct zs_flow_open *o);
struct zs_flow_open zs_flow_make_request(enum zs_flow_op op, const char *url, size_t index);
void zs_flow_send(struct zs_flow *f, enum zs_flow_op op, const char *url, size_t index);
uint32_t zs_flow_clamp_ms(int64_t ms);
/* The same request once more, later. */
void zs_flow_send_again(struct zs_flow *f, const struct zs_flow_open *o, int64_t delay_ms);
struct zs_acme_from zs_flow_from(const struct zs_flow *f, const char *url);
struct zs_slice zs_flow_body(const struct zs_flow_in *in);
/* Keeps what the flow needs of it. */
int zs_flow_parse_order(struct zs_flow *f, const struct zs_flow_in *in, const char *url,
	struct zs_arena *scratch, struct zs_order *ret, struct zs_err *err);
/* The URL of a new resource. */
int zs_flow_read_location(struct zs_flow *f, const struct zs_flow_in *in, const char *what,
	const char **ret, struct zs_err *err);
/* Authorizations and the finalize URL of an order. */
void zs_flow_copy_names(struct zs_flow *f, const struct zs_order *order);
/* The CA's time. */
int64_t zs_flow_ca_now(const struct zs_flow *f);
void zs_flow_subject_of(struct zs_err *err, const struct zs_name *name);
/* Reads the order again when its time has come; wait_ms is Retry-After, -1 = none. */
void zs_flow_poll_order(struct zs_flow *f, int64_t wait_ms);
/* The order as it stands; false when the reply could not be used (failed then). */
bool zs_flow_polled(struct zs_flow *f, const struct zs_flow_in *in, enum zs_order_status *ret);

/* ---- flow_order.c ---- */

zs_flow_step zs_flow_on_start, zs_flow_on_routes, zs_flow_on_routes_waited, zs_flow_on_account_lost,
	zs_flow_on_account, zs_flow_on_account_set, zs_flow_on_gone, zs_flow_on_old_order,
	zs_flow_on_old_order_refused, zs_flow_on_order, zs_flow_on_order_refused, zs_flow_on_order_lost;

/* ---- flow_authz.c ---- */

zs_flow_step zs_flow_on_authz, zs_flow_on_values, zs_flow_on_published, zs_flow_on_published_late,
	zs_flow_on_removed, zs_flow_on_propagated, zs_flow_on_accepted, zs_flow_on_accept_refused,
	zs_flow_on_settled;

/* ---- flow_finish.c ---- */

zs_flow_step zs_flow_on_finalized, zs_flow_on_finalize_refused, zs_flow_on_finalize_lost,
	zs_flow_on_checked, zs_flow_on_issued, zs_flow_on_downloaded, zs_flow_on_inspected,
	zs_flow_on_alternate, zs_flow_on_alternate_failed, zs_flow_on_verified, zs_flow_on_stored;
void zs_flow_finalize(struct zs_flow *f);
void zs_flow_wait_for_certificate(struct zs_flow *f, int64_t wait_ms);
void zs_flow_download(struct zs_flow *f);

/* ---- flow_clean.c ---- */

zs_flow_step zs_flow_on_reason, zs_flow_on_no_reason, zs_flow_on_clean_answer, zs_flow_on_refused,
	zs_flow_on_lost, zs_flow_on_stop, zs_flow_on_stop_failed;
/* Where records are published. */
void zs_flow_start_removal(struct zs_flow *f);
/* In S_CLEAN: over as soon as nothing is open any more. */
void zs_flow_end_when_clean(struct zs_flow *f);
/* Done or failed: records are removed, then the end. */
void zs_flow_enter_clean(struct zs_flow *f);
/* The first error wins; everything open is let go. */
void zs_flow_fail(struct zs_flow *f, const struct zs_err *err);
void zs_flow_failf(struct zs_flow *f, enum zs_code code, const char *fmt, ...) ZS_PRINTF(3, 4);
/* The order or an authorization is invalid: ask why before the end. */
void zs_flow_explain(struct zs_flow *f, const struct zs_err *reason);
void zs_flow_order_invalid(struct zs_flow *f, const struct zs_order *order);

#endif
