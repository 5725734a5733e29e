/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What front must know of the plugin ABI without including it; a test compares
 * with zoneseal/provider.h.
 */
#ifndef ZS_FRONT_VERSION_H
#define ZS_FRONT_VERSION_H

enum { ZS_PLUGIN_ABI_MAJOR = 1, ZS_PLUGIN_ABI_MINOR = 0 };

#endif
