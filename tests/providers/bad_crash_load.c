/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes in its constructor, before anybody has asked it anything. */
#include <stdlib.h>

#include "bad.h"

__attribute__((constructor)) static void crash(void)
{
	abort();
}
