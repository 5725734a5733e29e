/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one error carrier.  Library code fills it where the failure is first
 * known; outer frames only add context in front; program code reports it once.
 * The code alone decides class, retry, exit code and hint: see the table in
 * err.c, which docs/errors.md repeats and a test compares.
 */
#ifndef ZS_BASE_ERR_H
#define ZS_BASE_ERR_H

#include "base/defs.h"
#include "base/slice.h"

/* Functions return 0 or the negated code. */
enum zs_code {
	ZS_OK,
	ZS_E_BUG,		/* an assumption of ours is wrong */
	ZS_E_NOMEM,
	ZS_E_USAGE,		/* command line */
	ZS_E_CONFIG,		/* configuration file, option of a provider, secret file */
	ZS_E_PLUGIN,		/* not loadable, wrong ABI, crashed, hung, broke the contract */
	ZS_E_PROVIDER_AUTH,	/* credentials refused */
	ZS_E_PROVIDER_DENIED,	/* credentials good, right missing */
	ZS_E_PROVIDER_ZONE,	/* the provider does not serve the zone */
	ZS_E_PROVIDER,		/* another failure of the DNS provider */
	ZS_E_PROVIDER_RATE,	/* the provider limits the rate */
	ZS_E_DNS,		/* zone, name servers or alias chain not found */
	ZS_E_PROPAGATION,	/* not all servers served the record in time */
	ZS_E_CA_REFUSED,	/* problem document, order or authorization invalid */
	ZS_E_CA_ACCOUNT,	/* account missing, deactivated, terms or binding needed */
	ZS_E_CA_PROTOCOL,	/* the CA's answer breaks RFC 8555 or our caps */
	ZS_E_CA_CERT,		/* certificate is not the one asked for */
	ZS_E_RATE_LIMITED,	/* by the CA */
	ZS_E_NETWORK,		/* resolve, connect, TLS, reset, time-out */
	ZS_E_STORAGE,		/* state tree: disk, corrupt file */
	ZS_E_PERMISSION,	/* owner, mode, missing right */
	ZS_E_DEPLOY,
	ZS_E_PARTIAL,		/* some of several done */
	ZS_E_RESIDUE,		/* a record of ours could not be removed */
	ZS_E_BUSY,		/* another run holds the certificate */
	ZS_E_CANCELLED,		/* by a signal */
	ZS_E_PEER,		/* a process of ours died or sent a bad frame */
	ZS_E__COUNT
};

enum zs_class {
	ZS_CLASS_BUG,
	ZS_CLASS_CONFIG,	/* the user changes something */
	ZS_CLASS_DENIED,	/* somebody else refuses */
	ZS_CLASS_RETRY,		/* may go away by itself */
	ZS_CLASS_LOCAL,		/* this machine */
	ZS_CLASS__COUNT
};

struct zs_code_info {
	const char *name;	/* "propagation": stable, in JSON and docs */
	enum zs_class class;
	bool retry;
	uint8_t exit_code;
	const char *meaning;	/* one clause, for docs and --help */
	const char *hint;	/* what to do next, where the failing code knows nothing better */
};

/* Takes a code or a negated one. Never NULL; an unknown code gives the row of ZS_E_BUG. */
const struct zs_code_info *zs_code_info(int code);
const char *zs_class_name(enum zs_class class);
/* Finds a code by its stable name; ZS_E_BUG when unknown. */
enum zs_code zs_code_by_name(struct zs_slice name);

struct zs_subproblem {
	char identifier[ZS_MAX_NAME + 3];
	char type[64];		/* without urn:ietf:params:acme:error: */
	char detail[256];
};

enum { ZS_ERR_SUBPROBLEMS = 8 };

struct zs_err {
	enum zs_code code;
	char subject[ZS_MAX_NAME + 3];	/* name, instance, CA, file: what it is about */
	char where[128];		/* server, zone, plugin, URL: where it happened */
	char problem[64];		/* ACME problem type without its URN prefix */
	int32_t http_status;
	int64_t retry_at;		/* Unix seconds, 0 = not said */
	char text[1024];		/* what happened; printable UTF-8, may hold LF in a matrix */
	char hint[384];			/* command to run next; "" = the code's own hint */
	uint32_t nsub;
	struct zs_subproblem sub[ZS_ERR_SUBPROBLEMS];
};

void zs_err_clear(struct zs_err *err);
/* Sets code and text (control bytes replaced), clears the rest; returns -code.
 * err may be NULL. */
int zs_err_set(struct zs_err *err, enum zs_code code, const char *fmt, ...) ZS_PRINTF(3, 4);
/* The same for a failed system call: appends strerror(errnum). ENOMEM, EACCES/EPERM,
 * ENOSPC and the like choose the code when code is ZS_OK. */
int zs_err_sys(struct zs_err *err, enum zs_code code, int errnum, const char *fmt, ...) ZS_PRINTF(4, 5);
/* Puts "context: " in front of the text; returns -err->code (-ZS_E_BUG when err
 * is NULL). None of these functions changes errno. */
int zs_err_prefix(struct zs_err *err, const char *fmt, ...) ZS_PRINTF(2, 3);
void zs_err_subject(struct zs_err *err, const char *fmt, ...) ZS_PRINTF(2, 3);
void zs_err_where(struct zs_err *err, const char *fmt, ...) ZS_PRINTF(2, 3);
void zs_err_hint(struct zs_err *err, const char *fmt, ...) ZS_PRINTF(2, 3);
/* Adds a subproblem; dropped silently past the cap. Strings are cleaned. */
void zs_err_sub(struct zs_err *err, struct zs_slice identifier, struct zs_slice type, struct zs_slice detail);
/* The hint that applies: err->hint or that of the code. */
const char *zs_err_advice(const struct zs_err *err);

#define ZS_FAIL(err, code, ...) return zs_err_set((err), (code), __VA_ARGS__)

#endif
