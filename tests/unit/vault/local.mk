# SPDX-License-Identifier: Apache-2.0
UNIT_TESTS += \
	tests/unit/vault/test_forms \
	tests/unit/vault/test_generation \
	tests/unit/vault/test_journal \
	tests/unit/vault/test_pending \
	tests/unit/vault/test_serve \
	tests/unit/vault/test_zone_lock
tests_unit_vault_LIBS = \
	core/vault/libzs-vault.a \
	core/wrap/libzs-keys.a \
	core/ipc/libzs-ipc.a \
	core/wrap/libzs-seccomp.a \
	core/base/libzs-base.a \
	$(OPENSSL_CRYPTO_LIBS) $(SECCOMP_LIBS) $(CMOCKA_LIBS)
tests_unit_vault_test_forms_SOURCES = tests/unit/vault/test_forms.c
tests_unit_vault_test_forms_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_vault_test_forms_LDADD = $(tests_unit_vault_LIBS)
tests_unit_vault_test_generation_SOURCES = tests/unit/vault/test_generation.c tests/unit/vault/drive.c tests/unit/vault/drive.h
tests_unit_vault_test_generation_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_vault_test_generation_LDADD = $(tests_unit_vault_LIBS)
tests_unit_vault_test_journal_SOURCES = tests/unit/vault/test_journal.c tests/unit/vault/drive.c tests/unit/vault/drive.h
tests_unit_vault_test_journal_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_vault_test_journal_LDADD = $(tests_unit_vault_LIBS)
# Drives core/vault/zoneseal-vault, which `make check` builds first.
tests_unit_vault_test_serve_SOURCES = tests/unit/vault/test_serve.c tests/unit/vault/drive.c tests/unit/vault/drive.h
tests_unit_vault_test_serve_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(OPENSSL_CRYPTO_CFLAGS)
tests_unit_vault_test_serve_LDADD = $(tests_unit_vault_LIBS)
tests_unit_vault_test_pending_SOURCES = tests/unit/vault/test_pending.c tests/unit/vault/drive.c tests/unit/vault/drive.h
tests_unit_vault_test_pending_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_vault_test_pending_LDADD = $(tests_unit_vault_LIBS)
tests_unit_vault_test_zone_lock_SOURCES = tests/unit/vault/test_zone_lock.c tests/unit/vault/drive.c tests/unit/vault/drive.h
tests_unit_vault_test_zone_lock_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_vault_test_zone_lock_LDADD = $(tests_unit_vault_LIBS)
