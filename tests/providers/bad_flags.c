/* SPDX-License-Identifier: Apache-2.0 */
/* Has a flag that a host must understand, and this one does not. */
#define BAD_FLAGS 0x40000000u
#include "bad.h"
