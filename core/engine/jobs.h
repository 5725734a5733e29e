/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One certificate's run: feeds the flow (acme/flow.h) with what happened and
 * performs what it asks for.
 */
#ifndef ZS_ENGINE_JOBS_H
#define ZS_ENGINE_JOBS_H

#include "engine/engine.h"

/* Starts the job; what it needs is copied. A failure is reported to front as JOB_END. */
void zs_job_start(struct zs_engine *engine, const struct zs_msg_engine_job *spec);
void zs_job_routes(struct zs_engine *engine, const struct zs_msg_engine_routes *routes);
/* id 0 = all. */
void zs_job_cancel(struct zs_engine *engine, uint32_t id);
void zs_jobs_done(struct zs_engine *engine);

bool zs_jobs_may_publish(const struct zs_engine *engine);
size_t zs_jobs_running(const struct zs_engine *engine);

#endif
