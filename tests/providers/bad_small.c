/* SPDX-License-Identifier: Apache-2.0 */
/* Has a descriptor that ends before its functions. */
#define BAD_SIZE 48u
#include "bad.h"
