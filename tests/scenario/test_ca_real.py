# SPDX-License-Identifier: Apache-2.0
"""A real CA (Pebble) at its most tiresome, and a network that fails in the middle (tests/lib/resetproxy.py)."""

import concurrent.futures
import subprocess

import pytest
from cryptography import x509

from conftest import TOP, Zoneseal, descendants, kill, wait_until

ROUNDS = 12
# Octets from the CA after which everything is reset: from the TLS handshake to the certificate.
CUTS = (500, 1900, 2300, 2700, 3300, 3900, 4500, 5100, 5700, 6500, 7500, 9000)


@pytest.fixture
def own_lab(make_lab, request):
    """A lab with the options of the test's parameter, gone after it."""
    lab = make_lab(*request.param)
    yield lab
    lab.down()


@pytest.fixture
def own(own_lab, directory):
    yield Zoneseal(own_lab, directory)
    assert not own_lab.challenges(), 'records of ours were left in DNS'


def with_lab(*options):
    return pytest.mark.parametrize('own_lab', [options], indirect=True, ids=[' '.join(options).replace('--', '')])


def chain_of(path):
    """The certificates of fullchain.pem."""
    text = (path / 'fullchain.pem').read_text()
    end = '-----END CERTIFICATE-----'
    return [x509.load_pem_x509_certificate((part + end).encode()) for part in text.split(end) if part.strip()]


def common_name(name):
    return name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value


@with_lab('--nonce-reject', '50')
def test_every_other_nonce_is_refused(own):
    for i in range(ROUNDS):
        own.certificate(f'c{i}', f'c{i}.example.test', f'*.c{i}.example.test')
    mark = own.lab.mark()
    document = own.run('issue', '--json').expect(0).json
    assert [c['state'] for c in document['certificates']] == ['issued'] * ROUNDS
    assert mark.count('/order-plz') > ROUNDS, 'no newOrder was refused: the test proves nothing'
    assert mark.count('/my-order') >= ROUNDS
    own.run('issue', '--force').expect(0)


@with_lab('--authz-reuse', '100')
def test_valid_authorizations_are_used_again_without_a_record(own):
    own.certificate('corp', 'a.example.test')
    own.run('issue').expect(0)
    updates = own.lab.log('primary.updates').count('adding an RR')
    own.run('issue', '--force').expect(0)
    assert own.lab.log('primary.updates').count('adding an RR') == updates
    own.certificate('corp', 'a.example.test', 'b.example.test')
    own.run('issue').expect(0)
    assert own.lab.log('primary.updates').count('adding an RR') == updates + 1, 'only the new name needs a record'


@with_lab('--chain-length', '3', '--alternate-roots', '2')
def test_long_chains_and_the_preferred_root(own):
    own.certificate('corp', 'a.example.test')
    own.run('issue').expect(0)
    default = chain_of(own.current('corp'))
    assert len(default) == 4
    root = common_name(default[-1].issuer)
    others = {common_name(x509.load_pem_x509_certificate(part.encode()).subject) for part in roots_of(own.lab)} - {root}
    assert len(others) == 2
    for wanted in sorted(others):
        own.certificate('corp', 'a.example.test', preferred_chain=wanted)
        own.run('issue', '--force').expect(0)
        chain = chain_of(own.current('corp'))
        assert common_name(chain[-1].issuer) == wanted and len(chain) == 4
        assert chain[0].issuer == default[0].issuer
    own.certificate('corp', 'a.example.test', preferred_chain='Nobody Root')
    result = own.run('issue', '--force').expect(0)
    assert 'Nobody Root' in result.err
    assert common_name(chain_of(own.current('corp'))[-1].issuer) == root


def roots_of(lab):
    end = '-----END CERTIFICATE-----'
    with open(lab.vars['LAB_CA_ROOTS']) as file:
        return [part + end for part in file.read().split(end) if part.strip()]


@with_lab('--eab')
def test_external_account_binding(own):
    own.certificate('corp', 'a.example.test')
    mark = own.lab.mark()
    result = own.run('issue').expect(6)
    assert 'external account binding' in result.err
    assert not mark.count('/sign-me-up') and not mark.count('/order-plz')
    key = own.directory / 'eab.key'
    key.touch(mode=0o600)
    own.ca.update({'eab-kid': 'lab-eab', 'eab-hmac-key-file': key})
    key.write_text('A' * 43)
    own.run('issue').expect(6)
    with open(f'{own.lab.vars["LAB_KEYS"]}/eab.b64url') as file:
        key.write_text(file.read())
    own.run('issue').expect(0)


@with_lab('--va-sleep', '3')
def test_slow_validation(own):
    for i in range(4):
        own.certificate(f'c{i}', f'c{i}.example.test')
    mark = own.lab.mark()
    own.run('issue').expect(0)
    assert mark.count('/my-order') < 60, 'polls must grow apart'


@with_lab('--nonce-reject', '0')
def test_restarted_ca_has_forgotten_the_account(own):
    own.certificate('corp', 'a.example.test').certificate('other', 'b.example.test')
    own.run('issue').expect(0)
    own.lab.run('stop', 'pebble')
    own.lab.run('start', 'pebble')
    mark = own.lab.mark()
    result = own.run('issue', '--force').expect(0)
    assert 'account' in result.err and 'registered' in result.err, 'that the account was lost must be said'
    assert result.err.count('registered anew') == 1, 'once, however many jobs find out'
    assert mark.count('/sign-me-up') <= 2, 'with the same key it is the same account'
    quiet = own.run('issue', '--force').expect(0)
    assert 'registered' not in quiet.err


# ---- a network that fails ----

def end_in_lab(process):
    """Ends a program in the lab: the process that we started is only the door to it."""
    for pid in descendants(process.pid):
        kill(pid)
    process.wait()


class Outage:
    """A proxy before Pebble, and a configuration that goes through it."""

    def __init__(self, lab, directory, *options):
        directory.mkdir(mode=0o755)
        self.port_file = directory / 'port'
        self.process = lab.popen(['python3', TOP / 'tests/lib/resetproxy.py', '--target', 'localhost:14000',
                                  '--port-file', self.port_file, *options])
        wait_until(self.port_file.exists, what='the proxy')
        self.zs = Zoneseal(lab, directory)
        self.zs.ca['directory'] = f'https://localhost:{self.port_file.read_text()}/dir'

    def end(self):
        end_in_lab(self.process)


def issue_through_outage(lab, directory, cut):
    outage = Outage(lab, directory, '--after', str(cut), '--outage', '3')
    try:
        outage.zs.certificate('corp', f'cut{cut}.example.test', f'*.cut{cut}.example.test')
        return outage.zs.run('issue')
    finally:
        outage.end()


def test_connections_reset_for_three_seconds_anywhere(lab, directory):
    mark = lab.mark()
    with concurrent.futures.ThreadPoolExecutor(len(CUTS)) as pool:
        results = {cut: pool.submit(issue_through_outage, lab, directory / str(cut), cut) for cut in CUTS}
    for cut, result in results.items():
        result.result().expect(0)
    orders = mark.count('/order-plz')
    refused = lab.log('pebble.log')[mark.at:].count('badNonce')
    assert orders <= 2 * len(CUTS) + refused
    assert not {r for r in lab.challenges() if r[0].startswith('_acme-challenge.cut')}


def test_connection_reset_while_the_record_spreads(lab, directory):
    outage = Outage(lab, directory / 'x')
    outage.zs.certificate('corp', 'spread.example.test')
    lab.run('pause', 'secondary')
    down = outage.port_file.with_name('port.down')
    try:
        process = outage.zs.start('issue')
        wait_until(lambda: any(name == '_acme-challenge.spread.example.test' for name, _ in lab.challenges()), what='the record')
        mark = lab.mark()
        down.touch()
    finally:
        lab.run('resume', 'secondary')
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=3)
    down.unlink()
    out, err = process.communicate(timeout=60)
    outage.end()
    assert process.returncode == 0, out + err
    assert not mark.count('/order-plz'), 'the order that is there must be used'
