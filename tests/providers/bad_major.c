/* SPDX-License-Identifier: Apache-2.0 */
/* Is built for another major version. */
#define BAD_MAJOR 7
#include "bad.h"
