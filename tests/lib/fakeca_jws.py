# SPDX-License-Identifier: Apache-2.0
"""Checks a signed request by RFC 8555 and RFC 7515, without any code of zoneseal."""

import base64
import hashlib
import hmac
import json
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

CURVES = {'P-256': (ec.SECP256R1, 32, hashes.SHA256, 'ES256'), 'P-384': (ec.SECP384R1, 48, hashes.SHA384, 'ES384')}


class Refused(Exception):
    """The request breaks a rule, or (rude=False) only asks for what it cannot get; kind is the ACME error type."""

    def __init__(self, detail, kind='malformed', status=400, rude=True):
        super().__init__(detail)
        self.detail, self.kind, self.status, self.rude = detail, kind, status, rude


def require(condition, detail, kind='malformed', status=400, rude=True):
    if not condition:
        raise Refused(detail, kind, status, rude)


def b64(text):
    """Strict base64url without padding."""
    require(isinstance(text, str) and re.fullmatch('[A-Za-z0-9_-]*', text), 'not unpadded base64url')
    data = base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))
    require(to_b64(data) == text, 'base64url is not canonical')
    return data


def to_b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def unique(pairs):
    keys = [key for key, _ in pairs]
    require(len(keys) == len(set(keys)), 'a JSON member occurs twice')
    return dict(pairs)


def read_json(data, what):
    try:
        return json.loads(data, object_pairs_hook=unique)
    except ValueError:
        raise Refused(f'{what} is not JSON') from None


def load_key(jwk):
    """(key object, algorithm that it must be used with)"""
    require(isinstance(jwk, dict), 'jwk is not an object')
    if jwk.get('kty') == 'EC':
        require(set(jwk) == {'kty', 'crv', 'x', 'y'} and jwk['crv'] in CURVES, 'members of the EC key')
        curve, size, _, alg = CURVES[jwk['crv']]
        x, y = b64(jwk['x']), b64(jwk['y'])
        require(len(x) == size and len(y) == size, 'coordinates are not of fixed width', 'badPublicKey')
        return ec.EllipticCurvePublicNumbers(int.from_bytes(x, 'big'), int.from_bytes(y, 'big'), curve()).public_key(), alg
    require(jwk.get('kty') == 'RSA' and set(jwk) == {'kty', 'n', 'e'}, 'members of the RSA key')
    n, e = b64(jwk['n']), b64(jwk['e'])
    require(n[0] and e[0] and len(n) >= 256, 'RSA numbers are not minimal or too short', 'badPublicKey')
    return rsa.RSAPublicNumbers(int.from_bytes(e, 'big'), int.from_bytes(n, 'big')).public_key(), 'RS256'


def thumbprint(jwk):
    members = ('crv', 'kty', 'x', 'y') if jwk['kty'] == 'EC' else ('e', 'kty', 'n')
    text = json.dumps({m: jwk[m] for m in members}, separators=(',', ':'))
    return to_b64(hashlib.sha256(text.encode()).digest())


def check_signature(jwk, alg, signed, signature):
    key, wanted = load_key(jwk)
    require(alg == wanted, f'algorithm {alg} with a key for {wanted}', 'badSignatureAlgorithm')
    try:
        if alg == 'RS256':
            key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
            return
        _, size, digest, _ = CURVES[jwk['crv']]
        require(len(signature) == 2 * size, 'signature is not of fixed width')
        r, s = (int.from_bytes(part, 'big') for part in (signature[:size], signature[size:]))
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(digest()))
    except InvalidSignature:
        raise Refused('the signature does not hold') from None


def open_envelope(body):
    """(protected header, payload bytes, signing input, signature)"""
    envelope = read_json(body, 'the body')
    require(isinstance(envelope, dict) and set(envelope) == {'protected', 'payload', 'signature'},
            'members of the JWS are not protected, payload, signature')
    header = read_json(b64(envelope['protected']), 'the protected header')
    require(isinstance(header, dict), 'the protected header is not an object')
    payload = b64(envelope['payload'])
    return header, payload, f'{envelope["protected"]}.{envelope["payload"]}'.encode(), b64(envelope['signature'])


def check_binding(binding, outer, keys):
    """External account binding, RFC 8555 7.3.4; outer is the protected header around it."""
    require(isinstance(binding, dict), 'externalAccountBinding is not an object')
    header, payload, signed, signature = open_envelope(json.dumps(binding).encode())
    require(set(header) == {'alg', 'kid', 'url'}, 'members of the binding\'s header')
    require(header['alg'] == 'HS256' and header['url'] == outer['url'], 'alg or url of the binding')
    require(header['kid'] in keys, 'unknown key identifier', 'unauthorized', 403, rude=False)
    require(read_json(payload, 'the binding') == outer['jwk'], 'the binding is for another key')
    mac = hmac.new(b64(keys[header['kid']]), signed, 'sha256').digest()
    require(hmac.compare_digest(mac, signature), 'the MAC does not hold', 'unauthorized', 403, rude=False)
