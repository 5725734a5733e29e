/* SPDX-License-Identifier: Apache-2.0 */
/* Claims success without doing anything; only the propagation check can tell. */
#include "bad.h"
