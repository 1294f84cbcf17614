"""A site where two workers interviewed households, for tests of asking them again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from sqlalchemy import select

from server.database import writing_session
from server.survey import intake, phones
from server.survey.areas import WHOLE_SITE
from server.survey.back_checks import draws
from server.survey.back_checks.draws import DrawWish
from server.survey.first_run import PROJECT
from server.survey.intake import Upload
from server.survey.site import Site
from server.tables.back_checks import BackCheckEntry
from server.tables.reference import Village
from server.tables.truth import Submission
from tests.builders import NEXT_VILLAGE, VILLAGE, _document, _nodes, _when, a_member, roster_xml

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
TOWNSHIP = "130921211000"


def two_workers(site: Site, households: int = 5) -> tuple[int, int]:
    """Add two villages with a phone each; both interview so many households. Return the phones."""
    with writing_session(site.engine) as session:
        names = ((VILLAGE, "北街村"), (NEXT_VILLAGE, "东村"))
        session.add_all(
            Village(code=code, name=name, township_code=TOWNSHIP, households=40)
            for code, name in names
        )
        session.flush()
        first, second = (
            phones.add_phone(session, PROJECT, f"{name} 13800138000", [code], WHOLE_SITE).id
            for code, name in names
        )
    for phone, village in ((first, VILLAGE), (second, NEXT_VILLAGE)):
        for number in range(households):
            send(site, an_interview(phone, village, number), phone)
    return first, second


def an_interview(phone: int, village: str, number: int, **more: str) -> bytes:
    """A finished roster of two people; its answers are the same for the same phone and number."""
    told = f"p{phone}h{number}"
    members = [
        a_member(f"王{told}", sex="female", birth_year="1970"),
        a_member(f"李{told}", relation="child", birth_year="2015", dob="2015-01-02"),
    ]
    return roster_xml(f"uuid:{told}", village=village, number=f"H{told}", members=members, **more)


def send(site: Site, xml: bytes, phone: int | None, at: datetime = NOW) -> int:
    """Send one submission from a phone, and return its number."""
    told = intake.receive(site, Upload(PROJECT, xml, (), phone, "collect:test", at))
    with site.engine.connect() as connection:
        asked = select(Submission.id).where(Submission.instance_id == told.instance_id)
        return connection.execute(asked).scalar_one()


def a_wish(**more: object) -> DrawWish:
    """A tenth of each worker's interviews, four at least."""
    told = {"area": "", "starts_on": DAY, "ends_on": DAY, "stratum": "worker", "share": 0.1}
    return DrawWish(**{**told, "least": 4, "seed": 7, **more})  # type: ignore[arg-type]


def draw(site: Site, **more: object) -> list[BackCheckEntry]:
    """Draw, and return the entries in order."""
    with writing_session(site.engine) as session:
        planned = draws.plan(session, PROJECT, a_wish(**more), WHOLE_SITE)
        draws.apply(session, PROJECT, planned, "office", NOW)
    with writing_session(site.engine) as session:
        found = [*session.scalars(select(BackCheckEntry).order_by(BackCheckEntry.id))]
        session.expunge_all()
        return found


def second_xml(
    entry: BackCheckEntry,
    *,
    outcome: str = "met",
    day: str = "2026-11-21",
    instance: str = "",
    **answers: str,
) -> bytes:
    """A second interview that agrees with the first but for `answers`."""
    who = {"entry": entry.entity_id, "village": entry.village_code, "outcome": outcome}
    home = {"visited": "yes", "hh_size": "2", "hh_type": "poor"}
    one = {"known": "yes", "sex": "female", "birth_year": "1970", "residence": "home"}
    body = _when(day) + f"<who>{_nodes(who)}</who>"
    if outcome == "met":
        body += _group("home", home, answers) + _group("one", one, answers)
    body += _nodes({"location": "38.1 116.9 0 10"})
    instance = instance or f"uuid:again-{entry.id}-{day}"
    return _document("back_check", "2026112201", instance, "", body, "")


def _group(name: str, told: Mapping[str, str], answers: Mapping[str, str]) -> str:
    both = {key: answers.get(key, text) for key, text in told.items()}
    return f"<{name}>{_nodes(both)}</{name}>"
