# SPDX-License-Identifier: Apache-2.0
"""What the lab consists of: addresses, zones, keys, certificates, server files.

Writes files and builds command lines; starts nothing.  `write_static` runs in
`lab up`, `write_run` inside the lab (its directory is a tmpfs there).
"""

import base64
import json
import os
import re
import shutil
import subprocess
import time

# The last number of 127.53.0.N and fd53::N.
NUMBERS = {
    'root': 1,
    'test': 2,
    'relay': 9,
    'primary': 11,
    'secondary': 12,
    'knot': 21,
    'powerdns': 31,
    'auth': 41,     # nobody's: for a server that a test starts
    'resolver': 53,
}

# Who answers authoritatively for what.
ZONES = {
    'root': ['.'],
    'test': ['test.'],
    'primary': ['example.test.', 'acme.example.test.'],
    'secondary': ['example.test.', 'acme.example.test.'],
    'knot': ['corp.example.test.'],
    'powerdns': ['pdns.example.test.'],
}

# Zones that take updates, and where.
UPDATABLE = {
    'example.test.': 'primary',
    'acme.example.test.': 'primary',
    'corp.example.test.': 'knot',
    'pdns.example.test.': 'powerdns',
}

# Key name (and name of its file) to algorithm: these may update TXT records.
KEYS = {
    'lab-md5': 'hmac-md5',
    'lab-sha1': 'hmac-sha1',
    'lab-sha224': 'hmac-sha224',
    'lab-sha256': 'hmac-sha256',
    'lab-sha384': 'hmac-sha384',
    'lab-sha512': 'hmac-sha512',
}
DEFAULT_KEY = 'lab-sha256'
# Known to both servers, but with rights at one of them only.
ONLY = {'primary': 'only-primary', 'knot': 'only-knot'}

ACME_PORT = 14000
MANAGEMENT_PORT = 15000
CA_URL = f'https://localhost:{ACME_PORT}/dir'
MANAGEMENT_URL = f'https://localhost:{MANAGEMENT_PORT}'
EAB_KID = 'lab-eab'
PDNS_PORT = 8081
PDNS_SCHEMA = '/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql'

# Days a certificate made by the lab is used before a new one is made.
CERTIFICATE_DAYS = 300

OPTIONS = {
    'lag': 0.0,
    'va_sleep': None,
    'nonce_reject': 5,
    'authz_reuse': 0,
    'eab': False,
    'validity': 7776000,
    'alternate_roots': 0,
    'chain_length': 1,
    'ipv4_only': False,
    'only_dns': False,
    'no_namespace': False,
}


class LabError(Exception):
    """A failure the user can act on: says what, where, why, what to do."""


def ipv4(server):
    return f'127.53.0.{NUMBERS[server]}'


def ipv6(server):
    return f'fd53::{NUMBERS[server]}'


def addresses(server, options):
    both = [ipv4(server), ipv6(server)]
    return both[:1] if options['ipv4_only'] else both


def server_names(options):
    names = ['root', 'test', 'primary', 'secondary', 'knot', 'powerdns',
             'resolver']
    return names if options['only_dns'] else names + ['pebble']


def _write(path, text, mode=0o644):
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, 'w') as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)


def _mkdir(path, mode=0o755):
    os.makedirs(path, exist_ok=True)
    os.chmod(path, mode)


# ---------------------------------------------------------------- zones

def _host(name, server, options):
    text = f'{name} A {ipv4(server)}\n'
    if not options['ipv4_only']:
        text += f'{name} AAAA {ipv6(server)}\n'
    return text


def _head(primary_server):
    # Refresh a day, retry 2 s: the secondary learns of changes by NOTIFY only.
    return (f'$TTL 60\n@ SOA {primary_server} hostmaster.example.test. '
            '1 86400 2 604800 5\n')


def _zone_root(options):
    return (_head('ns.root.') + '@ NS ns.root.\n'
            + _host('ns.root.', 'root', options)
            + 'test. NS ns.test.\n' + _host('ns.test.', 'test', options))


def _zone_test(options):
    text = (_head('ns.test.') + '@ NS ns.test.\n'
            + _host('ns', 'test', options)
            + 'example NS ns1.example\nexample NS ns2.example\n'
            + _host('ns1.example', 'primary', options)
            + _host('ns2.example', 'secondary', options)
            + 'ca.lab A 127.0.0.1\n')
    return text if options['ipv4_only'] else text + 'ca.lab AAAA ::1\n'


EXAMPLE_RECORDS = '''\
@ A 192.0.2.1
www A 192.0.2.2
; names far below the apex, without a zone cut
deep.sub A 192.0.2.3
a.b.c.deep.sub A 192.0.2.3
; wildcards: an address, and an alias that covers _acme-challenge.*.wild
*.any A 192.0.2.4
*.wild CNAME wild.acme
; delegated challenges: same servers, another server, three steps
_acme-challenge.cn CNAME cn.acme
_acme-challenge.ck CNAME ck.corp
_acme-challenge.chain CNAME chain1
chain1 CNAME chain2
chain2 CNAME chain.acme
; aliases that lead nowhere
_acme-challenge.loop CNAME loop
loop CNAME _acme-challenge.loop
_acme-challenge.gone CNAME gone.nowhere.test.
dname DNAME acme
; a delegation whose only server does not exist
lame NS ns.lame
ns.lame A 127.53.0.99
; a value that another tool has left behind
_acme-challenge.foreign TXT "left-by-another-tool"
caa CAA 0 issue "another-ca.test"
caa-ok CAA 0 issue "pebble.letsencrypt.org"
'''


def _zone_example(options):
    return (_head('ns1') + '@ NS ns1\n@ NS ns2\n'
            + _host('ns1', 'primary', options)
            + _host('ns2', 'secondary', options)
            + 'corp NS ns.corp\n' + _host('ns.corp', 'knot', options)
            + 'pdns NS ns.pdns\n' + _host('ns.pdns', 'powerdns', options)
            + f'auth NS ns.auth\nns.auth A {ipv4("auth")}\n'
            + 'acme NS ns1\nacme NS ns2\n' + EXAMPLE_RECORDS)


def _zone_acme(_options):
    return (_head('ns1.example.test.')
            + '@ NS ns1.example.test.\n@ NS ns2.example.test.\n')


def _zone_corp(options):
    return (_head('ns') + '@ NS ns\n' + _host('ns', 'knot', options)
            + '@ A 192.0.2.21\nwww A 192.0.2.22\n')


def _zone_pdns(options):
    return (_head('ns') + '@ NS ns\n' + _host('ns', 'powerdns', options)
            + '@ A 192.0.2.31\nwww A 192.0.2.32\n')


ZONE_TEXT = {
    '.': _zone_root,
    'test.': _zone_test,
    'example.test.': _zone_example,
    'acme.example.test.': _zone_acme,
    'corp.example.test.': _zone_corp,
    'pdns.example.test.': _zone_pdns,
}


def zone_file(lab, server, zone):
    return f'{lab}/run/{server}/{zone.rstrip(".") or "root"}.zone'


def _records(zone, options):
    """(name, type, content) of our own zone text, without final dots."""
    def absolute(name):
        return (zone if name == '@' else name if name.endswith('.')
                else f'{name}.{zone}').rstrip('.')

    for line in ZONE_TEXT[zone](options).splitlines():
        if line.startswith('$'):
            continue
        owner, rrtype, data = line.split(' ', 2)
        words = data.split(' ')
        if rrtype in ('NS', 'SOA'):
            words[0] = absolute(words[0])
        yield absolute(owner), rrtype, ' '.join(w.rstrip('.') for w in words)


def _fill_database(lab, zone, options):
    import sqlite3
    path = f'{lab}/run/powerdns/db'
    with open(PDNS_SCHEMA) as file:
        schema = file.read()
    database = sqlite3.connect(path)
    with database:
        database.executescript(schema)
        database.execute('INSERT INTO domains (id, name, type) '
                         "VALUES (1, ?, 'NATIVE')", [zone.rstrip('.')])
        database.executemany(
            'INSERT INTO records (domain_id, name, type, content, ttl) '
            'VALUES (1, ?, ?, ?, 60)', list(_records(zone, options)))
        # As for a zone that is made through the API.
        database.execute('INSERT INTO domainmetadata (domain_id, kind, '
                         "content) VALUES (1, 'SOA-EDIT-API', 'DEFAULT')")
        for name in [*KEYS, 'weak']:
            database.execute(
                'INSERT INTO tsigkeys (name, algorithm, secret) VALUES '
                '(?, ?, ?)', [name, KEYS.get(name, 'hmac-sha256'),
                              read_secret(key_file(lab, name))])
        for name in KEYS:
            database.execute('INSERT INTO domainmetadata (domain_id, kind, '
                             "content) VALUES (1, 'TSIG-ALLOW-DNSUPDATE', ?)",
                             [name])
    database.close()


def write_run(lab, options):
    """Fresh zones and databases, for one run of the lab."""
    for server in server_names(options):
        _mkdir(f'{lab}/run/{server}')
        for zone in ZONES.get(server, []):
            if server == 'powerdns':
                _fill_database(lab, zone, options)
            elif server != 'secondary':
                _write(zone_file(lab, server, zone), ZONE_TEXT[zone](options))
    for server in ('root', 'test', 'knot'):
        _mkdir(f'{lab}/run/{server}/db')


# ----------------------------------------------------------------- keys

def key_file(lab, name):
    return f'{lab}/keys/{name}.key'


def pdns_key_file(lab):
    return f'{lab}/keys/pdns-api.key'


def _secret():
    return base64.b64encode(os.urandom(32)).decode()


def _write_key(lab, file_name, key_name, algorithm):
    path = key_file(lab, file_name)
    if not os.path.exists(path):
        _write(path, f'key "{key_name}" {{\n\talgorithm {algorithm};\n'
               f'\tsecret "{_secret()}";\n}};\n', 0o600)


def read_secret(path):
    with open(path) as file:
        found = re.search(r'secret "([^"]+)"', file.read())
    if not found:
        raise LabError(f'{path}: no secret in it. Remove the file and run '
                       '`scripts/lab up` again.')
    return found.group(1)


def _write_keys(lab, options):
    _mkdir(f'{lab}/keys', 0o700)
    for name, algorithm in KEYS.items():
        _write_key(lab, name, name, algorithm)
    # weak: known to the servers, without rights.  bad: a good key's name with
    # another secret.  unknown: a name no server has heard of.
    for name in ['weak', *ONLY.values()]:
        _write_key(lab, name, name, 'hmac-sha256')
    _write_key(lab, 'bad', DEFAULT_KEY, KEYS[DEFAULT_KEY])
    _write_key(lab, 'unknown', 'unknown', 'hmac-sha256')
    api_key = pdns_key_file(lab)
    if not os.path.exists(api_key):
        _write(api_key, os.urandom(24).hex() + '\n', 0o600)
    eab = f'{lab}/keys/eab.b64url'
    if options['eab'] and not os.path.exists(eab):
        secret = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b'=')
        _write(eab, secret.decode() + '\n', 0o600)


# --------------------------------------------------------- certificates

OPENSSL_CONF = '''\
[req]
distinguished_name = dn
prompt = no
[dn]
CN = zoneseal lab
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost,DNS:ca.lab.test,IP:127.0.0.1,IP:::1
'''


def _openssl_req(directory, extensions, key, certificate, *more):
    command = ['openssl', 'req', '-x509', '-config', 'openssl.cnf',
               '-extensions', extensions, '-newkey', 'ec',
               '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
               '-days', '800', '-keyout', key, '-out', certificate, *more]
    result = subprocess.run(command, cwd=directory, stderr=subprocess.PIPE,
                            text=True, check=False)
    if result.returncode:
        raise LabError(f'{directory}: openssl could not make {certificate}: '
                       f'{result.stderr.strip()}')
    os.chmod(f'{directory}/{key}', 0o600)


def _write_certificates(lab):
    directory = f'{lab}/ca'
    complete = f'{directory}/bundle.pem'
    try:
        if time.time() - os.stat(complete).st_mtime < CERTIFICATE_DAYS * 86400:
            return
    except FileNotFoundError:
        pass
    _mkdir(directory)
    _write(f'{directory}/openssl.cnf', OPENSSL_CONF)
    _openssl_req(directory, 'root', 'root.key', 'root.pem')
    _openssl_req(directory, 'server', 'server.key', 'server.pem',
                 '-CA', 'root.pem', '-CAkey', 'root.key',
                 '-subj', '/CN=localhost')
    # Written last: its presence says that all is there.
    shutil.copyfile(f'{directory}/root.pem', complete)


# -------------------------------------------------------- server files

def _named_conf(lab, server, options):
    listen6 = ('none;' if options['ipv4_only'] else f'{ipv6(server)};')
    text = f'''\
options {{
	directory "{lab}/run/{server}";
	managed-keys-directory "{lab}/run/{server}";
	pid-file none; lock-file none; session-keyfile none;
	listen-on {{ {ipv4(server)}; }};
	listen-on-v6 {{ {listen6} }};
	interface-interval 0;
	recursion no; dnssec-validation no; minimal-responses yes;
	allow-transfer {{ any; }};
	querylog yes;
	notify-delay 0; notify-rate 1000; startup-notify-rate 1000;
	serial-query-rate 1000;
	min-retry-time 1;
}};
controls {{ }};
logging {{
	channel queries {{ file "{lab}/log/{server}.queries"; print-time iso8601; }};
	channel updates {{ file "{lab}/log/{server}.updates"; print-time iso8601; }};
	channel rest {{ stderr; print-time iso8601; print-category yes; print-severity yes; }};
	category queries {{ queries; }};
	category update {{ updates; }};
	category update-security {{ updates; }};
	category default {{ rest; }};
}};
'''
    if server == 'primary':
        text += ''.join(f'include "{key_file(lab, name)}";\n'
                        for name in [*KEYS, 'weak', *ONLY.values()])
    for zone in ZONES[server]:
        text += f'zone "{zone}" {{\n\tfile "{zone_file(lab, server, zone)}";\n'
        if server == 'primary':
            # NOTIFY goes to the relay, which passes it on after the lag.
            grants = ' '.join(f'grant {name} zonesub TXT;'
                              for name in [*KEYS, ONLY[server]])
            text += (f'\ttype primary;\n\tupdate-policy {{ {grants} }};\n'
                     '\tnotify explicit; '
                     f'also-notify {{ {ipv4("relay")}; }};\n')
        else:
            text += ('\ttype secondary; notify no;\n'
                     f'\tprimaries {{ {ipv4("primary")}; }};\n'
                     f'\ttransfer-source {ipv4("secondary")};\n'
                     f'\tallow-notify {{ {ipv4("relay")}; }};\n')
        text += '};\n'
    return text


def _knot_conf(lab, server, options):
    updatable = server == 'knot'
    text = f'''\
server:
    rundir: {lab}/run/{server}
    listen: [{', '.join(f'{a}@53' for a in addresses(server, options))}]
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {lab}/run/{server}/db
    journal-db-max-size: 64M
log:
  - target: stderr
    any: info
acl:
  - id: transfer
    address: [127.0.0.0/8, ::1/128, fd53::/64]
    action: transfer
'''
    if updatable:
        names = [*KEYS, 'weak', *ONLY.values()]
        keys = ''.join(f'  - id: {name}\n'
                       f'    algorithm: {KEYS.get(name, "hmac-sha256")}\n'
                       f'    secret: {read_secret(key_file(lab, name))}\n'
                       for name in names)
        text = 'key:\n' + keys + text + f'''\
  - id: update
    key: [{', '.join([*KEYS, ONLY[server]])}]
    action: update
    update-type: [TXT]
  - id: keyed-transfer
    key: [{', '.join(KEYS)}]
    action: transfer
mod-stats:
  - id: stats
    request-protocol: on
    server-operation: on
    query-type: on
'''
    text += '''\
template:
  - id: default
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: changes
    serial-policy: increment
'''
    text += 'zone:\n'
    for zone in ZONES[server]:
        text += f'''\
  - domain: {zone}
    file: {zone_file(lab, server, zone)}
    acl: [transfer{', keyed-transfer, update' if updatable else ''}]
'''
        if updatable:
            text += '    module: mod-stats/stats\n'
    return text


def _pdns_conf(lab, options):
    with open(pdns_key_file(lab)) as file:
        api_key = file.read().strip()
    inside = '127.0.0.0/8,::1/128,fd53::/64'
    # No caches: what is changed shows at once, also beside the API.
    return f'''\
launch=gsqlite3
gsqlite3-database={lab}/run/powerdns/db
gsqlite3-pragma-synchronous=0
socket-dir={lab}/run/powerdns
local-address={','.join(addresses('powerdns', options))}
receiver-threads=1
distributor-threads=1
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
security-poll-suffix=
disable-axfr=no
allow-axfr-ips={inside}
dnsupdate=yes
allow-dnsupdate-from={inside}
api=yes
api-key={api_key}
webserver=yes
webserver-address={ipv4('powerdns')}
webserver-port={PDNS_PORT}
webserver-allow-from={inside}
'''


def _unbound_conf(lab, options):
    own = addresses('resolver', options)
    lines = [f'{key}: {a}' for a in own
             for key in ('interface', 'outgoing-interface')]
    return f'''\
server:
	{chr(10).join(lines).replace(chr(10), chr(10) + chr(9))}
	do-ip6: {'no' if options['ipv4_only'] else 'yes'}
	username: ""
	chroot: ""
	pidfile: ""
	directory: "{lab}/run/resolver"
	do-daemonize: no
	use-syslog: no
	logfile: "{lab}/log/resolver.log"
	log-queries: yes
	num-threads: 1
	module-config: "iterator"
	root-hints: "{lab}/etc/root.hints"
	do-not-query-localhost: no
	access-control: 127.0.0.0/8 allow
	access-control: ::1/128 allow
	access-control: fd53::/64 allow
	local-zone: "test." nodefault
	cache-max-ttl: 0
	cache-max-negative-ttl: 0
	# A server that was stopped or paused is asked again a second later.
	infra-host-ttl: 1
remote-control:
	control-enable: no
'''


def find_pebble():
    """$PEBBLE, else Debian's, else the one on PATH, else that of setup."""
    named = os.environ.get('PEBBLE')
    if named:
        path = shutil.which(named)
        if not path:
            raise LabError(f'PEBBLE={named}: no such program. Correct or '
                           'unset the variable PEBBLE.')
        return os.path.abspath(path)
    cache = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    for candidate in ('/usr/bin/pebble', shutil.which('pebble'),
                      f'{cache}/zoneseal/bin/pebble'):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise LabError('the test CA pebble is not installed. Run scripts/setup, '
                   'set PEBBLE to its path, or use: scripts/lab up --only dns')


def _pebble_conf(lab, options):
    # Listening on all addresses is harmless in a network of our own only.
    loopback_only = options['no_namespace'] or options['ipv4_only']
    host = '127.0.0.1' if loopback_only else ''
    mac_keys = {}
    if options['eab']:
        with open(f'{lab}/keys/eab.b64url') as file:
            mac_keys[EAB_KID] = file.read().strip()
    return json.dumps({'pebble': {
        'listenAddress': f'{host}:{ACME_PORT}',
        'managementListenAddress': f'{host}:{MANAGEMENT_PORT}',
        'certificate': f'{lab}/ca/server.pem',
        'privateKey': f'{lab}/ca/server.key',
        'httpPort': 5002,
        'tlsPort': 5001,
        'ocspResponderURL': '',
        'externalAccountBindingRequired': options['eab'],
        'externalAccountMACKeys': mac_keys,
        # Pebble before 2.7 knows only the first of these two.
        'certificateValidityPeriod': options['validity'],
        'profiles': {
            'default': {'description': 'The lab default',
                        'validityPeriod': options['validity']},
            'shortlived': {'description': 'Six days',
                           'validityPeriod': 518400},
        },
        'retryAfter': {'authz': 1, 'order': 1},
    }}, indent=2) + '\n'


def _pebble_environment(options):
    wanted = {
        'PEBBLE_WFE_NONCEREJECT': options['nonce_reject'],
        'PEBBLE_AUTHZREUSE': options['authz_reuse'],
        'PEBBLE_ALTERNATE_ROOTS': options['alternate_roots'],
        'PEBBLE_CHAIN_LENGTH': options['chain_length'],
    }
    if options['va_sleep'] is None:
        wanted['PEBBLE_VA_NOSLEEP'] = 1
    else:
        wanted['PEBBLE_VA_SLEEPTIME'] = options['va_sleep']
    return {name: str(value) for name, value in wanted.items()}


def _write_resolver_files(lab, options):
    etc = f'{lab}/etc'
    _write(f'{etc}/root.hints',
           '. 3600 NS ns.root.\n' + _host('ns.root. 3600', 'root', options))
    _write(f'{etc}/resolv.conf', f'nameserver {ipv4("resolver")}\n')
    hosts = f'127.0.0.1 localhost ca.lab.test\n127.0.1.1 {os.uname().nodename}\n'
    if not options['ipv4_only']:
        hosts += '::1 localhost ca.lab.test\n'
    _write(f'{etc}/hosts', hosts)
    try:
        with open('/etc/nsswitch.conf') as file:
            others = [line for line in file if not line.startswith('hosts:')]
    except FileNotFoundError:
        others = []
    _write(f'{etc}/nsswitch.conf', ''.join(others) + 'hosts: files dns\n')


def _copy_program(lab, path):
    """AppArmor lets a distribution's program read only its own places; the
    profile goes by path, so the lab runs a copy."""
    copy = f'{lab}/bin/{os.path.basename(path)}'
    try:
        new, old = os.stat(path), os.stat(copy)
        if (new.st_size, int(new.st_mtime)) == (old.st_size, int(old.st_mtime)):
            return
    except FileNotFoundError:
        if not os.path.exists(path):
            raise LabError(f'{path} is missing. Run scripts/setup.') from None
    shutil.copy2(path, copy + '.new')
    os.rename(copy + '.new', copy)


def write_static(lab, options):
    """All that outlives a run (keys, certificates) or is outside of it."""
    # Without namespaces the last run's zones and journals are still there.
    shutil.rmtree(f'{lab}/run', ignore_errors=True)
    for name in ('etc', 'bin', 'run'):
        _mkdir(f'{lab}/{name}')
    # The server configurations hold the secrets of the keys.
    _mkdir(f'{lab}/etc/private', 0o700)
    shutil.rmtree(f'{lab}/log', ignore_errors=True)
    _mkdir(f'{lab}/log')
    for program in ('/usr/sbin/named', '/usr/sbin/unbound', '/usr/sbin/knotd',
                    '/usr/sbin/pdns_server'):
        _copy_program(lab, program)
    _write_keys(lab, options)
    _write_resolver_files(lab, options)
    private = f'{lab}/etc/private'
    for server in ('primary', 'secondary'):
        _write(f'{private}/{server}.conf', _named_conf(lab, server, options))
    for server in ('root', 'test', 'knot'):
        _write(f'{private}/{server}.conf', _knot_conf(lab, server, options))
    # Its program looks for a file of this name in a directory.
    _write(f'{private}/pdns.conf', _pdns_conf(lab, options))
    _write(f'{private}/resolver.conf', _unbound_conf(lab, options))
    if not options['only_dns']:
        _write_certificates(lab)
        _write(f'{private}/pebble.json', _pebble_conf(lab, options))


def commands(lab, options):
    """Server name to (argv, extra environment)."""
    private = f'{lab}/etc/private'
    named = [f'{lab}/bin/named', '-f', '-n', '1', '-c']
    knotd = [f'{lab}/bin/knotd', '-c']
    result = {
        'root': (knotd + [f'{private}/root.conf'], {}),
        'test': (knotd + [f'{private}/test.conf'], {}),
        'primary': (named + [f'{private}/primary.conf'], {}),
        'secondary': (named + [f'{private}/secondary.conf'], {}),
        'knot': (knotd + [f'{private}/knot.conf'], {}),
        'powerdns': ([f'{lab}/bin/pdns_server', f'--config-dir={private}',
                      '--daemon=no', '--guardian=no'], {}),
        'resolver': ([f'{lab}/bin/unbound', '-d', '-p', '-c',
                      f'{private}/resolver.conf'], {}),
    }
    if not options['only_dns']:
        result['pebble'] = (
            [options['pebble'], '-config', f'{private}/pebble.json',
             '-dnsserver', f'{ipv4("resolver")}:53'],
            _pebble_environment(options))
    return result


def environment(lab, options):
    """What `lab env` prints and `lab exec` exports."""
    values = {'LAB_DIR': lab}
    if not options['only_dns']:
        values |= {
            'LAB_CA_URL': CA_URL,
            'LAB_CA_BUNDLE': f'{lab}/ca/bundle.pem',
            'LAB_CA_MANAGEMENT_URL': MANAGEMENT_URL,
            'LAB_CA_ROOTS': f'{lab}/ca/issuing-roots.pem',
        }
    if options['eab']:
        values |= {'LAB_EAB_KID': EAB_KID,
                   'LAB_EAB_KEY': f'{lab}/keys/eab.b64url'}
    values |= {'LAB_KEYS': f'{lab}/keys',
               'LAB_KEY': key_file(lab, DEFAULT_KEY),
               'LAB_LOG': f'{lab}/log'}
    values |= {'LAB_PDNS_URL': f'http://{ipv4("powerdns")}:{PDNS_PORT}',
               'LAB_PDNS_KEY_FILE': pdns_key_file(lab)}
    for server in ('primary', 'secondary', 'knot', 'powerdns', 'auth',
                   'resolver', 'root', 'test'):
        values[f'LAB_{server.upper()}'] = ipv4(server)
        if not options['ipv4_only']:
            values[f'LAB_{server.upper()}6'] = ipv6(server)
    values['LAB_NAMESPACE'] = 'no' if options['no_namespace'] else 'yes'
    return values
