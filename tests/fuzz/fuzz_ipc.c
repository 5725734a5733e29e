/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame, and its data as the message that its type says.  What was decoded
 * can be encoded, and a second round changes nothing any more.
 */
#include "fuzz.h"

#include "ipc/codec.h"
#include "ipc/frame.h"

static void encode(const struct zs_shape *shape, const void *body, struct zs_buf *dst)
{
	zs_buf_init(dst, ZS_MAX_DECODED);
	MUST(zs_msg_encode(shape, body, dst, NULL) == 0 && !dst->failed);
}

static void again(const struct zs_shape *shape, const struct zs_buf *first)
{
	struct zs_arena arena;
	struct zs_buf second;
	void *body = calloc(1, shape->size);

	if (!body)
		abort();
	zs_arena_init(&arena, ZS_MAX_DECODED);
	MUST(zs_msg_decode(shape, zs_buf_slice(first), body, &arena, NULL) == 0);
	encode(shape, body, &second);
	MUST(zs_slice_eq(zs_buf_slice(first), zs_buf_slice(&second)));
	zs_buf_done(&second);
	zs_arena_done(&arena);
	free(body);
}

static void read_message(const struct zs_shape *shape, struct zs_slice data)
{
	struct zs_arena arena;
	struct zs_err err = { .code = ZS_OK };
	struct zs_buf out;
	void *body = calloc(1, shape->size);
	int rc;

	if (!body)
		abort();
	zs_arena_init(&arena, ZS_MAX_DECODED);
	rc = zs_msg_decode(shape, data, body, &arena, &err);
	MUST(rc == 0 || (err.code != ZS_OK && rc == -(int)err.code));
	if (!rc) {
		encode(shape, body, &out);
		again(shape, &out);
		zs_buf_done(&out);
	}
	zs_arena_done(&arena);
	free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zs_slice packet = zs_slice_of(data, n);
	struct zs_frame frame;
	const struct zs_msg_def *def;

	if (zs_frame_read(packet, &frame, NULL) == 0) {
		uint8_t head[ZS_FRAME_HEADER];

		zs_frame_write(&frame, head);
		MUST(!memcmp(head, data, ZS_FRAME_HEADER));
	}
	/* The type stands where a header has it; the rest need not fit, or no mutation
	 * that changes a length would reach the decoder. */
	if (n < ZS_FRAME_HEADER)
		return 0;
	def = zs_msg_def(data[4]);
	if (def && def->shape)
		read_message(def->shape, zs_slice_of(data + ZS_FRAME_HEADER, n - ZS_FRAME_HEADER));
	return 0;
}
