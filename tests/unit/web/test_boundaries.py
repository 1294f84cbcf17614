"""Borders of villages: brought, looked at, kept and taken back, on pages and from a shell."""

from __future__ import annotations

import json
import re
from io import BytesIO

import pytest
from click.testing import CliRunner
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from server.cli.main import main
from server.database import writing_session
from server.survey import boundaries, intake
from server.survey.areas import WHOLE_SITE
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.tables.reference import Village
from tests.builders import NEXT_VILLAGE, VILLAGE, an_id, an_upload, roster_xml, versions
from tests.signed_in import Browser, browser_of


def a_feature(west: float, south: float, **properties: str) -> dict[str, object]:
    ring = [[west, south], [west + 0.02, south], [west + 0.02, south + 0.02], [west, south + 0.02]]
    geometry = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def a_file(*features: dict[str, object]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


TWO = a_file(
    a_feature(116.89, 38.09, ZLDWDM=f"{VILLAGE}0000000"),
    a_feature(116.91, 38.09, XZQMC="后邢村", TOWN="高川乡"),
    a_feature(116.93, 38.09, name="no such village"),
)


@pytest.fixture
def known(site: Site) -> Site:
    version = versions(site)["household_roster"]
    with writing_session(site.engine) as session:
        import_sample(session, "test")
        session.execute(update(Village).where(Village.code == NEXT_VILLAGE).values(name="后邢村"))
    intake.receive(
        site, an_upload(roster_xml("uuid:1", outcome="absent", key=an_id("h"), version=version))
    )
    return site


def sent(browser: Browser, content: bytes, crs: str = "wgs84") -> TestResponse:
    fields = {"file": (BytesIO(content), "村界.geojson"), "crs": crs}
    return browser.post("/boundaries/", fields, content_type="multipart/form-data")


def kept(browser: Browser, content: bytes) -> TestResponse:
    where = sent(browser, content).headers["Location"]
    (fingerprint,) = re.findall(r'name="fingerprint" value="(\w+)"', browser.get(where).text)
    return browser.post(where, {"fingerprint": fingerprint})


def drawn(site: Site) -> set[str]:
    with Session(site.engine) as session:
        return set(boundaries.drawn(session, WHOLE_SITE))


def test_a_file_is_looked_at_first_then_kept_then_taken_back(known: Site) -> None:
    office = browser_of(known, "office")

    seen = office.get(sent(office, TWO).headers["Location"]).text
    before = drawn(known)
    answer = kept(office, TWO)

    assert '<b class="big">2</b> villages would get these borders' in seen
    assert "no such village" in seen
    assert before == set()
    assert answer.status_code == 303
    assert drawn(known) == {VILLAGE, NEXT_VILLAGE}
    office.post("/boundaries/1/undo")
    assert drawn(known) == set()
    assert office.post("/boundaries/1/undo").status_code == 409


def test_the_newest_border_of_a_village_counts_and_the_one_before_comes_back(known: Site) -> None:
    office = browser_of(known, "office")
    kept(office, TWO)
    with Session(known.engine) as session:
        first = boundaries.drawn(session, WHOLE_SITE)[VILLAGE]

    kept(office, a_file(a_feature(116.895, 38.095, code=VILLAGE)))

    with Session(known.engine) as session:
        assert boundaries.drawn(session, WHOLE_SITE)[VILLAGE] != first
    office.post("/boundaries/2/undo")
    with Session(known.engine) as session:
        assert boundaries.drawn(session, WHOLE_SITE)[VILLAGE] == first


def test_borders_of_villages_of_others_are_left_out_and_not_taken_back(known: Site) -> None:
    kept(browser_of(known, "office"), TWO)
    neighbour = browser_of(known, "office", [NEXT_VILLAGE])

    page = neighbour.get(sent(neighbour, TWO).headers["Location"]).text

    assert '<b class="big">1</b> village would get this border' in page
    assert neighbour.post("/boundaries/1/undo").status_code == 422
    assert drawn(known) == {VILLAGE, NEXT_VILLAGE}


@pytest.mark.parametrize(
    ("content", "crs", "words"),
    [
        (b"no json", "wgs84", "This is no GeoJSON file"),
        (TWO, "", "Say which frame the file is in."),
        (a_file(), "wgs84", "There is no area in this file."),
    ],
)
def test_what_cannot_be_read_is_said_in_words(
    known: Site, content: bytes, crs: str, words: str
) -> None:
    office = browser_of(known, "office")

    answer = sent(office, content, crs)
    if answer.status_code == 303:
        answer = office.get(answer.headers["Location"])

    assert answer.status_code == 422
    assert words in answer.text


def test_a_shell_imports_and_takes_back_too(known: Site, tmp_path: object) -> None:
    place = known.settings.folder / "two.geojson"
    place.write_bytes(TWO)
    at = ["--data", str(known.settings.folder), "--database", known.settings.database]

    done = CliRunner().invoke(
        main, ["boundary", "import", str(place), "--crs", "wgs84", "--json", *at]
    )
    told = json.loads(done.output)
    after = drawn(known)
    undone = CliRunner().invoke(main, ["boundary", "undo", *at])

    assert (told["villages"], told["import"]) == ([VILLAGE, NEXT_VILLAGE], 1)
    assert after == {VILLAGE, NEXT_VILLAGE}
    assert undone.exit_code == 0
    assert drawn(known) == set()
