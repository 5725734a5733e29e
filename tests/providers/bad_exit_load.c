/* SPDX-License-Identifier: Apache-2.0 */
/* Ends the process with status 0 in its constructor. */
#include <stdlib.h>

#include "bad.h"

__attribute__((constructor)) static void leave(void)
{
	exit(0);
}
