# SPDX-License-Identifier: Apache-2.0
CONF_TEST_LIBS = core/conf/libzs-conf.a core/wrap/libzs-ini.a core/wrap/libzs-idn.a core/base/libzs-base.a \
	$(INI_LIBS) $(IDN_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/conf/test_conf
tests_unit_conf_test_conf_SOURCES = tests/unit/conf/test_conf.c tests/unit/conf/scratch.h
tests_unit_conf_test_conf_LDADD = $(CONF_TEST_LIBS)
UNIT_TESTS += tests/unit/conf/test_finish
tests_unit_conf_test_finish_SOURCES = tests/unit/conf/test_finish.c tests/unit/conf/scratch.h
tests_unit_conf_test_finish_LDADD = $(CONF_TEST_LIBS)
UNIT_TESTS += tests/unit/conf/test_nearest
tests_unit_conf_test_nearest_SOURCES = tests/unit/conf/test_nearest.c tests/unit/conf/scratch.h
tests_unit_conf_test_nearest_LDADD = $(CONF_TEST_LIBS)
UNIT_TESTS += tests/unit/conf/test_options
tests_unit_conf_test_options_SOURCES = tests/unit/conf/test_options.c
tests_unit_conf_test_options_LDADD = $(CONF_TEST_LIBS)
UNIT_TESTS += tests/unit/conf/test_places
tests_unit_conf_test_places_SOURCES = tests/unit/conf/test_places.c tests/unit/conf/scratch.h
tests_unit_conf_test_places_LDADD = $(CONF_TEST_LIBS)
UNIT_TESTS += tests/unit/conf/test_print
tests_unit_conf_test_print_SOURCES = tests/unit/conf/test_print.c tests/unit/conf/scratch.h
tests_unit_conf_test_print_LDADD = $(CONF_TEST_LIBS)
UNIT_TESTS += tests/unit/conf/test_read
tests_unit_conf_test_read_SOURCES = tests/unit/conf/test_read.c tests/unit/conf/scratch.h
tests_unit_conf_test_read_LDADD = $(CONF_TEST_LIBS)
UNIT_TESTS += tests/unit/conf/test_value
tests_unit_conf_test_value_SOURCES = tests/unit/conf/test_value.c
tests_unit_conf_test_value_LDADD = $(CONF_TEST_LIBS)
