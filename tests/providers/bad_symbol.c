/* SPDX-License-Identifier: Apache-2.0 */
/* Has no entry function. */
#define BAD_NO_ENTRY
#include "bad.h"

ZSP_EXPORT int32_t another_symbol(void);

int32_t another_symbol(void)
{
	return bad_provider.max_changes > 0;
}
