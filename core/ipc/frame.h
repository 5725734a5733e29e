/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames on the wire between processes.  One frame is one packet:
 *
 *   u32 length of what follows the 20-octet header   (<= ZS_MAX_FRAME)
 *   u16 type     u16 flags
 *   u32 request id
 *   u32 milliseconds left for the request, 0 = no deadline
 *   u32 check: "ZSF1"
 *
 * all little-endian.  A message larger than a frame is sent in several with
 * ZS_FRAME_MORE on all but the last; its parts are never interleaved.
 */
#ifndef ZS_IPC_FRAME_H
#define ZS_IPC_FRAME_H

#include "base/buf.h"
#include "base/err.h"

enum { ZS_FRAME_HEADER = 20, ZS_FRAME_DATA = ZS_MAX_FRAME - ZS_FRAME_HEADER };
enum { ZS_FRAME_REPLY = 1, ZS_FRAME_PROGRESS = 2, ZS_FRAME_MORE = 4, ZS_FRAME_FLAGS = 7 };

struct zs_frame {
	uint32_t length;
	uint16_t type;
	uint16_t flags;
	uint32_t id;
	uint32_t left_ms;
};

void zs_frame_write(const struct zs_frame *frame, uint8_t dst[static ZS_FRAME_HEADER]);
/* Checks length against the packet, flags and the magic. */
int zs_frame_read(struct zs_slice packet, struct zs_frame *ret, struct zs_err *err);
/* A connected pair, close-on-exec; 0 or -code. */
int zs_frame_pair(int ret_fds[static 2], struct zs_err *err);

#endif
