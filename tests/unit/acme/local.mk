# SPDX-License-Identifier: Apache-2.0
UNIT_TESTS += tests/unit/acme/test_flow
tests_unit_acme_test_flow_SOURCES = tests/unit/acme/test_flow.c
tests_unit_acme_test_flow_LDADD = core/acme/libzs-acme.a core/wrap/libzs-json.a core/base/libzs-base.a $(CJSON_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/acme/test_link
tests_unit_acme_test_link_SOURCES = tests/unit/acme/test_link.c
tests_unit_acme_test_link_LDADD = core/acme/libzs-acme.a core/wrap/libzs-json.a core/base/libzs-base.a $(CJSON_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/acme/test_objects
tests_unit_acme_test_objects_SOURCES = tests/unit/acme/test_objects.c
tests_unit_acme_test_objects_LDADD = core/acme/libzs-acme.a core/wrap/libzs-json.a core/base/libzs-base.a $(CJSON_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/acme/test_problem
tests_unit_acme_test_problem_SOURCES = tests/unit/acme/test_problem.c
tests_unit_acme_test_problem_LDADD = core/acme/libzs-acme.a core/wrap/libzs-json.a core/base/libzs-base.a $(CJSON_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/acme/test_url
tests_unit_acme_test_url_SOURCES = tests/unit/acme/test_url.c
tests_unit_acme_test_url_LDADD = core/acme/libzs-acme.a core/wrap/libzs-json.a core/base/libzs-base.a $(CJSON_LIBS) $(CMOCKA_LIBS)
