/* SPDX-License-Identifier: Apache-2.0 */
/* Takes more at each call and gives nothing back: 5 MB in two pieces, three descriptors, a thread. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <zoneseal/provider.h>

enum { SMALL = 1000,
	SMALL_PIECES = 1000,
	LARGE = 4000000 };

#define BAD_NAME "uses"
#define BAD_APPLY use
static int32_t use(void *instance, const struct zsp_str *zone, const struct zsp_list *changes);
#include "bad.h"

static void *volatile kept;

/* Chained, so that no leak is reported where somebody looks for leaks at the end. */
static int keep(size_t n)
{
	void **piece = malloc(n);

	if (!piece)
		return 0;
	*piece = kept;
	kept = piece;
	return 1;
}

static void *stay(void *unused)
{
	for (;;)
		pause();
	return unused;
}

BAD_APPLY_HEAD(use)
{
	pthread_t thread;
	int good = keep(LARGE);

	BAD_UNUSED;
	for (int i = 0; i < SMALL_PIECES; i++)
		good = good && keep(SMALL);
	for (int i = 0; i < 3; i++)
		good = good && dup(STDIN_FILENO) >= 0;
	return good && !pthread_create(&thread, NULL, stay, NULL) ? ZSP_OK : ZSP_BUG;
}
