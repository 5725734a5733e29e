/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instance writes which record (front/run_state.h): routes, grants, and
 * the release of a job once the credentials are known to be good.
 */
#include "front/run_state.h"

#include <stdlib.h>
#include <string.h>

/* ---- instances ---- */

static void on_instance(struct zs_instance *instance, void *user)
{
	(void)instance;
	zs_run_advance(user);
}

struct zs_instance *zs_run_instance(const struct zs_run *run, const char *name)
{
	for (size_t i = 0; i < run->instances.n; i++)
		if (!strcmp(run->instances.items[i]->conf->name, name))
			return run->instances.items[i];
	return NULL;
}

/* Starts the host of a configured instance where it does not run yet. */
struct zs_instance *zs_run_need_instance(struct zs_run *run, const char *name, struct zs_err *err)
{
	struct zs_instance *in = zs_run_instance(run, name);
	const struct zs_conf_provider *conf = zs_conf_provider(run->spec.conf, name);

	if (in)
		return in;
	if (!conf) {
		zs_err_set(err, ZS_E_CONFIG, "there is no [provider %s] in the configuration", name);
		zs_err_hint(err, "add it, or give it on the command line with --provider and -o, as in the run that used it");
		return NULL;
	}
	struct zs_instance **slot = (in = calloc(1, sizeof(*in))) ? zs_vec_push(&run->instances, 250) : NULL;
	if (!slot) {
		free(in);
		zs_err_set(err, ZS_E_NOMEM, "no memory for a provider");
		return NULL;
	}
	*slot = in;
	in->conf = conf;
	in->all = run->spec.conf;
	in->changed = on_instance;
	in->user = run;
	if (zs_instance_start(in, run->super, err)) {
		zs_err_prefix(err, "provider %s", name);
		in->state = ZS_INSTANCE_FAILED;
		in->err = *err;
	}
	return in;
}

/* Which instance writes the record at name: the certificate's own, else the zone's, else the default. */
static const char *instance_for(const struct zs_run *run, const struct zs_conf_certificate *cert, const struct zs_name *name)
{
	const struct zs_conf_zone *zone = zs_conf_zone_for(run->spec.conf, name);

	if (cert && cert->provider)
		return cert->provider;
	return zone && zone->provider ? zone->provider : run->spec.conf->defaults.provider;
}

/* Hosts start before the walk is over where the configuration lets us guess. */
void zs_run_likely_instances(struct zs_run *run)
{
	struct zs_err err;

	for (size_t i = 0; i < run->jobs.n && !run->spec.only_walk; i++) {
		const struct zs_run_job *job = run->jobs.items[i];
		for (size_t j = 0; j < job->identifiers.n; j++) {
			const char *name = instance_for(run, job->conf, &job->identifiers.items[j]);
			if (name)
				zs_run_need_instance(run, name, &err);
		}
	}
}

/* ---- routes ---- */

static void set_policy(const struct zs_run *run, const struct zs_conf_zone *zone, struct zs_msg_route *route)
{
	const struct zs_conf_defaults *defaults = &run->spec.conf->defaults;
	const struct zs_conf_propagation *p = zone ? &zone->propagation : &defaults->propagation;

	route->policy = (uint32_t)p->policy;
	route->percent = p->percent;
	route->sleep_ms = p->sleep_ms;
	route->looks = p->looks;
	route->propagation_ms = p->timeout_ms;
	route->ttl = zone ? zone->ttl : defaults->ttl;
}

int zs_run_place(const struct zs_run *run, const struct zs_conf_certificate *certificate, const struct zs_name *identifier,
		 struct zs_run_place *ret, struct zs_err *err)
{
	struct zs_name challenge;
	const struct zs_run_walk *walk = NULL;

	if (zs_name_challenge(identifier, &challenge))
		walk = zs_run_walk_of(run, &challenge);
	if (!walk)
		ZS_FAIL(err, ZS_E_BUG, "%s was never looked up", identifier->text);
	if (walk->err.code) {
		*err = walk->err;
		return -(int)err->code;
	}
	*ret = (struct zs_run_place){
		.effective = walk->effective, .zone = walk->zone, .instance = instance_for(run, certificate, &walk->effective),
	};
	return 0;
}

static int add_route(struct zs_run *run, struct zs_run_job *job, const struct zs_name *identifier, struct zs_err *err)
{
	struct zs_name base = *identifier;
	struct zs_run_place place;
	struct zs_instance *in;
	struct zs_msg_route *route;
	int rc = zs_run_place(run, job->conf, identifier, &place, err);

	if (rc)
		return rc;
	base.wildcard = false;
	if (!place.instance) {
		zs_err_set(err, ZS_E_CONFIG, "no provider writes records for %s (zone %s)", place.effective.text, place.zone.text);
		zs_err_hint(err, "add \"[zone %s]\" with \"provider = INSTANCE\", or a default provider", place.zone.text);
		return -ZS_E_CONFIG;
	}
	in = zs_run_need_instance(run, place.instance, err);
	if (!in || zs_instance_allow(in, &place.zone, &place.effective))
		return in ? zs_err_set(err, ZS_E_NOMEM, "no memory for a route") : -(int)err->code;
	route = zs_vec_push(&job->routes, ZS_MAX_IDENTIFIERS);
	if (!route)
		ZS_FAIL(err, ZS_E_NOMEM, "no memory for a route");
	*route = (struct zs_msg_route){
		.identifier = base, .effective = place.effective, .zone = place.zone, .instance = zs_slice_str(in->conf->name),
	};
	set_policy(run, zs_conf_zone_for(run->spec.conf, &place.effective), route);
	return 0;
}

static const struct zs_msg_route *route_of(const struct zs_run_job *job, const struct zs_name *identifier)
{
	for (size_t i = 0; i < job->routes.n; i++)
		if (!strcmp(job->routes.items[i].identifier.text, identifier->text))
			return &job->routes.items[i];
	return NULL;
}

static void make_routes(struct zs_run *run, struct zs_run_job *job)
{
	struct zs_err err;

	for (size_t i = 0; i < job->identifiers.n; i++) {
		char text[ZS_MAX_NAME + 3];
		if (route_of(job, &job->identifiers.items[i]))
			continue;
		if (!add_route(run, job, &job->identifiers.items[i], &err))
			continue;
		zs_name_print(&job->identifiers.items[i], text);
		if (!*err.subject)
			zs_err_subject(&err, "%s", text);
		zs_run_job_fail(job, &err);
		return;
	}
}

/* After the walk it is known who writes what: that, and nothing else, is granted. */
void zs_run_plan(struct zs_run *run)
{
	for (size_t i = 0; i < run->jobs.n; i++)
		if (run->jobs.items[i]->state < ZS_JOB_FAILING)
			make_routes(run, run->jobs.items[i]);
	zs_run_left_grant(run);
	for (size_t i = 0; i < run->instances.n; i++) {
		struct zs_instance *in = run->instances.items[i];
		in->check = run->jobs.n > 0;
		if (in->zones.n)
			zs_instance_grant(in);
	}
	run->planned = true;
}

/* The policy `provider` needs a plugin that can be asked; it is known once the plugin was described. */
static int check_policy(const struct zs_msg_route *route, const struct zs_instance *in, struct zs_err *err)
{
	if (route->policy != ZS_POLICY_PROVIDER || in->state == ZS_INSTANCE_STARTING || in->has_live)
		return 0;
	zs_err_set(err, ZS_E_CONFIG, "zone %s: propagation is \"provider\", but the plugin %s cannot say when a record is live",
		   route->zone.text, in->provider);
	zs_err_hint(err, "propagation = all, in [zone %s] or [defaults], has the name servers watched instead", route->zone.text);
	return -ZS_E_CONFIG;
}

/* Values that the job has at a name at once: one for each identifier that leads there. */
static uint32_t values_at(const struct zs_run_job *job, const struct zs_msg_route *place)
{
	uint32_t n = 0;

	for (size_t i = 0; i < job->identifiers.n; i++) {
		const struct zs_msg_route *route = route_of(job, &job->identifiers.items[i]);
		n += route && zs_name_eq(&route->effective, &place->effective) && zs_slice_eq(route->instance, place->instance);
	}
	return n;
}

/* The service drops the oldest value where it keeps no more: then a validation would fail. The
 * jobs before this one go first. */
static int check_values(const struct zs_run *run, const struct zs_run_job *job, const struct zs_msg_route *route,
			const struct zs_instance *in, struct zs_err *err)
{
	uint32_t own = values_at(job, route), all = own;

	for (size_t i = 0; i + 1 < job->id; i++)
		if (run->jobs.items[i]->state != ZS_JOB_DONE)
			all += values_at(run->jobs.items[i], route);
	if (!in->max_values || all <= in->max_values)
		return 0;
	zs_err_set(err, ZS_E_PROVIDER, "provider %s keeps %u value%s at one name, but %s needs %u at %s", in->conf->name,
		   in->max_values, in->max_values == 1 ? "" : "s", own > in->max_values ? "this certificate" : "this run", all,
		   route->effective.text);
	zs_err_subject(err, "%s", route->effective.text);
	zs_err_where(err, "%s", in->conf->name);
	if (own > in->max_values)
		zs_err_hint(err, "put fewer of these names into one certificate, or let each name's _acme-challenge alias lead to a name of its own");
	else
		zs_err_hint(err, "issue them one after the other: `zoneseal issue %s` once the certificates before it are done", job->conf->name);
	return -ZS_E_PROVIDER;
}

/* Every zone of the job's routes is granted and its credentials are good. */
static bool routes_ready(struct zs_run *run, struct zs_run_job *job)
{
	for (size_t i = 0; i < job->routes.n; i++) {
		struct zs_msg_route *route = &job->routes.items[i];
		struct zs_instance *in = zs_run_instance(run, (const char *)route->instance.p);
		const struct zs_err *err = zs_instance_zone_err(in, &route->zone);
		struct zs_err refused;
		if (!err && (check_policy(route, in, &refused) || check_values(run, job, route, in, &refused)))
			err = &refused;
		if (err) {
			struct zs_err why = *err;
			if (!*why.subject)
				zs_err_subject(&why, "%s", route->effective.text);
			zs_run_job_fail(job, &why);
			return false;
		}
		if (in->state != ZS_INSTANCE_READY)
			return false;
		route->provider = zs_slice_str(in->provider);
		route->max_changes = in->max_changes;
		route->zone_lock = in->flags & ZS_PROVIDER_NEEDS_ZONE_LOCK;
	}
	return true;
}

void zs_run_release(struct zs_run *run, struct zs_run_job *job)
{
	const struct zs_msg_engine_routes msg = { .job = job->id, .routes = { job->routes.items, (uint32_t)job->routes.n } };
	struct zs_err err;

	if (!routes_ready(run, job))
		return;
	job->state = ZS_JOB_RUNNING;
	if (zs_chan_note(run->engine->chan, ZS_MSG_ENGINE_ROUTES, &msg, -1)) {
		zs_err_set(&err, ZS_E_PEER, "cannot reach the engine process");
		zs_run_job_fail(job, &err);
	}
}

