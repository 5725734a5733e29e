/* SPDX-License-Identifier: Apache-2.0 */
/* Frame headers, and that the largest frame passes a fresh pair both ways. */
#include "ipc/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct zs_frame sample = { .length = 3, .type = 0x1234, .flags = ZS_FRAME_REPLY | ZS_FRAME_MORE,
					.id = 0xdeadbeef, .left_ms = 90000 };

static void pack(const struct zs_frame *frame, uint8_t packet[static ZS_FRAME_HEADER + 3])
{
	memset(packet, 7, ZS_FRAME_HEADER + 3);
	zs_frame_write(frame, packet);
}

static void test_frame_written_reads_back(void **state)
{
	uint8_t packet[ZS_FRAME_HEADER + 3];
	struct zs_frame got;

	(void)state;
	pack(&sample, packet);
	assert_int_equal(packet[0], 3);
	assert_int_equal(packet[4], 0x34);
	assert_memory_equal(packet + 16, "ZSF1", 4);
	assert_int_equal(zs_frame_read(zs_slice_of(packet, sizeof(packet)), &got, NULL), 0);
	assert_int_equal(got.length, sample.length);
	assert_int_equal(got.type, sample.type);
	assert_int_equal(got.flags, sample.flags);
	assert_int_equal(got.id, sample.id);
	assert_int_equal(got.left_ms, sample.left_ms);
}

static void test_frame_broken_is_refused(void **state)
{
	static const struct { const char *label; size_t at; uint8_t value; } rows[] = {
		{ "length too large", 0, 4 },
		{ "length too small", 0, 2 },
		{ "length huge", 3, 0x80 },
		{ "flag unknown", 6, 8 },
		{ "flag unknown, high", 7, 1 },
		{ "magic", 16, 'X' },
		{ "magic, end", 19, '2' },
	};

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		uint8_t packet[ZS_FRAME_HEADER + 3];
		struct zs_frame got = sample;
		struct zs_err err;

		pack(&sample, packet);
		packet[rows[i].at] = rows[i].value;
		if (zs_frame_read(zs_slice_of(packet, sizeof(packet)), &got, &err) != -ZS_E_PEER)
			fail_msg("%s was accepted", rows[i].label);
		assert_int_equal(got.id, sample.id);
	}
}

static void test_frame_shorter_than_a_header_is_refused(void **state)
{
	uint8_t packet[ZS_FRAME_HEADER + 3];
	struct zs_frame got;

	(void)state;
	pack(&sample, packet);
	for (size_t n = 0; n < ZS_FRAME_HEADER; n++)
		assert_int_equal(zs_frame_read(zs_slice_of(packet, n), &got, NULL), -ZS_E_PEER);
}

static void pass_one(int from, int to)
{
	static uint8_t out[ZS_MAX_FRAME], in[ZS_MAX_FRAME + 1];

	memset(out, 0x5a, sizeof(out));
	assert_int_equal(send(from, out, sizeof(out), MSG_DONTWAIT), sizeof(out));
	assert_int_equal(recv(to, in, sizeof(in), MSG_DONTWAIT), sizeof(out));
	assert_memory_equal(in, out, sizeof(out));
}

static void pass_both_ways(void)
{
	int fds[2];

	assert_int_equal(zs_frame_pair(fds, NULL), 0);
	assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
	pass_one(fds[0], fds[1]);
	pass_one(fds[1], fds[0]);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void test_pair_passes_the_largest_frame(void **state)
{
	(void)state;
	pass_both_ways();
}

static void test_pair_passes_the_largest_frame_without_root(void **state)
{
	int status = 0;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = fork();
	if (pid == 0) {
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			_exit(77);
		pass_both_ways();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame_written_reads_back),
		cmocka_unit_test(test_frame_broken_is_refused),
		cmocka_unit_test(test_frame_shorter_than_a_header_is_refused),
		cmocka_unit_test(test_pair_passes_the_largest_frame),
		cmocka_unit_test(test_pair_passes_the_largest_frame_without_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
