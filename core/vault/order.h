/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks front's job order, field by field, and copies it into a job.
 */
#ifndef ZS_VAULT_ORDER_H
#define ZS_VAULT_ORDER_H

#include "vault/jobs.h"

int zs_order_read(const struct zs_msg_vault_job *order, struct zs_job *job, const char **ret_ca,
		  const char **ret_account_key_type, struct zs_err *err);

#endif
