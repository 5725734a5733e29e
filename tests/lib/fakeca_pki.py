# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates of the fake CA: its HTTPS, its two roots, good leaves and wrong ones."""

import datetime
import ipaddress
import re

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def common_name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(*certificates):
    return b''.join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class Signer:
    """A CA certificate with its key."""

    def __init__(self, name, issuer=None, key=None):
        self.key = key or new_key()
        self.name = common_name(name)
        issuer = issuer or self
        builder = (x509.CertificateBuilder().subject_name(self.name).issuer_name(issuer.name)
                   .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now() - DAY).not_valid_after(now() + 3650 * DAY)
                   .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True))
        self.certificate = builder.sign(issuer.key, hashes.SHA256())

    def sign(self, public_key, names, begin=-1, days=90, san=True):
        """A leaf; names may hold ready-made x509 general names."""
        builder = (x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(self.name)
                   .public_key(public_key).serial_number(x509.random_serial_number())
                   .not_valid_before(now() + begin * DAY).not_valid_after(now() + (begin + days) * DAY)
                   .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False))
        if san:
            general = [x509.DNSName(n) if isinstance(n, str) else n for n in names]
            builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
        return builder.sign(self.key, hashes.SHA256())


class Authority:
    """One intermediate that two roots have signed."""

    def __init__(self):
        self.root_a, self.root_b = Signer('Fake Root A'), Signer('Fake Root B')
        self.issuing = Signer('Fake Intermediate', self.root_a)
        self.cross = Signer('Fake Intermediate', self.root_b, self.issuing.key)
        self.stranger = Signer('Fake Stranger', self.root_a)

    def chain(self, kind, csr, names):
        """PEM of the chain for a CSR; kind names what is wrong with it."""
        return CHAINS[kind](self, csr.public_key(), names)


# ---- chains: one small function for each kind ----

def good(ca, key, names):
    return pem(ca.issuing.sign(key, names), ca.issuing.certificate)


def alternate(ca, key, names):
    return pem(ca.issuing.sign(key, names), ca.cross.certificate)


def other_key(ca, _key, names):
    return good(ca, new_key().public_key(), names)


def other_curve(ca, _key, names):
    return good(ca, ec.generate_private_key(ec.SECP384R1()).public_key(), names)


def more_names(ca, key, names):
    return good(ca, key, [*names, 'evil.example.test'])


def fewer_names(ca, key, names):
    return good(ca, key, names[1:] or ['other.example.test'])


def other_names(ca, key, _names):
    return good(ca, key, ['other.example.test'])


def address_too(ca, key, names):
    return good(ca, key, [*names, x509.IPAddress(ipaddress.ip_address('127.0.0.1'))])


def no_names(ca, key, names):
    return pem(ca.issuing.sign(key, names, san=False), ca.issuing.certificate)


def nul_in_name(ca, key, names):
    """A name that a careless reader ends at the NUL."""
    mark = 'zeroXbyte.example.test'
    der = ca.issuing.sign(key, [*names, mark]).public_bytes(serialization.Encoding.DER)
    return as_pem(der.replace(mark.encode(), mark.encode().replace(b'X', b'\0'))) + pem(ca.issuing.certificate)


def as_pem(der):
    import base64
    text = base64.b64encode(der).decode()
    lines = '\n'.join(re.findall('.{1,64}', text))
    return f'-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n'.encode()


def expired(ca, key, names):
    return pem(ca.issuing.sign(key, names, begin=-91), ca.issuing.certificate)


def not_yet(ca, key, names):
    return pem(ca.issuing.sign(key, names, begin=30), ca.issuing.certificate)


def wrong_chain(ca, key, names):
    return pem(ca.issuing.sign(key, names), ca.stranger.certificate)


def forged_issuer(ca, key, names):
    """The right issuer's name, but another key has signed."""
    return pem(Signer('Fake Intermediate', ca.root_a).sign(key, names), ca.issuing.certificate)


def reversed_chain(ca, key, names):
    return pem(ca.issuing.certificate, ca.issuing.sign(key, names))


def issuer_only(ca, _key, _names):
    return pem(ca.issuing.certificate)


def leaf_twice(ca, key, names):
    leaf = ca.issuing.sign(key, names)
    return pem(leaf, leaf, ca.issuing.certificate)


def with_root(ca, key, names):
    return good(ca, key, names) + pem(ca.root_a.certificate)


def crlf(ca, key, names):
    return good(ca, key, names).replace(b'\n', b'\r\n')


def fifty(ca, key, names):
    return good(ca, key, names) + 48 * pem(ca.root_a.certificate)


def garbage(_ca, _key, _names):
    return b'-----BEGIN CERTIFICATE-----\n!!!! this is no base64 !!!!\n-----END CERTIFICATE-----\n'


def noise(_ca, _key, _names):
    return as_pem(bytes(range(256)))


def cut(ca, key, names):
    return good(ca, key, names)[:300]


def private_key_inside(ca, key, names):
    return good(ca, key, names) + key_pem(new_key())


def other_block(ca, key, names):
    return good(ca, key, names).replace(b'CERTIFICATE', b'X509 CRL')


def huge_chain(ca, key, names):
    return good(ca, key, names) + b'# padding\n' * 8000


def nul_inside(ca, key, names):
    return good(ca, key, names).replace(b'-----END', b'\0-----END', 1)


CHAINS = {function.__name__: function for function in (
    good, alternate, other_key, other_curve, more_names, fewer_names, other_names, address_too, no_names, nul_in_name,
    expired, not_yet, wrong_chain, forged_issuer, reversed_chain, issuer_only, leaf_twice, with_root, crlf, fifty,
    garbage, noise, cut, private_key_inside, other_block, huge_chain, nul_inside)}


# ---- HTTPS ----

def write_https(directory):
    """ca.pem, and localhost.pem and elsewhere.pem: server certificates with their keys."""
    signer = Signer('Fake HTTPS Root')
    (directory / 'ca.pem').write_bytes(pem(signer.certificate))
    for name, host in (('localhost', 'localhost'), ('elsewhere', 'elsewhere.test')):
        key = new_key()
        path = directory / f'{name}.pem'
        path.touch(mode=0o600)
        path.write_bytes(pem(signer.sign(key.public_key(), [host])) + key_pem(key))
