/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's services with a format, and the options by name.
 */
#ifndef ZONESEAL_SAY_H
#define ZONESEAL_SAY_H

#include <zoneseal/sdk_base.h>

/* As host->log, ->fail, ->result and ->print.  Texts longer than ZSP_MAX_TEXT are cut, but
 * what is printed is not: ZSP_BUG where it does not fit into ZSP_MAX_POLICY. */
ZSP_SDK void zsp_logf(const struct zsp_host *host, int32_t level, const char *format, ...) ZSP_FORMAT(3, 4);
ZSP_SDK int32_t zsp_failf(const struct zsp_host *host, int32_t error_class, int64_t retry_after_ms,
			  const char *format, ...) ZSP_FORMAT(4, 5);
/* format may be NULL: no text.  Returns error_class. */
ZSP_SDK int32_t zsp_resultf(const struct zsp_host *host, uint32_t index, int32_t error_class,
			    const char *format, ...) ZSP_FORMAT(4, 5);
ZSP_SDK int32_t zsp_printf(const struct zsp_host *host, const char *format, ...) ZSP_FORMAT(2, 3);

/* What makes one change in a zone; ZSP_OK, or a class with host->fail said. */
typedef int32_t zsp_make_change(void *instance, struct zsp_str zone, const struct zsp_change *change);
/* For apply, where a service takes one change at a time: calls add or remove for each, and
 * host->result for each that was tried.  A failure ends it where the other changes would meet the
 * same (ZSP_AUTH, ZSP_RATE_LIMITED, ZSP_TRANSIENT), and so does nobody wanting the call any more.
 * Returns ZSP_OK, or the class of the last failure, which is that of all changes without a
 * result. */
ZSP_SDK int32_t zsp_each_change(const struct zsp_host *host, void *instance, const struct zsp_str *zone,
				const struct zsp_list *changes, zsp_make_change *add, zsp_make_change *remove);

/* The value of an option by its name, or NULL where the table has no such option. */
ZSP_SDK const struct zsp_value *zsp_value(const struct zsp_list *values, const char *name);
/* Its text; n 0 where it is absent. */
ZSP_SDK struct zsp_str zsp_value_text(const struct zsp_list *values, const char *name);
/* Its number; fallback where it is absent. */
ZSP_SDK int64_t zsp_value_number(const struct zsp_list *values, const char *name, int64_t fallback);

/* Sleeps that long, or until the call is cancelled or its deadline passes.  ZSP_OK, or
 * ZSP_TRANSIENT when it ended early. */
ZSP_SDK int32_t zsp_sleep(const struct zsp_host *host, int64_t ms);
/* A random number from 0 to below limit (limit > 0), for jitter, not for keys. */
ZSP_SDK int64_t zsp_random(int64_t limit);

#endif
