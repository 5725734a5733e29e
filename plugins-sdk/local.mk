# SPDX-License-Identifier: Apache-2.0
# plugins-sdk: the header of the plugin ABI and its rules.
pkginclude_HEADERS += plugins-sdk/include/zoneseal/provider.h
EXTRA_DIST += plugins-sdk/ABI.md
