"""Seals submissions as phones do (openrosa.md C25–C27), for tests that need no Java."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from xml.sax.saxutils import escape

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.padding import PKCS7

from forms.key_pairs import KeyPair, make_pair

PASSPHRASE = "nine lanterns over the river"
NAMESPACE = "http://www.opendatakit.org/xforms/encrypted"


@dataclass(frozen=True)
class SealedUpload:
    """What a phone posts: the envelope, and the `.enc` files beside it by name."""

    xml: bytes
    files: dict[str, bytes]


def a_pair(number: int = 1) -> KeyPair:
    """A key pair under PASSPHRASE, made once a run; few rounds, as tests open it often."""
    return _pair(number)


@cache
def _pair(number: int) -> KeyPair:
    return make_pair(PASSPHRASE, rounds=1000)


def seal(
    public: str,
    answers: bytes,
    media: Mapping[str, bytes] | None = None,
    *,
    form_id: str = "plain",
    version: str = "1",
    instance: str = "uuid:sealed-1",
) -> SealedUpload:
    """Seal answers and media for a public key."""
    key = os.urandom(32)
    form = serialization.load_der_public_key(base64.b64decode(public))
    assert isinstance(form, rsa.RSAPublicKey)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    running = bytearray(hashlib.md5(instance.encode() + key).digest())
    wrapped = base64.b64encode(form.encrypt(key, oaep)).decode()
    lines = [form_id, *([version] if version else []), wrapped, instance]
    files = {}
    everything = [*(media or {}).items(), ("submission.xml", answers)]
    for number, (name, plain) in enumerate(everything):
        running[number % 16] = (running[number % 16] + 1) & 0xFF
        padder = PKCS7(128).padder()
        encryptor = Cipher(algorithms.AES(key), CFB(bytes(running))).encryptor()
        padded = padder.update(plain) + padder.finalize()
        files[f"{name}.enc"] = encryptor.update(padded) + encryptor.finalize()
        lines.append(f"{name}::{hashlib.md5(plain).hexdigest()}")
    digest = hashlib.md5("".join(f"{line}\n" for line in lines).encode()).digest()
    signature = base64.b64encode(form.encrypt(digest, oaep)).decode()
    named = "".join(f"<media><file>{escape(one)}.enc</file></media>" for one in media or {})
    xml = (
        f'<data xmlns="{NAMESPACE}" id="{form_id}" version="{version}" encrypted="yes">'
        f"<base64EncryptedKey>{wrapped}</base64EncryptedKey>"
        '<orx:meta xmlns:orx="http://openrosa.org/xforms">'
        f"<orx:instanceID>{instance}</orx:instanceID></orx:meta>{named}"
        "<encryptedXmlFile>submission.xml.enc</encryptedXmlFile>"
        f"<base64EncryptedElementSignature>{signature}</base64EncryptedElementSignature></data>"
    )
    return SealedUpload(xml.encode(), files)
