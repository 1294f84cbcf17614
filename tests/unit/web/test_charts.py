"""Pictures as pages and files: of an area, a village and a worker, for who may see them."""

from __future__ import annotations

import csv
import io

import pytest
from lxml import etree
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from server.database import table_of, writing, writing_session
from server.survey import intake, phones
from server.survey.areas import WHOLE_SITE
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.tables.reference import Village
from server.tables.signals import RateModel, Signal, VillageRate
from server.tables.truth import JournalEntry
from tests.builders import NEXT_VILLAGE, RECEIVED_AT, VILLAGE, a_member, an_id, roster_xml, versions
from tests.signed_in import browser_of

TOWNSHIP = "130921211000"


@pytest.fixture
def filled(site: Site) -> Site:
    """One village with a household of two, visited by a phone; a rate and last digits known."""
    roster = versions(site)["household_roster"]
    with writing_session(site.engine) as session:
        import_sample(session, "test")
        session.execute(update(Village).where(Village.code == VILLAGE).values(households=40))
        phone = phones.add_phone(session, 1, "Near", [VILLAGE], WHOLE_SITE)
    members = [
        a_member("\u738b\u5c0f\u4e00", sex="male"),
        a_member("\u674e\u5c0f\u4e8c", sex="female"),
    ]
    xml = roster_xml("uuid:1", members=members, key=an_id("h", 1), version=roster)
    intake.receive(site, intake.Upload(1, xml, (), phone.id, "", RECEIVED_AT))
    with writing(site.engine) as connection:
        connection.execute(
            insert(table_of(RateModel)),
            {
                "indicator": "found",
                "share": 0.1,
                "alpha": None,
                "beta": None,
                "funnel": [[10, 0, 0.01, 0.3, 0.5], [100, 0.02, 0.05, 0.2, 0.3]],
                "inputs": "x",
                "scanned": "",
                "worked_out_at": RECEIVED_AT,
            },
        )
        rate = {"indicator": "found", "expected": 6.0, "ratio": 5.0, "p": 0.0, "q": 0.0}
        rate |= {"smoothed": 0.1, "smoothed_locally": None}
        counts = {VILLAGE: (30, "unusual"), NEXT_VILLAGE: (6, "usual")}
        connection.execute(
            insert(table_of(VillageRate)),
            [
                {**rate, "village_code": code, "events": events, "tried": 60, "verdict": verdict}
                for code, (events, verdict) in counts.items()
            ],
        )
        told = {"digits": {"counts": [34, *[3] * 9], "expected": 6.1, "even_only": False}}
        told["speed"] = {"median_s": 300.0, "usual_s": 600.0, "tried": 40}
        connection.execute(
            insert(table_of(Signal)),
            [_signal(check, phone.id, figures) for check, figures in told.items()],
        )
    return site


def _signal(check: str, phone_id: int, figures: object) -> dict[str, object]:
    return {
        "check": check,
        "subject": str(phone_id),
        "indicator": "systolic" if check == "digits" else "household_roster",
        "family": "worker",
        "village_code": "",
        "township_code": TOWNSHIP,
        "phone_id": phone_id,
        "submission_id": None,
        "figures": figures,
        "verdict": "usual",
        "inputs": "x",
        "compared": "x",
        "noticed_at": RECEIVED_AT,
    }


OF_AREA = {
    "coverage": "",
    "ages": f"?area={VILLAGE}",
    "hours": f"?area={VILLAGE}",
    "funnel": f"?area={VILLAGE}&indicator=found",
}
OF_WORKER = {"times": "", "digits": "?phone=1&indicator=systolic", "hours": "?phone=1"}
ADDRESSES = [
    *(f"/pictures/{name}.{{}}{asked}" for name, asked in OF_AREA.items()),
    *(f"/pictures/workers/{name}.{{}}{asked}" for name, asked in OF_WORKER.items()),
]


def test_every_picture_goes_out_as_svg_png_and_its_numbers(filled: Site) -> None:
    supervisor = browser_of(filled, "supervisor")

    for address in ADDRESSES:
        svg, png, numbers = (supervisor.get(address.format(kind)) for kind in ("svg", "png", "csv"))

        assert etree.QName(etree.fromstring(svg.data)).localname == "svg", address
        assert png.data.startswith(b"\x89PNG\r\n"), address
        assert len(list(csv.reader(io.StringIO(numbers.data.decode("utf-8-sig"))))) > 1, address


def test_numbers_of_a_picture_are_those_that_are_drawn_and_their_taking_is_kept(
    filled: Site,
) -> None:
    sent = browser_of(filled, "supervisor").get("/pictures/ages.csv").data.decode("utf-8-sig")

    rows = list(csv.DictReader(io.StringIO(sent)))

    assert sum(int(row["Men"]) + int(row["Women"]) for row in rows) == 2
    with Session(filled.engine) as session:
        assert "picture_taken" in session.scalars(select(JournalEntry.action)).all()


def test_a_page_of_pictures_shows_an_area_with_its_figures(filled: Site) -> None:
    supervisor = browser_of(filled, "supervisor")

    everywhere = supervisor.get("/pictures").text
    village = supervisor.get(f"/pictures?area={VILLAGE}").text

    assert everywhere.count('class="picture"') == 3
    assert "Coverage against the register" in everywhere
    assert village.count('class="picture"') > everywhere.count('class="picture"')


def test_a_workers_page_holds_hours_and_digits(filled: Site) -> None:
    page = browser_of(filled, "supervisor").get("/pictures/workers/1").text

    assert "34 of 61 readings end in 0; about 6 would be usual." in page
    assert "Hours of work" in page


def test_workers_are_not_drawn_for_a_worker(filled: Site) -> None:
    worker = browser_of(filled, "worker", [VILLAGE])

    assert "by worker" not in worker.get("/pictures").text
    assert worker.get("/pictures/workers/1").status_code == 403
    assert worker.get("/pictures/workers/times.csv").status_code == 403


ELSEWHERE = (
    f"/pictures?area={TOWNSHIP}",
    f"/pictures/coverage.csv?area={VILLAGE}",
    f"/pictures/funnel.svg?area={VILLAGE}",
    "/pictures/workers/1",
    "/pictures/workers/digits.png?phone=1",
    "/pictures?area=x",
    "/pictures/nothing.svg",
)


def test_what_lies_elsewhere_is_as_if_it_were_not(filled: Site) -> None:
    stranger = browser_of(filled, "supervisor", ["532301"])

    answers = {path: stranger.get(path).status_code for path in ELSEWHERE}

    assert set(answers.values()) == {404}, answers


def test_a_funnel_names_no_other_village(filled: Site) -> None:
    sent = browser_of(filled, "supervisor").get(f"/pictures/funnel.csv?area={VILLAGE}")

    names = {row[0] for row in csv.reader(io.StringIO(sent.data.decode("utf-8-sig")))}

    assert len(names) == 3
    assert "another village" in names


def test_pictures_speak_chinese(filled: Site) -> None:
    page = browser_of(filled, "supervisor", language="zh").get("/pictures").text

    assert "\u4eba\u5458\u6309\u5e74\u9f84\u548c\u6027\u522b" in page
    assert "Persons by age" not in page
