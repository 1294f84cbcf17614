"""Keys for encrypted forms, and forms that are switched to them and back."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from forms import encrypted_form
from forms.key_pairs import open_private
from forms.submission import open_envelope
from forms.xform import read_xform
from server.errors import Busy, Conflict, Missing, NotValid
from server.survey import encryption_keys, form_encryption, form_versions, publishing
from server.survey.encryption_keys import Key
from server.survey.site import Site
from server.tables.truth import EncryptionKey, FormVersion, JournalEntry
from tests.phone_site import PLAIN
from tests.sealing import PASSPHRASE, a_pair

AUTHORS_OWN = PLAIN.replace(
    "| | form_id | version | form_title |", "| | form_id | version | form_title | public_key |"
).replace("| | plain | 1 | Plain |", f"| | plain | 1 | Plain | {a_pair(2).public} |")


def a_key(session: Session, number: int = 1) -> Key:
    return encryption_keys.add(session, 1, f"Key {number}", "", a_pair(number), "Li")


def publish(session: Session, text: str = PLAIN) -> publishing.Published:
    return publishing.publish(session, 1, "form.md", text.encode(), "Li")


def versions(session: Session) -> list[str]:
    """The versions of the form, oldest first."""
    return [one.version for one in form_versions.versions(session, 1, "plain")][::-1]


def fault_of(name: str = "County", hint: str = "", passphrase: str = PASSPHRASE) -> str:
    with pytest.raises(NotValid) as caught:
        encryption_keys.new_pair(name, hint, passphrase, passphrase)
    return caught.value.field


def test_a_key_opens_with_its_passphrase_alone(session: Session) -> None:
    pair = encryption_keys.new_pair("County", "the song", PASSPHRASE, PASSPHRASE)
    key = encryption_keys.add(session, 1, " County ", "the song", pair, "Li")

    assert encryption_keys.open_key(session, 1, key.id, PASSPHRASE).key_size == 2048
    with pytest.raises(NotValid, match="does not open"):
        encryption_keys.open_key(session, 1, key.id, PASSPHRASE + "!")
    assert (key.name, key.forms, key.retired_at) == ("County", (), None)


def test_a_passphrase_is_nowhere_kept(site: Site, session: Session) -> None:
    key = a_key(session)
    session.commit()

    encryption_keys.unlock(site.engine, 1, key.id, PASSPHRASE, "Li", "10.0.0.1")

    row = session.scalars(select(EncryptionKey)).one()
    kept = [str(vars(one)) for one in session.scalars(select(JournalEntry))]
    assert PASSPHRASE not in str(vars(row))
    assert PASSPHRASE.encode() not in row.private_key
    assert not any(PASSPHRASE in one for one in kept)


def test_a_weak_passphrase_is_refused() -> None:
    assert fault_of(passphrase="elevenchars") == "passphrase"
    assert fault_of(passphrase="ababababababab") == "passphrase"
    assert fault_of(passphrase="x" * 201) == "passphrase"
    assert fault_of(name=PASSPHRASE) == "passphrase"
    assert fault_of(hint=f"it is {PASSPHRASE}") == "hint"
    assert fault_of(name=" ") == "name"
    with pytest.raises(NotValid, match="differ"):
        encryption_keys.new_pair("County", "", PASSPHRASE, PASSPHRASE + "x")


def test_wrong_passphrases_make_the_next_try_wait(site: Site, session: Session) -> None:
    key = a_key(session)
    session.commit()

    def tried(passphrase: str, who: str, address: str) -> object:
        return encryption_keys.unlock(site.engine, 1, key.id, passphrase, who, address)

    wrong = [tried("wrong passphrase", "Li", "10.0.0.1") for _ in range(3)]

    assert [type(one) for one in wrong] == [NotValid] * 3
    assert isinstance(tried(PASSPHRASE, "Li", "10.0.0.2"), Busy)
    # Another account is not kept waiting.
    assert isinstance(tried(PASSPHRASE, "Wang", "10.0.0.1"), RSAPrivateKey)


# C24, G4: the key in <submission>, the version with its mark.
def test_a_form_switched_to_a_key_is_a_version_of_its_own(session: Session) -> None:
    publish(session)
    key = a_key(session)

    done = form_encryption.switch_on(session, 1, "plain", key.id, "Li")

    xml = form_versions.form_xml(session, 1, "plain")
    form = read_xform(xml)
    assert done.is_new
    assert versions(session) == ["1", form.version]
    assert form.version.startswith("1[encrypted:")
    assert encrypted_form.public_key(xml) == key.public_key
    assert xml.count(b"base64RsaPublicKey") == 1
    assert [one.path for one in form.fields] == ["age", "photo"]
    state = form_encryption.state_of(session, 1, "plain")
    assert state.key is not None
    assert (state.key.id, state.key.forms, state.is_foreign) == (key.id, ("plain",), False)


# G3: what was published stays byte for byte.
def test_the_plain_version_stays_as_it_was(session: Session) -> None:
    publish(session)
    before = form_versions.form_xml(session, 1, "plain")
    key = a_key(session)

    form_encryption.switch_on(session, 1, "plain", key.id, "Li")

    assert form_versions.form_xml(session, 1, "plain", "1") == before


# G2: a phone that holds the first version would not take it again.
def test_each_switch_back_and_forth_gives_a_new_version(session: Session) -> None:
    publish(session)
    key = a_key(session)

    for _ in range(2):
        form_encryption.switch_on(session, 1, "plain", key.id, "Li")
        form_encryption.switch_off(session, 1, "plain", "Li")

    told = versions(session)[1][len("1[encrypted:") :][:8]
    assert versions(session) == [
        "1",
        f"1[encrypted:{told}]",
        "1[plain]",
        f"1[encrypted:{told}-2]",
        "1[plain-2]",
    ]
    rows = session.scalars(select(FormVersion).where(FormVersion.form_id == "plain"))
    assert len({row.md5 for row in rows}) == 5
    assert b"submission" not in form_versions.form_xml(session, 1, "plain").lower()


def test_what_an_author_publishes_next_is_encrypted_too(session: Session) -> None:
    publish(session)
    form_encryption.switch_on(session, 1, "plain", a_key(session).id, "Li")

    next_one = PLAIN.replace("| plain | 1 |", "| plain | 2 |")
    done = publish(session, next_one)
    again = publish(session, next_one)

    assert done.version.startswith("2[encrypted:")
    assert (again.version, again.is_new) == (done.version, False)
    assert b"base64RsaPublicKey" in form_versions.form_xml(session, 1, "plain")
    assert encrypted_form.own_version(done.version) == "2"


def test_other_content_under_a_known_version_is_still_refused(session: Session) -> None:
    publish(session)
    form_encryption.switch_on(session, 1, "plain", a_key(session).id, "Li")

    with pytest.raises(Conflict, match="published before"):
        publish(session, PLAIN.replace("Age", "Age in years"))


def test_a_form_with_a_key_of_its_own_is_left_alone(session: Session) -> None:
    publish(session, AUTHORS_OWN)
    key = a_key(session)

    with pytest.raises(Conflict, match="key of its own"):
        form_encryption.switch_on(session, 1, "plain", key.id, "Li")

    state = form_encryption.state_of(session, 1, "plain")
    assert (state.is_foreign, state.key, versions(session)) == (True, None, ["1"])


def test_a_key_in_use_is_not_retired(session: Session) -> None:
    publish(session)
    key = a_key(session)
    form_encryption.switch_on(session, 1, "plain", key.id, "Li")

    with pytest.raises(Conflict, match="plain"):
        encryption_keys.retire(session, 1, key.id)

    form_encryption.switch_off(session, 1, "plain", "Li")
    retired = encryption_keys.retire(session, 1, key.id)
    assert retired.retired_at is not None
    assert encryption_keys.open_key(session, 1, key.id, PASSPHRASE)
    with pytest.raises(Conflict, match="retired"):
        form_encryption.switch_on(session, 1, "plain", key.id, "Li")


def test_a_form_goes_from_one_key_to_another(session: Session) -> None:
    publish(session)
    first, second = a_key(session), a_key(session, 2)
    form_encryption.switch_on(session, 1, "plain", first.id, "Li")

    form_encryption.switch_on(session, 1, "plain", second.id, "Li")

    assert encrypted_form.public_key(form_versions.form_xml(session, 1, "plain")) == (
        second.public_key
    )
    with pytest.raises(Conflict, match="already"):
        form_encryption.switch_on(session, 1, "plain", second.id, "Li")


def test_what_cannot_be_switched_says_so(session: Session) -> None:
    publish(session)

    with pytest.raises(Missing):
        form_encryption.switch_on(session, 1, "plain", 99, "Li")
    with pytest.raises(Conflict, match="not encrypted"):
        form_encryption.switch_off(session, 1, "plain", "Li")


# A switched form's envelope names the version with its mark, which the site knows.
def test_the_marked_version_fits_an_envelope() -> None:
    version = encrypted_form.encrypted_version("2026112201", a_pair().public)

    xml = f'<data id="f" version="{version}" encrypted="yes" instanceID="uuid:1"/>'.encode()

    assert open_envelope(xml).version == version
    assert open_private(a_pair().private, PASSPHRASE)
