"""Registers signed by townships: frozen as they were, and what changed since."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from server.database import writing_session
from server.errors import Conflict, Missing, NotValid
from server.survey import sign_offs
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.sign_offs import Figure, SignOff, TownshipRegister
from server.survey.site import Site
from server.tables.reference import Division, Village
from tests.builders import NEXT_VILLAGE, VILLAGE
from tests.signed_in import browser_of

TOWNSHIP = "130921211000"
NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)


@pytest.fixture
def register(site: Site) -> Site:
    """A site with one township of two villages, 40 households each."""
    with writing_session(site.engine) as session:
        stem = TOWNSHIP[:9]
        session.add(Division(code=TOWNSHIP, name="高川乡", level="township", stem=stem))
        session.add_all(
            Village(code=code, name=name, township_code=TOWNSHIP, households=40, persons=120)
            for code, name in ((VILLAGE, "北街村"), (NEXT_VILLAGE, "东村"))
        )
    return site


def found(site: Site, scope: Scope = WHOLE_SITE) -> TownshipRegister:
    with Session(site.engine) as session:
        return sign_offs.township(session, 1, TOWNSHIP, scope)


def sign(site: Site, seen: str = "", **words: str) -> SignOff:
    told = {"signed_by": "王镇长", "round_name": "秋季", **words}
    with writing_session(site.engine) as session:
        digest = seen or sign_offs.township(session, 1, TOWNSHIP, WHOLE_SITE).digest
        return sign_offs.sign(session, 1, TOWNSHIP, WHOLE_SITE, told, digest, "office", NOW)


def change(site: Site, code: str, households: int) -> None:
    with writing_session(site.engine) as session:
        session.get_one(Village, code).households = households


def test_a_township_signs_what_its_register_says(register: Site) -> None:
    before = found(register)

    signed = sign(register)

    assert before.state == sign_offs.NOT_SIGNED
    assert (signed.households, signed.signed_by, signed.at) == (80, "王镇长", NOW)
    assert found(register).state == sign_offs.SIGNED


def test_a_change_after_signing_is_shown_and_the_copy_stays(register: Site) -> None:
    signed = sign(register)

    change(register, VILLAGE, 55)

    now = found(register)
    (one,) = now.differences
    assert one.signed is not None
    assert one.now is not None
    assert (one.code, one.signed.households, one.now.households) == (VILLAGE, 40, 55)
    assert now.state == sign_offs.CHANGED
    with Session(register.engine) as session:
        assert sign_offs.sign_off(session, signed.id, WHOLE_SITE).households == 80


def test_signing_once_more_settles_the_change_and_keeps_both(register: Site) -> None:
    first = sign(register)
    change(register, VILLAGE, 55)

    second = sign(register)

    assert found(register).state == sign_offs.SIGNED
    with Session(register.engine) as session:
        assert [one.id for one in sign_offs.history(session, 1, TOWNSHIP)] == [second.id, first.id]


def test_a_village_that_came_or_went_is_a_difference() -> None:
    here, there = (Figure(code, code, 1, 2, "register", "") for code in ("1", "2"))

    told = sign_offs.differences([here], [there])

    assert [(one.code, one.signed, one.now) for one in told] == [
        ("1", here, None),
        ("2", None, there),
    ]


def test_what_was_changed_since_it_was_looked_at_is_not_signed(register: Site) -> None:
    seen = found(register).digest
    change(register, VILLAGE, 41)

    with pytest.raises(Conflict, match="has changed"):
        sign(register, seen)


def test_nobody_signs_without_a_name(register: Site) -> None:
    with pytest.raises(NotValid, match="who signs"):
        sign(register, signed_by=" ")
    with pytest.raises(NotValid, match="at most 60"):
        sign(register, signed_by="x" * 61)


def test_who_looks_after_one_village_does_not_sign_for_the_township(register: Site) -> None:
    with pytest.raises(Missing):
        found(register, Scope.of([VILLAGE]))


def test_a_supervisor_signs_on_a_page_and_a_worker_only_reads(register: Site) -> None:
    supervisor = browser_of(register, "supervisor", [TOWNSHIP])
    worker = browser_of(register, "worker", [TOWNSHIP])
    path = f"/plan/register/{TOWNSHIP}"
    words = {"signed_by": "王镇长", "seen": found(register).digest}

    refused = worker.post(path, words)
    faulty = supervisor.post(path, {**words, "signed_by": ""})
    done = supervisor.post(path, words, follow_redirects=True)
    change(register, VILLAGE, 55)

    assert (refused.status_code, faulty.status_code) == (403, 422)
    assert "80</b> households signed" in done.text
    assert "Changed since it was signed" in worker.get(path).text
    assert "1</b> of 1 townships signed" in worker.get("/plan/register/").text
