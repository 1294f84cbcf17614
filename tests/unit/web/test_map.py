"""The map's page, its weeks, its list and the walk: what each role sees, without a script too."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from maps.weeks import Week
from server.database import writing_session
from server.survey import intake
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.tables.reference import Village
from server.tables.truth import JournalEntry
from tests.builders import (
    NEXT_VILLAGE,
    VILLAGE,
    a_member,
    an_id,
    an_upload,
    roster_xml,
    screening_xml,
    versions,
)
from tests.signed_in import Browser, browser_of

STATIC = Path(__file__).parents[3] / "server" / "static"
LAYERS = ("coverage", "suspected", "documented", "treated", "followup", "rate")
TILES = {"tiles_url": "https://t{0-2}.tiles.example/{z}/{x}/{y}.png", "tiles_crs": "gcj02"}


@pytest.fixture
def visited(site: Site) -> Site:
    """A village of 4 households: one done three weeks ago, one this week, one absent."""
    today = datetime.now(site.settings.zone).date()
    known = versions(site)
    with writing_session(site.engine) as session:
        import_sample(session, "test")
        session.execute(
            update(Village)
            .where(Village.code == VILLAGE)
            .values(households=4, latitude=38.1, longitude=116.9)
        )
    before = (today - timedelta(weeks=3)).isoformat()
    roster, now = known["household_roster"], today.isoformat()
    for xml in (
        roster_xml("uuid:1", members=[a_member()], key=an_id("h", 1), version=roster, day=before),
        roster_xml("uuid:2", consent="no", key=an_id("h", 2), version=roster, day=now),
        roster_xml("uuid:3", outcome="absent", key=an_id("h", 3), version=roster, day=now),
        screening_xml(
            person=an_id("person", "王小一"),
            codes="oesophageal_cancer",
            reported="oesophageal_cancer",
            version=known["disease_screening"],
            day=before,
        ),
    ):
        intake.receive(site, an_upload(xml))
    return site


def monday(weeks_ago: int, site: Site) -> str:
    today = datetime.now(site.settings.zone).date()
    return Week.of(today - timedelta(weeks=weeks_ago)).first.isoformat()


def rows(browser: Browser, path: str) -> dict[str, dict[str, Any]]:
    sent = browser.get(path).get_json()
    named = [dict(zip(sent["fields"], row, strict=True)) for row in sent["villages"]]
    return {row["code"]: row for row in named}


def test_a_week_shows_what_was_done_and_found_by_its_end(visited: Site) -> None:
    office = browser_of(visited, "office")

    three, two, now = (
        rows(office, f"/map/week.json?week={monday(ago, visited)}")[VILLAGE] for ago in (3, 2, 0)
    )

    assert (three["done"], two["done"], now["done"]) == (1, 1, 2)
    assert three["suspected_number"] == 1


def test_before_anybody_came_a_village_was_not_started(visited: Site) -> None:
    office = browser_of(visited, "office")
    symbols = office.get("/map/villages.json").get_json()["symbols"]["coverage"]

    row = rows(office, f"/map/week.json?week={monday(3, visited)}")

    # Neither has a register but the one that was visited.
    assert symbols[row[NEXT_VILLAGE]["coverage_class"]] == "no_register"
    assert symbols[row[VILLAGE]["coverage_class"]] == "class_1"


def test_the_page_of_a_week_has_its_counts_and_ways_on_without_a_script(visited: Site) -> None:
    office = browser_of(visited, "office")

    page = office.get(f"/map?week={monday(2, visited)}").text

    assert '<b class="big">1</b> of 4 households done' in page
    assert f'data-step="before" href="/map?week={monday(3, visited)}"' in page
    assert f'data-step="after" href="/map?week={monday(1, visited)}"' in page
    assert f'href="/map/list?layer=coverage&amp;week={monday(2, visited)}"' in page


def test_a_week_that_is_none_is_now(visited: Site) -> None:
    office = browser_of(visited, "office")

    for week in ("", "x", "1999-01-04", "9999-12-31"):
        assert '<b class="big">2</b> of 4 households done' in office.get(f"/map?week={week}").text
        assert rows(office, f"/map/week.json?week={week}")[VILLAGE]["done"] == 2


def test_every_layer_has_a_list_with_the_same_counts(visited: Site) -> None:
    office = browser_of(visited, "office")

    for layer in LAYERS:
        page, listed = office.get(f"/map?layer={layer}"), office.get(f"/map/list?layer={layer}")
        taken = office.get(f"/map/list.csv?layer={layer}")
        legends = [
            re.findall(rf'data-legend="{layer}"[^>]*>.*?</ul>', one.text, re.DOTALL)[0]
            for one in (page, listed)
        ]
        counts = [[int(one) for one in re.findall(r"<b>(\d+)</b>", legend)] for legend in legends]
        assert counts[0] == counts[1]
        assert sum(counts[0]) == 61
        assert len(list(csv.reader(io.StringIO(taken.data.decode("utf-8-sig"))))) >= 62


def test_a_download_of_a_layer_is_noted_and_the_rate_as_counted_is_a_list_too(
    visited: Site,
) -> None:
    office = browser_of(visited, "office")

    page = office.get("/map/list?layer=rate&raw=1").text
    office.get("/map/list.xlsx?layer=followup")

    assert 'name="raw" value="1" checked' in page
    with Session(visited.engine) as session:
        entry = session.scalars(
            select(JournalEntry).where(JournalEntry.action == "map_layer_taken")
        ).one()
    assert entry.detail == {"layer": "followup", "villages": 61}


def test_a_worker_sees_the_own_village_alone_in_lists_and_weeks(visited: Site) -> None:
    worker = browser_of(visited, "worker", [VILLAGE])

    assert set(rows(worker, f"/map/week.json?week={monday(2, visited)}")) == {VILLAGE}
    assert NEXT_VILLAGE not in worker.get("/map/list?layer=suspected").text


def test_the_walk_goes_to_households_that_are_not_done(visited: Site) -> None:
    worker = browser_of(visited, "worker", [VILLAGE])

    page = worker.get(f"/villages/{VILLAGE}/walk").text

    assert '<b class="big">1</b> household of' in page
    assert page.count('href="geo:38.10000,116.90000"') == 1


def test_a_walk_begins_where_the_phone_is_if_that_is_a_place(visited: Site) -> None:
    worker = browser_of(visited, "worker", [VILLAGE])

    for told in ("38.11,116.91", "nan,1", "x", "91,0", "1,2,3", ""):
        page = worker.get(f"/villages/{VILLAGE}/walk?from={told}")
        assert page.status_code == 200
        assert ("Begin in the village" in page.text) == (told == "38.11,116.91")


def test_a_walk_is_for_those_who_see_persons_of_the_area(visited: Site) -> None:
    path = f"/villages/{VILLAGE}/walk"

    assert browser_of(visited, "worker", [NEXT_VILLAGE]).get(path).status_code == 404
    assert browser_of(visited, "admin").get(path).status_code == 403


def test_pictures_may_come_from_the_tiles_hosts_alone_and_on_the_map_alone(visited: Site) -> None:
    for name, said in TILES.items():
        object.__setattr__(visited.settings, name, said)
    worker = browser_of(visited, "worker", [VILLAGE])

    page = worker.get("/map")

    hosts = " ".join(f"https://t{number}.tiles.example" for number in range(3))
    assert f"img-src 'self' data: {hosts};" in page.headers["Content-Security-Policy"]
    assert 'data-crs="gcj02" data-subdomains="0,1,2"' in page.text
    assert "tiles.example" not in worker.get("/villages").headers["Content-Security-Policy"]


def test_everything_moves_to_the_frame_of_the_tiles(visited: Site) -> None:
    worker = browser_of(visited, "worker", [VILLAGE])

    for crs in ("gcj02", "bd09"):
        shown = rows(worker, f"/map/villages.json?crs={crs}")[VILLAGE]
        box = "south=38&west=116.8&north=38.2&east=117"
        asked = f"/map/households.json?zoom=14&{box}&crs={crs}"
        household = worker.get(asked).get_json()["households"][0]

        assert 0.0005 < abs(shown["latitude"] - 38.1) < 0.02
        assert household[:2] == [shown["latitude"], shown["longitude"]]
        told = re.findall(rf'"{crs}":\[([-\d.]+),([-\d.]+)\]', worker.get("/map").text)[0]
        assert float(told[0]) == pytest.approx(shown["latitude"] - 38.1, abs=1e-5)


def test_weeks_begin_on_monday_and_end_on_sunday() -> None:
    week = Week.of(date(2026, 11, 22))

    assert (week.first, week.last) == (date(2026, 11, 16), date(2026, 11, 22))


def test_no_name_is_handed_to_leaflet_as_html() -> None:
    lines = [
        line
        for path in sorted(STATIC.glob("map*.js"))
        for line in path.read_text("utf-8").splitlines()
        if "bindTooltip(" in line or "bindPopup(" in line
    ]

    assert lines
    assert [one for one in lines if "`" in one and "createTextNode(" not in one] == []
