"""Today, the list of villages and the map's layers: what each role sees, and what a file holds."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import date
from typing import Any

import openpyxl
import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import intake
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.tables.reference import Clinic, Village
from server.tables.truth import JournalEntry
from server.web import village_order
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

TOWNSHIP = "130921211000"
BOX = "south=38&west=116&north=39&east=117"


@pytest.fixture
def filled(site: Site) -> Site:
    """The sample's villages; one has a register of 4 households, 2 done and 1 found absent."""
    published = versions(site)
    with writing_session(site.engine) as session:
        import_sample(session, "test")
        session.execute(
            update(Village)
            .where(Village.code == VILLAGE)
            .values(
                households=4,
                persons=9,
                register_source="census",
                register_on=date(2025, 12, 31),
                latitude=38.1,
                longitude=116.9,
            )
        )
        session.execute(update(Village).where(Village.code == NEXT_VILLAGE).values(households=10))
        session.add(
            Clinic(
                id="clinic-1",
                code="C1",
                name="高川村卫生室",
                kind="village_clinic",
                village_code=VILLAGE,
                township_code=TOWNSHIP,
                latitude=38.1,
                longitude=116.9,
            )
        )
    roster = published["household_roster"]
    person = an_id("person", "王小一")
    for xml in (
        roster_xml("uuid:1", members=[a_member()], key=an_id("h", 1), version=roster),
        roster_xml("uuid:2", consent="no", key=an_id("h", 2), version=roster),
        roster_xml("uuid:3", outcome="absent", key=an_id("h", 3), version=roster),
        screening_xml(
            person=person,
            codes="oesophageal_cancer",
            reported="oesophageal_cancer",
            version=published["disease_screening"],
        ),
    ):
        intake.receive(site, an_upload(xml))
    return site


def rows(browser: Browser, path: str, kind: str) -> list[dict[str, Any]]:
    sent = browser.get(path).get_json()
    return [dict(zip(sent["fields"], row, strict=True)) for row in sent[kind]]


def test_today_says_what_is_done_and_left_before_anything_else(filled: Site) -> None:
    page = browser_of(filled, "office").get("/today").text

    assert '<b class="big">2</b> of 14 households done, 12 left' in page
    assert page.index("households done") < page.index("Villages with most left")


def test_figures_of_today_open_their_lists_for_who_sees_persons(filled: Site) -> None:
    page = browser_of(filled, "supervisor").get("/today").text

    assert 'href="/households?outcome=refused"' in page
    assert 'href="/persons?state=suspected"' in page
    assert 'href="/submissions/"' in page


def test_an_administrator_sees_the_same_figures_without_a_way_to_persons(filled: Site) -> None:
    page = browser_of(filled, "admin").get("/today").text

    assert "2</b> of 14 households done" in page
    assert "/persons" not in page
    assert "/households?" not in page


def test_the_village_with_most_left_comes_first(filled: Site) -> None:
    page = browser_of(filled, "office").get("/today").text

    assert 0 < page.index(f"/villages/{NEXT_VILLAGE}") < page.index(f"/villages/{VILLAGE}")


def test_a_worker_sees_the_own_village_alone(filled: Site) -> None:
    worker = browser_of(filled, "worker", [VILLAGE])

    shown = rows(worker, "/map/villages.json", "villages")

    assert [one["code"] for one in shown] == [VILLAGE]
    assert NEXT_VILLAGE not in worker.get("/villages").text
    assert NEXT_VILLAGE not in worker.get("/villages.csv").text


@pytest.mark.parametrize("role", ["auditor", "hospital"])
def test_who_sees_no_coverage_gets_none(filled: Site, role: str) -> None:
    browser = browser_of(filled, role)

    for path in (
        "/today",
        "/villages",
        "/villages.csv",
        "/map/villages.json",
        f"/villages/{VILLAGE}",
    ):
        assert browser.get(path).status_code == 403


def test_an_auditor_gets_the_map_of_clinics_alone(filled: Site) -> None:
    auditor = browser_of(filled, "auditor")

    page = auditor.get("/map").text

    assert "data-villages" not in page
    assert 'data-legend="clinics"' in page
    assert 'data-legend="coverage"' not in page
    assert [one["id"] for one in rows(auditor, "/map/clinics.json", "clinics")] == ["clinic-1"]
    assert auditor.get(f"/map/households.json?zoom=9&{BOX}").status_code == 403


def test_only_who_sees_persons_is_offered_households_on_the_map(filled: Site) -> None:
    asked = f"/map/households.json?zoom=14&{BOX}"
    worker, admin = browser_of(filled, "worker", [VILLAGE]), browser_of(filled, "admin")

    assert len(worker.get(asked).get_json()["households"]) == 3
    assert "data-households" in worker.get("/map").text
    assert admin.get(asked).status_code == 403
    assert "data-households" not in admin.get("/map").text


def test_households_of_other_areas_are_not_on_the_map(filled: Site) -> None:
    neighbour = browser_of(filled, "worker", [NEXT_VILLAGE])

    sent = neighbour.get(f"/map/households.json?zoom=14&{BOX}").get_json()

    assert sent == {"households": []}


@pytest.mark.parametrize(
    "box", ["", "south=x&west=1&north=2&east=3", "south=nan&west=1&north=2&east=3"]
)
def test_a_part_of_the_map_that_is_no_part_is_refused_in_words(filled: Site, box: str) -> None:
    answer = browser_of(filled, "office").get(f"/map/households.json?zoom=3&{box}")

    assert answer.status_code == 422
    assert "south, west, north, east" in answer.text


def test_a_map_zoomed_far_out_asks_for_more_than_the_earth_and_is_answered(filled: Site) -> None:
    box = "south=-95&west=-500&north=95&east=500"

    answer = browser_of(filled, "office").get(f"/map/households.json?zoom=0&{box}")

    assert len(answer.get_json()["households"]) == 3


def test_layers_are_kept_by_the_browser_and_asked_for_again_by_etag(filled: Site) -> None:
    office = browser_of(filled, "office")
    first = office.get("/map/villages.json", headers={"Accept-Encoding": "gzip"})

    again = office.get("/map/villages.json", headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Content-Encoding"] == "gzip"
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert len(json.loads(gzip.decompress(first.data))["villages"]) == 61
    assert (again.status_code, again.data) == (304, b"")


def test_a_village_without_a_position_stands_where_its_visits_were(filled: Site) -> None:
    with writing_session(filled.engine) as session:
        session.execute(update(Village).values(latitude=None, longitude=None))
        session.execute(update(Clinic).values(latitude=None, longitude=None))

    shown = rows(browser_of(filled, "worker", [VILLAGE]), "/map/villages.json", "villages")

    assert [(one["latitude"], one["longitude"]) for one in shown] == [(38.1, 116.9)]


def test_the_list_is_filtered_by_township_and_state_and_sorted(filled: Site) -> None:
    office = browser_of(filled, "office")
    elsewhere = next(
        one["code"]
        for one in rows(office, "/map/villages.json", "villages")
        if not one["code"].startswith(TOWNSHIP[:9])
    )

    of_township = office.get(f"/villages?township={TOWNSHIP}&sort=name").text
    started = office.get("/villages?state=in_progress").text

    assert elsewhere not in of_township
    assert NEXT_VILLAGE in of_township
    assert VILLAGE in started
    assert NEXT_VILLAGE not in started


def test_every_order_has_all_villages(filled: Site) -> None:
    office = browser_of(filled, "office")

    pages = [office.get(f"/villages?sort={sort}").text for sort in (*village_order.SORT_WORDS, "x")]

    assert [page.count('role="rowheader"') for page in pages] == [61] * 6


def test_states_without_a_share_are_told_in_words(filled: Site) -> None:
    page = browser_of(filled, "office").get("/villages").text

    assert "No register" in page
    assert "Not started" in page
    assert "50% (2/4)" in page


def test_the_csv_has_codes_as_they_are_and_its_taking_is_noted_first(filled: Site) -> None:
    answer = browser_of(filled, "office").get("/villages.csv?state=in_progress")

    (row,) = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert row["Village code"].strip() == VILLAGE
    assert (row["Households done"], row["Households left"], row["Share done"]) == ("2", "2", "0.5")
    assert "attachment" in answer.headers["Content-Disposition"]
    with Session(filled.engine) as session:
        entry = session.scalars(
            select(JournalEntry).where(JournalEntry.action == "villages_taken")
        ).one()
    assert entry.detail == {"villages": 1, "township": ""}


def test_the_workbook_is_in_the_readers_language(filled: Site) -> None:
    answer = browser_of(filled, "office", language="zh").get("/villages.xlsx")

    book = openpyxl.load_workbook(io.BytesIO(answer.data), read_only=True)
    sheet = next(iter(book))
    cells = [[cell.value for cell in row] for row in sheet.iter_rows(max_row=2)]
    assert cells[0][:2] == ["村代码", "村"]
    assert "filename*=UTF-8''%E6%9D%91-" in answer.headers["Content-Disposition"]


def test_an_empty_site_tells_who_can_act_the_next_three_steps(site: Site) -> None:
    page = browser_of(site, "admin").get("/today").text

    assert 'href="/registry' in page
    assert 'href="/phones/new"' in page
    assert 'href="/forms' in page
    assert page.count("<li") >= 3


def test_an_empty_site_is_told_plainly_to_who_cannot_act(site: Site) -> None:
    page = browser_of(site, "worker").get("/today").text

    assert "No villages here yet." in page
    assert "/registry" not in page


def test_a_step_that_is_done_is_ticked(site: Site) -> None:
    with writing_session(site.engine) as session:
        import_sample(session, "test")

    page = browser_of(site, "admin").get("/today").text

    assert page.count('class="done"') == 1
    assert "without a register" in page


def test_a_page_costs_the_same_queries_for_any_number_of_villages(filled: Site) -> None:
    of_township, everywhere = browser_of(filled, "office", [TOWNSHIP]), browser_of(filled, "office")
    asked: list[str] = []
    event.listen(filled.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    counts = []
    for browser in (of_township, everywhere):
        for path in ("/today", "/villages", "/map", "/map/villages.json"):
            asked.clear()
            assert browser.get(path).status_code == 200
            counts.append(len(asked))

    assert counts[:4] == counts[4:]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_speaks_one_language(filled: Site, language: str) -> None:
    office = browser_of(filled, "office", language=language)

    pages = [office.get(path).text for path in ("/today", "/villages", f"/villages/{VILLAGE}")]

    heads = [page.partition("<h1>")[2].partition("</h1>")[0] for page in pages]
    assert all(("households" in head) == (language == "en") for head in heads)
    assert all(("户" in head) == (language == "zh") for head in heads)
