/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default places of configuration and state.  Takes the environment as
 * arguments: only front reads it.
 */
#include "conf/conf.h"

#include <pwd.h>

#define SERVICE_USER "zoneseal"

enum { ENTRY = 4096 };

static bool is_service(uid_t uid)
{
	char room[ENTRY];
	struct passwd entry, *found = NULL;

	if (!uid)
		return true;
	return !getpwnam_r(SERVICE_USER, &entry, room, sizeof(room), &found) && found && found->pw_uid == uid;
}

/* What the user may choose: the variable, else a directory below home. */
struct choice {
	const char *variable;
	const char *value; /* may be NULL */
	const char *below_home;
	const char *file; /* below that */
};

/* Relative values are to be ignored (XDG Base Directory Specification). */
static bool is_absolute(const char *path)
{
	return path && *path == '/';
}

static int add_place(const struct zs_conf_user *user, const struct choice *choice, struct zs_buf *dst, struct zs_err *err)
{
	if (is_absolute(choice->value))
		zs_buf_addf(dst, "%s/%s", choice->value, choice->file);
	else if (is_absolute(user->home))
		zs_buf_addf(dst, "%s/%s/%s", user->home, choice->below_home, choice->file);
	else
		ZS_FAIL(err, ZS_E_CONFIG, "neither %s nor HOME is set to an absolute path", choice->variable);
	if (dst->failed)
		ZS_FAIL(err, ZS_E_CONFIG, "the path from %s or HOME is too long", choice->variable);
	return 0;
}

int zs_conf_default_path(const struct zs_conf_user *user, struct zs_buf *dst, struct zs_err *err)
{
	const struct choice choice = { "XDG_CONFIG_HOME", user->xdg_config, ".config", "zoneseal/zoneseal.conf" };

	if (!is_service(user->uid))
		return add_place(user, &choice, dst, err);
	zs_buf_add_str(dst, ZS_SYSCONFDIR "/zoneseal.conf");
	return dst->failed ? zs_err_set(err, ZS_E_NOMEM, "out of memory") : 0;
}

int zs_conf_default_state(const struct zs_conf_user *user, struct zs_buf *dst, struct zs_err *err)
{
	const struct choice choice = { "XDG_STATE_HOME", user->xdg_state, ".local/state", "zoneseal" };

	if (!is_service(user->uid))
		return add_place(user, &choice, dst, err);
	zs_buf_add_str(dst, ZS_STATEDIR);
	return dst->failed ? zs_err_set(err, ZS_E_NOMEM, "out of memory") : 0;
}
