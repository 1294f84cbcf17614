"""Pages of encryption: keys, the switch of a form, reading and taking out with the passphrase."""

from __future__ import annotations

import io
import zipfile
from base64 import b64encode

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.survey import form_encryption, form_versions
from server.survey.site import Site
from server.tables.truth import EncryptionKey, JournalEntry
from tests.phone_site import AWAY, HERE, add_phone
from tests.sealed_site import answers_xml, open_sealed, sealed, send
from tests.sealing import PASSPHRASE
from tests.signed_in import browser_of

PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(100)
NEW_KEY = {"name": "County", "passphrase": PASSPHRASE, "repeated": PASSPHRASE, "hint": "a song"}
READ = {"passphrase": PASSPHRASE, "reason": "a call back"}


def one_sent(site: Site, phone_id: int | None = None) -> None:
    answers = answers_xml(site, "uuid:s1", photos=("a.png",), children=("小花",))
    send(site, sealed(site, "uuid:s1", answers, {"a.png": PHOTO}), phone_id)


def acts(site: Site) -> list[tuple[str, str]]:
    with Session(site.engine) as session:
        rows = session.scalars(select(JournalEntry).order_by(JournalEntry.id))
        return [(row.action, row.subject) for row in rows]


def take(key_id: int, kind: str, **more: str) -> dict[str, str]:
    return {"kind": kind, "key": str(key_id), **READ, **more}


def test_a_key_is_made_and_never_shows_its_passphrase(site: Site) -> None:
    office = browser_of(site, "office")

    made = office.post("/new-key", NEW_KEY)

    assert (made.status_code, made.location) == (303, "/keys")
    page = office.get("/keys").text
    assert "County" in page
    assert "a song" in page
    assert PASSPHRASE not in page
    assert acts(site)[-1] == ("key_made", "key 1")


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("passphrase", "short", "at least 12"),
        ("repeated", "something else", "differ"),
        ("name", "", "name of at most"),
        ("hint", f"see {PASSPHRASE}", "must not hold"),
    ],
)
def test_a_faulty_key_is_told_and_its_passphrase_is_not_sent_back(
    site: Site, field: str, text: str, words: str
) -> None:
    office = browser_of(site, "office")

    page = office.post("/new-key", {**NEW_KEY, field: text})

    assert page.status_code == 422
    assert words in page.text
    assert f'value="{PASSPHRASE}"' not in page.text
    assert acts(site) == []


def test_a_key_of_the_same_name_is_refused(site: Site) -> None:
    office = browser_of(site, "office")
    open_sealed(site)

    page = office.post("/new-key", NEW_KEY)

    assert page.status_code == 422
    assert "exists already" in page.text


def test_a_form_is_switched_once_its_cost_was_read(site: Site) -> None:
    office = browser_of(site, "office")
    key_id = open_sealed(site)
    before = office.get("/forms/household_roster/encryption").text

    unread = office.post("/forms/household_roster/encryption", {"key": str(key_id)})
    switched = office.post(
        "/forms/household_roster/encryption", {"key": str(key_id), "understood": "yes"}
    )

    assert "no longer count" in before
    assert "households, persons" in before
    assert unread.status_code == 422
    assert (switched.status_code, switched.location) == (303, "/forms/household_roster")
    with Session(site.engine) as session:
        state = form_encryption.state_of(session, 1, "household_roster")
        assert state.key is not None
        assert len(form_versions.versions(session, 1, "household_roster")) == 2
    assert acts(site)[-1] == ("form_encryption", "household_roster")
    assert "Stop encrypting" in office.get("/forms/household_roster/encryption").text

    back = office.post("/forms/household_roster/encryption", {"key": "0"})

    assert back.status_code == 303
    again = office.post("/forms/household_roster/encryption", {"key": "0"})
    assert (again.status_code, "not encrypted" in again.text) == (409, True)


def test_a_key_in_use_is_not_retired_and_another_is(site: Site) -> None:
    office = browser_of(site, "office")
    key_id = open_sealed(site)

    office.post(f"/keys/{key_id}/retire")
    refused = office.get("/keys").text
    office.post("/forms/sealed/encryption", {"key": "0"})
    office.post(f"/keys/{key_id}/retire")

    assert "Switch them first" in refused
    assert "retired" in office.get("/keys").text


def test_a_record_is_read_with_passphrase_and_reason(site: Site) -> None:
    office = browser_of(site, "office")
    open_sealed(site)
    one_sent(site)

    asked = office.get("/submissions/1/decrypted")
    page = office.post("/submissions/1/decrypted", READ)

    assert "the river song" in asked.text
    assert "王小一" not in asked.text
    assert page.status_code == 200
    assert "王小一" in page.text
    assert "小花" in page.text
    assert "whole, as the phone signed it" in page.text
    assert b64encode(PHOTO).decode() in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert PASSPHRASE not in page.text
    assert acts(site)[-2:] == [("key_opened", "key 1"), ("submission_decrypted", "submission 1")]


def test_the_submission_page_leads_to_the_passphrase(site: Site) -> None:
    open_sealed(site)
    one_sent(site)

    assert "/submissions/1/decrypted" in browser_of(site, "office").get("/submissions/1").text
    assert "/decrypted" not in browser_of(site, "supervisor").get("/submissions/1").text


def test_lists_show_what_is_encrypted_as_parked(site: Site) -> None:
    open_sealed(site)
    one_sent(site)

    page = browser_of(site, "office").get("/submissions/?state=parked").text

    assert "/submissions/1" in page
    assert "parked" in page


def test_a_wrong_passphrase_is_told_and_soon_has_to_wait(site: Site) -> None:
    office = browser_of(site, "office")
    open_sealed(site)
    one_sent(site)

    pages = [
        office.post("/submissions/1/decrypted", {**READ, "passphrase": f"wrong {number}"})
        for number in range(3)
    ]
    waiting = office.post("/submissions/1/decrypted", READ)

    assert [page.status_code for page in pages] == [422, 422, 422]
    assert "does not open the key" in pages[0].text
    assert waiting.status_code == 503
    assert "Too many wrong passphrases" in waiting.text
    assert acts(site).count(("key_not_opened", "key 1")) == 3


def test_without_a_reason_nothing_is_decrypted(site: Site) -> None:
    office = browser_of(site, "office")
    key_id = open_sealed(site)
    one_sent(site)

    page = office.post("/submissions/1/decrypted", {**READ, "reason": " "})
    taken = office.post("/forms/sealed/decrypted", take(key_id, "xlsx", reason=""))

    assert (page.status_code, taken.status_code) == (422, 422)
    assert acts(site) == []


@pytest.mark.parametrize("role", ["supervisor", "admin", "worker", "auditor", "hospital"])
def test_only_who_may_see_persons_in_full_reads(site: Site, role: str) -> None:
    browser = browser_of(site, role)
    key_id = open_sealed(site)
    one_sent(site)

    answers = [
        browser.get("/submissions/1/decrypted"),
        browser.post("/submissions/1/decrypted", READ),
        browser.get("/forms/sealed/decrypted"),
        browser.post("/forms/sealed/decrypted", take(key_id, "files")),
    ]

    assert [one.status_code for one in answers] == [403] * 4
    assert acts(site) == []


def test_records_of_other_areas_are_not_there(site: Site) -> None:
    open_sealed(site)
    one_sent(site, add_phone(site, [HERE]).id)
    elsewhere = browser_of(site, "office", [AWAY])

    assert elsewhere.get("/submissions/1/decrypted").status_code == 404
    assert elsewhere.post("/submissions/1/decrypted", READ).status_code == 404
    assert "No encrypted answers" in elsewhere.get("/forms/sealed/decrypted").text
    assert browser_of(site, "office", [HERE]).get("/submissions/1/decrypted").status_code == 200


def test_a_forms_answers_leave_in_three_shapes(site: Site) -> None:
    office = browser_of(site, "office")
    key_id = open_sealed(site)
    one_sent(site)
    assert "1</b> encrypted record" in office.get("/forms/sealed/decrypted").text

    workbook = office.post("/forms/sealed/decrypted", take(key_id, "xlsx"))
    tables = office.post("/forms/sealed/decrypted", take(key_id, "csv"))
    files = office.post("/forms/sealed/decrypted", take(key_id, "files"))

    with zipfile.ZipFile(io.BytesIO(workbook.data)) as archive:
        assert "王小一" in archive.read("xl/worksheets/sheet1.xml").decode()
    with zipfile.ZipFile(io.BytesIO(tables.data)) as archive:
        assert archive.namelist() == ["1-Sealed.csv", "2-Child.csv"]
        assert "小花" in archive.read("2-Child.csv").decode()
    with zipfile.ZipFile(io.BytesIO(files.data)) as archive:
        assert archive.read("s1/a.png") == PHOTO
    assert acts(site).count(("form_decrypted", "sealed")) == 3


def test_what_to_take_must_be_chosen(site: Site) -> None:
    office = browser_of(site, "office")
    key_id = open_sealed(site)
    one_sent(site)

    answers = [
        office.post("/forms/sealed/decrypted", take(key_id, "exe")),
        office.post("/forms/sealed/decrypted", take(99, "xlsx")),
        office.post("/forms/sealed/decrypted", take(key_id, "xlsx", passphrase="wrong")),
    ]

    assert [one.status_code for one in answers] == [422] * 3


def test_every_key_in_the_database_is_locked(site: Site) -> None:
    office = browser_of(site, "office")

    office.post("/new-key", NEW_KEY)

    with Session(site.engine) as session:
        row = session.scalars(select(EncryptionKey)).one()
    # PBES2 (RFC 8018), never a bare PrivateKeyInfo.
    assert bytes.fromhex("2a864886f70d01050d") in row.private_key[:40]
