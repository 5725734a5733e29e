/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recursive resolvers and the settings of zones.  resolv.conf is read here
 * and not by a library: ldns up to 1.8.3 takes commented lines for real ones.
 */
#include "probe/resolver.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/log.h"

#define RESOLV_CONF "/etc/resolv.conf"
enum { RESOLV_CONF_MAX = 64 * 1024 };

static struct zs_slice cut_word(struct zs_slice *rest)
{
	size_t n = 0;
	struct zs_slice word;

	*rest = zs_slice_trim(*rest);
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
		n++;
	word = zs_slice_of(rest->p, n);
	*rest = zs_slice_of(rest->p + n, rest->n - n);
	return word;
}

static void parse_line(struct zs_slice line, struct zs_addr_set *set)
{
	struct zs_slice word = cut_word(&line);

	if (!zs_slice_eq_str(word, "nameserver") || set->n >= ZS_RESOLVERS_MAX)
		return;
	if (zs_addr_parse(cut_word(&line), &set->items[set->n]))
		set->n++;
}

void zs_resolv_conf_parse(struct zs_slice text, struct zs_addr_set *ret)
{
	ret->n = 0;
	while (text.n)
		parse_line(zs_slice_cut(&text, '\n'), ret);
}

static void read_resolv_conf(struct zs_addr_set *set)
{
	struct zs_buf text = ZS_BUF(RESOLV_CONF_MAX);
	int fd = open(RESOLV_CONF, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t *dst = fd < 0 ? NULL : zs_buf_reserve(&text, RESOLV_CONF_MAX / 2);
	ssize_t n = dst ? read(fd, dst, RESOLV_CONF_MAX / 2) : 0;

	set->n = 0;
	if (n > 0)
		zs_resolv_conf_parse(zs_slice_of(dst, (size_t)n), set);
	if (!set->n)
		zs_warn("", "%s names no resolver", RESOLV_CONF);
	if (fd >= 0)
		close(fd);
	zs_buf_done(&text);
}

struct texts { const struct zs_slice *items; uint32_t n; const char *option; };

static int parse_set(struct texts texts, struct zs_addr_set *set, struct zs_err *err)
{
	if (texts.n > ZS_FIXED_SERVERS_MAX)
		ZS_FAIL(err, ZS_E_CONFIG, "%s: more than %d addresses", texts.option, ZS_FIXED_SERVERS_MAX);
	for (uint32_t i = 0; i < texts.n; i++) {
		if (!zs_addr_parse(texts.items[i], &set->items[i]) || zs_addr_is_useless(&set->items[i]))
			ZS_FAIL(err, ZS_E_CONFIG, "%s: \"%.*s\" is no address of a server (write 192.0.2.1, 192.0.2.1:53 "
				"or [2001:db8::1]:53)", texts.option, (int)(texts.items[i].n < 80 ? texts.items[i].n : 80),
				(const char *)texts.items[i].p);
	}
	set->n = texts.n;
	return 0;
}

static int load_zone(struct zs_settings *settings, const struct zs_msg_probe_zone *zone, struct zs_err *err)
{
	struct texts servers = { zone->servers.items, zone->servers.n, "servers" };
	struct texts resolvers = { zone->resolvers.items, zone->resolvers.n, "resolvers" };
	struct zs_zone_setting *setting;

	/* A zone that sets neither is no hint where to start. */
	if (!servers.n && !resolvers.n)
		return 0;
	setting = zs_vec_push(&settings->zones, ZS_SETTINGS_MAX);
	if (!setting)
		ZS_FAIL(err, ZS_E_NOMEM, "too many zones with servers or resolvers");
	setting->zone = zone->zone;
	if (parse_set(servers, &setting->servers, err) < 0 || parse_set(resolvers, &setting->resolvers, err) < 0)
		return zs_err_prefix(err, "[zone %s]", zone->zone.text);
	return 0;
}

int zs_settings_load(struct zs_settings *settings, const struct zs_msg_probe_config *config, struct zs_err *err)
{
	struct texts resolvers = { config->resolvers.items, config->resolvers.n, "resolvers" };
	struct zs_settings fresh = { .resolvers = { .n = 0 } };
	int failed = parse_set(resolvers, &fresh.resolvers, err);

	for (uint32_t i = 0; !failed && i < config->zones.n; i++)
		failed = load_zone(&fresh, &config->zones.items[i], err);
	if (failed) {
		zs_settings_done(&fresh);
		return failed;
	}
	if (!fresh.resolvers.n)
		read_resolv_conf(&fresh.resolvers);
	zs_settings_done(settings);
	*settings = fresh;
	return 0;
}

void zs_settings_done(struct zs_settings *settings)
{
	zs_vec_done(&settings->zones);
	settings->resolvers.n = 0;
}

const struct zs_zone_setting *zs_settings_find(const struct zs_settings *settings, const struct zs_name *name)
{
	const struct zs_zone_setting *best = NULL;

	for (size_t i = 0; i < settings->zones.n; i++) {
		const struct zs_zone_setting *z = &settings->zones.items[i];

		if (zs_name_is_in(name, &z->zone) && (!best || z->zone.len > best->zone.len))
			best = z;
	}
	return best;
}

const struct zs_addr_set *zs_settings_resolvers(const struct zs_settings *settings, const struct zs_name *name)
{
	const struct zs_addr_set *best = &settings->resolvers;
	size_t len = 0;

	for (size_t i = 0; i < settings->zones.n; i++) {
		const struct zs_zone_setting *z = &settings->zones.items[i];

		if (z->resolvers.n && zs_name_is_in(name, &z->zone) && z->zone.len >= len) {
			best = &z->resolvers;
			len = z->zone.len;
		}
	}
	return best;
}
