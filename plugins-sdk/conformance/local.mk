# SPDX-License-Identifier: Apache-2.0
# plugins-sdk/conformance: simulations of DNS services and what they stand on.
#
# A provider adds its own: dist_conformance_SCRIPTS += providers/NAME/NAME_sim.py
conformancedir = $(pkgdatadir)/conformance
dist_conformance_SCRIPTS = \
	plugins-sdk/conformance/example_sim.py \
	plugins-sdk/conformance/replay_sim.py
dist_conformance_DATA = \
	plugins-sdk/conformance/zoneseal_sim.py
nobase_dist_doc_DATA += plugins-sdk/conformance/README.md

# The same directory in the build tree, as links to the sources.
noinst_DATA = plugins-sdk/conformance/links.stamp
plugins-sdk/conformance/links.stamp: $(dist_conformance_SCRIPTS) $(dist_conformance_DATA) Makefile
	$(AM_V_GEN)$(MKDIR_P) plugins-sdk/conformance
	$(AM_V_at)for file in $(dist_conformance_SCRIPTS) $(dist_conformance_DATA); do \
		link="plugins-sdk/conformance/$${file##*/}"; \
		test '$(srcdir)/plugins-sdk/conformance' -ef plugins-sdk/conformance && test -f "$$link" && \
			test ! -h "$$link" && continue; \
		rm -f "$$link" && $(LN_S) "$(abs_srcdir)/$${file#$(srcdir)/}" "$$link" || exit 1; \
	done
	$(AM_V_at)echo 'links to the sources' > $@

CLEANFILES += plugins-sdk/conformance/links.stamp
clean-local: clean-conformance
clean-conformance:
	-test ! -d plugins-sdk/conformance || find plugins-sdk/conformance -name '*.py' -type l -exec rm -f {} +
.PHONY: clean-conformance
