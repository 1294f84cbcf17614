"""Submissions sealed by Java's own cryptography, as ODK Collect does it, open byte for byte."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from forms import encrypted_form, validate
from forms.compile import compile_form
from forms.encryption import Opened, read_sealed
from forms.key_pairs import open_private
from forms.source import FormSource
from server.survey.publishing import LIBRARY
from tests.sealing import PASSPHRASE, a_pair

SEAL = Path(__file__).parent / "encryption" / "Seal.java"
SIZES = (0, 1, 15, 16, 17, 100_000)
ANSWERS = "<data id='plain' version='1'><name>王小一</name></data>".encode()


def sealed_by_java(java: Path, folder: Path, version: str, media: dict[str, bytes]) -> None:
    """Write envelope.xml and the .enc files of a submission into a folder."""
    plain = folder / "plain"
    plain.mkdir()
    (plain / "filled in.xml").write_bytes(ANSWERS)
    for name, content in media.items():
        (plain / name).write_bytes(content)
    told = [a_pair().public, "plain", version, "uuid:by-java", folder, plain / "filled in.xml"]
    command = [java, "-Dfile.encoding=UTF-8", "-Dsun.jnu.encoding=UTF-8", SEAL, *told]
    subprocess.run([*map(str, command), *(str(plain / name) for name in media)], check=True)


# C24–C27, acceptance test 8: envelope and .enc files, decrypted with the private key.
@pytest.mark.parametrize("version", ["1[encrypted:ab12cd34]", ""])
def test_what_java_seals_opens_to_the_same_bytes(java: Path, tmp_path: Path, version: str) -> None:
    # Seventeen files and more: the running start comes round to its first byte.
    media = {f"photo-{size}-{turn}.jpg": b"\xff\xd8" * (size // 2) + b"\x01" * (size % 2)
             for turn in range(3) for size in SIZES}  # fmt: skip

    sealed_by_java(java, tmp_path, version, media)

    sealed = read_sealed((tmp_path / "envelope.xml").read_bytes())
    opened = Opened(sealed, open_private(a_pair().private, PASSPHRASE))
    plain = {
        one.name: b"".join(opened.decrypted(one, [(tmp_path / one.name).read_bytes()]))
        for one in (*opened.media, opened.answers)
    }
    assert plain.pop("submission.xml.enc") == ANSWERS
    assert plain == {f"{name}.enc": content for name, content in media.items()}
    md5s = {name: hashlib.md5(content).hexdigest() for name, content in plain.items()}
    opened.check_signature(md5s | {"submission.xml.enc": hashlib.md5(ANSWERS).hexdigest()})
    assert (sealed.envelope.form_id, sealed.envelope.version) == ("plain", version)


# C24: JavaRosa, and so Collect, takes a form with the site's key in it.
@pytest.mark.parametrize("form_id", ["household_roster", "clinic_audit"])
def test_java_takes_a_form_switched_to_encryption(java: Path, form_id: str) -> None:
    form = compile_form(FormSource.of_path(LIBRARY / form_id)).form
    version = encrypted_form.encrypted_version(form.version, a_pair().public)

    sealed = encrypted_form.encrypted(form, a_pair().public, version)

    assert java
    assert list(validate.validate_with_java(sealed.xml, 120)) == []
    assert encrypted_form.public_key(sealed.xml) == a_pair().public
