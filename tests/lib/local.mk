# SPDX-License-Identifier: Apache-2.0
# tests/lib: what the tests share.
EXTRA_DIST += \
	tests/lib/exec_hook \
	tests/lib/exec_json \
	tests/lib/fakeca.py \
	tests/lib/fakeca_faults.py \
	tests/lib/fakeca_jws.py \
	tests/lib/fakeca_pki.py \
	tests/lib/hostile.py \
	tests/lib/hostile_tricks.py \
	tests/lib/kit_sim.py \
	tests/lib/pluginhost.py \
	tests/lib/resetproxy.py \
	tests/lib/route53_client.py \
	tests/lib/route53_echo.py \
	tests/lib/route53_hostile.py \
	tests/lib/simprocess.py \
	tests/lib/tellserver.py

# The real probe by hand: tests/lib/probe_drive core/probe/zoneseal-probe walk=NAME
check_PROGRAMS += tests/lib/probe_drive
tests_lib_probe_drive_SOURCES = tests/lib/probe_drive.c
tests_lib_probe_drive_LDADD = core/ipc/libzs-ipc.a core/wrap/libzs-seccomp.a core/base/libzs-base.a $(SECCOMP_LIBS)
