"""Files beside forms and those all forms share leave with a site and come in elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import files, shared_files
from server.survey.moving import applying, parcel
from server.survey.moving.leaving import Leaving, into_folder, zipped
from server.survey.moving.plan import make_plan
from server.survey.site import Site
from server.tables.drafts import SharedFile
from server.tables.truth import Attachment, FormFile
from tests.phone_site import attach, open_phone_site

PICTURED = """
| survey |
| | type | name | label | media::image |
| | note | hello | Hello | logo.png |
| | select_one_from_file crops.csv | crop | Crop | |
| settings |
| | form_id | version | form_title |
| | farms | 1 | Farms |
"""
# A table that looks like answers elsewhere, a form's XML, a name that some disks refuse.
SHARED = {
    "crops.csv": b"KEY,name,label\n1,wheat,Wheat\n",
    "crops.xml": b'<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="h"/>',
    "a:b?.png": b"picture",
    "mapping.csv": b"path,concept\n",
}


@pytest.fixture
def here(tmp_path: Path, database_url: str) -> Iterator[Site]:
    opened = open_phone_site(tmp_path / "here", database_url, PICTURED)
    attach(opened, "farms", "logo.png", b"logo")
    with writing_session(opened.engine) as session:
        for name, content in SHARED.items():
            shared_files.share(session, opened.settings.files, 1, name, content, "Li")
    yield opened
    opened.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Site]:
    opened = open_phone_site(tmp_path / "there", f"sqlite:///{tmp_path / 'there.db'}")
    yield opened
    opened.close()


def move_in(target: Site, brought: Path) -> applying.Moved:
    with parcel.opened([brought]) as opened:
        with Session(target.engine) as session:
            plan = make_plan(session, 1, opened)
        return applying.apply(target, 1, plan, "office")


def told_of_files(moved: applying.Moved) -> list[object]:
    return [note.params["name"] for note in moved.notes if "name" in note.params]


def held(site: Site, table: type[SharedFile] | type[FormFile]) -> dict[str, bytes]:
    with Session(site.engine) as session:
        rows = session.execute(select(table.name, table.sha256)).all()
    return {name: files.path_of(site.settings.files, sha256).read_bytes() for name, sha256 in rows}


@pytest.mark.parametrize("is_zip", [False, True])
def test_files_of_forms_are_the_same_elsewhere(
    here: Site, elsewhere: Site, tmp_path: Path, is_zip: bool
) -> None:
    brought = tmp_path / ("all.zip" if is_zip else "all")
    if is_zip:
        brought.write_bytes(b"".join(zipped(Leaving(here).members())))
    else:
        into_folder(Leaving(here).members(), brought)

    moved = move_in(elsewhere, brought)
    again = move_in(elsewhere, brought)

    assert told_of_files(moved) == told_of_files(again) == []
    assert held(elsewhere, SharedFile) == SHARED
    assert held(elsewhere, FormFile) == {"logo.png": b"logo"}
    with Session(elsewhere.engine) as session:
        assert session.scalars(select(Attachment.name)).all() == []


def test_what_a_site_shares_already_stays_and_is_told(
    here: Site, elsewhere: Site, tmp_path: Path
) -> None:
    into_folder(Leaving(here).members(), tmp_path / "all")
    with writing_session(elsewhere.engine) as session:
        own = b"name,label\nrice,Rice\n"
        shared_files.share(session, elsewhere.settings.files, 1, "crops.csv", own, "Li")

    moved = move_in(elsewhere, tmp_path / "all")

    assert held(elsewhere, SharedFile) == {**SHARED, "crops.csv": own}
    assert told_of_files(moved) == ["crops.csv"]
