/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves out a mandatory function. */
#include <stddef.h>
#include <stdint.h>
#define BAD_APPLY NULL
#include "bad.h"
