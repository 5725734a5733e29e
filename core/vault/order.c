/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Front is trusted, but what it passes on was read from files and from users:
 * every field is checked once here, so that the rest of the vault need not.
 * Nothing is written and no key is made here.  Runs in the vault.
 */
#include "vault/order.h"

#include <string.h>

#include "base/b64url.h"
#include "wrap/pkey.h"

enum { MAX_ORIGINS = 16, MAX_CONTACTS = 16, MAX_CONTACT = 320, MAX_PROFILE = 64, MAX_KID = 512, MIN_MAC = 16 };

static const char mailto[] = "mailto:";

static int bad(struct zs_err *err, const char *what)
{
	ZS_FAIL(err, ZS_E_CONFIG, "%s", what);
}

static bool printable(struct zs_slice text, size_t max)
{
	return text.n <= max && zs_slice_is_graph(text);
}

static const char *copy(struct zs_job *job, struct zs_slice text)
{
	return zs_arena_str(&job->arena, text.n > 0 ? (const void *)text.p : "", text.n);
}

static int no_memory(struct zs_err *err)
{
	ZS_FAIL(err, ZS_E_NOMEM, "out of memory for a job");
}

static int read_names(const struct zs_msg_vault_job *order, struct zs_job *job, const char **ret_ca, struct zs_err *err)
{
	if (order->job == 0)
		return bad(err, "a job has the number 0");
	if (!zs_id_ok(order->certificate))
		return bad(err, "the name of the certificate is not a valid name");
	if (!zs_id_ok(order->ca))
		return bad(err, "the name of the CA is not a valid name");
	if (!printable(order->profile, MAX_PROFILE))
		return bad(err, "the profile is not printable ASCII of at most 64 characters");
	if (order->key_group < -1 || order->key_group >= UINT32_MAX)
		return bad(err, "key-group is not a group number");
	job->id = order->job;
	job->certificate = copy(job, order->certificate);
	job->profile = copy(job, order->profile);
	*ret_ca = copy(job, order->ca);
	job->key_group = order->key_group;
	job->agree_terms = order->agree_terms;
	job->reuse_key = order->reuse_key;
	job->dry_run = order->dry_run;
	return job->certificate != NULL && job->profile != NULL && *ret_ca != NULL ? 0 : no_memory(err);
}

/* "https://host[:port]" with nothing behind but one slash. */
static bool read_origin(struct zs_slice text, struct zs_slice *ret)
{
	if (!zs_url_origin(text, ret))
		return false;
	return ret->n == text.n || zs_slice_eq_str(zs_slice_of(text.p + ret->n, text.n - ret->n), "/");
}

static int read_origins(const struct zs_msg_vault_job *order, struct zs_job *job, struct zs_err *err)
{
	struct zs_slice *items;

	if (order->origins.n == 0 || order->origins.n > MAX_ORIGINS)
		return bad(err, "a CA needs 1 to 16 origins");
	items = zs_arena_alloc(&job->arena, order->origins.n * sizeof(*items));
	if (items == NULL)
		return no_memory(err);
	for (uint32_t i = 0; i < order->origins.n; i++) {
		struct zs_slice origin;
		const char *kept;

		if (!read_origin(order->origins.items[i], &origin))
			return bad(err, "an origin of the CA is not https://host[:port]");
		kept = copy(job, origin);
		if (kept == NULL)
			return no_memory(err);
		items[i] = zs_slice_str(kept);
	}
	job->origins = (struct zs_origins){ items, order->origins.n };
	return 0;
}

static bool contact_ok(struct zs_slice contact)
{
	size_t skip = sizeof(mailto) - 1;

	if (!zs_slice_starts(contact, mailto) || contact.n <= skip || !printable(contact, MAX_CONTACT))
		return false;
	/* One address and no header fields (RFC 8555 7.3). */
	for (size_t i = skip; i < contact.n; i++)
		if (strchr("?,\"\\<>", contact.p[i]) != NULL)
			return false;
	return memchr(contact.p, '@', contact.n) != NULL;
}

static int read_contacts(const struct zs_msg_vault_job *order, struct zs_job *job, struct zs_err *err)
{
	if (order->contacts.n > MAX_CONTACTS)
		return bad(err, "more than 16 contacts");
	if (order->contacts.n == 0)
		return 0;
	job->contacts = zs_arena_alloc(&job->arena, order->contacts.n * sizeof(*job->contacts));
	if (job->contacts == NULL)
		return no_memory(err);
	for (uint32_t i = 0; i < order->contacts.n; i++) {
		if (!contact_ok(order->contacts.items[i]))
			return bad(err, "a contact is not mailto: with one plain address");
		job->contacts[i] = copy(job, order->contacts.items[i]);
		if (job->contacts[i] == NULL)
			return no_memory(err);
	}
	job->n_contacts = order->contacts.n;
	return 0;
}

static int read_binding(const struct zs_msg_vault_job *order, struct zs_job *job, struct zs_err *err)
{
	zs_buf_init_secret(&job->eab_key, 4096);
	job->eab_kid = copy(job, order->eab_kid);
	if (job->eab_kid == NULL)
		return no_memory(err);
	if (order->eab_kid.n == 0)
		return order->eab_key.n == 0 ? 0 : bad(err, "a binding key without its key id (eab-kid)");
	if (!printable(order->eab_kid, MAX_KID))
		return bad(err, "the key id of the account binding is not printable ASCII of at most 512 characters");
	if (!zs_b64_decode_any(&job->eab_key, order->eab_key) || job->eab_key.len < MIN_MAC)
		return bad(err, "the key of the account binding is not base64 of at least 16 octets");
	return 0;
}

static bool repeats(const struct zs_name *names, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (zs_name_eq(&names[i], &names[n]) && names[i].wildcard == names[n].wildcard)
			return true;
	return false;
}

static int read_identifiers(const struct zs_msg_vault_job *order, struct zs_job *job, struct zs_err *err)
{
	uint32_t n = order->identifiers.n;

	if (n == 0 || n > ZS_MAX_IDENTIFIERS)
		return bad(err, "a certificate needs 1 to 100 identifiers");
	job->identifiers = zs_arena_alloc(&job->arena, n * sizeof(*job->identifiers));
	if (job->identifiers == NULL)
		return no_memory(err);
	for (uint32_t i = 0; i < n; i++) {
		char text[ZS_MAX_NAME + 3];

		zs_name_print(&order->identifiers.items[i], text);
		if (!zs_name_parse(zs_slice_str(text), ZS_NAME_HOST, &job->identifiers[i], NULL))
			return bad(err, "an identifier is not a host name");
		if (repeats(job->identifiers, i))
			return bad(err, "an identifier occurs twice");
	}
	job->n_identifiers = n;
	return 0;
}

static int read_csr(const struct zs_msg_vault_job *order, struct zs_job *job, struct zs_err *err)
{
	zs_buf_init(&job->csr, ZS_MAX_CSR);
	zs_buf_init(&job->spki, ZS_MAX_SPKI);
	job->own_csr = order->csr.n > 0;
	if (!job->own_csr)
		return 0;
	if (order->csr_spki.n < 16 || order->csr_spki.n > ZS_MAX_SPKI || order->csr.n > ZS_MAX_CSR ||
	    order->csr.p[0] != 0x30 || order->csr_spki.p[0] != 0x30)
		return bad(err, "the CSR or its public key is not DER of a sensible size");
	zs_buf_add_slice(&job->csr, order->csr);
	zs_buf_add_slice(&job->spki, order->csr_spki);
	return job->csr.failed || job->spki.failed ? no_memory(err) : 0;
}

static int read_key_types(const struct zs_msg_vault_job *order, struct zs_job *job, const char **ret_account,
			  struct zs_err *err)
{
	job->key_type = job->own_csr ? "csr" : zs_pkey_type_word(order->key_type);
	*ret_account = zs_pkey_type_word(order->account_key_type);
	if (job->key_type == NULL || *ret_account == NULL)
		return bad(err, "unknown key type; known are " ZS_PKEY_TYPES);
	return 0;
}

int zs_order_read(const struct zs_msg_vault_job *order, struct zs_job *job, const char **ret_ca,
		  const char **ret_account_key_type, struct zs_err *err)
{
	int rc = read_names(order, job, ret_ca, err);

	if (rc == 0)
		rc = read_origins(order, job, err);
	if (rc == 0)
		rc = read_contacts(order, job, err);
	if (rc == 0)
		rc = read_binding(order, job, err);
	if (rc == 0)
		rc = read_identifiers(order, job, err);
	if (rc == 0)
		rc = read_csr(order, job, err);
	return rc != 0 ? rc : read_key_types(order, job, ret_account_key_type, err);
}
