/* SPDX-License-Identifier: Apache-2.0 */
/* Never returns from its constructor. */
#include <unistd.h>

#include "bad.h"

__attribute__((constructor)) static void hang(void)
{
	for (;;)
		pause();
}
