/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this process has in use, so that a plugin that leaks is found without a
 * debugger.
 */
#ifndef ZS_HOST_USAGE_H
#define ZS_HOST_USAGE_H

#include "ipc/proto.h"

/* As it is now; what cannot be known is 0. */
struct zs_msg_host_usage_is zs_usage_now(void);

#endif
