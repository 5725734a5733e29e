# SPDX-License-Identifier: Apache-2.0
# plugins-sdk: the header of the plugin ABI and its rules.
pkginclude_HEADERS += plugins-sdk/include/zoneseal/provider.h
nobase_dist_doc_DATA += plugins-sdk/ABI.md
