"""Files with choices on their way in: refused wherever they come in, or taken with a warning."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from forms import validate
from server.errors import NotValid
from server.survey import form_files, publishing, shared_files
from server.survey.site import Site
from tests.phone_site import open_phone_site
from tests.signed_in import Browser, browser_of

WELLS = """
| survey |
| | type | name | label |
| | select_one_from_file wells.geojson | well | Well |
| | select_one_from_file crops.csv | crop | Crop |
| settings |
| | form_id | version | form_title |
| | wells | {version} | Wells |
"""
BROKEN = (
    b'{"type":"FeatureCollection","features":[{"type":"Feature","geometry":'
    b'{"type":"Point","coordinates":[1,2],"bbox":[1,2,1,2]},"properties":{}}]}'
)
GBK = "name,label\nwheat,麦\n".encode("gbk")


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    opened = open_phone_site(tmp_path / "site", database_url, WELLS.format(version=1))
    yield opened
    opened.close()


@pytest.fixture
def office(site: Site, monkeypatch: pytest.MonkeyPatch) -> Browser:
    monkeypatch.setattr(validate, "java", lambda: None)
    return browser_of(site, "office")


def packed(version: int, **files: bytes) -> dict[str, tuple[io.BytesIO, str]]:
    """Return the upload of a form in a zip with files beside it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("wells.md", WELLS.format(version=version))
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    made.seek(0)
    return {"form": (made, "wells.zip")}


def test_a_file_no_phone_could_read_is_refused_wherever_it_comes_in(
    site: Site, office: Browser
) -> None:
    # B14
    def upload() -> tuple[io.BytesIO, str]:
        return io.BytesIO(BROKEN), "wells.geojson"

    beside = office.post(
        "/forms/wells/files",
        {"name": "wells.geojson", "file": upload()},
        follow_redirects=True,
    )
    shared = office.post("/shared-files", {"file": upload()})
    along = office.post("/new-form", packed(2, wells_geojson=BROKEN), follow_redirects=True)

    for page in (beside, shared, along):
        assert "feature 1: its geometry holds “bbox”" in page.text
    assert (shared.status_code, along.status_code) == (422, 422)
    with Session(site.engine) as session:
        assert shared_files.shared_files(session, 1) == []
        origins = [one.origin for one in form_files.expected_files(session, 1, "wells")]
    assert origins == ["missing", "missing"]


def test_a_table_phones_read_otherwise_than_meant_is_taken_with_a_warning(
    site: Site, office: Browser
) -> None:
    # B13
    def upload() -> tuple[io.BytesIO, str]:
        return io.BytesIO(GBK), "crops.csv"

    along = office.post("/new-form", packed(2, crops_csv=GBK), follow_redirects=True)
    path, _, query = along.request.full_path.partition("?")
    office.post(f"{path}/draft?{query}")
    beside = office.post(
        "/forms/wells/files", {"name": "crops.csv", "file": upload()}, follow_redirects=True
    )
    of_draft = office.post(
        "/forms/wells/draft/files", {"name": "crops.csv", "file": upload()}, follow_redirects=True
    )
    shared = office.post("/shared-files", {"file": upload()}, follow_redirects=True)

    for page in (along, beside, of_draft, shared):
        assert page.status_code == 200
        assert "crops.csv is not in UTF-8" in page.text
    with Session(site.engine) as session:
        origins = [one.origin for one in form_files.expected_files(session, 1, "wells")]
    assert origins == ["missing", "uploaded"]


def test_a_form_with_a_faulty_file_beside_it_does_not_compile() -> None:
    # B14
    (upload, name) = packed(1, wells_geojson=BROKEN)["form"]

    with pytest.raises(NotValid):
        publishing.prepare(publishing.read_source(name, upload.read()))
