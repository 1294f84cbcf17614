"""Encrypted submissions: kept as they come, read in memory by who has the passphrase."""

from __future__ import annotations

import csv
import io
import tracemalloc
import zipfile

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from exports import files as exported
from forms.key_pairs import open_private
from server.errors import Conflict, Missing, NotValid, Unreadable
from server.survey import decrypted_files, decrypted_records, decrypted_tables, decryption
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.decrypted_records import Taking
from server.survey.site import Site
from server.survey.submission_view import Reader
from server.tables.projections import Projected, Visit
from server.tables.truth import Submission
from tests.phone_site import AWAY, HERE, add_phone
from tests.sealed_site import answers_xml, open_sealed, sealed, send
from tests.sealing import PASSPHRASE, SealedUpload, a_pair

PHOTO = b"\x89PNG" + bytes(range(256)) * 8


def reader(scope: Scope = WHOLE_SITE, *, sensitive: bool = True) -> Reader:
    return Reader(scope, "en", shows_personal=True, shows_sensitive=sensitive)


def opened(
    site: Site, submission_id: int, scope: Scope = WHOLE_SITE, number: int = 1
) -> decryption.OpenedRecord:
    private = open_private(a_pair(number).private, PASSPHRASE)
    with Session(site.engine) as session:
        folder = site.settings.files
        return decryption.opened_record(session, folder, submission_id, reader(scope), private)


def ids(site: Site) -> list[int]:
    with Session(site.engine) as session:
        return list(session.scalars(select(Submission.id).order_by(Submission.id)))


def send_one(
    site: Site, number: int = 1, *, village: str = HERE, phone_id: int | None = None
) -> SealedUpload:
    """Send a household with one photo and two children."""
    instance = f"uuid:s{number}"
    answers = answers_xml(
        site,
        instance,
        f"王小{number}",
        village=village,
        photos=("照片.png",),
        children=("一", "二"),
    )
    sent = sealed(site, instance, answers, {"照片.png": PHOTO})
    assert send(site, sent, phone_id).outcome == "parked"
    return sent


def a_taking(scope: Scope = WHOLE_SITE, number: int = 1) -> Taking:
    return Taking(1, "sealed", scope, open_private(a_pair(number).private, PASSPHRASE), "en")


def rows(site: Site, taking: Taking) -> list[list[list[str]]]:
    """The tables of a taking, as a spreadsheet reads them."""
    tables = decrypted_tables.tables(site, taking)
    texts = [b"".join(exported.csv(one, "en", bom=False)).decode() for one in tables]
    return [list(csv.reader(io.StringIO(text))) for text in texts]


def members(site: Site, taking: Taking) -> dict[str, bytes]:
    """The files of the zip of a taking."""
    pieces = decrypted_files.files_zip(site, taking, lambda fault: fault.msgid % fault.params)
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# C28: kept whatever its namespace, counted nowhere.
def test_an_encrypted_submission_is_parked_and_counts_nowhere(site: Site, session: Session) -> None:
    open_sealed(site)

    send_one(site)

    mark = session.scalars(select(Projected)).one()
    assert (mark.state, mark.reason) == ("parked", "encrypted")
    assert session.scalars(select(Visit)).all() == []


# C16: an encrypted one without an instance id cannot be kept: nobody could ever open it.
def test_an_envelope_without_instance_id_is_refused(site: Site) -> None:
    open_sealed(site)
    sent = sealed(site, "uuid:gone", b"<data/>")
    xml = sent.xml.replace(b"<orx:instanceID>uuid:gone</orx:instanceID>", b"")

    with pytest.raises(Unreadable, match="instance id"):
        send(site, SealedUpload(xml, {}))


def test_the_passphrase_opens_answers_and_photos(site: Site) -> None:
    open_sealed(site)
    send_one(site)

    record = opened(site, ids(site)[0])

    assert record.fault is None
    assert record.sheet is not None
    answers = [one.words for section in record.sheet.sections for one in section.answers]
    assert answers == [HERE, "王小1", "47", "照片.png"]
    assert [part.sections[0].answers[0].words for part in record.sheet.parts] == ["一", "二"]
    (photo,) = record.files
    assert (photo.name, photo.kind, photo.picture) == ("照片.png", "image/png", PHOTO)


def test_what_a_page_needs_before_the_passphrase(site: Site) -> None:
    key_id = open_sealed(site)
    sent = send_one(site)
    del sent.files["照片.png.enc"]
    late = sealed(site, "uuid:late", b"<data/>", {"a.jpg": b"1", "b.jpg": b"2"})
    send(site, SealedUpload(late.xml, {"a.jpg.enc": late.files["a.jpg.enc"]}))

    with Session(site.engine) as session:
        first, second = (decryption.sealed_record(session, one, WHOLE_SITE) for one in ids(site))

    assert first.key is not None
    assert (first.key.id, first.key.hint, first.missing) == (key_id, "the river song", ())
    # C25, C7: complete once all files the envelope names have come.
    assert second.missing == ("b.jpg.enc", "submission.xml.enc")


def test_the_files_may_come_in_any_order_and_later(site: Site) -> None:
    open_sealed(site)
    sent = sealed(site, "uuid:s1", answers_xml(site, "uuid:s1"), {"a.jpg": b"1", "b.jpg": b"2"})

    for name in ("submission.xml.enc", "b.jpg.enc"):
        send(site, SealedUpload(sent.xml, {name: sent.files[name]}))
    before = opened(site, ids(site)[0]).fault
    send(site, SealedUpload(sent.xml, {"a.jpg.enc": sent.files["a.jpg.enc"]}))

    assert before is not None
    assert before.code == "missing_file"
    assert opened(site, ids(site)[0]).fault is None


def test_answers_that_have_not_come_are_told(site: Site) -> None:
    open_sealed(site)
    send(site, SealedUpload(sealed(site, "uuid:s1", b"<data/>").xml, {}))

    with pytest.raises(NotValid, match=r"submission.xml.enc has not come"):
        opened(site, ids(site)[0])


def test_another_key_is_told(site: Site) -> None:
    open_sealed(site)
    send_one(site)

    with pytest.raises(NotValid, match="another key"):
        opened(site, ids(site)[0], number=2)


def test_hostile_answers_inside_are_refused_in_words(site: Site) -> None:
    open_sealed(site)
    bomb = b'<!DOCTYPE d [<!ENTITY a "b">]><data id="sealed">&a;</data>'
    send(site, sealed(site, "uuid:s1", bomb))

    with pytest.raises(NotValid, match="document type"):
        opened(site, ids(site)[0])


def test_a_plain_submission_is_not_decrypted(site: Site) -> None:
    open_sealed(site)
    send(site, SealedUpload(answers_xml(site, "uuid:plain"), {}))

    with Session(site.engine) as session, pytest.raises(Conflict, match="not encrypted"):
        decryption.sealed_record(session, ids(site)[0], WHOLE_SITE)


def test_a_record_is_seen_by_its_phones_villages_and_once_read_by_its_own(site: Site) -> None:
    open_sealed(site)
    phone = add_phone(site, (HERE, AWAY))
    send_one(site, 1, phone_id=phone.id)
    send_one(site, 2, village=AWAY, phone_id=phone.id)
    here, away, elsewhere = Scope.of([HERE]), Scope.of([AWAY]), Scope.of(["110101001001"])
    first, second = ids(site)

    with Session(site.engine) as session:
        for one in (first, second):
            assert decryption.sealed_record(session, one, here).id == one
            with pytest.raises(Missing):
                decryption.sealed_record(session, one, elsewhere)
    assert opened(site, first, here).sheet is not None
    with pytest.raises(Missing):
        opened(site, second, here)
    assert [line[1] for line in rows(site, a_taking(away))[0][1:]] == ["uuid:s2"]
    assert rows(site, a_taking(elsewhere))[0][1:] == []


def test_all_records_leave_as_tables(site: Site) -> None:
    open_sealed(site)
    for number in (1, 2):
        send_one(site, number)

    main, children = rows(site, a_taking())

    assert main[0][1:] == [
        "Instance", "Received", "Sent by", "Form version", "State",
        "Village", "Name", "Age", "Photo",
    ]  # fmt: skip
    assert [line[1] for line in main[1:]] == ["uuid:s1", "uuid:s2"]
    assert main[2][5:] == ["whole", HERE, "王小2", "47", "照片.png"]
    assert children[1:] == [
        ["uuid:s1", "1", "一"],
        ["uuid:s1", "2", "二"],
        ["uuid:s2", "1", "一"],
        ["uuid:s2", "2", "二"],
    ]


# Appendix, test 8: bytes equal.
def test_all_records_leave_as_xml_with_media(site: Site) -> None:
    open_sealed(site)
    send_one(site)

    found = members(site, a_taking())

    assert found == {
        "s1/submission.xml": answers_xml(
            site, "uuid:s1", "王小1", photos=("照片.png",), children=("一", "二")
        ),
        "s1/照片.png": PHOTO,
    }


# J4: names from phones never lead out of the folder.
def test_names_of_media_stay_in_their_folder(site: Site) -> None:
    open_sealed(site)
    media = {"../../x.jpg": b"1", "X.jpg": b"2", "nul.jpg": b"3"}
    send(site, sealed(site, "uuid:../s1", answers_xml(site, "uuid:../s1"), media))

    found = members(site, a_taking())

    assert [name for name in found if name.startswith("s1/") and ".." not in name] == list(found)
    assert sorted(name.removeprefix("s1/") for name in found)[0] == "X-2.jpg"
    assert len(found) == 4
    assert found["s1/_nul.jpg"] == b"3"


def test_what_is_damaged_or_missing_is_listed_and_the_rest_leaves(site: Site) -> None:
    open_sealed(site)
    send_one(site, 1)
    changed = sealed(site, "uuid:s2", answers_xml(site, "uuid:s2"), {"a.jpg": bytes(64)})
    changed.files["a.jpg.enc"] = bytes(80)
    send(site, changed)
    gone = sealed(site, "uuid:s3", answers_xml(site, "uuid:s3"), {"a.jpg": bytes(64)})
    del gone.files["submission.xml.enc"]
    send(site, gone)

    found = members(site, a_taking())
    states = [line[5] for line in rows(site, a_taking())[0][1:]]

    assert states[0] == "whole"
    assert states[1] in ("a file is damaged", "changed on the way")
    assert states[2] == "files still on the phone"
    assert "s1/submission.xml" in found
    assert "s2/submission.xml" in found
    assert not any(name.startswith("s3/") for name in found)
    told = found["faults.csv"].decode("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in told[1:]] == ["uuid:s2", "uuid:s3"]


def test_with_another_key_every_record_says_so(site: Site) -> None:
    open_sealed(site)
    send_one(site)

    assert rows(site, a_taking(number=2))[0][1][5] == "encrypted for another key"
    assert list(members(site, a_taking(number=2))) == ["faults.csv"]


def test_a_form_without_encrypted_versions_has_nothing_to_take(site: Site) -> None:
    with pytest.raises(Missing):
        decrypted_tables.tables(
            site, Taking(1, "clinic_audit", WHOLE_SITE, a_taking().private, "en")
        )
    with Session(site.engine) as session:
        assert decrypted_records.count(session, 1, "clinic_audit", WHOLE_SITE) == 0
        assert decrypted_records.form_keys(session, 1, "clinic_audit") == []


def test_a_large_file_is_decrypted_in_pieces(site: Site) -> None:
    open_sealed(site)
    size = 30_000_000
    sent = sealed(site, "uuid:s1", answers_xml(site, "uuid:s1"), {"film.mp4": bytes(size)})
    send(site, sent)
    sent.files.clear()
    tracemalloc.start()

    written = 0
    for piece in decrypted_files.files_zip(site, a_taking(), lambda fault: fault.code):
        written += len(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert written > 0
    assert peak < size / 4
