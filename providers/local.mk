# SPDX-License-Identifier: Apache-2.0
# The provider plugins, one directory each.
include providers/rfc2136/local.mk
include providers/memory/local.mk
include providers/cloudflare/local.mk
include providers/route53/local.mk
include providers/powerdns/local.mk
include providers/acme-dns/local.mk
include providers/exec/local.mk
include providers/httpreq/local.mk
nobase_dist_doc_DATA += providers/README.md
