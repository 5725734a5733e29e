/* SPDX-License-Identifier: Apache-2.0 */
/* Has another magic number. */
#define BAD_MAGIC 0x12345678u
#include "bad.h"
