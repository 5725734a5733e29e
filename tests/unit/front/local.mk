# SPDX-License-Identifier: Apache-2.0
UNIT_TESTS += tests/unit/front/test_cli
tests_unit_front_test_cli_SOURCES = tests/unit/front/test_cli.c
tests_unit_front_test_cli_LDADD = core/front/libzs-front.a $(FRONT_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/front/test_due
tests_unit_front_test_due_SOURCES = tests/unit/front/test_due.c
tests_unit_front_test_due_LDADD = core/front/libzs-front.a $(FRONT_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/front/test_kit
tests_unit_front_test_kit_SOURCES = tests/unit/front/test_kit.c
tests_unit_front_test_kit_LDADD = core/front/libzs-front.a $(FRONT_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/front/test_overlay
tests_unit_front_test_overlay_SOURCES = tests/unit/front/test_overlay.c
tests_unit_front_test_overlay_LDADD = core/front/libzs-front.a $(FRONT_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/front/test_report
tests_unit_front_test_report_SOURCES = tests/unit/front/test_report.c
tests_unit_front_test_report_LDADD = core/front/libzs-front.a $(FRONT_LIBS) $(CMOCKA_LIBS)
