# SPDX-License-Identifier: Apache-2.0
# plugins-sdk: the header of the plugin ABI and its rules, and the helper library.
pkginclude_HEADERS += \
	plugins-sdk/include/zoneseal/file.h \
	plugins-sdk/include/zoneseal/http.h \
	plugins-sdk/include/zoneseal/json.h \
	plugins-sdk/include/zoneseal/name.h \
	plugins-sdk/include/zoneseal/provider.h \
	plugins-sdk/include/zoneseal/say.h \
	plugins-sdk/include/zoneseal/sdk.h \
	plugins-sdk/include/zoneseal/sdk_base.h \
	plugins-sdk/include/zoneseal/text.h \
	plugins-sdk/include/zoneseal/time.h \
	plugins-sdk/include/zoneseal/txt.h
nobase_dist_doc_DATA += plugins-sdk/ABI.md plugins-sdk/GUIDE.md plugins-sdk/README.md

# The files of core/ that the library shares with the programs are compiled into it: an
# archive in a shared library is nothing that libtool likes.
SDK_CORE = \
	core/base/b64url.c \
	core/base/buf.c \
	core/base/clock.c \
	core/base/err.c \
	core/base/fsutil.c \
	core/base/jsonout.c \
	core/base/log.c \
	core/base/name.c \
	core/base/slice.c \
	core/base/url.c \
	core/base/vec.c \
	core/wrap/curl_policy.c \
	core/wrap/json.c \
	core/wrap/roots.c

lib_LTLIBRARIES += plugins-sdk/libzoneseal-sdk.la
plugins_sdk_libzoneseal_sdk_la_SOURCES = \
	plugins-sdk/src/bridge.h \
	plugins-sdk/src/file.c \
	plugins-sdk/src/http.c \
	plugins-sdk/src/http_call.c \
	plugins-sdk/src/http_check.c \
	plugins-sdk/src/http_exchange.c \
	plugins-sdk/src/http_fail.c \
	plugins-sdk/src/http_parts.h \
	plugins-sdk/src/http_secret.c \
	plugins-sdk/src/http_send.c \
	plugins-sdk/src/json.c \
	plugins-sdk/src/name.c \
	plugins-sdk/src/say.c \
	plugins-sdk/src/text.c \
	plugins-sdk/src/time.c \
	plugins-sdk/src/txt.c \
	plugins-sdk/src/version.c \
	$(SDK_CORE)
plugins_sdk_libzoneseal_sdk_la_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS) $(CJSON_CFLAGS) $(OPENSSL_CRYPTO_CFLAGS)
# Functions are added: CURRENT and AGE up.  One is changed or goes: CURRENT up, AGE 0, and
# ZSP_SDK_MAJOR up.  libzoneseal-sdk.so.0 is also named in core/host/library.c.
plugins_sdk_libzoneseal_sdk_la_LDFLAGS = $(SHLIB_FLAGS) -version-info 0:0:0
plugins_sdk_libzoneseal_sdk_la_LIBADD = $(CURL_LIBS) $(CJSON_LIBS) $(OPENSSL_SSL_LIBS) $(OPENSSL_CRYPTO_LIBS)

pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = plugins-sdk/zoneseal-sdk.pc
