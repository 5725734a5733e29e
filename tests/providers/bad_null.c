/* SPDX-License-Identifier: Apache-2.0 */
/* Declines every host. */
#define BAD_ENTRY return NULL
#include "bad.h"
