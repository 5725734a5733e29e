# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += core/vault/libzs-vault.a
core_vault_libzs_vault_a_SOURCES = \
	core/vault/account.c core/vault/account.h \
	core/vault/generation.c core/vault/generation.h \
	core/vault/jobs.c core/vault/jobs.h \
	core/vault/journal.c core/vault/journal.h \
	core/vault/journal_record.c core/vault/journal_record.h \
	core/vault/keys.c core/vault/keys.h \
	core/vault/list.c \
	core/vault/meta.c core/vault/meta.h \
	core/vault/order.c core/vault/order.h \
	core/vault/pem.c core/vault/pem.h \
	core/vault/pending.c core/vault/pending.h \
	core/vault/serve.c \
	core/vault/serve_job.c \
	core/vault/serve_journal.c \
	core/vault/serve_lock.c \
	core/vault/sign.c \
	core/vault/state.c core/vault/state.h \
	core/vault/store.c \
	core/vault/vault.h \
	core/vault/zone_lock.c core/vault/zone_lock.h

pkglibexec_PROGRAMS += core/vault/zoneseal-vault
core_vault_zoneseal_vault_SOURCES = core/vault/main.c
core_vault_zoneseal_vault_LDADD = \
	core/vault/libzs-vault.a \
	core/wrap/libzs-keys.a \
	core/ipc/libzs-ipc.a \
	core/wrap/libzs-seccomp.a \
	core/base/libzs-base.a \
	$(OPENSSL_CRYPTO_LIBS) $(SECCOMP_LIBS)
