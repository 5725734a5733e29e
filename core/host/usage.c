/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host/usage.h, by ways that the sandbox leaves open: no file is opened.  Runs
 * in the host process.
 */
#include "host/usage.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { MAX_LOOK = 4096,
	LINKS_OF_EMPTY_DIRECTORY = 2 };

#if defined(__SANITIZE_ADDRESS__)
#define OWN_ALLOCATOR 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OWN_ALLOCATOR 1
#endif
#endif

/* A sanitizer's allocator tells malloc's statistics nothing. */
static uint64_t heap(void)
{
#if defined(OWN_ALLOCATOR) || !defined(HAVE_MALLINFO2)
	return 0;
#else
	struct mallinfo2 info = mallinfo2();

	return (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
#endif
}

/* /proc/self/fd cannot be listed in the sandbox; the limit is small. */
static uint32_t descriptors(void)
{
	struct rlimit limit;
	uint32_t n = 0;
	int last = MAX_LOOK;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_max < MAX_LOOK)
		last = (int)limit.rlim_max;
	for (int fd = 0; fd < last; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* One directory for each thread; its links are counted without reading it. */
static uint32_t threads(void)
{
	struct stat st;

	if (stat("/proc/self/task", &st) || st.st_nlink <= LINKS_OF_EMPTY_DIRECTORY)
		return 0;
	return (uint32_t)(st.st_nlink - LINKS_OF_EMPTY_DIRECTORY);
}

struct zs_msg_host_usage_is zs_usage_now(void)
{
	return (struct zs_msg_host_usage_is){ .heap = heap(), .descriptors = descriptors(), .threads = threads() };
}
