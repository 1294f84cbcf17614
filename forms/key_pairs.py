"""Key pairs for encrypted forms: RSA-2048, the private half under a passphrase."""

from __future__ import annotations

import base64
import hashlib
import os
import unicodedata
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

# OWASP's count for PBKDF2 with HMAC-SHA-256. The library's own way to write PKCS #8 takes 2,048.
ROUNDS = 600_000
_BITS = 2048

# Tags of DER (X.690) and, whole, the object identifiers of RFC 8018 that are needed here.
_SEQUENCE, _OCTETS, _INTEGER = 0x30, 0x04, 0x02
_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_PBKDF2 = bytes.fromhex("06092a864886f70d01050c")
_HMAC_SHA256 = bytes.fromhex("06082a864886f70d02090500")  # With its NULL parameter.
_AES256_CBC = bytes.fromhex("060960864801650304012a")


class WrongPassphrase(ValueError):
    """The passphrase does not open the key."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`public` is SubjectPublicKeyInfo DER in base64, as an XForm carries it (openrosa.md C24).

    `private` is PKCS #8 DER under the passphrase (PBES2: PBKDF2-HMAC-SHA-256, AES-256-CBC).
    """

    public: str
    private: bytes


def make_pair(passphrase: str, rounds: int = ROUNDS) -> KeyPair:
    """Return a new pair. Whoever loses the passphrase loses what the pair encrypts."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    plain = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return KeyPair(public_half(key), _locked(plain, passphrase, rounds))


def public_half(private: rsa.RSAPrivateKey) -> str:
    """Return the public half as an XForm carries it."""
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(public).decode()


def open_private(private: bytes, passphrase: str) -> rsa.RSAPrivateKey:
    """Return the private half of a pair. Raises WrongPassphrase."""
    try:
        key = serialization.load_der_private_key(private, _octets(passphrase))
    except (ValueError, TypeError) as error:
        raise WrongPassphrase from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise WrongPassphrase
    return key


def _octets(passphrase: str) -> bytes:
    """Return the bytes of a passphrase; wide letters of Chinese keyboards count as plain ones."""
    return unicodedata.normalize("NFKC", passphrase).encode()


def _locked(plain: bytes, passphrase: str, rounds: int) -> bytes:
    """Return EncryptedPrivateKeyInfo (RFC 5958, 3) of a PrivateKeyInfo."""
    salt, start = os.urandom(16), os.urandom(16)
    secret = hashlib.pbkdf2_hmac("sha256", _octets(passphrase), salt, rounds, 32)
    padder = PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(start)).encryptor()
    number = rounds.to_bytes(rounds.bit_length() // 8 + 1)
    derivation = _der(_OCTETS, salt) + _der(_INTEGER, number) + _der(_SEQUENCE, _HMAC_SHA256)
    scheme = _der(
        _SEQUENCE,
        _der(_SEQUENCE, _PBKDF2 + _der(_SEQUENCE, derivation))
        + _der(_SEQUENCE, _AES256_CBC + _der(_OCTETS, start)),
    )
    return _der(
        _SEQUENCE,
        _der(_SEQUENCE, _PBES2 + scheme)
        + _der(_OCTETS, encryptor.update(padded) + encryptor.finalize()),
    )


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 128:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(size))) + size + content
