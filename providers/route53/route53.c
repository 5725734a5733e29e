/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provider plugin for Amazon Route 53: the descriptor, and an instance's life.
 * options.c has the options, credentials.c where credentials come from, zones.c the
 * hosted zones, apply.c the changes, check.c and policy.c what their names say.
 */
#include <stdlib.h>

#include "apply.h"
#include "partition.h"

static void route53_close(void *instance)
{
	struct instance *self = instance;

	if (!self)
		return;
	api_done(&self->api);
	credentials_done(&self->credentials);
	settings_done(&self->settings);
	free(self);
}

static int32_t fill(struct instance *self, const struct zsp_host *host, const struct zsp_list *values)
{
	int32_t class = settings_copy(&self->settings, host, values);

	credentials_init(&self->credentials, host, &self->settings);
	if (class == ZSP_OK && !partition_is_region(settings_text(&self->settings, OPT_REGION)))
		class = zsp_failf(host, ZSP_CONFIG, 0, "option region: not the name of a region, such as us-east-1");
	if (class == ZSP_OK)
		class = credentials_check(&self->credentials);
	if (class == ZSP_OK)
		class = api_init(&self->api, host, &self->credentials);
	if (class == ZSP_OK)
		class = zones_init(&self->zones, &self->api, &self->settings);
	return class;
}

static int32_t route53_open(const struct zsp_host *host, const struct zsp_list *values, void **ret_instance)
{
	struct instance *self = calloc(1, sizeof(*self));
	int32_t class;

	if (!self)
		return zsp_failf(host, ZSP_BUG, 0, "out of memory");
	self->host = host;
	class = fill(self, host, values);
	if (class == ZSP_OK)
		*ret_instance = self;
	else
		route53_close(self);
	return class;
}

static int32_t route53_zones(void *instance, const struct zsp_str *find)
{
	struct instance *self = instance;

	return zones_show(&self->zones, *find);
}

/* The ids of a ticket, with commas between them. */
static int32_t is_ticket(struct zsp_str ticket)
{
	int32_t more;

	do {
		size_t before = ticket.n;
		struct zsp_str id = zsp_str_cut(&ticket, ',');

		if (!batch_is_id(id))
			return 0;
		more = id.n < before;
	} while (more);
	return 1;
}

static struct zsp_str cut_last(struct zsp_str *ids)
{
	size_t at = ids->n;
	struct zsp_str id;

	while (at && ids->p[at - 1] != ',')
		at--;
	id = (struct zsp_str){ ids->p + at, ids->n - at };
	ids->n = at ? at - 1 : 0;
	return id;
}

/* A call that changed nothing has nothing to wait for. */
static int32_t route53_live(void *instance, const struct zsp_str *zone, const struct zsp_str *ticket, int32_t *ret_live)
{
	struct instance *self = instance;
	struct zsp_str rest = *ticket;
	int32_t class;

	(void)zone;
	*ret_live = ticket->n == 0;
	if (!ticket->n)
		return ZSP_OK;
	if (!is_ticket(rest))
		return zsp_failf(self->host, ZSP_BUG, 0, "the ticket does not consist of ids of changes");
	/* The last change is the one that is most likely to be still on its way. */
	do {
		class = batch_is_live(&self->api, cut_last(&rest), ret_live);
	} while (class == ZSP_OK && *ret_live && rest.n);
	return class;
}

static const struct zsp_provider provider = {
	.head = ZSP_PROVIDER(ZSP_FLAG_BATCH | ZSP_FLAG_LISTS_ZONES),
	.name = ZSP_STR("route53"),
	.summary = ZSP_STR("Amazon Route 53"),
	.url = ZSP_STR("https://docs.aws.amazon.com/Route53/latest/APIReference/"),
	.options = { route53_options, OPT__COUNT, sizeof(route53_options[0]) },
	.max_changes = 200,
	.max_values = 400,
	.permissions = ZSP_STR(
		"route53:ListResourceRecordSets and route53:ChangeResourceRecordSets on the hosted zone, the latter for TXT at "
		"the challenge names with the actions CREATE and DELETE; route53:ListHostedZonesByName on * unless zone-id is "
		"set; route53:GetChange on change/* for propagation = provider; route53:GetHostedZone on the zone where "
		"delegation-set-id is set."),
	.open = route53_open,
	.apply = route53_apply,
	.zones = route53_zones,
	.live = route53_live,
	.check = route53_check,
	.close = route53_close,
	.policy = route53_policy,
};

ZSP_PLUGIN(provider)
