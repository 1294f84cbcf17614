from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from forms.audit import ITEMS, VILLAGE_CLINIC
from server.survey import intake
from server.survey.site import Site
from server.tables.reference import Clinic, Village
from tests.builders import NEXT_VILLAGE, VILLAGE, an_id, an_upload, audit_xml
from tests.signed_in import browser_of

CLINIC = an_id("clinic")
OTHER = an_id("other clinic")


@pytest.fixture
def audited(site: Site) -> Site:
    """Two clinics, neither audited."""
    with Session(site.engine) as session, session.begin():
        for code, name, clinic in ((VILLAGE, "高川村", CLINIC), (NEXT_VILLAGE, "后村", OTHER)):
            session.add(Village(code=code, name=name, township_code="130921211000"))
            session.add(
                Clinic(
                    id=clinic,
                    code=f"C{code}",
                    name=f"{name}卫生室",
                    kind="village_clinic",
                    village_code=code,
                    township_code="130921211000",
                )
            )
    return site


def passing() -> dict[str, str]:
    """Answers that pass every item."""
    answers = {}
    for item in ITEMS[VILLAGE_CLINIC]:
        if item.is_asked:
            answers[item.code] = "yes" if item.passes("yes") else "60"
    return {**answers, "followup_records": "5", "policy_known": "3", "it_ehr": "3"}


def send(site: Site, instance: str, day: str, **answers: str) -> None:
    xml = audit_xml(instance, clinic=CLINIC, day=day, answers={**passing(), **answers})
    intake.receive(site, an_upload(xml))


def test_a_clinic_without_an_audit_is_missing_not_failed(audited: Site) -> None:
    page = browser_of(audited, "auditor").get("/clinics/").text

    assert page.count("No audit in 12 months") >= 2
    assert "Fail" not in page.split("<table")[1]


def test_a_full_score_is_excellent(audited: Site) -> None:
    send(audited, "uuid:a1", "2026-11-01")

    page = browser_of(audited, "auditor").get(f"/clinics/{CLINIC}").text

    assert "100.0" in page
    assert "Excellent" in page


def test_one_veto_fails_a_clinic_whatever_its_score(audited: Site) -> None:
    send(audited, "uuid:a1", "2026-11-01", licence="no")

    page = browser_of(audited, "auditor").get(f"/clinics/{CLINIC}").text

    assert "Veto" in page
    assert "licence" in page.lower()


def test_the_latest_audit_counts_and_an_old_one_does_not(audited: Site) -> None:
    send(audited, "uuid:a1", "2026-05-01", licence="no")
    send(audited, "uuid:a2", "2026-11-01")
    send(audited, "uuid:a0", "2024-11-01", own_present="no")

    page = browser_of(audited, "auditor").get(f"/clinics/{CLINIC}").text

    assert "Excellent" in page
    assert page.count('scope="row"') == 3 + 5


def test_clinics_of_another_area_are_not_there(audited: Site) -> None:
    auditor = browser_of(audited, "auditor", (NEXT_VILLAGE,))

    assert auditor.get(f"/clinics/{CLINIC}").status_code == 404
    assert auditor.get(f"/clinics/{OTHER}").status_code == 200


def test_a_hospital_has_no_right_to_clinics(audited: Site) -> None:
    assert browser_of(audited, "hospital").get("/clinics/").status_code == 403


def test_the_list_of_clinics_leaves_as_a_file_and_is_journalled(audited: Site) -> None:
    send(audited, "uuid:a1", "2026-11-01")

    auditor = browser_of(audited, "auditor")
    table = auditor.get("/clinics/list.csv").data.decode("utf-8-sig").splitlines()
    book = auditor.get("/clinics/list.xlsx").data

    assert len(table) == 3
    assert "100" in table[1]
    assert book.startswith(b"PK")
