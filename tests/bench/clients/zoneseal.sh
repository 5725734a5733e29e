#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# zoneseal as a client of an ACME client bench harness (BENCH_HARNESS of
# tests/bench/run).  The harness calls this with a verb and with BENCH_URL,
# BENCH_STATE, BENCH_CA, BENCH_DNS, BENCH_KEYFILE and BENCH_RESOLVER set.
# ZONESEAL_BIN is the program, else the one of build/bench or build/gcc beside
# us.  Exit status 77: there is none.
#
# Only shell builtins on the way to exec, so that the script costs a millisecond.
set -uf

find_program() {
	[ -n "${ZONESEAL_BIN:-}" ] && return
	top=$(cd "$(dirname "$0")/../../.." && pwd) || exit 77
	for ZONESEAL_BIN in "$top/build/bench/zoneseal" "$top/build/gcc/zoneseal"; do
		[ -x "$ZONESEAL_BIN" ] && return
	done
}

# The harness's key file may be read by anybody; zoneseal refuses such files.
key=$BENCH_STATE/${BENCH_KEYFILE##*/}

# profiles: tuned = as it comes; wide = as many requests at once as there are names
width=10
[ "${BENCH_PROFILE:-tuned}" != wide ] || width=100

settings() {
	printf '%s\n' '[defaults]' "state-dir = $BENCH_STATE/state" \
		'[ca bench]' "directory = $BENCH_URL" "ca-bundle = $BENCH_CA" \
		'email = bench@example.test' 'agree-tos = yes' "nonce-width = $width" \
		'[provider bind]' 'plugin = rfc2136' "nameserver = $BENCH_DNS" "tsig-key-file = $key" \
		'[zone example.test]' 'provider = bind' "resolvers = $BENCH_RESOLVER"
}

# configure NAME DOMAIN...
configure() {
	[ -d "$BENCH_STATE" ] || mkdir -p "$BENCH_STATE"
	[ -e "$key" ] || (umask 077 && cat "$BENCH_KEYFILE" >"$key") || exit 1
	name=$1
	# One file for each certificate: the harness issues several side by side.
	conf=$BENCH_STATE/$name.conf
	shift
	names=$1
	shift
	for domain; do names="$names, $domain"; done
	{
		settings
		printf '%s\n' "[certificate $name]" "names = $names"
	} >"$conf"
}

find_program
[ -x "$ZONESEAL_BIN" ] || exit 77

case ${1:-} in
version) "$ZONESEAL_BIN" --version | sed -n 1p ;;
profiles) echo tuned wide ;;
startup) exec "$ZONESEAL_BIN" --version ;;
register) # no command of its own: the first certificate makes the account
	configure register register.example.test
	exec "$ZONESEAL_BIN" issue --config "$conf" --force
	;;
issue)
	shift
	configure "$@"
	exec "$ZONESEAL_BIN" issue --config "$conf" --force
	;;
synth) # N stored certificates: copies of s0, which the harness has issued
	n=$2
	i=1
	cd "$BENCH_STATE/state/certificates" || exit 1
	while [ "$i" -lt "$n" ]; do
		[ -e "s$i" ] || cp -a s0 "s$i" || exit 1
		i=$((i + 1))
	done
	# Forced, each has a name of its own: the CA reads answers of 512 octets, and
	# they are issued side by side.
	{
		settings
		i=0
		while [ "$i" -lt "$n" ]; do
			printf '%s\n' "[certificate s$i]" 'names = s0.example.test'
			i=$((i + 1))
		done
	} >"$BENCH_STATE/all.conf"
	{
		settings
		i=0
		while [ "$i" -lt "$n" ]; do
			printf '%s\n' "[certificate s$i]" "names = s$i.example.test"
			i=$((i + 1))
		done
	} >"$BENCH_STATE/forced.conf"
	;;
renew-all) exec "$ZONESEAL_BIN" issue --config "$BENCH_STATE/all.conf" ;;
renew-all-forced) exec "$ZONESEAL_BIN" issue --config "$BENCH_STATE/forced.conf" --force ;;
*)
	echo 'usage: zoneseal.sh version|profiles|startup|register|issue NAME DOMAIN...|synth N|renew-all N|renew-all-forced' >&2
	exit 2
	;;
esac
