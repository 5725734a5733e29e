/* SPDX-License-Identifier: Apache-2.0 */
/* Needs a function that no library has. */
#include "bad.h"

int32_t function_that_nobody_has(void);

ZSP_EXPORT int32_t uses_it(void);

int32_t uses_it(void)
{
	return function_that_nobody_has();
}
