/* SPDX-License-Identifier: Apache-2.0 */
/* Has a name that would make a strange path. */
#define BAD_NAME "../../etc/passwd"
#include "bad.h"
