/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of error codes, and filling of struct zs_err.  Allocates nothing,
 * so that running out of memory can be told, and leaves errno alone.  Never
 * logs: that is for the program that gives up.
 */
#include "base/err.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"

/* Raw text before cleaning; what is longer is cut. */
enum { RAW_TEXT = 2048 };

#define ACME_ERROR "urn:ietf:params:acme:error:"

static const struct zs_code_info codes[] = {
	[ZS_OK] = {
		.name = "ok",
		.class = ZS_CLASS_LOCAL,
		.retry = false,
		.exit_code = 0,
		.meaning = "done, or nothing was due",
		.hint = "nothing to do",
	},
	[ZS_E_BUG] = {
		.name = "bug",
		.class = ZS_CLASS_BUG,
		.retry = false,
		.exit_code = 1,
		.meaning = "an assumption inside zoneseal is wrong",
		.hint = "run the command again with debug logging and report "
			"what it says as described in CONTRIBUTING.md",
	},
	[ZS_E_NOMEM] = {
		.name = "nomem",
		.class = ZS_CLASS_LOCAL,
		.retry = true,
		.exit_code = 1,
		.meaning = "memory ran out",
		.hint = "free memory or raise the memory limit of the service, "
			"then run the command again; nothing is lost",
	},
	[ZS_E_USAGE] = {
		.name = "usage",
		.class = ZS_CLASS_CONFIG,
		.retry = false,
		.exit_code = 2,
		.meaning = "the command line is wrong",
		.hint = "run `zoneseal --help` for the commands and their "
			"options",
	},
	[ZS_E_CONFIG] = {
		.name = "config",
		.class = ZS_CLASS_CONFIG,
		.retry = false,
		.exit_code = 3,
		.meaning = "the configuration, a provider option or a secret "
			   "file is wrong",
		.hint = "correct the place named above, then run "
			"`zoneseal check`",
	},
	[ZS_E_PLUGIN] = {
		.name = "plugin",
		.class = ZS_CLASS_LOCAL,
		.retry = true,
		.exit_code = 4,
		.meaning = "a provider plugin does not load, has another ABI, "
			   "crashed, hung or broke its contract",
		.hint = "update the plugin, or tell its author what is said above",
	},
	[ZS_E_PROVIDER_AUTH] = {
		.name = "provider-auth",
		.class = ZS_CLASS_CONFIG,
		.retry = false,
		.exit_code = 4,
		.meaning = "the DNS provider refused the credentials",
		.hint = "renew the credentials at the provider, write them to "
			"the secret file, then run `zoneseal check`",
	},
	[ZS_E_PROVIDER_DENIED] = {
		.name = "provider-denied",
		.class = ZS_CLASS_DENIED,
		.retry = false,
		.exit_code = 4,
		.meaning = "the credentials are good but lack a right",
		.hint = "give the credentials the right to change TXT records of "
			"the zone, then run `zoneseal check --live`",
	},
	[ZS_E_PROVIDER_ZONE] = {
		.name = "provider-zone",
		.class = ZS_CLASS_CONFIG,
		.retry = false,
		.exit_code = 4,
		.meaning = "the DNS provider does not serve the zone",
		.hint = "point the certificate at the provider instance that "
			"serves the zone, then run `zoneseal check`",
	},
	[ZS_E_PROVIDER] = {
		.name = "provider",
		.class = ZS_CLASS_RETRY,
		.retry = true,
		.exit_code = 4,
		.meaning = "the DNS provider failed in another way",
		.hint = "run the command again later; if it stays, look at the "
			"provider's status page",
	},
	[ZS_E_PROVIDER_RATE] = {
		.name = "provider-rate",
		.class = ZS_CLASS_RETRY,
		.retry = true,
		.exit_code = 7,
		.meaning = "the DNS provider limits the rate",
		.hint = "run the command again later, not before the time given "
			"above if there is one",
	},
	[ZS_E_DNS] = {
		.name = "dns",
		.class = ZS_CLASS_RETRY,
		.retry = true,
		.exit_code = 5,
		.meaning = "the zone, its name servers or the alias chain was "
			   "not found",
		.hint = "check the delegation and any CNAME of the "
			"_acme-challenge name at your DNS host, then run "
			"`zoneseal check`",
	},
	[ZS_E_PROPAGATION] = {
		.name = "propagation",
		.class = ZS_CLASS_RETRY,
		.retry = true,
		.exit_code = 5,
		.meaning = "not all name servers served the record in time",
		.hint = "look at the servers named above: a secondary that lags or "
			"does not answer; then run the command again",
	},
	[ZS_E_CA_REFUSED] = {
		.name = "ca-refused",
		.class = ZS_CLASS_DENIED,
		.retry = false,
		.exit_code = 6,
		.meaning = "the CA refused the request, the order or an "
			   "authorization",
		.hint = "correct what the CA says above (often a CAA record or "
			"a name it does not issue for), then run "
			"`zoneseal check`",
	},
	[ZS_E_CA_ACCOUNT] = {
		.name = "ca-account",
		.class = ZS_CLASS_CONFIG,
		.retry = false,
		.exit_code = 6,
		.meaning = "the ACME account is missing or deactivated, or "
			   "terms or an external binding are needed",
		.hint = "set the account options of the CA (terms, contact, "
			"external account binding), then run `zoneseal check`",
	},
	[ZS_E_CA_PROTOCOL] = {
		.name = "ca-protocol",
		.class = ZS_CLASS_RETRY,
		.retry = true,
		.exit_code = 6,
		.meaning = "the CA's answer breaks RFC 8555 or a limit of ours",
		.hint = "check the directory URL of the CA with "
			"`zoneseal check`; if it is right, tell the CA",
	},
	[ZS_E_CA_CERT] = {
		.name = "ca-cert",
		.class = ZS_CLASS_DENIED,
		.retry = false,
		.exit_code = 6,
		.meaning = "the certificate issued is not the one asked for",
		.hint = "the certificate in use was kept; check the profile "
			"and chain options with `zoneseal check` and tell the "
			"CA",
	},
	[ZS_E_RATE_LIMITED] = {
		.name = "rate-limited",
		.class = ZS_CLASS_RETRY,
		.retry = true,
		.exit_code = 7,
		.meaning = "the CA limits the rate",
		.hint = "run the command again later, not before the time given "
			"above if there is one",
	},
	[ZS_E_NETWORK] = {
		.name = "network",
		.class = ZS_CLASS_RETRY,
		.retry = true,
		.exit_code = 8,
		.meaning = "resolving, connecting, TLS or a transfer failed",
		.hint = "check that this machine reaches the host named above "
			"(firewall, proxy, resolver, clock), then run "
			"`zoneseal check`",
	},
	[ZS_E_STORAGE] = {
		.name = "storage",
		.class = ZS_CLASS_LOCAL,
		.retry = true,
		.exit_code = 9,
		.meaning = "a file could not be read or written, or is damaged",
		.hint = "check free space and the file named above, then run "
			"`zoneseal check`",
	},
	[ZS_E_PERMISSION] = {
		.name = "permission",
		.class = ZS_CLASS_LOCAL,
		.retry = false,
		.exit_code = 9,
		.meaning = "an owner or mode is wrong, or a right is missing",
		.hint = "correct owner and mode of the path named above "
			"(chown, chmod), then run `zoneseal check`",
	},
	[ZS_E_DEPLOY] = {
		.name = "deploy",
		.class = ZS_CLASS_LOCAL,
		.retry = true,
		.exit_code = 10,
		.meaning = "issued, but a deploy hook or the check behind it "
			   "failed",
		.hint = "the new certificate is stored; correct the hook named "
			"above, then run the command again",
	},
	[ZS_E_PARTIAL] = {
		.name = "partial",
		.class = ZS_CLASS_RETRY,
		.retry = true,
		.exit_code = 11,
		.meaning = "some of several were done",
		.hint = "the messages above say which failed and why; correct "
			"that, then run the command again",
	},
	[ZS_E_RESIDUE] = {
		.name = "residue",
		.class = ZS_CLASS_RETRY,
		.retry = true,
		.exit_code = 11,
		.meaning = "a TXT record of ours could not be removed",
		.hint = "run `zoneseal gc` to remove it",
	},
	[ZS_E_BUSY] = {
		.name = "busy",
		.class = ZS_CLASS_RETRY,
		.retry = true,
		.exit_code = 12,
		.meaning = "another run holds the certificate",
		.hint = "wait for it to end; `zoneseal status` shows which "
			"certificates are busy",
	},
	[ZS_E_CANCELLED] = {
		.name = "cancelled",
		.class = ZS_CLASS_LOCAL,
		.retry = false,
		.exit_code = 130,
		.meaning = "ended by a signal, after clean-up",
		.hint = "run the command again; it goes on where it was",
	},
	[ZS_E_PEER] = {
		.name = "peer",
		.class = ZS_CLASS_BUG,
		.retry = true,
		.exit_code = 1,
		.meaning = "a process of zoneseal died or sent a bad message",
		.hint = "look in the log for the end of that process (out of "
			"memory, killed); run `zoneseal gc`, then the command "
			"again",
	},
};
_Static_assert(ZS_COUNT(codes) == ZS_E__COUNT, "one row per code");

static const char *const class_names[] = {
	[ZS_CLASS_BUG] = "bug",
	[ZS_CLASS_CONFIG] = "config",
	[ZS_CLASS_DENIED] = "denied",
	[ZS_CLASS_RETRY] = "retry",
	[ZS_CLASS_LOCAL] = "local",
};
_Static_assert(ZS_COUNT(class_names) == ZS_CLASS__COUNT, "one name per class");

const struct zs_code_info *zs_code_info(int code)
{
	if (code < 0 && code > INT_MIN)
		code = -code;
	if (code < 0 || code >= ZS_E__COUNT)
		code = ZS_E_BUG;
	return &codes[code];
}

const char *zs_class_name(enum zs_class class)
{
	return (size_t) class < ZS_COUNT(class_names) ? class_names[class]
						      : "bug";
}

enum zs_code zs_code_by_name(struct zs_slice name)
{
	for (size_t i = 0; i < ZS_COUNT(codes); i++)
		if (zs_slice_eq_str(name, codes[i].name))
			return (enum zs_code)i;
	return ZS_E_BUG;
}

/* A place for text inside struct zs_err. */
struct field {
	char *dst;
	size_t size;
	bool keep_lf;
};

#define FIELD(array, lf) \
	((struct field){ .dst = (array), .size = sizeof(array), .keep_lf = (lf) })

/* The buffer sits on the field itself, so a long text is cut between two
 * characters and nothing is allocated. */
static void put_clean(struct field field, struct zs_slice raw)
{
	struct zs_buf buf = {
		.data = (uint8_t *)field.dst,
		.cap = field.size - 1,
		.max = field.size - 1,
	};

	field.dst[0] = 0;
	zs_clean(&buf, raw, field.keep_lf);
	field.dst[buf.len] = 0;
}

/* Formats before anything is overwritten: the arguments may point into err. */
static struct zs_slice format(char raw[static RAW_TEXT], const char *fmt,
	va_list ap) ZS_PRINTF(2, 0);
static struct zs_slice format(char raw[static RAW_TEXT], const char *fmt,
	va_list ap)
{
	if (vsnprintf(raw, RAW_TEXT, fmt, ap) < 0)
		raw[0] = 0;
	return zs_slice_str(raw);
}

void zs_err_clear(struct zs_err *err)
{
	if (err)
		memset(err, 0, sizeof(*err));
}

static int set_text(struct zs_err *err, enum zs_code code, struct zs_slice raw)
{
	if (err) {
		zs_err_clear(err);
		err->code = code;
		put_clean(FIELD(err->text, true), raw);
	}
	return -(int)code;
}

int zs_err_set(struct zs_err *err, enum zs_code code, const char *fmt, ...)
{
	int saved = errno;
	char raw[RAW_TEXT];
	struct zs_slice text;
	va_list ap;

	va_start(ap, fmt);
	text = format(raw, fmt, ap);
	va_end(ap);
	errno = saved;
	return set_text(err, code, text);
}

static const struct {
	int errnum;
	enum zs_code code;
} errno_codes[] = {
	{ ENOMEM, ZS_E_NOMEM },
	{ EACCES, ZS_E_PERMISSION },
	{ EPERM, ZS_E_PERMISSION },
	{ EROFS, ZS_E_PERMISSION },
	{ EWOULDBLOCK, ZS_E_BUSY },
	{ EINTR, ZS_E_CANCELLED },
	{ ECANCELED, ZS_E_CANCELLED },
	{ ECONNREFUSED, ZS_E_NETWORK },
	{ ECONNRESET, ZS_E_NETWORK },
	{ ECONNABORTED, ZS_E_NETWORK },
	{ ETIMEDOUT, ZS_E_NETWORK },
	{ ENETUNREACH, ZS_E_NETWORK },
	{ EHOSTUNREACH, ZS_E_NETWORK },
	{ ENETDOWN, ZS_E_NETWORK },
	{ EADDRNOTAVAIL, ZS_E_NETWORK },
	{ EBADF, ZS_E_BUG },
	{ EFAULT, ZS_E_BUG },
};

/* Files are what is left: ENOSPC, EDQUOT, EIO, ENOENT and so on. */
static enum zs_code code_of_errno(int errnum)
{
	for (size_t i = 0; i < ZS_COUNT(errno_codes); i++)
		if (errno_codes[i].errnum == errnum)
			return errno_codes[i].code;
	return ZS_E_STORAGE;
}

int zs_err_sys(struct zs_err *err, enum zs_code code, int errnum,
	const char *fmt, ...)
{
	int saved = errno;
	char what[RAW_TEXT];
	char raw[RAW_TEXT];
	va_list ap;

	va_start(ap, fmt);
	(void)format(what, fmt, ap);
	va_end(ap);
	(void)snprintf(raw, sizeof(raw), "%.*s: %s", RAW_TEXT / 2, what,
		strerror(errnum));
	errno = saved;
	return set_text(err, code ? code : code_of_errno(errnum),
		zs_slice_str(raw));
}

int zs_err_prefix(struct zs_err *err, const char *fmt, ...)
{
	int saved = errno;
	char what[RAW_TEXT];
	char raw[RAW_TEXT + sizeof(err->text) + 2];
	va_list ap;

	if (!err)
		return -ZS_E_BUG;
	va_start(ap, fmt);
	(void)format(what, fmt, ap);
	va_end(ap);
	(void)snprintf(raw, sizeof(raw), "%s: %s", what, err->text);
	put_clean(FIELD(err->text, true), zs_slice_str(raw));
	errno = saved;
	return -(int)err->code;
}

#define SET_FIELD(err, member, fmt) \
	do { \
		int saved = errno; \
		char raw[RAW_TEXT]; \
		va_list ap; \
		va_start(ap, fmt); \
		if (err) \
			put_clean(FIELD((err)->member, false), \
				format(raw, fmt, ap)); \
		va_end(ap); \
		errno = saved; \
	} while (0)

void zs_err_subject(struct zs_err *err, const char *fmt, ...)
{
	SET_FIELD(err, subject, fmt);
}

void zs_err_where(struct zs_err *err, const char *fmt, ...)
{
	SET_FIELD(err, where, fmt);
}

void zs_err_hint(struct zs_err *err, const char *fmt, ...)
{
	SET_FIELD(err, hint, fmt);
}

void zs_err_sub(struct zs_err *err, struct zs_slice identifier,
	struct zs_slice type, struct zs_slice detail)
{
	struct zs_subproblem *sub;
	const size_t urn = sizeof(ACME_ERROR) - 1;

	if (!err || err->nsub >= ZS_ERR_SUBPROBLEMS)
		return;
	if (zs_slice_starts(type, ACME_ERROR))
		type = zs_slice_of(type.p + urn, type.n - urn);
	sub = &err->sub[err->nsub++];
	put_clean(FIELD(sub->identifier, false), identifier);
	put_clean(FIELD(sub->type, false), type);
	put_clean(FIELD(sub->detail, false), detail);
}

const char *zs_err_advice(const struct zs_err *err)
{
	return err->hint[0] ? err->hint : zs_code_info((int)err->code)->hint;
}
