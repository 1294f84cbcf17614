"""A database that may not grow any more, as on a full disk: SQLite itself says so."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import Connection, event, func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from server.database import table_of
from server.errors import StoreFull
from server.survey import first_run, intake, replay
from server.survey.phones import NewPhone
from server.survey.site import PROJECTED_TABLES, Site
from server.tables.projections import Projected
from server.tables.truth import Attachment, Submission
from tests import phone_site
from tests.builders import VILLAGE, a_member, an_upload, roster_xml

# Much more than the half-empty pages of a new database hold.
XML = roster_xml("uuid:large", members=[a_member(f"王{number}") for number in range(60)])
PHOTO = b"\xff\xd8\xff a photo"
NO_END = 2**30
TABLES = [table_of(Submission), table_of(Attachment), *PROJECTED_TABLES]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site on SQLite: PostgreSQL has no limit of its own that could be reached."""
    opened = phone_site.open_phone_site(tmp_path, f"sqlite:///{tmp_path / 'doorstep.db'}")
    first_run.prepare(opened)
    yield opened
    opened.close()


@pytest.fixture
def leave(site: Site) -> Callable[[int], None]:
    """Return what leaves the database so many pages to grow by."""
    most = NO_END

    def limit(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {most}")

    def leave_pages(pages: int) -> None:
        nonlocal most
        with site.engine.connect() as connection:
            most = pages + connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    for engine in (site.engine, site.writer_engine):
        event.listen(engine, "begin", limit)
    return leave_pages


def counts(site: Site) -> dict[str, int]:
    """Return how many rows each table has of what comes from phones."""
    with Session(site.engine) as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in TABLES
        }


def test_what_does_not_fit_is_refused_whole_and_kept_once_there_is_room(
    site: Site, leave: Callable[[int], None]
) -> None:
    before = counts(site)
    leave(0)
    with pytest.raises(StoreFull):
        intake.receive(site, an_upload(XML))
    full = counts(site)
    leave(NO_END)

    receipt = intake.receive(site, an_upload(XML))

    assert full == before
    assert receipt.outcome == "kept"
    after = counts(site)
    assert (after["submission"], after["visit"], after["person"]) == (1, 1, 60)


def test_what_fits_but_cannot_be_worked_out_any_more_is_promised_and_worked_out_later(
    site: Site, leave: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    before = counts(site)
    receipt, pages = None, 0
    while receipt is None:
        leave(pages)
        try:
            receipt = intake.receive(site, an_upload(XML))
        except StoreFull:
            assert counts(site) == before
            pages += 1

    full = counts(site)
    leave(NO_END)
    done = replay.catch_up(site)

    assert pages > 1
    assert receipt.outcome == "parked"
    assert full == before | {"submission": 1}
    assert done == 1
    with Session(site.engine) as session:
        assert session.scalars(select(Submission.xml)).all() == [XML]
        assert session.scalars(select(Projected.state)).all() == ["projected"]
    assert counts(site)["person"] == 60


def send(site: Site, phone: NewPhone) -> TestResponse:
    files = {
        "xml_submission_file": (io.BytesIO(XML), "a.xml"),
        "a.jpg": (io.BytesIO(PHOTO), "a.jpg"),
    }
    client = phone_site.client_of(site)
    return client.post(phone_site.path(phone, "submission"), data=files)


def test_a_phone_is_told_and_sends_again(site: Site, leave: Callable[[int], None]) -> None:
    phone = phone_site.add_phone(site, (VILLAGE,))
    before = counts(site)
    leave(0)

    refused = send(site, phone)
    full = counts(site)
    leave(NO_END)
    taken = send(site, phone)

    assert refused.status_code == 507
    root = etree.fromstring(refused.data)
    assert root.tag == "{http://openrosa.org/http/response}OpenRosaResponse"
    assert "磁盘" in (root[0].text or "")
    assert full == before
    assert taken.status_code == 201
    assert counts(site)["submission"] == counts(site)["attachment"] == 1
    (photo,) = (one for one in site.settings.files.rglob("*") if one.is_file())
    assert photo.read_bytes() == PHOTO
