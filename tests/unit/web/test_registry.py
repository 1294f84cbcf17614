"""Pages of the register: looked at first, imported then, undone when it was wrong."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from server.database import writing_session
from server.survey import journal as journal_book
from server.survey.areas import WHOLE_SITE
from server.survey.registry import overview, reading, sample
from server.survey.registry.reading import Village
from server.survey.site import Site
from server.tables.projections import Projected, Visit
from tests.signed_in import Browser, browser_of

GAOCHUAN, HOUCUN = "130921211201", "130921211202"
FIGURES = f"村代码,村名,户数,人口,来源,日期\n{GAOCHUAN},高川村,312,1050,户籍,2018-06-30\n"


@pytest.fixture
def office(site: Site) -> Browser:
    with writing_session(site.engine) as session:
        sample.import_sample(session, "test")
    return browser_of(site, "office")


def upload(browser: Browser, text: str, **more: str) -> TestResponse:
    """Choose a file and look at what it would change."""
    sent = {"file": (io.BytesIO(text.encode("gb18030")), "各村.csv"), **more}
    return browser.post("/registry/import", sent, follow_redirects=True)


def confirm(browser: Browser, preview: TestResponse) -> TestResponse:
    """Press the button below a preview."""
    fingerprint = preview.text.partition('name="fingerprint" value="')[2].partition('"')[0]
    return browser.post(
        preview.request.full_path, {"fingerprint": fingerprint}, follow_redirects=True
    )


def village(site: Site, code: str = GAOCHUAN) -> Village:
    with Session(site.engine) as session:
        return reading.village(session, code, WHOLE_SITE)


def test_an_empty_register_says_what_to_do_next(site: Site) -> None:
    page = browser_of(site, "office").get("/registry/")

    assert "The register is empty." in page.text
    assert "/registry/import" in page.text


def test_the_sample_is_taken_with_one_press(site: Site) -> None:
    office = browser_of(site, "office")

    page = office.post("/registry/sample", follow_redirects=True)

    assert "61</b> villages in 6 townships" in page.text
    with Session(site.engine) as session:
        assert overview.counts(session, WHOLE_SITE).villages == 61


def test_the_sample_is_not_for_the_office_of_one_county(site: Site) -> None:
    county = browser_of(site, "office", ["130921"])

    page = county.post("/registry/sample")

    assert page.status_code == 422
    assert "Take the sample" not in county.get("/registry/").text


def test_the_summary_counts_what_is_missing_and_lists_townships(office: Browser) -> None:
    page = office.get("/registry/").text

    assert "61 of them without register figures" in page
    assert "高川乡" in page
    assert "沧县" in page


def test_a_file_is_looked_at_before_it_is_imported(site: Site, office: Browser) -> None:
    preview = upload(office, FIGURES)
    before = village(site)
    done = confirm(office, preview)

    assert preview.status_code == 200
    assert "0</b> new" in preview.text
    assert "1</b> changed" in preview.text
    assert "Nothing is imported yet" in preview.text
    assert before.households is None
    assert "Imported." in done.text
    assert (village(site).households, village(site).register_on) == (312, date(2018, 6, 30))
    with Session(site.engine) as session:
        assert "registry_import" in journal_book.actions(session)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "has lost digits, as Excel rounds long numbers"), ("zh", "位数已丢失")],
)
def test_faults_are_told_with_their_cell_in_the_reader_s_language(
    site: Site, language: str, words: str
) -> None:
    browser = browser_of(site, "office", language=language)

    page = upload(browser, "村代码,户数\n1.3E+11,312\n130921211202,-4\n")

    assert page.status_code == 422
    assert words in page.text
    assert "A2" in page.text
    assert "B3" in page.text
    assert 'name="fingerprint"' not in page.text


def test_how_the_file_is_read_goes_along_to_the_preview(office: Browser) -> None:
    text = "code,name,streetCode\n110101001001,东村,110101001\n130921211299,新村,130921211\n"

    preview = upload(office, text, area="130921")
    none_there = upload(office, text, area="99")
    odd = upload(office, text, area="沧县")

    assert "新村" in preview.text
    assert "东村" not in preview.text
    assert "No code in 各村.csv begins with 99." in none_there.text
    assert "is no beginning of a code" in odd.text


def test_no_file_is_told(office: Browser) -> None:
    page = office.post("/registry/import")

    assert (page.status_code, "Choose a file first." in page.text) == (422, True)


def test_an_upload_of_yesterday_is_gone(office: Browser) -> None:
    assert office.get(f"/registry/import/{'0' * 64}?name=x.csv").status_code == 404


def test_an_import_is_looked_at_again_when_the_registry_has_changed(
    site: Site, office: Browser
) -> None:
    preview = upload(office, FIGURES)
    confirm(office, upload(office, FIGURES.replace("312", "300")))

    again = confirm(office, preview)

    assert "The registry has changed since the preview." in again.text
    assert village(site).households == 300
    assert "Imported." in confirm(office, again).text
    assert village(site).households == 312


def test_an_import_is_undone_from_its_page(site: Site, office: Browser) -> None:
    done = confirm(office, upload(office, FIGURES))

    undone = office.post(f"{done.request.path}/undo", follow_redirects=True)

    assert "Import 3 is undone." in undone.text
    assert "Undo of import 3" in undone.text
    assert village(site).households is None
    assert office.post(f"{done.request.path}/undo").status_code == 409


def test_an_undo_that_is_refused_lists_why(office: Browser) -> None:
    done = confirm(office, upload(office, FIGURES))
    confirm(office, upload(office, FIGURES.replace("312", "313")))

    refused = office.post(f"{done.request.path}/undo")

    assert refused.status_code == 409
    assert "This import cannot be undone now:" in refused.text
    assert "was changed again by import 4 (各村.csv)" in refused.text


def test_a_villages_figures_are_changed_on_its_page(site: Site, office: Browser) -> None:
    typed = {"households": "320", "persons": "300", "register_source": "estimate"}
    typed |= {"register_on": "2026-01-31", "latitude": "38.04", "longitude": "116.83"}

    page = office.post(f"/registry/villages/{GAOCHUAN}", typed, follow_redirects=True)

    assert "高川村村民委员会 is changed." in page.text
    assert "Fewer persons than households" in page.text
    found = village(site)
    assert (found.households, found.register_source) == (320, "estimate")
    assert found.place is not None
    assert 'value="320"' in office.get(f"/registry/villages/{GAOCHUAN}").text
    assert "changed on a page" in office.get("/registry/imports").text


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("households", "-3", "is below zero"),
        ("persons", "many", "is no count"),
        ("register_on", "2026-02-30", "is no day"),
        ("latitude", "38.04", "one of the two is missing"),
        ("register_source", "census", "Say how many households"),
    ],
)
def test_a_wrong_figure_keeps_what_was_typed(
    site: Site, office: Browser, field: str, typed: str, words: str
) -> None:
    page = office.post(f"/registry/villages/{HOUCUN}", {field: typed})

    assert page.status_code == 422
    assert words in page.text
    assert village(site, HOUCUN).households is None
    if field != "register_source":
        assert f'value="{typed}"' in page.text


def test_a_position_typed_the_wrong_way_round_is_told(office: Browser) -> None:
    typed = {"latitude": "116.83", "longitude": "38.04"}

    page = office.post(f"/registry/villages/{GAOCHUAN}", typed)

    assert "look swapped" in page.text


def test_an_office_sees_and_changes_only_its_own_county(site: Site, office: Browser) -> None:
    confirm(office, upload(office, FIGURES))
    other = browser_of(site, "office", ["532301"])

    assert "高川" not in other.get("/registry/").text
    assert other.get(f"/registry/villages/{GAOCHUAN}").status_code == 404
    assert other.get("/registry/townships/130921211000").status_code == 404
    assert other.post(f"/registry/villages/{GAOCHUAN}", {"households": "1"}).status_code == 404
    assert "各村.csv" not in other.get("/registry/imports").text
    assert other.get("/registry/imports/3").status_code == 404
    assert "lies outside the area of your account" in upload(other, FIGURES).text
    assert other.post("/registry/imports/2/undo").status_code == 409
    assert village(site).households == 312


def test_a_township_lists_villages_with_source_and_day_and_its_clinics(office: Browser) -> None:
    confirm(office, upload(office, FIGURES))
    confirm(office, upload(office, f"卫生室代码,卫生室名称,村代码\nPDY1,高川卫生室,{GAOCHUAN}\n"))

    page = office.get("/registry/townships/130921211000").text

    assert '高川乡: <b class="big">33</b> villages' in page
    assert "register · 30 Jun 2018" in page
    assert "高川卫生室" in page


def test_a_villages_last_day_is_shown(office: Browser) -> None:
    confirm(office, upload(office, f"村代码,停用日期\n{GAOCHUAN},2020-12-31\n"))

    assert "ended 31 Dec 2020" in office.get("/registry/townships/130921211000").text
    assert "31 Dec 2020" in office.get(f"/registry/villages/{GAOCHUAN}").text


@pytest.mark.parametrize("role", ["worker", "supervisor", "hospital", "auditor"])
def test_the_register_is_for_those_who_look_after_it(site: Site, role: str) -> None:
    browser = browser_of(site, role)

    assert browser.get("/registry/").status_code == 403
    assert browser.post("/registry/sample").status_code == 403


def test_the_disease_lists_show_their_gaps(office: Browser) -> None:
    every = office.get("/catalogues/").text
    special = office.get("/catalogues/yn_special_25").text
    unverified = office.get("/catalogues/nat_2020_30").text

    assert "Yunnan 13 types / 19 kinds" in every
    assert "1 missing" in every
    assert "The printed list counts 25, 24 are known: 1 missing." in special
    assert "Other special disease reported" in special
    assert "Nobody has checked these members" in unverified
    assert office.get("/catalogues/none").status_code == 404


def test_a_disease_list_of_thirteen_types_is_shown_as_printed(site: Site) -> None:
    page = browser_of(site, "hospital", language="zh").get("/catalogues/yn_13_19").text

    assert "法式四联征" in page
    assert "13</b>" in page
    assert "19</b>" in page


def test_what_was_sent_from_a_moved_village_is_read_anew(site: Site, office: Browser) -> None:
    with writing_session(site.engine) as session:
        session.add(
            Visit(
                submission_id=1,
                moment=datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
                form_id="household_roster",
                village_code=GAOCHUAN,
                visited_on=date(2026, 1, 1),
                worker="",
                way="home",
                outcome="completed",
                household={},
                manner={},
                flags=0,
            )
        )
        session.add(Projected(submission_id=1, state="projected", reason=""))

    page = confirm(office, upload(office, f"村代码,纬度,经度\n{GAOCHUAN},38.04,116.83\n"))

    assert "1 submission is being read anew." in page.text
