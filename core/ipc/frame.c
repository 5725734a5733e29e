/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 20 octets in front of every packet, and the socketpair that packets
 * travel on.  Does not send, receive or collect (chan.c does).  Every process.
 */
#include "ipc/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The last header field, so that a stray writer is told from a peer. */
static const uint8_t magic[4] = { 'Z', 'S', 'F', '1' };

/* A frame of 64 KiB takes about 70 KiB of a socket's buffer, whose default some systems set
 * low. The kernel caps it to net.core.wmem_max without an error. */
enum { SOCKET_BUFFER = 256 * 1024 };

static void put(uint8_t *dst, uint32_t v, size_t octets)
{
	for (size_t i = 0; i < octets; i++)
		dst[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get(const uint8_t *src, size_t octets)
{
	uint32_t v = 0;

	for (size_t i = 0; i < octets; i++)
		v |= (uint32_t)src[i] << (8 * i);
	return v;
}

void zs_frame_write(const struct zs_frame *frame, uint8_t dst[static ZS_FRAME_HEADER])
{
	put(dst, frame->length, 4);
	put(dst + 4, frame->type, 2);
	put(dst + 6, frame->flags, 2);
	put(dst + 8, frame->id, 4);
	put(dst + 12, frame->left_ms, 4);
	memcpy(dst + 16, magic, sizeof(magic));
}

int zs_frame_read(struct zs_slice packet, struct zs_frame *ret, struct zs_err *err)
{
	struct zs_frame frame;

	if (packet.n < ZS_FRAME_HEADER || memcmp(packet.p + 16, magic, sizeof(magic)))
		ZS_FAIL(err, ZS_E_PEER, "not a frame (%zu octets)", packet.n);
	frame.length = get(packet.p, 4);
	frame.type = (uint16_t)get(packet.p + 4, 2);
	frame.flags = (uint16_t)get(packet.p + 6, 2);
	frame.id = get(packet.p + 8, 4);
	frame.left_ms = get(packet.p + 12, 4);
	if (packet.n > ZS_MAX_FRAME || frame.length != packet.n - ZS_FRAME_HEADER)
		ZS_FAIL(err, ZS_E_PEER, "frame says %u octets and has %zu", frame.length, packet.n - ZS_FRAME_HEADER);
	if (frame.flags & ~(unsigned)ZS_FRAME_FLAGS)
		ZS_FAIL(err, ZS_E_PEER, "frame with unknown flags 0x%x", frame.flags);
	*ret = frame;
	return 0;
}

int zs_frame_pair(int ret_fds[static 2], struct zs_err *err)
{
	int fds[2], size = SOCKET_BUFFER;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return zs_err_sys(err, ZS_OK, errno, "cannot make a channel");
	for (int i = 0; i < 2; i++)
		(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
	return 0;
}
