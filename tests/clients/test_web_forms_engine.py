"""The shipped forms in the hands of ODK Web Forms' engine, for phones that have no Collect.

It is another implementation than Collect's JavaRosa, of XForms, XPath and entities alike: a form
that both fill, and whose answers mean the same here, leans on neither's habits.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.checks import complaints
from forms.compile import compile_form
from forms.plan import ReadingPlan
from forms.source import FormSource
from forms.submission import open_envelope, read_answers
from server.survey import first_run
from server.survey.site import Site
from server.tables.projections import Projected
from server.tables.truth import Attachment, Submission
from tests import phone_site
from tests.clients.xforms_engine.filler import Filled, fill
from tests.large_form import large_form
from tests.shipped_forms import FORM_IDS, LIBRARY

LISTS = Path(__file__).parent.parent / "samples" / "phone_lists"
FILLS = 8


def an_xform(xml: bytes, folder: Path) -> Path:
    path = folder / "form.xml"
    path.write_bytes(xml)
    return path


@pytest.mark.parametrize("form_id", FORM_IDS)
def test_a_shipped_form_is_loaded_filled_and_understood(form_id: str, tmp_path: Path) -> None:
    form = compile_form(FormSource.of_path(LIBRARY / form_id)).form

    sent = fill(an_xform(form.xml, tmp_path), LISTS, FILLS, seed=1)

    plan = ReadingPlan(form)
    said = [read_answers(open_envelope(one.xml), plan) for one in sent]
    assert [(one.form_id, one.version) for one in said] == [(form_id, form.version)] * FILLS
    assert len({one.instance_id for one in said}) == FILLS
    assert [(found.code, found.path) for one in said for found in complaints(one)] == []
    assert [{*one.file_names} for one in said] == [{*one.files} for one in sent]


def test_a_large_form_of_every_kind_of_question_is_filled_and_understood(tmp_path: Path) -> None:
    compiled = compile_form(large_form())
    for name, content in compiled.files.items():
        (tmp_path / name).write_bytes(content)

    sent = fill(an_xform(compiled.form.xml, tmp_path), tmp_path, 2, seed=1)

    plan = ReadingPlan(compiled.form)
    said = [read_answers(open_envelope(one.xml), plan) for one in sent]
    assert [complaint for one in said for complaint in complaints(one)] == []


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site with villages, their clinics, and the shipped forms."""
    opened = phone_site.open_phone_site(tmp_path / "site", database_url)
    first_run.prepare(opened)
    yield opened
    opened.close()


def test_what_the_page_sends_is_kept_as_sent_with_its_files(site: Site, tmp_path: Path) -> None:
    new = phone_site.add_phone(site)
    client = phone_site.client_of(site)
    form = tmp_path / "form.xml"
    form.write_bytes(client.get(phone_site.path(new, "forms/clinic_audit.xml")).data)

    sent = fill(form, LISTS, 3, seed=2)
    statuses = [
        client.post(phone_site.path(new, "submission"), data=_parts(one)).status_code
        for one in sent
    ]

    with Session(site.engine) as session:
        kept = session.scalars(select(Submission.xml).order_by(Submission.id)).all()
        states = session.scalars(select(Projected.state)).all()
        names = set(session.scalars(select(Attachment.name)))
    assert statuses == [201] * 3
    assert [bytes(xml) for xml in kept] == [one.xml for one in sent]
    assert states == ["projected"] * 3
    assert names == {name for one in sent for name in one.files} != set()


def _parts(one: Filled) -> dict[str, tuple[io.BytesIO, str]]:
    """Return the parts of the page's FormData: each file under its own name."""
    files = {name: (io.BytesIO(content), name) for name, content in one.files.items()}
    return {"xml_submission_file": (io.BytesIO(one.xml), "xml_submission_file"), **files}
