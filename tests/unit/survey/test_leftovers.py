"""Files nobody names leave the store, a day after they came; all others stay."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.database import writing_session
from server.survey import drafts, files, form_files, intake, leftovers, publishing, shared_files
from server.survey.intake import Upload
from server.survey.site import Site
from tests.phone_site import PLAIN, attach, open_phone_site, submission_xml

TWO_DAYS = timedelta(days=2)
DAY = timedelta(days=1)


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    opened = open_phone_site(tmp_path / "site", database_url, PLAIN, LISTED)
    yield opened
    opened.close()


LISTED = """
| survey |
| | type | name | label | media::image |
| | note | hello | Hello | logo.png |
| settings |
| | form_id | version | form_title |
| | listed | {version} | Listed |
""".replace("{version}", "1")


def age(site: Site, sha256: str) -> None:
    """Let a file have come two days ago."""
    then = (datetime.now(UTC) - TWO_DAYS).timestamp()
    os.utime(files.path_of(site.settings.files, sha256), (then, then))


def sweep(site: Site) -> int:
    return leftovers.sweep(site, datetime.now(UTC) - DAY)


def test_files_of_refused_uploads_go_and_no_other(site: Site) -> None:
    store = site.settings.files
    refused = files.keep(store, "a.jpg", b"refused")
    fresh = files.keep(store, "b.jpg", b"on its way")
    photo = files.keep(store, "c.jpg", b"photo")
    xml = submission_xml("uuid:1", "<age>7</age><photo>c.jpg</photo>")
    intake.receive(site, Upload(1, xml, [photo], None, "", datetime.now(UTC)))
    attach(site, "listed", "logo.png", b"logo")
    prepared = publishing.prepare(
        publishing.read_source("f.md", LISTED.replace("| 1 |", "| 2 |").encode())
    )
    with writing_session(site.engine) as session:
        draft = drafts.keep(session, store, 1, prepared, "Li")
        form_files.attach_to_draft(session, store, draft.id, "logo.png", b"draft's")
        shared_files.share(session, store, 1, "any.png", b"shared", "Li")
    for sha256 in files.stored(store) - {fresh.sha256}:
        age(site, sha256)

    first, again = sweep(site), sweep(site)

    assert (first, again) == (1, 0)
    assert refused.sha256 not in files.stored(store)
    assert len(files.stored(store)) == 5


def test_files_of_a_draft_that_is_gone_go_with_time(site: Site) -> None:
    prepared = publishing.prepare(publishing.read_source("f.md", LISTED.encode()))
    with writing_session(site.engine) as session:
        draft = drafts.keep(session, site.settings.files, 1, prepared, "Li")
        form_files.attach_to_draft(session, site.settings.files, draft.id, "logo.png", b"draft's")
        drafts.discard(session, 1, "listed")
    (sha256,) = files.stored(site.settings.files)

    kept = sweep(site)
    age(site, sha256)

    assert (kept, sweep(site)) == (0, 1)


def test_a_file_that_comes_again_is_as_new(site: Site) -> None:
    first = files.keep(site.settings.files, "a.jpg", b"same")
    age(site, first.sha256)
    files.keep(site.settings.files, "b.jpg", b"same")

    assert sweep(site) == 0
