/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed put and get for messages, driven by field tables.  A decoded message is
 * checked to end exactly; names are validated; lists are capped.
 */
#ifndef ZS_IPC_CODEC_H
#define ZS_IPC_CODEC_H

#include "base/buf.h"
#include "base/vec.h"
#include "ipc/proto.h"

enum zs_field_kind { ZS_F_U32, ZS_F_U64, ZS_F_I64, ZS_F_BOOL, ZS_F_STR, ZS_F_NAME, ZS_F_ERR, ZS_F_LIST };

struct zs_field {
	const char *name;		/* for traces and errors */
	enum zs_field_kind kind;
	size_t offset;
	const struct zs_shape *shape;	/* of the items of a list */
	uint32_t max;			/* octets of a STR, items of a LIST */
	bool secret;			/* never traced */
};

struct zs_shape {
	const char *name;
	size_t size;			/* of the struct */
	const struct zs_field *fields;
	size_t nfields;
};

enum zs_msg_kind { ZS_KIND_REQUEST, ZS_KIND_REPLY, ZS_KIND_PROGRESS, ZS_KIND_NOTE };

struct zs_msg_def {
	const char *name;		/* "SIGN_READ" */
	uint32_t senders, receivers;	/* masks of 1 << enum zs_role */
	enum zs_link link;
	enum zs_msg_kind kind;
	bool with_fd;			/* one descriptor travels: always, or */
	bool fd_optional;		/* where there is one */
	const struct zs_shape *shape;
	/* Requests: the type of a good answer (never anything else, so that a body is what
	 * the caller takes it for) and of its progress, 0 = none. FAIL fits any. */
	uint32_t reply, progress;
};

/* A decoded message may be larger than its frames: an error takes 6.5 KiB in memory. */
enum { ZS_MAX_DECODED = 64 * ZS_MAX_MESSAGE };

/* Row of the table, NULL for an unknown type. */
const struct zs_msg_def *zs_msg_def(uint32_t type);
/* True when sender may send this type to receiver over link. OK and FAIL may come from
 * whoever may be asked something. */
bool zs_msg_allowed(uint32_t type, enum zs_role sender, enum zs_role receiver, enum zs_link link);

/* Appends to dst; -ZS_E_BUG when body breaks a rule that the decoder would refuse. */
int zs_msg_encode(const struct zs_shape *shape, const void *body, struct zs_buf *dst, struct zs_err *err);
/* ret is shape->size octets, zeroed first; slices point into data, lists live in arena.
 * -ZS_E_PEER for bytes that break a rule, -ZS_E_NOMEM. On failure ret is all zeroes. */
int zs_msg_decode(const struct zs_shape *shape, struct zs_slice data, void *ret, struct zs_arena *arena, struct zs_err *err);

#endif
