"""Encrypted submissions are read with the private key alone, and their faults are told apart."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from forms.encryption import EncryptionFault, Opened, SealedFile, read_sealed, starts_of
from forms.key_pairs import WrongPassphrase, make_pair, open_private
from tests.sealing import PASSPHRASE, SealedUpload, a_pair, seal

SIZES = (0, 1, 15, 16, 17, 100_000)
ANSWERS = "<data id='plain'>答案</data>".encode()


def the_private() -> rsa.RSAPrivateKey:
    return open_private(a_pair().private, PASSPHRASE)


def plain_files(sent: SealedUpload, piece: int = 64_000) -> dict[str, bytes]:
    """Decrypt all files in pieces, and check the signature."""
    opened = Opened(read_sealed(sent.xml), the_private())
    files = (*opened.media, opened.answers)
    plain = {one.name: b"".join(decrypted(opened, one, sent, piece)) for one in files}
    opened.check_signature({name: hashlib.md5(text).hexdigest() for name, text in plain.items()})
    return plain


def decrypted(
    opened: Opened, file: SealedFile, sent: SealedUpload, piece: int = 64_000
) -> Iterator[bytes]:
    sealed = sent.files[file.name]
    return opened.decrypted(file, (sealed[at : at + piece] for at in range(0, len(sealed), piece)))


def fault_of(sent: SealedUpload) -> str:
    with pytest.raises(EncryptionFault) as caught:
        plain_files(sent)
    assert "%(" not in str(caught.value)
    return caught.value.code


# C26: AES-256-CFB with 128-bit blocks, PKCS #7; a start of its own for each file.
@given(
    answers=st.binary(max_size=200),
    media=st.lists(st.binary(max_size=200), max_size=20),
    piece=st.integers(1, 40),
)
def test_what_is_sealed_opens_to_the_same_bytes(
    answers: bytes, media: list[bytes], piece: int
) -> None:
    named = {f"照片 {number}.jpg": content for number, content in enumerate(media)}

    plain = plain_files(seal(a_pair().public, answers, named), piece)

    assert plain == {
        **{f"{name}.enc": content for name, content in named.items()},
        "submission.xml.enc": answers,
    }


@pytest.mark.parametrize("size", SIZES)
def test_files_of_every_size_around_a_block_open(size: int) -> None:
    content = bytes(number % 251 for number in range(size))

    plain = plain_files(seal(a_pair().public, content, {"a.bin": content}))

    assert plain == {"a.bin.enc": content, "submission.xml.enc": content}


# C26: the running seed turns one byte further with each file, and around at the end.
def test_the_seventeenth_file_turns_the_first_byte_again() -> None:
    seed = hashlib.md5(b"uuid:1" + bytes(32)).digest()

    starts = starts_of("uuid:1", bytes(32), 17)

    assert starts[0][0] == (seed[0] + 1) % 256
    assert starts[0][1:] == seed[1:]
    assert starts[15] == bytes((one + 1) % 256 for one in seed)
    assert starts[16][0] == (seed[0] + 2) % 256
    assert starts[16][1:] == starts[15][1:]


def test_a_wrong_passphrase_opens_no_key() -> None:
    with pytest.raises(WrongPassphrase):
        open_private(a_pair().private, "another passphrase")


def test_a_passphrase_typed_wide_is_the_same() -> None:
    pair = make_pair("ＡＢＣ１２３ 九盏灯笼", rounds=1000)

    assert open_private(pair.private, "ABC123 九盏灯笼").key_size == 2048


# C24: SubjectPublicKeyInfo DER of RSA-2048 in base64, without an envelope of its own.
def test_the_public_half_is_what_a_form_carries() -> None:
    assert re.fullmatch(r"MIIBIj[A-Za-z0-9+/]{380,400}={0,2}", a_pair().public)


def test_answers_for_another_key_are_told_as_such() -> None:
    other = make_pair(PASSPHRASE, rounds=1000)

    assert fault_of(seal(other.public, ANSWERS)) == "other_key"


# C27: the signature names form, version, key, instance and each file's MD5.
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'version="1"', b'version="2"'),
        (b'id="plain"', b'id="other"'),
        (b"a.jpg.enc", b"b.jpg.enc"),
    ],
)
def test_a_changed_envelope_does_not_fit_its_signature(before: bytes, after: bytes) -> None:
    sent = seal(a_pair().public, ANSWERS, {"a.jpg": b"photo"})
    sent.files["b.jpg.enc"] = sent.files["a.jpg.enc"]

    assert fault_of(SealedUpload(sent.xml.replace(before, after), sent.files)) == "bad_signature"


def test_a_changed_file_does_not_fit_the_signature() -> None:
    sent = seal(a_pair().public, ANSWERS, {"a.jpg": bytes(100)})
    photo = bytearray(sent.files["a.jpg.enc"])
    photo[3] ^= 1
    sent.files["a.jpg.enc"] = bytes(photo)

    assert fault_of(sent) == "bad_signature"


@pytest.mark.parametrize("left", [0, 1, 16, 30])
def test_a_file_cut_off_is_damaged(left: int) -> None:
    sent = seal(a_pair().public, ANSWERS, {"a.jpg": bytes(100)})
    sent.files["a.jpg.enc"] = sent.files["a.jpg.enc"][:left]

    assert fault_of(sent) in ("damaged_file", "bad_signature")


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        (rb"<base64EncryptedKey>.*</base64EncryptedKey>", "no_key"),
        (rb"<encryptedXmlFile>.*</encryptedXmlFile>", "no_answers"),
        (rb'encrypted="yes"', "not_encrypted"),
        (rb"<base64EncryptedElementSignature>.*Signature>", "bad_signature"),
    ],
)
def test_an_envelope_without_a_part_says_which(pattern: bytes, code: str) -> None:
    sent = seal(a_pair().public, ANSWERS)

    assert fault_of(SealedUpload(re.sub(pattern, b"", sent.xml), sent.files)) == code


@pytest.mark.parametrize("key", ["§§", "AAAA", "A" * 344])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    sent = seal(a_pair().public, ANSWERS)
    xml = re.sub(b"(?<=Key>)[^<]+", key.encode(), sent.xml, count=1)

    assert fault_of(SealedUpload(xml, sent.files)) in ("no_key", "other_key")
