"""Encrypted submissions: what an envelope holds, and its files made readable with a private key.

The rule is openrosa.md C25–C27. Pure: files come and go as pieces of bytes, so that a video of any
length takes no more memory than a piece.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.padding import PKCS7
from lxml import etree

from forms.problems import Parameter
from forms.submission import Envelope, open_envelope

ANSWERS = "submission.xml"
"""The name under which the answers are signed."""
_ENDING = ".enc"
_KEY_BYTES = 32
_BLOCK_BYTES = 16
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)

FAULT_MESSAGES = {
    "not_encrypted": "These answers are not encrypted.",
    "no_key": "The envelope holds no key that can be read.",
    "no_answers": "The envelope does not name the file with the answers.",
    "other_key": "These answers were encrypted for another key.",
    "missing_file": "%(name)s has not come from the phone yet.",
    "damaged_file": "%(name)s is damaged: it cannot be decrypted.",
    "bad_signature": "The signature does not fit: the answers or files were changed on the way.",
}
"""Message ids (English) of every code an `EncryptionFault` can carry."""


class EncryptionFault(ValueError):
    """An encrypted submission cannot be read. `code` is stable; `msgid % params` are the words."""

    def __init__(self, code: str, **params: Parameter) -> None:
        self.code = code
        self.msgid = FAULT_MESSAGES[code]
        self.params: Mapping[str, Parameter] = params
        super().__init__(self.msgid % params)


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A file of an envelope: the name it came by, its name on the phone, and its own start."""

    name: str
    plain_name: str
    start: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted envelope. `media` and `answers` are the names of its files, in its order.

    `key` is the submission's own key as it stands in the envelope, for the form's key alone to
    read; `signature` "" where an old client left it out.
    """

    envelope: Envelope
    key: str
    media: tuple[str, ...]
    answers: str
    signature: str


def read_sealed(xml: bytes) -> Sealed:
    """Return what an envelope holds.

    Raises SubmissionProblem for what `open_envelope` refuses, EncryptionFault for an envelope
    without key or answers.
    """
    envelope = open_envelope(xml)
    if not envelope.is_encrypted:
        raise EncryptionFault("not_encrypted")
    root = envelope.root
    key, answers = _text(root, "base64EncryptedKey"), _text(root, "encryptedXmlFile")
    if not key:
        raise EncryptionFault("no_key")
    if not answers:
        raise EncryptionFault("no_answers")
    # Names as they stand, twice if twice: each one turns the running start of the next.
    media = tuple(
        (file.text or "").strip()
        for listed in root.iterchildren("{*}media")
        for file in listed.iterchildren("{*}file")
    )
    return Sealed(envelope, key, media, answers, _text(root, "base64EncryptedElementSignature"))


class Opened:
    """An envelope opened with the private key: decrypts its files and tells whether all is whole.

    `media` are its files in order, `answers` the one with the answers.
    """

    def __init__(self, sealed: Sealed, private: rsa.RSAPrivateKey) -> None:
        """Raise EncryptionFault when the key is not the one the phone encrypted for."""
        self.sealed = sealed
        self._private = private
        self._key = _unwrapped(private, sealed.key)
        if len(self._key) != _KEY_BYTES:
            raise EncryptionFault("no_key")
        names = (*sealed.media, sealed.answers)
        starts = starts_of(sealed.envelope.instance_id, self._key, len(names))
        files = [
            SealedFile(name, name.removesuffix(_ENDING), start)
            for name, start in zip(names, starts, strict=True)
        ]
        self.media = tuple(files[:-1])
        self.answers = files[-1]

    def decrypted(self, file: SealedFile, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Give a file's own bytes, a piece at a time.

        Raises EncryptionFault at its end when it was cut off or changed. A change in the middle
        of a file shows in the signature alone.
        """
        decryptor = Cipher(algorithms.AES(self._key), CFB(file.start)).decryptor()
        unpadder = PKCS7(8 * _BLOCK_BYTES).unpadder()
        for piece in pieces:
            if plain := unpadder.update(decryptor.update(piece)):
                yield plain
        try:
            last = unpadder.update(decryptor.finalize()) + unpadder.finalize()
        except ValueError as error:
            raise EncryptionFault("damaged_file", name=file.name) from error
        if last:
            yield last

    def check_signature(self, md5s: Mapping[str, str]) -> None:
        """Raise EncryptionFault unless the phone signed just these files.

        `md5s` gives the MD5 (lower-case hex) of each decrypted file by the name it came by.
        """
        if not self.sealed.signature:
            raise EncryptionFault("bad_signature")
        try:
            signed = _unwrapped(self._private, self.sealed.signature)
        except EncryptionFault as fault:
            raise EncryptionFault("bad_signature") from fault
        told = hashlib.md5(self._signed_lines(md5s).encode(), usedforsecurity=False).digest()
        if not hmac.compare_digest(signed, told):
            raise EncryptionFault("bad_signature")

    def _signed_lines(self, md5s: Mapping[str, str]) -> str:
        envelope = self.sealed.envelope
        lines = [
            envelope.form_id,
            *([envelope.version] if envelope.version else []),
            self.sealed.key,
            envelope.instance_id,
            *(f"{one.plain_name}::{md5s[one.name]}" for one in self.media),
            f"{ANSWERS}::{md5s[self.answers.name]}",
        ]
        return "".join(f"{line}\n" for line in lines)


def starts_of(instance_id: str, key: bytes, count: int) -> list[bytes]:
    """Return the initialisation vectors of an envelope's files, in its order (C26)."""
    seed = bytearray(hashlib.md5(instance_id.encode() + key, usedforsecurity=False).digest())
    starts = []
    for number in range(count):
        at = number % _BLOCK_BYTES
        seed[at] = (seed[at] + 1) % 256
        starts.append(bytes(seed))
    return starts


def _unwrapped(private: rsa.RSAPrivateKey, text: str) -> bytes:
    try:
        wrapped = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise EncryptionFault("no_key") from error
    try:
        return private.decrypt(wrapped, _OAEP)
    except ValueError as error:
        raise EncryptionFault("other_key") from error


def _text(root: etree._Element, name: str) -> str:
    for child in root.iterchildren(f"{{*}}{name}"):
        if child.text and child.text.strip():
            return str(child.text).strip()
    return ""
