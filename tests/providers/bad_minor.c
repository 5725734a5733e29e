/* SPDX-License-Identifier: Apache-2.0 */
/* Is built for another minor version, which matters while the major is 0. */
#define BAD_MINOR 99
#include "bad.h"
