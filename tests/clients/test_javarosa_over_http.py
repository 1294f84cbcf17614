"""A phone's day at a real server: take the forms and lists, fill them by JavaRosa, send them.

What JavaRosa fills is all taken, kept as it was sent, understood, and gives the lists of the next
form: the persons a roster lists are those the screening form lets the worker choose from.
"""

from __future__ import annotations

import csv
import io
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.checks import MESSAGES
from server.config import Settings
from server.database import writing_session
from server.survey import corrections, first_run
from server.survey.areas import WHOLE_SITE
from server.survey.site import Site
from server.tables.projections import Flag, Projected
from server.tables.truth import Submission
from tests import live, phone_site
from tests.clients.javarosa.walker import walk
from tests.needs import needs_java

# In the order of a first visit: who lives there, how they are, how they fare, and their clinic.
FORM_IDS = ("household_roster", "disease_screening", "chronic_followup", "clinic_audit")
WALKS = 8
# Every other household lets itself be listed: without that, chance may leave the lists empty.
FORCED = {"household_roster": [{"outcome": "met", "consent": "yes", "hh_size": "3"}, {}]}
LISTED = "{http://openrosa.org/xforms/xformsManifest}"

pytestmark = needs_java


class Phone:
    """Asks a server by the address that a phone's QR code holds."""

    def __init__(self, project: str) -> None:
        self.project = project

    def take_form(self, form_id: str, folder: Path) -> Path:
        """Download a form and what lies beside it; return the path of the form."""
        folder.mkdir()
        manifest = etree.fromstring(self.get(f"{self.project}forms/{form_id}/manifest"))
        for file in manifest.iter(f"{LISTED}mediaFile"):
            name, url = (file.findtext(f"{LISTED}{tag}") for tag in ("filename", "downloadUrl"))
            assert name
            assert url
            (folder / name).write_bytes(self.get(url))
        form = folder / "form.xml"
        form.write_bytes(self.get(f"{self.project}forms/{form_id}.xml"))
        return form

    def get(self, url: str) -> bytes:
        with urllib.request.urlopen(url) as answer:
            return bytes(answer.read())

    def send(self, xml: bytes) -> int:
        head = 'Content-Disposition: form-data; name="xml_submission_file"; filename="a.xml"'
        body = f"--edge\r\n{head}\r\nContent-Type: text/xml\r\n\r\n".encode() + xml
        kind = {"Content-Type": "multipart/form-data; boundary=edge"}
        request = urllib.request.Request(
            f"{self.project}submission", body + b"\r\n--edge--\r\n", kind
        )
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site with villages, their clinics, and the shipped forms."""
    told = Settings.read({}, str(tmp_path / "site"), database_url)
    opened = phone_site.open_phone_site(told.folder, told.database)
    first_run.prepare(opened)
    yield opened
    opened.close()


@pytest.fixture
def phone(site: Site) -> Iterator[Phone]:
    new = phone_site.add_phone(site)
    with live.serving(site.settings) as address:
        yield Phone(address + phone_site.path(new, ""))


def created_persons(sent: list[bytes]) -> set[str]:
    """Return the ids of the persons that submissions create."""
    entities = (one for xml in sent for one in etree.fromstring(xml).iter("{*}entity"))
    return {
        str(one.get("id"))
        for one in entities
        if one.get("dataset") == "persons" and one.get("create") == "1"
    }


def test_what_javarosa_fills_is_kept_as_sent_understood_and_listed_again(
    site: Site, phone: Phone, tmp_path: Path
) -> None:
    sent: list[bytes] = []
    persons: set[str] = set()

    for seed, form_id in enumerate(FORM_IDS):
        form = phone.take_form(form_id, tmp_path / form_id)
        listed = form.with_name("persons.csv")
        if listed.exists():
            rows = list(csv.DictReader(io.StringIO(listed.read_text(encoding="utf-8"))))
            assert {row["name"] for row in rows} == persons
            assert {row["village_code"] for row in rows} <= {phone_site.HERE}
        filled = walk(form, form.parent, WALKS, seed, FORCED.get(form_id))
        assert [phone.send(xml) for xml in filled] == [201] * WALKS
        persons |= created_persons(filled)
        sent += filled

    assert len(persons) >= WALKS
    with Session(site.engine) as session:
        kept = session.scalars(select(Submission.xml).order_by(Submission.id)).all()
        states = session.scalars(select(Projected.state)).all()
        codes = set(session.scalars(select(Flag.code)).all())
    assert [bytes(xml) for xml in kept] == sent
    assert states == ["projected"] * len(sent)
    assert codes & set(MESSAGES) == set()


def test_a_record_sent_back_is_asked_about_on_the_phone_and_its_correction_takes_its_place(
    site: Site, phone: Phone, tmp_path: Path
) -> None:
    form = phone.take_form("household_roster", tmp_path / "before")
    (first,) = walk(form, form.parent, 1, 1, {"outcome": "absent", "hh_no": "HH0001"})
    phone.send(first)
    with writing_session(site.engine) as session:
        corrections.send_back(session, 1, WHOLE_SITE, "the house number is wrong", "Li")

    form = phone.take_form("household_roster", tmp_path / "after")
    rows = csv.DictReader(io.StringIO((form.with_name("corrections.csv")).read_text("utf-8")))
    (entry,) = [row["name"] for row in rows]
    answers = {"corrects": entry, "outcome": "absent", "hh_no": "HH0002"}
    (second,) = walk(form, form.parent, 1, 2, answers)
    phone.send(second)

    assert b"<corrects>" not in first
    assert b"the house number is wrong" in second
    with Session(site.engine) as session:
        states = session.scalars(select(Projected.state).order_by(Projected.submission_id)).all()
    assert states == ["replaced", "projected"]
    form = phone.take_form("household_roster", tmp_path / "done")
    assert entry not in form.with_name("corrections.csv").read_text("utf-8")
