/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The modes for programs that were written for other clients: one run for each change,
 * told by arguments or by environment, answering by exit status.
 */
#include "exec.h"

#include <string.h>

#define CHALLENGE "_acme-challenge."

static const char *const verbs[] = { [ZSP_ADD] = "present", [ZSP_REMOVE] = "cleanup" };

/* ---- lego ---- */

int32_t lego_fill(const struct exec *self, const struct zsp_list *changes, uint32_t i, struct words *argv,
	struct words *env, const char **ret_why)
{
	const struct zsp_change *change = ZSP_ITEM(struct zsp_change, changes, i);
	struct zsp_text fqdn = ZSP_TEXT(256);
	int32_t good;

	(void)self;
	(void)env;
	zsp_text_add_str(&fqdn, change->name);
	zsp_text_addz(&fqdn, ".");
	good = words_add(argv, zsp_strz(verbs[change->op])) && words_add(argv, zsp_text_str(&fqdn)) &&
		words_add(argv, change->value);
	zsp_text_done(&fqdn);
	*ret_why = "out of memory";
	return good ? ZSP_OK : ZSP_BUG;
}

int32_t lego_raw_fill(const struct exec *self, const struct zsp_list *changes, uint32_t i, struct words *argv,
	struct words *env, const char **ret_why)
{
	const struct zsp_change *change = ZSP_ITEM(struct zsp_change, changes, i);

	(void)self;
	(void)env;
	*ret_why = "mode lego-raw passes the challenge's token and key authorization, and they are not known for this "
		   "record: use another mode";
	if (!change->identifier.n || !change->token.n || !change->key_authorization.n)
		return ZSP_CONFIG;
	*ret_why = "out of memory";
	return words_add(argv, zsp_strz(verbs[change->op])) && words_add(argv, zsp_strz("--")) &&
			words_add(argv, change->identifier) && words_add(argv, change->token) &&
			words_add(argv, change->key_authorization)
		? ZSP_OK
		: ZSP_BUG;
}

/* ---- certbot ---- */

/*
 * Such hooks put the challenge label before the name that they are given.  So they get
 * the name for which this leads to the record, be it the identifier or where a CNAME
 * points.
 */
static struct zsp_str base_of(const struct zsp_change *change)
{
	struct zsp_str name = change->name;

	if (!zsp_str_starts(name, CHALLENGE))
		return (struct zsp_str){ NULL, 0 };
	name.p += strlen(CHALLENGE);
	name.n -= strlen(CHALLENGE);
	return name;
}

static int32_t is_listed(const struct zsp_list *changes, uint32_t before, struct zsp_str base)
{
	for (uint32_t i = 0; i < before; i++)
		if (zsp_str_equal(base_of(ZSP_ITEM(struct zsp_change, changes, i)), base))
			return 1;
	return 0;
}

static void list_bases(const struct zsp_list *changes, struct zsp_text *dst)
{
	for (uint32_t i = 0; i < changes->n; i++) {
		struct zsp_str base = base_of(ZSP_ITEM(struct zsp_change, changes, i));

		if (!base.n || is_listed(changes, i, base))
			continue;
		if (dst->n)
			zsp_text_addz(dst, ",");
		zsp_text_add_str(dst, base);
	}
}

static uint32_t count_left(const struct zsp_list *changes, uint32_t i)
{
	uint32_t op = ZSP_ITEM(struct zsp_change, changes, i)->op, n = 0;

	while (++i < changes->n)
		n += ZSP_ITEM(struct zsp_change, changes, i)->op == op;
	return n;
}

static int32_t certbot_env(const struct exec *self, const struct zsp_list *changes, uint32_t i, struct zsp_str base,
	struct words *env)
{
	const struct zsp_change *change = ZSP_ITEM(struct zsp_change, changes, i);
	struct zsp_text all = ZSP_TEXT(64 * 1024), left = ZSP_TEXT(16);
	int32_t good;

	list_bases(changes, &all);
	zsp_text_addf(&left, "%u", (unsigned)count_left(changes, i));
	good = !all.failed && !left.failed && env_set(env, "CERTBOT_DOMAIN", base) &&
		env_set(env, "CERTBOT_IDENTIFIER", base) && env_set(env, "CERTBOT_VALIDATION", change->value) &&
		env_set(env, "CERTBOT_REMAINING_CHALLENGES", zsp_text_str(&left)) &&
		env_set(env, "CERTBOT_ALL_DOMAINS", zsp_text_str(&all)) &&
		env_set(env, "CERTBOT_ALL_IDENTIFIERS", zsp_text_str(&all));
	if (good && change->op == ZSP_REMOVE)
		good = env_set(env, "CERTBOT_AUTH_OUTPUT", zsp_str_trim(past_output(&self->past, change)));
	zsp_text_done(&all);
	zsp_text_done(&left);
	return good;
}

int32_t certbot_fill(const struct exec *self, const struct zsp_list *changes, uint32_t i, struct words *argv,
	struct words *env, const char **ret_why)
{
	struct zsp_str base = base_of(ZSP_ITEM(struct zsp_change, changes, i));

	(void)argv;
	*ret_why = "a certbot hook makes the name " CHALLENGE "DOMAIN by itself, so it cannot write where the CNAME points: "
		   "use mode json or lego, or a CNAME to a name that begins with " CHALLENGE;
	if (!base.n)
		return ZSP_CONFIG;
	*ret_why = "out of memory";
	return certbot_env(self, changes, i, base, env) ? ZSP_OK : ZSP_BUG;
}

/* ---- one change ---- */

static int32_t copy_words(struct words *dst, const struct words *from)
{
	int32_t good = 1;

	for (uint32_t i = 0; i < from->n && good; i++)
		good = words_add(dst, zsp_strz(from->v[i]));
	return good;
}

/* What an argument list or an environment can carry without surprises. */
static int32_t is_plain(struct zsp_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return 0;
	return s.n > 0;
}

static const struct zsp_text *program_for(const struct exec *self, const struct zsp_change *change)
{
	return self->mode->two_programs && change->op == ZSP_REMOVE ? &self->cleanup : &self->program;
}

static int32_t prepare(const struct exec *self, const struct zsp_list *changes, uint32_t i, struct words *argv,
	struct words *env, const char **ret_why)
{
	const struct zsp_change *change = ZSP_ITEM(struct zsp_change, changes, i);

	*ret_why = "the value has characters that this mode cannot pass on";
	if (!is_plain(change->value))
		return ZSP_CONFIG;
	*ret_why = "out of memory";
	if (!words_add(argv, zsp_text_str(program_for(self, change))) || !copy_words(argv, &self->arguments) ||
		!copy_words(env, &self->env))
		return ZSP_BUG;
	return self->mode->fill(self, changes, i, argv, env, ret_why);
}

static int32_t run_one(struct exec *self, const struct zsp_change *change, uint32_t i, const struct words *argv,
	const struct words *env)
{
	struct exec_call call = EXEC_CALL();
	struct zsp_text why = ZSP_TEXT(ZSP_MAX_TEXT);
	int32_t good = exec_call_run(self, argv, env, (struct zsp_str){ NULL, 0 }, &call), class = ZSP_OK;

	if (good) {
		past_note(&self->past, change, zsp_text_str(&call.out));
	} else {
		exec_call_explain(self, &call, &why);
		class = call.result.end == RUN_NO_START ? ZSP_CONFIG : ZSP_TRANSIENT;
	}
	zsp_resultf(self->host, i, class, good ? NULL : "%s, to %s the value: %s", argv->v[0],
		change->op == ZSP_ADD ? "add" : "remove", zsp_text_str(&why).p);
	zsp_text_done(&why);
	exec_call_done(&call);
	return class;
}

static void make_change(struct exec *self, const struct zsp_list *changes, uint32_t i)
{
	const struct zsp_change *change = ZSP_ITEM(struct zsp_change, changes, i);
	struct words argv = { .n = 0 }, env = { .n = 0 };
	const char *why = "";
	int32_t class;

	if (past_op(&self->past, change) == change->op) {
		zsp_logf(self->host, ZSP_LOG_DEBUG, "%s: done before, not asked for again", change->name.p);
		zsp_resultf(self->host, i, ZSP_OK, NULL);
		return;
	}
	class = prepare(self, changes, i, &argv, &env, &why);
	if (class == ZSP_OK)
		run_one(self, change, i, &argv, &env);
	else
		zsp_resultf(self->host, i, class, "%s", why);
	words_done(&argv);
	words_done(&env);
}

int32_t hooks_apply(struct exec *self, struct zsp_str zone, const struct zsp_list *changes)
{
	(void)zone;
	for (uint32_t i = 0; i < changes->n; i++) {
		const struct zsp_change *change = ZSP_ITEM(struct zsp_change, changes, i);
		int32_t late = self->host->cancelled(self->host);

		if (late)
			zsp_resultf(self->host, i, ZSP_TRANSIENT, "no time was left to run the program for this one");
		else if (run_check_file(self->host, change->op == ZSP_REMOVE && self->mode->two_programs ? "cleanup-program" : "program",
				 zsp_text_str(program_for(self, change)).p) != ZSP_OK)
			return ZSP_CONFIG;
		else
			make_change(self, changes, i);
	}
	return ZSP_OK;
}

/*
 * Such a program cannot be asked.  That it ended with exit status 0 is its word that the
 * record is served, and so the clients take it that it was written for: their hooks wait
 * where waiting is needed.
 */
int32_t hooks_live(struct exec *self, struct zsp_str zone, struct zsp_str ticket, int32_t *ret_live)
{
	(void)self;
	(void)zone;
	(void)ticket;
	*ret_live = 1;
	return ZSP_OK;
}
