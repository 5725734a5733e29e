# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += core/acme/libzs-acme.a
core_acme_libzs_acme_a_SOURCES = \
	core/acme/account.c core/acme/account.h \
	core/acme/authz.c core/acme/authz.h \
	core/acme/directory.c core/acme/directory.h \
	core/acme/flow.c core/acme/flow.h core/acme/flow_state.h \
	core/acme/flow_authz.c \
	core/acme/flow_books.c \
	core/acme/flow_clean.c \
	core/acme/flow_finish.c \
	core/acme/flow_order.c \
	core/acme/link.c core/acme/link.h \
	core/acme/order.c core/acme/order.h \
	core/acme/problem.c core/acme/problem.h \
	core/acme/url.c core/acme/url.h
