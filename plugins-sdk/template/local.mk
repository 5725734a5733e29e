# SPDX-License-Identifier: Apache-2.0
# plugins-sdk/template: what `zoneseal provider new` copies.
templatedir = $(pkgdatadir)/template
dist_template_DATA = \
	plugins-sdk/template/Makefile.template \
	plugins-sdk/template/template.c \
	plugins-sdk/template/template.md

# The same directory in the build tree, as links to the sources.
noinst_DATA += plugins-sdk/template/links.stamp
plugins-sdk/template/links.stamp: $(dist_template_DATA) Makefile
	$(AM_V_GEN)$(MKDIR_P) plugins-sdk/template
	$(AM_V_at)for file in $(dist_template_DATA); do \
		link="plugins-sdk/template/$${file##*/}"; \
		test '$(srcdir)/plugins-sdk/template' -ef plugins-sdk/template && continue; \
		rm -f "$$link" && $(LN_S) "$(abs_srcdir)/$${file#$(srcdir)/}" "$$link" || exit 1; \
	done
	$(AM_V_at)echo 'links to the sources' > $@

CLEANFILES += plugins-sdk/template/links.stamp
clean-local: clean-template
clean-template:
	-test ! -d plugins-sdk/template || find plugins-sdk/template -type l -exec rm -f {} +
.PHONY: clean-template
